#include "core/host/domain.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_MS = 5000 };

static void free_guest(struct domain *g)
{
    if (g->domain)
        virDomainFree(g->domain);
    domain_xml_free(&g->xml);
    domain_xml_free(&g->persistent);
    free(g->vcpus);
    free(g->masks);
    free(g);
}

void domain_table_free(struct domain_table *t)
{
    for (int i = 0; i < t->n; i++)
        free_guest(t->guests[i]);
    free(t->guests);
    memset(t, 0, sizeof(*t));
}

static int widen(struct domain *g, int cpu_limit)
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

int domain_table_widen(struct domain_table *t, int cpu_limit)
{
    if (t->cpu_limit == cpu_limit)
        return 0;
    for (int i = 0; i < t->n; i++) {
        t->guests[i]->affinity_due = true;
        if (widen(t->guests[i], cpu_limit))
            return -ENOMEM;
    }
    t->cpu_limit = cpu_limit;
    return 0;
}

static bool is_guest(const struct domain *g, const uint8_t *uuid, int id)
{
    return g->id == id && memcmp(g->uuid, uuid, SNAPSHOT_UUID_BYTES) == 0;
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
            free_guest(t->guests[i]);
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
    }
}

/* Whether the event only says that a vCPU has the affinity that we gave it. */
static bool is_own_pin(const struct domain *g, const virTypedParameter *p)
{
    const struct domain_vcpu *v;
    uint64_t *mask;
    unsigned number;
    bool own = false;

    if (p->type != VIR_TYPED_PARAM_STRING || sscanf(p->field, VIR_DOMAIN_TUNABLE_CPU_VCPUPIN, &number) != 1)
        return false;
    v = domain_find_vcpu(g, (int)number);
    mask = calloc((size_t)g->words, sizeof(*mask));
    if (v && mask && v->has[DOMAIN_WRITTEN] && cpumask_parse(mask, g->cpu_limit, p->value.s) == 0)
        own = cpumask_equal(mask, domain_mask(g, v, DOMAIN_WRITTEN), g->words);
    free(mask);
    return own;
}

static void take_tuning(struct domain *g, const virTypedParameter *params, int n)
{
    for (int i = 0; i < n; i++) {
        if (is_own_pin(g, &params[i]))
            continue;
        if (strncmp(params[i].field, "cputune.vcpupin", strlen("cputune.vcpupin")) == 0)
            g->affinity_due = true;
        else if (strncmp(params[i].field, "cputune.", strlen("cputune.")) == 0)
            g->xml_due = true;
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
            break;
        case CONNECTION_TUNED:
            take_tuning(g, params, n_params);
            break;
        case CONNECTION_JOB:
            g->busy = true;
            break;
        case CONNECTION_JOB_ENDED:
            g->busy = false;
            g->xml_due = true;
            break;
        }
    }
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

/* Takes in an affinity as read. See the header for what it means when it differs. */
static void learn_affinity(struct domain *g, struct domain_vcpu *v, const uint64_t *now, const struct ledger *ledger)
{
    uint64_t *affinity = domain_mask(g, v, DOMAIN_AFFINITY), *found = domain_mask(g, v, DOMAIN_FOUND);
    uint64_t *written = domain_mask(g, v, DOMAIN_WRITTEN);
    size_t bytes = (size_t)g->words * sizeof(*now);
    const struct ledger_entry *e;

    if (v->has[DOMAIN_AFFINITY] && cpumask_equal(affinity, now, g->words))
        return;
    e = !v->has[DOMAIN_AFFINITY] && ledger ? ledger_get(ledger, g->uuid, g->id, LEDGER_AFFINITY, v->number) : NULL;
    memcpy(affinity, now, bytes);
    v->has[DOMAIN_AFFINITY] = true;
    if (e && cpumask_parse(written, g->cpu_limit, e->written) == 0 && cpumask_equal(written, now, g->words) &&
        cpumask_parse(found, g->cpu_limit, e->found) == 0) {
        v->has[DOMAIN_WRITTEN] = v->has[DOMAIN_FOUND] = true;
        return;
    }
    if (v->has[DOMAIN_WRITTEN] && cpumask_equal(written, now, g->words))
        return;
    v->has[DOMAIN_WRITTEN] = false;
    v->has[DOMAIN_FOUND] = true;
    memcpy(found, now, bytes);
}

static void from_bytes(uint64_t *mask, int cpu_limit, const unsigned char *bytes, int count)
{
    cpumask_clear(mask, cpumask_words(cpu_limit));
    for (int cpu = 0; cpu < count * 8 && cpu < cpu_limit; cpu++)
        if (bytes[cpu / 8] >> cpu % 8 & 1)
            cpumask_set(mask, cpu);
}

