#include "core/host/libvirt_internal.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {
    [LEDGER_AFFINITY] = "an affinity", [LEDGER_SIZE] = "its size", [LEDGER_PERIOD] = "its statistics period"};

void libvirt_restore_keep(struct libvirt_host *h, struct libvirt_restored *r, const char *format, ...)
{
    char text[HOST_ERROR_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (r->kept++ == 0)
        snprintf(r->first, sizeof(r->first), "%.*s", (int)sizeof(r->first) - 1, text);
    libvirt_remark(h, "%s", text);
}

/* An entry that could not be put back stays in the ledger for another time. */
static void keep(struct libvirt_host *h, struct libvirt_restored *r, const struct domain *g, enum ledger_kind kind,
                 const char *why)
{
    libvirt_restore_keep(h, r, "%s: %s is not put back: %s", g->name[0] ? g->name : "a guest", kind_words[kind], why);
}

enum libvirt_reach libvirt_restore_reach(struct libvirt_host *h, struct libvirt_restored *r,
                                         const struct ledger_entry *e, struct domain **guest)
{
    struct domain *g = domain_table_find(&h->guests, e->uuid, e->id, 0, NULL);
    char word[CONNECTION_WORD_BYTES];
    int code;

    *guest = g;
    if (!g)
        return LIBVIRT_REACH_GONE;
    code = domain_find(g, &h->connection);
    if (!code)
        code = domain_probe(g, &h->connection);
    if (code == VIR_ERR_NO_DOMAIN)
        return LIBVIRT_REACH_GONE;
    if (!code && !g->hung && !g->busy)
        return LIBVIRT_REACH_READY;
    if (code)
        connection_last_error(word, sizeof(word));
    keep(h, r, g, e->kind, g->hung ? "its QEMU doesn't answer" : g->busy ? "it is busy with a job" : word);
    return LIBVIRT_REACH_KEPT;
}

/* Puts one affinity back, unless others have set another since: then there's nothing to put back any more. */
static bool put_back_affinity(struct libvirt_host *h, struct libvirt_restored *r, struct domain *g,
                              const struct ledger_entry *e)
{
    struct domain_vcpu *v;
    uint64_t *mask;
    int result = e->vcpu < 0 ? domain_read_threads(g, &h->connection, h->ledger)
                             : domain_read_affinities(g, &h->connection, h->ledger, 0);

    if (result)
        connection_last_error(h->last_word, sizeof(h->last_word));
    v = domain_find_vcpu(g, e->vcpu);
    if (!result && (!v || !v->has[DOMAIN_WRITTEN]))
        return true;
    mask = result ? NULL : calloc((size_t)g->words, sizeof(*mask));
    if (mask && cpumask_parse(mask, g->cpu_limit, e->found) == 0 && cpumask_count(mask, g->words) > 0) {
        bool differs = !cpumask_equal(mask, domain_mask(g, v, DOMAIN_AFFINITY), g->words);

        result = differs ? libvirt_apply_pin(h, g, v, mask) : 0;
        r->put_back += differs && !result;
    }
    free(mask);
    if (!result)
        return true;
    keep(h, r, g, e->kind, result < 0 ? strerror(-result) : h->last_word);
    return false;
}

static bool put_back_period(struct libvirt_host *h, struct libvirt_restored *r, struct domain *g,
                            const struct ledger_entry *e)
{
    char word[CONNECTION_WORD_BYTES];
    int result;

    /* Another than ours is others' doing. */
    if (g->has_xml && g->xml.stats_period_s != atoi(e->written))
        return true;
    connection_begin(&h->connection, CONNECTION_CALL_MS, 1);
    result = virDomainSetMemoryStatsPeriod(g->domain, atoi(e->found), VIR_DOMAIN_AFFECT_LIVE);
    if (connection_end(&h->connection) || result) {
        connection_last_error(word, sizeof(word));
        keep(h, r, g, e->kind, word);
        return false;
    }
    g->xml.stats_period_s = atoi(e->found);
    g->period_set = false;
    return true;
}

static void put_back_all(struct libvirt_host *h, struct libvirt_restored *r, enum ledger_kind kind)
{
    /* Backwards: entries that are dropped are replaced by later ones. */
    for (int i = ledger_count(h->ledger) - 1; i >= 0 && !h->connection.broken; i--) {
        /* The ledger's own entry moves as the ledger changes. */
        struct ledger_entry e = *ledger_at(h->ledger, i);
        enum libvirt_reach reach;
        struct domain *g;
        bool done = true;

        if (e.kind != kind)
            continue;
        e.found = strdup(e.found);
        e.written = strdup(e.written);
        reach = libvirt_restore_reach(h, r, &e, &g);
        if (reach == LIBVIRT_REACH_READY && e.found && e.written)
            done = kind == LEDGER_AFFINITY ? put_back_affinity(h, r, g, &e) : put_back_period(h, r, g, &e);
        if (done && reach != LIBVIRT_REACH_KEPT && !h->connection.broken)
            ledger_drop(h->ledger, e.uuid, e.id, e.kind, e.vcpu);
        free(e.found);
        free(e.written);
    }
}

/* What came of it, for the caller. */
static int sum_up(struct libvirt_host *h, const struct libvirt_restored *r, const char *evidence, char *error,
                  size_t size)
{
    if (h->connection.broken) {
        snprintf(error, size, "%d put back, then the connection was lost: %.160s", r->put_back, h->connection.why);
        return -ENOTCONN;
    }
    if (evidence[0]) {
        snprintf(error, size, "%d put back; %.220s", r->put_back, evidence);
        return -EIO;
    }
    if (r->kept > 0) {
        snprintf(error, size, "%d put back, %d kept in the ledger for another time (%s%s)", r->put_back, r->kept,
                 r->first, r->kept > 1 ? "; ..." : "");
        return -EIO;
    }
    return r->put_back;
}

int libvirt_restore(struct libvirt_host *h, bool cpu, bool memory, char *error, size_t size)
{
    struct libvirt_restored r = {0};
    struct snapshot s = {0};
    char evidence[HOST_ERROR_BYTES] = "";
    int result;

    if (!connection_alive(&h->connection)) {
        snprintf(error, size, "not connected");
        return -ENOTCONN;
    }
    result = ledger_own(h->ledger);
    if (result) {
        snprintf(error, size, "%s", ledger_trouble(h->ledger) ? ledger_trouble(h->ledger) : strerror(-result));
        return result;
    }
    if (ledger_trouble(h->ledger))
        snprintf(evidence, sizeof(evidence), "%s", ledger_trouble(h->ledger));
    /* Who is there, and how it is with each; entries of guests that are gone go. */
    result = ledger_count(h->ledger) > 0 ? libvirt_sample(h, &s, true, error, size) : 0;
    if (!result && cpu)
        put_back_all(h, &r, LEDGER_AFFINITY);
    if (!result && memory)
        libvirt_restore_sizes(h, &r, &s);
    if (!result)
        put_back_all(h, &r, LEDGER_PERIOD);
    snapshot_free(&s);
    return result ? result : sum_up(h, &r, evidence, error, size);
}
