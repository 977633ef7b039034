/*
 * The deciding part of vcpu_scheduler: from what vCPUs did in an interval to which of them should be pinned where.
 * demand.h says what each vCPU wants, placement.h finds the fewest moves, scheduler.c joins them: adoption,
 * constraints, smoothing, cool-downs, hysteresis, and the words for the operator. Pure: no clock, no I/O.
 */
#ifndef CPU_SCHEDULER_H
#define CPU_SCHEDULER_H

#include "core/model/policy.h"

struct scheduler_settings {
    double tolerance; /* points of standard deviation within which nothing moves (the trigger) */
    double aim;       /* points that a plan tries to get down to; below tolerance: the dead band between them */
    double pin_cost; /* points of sd that a pin must gain, times the intervals that loads are expected to stand still */
    double cooldown; /* cool-down of a vCPU after a move, in intervals; doubles while it keeps being moved */
    double pin_to;   /* the size of the groups of pCPUs that vCPUs are pinned to (core/model/pcpu_groups.h) */
    bool keep_pins;  /* take persistent <vcpupin> masks as constraints */
    bool with_threads; /* place emulators and iothreads with their guests' vCPUs, where the snapshot has them */
    double smt_factor; /* what a core gets done all of whose threads are busy, of what it does with one */
    bool no_smt;       /* don't tell SMT siblings apart from cores */
};

extern const struct scheduler_settings scheduler_settings_default;
extern const struct policy_ops scheduler_policy;

#endif
