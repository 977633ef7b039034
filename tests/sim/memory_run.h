/*
 * Drives a policy over a simulated host exactly as the control loop does: samples about each second, a decision each
 * interval, and between decisions what can't wait. Things happen to guests at any moment, never on the policy's clock.
 * Keeps the figures by which policies are compared, and in every step looks for broken hard limits. What is broken is
 * told from the truth of the simulator, not from what the policy believes.
 */
#ifndef SIM_MEMORY_RUN_H
#define SIM_MEMORY_RUN_H

#include "core/model/policy.h"
#include "memory/coordinator.h"
#include "tests/sim/memory_sim.h"

#include <stdio.h>

struct memory_run_guest {
    unsigned grown_at, cut_at; /* intervals; 0: never */
    double peak_used;          /* since it was given more */
    double lowest_unused;      /* while it was below its maximum */
    double floor;              /* size when the policy first saw it, or the guest floor */
    unsigned reported_at;      /* interval at which new statistics had come in for the first time */
    uint64_t last_update_s;
    double frozen_s;
    bool fresh;                 /* new statistics have come in since the last decision */
    double last_used, rises[2]; /* what it used, and the most by which that grew in an interval since the last report,
                                   and since the one before */
};

struct memory_run {
    struct memory_sim *sim;
    const struct policy_ops *policy;
    struct coordinator_settings settings;
    double interval_s;
    bool lenient;          /* don't look for broken limits: the policy isn't ours */
    double host_noise_mib; /* > 0: the host itself uses no more than that at times, and so its free memory may not fall
                              below the reserve by more, either */
    bool broken_host_is_fine; /* the host may run out by its own doing */
    FILE *trace;              /* one line per interval and action; NULL: none */
    /* What happens to guests and host by itself: does what is due now and returns when it wants to be called next, in
     * the simulator's seconds. NULL: nothing does. First called when the run starts. */
    double (*happens)(struct memory_sim *sim, void *user);
    void *happens_user;
    double happens_next_s;
    void *state;
    struct snapshot before, now;                 /* of the last two decisions */
    struct snapshot before_sample, after_sample; /* of the last two samples */
    struct rates rates, sample_rates;
    struct plan plan, early_plan;
    unsigned intervals;
    struct memory_run_guest *guests;
    int cap_guests;
    /* what came of it */
    double lowest_unused, lowest_host, largest_cut;
    unsigned set_calls, early_calls, withdrawals, reversals, ooms; /* set_calls with those made early */
    double unmet_mib_s, swapped_in;
    double unavoidable_mib_s;      /* what is wanted and isn't there, whoever decides, unless by using up the reserve */
    double slack_mib_s;            /* what guests had and didn't use, over time */
    double below_reserve_s;        /* for how long the host was below its reserve, */
    unsigned touches, ooms_spared; /* and how often it came there; ooms although the host or another guest had plenty */
    bool below_reserve, could_spare; /* at the last look */
    uint64_t missing_kib;            /* highest */
    unsigned broken;
    char first_broken[256];
};

/* lenient, host_noise_mib, broken_host_is_fine, trace, happens and happens_user are taken as they are in run. settings
 * NULL: the defaults. The first decision is taken at once, then one per interval. */
void memory_run_start(struct memory_run *run, struct memory_sim *sim, const struct policy_ops *policy,
                      const struct coordinator_settings *settings, double interval_s);
/* One interval passes, then one decision is taken. */
void memory_run_step(struct memory_run *run);
void memory_run_steps(struct memory_run *run, unsigned count);
/* The same, forced by the operator. */
void memory_run_force(struct memory_run *run);
/* Forgets the figures collected so far, but not what is broken. */
void memory_run_measure_from_here(struct memory_run *run);
void memory_run_end(struct memory_run *run);

double memory_run_reserve(const struct memory_run *run);

#endif
