/*
 * Made-up snapshots in which every field may have any value it can have: no host that makes sense, but what writers and
 * readers of snapshots must carry through. The same seed gives the same snapshots everywhere.
 */
#ifndef TESTS_SIM_RANDOM_SNAPSHOT_H
#define TESTS_SIM_RANDOM_SNAPSHOT_H

#include "core/model/snapshot.h"

struct random_source {
    uint64_t state;
};

uint64_t random_u64(struct random_source *source);
/* 0 to below - 1. */
int random_below(struct random_source *source, int below);
/* A text of at most size - 1 bytes: plain, UTF-8, or any bytes but zero. */
void random_text(struct random_source *source, char *text, size_t size);

/* Fills s. most: no more pCPUs, guests, or vCPUs of a guest than that. */
void random_snapshot(struct random_source *source, struct snapshot *s, int most);
/* Changes some or all of the figures of s, facts never. */
void random_figures(struct random_source *source, struct snapshot *s);

#endif
