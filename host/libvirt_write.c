#include "host/cpumask.h"
#include "host/libvirt_bulk.h"
#include "host/libvirt_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int finish(struct plan_action *a, enum plan_result result, const char *word)
{
    a->result = result;
    snprintf(a->error, sizeof(a->error), "%s", word);
    return 0;
}

/* After a call that failed. The connection decides what it means for the rest of the plan. */
static int fail(struct libvirt_host *h, struct plan_action *a)
{
    char word[CONNECTION_WORD_BYTES];
    int code = connection_last_error(word, sizeof(word));

    if (code == VIR_ERR_NO_DOMAIN)
        return finish(a, PLAN_SKIPPED, "the guest is gone");
    if (!connection_alive(&h->connection))
        return -ENOTCONN;
    return finish(a, PLAN_FAILED, word);
}

/* A call that was cut off: its guest hangs, the others needn't wait for it. */
static int give_up(struct libvirt_host *h, struct guest *g, struct plan_action *a)
{
    char error[HOST_ERROR_BYTES];

    g->hung = true;
    finish(a, PLAN_FAILED, "no answer: its QEMU seems to hang");
    return libvirt_host_connect(h, error, sizeof(error)) ? -ENOTCONN : 0;
}

/* Makes sure of a domain object for the guest. 0 or a VIR_ERR_... number. */
static int find_domain(struct libvirt_host *h, struct guest *g)
{
    char word[CONNECTION_WORD_BYTES];
    virDomainPtr domain;

    if (g->domain)
        return 0;
    connection_begin(&h->connection, LIBVIRT_CALL_MS, 1);
    domain = virDomainLookupByUUID(h->connection.conn, g->uuid);
    connection_end(&h->connection);
    if (!domain)
        return connection_last_error(word, sizeof(word));
    if ((int)virDomainGetID(domain) != g->id) {
        virDomainFree(domain);
        return VIR_ERR_NO_DOMAIN;
    }
    g->domain = domain;
    return 0;
}

/*
 * What every change begins with: the guest is still there, its QEMU answers, and no job owns it, for which libvirt
 * would wait half a minute. Returns true when the change can be made; otherwise *result is what apply returns.
 */
static bool ready(struct libvirt_host *h, struct guest *g, struct plan_action *a, int *result)
{
    int code = find_domain(h, g);

    if (!code)
        code = libvirt_probe(h, g);
    if (code == VIR_ERR_NO_SUPPORT)
        code = 0;
    if (code)
        *result = fail(h, a);
    else if (g->hung)
        *result = finish(a, PLAN_FAILED, "its QEMU hangs");
    else if (g->busy)
        *result = finish(a, PLAN_FAILED, "a job such as a migration is under way");
    else
        return true;
    return false;
}

static void to_bytes(unsigned char *bytes, int count, const uint64_t *mask)
{
    memset(bytes, 0, (size_t)count);
    for (int cpu = 0; cpu < count * 8; cpu++)
        if (mask[cpu / 64] >> cpu % 64 & 1)
            bytes[cpu / 8] = (unsigned char)(bytes[cpu / 8] | 1 << cpu % 8);
}

/* Sets the affinity. The ledger has it first: what can't be put back isn't changed. 0, or -errno where the ledger can't
 * be written, or 1 where libvirt refused, or 2 where the call was cut off. */
