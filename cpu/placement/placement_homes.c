/*
 * Leaving the node of a vCPU's memory. Plans are first made with everybody at home. Then a plan is made in which
 * everybody may leave; who leaves for less than that must gain is kept at home, and the plan is made again, as long as
 * somebody leaves. Of all these plans the best trade of sd against what leaving must gain is taken.
 */
#include "cpu/placement/placement_inside.h"

#include <math.h>
#include <string.h>

enum {
    FEW = 16,   /* vCPUs up to which only one at a time is kept at home, as others may then gain more by leaving */
    ROUNDS = 4, /* plans that are made for more of them: one takes milliseconds */
};

static double sd_now(const struct placement_scratch *s)
{
    return placement_board_sd(&s->board, s->board.ssd);
}

static double leave_gain(const struct placement_scratch *s, int vcpu)
{
    return s->problem.vcpus[s->number[vcpu]].leave_gain;
}

/* True when the vCPU has a home and isn't there, nor where it was. */
static bool has_left(const struct placement_scratch *s, int vcpu)
{
    int p = s->board.at[vcpu];

    return s->wide[vcpu] != s->narrow[vcpu] && p != s->board.pinned_to[vcpu] &&
           !placement_problem_allows(s, s->narrow[vcpu], p);
}

/* What those who left, in the placement on the board, must gain altogether. */
static double price_of_leaving(const struct placement_scratch *s)
{
    double price = 0;

    for (int v = 0; v < s->board.n_vcpus; v++)
        price += has_left(s, v) ? leave_gain(s, v) : 0;
    return price;
}

/* The least that anybody's leaving must gain; infinite where nobody can leave. */
static double least_price(const struct placement_scratch *s)
{
    double least = INFINITY;

    for (int v = 0; v < s->board.n_vcpus; v++)
        if (s->wide[v] != s->narrow[v])
            least = fmin(least, leave_gain(s, v));
    return least;
}

/* The most that sd can fall by one step of one vCPU. */
static double most_by_one_step(const struct placement_board *b)
{
    double gap = b->load[b->order[0]] - b->load[b->order[b->n_pcpus - 1]];

    return placement_board_sd(b, b->ssd) - placement_board_sd(b, b->ssd - gap * gap / (2 * b->least_per_demand));
}

/* What the sd would rise by if the vCPU went home, alone. */
static double loss_at_home(const struct placement_scratch *s, int vcpu)
{
    const struct placement_board *b = &s->board;
    double least = INFINITY;

    for (int p = 0; p < b->n_pcpus; p++)
        if (placement_problem_allows(s, s->narrow[vcpu], p))
            least = fmin(least, b->ssd - placement_board_gain(b, b->demand[vcpu], b->at[vcpu], p));
    return placement_board_sd(b, least) - sd_now(s);
}

/* Keeps the one who gains least by leaving at home from now on, and, of many, all who gain less than they must. */
static void keep_at_home(struct placement_scratch *s)
{
    struct placement_board *b = &s->board;
    double least = INFINITY;
    int worst = -1;

    for (int v = 0; v < b->n_vcpus; v++) {
        double gain = has_left(s, v) ? loss_at_home(s, v) - leave_gain(s, v) : INFINITY;

        if (gain < 0 && b->n_vcpus > FEW)
            b->mask[v] = s->narrow[v];
        if (gain < least) {
            least = gain;
            worst = v;
        }
    }
    if (worst >= 0)
        b->mask[worst] = s->narrow[worst];
}

void placement_homes_leave(struct placement_scratch *s, const struct placement_goal *goal,
                           struct placement_result *result)
{
    struct placement_board *b = &s->board;
    struct placement_goal with = *goal;
    size_t bytes = (size_t)b->n_vcpus * sizeof(*b->at);
    /* What everybody at home could reach, as far as is known: the plan may have stopped short of that. */
    double home_sd = fmax(goal->bound, sd_now(s) - goal->near), best = home_sd;
    double least = least_price(s), price = least, sum;
    int moves = b->n_vcpus + 1; /* of the best trade */

    if ((!goal->force && sd_now(s) <= goal->aim) || (b->n_vcpus > FEW && most_by_one_step(b) < least))
        return;
    memcpy(s->kept, b->at, bytes);
    memcpy(b->mask, s->wide, bytes);
    for (int round = 0; price > 0 && (round < ROUNDS || b->n_vcpus <= FEW); round++) {
        struct placement_result leaving;

        with.bound = placement_bound_sd(b, b->mask, &s->area);
        if (with.bound + least > best)
            break;
        placement_search(s, &with, &leaving);
        price = price_of_leaving(s);
        sum = sd_now(s) + price;
        if (price > 0 && sum <= home_sd &&
            (sum < best - goal->near || (sum <= best + goal->near && b->n_moved < moves))) {
            best = sum;
            moves = b->n_moved;
            leaving.limit_sd = fmin(leaving.limit_sd, home_sd - price); /* nearness mustn't cost what leaving gains */
            *result = leaving;
            memcpy(s->kept, b->at, bytes);
        }
        keep_at_home(s);
    }
    placement_board_put(b, s->kept);
    for (int v = 0; v < b->n_vcpus; v++) /* nobody else leaves for nearness' sake */
        b->mask[v] = has_left(s, v) ? s->wide[v] : s->narrow[v];
}
