/*
 * Longest processing time first: the usual way to spread loads, and what placement_plan is compared with on hosts that
 * are too large for the exact solver. Every vCPU that may move is dealt anew, the largest first, to the pCPU with the
 * least load; where several have as little, the one it is on now is preferred. (Graham, "Bounds on multiprocessing
 * timing anomalies", 1969.)
 */
#ifndef SIM_LPT_PLACEMENT_H
#define SIM_LPT_PLACEMENT_H

#include "cpu/placement/placement.h"

struct lpt_placement {
    double sd;
    int moves; /* adoptions not counted */
};

/* 0 or -ENOMEM. */
int lpt_placement_solve(const struct placement_problem *problem, struct lpt_placement *out);

#endif
