/*
 * Watches a simulated host with cpu/demand alone: nothing is decided, nothing moves by itself.
 */
#ifndef SIM_CPU_WATCH_H
#define SIM_CPU_WATCH_H

#include "cpu/demand/demand.h"
#include "tests/sim/cpu_scenarios.h"

struct cpu_watch {
    struct cpu_sim *sim; /* owned */
    struct demand *demand;
    struct snapshot snapshots[2];
    struct rates rates; /* of the last interval */
    int now;            /* index of the last snapshot */
};

/* Takes over sim. */
struct cpu_watch cpu_watch_start(struct cpu_sim *sim);
void cpu_watch_interval(struct cpu_watch *w, double seconds);
void cpu_watch_stop(struct cpu_watch *w);

/* One vCPU, alone on a pCPU for five intervals, then sharing it for five. In per cent of a pCPU. */
struct cpu_watch_shared {
    double alone_use; /* mean */
    double use, wait; /* of the last interval */
    double closed;    /* run / (time - wait) of the last interval, as for a closed load */
    double demand;    /* what cpu/demand says at the end */
};

struct cpu_watch_shared cpu_watch_share(struct cpu_load load, struct cpu_load other, int others, uint64_t seed);

#endif
