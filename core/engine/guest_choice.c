#include "core/engine/guest_choice.h"

#include "core/engine/settings.h"
#include "core/model/array.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

void guest_choice_free(struct guest_choice *c)
{
    engine_settings_free_patterns(c->own_only);
    engine_settings_free_patterns(c->own_exclude);
    free(c->locked);
}

static int find(const struct guest_choice *c, const uint8_t *uuid)
{
    for (int i = 0; i < c->n_locked; i++)
        if (memcmp(c->locked[i].bytes, uuid, SNAPSHOT_UUID_BYTES) == 0)
            return i;
    return -1;
}

bool guest_choice_is_locked(const struct guest_choice *c, const uint8_t *uuid)
{
    return find(c, uuid) >= 0;
}

int guest_choice_toggle(struct guest_choice *c, const uint8_t *uuid)
{
    int at = find(c, uuid);

    if (at >= 0) {
        c->locked[at] = c->locked[--c->n_locked];
        return 0;
    }
    if (array_reserve(&c->locked, &c->cap_locked, c->n_locked + 1, sizeof(*c->locked)))
        return -ENOMEM;
    memcpy(c->locked[c->n_locked++].bytes, uuid, SNAPSHOT_UUID_BYTES);
    return 0;
}

static bool matches(char *const *patterns, const char *name)
{
    for (; *patterns; patterns++)
        if (fnmatch(*patterns, name, 0) == 0)
            return true;
    return false;
}

/* The host's own reasons, which the operator's don't replace. */
static bool is_fixed(enum snapshot_leave_alone leave)
{
    return leave == SNAPSHOT_LEAVE_METADATA || leave == SNAPSHOT_LEAVE_STALE || leave == SNAPSHOT_LEAVE_UNREADABLE;
}

void guest_choice_mark(const struct guest_choice *c, struct snapshot *s, bool recorded)
{
    for (int i = 0; i < s->n_guests; i++) {
        struct snapshot_guest *g = &s->guests[i];

        if (is_fixed(g->leave_alone) || (recorded && g->leave_alone != SNAPSHOT_LEAVE_NO))
            continue;
        if (guest_choice_is_locked(c, g->uuid))
            g->leave_alone = SNAPSHOT_LEAVE_LOCKED;
        else if ((c->only && !matches(c->only, g->name)) || (c->exclude && matches(c->exclude, g->name)))
            g->leave_alone = SNAPSHOT_LEAVE_EXCLUDED;
        else
            g->leave_alone = SNAPSHOT_LEAVE_NO;
    }
}
