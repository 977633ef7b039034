/*
 * How evenly something is shared: R. Jain, D. Chiu, W. Hawe, A Quantitative Measure of Fairness, 1984.
 */
#ifndef TESTS_SIM_JAIN_INDEX_H
#define TESTS_SIM_JAIN_INDEX_H

/* Jain's index of n values: 1 when all are equal, 1/n when one has all. 1 for n = 0 or all zero. */
double jain_index(const double *values, int n);

#endif
