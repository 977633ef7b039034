#include "cpu/placement_descent.h"

#include <math.h>
#include <string.h>

enum {
    FREE_WEIGHT = 8,     /* a step that costs no move counts as so many times as steep */
    ONE_BY_ONE = 64,     /* moves up to which each that is taken back is the best one then */
    ITEMS_PAST_BEST = 8, /* items looked at below the demand that fits a pair of pCPUs best */
};

static const double square_eps = 1e-7; /* what counts as lower */

struct step {
    int item, from, to;
    int partner; /* item that goes the other way, -1 none */
    double gain; /* fall of square */
    double score;
};

static double score_of(const struct placement_descent *d, double gain, int price)
{
    if (d->greedy)
        return gain;
    return price > 0 ? gain / price : gain * FREE_WEIGHT;
}

/* The best score that any step between two pCPUs whose loads differ by gap can have; loose: items that cost nothing. */
static double score_limit(const struct placement_descent *d, double gap, int loose)
{
    return gap * gap / 2 * (d->greedy || !loose ? 1 : FREE_WEIGHT);
}

static int price_change(const struct placement_board *b, int item, int to)
{
    return placement_board_price(b, item, to) - placement_board_price(b, item, b->at[item]);
}

static void consider(const struct placement_board *b, const struct placement_descent *d, int item, int partner, int to,
                     struct step *best)
{
    int from = b->at[item], price = price_change(b, item, to);
    double demand = b->demand[item];
    double gain, score;

    if (partner >= 0) {
        price += price_change(b, partner, from);
        demand -= b->demand[partner];
    }
    gain = placement_board_gain(b, demand, from, to);
    if (gain <= square_eps || (d->free && price > 0))
        return;
    score = score_of(d, gain, price);
    if (score > best->score)
        *best = (struct step){item, from, to, partner, gain, score};
}

/* Exchanges of item with those on `to` whose demand is nearest to `wanted`, from *near on, which moves down the list.
 */
static void consider_partners(const struct placement_board *b, const struct placement_descent *d, int item, int to,
                              double wanted, int *near, struct step *best)
{
    int at = *near, from = b->at[item];

    while (at >= 0 && b->demand[at] > wanted && b->next[at] >= 0)
        at = b->next[at];
    *near = at;
    for (int tries = 0; at >= 0 && tries < 3; at = b->next[at], tries++)
        if (b->demand[at] < b->demand[item] && placement_board_may(b, at, from))
            consider(b, d, item, at, to, best);
    at = *near >= 0 ? b->prev[*near] : -1;
    for (int tries = 0; at >= 0 && tries < 2; at = b->prev[at], tries++)
        if (b->demand[at] < b->demand[item] && placement_board_may(b, at, from))
            consider(b, d, item, at, to, best);
}

/* Returns whether any item could go at all. */
static bool consider_pair(const struct placement_board *b, const struct placement_descent *d, int from, int to,
                          struct step *best)
{
    double gap = b->load[from] - b->load[to];
    int near = b->head[to], past = 0;
    bool any = false;

    for (int item = b->head[from]; item >= 0 && past < ITEMS_PAST_BEST; item = b->next[item]) {
        if (!placement_board_may(b, item, to))
            continue;
        any = true;
        if (b->demand[item] < gap)
            consider(b, d, item, -1, to, best);
        if (near >= 0)
            consider_partners(b, d, item, to, b->demand[item] - gap / 2, &near, best);
        if (b->demand[item] <= gap / 2)
            past++;
    }
    return any;
}

/* Looks for steps from one pCPU to those with least load. Returns false when there are none, good or bad. */
static bool consider_from(const struct placement_board *b, const struct placement_descent *d, int from,
                          struct step *best)
{
    struct step found = {.item = -1};
    int looked_at = 0;

    for (int low = b->n_pcpus - 1; low > b->rank[from] && looked_at < d->width; low--) {
        int to = b->order[low];
        double limit = score_limit(d, b->load[from] - b->load[to], b->loose[from] + b->loose[to]);

        if (limit <= square_eps)
            break;
        if (limit <= best->score) {
            if (b->n_loose)
                continue;
            return true;
        }
        looked_at += consider_pair(b, d, from, to, &found);
        if (found.score > best->score)
            *best = found;
    }
    return found.item >= 0;
}

static bool find_step(struct placement_board *b, const struct placement_descent *d, struct step *best)
{
    int looked_at = 0;

    *best = (struct step){.item = -1};
    for (int high = 0; high < b->n_pcpus; high++) {
        int from = b->order[high];
        double gap = b->load[from] - b->load[b->order[b->n_pcpus - 1]];

        if (best->item >= 0 && (looked_at >= d->width || score_limit(d, gap, b->n_loose) <= best->score))
            break;
        if (b->stuck[from] || !(d->free ? b->loose[from] : b->count[from]))
            continue;
        looked_at++;
        if (!consider_from(b, d, from, best))
            b->stuck[from] = true;
    }
    return best->item >= 0;
}

static void try_all_again(struct placement_board *b)
{
    memset(b->stuck, 0, (size_t)b->n_pcpus * sizeof(*b->stuck));
}

static void carry_out(struct placement_board *b, const struct step *step)
{
    if (step->partner >= 0)
        placement_board_exchange(b, step->item, step->partner);
    else
        placement_board_move(b, step->item, step->to);
    b->stuck[step->from] = b->stuck[step->to] = false;
}

int placement_descend(struct placement_board *b, const struct placement_descent *d)
{
    int steps = 0, sweep = 0, before = 0;
    struct step step;

    try_all_again(b);
    while (b->square > d->target) {
        if (find_step(b, d, &step)) {
            carry_out(b, &step);
            steps++;
        } else if (steps > before && ++sweep < d->sweeps) {
            try_all_again(b);
            before = steps;
        } else {
            break;
        }
    }
    return steps;
}

/* What square becomes when the item goes back. */
static double square_without(const struct placement_board *b, int item)
{
    return b->square - placement_board_gain(b, b->demand[item], b->at[item], b->origin[item]);
}

static bool is_moved(const struct placement_board *b, int item)
{
    return placement_board_price(b, item, b->at[item]);
}

void placement_take_back(struct placement_board *b, double limit)
{
    int taken;

    do {
        int n = 0;

        taken = 0;
        for (int i = b->n_items - 1; i >= 0; i--)
            if (is_moved(b, i) && square_without(b, i) <= limit)
                b->keys[n++] = (struct placement_key){-square_without(b, i), i};
        placement_sort(b->keys, b->spare, n);
        for (int k = 0; k < n; k++)
            if (square_without(b, b->keys[k].id) <= limit) {
                placement_board_move(b, b->keys[k].id, b->origin[b->keys[k].id]);
                taken++;
                if (n <= ONE_BY_ONE)
                    break; /* what the others would do has changed */
            }
    } while (taken);
}
