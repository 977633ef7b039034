/* What reading snapshots shares: each takes a part of the snapshot from its object. */
#ifndef CORE_RECORD_JSON_SNAPSHOT_INSIDE_H
#define CORE_RECORD_JSON_SNAPSHOT_INSIDE_H

#include "core/model/snapshot.h"
#include "core/record/json_value.h"

/* Reads a mask that may be missing into a new row, and returns the row, or -1. */
int json_snapshot_read_mask(struct json_reading *reading, struct snapshot *s, struct json_object *o, const char *key);
/* Appends a NUMA node, and a thread of the guest appended last. */
void json_snapshot_read_node(struct json_reading *reading, struct snapshot *s, struct json_object *o);
void json_snapshot_read_thread(struct json_reading *reading, struct snapshot *s, struct json_object *o);

#endif
