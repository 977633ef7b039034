#include "core/host/bulk_stats.h"
#include "core/host/libvirt_internal.h"
#include "core/model/cpumask.h"

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

/* A change failed for the reason noted. The connection decides what it means for the rest of the plan. */
static int fail_as_noted(struct libvirt_host *h, struct domain *g, struct plan_action *a)
{
    /* One that is said to be gone and is listed all the same is refused, not gone. */
    if (h->last_code == VIR_ERR_NO_DOMAIN && !g->said_gone) {
        g->said_gone = true;
        return finish(a, PLAN_SKIPPED, "the guest is gone");
    }
    if (!connection_alive(&h->connection))
        return -ENOTCONN;
    return finish(a, PLAN_FAILED, h->last_word);
}

/* libvirt forgets its last error with the next call, be it whether the connection is alive. */
static void note_error(struct libvirt_host *h)
{
    h->last_code = connection_last_error(h->last_word, sizeof(h->last_word));
}

/* The same after a call that failed just now. */
static int fail(struct libvirt_host *h, struct domain *g, struct plan_action *a)
{
    note_error(h);
    return fail_as_noted(h, g, a);
}

/* What came of a change that didn't work: 1, it was refused; 2, nobody knows. */
static int refused(struct libvirt_host *h, bool cut)
{
    if (cut) {
        snprintf(h->last_word, sizeof(h->last_word), "no answer");
        return 2;
    }
    note_error(h);
    return 1;
}

/* Why how a guest was found can't be noted, without which it isn't changed. */
static void cannot_note(const struct libvirt_host *h, int code, char *word, size_t size)
{
    const char *trouble = ledger_trouble(h->ledger);

    snprintf(word, size, "how it was found can't be noted: %s", trouble ? trouble : strerror(-code));
}

/* A call that was cut off: its guest hangs, the others needn't wait for it. */
static int give_up(struct libvirt_host *h, struct domain *g, struct plan_action *a)
{
    char error[HOST_ERROR_BYTES];

    g->hung = true;
    finish(a, PLAN_FAILED, "no answer: its QEMU seems to hang");
    return libvirt_connect(h, error, sizeof(error)) ? -ENOTCONN : 0;
}

/*
 * What every change begins with: the guest is still there, its QEMU answers, and no job owns it, for which libvirt
 * would wait half a minute. Returns true when the change can be made; otherwise *result is what apply returns.
 */
