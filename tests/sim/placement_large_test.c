/*
 * Compares placement_plan with longest-processing-time-first on hosts of up to 4,000 vCPUs and 512 pCPUs: plans must be
 * no worse on either count, spread and moves, and better on the whole. Prints what both reach.
 */
#include "tests/sim/lpt_placement.h"
#include "tests/sim/random_placement.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double hair = 1e-6;

struct size {
    int vcpus, pcpus;
};

/* Sums over the problems of one size. */
struct tally {
    int problems;
    double lpt_moves, lpt_sd;
    double plan_moves, plan_sd;         /* a plan that is called for */
    double forced_moves, forced_sd;     /* the best there is */
    double lpt_drifted, forced_drifted; /* moves of those problems that were well balanced once */
    int more_moves, forced_more_moves, higher_sd, missed;
};

static bool plan(struct random_placement *r, struct placement_scratch *scratch, bool force, struct placement *out)
{
    r->problem.force = force;
    return placement_plan(&r->problem, scratch, out) == 0;
}

static void compare(struct random_placement *r, bool drifted, struct placement_scratch *scratch, struct tally *t)
{
    struct lpt_placement lpt;
    struct placement planned;

    if (lpt_placement_solve(&r->problem, &lpt))
        abort();
    t->problems++;
    t->lpt_moves += lpt.moves;
    t->lpt_sd += lpt.sd;
    if (!plan(r, scratch, false, &planned))
        abort();
    t->plan_moves += planned.n_moves - planned.n_adopted;
    t->plan_sd += planned.sd_after;
    t->more_moves += planned.n_moves - planned.n_adopted > lpt.moves;
    /* within the trigger nothing is called for; beyond it, the aim, or within the margin of what LPT shows possible */
    t->missed += planned.outcome != PLACEMENT_BALANCED &&
                 planned.sd_after > fmax(r->problem.aim, lpt.sd + PLACEMENT_NEAR_BEST_SD) + hair;
    if (!plan(r, scratch, true, &planned))
        abort();
    t->forced_moves += planned.n_moves - planned.n_adopted;
    t->forced_sd += planned.sd_after;
    t->lpt_drifted += drifted ? lpt.moves : 0;
    t->forced_drifted += drifted ? planned.n_moves - planned.n_adopted : 0;
    t->forced_more_moves += planned.n_moves - planned.n_adopted > lpt.moves * 1.005;
    t->higher_sd += planned.sd_after > lpt.sd + PLACEMENT_NEAR_BEST_FORCED_SD + hair;
}

static void run_size(const struct size *size, struct placement_scratch *scratch, struct tally *t)
{
    for (int kind = 0; kind < RANDOM_DEMANDS * RANDOM_STARTS * 2; kind++) {
        struct random_placement r;
        struct random_placement_spec spec = {
            .n_pcpus = size->pcpus,
            .n_vcpus = size->vcpus,
            .demand = (enum random_placement_demand)(kind % RANDOM_DEMANDS),
            .start = (enum random_placement_start)(kind / RANDOM_DEMANDS % RANDOM_STARTS),
            .background = kind % 3 == 1,
            .floats = kind >= RANDOM_DEMANDS * RANDOM_STARTS,
            .some_fixed = kind % 4 == 3,
        };

        if (random_placement_make(&r, &spec, (uint64_t)kind + 1))
            abort();
        compare(&r, spec.start == RANDOM_START_DRIFTED, scratch, t);
        random_placement_free(&r);
    }
}

static int report(bool ok, const struct size *size, const char *what)
{
    printf("%s %d vCPUs on %d pCPUs: %s\n", ok ? "ok" : "not ok", size->vcpus, size->pcpus, what);
    return !ok;
}

int main(void)
{
    static const struct size sizes[] = {{32, 8}, {64, 16}, {200, 64}, {500, 64}, {1000, 128}, {2000, 256}, {4000, 512}};
    struct placement_scratch *scratch = placement_scratch_create();
    int failures = 0;

    if (!scratch)
        return 1;
    printf("# | vCPUs x pCPUs | problems | LPT: moves | sd | plan: moves | sd | forced plan: moves | sd |\n"
           "# |---|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
        const struct size *size = &sizes[k];
        struct tally t = {0};

        run_size(size, scratch, &t);
        printf("# | %d x %d | %d | %.1f | %.2f | %.1f | %.2f | %.1f | %.2f |\n", size->vcpus, size->pcpus, t.problems,
               t.lpt_moves / t.problems, t.lpt_sd / t.problems, t.plan_moves / t.problems, t.plan_sd / t.problems,
               t.forced_moves / t.problems, t.forced_sd / t.problems);
        printf("# more moves %d, %d; missed %d, %d\n", t.more_moves, t.forced_more_moves, t.missed, t.higher_sd);
        failures += report(t.more_moves == 0, size, "a plan never takes more moves than LPT");
        failures += report(t.missed == 0, size, "a plan meets the aim, or comes as near to the best as LPT shows");
        failures += report(t.plan_moves < t.lpt_moves / 2, size, "plans take less than half as many moves in all");
        failures += report(t.higher_sd == 0, size, "a forced plan never spreads worse than LPT");
        failures += report(t.forced_sd < t.lpt_sd, size, "forced plans spread better in all");
        failures +=
            report(t.forced_more_moves == 0, size, "a forced plan never takes more moves than LPT, but for 0.5 %");
        failures += report(t.forced_moves < t.lpt_moves, size, "forced plans take fewer moves in all");
        failures += report(t.forced_drifted < t.lpt_drifted / (size->vcpus > 256 ? 5 : 2), size,
                           "forced plans leave most in place where a host has but drifted");
    }
    placement_scratch_free(scratch);
    return failures ? 1 : 0;
}
