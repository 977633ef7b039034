/*
 * The other threads of a guest (its emulator, with vhost workers and helpers, and its iothreads) go where its vCPUs go:
 * each may run on all pCPUs that they may use after the plan, and floats where they float.
 */
#ifndef CPU_THREAD_PINS_H
#define CPU_THREAD_PINS_H

#include "cpu/explain.h"

/* Adds to a plan that has its pins of vCPUs already those of threads that aren't where they belong. A thread that
 * others confined to some pCPUs stays as it is, and so do those of guests whose vCPUs aren't ours to place. 0 or
 * -ENOMEM. */
int thread_pins_add(const struct explain_pins *w, struct plan *out);

#endif
