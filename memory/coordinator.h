/*
 * The deciding part of memory_coordinator: from what guests' memory did in an interval to what size each balloon should
 * have. guest_history remembers each guest (growth, cuts that hurt, balloons that are stuck), need says what it needs,
 * budget what the host can give and fair_share who gets it, decide what is done and explain why; decision joins them.
 * Pure: no clock, no I/O.
 */
#ifndef MEMORY_COORDINATOR_H
#define MEMORY_COORDINATOR_H

#include "core/model/policy.h"

struct coordinator_settings {
    double host_reserve_mib; /* the host keeps this much; < 0: the larger of 200 MiB and 5 % of what is free and guests
                                hold */
    double guest_floor_mib;  /* no guest is made smaller than this */
    double unused_floor_mib; /* each guest keeps at least this unused */
    double step_mib;         /* the most that is taken from a guest at once in calm; < 0: the larger of 100 MiB and 5 %
                                of its maximum */
    double headroom_pct;     /* share of what a guest uses that is kept as headroom */
    double safety;           /* factor on the growth that is expected */
    double burst_mib_s;      /* while memory is plenty, each guest keeps enough for growth at this rate to begin */
    double cache_pct;        /* share of its maximum up to which a guest's page cache is kept as if it were in use */
};

extern const struct coordinator_settings coordinator_settings_default;
extern const struct policy_ops coordinator_policy;

#endif
