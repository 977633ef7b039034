/*
 * Whether vCPUs that float are better left floating: the kernel pours them where there is room, as water fills, while
 * pinned ones are a whole load here or there. Three busy ones share two pCPUs by thirds; pinned, two of them get half.
 * The same goes for cores: two hyperthreads that are both busy get 1.3 full CPUs' work done, not 2.
 */
#ifndef CPU_FLOATING_H
#define CPU_FLOATING_H

#include "cpu/placement/placement.h"
#include "cpu/problem.h"

#include <stdbool.h>

/* A pCPU, or a core with all its threads. */
struct floating_place {
    double capacity_pct;       /* the demand that it can serve */
    double base_pct, plan_pct; /* demand on it without what the plan adopts, and with it; in per cent of a pCPU */
};

/* True when the plan leaves the pCPUs, or the cores where hyperthreads are known, more overloaded than floating does,
 * by over tolerance points (root mean square of what each is asked for beyond what it can do, in per cent of that).
 * places: one per pCPU of the problem, to work in. */
bool floating_waits_less(const struct problem *problem, const struct placement *plan, double tolerance,
                         struct floating_place *places);

#endif
