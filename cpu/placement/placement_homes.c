/*
 * Leaving the node of a vCPU's memory. Plans are first made with everybody at home. Then vCPUs whose leaving would gain
 * enough are freed one by one, the most profitable first, and a new plan is made in which those may leave.
 */
#include "cpu/placement/placement_inside.h"

#include <math.h>
#include <string.h>

enum {
    ENDS = 16,  /* pCPUs with most, and with least, load that leavers are looked for on */
    FEW = 16,   /* vCPUs up to which all are tried as leavers: without that six times as many good trades are missed */
    SOME = 256, /* vCPUs up to which others than those that were picked may leave in their place */
    LEAVERS = 64, /* most that leave in one plan */
};

static double sd_now(const struct placement_scratch *s)
{
    return placement_board_sd(&s->board, s->board.ssd);
}

static double leave_gain(const struct placement_scratch *s, int vcpu)
{
    return s->problem.vcpus[s->number[vcpu]].leave_gain;
}

/* True when the vCPU has a home to leave. */
static bool has_home(const struct placement_scratch *s, int vcpu)
{
    return s->wide[vcpu] != s->narrow[vcpu];
}

static bool has_left(const struct placement_scratch *s, int vcpu)
{
    int p = s->board.at[vcpu];

    return has_home(s, vcpu) && p != s->board.pinned_to[vcpu] && !placement_problem_allows(s, s->narrow[vcpu], p);
}

/* What those who left, in the placement on the board, must gain altogether. */
static double price_of_leaving(const struct placement_scratch *s)
{
    const struct placement_board *b = &s->board;
    double price = 0;

    for (int v = 0; v < b->n_vcpus; v++)
        if (has_left(s, v))
            price += leave_gain(s, v);
    return price;
}

/* sd and what leaving must gain, in some placement; and how many vCPUs had been freed for it. */
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

static int least_loaded_abroad(const struct placement_scratch *s, int vcpu)
{
    const struct placement_board *b = &s->board;

    for (int low = b->n_pcpus - 1; low >= 0; low--)
        if (placement_problem_allows(s, s->wide[vcpu], b->order[low]) &&
            !placement_problem_allows(s, s->narrow[vcpu], b->order[low]))
            return b->order[low];
    return b->at[vcpu];
}

/* On small boards: frees the vCPU that does most good, others being free to follow; -1 when none does any. */
static int free_by_trying(struct placement_scratch *s, const struct placement_descent *d)
{
    struct placement_board *b = &s->board;
    struct trade best = trade_now(s, 0);
    int *before = s->best, *after = s->list, leaver = -1;
    size_t bytes = (size_t)b->n_vcpus * sizeof(*before);

    memcpy(before, b->at, bytes);
    for (int k = 0; k < 2 * b->n_vcpus; k++) {
        int v = k / 2;
        struct trade trade;

        if (!has_home(s, v) || b->mask[v] == s->wide[v])
            continue;
        b->mask[v] = s->wide[v];
        placement_board_put(b, before);
        if (k % 2)
            placement_board_move(b, v, least_loaded_abroad(s, v));
        placement_descend(b, d);
        trade = trade_now(s, 0);
        if (is_better(&trade, &best)) {
            best = trade;
            leaver = v;
            memcpy(after, b->at, bytes);
        }
        b->mask[v] = s->narrow[v];
    }
    placement_board_put(b, leaver >= 0 ? after : before);
    return leaver;
}

struct leaver {
    int vcpu, to, partner;
    double sum; /* of sd and of what leaving must gain, afterwards */
};

/* Lets the vCPU go to that pCPU, alone or for one that comes back, if that gains what it must and beats best. */
static void consider(const struct placement_scratch *s, int vcpu, int to, struct leaver *best)
{
    const struct placement_board *b = &s->board;
    double price = leave_gain(s, vcpu), limit = fmin(sd_now(s), best->sum) - price;
    double ssd = limit > 0 ? placement_board_ssd(b, limit) : -1;
    int partner = -1;

    do {
        double demand = b->demand[vcpu] - (partner >= 0 ? b->demand[partner] : 0);
        double after = b->ssd - placement_board_gain(b, demand, b->at[vcpu], to);

        if (demand > 0 && after < ssd && (partner < 0 || placement_board_may(b, partner, b->at[vcpu]))) {
            *best = (struct leaver){vcpu, to, partner, placement_board_sd(b, after) + price};
            ssd = after;
        }
        partner = partner < 0 ? b->head[to] : b->next[partner];
    } while (partner >= 0);
}

