/*
 * How much would have been enough, at which risk: the level that figures of one kind (a guest's memory in use, say)
 * keep within but for a small share of the time, judged by what a recording shows of them.
 *
 * Three things make the plain quantile of a recording a bad promise. It has too few figures for a share of a
 * thousandth; figures that follow each other resemble each other, so that they say less than as many independent ones;
 * and one part of a day isn't like the other. So the recording is cut into stretches of equal length. In each the level
 * is found by its highest figures (peaks over a threshold, with a generalized Pareto distribution); how far the
 * stretches' levels lie apart is how far the next one's may, and the bound is the one that the next stretch's level
 * keeps within nineteen times of twenty. docs/measurements/advise.md has what came of such promises.
 *
 * Sources: J. Pickands, Statistical inference using extreme order statistics, 1975 (the distribution of peaks);
 * J. Hosking and J. Wallis, Parameter and quantile estimation for the generalized Pareto distribution, 1987 (its
 * estimate by probability-weighted moments, for small samples); G. Hahn, Factors for calculating two-sided prediction
 * intervals for samples from a normal distribution, 1969 (mean and deviation of m to bound the next one: t, m - 1
 * degrees of freedom, times sqrt(1 + 1/m)).
 */
#ifndef CORE_ADVISE_RISK_H
#define CORE_ADVISE_RISK_H

#include <stdbool.h>

/* Figures that are needed at least, and how the recording is cut: into so many stretches, of so many figures at least.
 */
enum { RISK_STRETCHES_LEAST = 4, RISK_STRETCHES_MOST = 8, RISK_STRETCH_FIGURES = 20 };
enum { RISK_FIGURES_LEAST = RISK_STRETCHES_LEAST * RISK_STRETCH_FIGURES };

/* The 95 % point of Student's t. degrees >= 3. Source: M. Abramowitz and I. Stegun, Handbook of mathematical functions,
 * 26.7.5; off by less than 0.01. */
double risk_t95(int degrees);

/*
 * The levels that the n figures, in their order in time, are above (most) or below (least) for no more than share of
 * the time. work has room for 2 n figures. In the figures' unit; false where there are fewer than RISK_FIGURES_LEAST.
 */
bool risk_most(const float *figures, int n, double share, float *work, double *level);
bool risk_least(const float *figures, int n, double share, float *work, double *level);

/* The level that figures (sorted in place, ascending; at least RISK_STRETCH_FIGURES) are above for that share of them,
 * by their peaks. */
double risk_quantile(float *figures, int n, double share);

#endif
