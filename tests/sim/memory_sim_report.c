#include "tests/sim/memory_sim_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t kib(double mib)
{
    return mib > 0 ? (uint64_t)(mib * 1024 + 0.5) : 0;
}

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void report_host(const struct memory_sim *sim, struct snapshot_host *h)
{
    double free_mib = memory_host_free(sim);

    if (sim->host.silent)
        return;
    h->has |= SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE | SNAPSHOT_HOST_HAS_CACHES;
    h->total_kib = kib(sim->host.total_mib);
    h->free_kib = kib(free_mib);
    h->caches_kib = kib(sim->host_cache);
    if (sim->host.remote)
        return;
    h->has |= SNAPSHOT_HOST_HAS_AVAILABLE | SNAPSHOT_HOST_HAS_PRESSURE;
    h->available_kib = kib(free_mib + sim->host_cache * 0.9);
    h->pressure_some_pct = sim->some_pct;
    h->pressure_full_pct = sim->some_pct / 5;
}

static void report_nodes(const struct memory_sim *sim, struct snapshot *s)
{
    for (int n = 0; sim->host.nodes > 1 && n < sim->host.nodes; n++) {
        double free_mib = (sim->host.total_mib - sim->own - sim->host_cache * 0.9) / sim->host.nodes;
        struct snapshot_node *node = need(snapshot_add_node(s));

        for (int i = 0; i < sim->n_guests; i++) {
            const struct memory_guest *g = &sim->guests[i];
            double resident = g->there ? memory_guest_resident(g) + g->facts.qemu_mib : 0;

            free_mib -= g->facts.node == 0 ? resident / sim->host.nodes : g->facts.node == n + 1 ? resident : 0;
        }
        *node = (struct snapshot_node){.number = n, .free_kib = kib(free_mib)};
    }
}

static void bind(const struct memory_guest *g, struct snapshot *s, struct snapshot_guest *out)
{
    uint64_t mask = g->facts.node > 0 ? UINT64_C(1) << (g->facts.node - 1) : 0;

    if (g->facts.node == 0)
        return;
    out->memory_nodes = snapshot_add_mask(s, &mask);
    out->memory_bound = true;
}

static void report_statistics(const struct memory_guest *g, struct snapshot_memory *m)
{
    const struct memory_stats *s = &g->stats;

    if (!g->facts.no_update) {
        m->has |= SNAPSHOT_HAS_LAST_UPDATE;
        m->last_update_s = s->last_update_s;
    }
    if (!s->reported)
        return;
    m->has |= SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_SWAP_IN | SNAPSHOT_HAS_SWAP_OUT | SNAPSHOT_HAS_MAJOR_FAULTS |
              SNAPSHOT_HAS_MINOR_FAULTS;
    m->unused_kib = kib(s->unused);
    m->swap_in_kib = kib(s->swap_in);
    m->swap_out_kib = kib(s->swap_out);
    m->major_faults = (uint64_t)s->major;
    m->minor_faults = (uint64_t)s->minor;
    if (!g->facts.no_available) {
        m->has |= SNAPSHOT_HAS_AVAILABLE;
        m->available_kib = kib(s->available);
    }
    if (!g->facts.no_usable) {
        m->has |= SNAPSHOT_HAS_USABLE;
        m->usable_kib = kib(s->usable);
    }
    if (!g->facts.no_caches) {
        m->has |= SNAPSHOT_HAS_DISK_CACHES;
        m->disk_caches_kib = kib(s->caches);
    }
}

static void report_guest(const struct memory_guest *g, struct snapshot_guest *out)
{
    struct snapshot_memory *m = &out->memory;

    m->balloon = g->facts.balloon != MEMORY_BALLOON_NONE;
    m->has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX;
    m->size_kib = kib(g->size);
    m->max_kib = kib(g->max);
    if (!g->facts.no_rss) {
        m->has |= SNAPSHOT_HAS_RSS;
        m->rss_kib = kib(memory_guest_resident(g) + g->facts.qemu_mib);
    }
    m->weight = g->facts.weight;
    m->least_kib = (uint64_t)(g->facts.least_mib * 1024);
    m->most_kib = (uint64_t)(g->facts.most_mib * 1024);
    m->inhibited = g->facts.inhibited;
    m->deflate_on_oom = g->facts.deflate_on_oom;
    m->stats_period_s = g->facts.period_s < 0 ? 0 : (int)ceil(g->facts.period_s);
    report_statistics(g, m);
}

void memory_sim_fill(struct memory_sim *sim, struct snapshot *s)
{
    report_host(sim, &s->host);
    for (int i = 0; i < s->n_guests; i++)
        for (int k = 0; k < sim->n_guests; k++)
            if (sim->guests[k].there && strcmp(s->guests[i].name, sim->guests[k].name) == 0)
                report_guest(&sim->guests[k], &s->guests[i]);
}

void memory_sim_snapshot(struct memory_sim *sim, struct snapshot *s)
{
    snapshot_reset(s, 1);
    s->taken_ns = (uint64_t)(sim->now_s * 1e9) + 1;
    s->wall_ms = (int64_t)(sim->now_s * 1e3) + 1700000000000;
    snprintf(s->node_name, sizeof(s->node_name), "simulated");
    snprintf(s->uri, sizeof(s->uri), "sim:///memory");
    *(struct snapshot_pcpu *)need(snapshot_add_pcpu(s)) = (struct snapshot_pcpu){.online = true};
    for (int i = 0; i < sim->n_guests; i++) {
        const struct memory_guest *g = &sim->guests[i];
        struct snapshot_guest *out;

        if (!g->there)
            continue;
        out = need(snapshot_add_guest(s));
        memcpy(out->uuid, g->uuid, sizeof(out->uuid));
        out->id = g->id;
        snprintf(out->name, sizeof(out->name), "%s", g->name);
        out->state = g->state;
        out->leave_alone = g->facts.leave_alone;
        bind(g, s, out);
        report_guest(g, out);
        need(snapshot_add_vcpu(s));
    }
    report_host(sim, &s->host);
    report_nodes(sim, s);
}

void memory_sim_apply(struct memory_sim *sim, struct plan *plan)
{
    for (int i = 0; i < plan->n_actions; i++) {
        struct plan_action *a = &plan->actions[i];
        int at = memory_sim_by_uuid(sim, a->uuid);
        struct memory_guest *g = at < 0 ? NULL : &sim->guests[at];

        if (a->kind != PLAN_SET_MEMORY || a->result != PLAN_PENDING)
            continue;
        if (!g || !g->there || g->id != a->id) {
            a->result = PLAN_SKIPPED;
        } else if (g->facts.balloon == MEMORY_BALLOON_NONE || a->to_kib > kib(g->max)) {
            a->result = PLAN_FAILED;
            snprintf(a->error, sizeof(a->error), "%s", "the hypervisor refused");
        } else {
            g->target = (double)a->to_kib / 1024;
            a->result = PLAN_DONE;
        }
    }
}
