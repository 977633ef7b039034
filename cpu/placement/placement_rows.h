/*
 * Inside placement: the distinct sets of pCPUs that vCPUs may go to, as rows of bits by pCPU index. Hosts have few such
 * sets however many vCPUs, so each is made once and shared.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_ROWS_H
#define CPU_PLACEMENT_PLACEMENT_ROWS_H

#include "cpu/placement/placement.h"

struct placement_rows {
    const struct placement_problem *problem;
    int words;      /* of a row */
    int n;          /* rows made */
    uint64_t *bits; /* rows, one behind the other */
    int *home;      /* per row: node that narrows it, -1 none */
    int *sample;    /* per row: a vCPU with that mask */
    int *size;      /* per row: pCPUs in it */
    int *buckets;   /* hash table of rows; -1 empty */
    int n_buckets;  /* power of two, more than there can be rows */
};

void placement_rows_start(struct placement_rows *r);

/* The row of the pCPUs that a vCPU may go to by its mask and, unless home is -1, that lie on that node. */
int placement_rows_of(struct placement_rows *r, int vcpu, int home);

bool placement_rows_have(const struct placement_rows *r, int row, int pcpu);

#endif
