#include "ui/tui/tui_uuids.h"

#include "core/model/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int find(const struct tui_uuids *set, const uint8_t *uuid)
{
    for (int i = 0; i < set->n; i++)
        if (memcmp(set->items[i].bytes, uuid, SNAPSHOT_UUID_BYTES) == 0)
            return i;
    return -1;
}

void tui_uuids_free(struct tui_uuids *set)
{
    free(set->items);
    *set = (struct tui_uuids){0};
}

bool tui_uuids_has(const struct tui_uuids *set, const uint8_t *uuid)
{
    return find(set, uuid) >= 0;
}

int tui_uuids_toggle(struct tui_uuids *set, const uint8_t *uuid)
{
    int i = find(set, uuid);

    if (i >= 0) {
        set->items[i] = set->items[--set->n];
        return 0;
    }
    if (array_reserve(&set->items, &set->cap, set->n + 1, sizeof(*set->items)))
        return -ENOMEM;
    memcpy(set->items[set->n++].bytes, uuid, SNAPSHOT_UUID_BYTES);
    return 0;
}

void tui_uuids_clear(struct tui_uuids *set)
{
    set->n = 0;
}