static int take_affinities(struct domain *g, const virVcpuInfo *info, const unsigned char *maps, int n, int map_bytes,
                           const struct ledger *ledger)
{
    uint64_t *mask = calloc((size_t)g->words, sizeof(*mask));

    for (int i = 0; info && i < g->n_vcpus; i++)
        g->vcpus[i].listed = false;
    for (int i = 0; mask && i < n; i++) {
        struct domain_vcpu *v = domain_need_vcpu(g, info ? (int)info[i].number : i);

        if (!v) {
            free(mask);
            return VIR_ERR_NO_MEMORY;
        }
        if (info) {
            v->cpu = info[i].cpu;
            v->listed = info[i].state != VIR_VCPU_OFFLINE;
            v->listed_running = info[i].state == VIR_VCPU_RUNNING;
            v->listed_ns = info[i].cpuTime;
        }
        from_bytes(mask, g->cpu_limit, maps + (ptrdiff_t)i * map_bytes, map_bytes);
        if (cpumask_count(mask, g->words) > 0)
            learn_affinity(g, v, mask, ledger);
    }
    free(mask);
    return mask ? 0 : VIR_ERR_NO_MEMORY;
}

/* How many vCPUs to ask for where the sample didn't tell. */
static int count_vcpus(struct domain *g, struct connection *c)
{
    int count;

    connection_begin(c, CALL_MS, 1);
    count = virDomainGetVcpusFlags(g->domain, VIR_DOMAIN_AFFECT_LIVE);
    connection_end(c);
    return count;
}

int domain_read_affinities(struct domain *g, struct connection *c, const struct ledger *ledger, int expected)
{
    char text[CONNECTION_WORD_BYTES];
    int count = expected > 0 ? expected : count_vcpus(g, c), map_bytes = g->words * 8, n, result;
    virVcpuInfo *info;
    unsigned char *maps;

    if (count <= 0)
        return connection_last_error(text, sizeof(text));
    info = calloc((size_t)count, sizeof(*info));
    maps = calloc((size_t)count, (size_t)map_bytes);
    if (!info || !maps) {
        free(info);
        free(maps);
        return VIR_ERR_NO_MEMORY;
    }
    /* What the kernel really has, and the vCPUs' own numbers; where a driver can't tell, what it was told. */
    connection_begin(c, CALL_MS, 1);
    n = virDomainGetVcpus(g->domain, info, count, maps, map_bytes);
    connection_end(c);
    if (n >= 0) {
        result = take_affinities(g, info, maps, n, map_bytes, ledger);
    } else {
        result = connection_last_error(text, sizeof(text));
        if (result != VIR_ERR_NO_DOMAIN && !c->broken) {
            connection_begin(c, CALL_MS, 1);
            n = virDomainGetVcpuPinInfo(g->domain, count, maps, map_bytes, VIR_DOMAIN_AFFECT_LIVE);
            connection_end(c);
            if (n >= 0)
                result = take_affinities(g, NULL, maps, n, map_bytes, ledger);
        }
    }
    free(info);
    free(maps);
    return result;
}

static int read_xml(struct domain *g, struct connection *c, struct domain_xml *into, unsigned flags)
{
    char word[CONNECTION_WORD_BYTES], *text;
    struct domain_xml fresh;
    int result;

    connection_begin(c, CALL_MS, 1);
    text = virDomainGetXMLDesc(g->domain, flags);
    connection_end(c);
    if (!text)
        return connection_last_error(word, sizeof(word));
    result = domain_xml_read(&fresh, text, g->cpu_limit);
    free(text);
    if (result)
        return VIR_ERR_XML_ERROR;
    domain_xml_free(into);
    *into = fresh;
    return 0;
}

static int read_persistent(struct domain *g, struct connection *c)
{
    int persistent;

    connection_begin(c, CALL_MS, 1);
    persistent = virDomainIsPersistent(g->domain);
    connection_end(c);
    if (persistent == 1)
        return read_xml(g, c, &g->persistent, VIR_DOMAIN_XML_INACTIVE);
    domain_xml_free(&g->persistent);
    return 0;
}

int domain_read_due(struct domain *g, struct connection *c, const struct ledger *ledger, int expected,
                    bool with_persistent)
{
    int result = 0;

    if (g->xml_due && !c->broken) {
        /* Before reading: a change that comes while reading is due again. */
        g->xml_due = false;
        result = read_xml(g, c, &g->xml, 0);
        if (!result) {
            g->has_xml = true;
            if (with_persistent)
                result = read_persistent(g, c);
        }
        if (result)
            g->xml_due = true;
    }
    if (!result && g->affinity_due && !c->broken) {
        g->affinity_due = false;
        result = domain_read_affinities(g, c, ledger, expected);
        /* A driver that can't tell won't be asked each time. */
        g->affinity_refused = result == VIR_ERR_NO_SUPPORT || result == VIR_ERR_OPERATION_INVALID;
        g->affinity_due = result && !g->affinity_refused;
        if (g->affinity_refused)
            result = 0;
    }
    return c->broken && !result ? VIR_ERR_NO_CONNECT : result;
}
