/*
 * Prints what the scheduler makes of the simulator's scenarios, as rows of a Markdown table.
 *
 *     cpu_table_main [--loud] [--replan] [--guests] [--seeds N] [NAME-PREFIX...]
 *
 * --loud prints every interval, --replan also runs the reference that plans afresh each interval, --guests also
 * judges the guests' loads alone (as the host's own change), --seeds takes the means over that many seeds.
 */
#include "tests/sim/cpu_rivals.h"
#include "tests/sim/cpu_scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    bool loud, replan, guests;
    int seeds;
};

/* Means over the seeds; the last action is the latest of all. */
struct row {
    double adoptions, moves, sd_use, sd_load, sd_guests, bound;
    int last_action, guests_since, unbalanced, broken;
    char broken_text[256];
};

static struct row run_scenario(const struct cpu_scenario *scenario, const struct policy_ops *policy,
                               const struct options *options)
{
    struct row row = {0};

    for (int seed = 1; seed <= options->seeds; seed++) {
        struct cpu_run *run = cpu_scenario_start(scenario, policy, NULL, (uint64_t)seed);

        run->loud = options->loud && policy == &scheduler_policy;
        cpu_scenario_go(scenario, run, scenario->intervals);
        row.adoptions += (double)run->adoptions / options->seeds;
        row.moves += (double)run->moves / options->seeds;
        row.sd_use += run->sum_sd_use / run->intervals / options->seeds;
        row.sd_load += run->sd_load / options->seeds;
        row.sd_guests += run->sd_guests / options->seeds;
        row.unbalanced += run->guests_since == 0;
        if (run->guests_since > row.guests_since)
            row.guests_since = run->guests_since;
        row.bound += run->plan.sd_bound / options->seeds;
        if (run->last_action > row.last_action)
            row.last_action = run->last_action;
        if (run->broken && row.broken == 0)
            memcpy(row.broken_text, run->broken_text, sizeof(row.broken_text));
        row.broken += run->broken;
        cpu_run_free(run);
    }
    return row;
}

static void print_row(const struct cpu_scenario *scenario, const struct options *options)
{
    struct row row = run_scenario(scenario, &scheduler_policy, options);
    int digits = options->seeds > 1;

    printf("| %s | %s | %d | %.*f | %.*f | %d | %.1f | %.1f | %.1f |", scenario->name, scenario->about,
           scenario->intervals, digits, row.adoptions, digits, row.moves, row.last_action, row.sd_use, row.sd_load,
           row.bound);
    if (options->guests) {
        printf(" %.1f |", row.sd_guests);
        if (row.unbalanced)
            printf(" %d of %d not |", row.unbalanced, options->seeds);
        else
            printf(" %d |", row.guests_since);
    }
    if (options->replan) {
        struct row replanned = run_scenario(scenario, &cpu_rival_replan, options);

        printf(" %.*f | %.1f |", digits, replanned.moves, replanned.sd_use);
    }
    printf("%s%s\n", row.broken ? " BROKEN: " : "", row.broken_text);
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
    struct options options = {.seeds = 1};

    (void)argc;
    for (argv++; *argv && argv[0][0] == '-'; argv++) {
        if (strcmp(*argv, "--loud") == 0) {
            options.loud = true;
        } else if (strcmp(*argv, "--replan") == 0) {
            options.replan = true;
        } else if (strcmp(*argv, "--guests") == 0) {
            options.guests = true;
        } else if (strcmp(*argv, "--seeds") == 0 && argv[1] && atoi(argv[1]) > 0) {
            options.seeds = atoi(*++argv);
        } else {
            fprintf(stderr, "usage: cpu_table_main [--loud] [--replan] [--guests] [--seeds N] [NAME-PREFIX...]\n");
            return 2;
        }
    }
    printf(
        "| scenario | situation | intervals | adopted | moves | last action | mean sd of use | sd of load at the end "
        "| bound |%s%s\n|---|---|---|---|---|---|---|---|---|%s%s\n",
        options.guests ? " sd of guests' load at the end | within 5 points from interval |" : "",
        options.replan ? " moves, planned afresh each interval | mean sd of use, planned afresh |" : "",
        options.guests ? "---|---|" : "", options.replan ? "---|---|" : "");
    for (int set = 0; cpu_scenario_sets[set]; set++)
        for (const struct cpu_scenario *s = cpu_scenario_sets[set]; s->name; s++)
            if (wanted(s, argv))
                print_row(s, &options);
    return 0;
}
