/*
 * Snapshots as JSON and back, exactly: every fact, presence bits, 64-bit values; masks as lists of CPUs. What is read
 * is checked for sense and size, so that a damaged or hostile text is refused in words and can't make the reader
 * allocate without limit.
 */
#ifndef CORE_RECORD_JSON_SNAPSHOT_H
#define CORE_RECORD_JSON_SNAPSHOT_H

#include "core/model/snapshot.h"
#include "core/record/json_value.h"

/* What a snapshot that is read may have at the most: far more than any host has, and little enough that a text of
 * JSON_TEXT_BYTES can't make the reader allocate without end. */
enum {
    JSON_SNAPSHOT_CPUS = 1 << 16, /* pCPU numbers, node, cache and vCPU numbers are below */
    JSON_SNAPSHOT_GUESTS = 1 << 16,
    JSON_SNAPSHOT_VCPUS = 1 << 18,
    JSON_SNAPSHOT_MASK_BYTES = 64 << 20, /* all masks together */
};

/* A new object, or NULL when memory is out. */
struct json_object *json_snapshot(const struct snapshot *s);

/* Fills s; on failure s is emptied. */
void json_snapshot_read(struct json_reading *reading, struct snapshot *s, struct json_object *object);
/* The same from a report's object, which has it among its own members. */
void json_snapshot_read_of_report(struct json_reading *reading, struct snapshot *s, struct json_object *object);

/* The number that a thread goes by (snapshot_thread), from the object that names it. */
int json_snapshot_read_thread_number(struct json_reading *reading, struct json_object *o);

/* Parts of a snapshot, by index, for the report. A guest comes without memory and vCPUs. */
struct json_object *json_snapshot_pcpu(const struct snapshot *s, int pcpu);
struct json_object *json_snapshot_guest(const struct snapshot *s, int guest);
struct json_object *json_snapshot_vcpu(const struct snapshot *s, int vcpu);
/* The guest's other threads; NULL where none are told. */
struct json_object *json_snapshot_threads(const struct snapshot *s, int guest);
struct json_object *json_snapshot_memory(const struct snapshot_memory *m);
/* NULL where nothing of it was reported. */
struct json_object *json_snapshot_work(const struct snapshot_work *w);
/* Of all NUMA nodes that are listed. */
struct json_object *json_snapshot_nodes(const struct snapshot *s);
struct json_object *json_snapshot_host(const struct snapshot_host *h);

#endif
