/*
 * Inside placement: what no plan can beat, known without searching. Both bounds hold for every placement that the masks
 * allow; they come from leaving out parts of the problem (which pCPU an item is on, that it is one piece).
 */
#ifndef CPU_PLACEMENT_PLACEMENT_BOUND_H
#define CPU_PLACEMENT_PLACEMENT_BOUND_H

#include "cpu/placement/placement_board.h"

struct placement_bound_room {
    double *floor;  /* n_pcpus + 1 */
    double *sums;   /* n_items + 1: running sums of demand of a group's items */
    double *bases;  /* n_pcpus */
    double *excess; /* n_pcpus */
    double *inner;  /* one per row */
    int *place;     /* one per row */
    double *level;  /* n_pcpus */
    double *poured; /* n_pcpus */
    int *group;     /* n_pcpus */
    int *hull;      /* n_pcpus + 1 */
    int *next;      /* n_pcpus */
};

/*
 * Lower bound on the standard deviation, over all placements of the board's items under the rows given (an index into
 * board->rows per item). The loads of any placement majorise certain flattest loads, whose deviation is returned. They
 * are found from small places (what a row allows) to the large ones around them: the demand that is confined there, but
 * to no smaller place, is poured in as if it could be divided, raising the lowest; and the sum of the m highest loads
 * is at least that of the m highest backgrounds, of m largest items on the m lowest backgrounds, of what the pigeonhole
 * principle puts on the m fullest, of what is confined to m pCPUs. See Marshall, Olkin, Arnold, "Inequalities: Theory
 * of Majorization", for why the least such vector has the least deviation, and why pouring keeps that order. Where
 * items are about equal, placement_lattice.h knows better.
 */
double placement_bound_sd(const struct placement_board *b, const int *row, struct placement_bound_room *room);

/*
 * Lower bound on the moves that bring square down to target, from the items' origins, floating ones left out; limit is
 * where counting stops. Rests on r moves taking at most the r best items off pCPUs above the mean, and putting the r
 * largest ones on those below.
 */
int placement_bound_moves(const struct placement_board *b, double target, int limit, struct placement_bound_room *room);

#endif
