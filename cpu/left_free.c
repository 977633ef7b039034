#include "cpu/left_free.h"

#include <math.h>
#include <string.h>

/* Groups have room for what is pinned to them at nearly all times where their capacity lies so many standard deviations
 * of what wants to run above its mean; where it lies less than so many above, some are let go. Between the two nothing
 * changes, so that nobody is pinned and let go in turn. */
#define ROOM_DEVIATIONS 4.0
#define LEAST_DEVIATIONS 3.0

/* What is pinned to groups, in full CPUs, over all of them. */
struct pinned {
    double mean, variance;
};

/* At a moment a vCPU wants to run or doesn't, and what it wants is known to some accuracy. */
static struct pinned part_of(const struct problem *p, int vcpu)
{
    double wants = fmin(p->vcpus[vcpu].load_pct / 100.0, 1.0);

    return (struct pinned){wants, wants * (1.0 - wants) + p->source->demand->vcpus[vcpu].variance / 1e4};
}

static double capacity_of(const struct problem *p)
{
    double sum = 0.0;

    for (int i = 0; i < p->n_pool; i++)
        sum += fmax(p->capacity[i] - p->background_pct[i] / 100.0, 0.0);
    return sum;
}

/* How many standard deviations the capacity of a group lies above what is pinned to it, where that is spread evenly. */
static double room_of(const struct problem *p, const struct pinned *all, double capacity)
{
    double sd = sqrt(all->variance / p->n_pool);

    return sd > 0.0 ? (capacity - all->mean) / p->n_pool / sd : HUGE_VAL;
}

static bool floats_now(const struct problem *p, int vcpu)
{
    const struct snapshot *now = p->source->now;

    return snapshot_pinned_to(now, &now->vcpus[vcpu]) < 0;
}

/* In a view of groups all rules together stand as one (group_view.h). Whose memory comes from certain nodes isn't let
 * go either: the kernel doesn't know. */
static bool may_float(const struct problem *p, int vcpu)
{
    const struct snapshot_vcpu *v = &p->source->now->vcpus[vcpu];
    const struct snapshot_guest *g = &p->source->now->guests[v->guest];
    bool ruled = v->defined >= 0 || g->allowed >= 0 || g->memory_nodes >= 0;

    return p->vcpus[vcpu].index >= 0 && p->vcpus[vcpu].load_pct >= PLACEMENT_IDLE_PCT && !ruled &&
           !p->vcpus[vcpu].cooling && !p->vcpus[vcpu].evicted;
}

/* Lets them go, the largest first, until there is room for the others. Returns how many. */
static int let_go(const struct problem *p, bool floating, double deviations, double capacity, struct pinned *all,
                  bool *is_free, int *order)
{
    int n = 0, freed = 0;

    for (int i = 0; i < p->source->now->n_vcpus; i++) {
        int at = n;

        if (is_free[i] || !may_float(p, i) || floats_now(p, i) != floating)
            continue;
        for (; at > 0 && p->vcpus[order[at - 1]].load_pct < p->vcpus[i].load_pct; at--)
            order[at] = order[at - 1];
        order[at] = i;
        n++;
    }
    while (freed < n && room_of(p, all, capacity) < deviations) {
        struct pinned part = part_of(p, order[freed]);

        is_free[order[freed++]] = true;
        all->mean -= part.mean;
        all->variance = fmax(all->variance - part.variance, 0.0);
    }
    return freed;
}

int left_free_choose(const struct problem *p, bool *is_free, int *order)
{
    int n_vcpus = p->source->now->n_vcpus;
    double capacity = capacity_of(p);
    struct pinned all = {0.0, 0.0};
    int freed;

    memset(is_free, 0, (size_t)n_vcpus * sizeof(*is_free));
    if (p->n_pool < 2)
        return 0;
    for (int i = 0; i < n_vcpus; i++) {
        struct pinned part = part_of(p, i);

        if (p->vcpus[i].index < 0)
            continue;
        all.mean += part.mean;
        all.variance += part.variance;
    }
    freed = let_go(p, true, ROOM_DEVIATIONS, capacity, &all, is_free, order);
    return freed + let_go(p, false, LEAST_DEVIATIONS, capacity, &all, is_free, order);
}
