/* The control loop: when it measures and decides, how it gets on with host and face, and how it ends. */
#include "tests/unit/engine_world.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is shown ---- */

static void the_first_decision_comes_one_interval_after_the_first_sample(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    assert_int_equal(t.decisions, 0);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_true(t.report.next_in_s == 12);
    assert_int_equal(world_count_calls(&t, LEARN), 1);
    assert_true(world_learned(&t, 0).before_ns == 0);
    world_pass(&t, 11.5);
    assert_int_equal(t.decisions, 0);
    world_pass(&t, 0.5);
    assert_int_equal(t.decisions, 1);
    assert_int_equal(t.decided.plan.n_actions, 1);
    assert_int_equal(t.decided.plan.actions[0].result, PLAN_DONE);
    assert_int_equal(t.world->cpu[0], 1);
    assert_int_equal(t.decided.counters.actions_done, 1);
    assert_true(t.decided.next_in_s == 12);
    assert_true(world_learned(&t, 1).before_ns == 1000 * second_ns);
    assert_true(world_learned(&t, 1).now_ns == 1012 * second_ns);
    assert_int_equal(world_count_calls(&t, APPLIED), 1);
    world_finish(&t);
}

/* Lets time go by up to so many seconds after the start. */
static void pass_until(struct test *t, uint64_t seconds)
{
    world_pass(t, (double)((1000 + seconds) * second_ns - world_clock(t->world)) / 1e9);
}

static void next_sample_takes(struct test *t, uint64_t ns)
{
    pthread_mutex_lock(&t->world->mutex);
    t->world->sample_takes_ns = ns;
    pthread_mutex_unlock(&t->world->mutex);
}

static void decisions_keep_to_multiples_of_the_interval(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    /* Reading takes 0.7 s each time: no drift may come of it. */
    for (int i = 1; i <= 20; i++) {
        next_sample_takes(&t, 700000000u);
        pass_until(&t, (uint64_t)(12 * i - 1));
        assert_int_equal(t.decisions, i - 1);
        pass_until(&t, (uint64_t)(12 * i));
        assert_int_equal(t.decisions, i);
        assert_true(world_learned(&t, i).now_ns == (uint64_t)(1000 + 12 * i) * second_ns + 700000000u);
    }
    world_finish(&t);
}

static void a_late_decision_causes_no_burst(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    next_sample_takes(&t, 30 * second_ns); /* over the moments at 24 and 36 s */
    pass_until(&t, 12);
    assert_int_equal(t.decisions, 1);
    assert_true(world_learned(&t, 1).now_ns == 1042 * second_ns);
    pass_until(&t, 47);
    assert_int_equal(t.decisions, 1);
    pass_until(&t, 48);
    assert_int_equal(t.decisions, 2);
    pass_until(&t, 60);
    assert_int_equal(t.decisions, 3);
    world_finish(&t);
}

static void finer_samples_do_not_change_what_is_decided(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.sample_s = 1;
    world_start(&t, &config);
    world_pass(&t, 36);
    assert_int_equal(t.decisions, 3);
    assert_int_equal(t.world->full_samples, 1 + 3);
    assert_int_equal(t.world->samples, 1 + 36);
    assert_int_equal(world_count_calls(&t, LEARN), 1 + 3);
    for (int i = 1; i <= 3; i++) {
        assert_true(world_learned(&t, i).before_ns == (uint64_t)(1000 + 12 * (i - 1)) * second_ns);
        assert_true(world_learned(&t, i).now_ns == (uint64_t)(1000 + 12 * i) * second_ns);
    }
    assert_true(t.report.live.seconds == 1);
    assert_true(t.decided.interval.seconds == 12);
    assert_int_equal(t.report.counters.samples, 37);
    assert_int_equal(t.report.counters.calls, 37);
    assert_int_equal(t.decided.counters.calls_interval, 12);
    world_finish(&t);
}

