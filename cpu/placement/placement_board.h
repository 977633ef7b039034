/*
 * Inside placement: the board on which plans are tried. It holds which item (a vCPU that may move) lies on which pCPU,
 * the loads that follow, and pCPUs in order of load. Items are numbered by falling demand, so a list in order of
 * number is a list in order of demand.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_BOARD_H
#define CPU_PLACEMENT_PLACEMENT_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is sorted: by falling key, equal keys in the order they came. */
struct placement_key {
    double key;
    int id;
};

enum { PLACEMENT_BOARD_LOWS = 2 }; /* most hosts have no more nodes */

struct placement_board {
    int n_pcpus, n_items, n_floating;
    int words;   /* of a mask row: one bit per pCPU index */
    double mean; /* of the loads; the same for every placement */

    /* the problem; per pCPU or per item */
    double *base;   /* load of the pCPU that stays whatever is planned */
    double *demand; /* falling */
    int *origin;    /* pCPU the item is pinned to; -1: it floats, and is free to go anywhere */
    int *hint;      /* pCPU the item runs on; -1 unknown */
    int *row;       /* mask row that rules the item */
    uint64_t *rows;

    /* the placement being tried */
    int *at;               /* per item: its pCPU */
    double *load;          /* per pCPU */
    double square;         /* sum over pCPUs of (load - mean)^2: what planning lowers */
    int n_moved;           /* pinned items that aren't at their origin */
    int *count;            /* per pCPU: items on it */
    int *loose;            /* per pCPU: those of them that moved or float, and so may go elsewhere for nothing */
    int n_loose;           /* all of them */
    bool *stuck;           /* per pCPU: for descents, nothing helps from here */
    uint64_t *version;     /* per pCPU: another one whenever its items change, and never the same for two pCPUs */
    uint64_t last_version; /* never starts again */
    uint64_t *reach;  /* per pCPU: row of the pCPUs that its items may go to, and perhaps of more: see find_reach */
    int *head, *tail; /* per pCPU: its items of largest and least demand, -1 none; next and prev lead on by demand */
    int *next, *prev;
    /* what placement_board_past_alike remembers: */
    int *skip;            /* per item: what it answered for it; */
    uint64_t *skip_grown; /* good as long as this is its pCPU's */
    uint64_t *grown;      /* per pCPU: another one whenever an item comes, and never the same for two pCPUs */
    int *gone_from;       /* per item: pCPU that it left last; */
    int *gone_next;       /* and the item that followed it there */
    int *lows;            /* room for PLACEMENT_BOARD_LOWS lists of pCPUs */
    int *order, *rank;    /* pCPUs by falling load, and where each is in that */

    struct placement_key *keys, *spare; /* room to sort in: the larger of pCPUs and items */
};

/* Sorts by falling key, stably, with spare as large as keys. n log n. */
void placement_sort(struct placement_key *keys, struct placement_key *spare, int n);

/* Puts item i on at[i] for all i (at may be board->at), and works out all that follows. */
void placement_board_put(struct placement_board *b, const int *at);
void placement_board_move(struct placement_board *b, int item, int to);
/* Two items change places. */
void placement_board_exchange(struct placement_board *b, int item, int partner);

/* The same as a move, but for the order of pCPUs: when all is shifted, those that changed must be put in order. */
void placement_board_shift(struct placement_board *b, int item, int to);
void placement_board_reorder(struct placement_board *b, const int *pcpus, int n);

/* Works out anew where the items of a pCPU may go, so that those that left don't count any more. */
void placement_board_find_reach(struct placement_board *b, int pcpu);

/* Forgets what was remembered of rules; to be called when rows have changed. */
void placement_board_renew_alike(struct placement_board *b);
/* The first item below this one, on the same pCPU, that isn't ruled like it; -1 none. What lies between may go nowhere
 * else where this one may not. */
int placement_board_past_alike(struct placement_board *b, int item);

static inline bool placement_board_in_row(const uint64_t *row, int pcpu)
{
    return row[pcpu / 64] >> (pcpu % 64) & 1;
}

/* The pCPUs that a mask row, the item's own row, or the items of a pCPU allow: one bit per pCPU index. */
static inline const uint64_t *placement_board_row(const struct placement_board *b, int row)
{
    return b->rows + (size_t)row * (size_t)b->words;
}

static inline const uint64_t *placement_board_row_of(const struct placement_board *b, int item)
{
    return placement_board_row(b, b->row[item]);
}

static inline uint64_t *placement_board_reach_of(const struct placement_board *b, int pcpu)
{
    return b->reach + (size_t)pcpu * (size_t)b->words;
}

/* True when the item may be on that pCPU: by its mask, or because it's where it was found. */
static inline bool placement_board_may(const struct placement_board *b, int item, int pcpu)
{
    return placement_board_in_row(placement_board_row_of(b, item), pcpu) || b->origin[item] == pcpu;
}

/* False when no item of `from` may be on `to`. */
static inline bool placement_board_reaches(const struct placement_board *b, int from, int to)
{
    return placement_board_in_row(placement_board_reach_of(b, from), to);
}

/* Moves that the item costs when it ends on that pCPU: 0 or 1. */
static inline int placement_board_price(const struct placement_board *b, int item, int pcpu)
{
    return b->origin[item] >= 0 && b->origin[item] != pcpu;
}

/* Moves that it costs more when the item goes there from where it is: -1, 0 or 1. */
static inline int placement_board_price_change(const struct placement_board *b, int item, int pcpu)
{
    return placement_board_price(b, item, pcpu) - placement_board_price(b, item, b->at[item]);
}

/* By how much square falls when demand goes from one pCPU to another. */
static inline double placement_board_gain(const struct placement_board *b, double demand, int from, int to)
{
    return 2 * demand * (b->load[from] - b->load[to] - demand);
}

/* Gives the pCPU a version that none had before. */
static inline void placement_board_renew(struct placement_board *b, int pcpu)
{
    b->version[pcpu] = ++b->last_version;
}

/* The square that belongs to a standard deviation, and the other way round. */
double placement_board_square(const struct placement_board *b, double sd);
double placement_board_sd(const struct placement_board *b, double square);

#endif
