/*
 * The search for a plan: which of descent and windows, in what order, and when it is enough.
 */
#include "cpu/placement/placement_inside.h"

#include <math.h>
#include <string.h>

enum {
    WORK = 600000,   /* what windows may cost in all: about 3 ms; four times that saves 4 % of moves */
    MANY = 256,      /* vCPUs from which that gets less in proportion, as all else costs more and windows find little */
    LONG_PLAN = 256, /* moves from which a plan is neither cut short to be worth it nor bounded */
    DRAWN_PCPUS = 3,
    DRAWN_VCPUS = 9,    /* of a window that is drawn; other sizes in turn found no more */
    STALE_WINDOWS = 15, /* windows in vain, for each move there is, after which no more are tried */
};

static double limit_of(const struct placement_scratch *s, double sd)
{
    return placement_board_ssd(&s->board, sd) + 1e-6;
}

static void keep(struct placement_scratch *s, int *where)
{
    memcpy(where, s->board.at, (size_t)s->board.n_vcpus * sizeof(*where));
}

/* The pCPU with least load that the vCPU may be on; `first` where that has no more. */
static int least_loaded(const struct placement_board *b, const double *load, int vcpu, int first)
{
    const uint64_t *mask = placement_board_mask(b, b->mask[vcpu]);
    int pinned = b->pinned_to[vcpu], best = first;
    double least = first < 0 ? INFINITY : load[first];

    for (int w = 0; w < b->words; w++)
        for (uint64_t left = mask[w] | (pinned >= 0 && pinned / 64 == w ? (uint64_t)1 << pinned % 64 : 0); left;
             left &= left - 1) {
            int p = w * 64 + __builtin_ctzll(left);

            if (load[p] < least) {
                least = load[p];
                best = p;
            }
        }
    return best;
}

/* Longest processing time first: by falling demand, each on the pCPU with least load. Pinned vCPUs stay where they are:
 * all, or else those that find their pCPU no higher than the mean with themselves on top. */
static void place_longest_first(struct placement_scratch *s, bool all_stay, int *at)
{
    struct placement_board *b = &s->board;
    double *load = s->area.level;

    memcpy(load, b->base, (size_t)b->n_pcpus * sizeof(*load));
    for (int v = 0; v < b->n_vcpus && all_stay; v++)
        if (b->pinned_to[v] >= 0)
            load[b->pinned_to[v]] += b->demand[v] * b->per_demand[b->pinned_to[v]];
    for (int v = 0; v < b->n_vcpus; v++) {
        int stay = b->pinned_to[v] >= 0 ? b->pinned_to[v] : b->runs_on[v];

        if (all_stay && b->pinned_to[v] >= 0) {
            at[v] = b->pinned_to[v];
            continue;
        }
        if (stay >= 0 && !placement_board_may(b, v, stay))
            stay = -1;
        at[v] = stay;
        if (all_stay || stay < 0 || load[stay] + b->demand[v] * b->per_demand[stay] > b->mean)
            at[v] = least_loaded(b, load, v, stay);
        load[at[v]] += b->demand[v] * b->per_demand[at[v]];
    }
}

static void place_floating(struct placement_scratch *s, const struct placement_goal *goal)
{
    place_longest_first(s, true, s->start);
    placement_board_put(&s->board, s->start);
    s->board.pinned_stay = true;
    if (s->board.n_floating)
        placement_descend(&s->board, limit_of(s, goal->bound + PLACEMENT_NEAR_BEST_FORCED_SD));
    s->board.pinned_stay = false;
    keep(s, s->start);
}

/* From the start to the target by as few moves as the descent finds. */
static bool reach(struct placement_scratch *s, double target)
{
    placement_board_put(&s->board, s->start);
    placement_descend(&s->board, target);
    if (s->board.ssd > target)
        return false;
    while (placement_take_one_back(&s->board, target)) {
    }
    return true;
}

/* Goes as low as it can: on from the placement on the board, or from LPT where that leads lower. On a large board an
 * LPT that isn't lower by itself isn't descended from, as that would take longer than all the rest. Returns the sd. */
