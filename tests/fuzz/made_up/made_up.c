#include "tests/fuzz/made_up/made_up.h"

#include "core/model/cpumask.h"

#include <stdio.h>
#include <stdlib.h>

enum { PCPUS = 6, GUESTS = 4, VCPUS = 3, NODES = 3 };

static uint8_t byte(struct bytes *from)
{
    if (from->left == 0)
        return 0;
    from->left--;
    return *from->data++;
}

int made_up_below(struct bytes *from, int below)
{
    return byte(from) % below;
}

uint64_t made_up_figure(struct bytes *from)
{
    static const uint64_t marks[] = {0, 1, 100 << 10, 200 << 10, 512 << 10, 1 << 20, 1 << 21, UINT64_MAX};
    uint64_t value = marks[made_up_below(from, 8)];

    switch (made_up_below(from, 4)) {
    case 0:
        return value;
    case 1:
        return value + byte(from);
    case 2:
        return value - byte(from);
    default:
        return (uint64_t)byte(from) << made_up_below(from, 64);
    }
}

static int mask(struct bytes *from, struct snapshot *s)
{
    uint64_t bits = byte(from);

    if (bits == 0)
        return -1;
    bits &= (UINT64_C(1) << s->cpu_limit) - 1;
    return snapshot_add_mask(s, &bits);
}

static void pcpu(struct bytes *from, struct snapshot *s, int number)
{
    struct snapshot_pcpu *p = snapshot_add_pcpu(s);
    int kind = byte(from);

    if (!p)
        abort();
    p->number = number;
    p->node = kind & 1;
    p->core = number / 2;
    p->llc = kind >> 1 & 1;
    p->online = (kind & 0x1c) != 0;
    p->isolated = (kind & 0xe0) == 0xe0;
    p->has_times = (kind & 0xe0) != 0x20;
    p->refuses = (kind & 0xe0) == 0x40;
}

static void vcpu(struct bytes *from, struct snapshot *s, int guest, int number)
{
    struct snapshot_vcpu *v = snapshot_add_vcpu(s);
    int kind = byte(from), row;

    if (!v)
        abort();
    v->guest = guest;
    v->number = number + (kind & 1);
    v->online = (kind & 6) != 0;
    v->running = (kind & 0x18) != 0;
    v->has_run = (kind & 0x60) != 0;
    v->has_delay = kind & 0x80;
    v->cpu = made_up_below(from, s->cpu_limit + 1) - 1;
    row = mask(from, s);
    v->affinity = v->found = row;
    v->defined = kind & 1 ? mask(from, s) : -1;
    v->pinned = kind & 2 ? mask(from, s) : -1;
}

static void memory(struct bytes *from, struct snapshot_memory *m)
{
    int kind = byte(from);

    m->has = (unsigned)byte(from) << 4 | 0xf | (unsigned)(kind & 1 ? SNAPSHOT_HAS_LAST_UPDATE : 0);
    if (kind & 2)
        m->has &= (unsigned)byte(from);
    m->size_kib = made_up_figure(from);
    m->max_kib = made_up_figure(from);
    m->available_kib = made_up_figure(from);
    m->unused_kib = made_up_figure(from);
    m->usable_kib = made_up_figure(from);
    m->disk_caches_kib = made_up_figure(from);
    m->rss_kib = made_up_figure(from);
    m->stats_period_s = made_up_below(from, 4) - 1;
    m->balloon = (kind & 0x1c) != 0;
    m->inhibited = (kind & 0xe0) == 0xe0;
    m->deflate_on_oom = (kind & 0xe0) == 0x20;
    m->weight = (kind & 0xe0) == 0x40 ? 0.01 + byte(from) : 1;
}

static void guest(struct bytes *from, struct snapshot *s, int index)
{
    struct snapshot_guest *g = snapshot_add_guest(s);
    int kind = byte(from), vcpus = made_up_below(from, VCPUS + 1);

    if (!g)
        abort();
    g->uuid[0] = (uint8_t)(index + 1);
    g->id = index + 1;
    snprintf(g->name, sizeof(g->name), "vm%d", index);
    g->state = kind % 8 < 4 ? (enum snapshot_guest_state)(kind % 4) : SNAPSHOT_GUEST_RUNNING;
    g->leave_alone = kind >> 3 & 7 ? SNAPSHOT_LEAVE_NO : (enum snapshot_leave_alone)made_up_below(from, 6);
    g->realtime = (kind & 0xc0) == 0xc0;
    g->dedicated = (kind & 0xc0) == 0x40;
    g->vcpu_quota_pct = (kind & 0xc0) == 0x80 ? byte(from) : 0;
    g->memory_nodes = made_up_below(from, 3) ? -1 : mask(from, s);
    g->memory_bound = g->memory_nodes >= 0 && made_up_below(from, 4);
    memory(from, &g->memory);
    for (int v = 0; v < vcpus; v++)
        vcpu(from, s, index, 2 * v);
}

void made_up_first(struct bytes *from, struct snapshot *s)
{
    int pcpus = 1 + made_up_below(from, PCPUS), guests = made_up_below(from, GUESTS + 1);

    snapshot_reset(s, pcpus);
    s->taken_ns = 1000000000u;
    for (int i = 0; i < pcpus; i++)
        pcpu(from, s, i);
    s->host.has = 0x3fu & ~(unsigned)made_up_below(from, 64);
    s->host.total_kib = made_up_figure(from);
    s->host.free_kib = made_up_figure(from);
    s->host.available_kib = made_up_figure(from);
    s->host.caches_kib = made_up_figure(from);
    for (int i = 0; i < guests; i++)
        guest(from, s, i);
    for (int n = made_up_below(from, NODES + 1); n > 0; n--) {
        struct snapshot_node *node = snapshot_add_node(s);

        if (!node)
            abort();
        *node = (struct snapshot_node){.number = s->n_nodes - 1, .free_kib = made_up_figure(from)};
    }
}

void made_up_next(struct bytes *from, struct snapshot *s)
{
    uint64_t passed_ns = UINT64_C(1000000000) * (uint64_t)(1 + made_up_below(from, 20));

    s->taken_ns += passed_ns;
    for (int i = 0; i < s->n_vcpus; i++) {
        /* Mostly within the time that passed. */
        s->vcpus[i].run_ns += made_up_below(from, 16) ? passed_ns / 255 * byte(from) : made_up_figure(from);
        s->vcpus[i].delay_ns += passed_ns / 255 * byte(from);
    }
    for (int i = 0; i < s->n_pcpus; i++) {
        s->pcpus[i].busy_ns += passed_ns / 255 * byte(from);
        s->pcpus[i].idle_ns += passed_ns / 255 * byte(from);
    }
    for (int i = 0; i < s->n_nodes; i++)
        s->nodes[i].free_kib = made_up_figure(from);
    for (int i = 0; i < s->n_guests; i++) {
        struct snapshot_memory *m = &s->guests[i].memory;

        if (made_up_below(from, 4) == 0)
            continue;
        m->last_update_s++;
        m->unused_kib = made_up_figure(from);
        m->usable_kib = made_up_figure(from);
        m->swap_in_kib += made_up_below(from, 4) ? 0 : made_up_figure(from);
        m->major_faults += made_up_below(from, 4) ? 0 : made_up_figure(from);
        m->minor_faults += made_up_below(from, 4) ? 0 : made_up_figure(from);
    }
}
