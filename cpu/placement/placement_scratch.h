/*
 * Inside placement: the working memory, and how a problem is laid out in it.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_SCRATCH_H
#define CPU_PLACEMENT_PLACEMENT_SCRATCH_H

#include "cpu/placement/placement.h"
#include "cpu/placement/placement_rows.h"
#include "cpu/placement/placement_search.h"
#include "cpu/placement/placement_ties.h"

/* What grows with the problem lies in one block, carved up anew for each. */
struct placement_scratch {
    char *block;
    size_t block_bytes;
    struct placement_problem problem; /* the caller's, with what it left open filled in */
    struct placement_rows rows;
    struct placement_board board;
    struct placement_bound_room room;
    struct placement_search search;
    struct placement_ties ties;
    int *item_of;              /* per vCPU: its item, -1 for one that stays */
    int *vcpu_of;              /* per item */
    int *wide;                 /* per item: its row without regard to home */
    int *narrow;               /* per item: its row that keeps it at home, if it is */
    int *kept;                 /* per item: where an earlier plan put it */
    int *spare_at, *spare_row; /* per item: for placement_homes */
    double *before;            /* per pCPU */
    double *after;             /* per pCPU */
    int *to;                   /* per vCPU */
    struct placement_move *moves, *spare_moves;
};

/* Lays the problem out: board (items by falling demand, none placed yet), rows, loads before. 0, -ENOMEM or -EINVAL. */
int placement_scratch_prepare(struct placement_scratch *s, const struct placement_problem *problem);

#endif
