#include "core/model/array.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int array_reserve(void *array, int *cap, int need, size_t entry_bytes)
{
    void *old, *grown;
    int room;

    if (need <= *cap)
        return 0;
    if (need > INT_MAX / 2 || (size_t)need > PTRDIFF_MAX / 2 / entry_bytes)
        return -ENOMEM;
    room = need < 8 ? 8 : need;
    if (room < *cap + *cap / 2)
        room = *cap + *cap / 2;
    memcpy(&old, array, sizeof(old));
    grown = realloc(old, (size_t)room * entry_bytes);
    if (!grown)
        return -ENOMEM;
    memcpy(array, &grown, sizeof(grown));
    *cap = room;
    return 0;
}

void array_copy(void *to, const void *from, int count, size_t entry_bytes)
{
    if (count > 0)
        memcpy(to, from, (size_t)count * entry_bytes);
}

void array_clear(void *entries, int count, size_t entry_bytes)
{
    if (count > 0)
        memset(entries, 0, (size_t)count * entry_bytes);
}

int array_add_row(uint64_t **block, int *n, int *cap, int words, const uint64_t *row)
{
    size_t row_bytes = (size_t)words * sizeof(**block);
    uintptr_t base = (uintptr_t)*block, from = (uintptr_t)row;
    bool own = row && *block && from >= base && from - base < (size_t)*n * row_bytes;
    uint64_t *added;

    if (array_reserve(block, cap, *n + 1, row_bytes) || !*block)
        return -ENOMEM;
    if (own) /* the block may just have moved */
        row = *block + (from - base) / sizeof(*row);
    added = *block + (size_t)*n * (size_t)words;
    if (row)
        memcpy(added, row, row_bytes);
    else
        memset(added, 0, row_bytes);
    return (*n)++;
}
