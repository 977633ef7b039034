#include "cpu/placement_descent.h"

#include <math.h>
#include <string.h>

enum {
    FREE_WEIGHT = 8,  /* a step that costs no move counts as so many times as steep */
    WIDE = 24,        /* pCPUs from the top, and for each of them from the bottom, looked at for one step; */
    WIDE_STEPS = 100, /* so many times, and then */
    NARROW = 8,
    PARTNERS = 1,        /* see struct pair */
    PARTNERS_LOOSE = 3,  /* the same where some cost nothing */
    ONE_BY_ONE = 64,     /* moves up to which each that is taken back is the best one then */
    ITEMS_PAST_BEST = 8, /* items looked at below the demand that fits a pair of pCPUs best */
};

static const double square_eps = 1e-7; /* what counts as lower */

static double score_of(const struct placement_descent *d, double gain, int price)
{
    if (d->greedy)
        return gain;
    return price > 0 ? gain / price : gain * FREE_WEIGHT;
}

/* How much a fall of square can count at most; loose: items that may cost nothing. */
static double limit_weight(const struct placement_descent *d, int loose)
{
    return d->greedy || !loose ? 1 : FREE_WEIGHT;
}

/* The best score that any step between two pCPUs whose loads differ by gap can have. */
static double score_limit(const struct placement_descent *d, double gap, int loose)
{
    return gap * gap / 2 * limit_weight(d, loose);
}

static int price_change(const struct placement_board *b, int item, int to)
{
    return placement_board_price(b, item, to) - placement_board_price(b, item, b->at[item]);
}

/* Two pCPUs between which steps are looked for. */
struct pair {
    struct placement_board *b;
    const struct placement_descent *d;
    int from, to;
    double gap;    /* of their loads */
    double weight; /* most that the gain of a step counts, by what it costs */
    int enough;    /* partners looked at to either side of the demand that fits best */
    struct placement_step *best;
};

/* A step by which `demand` more leaves `from` than comes back. */
static void consider(const struct pair *p, int item, int partner, double demand)
{
    double gain = 2 * demand * (p->gap - demand), score;
    int price;

    if (gain <= square_eps || gain * p->weight <= p->best->score)
        return;
    price = price_change(p->b, item, p->to);
    if (partner >= 0)
        price += price_change(p->b, partner, p->from);
    if (p->d->free && price > 0)
        return;
    score = score_of(p->d, gain, price);
    if (score > p->best->score) {
        p->best->score = score;
        p->best->item = item;
        p->best->partner = partner;
    }
}

/* Exchanges of item with those on `to` whose demand is nearest to what fits best, from *near on, which moves down the
 * list. */
static void consider_partners(const struct pair *p, int item, int *near)
{
    const struct placement_board *b = p->b;
    double demand = b->demand[item], wanted = demand - p->gap / 2;
    int at = *near;

    while (b->demand[at] > wanted && b->next[at] >= 0)
        at = b->next[at];
    *near = at;
    for (int left = p->enough; at >= 0 && left > 0; at = b->next[at], left--)
        if (b->demand[at] < demand && placement_board_may(b, at, p->from))
            consider(p, item, at, demand - b->demand[at]);
    at = b->prev[*near];
    for (int left = p->enough; at >= 0 && left > 0 && b->demand[at] < demand; at = b->prev[at], left--)
        if (placement_board_may(b, at, p->from))
            consider(p, item, at, demand - b->demand[at]);
}

/* The most that a step can gain by which no more than `demand` leaves `from`. */
static double gain_limit(const struct pair *p, double demand)
{
    return demand < p->gap / 2 ? 2 * demand * (p->gap - demand) : p->gap * p->gap / 2;
}

static void consider_pair(const struct pair *p)
{
    struct placement_board *b = p->b;
    int near = b->head[p->to], past = 0, next;

    for (int item = b->head[p->from]; item >= 0 && past < ITEMS_PAST_BEST; item = next) {
        bool may = placement_board_may(b, item, p->to);

        next = may ? b->next[item] : placement_board_past_alike(b, item);
        if (!may || (p->d->free && b->origin[item] == p->from))
            continue;
        p->best->any = true;
        if (gain_limit(p, b->demand[item]) * p->weight <= p->best->score)
            break; /* nor can those below */
        if (b->demand[item] < p->gap)
            consider(p, item, -1, b->demand[item]);
        if (near >= 0)
            consider_partners(p, item, &near);
        if (b->demand[item] <= p->gap / 2)
            past++;
    }
}

/* The best step between two pCPUs, from memory where neither has changed. */
static const struct placement_step *step_between(struct placement_board *b, const struct placement_descent *d, int from,
                                                 int to)
{
    uint32_t slot = ((uint32_t)from * 2654435761u ^ (uint32_t)to * 2246822519u) >> 16;
    struct placement_step *step = &d->memory[slot % PLACEMENT_DESCENT_MEMORY];
    int loose = b->loose[from] + b->loose[to];

    if (step->from_version == b->version[from] && step->to_version == b->version[to])
        return step;
    *step = (struct placement_step){.from_version = b->version[from], .to_version = b->version[to], .to = to};
    consider_pair(&(struct pair){
        .b = b,
        .d = d,
        .from = from,
        .to = to,
        .gap = b->load[from] - b->load[to],
        .weight = limit_weight(d, loose),
        .enough = loose ? PARTNERS_LOOSE : PARTNERS,
        .best = step,
    });
    return step;
}

