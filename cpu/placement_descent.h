/*
 * Inside placement: steepest descent. Each step is the single move, or the exchange of two items, that lowers square
 * most for what it costs; pairs of pCPUs are looked at from the largest difference of load down, and as soon as no
 * remaining pair can beat what was found, the step is known.
 */
#ifndef CPU_PLACEMENT_DESCENT_H
#define CPU_PLACEMENT_DESCENT_H

#include "cpu/placement_board.h"

struct placement_descent {
    double target; /* square at which to stop */
    bool free;     /* items that were pinned where they are stay: only floating and moved ones go anywhere */
    bool greedy;   /* the steepest step whatever it costs; otherwise the steepest per move */
    int pairs;     /* most pairs of pCPUs looked at for one step */
};

/* Descends until square is at or below the target, or no step lowers it. Returns the number of steps. */
int placement_descend(struct placement_board *b, const struct placement_descent *d);

/* Takes back moves, those that matter least first, while square stays at or below limit. */
void placement_take_back(struct placement_board *b, double limit);

#endif
