#include "core/host/bulk_stats.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool get_number(const virTypedParameter *p, uint64_t *value)
{
    switch (p->type) {
    case VIR_TYPED_PARAM_ULLONG:
        *value = p->value.ul;
        return true;
    case VIR_TYPED_PARAM_UINT:
        *value = p->value.ui;
        return true;
    case VIR_TYPED_PARAM_LLONG:
        *value = p->value.l < 0 ? 0 : (uint64_t)p->value.l;
        return p->value.l >= 0;
    case VIR_TYPED_PARAM_INT:
        *value = p->value.i < 0 ? 0 : (uint64_t)p->value.i;
        return p->value.i >= 0;
    default:
        return false;
    }
}

static void read_balloon(struct snapshot_memory *m, const char *name, uint64_t value, struct bulk_stats *out)
{
    static const struct {
        const char *name;
        unsigned has;
        size_t offset;
    } rows[] = {
        {"current", SNAPSHOT_HAS_SIZE, offsetof(struct snapshot_memory, size_kib)},
        {"maximum", SNAPSHOT_HAS_MAX, offsetof(struct snapshot_memory, max_kib)},
        {"available", SNAPSHOT_HAS_AVAILABLE, offsetof(struct snapshot_memory, available_kib)},
        {"unused", SNAPSHOT_HAS_UNUSED, offsetof(struct snapshot_memory, unused_kib)},
        {"usable", SNAPSHOT_HAS_USABLE, offsetof(struct snapshot_memory, usable_kib)},
        {"rss", SNAPSHOT_HAS_RSS, offsetof(struct snapshot_memory, rss_kib)},
        {"swap_in", SNAPSHOT_HAS_SWAP_IN, offsetof(struct snapshot_memory, swap_in_kib)},
        {"swap_out", SNAPSHOT_HAS_SWAP_OUT, offsetof(struct snapshot_memory, swap_out_kib)},
        {"major_fault", SNAPSHOT_HAS_MAJOR_FAULTS, offsetof(struct snapshot_memory, major_faults)},
        {"minor_fault", SNAPSHOT_HAS_MINOR_FAULTS, offsetof(struct snapshot_memory, minor_faults)},
        {"disk_caches", SNAPSHOT_HAS_DISK_CACHES, offsetof(struct snapshot_memory, disk_caches_kib)},
        {"last-update", SNAPSHOT_HAS_LAST_UPDATE, offsetof(struct snapshot_memory, last_update_s)},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(name, rows[i].name) != 0)
            continue;
        /* No guest has nothing, or may have nothing: then nobody knows. */
        if (value == 0 && (rows[i].has & (SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX)))
            continue;
        memcpy((char *)m + rows[i].offset, &value, sizeof(value));
        m->has |= rows[i].has;
    }
    if (strcmp(name, "current") == 0)
        out->has_balloon = true;
    /* libvirt brings the size out of its own books; the resident set only once it has got hold of the QEMU. */
    if (strcmp(name, "rss") == 0)
        out->answered = true;
}

/* The vCPU of that number, added where it is new. Figures of one come one after the other, as a rule. */
static struct snapshot_vcpu *take_vcpu(struct snapshot *s, int number)
{
    struct snapshot_vcpu *v;

    for (int i = s->n_vcpus - 1; i >= s->guests[s->n_guests - 1].first_vcpu; i--)
        if (s->vcpus[i].number == number)
            return &s->vcpus[i];
    v = snapshot_add_vcpu(s);
    if (v) {
        v->number = number;
        v->online = true;
    }
    return v;
}

/* Sums of what others say stay within what there is. */
static void add(uint64_t *sum, uint64_t value)
{
    *sum = value > UINT64_MAX - *sum ? UINT64_MAX : *sum + value;
}

static int read_vcpu(struct snapshot *s, const char *name, uint64_t value, struct bulk_stats *out)
{
    char *field;
    long number = strtol(name, &field, 10);
    struct snapshot_vcpu *v;

    /* "current" and "maximum" have no number. */
    if (field == name || *field != '.' || number < 0 || number > INT16_MAX)
        return 0;
    v = take_vcpu(s, (int)number);
    if (!v)
        return -ENOMEM;
    out->has_vcpus = true;
    if (strcmp(field, ".state") == 0) {
        v->online = value != VIR_VCPU_OFFLINE;
        v->running = value == VIR_VCPU_RUNNING;
    } else if (strcmp(field, ".time") == 0) {
        v->has_run = true;
        v->run_ns = value;
    } else if (strcmp(field, ".delay") == 0) {
        v->has_delay = true;
        v->delay_ns = value;
    } else if (strcmp(field, ".halt_poll_success_ns.sum") == 0 || strcmp(field, ".halt_poll_fail_ns.sum") == 0) {
        v->has_poll = true;
        add(&v->poll_ns, value);
    }
    return 0;
}

