/*
 * Inside placement: what its files share. First the whole algorithm, in the order in which the files come.
 *
 * All placements of the same vCPUs have the same mean load, so the standard deviation is low where the sum of squared
 * deviations ("ssd"; each pCPU counts by its capacity) is. A vCPU of demand d that goes from load A to load B, both on
 * pCPUs of capacity 1, lowers it by 2d(A - B - d): most where d is half of the difference, nothing from the whole
 * difference on. Everything here rests on that.
 *
 *      problem                                                                                    plan
 *         |                                                                                         ^
 *   1 lay out ----> 2 bound ----> 3 place what floats ----> within the trigger? --yes---------------|
 *   who may move,   what no       longest demand first,              | no                           |
 *   masks, board    placement     then a descent                     v                              |
 *                   gets below                     up to 14 busy vCPUs on 16 pCPUs?                 |
 *                                                   | yes                     | no                  |
 *                                                   v                         v                     |
 *                                        5 one window: the exact      4 descend to the target,      |
 *                                        least ssd for every          take back needless moves,     |
 *                                        number of moves              5 windows of 3 pCPUs find     |
 *                                                   |                 fewer moves                   |
 *                                                   +-----------+-------------+                     |
 *                                                               v                                   |
 *                                              6 leave the memory's node, where                     |
 *                                                that gains what it must                            |
 *                                                               v                                   |
 *                                              7 nearer places at no cost, ---> order of moves -----+
 *
 * 1  placement_problem.c lays the problem out on a board: the vCPUs that may move, numbered by falling demand, which
 *    pCPUs their masks allow, and the load that stays. placement_board.c keeps the board: who is where, the loads, and
 *    the pCPUs in order of load.
 * 2  placement_bound.c says what no placement gets below, so that a search knows when it is done.
 * 3  placement_search.c pins what floats without moving anything else.
 * 4  placement_descent.c goes down by the steepest step per move: a vCPU goes, or two change places. Where the target
 *    is out of reach, a second descent starts from longest processing time first (LPT).
 * 5  placement_window.c solves a few vCPUs on a few pCPUs exactly while the rest stands still: pCPU by pCPU, for each
 *    set of vCPUs placed so far and each number of moves, it keeps the least ssd. On a small host the window is
 *    everything; on a large one windows drawn by lot replace moves by fewer ones.
 * 6  placement_homes.c lets vCPUs leave the node of their memory where that gains as much as it must.
 * 7  placement_nearer.c chooses the nearer of equal places, and puts the moves in order.
 *
 * Where hyperthreads can't be balanced, as few of many vCPUs are hot, placement_cores.c does all of that twice more:
 * for the cores, and then for the threads of each core.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_INSIDE_H
#define CPU_PLACEMENT_PLACEMENT_INSIDE_H

#include "cpu/placement/placement.h"

#include <stddef.h>

/* A fall of ssd by less than this is none: rounding errors are smaller, differences that matter are larger. */
#define PLACEMENT_SSD_EPS 1e-7

/* What is sorted: by falling key, equal keys in the order they came. */
struct placement_key {
    double key;
    int id;
};

/* The placement being tried. Its vCPUs are those of the problem that may move, numbered by falling demand, so that a
 * list in order of number is a list in order of demand. */
struct placement_board {
    int n_pcpus, n_vcpus, n_floating;
    int words;       /* of a mask: one bit per pCPU index */
    double mean;     /* load of every pCPU if all were level */
    double capacity; /* of all pCPUs together */
    bool all_full;   /* each has a capacity of 1 */

    double *weight;          /* per pCPU: its capacity, by which its squared deviation counts */
    double *per_demand;      /* per pCPU: load that one point of demand makes, 1 / capacity */
    double least_per_demand; /* of all pCPUs */
    double *base;            /* per pCPU: load that stays whatever is planned */
    double *demand;          /* per vCPU; falling */
    int *pinned_to;          /* per vCPU: pCPU it is pinned to; -1: it floats, and is free to go anywhere */
    int *runs_on;            /* per vCPU: pCPU where its load is now; -1 unknown */
    int *mask;               /* per vCPU: which of masks rules it */
    uint64_t *masks;
    int n_masks;

