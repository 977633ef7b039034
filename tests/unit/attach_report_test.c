/*
 * A report that is read back from its JSON is the report, as far as a face can tell: written again it is the same text.
 * The reports are those of the recordings that ship with the documents, decided by the real policies.
 */
#include "core/attach/attach_protocol.h"
#include "core/engine/engine.h"
#include "core/record/json_report.h"
#include "core/record/replay.h"
#include "cpu/scheduler.h"
#include "memory/coordinator.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What of a recording is played: some decisions are enough, as each report has everything in it. */
struct played {
    int reports, decisions, early, actions, guests;
};

static void is_the_same(const struct report *r, struct report *again, bool *log_matters)
{
    char *text = json_report(r), *twice, why[192] = "";
    struct attach_message m;

    assert_non_null(text);
    if (!attach_message_read(&m, again, text, strlen(text), why, sizeof(why)))
        fail_msg("%s", why);
    assert_int_equal(m.kind, ATTACH_REPORT);
    twice = json_report(again);
    assert_non_null(twice);
    if (strcmp(text, twice) != 0) {
        size_t same = 0;

        while (text[same] == twice[same])
            same++;
        same -= same > 40 ? 40 : same;
        fail_msg("was %.120s, is %.120s", text + same, twice + same);
    }
    *log_matters = *log_matters || again->n_log > 0;
    free(text);
    free(twice);
}

static void play(const char *file, enum report_program program, const struct policy_ops *policy, const void *settings,
                 struct played *played)
{
    const char *top = getenv("TOP");
    char path[512], error[HOST_ERROR_BYTES] = "";
    struct engine_config config = {.program = program, .policy = policy, .policy_settings = settings, .replay = true};
    struct report r = {0}, again = {0};
    struct engine *e;
    bool log_matters = false;
    int status;

    snprintf(path, sizeof(path), "%s/docs/%s", top ? top : ".", file);
    config.host = replay_open(path, error, sizeof(error));
    if (!config.host)
        fail_msg("%s", error);
    config.interval_s = replay_header(config.host)->interval_s;
    config.sample_s = replay_header(config.host)->sample_s;
    replay_set_speed(config.host, 0);
    e = engine_start(&config, error, sizeof(error));
    assert_non_null(e);
    while (played->reports < 100 && !engine_ended(e, &status, error, sizeof(error))) {
        struct pollfd p = {engine_fd(e), POLLIN, 0};

        assert_int_equal(poll(&p, 1, 60000), 1);
        while (played->reports < 100 && engine_take(e, &r)) {
            played->reports++;
            played->decisions += r.decision;
            played->early += r.early;
            played->actions += r.plan.n_actions;
            played->guests = r.n_guests;
            is_the_same(&r, &again, &log_matters);
        }
    }
    assert_true(log_matters);
    assert_int_equal(engine_finish(e, 60000), 0);
    engine_free(e);
    report_free(&r);
    report_free(&again);
}

static void reports_of_the_scheduler_come_back_as_they_were(void **state)
{
    struct played played = {0};

    (void)state;
    play("demo.recording", REPORT_VCPU_SCHEDULER, &scheduler_policy, &scheduler_settings_default, &played);
    assert_true(played.decisions > 5 && played.actions > 5 && played.guests > 30);
}

static void reports_of_the_coordinator_come_back_as_they_were(void **state)
{
    struct played played = {0};

    (void)state;
    play("memory.recording", REPORT_MEMORY_COORDINATOR, &coordinator_policy, &coordinator_settings_default, &played);
    assert_true(played.decisions > 5 && played.actions > 5 && played.guests > 3);
}

static void a_report_without_any_figures_comes_back(void **state)
{
    struct report r = {.interval_s = 12, .retry_in_s = 3, .next_in_s = -1, .state = REPORT_DISCONNECTED}, again = {0};
    bool log_matters = false;

    (void)state;
    strcpy(r.connection, "nobody there");
    r.live.sd_pct = r.interval.sd_pct = -1;
    is_the_same(&r, &again, &log_matters);
    assert_string_equal(again.connection, "nobody there");
    assert_true(again.retry_in_s > 2.9 && again.next_in_s < 0);
    report_free(&again);
}

/* What a screen shows of a guest that came after the decision: nothing decided, not another's. */
static void what_was_decided_is_found_by_guest(void **state)
{
    struct report r = {0}, again = {0};
    struct snapshot before = {0};
    bool log_matters = false;

    (void)state;
    snapshot_reset(&r.snapshot, 2);
    for (int i = 0; i < 2; i++) {
        struct snapshot_guest *g = snapshot_add_guest(&r.snapshot);
        struct snapshot_vcpu *v = snapshot_add_vcpu(&r.snapshot);

        g->id = g->uuid[0] = (uint8_t)(i + 1);
        v->online = true;
    }
    assert_int_equal(plan_size_for(&r.plan, &r.snapshot), 0);
    r.guests = calloc(2, sizeof(*r.guests));
    assert_non_null(r.guests);
    r.n_guests = r.cap_guests = 2;
    r.plan.cpu_limit = 2;
    r.plan.vcpus[1].demand_pct = 40;
    r.plan.guests[1].need_kib = r.plan.guests[1].target_kib = 7;
    r.plan.guests[0].uuid[0] = 9; /* decided for one that has gone since; the first of now has come since */
    r.counters.decisions = 1;
    r.decision = true;
    assert_int_equal(rates_between(&r.interval, &before, &r.snapshot), 0);
    is_the_same(&r, &again, &log_matters);
    assert_null(report_plan_guest(&again, 0));
    assert_null(report_plan_vcpu(&again, 0));
    assert_non_null(report_plan_guest(&again, 1));
    assert_int_equal(report_plan_guest(&again, 1)->target_kib, 7);
    assert_true(report_plan_vcpu(&again, 1)->demand_pct > 39);
    report_free(&r);
    report_free(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_of_the_scheduler_come_back_as_they_were),
        cmocka_unit_test(reports_of_the_coordinator_come_back_as_they_were),
        cmocka_unit_test(a_report_without_any_figures_comes_back),
        cmocka_unit_test(what_was_decided_is_found_by_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
