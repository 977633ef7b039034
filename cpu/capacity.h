/*
 * What pCPUs get done where they aren't all alike (hybrid processors), and how what a vCPU runs on them is counted: in
 * full CPUs, of which a pCPU that gets half as much done is a half.
 */
#ifndef CPU_CAPACITY_H
#define CPU_CAPACITY_H

#include "core/model/snapshot.h"

/* What a pCPU gets done, 1 for the host's largest. */
static inline double capacity_of(const struct snapshot_pcpu *p)
{
    return p->capacity > 0.0 ? p->capacity : 1.0;
}

/* Of each pCPU, in a new array; *capacity is NULL where all are alike. 0 or -ENOMEM. */
int capacity_find(const struct snapshot *s, double **capacity);
/* What the pCPUs get done, on average, that the vCPU may run on: of a full CPU it wants that part of what it wants
 * there. */
double capacity_where(const struct snapshot *s, int vcpu);

#endif
