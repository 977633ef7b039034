/*
 * The host and the scheduler over the made-up hypervisor, decision by decision: from what it reports to the masks that
 * it is given.
 */
#ifndef TESTS_UNIT_DECIDER_H
#define TESTS_UNIT_DECIDER_H

#include "cpu/scheduler.h"
#include "tests/unit/host_world.h"

enum { DECIDER_INTERVAL_MS = 10000, DECIDER_ALL = 0xff };

struct decider {
    struct host_world *world;
    void *scheduler;
    struct snapshot before;
    struct rates rates;
    struct plan plan;
    const char *locked; /* the guest that an operator has locked, NULL */
    int pins;           /* done in the last decision */
    bool begun;
};

/* A host of so many pCPUs, of one cache. */
void decider_make_plain_host(struct host_world *w, int n_pcpus);
/* A host of eight pCPUs: two nodes of two cores of two threads. */
void decider_make_host(struct host_world *w);
/* Adds guests of one vCPU, named a, b, c ... */
void decider_add_guests(int n, uint64_t affinity, int load_pct);

/* Connected and with the guests there, the scheduler begins. */
void decider_begin(struct decider *d, struct host_world *w, const struct scheduler_settings *settings);
void decider_end(struct decider *d);
/* Lets the guests work for an interval, decides, and carries the plan out. */
void decide(struct decider *d);
void decide_often(struct decider *d, int times);

#endif
