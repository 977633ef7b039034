/*
 * Inside placement: the search for a plan on a board. A steepest descent goes first; what it found is then improved by
 * solving windows exactly (see placement_window.h): the whole board at once where it is small, otherwise a few pCPUs
 * after the other.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_SEARCH_H
#define CPU_PLACEMENT_PLACEMENT_SEARCH_H

#include "cpu/placement/placement_bound.h"
#include "cpu/placement/placement_descent.h"
#include "cpu/placement/placement_improve.h"

struct placement_goal {
    double trigger, aim, min_gain; /* points of sd, as in struct placement_problem */
    double near;                   /* points above the best sd that are as good as the best */
    double bound;                  /* lower bound on sd */
    bool force;
};

struct placement_search {
    struct placement_board *board;
    struct placement_bound_room *room;
    struct placement_improve improve;
    struct placement_step *memory; /* PLACEMENT_DESCENT_MEMORY entries, see placement_descent.h */
    int *start;                    /* per item: where it is when nothing pinned moves */
    int *best;                     /* per item: the best placement so far */
    int *probed;                   /* two per item, see placement_probe.h */
};

struct placement_found {
    double start_sd;    /* once floating items are placed and nothing else moves */
    double limit_sd;    /* up to which the placement on the board would be as good */
    double best_sd;     /* of all placements, where that was found out; 0 where not */
    int rejected_moves; /* moves of a plan that wasn't worth it, 0 none */
    double rejected_sd;
};

/* Finds the plan for the goal and leaves it on the board. */
void placement_search(struct placement_search *s, const struct placement_goal *goal, struct placement_found *found);

#endif
