/*
 * Inside placement: the best step between two pCPUs, which is a move of one item, or an exchange of two. Where both
 * hold few items every step is looked at; otherwise, partners of an exchange are those whose demand fits best.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_PAIR_H
#define CPU_PLACEMENT_PLACEMENT_PAIR_H

#include "cpu/placement/placement_board.h"

/* The best step between two pCPUs, good as long as neither changes. */
struct placement_step {
    uint64_t from_version, to_version; /* of the pCPUs, see struct placement_board */
    double score;                      /* fall of square for what it costs; 0: nothing lowers it */
    int item, to, partner;             /* partner: item that goes the other way, -1 none */
    bool any;                          /* some item may go, whether it helps or not */
};

enum { PLACEMENT_FREE_WEIGHT = 8 }; /* a step that costs no move counts as so many times as steep */

/* What steps are looked for. */
struct placement_steps {
    bool free;   /* items that were pinned where they are stay: only floating and moved ones go anywhere */
    bool greedy; /* the steepest step whatever it costs; otherwise the steepest per move */
};

/* How much a fall of square can count at most; loose: how many items may cost nothing. */
static inline double placement_pair_weight(const struct placement_steps *steps, int loose)
{
    return steps->greedy || !loose ? 1 : PLACEMENT_FREE_WEIGHT;
}

/* The most by which square can fall when no more than `demand` leaves the higher of two pCPUs whose loads differ by
 * gap. */
static inline double placement_pair_gain_limit(double gap, double demand)
{
    return demand < gap / 2 ? 2 * demand * (gap - demand) : gap * gap / 2;
}

/* The same, known without looking at more than the largest and the least of their items; 0 where nothing helps. `from`
 * must have items. */
static inline double placement_pair_limit(const struct placement_board *b, int from, int to)
{
    double gap = b->load[from] - b->load[to], demand = b->demand[b->head[from]];

    if (b->demand[b->tail[from]] >= gap) /* nothing can go without something coming back */
        demand -= b->tail[to] >= 0 ? b->demand[b->tail[to]] : demand;
    return gap > 0 && demand > 0 ? placement_pair_gain_limit(gap, demand) : 0;
}

/* Finds the best step from one pCPU to another; versions aren't its business. */
void placement_pair_best(struct placement_board *b, const struct placement_steps *steps, int from, int to,
                         struct placement_step *best);

#endif
