/*
 * Named situations for the scheduler: who is there at first, and what happens later. The tests assert on them, the
 * table tool prints them.
 */
#ifndef SIM_CPU_SCENARIOS_H
#define SIM_CPU_SCENARIOS_H

#include "tests/sim/cpu_run.h"

struct cpu_scenario {
    const char *name;
    const char *about;
    struct cpu_sim *(*make)(uint64_t seed);
    /* At a random moment of each interval (counted from 1): what happens in it. NULL: nothing ever does. */
    void (*script)(struct cpu_sim *sim, int interval);
    int intervals;
};

/* Each set is ended by a scenario without a name; the list of sets by NULL. */
extern const struct cpu_scenario cpu_scenarios_seven[];  /* 8 guests on 4 pCPUs */
extern const struct cpu_scenario cpu_scenarios_shapes[]; /* other numbers, sizes and mixes of guests */
extern const struct cpu_scenario cpu_scenarios_host[];   /* what else there is on a host: its own work, rules, holes */
extern const struct cpu_scenario cpu_scenarios_life[];   /* guests that come, go and change */
extern const struct cpu_scenario cpu_scenarios_noise[];  /* loads that come and go by themselves */
extern const struct cpu_scenario cpu_scenarios_busy[];   /* the seven cases beside a host that is busy itself */
extern const struct cpu_scenario *const cpu_scenario_sets[];

/* Aborts when there is none with that name. */
const struct cpu_scenario *cpu_scenario_find(const char *name);
/* Interval of all scenarios, in seconds. */
extern const double cpu_scenario_interval_s;
/* Starts a scenario under a policy. */
struct cpu_run *cpu_scenario_start(const struct cpu_scenario *scenario, const struct policy_ops *policy,
                                   const void *settings, uint64_t seed);
/* Goes on to the interval with that number. */
void cpu_scenario_go(const struct cpu_scenario *scenario, struct cpu_run *run, int interval);

/* Loads that are often wanted. */
struct cpu_load cpu_closed(double share);
struct cpu_load cpu_open(double share);
struct cpu_load cpu_busy(void);
struct cpu_load cpu_idle(void);
/* On at share for on_s, off for off_s, on average. */
struct cpu_load cpu_burst(double share, double on_s, double off_s);
/* A host of n pCPUs and nothing special, whose figures are as exact as real ones. */
struct cpu_sim *cpu_plain_host(int n_pcpus, uint64_t seed);
/* count guests of n_vcpus vCPUs each, pinned to pin (or CPU_SIM_FLOAT). Returns the handle of the first. */
int cpu_add_guests(struct cpu_sim *sim, int count, int n_vcpus, int pin, struct cpu_load load);

#endif
