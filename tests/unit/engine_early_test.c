/* The two clocks of the control loop: samples between decisions, and what is done early because it cannot wait. */
#include "tests/unit/engine_world.h"

#include <math.h>

static void samples_divide_the_interval_evenly(void **state)
{
    static const struct {
        double interval_s, sample_s;
    } cases[] = {{0.01, 0.01}, {0.8, 0.8}, {1, 1},  {1.4, 1.4},       {1.5, 0.75},
                 {2, 1},       {2.4, 1.2}, {12, 1}, {12.5, 12.5 / 13}};
    struct engine_config config;
    struct test t;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world_prepare(&t);
        config = world_config_of(&t);
        config.sample_s = ENGINE_SAMPLE_S;
        config.interval_s = cases[i].interval_s;
        world_start(&t, &config);
        assert_true(fabs(t.report.sample_s - cases[i].sample_s) < 1e-9);
        assert_true(t.world->sample_s == t.report.sample_s); /* the host's statistics follow */
        world_pass(&t, 3 * cases[i].interval_s + 1e-6);
        assert_int_equal(t.decisions, 3);
        assert_int_equal(t.world->samples, 1 + 3 * (int)lround(cases[i].interval_s / cases[i].sample_s));
        world_finish(&t);
    }
}

static void begin_sampled(struct test *t)
{
    struct engine_config config;

    world_prepare(t);
    config = world_config_of(t);
    config.sample_s = 1;
    world_start(t, &config);
}

static void the_policy_takes_in_every_sample(void **state)
{
    struct test t;

    (void)state;
    begin_sampled(&t);
    world_pass(&t, 24);
    assert_int_equal(world_count_calls(&t, SAMPLE), 25);
    assert_true(world_sampled(&t, 0).before_ns == 0);
    for (int i = 1; i <= 24; i++) {
        assert_true(world_sampled(&t, i).before_ns == (uint64_t)(999 + i) * second_ns);
        assert_true(world_sampled(&t, i).now_ns == (uint64_t)(1000 + i) * second_ns);
    }
    /* Before it learns, where the sample ends an interval. */
    for (int i = 1; i < t.world->n_calls; i++)
        if (t.world->calls[i].kind == LEARN)
            assert_true(t.world->calls[i - 1].kind == SAMPLE &&
                        t.world->calls[i - 1].now_ns == t.world->calls[i].now_ns);
    world_send_value(&t, ENGINE_PAUSE, 1);
    world_pass(&t, 6);
    assert_int_equal(world_count_calls(&t, SAMPLE), 31);
    world_finish(&t);
}

static void a_sample_too_soon_is_taken_in_with_the_next(void **state)
{
    struct test t;

    (void)state;
    begin_sampled(&t);
    world_pass(&t, 4.3);
    world_send_value(&t, ENGINE_FORCE, 0); /* 0.3 s after the sample before */
    assert_int_equal(t.decisions, 1);
    assert_int_equal(world_count_calls(&t, SAMPLE), 5);
    assert_true(t.report.live.seconds > 1.2); /* bars don't jump for it */
    world_pass(&t, 1);
    assert_int_equal(world_count_calls(&t, SAMPLE), 6);
    assert_true(world_sampled(&t, 5).before_ns == 1004 * second_ns);
    assert_true(world_sampled(&t, 5).now_ns == 1005 * second_ns + second_ns / 10 * 3);
    world_finish(&t);
}

static void samples_begin_anew_after_an_outage(void **state)
{
    struct test t;
    int before;

    (void)state;
    begin_sampled(&t);
    world_pass(&t, 3);
    pthread_mutex_lock(&t.world->mutex);
    t.world->up = false;
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 20);
    before = world_count_calls(&t, SAMPLE);
    pthread_mutex_lock(&t.world->mutex);
    t.world->up = true;
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 40);
    assert_int_equal(t.report.counters.reconnects, 1);
    assert_true(world_sampled(&t, before).now_ns > 1023 * second_ns);
    assert_true(world_sampled(&t, before).before_ns == 0);
    assert_true(world_sampled(&t, before + 1).before_ns == world_sampled(&t, before).now_ns);
    world_finish(&t);
}

static void set_urgent(struct test *t, uint64_t up_to_kib)
{
    pthread_mutex_lock(&t->world->mutex);
    t->world->urgent = true;
    t->world->urgent_kib = up_to_kib;
    pthread_mutex_unlock(&t->world->mutex);
}

