#include "core/model/statistics.h"

#include <math.h>

void statistics_add(struct statistics *s, double value)
{
    double off = value - s->mean;

    s->n++;
    s->mean += off / s->n;
    s->squares += off * (value - s->mean);
}

double statistics_sd(const struct statistics *s)
{
    return s->n > 0 ? sqrt(s->squares / s->n) : 0;
}
