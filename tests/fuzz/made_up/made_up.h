/*
 * Hosts and guests out of bytes, for the targets of the two policies: every byte means something, and values lie
 * where something changes more often than a random number would.
 */
#ifndef TESTS_FUZZ_MADE_UP_H
#define TESTS_FUZZ_MADE_UP_H

#include "core/model/snapshot.h"

struct bytes {
    const uint8_t *data;
    size_t left;
};

/* From 0 to below; 0 when all bytes are used up. */
int made_up_below(struct bytes *from, int below);
/* Sizes, times and counters: small, large, and as large as can be. */
uint64_t made_up_figure(struct bytes *from);
/* A first snapshot, or one a second or more after the one before (then s holds that, and its guests may have changed).
 */
void made_up_first(struct bytes *from, struct snapshot *s);
void made_up_next(struct bytes *from, struct snapshot *s);

#endif
