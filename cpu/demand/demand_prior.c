#include "cpu/demand/demand_prior.h"

#include <math.h>

/* No figure is known better than this, in points squared: keeps weights finite. */
#define LEAST_VARIANCE 0.01
/* Halvings of what the variance may be: from a hundred points squared down to a hundredth of a point. */
enum { HALVINGS = 20 };

/* The sum of squared distances from the weighted mean, each over its variance; prior->mean becomes that mean. */
static double weighted_squares(struct demand_prior *prior, const struct demand_level_belief *figures)
{
    double weights = 0.0, sum = 0.0, squares = 0.0;

    for (int i = 0; i < prior->n; i++) {
        double weight = 1.0 / (figures[i].variance + prior->variance + LEAST_VARIANCE);

        weights += weight;
        sum += weight * figures[i].mean;
    }
    prior->mean = sum / weights;
    for (int i = 0; i < prior->n; i++) {
        double off = figures[i].mean - prior->mean;

        squares += off * off / (figures[i].variance + prior->variance + LEAST_VARIANCE);
    }
    return squares;
}

void demand_prior_find(struct demand_prior *prior, const struct demand_level_belief *figures)
{
    double low = 0.0, high = 0.0;

    prior->mean = prior->variance = 0.0;
    for (int i = 0; i < prior->n; i++)
        high = fmax(high, figures[i].mean * figures[i].mean);
    if (prior->n < 2 || weighted_squares(prior, figures) <= prior->n - 1)
        return;
    for (int i = 0; i < HALVINGS; i++) {
        prior->variance = (low + high) / 2.0;
        if (weighted_squares(prior, figures) > prior->n - 1)
            low = prior->variance;
        else
            high = prior->variance;
    }
}

double demand_prior_share(const struct demand_prior *prior, double variance)
{
    return prior->variance / (prior->variance + variance + LEAST_VARIANCE);
}
