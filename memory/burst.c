#include "memory/burst.h"

#include "memory/kib.h"

#include <math.h>
#include <stdbool.h>

enum {
    SPREAD_KNOWN = 8,            /* of fewer, it isn't known how far apart they are */
    SERVICE_KIB = 512 * MIB_KIB, /* what a service takes when it starts, where nothing better is known */
};

static const double half_life_s = 300;       /* a job that comes each quarter of an hour still finds an eighth of it */
static const double others_weight = 0.25;    /* of one among all, beside one of the guest's own */
static const double forgotten_weight = 0.25; /* one that weighs less isn't among the most */
static const double exceeded_part = 0.1;     /* of beginnings that come to more */

static void forget_oldest(struct burst_record *r)
{
    int oldest = 0;

    for (int i = 1; i < r->n; i++)
        if (r->onsets[i].at_s < r->onsets[oldest].at_s)
            oldest = i;
    for (int i = oldest + 1; i < r->n; i++)
        r->onsets[i - 1] = r->onsets[i];
    r->n--;
}

void burst_learn(struct burst_record *r, uint64_t kib, double at_s)
{
    int at;

    if (r->n == BURST_REMEMBERED)
        forget_oldest(r);
    for (at = r->n++; at > 0 && r->onsets[at - 1].kib < kib; at--)
        r->onsets[at] = r->onsets[at - 1];
    r->onsets[at] = (struct burst_onset){.kib = kib, .at_s = at_s};
}

static double weight_of(const struct burst_onset *o, double now_s)
{
    return exp2((o->at_s - now_s) / half_life_s);
}

static double weight_of_all(const struct burst_record *r, double now_s)
{
    double sum = 0;

    for (int i = 0; i < r->n; i++)
        sum += weight_of(&r->onsets[i], now_s);
    return sum;
}

uint64_t burst_expected(const struct burst_record *own, const struct burst_record *all, uint64_t usual_kib,
                        double now_s)
{
    double left = exceeded_part * (1 + weight_of_all(own, now_s) + others_weight * weight_of_all(all, now_s));

    /* From the largest on, until so many have been passed as may come to more. */
    for (int i = 0, k = 0; i < own->n || k < all->n;) {
        bool of_own = k >= all->n || (i < own->n && own->onsets[i].kib >= all->onsets[k].kib);
        const struct burst_onset *o = of_own ? &own->onsets[i++] : &all->onsets[k++];

        if (o->kib <= usual_kib)
            break;
        left -= weight_of(o, now_s) * (of_own ? 1 : others_weight);
        if (left < 0)
            return o->kib;
    }
    return usual_kib;
}

uint64_t burst_most(const struct burst_record *all, int guests, uint64_t usual_kib, double now_s)
{
    const struct burst_onset *kept[BURST_REMEMBERED];
    uint64_t most;
    int n = 0;

    for (int i = 0; i < all->n; i++)
        if (weight_of(&all->onsets[i], now_s) > forgotten_weight)
            kept[n++] = &all->onsets[i];
    if (n == 0)
        return 0;
    most = kept[0]->kib;
    if (n >= SPREAD_KNOWN)
        most += 2 * (kept[0]->kib - kept[n / 2]->kib);
    return guests > 1 && kept[0]->kib > 2 * usual_kib ? kib_higher(most, SERVICE_KIB) : most;
}
