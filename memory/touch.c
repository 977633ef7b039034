#include "memory/touch.h"

#include <math.h>

static const double once_in_1000 = 6.9; /* -ln 0.001 */
static const double prior_weight = 25;  /* intervals; see touch_share */
static const double longest_weight =
    400; /* intervals that are remembered: half an hour at 4 s, so that habits may change */
static const double correlation = 0.01;

void touch_learn(struct touch_record *record, uint64_t could_kib, uint64_t touched_kib)
{
    double keep = 1 - 1 / longest_weight;

    if (could_kib == 0)
        return;
    record->shares = record->shares * keep + fmin(1, (double)touched_kib / (double)could_kib);
    record->weight = record->weight * keep + 1;
}

double touch_share(const struct touch_record *record, uint64_t could_kib, uint64_t max_kib)
{
    double per_cent = 100 * (double)could_kib / fmax((double)max_kib, 1), like_it = 0.45 / (1 + per_cent / 2);

    return (record->shares + prior_weight * like_it) / (record->weight + prior_weight);
}

/* Of all that is touched by that share in the mean, what is touched either whole or not at all varies most. */
void touch_add(struct touch_sum *sum, uint64_t could_kib, double share, uint64_t surely_kib)
{
    double could = (double)could_kib, surely = fmin((double)surely_kib, could), rest = could - surely;

    sum->all += could;
    sum->mean += surely + share * rest;
    sum->variance += share * (1 - share) * rest * rest;
    sum->largest = fmax(sum->largest, rest);
    sum->guests++;
}

double touch_dispersion_prior(int n)
{
    return n > 1 ? 1 + (n - 1) * correlation : 1;
}

uint64_t touch_likely(const struct touch_sum *sum, double dispersion)
{
    double spread = sqrt(2 * once_in_1000 * sum->variance * dispersion);

    return (uint64_t)fmin(sum->all, sum->mean + spread + once_in_1000 * sum->largest / 3);
}