    int *at;          /* per vCPU: its pCPU */
    double *load;     /* per pCPU */
    double ssd;       /* sum over pCPUs of capacity x (load - mean)^2: what planning lowers */
    int n_moved;      /* pinned vCPUs that aren't where they are pinned */
    int *costless;    /* per pCPU: vCPUs on it that moved or float, and so may go elsewhere at no further move */
    int n_costless;   /* all of them */
    bool pinned_stay; /* a descent moves floating vCPUs alone */
    bool *stuck;      /* per pCPU: for a descent, nothing helps from here until its vCPUs change */
    uint64_t *reach;  /* per pCPU: mask of where its vCPUs may go; may hold more, see placement_board_renew_reach */
    int *head, *tail; /* per pCPU: its vCPUs of largest and least demand, -1 none; next and prev lead on by demand */
    int *next, *prev;
    int *order, *rank; /* pCPUs by falling load, and where each is in that */

    struct placement_key *keys, *spare; /* to sort with: the larger of n_pcpus and n_vcpus */
};

/* Sorts by falling key, stably, without allocating; spare is as large as keys. */
void placement_sort(struct placement_key *keys, struct placement_key *spare, int n);

/* Puts each vCPU on its pCPU in at (which may be board->at), and works out all that follows. */
void placement_board_put(struct placement_board *b, const int *at);
void placement_board_move(struct placement_board *b, int vcpu, int to);
/* Two vCPUs change places. */
void placement_board_exchange(struct placement_board *b, int vcpu, int partner);
/* A move that leaves the order of pCPUs for later: after the last one, those that changed are put in order. */
void placement_board_shift(struct placement_board *b, int vcpu, int to);
void placement_board_reorder(struct placement_board *b, const int *pcpus, int n);
/* Works out anew where the vCPUs of a pCPU may go, so that those that left don't count any more. */
void placement_board_renew_reach(struct placement_board *b, int pcpu);

static inline bool placement_mask_has(const uint64_t *mask, int pcpu)
{
    return mask[pcpu / 64] >> (pcpu % 64) & 1;
}

static inline const uint64_t *placement_board_mask(const struct placement_board *b, int mask)
{
    return b->masks + (size_t)mask * (size_t)b->words;
}

static inline uint64_t *placement_board_reach(const struct placement_board *b, int pcpu)
{
    return b->reach + (size_t)pcpu * (size_t)b->words;
}

/* True when the vCPU may be on that pCPU: by its mask, or because it is pinned there now. */
static inline bool placement_board_may(const struct placement_board *b, int vcpu, int pcpu)
{
    return placement_mask_has(placement_board_mask(b, b->mask[vcpu]), pcpu) || b->pinned_to[vcpu] == pcpu;
}

/* Moves that it costs when the vCPU ends on that pCPU: 0 or 1. */
static inline int placement_board_cost(const struct placement_board *b, int vcpu, int pcpu)
{
    return b->pinned_to[vcpu] >= 0 && b->pinned_to[vcpu] != pcpu;
}

/* Moves that it costs more when the vCPU goes there from where it is: -1, 0 or 1. */
static inline int placement_board_more_cost(const struct placement_board *b, int vcpu, int pcpu)
{
    return placement_board_cost(b, vcpu, pcpu) - placement_board_cost(b, vcpu, b->at[vcpu]);
}

/* By how much ssd falls when demand goes from one pCPU to another. */
static inline double placement_board_gain(const struct placement_board *b, double demand, int from, int to)
{
    return demand * (2 * (b->load[from] - b->load[to]) - demand * (b->per_demand[from] + b->per_demand[to]));
}

/* The ssd that belongs to a standard deviation, and the other way round. */
double placement_board_ssd(const struct placement_board *b, double sd);
double placement_board_sd(const struct placement_board *b, double ssd);
/* The standard deviation of any loads of its pCPUs, whatever their mean; each counts by its capacity. */
double placement_board_sd_of(const struct placement_board *b, const double *load);

/* Working memory of the bounds. */
struct placement_bound_area {
    double *floor;   /* n_pcpus + 1 */
    double *largest; /* n_vcpus + 1: demand of the k largest vCPUs of a group */
    double *sorted;  /* n_pcpus: what is wanted on each; then backgrounds, rising */
    double *level;   /* n_pcpus */
    bool *joined;    /* one per mask */
    int *group;      /* n_pcpus */
    int *count;      /* n_pcpus + 1 */
};

