#include "core/engine/schedule.h"

#include <math.h>

static const uint64_t second_ns = 1000000000u;

/* How many times as long as a sample took nothing is asked of the hypervisor. */
enum { REST = 4 };

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

double schedule_divide(struct schedule *s, double interval_s, double sample_s)
{
    uint64_t n = sample_s > 0 && interval_s > sample_s ? (uint64_t)llround(interval_s / sample_s) : 1;

    s->interval_ns = (uint64_t)llround(interval_s * 1e9);
    if (s->interval_ns == 0)
        s->interval_ns = 1;
    s->sample_ns = (s->interval_ns + n - 1) / n; /* rounded up: none is due just before the interval's end */
    return interval_s / (double)n;
}

void schedule_start(struct schedule *s, uint64_t now)
{
    s->scheduled_ns = now;
    s->next_decision_ns = now + s->interval_ns;
}

void schedule_refit(struct schedule *s, uint64_t now)
{
    s->next_decision_ns = s->scheduled_ns + s->interval_ns;
    if (s->next_decision_ns < now)
        s->next_decision_ns = now;
}

void schedule_advance(struct schedule *s, uint64_t now)
{
    if (now >= s->next_decision_ns)
        s->next_decision_ns += ((now - s->next_decision_ns) / s->interval_ns + 1) * s->interval_ns;
}

void schedule_decided(struct schedule *s, uint64_t now)
{
    s->scheduled_ns = s->next_decision_ns;
    schedule_advance(s, now);
}

void schedule_sample(struct schedule *s, uint64_t from, uint64_t now)
{
    uint64_t rested = now + REST * (now - from);

    s->next_sample_ns = from + s->sample_ns;
    if (s->next_sample_ns < rested)
        s->next_sample_ns = rested;
    if (s->next_sample_ns + s->sample_ns / 2 > s->next_decision_ns)
        s->next_sample_ns = UINT64_MAX;
}

uint64_t schedule_least_window(const struct schedule *s)
{
    return lower(s->interval_ns / 4, second_ns);
}

uint64_t schedule_least_apart(const struct schedule *s)
{
    return lower(s->sample_ns, second_ns) / 2;
}

uint64_t schedule_longest_apart(const struct schedule *s)
{
    enum { INTERVALS = 3, LEAST_S = 30 };

    return s->interval_ns > LEAST_S * second_ns / INTERVALS ? INTERVALS * s->interval_ns : LEAST_S * second_ns;
}

double schedule_until_decision(const struct schedule *s, uint64_t now)
{
    double left_s = s->next_decision_ns > now ? round((double)(s->next_decision_ns - now) / 1e6) / 1e3 : 0;

    return fmin(left_s, (double)s->interval_ns / 1e9);
}
