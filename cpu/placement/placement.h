/*
 * Finds the fewest moves of vCPUs between pCPUs that bring the population standard deviation ("sd", in percentage
 * points) of the pCPUs' loads down to an aim, or, where that can't be had, as low as can be had. Pure arithmetic: loads
 * in, moves out; no clock, no I/O, no globals; the same problem always gives the same plan.
 *
 * pCPUs, vCPUs, nodes, guests are plain numbers here; whose they are is the caller's business. Demand is in per cent of
 * a full CPU, the load of a pCPU is the demand on it divided by its capacity; both may exceed 100. Where capacities
 * differ each pCPU counts by its own in sd, so that all placements have the same mean.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_H
#define CPU_PLACEMENT_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

/* Demand below which a vCPU counts as idle where a problem doesn't say (idle_pct 0), in per cent of a pCPU. */
#define PLACEMENT_IDLE_PCT 1.0
/* Standard deviations that differ by less than this are equal, and the nearer move decides; in points. */
#define PLACEMENT_EQUAL_SD 0.1
/* How near to the best spread is near enough where the aim can't be had; and the same when forced; in points. */
#define PLACEMENT_NEAR_BEST_SD 0.5
#define PLACEMENT_NEAR_BEST_FORCED_SD 0.05

struct placement_vcpu {
    double demand_pct;
    int where;     /* index of the pCPU that carries its load now; -1 (only if it floats): not known */
    bool floating; /* pinned to no single pCPU yet: the plan pins it once, wherever; not counted as a move */
    bool fixed;    /* stays where it is whatever happens (cooling down, left alone); needs where >= 0 */
    const uint64_t
        *allowed;      /* mask of mask_words words: pCPUs it may be moved to; NULL: all. Staying is always allowed */
    int guest;         /* vCPUs with the same number are kept apart where that costs nothing; -1: don't care */
    int home;          /* node its memory lies on; -1: none */
    double leave_gain; /* points of sd that leaving home must gain, compared with the best plan that doesn't */
};

struct placement_problem {
    int n_pcpus;
    const double *background_pct; /* per pCPU: demand that can't be moved (host work, vCPUs left out); NULL: none */
    const double *capacity;       /* per pCPU: what it gets done, 1 for a full CPU; 0.001 to 1000; NULL: 1 each */
    const int *cpu;               /* per pCPU: its bit in allowed masks, unique; NULL: its index */
    const int *core, *llc,
        *node;            /* per pCPU: equal numbers share; NULL: every pCPU has its own core, all share the rest */
    bool smt;             /* hot vCPUs go to separate cores before they share one */
    double core_capacity; /* what a core gets done all of whose threads are busy, 1 for a full CPU; needs core. Where
                             pCPUs can't be balanced, cores are, by this. 0: cores don't matter */
    double hot_pct;       /* demand from which a vCPU is hot (for smt) */
    int n_vcpus;
    const struct placement_vcpu *vcpus;
    int mask_words;
    double idle_pct;  /* vCPUs with less demand never move and aren't adopted; 0: PLACEMENT_IDLE_PCT */
    double trigger;   /* nothing moves while sd is at or below (floating vCPUs are adopted all the same) */
    double aim;       /* what a plan tries to reach, at or below trigger */
    double near_best; /* how near to the best sd is near enough where the aim can't be had; 0: PLACEMENT_NEAR_BEST_SD */
    double equal_sd;  /* sds that differ by less are equal, and the nearer move decides; 0: PLACEMENT_EQUAL_SD */
    double min_gain;  /* points of sd that a plan must gain per move on average; not asked of forced plans */
    bool force; /* the best spread there is, whatever trigger, aim and min_gain say, and the fewest moves for that */
};

enum placement_outcome {
    PLACEMENT_BALANCED,  /* sd is within the trigger: nothing moves (but vCPUs may be adopted) */
    PLACEMENT_MET_AIM,   /* the plan reaches the aim */
    PLACEMENT_BEST,      /* the aim is out of reach: the plan gets as low as can be had */
    PLACEMENT_AT_BEST,   /* nothing moves: no placement would be (noticeably) better than the present one */
    PLACEMENT_NOT_WORTH, /* nothing moves: rejected_moves moves would gain less than min_gain each */
    PLACEMENT_IMMOVABLE, /* nothing moves: sd is above the trigger, and no vCPU may or can move */
};

enum placement_why {
    PLACEMENT_FOR_BALANCE,   /* lowers sd, alone or together with its partners of the plan */
    PLACEMENT_FOR_ADOPTION,  /* it floated */
    PLACEMENT_FOR_CORES,     /* sd stays; two hot vCPUs of one core get a core each */
    PLACEMENT_FOR_CORE_LOAD, /* sd may rise: lowers that of the cores, alone or together with its partners */
};

struct placement_move {
    int vcpu;    /* index in problem.vcpus */
    int from;    /* index of the pCPU, vcpu.where; -1 for a floating one whose whereabouts weren't known */
    int to;      /* equal to from for a vCPU that is adopted where it runs */
    double gain; /* fall of sd, in points, by this move when the ones before it are done; negative for the first half of
                    some exchanges */
    enum placement_why why;
};

struct placement {
    enum placement_outcome outcome;
    const struct placement_move *moves;     /* in an order in which they can be carried out one by one */
    int n_moves;                            /* all */
    int n_adopted;                          /* those of them that are adoptions */
    double sd_before;                       /* of the loads as they are; floating ones count where they are, if known */
    double sd_after;                        /* after all moves */
    double bound;                           /* no placement under the same constraints has a lower sd */
    double mean_pct;                        /* of the pCPUs' loads */
    double cores_sd_before, cores_sd_after; /* of the cores' loads, where it was they that were balanced; < 0: not */
    bool met_aim;                           /* sd_after <= aim */
    int rejected_moves;       /* a plan that wasn't worth it: its moves and the sd it would have reached; */
    double rejected_sd;       /* 0 and < 0 where there was none */
    const double *before_pct; /* per pCPU: load now */
    const double *after_pct;  /* per pCPU: load after the plan */
    const int *to;            /* per vCPU: pCPU after the plan, -1 for one that goes on floating */
};

/* Working memory, kept between calls: a call allocates only when the problem is larger than any before. It grows in
 * proportion to pCPUs and vCPUs, and holds nothing that changes an answer. */
struct placement_scratch;

/* NULL when memory is out. */
struct placement_scratch *placement_scratch_create(void);
void placement_scratch_free(struct placement_scratch *scratch);

/*
 * Fills out for the problem. What out points to belongs to scratch and is good until its next use. Returns 0, -ENOMEM,
 * or -EINVAL for a problem that contradicts itself (an index out of range, a load that is negative or no number).
 */
int placement_plan(const struct placement_problem *problem, struct placement_scratch *scratch, struct placement *out);

/* What a plan gains, in points of sd: of the cores' loads where it was they that were balanced. */
static inline double placement_gain(const struct placement *p)
{
    return p->cores_sd_before >= 0 ? p->cores_sd_before - p->cores_sd_after : p->sd_before - p->sd_after;
}

#endif
