#include "cpu/placement/placement_descent.h"

#include <limits.h>
#include <string.h>

enum {
    WIDE_STEPS = 100, /* see struct width */
    ONE_BY_ONE = 64,  /* moves up to which each that is taken back is the best one then */
};

/* pCPUs from the top, and for each of them from the bottom, that are looked at for one step: of the first ones, and of
 * those that follow. */
static const struct width {
    int items; /* on boards of up to so many */
    int first, later;
} widths[] = {{256, 24, 8}, {1000, 12, 8}, {INT_MAX, 12, 6}};

static const double square_eps = 1e-7; /* what counts as lower */
static const double accept = 0.85;     /* after the first steps: part of the best score in reach that will do */

/* The best step between two pCPUs, from memory where neither has changed. */
static const struct placement_step *step_between(struct placement_board *b, const struct placement_descent *d, int from,
                                                 int to)
{
    uint32_t slot = ((uint32_t)from * 2654435761u ^ (uint32_t)to * 2246822519u) >> 16;
    struct placement_step *step = &d->memory[slot % PLACEMENT_DESCENT_MEMORY];

    if (step->from_version == b->version[from] && step->to_version == b->version[to])
        return step;
    placement_pair_best(b, &d->steps, from, to, step);
    step->from_version = b->version[from];
    step->to_version = b->version[to];
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

/* The search for one step. */
struct search {
    struct placement_board *b;
    const struct placement_descent *d;
    int width;     /* pCPUs looked at from the top, and for each of them from the bottom */
    double accept; /* part of the best score in reach that will do; above 1: none will */
    double enough; /* that score; < 0: not known yet */
    struct lows lows[PLACEMENT_BOARD_LOWS];
    struct placement_step *best;
};

static bool is_enough(const struct search *s)
{
    return s->enough >= 0 && s->best->score >= s->enough;
}

/* Looks for steps from one pCPU to those with least load. Returns false when there are none, good or bad. */
static bool consider_from(struct search *s, int from)
{
    struct placement_board *b = s->b;
    const struct placement_steps *steps = &s->d->steps;
    struct lows *lows = lows_of(b, s->lows, from);
    bool found = false;

    for (int k = 0, to, left = s->width; left > 0 && (to = low_at(b, lows, k, b->rank[from])) >= 0; k++) {
        double gap = b->load[from] - b->load[to], limit = placement_pair_gain_limit(gap, b->demand[b->head[from]]);
        const struct placement_step *step;

        if (!placement_board_reaches(b, from, to))
            continue;
        if (limit <= square_eps)
            break; /* nor can those that follow */
        if (limit * placement_pair_weight(steps, b->n_loose) <= s->best->score)
            return true;
        limit = placement_pair_limit(b, from, to);
        if (limit <= square_eps) {
            left--;
            continue;
        }
        if (limit * placement_pair_weight(steps, b->loose[from] + b->loose[to]) <= s->best->score)
            continue;
        if (s->enough < 0 && s->accept <= 1)
            s->enough = limit * s->accept;
        step = step_between(b, s->d, from, to);
        left -= step->any;
        if (!step->any && !steps->free)
            placement_board_find_reach(b, from); /* it shrinks: what is in lows is looked at again above */
        found |= step->score > 0;
        if (step->score > s->best->score)
            *s->best = *step;
        if (is_enough(s))
            return true;
    }
    return found;
}

static bool find_step(struct placement_board *b, const struct placement_descent *d, int steps,
                      struct placement_step *best)
{
    struct search s = {.b = b, .d = d, .enough = -1, .best = best};
    const struct width *width = widths;
    int looked_at = 0;

    while (b->n_items > width->items)
        width++;
    s.width = steps < WIDE_STEPS ? width->first : width->later;
    s.accept = steps < WIDE_STEPS ? 2 : accept;
    for (int k = 0; k < PLACEMENT_BOARD_LOWS; k++)
        s.lows[k] = (struct lows){.of = -1, .to = b->lows + k * b->n_pcpus};
    *best = (struct placement_step){.item = -1};
    for (int high = 0; high < b->n_pcpus && !is_enough(&s); high++) {
        int from = b->order[high];
        double gap = b->load[from] - b->load[b->order[b->n_pcpus - 1]];

        if (best->score > 0 &&
            (looked_at >= s.width || gap * gap / 2 * placement_pair_weight(&d->steps, b->n_loose) <= best->score))
            break;
        if (b->stuck[from] || !(d->steps.free ? b->loose[from] : b->count[from]))
            continue;
        looked_at++;
        if (!consider_from(&s, from))
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
        if (find_step(b, d, steps, &step)) {
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
