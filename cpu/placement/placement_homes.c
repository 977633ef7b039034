#include "cpu/placement/placement_homes.h"

#include <math.h>
#include <string.h>

#include "cpu/placement/placement_bound.h"
#include "cpu/placement/placement_descent.h"

enum {
    ENDS = 16,    /* pCPUs with most, and with least, load that leavers are looked for on */
    FEW = 16,     /* items up to which all are tried as leavers */
    SOME = 256,   /* items up to which others than those picked may leave in their place */
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
    double sum; /* of sd and of what leaving must gain, afterwards */
};

/* Lets the item go to that pCPU, alone or for one that comes back, if that gains what it must and beats best. */
static void consider(const struct placement_scratch *s, int item, int to, struct leaver *best)
{
    const struct placement_board *b = &s->board;
    double price = vcpu_at(s, item)->leave_gain, limit = fmin(sd_now(s), best->sum) - price;
    double square = limit > 0 ? placement_board_square(b, limit) : -1;

    for (int other = -1;; other = other < 0 ? b->head[to] : b->next[other]) {
        double demand = b->demand[item] - (other >= 0 ? b->demand[other] : 0), after;

        if (demand > 0 && (other < 0 || placement_board_may(b, other, b->at[item]))) {
            after = b->square - placement_board_gain(b, demand, b->at[item], to);
            if (after < square) {
                *best = (struct leaver){item, to, other, placement_board_sd(b, after) + price};
                square = after;
            }
        }
        if ((other < 0 ? b->head[to] : b->next[other]) < 0)
            return;
    }
}

static struct leaver find_leaver(const struct placement_scratch *s)
{
    const struct placement_board *b = &s->board;
    struct leaver best = {.item = -1, .sum = sd_now(s)};

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

/* sd and what leaving must gain, in some placement; and how many items had been freed for it. */
struct trade {
    double sd, price;
    int freed;
};

static struct trade trade_now(const struct placement_scratch *s, int freed)
{
    return (struct trade){sd_now(s), price_of_leaving(s), freed};
}

static bool is_better(const struct trade *a, const struct trade *b)
{
    return a->sd + a->price < b->sd + b->price - 1e-6;
}

static int least_loaded_abroad(const struct placement_scratch *s, int item)
{
    const struct placement_board *b = &s->board;

    for (int low = b->n_pcpus - 1; low >= 0; low--)
        if (placement_rows_have(&s->rows, s->wide[item], b->order[low]) &&
            !placement_rows_have(&s->rows, s->narrow[item], b->order[low]))
            return b->order[low];
    return b->at[item];
}

/* On small boards: frees the item that does most good, others being free to follow; -1 when none does any. */
static int free_by_trying(struct placement_scratch *s, const struct placement_descent *d)
{
    struct placement_board *b = &s->board;
    struct trade best = trade_now(s, 0);
    int *before = s->search.best, *after = s->search.probed, leaver = -1;
    size_t bytes = (size_t)b->n_items * sizeof(*before);

    memcpy(before, b->at, bytes);
    for (int k = 0; k < 2 * b->n_items; k++) {
        int i = k / 2;
        struct trade trade;

        if (!has_home(s, i) || b->row[i] == s->wide[i])
            continue;
        b->row[i] = s->wide[i];
        placement_board_put(b, before);
        if (k % 2)
            placement_board_move(b, i, least_loaded_abroad(s, i));
        placement_descend(b, d);
        trade = trade_now(s, 0);
        if (is_better(&trade, &best)) {
            best = trade;
            leaver = i;
            memcpy(after, b->at, bytes);
        }
        b->row[i] = s->narrow[i];
    }
    placement_board_put(b, leaver >= 0 ? after : before);
    return leaver;
}

/* On large boards: frees the item whose own step out does most good; -1 when none does any. */
static int free_by_step(struct placement_scratch *s, const struct placement_descent *d)
{
    struct placement_board *b = &s->board;
    struct leaver l = find_leaver(s);

    if (l.item < 0)
        return -1;
    b->row[l.item] = s->wide[l.item];
    if (l.partner >= 0)
        placement_board_move(b, l.partner, b->at[l.item]);
    placement_board_move(b, l.item, l.to);
    placement_descend(b, d);
    return l.item;
}

/* Frees items, the one whose leaving helps most first, and leaves free those that make for the best trade of sd against
 * what leaving must gain, which is returned; where that is nobody, nothing was freed for it. */
static struct trade free_leavers(struct placement_scratch *s, double home_sd, double floor_square)
{
    struct placement_board *b = &s->board;
    struct placement_descent d = {
        .target = floor_square, .steps = {.greedy = true}, .memory = s->search.memory, .sweeps = SWEEPS};
    struct trade best = {.sd = home_sd};
    int leavers[LEAVERS], n = 0;

