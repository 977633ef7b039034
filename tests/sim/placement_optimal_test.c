/*
 * Holds placement_plan against the exact solver on random problems, and against longest-processing-time-first on large
 * ones. Without arguments it takes seconds. `placement_optimal_test long` looks at ten times as many and at larger
 * ones; `placement_optimal_test SEED` at 10,000 others.
 */
#include "tests/sim/exact_placement.h"
#include "tests/sim/random_placement.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double hair = 1e-5;

/* What a batch of problems showed. */
struct tally {
    int problems;
    int planned;       /* where moves were called for */
    int excess[3];     /* problems by moves more than the fewest: 0, 1, more */
    int fewer;         /* fewer moves than the fewest: the test or the planner is wrong */
    int missed;        /* aim, or best within the margin, was not reached */
    int higher;        /* sd is higher than the same number of moves can reach, by more than counts as equal */
    int broken;        /* a plan that breaks a rule or doesn't add up */
    int untrue;        /* bound above the best there is */
    double gap;        /* sum over problems of best - bound */
    double placements; /* that the exact solver looked at */
};

static void fail(const char *what, uint64_t seed, int *count)
{
    if (*count < 3)
        printf("# seed %llx: %s\n", (unsigned long long)seed, what);
    ++*count;
}

static bool may_go(const struct placement_vcpu *v, int p)
{
    if (v->fixed || v->demand_pct < PLACEMENT_IDLE_PCT)
        return false;
    return !v->allowed || (v->allowed[p / 64] >> (p % 64) & 1);
}

static double capacity_of(const struct placement_problem *problem, int p)
{
    return problem->capacity ? problem->capacity[p] : 1;
}

/* Carries the plan out on paper. Returns what is wrong with it, or NULL. */
static const char *audit(const struct placement_problem *problem, const struct placement *plan)
{
    double *demand = calloc((size_t)problem->n_pcpus, sizeof(*demand));
    bool *moved = calloc((size_t)problem->n_vcpus + 1, sizeof(*moved));
    double sd = plan->sd_before;
    const char *wrong = NULL;

    if (!demand || !moved)
        abort();
    for (int p = 0; p < problem->n_pcpus; p++)
        demand[p] = plan->before_pct[p] * capacity_of(problem, p);
    for (int k = 0; k < plan->n_moves; k++) {
        const struct placement_move *m = &plan->moves[k];
        const struct placement_vcpu *v = &problem->vcpus[m->vcpu];

        if (moved[m->vcpu])
            wrong = "moved twice";
        moved[m->vcpu] = true;
        if (m->from != v->where || (m->from == m->to && !v->floating))
            wrong = "wrong origin";
        if (!may_go(v, m->to))
            wrong = "not allowed there";
        if (m->from >= 0)
            demand[m->from] -= v->demand_pct;
        demand[m->to] += v->demand_pct;
        sd -= m->gain;
        if (fabs(sd - exact_placement_sd(problem, demand)) > hair)
            wrong = "wrong gain";
        if ((m->why == PLACEMENT_FOR_ADOPTION) != v->floating)
            wrong = "wrong reason";
    }
    for (int p = 0; p < problem->n_pcpus; p++)
        if (fabs(demand[p] - plan->after_pct[p] * capacity_of(problem, p)) > hair)
            wrong = "wrong loads after";
    for (int v = 0; v < problem->n_vcpus; v++)
        if (problem->vcpus[v].floating && !moved[v] && !problem->vcpus[v].allowed && may_go(&problem->vcpus[v], 0))
            wrong = "not adopted";
    if (fabs(sd - plan->sd_after) > hair)
        wrong = "wrong sd after";
    free(demand);
    free(moved);
    return wrong;
}

