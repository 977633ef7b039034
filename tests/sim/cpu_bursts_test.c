/*
 * Loads that come and go by themselves around a steady mean: next to nothing moves, and yet the pCPUs are used as
 * evenly as by a plan made afresh in every interval.
 */
#include "tests/sim/cpu_expect.h"
#include "tests/sim/cpu_rivals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Of all scenarios of bursts: 20 vCPUs, so that one move in 100 intervals is what may be. Bursts that last for two
 * intervals look like lasting changes as long as none was seen to end: nearly all of their moves are made within the
 * first five intervals, and they come to about one in 100, in some seeds to more.
 */
enum { SEEDS = 24, INTERVALS = 400, REPLAN_SEEDS = 2, REPLAN_INTERVALS = 150 };

static double replanned_sd(const struct cpu_scenario *scenario)
{
    double sum = 0.0;

    for (uint64_t seed = 1; seed <= REPLAN_SEEDS; seed++) {
        struct cpu_run *run = cpu_scenario_start(scenario, &cpu_rival_replan, NULL, seed);

        cpu_scenario_go(scenario, run, REPLAN_INTERVALS);
        sum += run->sum_sd_use / run->intervals;
        cpu_run_free(run);
    }
    return sum / REPLAN_SEEDS;
}

static void check(const char *name, double moves_most_per_100)
{
    const struct cpu_scenario *scenario = cpu_scenario_find(name);
    double sum = 0.0, replanned = replanned_sd(scenario);
    int moves = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct cpu_run *run = cpu_scenario_start(scenario, &scheduler_policy, NULL, seed);

        cpu_scenario_go(scenario, run, INTERVALS);
        cpu_expect_unbroken(run);
        moves += run->moves;
        sum += run->sum_sd_use / run->intervals;
        cpu_run_free(run);
    }
    if (moves > moves_most_per_100 * SEEDS * INTERVALS / 100)
        fail_msg("%s: %d moves in %d intervals of 20 vCPUs", name, moves, SEEDS * INTERVALS);
    if (sum / SEEDS > replanned + 2.0)
        fail_msg("%s: mean sd %.1f, replanned each interval %.1f", name, sum / SEEDS, replanned);
}

static void a_fifth_of_an_interval(void **state)
{
    (void)state;
    check("bursts-0.2", 1.0);
}

static void half_an_interval(void **state)
{
    (void)state;
    check("bursts-0.5", 1.0);
}

static void one_interval(void **state)
{
    (void)state;
    check("bursts-1", 1.0);
}

static void two_intervals(void **state)
{
    (void)state;
    check("bursts-2", 1.25);
}

static void two_intervals_at_full_speed(void **state)
{
    (void)state;
    check("bursts-full", 1.25);
}

static void many_means_and_periods(void **state)
{
    (void)state;
    check("bursts-mixed", 1.0);
}

/* What bursts hide is found all the same: 50, 50, 150 and 150 %. It takes five moves where no load is taken for
 * another, twice as many on average where most are seen at full speed or not at all. */
static void imbalance_behind_bursts(void **state)
{
    const struct cpu_scenario *scenario = cpu_scenario_find("bursts-uneven");
    double sum = 0.0;
    int moves = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct cpu_run *run = cpu_scenario_start(scenario, &scheduler_policy, NULL, seed);

        cpu_scenario_go(scenario, run, 60);
        cpu_expect_unbroken(run);
        assert_in_range(run->moves, 4, 16);
        moves += run->moves;
        sum += run->sd_load;
        cpu_run_free(run);
    }
    assert_true(sum / SEEDS < 15.0);
    assert_true(moves <= 10 * SEEDS);
}

static void inexact_figures(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "inexact",
        &(struct cpu_expect){
            .moves_least = 6, .moves_most = 8, .quiet_after = 25, .sd_load_most = 0.01, .mean_sd_use_most = 5.0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fifth_of_an_interval),
        cmocka_unit_test(half_an_interval),
        cmocka_unit_test(one_interval),
        cmocka_unit_test(two_intervals),
        cmocka_unit_test(two_intervals_at_full_speed),
        cmocka_unit_test(many_means_and_periods),
        cmocka_unit_test(imbalance_behind_bursts),
        cmocka_unit_test(inexact_figures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
