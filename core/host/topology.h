/*
 * The host's pCPUs as its capabilities describe them: which node, core and last-level cache each belongs to. Where a
 * driver says little, what is missing gets the plainest value: node 0, a core of its own, the package as the cache.
 */
#ifndef CORE_HOST_TOPOLOGY_H
#define CORE_HOST_TOPOLOGY_H

#include "core/model/snapshot.h"

struct topology {
    int cpu_limit; /* one above the highest pCPU number known */
    struct topology_cpu {
        bool known;          /* the capabilities name it */
        bool placed;         /* and say which package it is in: offline ones have no such place */
        int node, llc, core; /* llc and core: the lowest pCPU number that shares it */
        bool online, isolated;
        int capacity; /* as the kernel's cpu_capacity has it, 1024 for the largest as a rule; 0: not told */
    } * cpus;         /* index: pCPU number; cpu_limit of them */
    int cap_cpus;
    int n_nodes;       /* NUMA nodes, those without pCPUs too; 0: not told */
    uint64_t huge_kib; /* in pools of pages larger than the machine's own, of all nodes */
};

/*
 * Reads a <capabilities> document. online: what the host says by other means (node CPU map), as bytes of bits with
 * online_count numbers; NULL: those with a place in the topology are. Returns 0, -EINVAL for text that is none (then
 * all pCPUs below online_count are taken as alike), or -ENOMEM.
 */
int topology_read(struct topology *t, const char *text, const unsigned char *online, int online_count);

/* Forgets which pCPUs are isolated. */
void topology_join(struct topology *t);
/* Marks the pCPUs of a list such as the kernel's /sys/devices/system/cpu/isolated. */
void topology_isolate(struct topology *t, const char *list);

/* Notes what a pCPU gets done, as in the kernel's /sys/devices/system/cpu/cpuN/cpu_capacity. */
void topology_set_capacity(struct topology *t, int number, const char *text);

/* Appends all pCPUs to a snapshot that was reset with t->cpu_limit. 0 or -ENOMEM. */
int topology_fill(const struct topology *t, struct snapshot *s);

void topology_free(struct topology *t);

#endif
