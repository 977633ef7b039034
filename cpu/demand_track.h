/*
 * One figure followed over intervals: its level now, how much it scatters, and how sure the level is. A lasting change
 * is taken over within two intervals; scatter is averaged out, for as long as nothing lasting happens. So a steady load
 * is known at once, a bursty one slowly, and a planner can tell a real difference from noise.
 */
#ifndef CPU_DEMAND_TRACK_H
#define CPU_DEMAND_TRACK_H

struct demand_track {
    double level; /* what the figure is now: the mean since the last lasting change, recent intervals counting more */
    double variance;  /* of single figures about the level */
    double n;         /* figures that the level rests on; 0: none yet */
    double n_scatter; /* figures that the variance rests on */
    /* Evidence of a lasting change upwards [0] and downwards [1] (CUSUM, in standard deviations), and the figures
     * since it began to gather. */
    double evidence[2], sum[2];
    int run[2];
    double last;
};

/*
 * Takes in the figure of one interval. resolution: how exact a single figure can be at best (> 0); scatter below it is
 * not believed. Source of the test for changes: E. S. Page, Continuous inspection schemes, Biometrika 41 (1954).
 */
void demand_track_add(struct demand_track *t, double figure, double resolution);

/* The variance of the level as an estimate: variance / n; 0 figures: 0. */
double demand_track_uncertainty(const struct demand_track *t);

#endif
