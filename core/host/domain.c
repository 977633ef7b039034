#include "core/host/domain.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A command that a QEMU hasn't answered for this long hangs, and so does the QEMU. A busy one answers within some 100
 * ms. A command that was asked of it alone, and cut off, was given its time: it needs no such age. (A search ends
 * sooner than this, so that what it found to hang would be taken for well until the next sample.)
 */
enum { HUNG_MS = 1000 };

void domain_free(struct domain *g)
{
    if (g->domain)
        virDomainFree(g->domain);
    domain_xml_free(&g->xml);
    domain_xml_free(&g->persistent);
    free(g->vcpus);
    free(g->masks);
    free(g);
}

int domain_widen(struct domain *g, int cpu_limit)
{
    int words = cpumask_words(cpu_limit);
    uint64_t *wider = NULL;
    int cap = 0, rows = g->n_vcpus * DOMAIN_MASKS, shared = words < g->words ? words : g->words;

    if (array_reserve(&wider, &cap, rows > 0 ? rows : 1, (size_t)words * sizeof(*wider)))
        return -ENOMEM;
    array_clear(wider, rows, (size_t)words * sizeof(*wider));
    for (int i = 0; i < rows; i++)
        memcpy(wider + (ptrdiff_t)i * words, g->masks + (ptrdiff_t)i * g->words, (size_t)shared * sizeof(*wider));
    free(g->masks);
    g->masks = wider;
    g->cap_masks = cap;
    g->words = words;
    g->cpu_limit = cpu_limit;
    /* Its masks are as wide as the host was when it was read. */
    g->xml_due = true;
    g->has_xml = false;
    return 0;
}

struct domain_vcpu *domain_find_vcpu(const struct domain *g, int number)
{
    /* Numbers seldom have holes. */
    if (number >= 0 && number < g->n_vcpus && g->vcpus[number].number == number)
        return &g->vcpus[number];
    for (int i = 0; i < g->n_vcpus; i++)
        if (g->vcpus[i].number == number)
            return &g->vcpus[i];
    return NULL;
}

struct domain_vcpu *domain_need_vcpu(struct domain *g, int number)
{
    struct domain_vcpu *v = domain_find_vcpu(g, number);
    size_t row_bytes = (size_t)g->words * sizeof(*g->masks);

    if (v)
        return v;
    if (array_reserve(&g->vcpus, &g->cap_vcpus, g->n_vcpus + 1, sizeof(*g->vcpus)) ||
        array_reserve(&g->masks, &g->cap_masks, (g->n_vcpus + 1) * DOMAIN_MASKS, row_bytes))
        return NULL;
    v = &g->vcpus[g->n_vcpus];
    *v = (struct domain_vcpu){.number = number, .cpu = -1};
    memset(g->masks + (ptrdiff_t)g->n_vcpus * DOMAIN_MASKS * g->words, 0, DOMAIN_MASKS * row_bytes);
    g->n_vcpus++;
    return v;
}

uint64_t *domain_mask(const struct domain *g, const struct domain_vcpu *v, enum domain_mask kind)
{
    return g->masks + ((v - g->vcpus) * DOMAIN_MASKS + (ptrdiff_t)kind) * g->words;
}

const uint64_t *domain_known_mask(const struct domain *g, const struct domain_vcpu *v, enum domain_mask kind)
{
    return v && v->has[kind] ? domain_mask(g, v, kind) : NULL;
}

const uint64_t *domain_persistent_pin(const struct domain *g, int vcpu)
{
    for (int i = 0; i < g->persistent.n_pins; i++)
        if (g->persistent.pins[i].vcpu == vcpu && g->persistent.words == g->words)
            return g->persistent.pins[i].mask;
    return NULL;
}

void domain_retry(struct domain *g)
{
    g->period_retry_ns = 0;
    g->period_wait_s = 0;
}

int domain_find(struct domain *g, struct connection *c)
{
    char text[CONNECTION_WORD_BYTES];
    virDomainPtr domain;

    if (g->domain)
        return 0;
    connection_begin(c, CONNECTION_CALL_MS, 1);
    domain = virDomainLookupByUUID(c->conn, g->uuid);
    connection_end(c);
    if (!domain)
        return connection_last_error(text, sizeof(text));
    if ((int)virDomainGetID(domain) != g->id) {
        virDomainFree(domain);
        return VIR_ERR_NO_DOMAIN;
    }
    g->domain = domain;
    return 0;
}

