/* The control loop: what the operator asks of it. */
#include "tests/unit/engine_world.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_pause_goes_on_measuring_and_previews(void **state)
{
    struct test t;
    uint64_t number;

    (void)state;
    world_begin(&t);
    number = world_send_value(&t, ENGINE_PAUSE, 1);
    assert_true(t.report.commands_taken == number);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    assert_false(t.report.has_preview);
    world_pass(&t, 24);
    assert_int_equal(t.decisions, 0);
    assert_int_equal(t.world->applies, 0);
    assert_int_equal(world_count_calls(&t, LEARN), 1 + 2);
    assert_int_equal(world_count_calls(&t, PLAN), 2);
    assert_int_equal(world_count_calls(&t, APPLIED), 0);
    assert_true(t.report.has_preview);
    assert_int_equal(t.report.preview.n_actions, 1);
    assert_int_equal(t.report.preview.actions[0].result, PLAN_PENDING);
    world_send_value(&t, ENGINE_PAUSE, -1);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_false(t.report.has_preview);
    world_pass(&t, 12);
    assert_int_equal(t.decisions, 1);
    assert_true(t.decided.plan.decided_ns == 1036 * second_ns);
    world_finish(&t);
}

static void a_step_decides_once_and_stays_paused(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    world_send_value(&t, ENGINE_PAUSE, 1);
    world_pass(&t, 5);
    world_send_value(&t, ENGINE_STEP, 0);
    assert_int_equal(t.decisions, 1);
    assert_int_equal(t.world->applies, 1);
    assert_false(t.decided.plan.forced);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    world_pass(&t, 30);
    assert_int_equal(t.decisions, 1);
    /* From running, too: then it is paused. */
    world_send_value(&t, ENGINE_PAUSE, 0);
    world_send_value(&t, ENGINE_STEP, 0);
    world_pass(&t, 1);
    assert_int_equal(t.decisions, 2);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    world_finish(&t);
}

static void a_step_waits_until_something_was_measured(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    world_send_value(&t, ENGINE_STEP, 0);
    assert_int_equal(t.decisions, 0);
    world_pass(&t, 1);
    assert_int_equal(t.decisions, 1);
    world_finish(&t);
}

static void forcing_does_not_shift_the_clock(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    world_pass(&t, 5);
    world_send_value(&t, ENGINE_FORCE, 0);
    assert_int_equal(t.decisions, 1);
    assert_true(t.decided.plan.forced);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_true(t.decided.next_in_s == 7);
    world_pass(&t, 7);
    assert_int_equal(t.decisions, 2);
    assert_false(t.decided.plan.forced);
    assert_true(t.decided.plan.decided_ns == 1012 * second_ns);
    assert_true(world_learned(&t, 2).before_ns == 1005 * second_ns);
    /* Paused it decides, too, and stays paused. */
    world_send_value(&t, ENGINE_PAUSE, 1);
    world_pass(&t, 2);
    world_send_value(&t, ENGINE_FORCE, 0);
    assert_int_equal(t.decisions, 3);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    world_finish(&t);
}

static void a_decision_right_after_a_forced_one_is_left_out(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    world_pass(&t, 11.5);
    world_send_value(&t, ENGINE_FORCE, 0);
    world_pass(&t, 2);
    assert_int_equal(t.decisions, 1); /* at 1012 there's half a second to learn from */
    world_pass(&t, 10.5);
    assert_int_equal(t.decisions, 2);
    assert_true(t.decided.plan.decided_ns == 1024 * second_ns);
    world_finish(&t);
}

static void the_interval_changes_at_once(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    world_pass(&t, 2);
    world_send_value(&t, ENGINE_INTERVAL, 5);
    assert_true(t.report.interval_s == 5);
    assert_true(t.report.next_in_s == 3);
    assert_true(t.world->sample_s == 5); /* the host's statistics follow */
    world_pass(&t, 3);
    assert_int_equal(t.decisions, 1);
    world_pass(&t, 5);
    assert_int_equal(t.decisions, 2);
    world_pass(&t, 3);
    world_send_value(&t, ENGINE_INTERVAL, 2); /* over already: now */
    assert_int_equal(t.decisions, 3);
    world_pass(&t, 2);
    assert_int_equal(t.decisions, 4);
    world_send_value(&t, ENGINE_INTERVAL, 1e9);
    assert_true(t.report.interval_s == 86400);
    world_send_value(&t, ENGINE_INTERVAL, 0.0 / 0.0);
    assert_true(t.report.interval_s == 0.01);
    world_finish(&t);
}

static void a_dry_run_changes_nothing(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.dry_run = true;
    world_start(&t, &config);
    world_pass(&t, 12);
    assert_int_equal(t.decisions, 1);
    assert_true(t.decided.dry_run);
    assert_int_equal(t.decided.plan.actions[0].result, PLAN_DRY_RUN);
    assert_int_equal(t.world->applies, 0);
    assert_int_equal(world_count_calls(&t, APPLIED), 0);
    world_send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.world->applies, 0);
    world_send_value(&t, ENGINE_DRY_RUN, -1);
    assert_false(t.report.dry_run);
    assert_int_equal(t.world->measure_only, 0);
    world_pass(&t, 12);
    assert_int_equal(t.world->applies, 1);
    world_send_value(&t, ENGINE_DRY_RUN, 1);
    assert_int_equal(t.world->measure_only, 1);
    world_finish(&t);
}

