#include "core/host/bulk_stats.h"
#include "core/host/libvirt_internal.h"

#include <libvirt/virterror.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * Each guest that hangs holds up a call of its own once, and only a call that was cut off has hold of it, so that later
 * ones leave it out. Asked one after the other, every further one would cost another wait; so all are asked at once, by
 * a few threads, each of which takes the next guest when it's done with one.
 */
enum {
    THREADS = 4, /* libvirtd serves five calls of one client at a time */
    SEARCH_MS = 800,
};

struct search {
    virDomainPtr *domains;
    bool *unanswered; /* of each: it was asked, and the call failed */
    int n;
    atomic_int next;
};

static void *ask_in_turn(void *argument)
{
    struct search *search = argument;
    int i;

    while ((i = atomic_fetch_add(&search->next, 1)) < search->n) {
        virDomainPtr one[2] = {search->domains[i], NULL};
        virDomainStatsRecordPtr *records = NULL;

        if (virDomainListGetStats(one, BULK_STATS_GROUPS, &records, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT) >= 0)
            virDomainStatsRecordListFree(records);
        else
            search->unanswered[i] = true;
    }
    virResetLastError();
    return NULL;
}

static void ask_all(struct search *search)
{
    pthread_t threads[THREADS];
    sigset_t all, before;
    int n = 0;

    /* Signals are for the program's own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (n < THREADS && n < search->n && pthread_create(&threads[n], NULL, ask_in_turn, search) == 0)
        n++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (n == 0)
        ask_in_turn(search);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

/* Notes of the guests whose calls were cut off that they were; they may be met here for the first time. */
static void note_unanswered(struct libvirt_host *h, const struct search *search)
{
    for (int i = 0; i < search->n; i++) {
        uint8_t uuid[VIR_UUID_BUFLEN];
        int id = (int)virDomainGetID(search->domains[i]);
        struct domain *g;

        if (!search->unanswered[i] || id < 0 || virDomainGetUUID(search->domains[i], uuid))
            continue;
        g = domain_table_find(&h->guests, uuid, id, 0, NULL);
        if (!g)
            g = domain_table_add(&h->guests, uuid, id);
        if (g)
            g->held = true;
    }
}

void libvirt_search(struct libvirt_host *h)
{
    struct connection *c = &h->connection;
    struct search search = {0};
    virDomainPtr *domains = NULL;

    connection_begin(c, CONNECTION_CALL_MS, 1);
    search.n = virConnectListAllDomains(c->conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    connection_end(c);
    search.domains = domains;
    search.unanswered = calloc(search.n > 0 ? (size_t)search.n : 1, sizeof(*search.unanswered));
    if (search.n > 0 && search.unanswered && connection_alive(c)) {
        connection_begin(c, SEARCH_MS, (unsigned)search.n);
        ask_all(&search);
        if (connection_end(c))
            note_unanswered(h, &search);
    }
    free(search.unanswered);
    for (int i = 0; i < search.n; i++)
        virDomainFree(domains[i]);
    free(domains);
    virResetLastError();
}
