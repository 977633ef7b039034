/*
 * Other ways to move memory between guests, each as published or as is usual, behind the same interface as ours: what
 * they do with the same hosts is the measure of what ours is worth. All take coordinator_settings, keep the guests'
 * floor and maximum, and leave alone who doesn't report.
 */
#ifndef SIM_MEMORY_RIVALS_H
#define SIM_MEMORY_RIVALS_H

#include "core/model/policy.h"

struct memory_rival {
    const char *name;
    const struct policy_ops *ops;
    double burst_mib_s; /* of the settings; 0: the default */
};

/* Ours comes first, then ours kept ready for faster growth; doing nothing comes last. Ended by one whose name is NULL.
 */
extern const struct memory_rival memory_rivals[];

/*
 * oVirt's Memory Overcommitment Manager, the rules of its balloon policy: where less than 20 % of the host is free all
 * guests shrink towards a share of unused memory that falls with what the host has, otherwise all grow until 20 % of
 * their maximum is unused; by 5 % of a guest at most, unless growth needs more. Figures are means of the last three.
 */
extern const struct policy_ops memory_rival_mom;
/*
 * Proxmox VE's automatic ballooning: aims at 80 % of the host's memory in use, and shares what is missing or too much
 * out by weight above each guest's minimum, by 100 MiB a guest at most; guests with little unused memory grow first,
 * those with much shrink first.
 */
extern const struct policy_ops memory_rival_proxmox;
/* XAPI's squeezed: what there is above the guests' minima goes to all in proportion to maximum less minimum, whatever
 * they use. */
extern const struct policy_ops memory_rival_squeezed;
/* A controller with a proportional and an integral part for each guest, which aims at 80 % of its size in use. */
extern const struct policy_ops memory_rival_pi;
/* Every guest stays as it is. */
extern const struct policy_ops memory_rival_nothing;

#endif
