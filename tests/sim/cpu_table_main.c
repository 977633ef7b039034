/*
 * Prints what the scheduler makes of the simulator's scenarios, as rows of a Markdown table.
 *
 *     cpu_table [--loud] [--replan] [--seed N] [NAME-PREFIX...]
 *
 * --loud prints every interval, --replan also runs the reference that plans afresh each interval.
 */
#include "tests/sim/cpu_scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    bool loud, replan;
    uint64_t seed;
};

/* The same situation under the reference that plans afresh each interval. */
static double replanned_sd(const struct cpu_scenario *scenario, uint64_t seed)
{
    struct cpu_run *run = cpu_scenario_start(scenario, &cpu_replan_policy, NULL, seed);
    double sd;

    cpu_scenario_go(scenario, run, scenario->intervals);
    sd = run->sum_sd_use / run->intervals;
    cpu_run_free(run);
    return sd;
}

static void print_row(const struct cpu_scenario *scenario, const struct options *options)
{
    struct cpu_run *run = cpu_scenario_start(scenario, &scheduler_policy, NULL, options->seed);

    run->loud = options->loud;
    cpu_scenario_go(scenario, run, scenario->intervals);
    printf("| %s | %s | %d | %d | %d | %.1f | %.1f | %.1f |", scenario->name, scenario->about, run->adoptions,
           run->moves, run->last_action, run->sum_sd_use / run->intervals, run->sd_load, run->plan.sd_bound);
    if (options->replan)
        printf(" %.1f |", replanned_sd(scenario, options->seed));
    printf("%s%s\n", run->broken ? " BROKEN: " : "", run->broken_text);
    cpu_run_free(run);
}

static bool wanted(const struct cpu_scenario *scenario, char **prefixes)
{
    if (!*prefixes)
        return true;
    for (; *prefixes; prefixes++)
        if (strncmp(scenario->name, *prefixes, strlen(*prefixes)) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct options options = {.seed = 1};

    (void)argc;
    for (argv++; *argv && argv[0][0] == '-'; argv++) {
        if (strcmp(*argv, "--loud") == 0) {
            options.loud = true;
        } else if (strcmp(*argv, "--replan") == 0) {
            options.replan = true;
        } else if (strcmp(*argv, "--seed") == 0 && argv[1]) {
            options.seed = strtoull(*++argv, NULL, 10);
        } else {
            fprintf(stderr, "usage: cpu_table [--loud] [--replan] [--seed N] [NAME-PREFIX...]\n");
            return 2;
        }
    }
    printf("| scenario | situation | adopted | moves | last move | mean sd of use | sd of load at the end | bound |%s\n"
           "|---|---|---|---|---|---|---|---|%s\n",
           options.replan ? " mean sd of use, planned afresh each interval |" : "", options.replan ? "---|" : "");
    for (int set = 0; cpu_scenario_sets[set]; set++)
        for (const struct cpu_scenario *s = cpu_scenario_sets[set]; s->name; s++)
            if (wanted(s, argv))
                print_row(s, &options);
    return 0;
}
