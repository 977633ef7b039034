/* The control loop after a time in which it didn't run, or couldn't read anything: the program was stopped, or its host
 * suspended with a clock that went on. */
#include "tests/unit/engine_world.h"

#include <errno.h>

static void begin_at(struct test *t, double interval_s, double sample_s)
{
    struct engine_config config;

    world_prepare(t);
    config = world_config_of(t);
    config.interval_s = interval_s;
    config.sample_s = sample_s;
    world_start(t, &config);
}

/* Whether all that the policy took in was at most so long. */
static bool took_in_at_most(struct test *t, uint64_t seconds)
{
    bool all = true;

    pthread_mutex_lock(&t->world->mutex);
    for (int i = 0; i < t->world->n_calls; i++) {
        const struct call *c = &t->world->calls[i];

        if ((c->kind == SAMPLE || c->kind == LEARN) && c->before_ns > 0 &&
            c->now_ns - c->before_ns > seconds * second_ns)
            all = false;
    }
    pthread_mutex_unlock(&t->world->mutex);
    return all;
}

static uint64_t since_start(const struct test *t)
{
    return (t->decided.plan.decided_ns - 1000 * second_ns) / second_ns;
}

/* Whether there are samples between two decisions or not: after an hour there is neither a decision for it, nor one for
 * each that was missed; the next comes where decisions lie, once half an interval was seen at the least. */
static void what_nobody_saw_is_no_ground_for_a_decision(void **state)
{
    (void)state;
    for (int sampled = 0; sampled < 2; sampled++) {
        struct test t;
        int samples, applies;

        begin_at(&t, 12, sampled);
        world_pass(&t, 24.5);
        assert_int_equal(t.decisions, 2);
        samples = t.world->samples;
        applies = t.world->applies;
        world_jump(&t, 3600);
        assert_int_equal(t.decisions, 2);
        assert_int_equal(t.world->applies, applies);
        assert_int_equal(t.world->samples, samples + 1);
        assert_true(world_log_has(&t.report, REPORT_LOG_EVENT, "nobody looked at the guests for 360"));
        world_pass(&t, 11); /* 3635.5 s after the start */
        assert_int_equal(t.decisions, 2);
        assert_true(t.world->samples <= samples + 1 + 12);
        world_pass(&t, 1);
        assert_int_equal(t.decisions, 3);
        assert_int_equal(since_start(&t), 3636);
        assert_int_equal(t.report.counters.late, 0); /* it came when it was due */
        world_pass(&t, 24);
        assert_int_equal(t.decisions, 5);
        assert_true(took_in_at_most(&t, 18));
        world_finish(&t);
    }
}

static void a_short_stall_is_measured_through(void **state)
{
    struct test t;

    (void)state;
    begin_at(&t, 12, 1);
    world_pass(&t, 12.5);
    world_jump(&t, 20); /* to 32.5 s after the start */
    assert_int_equal(t.decisions, 2);
    assert_true(t.decided.late_s > 8 && t.decided.late_s < 9);
    assert_false(world_log_has(&t.report, REPORT_LOG_EVENT, "nobody looked"));
    world_pass(&t, 4);
    assert_int_equal(t.decisions, 3);
    assert_int_equal(since_start(&t), 36);
    world_finish(&t);
}

/* What was missed is no time that the hypervisor was kept busy for: the next sample comes as if nothing had been. */
static void samples_go_on_at_once_after_a_stall(void **state)
{
    struct test t;
    int samples;

    (void)state;
    begin_at(&t, 120, 1);
    world_pass(&t, 10.5);
    samples = t.world->samples;
    world_jump(&t, 20);
    assert_int_equal(t.world->samples, samples + 1);
    world_pass(&t, 10);
    assert_int_equal(t.world->samples, samples + 11);
    world_finish(&t);
}

/* The same where it ran, but nothing could be read; there the first to succeed is a sample between two decisions. */
static void guests_that_could_not_be_read_for_long_are_no_ground_either(void **state)
{
    struct test t;

    (void)state;
    begin_at(&t, 12, 1);
    world_pass(&t, 24.5);
    t.world->refuse_sample = -EAGAIN; /* the loop is at rest: nobody reads it */
    world_pass(&t, 600);
    assert_int_equal(t.decisions, 2);
    t.world->refuse_sample = 0;
    world_pass(&t, 24);
    assert_true(t.decisions >= 3 && t.decisions <= 4);
    assert_true(took_in_at_most(&t, 18));
    world_finish(&t);
}

/* And where it stood still while it read them: nobody knows when what came of that was true. */
static void a_stall_while_guests_are_read_is_no_ground_either(void **state)
{
    struct test t;

    (void)state;
    begin_at(&t, 12, 1);
    world_pass(&t, 24.5);
    assert_int_equal(t.decisions, 2);
    t.world->sample_takes_ns = 60 * second_ns; /* the loop is at rest: nobody reads it */
    world_pass(&t, 1);
    t.world->sample_takes_ns = 0;
    assert_true(world_log_has(&t.report, REPORT_LOG_ERROR, "the guests could not be read: reading them took 60 s"));
    world_pass(&t, 24);
    assert_true(t.decisions >= 3 && t.decisions <= 4);
    assert_true(took_in_at_most(&t, 18));
    assert_true(world_log_has(&t.report, REPORT_LOG_EVENT, "an interval begins anew"));
    world_finish(&t);
}

/* What the operator asked for before, or asks for at once, waits for something to decide by, and is done. */
static void a_decision_that_is_wanted_waits(void **state)
{
    struct test t;

    (void)state;
    begin_at(&t, 12, 0);
    world_pass(&t, 12.5);
    assert_int_equal(t.decisions, 1);
    world_send_value(&t, ENGINE_PAUSE, 1);
    pthread_mutex_lock(&t.world->mutex);
    t.world->now_ns += 3600 * second_ns;
    pthread_mutex_unlock(&t.world->mutex);
    world_send_value(&t, ENGINE_FORCE, 0);
    assert_int_equal(t.decisions, 1);
    world_pass(&t, 1.5);
    assert_int_equal(t.decisions, 2);
    assert_true(t.decided.plan.forced);
    assert_true(took_in_at_most(&t, 18));
    world_finish(&t);
}

static void a_paused_loop_previews_nothing_of_it(void **state)
{
    struct test t;
    int plans;

    (void)state;
    begin_at(&t, 12, 1);
    world_send_value(&t, ENGINE_PAUSE, 1);
    world_pass(&t, 24.5);
    plans = world_count_calls(&t, PLAN);
    world_jump(&t, 3600);
    assert_int_equal(world_count_calls(&t, PLAN), plans);
    world_pass(&t, 24);
    assert_true(world_count_calls(&t, PLAN) > plans);
    assert_int_equal(t.decisions, 0);
    assert_true(took_in_at_most(&t, 18));
    world_finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_saw_is_no_ground_for_a_decision),
        cmocka_unit_test(a_short_stall_is_measured_through),
        cmocka_unit_test(samples_go_on_at_once_after_a_stall),
        cmocka_unit_test(guests_that_could_not_be_read_for_long_are_no_ground_either),
        cmocka_unit_test(a_stall_while_guests_are_read_is_no_ground_either),
        cmocka_unit_test(a_decision_that_is_wanted_waits),
        cmocka_unit_test(a_paused_loop_previews_nothing_of_it),
    };

    return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
