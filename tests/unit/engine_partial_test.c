/* The control loop with a plan of which only a part can be carried out. */
#include "tests/unit/engine_world.h"

#include <errno.h>

/* Each decision does something for all three guests; what it does for the second one comes to that error. */
static void begin_refusing(struct test *t, int error)
{
    struct engine_config config;

    world_prepare(t);
    t->world->act_all = true;
    t->world->refuse_apply = error;
    t->world->refused_guest = 2;
    config = world_config_of(t);
    world_start(t, &config);
}

static void what_follows_a_refused_action_is_done(void **state)
{
    struct call told;
    struct test t;

    (void)state;
    begin_refusing(&t, -EPERM);
    world_pass(&t, 12);
    assert_int_equal(t.decided.plan.n_actions, 3);
    assert_int_equal(t.world->cpu[0], 1);
    assert_int_equal(t.world->cpu[1], 0);
    assert_int_equal(t.world->cpu[2], 1);
    told = world_last(&t, APPLIED);
    assert_int_equal(told.results[0], PLAN_DONE);
    assert_int_equal(told.results[1], PLAN_FAILED);
    assert_int_equal(told.results[2], PLAN_DONE);
    assert_int_equal(t.decided.counters.actions_done, 2);
    assert_int_equal(t.decided.counters.actions_failed, 1);
    assert_string_not_equal(t.decided.guests[0].last, "");
    assert_string_equal(t.decided.guests[1].last, ""); /* nothing was done to it */
    assert_string_not_equal(t.decided.guests[2].last, "");
    world_finish(&t);
}

static void only_what_was_done_is_undone(void **state)
{
    struct test t;

    (void)state;
    begin_refusing(&t, -EPERM);
    world_pass(&t, 12);
    t.world->refuse_apply = 0; /* the loop is at rest: nobody reads it */
    world_send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.decided.plan.n_actions, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(t.world->cpu[i], 0);
    world_finish(&t);
}

/* The connection is lost in the middle: the first is done, of the others nothing was tried; and the next decision after
 * it begins from what is really there. */
static void a_connection_lost_in_the_middle_ends_the_plan(void **state)
{
    struct call told;
    struct test t;

    (void)state;
    begin_refusing(&t, -ENOTCONN);
    world_pass(&t, 12);
    assert_int_equal(t.decided.plan.n_actions, 3);
    assert_int_equal(t.world->applies, 2);
    told = world_last(&t, APPLIED);
    assert_int_equal(told.results[0], PLAN_DONE);
    assert_int_equal(told.results[1], PLAN_PENDING);
    assert_int_equal(told.results[2], PLAN_PENDING);
    assert_int_equal(t.decided.counters.actions_done, 1);
    assert_int_equal(t.decided.counters.actions_failed, 0);
    assert_int_equal(t.report.state, REPORT_DISCONNECTED);
    t.world->refuse_apply = 0; /* the loop is at rest: nobody reads it */
    world_pass(&t, 36);
    assert_int_equal(t.report.counters.reconnects, 1);
    assert_true(t.decisions >= 2);
    for (int i = 0; i < 3; i++) {
        const struct plan_action *a = &t.decided.plan.actions[i];

        assert_int_equal(a->result, PLAN_DONE);
        assert_int_equal(a->from_cpu, t.decisions - 2 + (i == 0));
        assert_int_equal(t.world->cpu[i], a->to_cpu);
    }
    world_finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_a_refused_action_is_done),
        cmocka_unit_test(only_what_was_done_is_undone),
        cmocka_unit_test(a_connection_lost_in_the_middle_ends_the_plan),
    };

    return cmocka_run_group_tests_name("a part of a plan", tests, NULL, NULL);
}
