/*
 * A host as it looks when its groups of pCPUs are its pCPUs: one made-up pCPU for each group, which has the number of
 * the group's lowest pCPU; vCPUs are pinned to that where their masks are the group (as far as their guest may use it).
 * So what decides for pCPUs decides for groups, and a place in its plan is turned back into a mask.
 *
 *     the host                 the view, groups of two
 *     pCPU  0  1  2  3         pCPU  0      2            capacity 2 each
 *     a/0  [0-1]               a/0  [0]                  in its place
 *     b/0   [1]                b/0  [0]                  loose: there, but pinned to less than the group
 *     c/0  [0-3]               c/0  [0,2]                floats
 */
#ifndef CPU_GROUP_VIEW_H
#define CPU_GROUP_VIEW_H

#include "core/model/pcpu_groups.h"
#include "cpu/demand/demand.h"

struct group_view {
    const struct snapshot *host; /* what it is a view of */
    bool keep_pins;
    struct pcpu_groups groups;
    struct snapshot now;  /* the view; guests and vCPUs have the host's indices, pCPUs those of groups */
    struct demand demand; /* what was learned, in that order; it borrows from the one it was made from */
    double *capacity;     /* per group: what it gets done, 1 for a full CPU */
    bool *loose;          /* per vCPU: pinned within a group, but not to all of it that it may use */
    bool *alone;          /* per pCPU of the host: a dedicated guest's own */
    int *owner;           /* per pCPU of the host: that guest, -1 */
    uint64_t *row;        /* a mask to work in */
    int cap_capacity, cap_loose, cap_alone, cap_owner, cap_row, cap_pcpus;
};

void group_view_free(struct group_view *v);

/*
 * Makes the view of host, of which d learned last, by groups of that size (pcpu_groups.h). keep_pins:
 * persistent pins are rules. core_capacity: what a core gets done all of whose threads are busy; 0: threads are cores.
 * What it is made from must outlast it. 0 or -ENOMEM.
 */
int group_view_make(struct group_view *v, const struct snapshot *host, const struct demand *d, double size,
                    bool keep_pins, double core_capacity);

/* The mask of a vCPU in a group, of the host's width: the group, as far as the vCPU may use it. Good until the next
 * call; no pCPU at all where it may use none. */
const uint64_t *group_view_mask(struct group_view *v, int vcpu, int group);

#endif
