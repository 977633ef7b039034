#include "core/record/json_report.h"

#include "core/model/cpumask.h"
#include "core/record/json_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static void add_guest(struct snapshot *s, const char *name, int id, int vcpus)
{
    struct snapshot_guest *g = snapshot_add_guest(s);

    g->id = id;
    g->uuid[15] = (uint8_t)id;
    strcpy(g->name, name);
    for (int i = 0; i < vcpus; i++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(s);
        uint64_t mask[1] = {UINT64_C(1) << i};

        v->number = i;
        v->online = v->running = v->has_run = v->has_delay = true;
        v->cpu = i;
        v->affinity = snapshot_add_mask(s, mask);
    }
}

static void make_snapshot(struct snapshot *s)
{
    snapshot_reset(s, 2);
    for (int i = 0; i < 2; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);

        p->number = i;
        p->online = p->has_times = true;
    }
    add_guest(s, "db", 7, 2);
    add_guest(s,
              "w\xff"
              "b",
              8, 1);
    s->guests[0].memory.has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_USABLE;
    s->guests[0].memory.size_kib = 1000;
    s->guests[0].memory.usable_kib = 400;
    s->host.has = SNAPSHOT_HOST_HAS_FREE;
    s->host.free_kib = 5555;
}

/* A report of a decision: db/0 ran half the time and moves, db/1 and the other guest did nothing. */
static void make_report(struct report *r)
{
    struct snapshot before = {0};
    struct plan_action *a;

    make_snapshot(&before);
    make_snapshot(&r->snapshot);
    r->snapshot.taken_ns = 4 * SECOND;
    r->snapshot.vcpus[0].run_ns = 2 * SECOND;
    r->snapshot.pcpus[0].busy_ns = 3 * SECOND;
    r->snapshot.wall_ms = 1700000000123;
    assert_int_equal(rates_between(&r->live, &before, &r->snapshot), 0);
    assert_int_equal(rates_copy(&r->interval, &r->live), 0);
    plan_reset(&r->plan, 2);
    assert_int_equal(plan_size_for(&r->plan, &r->snapshot), 0);
    strcpy(r->plan.summary, "1 move");
    a = plan_add_action(&r->plan, PLAN_PIN, &r->snapshot, 0);
    a->from_cpu = 0;
    a->to_cpu = 1;
    a->gain = 2.0 / 3;
    a->result = PLAN_FAILED;
    strcpy(a->reason, "pCPU 0 is crowded");
    strcpy(a->error, "no such pCPU");
    r->plan.has_balance = true;
    r->plan.sd_now = 12.3456;
    r->plan.tolerance = 4;
    assert_int_equal(plan_add_note(&r->plan, &r->snapshot, 1, "wb/0", "stays"), 0);
    r->plan.vcpus[0].demand_pct = 50;
    r->plan.vcpus[0].cooldown_s = 24;
    r->plan.guests[0].managed = true;
    strcpy(r->plan.guests[0].status, "busy");
    r->plan.pcpus[1].expected_pct = 75;
    r->guests = calloc(2, sizeof(*r->guests));
    r->n_guests = r->cap_guests = 2;
    strcpy(r->guests[0].last, "0→1");
    r->guests[0].last_ns = 3 * SECOND;
    r->guests[1].locked = true;
    r->log = calloc(2, sizeof(*r->log));
    r->n_log = r->cap_log = 2;
    for (int i = 0; i < 2; i++) {
        r->log[i].serial = 41 + (uint64_t)i;
        r->log[i].kind = i ? REPORT_LOG_ERROR : REPORT_LOG_DECISION;
        sprintf(r->log[i].text, "line %d", i);
    }
    r->state = REPORT_PAUSED;
    r->decision = true;
    r->interval_s = 0.5;
    r->speed = 1;
    r->next_in_s = -1;
    r->counters.decisions = 3;
    r->counters.calls = UINT64_MAX;
    snapshot_free(&before);
}

