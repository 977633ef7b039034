/*
 * The exact search of a window: a few vCPUs on a few pCPUs while all else stands still, or, on a small host, all there
 * is. It fills pCPU after pCPU and keeps, for each set of vCPUs placed so far and each number of moves, the least ssd:
 *
 *      pCPU 0 gets          pCPU 1 gets some of the others     ...   the last gets what is left
 *      {}      ssd 900      {a}      ssd 900 + 400
 *      {a}     ssd 100  --> {a b}    ssd 100 + 64, 1 move, or 400 + 9, no move
 *      {b}     ssd 400      {a b c}  ...
 *
 * A set is dropped when what is left can't be placed within the limit even if it could be divided; that leaves few.
 */
#include "cpu/placement/placement_inside.h"

#include <math.h>

static void describe(struct placement_window *w, const struct placement_board *b)
{
    w->mean = b->mean;
    for (int q = 0; q < w->n_pcpus; q++) {
        int p = w->pcpus[q];

        w->capacity[q] = b->weight[p];
        w->per_demand[q] = b->per_demand[p];
        w->base[q] = b->load[p] * b->weight[p];
        w->may[q] = w->costs[q] = 0;
        for (int i = 0; i < w->n_vcpus; i++) {
            if (b->at[w->vcpus[i]] == p)
                w->base[q] -= b->demand[w->vcpus[i]];
            if (placement_board_may(b, w->vcpus[i], p))
                w->may[q] |= 1u << i;
            if (placement_board_cost(b, w->vcpus[i], p))
                w->costs[q] |= 1u << i;
        }
    }
    w->sums[0] = 0;
    for (uint32_t set = 1; set < 1u << w->n_vcpus; set++)
        w->sums[set] = w->sums[set & (set - 1)] + b->demand[w->vcpus[__builtin_ctz(set)]];
}

/* The part of ssd that is a pCPU's, or several pCPUs' of that capacity all level, when they carry the demand. */
static double deviation(const struct placement_window *w, double demand, double capacity, double per_demand)
{
    double off = demand - capacity * w->mean;

    return off * off * per_demand;
}

static double deviation_on(const struct placement_window *w, int q, uint32_t set)
{
    return set & ~w->may[q] ? INFINITY : deviation(w, w->base[q] + w->sums[set], w->capacity[q], w->per_demand[q]);
}

/* Works out the deviation of every set on that pCPU and lists those that fit; returns how many. */
static int list_fits(struct placement_window *w, int q)
{
    int n = 0;

    for (uint32_t set = 0; set < 1u << w->n_vcpus; set++) {
        w->deviation[set] = deviation_on(w, q, set);
        if (w->deviation[set] <= w->limit)
            w->fits[n++] = (uint16_t)set;
    }
    return n;
}

/* What is known about the pCPUs that are still to be filled. */
struct unfilled {
    int n_pcpus;
    double base, capacity;
    uint32_t may;   /* vCPUs that at least one of them may get */
    uint32_t costs; /* vCPUs that count as moved on each of them */
};

static struct unfilled unfilled_after(const struct placement_window *w, int q)
{
    struct unfilled u = {.costs = ~0u};

    while (++q < w->n_pcpus) {
        u.n_pcpus++;
        u.base += w->base[q];
        u.capacity += w->capacity[q];
        u.may |= w->may[q];
        u.costs &= w->costs[q];
    }
    return u;
}

/* The sets that have values on one side of value, least and reached. */
struct front {
    int side, n;
};