static void a_refused_action_is_told(void **state)
{
    struct test t;

    (void)state;
    world_prepare(&t);
    t.world->refuse_apply = -EPERM;
    world_start(&t, &(struct engine_config[]){world_config_of(&t)}[0]);
    world_pass(&t, 12);
    assert_int_equal(t.decided.plan.actions[0].result, PLAN_FAILED);
    assert_int_equal(t.decided.counters.actions_failed, 1);
    assert_true(world_log_has(&t.report, REPORT_LOG_ACTION, "failed: not allowed"));
    assert_string_equal(t.report.guests[0].last, "");
    world_finish(&t);
}

static void a_failing_sample_is_told_and_the_loop_goes_on(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    t.world->refuse_sample = -EAGAIN; /* the loop is at rest: nobody reads it */
    world_pass(&t, 12);
    assert_int_equal(t.decisions, 0);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_true(world_log_has(&t.report, REPORT_LOG_ERROR, "made to fail"));
    t.world->refuse_sample = 0;
    world_pass(&t, 12);
    assert_int_equal(t.decisions, 1);
    assert_true(world_learned(&t, 1).before_ns == 1000 * second_ns); /* nothing of the time is lost */
    assert_true(world_learned(&t, 1).now_ns == 1024 * second_ns);
    world_finish(&t);
}

static void a_lost_connection_comes_back(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    world_pass(&t, 12);
    pthread_mutex_lock(&t.world->mutex);
    t.world->up = false;
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 12);
    assert_int_equal(t.report.state, REPORT_DISCONNECTED);
    assert_non_null(strstr(t.report.connection, "next try in"));
    assert_true(t.report.next_in_s < 0);
    assert_int_equal(t.report.snapshot.n_guests, 3); /* what was known is still shown */
    assert_int_equal(t.decisions, 1);
    world_send_value(&t, ENGINE_STEP, 0);
    assert_true(world_log_has(&t.report, REPORT_LOG_EVENT, "no connection"));
    world_pass(&t, 600);
    pthread_mutex_lock(&t.world->mutex);
    t.world->up = true;
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 60);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_string_equal(t.report.connection, "");
    assert_int_equal(t.report.counters.reconnects, 1);
    assert_true(world_log_has(&t.report, REPORT_LOG_EVENT, "connected again"));
    assert_true(t.decisions > 1);
    /* Decisions lie where they lay, and nothing was learned from the time that nobody saw. */
    assert_true((t.decided.plan.decided_ns / second_ns - 1000) % 12 == 0);
    for (int i = 2; i < world_count_calls(&t, LEARN); i++)
        assert_true(world_learned(&t, i).now_ns - world_learned(&t, i).before_ns <= 24 * second_ns);
    world_finish(&t);
}

/* The loop connects again at a moment that nobody knows beforehand, so this is tried many times. */
static void a_moment_after_an_outage_is_no_ground_for_a_decision(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    for (int i = 0; i < 30; i++) {
        pthread_mutex_lock(&t.world->mutex);
        t.world->up = false;
        pthread_mutex_unlock(&t.world->mutex);
        world_pass(&t, 12.3 + i % 12);
        pthread_mutex_lock(&t.world->mutex);
        t.world->up = true;
        pthread_mutex_unlock(&t.world->mutex);
        world_pass(&t, 48);
    }
    assert_int_equal(t.report.counters.reconnects, 30);
    for (int i = 1; i < world_count_calls(&t, LEARN); i++)
        assert_true(world_learned(&t, i).now_ns - world_learned(&t, i).before_ns >= 6 * second_ns);
    world_finish(&t);
}

