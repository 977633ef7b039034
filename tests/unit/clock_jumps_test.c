/*
 * Clocks that jump: the wall clock, which guests' reports are timed by, is set, or goes on while the host is suspended;
 * or nobody looks for a while. Nothing is decided by what only the clock did.
 */
#include "tests/sim/memory_stage.h"
#include "tests/unit/guest_history_world.h"
#include "tests/unit/rates_pair.h"

#include <stdio.h>
#include <stdlib.h>

static const double hours_s = 5 * 3600;

/* ---- rates ---- */

/* A guest that has reported at both ends of two seconds, and swapped 500 KiB in between; on the wall clock the reports
 * are told_s apart, and the two ends wall_s. */
static double swap_rate(double told_s, double wall_s)
{
    struct snapshot_memory *a, *b;
    struct pair p;
    double rate;

    begin(&p, 1, 2);
    if (!snapshot_add_guest(&p.a) || !snapshot_add_guest(&p.b))
        abort();
    a = &p.a.guests[0].memory;
    b = &p.b.guests[0].memory;
    a->has = b->has = SNAPSHOT_HAS_SWAP_IN | SNAPSHOT_HAS_SWAP_OUT | SNAPSHOT_HAS_LAST_UPDATE;
    b->swap_in_kib = 500;
    a->last_update_s = 1700000000;
    b->last_update_s = a->last_update_s + (uint64_t)(int64_t)told_s;
    p.a.wall_ms = 1700000000500;
    p.b.wall_ms = p.a.wall_ms + (int64_t)(wall_s * 1e3);
    count(&p);
    rate = p.r.guests[0].swap_in_kib_s;
    end(&p);
    return rate;
}

static void time_that_the_wall_clock_skipped_is_none(void **state)
{
    (void)state;
    near(swap_rate(2, 2), 250);
    near(swap_rate(2 + hours_s, 2 + hours_s), 250); /* set forward, or suspended */
    near(swap_rate(-hours_s, 2 - hours_s), 250);    /* set back */
    near(swap_rate(100, 2), 5);                     /* it really hadn't reported for so long */
    near(swap_rate(100 + hours_s, 2 + hours_s), 5); /* and the clock was set beside */
    near(swap_rate(2, 2 + hours_s), 250);           /* it was set after the last report */
    near(swap_rate(100, 2.9), 5);                   /* drifts, or whole seconds: no jump */
    near(swap_rate(1000, 2 + 1e15), 250);           /* nonsense */
    near(swap_rate(1000, 2 - 1e15), 0.5);
}

/* ---- what is remembered of a guest ---- */

/* The time of a report is just another one: statistics stay fresh, and are as old as they are by our own clock. */
static void a_report_from_another_time_is_a_report(void **state)
{
    const double jumps_s[] = {-hours_s, hours_s, -1, 1e9};

    (void)state;
    for (size_t i = 0; i < sizeof(jumps_s) / sizeof(jumps_s[0]); i++) {
        struct guest_history_world w;

        guest_history_world_begin_known(&w);
        w.m.last_update_s = 1700000000;
        guest_history_world_look(&w);
        w.m.last_update_s += (uint64_t)(int64_t)jumps_s[i];
        for (int look = 0; look < 5; look++) {
            unsigned seen = (unsigned)w.g.fresh_seen;

            guest_history_world_look(&w);
            if (jumps_s[i] < -1 || jumps_s[i] > 1 || look > 0)
                assert_int_equal(w.g.fresh_seen, seen + 1);
            assert_false(guest_history_frozen(&w.g, &w.m, w.now_s));
            assert_true(w.g.age_s <= 2 * w.seconds);
        }
        assert_true(guest_history_may_cut(&w.g, w.interval));
    }
}

/* Reports that stopped are known by our own clock alone: one that lies in the future doesn't keep them young. */
static void a_report_from_the_future_grows_old(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.m.last_update_s += (uint64_t)hours_s;
    guest_history_world_look(&w);
    w.silent = true;
    guest_history_world_looks(&w, 2);
    assert_false(guest_history_outdated(&w.g, &w.m, w.now_s));
    guest_history_world_look(&w);
    assert_true(guest_history_outdated(&w.g, &w.m, w.now_s));
    assert_true(guest_history_frozen(&w.g, &w.m, w.now_s));
}

/* ---- what is decided ---- */

