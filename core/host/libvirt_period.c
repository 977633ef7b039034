#include "core/host/libvirt_internal.h"
#include "core/model/clock.h"

#include <libvirt/virterror.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A report a sample: more would be waste, fewer would leave samples without news. In whole seconds, as libvirt has it.
 */
static int choose_period(const struct libvirt_host *h)
{
    double period_s = round(h->sample_s);

    return period_s < 1 ? 1 : period_s > 10 ? 10 : (int)period_s;
}

/* 0; 1 where libvirt refused; 2 where the call was cut off. */
static int set_period(struct libvirt_host *h, struct domain *g, int period_s)
{
    int result;

    connection_begin(&h->connection, CONNECTION_CALL_MS, 1);
    result = virDomainSetMemoryStatsPeriod(g->domain, period_s, VIR_DOMAIN_AFFECT_LIVE);
    if (connection_end(&h->connection))
        return 2;
    return result ? 1 : 0;
}

/* Whether a period found set is left over from a run of ours that ended badly: then it's ours to put back. */
static bool take_over(struct libvirt_host *h, struct domain *g)
{
    const struct ledger_entry *e = ledger_get(h->ledger, g->uuid, g->id, LEDGER_PERIOD, 0);

    if (!e || g->xml.stats_period_s <= 0 || atoi(e->written) != g->xml.stats_period_s)
        return false;
    g->period_set = true;
    g->period_ours = g->xml.stats_period_s;
    g->period_was = atoi(e->found);
    return true;
}

/*
 * A refusal is a moment's: a job, a monitor that isn't ready. It's tried again after a second, and then ever more
 * seldom, as each try is a call; at once when an event says that the guest is in another state.
 */
static void refused(struct libvirt_host *h, struct domain *g, const char *why)
{
    static const double first_s = 1, longest_s = 60;

    g->period_refused = true;
    g->period_wait_s = g->period_wait_s > 0 ? g->period_wait_s * 2 : first_s;
    if (g->period_wait_s > longest_s)
        g->period_wait_s = longest_s;
    g->period_retry_ns = clock_monotonic_ns() + (uint64_t)(g->period_wait_s * 1e9);
    if (!g->period_told)
        libvirt_remark(h, "%s: asking it for statistics was refused, and will be tried again: %s", g->name, why);
    g->period_told = true;
}

/* Sets another period than the one there is, the ledger first. */
static void change_period(struct libvirt_host *h, struct domain *g, int period_s)
{
    char word[CONNECTION_WORD_BYTES], written[16];
    int result;

    snprintf(written, sizeof(written), "%d", period_s);
    result = ledger_put(h->ledger, g->uuid, g->id, LEDGER_PERIOD, 0, "0", written);
    if (result) {
        snprintf(word, sizeof(word), "how it was found can't be noted: %s",
                 ledger_trouble(h->ledger) ? ledger_trouble(h->ledger) : strerror(-result));
        refused(h, g, word);
        return;
    }
    switch (set_period(h, g, period_s)) {
    case 0:
        g->xml.stats_period_s = g->period_ours = period_s;
        g->period_set = true;
        g->period_refused = g->period_told = false;
        return;
    case 1:
        /* QEMU's driver has one. */
        h->no_period = connection_last_error(word, sizeof(word)) == VIR_ERR_NO_SUPPORT && !h->connection.qemu;
        refused(h, g, word);
        if (!g->period_set)
            ledger_drop(h->ledger, g->uuid, g->id, LEDGER_PERIOD, 0);
        return;
    default:
        g->hung = true;
    }
}

void libvirt_period_set(struct libvirt_host *h, struct domain *g)
{
    int period_s = choose_period(h);

    if (h->measure_only || !g->has_xml || !g->xml.balloon || g->hung || g->busy || h->connection.broken ||
        h->no_period || (g->period_refused && clock_monotonic_ns() < g->period_retry_ns))
        return;
    if (!g->period_set && take_over(h, g) && !h->fresh_memory)
        return;
    /* One that others set is theirs. */
    if (g->period_set && g->xml.stats_period_s > 0 && g->xml.stats_period_s != g->period_ours) {
        ledger_drop(h->ledger, g->uuid, g->id, LEDGER_PERIOD, 0);
        g->period_set = false;
    }
    if (h->fresh_memory && g->xml.stats_period_s != period_s && (g->period_set || g->xml.stats_period_s == 0))
        change_period(h, g, period_s);
}

void libvirt_period_watch(struct domain *g, const struct snapshot_memory *m, uint64_t now_ns)
{
    enum { PERIODS = 3, SPARE_S = 5, PATIENCE_MOST_S = 600 };
    double least_s = PERIODS * g->xml.stats_period_s + SPARE_S;

    if (!g->has_xml || g->xml.stats_period_s <= 0)
        return;
    if (g->update_ns == 0 || g->update_s != m->last_update_s) {
        g->update_s = m->last_update_s;
        g->update_ns = now_ns;
        g->patience_s = least_s;
    } else if ((double)(now_ns - g->update_ns) > g->patience_s * 1e9) {
        /* There may be no more to it than a guest without a driver: it's looked into ever more seldom. */
        g->xml_due = true;
        g->update_ns = now_ns;
        g->patience_s = g->patience_s * 2 < PATIENCE_MOST_S ? g->patience_s * 2 : PATIENCE_MOST_S;
    }
}

void libvirt_period_put_back(struct libvirt_host *h)
{
    for (int i = 0; i < h->guests.n; i++) {
        struct domain *g = h->guests.guests[i];

        if (!g->period_set || domain_find(g, &h->connection) || domain_probe(g, &h->connection) || g->hung || g->busy)
            continue;
        if (set_period(h, g, g->period_was) == 0)
            ledger_drop(h->ledger, g->uuid, g->id, LEDGER_PERIOD, 0);
        if (h->connection.broken)
            return;
        g->period_set = false;
    }
}