static void what_cannot_wait_is_done_at_the_next_sample(void **state)
{
    struct test t;

    (void)state;
    begin_sampled(&t);
    world_pass(&t, 3.5);
    set_urgent(&t, 514 * 1024);
    assert_int_equal(t.earlies, 0);
    world_pass(&t, 0.5);
    assert_int_equal(t.earlies, 1);
    assert_int_equal(t.decisions, 0);
    assert_true(t.early.early && !t.early.decision && t.early.early_plan.early);
    assert_int_equal(t.early.early_plan.n_actions, 1);
    assert_int_equal(t.early.early_plan.actions[0].result, PLAN_DONE);
    assert_true(world_last(&t, EARLY).until_s == 8);
    assert_true(world_last(&t, EARLY).interval_s == 12);
    assert_int_equal(world_count_calls(&t, APPLIED), 1);
    assert_true(t.world->kib[0] == 513 * 1024);
    assert_true(world_log_has(&t.report, REPORT_LOG_DECISION, "early: grants"));
    assert_true(world_log_has(&t.report, REPORT_LOG_ACTION, "can't wait"));
    assert_string_equal(t.report.guests[0].last, "+1 MiB");
    world_pass(&t, 1);
    assert_int_equal(t.earlies, 2);
    world_pass(&t, 5); /* nothing is urgent any more */
    assert_int_equal(t.earlies, 2);
    assert_int_equal(t.report.counters.early, 2);
    assert_int_equal(t.report.counters.decisions, 0);
    assert_int_equal(t.report.counters.actions_done, 2);
    assert_int_equal(t.world->samples, 11); /* not one for its sake */
    world_pass(&t, 2);
    assert_int_equal(t.decisions, 1); /* when it was due anyway */
    assert_false(t.decided.plan.early);
    world_finish(&t);
}

static void a_decision_is_not_asked_what_is_urgent(void **state)
{
    struct test t;

    (void)state;
    begin_sampled(&t);
    world_pass(&t, 24);
    assert_int_equal(world_count_calls(&t, EARLY), 22);
    world_finish(&t);
}

static void paused_what_cannot_wait_is_previewed(void **state)
{
    struct test t;

    (void)state;
    begin_sampled(&t);
    world_send_value(&t, ENGINE_PAUSE, 1);
    set_urgent(&t, 513 * 1024);
    world_pass(&t, 4);
    assert_int_equal(t.earlies, 0);
    assert_int_equal(t.world->applies, 0);
    assert_true(t.report.has_preview && t.report.preview.early);
    assert_int_equal(t.report.preview.n_actions, 1);
    pthread_mutex_lock(&t.world->mutex);
    t.world->urgent = false;
    pthread_mutex_unlock(&t.world->mutex);
    world_pass(&t, 1);
    assert_true(t.report.has_preview && !t.report.preview.early);
    world_finish(&t);
}

static void a_dry_run_tells_what_cannot_wait_once_an_interval(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    world_prepare(&t);
    config = world_config_of(&t);
    config.sample_s = 1;
    config.dry_run = true;
    world_start(&t, &config);
    set_urgent(&t, 513 * 1024);
    world_pass(&t, 10);
    assert_int_equal(t.earlies, 1);
    assert_int_equal(t.early.early_plan.actions[0].result, PLAN_DRY_RUN);
    assert_int_equal(t.world->applies, 0);
    assert_int_equal(world_count_calls(&t, APPLIED), 0);
    world_pass(&t, 10);
    assert_int_equal(t.decisions, 1);
    assert_int_equal(t.earlies, 2);
    world_finish(&t);
}

static void what_was_done_early_is_undone_first(void **state)
{
    struct test t;

    (void)state;
    begin_sampled(&t);
    world_pass(&t, 12); /* guest 0 is pinned elsewhere */
    set_urgent(&t, 513 * 1024);
    world_pass(&t, 2);
    assert_int_equal(t.earlies, 1);
    world_send_value(&t, ENGINE_UNDO, 0);
    assert_true(t.world->kib[0] == 512 * 1024);
    assert_int_equal(t.world->cpu[0], 1);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    world_pass(&t, 3); /* and isn't done again */
    assert_int_equal(t.earlies, 1);
    assert_true(t.world->kib[0] == 512 * 1024);
    world_finish(&t);
}

static void raise_alarm(struct test *t)
{
    pthread_mutex_lock(&t->world->mutex);
    t->world->alarmed = t->world->woken = true;
    pthread_cond_broadcast(&t->world->changed);
    pthread_mutex_unlock(&t->world->mutex);
    world_settle(t);
    world_take(t);
}

static void an_alarm_of_the_host_brings_a_sample_at_once(void **state)
{
    struct test t;
    int samples;

    (void)state;
    begin_sampled(&t);
    world_pass(&t, 3.7);
    set_urgent(&t, 513 * 1024);
    samples = t.world->samples;
    raise_alarm(&t);
    assert_int_equal(t.world->samples, samples + 1);
    assert_int_equal(t.earlies, 1);
    raise_alarm(&t); /* too soon: what it would measure is worth nothing */
    assert_int_equal(t.world->samples, samples + 1);
    world_pass(&t, 0.5);
    assert_int_equal(t.world->samples, samples + 2);
    world_pass(&t, 7.8);
    assert_int_equal(t.decisions, 1); /* when it was due */
    world_finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_divide_the_interval_evenly),
        cmocka_unit_test(the_policy_takes_in_every_sample),
        cmocka_unit_test(a_sample_too_soon_is_taken_in_with_the_next),
        cmocka_unit_test(samples_begin_anew_after_an_outage),
        cmocka_unit_test(what_cannot_wait_is_done_at_the_next_sample),
        cmocka_unit_test(a_decision_is_not_asked_what_is_urgent),
        cmocka_unit_test(paused_what_cannot_wait_is_previewed),
        cmocka_unit_test(a_dry_run_tells_what_cannot_wait_once_an_interval),
        cmocka_unit_test(what_was_done_early_is_undone_first),
        cmocka_unit_test(an_alarm_of_the_host_brings_a_sample_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
