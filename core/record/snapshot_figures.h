/*
 * Which of a snapshot's fields change all the time (figures: counters, sizes, where a vCPU was last seen) and which
 * stay as a rule (facts: topology, names, masks, which statistics there are). Recordings repeat facts only when they
 * change, and write figures as differences.
 */
#ifndef CORE_RECORD_SNAPSHOT_FIGURES_H
#define CORE_RECORD_SNAPSHOT_FIGURES_H

#include "core/model/snapshot.h"
#include "core/record/json_value.h"

/* True when both say the same but for their figures; masks are compared by the pCPUs in them, wherever they are stored.
 */
bool snapshot_same_facts(const struct snapshot *a, const struct snapshot *b);

/* The figures of now as differences to those of before, which has the same facts; an empty object where they are the
 * same. NULL when memory is out. */
struct json_object *snapshot_figures_json(const struct snapshot *before, const struct snapshot *now);
/* Turns s from the snapshot before into the one that the figures were taken of. On failure its figures are undefined. s
 * has come out of json_snapshot_read: each of its masks is used by one vCPU. */
void snapshot_figures_read(struct json_reading *reading, struct snapshot *s, struct json_object *object);

#endif