static void attempts_to_connect_become_rarer(void **state)
{
    struct test t;
    int connects, attempts;

    (void)state;
    world_prepare(&t);
    t.world->up = false;
    world_start(&t, &(struct engine_config[]){world_config_of(&t)}[0]);
    assert_int_equal(t.report.state, REPORT_DISCONNECTED);
    assert_int_equal(t.world->connects, 1);
    /* 1, 2, 4, 8, 16, 30, 30... s, a fifth more or less each: bounds of when the nth attempt has been made. */
    world_pass(&t, 0.7);
    assert_int_equal(t.world->connects, 1);
    world_pass(&t, 0.6); /* 1.3 */
    assert_int_equal(t.world->connects, 2);
    world_pass(&t, 36 + 1.2 * 31 - 1.3);
    connects = t.world->connects;
    assert_true(connects >= 6 && connects <= 7);
    world_pass(&t, 30 * 36.5); /* 30 s apart from now on, at most 36 */
    attempts = t.world->connects - connects;
    assert_true(attempts >= 30 && attempts <= 46);
    /* The log isn't filled with them. */
    assert_true(t.report.n_log >= 6 && t.report.n_log <= 10);
    world_finish(&t);
}

static void without_a_hypervisor_a_counted_run_fails(void **state)
{
    struct engine_config config;
    char error[HOST_ERROR_BYTES];
    struct test t;

    (void)state;
    for (int once = 0; once < 2; once++) {
        world_prepare(&t);
        t.world->up = false;
        config = world_config_of(&t);
        config.once = once;
        config.iterations = once ? 0 : 3;
        world_start(&t, &config);
        assert_int_equal(world_wait_for_end(&t, error, sizeof(error)), 1);
        assert_non_null(strstr(error, "nobody there"));
        world_finish(&t);
    }
}

static void a_counted_run_ends_by_itself(void **state)
{
    struct engine_config config;
    char error[HOST_ERROR_BYTES];
    struct test t;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.iterations = 3;
    world_start(&t, &config);
    world_pass(&t, 100);
    assert_int_equal(world_wait_for_end(&t, error, sizeof(error)), 0);
    assert_string_equal(error, "");
    assert_int_equal(t.decisions, 3);
    assert_int_equal(t.report.state, REPORT_ENDED);
    world_finish(&t);
    world_prepare(&t);
    config = world_config_of(&t);
    config.once = true;
    world_start(&t, &config);
    world_pass(&t, 100);
    assert_int_equal(world_wait_for_end(&t, error, sizeof(error)), 0);
    assert_int_equal(t.decisions, 1);
    world_finish(&t);
}

static void decisions_wait_in_line_and_samples_overwrite(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.sample_s = 1;
    world_start(&t, &config);
    /* Nobody takes anything for 5 intervals. */
    pthread_mutex_lock(&t.world->mutex);
    t.world->budget_ns = 63 * second_ns;
    pthread_cond_broadcast(&t.world->changed);
    pthread_mutex_unlock(&t.world->mutex);
    world_settle(&t);
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(engine_take(t.engine, &t.report), 1);
        assert_true(t.report.decision);
        assert_int_equal(t.report.counters.decisions, i);
    }
    assert_int_equal(engine_take(t.engine, &t.report), 1);
    assert_false(t.report.decision);
    assert_true(t.report.snapshot.taken_ns == 1063 * second_ns);
    assert_int_equal(engine_take(t.engine, &t.report), 0);
    world_finish(&t);
}

static void a_face_that_stalls_loses_the_oldest_decisions_only(void **state)
{
    struct test t;
    uint64_t last = 0;
    int n = 0;

    (void)state;
    world_begin(&t);
    pthread_mutex_lock(&t.world->mutex);
    t.world->budget_ns = 1200 * second_ns;
    pthread_cond_broadcast(&t.world->changed);
    pthread_mutex_unlock(&t.world->mutex);
    world_settle(&t);
    while (engine_take(t.engine, &t.report) == 1) {
        if (!t.report.decision)
            continue;
        assert_true(last == 0 || t.report.counters.decisions == last + 1);
        last = t.report.counters.decisions;
        n++;
    }
    assert_true(last == 100);
    assert_true(n >= 8 && n < 100);
    world_finish(&t);
}