/* Extends every value of `set` by putting `add` on this pCPU. */
static void extend(struct placement_window *w, struct front *to, uint32_t set, uint32_t add, uint32_t moved,
                   const struct unfilled *u)
{
    uint32_t both = set | add, left = ((1u << w->n_vcpus) - 1) ^ both;
    int from_side = 1 - to->side, first = __builtin_popcount(add & moved);
    int last = w->stride - __builtin_popcount(left & u->costs);
    double still = u->n_pcpus ? deviation(w, u->base + w->sums[left], u->capacity, 1 / u->capacity) : 0;
    double cost = w->deviation[add], most = w->limit - still - cost;
    const double *from = w->value[from_side] + (size_t)set * (size_t)w->stride;
    double *value = w->value[to->side] + (size_t)both * (size_t)w->stride;

    if ((left & ~u->may) || w->least[from_side][set] > most || first >= last)
        return;
    if (isinf(w->least[to->side][both])) {
        for (int k = 0; k < w->stride; k++)
            value[k] = INFINITY;
        w->reached[to->side][to->n++] = (uint16_t)both;
    }
    for (int k = first; k < last; k++) {
        double sum = from[k - first] + cost;

        if (from[k - first] <= most && sum < value[k]) {
            value[k] = sum;
            if (w->chosen)
                w->chosen[(size_t)both * (size_t)w->stride + (size_t)k] = (uint16_t)add;
            if (!u->n_pcpus)
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
    for (int set = 0; set < 1 << w->n_vcpus; set++)
        w->least[side][set] = INFINITY;
}

/* Fills one pCPU in every way, from every set reached so far. False when out of work. */
static bool fill(struct placement_window *w, int q, struct front *front, long *work)
{
    uint32_t all = (1u << w->n_vcpus) - 1;
    struct unfilled u = unfilled_after(w, q);
    struct front to = {.side = 1 - front->side};
    bool last = q == w->n_pcpus - 1;
    int n_fits;

    w->chosen = q > 0 && !last ? w->choice + (size_t)(q - 1) * (size_t)w->stride * ((size_t)all + 1) : NULL;
    clear_front(w, to.side);
    n_fits = last ? 0 : list_fits(w, q);
    *work -= (long)all / 4;
    for (int r = 0; r < front->n; r++) {
        uint32_t set = w->reached[front->side][r], unplaced = all ^ set;

        if (last) {
            w->deviation[unplaced] = deviation_on(w, q, unplaced);
            if (w->deviation[unplaced] <= w->limit)
                extend(w, &to, set, unplaced, w->costs[q], &u);
            *work -= 1;
        } else if (n_fits < 1 << __builtin_popcount(unplaced)) {
            for (int f = 0; f < n_fits; f++)
                if (!(w->fits[f] & set))
                    extend(w, &to, set, w->fits[f], w->costs[q], &u);
            *work -= n_fits;
        } else { /* all parts of what is unplaced */
            for (uint32_t add = unplaced;; add = (add - 1) & unplaced) {
                if (w->deviation[add] <= w->limit)
                    extend(w, &to, set, add, w->costs[q], &u);
                if (!add)
                    break;
            }
            *work -= 1 << __builtin_popcount(unplaced);
        }
        if (*work < 0)
            return false;
    }
    *front = to;
    return true;
}

bool placement_window_solve(struct placement_window *w, const struct placement_board *b, long *work)
{
    int sets = 1 << w->n_vcpus, cells;
    struct front front = {.side = 0, .n = 1};

    for (int k = 0; k <= PLACEMENT_WINDOW_VCPUS; k++)
        w->ssd[k] = INFINITY;
    if (w->n_vcpus > PLACEMENT_WINDOW_VCPUS || w->n_pcpus > PLACEMENT_WINDOW_PCPUS)
        return false;
    if (w->max_moves > w->n_vcpus + 1)
        w->max_moves = w->n_vcpus + 1;
    if (w->max_moves < 1 || w->n_pcpus < 1)
        return true;
    w->stride = w->max_moves;
    cells = sets * w->stride;
    if (cells > PLACEMENT_WINDOW_CELLS || (w->n_pcpus > 2 && cells * (w->n_pcpus - 2) > PLACEMENT_WINDOW_CHOICES))
        return false;
    describe(w, b);
    *work -= (long)sets * w->n_pcpus / 2;
    clear_front(w, 0);
    w->reached[0][0] = 0;
    w->least[0][0] = 0;
    for (int k = 0; k < w->stride; k++)
        w->value[0][k] = k ? INFINITY : 0;
    for (int q = 0; q < w->n_pcpus; q++)
        if (!fill(w, q, &front, work))
            return false;
    for (int k = 0; k < w->stride && front.n; k++)
        w->ssd[k] = w->value[front.side][(size_t)(sets - 1) * (size_t)w->stride + (size_t)k];
    return true;
}

void placement_window_apply(const struct placement_window *w, struct placement_board *b, int moves)
{
    uint32_t set = (1u << w->n_vcpus) - 1; /* not yet taken off the last pCPUs */
    size_t table = ((size_t)set + 1) * (size_t)w->stride;

    for (int q = w->n_pcpus - 1; q >= 0; q--) {
        uint32_t got = set;

        if (q == w->n_pcpus - 1 && q > 0)
            got = w->last[moves];
        else if (q > 0)
            got = w->choice[(size_t)(q - 1) * table + (size_t)set * (size_t)w->stride + (size_t)moves];
        for (int i = 0; i < w->n_vcpus; i++)
            if (got >> i & 1)
                placement_board_shift(b, w->vcpus[i], w->pcpus[q]);
        moves -= __builtin_popcount(got & w->costs[q]);
        set ^= got;
    }
    placement_board_reorder(b, w->pcpus, w->n_pcpus);
}
