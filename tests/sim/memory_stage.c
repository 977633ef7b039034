#include "tests/sim/memory_stage.h"

#include <stdio.h>
#include <stdlib.h>

static const double host_total_mib = 16000, began_s = 1700000000; /* on the wall clock */

void stage_begin(struct stage *s, const struct coordinator_settings *settings)
{
    struct coordinator_settings own = coordinator_settings_default;

    *s = (struct stage){.host_free_mib = 8000, .interval_s = 2, .host_swap_free_mib = host_total_mib};
    for (int i = 0; i < STAGE_GUESTS; i++) {
        s->guests[i] =
            (struct stage_guest){.size = 1000, .max = 2000, .unused = 200, .rss = 1064, .weight = 1, .id = i + 1};
        s->order[i] = i;
    }
    for (int n = 0; n < STAGE_NODES; n++)
        s->node_free_mib[n] = -1;
    own.host_reserve_mib = STAGE_RESERVE_MIB;
    s->state = coordinator_policy.create(settings ? settings : &own);
    if (!s->state)
        abort();
}

void stage_end(struct stage *s)
{
    coordinator_policy.destroy(s->state);
    snapshot_free(&s->before);
    snapshot_free(&s->now);
    rates_free(&s->rates);
    plan_free(&s->plan);
}

static uint64_t kib(double mib)
{
    return (uint64_t)(mib * 1024);
}

/* What the guest sees of it all: 50 MiB less than there is. */
static double total_of(const struct stage_guest *f)
{
    return (f->deflates ? f->max : f->size_then > 0 ? f->size_then : f->size) - 50;
}

static void add_guest(struct snapshot *s, const struct stage_guest *f, int number, unsigned taken, double wall_s)
{
    struct snapshot_guest *g = snapshot_add_guest(s);

    if (!g)
        abort();
    g->uuid[0] = (uint8_t)(number + 1);
    g->id = f->id;
    g->state = f->state;
    snprintf(g->name, sizeof(g->name), "g%d", number);
    g->memory = (struct snapshot_memory){
        .has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_AVAILABLE | SNAPSHOT_HAS_UNUSED |
               SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_DISK_CACHES | SNAPSHOT_HAS_RSS | SNAPSHOT_HAS_LAST_UPDATE |
               SNAPSHOT_HAS_SWAP_IN | SNAPSHOT_HAS_SWAP_OUT | SNAPSHOT_HAS_MAJOR_FAULTS,
        .size_kib = kib(f->size),
        .max_kib = kib(f->max),
        .available_kib = kib(total_of(f)),
        .unused_kib = kib(f->unused),
        .usable_kib = kib(f->unused + f->cache),
        .disk_caches_kib = kib(f->cache),
        .rss_kib = kib(f->rss),
        .swap_in_kib = kib(f->swapped_in),
        .major_faults = (uint64_t)f->major_faults,
        .last_update_s = (uint64_t)(began_s + wall_s) + (f->frozen_at ? f->frozen_at : taken),
        .stats_period_s = 1,
        .balloon = true,
        .inhibited = f->inhibited,
        .deflate_on_oom = f->deflates,
        .reports_free = f->reports_free,
        .weight = f->weight,
    };
    if (f->nodes) {
        int row = snapshot_add_mask(s, &f->nodes);

        if (row < 0)
            abort();
        g->memory_nodes = row;
        g->memory_bound = !f->prefers;
    }
    if (f->untimed)
        g->memory.has &= ~(unsigned)SNAPSHOT_HAS_LAST_UPDATE;
    if (f->no_rss)
        g->memory.has &= ~(unsigned)SNAPSHOT_HAS_RSS;
    if (f->no_size)
        g->memory.has &= ~(unsigned)SNAPSHOT_HAS_SIZE;
    if (f->no_max)
        g->memory.has &= ~(unsigned)SNAPSHOT_HAS_MAX;
}

static void add_nodes(struct snapshot *s, const double *free_mib)
{
    for (int n = 0; n < STAGE_NODES; n++) {
        struct snapshot_node *node = free_mib[n] < 0 ? NULL : snapshot_add_node(s);

        if (node)
            *node = (struct snapshot_node){.number = n, .free_kib = kib(free_mib[n])};
    }
}

