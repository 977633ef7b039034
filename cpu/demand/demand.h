/*
 * What every vCPU wants and what every pCPU does besides running vCPUs, remembered from interval to interval while
 * guests come, go, pause and are given vCPUs. Names are uuid, id and vCPU number, and pCPU numbers; positions are those
 * of the snapshot that was learned last.
 */
#ifndef CPU_DEMAND_DEMAND_H
#define CPU_DEMAND_DEMAND_H

#include "core/model/rates.h"
#include "core/model/snapshot.h"
#include "cpu/demand/demand_kind.h"
#include "cpu/demand/demand_track.h"

#include <stdbool.h>

/* The rest of a vCPU after moves: see demand_moved. */
struct demand_rest {
    int until;      /* decision at which it may move again */
    int length;     /* intervals of the last rest; 0: none yet, or long ago */
    int last_moved; /* decision of the last move */
    int came_from;  /* number of the pCPU that it was moved away from, -1 */
};

struct demand_vcpu {
    struct demand_track track;
    struct demand_kind kind;
    struct demand_rest rest;
    int number;
    bool measured;            /* the last interval gave a figure */
    bool has_wait;            /* ... with its run-queue wait */
    double run_pct, wait_pct; /* of the last interval */
};

struct demand_pcpu {
    struct demand_track track; /* host_pct: the host's own work */
    int number;
};

struct demand {
    int decisions;             /* intervals learned */
    struct demand_vcpu *vcpus; /* index as in the snapshot learned last, as are those below */
    struct demand_pcpu *pcpus;
    int n_vcpus, n_pcpus;
    struct demand_pool pool;     /* what the figures of all vCPUs that don't idle scatter by */
    struct demand_side *kept[2]; /* the two snapshots' worth of memory that take turns */
};

/* NULL when memory is out. */
struct demand *demand_create(void);
void demand_free(struct demand *d);

/* Takes in one interval; r is rates_between of the last decision's snapshot and now. 0, or -ENOMEM: then nothing has
 * changed. */
int demand_learn(struct demand *d, const struct snapshot *now, const struct rates *r);

/* The vCPU of the snapshot learned last moved: it rests for cooldown intervals, twice as long as the last time when
 * that was lately, and half as long for every four such rests that it kept still. */
void demand_moved(struct demand *d, int vcpu, int from_cpu, double cooldown);
/* Intervals that the vCPU still rests; 0: it may move. */
int demand_resting(const struct demand *d, int vcpu);
/* The pCPU number that the vCPU was moved away from so lately that it must not go back, or -1. */
int demand_barred(const struct demand *d, int vcpu);

#endif
