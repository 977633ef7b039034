/* The seven situations that a scheduler for 8 guests on 4 pCPUs has to master, over many seeds. */
#include "tests/sim/cpu_scenarios.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEDS = 20 };

struct expected {
    int moves_least, moves_most; /* pins of vCPUs that were pinned before */
    int adoptions;
    int quiet_after; /* no pin after this interval */
};

static void check_end(const struct cpu_run *run)
{
    if (run->broken)
        print_error("%s\n", run->broken_text);
    assert_int_equal(run->broken, 0);
    /* Four and two equal pairs of loads each have a placement with no deviation at all. */
    assert_true(run->sd_load < 0.01);
}

static void check(const char *name, struct expected expected)
{
    const struct cpu_scenario *scenario = cpu_scenario_find(name);

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct cpu_run *run = cpu_scenario_start(scenario, &scheduler_policy, NULL, seed);
        double mean;
        int moves, adoptions, last;

        cpu_scenario_go(scenario, run, scenario->intervals - 25);
        moves = run->moves;
        adoptions = run->adoptions;
        last = run->last_action;
        cpu_run_reset_counts(run);
        cpu_run_steps(run, 25);
        mean = run->sum_sd_use / run->intervals;
        check_end(run);
        assert_int_equal(run->moves + run->adoptions, 0);
        assert_in_range(moves, expected.moves_least, expected.moves_most);
        assert_int_equal(adoptions, expected.adoptions);
        assert_true(last <= expected.quiet_after);
        assert_true(mean <= 5.0);
        cpu_run_free(run);
    }
}

static void all_busy_on_one_pcpu(void **state)
{
    (void)state;
    check("case-1", (struct expected){.moves_least = 6, .moves_most = 6, .quiet_after = 2});
}

static void all_on_one_pcpu_that_could_share(void **state)
{
    (void)state;
    check("case-1-third", (struct expected){.moves_least = 6, .moves_most = 6, .quiet_after = 4});
}

static void half_on_one_half_on_another(void **state)
{
    (void)state;
    check("case-2", (struct expected){.moves_least = 4, .moves_most = 4, .quiet_after = 2});
}

static void balanced_stays(void **state)
{
    (void)state;
    check("case-3", (struct expected){0});
}

static void floating_is_adopted(void **state)
{
    (void)state;
    check("case-4", (struct expected){.adoptions = 8, .quiet_after = 2});
}

static void floating_heavy_and_light_are_paired(void **state)
{
    (void)state;
    check("case-5", (struct expected){.adoptions = 8, .quiet_after = 2});
}

static void idle_stays(void **state)
{
    (void)state;
    check("case-6", (struct expected){0});
}

/* Two light vCPUs a pCPU; then those of two pCPUs turn heavy: two exchanges, within two intervals and a rest. */
static void half_turn_heavy(void **state)
{
    (void)state;
    check("case-7", (struct expected){.moves_least = 4, .moves_most = 4, .adoptions = 8, .quiet_after = 19});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_busy_on_one_pcpu),
        cmocka_unit_test(all_on_one_pcpu_that_could_share),
        cmocka_unit_test(half_on_one_half_on_another),
        cmocka_unit_test(balanced_stays),
        cmocka_unit_test(floating_is_adopted),
        cmocka_unit_test(floating_heavy_and_light_are_paired),
        cmocka_unit_test(idle_stays),
        cmocka_unit_test(half_turn_heavy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
