/*
 * One figure followed over intervals: its level now, how much it scatters, and how sure the level is. A lasting change
 * is taken over within two intervals; scatter is averaged out, for as long as nothing lasting happens. So a steady load
 * is known at once, a bursty one slowly, and a planner can tell a real difference from noise.
 */
#ifndef CPU_DEMAND_DEMAND_TRACK_H
#define CPU_DEMAND_DEMAND_TRACK_H

#include <stdbool.h>

struct demand_track {
    double
        level; /* what the figure is now: a mean since the last lasting change, exact and recent ones counting more */
    int n;     /* figures since then; 0: there never was one */
    double scatter;   /* variance of the figures themselves, beyond what measuring adds */
    double in_pairs;  /* what that would be, were figures independent, from the sums of two in a row: loads with long
                         phases scatter more slowly, and their mean is known less well */
    double n_scatter; /* figures that this rests on */
    /* The level is a weighted mean of figures: the sum of squared weights, and the same with each figure's variance of
     * measuring. */
    double weights, measuring;
    /* A figure far off the level is put aside until the next one tells whether that was a change or a passing peak. */
    bool aside;
    double aside_figure, aside_variance;
    double peak[2]; /* the highest passing peaks above [0] and below [1] the level of late: another such is no news */
    /* Evidence of a slighter change upwards [0] and downwards [1] (CUSUM, in standard deviations), and the figures
     * since it began to gather. */
    double evidence[2], sum[2];
    int run[2];
    double last_residual; /* how far the figure before was off */
};

/*
 * Takes in the figure of one interval, which was measured with a standard deviation of resolution (> 0). typical: the
 * variance that figures of this kind commonly have, as far as is known (0: not at all); one that was steady so far
 * among many that aren't is not taken for a different kind at its first peak. Sources: the weights are those of a
 * Kalman filter for a constant; slight changes are found by the CUSUM of E. S. Page, Continuous inspection schemes,
 * Biometrika 41 (1954).
 */
void demand_track_add(struct demand_track *t, double figure, double resolution, double typical);

/* What figures of one kind scatter by, learned from many tracks together: a few intervals tell little of one, and much
 * of all. Begins with zeros. */
struct demand_pool {
    double sum, n; /* of the squares that figures were off by; figures */
};

void demand_pool_add(struct demand_pool *pool, const struct demand_track *t);

/* The variance of the level as an estimate of the mean; 0 where there is no figure yet. common: tracks of its kind,
 * which together count as much as a few of its own figures; NULL: only its own count. */
double demand_track_uncertainty(const struct demand_track *t, const struct demand_pool *common);

#endif
