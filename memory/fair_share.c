#include "memory/fair_share.h"

#include <math.h>

static uint64_t high_of(const struct fair_share_claim *c)
{
    return c->high_kib > c->low_kib ? c->high_kib : c->low_kib;
}

/* What a claim gets at that level, rounded down so that the sum never exceeds the pool. */
static uint64_t at_level(const struct fair_share_claim *c, double level)
{
    double filled = (double)c->base_kib + c->weight * level;

    if (filled <= (double)c->low_kib)
        return c->low_kib;
    if (filled >= (double)high_of(c))
        return high_of(c);
    return (uint64_t)filled;
}

static uint64_t total_at(const struct fair_share_claim *claims, int n, double level)
{
    uint64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += at_level(&claims[i], level);
    return sum;
}

/* The level at which the last claim is full. */
static double full_level(const struct fair_share_claim *claims, int n)
{
    double level = 0;

    for (int i = 0; i < n; i++)
        level = fmax(level, ((double)high_of(&claims[i]) - (double)claims[i].base_kib) / claims[i].weight);
    return level + 1;
}

/* The level at which no claim has got more than its low. */
static double empty_level(const struct fair_share_claim *claims, int n)
{
    double level = 0;

    for (int i = 0; i < n; i++)
        level = fmin(level, ((double)claims[i].low_kib - (double)claims[i].base_kib) / claims[i].weight);
    return level - 1;
}

uint64_t fair_share_fill(struct fair_share_claim *claims, int n, uint64_t pool_kib)
{
    double below = empty_level(claims, n), above = full_level(claims, n);
    uint64_t most = total_at(claims, n, above);

    if (most <= pool_kib) {
        below = above;
    } else {
        /* Halving ends at a level known to a fraction of a KiB, or where doubles have nothing between the two. */
        for (int step = 0; step < 200; step++) {
            double middle = below + (above - below) / 2;

            if (middle <= below || middle >= above || above - below < 0.25)
                break;
            if (total_at(claims, n, middle) <= pool_kib)
                below = middle;
            else
                above = middle;
        }
    }
    for (int i = 0; i < n; i++)
        claims[i].got_kib = at_level(&claims[i], below);
    return most > pool_kib ? most - pool_kib : 0;
}
