/*
 * The machine's own clocks. What is decided never asks them (its time is that of snapshots); they are for waiting, for
 * how long a call takes, and for showing.
 */
#ifndef CORE_MODEL_CLOCK_H
#define CORE_MODEL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in ns. */
uint64_t clock_monotonic_ns(void);
/* Wall clock in ms since 1970. */
int64_t clock_wall_ms(void);
/* A moment in ns as calls that wait want it. */
struct timespec clock_timespec(uint64_t ns);

#endif
