/* The control loop on a recording: it asks the policy what it was asked live, and stands still where it's paused. */
#include "tests/unit/engine_world.h"

#include "core/record/record.h"
#include "core/record/replay.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/engine_replay_test.XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* Starts a loop that is recorded. */
static struct record *begin_recorded(struct test *t)
{
    const struct record_header header = {.version = "1", .uri = "made-up", .interval_s = 12, .sample_s = 4};
    struct engine_config config;
    char error[HOST_ERROR_BYTES] = "";

    world_prepare(t);
    config = world_config_of(t);
    config.sample_s = 4;
    config.record = record_open(path, &header, error, sizeof(error));
    if (!config.record)
        fail_msg("%s", error);
    world_start(t, &config);
    return config.record;
}

static void end_recorded(struct test *t, struct record *record)
{
    char error[HOST_ERROR_BYTES] = "";

    world_finish(t);
    assert_int_equal(record_close(record, error, sizeof(error)), 0);
}

static void set_up(struct test *t, bool up)
{
    pthread_mutex_lock(&t->world->mutex);
    t->world->up = up;
    pthread_mutex_unlock(&t->world->mutex);
}

/* Plays the recording to a policy of its own. */
static void start_replay(struct test *t, double speed)
{
    struct engine_config config;
    char error[HOST_ERROR_BYTES] = "";

    world_prepare(t);
    t->world->urgent = true;
    t->world->urgent_kib = 514 * 1024;
    config = world_config_of(t);
    config.host = replay_open(path, error, sizeof(error));
    if (!config.host)
        fail_msg("%s", error);
    replay_set_speed(config.host, speed);
    config.replay = true;
    config.clock = NULL;
    t->engine = engine_start(&config, error, sizeof(error));
    assert_non_null(t->engine);
}

static void end_replay(struct test *t)
{
    assert_int_equal(engine_finish(t->engine, WORLD_PATIENCE_S * 1000), 0);
    engine_free(t->engine);
    world_free(t);
}

static void assert_same_calls(const struct world *live, const struct world *replayed)
{
    assert_int_equal(live->n_calls, replayed->n_calls);
    for (int i = 0; i < live->n_calls; i++) {
        const struct call *a = &live->calls[i], *b = &replayed->calls[i];

        if (a->kind != b->kind || a->before_ns != b->before_ns || a->now_ns != b->now_ns || a->force != b->force ||
            a->changes != b->changes || a->interval_s < b->interval_s || a->interval_s > b->interval_s ||
            fabs(a->until_s - b->until_s) > 1e-6)
            fail_msg("call %d is of kind %d live and %d replayed, or of another moment", i, a->kind, b->kind);
    }
}

static void a_replay_asks_the_policy_what_the_live_loop_asked(void **state)
{
    struct test live, replayed;
    char error[HOST_ERROR_BYTES] = "";
    struct record *record;

    (void)state;
    record = begin_recorded(&live);
    live.world->urgent = true; /* the loop is at rest: nobody reads it */
    live.world->urgent_kib = 514 * 1024;
    world_pass(&live, 26);
    assert_int_equal(live.report.counters.early, 2);
    world_send_value(&live, ENGINE_FORCE, 0);
    world_pass(&live, 10);
    world_send_value(&live, ENGINE_UNDO, 0); /* pauses */
    world_pass(&live, 12);
    world_send_value(&live, ENGINE_PAUSE, 0);
    world_send_value(&live, ENGINE_INTERVAL, 6);
    world_pass(&live, 12);
    world_jump(&live, 600); /* a gap */
    world_pass(&live, 20);
    set_up(&live, false);
    world_pass(&live, 40);
    set_up(&live, true);
    world_pass(&live, 60);
    assert_int_equal(live.report.counters.reconnects, 1);
    assert_true(world_log_has(&live.report, REPORT_LOG_DECISION, "undo"));
    end_recorded(&live, record);

    start_replay(&replayed, 0);
    assert_int_equal(world_wait_for_end(&replayed, error, sizeof(error)), 0);
    assert_same_calls(live.world, replayed.world);
    assert_true(world_log_has(&replayed.report, REPORT_LOG_DECISION, "undo"));
    assert_true(world_log_has(&replayed.report, REPORT_LOG_DECISION, "early: grants"));
    assert_int_equal(replayed.report.counters.early, 2);
    assert_true(world_log_has(&replayed.report, REPORT_LOG_EVENT, "interval 6 s, was 12 s"));
    assert_true(replayed.report.interval_s == 6);
    end_replay(&replayed);
}

/* Takes reports until one says what it should. */
static void take_until(struct test *t, bool (*good)(const struct test *t))
{
    struct pollfd fd = {.fd = engine_fd(t->engine), .events = POLLIN};

    for (world_take(t); !good(t); world_take(t))
        if (poll(&fd, 1, WORLD_PATIENCE_S * 1000) != 1)
            fail_msg("the replay does not get there");
}

static bool is_previewed(const struct test *t)
{
    return t->report.state == REPORT_PAUSED && t->report.has_preview;
}

static bool has_stepped(const struct test *t)
{
    return t->decisions > t->steps;
}

/* Behind the last decision, with nothing to come. */
static bool is_at_the_end(const struct test *t)
{
    return t->report.state == REPORT_PAUSED && !t->report.has_preview &&
           t->report.snapshot.taken_ns == UINT64_C(1040) * 1000000000;
}

/* Where three decisions were recorded. */
static void a_paused_replay_previews_what_a_step_takes(void **state)
{
    struct test t;
    struct record *record;

    (void)state;
    record = begin_recorded(&t);
    world_pass(&t, 40);
    end_recorded(&t, record);

    start_replay(&t, 0.001); /* nothing comes by itself */
    engine_send(t.engine, &(struct engine_command){.kind = ENGINE_PAUSE, .value = 1});
    for (int taken = 0; taken < 3; taken++) {
        uint64_t decision_ns = (1012 + 12 * (uint64_t)taken) * 1000000000;

        take_until(&t, is_previewed);
        assert_int_equal(t.decisions, taken);
        assert_true(t.report.preview.decided_ns == decision_ns);
        assert_int_equal(t.report.preview.n_actions, 1);
        assert_int_equal(t.report.preview.actions[0].result, PLAN_PENDING);
        engine_send(t.engine, &(struct engine_command){.kind = ENGINE_STEP});
        t.steps = taken;
        take_until(&t, has_stepped);
        assert_false(t.decided.has_preview);
        assert_true(t.decided.plan.decided_ns == decision_ns);
        assert_int_equal(t.decided.plan.actions[0].result, PLAN_DONE);
        assert_int_equal(t.decided.state, REPORT_PAUSED);
    }
    take_until(&t, is_at_the_end);
    end_replay(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_asks_the_policy_what_the_live_loop_asked),
        cmocka_unit_test(a_paused_replay_previews_what_a_step_takes),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
