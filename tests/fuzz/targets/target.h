/*
 * What libFuzzer's targets share. Each is one file of this folder: a function that is given bytes, and stops the
 * process where something comes out that can't be. Its seeds are the files of tests/fuzz/corpus/NAME.
 */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to hold; otherwise that is said, and the input kept by the fuzzer. */
#define HOLDS(what, condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s\n", what);                                                                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* The input as a text of its own, with its end. To be freed. */
static inline char *target_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    HOLDS("there is memory", text);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