static int pin(struct libvirt_host *h, struct guest *g, struct guest_vcpu *v, const uint64_t *mask)
{
    char found[FOUND_VALUE_BYTES] = "-", written[FOUND_VALUE_BYTES], word[CONNECTION_WORD_BYTES];
    const uint64_t *before = guest_known_mask(g, v, GUEST_FOUND);
    int bytes = (g->cpu_limit + 7) / 8, result;
    unsigned char *map;
    bool cut;

    if (before)
        cpumask_format(before, g->words, found, sizeof(found));
    cpumask_format(mask, g->words, written, sizeof(written));
    result = found_put(h->ledger, g->uuid, g->id, FOUND_AFFINITY, v->number, found, written);
    if (result)
        return result;
    map = malloc((size_t)bytes);
    if (!map)
        return -ENOMEM;
    to_bytes(map, bytes, mask);
    connection_begin(&h->connection, LIBVIRT_CALL_MS, 1);
    result = virDomainPinVcpuFlags(g->domain, (unsigned)v->number, map, bytes, h->pin_flags);
    cut = connection_end(&h->connection);
    if (result && !cut && !h->connection.qemu && h->pin_flags &&
        connection_last_error(word, sizeof(word)) == VIR_ERR_INVALID_ARG) {
        /* A driver without the flag: on a running guest, it changes what the flag would. */
        h->pin_flags = VIR_DOMAIN_AFFECT_CURRENT;
        connection_begin(&h->connection, LIBVIRT_CALL_MS, 1);
        result = virDomainPinVcpuFlags(g->domain, (unsigned)v->number, map, bytes, h->pin_flags);
        cut = connection_end(&h->connection);
    }
    free(map);
    if (cut || result)
        return cut ? 2 : 1;
    memcpy(guest_mask(g, v, GUEST_WRITTEN), mask, (size_t)g->words * sizeof(*mask));
    memcpy(guest_mask(g, v, GUEST_AFFINITY), mask, (size_t)g->words * sizeof(*mask));
    v->has[GUEST_WRITTEN] = v->has[GUEST_AFFINITY] = true;
    v->cpu = cpumask_single(mask, g->words) >= 0 ? cpumask_single(mask, g->words) : v->cpu;
    return 0;
}

/* A plan's mask in the guest's width, or NULL when memory is out. To be freed. */
static uint64_t *own_width(const struct guest *g, const struct plan *p, int row)
{
    const uint64_t *from = row >= 0 ? plan_mask(p, row) : NULL;
    int words = cpumask_words(p->cpu_limit), shared = words < g->words ? words : g->words;
    uint64_t *mask = calloc((size_t)g->words, sizeof(*mask));

    if (mask && from)
        memcpy(mask, from, (size_t)shared * sizeof(*mask));
    return mask;
}

/* Compares what is with what is wanted, and with what the plan thought was. True when there's something to do. */
static bool wants_pin(const struct guest *g, const struct guest_vcpu *v, const struct plan *p, struct plan_action *a,
                      const uint64_t *wanted)
{
    const uint64_t *now = guest_known_mask(g, v, GUEST_AFFINITY);
    uint64_t *thought;
    bool same;

    if (now && cpumask_equal(now, wanted, g->words)) {
        finish(a, PLAN_SKIPPED, "it is so already");
        return false;
    }
    if (!now || a->from_mask < 0)
        return true;
    thought = own_width(g, p, a->from_mask);
    same = !thought || cpumask_equal(thought, now, g->words);
    free(thought);
    if (!same)
        finish(a, PLAN_SKIPPED, "its affinity was changed meanwhile");
    return same;
}

static int apply_pin(struct libvirt_host *h, struct guest *g, const struct plan *p, struct plan_action *a)
{
    struct guest_vcpu *v;
    uint64_t *wanted;
    int result, code;

    code = guest_read_affinities(g, &h->connection, h->ledger, 0);
    if (h->connection.broken)
        return give_up(h, g, a);
    if (code == VIR_ERR_NO_DOMAIN)
        return fail(h, a);
    v = guest_find_vcpu(g, a->vcpu);
    if (!v || (!code && v->has[GUEST_AFFINITY] && !v->listed))
        return finish(a, PLAN_SKIPPED, "the vCPU is gone");
    wanted = own_width(g, p, a->to_mask);
    if (wanted && a->to_mask < 0 && a->to_cpu >= 0 && a->to_cpu < g->cpu_limit)
        cpumask_set(wanted, a->to_cpu);
    if (!wanted || cpumask_count(wanted, g->words) == 0) {
        result = finish(a, PLAN_FAILED, wanted ? "no pCPU to pin to" : "out of memory");
    } else if (!wants_pin(g, v, p, a, wanted)) {
        result = 0;
    } else {
        code = pin(h, g, v, wanted);
        if (code < 0) {
            char word[PLAN_REASON_BYTES];

            snprintf(word, sizeof(word), "what was found can't be noted: %s", strerror(-code));
            result = finish(a, PLAN_FAILED, word);
        } else if (code > 0) {
            result = code == 2 ? give_up(h, g, a) : fail(h, a);
        } else {
            result = finish(a, PLAN_DONE, "");
        }
    }
    free(wanted);
    return result;
}

