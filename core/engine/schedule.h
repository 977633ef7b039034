/*
 * When to sample and when to decide, as arithmetic on a clock in ns that the caller reads. Decisions come at whole
 * multiples of the interval after the first sample, whatever the work in between takes: nothing drifts, and what was
 * missed isn't made up for. Samples divide the interval evenly.
 */
#ifndef CORE_ENGINE_SCHEDULE_H
#define CORE_ENGINE_SCHEDULE_H

#include <stdint.h>

struct schedule {
    uint64_t interval_ns;
    uint64_t sample_ns;        /* an even part of it */
    uint64_t scheduled_ns;     /* the last moment a decision was due, or the first sample */
    uint64_t next_decision_ns; /* multiples of the interval from there */
    uint64_t next_sample_ns;   /* UINT64_MAX: the next one is the decision's */
};

/* Sets how long an interval is, and about how long between two samples (0: only at decisions), without touching when
 * something is due. Returns the seconds between two samples. */
double schedule_divide(struct schedule *s, double interval_s, double sample_s);
/* The first interval begins now. */
void schedule_start(struct schedule *s, uint64_t now);
/* The interval has another length now: the next decision counts from the last one that was due. */
void schedule_refit(struct schedule *s, uint64_t now);
/* The next decision is at the next multiple of the interval after now. */
void schedule_advance(struct schedule *s, uint64_t now);
/* A decision is due: the next one is planned. */
void schedule_decided(struct schedule *s, uint64_t now);
/* A sample was due at `from`; the next one follows from there, but is not shortly before the next decision, and not
 * before the hypervisor has had four times as long for others as this one took: sampling takes a fifth of it at most.
 */
void schedule_sample(struct schedule *s, uint64_t from, uint64_t now);
/* The least that must be measured before there's something to learn from it, in ns: a quarter of the interval, at most
 * a second. */
uint64_t schedule_least_window(const struct schedule *s);
/* The least between two samples for figures to be good, in ns: half of what is between two, at most half a second, as
 * run times come in steps of 10 ms. */
uint64_t schedule_least_apart(const struct schedule *s);
/* The longest between two samples for an interval to go on, in ns: three intervals, and no less than half a minute,
 * which slow calls may take. After more, the program or its host stood still, or the guests couldn't be read. */
uint64_t schedule_longest_apart(const struct schedule *s);
/* Seconds until the next decision is due, in whole ms, as what is decided by it must come out the same from a
 * recording; 0 to the interval. */
double schedule_until_decision(const struct schedule *s, uint64_t now);

#endif