static void set_host(struct snapshot_host *h, const struct stage *s)
{
    h->has = SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE | SNAPSHOT_HOST_HAS_AVAILABLE | SNAPSHOT_HOST_HAS_SWAP |
             SNAPSHOT_HOST_HAS_PRESSURE;
    h->total_kib = h->swap_total_kib = kib(host_total_mib);
    h->free_kib = h->available_kib = kib(s->host_free_mib);
    if (s->host_caches_mib > 0)
        h->has = (h->has & ~(unsigned)SNAPSHOT_HOST_HAS_AVAILABLE) | SNAPSHOT_HOST_HAS_CACHES;
    h->caches_kib = kib(s->host_caches_mib);
    h->swap_free_kib = kib(s->host_swap_free_mib);
    h->pressure_some_pct = s->pressure_some_pct;
    h->pressure_full_pct = s->pressure_full_pct;
}

/* The next snapshot, so long after the last one, and the rates between the two. True when it is the first. */
static bool take_snapshot(struct stage *s, double seconds)
{
    struct snapshot held = s->before;
    bool first = s->taken++ == 0;

    s->before = s->now;
    s->now = held;
    snapshot_reset(&s->now, 1);
    s->now.taken_ns = s->before.taken_ns + (uint64_t)(seconds * 1e9);
    s->now.wall_ms = (int64_t)(s->now.taken_ns / 1000000) + (int64_t)((began_s + s->wall_s) * 1e3);
    if (!snapshot_add_pcpu(&s->now))
        abort();
    for (int i = 0; i < STAGE_GUESTS; i++)
        if (s->order[i] >= 0)
            add_guest(&s->now, &s->guests[s->order[i]], s->order[i], s->taken, s->wall_s);
    add_nodes(&s->now, s->node_free_mib);
    set_host(&s->now.host, s);
    if (rates_between(&s->rates, first ? NULL : &s->before, &s->now))
        abort();
    return first;
}

const struct plan *stage_decide_forced(struct stage *s, bool force)
{
    bool first = take_snapshot(s, s->interval_s);

    s->request =
        (struct policy_request){.force = force, .interval_s = s->interval_s, .until_decision_s = s->interval_s};
    if (coordinator_policy.learn(s->state, first ? NULL : &s->before, &s->now, &s->rates) ||
        coordinator_policy.plan(s->state, &s->now, &s->rates, &s->request, &s->plan))
        abort();
    return &s->plan;
}

const struct plan *stage_early(struct stage *s, double seconds, double until_s)
{
    bool first = take_snapshot(s, seconds);

    s->request = (struct policy_request){.interval_s = s->interval_s, .until_decision_s = until_s};
    if (coordinator_policy.sample(s->state, first ? NULL : &s->before, &s->now, &s->rates) ||
        coordinator_policy.early(s->state, &s->now, &s->rates, &s->request, &s->plan))
        abort();
    return &s->plan;
}

const struct plan *stage_decide(struct stage *s)
{
    return stage_decide_forced(s, false);
}

void stage_carry_out(struct stage *s, enum plan_result result)
{
    for (int i = 0; i < s->plan.n_actions; i++) {
        struct plan_action *a = &s->plan.actions[i];
        struct stage_guest *f = &s->guests[a->uuid[0] - 1];

        a->result = result;
        if (result != PLAN_DONE)
            continue;
        f->unused += ((double)a->to_kib - (double)a->from_kib) / 1024;
        f->size = (double)a->to_kib / 1024;
    }
    coordinator_policy.applied(s->state, &s->now, &s->plan);
}

void stage_accept(struct stage *s)
{
    for (int i = 0; i < s->plan.n_actions; i++)
        s->plan.actions[i].result = PLAN_DONE;
    coordinator_policy.applied(s->state, &s->now, &s->plan);
}

const struct plan_action *stage_action(const struct plan *p, int guest)
{
    for (int i = 0; i < p->n_actions; i++)
        if (p->actions[i].uuid[0] == guest + 1)
            return &p->actions[i];
    return NULL;
}
