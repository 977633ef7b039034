/*
 * When to try again what failed: soon at first, then ever more seldom up to a limit, and never in step with others.
 */
#ifndef CORE_ENGINE_RETRY_H
#define CORE_ENGINE_RETRY_H

#include <stdint.h>

struct retry {
    double first_s, longest_s; /* the first pause, and the longest */
    double pause_s;            /* the present one, without jitter; 0: nothing failed yet */
    uint64_t at_ns;            /* when the next attempt is due */
    unsigned attempts;         /* in vain so far */
    uint64_t jitter;           /* never 0 */
};

void retry_init(struct retry *r, double first_s, double longest_s, uint64_t seed);
/* An attempt failed: the next one comes after the first pause, then after twice as long each time, up to the longest, a
 * fifth more or less. Returns that pause in seconds. */
double retry_failed(struct retry *r, uint64_t now_ns);
/* The next attempt is due at once. */
void retry_now(struct retry *r);
/* It worked, or begins anew. */
void retry_reset(struct retry *r);

#endif
