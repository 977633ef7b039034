/*
 * The host's own work on a pCPU, and what of it would stay there whatever else is put there: a pinned thread, an
 * interrupt. The rest floats: the kernel moves it away as soon as a pCPU fills.
 */
#ifndef CPU_DEMAND_DEMAND_PCPU_H
#define CPU_DEMAND_DEMAND_PCPU_H

#include "core/model/rates.h"
#include "core/model/snapshot.h"
#include "cpu/demand/demand_level.h"

struct demand_pcpu {
    struct demand_level host;    /* the host's own work */
    struct demand_level pressed; /* the same, of times when it had reason and room to go elsewhere */
    int number;
    double last_pct;     /* the host's work in the last sample; */
    double least_pct[2]; /* its lowest level in this interval, and in the one before */
    double wait_pct;     /* in the last sample, of the vCPUs pinned to it together */
    double guest_pct;    /* the vCPUs' run on it, over about an interval */
    double taken_pct;    /* what interrupts and an outer hypervisor took, over about an interval */
    double host_pct;     /* the level of the host's work as it counts in a plan */
    double stays_pct;    /* of it what stayed under pressure */
    double fixed_pct;    /* of it what stays there whatever happens */
    double variance;     /* how far off fixed_pct may be, squared */
};

/* What is known of a pCPU of that number before its first sample. */
struct demand_pcpu demand_pcpu_new(int number);
/*
 * Takes in a sample: pcpus has an entry for each of now's, in their order. interval_s: time between two decisions;
 * stands_s: how long levels stand still as far as is known beforehand; peers: learned on. Without a time that passed
 * nothing is learned.
 */
void demand_pcpu_learn(struct demand_pcpu *pcpus, const struct snapshot *now, const struct rates *r, double interval_s,
                       double stands_s, struct demand_level_peers *peers);
/* A decision was made. */
void demand_pcpu_interval(struct demand_pcpu *pcpu);

#endif
