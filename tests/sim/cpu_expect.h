/*
 * What a test expects of a scenario under the scheduler, checked over many seeds.
 */
#ifndef SIM_CPU_EXPECT_H
#define SIM_CPU_EXPECT_H

#include "tests/sim/cpu_scenarios.h"

struct cpu_expect {
    int seeds;                   /* 0: 10 */
    int moves_least, moves_most; /* pins of vCPUs that were pinned before */
    double mean_moves_most;      /* the same, mean over all seeds; 0: not checked */
    int adoptions;               /* pins of vCPUs that floated */
    int quiet_from;              /* the first action; none before this interval */
    int quiet_after;             /* no action after this interval; 0: there is none at all */
    int late_moves_most;         /* but for so many moves, once it is certain that they are worth it */
    double sd_load_most;         /* of the true mean loads, at the end */
    double mean_sd_use_most;     /* of what the pCPUs were busy, mean of the last ten intervals; 0: not checked */
};

/* Runs the scenario for each seed and asserts all that, and that no hard limit was broken in any interval. */
void cpu_expect_scenario(const char *name, const struct cpu_expect *expect);
/* Asserts that no hard limit was broken, and says which otherwise. */
void cpu_expect_unbroken(const struct cpu_run *run);

#endif
