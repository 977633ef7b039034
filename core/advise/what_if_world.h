/*
 * The host of a recording as it would have been under other decisions. Its guests want what they wanted then, whatever
 * they are given: a vCPU takes its demand along to where it is pinned, a guest uses as much memory as it used. What
 * they get of it follows from where they are, and that is what the figures of such a snapshot show.
 *
 * vCPUs: their loads count as closed ones (work, then a pause of their own): one that waits does less, run r =
 * d (T - w) of its demand d, and it waits for the others on its pCPU as in a queue of such (what_if_cpu.c says how).
 * vCPUs that float flow to where there is room among the pCPUs they may use, as water does. The host's own work stays
 * where it was. What is shared by two hyperthreads of a core isn't looked at.
 *
 * Memory: a balloon is where it was asked to be with the next sample. Of a changed size what the guest uses stays, then
 * what it caches as long as there is room, and what is over lies unused; its process holds no more than the size
 * allows, and the host has the difference. Nobody swaps more or less than then.
 */
#ifndef CORE_ADVISE_WHAT_IF_WORLD_H
#define CORE_ADVISE_WHAT_IF_WORLD_H

#include "core/model/plan.h"
#include "core/model/rates.h"
#include "core/model/snapshot.h"

/* A piece of a vCPU's demand on one pCPU: all of it where it is pinned. */
struct what_if_share {
    int pcpu, vcpu; /* indexes in the snapshot */
    bool floats;    /* may run elsewhere, too */
    double wanted;  /* of the pCPU's time, 0 to 1 */
    double ready;   /* the share of time in which it runs or waits there */
};

/* All zeros: nothing was recorded yet. */
struct what_if_world {
    struct snapshot recorded;                /* the sample taken in last, as it was, */
    struct snapshot now;                     /* and as it would have been */
    struct snapshot next;                    /* the same, being made */
    struct rates rates;                      /* between the last two samples, as recorded */
    struct plan done;                        /* what was done then since the sample taken in last */
    uint8_t (*resized)[SNAPSHOT_UUID_BYTES]; /* guests that were given another size, then or here */
    int n_resized, cap_resized;
    struct what_if_share *shares;
    int n_shares, cap_shares;
    double *load, *slowdown; /* per pCPU: the share of its time that is wanted, the host's included; per vCPU: how many
                                times as long its work takes, x its demand */
    int cap_load, cap_slowdown;
};

void what_if_world_free(struct what_if_world *w);
/* Takes in the next sample of the recording and makes w->now. after_gap: nobody saw what was between it and the one
 * before. 0 or -ENOMEM. */
int what_if_world_take(struct what_if_world *w, const struct snapshot *recorded, bool after_gap);
/* What the recorded program did after the sample taken in last: its own changes aren't those of others. 0 or -ENOMEM.
 */
int what_if_world_recorded(struct what_if_world *w, const struct plan *plan);
/* Carries the plan out in w->now. 0 or -ENOMEM. */
int what_if_world_apply(struct what_if_world *w, const struct plan *plan);

/* For what_if_world_take (what_if_cpu.c): brings the vCPUs' and pCPUs' counters of w->next, whose pins are already as
 * they would be, on from those of w->now. 0 or -ENOMEM. */
int what_if_cpu(struct what_if_world *w);
/* Makes the memory of a guest of s, and what the host has free, what they would be with that size (what_if_memory.c).
 */
void what_if_resize(struct snapshot *s, struct snapshot_memory *m, uint64_t size_kib);

#endif
