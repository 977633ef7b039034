#include "host/libvirt_inside.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

/* Half a dozen reports an interval would be waste, one may come just before the interval begins. */
static int choose_period(const struct libvirt_host *h)
{
    double period = h->interval_s / 4;

    return period < 1 ? 1 : period > 10 ? 10 : (int)period;
}

/* 0; 1 where libvirt refused; 2 where the call was cut off. */
static int set_period(struct libvirt_host *h, struct guest *g, int period_s)
{
    int result;

    connection_begin(&h->connection, LIBVIRT_CALL_MS, 1);
    result = virDomainSetMemoryStatsPeriod(g->domain, period_s, VIR_DOMAIN_AFFECT_LIVE);
    if (connection_end(&h->connection))
        return 2;
    return result ? 1 : 0;
}

void libvirt_period_set(struct libvirt_host *h, struct guest *g)
{
    const struct found_entry *e;
    char word[CONNECTION_WORD_BYTES], written[16], found[16] = "0";
    int period = choose_period(h);

    if (h->measure_only || !h->control_memory || !g->has_xml || !g->xml.balloon || g->hung || g->busy ||
        h->connection.broken || g->period_set || g->period_refused || h->no_period)
        return;
    e = found_get(h->ledger, g->uuid, g->id, FOUND_PERIOD, 0);
    if (e && g->xml.stats_period_s > 0 && atoi(e->written) == g->xml.stats_period_s) {
        /* Left over from a run of ours that ended badly: it's ours to put back. */
        g->period_set = true;
        g->period_was = atoi(e->found);
        return;
    }
    if (g->xml.stats_period_s > 0)
        return;
    snprintf(written, sizeof(written), "%d", period);
    if (found_put(h->ledger, g->uuid, g->id, FOUND_PERIOD, 0, found, written)) {
        g->period_refused = true;
        return;
    }
    switch (set_period(h, g, period)) {
    case 0:
        g->xml.stats_period_s = period;
        g->period_set = true;
        g->period_was = 0;
        return;
    case 1:
        h->no_period = connection_last_error(word, sizeof(word)) == VIR_ERR_NO_SUPPORT;
        g->period_refused = true;
        found_drop(h->ledger, g->uuid, g->id, FOUND_PERIOD, 0);
        return;
    default:
        g->hung = true;
    }
}

void libvirt_period_put_back(struct libvirt_host *h)
{
    for (int i = 0; i < h->guests.n; i++) {
        struct guest *g = h->guests.guests[i];

        if (!g->period_set || libvirt_write_find_domain(h, g) || libvirt_probe(h, g) || g->hung || g->busy)
            continue;
        if (set_period(h, g, g->period_was) == 0)
            found_drop(h->ledger, g->uuid, g->id, FOUND_PERIOD, 0);
        if (h->connection.broken)
            return;
        g->period_set = false;
    }
}