static void judge(const struct placement_problem *problem, const struct placement *plan,
                  const struct exact_placement *exact, uint64_t seed, struct tally *t)
{
    double near = problem->force ? PLACEMENT_NEAR_BEST_FORCED_SD : PLACEMENT_NEAR_BEST_SD;
    int moves = plan->n_moves - plan->n_adopted, fewest;
    const char *wrong = audit(problem, plan);
    double limit;

    if (!problem->force && exact->sd[0] <= problem->trigger)
        limit = problem->trigger;
    else if (!problem->force && exact->best_sd <= problem->aim)
        limit = problem->aim;
    else
        limit = exact->best_sd + near;
    fewest = exact_placement_moves(exact, limit);
    t->problems++;
    t->planned += fewest > 0;
    t->placements += exact->placements;
    t->gap += exact->best_sd - plan->bound;
    if (wrong)
        fail(wrong, seed, &t->broken);
    if (plan->bound > exact->best_sd + hair)
        fail("bound above the best", seed, &t->untrue);
    if (plan->sd_after > limit + hair)
        fail("spread missed", seed, &t->missed);
    else if (moves < fewest)
        fail("fewer than fewest", seed, &t->fewer);
    else
        t->excess[moves - fewest > 2 ? 2 : moves - fewest]++;
    if (plan->sd_after > exact->sd[moves] + PLACEMENT_EQUAL_SD + hair)
        fail("not the lowest sd", seed, &t->higher);
}

struct shape {
    int pcpus, vcpus; /* vcpus: most */
};

/* Random problems, judged together. */
struct batch {
    const char *name;
    const struct shape *shapes;
    int n_shapes, least; /* least: vCPUs */
    enum random_placement_capacity capacities;
    int problems;
    uint64_t seed;
    double fewest; /* share of them that must have the fewest moves */
};

/* A problem whose kind and size follow from its seed. */
static void draw_problem(struct random_placement *r, const struct batch *batch, uint64_t seed)
{
    uint64_t state = seed ^ 0x5bd1e995;
    const struct shape *shape = &batch->shapes[random_placement_next(&state) % (uint64_t)batch->n_shapes];
    struct random_placement_spec spec = {
        .n_pcpus = shape->pcpus,
        .n_vcpus = shape->vcpus - (int)(random_placement_next(&state) % (uint64_t)(shape->vcpus - batch->least + 1)),
        .demand = (enum random_placement_demand)(seed % RANDOM_DEMANDS),
        .start = (enum random_placement_start)(seed / RANDOM_DEMANDS % RANDOM_STARTS),
        .background = random_placement_next(&state) % 3 == 0,
        .masks = random_placement_next(&state) % 4 == 0,
        .floats = random_placement_next(&state) % 4 == 0,
        .some_fixed = random_placement_next(&state) % 4 == 0,
        .capacities = batch->capacities,
    };
    if (random_placement_make(r, &spec, seed))
        abort();
    r->problem.force = random_placement_next(&state) % 8 == 0;
}

static void run_batch(const struct batch *batch, struct tally tallies[RANDOM_DEMANDS])
{
    struct placement_scratch *scratch = placement_scratch_create();

    for (int k = 0; k < batch->problems; k++) {
        struct random_placement r;
        struct exact_placement exact;
        struct placement plan;
        uint64_t one = batch->seed + (uint64_t)k;

        draw_problem(&r, batch, one);
        if (!scratch || placement_plan(&r.problem, scratch, &plan) || exact_placement_solve(&r.problem, false, &exact))
            abort();
        judge(&r.problem, &plan, &exact, one, &tallies[one % RANDOM_DEMANDS]);
        random_placement_free(&r);
    }
    placement_scratch_free(scratch);
}

static void add(struct tally *to, const struct tally *from)
{
    to->problems += from->problems;
    to->planned += from->planned;
    for (int k = 0; k < 3; k++)
        to->excess[k] += from->excess[k];
    to->fewer += from->fewer;
    to->missed += from->missed;
    to->higher += from->higher;
    to->broken += from->broken;
    to->untrue += from->untrue;
    to->gap += from->gap;
    to->placements += from->placements;
}

static void print_tally(const char *name, const struct tally *t)
{
    printf("# | %-11s | %6d | %6d | %6d | %3d | %3d | %3d | %3d | %.3f |\n", name, t->problems, t->planned,
           t->excess[0], t->excess[1], t->excess[2], t->missed, t->higher, t->gap / t->problems);
}

static int report(bool ok, const char *name)
{
    printf("%s %s\n", ok ? "ok" : "not ok", name);
    return !ok;
}