static double deepen(struct placement_scratch *s, const struct placement_goal *goal)
{
    struct placement_board *b = &s->board;
    double target = limit_of(s, goal->bound + goal->near), before = b->ssd;

    keep(s, s->best);
    place_longest_first(s, false, b->at);
    placement_board_put(b, b->at);
    if (b->n_vcpus <= MANY || b->ssd < before)
        placement_descend(b, target);
    if (b->ssd >= before)
        placement_board_put(b, s->best);
    return placement_board_sd(b, b->ssd);
}

static double worth_ssd(const struct placement_scratch *s, double start_sd, double min_gain, int moves)
{
    double sd = start_sd - min_gain * moves;

    return sd < 0 ? -1 : limit_of(s, sd);
}

static void reject(struct placement_scratch *s, struct placement_result *result, int moves, double ssd)
{
    result->rejected_moves = moves;
    result->rejected_sd = placement_board_sd(&s->board, ssd);
    placement_board_put(&s->board, s->start);
}

/* The least number of moves whose ssd is within the limit, or -1. */
static int fewest_within(const struct placement_window *w, double limit)
{
    for (int k = 0; k < w->max_moves; k++)
        if (w->ssd[k] <= limit)
            return k;
    return -1;
}

static double lowest(const struct placement_window *w)
{
    double least = INFINITY;

    for (int k = 0; k < w->max_moves; k++)
        least = fmin(least, w->ssd[k]);
    return least;
}

/* Of the exact answers for each number of moves, the lowest that is worth its moves; -1 none. */
static int most_worth(const struct placement_scratch *s, const struct placement_goal *goal, double start_sd)
{
    const struct placement_window *w = &s->window;
    int best = -1;

    for (int k = 1; k < w->max_moves; k++)
        if (w->ssd[k] <= worth_ssd(s, start_sd, goal->min_gain, k) && (best < 0 || w->ssd[k] < w->ssd[best]))
            best = k;
    return best;
}

static bool fits_window(const struct placement_board *b)
{
    return b->n_vcpus <= PLACEMENT_WINDOW_VCPUS && b->n_pcpus <= PLACEMENT_WINDOW_PCPUS;
}

static bool solve_whole(struct placement_scratch *s, double limit, int max_moves)
{
    struct placement_window *w = &s->window;

    placement_board_put(&s->board, s->start);
    w->n_vcpus = s->board.n_vcpus;
    w->n_pcpus = s->board.n_pcpus;
    for (int v = 0; v < w->n_vcpus; v++)
        w->vcpus[v] = v;
    for (int p = 0; p < w->n_pcpus; p++)
        w->pcpus[p] = p;
    w->limit = limit;
    w->max_moves = max_moves;
    return placement_window_solve(w, &s->board, &s->work);
}

/*
 * Searches a small board in full. True when the plan is on the board, false when that was too much work. The descent
 * goes first, as what it finds tells how far the search must look.
 */
static bool plan_exactly(struct placement_scratch *s, const struct placement_goal *goal,
                         struct placement_result *result)
{
    struct placement_board *b = &s->board;
    struct placement_window *w = &s->window;
    double aim = !goal->force && goal->bound <= goal->aim ? limit_of(s, goal->aim) : -1, limit = aim;
    int most = b->n_vcpus, moves;

    if (aim >= 0 && reach(s, aim))
        most = b->n_moved;
    else
        limit = fmax(aim, limit_of(s, deepen(s, goal) + goal->near));
    if (!goal->force && b->n_floating)
        limit = fmax(limit, limit_of(s, goal->trigger));
    if (!solve_whole(s, limit, most + 1))
        return false;
    limit = lowest(w);
    if (isinf(limit))
        return false;
    if (most == b->n_vcpus)
        result->best_sd = placement_board_sd(b, limit);
    limit = limit <= aim ? aim : limit_of(s, placement_board_sd(b, limit) + goal->near);
    result->limit_sd = placement_board_sd(b, limit);
    moves = fewest_within(w, limit);
    if (!isinf(w->ssd[0]))
        result->start_sd = placement_board_sd(b, w->ssd[0]);
    if (!goal->force && w->ssd[0] <= limit_of(s, goal->trigger))
        moves = 0;
    if (moves > 0 && !goal->force && w->ssd[moves] > worth_ssd(s, result->start_sd, goal->min_gain, moves)) {
        double ssd = w->ssd[moves];
        int worth;

        if (!solve_whole(s, b->ssd, moves))
            return false;
        worth = most_worth(s, goal, result->start_sd);
        if (worth < 0) {
            reject(s, result, moves, ssd);
            return true;
        }
        moves = worth;
    }
    placement_window_apply(w, b, moves);
    return true;
}

