/*
 * How much of the differences between pCPUs is believed: loads are estimates, and of several pCPUs the one that seems
 * the fullest is likely to be less full than it seems.
 */
#ifndef CPU_PROBLEM_BELIEVE_H
#define CPU_PROBLEM_BELIEVE_H

#include "core/model/statistics.h"
#include "cpu/problem.h"

/* The pool's loads, each by its capacity; *variance: the squared deviation that they would have if they were equal and
 * only known so badly. */
struct statistics problem_spread(const struct problem *p, double *variance);

/*
 * Of what a pCPU's load seems to be off the mean, only as much is believed as the deviations of all pCPUs exceed what
 * they are uncertain by; the rest is taken off the loads on it, those most that are known worst. Source: empirical
 * Bayes, as for single levels (demand.c): pCPUs that a scheduler looks after tend to be equal.
 */
void problem_shrink(struct problem *p);

#endif