static int test_batch(const struct batch *batch)
{
    static const char *const demands[] = {"equal", "two-valued", "uniform", "heavy tail", "near equal"};
    struct tally tallies[RANDOM_DEMANDS] = {0}, all = {0};
    char line[160];
    double few = (1 - batch->fewest) * batch->problems; /* 0 where all must be right */
    int failures = 0;

    run_batch(batch, tallies);
    printf(
        "# %s\n# | demands | problems | with moves | fewest | +1 | more | spread missed | sd not lowest | bound gap |\n"
        "# |---|---|---|---|---|---|---|---|---|\n",
        batch->name);
    for (int d = 0; d < RANDOM_DEMANDS; d++) {
        print_tally(demands[d], &tallies[d]);
        add(&all, &tallies[d]);
    }
    print_tally("all", &all);
    printf("# %.0f placements looked at\n", all.placements);
#define CHECK(condition, text)                                                                                         \
    do {                                                                                                               \
        snprintf(line, sizeof(line), "%s: %s", batch->name, text);                                                     \
        failures += report(condition, line);                                                                           \
    } while (0)
    CHECK(all.excess[0] - (all.problems - all.planned) >= batch->fewest * all.planned,
          batch->fewest < 1 ? "fewest moves in at least 99 % of problems that call for moves" : "fewest moves, always");
    CHECK(all.excess[2] <= 0.3 * few && all.fewer == 0, "hardly ever more than one move above the fewest");
    CHECK(all.missed <= 0.3 * few, "aim met, or spread within the margin of the best");
    CHECK(all.higher <= 0.01 * all.problems, "lowest spread for its moves in at least 99 %");
    CHECK(all.broken == 0, "no plan breaks a rule; gains and loads add up");
    CHECK(all.untrue == 0, "bound never above the best");
#undef CHECK
    return failures;
}

/* What leaving homes gained, and what it had to. */
struct home_tally {
    int problems, left;
    int dear;   /* somebody left for less than it must gain */
    int missed; /* a clearly better trade of sd against leaving was there */
    int excess; /* nobody left, and there are more moves than needed or the spread is missed */
};

static void judge_homes(const struct placement_problem *problem, const struct placement *plan, uint64_t seed,
                        struct home_tally *t)
{
    struct exact_placement home, any;
    struct tally stayed = {0};
    double price = 0;
    int left = 0;

    if (exact_placement_solve(problem, true, &home) || exact_placement_solve(problem, false, &any))
        abort();
    for (int m = 0; m < plan->n_moves; m++)
        if (exact_placement_leaves(problem, plan->moves[m].vcpu, plan->moves[m].to)) {
            left++;
            price += problem->vcpus[plan->moves[m].vcpu].leave_gain;
        }
    t->problems++;
    t->left += left > 0;
    if (left && plan->sd_after > home.best_sd - price + PLACEMENT_EQUAL_SD + hair)
        fail("left home for too little", seed, &t->dear);
    if (home.sd[0] > problem->trigger && home.best_sd > problem->aim &&
        plan->sd_after + price > any.best_traded + 2 * PLACEMENT_NEAR_BEST_SD)
        t->missed++;
    if (left)
        return;
    judge(problem, plan, &home, seed, &stayed);
    if (stayed.excess[0] != 1)
        fail("stayed at home, but not at its best", seed, &t->excess);
}

static int test_homes(int problems, uint64_t seed)
{
    struct placement_scratch *scratch = placement_scratch_create();
    struct home_tally t = {0};
    int failures = 0;

    for (int k = 0; k < problems; k++) {
        uint64_t one = seed + (uint64_t)k;
        struct random_placement_spec spec = {
            .n_pcpus = 4,
            .n_vcpus = 3 + k % 5,
            .demand = (enum random_placement_demand)(k % RANDOM_DEMANDS),
            .start = (enum random_placement_start)(k / RANDOM_DEMANDS % RANDOM_STARTS),
            .background = k % 3 == 0,
            .floats = k % 7 == 0,
            .nodes = true,
        };
        struct random_placement r;
        struct placement plan;

        if (!scratch || random_placement_make(&r, &spec, one) || placement_plan(&r.problem, scratch, &plan))
            abort();
        judge_homes(&r.problem, &plan, one, &t);
        random_placement_free(&r);
    }
    placement_scratch_free(scratch);
    printf(
        "# homes: %d problems, %d in which somebody left, %d left for too little, %d better trades missed, %d not at "
        "their best at home\n",
        t.problems, t.left, t.dear, t.missed, t.excess);
    failures += report(t.left > t.problems / 20, "homes: left where it is worth it");
    failures += report(t.dear == 0, "homes: never left for less than must be gained");
    failures += report(t.missed <= 0.02 * t.problems, "homes: clearly better trades missed in no more than 2 %");
    failures += report(t.excess <= 0.01 * t.problems, "homes: fewest moves when nobody leaves, in at least 99 %");
    return failures;
}