/* The vCPU whose move to where it is in the plan s->best gains most; -1 when none is left. */
static int next_of_plan(const struct placement_scratch *s)
{
    const struct placement_board *b = &s->board;
    double most = -INFINITY;
    int next = -1;

    for (int v = 0; v < b->n_vcpus; v++) {
        double gain = b->at[v] != s->best[v] ? placement_board_gain(b, b->demand[v], b->at[v], s->best[v]) : most;

        if (gain > most) {
            most = gain;
            next = v;
        }
    }
    return next;
}

/* Cuts the plan on the board down to its steepest moves while they aren't worth it altogether. */
static void cut_to_worth(struct placement_scratch *s, const struct placement_goal *goal,
                         struct placement_result *result)
{
    struct placement_board *b = &s->board;
    int planned = b->n_moved;
    bool worth = false;
    double ssd = b->ssd;

    if (!planned || ssd <= worth_ssd(s, result->start_sd, goal->min_gain, planned))
        return;
    keep(s, s->best);
    for (int v = 0; v < b->n_vcpus && planned <= LONG_PLAN; v++)
        if (placement_board_cost(b, v, s->best[v]))
            placement_board_move(b, v, b->pinned_to[v]);
    for (int done = 1, v; planned <= LONG_PLAN && done <= planned && (v = next_of_plan(s)) >= 0; done++) {
        placement_board_move(b, v, s->best[v]);
        if (b->ssd <= worth_ssd(s, result->start_sd, goal->min_gain, done)) {
            worth = true;
            keep(s, s->start);
        }
    }
    placement_board_put(b, s->start); /* the longest part that is worth it, or what there was before */
    if (!worth)
        reject(s, result, planned, ssd);
}

static int draw(struct placement_scratch *s, int below)
{
    s->random ^= s->random << 13; /* G. Marsaglia, Xorshift RNGs, 2003 */
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (int)((s->random >> 33) % (uint64_t)below);
}

/* A pCPU: any, or one of the four with most or the four with least load. */
static int draw_pcpu(struct placement_scratch *s)
{
    const struct placement_board *b = &s->board;
    int ends = b->n_pcpus < 8 ? b->n_pcpus : 8, r = draw(s, ends);

    if (draw(s, 2))
        return draw(s, b->n_pcpus);
    return r & 1 ? b->order[r / 2] : b->order[b->n_pcpus - 1 - r / 2];
}

static void add_pcpu(struct placement_window *w, int pcpu)
{
    for (int q = 0; q < w->n_pcpus; q++)
        if (w->pcpus[q] == pcpu)
            return;
    if (pcpu >= 0 && w->n_pcpus < DRAWN_PCPUS)
        w->pcpus[w->n_pcpus++] = pcpu;
}

/* Draws pCPUs that moved vCPUs come from and went to, and others. */
static void draw_pcpus(struct placement_scratch *s, int n_moved)
{
    const struct placement_board *b = &s->board;
    struct placement_window *w = &s->window;

    w->n_pcpus = 0;
    for (int tries = 0; w->n_pcpus < DRAWN_PCPUS && tries < 20; tries++) {
        if (tries == 0 || draw(s, 4)) {
            int v = s->list[draw(s, n_moved)];

            add_pcpu(w, b->at[v]);
            add_pcpu(w, b->pinned_to[v]);
        } else {
            add_pcpu(w, draw_pcpu(s));
        }
    }
}

/* Takes vCPUs of the window's pCPUs in: those that moved or float first, then others; of those for which the room isn't
 * enough, each has the same chance. */
static void draw_vcpus(struct placement_scratch *s)
{
    const struct placement_board *b = &s->board;
    struct placement_window *w = &s->window;
    int first = 0;

    w->n_vcpus = 0;
    for (int settled = 0; settled < 2; settled++) {
        int seen = 0;

        first = w->n_vcpus;
        for (int q = 0; q < w->n_pcpus; q++)
            for (int v = b->head[w->pcpus[q]]; v >= 0; v = b->next[v]) {
                if ((b->pinned_to[v] == b->at[v]) != settled)
                    continue;
                seen++;
                if (w->n_vcpus < DRAWN_VCPUS) {
                    w->vcpus[w->n_vcpus++] = v;
                } else if (first < DRAWN_VCPUS) {
                    int slot = draw(s, seen);

                    if (slot < DRAWN_VCPUS - first)
                        w->vcpus[first + slot] = v;
                }
            }
    }
}

