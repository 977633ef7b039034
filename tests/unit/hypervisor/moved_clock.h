/*
 * A clock for tests that moves on by itself and wherever a test says so: it takes the place of the C library's for the
 * whole program, so that hours pass in seconds.
 */
#ifndef TESTS_UNIT_MOVED_CLOCK_H
#define TESTS_UNIT_MOVED_CLOCK_H

#include <stdint.h>

/* Moves both the monotonic and the wall clock on, for all threads. */
void moved_clock_by_ms(int ms);

#endif
