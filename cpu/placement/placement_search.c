#include "cpu/placement/placement_search.h"

#include <math.h>
#include <string.h>

#include "cpu/placement/placement_probe.h"

enum {
    WORK = 600000,                    /* what searching windows may cost in all; see placement_window.h */
    MANY = 256,                       /* items from which it may cost less: */
    WORK_FOR_MANY = 150000,           /* no more than this, */
    WORK_X_ITEMS = 100 * 1000 * 1000, /* nor than this for each item, as all else costs more, too */
    SWEEPS = 2,                       /* see struct placement_descent */
    PROBE_SETS = 200000,              /* of moves that are all looked at */
    LONG_PLAN = 256,                  /* moves from which a plan isn't cut short to be worth it */
};

static const double float_near_sd = 0.05; /* floating items alone needn't get nearer to the bound than this */

static double limit_of(const struct placement_search *s, double sd)
{
    return placement_board_square(s->board, sd) + 1e-6;
}

static void keep(struct placement_search *s, int *where)
{
    memcpy(where, s->board->at, (size_t)s->board->n_items * sizeof(*where));
}

static bool descend(struct placement_search *s, double target, bool greedy, bool free)
{
    struct placement_descent d = {
        .target = target, .steps = {.greedy = greedy, .free = free}, .memory = s->memory, .sweeps = SWEEPS};

    placement_descend(s->board, &d);
    return s->board->square <= target;
}

/* The pCPU with least load that the item may be on; `first` where that has no more. */
static int least_loaded(const struct placement_board *b, const double *load, int item, int first)
{
    const uint64_t *row = placement_board_row_of(b, item);
    double least = first < 0 ? INFINITY : load[first];
    int origin = b->origin[item], best = first;

    for (int w = 0; w < b->words; w++)
        for (uint64_t left = row[w] | (origin / 64 == w && origin >= 0 ? (uint64_t)1 << origin % 64 : 0); left;
             left &= left - 1) {
            int p = w * 64 + __builtin_ctzll(left);

            if (load[p] < least) {
                least = load[p];
                best = p;
            }
        }
    return best;
}

/* Who stays where it is pinned when items are dealt out. */
enum dealing {
    DEAL_ALL,      /* nobody: the usual way, longest demand first */
    DEAL_HIGH,     /* whoever finds its pCPU below the mean with itself on top, largest first */
    DEAL_FLOATING, /* all */
};

/* Longest demand first, each on the pCPU with least load, but for those that stay. */
static void deal(struct placement_search *s, enum dealing dealing, int *at)
{
    struct placement_board *b = s->board;
    double *load = s->room->excess;

    memcpy(load, b->base, (size_t)b->n_pcpus * sizeof(*load));
    for (int i = 0; i < b->n_items && dealing == DEAL_FLOATING; i++)
        if (b->origin[i] >= 0)
            load[b->origin[i]] += b->demand[i];
    for (int i = 0; i < b->n_items; i++) {
        int home = b->origin[i] >= 0 ? b->origin[i] : b->hint[i];

        if (dealing == DEAL_FLOATING && b->origin[i] >= 0) {
            at[i] = b->origin[i];
            continue;
        }
        if (home >= 0 && !placement_board_may(b, i, home))
            home = -1;
        at[i] = home;
        if (dealing != DEAL_HIGH || home < 0 || load[home] + b->demand[i] > b->mean)
            at[i] = least_loaded(b, load, i, home);
        load[at[i]] += b->demand[i];
    }
}

static void place_floating(struct placement_search *s, const struct placement_goal *goal)
{
    bool many = s->board->n_items > MANY;
    double target = limit_of(s, fmax(goal->bound + float_near_sd, many ? goal->aim : 0));

    deal(s, DEAL_FLOATING, s->start);
    placement_board_put(s->board, s->start);
    if (s->board->n_floating && !(many && goal->force)) {
        if (!descend(s, target, true, true))
            placement_improve_square(&s->improve, target, true);
        keep(s, s->start);
    }
}

/* From the start to the target by as few moves as the descent finds. */
static bool reach(struct placement_search *s, double target)
{
    placement_board_put(s->board, s->start);
    if (!descend(s, target, false, false))
        return false;
    placement_take_back(s->board, target);
    return true;
}

/* As reach, for a target above the last one. On large boards that goes back from where the descent then ended (which is
 * in probed): it would go the same way again. */
static bool reach_again(struct placement_search *s, double target)
{
    if (s->board->n_items <= MANY)
        return reach(s, target);
    placement_board_put(s->board, s->probed);
    if (s->board->square > target)
        return false;
    placement_take_back(s->board, target);
    return true;
}

/* The fewest moves that could reach the target, for all that is known without searching. */
static int fewest_moves(struct placement_search *s, double target)
{
    struct placement_board *b = s->board;
    int moves = b->n_moved, fewest;

    if (moves > LONG_PLAN)
        return 0;
    keep(s, s->best);
    placement_board_put(b, s->start);
    fewest = placement_bound_moves(b, target, moves, s->room);
    placement_board_put(b, s->best);
    return fewest;
}

