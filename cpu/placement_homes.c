#include "cpu/placement_homes.h"

#include <math.h>
#include <string.h>

#include "cpu/placement_bound.h"
#include "cpu/placement_descent.h"

enum {
    ENDS = 16,    /* pCPUs with most, and with least, load that leavers are looked for on */
    LEAVERS = 64, /* most that leave in one plan */
    SWEEPS = 2,   /* see struct placement_descent */
};

static double sd_now(const struct placement_scratch *s)
{
    return placement_board_sd(&s->board, s->board.square);
}

static const struct placement_vcpu *vcpu_at(const struct placement_scratch *s, int item)
{
    return &s->problem.vcpus[s->vcpu_of[item]];
}

/* True when the item has a home to leave. */
static bool has_home(const struct placement_scratch *s, int item)
{
    return s->wide[item] != s->narrow[item];
}

static bool has_left(const struct placement_scratch *s, int item)
{
    int p = s->board.at[item];

    return has_home(s, item) && p != s->board.origin[item] && !placement_rows_have(&s->rows, s->narrow[item], p);
}

/* What those who left, in the placement on the board, must gain altogether. */
static double price_of_leaving(const struct placement_scratch *s)
{
    double price = 0;

    for (int i = 0; i < s->board.n_items; i++)
        if (has_left(s, i))
            price += vcpu_at(s, i)->leave_gain;
    return price;
}

struct leaver {
    int item, to, partner;
    double square;
};

/* Lets the item go to that pCPU, alone or for one that comes back, if that beats best and gains what it must. */
static void consider(const struct placement_scratch *s, int item, int to, struct leaver *best)
{
    const struct placement_board *b = &s->board;
    double sd = sd_now(s) - vcpu_at(s, item)->leave_gain, limit = sd > 0 ? placement_board_square(b, sd) : -1;
    double square = b->square - placement_board_gain(b, b->demand[item], b->at[item], to);

    if (square <= limit && square < best->square)
        *best = (struct leaver){item, to, -1, square};
    for (int other = b->head[to]; other >= 0; other = b->next[other]) {
        if (b->demand[other] >= b->demand[item] || !placement_board_may(b, other, b->at[item]))
            continue;
        square = b->square - placement_board_gain(b, b->demand[item] - b->demand[other], b->at[item], to);
        if (square <= limit && square < best->square)
            *best = (struct leaver){item, to, other, square};
    }
}

static struct leaver find_leaver(const struct placement_scratch *s)
{
    const struct placement_board *b = &s->board;
    struct leaver best = {.item = -1, .square = b->square};

    for (int high = 0; high < b->n_pcpus && high < ENDS; high++)
        for (int i = b->head[b->order[high]]; i >= 0; i = b->next[i]) {
            if (!has_home(s, i) || b->row[i] == s->wide[i])
                continue;
            for (int low = b->n_pcpus - 1; low > high && low >= b->n_pcpus - ENDS; low--)
                if (placement_rows_have(&s->rows, s->wide[i], b->order[low]) &&
                    !placement_board_may(b, i, b->order[low]))
                    consider(s, i, b->order[low], &best);
        }
    return best;
}

/* Frees items, the one whose leaving helps most first, and leaves free those that make for the best trade of sd against
 * what leaving must gain. Returns the sd that was seen with them, or -1 when nobody should leave. */
static double free_leavers(struct placement_scratch *s, double home_sd, double floor_square)
{
    struct placement_board *b = &s->board;
    struct placement_descent d = {.target = floor_square, .greedy = true, .memory = s->search.memory, .sweeps = SWEEPS};
    double best_sum = home_sd - 1e-6, best_sd = -1;
    int leavers[LEAVERS], n = 0, n_best = 0;

    while (n < LEAVERS) {
        struct leaver l = find_leaver(s);

        if (l.item < 0)
            break;
        leavers[n++] = l.item;
        b->row[l.item] = s->wide[l.item];
        if (l.partner >= 0)
            placement_board_move(b, l.partner, b->at[l.item]);
        placement_board_move(b, l.item, l.to);
        placement_descend(b, &d);
        if (sd_now(s) + price_of_leaving(s) < best_sum) {
            best_sd = sd_now(s);
            best_sum = best_sd + price_of_leaving(s);
            n_best = n;
        }
    }
    for (int k = n_best; k < n; k++)
        b->row[leavers[k]] = s->narrow[leavers[k]];
    return best_sd;
}

static double least_price(const struct placement_scratch *s)
{
    double least = INFINITY;

    for (int i = 0; i < s->board.n_items; i++)
        if (has_home(s, i))
            least = fmin(least, vcpu_at(s, i)->leave_gain);
    return least;
}

void placement_homes_leave(struct placement_scratch *s, const struct placement_goal *goal,
                           struct placement_found *found)
{
    struct placement_board *b = &s->board;
    struct placement_goal with = *goal;
    struct placement_found second;
    size_t bytes = (size_t)b->n_items * sizeof(*s->kept);
    /* What everybody at home could reach, as far as is known: the plan may have stopped short of that. */
    double home_sd = fmax(goal->bound, sd_now(s) - goal->near);
    double bound = placement_bound_sd(b, s->wide, &s->room), seen, price = 0;

    if ((!goal->force && sd_now(s) <= goal->aim) || home_sd - bound < least_price(s))
        return;
    memcpy(s->kept, b->at, bytes);
    seen = free_leavers(s, home_sd, placement_board_square(b, bound + PLACEMENT_NEAR_BEST_FORCED_SD));
    if (seen < 0) {
        placement_board_put(b, s->kept);
        return;
    }
    price = price_of_leaving(s);
    with.bound = placement_bound_sd(b, b->row, &s->room);
    with.aim = fmax(seen, fmin(goal->aim, home_sd - price));
    with.near = fmax(0, fmin(goal->near, home_sd - price - seen));
    placement_search(&s->search, &with, &second);
    if (sd_now(s) <= home_sd - price_of_leaving(s) && price_of_leaving(s) > 0) {
        *found = second;
        return;
    }
    memcpy(b->row, s->narrow, bytes);
    placement_board_put(b, s->kept);
}