static bool ready(struct libvirt_host *h, struct domain *g, struct plan_action *a, int *result)
{
    int code = domain_find(g, &h->connection);

    if (!code)
        code = domain_probe(g, &h->connection);
    if (code == VIR_ERR_NO_SUPPORT)
        code = 0;
    if (code)
        *result = fail(h, g, a);
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

/* The ledger says what came of it: after a pin that was refused, what was written before. */
static void take_back_note(struct libvirt_host *h, const struct domain *g, const struct domain_vcpu *v)
{
    const uint64_t *before = domain_known_mask(g, v, DOMAIN_WRITTEN);
    char written[LEDGER_VALUE_BYTES];

    if (before) {
        cpumask_format(before, g->words, written, sizeof(written));
        ledger_put(h->ledger, g->uuid, g->id, LEDGER_AFFINITY, v->number, NULL, written);
    } else {
        ledger_drop(h->ledger, g->uuid, g->id, LEDGER_AFFINITY, v->number);
    }
}

static int pin(const struct libvirt_host *h, const struct domain *g, int number, unsigned char *map, int bytes)
{
    if (number >= 0)
        return virDomainPinVcpuFlags(g->domain, (unsigned)number, map, bytes, h->pin_flags);
    if (number == SNAPSHOT_EMULATOR)
        return virDomainPinEmulator(g->domain, map, bytes, h->pin_flags);
    return virDomainPinIOThread(g->domain, (unsigned)(SNAPSHOT_EMULATOR - number), map, bytes, h->pin_flags);
}

int libvirt_apply_pin(struct libvirt_host *h, struct domain *g, struct domain_vcpu *v, const uint64_t *mask)
{
    char found[LEDGER_VALUE_BYTES], written[LEDGER_VALUE_BYTES], word[CONNECTION_WORD_BYTES];
    const uint64_t *before = domain_known_mask(g, v, DOMAIN_FOUND);
    int bytes = (g->cpu_limit + 7) / 8, result;
    unsigned char *map;
    bool cut;

    if (before)
        cpumask_format(before, g->words, found, sizeof(found));
    cpumask_format(mask, g->words, written, sizeof(written));
    result = ledger_put(h->ledger, g->uuid, g->id, LEDGER_AFFINITY, v->number, before ? found : NULL, written);
    if (result)
        return result;
    map = malloc((size_t)bytes);
    if (!map)
        return -ENOMEM;
    to_bytes(map, bytes, mask);
    connection_begin(&h->connection, CONNECTION_CALL_MS, 1);
    result = pin(h, g, v->number, map, bytes);
    cut = connection_end(&h->connection);
    if (result && !cut && !h->connection.qemu && h->pin_flags &&
        connection_last_error(word, sizeof(word)) == VIR_ERR_INVALID_ARG) {
        /* A driver without the flag: on a running guest, it changes what the flag would. */
        h->pin_flags = VIR_DOMAIN_AFFECT_CURRENT;
        connection_begin(&h->connection, CONNECTION_CALL_MS, 1);
        result = pin(h, g, v->number, map, bytes);
        cut = connection_end(&h->connection);
    }
    free(map);
    if (cut || result) {
        result = refused(h, cut);
        v->unsure = cut || !connection_alive(&h->connection);
        if (!v->unsure)
            take_back_note(h, g, v);
        return result;
    }
    memcpy(domain_mask(g, v, DOMAIN_WRITTEN), mask, (size_t)g->words * sizeof(*mask));
    memcpy(domain_mask(g, v, DOMAIN_AFFINITY), mask, (size_t)g->words * sizeof(*mask));
    v->has[DOMAIN_WRITTEN] = v->has[DOMAIN_AFFINITY] = true;
    v->unsure = false;
    if (cpumask_single(mask, g->words) >= 0)
        v->cpu = cpumask_single(mask, g->words);
    else
        g->affinity_due = true; /* which of them the kernel took is read at the next sample */
    return 0;
}

/* A plan's mask in the guest's width, or NULL when memory is out. To be freed. */
static uint64_t *own_width(const struct domain *g, const struct plan *p, int row)
{
    const uint64_t *from = row >= 0 ? plan_mask(p, row) : NULL;
    int words = cpumask_words(p->cpu_limit), shared = words < g->words ? words : g->words;
    uint64_t *mask = calloc((size_t)g->words, sizeof(*mask));

    if (mask && from)
        memcpy(mask, from, (size_t)shared * sizeof(*mask));
    return mask;
}

/* Compares what is with what is wanted, and with what the plan thought was. True when there's something to do. */
static bool wants_pin(const struct domain *g, const struct domain_vcpu *v, const struct plan *p, struct plan_action *a,
                      const uint64_t *wanted)
{
    const uint64_t *now = domain_known_mask(g, v, DOMAIN_AFFINITY);
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

static int apply_pin(struct libvirt_host *h, struct domain *g, const struct plan *p, struct plan_action *a)
{
    struct domain_vcpu *v;
    uint64_t *wanted;
    int result, code;

    code = a->vcpu < 0 ? domain_read_threads(g, &h->connection, h->ledger)
                       : domain_read_affinities(g, &h->connection, h->ledger, 0);
    if (h->connection.broken)
        return give_up(h, g, a);
    if (code == VIR_ERR_NO_DOMAIN)
        return fail(h, g, a);
    v = domain_find_vcpu(g, a->vcpu);
    if (!v || (!code && (a->vcpu < 0 || g->lists_vcpus) && v->has[DOMAIN_AFFINITY] && !v->listed))
        return finish(a, PLAN_SKIPPED, a->vcpu < 0 ? "the thread is gone" : "the vCPU is gone");
    wanted = own_width(g, p, a->to_mask);
    if (wanted && a->to_mask < 0 && a->to_cpu >= 0 && a->to_cpu < g->cpu_limit)
        cpumask_set(wanted, a->to_cpu);
    if (!wanted || cpumask_count(wanted, g->words) == 0) {
        result = finish(a, PLAN_FAILED, wanted ? "no pCPU to pin to" : "out of memory");
    } else if (!wants_pin(g, v, p, a, wanted)) {
        result = 0;
    } else {
        code = libvirt_apply_pin(h, g, v, wanted);
        if (code < 0) {
            char word[PLAN_REASON_BYTES];

            cannot_note(h, code, word, sizeof(word));
            result = finish(a, PLAN_FAILED, word);
        } else if (code > 0) {
            result = code == 2 ? give_up(h, g, a) : fail_as_noted(h, g, a);
            if (a->result == PLAN_FAILED && code == 1 && a->vcpu >= 0)
                libvirt_pcpu_refused(h, g, cpumask_single(wanted, g->words), h->last_code, a->error);
        } else {
            if (a->vcpu >= 0)
                libvirt_pcpu_took(h, g, cpumask_single(wanted, g->words));
            result = finish(a, PLAN_DONE, "");
        }
    }
    free(wanted);
    return result;
}

/* The ledger's words on a size: what was asked for last, and where the balloon was then. */
static bool read_written(const struct ledger_entry *e, uint64_t *kib, uint64_t *from_kib)
{
    int n = sscanf(e->written, "%" SCNu64 "/%" SCNu64, kib, from_kib);

    if (n == 1)
        *from_kib = *kib;
    return n >= 1;
}

static int note_size(struct libvirt_host *h, const struct domain *g, const char *found, uint64_t kib, uint64_t from_kib)
{
    char written[48];

    snprintf(written, sizeof(written), "%" PRIu64 "/%" PRIu64, kib, from_kib);
    return ledger_put(h->ledger, g->uuid, g->id, LEDGER_SIZE, 0, found, written);
}

/* After a size that was refused: what was noted before, or nothing. */
static void take_back_size(struct libvirt_host *h, const struct domain *g, const char *found, const char *written)
{
    if (written[0])
        ledger_put(h->ledger, g->uuid, g->id, LEDGER_SIZE, 0, found, written);
    else
        ledger_drop(h->ledger, g->uuid, g->id, LEDGER_SIZE, 0);
}

int libvirt_apply_size(struct libvirt_host *h, struct domain *g, uint64_t now_kib, uint64_t kib)
{
    const struct ledger_entry *e = ledger_get(h->ledger, g->uuid, g->id, LEDGER_SIZE, 0);
    char found[32], found_before[32] = "", written_before[48] = "";
    int result;
    bool cut;

    snprintf(found, sizeof(found), "%" PRIu64, now_kib);
    if (e) {
        snprintf(found_before, sizeof(found_before), "%s", e->found);
        snprintf(written_before, sizeof(written_before), "%s", e->written);
    }
    result = note_size(h, g, e && libvirt_apply_is_own_size(g, e, now_kib) ? NULL : found, kib, now_kib);
    if (result)
        return result;
    connection_begin(&h->connection, CONNECTION_CALL_MS, 1);
    result = virDomainSetMemoryFlags(g->domain, (unsigned long)kib, VIR_DOMAIN_AFFECT_LIVE);
    cut = connection_end(&h->connection);
    if (cut || result) {
        result = refused(h, cut);
        if (!cut && connection_alive(&h->connection))
            take_back_size(h, g, found_before, written_before);
        else
            g->has_asked = false; /* the ledger knows what it may be */
        return result;
    }
    g->has_asked = true;
    g->asked_kib = kib;
    return 0;
}

/*
 * A balloon on its way lies between where it was and where it was asked to go. One that gives memory to its guest
 * arrives within seconds, while a guest may be unable to give all that it was asked for.
 */
bool libvirt_apply_is_own_size(const struct domain *g, const struct ledger_entry *e, uint64_t now_kib)
{
    static const uint64_t slack_kib = 1024; /* pages and units are rounded */
    uint64_t kib, from_kib;

    if (!read_written(e, &kib, &from_kib))
        return false;
    /* Such a balloon grows by itself when its guest runs out. */
    if (g->has_xml && g->xml.deflate_on_oom)
        return true;
    return now_kib + slack_kib >= (kib < from_kib ? kib : from_kib) &&
           now_kib <= (kib > from_kib ? kib : from_kib) + slack_kib;
}

void libvirt_apply_arrived(struct libvirt_host *h, const struct domain *g, uint64_t now_kib)
{
    const struct ledger_entry *e = ledger_get(h->ledger, g->uuid, g->id, LEDGER_SIZE, 0);
    uint64_t kib, from_kib;

    if (e && read_written(e, &kib, &from_kib) && now_kib == kib && from_kib != kib)
        note_size(h, g, NULL, kib, kib);
}

static int apply_memory(struct libvirt_host *h, struct domain *g, struct plan_action *a)
{
    const struct ledger_entry *e = ledger_get(h->ledger, g->uuid, g->id, LEDGER_SIZE, 0);
    virDomainInfo info;
    uint64_t from_kib;
    int code;

    connection_begin(&h->connection, CONNECTION_CALL_MS, 1);
    code = virDomainGetInfo(g->domain, &info);
    if (connection_end(&h->connection))
        return give_up(h, g, a);
    if (code)
        return fail(h, g, a);
    if (bulk_stats_state(info.state, 0) == SNAPSHOT_GUEST_STOPPING)
        return finish(a, PLAN_SKIPPED, "the guest is gone");
    if (a->to_kib > info.maxMem)
        a->to_kib = info.maxMem;
    if (!g->has_asked && e && read_written(e, &g->asked_kib, &from_kib))
        g->has_asked = true;
    /* With another target still pending, asking for the size that it has is no no-op: it takes the target back. */
    if (info.memory == a->to_kib && (!g->has_asked || g->asked_kib == a->to_kib))
        return finish(a, PLAN_SKIPPED, "it is so already");
    code = libvirt_apply_size(h, g, info.memory, a->to_kib);
    if (code < 0) {
        char word[PLAN_REASON_BYTES];

        cannot_note(h, code, word, sizeof(word));
        return finish(a, PLAN_FAILED, word);
    }
    if (code > 0)
        return code == 2 ? give_up(h, g, a) : fail_as_noted(h, g, a);
    return finish(a, PLAN_DONE, "");
}

int libvirt_apply(struct libvirt_host *h, struct plan *p, struct plan_action *a)
{
    struct domain *g = domain_table_find(&h->guests, a->uuid, a->id, 0, NULL);
    int result;

    a->error[0] = '\0';
    if (h->measure_only)
        return finish(a, PLAN_DRY_RUN, "");
    if (!(a->kind == PLAN_PIN ? h->control_cpu : h->control_memory))
        return finish(a, PLAN_FAILED, "not for this program to change");
    if (!connection_alive(&h->connection))
        return -ENOTCONN;
    if (!g)
        return finish(a, PLAN_SKIPPED, "the guest is gone");
    if (!ready(h, g, a, &result))
        return result;
    return a->kind == PLAN_PIN ? apply_pin(h, g, p, a) : apply_memory(h, g, a);
}
