/*
 * Inside placement: choosing among plans of equal worth. A plan on the board is changed so that moves are nearer, vCPUs
 * of one guest lie on different pCPUs and hot vCPUs on different cores, without one move more and within a limit on the
 * square. The one thing done at the price of a move is to give two hot vCPUs of one core a core each.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_TIES_H
#define CPU_PLACEMENT_PLACEMENT_TIES_H

#include "cpu/placement/placement.h"
#include "cpu/placement/placement_board.h"

struct placement_ties {
    struct placement_board *board;
    const struct placement_problem *problem;
    const int *vcpu_of; /* per item */
    const int *item_of; /* per vCPU, -1 for those that stay */
    int *core;          /* per pCPU: its core, numbered from 0 */
    int *hot_on;        /* per core: hot vCPUs on its pCPUs */
    int *stays;         /* per pCPU: a vCPU that stays there, -1 none; next_stays leads on */
    int *next_stays;    /* per vCPU */
    int *free_items;    /* room for a list of items */
    long work;          /* pairs of items and places that may still be looked at */
};

/* Takes in where vCPUs that stay are; the board must hold a placement. */
void placement_ties_start(struct placement_ties *t);

/* Improves the plan on the board within the limit on square. */
void placement_ties_settle(struct placement_ties *t, double limit);

/* Moves hot vCPUs off cores that have several to cores that have none, within the limit on square. */
void placement_ties_part(struct placement_ties *t, double limit);

#endif
