/*
 * Shares an amount of memory among guests that each have a least and a most they may get: weighted max-min fairness
 * ("water filling"). Nobody gets less so that somebody who already has more, for its weight, could get more still.
 */
#ifndef MEMORY_FAIR_SHARE_H
#define MEMORY_FAIR_SHARE_H

#include <stdint.h>

struct fair_share_claim {
    double weight;     /* > 0: how fast it fills, compared with the others */
    uint64_t base_kib; /* fairness counts from here: what lies above it is shared in proportion to weights */
    uint64_t low_kib;  /* gets at least this, whatever the pool says */
    uint64_t high_kib; /* gets at most this; one below low_kib counts as low_kib */
    uint64_t got_kib;  /* result, within low_kib..high_kib */
};

/*
 * Fills got_kib of all n claims so that their sum is as near to pool_kib as low and high allow, and never above it
 * unless the lows alone are: got = base + weight x level, held between low and high, with one level for all. Returns by
 * how much the pool falls short of the sum of highs, KiB. Source: Bertsekas and Gallager, Data Networks, 6.5.2 (max-min
 * flow control), with bounds.
 */
uint64_t fair_share_fill(struct fair_share_claim *claims, int n, uint64_t pool_kib);

#endif
