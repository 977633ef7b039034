/*
 * Inside placement: steepest descent. Each step is the single move, or the exchange of two items, that lowers square
 * most for what it costs; pairs of pCPUs are looked at from the largest difference of load down, and as soon as no
 * remaining pair can beat what was found, the step is known. A pCPU from which nothing helps is passed over until its
 * items change, or all are tried again.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_DESCENT_H
#define CPU_PLACEMENT_PLACEMENT_DESCENT_H

#include "cpu/placement/placement_pair.h"

enum { PLACEMENT_DESCENT_MEMORY = 1 << 13 }; /* steps remembered; a power of two */

struct placement_descent {
    double target; /* square at which to stop */
    struct placement_steps steps;
    struct placement_step *memory; /* PLACEMENT_DESCENT_MEMORY entries, zeroed once */
    int sweeps;                    /* times that pCPUs from which nothing helped are tried again */
};

/* Descends until square is at or below the target, or no step lowers it. Returns the number of steps. */
int placement_descend(struct placement_board *b, const struct placement_descent *d);

/* Takes back moves, those that matter least first, while square stays at or below limit. */
void placement_take_back(struct placement_board *b, double limit);

#endif
