#include "core/host/bulk_stats.h"
#include "core/host/libvirt_internal.h"
#include "core/model/clock.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATIENCE_GUEST_MS = 20, /* more for each guest */
    /* So long a sample may go on finding guests that hang, should there be more than one search finds. */
    SEARCHES_MS = 8000,
};

void libvirt_listing_free(struct libvirt_listing *l)
{
    if (l->records)
        virDomainStatsRecordListFree(l->records);
    for (int i = 0; l->domains && i < l->n; i++)
        virDomainFree(l->domains[i]);
    free(l->domains);
    free(l->entries);
    memset(l, 0, sizeof(*l));
}

static int by_id(const void *a, const void *b)
{
    const struct libvirt_listing_entry *left = a, *right = b;

    if (left->id != right->id)
        return left->id < right->id ? -1 : 1;
    return memcmp(left->uuid, right->uuid, sizeof(left->uuid));
}

static int make_entries(struct libvirt_listing *l)
{
    l->entries = calloc(l->n > 0 ? (size_t)l->n : 1, sizeof(*l->entries));
    if (!l->entries)
        return -ENOMEM;
    for (int i = 0; i < l->n; i++) {
        struct libvirt_listing_entry *e = &l->entries[i];

        e->domain = l->records ? l->records[i]->dom : l->domains[i];
        e->params = l->records ? l->records[i]->params : NULL;
        e->n_params = l->records ? l->records[i]->nparams : 0;
        e->id = (int)virDomainGetID(e->domain);
        virDomainGetUUID(e->domain, e->uuid);
    }
    qsort(l->entries, (size_t)l->n, sizeof(*l->entries), by_id);
    return 0;
}

/* One attempt. 0; -EAGAIN for an error that isn't the connection's; -ENOTCONN; -ETIMEDOUT when it was cut off. */
static int fetch_once(struct libvirt_host *h, struct libvirt_listing *l, int ms, char *error, size_t size)
{
    struct connection *c = &h->connection;
    uint64_t start = clock_monotonic_ns();
    int code = 0;
    bool cut = false;

    if (!h->no_bulk) {
        connection_begin(c, ms, 1);
        l->n = virConnectGetAllDomainStats(c->conn, h->groups, &l->records,
                                           VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE |
                                               VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
        cut = connection_end(c);
        code = l->n < 0 ? connection_last_error(error, size) : 0;
        /* QEMU's has them: there it's a failure like any other. */
        if (code == VIR_ERR_NO_SUPPORT && !cut && !c->qemu)
            h->no_bulk = true;
    }
    if (h->no_bulk) {
        connection_begin(c, ms, 1);
        l->n = virConnectListAllDomains(c->conn, &l->domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
        cut = connection_end(c);
        code = l->n < 0 ? connection_last_error(error, size) : 0;
    }
    /* In the middle of the call, as the figures were gathered from its beginning to its end. */
    l->read_ns = clock_monotonic_ns() - start;
    l->taken_ns = start + l->read_ns / 2;
    if (l->n < 0)
        l->n = 0;
    if (cut)
        return -ETIMEDOUT;
    if (code)
        return connection_alive(c) ? -EAGAIN : -ENOTCONN;
    return 0;
}

/*
 * A call that a hung QEMU holds up is cut off and made again over a new connection: libvirt, told not to wait, then
 * leaves out of it what must be asked of that QEMU, because the call cut off still has hold of it. Where one hangs,
 * more may: a search finds them in one go.
 */
int libvirt_listing_fetch(struct libvirt_host *h, struct libvirt_listing *l, char *error, size_t size)
{
    uint64_t end = clock_monotonic_ns() + (uint64_t)SEARCHES_MS * 1000000u;
    int ms = h->patience_ms + PATIENCE_GUEST_MS * h->guests.n, result;

    for (;;) {
        result = fetch_once(h, l, ms, error, size);
        if (result == 0)
            return make_entries(l);
        libvirt_listing_free(l);
        if (result != -ETIMEDOUT)
            return result;
        h->suspicious = true;
        result = libvirt_connect(h, error, size);
        if (!result) {
            libvirt_search(h);
            result = libvirt_connect(h, error, size);
        }
        if (result) {
            /* Then it's libvirt itself that doesn't answer. */
            h->suspicious = false;
            return -ENOTCONN;
        }
        if (clock_monotonic_ns() >= end) {
            snprintf(error, size, "libvirt takes too long for its statistics; a guest may hang");
            return -EAGAIN;
        }
        ms *= 2;
    }
}
