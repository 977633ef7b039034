#include "cpu/placement/placement_window.h"

#include <math.h>
#include <stdlib.h>

void placement_window_free(struct placement_window *w)
{
    if (!w)
        return;
    free(w->sums);
    free(w->cost);
    free(w->fits);
    free(w->choice);
    for (int side = 0; side < 2; side++) {
        free(w->value[side]);
        free(w->least[side]);
        free(w->reached[side]);
    }
    free(w);
}

struct placement_window *placement_window_create(void)
{
    enum { SETS = 1 << PLACEMENT_WINDOW_ITEMS };
    struct placement_window *w = calloc(1, sizeof(*w));
    bool complete;

    if (!w)
        return NULL;
    w->sums = malloc(SETS * sizeof(*w->sums));
    w->cost = malloc(SETS * sizeof(*w->cost));
    w->fits = malloc(SETS * sizeof(*w->fits));
    w->choice = malloc(PLACEMENT_WINDOW_CHOICES * sizeof(*w->choice));
    complete = w->sums && w->cost && w->fits && w->choice;
    for (int side = 0; side < 2; side++) {
        w->value[side] = malloc(PLACEMENT_WINDOW_CELLS * sizeof(*w->value[side]));
        w->least[side] = malloc(SETS * sizeof(*w->least[side]));
        w->reached[side] = malloc(SETS * sizeof(*w->reached[side]));
        complete = complete && w->value[side] && w->least[side] && w->reached[side];
    }
    if (complete)
        return w;
    placement_window_free(w);
    return NULL;
}

static double squared(double x)
{
    return x * x;
}

static double cost_on(const struct placement_window *w, int pcpu, uint32_t set)
{
    return set & ~w->may[pcpu] ? INFINITY : squared(w->base[pcpu] + w->sums[set] - w->mean);
}

/* Works out cost of every set on that pCPU and lists those that fit; returns how many. */
static int list_fits(struct placement_window *w, int pcpu)
{
    uint32_t sets = 1u << w->n_items;
    int n = 0;

    for (uint32_t set = 0; set < sets; set++) {
        double cost = cost_on(w, pcpu, set);

        w->cost[set] = cost <= w->limit ? cost : INFINITY;
        if (cost <= w->limit)
            w->fits[n++] = (uint16_t)set;
    }
    return n;
}

static int count_fits(const struct placement_window *w, int pcpu)
{
    double off = w->base[pcpu] - w->mean;
    uint32_t barred = ~w->may[pcpu];
    int n = 0;

    for (uint32_t set = 0; set < 1u << w->n_items; set++)
        n += (squared(off + w->sums[set]) <= w->limit) & !(set & barred);
    return n;
}

/* The pCPUs that few sets fit come first: the fewer sets are reached early, the less there is to do. */
static void choose_sequence(struct placement_window *w)
{
    int fits[PLACEMENT_WINDOW_PCPUS];

    for (int q = 0; q < w->n_pcpus; q++) {
        int n = count_fits(w, q), at = q;

        while (at > 0 && fits[at - 1] > n) {
            fits[at] = fits[at - 1];
            w->sequence[at] = w->sequence[at - 1];
            at--;
        }
        fits[at] = n;
        w->sequence[at] = q;
    }
}

/* What is known about the pCPUs that are still to be filled. */
struct rest {
    int n_pcpus;
    double base;
    uint32_t may;   /* items that at least one of them may get */
    uint32_t costs; /* items that count as moved on each of them */
};

static struct rest rest_after(const struct placement_window *w, int step)
{
    struct rest r = {.costs = ~0u};

    for (int s = step + 1; s < w->n_pcpus; s++) {
        int q = w->sequence[s];

        r.n_pcpus++;
        r.base += w->base[q];
        r.may |= w->may[q];
        r.costs &= w->costs[q];
    }
    return r;
}

struct front {
    int side; /* of value, least, reached that is being written */
    int n;    /* sets reached there */
};

/* Extends every value of `set` by putting `add` on this pCPU. */
static void extend(struct placement_window *w, struct front *to, uint32_t set, uint32_t add, uint32_t moved,
                   const struct rest *rest)
{
    uint32_t both = set | add, left = ((1u << w->n_items) - 1) ^ both;
    int from_side = 1 - to->side, first = __builtin_popcount(add & moved);
    int last = w->stride - __builtin_popcount(left & rest->costs);
    double still = rest->n_pcpus ? squared(rest->base + w->sums[left] - rest->n_pcpus * w->mean) / rest->n_pcpus : 0;
    double cost = w->cost[add], room = w->limit - still - cost;
    const double *from = w->value[from_side] + (size_t)set * (size_t)w->stride;
    double *value = w->value[to->side] + (size_t)both * (size_t)w->stride;

    if ((left & ~rest->may) || w->least[from_side][set] > room || first >= last)
        return;
    if (isinf(w->least[to->side][both])) {
        for (int k = 0; k < w->stride; k++)
            value[k] = INFINITY;
        w->reached[to->side][to->n++] = (uint16_t)both;
    }
    for (int k = first; k < last; k++) {
        double sum = from[k - first] + cost;

        if (from[k - first] <= room && sum < value[k]) {
            value[k] = sum;
            if (w->chosen)
                w->chosen[(size_t)both * (size_t)w->stride + (size_t)k] = (uint16_t)add;
            if (!rest->n_pcpus)
                w->last[k] = add;
            if (sum < w->least[to->side][both])
                w->least[to->side][both] = sum;
        }
    }
    if (isinf(w->least[to->side][both]))
        to->n--; /* nothing was small enough after all */
}

static void clear_front(struct placement_window *w, int side)
{
    for (int set = 0; set < 1 << w->n_items; set++)
        w->least[side][set] = INFINITY;
}

