#include "core/engine/last_actions.h"

#include "core/model/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void last_actions_free(struct last_actions *l)
{
    free(l->entries);
}

void last_actions_format(const struct plan *p, const struct plan_action *a, char *text, size_t size)
{
    char from[32], to[32];

    if (a->kind == PLAN_PIN) {
        snprintf(text, size, "%s→%s", plan_from_words(p, a, from, sizeof(from)),
                 plan_place_words(p, a->to_cpu, a->to_mask, "any", to, sizeof(to)));
    } else if (a->to_kib == a->from_kib) {
        snprintf(text, size, "stays"); /* a request is withdrawn */
    } else {
        snprintf(text, size, "%+" PRId64 " MiB", ((int64_t)a->to_kib - (int64_t)a->from_kib) / 1024);
    }
}

static int find(const struct last_actions *l, const uint8_t *uuid, int id)
{
    for (int i = 0; i < l->n; i++)
        if (snapshot_same_guest(l->entries[i].uuid, l->entries[i].id, uuid, id))
            return i;
    return -1;
}

const struct last_action *last_actions_find(const struct last_actions *l, const uint8_t *uuid, int id)
{
    int at = find(l, uuid, id);

    return at < 0 ? NULL : &l->entries[at];
}

/* Forgets guests that are gone, so that the list doesn't grow with every guest there ever was. */
static void drop_gone(struct last_actions *l, const struct snapshot *now)
{
    int kept = 0;

    for (int i = 0; i < l->n; i++)
        if (snapshot_find_guest(now, l->entries[i].uuid, l->entries[i].id, i) >= 0)
            l->entries[kept++] = l->entries[i];
    l->n = kept;
}

void last_actions_keep(struct last_actions *l, const struct plan *p, const struct plan_action *a,
                       const struct snapshot *now)
{
    int at = find(l, a->uuid, a->id);

    if (at < 0) {
        drop_gone(l, now);
        if (array_reserve(&l->entries, &l->cap, l->n + 1, sizeof(*l->entries)))
            return; /* then it isn't shown */
        at = l->n++;
        memcpy(l->entries[at].uuid, a->uuid, sizeof(l->entries[at].uuid));
        l->entries[at].id = a->id;
        l->entries[at].actions = 0;
    }
    last_actions_format(p, a, l->entries[at].last, sizeof(l->entries[at].last));
    l->entries[at].last_ns = now->taken_ns;
    l->entries[at].actions++;
}
