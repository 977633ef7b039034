/*
 * Prints how well random hosts whose loads change at random moments are balanced, by our scheduler and by its rivals,
 * as rows of a Markdown table.
 *
 *     cpu_random_main [--hosts N] [--changes N] [--interval SECONDS] [--ours] [--loud] [--seed N] [KIND...]
 *
 * KIND: 0 closed, 1 open, 2 both, 3 both with idle and busy ones; all where none is named.
 */
#include "cpu/scheduler.h"
#include "tests/sim/cpu_random.h"
#include "tests/sim/cpu_rivals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    int hosts, changes, seed;
    double interval_s;
    bool ours, loud;
};

static const struct rival {
    const char *name;
    const struct policy_ops *policy;
    bool floats;
} rivals[] = {
    {"vcpu_scheduler", &scheduler_policy, false},
    {"re-planned by use, each interval", &cpu_rival_replan, false},
    {"re-planned by use, where uneven", &cpu_rival_replan_uneven, false},
    {"push and pull", &cpu_rival_push, false},
    {"equal counts", &cpu_rival_count, false},
    {"left floating", &cpu_rival_none, true},
};

enum { RIVALS = sizeof(rivals) / sizeof(*rivals) };

static void print_row(const struct options *options, enum cpu_random_loads loads, const struct rival *rival)
{
    struct cpu_random_score sum = {0};
    double n;

    for (int i = 0; i < options->hosts; i++) {
        struct cpu_random_host host = {.loads = loads,
                                       .interval_s = options->interval_s,
                                       .seed = (uint64_t)(options->seed + i),
                                       .changes = options->changes,
                                       .floats = rival->floats,
                                       .loud = options->loud};
        struct cpu_random_score score;

        if (options->loud)
            printf("host %d\n", options->seed + i);
        score = cpu_random_play(&host, rival->policy);
        cpu_random_add(&sum, &score);
    }
    n = sum.possible ? sum.possible : 1;
    printf("| %s | %g s | %s | %d of %d | %.0f %% | %.0f %% | %.0f %% | %.1f | %.1f | %.1f %% |\n",
           cpu_random_name(loads), options->interval_s, rival->name, sum.possible, sum.changes, 100.0 * sum.in_time / n,
           sum.clear ? 100.0 * sum.clear_in_time / sum.clear : 0.0, 100.0 * sum.at_end / n, sum.excess / n,
           (double)sum.pins / sum.changes, 100.0 * sum.work_s / sum.most_work_s);
    if (rival->policy == &scheduler_policy && sum.broken)
        printf("BROKEN %d times: %s\n", sum.broken, sum.broken_text);
    fflush(stdout);
}

static double number_after(char ***argv)
{
    if (!(*argv)[1] || atof((*argv)[1]) <= 0.0) {
        fprintf(stderr, "%s wants a number\n", **argv);
        exit(2);
    }
    return atof(*++*argv);
}

static bool wanted(char **kinds, int loads)
{
    if (!*kinds)
        return true;
    for (; *kinds; kinds++)
        if (atoi(*kinds) == loads)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct options options = {.hosts = 50, .changes = 6, .seed = 1, .interval_s = 4.0};

    (void)argc;
    for (argv++; *argv && argv[0][0] == '-'; argv++) {
        if (strcmp(*argv, "--hosts") == 0)
            options.hosts = (int)number_after(&argv);
        else if (strcmp(*argv, "--changes") == 0)
            options.changes = (int)number_after(&argv);
        else if (strcmp(*argv, "--seed") == 0)
            options.seed = (int)number_after(&argv);
        else if (strcmp(*argv, "--interval") == 0)
            options.interval_s = number_after(&argv);
        else if (strcmp(*argv, "--ours") == 0)
            options.ours = true;
        else if (strcmp(*argv, "--loud") == 0)
            options.loud = true;
        else
            exit((fprintf(stderr, "cpu_random_main: unknown option %s\n", *argv), 2));
    }
    printf("| loads | interval | placed by | can be balanced | within 5 intervals, for good | the same, "
           "best at most 4 | at the end | "
           "sd above the best | pins a change | work done |\n|---|---|---|---|---|---|---|---|---|---|\n");
    for (int loads = 0; loads < CPU_RANDOM_KINDS; loads++)
        for (int i = 0; wanted(argv, loads) && i < (options.ours ? 1 : RIVALS); i++)
            print_row(&options, (enum cpu_random_loads)loads, &rivals[i]);
    return 0;
}
