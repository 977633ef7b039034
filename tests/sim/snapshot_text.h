/*
 * Snapshots as JSON text and back, for tests of what core/record/json_snapshot.h writes and reads.
 */
#ifndef TESTS_SIM_SNAPSHOT_TEXT_H
#define TESTS_SIM_SNAPSHOT_TEXT_H

#include "core/model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

/* To be freed by the caller; NULL when memory is out. */
char *snapshot_text(const struct snapshot *s);
/* 0; -EINVAL with the reason in error for what is no snapshot; -ENOMEM. s is emptied on errors. */
int snapshot_text_parse(struct snapshot *s, const char *text, size_t length, char *error, size_t size);
/* True when the two, which have the same facts, have the same figures, too: no differences are written. */
bool snapshot_text_same_figures(const struct snapshot *a, const struct snapshot *b);

#endif
