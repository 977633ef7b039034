#include "core/engine/memos.h"

#include "core/model/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memos_free(struct memos *m)
{
    free(m->entries);
}

void memos_format(const struct plan *p, const struct plan_action *a, char *text, size_t size)
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

static int find(const struct memos *m, const uint8_t *uuid, int id)
{
    for (int i = 0; i < m->n; i++)
        if (snapshot_same_guest(m->entries[i].uuid, m->entries[i].id, uuid, id))
            return i;
    return -1;
}

const struct memo *memos_find(const struct memos *m, const uint8_t *uuid, int id)
{
    int at = find(m, uuid, id);

    return at < 0 ? NULL : &m->entries[at];
}

/* Forgets guests that are gone, so that the memos don't grow with every guest there ever was. */
static void drop_gone(struct memos *m, const struct snapshot *now)
{
    int kept = 0;

    for (int i = 0; i < m->n; i++)
        if (snapshot_find_guest(now, m->entries[i].uuid, m->entries[i].id, i) >= 0)
            m->entries[kept++] = m->entries[i];
    m->n = kept;
}

void memos_keep(struct memos *m, const struct plan *p, const struct plan_action *a, const struct snapshot *now)
{
    int at = find(m, a->uuid, a->id);

    if (at < 0) {
        drop_gone(m, now);
        if (array_reserve(&m->entries, &m->cap, m->n + 1, sizeof(*m->entries)))
            return; /* then it isn't shown */
        at = m->n++;
        memcpy(m->entries[at].uuid, a->uuid, sizeof(m->entries[at].uuid));
        m->entries[at].id = a->id;
        m->entries[at].actions = 0;
    }
    memos_format(p, a, m->entries[at].last, sizeof(m->entries[at].last));
    m->entries[at].last_ns = now->taken_ns;
    m->entries[at].actions++;
}
