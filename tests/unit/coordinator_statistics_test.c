/*
 * What the coordinator concludes from statistics that are late: taken before the balloon moved, or on its way, or with
 * no time told. No growth that isn't any, and never less that a guest could still touch than there is.
 */
#include "tests/sim/memory_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Guests 0 and 2 have what they need and no more, all of it touched, and QEMUs that were seen to hold 100 MiB each. */
static void begin(struct stage *b)
{
    stage_begin(b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++) {
        b->guests[i].unused = 108;
        b->guests[i].rss = 1100;
    }
}

/* Page cache that the balloon takes after the report still counts as held in it: what is resident beside it isn't all
 * of QEMU's. The guest's QEMU holds 62 MiB. */
static void what_a_balloon_takes_after_the_report_is_not_qemus(void **state)
{
    struct stage b;
    struct stage_guest *g = &b.guests[1];

    (void)state;
    begin(&b);
    *g = (struct stage_guest){.size = 1000, .max = 2000, .unused = 6, .cache = 700, .rss = 1062, .weight = 1, .id = 2};
    b.host_free_mib = 700;
    stage_decide(&b);
    stage_decide(&b);
    assert_non_null(stage_action(&b.plan, 1));
    stage_accept(&b);
    g->size_then = 960;
    g->size = 940;
    g->rss = 1002;
    stage_decide(&b);
    /* It gets where it should be. What is known of QEMU ages meanwhile. */
    g->size = g->size_then = (double)b.plan.guests[1].target_kib / 1024;
    g->unused = 300;
    g->rss = g->size + 62 - 140;
    b.host_free_mib = 2000;
    for (int i = 0; i < 8; i++)
        stage_decide(&b);
    assert_true(b.plan.budget_kib <= MIB(2000 - 800 - 140));
    stage_end(&b);
}

/* The same where no resident set is known: 910 of 960 MiB were held when it reported, and it can't be told how many of
 * the 60 that were taken since the last look were among them. 850 are left for sure. */
static void what_a_balloon_takes_may_have_been_cache(void **state)
{
    struct stage b;
    struct stage_guest *g = &b.guests[1];

    (void)state;
    begin(&b);
    g->no_rss = true;
    g->unused = 50;
    g->cache = 600;
    b.host_free_mib = 700;
    stage_decide(&b);
    stage_decide(&b);
    assert_non_null(stage_action(&b.plan, 1));
    stage_accept(&b);
    b.host_free_mib = 2000;
    g->size_then = 960;
    g->size = 940;
    stage_decide(&b);
    assert_int_equal(b.plan.budget_kib, MIB(2000 - 800 - 90));
    /* 20 more without any news of it */
    g->frozen_at = b.taken;
    g->size = 920;
    stage_decide(&b);
    assert_int_equal(b.plan.budget_kib, MIB(2000 - 800 - 90));
    stage_end(&b);
}

/* Where the total follows the balloon, what it gave after the report isn't held, and that is all: 992 of 1050 MiB were
 * when it reported. */
static void what_a_balloon_gives_is_unused(void **state)
{
    struct stage b;
    struct stage_guest *g = &b.guests[1];

    (void)state;
    begin(&b);
    g->no_rss = true;
    g->unused = 8;
    b.host_free_mib = 900;
    stage_decide(&b);
    stage_decide(&b);
    assert_int_equal(stage_action(&b.plan, 1)->to_kib, MIB(1092)); /* 8 of the 100 may be touched anyway */
    stage_accept(&b);
    b.host_free_mib = 2000;
    g->size_then = 1050;
    g->size = 1092;
    g->unused = 58;
    stage_decide(&b);
    assert_int_equal(b.plan.budget_kib, MIB(2000 - 800 - (1092 - 992)));
    stage_end(&b);
}

/* Guest 1 takes its memory back by itself when it must; its total doesn't tell. */
static void begin_deflating(struct stage *b)
{
    begin(b);
    b->guests[1].deflates = true;
}

