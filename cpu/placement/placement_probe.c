#include "cpu/placement/placement_probe.h"

#include <math.h>
#include <string.h>

struct probe {
    struct placement_board *b;
    int moves;
    double square; /* lowest so far */
    bool found;
    int item[PLACEMENT_PROBE_MOVES], to[PLACEMENT_PROBE_MOVES];           /* being tried */
    int best_item[PLACEMENT_PROBE_MOVES], best_to[PLACEMENT_PROBE_MOVES]; /* of the lowest */
    int *floating_at, *best_floating_at;                                  /* per item, the same */
};

double placement_probe_sets(const struct placement_board *b, int moves)
{
    double sets = pow(b->n_pcpus, b->n_floating);

    for (int k = 0; k < moves; k++)
        sets *= (double)(b->n_items - b->n_floating - k) / (k + 1) * (b->n_pcpus - 1);
    return sets;
}

static void keep(struct probe *p, double square)
{
    p->square = square;
    p->found = true;
    memcpy(p->best_item, p->item, sizeof(p->item));
    memcpy(p->best_to, p->to, sizeof(p->to));
    memcpy(p->best_floating_at, p->floating_at, (size_t)p->b->n_items * sizeof(*p->floating_at));
}

/* The last move of a set is the best one for its item: to the least loaded pCPU. */
static void try_last(struct probe *p, int item, double square)
{
    const struct placement_board *b = p->b;
    int from = b->origin[item], to = -1;

    for (int q = 0; q < b->n_pcpus; q++)
        if (q != from && (to < 0 || b->load[q] < b->load[to]) && placement_board_may(b, item, q))
            to = q;
    if (to < 0)
        return;
    square -= placement_board_gain(b, b->demand[item], from, to);
    if (square > p->square || (p->found && square >= p->square))
        return;
    p->item[p->moves - 1] = item;
    p->to[p->moves - 1] = to;
    keep(p, square);
}

static void try_sets(struct probe *p, int done, int first, double square)
{
    struct placement_board *b = p->b;

    for (int i = first; i < b->n_items; i++) {
        int from = b->origin[i];
        double demand = b->demand[i];

        if (from < 0)
            continue;
        if (done == p->moves - 1) {
            try_last(p, i, square);
            continue;
        }
        for (int to = 0; to < b->n_pcpus; to++) {
            double gain;

            if (to == from || !placement_board_may(b, i, to))
                continue;
            gain = placement_board_gain(b, demand, from, to);
            p->item[done] = i;
            p->to[done] = to;
            b->load[from] -= demand;
            b->load[to] += demand;
            try_sets(p, done + 1, i + 1, square - gain);
            b->load[to] -= demand;
            b->load[from] += demand;
        }
    }
}

/* Floating items go everywhere, and for each way of that all sets of moves are tried. */
static void try_floating(struct probe *p, int first, double square)
{
    struct placement_board *b = p->b;
    int i = first, was;

    while (i < b->n_items && b->origin[i] >= 0)
        i++;
    if (i == b->n_items) {
        if (p->moves)
            try_sets(p, 0, 0, square);
        else if (square <= p->square)
            keep(p, square);
        return;
    }
    was = b->at[i];
    for (int to = 0; to < b->n_pcpus; to++) {
        double gain = to == was ? 0 : placement_board_gain(b, b->demand[i], was, to);

        if (!placement_board_may(b, i, to))
            continue;
        b->load[was] -= b->demand[i];
        b->load[to] += b->demand[i];
        p->floating_at[i] = to;
        try_floating(p, i + 1, square - gain);
        b->load[to] -= b->demand[i];
        b->load[was] += b->demand[i];
    }
}

bool placement_probe(struct placement_board *b, int moves, double limit, int *room)
{
    struct probe p = {
        .b = b, .moves = moves, .square = limit, .floating_at = room, .best_floating_at = room + b->n_items};

    if (moves < 0 || moves > PLACEMENT_PROBE_MOVES)
        return false;
    try_floating(&p, 0, b->square);
    placement_board_put(b, b->at); /* loads came back but for rounding */
    if (!p.found)
        return false;
    for (int i = 0; i < b->n_items; i++)
        if (b->origin[i] < 0)
            placement_board_move(b, i, p.best_floating_at[i]);
    for (int k = 0; k < moves; k++)
        placement_board_move(b, p.best_item[k], p.best_to[k]);
    return true;
}
