/*
 * Inside placement: puts the moves of a plan in the order in which they gain most, and says what each gains.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_ORDER_H
#define CPU_PLACEMENT_PLACEMENT_ORDER_H

#include "cpu/placement/placement.h"
#include "cpu/placement/placement_board.h"

/* Orders moves and fills in their gains. load_pct: loads before the first; becomes those after the last. mean: of the
 * loads after the last. keys, spare: room for n keys; room: room for n moves. */
void placement_order(const struct placement_problem *problem, struct placement_move *moves, int n, double *load_pct,
                     double mean, struct placement_key *keys, struct placement_key *spare, struct placement_move *room);

#endif
