#include "core/model/statistics.h"
#include "cpu/placement/placement_inside.h"

#include <math.h>
#include <string.h>

static void merge(const struct placement_key *from, struct placement_key *to, int left, int middle, int right)
{
    int a = left, b = middle;

    for (int i = left; i < right; i++)
        to[i] = a < middle && (b >= right || from[a].key >= from[b].key) ? from[a++] : from[b++];
}

/* Written out, as the C library's qsort may allocate. */
void placement_sort(struct placement_key *keys, struct placement_key *spare, int n)
{
    struct placement_key *from = keys, *to = spare;

    for (int width = 1; width < n; width *= 2) {
        for (int left = 0; left < n; left += 2 * width) {
            int middle = left + width < n ? left + width : n;
            int right = middle + width < n ? middle + width : n;

            merge(from, to, left, middle, right);
        }
        struct placement_key *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, (size_t)n * sizeof(*keys));
}

static void add_reach(struct placement_board *b, int vcpu, int pcpu)
{
    const uint64_t *mask = placement_board_mask(b, b->mask[vcpu]);
    uint64_t *reach = placement_board_reach(b, pcpu);

    for (int w = 0; w < b->words; w++)
        reach[w] |= mask[w];
    if (b->pinned_to[vcpu] >= 0)
        reach[b->pinned_to[vcpu] / 64] |= (uint64_t)1 << (b->pinned_to[vcpu] % 64);
}

void placement_board_renew_reach(struct placement_board *b, int pcpu)
{
    memset(placement_board_reach(b, pcpu), 0, (size_t)b->words * sizeof(*b->reach));
    for (int v = b->head[pcpu]; v >= 0; v = b->next[v])
        add_reach(b, v, pcpu);
}

static void list_insert(struct placement_board *b, int vcpu, int pcpu)
{
    int after = -1, before = b->head[pcpu];

    while (before >= 0 && before < vcpu) {
        after = before;
        before = b->next[before];
    }
    b->prev[vcpu] = after;
    b->next[vcpu] = before;
    if (after >= 0)
        b->next[after] = vcpu;
    else
        b->head[pcpu] = vcpu;
    if (before >= 0)
        b->prev[before] = vcpu;
    else
        b->tail[pcpu] = vcpu;
    b->costless[pcpu] += b->pinned_to[vcpu] != pcpu;
    b->n_costless += b->pinned_to[vcpu] != pcpu;
}

static void list_remove(struct placement_board *b, int vcpu, int pcpu)
{
    int after = b->prev[vcpu], before = b->next[vcpu];

    if (after >= 0)
        b->next[after] = before;
    else
        b->head[pcpu] = before;
    if (before >= 0)
        b->prev[before] = after;
    else
        b->tail[pcpu] = after;
    b->costless[pcpu] -= b->pinned_to[vcpu] != pcpu;
    b->n_costless -= b->pinned_to[vcpu] != pcpu;
}

/* Puts one pCPU in its place in the order, the others being in theirs. Returns whether it wasn't there before. */
static bool restore_order(struct placement_board *b, int pcpu)
{
    int was = b->rank[pcpu], r = was;
    double load = b->load[pcpu];

    for (; r > 0 && b->load[b->order[r - 1]] < load; r--) {
        b->order[r] = b->order[r - 1];
        b->rank[b->order[r]] = r;
    }
    for (; r < b->n_pcpus - 1 && b->load[b->order[r + 1]] > load; r++) {
        b->order[r] = b->order[r + 1];
        b->rank[b->order[r]] = r;
    }
    b->order[r] = pcpu;
    b->rank[pcpu] = r;
    return r != was;
}

void placement_board_put(struct placement_board *b, const int *at)
{
    for (int p = 0; p < b->n_pcpus; p++) {
        b->load[p] = b->base[p];
        b->head[p] = b->tail[p] = -1;
        b->costless[p] = 0;
    }
    b->n_moved = b->n_costless = 0;
    for (int v = b->n_vcpus - 1; v >= 0; v--) { /* from the end, so that each comes first in its list */
        b->at[v] = at[v];
        b->load[at[v]] += b->demand[v] * b->per_demand[at[v]];
        b->n_moved += placement_board_cost(b, v, at[v]);
        list_insert(b, v, at[v]);
    }
    b->ssd = 0;
    for (int p = 0; p < b->n_pcpus; p++) {
        b->ssd += (b->load[p] - b->mean) * (b->load[p] - b->mean) * b->weight[p];
        b->keys[p] = (struct placement_key){b->load[p], p};
    }
    placement_sort(b->keys, b->spare, b->n_pcpus);
    for (int r = 0; r < b->n_pcpus; r++) {
        b->order[r] = b->keys[r].id;
        b->rank[b->keys[r].id] = r;
    }
}

void placement_board_shift(struct placement_board *b, int vcpu, int to)
{
    int from = b->at[vcpu];
    double demand = b->demand[vcpu];

    if (from == to)
        return;
    b->ssd -= placement_board_gain(b, demand, from, to);
    b->n_moved += placement_board_more_cost(b, vcpu, to);
    add_reach(b, vcpu, to);
    b->load[from] -= demand * b->per_demand[from];
    b->load[to] += demand * b->per_demand[to];
    b->at[vcpu] = to;
    list_remove(b, vcpu, from);
    list_insert(b, vcpu, to);
}

void placement_board_reorder(struct placement_board *b, const int *pcpus, int n)
{
    bool changed = true;

    /* One that isn't in its place yet may keep another from finding its own, so it takes rounds. */
    for (int round = 0; round < n && changed; round++) {
        changed = false;
        for (int k = 0; k < n; k++)
            changed |= restore_order(b, pcpus[k]);
    }
}

void placement_board_move(struct placement_board *b, int vcpu, int to)
{
    int from = b->at[vcpu];

    placement_board_shift(b, vcpu, to);
    placement_board_reorder(b, (const int[]){from, to}, 2);
}

void placement_board_exchange(struct placement_board *b, int vcpu, int partner)
{
    int from = b->at[vcpu], to = b->at[partner];

    placement_board_shift(b, vcpu, to);
    placement_board_shift(b, partner, from);
    placement_board_reorder(b, (const int[]){from, to}, 2);
}

double placement_board_ssd(const struct placement_board *b, double sd)
{
    return sd * sd * b->capacity;
}

double placement_board_sd(const struct placement_board *b, double ssd)
{
    return b->n_pcpus && ssd > 0 ? sqrt(ssd / b->capacity) : 0;
}

double placement_board_sd_of(const struct placement_board *b, const double *load)
{
    struct statistics loads = {0};

    for (int p = 0; p < b->n_pcpus; p++)
        statistics_add_weighted(&loads, load[p], b->weight[p]);
    return statistics_sd(&loads);
}
