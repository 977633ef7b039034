/*
 * From a snapshot and what demand.h remembers to the problem that placement.h solves: which pCPUs take part, which
 * vCPUs may move and where to, what counts as load that can't be moved, and how exactly all that is known.
 */
#ifndef CPU_PROBLEM_H
#define CPU_PROBLEM_H

#include "cpu/demand/demand.h"
#include "cpu/placement/placement.h"
#include "cpu/scheduler.h"

#include <stdint.h>

/* Why a vCPU is or isn't in the hands of the scheduler. */
enum problem_role {
    PROBLEM_MANAGED,
    PROBLEM_LEARNING, /* no figures yet */
    PROBLEM_LOCKED,
    PROBLEM_EXCLUDED,
    PROBLEM_METADATA,
    PROBLEM_STALE,
    PROBLEM_UNREADABLE,
    PROBLEM_REALTIME,
    PROBLEM_DEDICATED,
    PROBLEM_PAUSED,
    PROBLEM_STOPPING,
    PROBLEM_BUSY,    /* a migration or another job owns it */
    PROBLEM_REFUSED, /* on a pCPU that refuses pins */
    PROBLEM_OUTSIDE, /* it sits on an isolated pCPU */
    PROBLEM_UNKNOWN, /* its affinity isn't known */
    PROBLEM_NOWHERE, /* its constraints leave no pCPU that may be used */
    PROBLEM_FLOATS,  /* it may be pinned, but floats on: see problem_float */
};

/* Why vCPUs that may be pinned float on. */
enum problem_float {
    PROBLEM_FLOAT_NOT,
    PROBLEM_FLOAT_MAKING_WAY, /* too many others would have to make way */
    PROBLEM_FLOAT_UNKNOWN,    /* their loads aren't known well enough yet */
    PROBLEM_FLOAT_BETTER,     /* pinned, some would wait more than the kernel lets them */
};

struct problem_vcpu {
    enum problem_role role;
    double load_pct;   /* what it counts for, with */
    double beside_pct; /* its part of what its guest's other threads do that are placed with it */
    int index;         /* in the problem; -1: it isn't in it */
    bool cooling;      /* it moved lately and cools down */
    bool evicted;      /* it must leave its pCPU, which is offline, another guest's own, or kept off by metadata */
};

/* What a problem is made from: a host, or a view of it whose pCPUs are groups (group_view.h). */
struct problem_source {
    const struct snapshot *now;
    const struct demand *demand; /* it has learned now last, or what now is a view of */
    const double *capacity;      /* per pCPU of now: what it gets done, 1 for a full CPU; NULL: 1 each */
    bool differ;                 /* the host's pCPUs aren't alike */
    const bool *loose;           /* per vCPU: it is pinned to less than the place it is on; NULL: none is */
    const bool *is_free;         /* per vCPU: it is to float (left_free.h); NULL: none is */
    const struct snapshot *host; /* whose pCPUs' numbers demand remembers, and the pCPU of now of each of its; */
    const int *place_of;         /* both NULL: now's own */
};

/* What a core gets done while both its hyperthreads are busy, 1 for a full CPU: by what processor makers and public
 * measurements say 1.2 to 1.3. */
#define PROBLEM_CORE_CAPACITY 1.3 /* as long as the operator says nothing else */

/* It and what it points to last as long as one decision. */
struct problem {
    const struct problem_source *source;
    struct placement_problem placement;
    int *pool;  /* per pCPU of the problem: index in the snapshot */
    int *place; /* per pCPU of the snapshot: index in the problem, -1 where it takes no part */
    int *owner; /* per pCPU of the snapshot: guest whose own it is, -1 */
    int n_pool;
    int *vcpu_of;                      /* per vCPU of the problem: index in the snapshot */
    struct problem_vcpu *vcpus;        /* per vCPU of the snapshot */
    double *load_pct;                  /* per pCPU of the snapshot: everything on it, floating vCPUs spread evenly, by
                                          its capacity */
    double *uncertainty;               /* per pCPU of the snapshot: variance of load_pct as an estimate */
    struct demand_level_belief *spare; /* room for one per pCPU of the problem */
    double *shrunk_pct;                /* per pCPU of the snapshot: what load_pct seemed to be more than is believed */
    double sd_now;                     /* of load_pct over the pool */
    double noise;                      /* what sd_now is uncertain by, before that */
    double stands_intervals;           /* how long the loads are expected to stand still */
    int n_cooling, n_learning, n_without_wait;
    int n_floating; /* vCPUs that could be adopted and go on floating */

    struct placement_vcpu *placement_vcpus;
    double *background_pct, *capacity;
    int *cpu, *core, *llc, *node;
    uint64_t *masks;
    uint64_t *usual;
    int n_masks, words;
    int cap_pool, cap_place, cap_owner, cap_vcpu_of, cap_vcpus, cap_load, cap_uncertainty, cap_placement_vcpus;
    int cap_background, cap_cpu, cap_core, cap_llc, cap_node, cap_masks, cap_usual, cap_shrunk, cap_spare, cap_capacity;
};

/* What a pCPU of the snapshot gets done, 1 for a full CPU. */
static inline double problem_capacity(const struct problem *p, int pcpu)
{
    return p->source->capacity ? p->source->capacity[pcpu] : 1.0;
}

void problem_free(struct problem *p);
/* force: nothing cools down, and no figure's uncertainty counts. adopt: floating vCPUs take part; otherwise they are a
 * load that the kernel spreads, but for those that may run on a pCPU that is a guest's own. 0 or -ENOMEM. */
int problem_build(struct problem *p, const struct scheduler_settings *settings, const struct problem_source *source,
                  bool force, bool adopt);
/* Lets vCPUs move that cool down (or not, as before). */
void problem_let_move(struct problem *p, bool cooling_too);

#endif