/* A slow balloon goes on giving after the guest has reported: what its QEMU holds, 96 MiB, is all that isn't its own.
 */
static void what_a_balloon_gives_after_the_report_can_be_touched(void **state)
{
    struct stage b;
    struct stage_guest *g = &b.guests[1];
    uint64_t target;

    (void)state;
    begin_deflating(&b);
    g->unused = 8;
    g->rss = 1096;
    stage_decide(&b);
    assert_non_null(stage_action(stage_decide(&b), 1));
    target = stage_action(&b.plan, 1)->to_kib;
    stage_accept(&b);
    g->size = 1020;
    g->unused = 28;
    stage_decide(&b);
    g->size = 1060;
    g->unused = 48; /* as it was at 1040: it has 68 by now, none of them touched */
    g->rss = 1088;
    stage_decide(&b);
    assert_int_equal(b.plan.budget_kib, MIB(8000 - 800 - 68) - (target - MIB(1060)));
    stage_end(&b);
}

static void a_cut_is_not_taken_for_growth(void **state)
{
    struct stage b;
    struct stage_guest *g = &b.guests[1];

    (void)state;
    begin_deflating(&b);
    g->unused = 400;
    stage_decide(&b);
    stage_decide(&b);
    stage_carry_out(&b, PLAN_DONE);
    assert_true(g->size == 900);
    g->unused = 400; /* it reported before */
    assert_null(stage_action(stage_decide(&b), 1));
    g->unused = 300;
    stage_decide(&b);
    assert_null(strstr(b.plan.guests[1].status, "grows"));
    assert_int_equal(b.plan.guests[1].used_kib, MIB(600));
    assert_in_range(b.plan.guests[1].need_kib, MIB(600 + 100), MIB(600 + 100 + 8));
    stage_end(&b);
}

/* 20 MiB/s. What it was granted isn't in the report that comes next, and looks used: that is no fresh growth, and what
 * the report after that shows isn't the end of it. */
static void growth_is_known_through_a_grant(void **state)
{
    struct stage b;
    struct stage_guest *g = &b.guests[1];
    double used = 800;

    (void)state;
    begin_deflating(&b);
    for (int i = 0; i < 4; i++) {
        g->unused = g->size - used;
        stage_decide(&b);
        used += 40;
    }
    assert_true(stage_action(&b.plan, 1)->to_kib >= MIB(1100));
    stage_carry_out(&b, PLAN_DONE);
    g->unused = 1000 - used;
    assert_null(stage_action(stage_decide(&b), 1));
    used += 40;
    g->unused = g->size - used;
    stage_decide(&b);
    assert_non_null(strstr(b.plan.guests[1].status, "grows 20.0 MiB/s"));
    stage_end(&b);
}

/* Where no time comes with statistics, the same ones again may well be new: they don't grow older and older. */
static void figures_without_a_time_do_not_age(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.guests[1].untimed = true;
    b.guests[1].unused = 230;
    stage_decide(&b);
    b.guests[1].unused -= 6; /* growth, by a little, and then no more */
    for (int i = 0; i < 20; i++)
        assert_int_equal(stage_decide(&b)->n_actions, 0);
    stage_end(&b);
}

/* 10 MiB/s, until the next decision has taken effect: the interval, a second that the report may be old, and what a
 * balloon may take to begin, from 1 s to 3 s. */
