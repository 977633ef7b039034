/*
 * What a policy wants done, and why: a list of actions, notes on what was left alone, and the figures the decision
 * rests on. The host carries the actions out and writes what came of each beside it.
 */
#ifndef CORE_MODEL_PLAN_H
#define CORE_MODEL_PLAN_H

#include "core/model/snapshot.h"

enum plan_kind {
    PLAN_PIN,        /* pin one vCPU to the pCPUs of a mask (as a rule, one) */
    PLAN_SET_MEMORY, /* set the balloon's target */
};

enum plan_result {
    PLAN_PENDING, /* not carried out (yet) */
    PLAN_DONE,
    PLAN_SKIPPED, /* found to be so already, or the guest is gone */
    PLAN_FAILED,  /* the hypervisor refused; see error */
    PLAN_DRY_RUN, /* would have been done */
};

enum { PLAN_REASON_BYTES = 160, PLAN_SUMMARY_BYTES = 240, PLAN_STATUS_BYTES = 96 };

struct plan_action {
    enum plan_kind kind;
    enum plan_result result;
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    char name[SNAPSHOT_NAME_BYTES];
    int vcpu;                  /* PLAN_PIN: libvirt's vCPU number */
    int from_cpu, to_cpu;      /* PLAN_PIN: pCPU numbers; from_cpu -1: it floated; to_cpu -1: see to_mask */
    bool from_group;           /* PLAN_PIN: with from_cpu -1: it didn't float, but was pinned to a group: from_mask */
    int from_mask, to_mask;    /* PLAN_PIN: rows of plan.masks: affinity before (-1 unknown), affinity wanted */
    uint64_t from_kib, to_kib; /* PLAN_SET_MEMORY */
    double gain;               /* PLAN_PIN: fall of the standard deviation by this move, in points */
    char reason[PLAN_REASON_BYTES];
    char error[PLAN_REASON_BYTES];
};

/* A word on something that was considered and not done: "db/0 stays", "gain 0.4 < 1.0". */
struct plan_note {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    char subject[SNAPSHOT_NAME_BYTES];
    char text[PLAN_REASON_BYTES];
};

/* What the policy thinks of each guest; index as in the snapshot it planned for. The identities here and in the two
 * below are filled in by plan_size_for, for those who look at the plan beside a younger snapshot. */
struct plan_guest {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    int first_vcpu, n_vcpus;        /* its range in plan.vcpus */
    bool managed;                   /* the policy would act on it if need be */
    char status[PLAN_STATUS_BYTES]; /* "at maximum", "no balloon driver", "real-time: left alone"; may be empty */
    uint64_t used_kib, need_kib, floor_kib, target_kib; /* memory: 0 where not decided */
};

/* What the scheduler thinks of each vCPU; index as in the snapshot. */
struct plan_vcpu {
    int number;        /* libvirt's vCPU number */
    double demand_pct; /* smoothed */
    int cooldown_s;    /* seconds until it may move again; 0: it may now */
    double wait_pct;   /* of the time it is expected to wait for a pCPU after the plan; < 0: not predicted */
};

/* Per pCPU; index as in the snapshot. */
struct plan_pcpu {
    int number;          /* the kernel's CPU number */
    double load_pct;     /* smoothed demand of its vCPUs and smoothed host work */
    double expected_pct; /* the same after the plan */
    double capacity;     /* pinned to groups: what its group gets done, 1 for a full CPU; 0: it is in none */
};

struct plan {
    uint64_t decided_ns;              /* taken_ns of the snapshot it was made from */
    bool forced;                      /* by the operator */
    bool early;                       /* between two decisions, as it can't wait for the next one */
    bool learning;                    /* there weren't enough figures yet to decide */
    char summary[PLAN_SUMMARY_BYTES]; /* one line: what is done, or why nothing */
    struct plan_action *actions;
    int n_actions, cap_actions;
    struct plan_note *notes;
    int n_notes, cap_notes;
    int cpu_limit;
    uint64_t *masks; /* rows as in a snapshot, of cpumask_words(cpu_limit) words */
    int n_masks, cap_masks;
    struct plan_guest *guests;
    int n_guests, cap_guests;
    struct plan_vcpu *vcpus;
    int n_vcpus, cap_vcpus;
    struct plan_pcpu *pcpus;
    int n_pcpus, cap_pcpus;
    /* vCPU scheduler; standard deviations of pCPU load in points, < 0 where unknown */
    bool has_balance;
    double sd_now;      /* of the smoothed loads, before the plan */
    double sd_expected; /* after the plan */
    double sd_bound;    /* lower bound: no placement under the same constraints does better */
    double sd_observed; /* what the interval after the previous plan really showed */
    double tolerance;
    double pinned_to;         /* the size of groups that vCPUs are pinned to (pcpu_groups.h); 0: not told, a pCPU */
    double wait_expected_pct; /* mean over vCPUs that don't idle, after the plan; < 0: not predicted */
    double wait_observed_pct; /* the same of the last interval */
    /* memory coordinator, KiB */
    bool has_memory;
    uint64_t host_free_kib;    /* what counts as free on the host */
    uint64_t host_reserve_kib; /* what is kept */
    uint64_t budget_kib;       /* what may be handed out now */
    uint64_t missing_kib;      /* needs that could not be met */
    uint64_t pending_kib;      /* asked for but not yet given back by balloons */
};

void plan_free(struct plan *p);
/* Forgets everything but the memory held; sd figures become -1. */
void plan_reset(struct plan *p, int cpu_limit);
/* Makes room for per-guest, per-vCPU and per-pCPU entries, as many as the snapshot has, zeroed but for whose they are.
 * 0 or -ENOMEM. */
int plan_size_for(struct plan *p, const struct snapshot *s);
/* Appends a zeroed action (from_cpu, to_cpu, masks -1) for guest g of s; NULL when memory is out. */
struct plan_action *plan_add_action(struct plan *p, enum plan_kind kind, const struct snapshot *s, int guest);
/* Appends a note; guest -1 for one that concerns no guest; the text is made as by printf. 0 or -ENOMEM. */
int plan_add_note(struct plan *p, const struct snapshot *s, int guest, const char *subject, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Appends a copy of mask, of the plan's width, and returns its row index, or -ENOMEM. */
int plan_add_mask(struct plan *p, const uint64_t *mask);
/* The row with that index, or NULL for an index below 0. */
const uint64_t *plan_mask(const struct plan *p, int row);
/* A place in words: "3" for a pCPU; where that is -1, "4-7" for the mask of that row; otherwise without either. Returns
 * text. */
const char *plan_place_words(const struct plan *p, int cpu, int mask, const char *otherwise, char *text, size_t size);
/* Where a PLAN_PIN comes from, "any" where it floated. Returns text. */
const char *plan_from_words(const struct plan *p, const struct plan_action *a, char *text, size_t size);
/* Makes to equal to from, reusing what to holds. Returns 0 or -ENOMEM (to is then empty). */
int plan_copy(struct plan *to, const struct plan *from);
/* The word for a result, for logs and JSON: "done", "dry run", ... */
const char *plan_result_word(enum plan_result result);

#endif