/* On large boards: frees the vCPU whose own step out does most good; -1 when none does any. */
static int free_by_step(struct placement_scratch *s, const struct placement_descent *d)
{
    struct placement_board *b = &s->board;
    struct leaver best = {.vcpu = -1, .sum = sd_now(s)};

    for (int high = 0; high < b->n_pcpus && high < ENDS; high++)
        for (int v = b->head[b->order[high]]; v >= 0; v = b->next[v]) {
            if (!has_home(s, v) || b->mask[v] == s->wide[v])
                continue;
            for (int low = b->n_pcpus - 1; low > high && low >= b->n_pcpus - ENDS; low--)
                if (placement_problem_allows(s, s->wide[v], b->order[low]) && !placement_board_may(b, v, b->order[low]))
                    consider(s, v, b->order[low], &best);
        }
    if (best.vcpu < 0)
        return -1;
    b->mask[best.vcpu] = s->wide[best.vcpu];
    if (best.partner >= 0)
        placement_board_move(b, best.partner, b->at[best.vcpu]);
    placement_board_move(b, best.vcpu, best.to);
    placement_descend(b, d);
    return best.vcpu;
}

/* Frees vCPUs, the one whose leaving helps most first, and leaves free those that make for the best trade of sd against
 * what leaving must gain, which is returned; where that is nobody, nothing was freed for it. */
static struct trade free_leavers(struct placement_scratch *s, double home_sd, double target)
{
    struct placement_board *b = &s->board;
    struct placement_descent d = {.target = target, .greedy = true};
    struct trade best = {.sd = home_sd};
    int leavers[LEAVERS], n = 0;

    while (n < LEAVERS) {
        int v = b->n_vcpus <= FEW ? free_by_trying(s, &d) : free_by_step(s, &d);
        struct trade trade;

        if (v < 0)
            break;
        leavers[n++] = v;
        b->mask[v] = s->wide[v];
        trade = trade_now(s, n);
        if (is_better(&trade, &best))
            best = trade;
    }
    for (int k = best.freed; k < n; k++)
        b->mask[leavers[k]] = s->narrow[leavers[k]];
    return best;
}

static double least_price(const struct placement_scratch *s)
{
    double least = INFINITY;

    for (int v = 0; v < s->board.n_vcpus; v++)
        if (has_home(s, v))
            least = fmin(least, leave_gain(s, v));
    return least;
}

/* Plans with the masks on the board; whether what came of it gains what leaving must. */
static bool plan_leaving(struct placement_scratch *s, const struct placement_goal *goal, double home_sd,
                         struct placement_result *result)
{
    double price;

    placement_search(s, goal, result);
    price = price_of_leaving(s);
    result->limit_sd = fmin(result->limit_sd, home_sd - price); /* nearness mustn't cost what leaving gains */
    return price > 0 && sd_now(s) <= home_sd - price;
}

void placement_homes_leave(struct placement_scratch *s, const struct placement_goal *goal,
                           struct placement_result *result)
{
    struct placement_board *b = &s->board;
    struct placement_goal with = *goal;
    struct placement_result leaving;
    size_t bytes = (size_t)b->n_vcpus * sizeof(*b->at);
    /* What everybody at home could reach, as far as is known: the plan may have stopped short of that. */
    double home_sd = fmax(goal->bound, sd_now(s) - goal->near), bound = placement_bound_sd(b, s->wide, &s->area);
    struct trade trade;

    if ((!goal->force && sd_now(s) <= goal->aim) || home_sd - bound < least_price(s))
        return;
    memcpy(s->at_home, b->at, bytes);
    trade = free_leavers(s, home_sd, placement_board_ssd(b, bound + PLACEMENT_NEAR_BEST_FORCED_SD));
    with.near = fmax(0, fmin(goal->near, home_sd - trade.price - trade.sd));
    with.aim = fmax(trade.sd + with.near, fmin(goal->aim, home_sd - trade.price));
    /* First with everybody free to leave, as others than those that were picked may do with fewer moves. */
    for (int all = b->n_vcpus <= SOME; trade.freed && all >= 0; all--) {
        double most = trade.sd + trade.price + with.near;

        memcpy(s->kept, b->mask, bytes);
        if (all)
            memcpy(b->mask, s->wide, bytes);
        with.bound = placement_bound_sd(b, b->mask, &s->area);
        if (plan_leaving(s, &with, home_sd, &leaving) && (!all || sd_now(s) + price_of_leaving(s) <= most)) {
            *result = leaving;
            for (int v = 0; v < b->n_vcpus; v++) /* nobody leaves for nearness' sake */
                if (!has_left(s, v))
                    b->mask[v] = s->narrow[v];
            return;
        }
        memcpy(b->mask, s->kept, bytes);
    }
    memcpy(b->mask, s->narrow, bytes);
    placement_board_put(b, s->at_home);
}
