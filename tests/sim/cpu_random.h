/*
 * Random hosts whose loads change at random moments, and how well a policy follows: 2 to 8 pCPUs, as many to three
 * times as many vCPUs (some guests have 2 to 4), first idle; then all loads or a part of them change, time and again,
 * 20 to 30 intervals apart and never on a decision.
 *
 * After a change a balance is possible if some placement of the loads that then run, beside the host's own work, has a
 * standard deviation of at most 5 points over the pCPUs. Only such changes are judged, by uncontended demand.
 */
#ifndef SIM_CPU_RANDOM_H
#define SIM_CPU_RANDOM_H

#include "core/model/policy.h"

#include <stdbool.h>
#include <stdint.h>

enum cpu_random_loads {
    CPU_RANDOM_CLOSED,
    CPU_RANDOM_OPEN,
    CPU_RANDOM_BOTH,
    CPU_RANDOM_IDLE_AND_BUSY, /* both, a quarter of the vCPUs idle and a twelfth never idle */
    CPU_RANDOM_KINDS
};

struct cpu_random_host {
    enum cpu_random_loads loads;
    double interval_s;
    uint64_t seed;
    int changes;
    bool floats; /* all vCPUs float at first, whatever the seed would have */
    bool loud;   /* prints every interval and every change's score */
};

/* Sums over changes and hosts; add them up with cpu_random_add. */
struct cpu_random_score {
    int changes, possible;      /* the latter are what the next three are sums over */
    int in_time;                /* balanced within five intervals and until the next change */
    int at_end;                 /* balanced when the next change comes */
    double excess;              /* mean of sd - best sd from the third interval on */
    int clear, clear_in_time;   /* of those with a point to spare: the best sd is at most 4 points */
    int pins;                   /* over all changes */
    double work_s, most_work_s; /* done by the vCPUs; what they asked for, or the most that the pCPUs could do */
    int broken;                 /* hard limits broken, see cpu_run */
    char broken_text[256];      /* the first one */
};

struct cpu_random_score cpu_random_play(const struct cpu_random_host *host, const struct policy_ops *policy);
void cpu_random_add(struct cpu_random_score *to, const struct cpu_random_score *score);
const char *cpu_random_name(enum cpu_random_loads loads);

#endif
