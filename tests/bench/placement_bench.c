/*
 * How long placement_plan takes, from 8 vCPUs on 4 pCPUs to 4,000 on 512: a plan when the host is balanced (what
 * happens nearly every interval), a plan of a few moves, and a forced full rebalance. Prints Markdown tables. Times are
 * of this thread alone (CLOCK_THREAD_CPUTIME_ID), medians of several runs; allocations are counted after the first run.
 */
#include "tests/sim/random_placement.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 9 };

static long allocations;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
/* glibc's own names of what is counted here on its way. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}
#endif

struct measurement {
    double ms;
    int moves;
    double sd;
    long allocations;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

static struct measurement measure(const struct placement_problem *problem, struct placement_scratch *scratch)
{
    struct measurement m = {0};
    struct placement plan;
    double ms[RUNS];

    for (int run = -1; run < RUNS; run++) {
        long before = allocations;
        double start = now_ms();

        if (placement_plan(problem, scratch, &plan))
            abort();
        if (run < 0)
            continue;
        ms[run] = now_ms() - start;
        m.allocations += allocations - before;
    }
    qsort(ms, RUNS, sizeof(*ms), by_value);
    m.ms = ms[RUNS / 2];
    m.moves = plan.n_moves - plan.n_adopted;
    m.sd = plan.sd_after;
    return m;
}

static struct random_placement make(int vcpus, int pcpus, enum random_placement_start start, bool floats)
{
    struct random_placement r;
    struct random_placement_spec spec = {.n_pcpus = pcpus,
                                         .n_vcpus = vcpus,
                                         .demand = RANDOM_DEMAND_UNIFORM,
                                         .start = start,
                                         .background = true,
                                         .floats = floats};

    if (random_placement_make(&r, &spec, 1))
        abort();
    return r;
}

/* Carries a forced plan out, so that the problem is as balanced as can be. */
static void balance(struct random_placement *r, struct placement_scratch *scratch)
{
    struct placement plan;

    r->problem.force = true;
    if (placement_plan(&r->problem, scratch, &plan))
        abort();
    for (int v = 0; v < r->problem.n_vcpus; v++) {
        r->vcpus[v].where = plan.to[v];
        r->vcpus[v].floating = false;
    }
    r->problem.force = false;
    r->problem.trigger = plan.sd_after + 0.2; /* small hosts may not get below the usual one, large ones stay within */
    r->problem.aim = plan.sd_after + 0.1;
}

static struct measurement measure_steady(int vcpus, int pcpus, struct placement_scratch *scratch)
{
    struct random_placement r = make(vcpus, pcpus, RANDOM_START_SCATTERED, false);
    struct measurement m;

    balance(&r, scratch);
    m = measure(&r.problem, scratch);
    random_placement_free(&r);
    return m;
}

/* A few vCPUs of a balanced host are put on its first pCPU. */
static struct measurement measure_few(int vcpus, int pcpus, int few, struct placement_scratch *scratch)
{
    struct random_placement r = make(vcpus, pcpus, RANDOM_START_SCATTERED, false);
    struct measurement m;

    for (int v = 0; v < few; v++)
        r.vcpus[v].demand_pct = 40;
    balance(&r, scratch);
    for (int v = 0; v < few; v++)
        r.vcpus[v].where = 0;
    m = measure(&r.problem, scratch);
    random_placement_free(&r);
    return m;
}

/* The slowest of forced plans from several bad starts. */
static struct measurement measure_forced(int vcpus, int pcpus, struct placement_scratch *scratch, const char **which)
{
    static const struct {
        const char *name;
        enum random_placement_start start;
        bool floats;
    } starts[] = {
        {"all on one pCPU", RANDOM_START_ONE_PCPU, false}, {"on half of the pCPUs", RANDOM_START_HALF, false},
        {"scattered", RANDOM_START_SCATTERED, false},      {"a third floating", RANDOM_START_SCATTERED, true},
        {"drifted", RANDOM_START_DRIFTED, false},
    };
    struct measurement worst = {0};

    for (size_t k = 0; k < sizeof(starts) / sizeof(*starts); k++) {
        struct random_placement r = make(vcpus, pcpus, starts[k].start, starts[k].floats);
        struct measurement m;

        r.problem.force = true;
        m = measure(&r.problem, scratch);
        if (m.ms > worst.ms) {
            m.allocations += worst.allocations;
            worst = m;
            *which = starts[k].name;
        }
        random_placement_free(&r);
    }
    return worst;
}

