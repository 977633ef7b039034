/*
 * Damages JSON texts in all sorts of ways: bits, bytes, pieces lost or doubled, values that are extreme or of another
 * type. For tests of readers.
 */
#ifndef TESTS_SIM_DAMAGE_TEXT_H
#define TESTS_SIM_DAMAGE_TEXT_H

#include "tests/sim/random_snapshot.h"

#include <stddef.h>

/* Bytes and a final zero byte; to be released by free(text.bytes). */
struct text {
    char *bytes;
    size_t length, room;
};

void text_set(struct text *t, const char *bytes, size_t length);
/* Does one thing to it. */
void text_damage(struct random_source *source, struct text *t);

#endif
