/*
 * Judges forecasts of a load by the continuous ranked probability score (CRPS): how far, on average, a forecast
 * distribution lies from what came, in points; lower is better, and neither too wide nor too narrow a distribution
 * pays. A row of loads is played at so many seconds a value, seen in samples of a second with counters in steps of
 * 10 ms; after each interval the mean of the next one is forecast. Source: T. Gneiting, A. E. Raftery, Strictly proper
 * scoring rules, prediction, and estimation, 2007.
 */
#ifndef SIM_DEMAND_SCORE_H
#define SIM_DEMAND_SCORE_H

enum demand_score_of {
    DEMAND_SCORE_OURS,
    DEMAND_SCORE_LAST,   /* the last interval's value goes on */
    DEMAND_SCORE_EWMA_2, /* moving averages of weight 0.2, 0.5, 0.8 */
    DEMAND_SCORE_EWMA_5,
    DEMAND_SCORE_EWMA_8,
    DEMAND_SCORE_KALMAN, /* local level; the best of five ratios of drift to noise, for the loads at hand */
    DEMAND_SCORES,
};

enum { DEMAND_SCORE_RATIOS = 5 };

struct demand_score {
    double sum[DEMAND_SCORES];
    double kalman[DEMAND_SCORE_RATIOS];
    long n;
};

/* Plays n values (per cent) and adds up the scores. The first interval begins when the share phase of the first value
 * has passed. Rivals forecast a Normal distribution whose deviation is learned from their own errors. */
void demand_score_add(struct demand_score *score, const double *values, int n, double value_s, double interval_s,
                      double phase);
/* The mean score of one of them. */
double demand_score_mean(const struct demand_score *score, enum demand_score_of of);

#endif
