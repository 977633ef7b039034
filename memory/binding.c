#include "core/model/cpumask.h"
#include "memory/decision.h"

static const uint64_t *nodes_of(const struct snapshot *now, int guest)
{
    const struct snapshot_guest *g = &now->guests[guest];

    return g->memory_bound ? snapshot_mask(now, g->memory_nodes) : NULL;
}

static bool overlap(const uint64_t *a, const uint64_t *b, int words)
{
    for (int w = 0; w < words; w++)
        if (a[w] & b[w])
            return true;
    return false;
}

/* How many nodes the host has, as far as that shows: those of its pCPUs, and those that are listed. */
static int count_nodes(const struct snapshot *now)
{
    int highest = -1;

    for (int i = 0; i < now->n_pcpus; i++)
        highest = now->pcpus[i].node > highest ? now->pcpus[i].node : highest;
    if (now->n_nodes > 0 && now->nodes[now->n_nodes - 1].number > highest)
        highest = now->nodes[now->n_nodes - 1].number;
    return highest + 1;
}

double binding_part(const struct snapshot *now, int guest, const uint64_t *nodes)
{
    const uint64_t *own = guest >= 0 ? nodes_of(now, guest) : NULL;
    int words = snapshot_words(now), among, all;

    if (!nodes)
        return 1;
    if (own)
        return overlap(own, nodes, words) ? 1 : 0;
    /* Where memory that is bound to nothing comes from isn't known: as much from each node. */
    among = cpumask_count(nodes, words);
    all = count_nodes(now);
    return among < all ? (double)among / all : 1;
}

static int find(const struct decision *d, const uint64_t *nodes)
{
    for (int i = 0; i < d->n_bindings; i++)
        if (cpumask_equal(d->bindings[i].nodes, nodes, snapshot_words(d->now)))
            return i;
    return -1;
}

void binding_find(struct decision *d, double interval_s)
{
    int all = count_nodes(d->now);

    for (int i = 0; i < d->n; i++) {
        const uint64_t *nodes = nodes_of(d->now, i);
        struct decision_guest *v = &d->guests[i];
        struct decision_binding b = {.nodes = nodes};

        v->binding = -1;
        if (!nodes || cpumask_count(nodes, snapshot_words(d->now)) >= all)
            continue;
        v->binding = find(d, nodes);
        if (v->binding >= 0)
            continue;
        b.budget = budget_measure_nodes(d, interval_s, nodes);
        b.left_kib = b.budget.to_give_kib;
        if (!b.budget.known)
            continue;
        v->binding = d->n_bindings;
        d->bindings[d->n_bindings++] = b;
    }
}

void binding_share(struct decision *d)
{
    for (int b = 0; b < d->n_bindings; b++) {
        for (int i = 0; i < d->n; i++)
            if (d->guests[i].binding == b)
                d->guests[i].host_fair_kib = d->guests[i].fair_kib;
        budget_share(d, b);
        for (int i = 0; i < d->n; i++)
            if (d->guests[i].binding == b)
                d->guests[i].fair_kib = kib_lower(d->guests[i].fair_kib, d->guests[i].host_fair_kib);
    }
}

void binding_limit_claims(struct decision *d, int claims)
{
    for (int b = 0; b < d->n_bindings; b++) {
        int64_t pool = d->bindings[b].left_kib > 0 ? d->bindings[b].left_kib : 0;
        int n = 0;

        for (int k = 0; k < claims; k++) {
            const struct decision_guest *v = &d->guests[d->claimants[k]];

            if (v->binding != b)
                continue;
            pool += (int64_t)v->size_kib;
            d->bound_claims[n] = k;
            d->bound[n++] = d->claims[k];
        }
        fair_share_fill(d->bound, n, (uint64_t)pool);
        for (int k = 0; k < n; k++)
            d->claims[d->bound_claims[k]].high_kib = d->bound[k].got_kib;
    }
}

bool binding_overlaps(const struct decision *d, int one, int other)
{
    return one >= 0 && other >= 0 && overlap(d->bindings[one].nodes, d->bindings[other].nodes, snapshot_words(d->now));
}

uint64_t binding_take(struct decision *d, const struct decision_guest *v, uint64_t give_kib)
{
    if (v->binding < 0)
        return give_kib;
    /* Which of its nodes it will come from isn't known: each set of nodes that has one of them may lack it. */
    for (int b = 0; b < d->n_bindings; b++)
        if (binding_overlaps(d, v->binding, b))
            give_kib = kib_lower(give_kib, d->bindings[b].left_kib > 0 ? (uint64_t)d->bindings[b].left_kib : 0);
    for (int b = 0; b < d->n_bindings; b++)
        if (binding_overlaps(d, v->binding, b))
            d->bindings[b].left_kib -= (int64_t)give_kib;
    return give_kib;
}
