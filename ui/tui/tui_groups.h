/*
 * The groups of pCPUs that vCPUs are pinned to, where the plan pins them to groups: which pCPUs are one, what is asked
 * of each, and how a vCPU's affinity is to be understood: its pCPU, its group, a rule of others', or none.
 */
#ifndef UI_TUI_TUI_GROUPS_H
#define UI_TUI_TUI_GROUPS_H

#include "core/model/pcpu_groups.h"
#include "core/model/report.h"

/* All zeros: nothing was grouped yet. It owns what it points to, and is filled again and again. */
struct tui_groups {
    bool shown; /* vCPUs are pinned to groups, of which there are several, not all of a single pCPU */
    double size;
    struct pcpu_groups found;
    double *load_pct; /* per group: what is asked of it, 100 where that is all it gets done */
    double *capacity; /* per group: what it gets done, 1 for a full CPU; 0: it isn't balanced */
    double mean_pct;  /* of the loads, by capacity */
    bool *alone;      /* per pCPU: it is in no group */
    int cap_load, cap_capacity, cap_alone;
};

/* How a vCPU may move. */
enum tui_hold {
    TUI_HOLD_PINNED, /* to one pCPU */
    TUI_HOLD_GROUP,  /* to its group, by the program */
    TUI_HOLD_RULE,   /* to several pCPUs, by others */
    TUI_HOLD_FLOATS, /* anywhere, or it isn't known */
};

void tui_groups_free(struct tui_groups *g);
/* Finds the report's groups and loads. Where it has some, the deviation of live loads in r is then that of groups, as
 * the plan's figures are. Out of memory, no groups are shown. */
void tui_groups_follow(struct tui_groups *g, struct report *r);
enum tui_hold tui_groups_hold(const struct tui_groups *g, const struct snapshot *s, const struct snapshot_vcpu *v);
/* The group that the pCPU (an index) is in, or -1: none is shown, or it is alone. */
int tui_groups_of(const struct tui_groups *g, int pcpu);
/* The group's name: its pCPUs ("2-3", "0,8"), or in less than width columns the first and how many more ("0+15"). */
const char *tui_groups_name(const struct tui_groups *g, int group, int width, char *text, size_t size);
/* The group that holds all of the mask, or -1. */
int tui_groups_of_mask(const struct tui_groups *g, const struct snapshot *s, const uint64_t *mask);

#endif
