/* What the coordinator does between two decisions: gives what can't wait, and nothing else. */
#include "tests/sim/memory_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Decisions each 12 s, samples each second; nobody grows, and each guest has what it needs and a little more. */
static void begin(struct stage *b)
{
    stage_begin(b, NULL);
    b->interval_s = 12;
    for (int i = 0; i < STAGE_GUESTS; i++)
        b->guests[i].unused = 150;
    stage_decide(b);
    stage_carry_out(b, PLAN_DONE);
    stage_decide(b);
    stage_carry_out(b, PLAN_DONE);
    stage_early(b, 1, 11);
}

static double given(const struct stage *b, int guest)
{
    const struct plan_action *a = stage_action(&b->plan, guest);

    return a ? ((double)a->to_kib - (double)a->from_kib) / 1024 : 0;
}

/* It uses so much more since the last sample. */
static void grow(struct stage *b, int guest, double mib)
{
    b->guests[guest].unused -= mib;
}

static void who_grows_gets_what_it_needs_before_it_can_be_given_more(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    for (int i = 0; i < 5 && given(&b, 0) == 0; i++) {
        grow(&b, 0, 40);
        stage_early(&b, 1, 10 - i);
    }
    assert_true(b.plan.early);
    assert_int_equal(b.plan.n_actions, 1);
    /* 100 unused and 3 s of 40 MiB/s: the age of the statistics, the next sample, and the balloon. */
    assert_true(b.guests[0].unused + given(&b, 0) >= 100 + 3 * 40);
    assert_non_null(strstr(stage_action(&b.plan, 0)->reason, "grows 40.0 MiB/s"));
    stage_end(&b);
}

/* A service starts, takes all there is within a moment and dies of it, again and again: no report ever shows it. Guest
 * 0 has 1000 MiB and uses 550; what it touched beyond that stays resident. */
static void who_had_all_for_a_moment_is_given_more_at_once(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.interval_s = 12;
    b.guests[0].unused = 450;
    b.guests[0].rss = 646;
    stage_decide(&b);
    stage_decide(&b);
    stage_early(&b, 1, 11);
    assert_true(given(&b, 0) <= 0);
    b.guests[0].rss = 1090;
    stage_early(&b, 1, 10);
    assert_true(b.plan.early);
    /* It had risen by 450, and may have wanted as much again. */
    assert_true(given(&b, 0) >= 450);
    assert_non_null(strstr(stage_action(&b.plan, 0)->reason, "for a moment"));
    stage_end(&b);
}

/* The longer it has grown, the further it is led, but not beyond the next decision. */
static void long_growth_is_led_up_to_the_next_decision(void **state)
{
    static const double until_s[] = {6, 1};
    /* 100 unused, and 20 MiB/s until the decision; one second more, as old as the figures may be, and 3 for the balloon
     */
    static const double least[] = {100 + 6 * 20, 100 + 1 * 20}, most[] = {132 + 1.5 * 10 * 20, 132 + 1.5 * 5 * 20};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage b;

        begin(&b);
        b.guests[0].size += 300;
        b.guests[0].unused += 300;
        for (int k = 0; k < 10; k++) {
            stage_early(&b, 1, 11);
            grow(&b, 0, 20);
        }
        b.guests[0].size -= b.guests[0].unused - 90;
        b.guests[0].unused = 90;
        stage_early(&b, 1, until_s[i]);
        assert_true(90 + given(&b, 0) >= least[i]);
        assert_true(90 + given(&b, 0) <= most[i]);
        stage_end(&b);
    }
}

static void nobody_is_cut_and_calm_asks_for_nothing(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.guests[1].unused = 900;
    b.guests[1].size = 1700;
    b.guests[2].unused = 105;
    b.host_free_mib = 100;
    b.pressure_some_pct = 80;
    for (int i = 0; i < 5; i++)
        assert_int_equal(stage_early(&b, 1, 10 - i)->n_actions, 0);
    stage_end(&b);
}

static void who_swaps_gets_memory_at_once(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.guests[2].unused = 30;
    b.guests[2].swapped_in += 50;
    stage_early(&b, 1, 10);
    assert_true(given(&b, 2) >= 78);
    assert_int_equal(b.plan.n_actions, 1);
    stage_end(&b);
}

static void who_takes_major_faults_gets_memory_at_once(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.guests[2].unused = 100;
    stage_early(&b, 1, 10);
    stage_early(&b, 1, 9);
    assert_true(given(&b, 2) == 0);
    b.guests[2].major_faults += 500;
    stage_early(&b, 1, 8);
    assert_true(given(&b, 2) >= 8);
    stage_end(&b);
}

/* The reserve is 800 MiB, and all the guests have is touched. */
static void only_what_is_free_above_the_reserve_is_given(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].rss = b.guests[i].size + 100;
    b.host_free_mib = 840;
    stage_early(&b, 1, 10);
    grow(&b, 0, 60);
    stage_early(&b, 1, 9);
    assert_true(given(&b, 0) == 40);
    b.host_free_mib = 790;
    grow(&b, 0, 60);
    stage_early(&b, 1, 8);
    assert_int_equal(b.plan.n_actions, 0);
    stage_end(&b);
}

/* A single sample gets a guest 512 MiB, or a quarter of its maximum, and no more. */
static void one_sample_moves_no_mountains(void **state)
{
    static const double maxima[] = {2000, 4000};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage b;

        begin(&b);
        b.guests[0].size = 1500;
        b.guests[0].max = maxima[i];
        b.guests[0].unused = 1000;
        b.host_free_mib = 12000;
        stage_early(&b, 1, 10);
        stage_early(&b, 1, 9);
        grow(&b, 0, 990);
        stage_early(&b, 1, 8);
        assert_true(given(&b, 0) == (i == 0 ? 500 : 1000));
        stage_end(&b);
    }
}

static void asking_twice_gives_the_same(void **state)
{
    struct stage b;
    double first;

    (void)state;
    begin(&b);
    grow(&b, 0, 60);
    stage_early(&b, 1, 10);
    first = given(&b, 0);
    assert_true(first > 0);
    assert_int_equal(coordinator_policy.early(b.state, &b.now, &b.rates, &b.request, &b.plan), 0);
    assert_true(given(&b, 0) == first);
    stage_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_grows_gets_what_it_needs_before_it_can_be_given_more),
        cmocka_unit_test(who_had_all_for_a_moment_is_given_more_at_once),
        cmocka_unit_test(long_growth_is_led_up_to_the_next_decision),
        cmocka_unit_test(nobody_is_cut_and_calm_asks_for_nothing),
        cmocka_unit_test(who_swaps_gets_memory_at_once),
        cmocka_unit_test(who_takes_major_faults_gets_memory_at_once),
        cmocka_unit_test(only_what_is_free_above_the_reserve_is_given),
        cmocka_unit_test(one_sample_moves_no_mountains),
        cmocka_unit_test(asking_twice_gives_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
