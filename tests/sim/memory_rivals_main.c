/*
 * Prints the Markdown tables of docs/measurements/memory_rivals.md: our policy and others, all on the same hosts.
 *
 *     build/tests/sim/memory_rivals_main [-n HOSTS] [-i INTERVAL] [-r FOLDER] [-s FIRST_SEED] [POLICY...]
 *
 * HOSTS random ones (24) of each kind, for ten minutes each, decided every INTERVAL (4) seconds; with a FOLDER of
 * recorded loads, hosts of such guests, too. POLICY: just these, by name.
 */
#include "tests/sim/memory_hosts.h"
#include "tests/sim/memory_rivals.h"
#include "tests/sim/memory_scenarios.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double seconds = 600;
static unsigned hosts = 24;
static double interval_s = 4;
static uint64_t first_seed = 1;
static const char *folder;

static void row(const char *kind, const char *policy, const struct memory_score *s)
{
    printf("| %s | %s | %.0f | %.0f | %u | %u | %.1f | %.0f | %u | %u | %.1f | %u |\n", kind, policy, s->unmet_gib_s,
           s->unavoidable_gib_s, s->kills, s->kills_spared, s->swapped_gib, s->below_reserve_s, s->touches, s->killed,
           s->slack_gib / s->hosts, s->calls);
    fflush(stdout);
}

/* The scenarios, each as often as it decides by itself. */
static void on_scenarios(struct memory_score *score, const struct memory_rival *rival)
{
    struct coordinator_settings settings = coordinator_settings_default;

    if (rival->burst_mib_s > 0)
        settings.burst_mib_s = rival->burst_mib_s;
    for (const struct memory_scenario *s = memory_scenarios; s->name; s++) {
        struct memory_run run = {.lenient = true};
        struct memory_sim *sim;

        memory_scenario_run(s, rival->ops, &settings, &sim, &run, NULL, NULL);
        score->unmet_gib_s += run.unmet_mib_s / 1024;
        score->unavoidable_gib_s += run.unavoidable_mib_s / 1024;
        score->swapped_gib += run.swapped_in / 1024;
        score->kills += run.ooms;
        score->kills_spared += run.ooms_spared;
        score->below_reserve_s += run.below_reserve_s;
        score->touches += run.touches;
        score->killed += memory_sim_host_truth(sim).killed;
        score->slack_gib += run.slack_mib_s / (s->interval_s * s->intervals) / 1024;
        score->calls += run.set_calls;
        score->hosts++;
        memory_run_end(&run);
        memory_sim_free(sim);
    }
}

static bool on_kind(struct memory_score *score, const struct memory_rival *rival, int kind)
{
    if (kind == 3) {
        on_scenarios(score, rival);
        return true;
    }
    for (unsigned i = 0; i < hosts; i++) {
        if (kind < 3)
            memory_hosts_random(score, rival, (enum memory_supply)kind, first_seed + i, interval_s, seconds);
        else if (!memory_hosts_recorded(score, rival, folder, first_seed + i, interval_s, seconds))
            return false;
    }
    return true;
}

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = optind; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return optind >= argc;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"plenty", "tight", "short", "scenarios", "recorded"};
    int option;

    while ((option = getopt(argc, argv, "n:i:r:s:")) != -1) {
        if (option == 'n')
            hosts = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'i')
            interval_s = strtod(optarg, NULL);
        else if (option == 'r')
            folder = optarg;
        else if (option == 's')
            first_seed = strtoull(optarg, NULL, 10);
        else
            return 2;
    }
    printf("| hosts | policy | unmet GiB·s | not to be met | kills | although there was memory | swapped in GiB | host "
           "below reserve s | "
           "times | killed by the host | slack GiB | set calls |\n");
    printf("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (int kind = 0; kind < (folder ? 5 : 4); kind++)
        for (const struct memory_rival *r = memory_rivals; r->name; r++) {
            struct memory_score score = {0};

            if (!wanted(r->name, argc, argv))
                continue;
            if (!on_kind(&score, r, kind)) {
                fprintf(stderr, "%s: no recorded loads there\n", folder);
                return 1;
            }
            row(kinds[kind], r->name, &score);
        }
    return 0;
}