/* The next decision's plan, in words. */
static void decided(struct stage *b, char *words, size_t size)
{
    size_t length;

    stage_decide(b);
    snprintf(words, size, "%s", b->plan.summary);
    for (int i = 0; i < b->plan.n_actions; i++) {
        length = strlen(words);
        snprintf(words + length, size - length, "\n%d: %llu, %s", b->plan.actions[i].id,
                 (unsigned long long)b->plan.actions[i].to_kib, b->plan.actions[i].reason);
    }
    stage_carry_out(b, PLAN_DONE);
}

/* A guest that swaps and grows beside one that has plenty, and one that idles. */
static void live(struct stage *b, int step)
{
    b->guests[0].unused -= step % 4 == 3 ? 0 : 30;
    if (b->guests[0].unused < 20)
        b->guests[0].unused = 20;
    b->guests[0].swapped_in += step > 3 && step < 12 ? 40 : 0;
    b->guests[0].major_faults += step > 3 ? 300 : 0;
    if (step == 1)
        b->guests[1].unused = 700;
}

/* The clock is set before each possible decision in turn: all that is decided is the same, to the word. */
static void what_is_decided_does_not_depend_on_the_wall_clock(void **state)
{
    enum { STEPS = 16 };
    const double jumps_s[] = {-hours_s, hours_s};
    int acted = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(jumps_s) / sizeof(jumps_s[0]); i++)
        for (int at = 1; at < STEPS; at++) {
            struct stage steady, set;

            stage_begin(&steady, NULL);
            stage_begin(&set, NULL);
            for (int step = 0; step < STEPS; step++) {
                char one[2048], other[2048];

                live(&steady, step);
                live(&set, step);
                set.wall_s = step >= at ? jumps_s[i] : 0;
                decided(&steady, one, sizeof(one));
                decided(&set, other, sizeof(other));
                assert_string_equal(other, one);
                acted += steady.plan.n_actions;
            }
            stage_end(&steady);
            stage_end(&set);
        }
    assert_true(acted > STEPS);
}

/* Guest 1 has plenty; in the next decision it would lose some of it. */
static void begin_with_plenty(struct stage *b)
{
    stage_begin(b, NULL);
    b->guests[1].unused = 700;
    stage_decide(b);
    stage_decide(b);
}

/* Nobody looked for less than half a minute, and then it hasn't reported yet: what it had then may be in use by now,
 * whatever the cut would be for. With its report, it is cut. */
static void old_statistics_take_nothing(void **state)
{
    (void)state;
    for (int why = 0; why < 3; why++) {
        struct stage b;

        begin_with_plenty(&b);
        if (why == 1)
            b.host_free_mib = 300; /* below its reserve */
        b.guests[1].frozen_at = b.taken;
        b.interval_s = 25;
        stage_decide_forced(&b, why == 2);
        if (stage_action(&b.plan, 1))
            fail_msg("%d: %s", why, stage_action(&b.plan, 1)->reason);
        b.guests[1].frozen_at = 0;
        b.interval_s = 2;
        stage_decide_forced(&b, why == 2);
        assert_non_null(stage_action(&b.plan, 1));
        assert_true(stage_action(&b.plan, 1)->to_kib < stage_action(&b.plan, 1)->from_kib);
        stage_end(&b);
    }
}

/* But they are no reason to leave a guest in need. */
static void old_statistics_give_all_the_same(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    stage_decide(&b);
    stage_decide(&b);
    b.guests[1].unused = 20;
    stage_decide(&b);
    stage_carry_out(&b, PLAN_SKIPPED);
    b.guests[1].frozen_at = b.taken;
    b.interval_s = 25;
    stage_decide(&b);
    assert_non_null(stage_action(&b.plan, 1));
    assert_true(stage_action(&b.plan, 1)->to_kib > stage_action(&b.plan, 1)->from_kib);
    stage_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_that_the_wall_clock_skipped_is_none),
        cmocka_unit_test(a_report_from_another_time_is_a_report),
        cmocka_unit_test(a_report_from_the_future_grows_old),
        cmocka_unit_test(what_is_decided_does_not_depend_on_the_wall_clock),
        cmocka_unit_test(old_statistics_take_nothing),
        cmocka_unit_test(old_statistics_give_all_the_same),
    };

    return cmocka_run_group_tests_name("clocks that jump", tests, NULL, NULL);
}
