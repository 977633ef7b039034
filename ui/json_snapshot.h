/*
 * Snapshots as JSON and back, exactly: every fact, presence bits, 64-bit values; masks as lists of CPUs. What is read
 * is checked for sense and size, so that a damaged or hostile text is refused in words and can't make the reader
 * allocate without limit.
 */
#ifndef UI_JSON_SNAPSHOT_H
#define UI_JSON_SNAPSHOT_H

#include "host/snapshot.h"

#include <json.h>

/* A new object, or NULL when memory is out. */
struct json_object *json_snapshot(const struct snapshot *s);

/* Fills s. 0; -EINVAL with the reason in error for what is no snapshot; -ENOMEM. s is emptied on errors. */
int json_snapshot_read(struct snapshot *s, struct json_object *object, char *error, size_t size);

/* The same for text of that many bytes. */
char *json_snapshot_text(const struct snapshot *s);
int json_snapshot_parse(struct snapshot *s, const char *text, size_t length, char *error, size_t size);

/* True when two snapshots say the same (masks by their content, not by row). */
bool json_snapshot_same(const struct snapshot *a, const struct snapshot *b);

#endif