/* pCPUs that one, and all that reach the same, can reach, from the least load up, as far as was asked. Good as
 * long as nothing moves. */
struct lows {
    int of; /* that pCPU; -1 none */
    int n, next_rank;
    int *to;
};

static struct lows *lows_of(struct placement_board *b, struct lows lows[PLACEMENT_BOARD_LOWS], int from)
{
    struct lows *own = &lows[0];

    for (int k = 0; k < PLACEMENT_BOARD_LOWS; k++) {
        if (lows[k].of >= 0 && !memcmp(placement_board_reach_of(b, lows[k].of), placement_board_reach_of(b, from),
                                       (size_t)b->words * sizeof(*b->reach)))
            return &lows[k];
        if (lows[k].of < 0)
            own = &lows[k];
    }
    own->of = from;
    own->n = 0;
    own->next_rank = b->n_pcpus - 1;
    return own;
}

/* The k-th of them, -1 when there are no more below that rank. */
static int low_at(const struct placement_board *b, struct lows *lows, int k, int rank)
{
    for (; lows->n <= k && lows->next_rank > rank; lows->next_rank--)
        if (placement_board_reaches(b, lows->of, b->order[lows->next_rank]))
            lows->to[lows->n++] = b->order[lows->next_rank];
    return k < lows->n && b->rank[lows->to[k]] > rank ? lows->to[k] : -1;
}

/* Looks for steps from one pCPU to those with least load. Returns false when there are none, good or bad. */
static bool consider_from(struct placement_board *b, const struct placement_descent *d, int width, int from,
                          struct lows kept[PLACEMENT_BOARD_LOWS], struct placement_step *best)
{
    struct lows *lows = lows_of(b, kept, from);
    bool found = false;

    for (int k = 0, to; width > 0 && (to = low_at(b, lows, k, b->rank[from])) >= 0; k++) {
        const struct placement_step *step;
        double limit;

        if (!placement_board_reaches(b, from, to))
            continue;
        limit = score_limit(d, b->load[from] - b->load[to], b->loose[from] + b->loose[to]);
        if (limit <= square_eps)
            break;
        if (limit <= best->score) {
            if (b->n_loose && score_limit(d, b->load[from] - b->load[to], b->n_loose) > best->score)
                continue;
            return true;
        }
        step = step_between(b, d, from, to);
        width -= step->any;
        if (!step->any && !d->free)
            placement_board_find_reach(b, from); /* it shrinks: what is in lows is looked at again above */
        found |= step->score > 0;
        if (step->score > best->score)
            *best = *step;
    }
    return found;
}

static bool find_step(struct placement_board *b, const struct placement_descent *d, int width,
                      struct placement_step *best)
{
    struct lows lows[PLACEMENT_BOARD_LOWS];
    int looked_at = 0;

    for (int k = 0; k < PLACEMENT_BOARD_LOWS; k++)
        lows[k] = (struct lows){.of = -1, .to = b->lows + k * b->n_pcpus};
    *best = (struct placement_step){.item = -1};
    for (int high = 0; high < b->n_pcpus; high++) {
        int from = b->order[high];
        double gap = b->load[from] - b->load[b->order[b->n_pcpus - 1]];

        if (best->score > 0 && (looked_at >= width || score_limit(d, gap, b->n_loose) <= best->score))
            break;
        if (b->stuck[from] || !(d->free ? b->loose[from] : b->count[from]))
            continue;
        looked_at++;
        if (!consider_from(b, d, width, from, lows, best))
            b->stuck[from] = true;
    }
    return best->score > 0;
}

static void try_all_again(struct placement_board *b)
{
    memset(b->stuck, 0, (size_t)b->n_pcpus * sizeof(*b->stuck));
}

static void carry_out(struct placement_board *b, const struct placement_step *step)
{
    int from = b->at[step->item], to = step->to;

    if (step->partner >= 0)
        placement_board_exchange(b, step->item, step->partner);
    else
        placement_board_move(b, step->item, to);
    b->stuck[from] = b->stuck[to] = false;
}

int placement_descend(struct placement_board *b, const struct placement_descent *d)
{
    int steps = 0, sweep = 0, before = 0;
    struct placement_step step;

    try_all_again(b);
    placement_board_renew_alike(b);
    for (int p = 0; p < b->n_pcpus; p++) { /* what is remembered may be from a descent of another kind */
        placement_board_renew(b, p);
        placement_board_find_reach(b, p);
    }
    while (b->square > d->target) {
        if (find_step(b, d, steps < WIDE_STEPS ? WIDE : NARROW, &step)) {
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
