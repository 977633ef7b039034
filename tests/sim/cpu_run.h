/*
 * Drives a policy over a simulated host, interval by interval, as the control loop does over a real one: a sample about
 * each second, none of them quite on time, and a decision at the last one of an interval. Judges what it sees with the
 * simulator's own truth, counts, and checks in every interval what must never happen.
 */
#ifndef SIM_CPU_RUN_H
#define SIM_CPU_RUN_H

#include "core/model/policy.h"
#include "cpu/scheduler.h"
#include "tests/sim/cpu_sim.h"

/* A vCPU that goes back to where it came from within so many intervals plays ping-pong. */
enum { CPU_RUN_PING_PONG = 10 };

struct cpu_run_moved {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id, vcpu, from_cpu, interval;
};

struct cpu_run {
    struct cpu_sim *sim; /* owned */
    const struct policy_ops *policy;
    void *state;
    double interval_s;
    bool keep_pins;
    bool force; /* every decision is forced */
    bool loud;  /* prints each interval, for whoever writes a scenario */
    /* Called at a random moment of each interval with its number, counted from 1; NULL: nothing happens by itself. */
    void (*happens)(struct cpu_sim *sim, int interval);
    /* Called at each sample, and after the decision where there is one; NULL: nobody looks. */
    void (*look)(struct cpu_run *run, void *context);
    void *look_context;

    struct snapshot snapshots[2]; /* at the last two decisions */
    struct snapshot samples[2];
    struct rates rates;        /* between the last two decisions */
    struct rates sample_rates; /* between the last two samples */
    int sample;                /* index of the last one of samples */
    double started_s;          /* when the first interval began */
    double happens_s;          /* when something happens in the present interval; infinite: it has */
    struct cpu_random random;  /* of when samples are taken and things happen */
    struct plan plan;          /* of the last interval, with results */
    struct plan again;         /* planned a second time, now and then, which must give the same */
    int now;                   /* index of the last one of snapshots */

    int intervals;
    int moves;         /* pins done to vCPUs that were pinned before */
    int adoptions;     /* pins done to vCPUs that floated */
    int failures;      /* pins refused */
    int first_action;  /* interval of the first pin done; 0: none */
    int last_action;   /* interval of the last pin done; 0: none */
    double sd_use;     /* of what pCPUs were busy in the last interval, as reported */
    double sd_load;    /* of the true mean loads, as they are placed after the last interval */
    double sum_sd_use; /* over all intervals, and sum_sd_load: for means */
    double sum_sd_load;
    double sd_guests;      /* the same of the guests' loads alone */
    int guests_since;      /* the first interval after which sd_guests never was above 5 points; 0: it is above now */
    int balanced_since;    /* the first interval after which sd_use never was above 5 points; 0: it is above now */
    int broken;            /* hard limits broken */
    char broken_text[256]; /* the first one */
    struct cpu_run_moved *moved;
    int n_moved, cap_moved;
};

/* Population standard deviation. */
double cpu_run_sd(const double *values, int count);

/* Takes over sim. settings NULL: the defaults. The interval before the first snapshot is not simulated. */
struct cpu_run *cpu_run_new(struct cpu_sim *sim, const struct policy_ops *policy, const void *settings,
                            double interval_s);
void cpu_run_free(struct cpu_run *run);
/* One interval: time passes, then a decision is made and carried out. */
void cpu_run_step(struct cpu_run *run);
void cpu_run_steps(struct cpu_run *run, int count);
/* Forgets counts and means, so that what follows is judged alone. */
void cpu_run_reset_counts(struct cpu_run *run);

#endif
