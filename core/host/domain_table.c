#include "core/host/domain_table.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void domain_table_free(struct domain_table *t)
{
    for (int i = 0; i < t->n; i++)
        domain_free(t->guests[i]);
    free(t->guests);
    memset(t, 0, sizeof(*t));
}

void domain_table_suspect_affinities(struct domain_table *t)
{
    for (int i = 0; i < t->n; i++)
        t->guests[i]->affinity_due = true;
}

int domain_table_widen(struct domain_table *t, int cpu_limit)
{
    if (t->cpu_limit == cpu_limit)
        return 0;
    for (int i = 0; i < t->n; i++) {
        t->guests[i]->affinity_due = true;
        if (domain_widen(t->guests[i], cpu_limit))
            return -ENOMEM;
    }
    t->cpu_limit = cpu_limit;
    return 0;
}

static bool is_guest(const struct domain *g, const uint8_t *uuid, int id)
{
    return snapshot_same_guest(g->uuid, g->id, uuid, id);
}

struct domain *domain_table_find(struct domain_table *t, const uint8_t *uuid, int id, int hint, int *index)
{
    int start = hint >= 0 && hint < t->n ? hint : 0;

    for (int i = 0; i < t->n; i++) {
        int at = start + i < t->n ? start + i : start + i - t->n;

        if (is_guest(t->guests[at], uuid, id)) {
            if (index)
                *index = at;
            return t->guests[at];
        }
    }
    return NULL;
}

struct domain *domain_table_add(struct domain_table *t, const uint8_t *uuid, int id)
{
    struct domain *g = calloc(1, sizeof(*g));

    if (!g || array_reserve(&t->guests, &t->cap, t->n + 1, sizeof(void *))) {
        free(g);
        return NULL;
    }
    memcpy(g->uuid, uuid, sizeof(g->uuid));
    g->id = id;
    g->xml_due = g->affinity_due = true;
    g->refused_cpu = -1;
    g->cpu_limit = t->cpu_limit;
    g->words = cpumask_words(t->cpu_limit);
    t->guests[t->n++] = g;
    return g;
}

void domain_table_drop_unseen(struct domain_table *t)
{
    int kept = 0;

    for (int i = 0; i < t->n; i++) {
        if (t->guests[i]->seen)
            t->guests[kept++] = t->guests[i];
        else
            domain_free(t->guests[i]);
    }
    t->n = kept;
}

void domain_table_disconnect(struct domain_table *t)
{
    for (int i = 0; i < t->n; i++) {
        struct domain *g = t->guests[i];

        if (g->domain)
            virDomainFree(g->domain);
        g->domain = NULL;
        g->xml_due = g->affinity_due = true;
        domain_retry(g);
    }
}

void domain_table_event(struct domain_table *t, enum connection_event event, virDomainPtr domain,
                        const virTypedParameter *params, int n_params)
{
    uint8_t uuid[VIR_UUID_BUFLEN];

    if (virDomainGetUUID(domain, uuid))
        return;
    /* By UUID alone: the id in an event is that of a moment which may be over. */
    for (int i = 0; i < t->n; i++) {
        struct domain *g = t->guests[i];

        if (memcmp(g->uuid, uuid, sizeof(uuid)) != 0)
            continue;
        switch (event) {
        case CONNECTION_CHANGED:
            g->xml_due = g->affinity_due = true;
            domain_retry(g);
            break;
        case CONNECTION_TUNED:
            domain_take_tuning(g, params, n_params);
            break;
        case CONNECTION_JOB:
            g->busy = true;
            break;
        case CONNECTION_JOB_ENDED:
            g->busy = false;
            g->xml_due = true;
            domain_retry(g);
            break;
        }
    }
}