/* The bound alone, as it is told when nothing is looked for: never above what an exhaustive search finds. */
static int test_bounds(int problems, uint64_t seed, enum random_placement_capacity capacities)
{
    static const struct shape shapes[] = {{2, 13}, {3, 10}, {4, 8}, {5, 6}, {6, 6}};
    struct placement_scratch *scratch = placement_scratch_create();
    struct tally t = {0};
    double best = 0;

    for (int k = 0; k < problems; k++) {
        const struct shape *shape = &shapes[k % 5];
        struct random_placement_spec spec = {
            .n_pcpus = shape->pcpus,
            .n_vcpus = shape->vcpus - k / 5 % 3,
            .demand = (enum random_placement_demand)(k / 15 % RANDOM_DEMANDS),
            .start = (enum random_placement_start)(k / 75 % RANDOM_STARTS),
            .background = k % 4 > 0,
            .masks = true,
            .nested = k % 3 > 0,
            .capacities = capacities,
        };
        struct exact_placement exact;
        struct random_placement r;
        struct placement plan;

        if (random_placement_make(&r, &spec, seed + (uint64_t)k))
            abort();
        r.problem.trigger = r.problem.aim = 1e6;
        if (!scratch || placement_plan(&r.problem, scratch, &plan) || exact_placement_solve(&r.problem, false, &exact))
            abort();
        t.gap += exact.best_sd - plan.bound;
        best += exact.best_sd;
        if (plan.bound > exact.best_sd + hair)
            fail("bound above the best", seed + (uint64_t)k, &t.untrue);
        random_placement_free(&r);
    }
    placement_scratch_free(scratch);
    printf("# bounds%s: %d problems, on average %.3f below a best sd of %.3f\n", capacities ? ", pCPUs differ" : "",
           problems, t.gap / problems, best / problems);
    return report(t.untrue == 0,
                  capacities ? "bounds, pCPUs differ: never above the best" : "bounds: never above the best") +
           report(t.gap < best / (capacities ? 3 : 10), "bounds: near the best, on average");
}

/* The same problem with cores for pCPUs, pCPU n being a thread of core n / 2; masks and capacity: room. */
static void cores_of(const struct random_placement *r, struct placement_problem *cores, struct placement_vcpu *vcpus,
                     uint64_t *masks, double *capacity, double *background)
{
    int n = (r->problem.n_pcpus + 1) / 2;

    *cores = r->problem;
    cores->n_pcpus = n;
    cores->capacity = capacity;
    cores->background_pct = background;
    cores->core = NULL;
    cores->core_capacity = 0;
    cores->vcpus = vcpus;
    for (int k = 0; k < n; k++) {
        capacity[k] = 2 * k + 1 < r->problem.n_pcpus ? r->problem.core_capacity : 1;
        background[k] = r->background_pct[2 * k] + (2 * k + 1 < r->problem.n_pcpus ? r->background_pct[2 * k + 1] : 0);
    }
    for (int v = 0; v < cores->n_vcpus; v++) {
        vcpus[v] = r->vcpus[v];
        vcpus[v].where = vcpus[v].where >= 0 ? vcpus[v].where / 2 : -1;
        masks[v] = 0;
        for (int p = 0; vcpus[v].allowed && p < r->problem.n_pcpus; p++)
            masks[v] |= (vcpus[v].allowed[0] >> p & 1) << p / 2;
        vcpus[v].allowed = vcpus[v].allowed ? &masks[v] : NULL;
    }
}

