/*
 * What else is done about the placement of vCPUs, in its plainest form, as policies for the simulator: what our
 * scheduler is compared with in the same tables. They know neither rules nor pCPUs that are offline, and are meant for
 * hosts that have none.
 */
#ifndef SIM_CPU_RIVALS_H
#define SIM_CPU_RIVALS_H

#include "core/model/policy.h"

/* Plans afresh by use, each interval: the vCPU that ran most goes to the pCPU with the least, and so on down to the one
 * that ran least. (Longest processing time first; Graham, "Bounds on multiprocessing timing anomalies", 1969.) */
extern const struct policy_ops cpu_rival_replan;
/* The same, but only while the pCPUs' use deviates by more than 5 points. */
extern const struct policy_ops cpu_rival_replan_uneven;
/* As many vCPUs on one pCPU as on any other, whatever they do, as LXD pins its instances. */
extern const struct policy_ops cpu_rival_count;
/* pCPUs with more than the average push to those with less, the vCPU that fits the gap best each time, as scx_rusty
 * balances its domains: by the share of time that a vCPU runs or wants to. */
extern const struct policy_ops cpu_rival_push;
/* Leaves everything to the kernel. */
extern const struct policy_ops cpu_rival_none;

#endif
