/*
 * Groups of pCPUs that vCPUs are pinned to as one, so that the kernel balances inside: a pCPU alone, the threads of a
 * core, what shares a last-level cache, a NUMA node, or so many pCPUs of one cache. Pure arithmetic on a snapshot.
 */
#ifndef CORE_MODEL_PCPU_GROUPS_H
#define CORE_MODEL_PCPU_GROUPS_H

#include "core/model/snapshot.h"

/* The size of groups: a number of pCPUs from 1 to PCPU_GROUPS_MOST, or one of these words. */
#define PCPU_GROUPS_CPU 1.0
#define PCPU_GROUPS_MOST 4096.0
#define PCPU_GROUPS_CORE (-1.0)
#define PCPU_GROUPS_LLC (-2.0)
#define PCPU_GROUPS_NODE (-3.0)
#define PCPU_GROUPS_AUTO (-4.0) /* whichever of the three before is the best: for who decides */

enum { PCPU_GROUPS_WORD_BYTES = 16 };

/* What pCPUs of one group have in common, from the first figure on, and then their order: threads of a core lie side by
 * side. */
struct pcpu_groups_key {
    int alone; /* 0, or a number of its own */
    int node, llc, core;
    int pcpu; /* an index of the snapshot */
};

/* All zeros: nothing was grouped yet. It owns what it points to, and is filled again and again. */
struct pcpu_groups {
    int n;
    int *of;                      /* per pCPU of the snapshot: its group */
    int *first;                   /* per group: its lowest pCPU, an index; groups are in that order */
    int *size;                    /* per group: pCPUs */
    int *cores;                   /* per group: physical cores */
    uint64_t *masks;              /* per group: a row of snapshot_words words */
    struct pcpu_groups_key *keys; /* of all pCPUs, sorted */
    int words;
    int cap_of, cap_first, cap_size, cap_cores, cap_masks, cap_keys;
};

void pcpu_groups_free(struct pcpu_groups *g);

/*
 * Groups all pCPUs of the snapshot by size (not PCPU_GROUPS_AUTO). Groups never reach beyond a node, nor, but for
 * PCPU_GROUPS_NODE, beyond a last-level cache; groups of so many keep the threads of a core together as far as they
 * can, and where a cache's pCPUs can't be divided evenly they are as equal as can be, none larger than asked for. A
 * pCPU that is offline, isolated, refuses pins, or for which alone (one per pCPU; NULL: none) says so is a group of its
 * own. 0 or -ENOMEM.
 */
int pcpu_groups_find(struct pcpu_groups *g, const struct snapshot *s, double size, const bool *alone);

/* The row of that group. */
const uint64_t *pcpu_groups_mask(const struct pcpu_groups *g, int group);

/* "cpu", "core", "llc", "node", "auto" or a whole number from 1 to PCPU_GROUPS_MOST; false for anything else. */
bool pcpu_groups_read(const char *text, double *size);
/* The same the other way; returns text, of PCPU_GROUPS_WORD_BYTES. */
const char *pcpu_groups_word(double size, char *text);

#endif
