/*
 * Makes placement problems from a seed: the same seed, the same problem. For tests and measurements.
 */
#ifndef SIM_RANDOM_PLACEMENT_H
#define SIM_RANDOM_PLACEMENT_H

#include "cpu/placement/placement.h"

enum random_placement_demand {
    RANDOM_DEMAND_EQUAL,
    RANDOM_DEMAND_TWO_VALUED, /* light and heavy */
    RANDOM_DEMAND_UNIFORM,
    RANDOM_DEMAND_HEAVY_TAIL, /* Pareto: few are large, most are small */
    RANDOM_DEMAND_NEAR_EQUAL, /* equal but for a little noise */
    RANDOM_DEMANDS
};

enum random_placement_start {
    RANDOM_START_ONE_PCPU, /* all on one */
    RANDOM_START_HALF,     /* on half of the pCPUs */
    RANDOM_START_SCATTERED,
    RANDOM_START_DRIFTED, /* well balanced once, then some demands changed */
    RANDOM_STARTS
};

/* What the pCPUs get done. */
enum random_placement_capacity {
    RANDOM_CAPACITY_FULL,
    RANDOM_CAPACITY_DIFFERS, /* some get less done than others */
    RANDOM_CAPACITY_GROUPS,  /* they are groups of pCPUs and cores, and so get more done, not all the same */
};

struct random_placement_spec {
    int n_pcpus, n_vcpus;
    enum random_placement_demand demand;
    enum random_placement_start start;
    bool background; /* some pCPUs carry other work */
    enum random_placement_capacity capacities;
    bool masks;      /* some vCPUs may be only on some pCPUs */
    bool nested;     /* these are halves and quarters of the host; otherwise each pCPU is in or out by lot */
    bool floats;     /* some aren't pinned */
    bool some_fixed; /* some rest, some are idle */
    bool nodes;      /* two NUMA nodes; vCPUs have homes */
};

struct random_placement {
    struct placement_problem problem;
    struct placement_vcpu *vcpus;
    double *background_pct, *capacity;
    uint64_t *masks;
    int *node;
};

/* 0 or -ENOMEM. trigger and aim are 4 and 2 points, min_gain is 0. */
int random_placement_make(struct random_placement *r, const struct random_placement_spec *spec, uint64_t seed);
void random_placement_free(struct random_placement *r);

/* The next number of a generator (splitmix64), and one in [0, 1). */
uint64_t random_placement_next(uint64_t *state);
double random_placement_fraction(uint64_t *state);

#endif
