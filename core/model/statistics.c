#include "core/model/statistics.h"

#include <math.h>

void statistics_add(struct statistics *s, double value)
{
    statistics_add_weighted(s, value, 1.0);
}

void statistics_add_weighted(struct statistics *s, double value, double weight)
{
    double off = value - s->mean;

    s->n++;
    s->weight += weight;
    s->mean += weight * off / s->weight;
    s->squares += weight * off * (value - s->mean);
}

double statistics_sd(const struct statistics *s)
{
    return s->squares > 0 ? sqrt(s->squares / s->weight) : 0; /* weights leave rounding errors, below 0, too */
}
