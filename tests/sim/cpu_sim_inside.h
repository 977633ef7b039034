/*
 * What a simulated host is made of: shared by cpu_sim.c (time), cpu_sim_guests.c (who is there) and cpu_sim_report.c
 * (what is reported and taken). Nobody else reads it.
 */
#ifndef SIM_CPU_SIM_INSIDE_H
#define SIM_CPU_SIM_INSIDE_H

#include "tests/sim/cpu_sim.h"

#define SIM_NS_PER_S 1e9

/* A thread: a vCPU, or a process of the host. Threads never move in memory: they are held by address. */
struct sim_thread {
    struct cpu_task task;
    struct sim_pcpu *pcpu; /* NULL: parked (paused, offline, gone) */
    struct sim_thread *next;
    uint64_t *affinity, *found; /* found: vCPUs only; neither: the process that is bound to a pCPU */
    bool online;
    double run_base_s, wait_base_s; /* taken off the counters that are reported */
    double error_s;                 /* what noise has added to the run time so far */
    double reported_s;              /* run time when it was last reported */
    uint64_t reported_run_ns;
};

struct sim_pcpu {
    struct snapshot_pcpu facts; /* times unused */
    struct sim_thread *first;   /* the threads that are on it */
    struct sim_thread process;  /* the host's that is bound to it */
    double now_s, busy_s;
    int index;
};

struct sim_guest {
    struct cpu_sim_guest facts;
    char name[64];
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    bool gone, paused;
    struct sim_thread *vcpus;
    uint64_t *defined, *pinned, *memory_nodes; /* NULL: none */
};

/* A load that is to begin. */
struct sim_turn {
    double at_s;
    int guest, vcpu;
    struct cpu_load load;
};

/* A process of the host that floats; in a list, as threads are held by address. */
struct sim_process {
    struct sim_thread thread;
    struct sim_process *next;
};

struct cpu_sim {
    struct cpu_sim_config config;
    int cpu_limit, words;
    struct sim_pcpu *pcpus;
    struct sim_guest *guests;
    int n_guests;
    struct sim_process *processes;
    struct sim_turn *turns; /* those to come, in any order */
    int n_turns;
    struct cpu_random random;
    double now_s;
    int pins, refuse, next_id;
};

void *sim_alloc(size_t count, size_t bytes);
uint64_t *sim_mask(const struct cpu_sim *sim, const char *list);
void sim_detach(struct sim_thread *t);
/* Puts the thread on the best pCPU of its affinity (idle ones first); parks it where there is none. */
void sim_place(struct cpu_sim *sim, struct sim_thread *t);
void sim_attach(struct sim_pcpu *p, struct sim_thread *t);
bool sim_may_use(const struct cpu_sim *sim, const struct sim_thread *t, const struct sim_pcpu *p);
/* Gives vCPUs the loads that are due, and returns when the next one is; infinite: never. */
double sim_take_turns(struct cpu_sim *sim);
struct sim_pcpu *sim_pcpu(const struct cpu_sim *sim, int number);

#endif