/* Sums up what all disks ("block.0.rd.bytes") or interfaces ("net.0.rx.bytes") have. name: from the number on. */
static void read_traffic(struct snapshot_work *w, const char *name, uint64_t value)
{
    const struct {
        const char *field;
        unsigned has;
        uint64_t *sum;
    } rows[] = {{".rd.bytes", SNAPSHOT_HAS_DISK_READ, &w->disk_read_bytes},
                {".wr.bytes", SNAPSHOT_HAS_DISK_WRITTEN, &w->disk_written_bytes},
                {".rx.bytes", SNAPSHOT_HAS_NET_RECEIVED, &w->net_received_bytes},
                {".tx.bytes", SNAPSHOT_HAS_NET_SENT, &w->net_sent_bytes}};
    size_t digits = strspn(name, "0123456789");

    for (size_t i = 0; digits > 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(name + digits, rows[i].field) != 0)
            continue;
        w->has |= rows[i].has;
        add(rows[i].sum, value);
    }
}

int bulk_stats_read(struct snapshot *s, const virTypedParameter *params, int n, struct bulk_stats *out)
{
    struct snapshot_memory *m = &s->guests[s->n_guests - 1].memory;
    struct snapshot_work *w = &s->guests[s->n_guests - 1].work;

    *out = (struct bulk_stats){.state = -1, .reason = -1};
    for (int i = 0; i < n; i++) {
        const char *name = params[i].field;
        uint64_t value;

        if (!get_number(&params[i], &value))
            continue;
        if (strncmp(name, "vcpu.", 5) == 0) {
            if (read_vcpu(s, name + 5, value, out))
                return -ENOMEM;
        } else if (strncmp(name, "balloon.", 8) == 0) {
            read_balloon(m, name + 8, value, out);
        } else if (strncmp(name, "block.", 6) == 0) {
            read_traffic(w, name + 6, value);
        } else if (strncmp(name, "net.", 4) == 0) {
            read_traffic(w, name + 4, value);
        } else if (strcmp(name, "cpu.time") == 0) {
            w->has |= SNAPSHOT_HAS_CPU;
            w->cpu_ns = value;
        } else if (strcmp(name, "state.state") == 0) {
            out->state = (int)value;
        } else if (strcmp(name, "state.reason") == 0) {
            out->reason = (int)value;
        }
    }
    return 0;
}

enum snapshot_guest_state bulk_stats_state(int domain_state, int reason)
{
    switch (domain_state) {
    case VIR_DOMAIN_PAUSED:
        switch (reason) {
        case VIR_DOMAIN_PAUSED_MIGRATION:
        case VIR_DOMAIN_PAUSED_SAVE:
        case VIR_DOMAIN_PAUSED_DUMP:
        case VIR_DOMAIN_PAUSED_SNAPSHOT:
        case VIR_DOMAIN_PAUSED_STARTING_UP:
        case VIR_DOMAIN_PAUSED_POSTCOPY:
        case VIR_DOMAIN_PAUSED_POSTCOPY_FAILED:
            return SNAPSHOT_GUEST_MIGRATING;
        case VIR_DOMAIN_PAUSED_SHUTTING_DOWN:
        case VIR_DOMAIN_PAUSED_CRASHED:
            return SNAPSHOT_GUEST_STOPPING;
        default:
            return SNAPSHOT_GUEST_PAUSED;
        }
    case VIR_DOMAIN_PMSUSPENDED:
        return SNAPSHOT_GUEST_PAUSED;
    case VIR_DOMAIN_SHUTDOWN:
    case VIR_DOMAIN_SHUTOFF:
    case VIR_DOMAIN_CRASHED:
        return SNAPSHOT_GUEST_STOPPING;
    default:
        if (domain_state == VIR_DOMAIN_RUNNING &&
            (reason == VIR_DOMAIN_RUNNING_POSTCOPY || reason == VIR_DOMAIN_RUNNING_POSTCOPY_FAILED))
            return SNAPSHOT_GUEST_MIGRATING;
        return SNAPSHOT_GUEST_RUNNING;
    }
}