/* Solves the window, and carries the answer out where that takes fewer moves, or as many to a lower ssd. */
static bool improve_window(struct placement_scratch *s, double limit)
{
    struct placement_board *b = &s->board;
    struct placement_window *w = &s->window;
    double ssd = 0;
    int moves = 0;

    for (int q = 0; q < w->n_pcpus; q++) {
        double off = b->load[w->pcpus[q]] - b->mean;

        ssd += off * off * b->weight[w->pcpus[q]];
    }
    for (int i = 0; i < w->n_vcpus; i++)
        moves += placement_board_cost(b, w->vcpus[i], b->at[w->vcpus[i]]);
    w->limit = limit - (b->ssd - ssd);
    w->max_moves = moves + 1;
    if (!placement_window_solve(w, b, &s->work))
        return false;
    for (int k = 0; k <= moves; k++)
        if (k < moves ? !isinf(w->ssd[k]) : w->ssd[k] < ssd - PLACEMENT_SSD_EPS) {
            placement_window_apply(w, b, k);
            return true;
        }
    return false;
}

static int list_moved(struct placement_scratch *s)
{
    int n = 0;

    for (int v = 0; v < s->board.n_vcpus; v++)
        if (placement_board_cost(&s->board, v, s->board.at[v]))
            s->list[n++] = v;
    return n;
}

/* The fewest moves that could reach the target, for all that is known without searching: most plans of a few moves take
 * no more, and nothing need be looked for. */
static int fewest_moves(struct placement_scratch *s, double target)
{
    int moves = s->board.n_moved, fewest;

    if (moves > LONG_PLAN)
        return 0;
    keep(s, s->best);
    placement_board_put(&s->board, s->start);
    fewest = placement_bound_moves(&s->board, target, moves, &s->area);
    placement_board_put(&s->board, s->best);
    return fewest;
}

/* Lowers the number of moves while ssd stays at or below limit, and ssd where that costs none. */
static void improve(struct placement_scratch *s, double limit)
{
    int fewest = fewest_moves(s, limit), n_moved = list_moved(s);

    for (int stale = 0; s->work > 0 && n_moved > fewest && stale < STALE_WINDOWS * n_moved; stale++) {
        draw_pcpus(s, n_moved);
        draw_vcpus(s);
        if (improve_window(s, limit)) {
            n_moved = list_moved(s);
            stale = -1;
        }
    }
}

/* The aim, or what comes near the best, as far as the best is known. */
static double target_of(const struct placement_scratch *s, const struct placement_goal *goal, double best_sd)
{
    return limit_of(s, !goal->force && best_sd <= goal->aim ? goal->aim : best_sd + goal->near);
}

static void plan_by_descent(struct placement_scratch *s, const struct placement_goal *goal,
                            struct placement_result *result)
{
    struct placement_board *b = &s->board;
    double target = target_of(s, goal, goal->bound);

    if (!reach(s, target)) {
        target = target_of(s, goal, deepen(s, goal));
        while (placement_take_one_back(b, target)) {
        }
    }
    result->limit_sd = placement_board_sd(b, target);
    improve(s, target);
    if (!goal->force)
        cut_to_worth(s, goal, result);
}

void placement_search(struct placement_scratch *s, const struct placement_goal *goal, struct placement_result *result)
{
    int n = s->board.n_vcpus;
    double settled = goal->force || goal->bound > goal->aim ? goal->bound + goal->near : goal->aim;

    s->random = 0x9e3779b97f4a7c15u;
    s->work = n > MANY ? WORK / n * MANY / n * MANY : WORK;
    *result = (struct placement_result){.rejected_sd = -1};
    place_floating(s, goal);
    result->start_sd = placement_board_sd(&s->board, s->board.ssd);
    if (!goal->force)
        settled = fmax(settled, goal->trigger);
    result->limit_sd = settled;
    if (s->board.ssd <= limit_of(s, settled))
        return;
    if (!fits_window(&s->board) || !plan_exactly(s, goal, result))
        plan_by_descent(s, goal, result);
}
