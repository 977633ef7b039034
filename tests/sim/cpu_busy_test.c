/*
 * The seven cases beside a host that is busy itself: what is clear is done at once, the rest when it is certain, and
 * what the host does by itself moves hardly anything.
 */
#include "tests/sim/cpu_expect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEEDS = 12, GUESTS = 8 };

static const char *const kinds[] = {"wander", "hop", "jobs"};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static struct cpu_run *start(const char *kind, int n_pcpus, const char *which, uint64_t seed,
                             const struct cpu_scenario **scenario)
{
    char name[64];

    snprintf(name, sizeof(name), "%s-%d-%s", kind, n_pcpus, which);
    *scenario = cpu_scenario_find(name);
    return cpu_scenario_start(*scenario, &scheduler_policy, NULL, seed);
}

/* Eight of 100 % on one pCPU. */
static void what_is_clear_is_done_at_once(void **state)
{
    const struct cpu_scenario *scenario;

    (void)state;
    for (int k = 0; k < 2 * KINDS; k++) {
        int n = k % 2 ? 4 : 2;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct cpu_run *run = start(kinds[k / 2], n, "1", seed, &scenario);

            cpu_scenario_go(scenario, run, 30);
            cpu_expect_unbroken(run);
            assert_int_equal(run->moves, GUESTS - GUESTS / n);
            assert_in_range(run->guests_since, 1, 3);
            assert_in_range(run->last_action, 1, 3);
            cpu_run_free(run);
        }
    }
}

/* 96 % (on 4 pCPUs 192 %) in eight parts, all on one pCPU or on two, and each pCPU's host work another in every
 * interval: acts within five intervals, and by the 25th all are where they belong, or, where the host's work comes and
 * goes at full speed, all but one on average. */
static void what_is_clear_beside_noise(const char *which)
{
    const struct cpu_scenario *scenario;

    for (int k = 0; k < 2 * KINDS; k++) {
        int n = k % 2 ? 4 : 2, most = GUESTS - GUESTS / n + 3, moves = 0;
        double part = 6.0 * n, one_off = part * sqrt(2.0 / n), sum = 0.0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct cpu_run *run = start(kinds[k / 2], n, which, seed, &scenario);

            cpu_scenario_go(scenario, run, 25);
            cpu_expect_unbroken(run);
            assert_in_range(run->first_action, 1, 5);
            if (k / 2 == 0)
                assert_true(run->sd_guests < 0.1);
            sum += run->sd_guests;
            moves += run->moves;
            cpu_run_free(run);
        }
        if (sum / SEEDS > one_off)
            fail_msg("%s: mean sd of guests' load %.1f", scenario->name, sum / SEEDS);
        if (moves > SEEDS * most)
            fail_msg("%s: %d moves", scenario->name, moves);
    }
}

static void all_on_one_beside_noise(void **state)
{
    (void)state;
    what_is_clear_beside_noise("1-third");
}

static void on_half_of_them_beside_noise(void **state)
{
    (void)state;
    what_is_clear_beside_noise("2");
}

/* Balanced or idle guests, pinned or adopted: the host's work goes up and down around one mean on all pCPUs, so that at
 * most a move per 20 vCPUs and 100 intervals may come of it; of work that hops between two pCPUs, a little more. */
static void noise_moves_hardly_anything(void **state)
{
    static const char *const cases[] = {"3", "4", "5", "6"};
    const struct cpu_scenario *scenario;

    (void)state;
    for (int k = 0; k < 2 * KINDS; k++) {
        int moves = 0;

        for (int c = 0; c < 4; c++) {
            for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                struct cpu_run *run = start(kinds[k / 2], k % 2 ? 4 : 2, cases[c], seed, &scenario);

                cpu_scenario_go(scenario, run, 100);
                cpu_expect_unbroken(run);
                assert_int_equal(run->adoptions, c == 1 || c == 2 ? GUESTS : 0);
                moves += run->moves;
                cpu_run_free(run);
            }
        }
        /* Work that wanders on two pCPUs brings 2.1 on average: what lasts two intervals is followed. */
        if (moves > (k / 2 ? 3 : 2.2) * 4 * SEEDS * GUESTS / 20)
            fail_msg("%s: %d moves in %d intervals", scenario->name, moves, 4 * SEEDS * 100);
    }
}

/* Half of the guests turn from 5 to 30 %, all on the same half of the pCPUs. */
static void half_turn_heavy_beside_noise(void **state)
{
    const struct cpu_scenario *scenario;

    (void)state;
    for (int k = 0; k < 2; k++) {
        double sum = 0.0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct cpu_run *run = start("wander", k ? 4 : 2, "7", seed, &scenario);

            cpu_scenario_go(scenario, run, 40);
            cpu_expect_unbroken(run);
            assert_int_equal(run->adoptions, GUESTS);
            assert_true(run->moves <= 10);
            sum += run->sd_guests;
            cpu_run_free(run);
        }
        /* Without a move it would be 50 on two pCPUs and 25 on four. */
        assert_true(sum / SEEDS < 7.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_clear_is_done_at_once), cmocka_unit_test(all_on_one_beside_noise),
        cmocka_unit_test(on_half_of_them_beside_noise),  cmocka_unit_test(noise_moves_hardly_anything),
        cmocka_unit_test(half_turn_heavy_beside_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
