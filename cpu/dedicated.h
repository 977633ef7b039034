/*
 * pCPUs that are a guest's own, as its metadata say: dedicated='yes' makes those its own that its vCPUs are pinned to
 * or, where it names some with pcpus='...', all of these instead. Others leave them. On a list of its own the kernel
 * balances; the guest's vCPUs are only brought there and kept on it.
 */
#ifndef CPU_DEDICATED_H
#define CPU_DEDICATED_H

#include "core/model/plan.h"
#include "core/model/snapshot.h"
#include "cpu/demand/demand.h"

/* Fills owner, one entry per pCPU of s: the guest (an index) whose own it is, the first where several say so; or -1. */
void dedicated_owners(const struct snapshot *s, int *owner);
/* Adds a pin for each vCPU that may run beyond its guest's list, unless it cools down from the one before. Returns how
 * many, or -ENOMEM. */
int dedicated_bind(const struct snapshot *s, const struct demand *d, struct plan *out);

#endif
