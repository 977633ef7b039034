/*
 * What every vCPU wants and what every pCPU does besides running vCPUs, learned from samples of a second or so while
 * guests come, go, pause and are given vCPUs. Names are uuid, id and vCPU number, and pCPU numbers; positions are those
 * of the snapshot that was learned last.
 */
#ifndef CPU_DEMAND_DEMAND_H
#define CPU_DEMAND_DEMAND_H

#include "core/model/rates.h"
#include "core/model/snapshot.h"
#include "cpu/demand/demand_cooldown.h"
#include "cpu/demand/demand_kind.h"
#include "cpu/demand/demand_level.h"
#include "cpu/demand/demand_pcpu.h"

#include <stdbool.h>

struct demand_vcpu {
    struct demand_level closed, open; /* what it wants if it is of that kind */
    struct demand_kind kind;
    struct demand_cooldown cooldown;
    int number;
    bool open_hidden; /* what it wants if it's open is only known to be no less */
    bool known;       /* there were figures */
    bool measured;    /* the last sample gave one */
    bool has_wait;    /* ... with its run-queue wait */
    double seconds;   /* of figures */
    /* What follows from all that, over the time a plan is made for: */
    double level_pct;         /* what it wants, in per cent of a pCPU */
    double variance;          /* how far off that may be, squared; */
    double measuring;         /* the part of it that isn't for not knowing its kind */
    double stands_s;          /* how long that is expected to last */
    double run_pct, wait_pct; /* of the last sample */
    double most_pct;          /* what its quota lets it have */
    /* Of the guest's other threads, where it's known where these may run (snapshot_thread): */
    double beside_pct;              /* its part of what they do, by an even share */
    bool follow;                    /* they may be placed with the vCPUs: no rule says where else */
    struct demand_cooldown refused; /* of the guest's first vCPU: pinning them was refused */
};

struct demand {
    int decisions;             /* intervals learned */
    double interval_s;         /* the last one */
    struct demand_vcpu *vcpus; /* index as in the snapshot learned last, as are those below */
    struct demand_pcpu *pcpus;
    int n_vcpus, n_pcpus;
    struct demand_level_peers peers, hosts; /* what vCPUs' loads have in common, and pCPUs' host work */
    struct demand_kind_peers kinds;
    struct demand_level_belief *priors; /* room to work in */
    int cap_priors;
    struct demand_side *kept[2]; /* the two snapshots' worth of memory that take turns */
};

/* NULL when memory is out. */
struct demand *demand_create(void);
void demand_free(struct demand *d);

/* Takes in one sample; r is rates_between of the sample before and now. 0, or -ENOMEM: then nothing has changed. */
int demand_sample(struct demand *d, const struct snapshot *now, const struct rates *r);
/* An interval of so many seconds has ended (0: not a whole one): a decision comes. */
void demand_interval(struct demand *d, double seconds);

/* The vCPU of the snapshot learned last moved, see demand_cooldown_begin. */
void demand_moved(struct demand *d, int vcpu, int from_cpu, double cooldown);
/* A pin of another thread of the vCPU's guest was refused: it isn't asked for again soon. */
void demand_thread_refused(struct demand *d, int first_vcpu, double cooldown);
int demand_cooldown_left_of(const struct demand *d, int vcpu);
int demand_barred(const struct demand *d, int vcpu, int which);

#endif
