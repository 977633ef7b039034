#include "cpu/placement/placement_bound.h"

/* What square falls by, at most, when an item of that demand leaves (or fills) a pCPU so far from the mean. */
static double fall(double excess, double demand)
{
    double left = excess > demand ? excess - demand : 0;

    return excess * excess - left * left;
}

static int next_pinned(const struct placement_board *b, int item)
{
    while (item >= 0 && b->origin[item] < 0)
        item = b->next[item];
    return item;
}

/* Takes the best single item off any pCPU above the mean; returns the fall. */
static double take_best(const struct placement_board *b, struct placement_bound_room *room)
{
    double best = 0;
    int from = -1;

    for (int p = 0; p < b->n_pcpus; p++) {
        double gain = room->next[p] >= 0 && room->excess[p] > 0 ? fall(room->excess[p], b->demand[room->next[p]]) : 0;

        if (gain > best) {
            best = gain;
            from = p;
        }
    }
    if (from >= 0) {
        double left = room->excess[from] - b->demand[room->next[from]];

        room->excess[from] = left > 0 ? left : 0;
        room->next[from] = next_pinned(b, b->next[room->next[from]]);
    }
    return best;
}

/* Puts the r-th largest item on the pCPU furthest below the mean; returns the fall. */
static double fill_deepest(const struct placement_board *b, struct placement_bound_room *room)
{
    double best = 0;
    int to = -1;

    for (int p = 0; p < b->n_pcpus; p++) {
        /* per pCPU the largest items come first, whatever others got: a relaxation that keeps the bound true */
        int item = room->group[p];
        double gain = room->excess[p] < 0 && item < b->n_items ? fall(-room->excess[p], b->demand[item]) : 0;

        if (gain > best) {
            best = gain;
            to = p;
        }
    }
    if (to >= 0) {
        double left = room->excess[to] + b->demand[room->group[to]];

        room->excess[to] = left < 0 ? left : 0;
        room->group[to]++;
    }
    return best;
}

int placement_bound_moves(const struct placement_board *b, double target, int limit, struct placement_bound_room *room)
{
    double over = 0, under = 0;
    int moves = 0;

    for (int p = 0; p < b->n_pcpus; p++) {
        room->excess[p] = b->load[p] - b->mean;
        for (int i = b->head[p]; i >= 0; i = b->next[i])
            if (b->origin[i] < 0)
                room->excess[p] -= b->demand[i];
        room->next[p] = next_pinned(b, b->head[p]);
        room->group[p] = 0;
        if (room->excess[p] > 0)
            over += room->excess[p] * room->excess[p];
        else if (b->n_floating == 0)
            under += room->excess[p] * room->excess[p];
    }
    while (moves < limit && over + under > target) {
        double taken = take_best(b, room);
        double filled = b->n_floating == 0 ? fill_deepest(b, room) : 0;

        if (taken <= 0 && filled <= 0)
            return limit;
        over -= taken;
        under -= filled;
        moves++;
    }
    return moves;
}