static void a_locked_guest_is_left_alone(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    world_send_lock(&t, 0);
    assert_true(t.report.guests[0].locked);
    assert_int_equal(t.report.snapshot.guests[0].leave_alone, SNAPSHOT_LEAVE_LOCKED);
    world_pass(&t, 12);
    assert_string_equal(t.decided.plan.actions[0].name, "guest1");
    /* While paused, the preview follows at once. */
    world_send_value(&t, ENGINE_PAUSE, 1);
    world_pass(&t, 12);
    assert_string_equal(t.report.preview.actions[0].name, "guest1");
    world_send_lock(&t, 0);
    assert_false(t.report.guests[0].locked);
    assert_string_equal(t.report.preview.actions[0].name, "guest0");
    world_finish(&t);
}

static void patterns_exclude_guests(void **state)
{
    char *only[] = {"guest[12]", NULL}, *exclude[] = {"*1", NULL};
    struct engine_config config;
    struct test t;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.only = only;
    config.exclude = exclude;
    world_start(&t, &config);
    world_pass(&t, 12);
    assert_int_equal(t.report.snapshot.guests[0].leave_alone, SNAPSHOT_LEAVE_EXCLUDED);
    assert_int_equal(t.report.snapshot.guests[1].leave_alone, SNAPSHOT_LEAVE_EXCLUDED);
    assert_int_equal(t.report.snapshot.guests[2].leave_alone, SNAPSHOT_LEAVE_NO);
    assert_string_equal(t.decided.plan.actions[0].name, "guest2");
    world_finish(&t);
}

static void undo_puts_back_what_the_last_decision_did(void **state)
{
    struct test t;

    (void)state;
    world_prepare(&t);
    t.world->cpu[0] = -1; /* it floats: not only a number but a whole mask must come back */
    world_start(&t, &(struct engine_config[]){world_config_of(&t)}[0]);
    world_pass(&t, 12);
    assert_int_equal(t.world->cpu[0], 0);
    world_send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.decisions, 2);
    assert_int_equal(t.world->cpu[0], -1);
    assert_int_equal(t.decided.plan.actions[0].result, PLAN_DONE);
    assert_non_null(strstr(t.decided.plan.summary, "undo"));
    assert_int_equal(t.report.state, REPORT_PAUSED);
    assert_int_equal(world_count_calls(&t, APPLIED), 2);
    world_send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.decisions, 2);
    world_pass(&t, 30);
    assert_int_equal(t.decisions, 2); /* the next decision doesn't do it again at once */
    assert_true(world_log_has(&t.report, REPORT_LOG_EVENT, "nothing is undone"));
    world_finish(&t);
}

static void undo_puts_sizes_back(void **state)
{
    struct test t;

    (void)state;
    world_prepare(&t);
    t.world->memory = true;
    world_start(&t, &(struct engine_config[]){world_config_of(&t)}[0]);
    world_pass(&t, 12);
    assert_int_equal(t.world->kib[0], 513 * 1024);
    assert_string_equal(t.report.guests[0].last, "+1 MiB");
    world_send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.world->kib[0], 512 * 1024);
    assert_string_equal(t.report.guests[0].last, "-1 MiB");
    world_finish(&t);
}

static void what_was_done_to_a_guest_is_remembered(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    world_pass(&t, 12);
    assert_string_equal(t.report.guests[0].last, "0→1");
    assert_true(t.report.guests[0].last_ns == 1012 * second_ns);
    assert_true(t.report.guests[0].actions == 1 && t.report.guests[1].actions == 0);
    assert_string_equal(t.report.guests[1].last, "");
    assert_true(world_log_has(&t.report, REPORT_LOG_DECISION, "acts"));
    assert_true(world_log_has(&t.report, REPORT_LOG_ACTION, "guest0/0 0→1: because"));
    world_finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_goes_on_measuring_and_previews),
        cmocka_unit_test(a_step_decides_once_and_stays_paused),
        cmocka_unit_test(a_step_waits_until_something_was_measured),
        cmocka_unit_test(forcing_does_not_shift_the_clock),
        cmocka_unit_test(a_decision_right_after_a_forced_one_is_left_out),
        cmocka_unit_test(the_interval_changes_at_once),
        cmocka_unit_test(a_dry_run_changes_nothing),
        cmocka_unit_test(a_locked_guest_is_left_alone),
        cmocka_unit_test(patterns_exclude_guests),
        cmocka_unit_test(undo_puts_back_what_the_last_decision_did),
        cmocka_unit_test(undo_puts_sizes_back),
        cmocka_unit_test(what_was_done_to_a_guest_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
