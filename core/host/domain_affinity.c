#include "core/host/domain.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes in an affinity as read. See the header for what it means when it differs. */
static void learn_affinity(struct domain *g, struct domain_vcpu *v, const uint64_t *now, const struct ledger *ledger)
{
    uint64_t *affinity = domain_mask(g, v, DOMAIN_AFFINITY), *found = domain_mask(g, v, DOMAIN_FOUND);
    uint64_t *written = domain_mask(g, v, DOMAIN_WRITTEN);
    size_t bytes = (size_t)g->words * sizeof(*now);
    const struct ledger_entry *e;

    if (v->has[DOMAIN_AFFINITY] && cpumask_equal(affinity, now, g->words))
        return;
    e = (!v->has[DOMAIN_AFFINITY] || v->unsure) && ledger
            ? ledger_get(ledger, g->uuid, g->id, LEDGER_AFFINITY, v->number)
            : NULL;
    memcpy(affinity, now, bytes);
    v->has[DOMAIN_AFFINITY] = true;
    g->doubts = g->doubt_left = 0;
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

    g->lists_vcpus = info;
    for (int i = 0; info && i < g->n_vcpus; i++)
        g->vcpus[i].listed = g->vcpus[i].listed && g->vcpus[i].number < 0;
    for (int i = 0; mask && i < n; i++) {
        struct domain_vcpu *v = domain_need_vcpu(g, info ? (int)info[i].number : i);

        if (!v) {
            free(mask);
            return -ENOMEM;
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
    return mask ? 0 : -ENOMEM;
}

/* How many vCPUs to ask for where the sample didn't tell. */
static int count_vcpus(struct domain *g, struct connection *c)
{
    int count;

    connection_begin(c, CONNECTION_CALL_MS, 1);
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
        return -ENOMEM;
    }
    /* What the kernel really has, and the vCPUs' own numbers; where a driver can't tell, what it was told. */
    connection_begin(c, CONNECTION_CALL_MS, 1);
    n = virDomainGetVcpus(g->domain, info, count, maps, map_bytes);
    connection_end(c);
    if (n >= 0) {
        result = take_affinities(g, info, maps, n, map_bytes, ledger);
    } else {
        result = connection_last_error(text, sizeof(text));
        if (result != VIR_ERR_NO_DOMAIN && !c->broken) {
            connection_begin(c, CONNECTION_CALL_MS, 1);
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

static int take_thread(struct domain *g, int number, const unsigned char *map, int map_bytes,
                       const struct ledger *ledger)
{
    struct domain_vcpu *v = domain_need_vcpu(g, number);
    uint64_t *mask = calloc((size_t)g->words, sizeof(*mask));

    if (v && mask) {
        from_bytes(mask, g->cpu_limit, map, map_bytes);
        v->listed = cpumask_count(mask, g->words) > 0;
        if (v->listed)
            learn_affinity(g, v, mask, ledger);
    }
    free(mask);
    return v && mask ? 0 : -ENOMEM;
}

/* 0, also for a driver that knows of none; a VIR_ERR_... number; -ENOMEM. */
static int read_iothreads(struct domain *g, struct connection *c, const struct ledger *ledger)
{
    char text[CONNECTION_WORD_BYTES];
    virDomainIOThreadInfoPtr *info = NULL;
    int n, result = 0;

    connection_begin(c, CONNECTION_CALL_MS, 1);
    n = virDomainGetIOThreadInfo(g->domain, &info, VIR_DOMAIN_AFFECT_LIVE);
    connection_end(c);
    if (n < 0) {
        result = connection_last_error(text, sizeof(text));
        return result == VIR_ERR_NO_SUPPORT ? 0 : result;
    }
    for (int i = 0; i < n; i++) {
        if (!result && info[i]->iothread_id > 0 && info[i]->iothread_id < INT_MAX)
            result =
                take_thread(g, snapshot_iothread(info[i]->iothread_id), info[i]->cpumap, info[i]->cpumaplen, ledger);
        virDomainIOThreadInfoFree(info[i]);
    }
    free(info);
    return result;
}

int domain_read_threads(struct domain *g, struct connection *c, const struct ledger *ledger)
{
    char text[CONNECTION_WORD_BYTES];
    int map_bytes = g->words * 8, n, result;
    unsigned char *map = calloc(1, (size_t)map_bytes);

    if (!map)
        return -ENOMEM;
    for (int i = 0; i < g->n_vcpus; i++)
        g->vcpus[i].listed = g->vcpus[i].listed && g->vcpus[i].number >= 0;
    connection_begin(c, CONNECTION_CALL_MS, 1);
    n = virDomainGetEmulatorPinInfo(g->domain, map, map_bytes, VIR_DOMAIN_AFFECT_LIVE);
    connection_end(c);
    if (n < 0) {
        result = connection_last_error(text, sizeof(text));
    } else {
        result = take_thread(g, SNAPSHOT_EMULATOR, map, map_bytes, ledger);
        if (!result)
            result = read_iothreads(g, c, ledger);
    }
    free(map);
    return result;
}

/* The number of the vCPU or thread whose affinity the event speaks of; false where it speaks of something else. */
static bool is_pin(const virTypedParameter *p, int *number)
{
    unsigned id;

    *number = SNAPSHOT_EMULATOR;
    if (strcmp(p->field, VIR_DOMAIN_TUNABLE_CPU_EMULATORPIN) == 0)
        return true;
    if (sscanf(p->field, VIR_DOMAIN_TUNABLE_CPU_VCPUPIN, &id) == 1)
        *number = (int)id;
    else if (sscanf(p->field, VIR_DOMAIN_TUNABLE_CPU_IOTHREADSPIN, &id) == 1)
        *number = snapshot_iothread(id);
    else
        return false;
    return true;
}

/* Whether the event only says that a vCPU or thread has the affinity that we gave it. */
static bool is_own_pin(const struct domain *g, const virTypedParameter *p)
{
    const struct domain_vcpu *v;
    uint64_t *mask;
    int number;
    bool own = false;

    if (p->type != VIR_TYPED_PARAM_STRING || !is_pin(p, &number))
        return false;
    v = domain_find_vcpu(g, number);
    mask = calloc((size_t)g->words, sizeof(*mask));
    if (v && mask && v->has[DOMAIN_WRITTEN] && cpumask_parse(mask, g->cpu_limit, p->value.s) == 0)
        own = cpumask_equal(mask, domain_mask(g, v, DOMAIN_WRITTEN), g->words);
    free(mask);
    return own;
}

void domain_take_tuning(struct domain *g, const virTypedParameter *params, int n)
{
    for (int i = 0; i < n; i++) {
        int number;

        if (is_own_pin(g, &params[i]))
            continue;
        if (is_pin(&params[i], &number))
            g->affinity_due = true;
        else if (strncmp(params[i].field, "cputune.", strlen("cputune.")) == 0)
            g->xml_due = true;
    }
}