/*
 * Returns a lower bound on the standard deviation, over all placements of the board's vCPUs under the masks given (an
 * index into board->masks per vCPU). pCPUs that no vCPU can get to or from are bounded apart, each group by the higher
 * of two ways; see placement_bound.c.
 */
double placement_bound_sd(const struct placement_board *b, const int *mask, struct placement_bound_area *area);

/* Returns a lower bound on the moves that bring ssd down to target from a board on which nothing pinned has moved;
 * limit is where counting stops. */
int placement_bound_moves(const struct placement_board *b, double target, int limit, struct placement_bound_area *area);

/* Goes down by the steepest step per move until ssd is at or below the target, or no step lowers it. */
void placement_descend(struct placement_board *b, double target);
/* Takes back the move that matters least; false when ssd would rise above limit. */
bool placement_take_one_back(struct placement_board *b, double limit);

enum {
    PLACEMENT_WINDOW_VCPUS =
        14, /* most: the tables take 4 MiB; with 13 half, but hosts are solved exactly less often */
    PLACEMENT_WINDOW_PCPUS = 16, /* most: more pCPUs than vCPUs only add empty ones */
    PLACEMENT_WINDOW_SETS = 1 << PLACEMENT_WINDOW_VCPUS,
    PLACEMENT_WINDOW_CELLS = 1 << 17,   /* most (sets of vCPUs) x (numbers of moves) */
    PLACEMENT_WINDOW_CHOICES = 1 << 19, /* most of those x (pCPUs but the first and last) */
};

/* A few vCPUs on a few pCPUs while all else stands still. */
struct placement_window {
    int n_vcpus, n_pcpus;
    int vcpus[PLACEMENT_WINDOW_VCPUS], pcpus[PLACEMENT_WINDOW_PCPUS]; /* of the board */
    double limit;  /* ssd, over the window's pCPUs, that is of no interest any more */
    int max_moves; /* moves that are of no interest any more, plus one */

    /* the answer: least ssd with exactly so many moves; infinite where limit can't be kept */
    double ssd[PLACEMENT_WINDOW_VCPUS + 1];

    /* within */
    double mean;
    double base[PLACEMENT_WINDOW_PCPUS]; /* demand of what isn't in the window */
    double capacity[PLACEMENT_WINDOW_PCPUS];
    double per_demand[PLACEMENT_WINDOW_PCPUS];
    uint32_t may[PLACEMENT_WINDOW_PCPUS];   /* vCPUs that may be there */
    uint32_t costs[PLACEMENT_WINDOW_PCPUS]; /* vCPUs that count as moved when there */
    int stride;
    uint32_t last[PLACEMENT_WINDOW_VCPUS + 1];  /* per moves: what the last pCPU got */
    double sums[PLACEMENT_WINDOW_SETS];         /* per set: its demand */
    double deviation[PLACEMENT_WINDOW_SETS];    /* per set: squared deviation of the pCPU being filled with it */
    double value[2][PLACEMENT_WINDOW_CELLS];    /* per set and moves: least ssd so far, before and after this pCPU */
    double least[2][PLACEMENT_WINDOW_SETS];     /* per set: least of its values */
    uint16_t reached[2][PLACEMENT_WINDOW_SETS]; /* the sets that have a value */
    uint16_t fits[PLACEMENT_WINDOW_SETS];       /* the sets that this pCPU may get */
    uint16_t choice[PLACEMENT_WINDOW_CHOICES];  /* per pCPU but the first and last, set and moves: what it got */
    uint16_t *chosen;                           /* the part of choice that belongs to the pCPU being filled */
};

/*
 * Solves the window of w->vcpus and w->pcpus. work is what the search may cost, and is lowered by what it did; it is
 * counted, not timed, so that a search that is given up is always given up at the same point. Returns true when done
 * (ssd is then exact for up to max_moves - 1 moves and below limit), false when given up or too large.
 */
bool placement_window_solve(struct placement_window *w, const struct placement_board *b, long *work);
/* Carries out what was found best with exactly so many moves; its ssd must be finite. */
void placement_window_apply(const struct placement_window *w, struct placement_board *b, int moves);

/* What a search is to reach. */
struct placement_goal {
    double trigger, aim, min_gain; /* points of sd, as in struct placement_problem */
    double near;                   /* points above the best sd that are as good as the best */
    double bound;                  /* lower bound on sd */
    bool force;
};

