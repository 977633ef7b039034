/*
 * What is typical of many figures of which each is known more or less well: their mean, and how much they differ in
 * truth, apart from what they are uncertain by. A figure that is known badly is then believed only in part (empirical
 * Bayes; W. James, C. Stein, Estimation with quadratic loss, 1961).
 */
#ifndef CPU_DEMAND_DEMAND_PRIOR_H
#define CPU_DEMAND_DEMAND_PRIOR_H

#include "cpu/demand/demand_level.h"

struct demand_prior {
    int n;
    double mean, variance; /* of what is true, between the figures */
};

/* Fills mean and variance from prior->n figures. Source: R. C. Paule, J. Mandel, Consensus values and weighting
 * factors, 1982: the variance for which the weighted squares are what they would be by chance. */
void demand_prior_find(struct demand_prior *prior, const struct demand_level_belief *figures);
/* The share of a figure's distance from the mean that is believed. */
double demand_prior_share(const struct demand_prior *prior, double variance);

#endif