static void the_fd_tells_whether_there_is_something(void **state)
{
    struct test t;
    struct pollfd fd;

    (void)state;
    world_begin(&t);
    fd = (struct pollfd){.fd = engine_fd(t.engine), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
    pthread_mutex_lock(&t.world->mutex);
    t.world->budget_ns = 24 * second_ns;
    pthread_cond_broadcast(&t.world->changed);
    pthread_mutex_unlock(&t.world->mutex);
    world_settle(&t);
    assert_int_equal(poll(&fd, 1, 0), 1);
    assert_int_equal(engine_take(t.engine, &t.report), 1);
    assert_int_equal(poll(&fd, 1, 0), 1);
    world_take(&t);
    assert_int_equal(poll(&fd, 1, 0), 0);
    world_finish(&t);
}

static void hang_now(struct test *t)
{
    pthread_mutex_lock(&t->world->mutex);
    t->world->hang = true;
    pthread_mutex_unlock(&t->world->mutex);
    world_pass(t, 12);
}

static void a_hung_call_is_named_and_commands_still_go_in(void **state)
{
    struct engine_command pause = {.kind = ENGINE_PAUSE, .value = 1};
    struct test t;
    char text[96];
    uint64_t number;

    (void)state;
    world_begin(&t);
    hang_now(&t);
    assert_true(engine_busy(t.engine, text, sizeof(text)) > 0);
    assert_string_equal(text, "reading the guests");
    number = engine_send(t.engine, &pause);
    assert_true(number > 0);
    assert_true(t.report.commands_taken < number);
    pthread_mutex_lock(&t.world->mutex);
    t.world->hang = false;
    pthread_cond_broadcast(&t.world->changed);
    pthread_mutex_unlock(&t.world->mutex);
    while (t.report.commands_taken < number) {
        struct pollfd fd = {.fd = engine_fd(t.engine), .events = POLLIN};

        assert_int_equal(poll(&fd, 1, WORLD_PATIENCE_S * 1000), 1);
        world_take(&t);
    }
    assert_int_equal(t.report.state, REPORT_PAUSED);
    world_settle(&t);
    assert_true(engine_busy(t.engine, text, sizeof(text)) == 0);
    assert_string_equal(text, "");
    world_finish(&t);
}

static void a_hung_call_is_broken_off_at_the_end(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    hang_now(&t);
    assert_int_equal(engine_finish(t.engine, 200), 0);
    engine_free(t.engine);
    t.engine = NULL;
    assert_true(t.world->interrupted);
    world_finish(&t);
}

static void a_call_that_hangs_on_is_left_behind(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    t.world->deaf = true;
    hang_now(&t);
    assert_int_equal(engine_finish(t.engine, 50), -ETIMEDOUT);
    assert_false(t.world->closed);
    /* Only so that the test leaves nothing behind. */
    pthread_mutex_lock(&t.world->mutex);
    t.world->hang = false;
    pthread_cond_broadcast(&t.world->changed);
    pthread_mutex_unlock(&t.world->mutex);
    world_finish(&t);
}

static void what_was_found_is_put_back_at_the_end_if_wanted(void **state)
{
    struct engine_config config;
    char text[HOST_ERROR_BYTES];
    struct test t;
    int status;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.restore_on_exit = true;
    world_start(&t, &config);
    world_pass(&t, 12);
    assert_int_equal(engine_finish(t.engine, WORLD_PATIENCE_S * 1000), 0);
    assert_true(engine_ended(t.engine, &status, text, sizeof(text)));
    assert_int_equal(status, 0);
    assert_string_equal(text, "affinities put back as found: 3");
    assert_int_equal(t.world->restores, 1);
    world_finish(&t);
    world_begin(&t);
    world_pass(&t, 12);
    world_finish(&t);
    assert_int_equal(t.world->restores, 0);
}

static void figures_follow_guests_that_move_in_the_list(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.sample_s = 1;
    world_start(&t, &config);
    world_pass(&t, 12);
    assert_int_equal(t.report.plan.n_guests, 3);
    pthread_mutex_lock(&t.world->mutex);
    t.world->first_guest = 1; /* the first is gone, two are new, and all others have moved up */
    t.world->n_guests = 4;
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 1);
    assert_false(t.report.decision);
    assert_int_equal(t.report.snapshot.n_guests, 4);
    assert_int_equal(t.report.n_guests, 4);
    for (int i = 0; i < 4; i++) {
        bool known = i < 2;

        assert_int_equal(report_plan_guest(&t.report, i) != NULL, known);
        assert_int_equal(report_plan_vcpu(&t.report, i) != NULL, known);
        assert_int_equal(report_interval_guest(&t.report, i) != NULL, known);
        assert_int_equal(t.report.interval.guests[i].known, known);
        assert_int_equal(t.report.interval.vcpus[i].known, known);
        assert_int_equal(t.report.plan.guests[i].need_kib, known ? i + 2 : 0);
        assert_true(!known || report_interval_vcpu(&t.report, i)->run_pct > 0);
    }
    pthread_mutex_lock(&t.world->mutex);
    t.world->n_guests = 1;
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 1);
    assert_int_equal(t.report.snapshot.n_guests, 1);
    assert_non_null(report_plan_vcpu(&t.report, 0));
    world_finish(&t);
}

