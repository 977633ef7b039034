/*
 * Which pins and which rules cost a host most of its balance, by its recording. A pin's cost is by how much the
 * deviation of pCPU load falls when the best plan there is moves that vCPU away. A rule's (a mask of several pCPUs,
 * what the guest's metadata ask for, a guest that is left alone) is by how much lower the best plan could bring the
 * deviation if that guest had no rule. Both are means over the decisions that were looked at.
 */
#ifndef CORE_ADVISE_PIN_COSTS_H
#define CORE_ADVISE_PIN_COSTS_H

#include "core/advise/player.h"
#include "core/record/record.h"

enum pin_cost_kind { PIN_COST_PIN, PIN_COST_RULE };

struct pin_cost {
    enum pin_cost_kind kind;
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    char name[SNAPSHOT_NAME_BYTES];
    int vcpu, cpu; /* PIN_COST_PIN: libvirt's vCPU number, and the pCPU it is pinned to */
    char what[64]; /* PIN_COST_RULE: which, as in "cpuset, left alone" */
    double points; /* of deviation: their sum, and after pin_costs_conclude their mean over all that was looked at */
    uint64_t seen; /* decisions at which it was so */
};

struct pin_costs {
    struct player player;
    struct snapshot before, lifted;
    struct plan without; /* a guest's rules */
    struct pin_cost *costs;
    int n_costs, cap_costs;
    uint64_t decisions, looked_at; /* with how many of them rules were looked at, which takes a plan for each guest */
    uint64_t next_look, stride;
    double now_sd, best_sd; /* deviations in points over all decisions, and after pin_costs_conclude their
                                means: as it was, and by the best plan */
};

/* The same as player_begin. pin_costs_end frees in either case. */
int pin_costs_begin(struct pin_costs *c, const struct policy_ops *policy, const void *settings, double sample_s);
void pin_costs_end(struct pin_costs *c);
/* Takes in the next line of the recording; snapshot: its own, clamped. begins: what was before isn't known. 0 or
 * -errno. */
int pin_costs_take(struct pin_costs *c, const struct record_line *line, const struct snapshot *snapshot, bool begins);
/* Makes means of the sums, and orders what was found by its cost, the highest first. */
void pin_costs_conclude(struct pin_costs *c);

#endif
