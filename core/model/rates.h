/*
 * What happened between two snapshots: shares of pCPU time, run-queue wait, memory traffic. Pure arithmetic, no
 * smoothing and no judgement; both programs, the screen and the recordings read the same figures here.
 */
#ifndef CORE_MODEL_RATES_H
#define CORE_MODEL_RATES_H

#include "core/model/snapshot.h"

struct rates_vcpu {
    bool known;      /* both snapshots had it, its counters didn't go back, and time passed */
    bool has_wait;   /* the run-queue delay was reported in both */
    double run_pct;  /* of one pCPU, without poll_pct; also where not known, for a vCPU that has just started, else 0 */
    double wait_pct; /* runnable but waiting, of the time */
    double demand_pct; /* run / (time - wait): its share of a pCPU of its own; capped by quotas; 100 at the most */
    bool has_poll;     /* the time polled was reported in both */
    double poll_pct;   /* the host polled for its wake-up, for which it gives way to whoever wants the pCPU */
};

struct rates_guest {
    bool known;      /* seen in both snapshots (same uuid and id) */
    double run_pct;  /* sum over its vCPUs */
    double wait_pct; /* sum over its vCPUs */
    bool has_swap, has_faults, has_used;
    double swap_in_kib_s, swap_out_kib_s; /* these and the faults: since the guest's report before this one */
    double major_faults_s;
    bool has_other, has_disk, has_net, has_poll;
    double other_pct; /* its emulator, vhost workers and iothreads: CPU time that isn't its vCPUs', in % of one pCPU */
    double poll_pct;  /* sum over its vCPUs */
    double disk_read_kib_s, disk_written_kib_s, net_received_kib_s, net_sent_kib_s;
    double used_kib_s; /* growth of what it uses and can't give back (size - usable); negative: it shrinks */
};

struct rates_pcpu {
    bool known;       /* its busy time was reported in both snapshots; otherwise host_pct is 0 */
    double busy_pct;  /* all work on it */
    double guest_pct; /* run of vCPUs on it, and polling for them, and of guests' other threads where it's known where
                         these may run */
    double host_pct;  /* busy - guest: the host's own work, that no pin can move */
    double taken_pct; /* of host_pct: interrupts, and an outer hypervisor; 0 where that isn't told */
    double unmet_pct; /* demand of its vCPUs that wasn't served */
    double load_pct;  /* host_pct + demand of its vCPUs: may exceed 100 */
};

struct rates {
    double seconds;             /* between the two snapshots */
    double seconds_off;         /* how far a counter's own time between them may be off that: standard deviation */
    struct rates_pcpu *pcpus;   /* index as in the later snapshot */
    struct rates_guest *guests; /* index as in the later snapshot */
    struct rates_vcpu *vcpus;   /* index as in the later snapshot */
    int n_pcpus, n_guests, n_vcpus;
    int cap_pcpus, cap_guests, cap_vcpus;
    uint64_t *row; /* a mask to work in */
    int cap_row;
    double sd_pct; /* population standard deviation of load_pct over online, not isolated pCPUs; -1: unknown */
};

void rates_free(struct rates *r);
/*
 * Fills r from two snapshots (before may be NULL or empty: then nothing is known). Returns 0 or -ENOMEM.
 * vCPUs that float, or have a mask of several pCPUs, are spread over the pCPUs they may use in proportion to the busy
 * time that pinned vCPUs leave unexplained there; so is what a guest's other threads did, where the snapshot has them.
 */
int rates_between(struct rates *r, const struct snapshot *before, const struct snapshot *now);

/* Makes to equal to from, reusing what to holds. Returns 0 or -ENOMEM (to is then empty). */
int rates_copy(struct rates *to, const struct rates *from);

/* What the guest uses and can't give back (KiB): its size less snapshot_memory_spare; false where one isn't known. */
bool rates_memory_used(const struct snapshot_memory *m, uint64_t *used_kib);

#endif