int domain_probe(struct domain *g, struct connection *c)
{
    virDomainControlInfo info = {0};
    char text[CONNECTION_WORD_BYTES];
    int result;

    if (!g->domain)
        return VIR_ERR_INVALID_DOMAIN;
    connection_begin(c, CONNECTION_CALL_MS, 1);
    result = virDomainGetControlInfo(g->domain, &info, 0);
    if (connection_end(c) || result < 0)
        return connection_last_error(text, sizeof(text));
    g->hung = info.state == VIR_DOMAIN_CONTROL_ERROR ||
              (info.state == VIR_DOMAIN_CONTROL_OCCUPIED && (g->held || info.stateTime >= HUNG_MS));
    g->held = false;
    g->busy = info.state == VIR_DOMAIN_CONTROL_JOB;
    return 0;
}

/* Reads a definition into *into, which stays as it was where that fails. 0, -EINVAL for one that makes no sense (into
 * has the reason then), -ENOMEM, or a VIR_ERR_... number. */
static int read_xml(struct domain *g, struct connection *c, struct domain_xml *into, unsigned flags)
{
    char word[CONNECTION_WORD_BYTES], *text;
    struct domain_xml fresh;
    int result;

    connection_begin(c, CONNECTION_CALL_MS, 1);
    text = virDomainGetXMLDesc(g->domain, flags);
    connection_end(c);
    if (!text)
        return connection_last_error(word, sizeof(word));
    result = domain_xml_read(&fresh, text, g->cpu_limit);
    free(text);
    if (result == -ENOMEM)
        return result;
    /* One that makes no sense takes the place of what was known, which holds no longer. */
    domain_xml_free(into);
    *into = fresh;
    return result;
}

static int read_persistent(struct domain *g, struct connection *c)
{
    int persistent;

    connection_begin(c, CONNECTION_CALL_MS, 1);
    persistent = virDomainIsPersistent(g->domain);
    connection_end(c);
    if (persistent == 1) {
        int result = read_xml(g, c, &g->persistent, VIR_DOMAIN_XML_INACTIVE);

        return result == -EINVAL ? 0 : result;
    }
    domain_xml_free(&g->persistent);
    return 0;
}

/* libvirt refused to tell the definition. Of a guest that none is known of, it isn't known what may be done to it. */
static void note_refusal(struct domain *g)
{
    char word[CONNECTION_WORD_BYTES];

    g->xml_due = true;
    if (g->has_xml)
        return;
    connection_last_error(word, sizeof(word));
    snprintf(g->xml.trouble, sizeof(g->xml.trouble), "%.*s", (int)sizeof(g->xml.trouble) - 1, word);
    g->unreadable = true;
}

int domain_read_due(struct domain *g, struct connection *c, const struct ledger *ledger, int expected,
                    bool with_persistent, bool with_threads)
{
    int result = 0;

    if (g->xml_due && !c->broken) {
        /* Before reading: a change that comes while reading is due again. */
        g->xml_due = false;
        result = read_xml(g, c, &g->xml, 0);
        if (!result || result == -EINVAL) {
            g->has_xml = !result;
            g->unreadable = result == -EINVAL;
            /* It won't make more sense when it's read again: an event says when it's another. */
            result = 0;
            if (with_persistent && g->has_xml)
                result = read_persistent(g, c);
        }
        if (result)
            note_refusal(g);
        /* It's tried again at the next sample, and keeps nothing else from being read. */
        if (result > 0 && result != VIR_ERR_NO_DOMAIN)
            result = 0;
    }
    if (!result && g->affinity_due && !c->broken) {
        g->affinity_due = false;
        result = domain_read_affinities(g, c, ledger, expected);
        /* A driver that can't tell won't be asked each time. */
        g->affinity_refused = result == VIR_ERR_NO_SUPPORT || result == VIR_ERR_OPERATION_INVALID;
        if (g->affinity_refused)
            result = 0;
        if (!result && with_threads && !g->threads_refused && !c->broken) {
            result = domain_read_threads(g, c, ledger);
            g->threads_refused = result == VIR_ERR_NO_SUPPORT || result == VIR_ERR_OPERATION_INVALID;
            result = g->threads_refused ? 0 : result;
        }
        g->affinity_due = result != 0;
    }
    return c->broken && !result ? VIR_ERR_NO_CONNECT : result;
}
