#include "cpu/placement/placement_board.h"

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

static void add_reach(struct placement_board *b, int item, int pcpu)
{
    const uint64_t *row = placement_board_row_of(b, item);
    uint64_t *reach = placement_board_reach_of(b, pcpu);

    for (int w = 0; w < b->words; w++)
        reach[w] |= row[w];
    if (b->origin[item] >= 0)
        reach[b->origin[item] / 64] |= (uint64_t)1 << (b->origin[item] % 64);
}

void placement_board_find_reach(struct placement_board *b, int pcpu)
{
    memset(placement_board_reach_of(b, pcpu), 0, (size_t)b->words * sizeof(*b->reach));
    for (int i = b->head[pcpu]; i >= 0; i = b->next[i])
        add_reach(b, i, pcpu);
}

static void list_insert(struct placement_board *b, int item, int pcpu)
{
    int after = -1, before = b->head[pcpu];

    while (before >= 0 && before < item) {
        after = before;
        before = b->next[before];
    }
    b->prev[item] = after;
    b->next[item] = before;
    if (after >= 0)
        b->next[after] = item;
    else
        b->head[pcpu] = item;
    if (before >= 0)
        b->prev[before] = item;
    else
        b->tail[pcpu] = item;
    b->grown[pcpu] = ++b->last_version;
    b->count[pcpu]++;
    b->loose[pcpu] += b->origin[item] != pcpu;
    b->n_loose += b->origin[item] != pcpu;
}

static void list_remove(struct placement_board *b, int item, int pcpu)
{
    int after = b->prev[item], before = b->next[item];

    if (after >= 0)
        b->next[after] = before;
    else
        b->head[pcpu] = before;
    if (before >= 0)
        b->prev[before] = after;
    else
        b->tail[pcpu] = after;
    b->gone_from[item] = pcpu;
    b->gone_next[item] = before;
    b->count[pcpu]--;
    b->loose[pcpu] -= b->origin[item] != pcpu;
    b->n_loose -= b->origin[item] != pcpu;
}

void placement_board_renew_alike(struct placement_board *b)
{
    memset(b->skip_grown, 0, (size_t)b->n_items * sizeof(*b->skip_grown));
    for (int p = 0; p < b->n_pcpus; p++)
        b->grown[p] = ++b->last_version;
}

/* Its row is all that rules where else than on its pCPU it may be. */
static bool is_plain(const struct placement_board *b, int item)
{
    int origin = b->origin[item];

    return origin < 0 || origin == b->at[item] || placement_board_in_row(placement_board_row_of(b, item), origin);
}

/* What was remembered may have left since; then what followed it there is meant, as long as nothing came. */
static bool remembers_alike(const struct placement_board *b, int item, int *to)
{
    int pcpu = b->at[item];

    if (b->skip_grown[item] != b->grown[pcpu])
        return false;
    *to = b->skip[item];
    while (*to >= 0 && b->at[*to] != pcpu && b->gone_from[*to] == pcpu)
        *to = b->gone_next[*to];
    return *to < 0 || b->at[*to] == pcpu;
}

int placement_board_past_alike(struct placement_board *b, int item)
{
    int to;

    if (!is_plain(b, item))
        return b->next[item];
    if (!remembers_alike(b, item, &to))
        to = b->next[item];
    while (to >= 0 && b->row[to] == b->row[item] && is_plain(b, to))
        to = b->next[to];
    b->skip[item] = to;
    b->skip_grown[item] = b->grown[b->at[item]];
    return to;
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
        b->count[p] = b->loose[p] = 0;
        placement_board_renew(b, p);
    }
    b->n_moved = b->n_loose = 0;
    for (int i = b->n_items - 1; i >= 0; i--) {
        b->at[i] = at[i];
        b->load[at[i]] += b->demand[i];
        b->n_moved += placement_board_price(b, i, at[i]);
        list_insert(b, i, at[i]);
    }
    b->square = 0;
    for (int p = 0; p < b->n_pcpus; p++) {
        b->square += (b->load[p] - b->mean) * (b->load[p] - b->mean);
        b->keys[p] = (struct placement_key){b->load[p], p};
    }
    placement_sort(b->keys, b->spare, b->n_pcpus);
    for (int r = 0; r < b->n_pcpus; r++) {
        b->order[r] = b->keys[r].id;
        b->rank[b->keys[r].id] = r;
    }
}

void placement_board_shift(struct placement_board *b, int item, int to)
{
    int from = b->at[item];
    double demand = b->demand[item];

    if (from == to)
        return;
    b->square -= placement_board_gain(b, demand, from, to);
    b->n_moved += placement_board_price(b, item, to) - placement_board_price(b, item, from);
    add_reach(b, item, to);
    b->load[from] -= demand;
    b->load[to] += demand;
    b->at[item] = to;
    list_remove(b, item, from);
    list_insert(b, item, to);
    placement_board_renew(b, from);
    placement_board_renew(b, to);
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

void placement_board_move(struct placement_board *b, int item, int to)
{
    int from = b->at[item];

    placement_board_shift(b, item, to);
    placement_board_reorder(b, (const int[]){from, to}, 2);
}

void placement_board_exchange(struct placement_board *b, int item, int partner)
{
    int from = b->at[item], to = b->at[partner];

    placement_board_shift(b, item, to);
    placement_board_shift(b, partner, from);
    placement_board_reorder(b, (const int[]){from, to}, 2);
}

double placement_board_square(const struct placement_board *b, double sd)
{
    return sd * sd * b->n_pcpus;
}

double placement_board_sd(const struct placement_board *b, double square)
{
    return b->n_pcpus && square > 0 ? sqrt(square / b->n_pcpus) : 0;
}