/* Goes down from a placement dealt out, and keeps the best in s->best if that is lower than square, which is returned.
 * What is dealt on a large board is only worth it where it already is lower. */
static double descend_dealt(struct placement_search *s, double target, enum dealing dealing, double square)
{
    struct placement_board *b = s->board;

    deal(s, dealing, b->at);
    placement_board_put(b, b->at);
    if (b->n_items <= MANY || b->square < square)
        descend(s, target, true, false);
    if (b->square >= square)
        return square;
    keep(s, s->best);
    return b->square;
}

/* Goes as low as it can, whatever it costs; returns the sd. A small board also tries it with the steepest steps from
 * the start, a large one goes on from the placement on the board, and deals out those only that must be; all, where
 * that is lower by more than doesn't matter. */
static double deepen(struct placement_search *s, const struct placement_goal *goal)
{
    struct placement_board *b = s->board;
    double target = limit_of(s, goal->bound + goal->near), square, sd;

    if (b->n_items <= MANY) {
        placement_board_put(b, s->start);
        descend(s, target, true, false);
    }
    keep(s, s->best);
    square = b->square;
    if (b->n_items > MANY) {
        square = descend_dealt(s, target, DEAL_HIGH, square);
        sd = placement_board_sd(b, square) - goal->near;
        if (square > target && sd > 0)
            descend_dealt(s, target, DEAL_ALL, limit_of(s, sd));
    } else {
        descend_dealt(s, target, DEAL_ALL, square);
    }
    placement_board_put(b, s->best);
    placement_improve_square(&s->improve, target, false);
    keep(s, s->best);
    return placement_board_sd(b, b->square);
}

/* The least number of moves whose square is within the limit, or -1. */
static int fewest_within(const struct placement_window *w, double limit)
{
    for (int k = 0; k < w->max_moves; k++)
        if (w->square[k] <= limit)
            return k;
    return -1;
}

static double lowest(const struct placement_window *w)
{
    double least = INFINITY;

    for (int k = 0; k < w->max_moves; k++)
        least = fmin(least, w->square[k]);
    return least;
}

static double worth_square(const struct placement_search *s, double start_sd, double min_gain, int moves)
{
    double sd = start_sd - min_gain * moves;

    return sd < 0 ? -1 : limit_of(s, sd);
}

/* Of the exact answers for each number of moves, the lowest that is worth its moves; -1 none. */
static int most_worth(const struct placement_search *s, const struct placement_goal *goal, double start_sd)
{
    const struct placement_window *w = s->improve.window;
    int best = -1;

    for (int k = 1; k < w->max_moves; k++)
        if (w->square[k] <= worth_square(s, start_sd, goal->min_gain, k) &&
            (best < 0 || w->square[k] < w->square[best]))
            best = k;
    return best;
}

static bool search_whole(struct placement_search *s, double limit, int max_moves)
{
    struct placement_window *w = s->improve.window;

    placement_board_put(s->board, s->start);
    placement_improve_whole(&s->improve);
    w->limit = limit;
    w->max_moves = max_moves;
    return placement_window_search(w, &s->improve.work);
}

static void reject(struct placement_search *s, struct placement_found *found, int moves, double square)
{
    found->rejected_moves = moves;
    found->rejected_sd = placement_board_sd(s->board, square);
    placement_board_put(s->board, s->start);
}

/*
 * Searches a small board in full. True when the plan is on the board, false when that was too much work. The
 * descent goes first, as what it finds tells how far the search must look.
 */
static bool plan_exactly(struct placement_search *s, const struct placement_goal *goal, struct placement_found *found)
{
    struct placement_window *w = s->improve.window;
    double aim = !goal->force && goal->bound <= goal->aim ? limit_of(s, goal->aim) : -1, limit = aim;
    int most = s->board->n_items, moves;

    if (aim >= 0 && reach(s, aim))
        most = s->board->n_moved;
    else
        limit = fmax(aim, limit_of(s, deepen(s, goal) + goal->near));
    if (!goal->force && s->board->n_floating)
        limit = fmax(limit, limit_of(s, goal->trigger));
    if (!search_whole(s, limit, most + 1))
        return false;
    limit = lowest(w);
    if (isinf(limit))
        return false;
    if (most == s->board->n_items)
        found->best_sd = placement_board_sd(s->board, limit);
    limit = limit <= aim ? aim : limit_of(s, placement_board_sd(s->board, limit) + goal->near);
    found->limit_sd = placement_board_sd(s->board, limit);
    moves = fewest_within(w, limit);
    if (!isinf(w->square[0]))
        found->start_sd = placement_board_sd(s->board, w->square[0]);
    if (!goal->force && w->square[0] <= limit_of(s, goal->trigger))
        moves = 0;
    if (moves > 0 && !goal->force && w->square[moves] > worth_square(s, found->start_sd, goal->min_gain, moves)) {
        double square = w->square[moves];
        int worth;

        if (!search_whole(s, s->board->square, moves))
            return false;
        worth = most_worth(s, goal, found->start_sd);
        if (worth < 0) {
            reject(s, found, moves, square);
            return true;
        }
        moves = worth;
    }
    placement_improve_apply(&s->improve, moves);
    return true;
}

