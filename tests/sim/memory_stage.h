/*
 * The coordinator on a stage: three guests whose figures are set by hand. For tests that need one
 * certain figure rather than a whole simulated host. Memory running out ends the program: this is for tests.
 */
#ifndef SIM_MEMORY_STAGE_H
#define SIM_MEMORY_STAGE_H

#include "core/model/policy.h"
#include "memory/coordinator.h"

#define MIB(mib) ((uint64_t)(mib)*1024)

enum { STAGE_GUESTS = 3, STAGE_RESERVE_MIB = 800, STAGE_NODES = 3 };

/* What a guest of the next snapshot is like; MiB. */
struct stage_guest {
    double size, max, unused, cache, rss, weight;
    double swapped_in, major_faults; /* since its boot */
    double size_then;                /* when its statistics were taken; 0: as now */
    int id;
    uint64_t nodes; /* bits of the NUMA nodes that its memory comes from; 0: any */
    bool prefers;   /* them, but isn't bound to them */
    bool inhibited;
    bool reports_free; /* free page reporting */
    bool deflates;     /* on oom: its total is that of its maximum, whatever its balloon holds */
    bool untimed;      /* no time comes with its statistics */
    bool no_rss, no_size, no_max;
    enum snapshot_guest_state state;
    unsigned frozen_at; /* > 0: its statistics stand still since that look */
};

struct stage {
    void *state;
    struct snapshot before, now;
    struct rates rates;
    struct plan plan;
    struct stage_guest guests[STAGE_GUESTS];
    int order[STAGE_GUESTS];                  /* in which they are seen; -1: not seen */
    double host_free_mib, host_swap_free_mib; /* of 16000 */
    double host_caches_mib;                   /* > 0: a distant host, which doesn't say what of them it can drop */
    double pressure_some_pct, pressure_full_pct;
    double node_free_mib[STAGE_NODES]; /* < 0: not told; none of them is at first */
    double interval_s;                 /* 2 at first */
    double wall_s; /* by so much the wall clock, which reports are timed by, was set forward since the beginning */
    unsigned taken;
    struct policy_request request; /* of the last plan */
};

/* Guests of 1000 of 2000 MiB, 200 of them unused, all resident, on a host with 8000 MiB free. settings NULL:
 * defaults, but for the host's reserve, which is STAGE_RESERVE_MIB however much the host has. */
void stage_begin(struct stage *s, const struct coordinator_settings *settings);
void stage_end(struct stage *s);
/* Takes a snapshot one interval after the last one, learns and plans. The plan is s->plan. */
const struct plan *stage_decide(struct stage *s);
const struct plan *stage_decide_forced(struct stage *s, bool force);
/* Takes a snapshot so long after the last one and asks what can't wait for the decision that comes until_s after it. */
const struct plan *stage_early(struct stage *s, double seconds, double until_s);
/* Tells the coordinator that all of the plan came to result. Done: sizes follow at once, and what is taken is taken
 * from what is unused. */
void stage_carry_out(struct stage *s, enum plan_result result);
/* The same, but balloons don't move. */
void stage_accept(struct stage *s);
/* NULL: there is none. */
const struct plan_action *stage_action(const struct plan *p, int guest);

#endif
