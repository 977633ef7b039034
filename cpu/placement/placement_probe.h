/*
 * Inside placement: looks at every set of so many moves, where there are few enough of them. It finds the plans of very
 * few moves that descents and windows miss, because each of their moves helps only together with the others.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_PROBE_H
#define CPU_PLACEMENT_PLACEMENT_PROBE_H

#include "cpu/placement/placement_board.h"

enum { PLACEMENT_PROBE_MOVES = 8 };

/* About how many sets of so many moves there are. */
double placement_probe_sets(const struct placement_board *b, int moves);

/* From a board on which nothing pinned has moved: carries out the exactly so many (up to PLACEMENT_PROBE_MOVES) moves
 * that leave the lowest square, floating items being free to go anywhere. Returns false, and changes nothing, where
 * that is above limit. room: two numbers per item. */
bool placement_probe(struct placement_board *b, int moves, double limit, int *room);

#endif
