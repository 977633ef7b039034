#include "core/engine/retry.h"

#include <math.h>

void retry_init(struct retry *r, double first_s, double longest_s, uint64_t seed)
{
    *r = (struct retry){.first_s = first_s, .longest_s = longest_s, .jitter = seed | 1};
}

/* A number from 0 to 1 (xorshift), to keep many hosts' programs from knocking in step. */
static double chance(struct retry *r)
{
    r->jitter ^= r->jitter << 13;
    r->jitter ^= r->jitter >> 7;
    r->jitter ^= r->jitter << 17;
    return (double)(r->jitter >> 11) / 9007199254740992.0;
}

double retry_failed(struct retry *r, uint64_t now_ns)
{
    double pause_s;

    r->pause_s = r->pause_s <= 0 ? r->first_s : fmin(r->pause_s * 2, r->longest_s);
    pause_s = r->pause_s * (0.8 + 0.4 * chance(r));
    r->at_ns = now_ns + (uint64_t)(pause_s * 1e9);
    r->attempts++;
    return pause_s;
}

void retry_now(struct retry *r)
{
    r->at_ns = 0;
}

void retry_reset(struct retry *r)
{
    r->pause_s = 0;
    r->attempts = 0;
}