static void print_sizes(struct placement_scratch *scratch)
{
    static const int sizes[][2] = {{8, 4},    {16, 4},   {32, 8},     {64, 16},    {128, 32},
                                   {250, 64}, {500, 64}, {1000, 128}, {2000, 256}, {4000, 512}};

    printf("| vCPUs x pCPUs | balanced, ms | few moves, ms | moves | forced, worst, ms | moves | sd reached | from | "
           "allocations |\n|---:|---:|---:|---:|---:|---:|---:|---|---:|\n");
    for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
        int vcpus = sizes[k][0], pcpus = sizes[k][1];
        const char *which = "";
        struct measurement steady = measure_steady(vcpus, pcpus, scratch);
        struct measurement few = measure_few(vcpus, pcpus, 3, scratch);
        struct measurement forced = measure_forced(vcpus, pcpus, scratch, &which);

        printf("| %d x %d | %.3f | %.3f | %d | %.2f | %d | %.2f | %s | %ld |\n", vcpus, pcpus, steady.ms, few.ms,
               few.moves, forced.ms, forced.moves, forced.sd, which,
               steady.allocations + few.allocations + forced.allocations);
    }
}

/* The forced plan of the largest usual host: every kind of demand and of rules, from every kind of start; the slowest
 * of several hosts each. */
static void print_forced(struct placement_scratch *scratch)
{
    enum { HOSTS = 3 };
    static const char *const demands[] = {"equal", "two-valued", "uniform", "heavy tail", "near equal"};
    static const struct {
        const char *name;
        struct random_placement_spec spec;
    } kinds[] = {
        {"", {.background = true}},
        {", a third floating", {.background = true, .floats = true}},
        {", homes", {.background = true, .nodes = true}},
        {", homes, a third floating", {.background = true, .floats = true, .nodes = true}},
        {", a third under masks", {.background = true, .masks = true}},
    };
    double worst = 0;

    printf("\n| forced, 2000 x 256 | all on one pCPU, ms | on half of the pCPUs, ms | scattered, ms | drifted, ms "
           "|\n|---|---:|---:|---:|---:|\n");
    for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
        for (int demand = 0; demand < RANDOM_DEMANDS; demand++) {
            printf("| %s%s |", demands[demand], kinds[k].name);
            for (int start = 0; start < RANDOM_STARTS; start++) {
                double slowest = 0;

                for (int seed = 1; seed <= HOSTS; seed++) {
                    struct random_placement_spec spec = kinds[k].spec;
                    struct random_placement r;

                    spec.n_vcpus = 2000;
                    spec.n_pcpus = 256;
                    spec.demand = (enum random_placement_demand)demand;
                    spec.start = (enum random_placement_start)start;
                    if (random_placement_make(&r, &spec, (uint64_t)seed))
                        abort();
                    r.problem.force = true;
                    slowest = fmax(slowest, measure(&r.problem, scratch).ms);
                    random_placement_free(&r);
                }
                printf(" %.2f |", slowest);
                worst = fmax(worst, slowest);
            }
            printf("\n");
        }
    printf("| the worst of all | %.2f | | | |\n", worst);
}

/* One more thing grows at a time: vCPUs on as many pCPUs, as many moves. */
static void print_growth(struct placement_scratch *scratch)
{
    double last_steady = 0, last_few = 0;

    printf("\n| vCPUs on 64 pCPUs | balanced, ms | ratio | few moves, ms | ratio | moves "
           "|\n|---:|---:|---:|---:|---:|---:|\n");
    for (int vcpus = 250; vcpus <= 4000; vcpus *= 2) {
        struct measurement steady = measure_steady(vcpus, 64, scratch);
        struct measurement few = measure_few(vcpus, 64, 5, scratch);

        printf("| %d | %.3f | %.2f | %.3f | %.2f | %d |\n", vcpus, steady.ms,
               last_steady > 0 ? steady.ms / last_steady : 0, few.ms, last_few > 0 ? few.ms / last_few : 0, few.moves);
        last_steady = steady.ms;
        last_few = few.ms;
    }
}

int main(void)
{
    struct placement_scratch *scratch = placement_scratch_create();

    if (!scratch)
        return 1;
    print_sizes(scratch);
    print_forced(scratch);
    print_growth(scratch);
    placement_scratch_free(scratch);
    return 0;
}