static void the_log_counts_on_and_keeps_the_last_lines(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    for (int i = 0; i < 30; i++)
        world_pass(&t, 120); /* two lines a decision: 600 in all */
    assert_int_equal(t.report.n_log, REPORT_LOG_KEPT);
    assert_int_equal(t.report.log[t.report.n_log - 1].serial, 600);
    for (int i = 1; i < t.report.n_log; i++)
        assert_true(t.report.log[i].serial == t.report.log[i - 1].serial + 1);
    world_finish(&t);
}

static int count_lines(const struct report *r, const char *words)
{
    int n = 0;

    for (int i = 0; i < r->n_log; i++)
        n += strstr(r->log[i].text, words) != NULL;
    return n;
}

static void a_note_with_other_figures_is_no_news(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    world_prepare(&t);
    t.world->note = "s";
    config = world_config_of(&t);
    world_start(&t, &config);
    world_pass(&t, 36);
    assert_int_equal(t.decisions, 3);
    assert_int_equal(count_lines(&t.report, "cools down for"), 1);
    pthread_mutex_lock(&t.world->mutex);
    t.world->note = "minutes";
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 12);
    assert_int_equal(count_lines(&t.report, "minutes"), 1);
    world_finish(&t);
}

static void what_the_host_remarks_is_logged(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    pthread_mutex_lock(&t.world->mutex);
    t.world->remark = "pCPU 3 refuses pins";
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 36);
    assert_int_equal(count_lines(&t.report, "pCPU 3 refuses pins"), 1);
    assert_true(world_log_has(&t.report, REPORT_LOG_EVENT, "pCPU 3 refuses pins"));
    world_finish(&t);
}

static void each_decision_says_that_nothing_can_be_changed(void **state)
{
    static const char words[] = "nothing can be changed: no ledger: /x is read-only; ";
    struct test t;

    (void)state;
    world_begin(&t);
    t.world->trouble = "no ledger: /x is read-only"; /* the loop is at rest: nobody reads it */
    for (int i = 1; i <= 3; i++) {
        pass_until(&t, 12 * (uint64_t)i);
        assert_int_equal(t.decisions, i);
        assert_memory_equal(t.decided.plan.summary, words, sizeof(words) - 1);
        assert_int_not_equal(t.decided.plan.summary[sizeof(words) - 1], 0);
    }
    t.world->trouble = NULL;
    pass_until(&t, 48);
    assert_null(strstr(t.decided.plan.summary, "nothing can be changed"));
    world_finish(&t);
}

/* Half made, such a plan isn't carried out; the next one is. */
static void figures_that_cannot_be_planned_with_end_nothing(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    t.world->act = true;
    t.world->refuse_plan = -EINVAL; /* the loop is at rest: nobody reads it */
    pass_until(&t, 24);
    assert_int_equal(t.decisions, 2);
    assert_int_equal(t.world->applies, 0);
    assert_non_null(strstr(t.decided.plan.summary, "can't be planned with"));
    t.world->refuse_plan = 0;
    pass_until(&t, 36);
    assert_int_equal(t.decisions, 3);
    assert_int_equal(t.world->applies, 1);
    world_finish(&t);
}

