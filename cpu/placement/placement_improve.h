/*
 * Inside placement: improving the placement on a board by windows, each a few pCPUs and some of their items, solved
 * exactly while the rest stands still. Which windows is drawn from a generator that always starts alike.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_IMPROVE_H
#define CPU_PLACEMENT_PLACEMENT_IMPROVE_H

#include "cpu/placement/placement_board.h"
#include "cpu/placement/placement_window.h"

struct placement_improve {
    struct placement_board *board;
    struct placement_window *window;
    int *moved; /* room for a list of items */
    long work;  /* what searching may still cost */
    uint64_t random;
    int items[PLACEMENT_WINDOW_ITEMS_ON_TWO]; /* what is in the window */
    int pcpus[PLACEMENT_WINDOW_PCPUS];
};

/* Makes a window of the whole board, which must be small enough. */
bool placement_improve_fits(const struct placement_board *b);
void placement_improve_whole(struct placement_improve *m);

/* Carries out what the window found best with exactly so many moves of its items. */
void placement_improve_apply(struct placement_improve *m, int moves);

/* Lowers the number of moves while square stays at or below limit, and square where that costs none; down to no fewer
 * than `fewest` moves. */
void placement_improve_moves(struct placement_improve *m, double limit, int fewest);

/* Lowers square, whatever it costs, until it is at or below the target or nothing helps any more. With `free`, only
 * floating and moved items change. */
void placement_improve_square(struct placement_improve *m, double target, bool free);

#endif