/* The value at a path such as "guests.0.name" in the text as compact JSON, or "" where there is none. */
static const char *at(struct json_object *o, const char *path)
{
    char part[40];

    while (*path && o) {
        size_t n = strcspn(path, ".");

        snprintf(part, sizeof(part), "%.*s", (int)n, path);
        o = json_object_is_type(o, json_type_array) ? json_object_array_get_idx(o, (size_t)atoi(part))
                                                    : json_object_object_get(o, part);
        path += n + (path[n] == '.');
    }
    return o ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN) : "";
}

static struct json_object *parsed(char *text)
{
    struct json_reading reading = {0};
    struct json_object *o;

    assert_non_null(text);
    assert_null(strchr(text, '\n'));
    o = json_parse(&reading, text, strlen(text));
    if (!o)
        fail_msg("%s: %s", reading.error, text);
    free(text);
    return o;
}

static void everything_is_there(void **state)
{
    static const char *const expected[][2] = {
        {"format", "1"},
        {"program", "\"vcpu_scheduler\""},
        {"kind", "\"decision\""},
        {"state", "\"paused\""},
        {"interval_s", "0.5"},
        {"next_in_s", ""},
        {"connection", ""},
        {"wall_ms", "1700000000123"},
        {"taken_ns", "4000000000"},
        {"counters.decisions", "3"},
        {"counters.calls", "18446744073709551615"},
        {"live.seconds", "4"},
        {"live.sd_points", "37.5"}, /* loads of 75 and 0 */
        {"host.free_kib", "5555"},
        {"host.total_kib", ""},
        {"pcpus.0.live.busy_pct", "75"},
        {"pcpus.0.live.guest_pct", "50"},
        {"pcpus.0.live.host_pct", "25"},
        {"pcpus.1.interval.load_pct", "0"},
        {"pcpus.1.decided.expected_pct", "75"},
        {"guests.0.uuid", "\"00000000-0000-0000-0000-000000000007\""},
        {"guests.0.live.run_pct", "50"},
        {"guests.0.interval.run_pct", "50"},
        {"guests.0.live.major_faults_per_s", ""},
        {"guests.0.decided.managed", "true"},
        {"guests.0.decided.status", "\"busy\""},
        {"guests.0.decided.target_kib", ""},
        {"guests.0.locked", "false"},
        {"guests.0.last_action.text", "\"0→1\""},
        {"guests.0.last_action.at_ns", "3000000000"},
        {"guests.0.memory.size_kib", "1000"},
        {"guests.0.memory.used_kib", "600"},
        {"guests.0.memory.unused_kib", ""},
        {"guests.0.vcpus.0.run_ns", "2000000000"},
        {"guests.0.vcpus.0.affinity_cpus", "\"0\""},
        {"guests.0.vcpus.0.live.demand_pct", "50"},
        {"guests.0.vcpus.0.live.wait_pct", "0"},
        {"guests.0.vcpus.0.decided.cooldown_s", "24"},
        {"guests.0.vcpus.1.live.demand_pct", "0"},
        {"guests.1.name", "\"w\xef\xbf\xbd"
                          "b\""},
        {"guests.1.name_hex", "\"77ff62\""},
        {"guests.1.locked", "true"},
        {"guests.1.last_action", ""},
        {"guests.1.memory.used_kib", ""},
        {"plan.summary", "\"1 move\""},
        {"plan.actions.0.kind", "\"pin\""},
        {"plan.actions.0.result", "\"failed\""},
        {"plan.actions.0.name", "\"db\""},
        {"plan.actions.0.from_cpu", "0"},
        {"plan.actions.0.to_cpu", "1"},
        {"plan.actions.0.gain_points", "0.667"},
        {"plan.actions.0.reason", "\"pCPU 0 is crowded\""},
        {"plan.actions.0.error", "\"no such pCPU\""},
        {"plan.actions.0.to_kib", ""},
        {"plan.notes.0.id", "8"},
        {"plan.notes.0.text", "\"stays\""},
        {"plan.balance.sd_now_points", "12.346"},
        {"plan.balance.sd_expected_points", ""},
        {"plan.balance.tolerance_points", "4"},
        {"plan.memory", ""},
        {"preview", ""},
        {"log.0.serial", "41"},
        {"log.1.kind", "\"error\""},
        {"log.1.text", "\"line 1\""},
    };
    struct report r = {0};
    struct json_object *o;

    (void)state;
    make_report(&r);
    o = parsed(json_report(&r));
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        if (strcmp(at(o, expected[i][0]), expected[i][1]) != 0)
            fail_msg("%s is '%s' rather than '%s'", expected[i][0], at(o, expected[i][0]), expected[i][1]);
    json_object_put(o);
    report_free(&r);
}