/* Cuts the plan on the board down to its steepest moves while they aren't worth it altogether. */
static void cut_to_worth(struct placement_search *s, const struct placement_goal *goal, struct placement_found *found)
{
    struct placement_board *b = s->board;
    int planned = b->n_moved, worth = 0;
    double square = b->square;

    if (!planned || square <= worth_square(s, found->start_sd, goal->min_gain, planned))
        return;
    if (planned <= LONG_PLAN) {
        keep(s, s->best);
        for (int i = 0; i < b->n_items; i++)
            if (placement_board_price(b, i, s->best[i]))
                placement_board_move(b, i, b->origin[i]);
        for (int done = 1; done <= planned; done++) {
            double most = -INFINITY;
            int item = -1;

            for (int i = 0; i < b->n_items; i++) {
                double gain =
                    b->at[i] != s->best[i] ? placement_board_gain(b, b->demand[i], b->at[i], s->best[i]) : most;

                if (gain > most) {
                    most = gain;
                    item = i;
                }
            }
            if (item < 0)
                break;
            placement_board_move(b, item, s->best[item]);
            if (b->square <= worth_square(s, found->start_sd, goal->min_gain, done)) {
                worth = done;
                keep(s, s->start);
            }
        }
    }
    placement_board_put(b, s->start); /* the longest part that is worth it, or what there was before */
    if (!worth)
        reject(s, found, planned, square);
}

/* The aim, or what comes near the best, as far as the best is known: `sd`, or on large boards just the bound. */
static double target_of(const struct placement_search *s, const struct placement_goal *goal, double sd)
{
    return limit_of(s, !goal->force && sd <= goal->aim ? goal->aim : sd + goal->near);
}

/* Looks at all sets of moves, from the fewest that can do, up to as many as the plan on the board has: fewer are
 * better, and of as many the lowest. Returns whether it knows now that fewer can't do. */
static bool probe(struct placement_search *s, double target, int fewest)
{
    struct placement_board *b = s->board;
    int moves = b->n_moved;

    keep(s, s->best);
    placement_board_put(b, s->start);
    for (int k = fewest; k <= moves && k <= PLACEMENT_PROBE_MOVES && placement_probe_sets(b, k) <= PROBE_SETS; k++)
        if (placement_probe(b, k, target, s->probed))
            return true;
    placement_board_put(b, s->best);
    return fewest >= moves;
}

static void plan_by_descent(struct placement_search *s, const struct placement_goal *goal,
                            struct placement_found *found)
{
    struct placement_board *b = s->board;
    double target = target_of(s, goal, goal->bound);
    bool aims = !goal->force && goal->bound <= goal->aim;
    int fewest;

    if (!reach(s, target) || (!aims && b->n_items <= MANY)) {
        int moves;

        keep(s, s->probed);
        target = target_of(s, goal, deepen(s, goal));
        placement_take_back(b, target);
        keep(s, s->best);
        moves = b->n_moved;
        if (!reach_again(s, target) || b->n_moved > moves)
            placement_board_put(b, s->best);
    }
    found->limit_sd = placement_board_sd(b, target);
    fewest = fewest_moves(s, target);
    if (!probe(s, target, fewest))
        placement_improve_moves(&s->improve, target, fewest);
    if (!goal->force)
        cut_to_worth(s, goal, found);
}

static long work_for(int items)
{
    if (items <= MANY)
        return WORK;
    return WORK_X_ITEMS / items < WORK_FOR_MANY ? WORK_X_ITEMS / items : WORK_FOR_MANY;
}

void placement_search(struct placement_search *s, const struct placement_goal *goal, struct placement_found *found)
{
    double settled = goal->force || goal->bound > goal->aim ? goal->bound + goal->near : goal->aim;

    s->improve.random = 0x9e3779b97f4a7c15u;
    s->improve.work = work_for(s->board->n_items);
    *found = (struct placement_found){.rejected_sd = -1};
    place_floating(s, goal);
    found->start_sd = placement_board_sd(s->board, s->board->square);
    if (!goal->force)
        settled = fmax(settled, goal->trigger);
    found->limit_sd = settled;
    if (s->board->square <= limit_of(s, settled))
        return;
    if (!placement_improve_fits(s->board) || !plan_exactly(s, goal, found))
        plan_by_descent(s, goal, found);
}