    while (n < LEAVERS) {
        int item = b->n_items <= FEW ? free_by_trying(s, &d) : free_by_step(s, &d);
        struct trade trade;

        if (item < 0)
            break;
        leavers[n++] = item;
        b->row[item] = s->wide[item];
        trade = trade_now(s, n);
        if (is_better(&trade, &best))
            best = trade;
    }
    for (int k = best.freed; k < n; k++)
        b->row[leavers[k]] = s->narrow[leavers[k]];
    return best;
}

static double least_price(const struct placement_scratch *s)
{
    double least = INFINITY;

    for (int i = 0; i < s->board.n_items; i++)
        if (has_home(s, i))
            least = fmin(least, vcpu_at(s, i)->leave_gain);
    return least;
}

/* Plans with the rows on the board; whether what came of it gains what leaving must. */
static bool plan_leaving(struct placement_scratch *s, const struct placement_goal *goal, double home_sd,
                         struct placement_found *found)
{
    double price;

    placement_search(&s->search, goal, found);
    price = price_of_leaving(s);
    found->limit_sd = fmin(found->limit_sd, home_sd - price); /* nearness mustn't cost what leaving gains */
    return price > 0 && sd_now(s) <= home_sd - price;
}

/* As plan_leaving, but with everybody free to leave: other leavers than those that were picked one by one may do with
 * fewer moves. Keeps the better of the two plans on the board. */
static void plan_others_leaving(struct placement_scratch *s, const struct placement_goal *goal, double home_sd,
                                struct placement_found *found)
{
    struct placement_board *b = &s->board;
    struct placement_found second;
    size_t bytes = (size_t)b->n_items * sizeof(*b->row);
    double most = sd_now(s) + price_of_leaving(s) + goal->near;
    int moves = b->n_moved, *at = s->spare_at, *row = s->spare_row;

    memcpy(at, b->at, bytes);
    memcpy(row, b->row, bytes);
    memcpy(b->row, s->wide, bytes);
    if (plan_leaving(s, goal, home_sd, &second) && b->n_moved < moves && sd_now(s) + price_of_leaving(s) <= most) {
        *found = second;
        for (int i = 0; i < b->n_items; i++) /* nobody leaves for nearness' sake */
            if (!has_left(s, i))
                b->row[i] = s->narrow[i];
        return;
    }
    memcpy(b->row, row, bytes);
    placement_board_put(b, at);
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
    double bound = placement_bound_sd(b, s->wide, &s->room);
    struct trade trade;

    if ((!goal->force && sd_now(s) <= goal->aim) || home_sd - bound < least_price(s))
        return;
    memcpy(s->kept, b->at, bytes);
    trade = free_leavers(s, home_sd, placement_board_square(b, bound + PLACEMENT_NEAR_BEST_FORCED_SD));
    if (trade.freed) {
        with.bound = placement_bound_sd(b, b->row, &s->room);
        with.near = fmax(0, fmin(goal->near, home_sd - trade.price - trade.sd));
        with.aim = fmax(trade.sd + with.near, fmin(goal->aim, home_sd - trade.price));
        if (plan_leaving(s, &with, home_sd, &second)) {
            *found = second;
            if (b->n_items <= SOME)
                plan_others_leaving(s, &with, home_sd, found);
            return;
        }
    }
    memcpy(b->row, s->narrow, bytes);
    placement_board_put(b, s->kept);
}