static void log_from_a_serial_on(void **state)
{
    struct report r = {0};
    struct json_object *o;

    (void)state;
    make_report(&r);
    o = parsed(json_report_after(&r, 41));
    assert_string_equal(at(o, "log.0.serial"), "42");
    assert_string_equal(at(o, "log.1"), "");
    json_object_put(o);
    o = parsed(json_report_after(&r, 42));
    assert_string_equal(at(o, "log"), "[]");
    json_object_put(o);
    report_free(&r);
}

static void an_empty_report(void **state)
{
    struct report r = {.state = REPORT_DISCONNECTED, .connection = "no \x80 daemon\n"};
    struct json_object *o;

    (void)state;
    o = parsed(json_report(&r));
    assert_string_equal(at(o, "state"), "\"disconnected\"");
    assert_string_equal(at(o, "connection"), "\"no \xef\xbf\xbd daemon\\n\"");
    assert_string_equal(at(o, "guests"), "[]");
    assert_string_equal(at(o, "live"), "");
    assert_string_equal(at(o, "plan"), "");
    json_object_put(o);
    report_free(&r);
}

/* JSON has no numbers for these. */
static void figures_that_are_no_numbers(void **state)
{
    struct report r = {0};
    struct json_object *o;

    (void)state;
    make_report(&r);
    r.speed = 0.0 / 0.0;
    r.interval_s = 1e300;
    r.plan.actions[0].gain = 1.0 / 0.0;
    r.plan.sd_now = 1234567.8994;
    o = parsed(json_report(&r));
    assert_string_equal(at(o, "speed"), "");
    assert_string_equal(at(o, "plan.actions.0.gain_points"), "");
    assert_string_equal(at(o, "plan.balance.sd_now_points"), "1234567.899");
    assert_true(strtod(at(o, "interval_s"), NULL) == 1e300);
    json_object_put(o);
    report_free(&r);
}

/* A sample that is younger than the plan: guests have come, gone and changed places, and lost a vCPU. */
static void plan_and_younger_snapshot(void **state)
{
    struct report r = {0};

    (void)state;
    make_report(&r);
    snapshot_reset(&r.snapshot, 2);
    snapshot_add_pcpu(&r.snapshot)->number = 1;
    add_guest(&r.snapshot, "new", 9, 1);
    add_guest(&r.snapshot, "db", 7, 2);
    r.snapshot.vcpus[1].number = 1;
    r.snapshot.vcpus[2].number = 2;
    add_guest(&r.snapshot,
              "w\xff"
              "b",
              9, 1); /* started anew */
    r.snapshot.guests[2].uuid[15] = 8;
    assert_null(report_plan_guest(&r, 0));
    assert_ptr_equal(report_plan_guest(&r, 1), &r.plan.guests[0]);
    assert_null(report_plan_guest(&r, 2));
    assert_null(report_plan_vcpu(&r, 0));
    assert_ptr_equal(report_plan_vcpu(&r, 1), &r.plan.vcpus[1]);
    assert_null(report_plan_vcpu(&r, 2));
    assert_null(report_plan_vcpu(&r, 3));
    assert_ptr_equal(report_plan_pcpu(&r, 0), &r.plan.pcpus[1]);
    assert_ptr_equal(report_interval_guest(&r, 1), &r.interval.guests[0]);
    assert_ptr_equal(report_interval_vcpu(&r, 1), &r.interval.vcpus[1]);
    assert_null(report_interval_vcpu(&r, 0));
    assert_ptr_equal(report_interval_pcpu(&r, 0), &r.interval.pcpus[1]);
    plan_reset(&r.plan, 2); /* nothing decided yet */
    assert_null(report_plan_guest(&r, 1));
    assert_null(report_plan_vcpu(&r, 1));
    assert_null(report_plan_pcpu(&r, 0));
    assert_null(report_interval_vcpu(&r, 1));
    report_free(&r);
}