/* Asks the balloon for a size. As pin. */
static int set_size(struct libvirt_host *h, struct guest *g, uint64_t now_kib, uint64_t kib)
{
    char found[32], written[32];
    int result;
    bool cut;

    snprintf(found, sizeof(found), "%" PRIu64, now_kib);
    snprintf(written, sizeof(written), "%" PRIu64, kib);
    result = found_put(h->ledger, g->uuid, g->id, FOUND_SIZE, 0, found, written);
    if (result)
        return result;
    connection_begin(&h->connection, LIBVIRT_CALL_MS, 1);
    result = virDomainSetMemoryFlags(g->domain, (unsigned long)kib, VIR_DOMAIN_AFFECT_LIVE);
    cut = connection_end(&h->connection);
    if (cut || result)
        return cut ? 2 : 1;
    g->has_asked = true;
    g->asked_kib = kib;
    return 0;
}

static int apply_memory(struct libvirt_host *h, struct guest *g, struct plan_action *a)
{
    const struct found_entry *e = found_get(h->ledger, g->uuid, g->id, FOUND_SIZE, 0);
    virDomainInfo info;
    int code;

    connection_begin(&h->connection, LIBVIRT_CALL_MS, 1);
    code = virDomainGetInfo(g->domain, &info);
    if (connection_end(&h->connection))
        return give_up(h, g, a);
    if (code)
        return fail(h, a);
    if (libvirt_bulk_state(info.state, 0) == SNAPSHOT_GUEST_STOPPING)
        return finish(a, PLAN_SKIPPED, "the guest is gone");
    if (a->to_kib > info.maxMem)
        a->to_kib = info.maxMem;
    if (!g->has_asked && e && sscanf(e->written, "%" SCNu64, &g->asked_kib) == 1)
        g->has_asked = true;
    /* With another target still pending, asking for the size that it has is no no-op: it takes the target back. */
    if (info.memory == a->to_kib && (!g->has_asked || g->asked_kib == a->to_kib))
        return finish(a, PLAN_SKIPPED, "it is so already");
    code = set_size(h, g, info.memory, a->to_kib);
    if (code < 0)
        return finish(a, PLAN_FAILED, "what was found can't be noted in the state folder");
    if (code > 0)
        return code == 2 ? give_up(h, g, a) : fail(h, a);
    return finish(a, PLAN_DONE, "");
}

int libvirt_write_apply(struct libvirt_host *h, struct plan *p, struct plan_action *a)
{
    struct guest *g = guest_table_find(&h->guests, a->uuid, a->id, 0, NULL);
    int result;

    a->error[0] = '\0';
    if (h->measure_only)
        return finish(a, PLAN_DRY_RUN, "");
    if (!connection_alive(&h->connection))
        return -ENOTCONN;
    if (!g)
        return finish(a, PLAN_SKIPPED, "the guest is gone");
    if (!ready(h, g, a, &result))
        return result;
    return a->kind == PLAN_PIN ? apply_pin(h, g, p, a) : apply_memory(h, g, a);
}

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

void libvirt_write_period(struct libvirt_host *h, struct guest *g)
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

