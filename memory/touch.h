/*
 * What guests may touch together. A guest has been given memory that it never touched, so the host still counts it as
 * free; any moment the guest may come for it. That all of them come for all of it at once is as unlikely as that all
 * houses burn down on one day, so it is insured as houses are: by what each was seen to do, and how that adds up.
 */
#ifndef MEMORY_TOUCH_H
#define MEMORY_TOUCH_H

#include <stdint.h>

/* What one guest was seen to do, interval by interval: which share it touched of what it could have touched. All zeros:
 * nothing seen yet. */
struct touch_record {
    double shares; /* sum over the intervals; what is long ago weighs less */
    double weight;
};

void touch_learn(struct touch_record *record, uint64_t could_kib, uint64_t touched_kib);

/*
 * The share of could_kib that it is expected to touch within an interval, 0 to 1: the mean of what it was seen to do
 * and of what guests like it do. For those: of 254 machines with recorded memory (Bitbrains, GWA-T-12), the mean share
 * of so much of its memory touched within a step is 0.45 / (1 + c / 2), c in per cent of the maximum, within 0.01 for c
 * from 0.25 to 40; and machines differ so much that this weighs as much as 25 intervals of the guest's own (docs/
 * measurements/memory_touched.md).
 */
double touch_share(const struct touch_record *record, uint64_t could_kib, uint64_t max_kib);

/* Adds up guests. All zeros: none. KiB. */
struct touch_sum {
    double all;      /* that could be touched */
    double mean;     /* of what is touched within an interval */
    double variance; /* of the same, were the guests independent of each other */
    double largest;  /* of what one of them could touch */
    int guests;
};

/* One more guest; surely_kib of could_kib it will touch in any case, as it is growing. */
void touch_add(struct touch_sum *sum, uint64_t could_kib, double share, uint64_t surely_kib);

/*
 * What the guests will touch together within an interval but once in 1000 times, KiB; at most all. dispersion: how many
 * times the variance of independent guests was seen. By Bernstein's inequality for sums of bounded variables (S.
 * Bernstein 1924; Boucheron, Lugosi, Massart, Concentration Inequalities, 2.8): with probability 1 - e^-x no more than
 * mean + sqrt(2 x variance) + x largest / 3.
 */
uint64_t touch_likely(const struct touch_sum *sum, double dispersion);

/* The dispersion that is assumed of n guests before anything was seen: 1 + (n - 1) x 0.01, the correlation between the
 * growths of those recorded machines. */
double touch_dispersion_prior(int n);

#endif