static void copies_are_equal_and_apart(void **state)
{
    struct report r = {0}, copy = {0};
    char *one, *other;
    struct report_log *log;

    (void)state;
    make_report(&r);
    assert_int_equal(plan_copy(&r.preview, &r.plan), 0);
    r.has_preview = true;
    one = json_report(&r);
    assert_int_equal(report_copy(&copy, &r), 0);
    log = copy.log;
    assert_ptr_not_equal(log, r.log);
    assert_int_equal(report_copy(&copy, &r), 0);
    assert_ptr_equal(copy.log, log); /* nothing is allocated again */
    report_free(&r);
    other = json_report(&copy);
    assert_string_equal(one, other);
    assert_non_null(strstr(one, "\"preview\":{"));
    free(one);
    free(other);
    assert_int_equal(report_copy(&copy, &r), 0);
    assert_int_equal(copy.n_log, 0);
    assert_int_equal(copy.n_guests, 0);
    report_free(&copy);
}

static void what_was_done_early_stands_beside_the_decision(void **state)
{
    struct report r = {0};
    struct json_object *o;

    (void)state;
    make_report(&r);
    r.decision = false;
    r.counters.early = 2;
    assert_int_equal(plan_copy(&r.early_plan, &r.plan), 0);
    strcpy(r.early_plan.summary, "can't wait");
    r.early_plan.early = true;
    o = parsed(json_report(&r));
    assert_string_equal(at(o, "kind"), "\"sample\"");
    assert_string_equal(at(o, "early_plan"), "");
    assert_string_equal(at(o, "last_moves"), "");
    json_object_put(o);
    r.moves = (struct report_moves){.decided_ns = 7, .sd_before = 20.8, .sd_expected = 2, .sd_got = -1};
    r.early = true;
    o = parsed(json_report(&r));
    assert_string_equal(at(o, "kind"), "\"early\"");
    assert_string_equal(at(o, "counters.early"), "2");
    assert_string_equal(at(o, "early_plan.early"), "true");
    assert_string_equal(at(o, "early_plan.summary"), "\"can't wait\"");
    assert_string_equal(at(o, "plan.summary"), "\"1 move\"");
    assert_string_equal(at(o, "plan.early"), "");
    assert_string_equal(at(o, "last_moves.decided_ns"), "7");
    assert_string_equal(at(o, "last_moves.sd_before_points"), "20.8");
    assert_string_equal(at(o, "last_moves.sd_expected_points"), "2");
    assert_string_equal(at(o, "last_moves.sd_got_points"), "");
    json_object_put(o);
    report_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_there),         cmocka_unit_test(what_was_done_early_stands_beside_the_decision),
        cmocka_unit_test(log_from_a_serial_on),        cmocka_unit_test(an_empty_report),
        cmocka_unit_test(figures_that_are_no_numbers), cmocka_unit_test(plan_and_younger_snapshot),
        cmocka_unit_test(copies_are_equal_and_apart),
    };

    return cmocka_run_group_tests_name("json_report", tests, NULL, NULL);
}
