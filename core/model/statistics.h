/*
 * Mean and standard deviation of figures that come one after the other, without keeping them.
 */
#ifndef CORE_MODEL_STATISTICS_H
#define CORE_MODEL_STATISTICS_H

/* All zeros: nothing was added yet. */
struct statistics {
    int n;
    double weight; /* of all; n where none was said */
    double mean;
    double squares; /* sum of squared deviations from the mean, each by its weight */
};

/* Source: B. P. Welford, Note on a method for calculating corrected sums of squares and products, 1962: it doesn't lose
 * digits where figures are large and close together. */
void statistics_add(struct statistics *s, double value);
/* The same with a weight, > 0; 1 is that of statistics_add. Source: D. H. D. West, Updating mean and variance
 * estimates, 1979. */
void statistics_add_weighted(struct statistics *s, double value, double weight);
/* The population standard deviation, in the figures' unit; 0 where nothing was added. */
double statistics_sd(const struct statistics *s);

#endif
