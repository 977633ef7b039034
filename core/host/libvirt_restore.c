#include "core/host/libvirt_internal.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Finds the facts of an entry's guest, made where it wasn't sampled yet. NULL when it's gone. */
static struct domain *domain_of(struct libvirt_host *h, const struct ledger_entry *e)
{
    struct domain *g = domain_table_find(&h->guests, e->uuid, e->id, 0, NULL);

    if (!g)
        g = domain_table_add(&h->guests, e->uuid, e->id);
    return g && !domain_find(g, &h->connection) && !domain_probe(g, &h->connection) && !g->hung && !g->busy ? g : NULL;
}

/* Puts one affinity back, unless others have set another since. 1: put back; 0: nothing to do; -1: it failed. */
static int restore_affinity(struct libvirt_host *h, struct domain *g, const struct ledger_entry *e)
{
    struct domain_vcpu *v;
    uint64_t *mask;
    int result = 0;

    if (domain_read_affinities(g, &h->connection, h->ledger, 0))
        return -1;
    v = domain_find_vcpu(g, e->vcpu);
    if (!v || !v->has[DOMAIN_WRITTEN])
        return 0;
    mask = calloc((size_t)g->words, sizeof(*mask));
    if (mask && cpumask_parse(mask, g->cpu_limit, e->found) == 0 && cpumask_count(mask, g->words) > 0 &&
        !cpumask_equal(mask, domain_mask(g, v, DOMAIN_AFFINITY), g->words))
        result = libvirt_apply_pin(h, g, v, mask) == 0 ? 1 : -1;
    free(mask);
    return result;
}

static int restore_size(struct libvirt_host *h, struct domain *g, const struct ledger_entry *e)
{
    uint64_t kib;
    virDomainInfo info;

    if (sscanf(e->found, "%" SCNu64, &kib) != 1)
        return 0;
    connection_begin(&h->connection, CONNECTION_CALL_MS, 1);
    if (virDomainGetInfo(g->domain, &info)) {
        connection_end(&h->connection);
        return -1;
    }
    connection_end(&h->connection);
    if (kib > info.maxMem)
        kib = info.maxMem;
    return libvirt_apply_size(h, g, info.memory, kib) == 0 ? 1 : -1;
}

/* What grows waits until what shrinks has been told to. */
static bool grows(const struct ledger_entry *e)
{
    uint64_t found = 0, written = 0;

    return e->kind == LEDGER_SIZE && sscanf(e->found, "%" SCNu64, &found) == 1 &&
           sscanf(e->written, "%" SCNu64, &written) == 1 && found > written;
}

static int restore_one(struct libvirt_host *h, const struct ledger_entry *entry)
{
    /* The ledger's own entry moves as the ledger changes. */
    struct ledger_entry e = *entry;
    struct domain *g = domain_of(h, entry);
    int result = 0;

    e.found = strdup(entry->found);
    e.written = NULL;
    if (g && e.found)
        result = e.kind == LEDGER_AFFINITY ? restore_affinity(h, g, &e) : restore_size(h, g, &e);
    free(e.found);
    if (result >= 0 && !h->connection.broken)
        ledger_drop(h->ledger, e.uuid, e.id, e.kind, e.vcpu);
    return result;
}

int libvirt_restore(struct libvirt_host *h, bool cpu, bool memory, char *error, size_t size)
{
    int put_back = 0, failed = 0;

    if (!connection_alive(&h->connection)) {
        snprintf(error, size, "not connected");
        return -ENOTCONN;
    }
    if (libvirt_node_topology(h, true))
        return -ENOMEM;
    for (int round = 0; round < 2; round++)
        /* Backwards: entries that are dropped are replaced by later ones. */
        for (int i = ledger_count(h->ledger) - 1; i >= 0 && !h->connection.broken; i--) {
            const struct ledger_entry *e = ledger_at(h->ledger, i);
            int result;

            if ((e->kind == LEDGER_AFFINITY ? !cpu
                 : e->kind == LEDGER_SIZE   ? !memory
                                            : true) ||
                grows(e) != (round == 1))
                continue;
            result = restore_one(h, e);
            put_back += result > 0;
            failed += result < 0;
        }
    if (h->connection.broken) {
        snprintf(error, size, "%.200s", h->connection.why);
        return -ENOTCONN;
    }
    if (failed > 0) {
        snprintf(error, size, "%d put back, %d could not be", put_back, failed);
        return -EIO;
    }
    return put_back;
}
