/*
 * Inside placement: the exact search of a window, which is a few items on a few pCPUs while all else stands still (or,
 * on a small host, all there is). For each number of moves it finds the least square that so many can reach.
 *
 * It goes from pCPU to pCPU and keeps, for each set of items placed so far and each number of moves, the least square;
 * sets whose square is beyond the limit however the rest is placed are dropped, which leaves few of them. Work is
 * counted, not timed, so that a search that is given up is always given up at the same point.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_WINDOW_H
#define CPU_PLACEMENT_PLACEMENT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PLACEMENT_WINDOW_ITEMS = 14,        /* most, on more than two pCPUs */
    PLACEMENT_WINDOW_ITEMS_ON_TWO = 20, /* most, on two, where nothing but the answer must be kept */
    PLACEMENT_WINDOW_PCPUS = 16,
    PLACEMENT_WINDOW_CELLS = 1 << 17,   /* most (sets of items) x (numbers of moves) */
    PLACEMENT_WINDOW_CHOICES = 1 << 19, /* most of those x (pCPUs but the first and last) */
};

struct placement_window {
    /* set by the caller */
    int n_items, n_pcpus;
    double demand[PLACEMENT_WINDOW_ITEMS_ON_TWO];
    double base[PLACEMENT_WINDOW_PCPUS];    /* load of what isn't in the window */
    uint32_t may[PLACEMENT_WINDOW_PCPUS];   /* items that may be there */
    uint32_t costs[PLACEMENT_WINDOW_PCPUS]; /* items that count as moved when there */
    double mean;
    double limit;  /* square, over the window's pCPUs, that is of no interest any more */
    int max_moves; /* moves that are of no interest any more, plus one */

    /* the answer: least square with exactly so many moves; infinite where limit can't be kept */
    double square[PLACEMENT_WINDOW_ITEMS_ON_TWO + 1];

    /* within */
    int sequence[PLACEMENT_WINDOW_PCPUS]; /* pCPUs in the order they are filled */
    int stride;
    double *sums;         /* per set: its demand */
    double *cost;         /* per set: square of the pCPU being filled with it */
    double *value[2];     /* per set and moves: least square so far, before and after this pCPU */
    double *least[2];     /* per set: least of its values */
    uint16_t *reached[2]; /* the sets that have a value */
    uint16_t *fits;       /* the sets that this pCPU may get */
    uint16_t *choice;     /* per pCPU but the first and last, set and moves: what this pCPU got */
    uint16_t *chosen;     /* the part of choice that belongs to the pCPU being filled */
    uint32_t last[PLACEMENT_WINDOW_ITEMS_ON_TWO + 1]; /* per moves: what the last pCPU got */
};

/* All the memory a window of any size needs, some 4 MiB of which small ones touch little. NULL when memory is out. */
struct placement_window *placement_window_create(void);
void placement_window_free(struct placement_window *w);

/*
 * Searches. work is what the search may cost and is lowered by what it did. Returns true when done (square is then
 * exact for up to max_moves - 1 moves and below the limit), false when given up.
 */
bool placement_window_search(struct placement_window *w, long *work);

/* After a search: on[i] becomes the window's pCPU of item i in the best placement of exactly so many moves, whose
 * square must be finite. */
void placement_window_read(const struct placement_window *w, int moves, int *on);

#endif
