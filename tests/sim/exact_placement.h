/*
 * The best placements there are, by looking at every one: what placement_plan is judged against. It shares nothing with
 * the planner but the problem, prunes nothing, and is as slow as that sounds (pCPUs to the power of vCPUs).
 */
#ifndef SIM_EXACT_PLACEMENT_H
#define SIM_EXACT_PLACEMENT_H

#include "cpu/placement/placement.h"

enum { EXACT_PLACEMENT_VCPUS = 24 };

struct exact_placement {
    double placements;                    /* looked at */
    int n_movable;                        /* vCPUs that may move or be adopted */
    double sd[EXACT_PLACEMENT_VCPUS + 1]; /* lowest with exactly so many moves, adoptions not counted; infinite: none */
    double best_sd;                       /* lowest of all */
    double best_traded;                   /* lowest sum of sd and leave_gain of those that left home */
};

/* Looks at all placements; with stay_home, only at those in which no vCPU leaves its home. Returns 0, or -E2BIG for
 * more than EXACT_PLACEMENT_VCPUS movable vCPUs. */
int exact_placement_solve(const struct placement_problem *problem, bool stay_home, struct exact_placement *out);

/* The standard deviation of the pCPUs' loads, each counted by its capacity, where so much demand is on them. */
double exact_placement_sd(const struct placement_problem *problem, const double *demand_pct);

/* The fewest moves that reach an sd of no more than limit (and a hair); -1 where none does. */
int exact_placement_moves(const struct exact_placement *exact, double limit);

/* True when the vCPU lives on its home's node (or floats, and so may choose) and pCPU p doesn't lie there. */
bool exact_placement_leaves(const struct placement_problem *problem, int vcpu, int p);

#endif