static void growth_is_led_until_a_grant_can_arrive(void **state)
{
    static const struct {
        double interval_s, horizon_s;
    } cases[] = {{2, 2 + 1 + 1},   {4, 4 + 1 + 1},   {6, 6 + 1 + 1.5}, {8, 8 + 1 + 2},
                 {12, 12 + 1 + 3}, {20, 20 + 1 + 3}, {30, 30 + 1 + 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;
        double used = 2000;

        begin(&b);
        b.interval_s = cases[i].interval_s;
        b.guests[1].size = b.guests[1].max = 4000;
        for (int k = 0; k < 4; k++) {
            used += 10 * cases[i].interval_s;
            b.guests[1].unused = 4000 - used;
            stage_decide(&b);
        }
        assert_int_equal(b.plan.guests[1].need_kib, MIB(used + 108 + 10 * cases[i].horizon_s));
        stage_end(&b);
    }
}

/* Its statistics stand still, and its resident set grows by 30 MiB with each look: it is given a step at a time, and
 * nothing before that shows, and nothing is taken. */
static void a_resident_set_that_grows_is_a_witness(void **state)
{
    struct stage b;
    double given = 0;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 150;
    b.guests[1].rss = 850;
    for (int i = 0; i < 3; i++)
        stage_decide(&b);
    b.guests[1].frozen_at = b.taken;
    for (int i = 0; i < 8; i++)
        assert_null(stage_action(stage_decide(&b), 1));
    for (int i = 0; i < 10; i++) {
        const struct plan_action *a;

        b.guests[1].rss += 30;
        a = stage_action(stage_decide(&b), 1);
        if (!a)
            continue;
        assert_true(a->to_kib > a->from_kib && a->to_kib - a->from_kib <= MIB(100));
        assert_non_null(strstr(a->reason, "statistics stand still, but"));
        given += (double)(a->to_kib - a->from_kib) / 1024;
        stage_carry_out(&b, PLAN_DONE);
    }
    /* 850 of 1000 used, and 300 more, should leave 100 unused. */
    assert_true(given >= 250 && given <= 300);
    stage_end(&b);
}

/* Its statistics stand still, all of it is resident, and one counter still comes. It is given a step whenever that
 * rises, until what it was given isn't touched any more, and nothing for what is usual. */
static void counters_that_rise_are_a_witness(void **state)
{
    static const struct {
        double swapped_in, major_faults, usual_faults;
        const char *word;
    } cases[] = {{4, 0, 0, "it swaps 2.0 MiB/s"},
                 {0, 200, 0, "it takes 100 major faults/s"},
                 {0.2, 0, 0, NULL},
                 {0, 200, 200, NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;
        int given = 0;

        stage_begin(&b, NULL);
        b.guests[1].unused = 150;
        for (int k = 0; k < 40; k++) {
            b.guests[1].major_faults += cases[i].usual_faults;
            stage_decide(&b);
        }
        b.guests[1].frozen_at = b.taken;
        for (int k = 0; k < 8; k++) {
            b.guests[1].major_faults += cases[i].usual_faults;
            assert_null(stage_action(stage_decide(&b), 1));
        }
        for (int k = 0; k < 10; k++) {
            const struct plan_action *a;

            b.guests[1].swapped_in += cases[i].swapped_in;
            b.guests[1].major_faults += cases[i].major_faults;
            a = stage_action(stage_decide(&b), 1);
            if (!a)
                continue;
            assert_int_equal(a->to_kib - a->from_kib, MIB(100));
            assert_non_null(cases[i].word);
            assert_non_null(strstr(a->reason, cases[i].word));
            given++;
            stage_carry_out(&b, PLAN_DONE);
            if (given <= 2)
                b.guests[1].rss += 100;
        }
        assert_int_equal(given, cases[i].word ? 3 : 0);
        stage_end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_balloon_takes_after_the_report_is_not_qemus),
        cmocka_unit_test(what_a_balloon_takes_may_have_been_cache),
        cmocka_unit_test(what_a_balloon_gives_is_unused),
        cmocka_unit_test(what_a_balloon_gives_after_the_report_can_be_touched),
        cmocka_unit_test(a_cut_is_not_taken_for_growth),
        cmocka_unit_test(growth_is_known_through_a_grant),
        cmocka_unit_test(figures_without_a_time_do_not_age),
        cmocka_unit_test(a_resident_set_that_grows_is_a_witness),
        cmocka_unit_test(counters_that_rise_are_a_witness),
        cmocka_unit_test(growth_is_led_until_a_grant_can_arrive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