/* Fills one pCPU in every way, from every set reached so far. False when out of work. */
static bool fill(struct placement_window *w, int step, struct front *front, long *work)
{
    int pcpu = w->sequence[step], n_fits = 0;
    uint32_t all = (1u << w->n_items) - 1, moved = w->costs[pcpu];
    struct rest rest = rest_after(w, step);
    struct front to = {.side = 1 - front->side};
    bool last = step == w->n_pcpus - 1;

    w->chosen = step > 0 && !last ? w->choice + (size_t)(step - 1) * (size_t)w->stride * ((size_t)all + 1) : NULL;
    clear_front(w, to.side);
    if (!last)
        n_fits = list_fits(w, pcpu);
    *work -= (long)all / 4;
    for (int r = 0; r < front->n; r++) {
        uint32_t set = w->reached[front->side][r], free_items = all ^ set;

        if (last) {
            w->cost[free_items] = cost_on(w, pcpu, free_items);
            if (w->cost[free_items] <= w->limit)
                extend(w, &to, set, free_items, moved, &rest);
            *work -= 1;
        } else if (1 << __builtin_popcount(free_items) < n_fits) {
            for (uint32_t add = free_items;; add = (add - 1) & free_items) {
                if (w->cost[add] <= w->limit)
                    extend(w, &to, set, add, moved, &rest);
                if (!add)
                    break;
            }
            *work -= 1 << __builtin_popcount(free_items);
        } else {
            for (int f = 0; f < n_fits; f++)
                if (!(w->fits[f] & set))
                    extend(w, &to, set, w->fits[f], moved, &rest);
            *work -= n_fits;
        }
        if (*work < 0)
            return false;
    }
    *front = to;
    return true;
}

static void sum_sets(struct placement_window *w)
{
    w->sums[0] = 0;
    for (uint32_t set = 1; set < 1u << w->n_items; set++)
        w->sums[set] = w->sums[set & (set - 1)] + w->demand[__builtin_ctz(set)];
}

/*
 * Two pCPUs: all sets that the second may get, each differing from the one before by one item (Gray code), so that its
 * demand and moves follow by one addition.
 */
static void search_two(struct placement_window *w)
{
    uint32_t all = (1u << w->n_items) - 1, must = all & ~w->may[0], set = 0;
    double total = 0, sum = 0;
    int moves = 0;

    for (int i = 0; i < w->n_items; i++) {
        total += w->demand[i];
        moves += (int)(w->costs[0] >> i & 1);
    }
    for (uint32_t step = 1;; step++) {
        double square = squared(w->base[0] + total - sum - w->mean) + squared(w->base[1] + sum - w->mean);
        int item;

        if (moves < w->max_moves && square <= w->limit && square < w->square[moves] && !(set & ~w->may[1]) &&
            !(must & ~set)) {
            w->square[moves] = square;
            w->last[moves] = set;
        }
        if (step > all)
            break;
        item = __builtin_ctz(step);
        set ^= 1u << item;
        if (set >> item & 1) {
            sum += w->demand[item];
            moves += (int)(w->costs[1] >> item & 1) - (int)(w->costs[0] >> item & 1);
        } else {
            sum -= w->demand[item];
            moves -= (int)(w->costs[1] >> item & 1) - (int)(w->costs[0] >> item & 1);
        }
    }
    w->sequence[0] = 0;
    w->sequence[1] = 1;
}

bool placement_window_search(struct placement_window *w, long *work)
{
    int sets = 1 << w->n_items, cells, choices;
    struct front front = {.side = 0, .n = 1};

    for (int k = 0; k <= PLACEMENT_WINDOW_ITEMS_ON_TWO; k++)
        w->square[k] = INFINITY;
    if (w->max_moves > w->n_items + 1)
        w->max_moves = w->n_items + 1;
    if (w->max_moves < 1 || w->n_pcpus < 1)
        return true;
    if (w->n_pcpus == 2) {
        search_two(w);
        *work -= (long)sets / 4;
        return true;
    }
    w->stride = w->max_moves;
    cells = sets * w->stride;
    choices = cells * (w->n_pcpus > 2 ? w->n_pcpus - 2 : 0);
    if (cells > PLACEMENT_WINDOW_CELLS || choices > PLACEMENT_WINDOW_CHOICES)
        return false;
    sum_sets(w);
    choose_sequence(w);
    *work -= (long)sets * w->n_pcpus / 2;
    clear_front(w, 0);
    w->reached[0][0] = 0;
    w->least[0][0] = 0;
    for (int k = 0; k < w->stride; k++)
        w->value[0][k] = k ? INFINITY : 0;
    for (int step = 0; step < w->n_pcpus; step++)
        if (!fill(w, step, &front, work))
            return false;
    for (int k = 0; k < w->stride && front.n; k++)
        w->square[k] = w->value[front.side][(size_t)(sets - 1) * (size_t)w->stride + (size_t)k];
    return true;
}

void placement_window_read(const struct placement_window *w, int moves, int *on)
{
    uint32_t set = (1u << w->n_items) - 1;
    size_t table = ((size_t)set + 1) * (size_t)w->stride;

    for (int step = w->n_pcpus - 1; step >= 0; step--) {
        uint32_t got = set;

        if (step == w->n_pcpus - 1 && step > 0)
            got = w->last[moves];
        else if (step > 0)
            got = w->choice[(size_t)(step - 1) * table + (size_t)set * (size_t)w->stride + (size_t)moves];
        for (int i = 0; i < w->n_items; i++)
            if (got >> i & 1)
                on[i] = w->sequence[step];
        moves -= __builtin_popcount(got & w->costs[w->sequence[step]]);
        set ^= got;
    }
}
