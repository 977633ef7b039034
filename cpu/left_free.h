/*
 * Which vCPUs are left to float where the others are pinned to groups. Groups that are all but full at times make
 * vCPUs wait while other groups have room; a few large vCPUs that the kernel may put anywhere even that out, and the
 * others never leave their group. So of each group as much is pinned as it has room for at nearly all times.
 */
#ifndef CPU_LEFT_FREE_H
#define CPU_LEFT_FREE_H

#include "cpu/problem.h"

/*
 * Says in is_free, one for each vCPU of the problem's snapshot, who is to float. The problem is one of groups, built
 * with everybody that may be pinned. Those that float already are left to it, the largest first, until what is pinned
 * leaves room; others are let go only when it is clearly too much. Nobody who idles, cools down or is bound by a rule
 * is let go. Returns how many those are. order: one for each vCPU, to work in.
 */
int left_free_choose(const struct problem *p, bool *is_free, int *order);

#endif
