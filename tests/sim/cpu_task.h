/*
 * One thread of a simulated host and the load it carries: when it wants a pCPU, for how much work, and when that
 * changes. It knows nothing of pCPUs; cpu_sim.c tells it how much time passed and how much of it the thread ran.
 */
#ifndef SIM_CPU_TASK_H
#define SIM_CPU_TASK_H

#include <stdbool.h>
#include <stdint.h>

enum cpu_load_kind {
    CPU_LOAD_IDLE,
    CPU_LOAD_BUSY,   /* never stops */
    CPU_LOAD_CLOSED, /* does a piece of work, pauses, and again: a crowded pCPU makes its rounds longer */
    CPU_LOAD_OPEN,  /* pieces of work arrive at a fixed rate and queue up (2 s of it, then some is lost): a crowded pCPU
                     * makes its queue longer */
    CPU_LOAD_BURST, /* closed or busy for a while, then idle for a while, both by the clock and at random */
};

struct cpu_load {
    enum cpu_load_kind kind;
    double share;    /* of a pCPU of its own (0 to 1); BURST: while it is on */
    double period_s; /* CLOSED, BURST: work and pause with a pCPU of its own; OPEN: between arrivals; 0: 0.1 s */
    double on_s;     /* BURST: mean length of a phase with work */
    double off_s;    /* BURST: mean length of a phase without */
    double jitter;   /* each piece of work and each pause is longer or shorter by up to this share, at random */
};

/* A reproducible row of random numbers (splitmix64). */
struct cpu_random {
    uint64_t state;
};

uint64_t cpu_random_next(struct cpu_random *r);
double cpu_random_unit(struct cpu_random *r);   /* even in [0, 1) */
double cpu_random_normal(struct cpu_random *r); /* mean 0, deviation 1 */
double cpu_random_exponential(struct cpu_random *r, double mean);

struct cpu_task {
    struct cpu_load load;
    struct cpu_random random;
    bool working;    /* has a piece of work at hand */
    bool on;         /* BURST: in a phase with work */
    double left_s;   /* work still to do, in seconds of a pCPU of its own; infinite for a busy one */
    double next_s;   /* when it next wakes (CLOSED) or gets work (OPEN); infinite: never */
    double phase_s;  /* when the phase of a BURST ends; otherwise infinite */
    double quota;    /* most it may run, as a share of a pCPU; 0: no limit */
    double budget_s; /* what the quota still lets it run until refill_s */
    double refill_s; /* when the budget is filled again */
    double run_s;    /* ran in all */
    double wait_s;   /* was runnable and did not run, in all */
};

/* Gives the task a load from now on, and forgets the work at hand. */
void cpu_task_set_load(struct cpu_task *t, const struct cpu_load *load, double now_s);
void cpu_task_set_quota(struct cpu_task *t, double quota, double now_s);
/* Has work. It then either runs, waits for others, or is throttled. */
bool cpu_task_wants(const struct cpu_task *t);
/* Has work and no budget left to do it. */
bool cpu_task_throttled(const struct cpu_task *t);
/* When the task next changes between wanting and not wanting, if it gets the share rate of a pCPU until then. */
double cpu_task_next(const struct cpu_task *t, double now_s, double rate);
/* The task got the share rate of a pCPU for dt_s (0 when throttled or without work). */
void cpu_task_pass(struct cpu_task *t, double dt_s, double rate);
/* Takes in what is due at now_s: work done, arrivals, wake-ups, phases, refills. */
void cpu_task_fire(struct cpu_task *t, double now_s);

#endif
