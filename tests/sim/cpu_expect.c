#include "tests/sim/cpu_expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEEDS = 10, LAST_INTERVALS = 10 };

void cpu_expect_unbroken(const struct cpu_run *run)
{
    if (run->broken)
        fail_msg("interval %d: %s", run->intervals, run->broken_text);
}

static void check(const char *name, uint64_t seed, const struct cpu_expect *e, const struct cpu_run *run,
                  int late_moves, double mean_sd_use)
{
    char what[128];

    snprintf(what, sizeof(what), "%s, seed %d", name, (int)seed);
    cpu_expect_unbroken(run);
    if (run->moves < e->moves_least || run->moves > e->moves_most)
        fail_msg("%s: %d moves, not %d to %d", what, run->moves, e->moves_least, e->moves_most);
    if (run->adoptions != e->adoptions)
        fail_msg("%s: %d adopted, not %d", what, run->adoptions, e->adoptions);
    if (run->first_action && run->first_action < e->quiet_from)
        fail_msg("%s: acts in interval %d, before %d", what, run->first_action, e->quiet_from);
    if (e->late_moves_most && late_moves > e->late_moves_most)
        fail_msg("%s: %d moves after interval %d, more than %d", what, late_moves, e->quiet_after, e->late_moves_most);
    else if (!e->late_moves_most && run->last_action > e->quiet_after)
        fail_msg("%s: acts in interval %d, after %d", what, run->last_action, e->quiet_after);
    if (run->sd_load > e->sd_load_most)
        fail_msg("%s: sd of load %.2f > %.2f at the end", what, run->sd_load, e->sd_load_most);
    if (e->mean_sd_use_most > 0.0 && mean_sd_use > e->mean_sd_use_most)
        fail_msg("%s: sd of use %.2f > %.2f at the end", what, mean_sd_use, e->mean_sd_use_most);
}

void cpu_expect_scenario(const char *name, const struct cpu_expect *expect)
{
    const struct cpu_scenario *scenario = cpu_scenario_find(name);
    int seeds = expect->seeds ? expect->seeds : SEEDS, all_moves = 0;

    for (int seed = 1; seed <= seeds; seed++) {
        struct cpu_run *run = cpu_scenario_start(scenario, &scheduler_policy, NULL, (uint64_t)seed);
        double sum;
        int moves;

        if (expect->late_moves_most)
            cpu_scenario_go(scenario, run, expect->quiet_after);
        moves = run->moves;
        cpu_scenario_go(scenario, run, scenario->intervals - LAST_INTERVALS);
        sum = run->sum_sd_use;
        cpu_scenario_go(scenario, run, scenario->intervals);
        check(name, (uint64_t)seed, expect, run, run->moves - moves, (run->sum_sd_use - sum) / LAST_INTERVALS);
        all_moves += run->moves;
        cpu_run_free(run);
    }
    if (expect->mean_moves_most > 0.0 && all_moves > expect->mean_moves_most * seeds)
        fail_msg("%s: %.1f moves on average, more than %.1f", name, (double)all_moves / seeds, expect->mean_moves_most);
}
