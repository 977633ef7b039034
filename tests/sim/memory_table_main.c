/*
 * Prints the Markdown tables of docs/measurements/memory_simulated.md: the same scenarios under our policy and under
 * the plain one of two thresholds and fixed steps. With names of scenarios: only those; -t: traces our policy's
 * decisions.
 *
 *     build/tests/sim/memory_table_main [-t] [SCENARIO...]
 */
#include "tests/sim/fixed_step.h"
#include "tests/sim/memory_scenarios.h"

#include <string.h>

static void row(const struct memory_scenario *s, const char *policy_name, const struct policy_ops *policy, bool lenient,
                FILE *trace)
{
    struct memory_run run = {.trace = trace, .lenient = lenient};
    struct memory_sim *sim;

    memory_scenario_run(s, policy, NULL, &sim, &run, NULL, NULL);
    printf("| %s | %s | %.0f | %.0f | %u | %.0f | %.0f | %.0f | %u | %u |\n", s->title, policy_name, run.unmet_mib_s,
           run.swapped_in, run.ooms, run.lowest_unused, run.lowest_host, run.largest_cut, run.set_calls, run.reversals);
    if (run.broken)
        printf("BROKEN %u times: %s\n", run.broken, run.first_broken);
    memory_run_end(&run);
    memory_sim_free(sim);
}

static bool wanted(const struct memory_scenario *s, int argc, char **argv, int first)
{
    for (int i = first; i < argc; i++)
        if (strcmp(argv[i], s->name) == 0)
            return true;
    return first >= argc;
}

int main(int argc, char **argv)
{
    bool traced = argc > 1 && strcmp(argv[1], "-t") == 0;

    printf("| scenario | policy | unmet MiB·s | swapped in MiB | out of memory | lowest unused | lowest host free | "
           "largest cut | set calls | reversals |\n");
    printf("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const struct memory_scenario *s = memory_scenarios; s->name; s++) {
        if (!wanted(s, argc, argv, traced ? 2 : 1))
            continue;
        row(s, "coordinator", &coordinator_policy, false, traced ? stdout : NULL);
        row(s, "fixed step", &fixed_step_policy, true, NULL);
    }
    return 0;
}
