/*
 * The situations in which memory policies are tested and compared: each one a host, its guests, and what happens to
 * them over time. The table of figures and the tests run the very same ones.
 */
#ifndef SIM_MEMORY_SCENARIOS_H
#define SIM_MEMORY_SCENARIOS_H

#include "tests/sim/memory_run.h"

struct memory_scenario {
    const char *name;  /* a word, for the command line */
    const char *title; /* for the table */
    struct memory_sim_host host;
    double interval_s;
    unsigned intervals;
    void (*begin)(struct memory_sim *sim);
    /* Called once in each interval, with its number from 1, at a random moment of it. May be NULL. */
    void (*during)(struct memory_sim *sim, unsigned interval);
    bool host_jumps; /* the host's own use changes by more than noise */
};

/* Ended by one whose name is NULL. */
extern const struct memory_scenario memory_scenarios[];
const struct memory_scenario *memory_scenario_find(const char *name);

/* Runs one from beginning to end. The caller ends run and frees *sim. each (may be NULL) is called after each interval.
 */
void memory_scenario_run(const struct memory_scenario *scenario, const struct policy_ops *policy,
                         const struct coordinator_settings *settings, struct memory_sim **sim, struct memory_run *run,
                         void (*each)(struct memory_run *run, void *user), void *user);

#endif