static void a_late_decision_is_told_once(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.sample_s = 1;
    world_start(&t, &config);
    pass_until(&t, 10);
    next_sample_takes(&t, 8 * second_ns);
    pass_until(&t, 11); /* and so 19 */
    assert_int_equal(t.decisions, 1);
    assert_true(t.decided.late_s == 7);
    assert_int_equal(t.decided.counters.late, 1);
    assert_true(world_log_has(&t.report, REPORT_LOG_EVENT, "this decision comes 7.0 s late"));
    pass_until(&t, 24);
    assert_int_equal(t.decisions, 2);
    assert_true(t.decided.late_s == 0); /* and the next one in time */
    assert_int_equal(t.decided.counters.late, 1);
    world_finish(&t);
}

static void what_the_last_moves_promised_is_kept_beside_what_came(void **state)
{
    struct test t;

    (void)state;
    world_prepare(&t);
    t.world->balance = true;
    world_start(&t, &(struct engine_config[]){world_config_of(&t)}[0]);
    assert_true(t.report.moves.decided_ns == 0);
    world_pass(&t, 12);
    assert_true(t.decided.moves.decided_ns == 1012 * second_ns);
    assert_true(t.decided.moves.sd_before == 30 && t.decided.moves.sd_expected == 5);
    assert_true(t.decided.moves.sd_got < 0); /* not known yet */
    t.world->act = false;                    /* the loop is at rest: nobody reads it */
    world_pass(&t, 12);
    assert_true(t.decided.moves.decided_ns == 1012 * second_ns);
    assert_true(t.decided.moves.sd_got == 7);
    world_pass(&t, 12);
    assert_true(t.decided.moves.sd_got == 7);
    world_finish(&t);
}

static void a_loop_that_turns_is_not_stuck(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    assert_true(engine_stuck(t.engine) < 60);
    world_finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_decision_comes_one_interval_after_the_first_sample),
        cmocka_unit_test(decisions_keep_to_multiples_of_the_interval),
        cmocka_unit_test(a_late_decision_causes_no_burst),
        cmocka_unit_test(finer_samples_do_not_change_what_is_decided),
        cmocka_unit_test(a_refused_action_is_told),
        cmocka_unit_test(a_failing_sample_is_told_and_the_loop_goes_on),
        cmocka_unit_test(a_lost_connection_comes_back),
        cmocka_unit_test(a_moment_after_an_outage_is_no_ground_for_a_decision),
        cmocka_unit_test(attempts_to_connect_become_rarer),
        cmocka_unit_test(without_a_hypervisor_a_counted_run_fails),
        cmocka_unit_test(a_counted_run_ends_by_itself),
        cmocka_unit_test(decisions_wait_in_line_and_samples_overwrite),
        cmocka_unit_test(a_face_that_stalls_loses_the_oldest_decisions_only),
        cmocka_unit_test(the_fd_tells_whether_there_is_something),
        cmocka_unit_test(a_hung_call_is_named_and_commands_still_go_in),
        cmocka_unit_test(a_hung_call_is_broken_off_at_the_end),
        cmocka_unit_test(a_call_that_hangs_on_is_left_behind),
        cmocka_unit_test(what_was_found_is_put_back_at_the_end_if_wanted),
        cmocka_unit_test(figures_follow_guests_that_move_in_the_list),
        cmocka_unit_test(the_log_counts_on_and_keeps_the_last_lines),
        cmocka_unit_test(a_note_with_other_figures_is_no_news),
        cmocka_unit_test(what_the_host_remarks_is_logged),
        cmocka_unit_test(each_decision_says_that_nothing_can_be_changed),
        cmocka_unit_test(figures_that_cannot_be_planned_with_end_nothing),
        cmocka_unit_test(a_late_decision_is_told_once),
        cmocka_unit_test(what_the_last_moves_promised_is_kept_beside_what_came),
        cmocka_unit_test(a_loop_that_turns_is_not_stuck),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
