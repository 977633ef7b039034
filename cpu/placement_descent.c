#include "cpu/placement_descent.h"

#include <math.h>

enum {
    FREE_WEIGHT = 8,    /* a step that costs no move counts as so many times as steep */
    ITEMS_PAST_BEST = 8 /* items looked at below the demand that fits a pair of pCPUs best */
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

/* The best score that any step between two pCPUs whose loads differ by gap can have. */
static double score_limit(const struct placement_descent *d, double gap)
{
    return gap * gap / 2 * (d->greedy ? 1 : FREE_WEIGHT);
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

static void consider_pair(const struct placement_board *b, const struct placement_descent *d, int from, int to,
                          struct step *best)
{
    double gap = b->load[from] - b->load[to];
    int near = b->head[to], past = 0;

    for (int item = b->head[from]; item >= 0 && past < ITEMS_PAST_BEST; item = b->next[item]) {
        if (!placement_board_may(b, item, to))
            continue;
        if (b->demand[item] < gap)
            consider(b, d, item, -1, to, best);
        if (near >= 0)
            consider_partners(b, d, item, to, b->demand[item] - gap / 2, &near, best);
        if (b->demand[item] <= gap / 2)
            past++;
    }
}

static bool find_step(const struct placement_board *b, const struct placement_descent *d, struct step *best)
{
    int pairs = d->pairs;

    *best = (struct step){.item = -1};
    for (int high = 0; high < b->n_pcpus; high++) {
        int from = b->order[high];

        if (score_limit(d, b->load[from] - b->load[b->order[b->n_pcpus - 1]]) <= best->score)
            break;
        if (!b->count[from])
            continue;
        for (int low = b->n_pcpus - 1; low > high; low--) {
            int to = b->order[low];
            double limit = score_limit(d, b->load[from] - b->load[to]);

            if (limit <= best->score || limit <= square_eps)
                break;
            consider_pair(b, d, from, to, best);
            if (--pairs <= 0)
                return best->item >= 0;
        }
    }
    return best->item >= 0;
}

int placement_descend(struct placement_board *b, const struct placement_descent *d)
{
    int steps = 0, most = 20 * b->n_items + 100;
    struct step step;

    while (b->square > d->target && steps < most && find_step(b, d, &step)) {
        placement_board_move(b, step.item, step.to);
        if (step.partner >= 0)
            placement_board_move(b, step.partner, step.from);
        steps++;
    }
    return steps;
}

void placement_take_back(struct placement_board *b, double limit)
{
    for (;;) {
        double least = limit;
        int item = -1;

        for (int i = b->n_items - 1; i >= 0; i--) {
            double square;

            if (!placement_board_price(b, i, b->at[i]))
                continue;
            square = b->square - placement_board_gain(b, b->demand[i], b->at[i], b->origin[i]);
            if (square <= least) {
                least = square;
                item = i;
            }
        }
        if (item < 0)
            return;
        placement_board_move(b, item, b->origin[item]);
    }
}
