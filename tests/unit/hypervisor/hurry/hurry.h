/*
 * Waiting that takes no time, for tests of what waits for balloons, hung guests and libvirt: while there is hurry, a
 * thread that polls for so many milliseconds, and is given nothing, finds the clock moved on by as much at once
 * (moved_clock.h).
 */
#ifndef TESTS_UNIT_HYPERVISOR_HURRY_H
#define TESTS_UNIT_HYPERVISOR_HURRY_H

#include <stdbool.h>

/* There is none to begin with. */
void hurry(bool on);

#endif