void libvirt_write_periods_back(struct libvirt_host *h)
{
    for (int i = 0; i < h->guests.n; i++) {
        struct guest *g = h->guests.guests[i];

        if (!g->period_set || find_domain(h, g) || libvirt_probe(h, g) || g->hung || g->busy)
            continue;
        if (set_period(h, g, g->period_was) == 0)
            found_drop(h->ledger, g->uuid, g->id, FOUND_PERIOD, 0);
        if (h->connection.broken)
            return;
        g->period_set = false;
    }
}

/* Finds the facts of an entry's guest, made where it wasn't sampled yet. NULL when it's gone. */
static struct guest *guest_of(struct libvirt_host *h, const struct found_entry *e)
{
    struct guest *g = guest_table_find(&h->guests, e->uuid, e->id, 0, NULL);

    if (!g)
        g = guest_table_add(&h->guests, e->uuid, e->id);
    return g && !find_domain(h, g) && !libvirt_probe(h, g) && !g->hung && !g->busy ? g : NULL;
}

/* Puts one affinity back, unless others have set another since. 1: put back; 0: nothing to do; -1: it failed. */
static int restore_affinity(struct libvirt_host *h, struct guest *g, const struct found_entry *e)
{
    struct guest_vcpu *v;
    uint64_t *mask;
    int result = 0;

    if (guest_read_affinities(g, &h->connection, h->ledger, 0))
        return -1;
    v = guest_find_vcpu(g, e->vcpu);
    if (!v || !v->has[GUEST_WRITTEN])
        return 0;
    mask = calloc((size_t)g->words, sizeof(*mask));
    if (mask && cpumask_parse(mask, g->cpu_limit, e->found) == 0 && cpumask_count(mask, g->words) > 0 &&
        !cpumask_equal(mask, guest_mask(g, v, GUEST_AFFINITY), g->words))
        result = pin(h, g, v, mask) == 0 ? 1 : -1;
    free(mask);
    return result;
}

static int restore_size(struct libvirt_host *h, struct guest *g, const struct found_entry *e)
{
    uint64_t kib;
    virDomainInfo info;

    if (sscanf(e->found, "%" SCNu64, &kib) != 1)
        return 0;
    connection_begin(&h->connection, LIBVIRT_CALL_MS, 1);
    if (virDomainGetInfo(g->domain, &info)) {
        connection_end(&h->connection);
        return -1;
    }
    connection_end(&h->connection);
    if (kib > info.maxMem)
        kib = info.maxMem;
    return set_size(h, g, info.memory, kib) == 0 ? 1 : -1;
}

/* What grows waits until what shrinks has been told to. */
static bool grows(const struct found_entry *e)
{
    uint64_t found = 0, written = 0;

    return e->kind == FOUND_SIZE && sscanf(e->found, "%" SCNu64, &found) == 1 &&
           sscanf(e->written, "%" SCNu64, &written) == 1 && found > written;
}

static int restore_one(struct libvirt_host *h, const struct found_entry *entry)
{
    /* The ledger's own entry moves as the ledger changes. */
    struct found_entry e = *entry;
    struct guest *g = guest_of(h, entry);
    int result = 0;

    e.found = strdup(entry->found);
    e.written = NULL;
    if (g && e.found)
        result = e.kind == FOUND_AFFINITY ? restore_affinity(h, g, &e) : restore_size(h, g, &e);
    free(e.found);
    if (result >= 0 && !h->connection.broken)
        found_drop(h->ledger, e.uuid, e.id, e.kind, e.vcpu);
    return result;
}

int libvirt_write_restore(struct libvirt_host *h, bool cpu, bool memory, char *error, size_t size)
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
        for (int i = found_count(h->ledger) - 1; i >= 0 && !h->connection.broken; i--) {
            const struct found_entry *e = found_at(h->ledger, i);
            int result;

            if ((e->kind == FOUND_AFFINITY ? !cpu : e->kind == FOUND_SIZE ? !memory : true) || grows(e) != (round == 1))
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
