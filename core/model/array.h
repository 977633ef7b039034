/*
 * Arrays that grow: the one way in which snapshots, plans, rates and reports get memory. They never shrink, so that a
 * loop that fills the same ones again and again stops allocating once they have reached the host's size.
 */
#ifndef CORE_MODEL_ARRAY_H
#define CORE_MODEL_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Makes room for need entries of entry_bytes each. array is the address of the pointer to the first entry, *cap the
 * room there is. Returns 0, or -ENOMEM (also for sizes beyond reason); then nothing has changed. New entries are not
 * cleared.
 */
int array_reserve(void *array, int *cap, int need, size_t entry_bytes);

/* As memcpy and memset to 0 of count entries, but count may be 0 with no array there. */
void array_copy(void *to, const void *from, int count, size_t entry_bytes);
void array_clear(void *entries, int count, size_t entry_bytes);

/*
 * Appends a copy of row (NULL: zeros) to a block of n rows of words words. row may lie in the block itself. Returns
 * the new row's index, or -ENOMEM.
 */
int array_add_row(uint64_t **block, int *n, int *cap, int words, const uint64_t *row);

#endif