/* Plans in which cores were balanced: as few vCPUs leave their core as an exhaustive search over cores needs. */
static int test_cores(int problems, uint64_t seed)
{
    enum { VCPUS = 9 };
    struct placement_scratch *scratch = placement_scratch_create();
    struct tally t = {0};
    double threads_sd = 0, cores_sd = 0;

    for (int k = 0; k < problems; k++) {
        struct random_placement_spec spec = {
            .n_pcpus = 3 + k % 4,
            .n_vcpus = VCPUS - k % 5,
            .demand = (enum random_placement_demand)(k % RANDOM_DEMANDS),
            .start = (enum random_placement_start)(k / RANDOM_DEMANDS % RANDOM_STARTS),
            .background = k % 3 == 0,
            .masks = k % 4 == 0,
            .floats = k % 5 == 0,
            .some_fixed = k % 7 == 0,
        };
        static const int core[] = {0, 0, 1, 1, 2, 2};
        struct placement_vcpu vcpus[VCPUS];
        double capacity[3], background[3], limit;
        struct placement_problem cores;
        struct exact_placement exact;
        struct random_placement r;
        uint64_t masks[VCPUS];
        struct placement plan;
        int left = 0, fewest;

        if (random_placement_make(&r, &spec, seed + (uint64_t)k))
            abort();
        r.problem.core = core;
        r.problem.core_capacity = 1.3;
        cores_of(&r, &cores, vcpus, masks, capacity, background);
        if (!scratch || placement_plan(&r.problem, scratch, &plan) || exact_placement_solve(&cores, false, &exact))
            abort();
        if (audit(&r.problem, &plan))
            fail(audit(&r.problem, &plan), seed + (uint64_t)k, &t.broken);
        if (plan.cores_sd_before >= 0) {
            for (int m = 0; m < plan.n_moves; m++)
                left += !r.vcpus[plan.moves[m].vcpu].floating && plan.moves[m].from / 2 != plan.moves[m].to / 2;
            if (exact.sd[0] <= r.problem.trigger)
                limit = r.problem.trigger;
            else
                limit = exact.best_sd <= r.problem.aim ? r.problem.aim : exact.best_sd + PLACEMENT_NEAR_BEST_SD;
            fewest = exact_placement_moves(&exact, limit);
            t.problems++;
            t.planned += left > 0;
            t.excess[0] += left == fewest;
            threads_sd += plan.sd_after;
            cores_sd += plan.cores_sd_after;
            if (plan.cores_sd_after > limit + hair)
                fail("cores' spread missed", seed + (uint64_t)k, &t.missed);
        }
        random_placement_free(&r);
    }
    placement_scratch_free(scratch);
    printf("# cores: %d of %d problems, %d in which somebody left a core; sd of threads %.2f, of cores %.2f\n",
           t.problems, problems, t.planned, threads_sd / t.problems, cores_sd / t.problems);
    return report(t.problems > problems / 10 && t.planned > t.problems / 4, "cores: balanced where threads can't be") +
           report(t.excess[0] == t.problems, "cores: as few leave their core as can be, always") +
           report(t.missed == 0, "cores: within the margin of the best") +
           report(t.broken == 0, "cores: no plan breaks a rule; gains and loads add up");
}

int main(int argc, char **argv)
{
    static const struct shape small[] = {{2, 13}, {3, 10}, {4, 8}, {5, 6}, {6, 6}};
    static const struct shape large[] = {{2, 22}, {3, 14}, {4, 12}, {5, 10}, {6, 9}};
    bool is_long = argc > 1 && strcmp(argv[1], "long") == 0;
    uint64_t seed = argc > 1 && !is_long ? strtoull(argv[1], NULL, 16) : 20240601;
    struct batch batch = {"small", small, 5, 2, RANDOM_CAPACITY_FULL, is_long ? 100000 : 10000, seed, 1};
    int failures = test_batch(&batch);

    batch.name = "small, pCPUs differ";
    batch.capacities = RANDOM_CAPACITY_DIFFERS;
    failures += test_batch(&batch);
    batch.name = "small, groups of pCPUs";
    batch.capacities = RANDOM_CAPACITY_GROUPS;
    failures += test_batch(&batch);
    failures += test_homes(is_long ? 20000 : 2000, seed);
    failures += test_bounds(is_long ? 50000 : 5000, seed, RANDOM_CAPACITY_FULL);
    failures += test_bounds(is_long ? 50000 : 5000, seed, RANDOM_CAPACITY_DIFFERS);
    failures += test_cores(is_long ? 20000 : 2000, seed);
    if (is_long) {
        batch = (struct batch){"larger", large, 5, 8, RANDOM_CAPACITY_FULL, 1500, seed + 1000000, 0.99};
        failures += test_batch(&batch);
        batch.name = "larger, pCPUs differ";
        batch.capacities = RANDOM_CAPACITY_DIFFERS;
        failures += test_batch(&batch);
    }
    return failures ? 1 : 0;
}
