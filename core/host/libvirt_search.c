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

        if (virDomainListGetStats(one, BULK_STATS_GROUPS, &records, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT) > 0)
            virDomainStatsRecordListFree(records);
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

void libvirt_search(struct libvirt_host *h)
{
    struct connection *c = &h->connection;
    struct search search = {0};
    virDomainPtr *domains = NULL;

    connection_begin(c, CONNECTION_CALL_MS, 1);
    search.n = virConnectListAllDomains(c->conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    connection_end(c);
    search.domains = domains;
    if (search.n > 0 && connection_alive(c)) {
        connection_begin(c, SEARCH_MS, (unsigned)search.n);
        ask_all(&search);
        connection_end(c);
    }
    for (int i = 0; i < search.n; i++)
        virDomainFree(domains[i]);
    free(domains);
    virResetLastError();
}