/* What a search came to, apart from the plan on the board. */
struct placement_result {
    double start_sd;    /* once floating vCPUs are placed and nothing else moves */
    double limit_sd;    /* up to which the placement on the board would be as good */
    double best_sd;     /* of all placements, where that was found out; 0 where not */
    int rejected_moves; /* moves of a plan that wasn't worth it, 0 none */
    double rejected_sd;
};

/* Working memory, in one block that is carved up anew for each problem. */
struct placement_scratch {
    char *block;
    size_t block_bytes;
    struct placement_problem problem; /* the caller's, with what it left open filled in */
    struct placement_board board;
    struct placement_bound_area area;
    struct placement_window window;
    long work;       /* what windows may still cost */
    uint64_t random; /* draws windows; always starts alike */

    /* masks, shared by vCPUs that have the same */
    int *mask_home;   /* per mask: node that narrows it, -1 none */
    int *mask_sample; /* per mask: a vCPU that has it */
    int *mask_size;   /* per mask: pCPUs in it */

    int *number;       /* per vCPU of the board: its number in the problem */
    int *index;        /* per vCPU of the problem: its number on the board, -1 for one that stays */
    int *wide;         /* per vCPU of the board: its mask without regard to home */
    int *narrow;       /* per vCPU of the board: its mask that keeps it at home, if it is */
    int *start, *best; /* per vCPU of the board: where it is when nothing pinned moves; in the best placement so far */
    int *at_home;      /* per vCPU of the board: where it is in the plan in which nobody leaves home */
    int *kept;         /* per vCPU of the board: where it was before hot ones were parted */
    int *list;         /* per vCPU of the problem: for lists that don't outlast a function */
    int *core;         /* per pCPU: its core, numbered from 0 */
    int *hot_on;       /* per core: hot vCPUs on its pCPUs */
    int *stays;        /* per pCPU: a vCPU that stays there, -1 none; next_stays leads on */
    int *next_stays;   /* per vCPU of the problem */
    double *before, *after; /* per pCPU: loads */
    int *to;                /* per vCPU of the problem */
    struct placement_move *moves;

    /* for planning by cores */
    struct placement_scratch *inner; /* NULL until it is needed */
    int n_cores;
    struct placement_vcpu *core_vcpus; /* per vCPU of the problem */
    uint64_t *core_masks;              /* the same */
    double *core_capacity, *core_load; /* per core */
    int *core_llc, *core_node;         /* per core */
};

/* Lays the problem out. 0, -ENOMEM or -EINVAL. */
int placement_problem_lay_out(struct placement_scratch *s, const struct placement_problem *problem);
/* True when the mask has the pCPU. */
bool placement_problem_allows(const struct placement_scratch *s, int mask, int pcpu);

/* Finds the plan for the problem, which has been laid out, pCPU by pCPU; fills out as placement_plan does. */
void placement_plan_pcpus(struct placement_scratch *s, struct placement *out);
/* Puts in place of it one that balances the cores, where pCPUs can't be balanced and cores aren't. 0 or -ENOMEM. */
int placement_cores_plan(struct placement_scratch *s, struct placement *out);
/* Lists as moves whoever isn't where it is pinned, given where all are after the plan (s->to), in order, with gains. */
void placement_list_moves(struct placement_scratch *s, struct placement *out);

/* Finds the plan for the goal, under the masks on the board, and leaves it there. */
void placement_search(struct placement_scratch *s, const struct placement_goal *goal, struct placement_result *result);

/* To be called with a plan on the board in which nobody leaves home. Replaces it by one in which some do, where that
 * lowers sd by at least the sum of what they must gain; result is then that of the new plan. */
void placement_homes_leave(struct placement_scratch *s, const struct placement_goal *goal,
                           struct placement_result *result);

/* Changes the plan on the board so that moves are nearer, vCPUs of one guest lie on different pCPUs and hot vCPUs on
 * different cores, without one move more and up to a limit on ssd. */
void placement_nearer_settle(struct placement_scratch *s, double limit);
/* Moves hot vCPUs off cores that have several to cores that have none, up to a limit on ssd: the one thing that is done
 * at the cost of a move that doesn't lower sd. To be called after placement_nearer_settle. */
void placement_nearer_part(struct placement_scratch *s, double limit);
/* Orders the n moves in s->moves by what they gain, and fills in their gains. s->after: loads before the first; becomes
 * those after the last. */
void placement_nearer_order(struct placement_scratch *s, int n);

#endif
