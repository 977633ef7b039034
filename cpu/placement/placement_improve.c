#include "cpu/placement/placement_improve.h"

#include <math.h>

enum {
    FEW = 40,          /* items up to which square is lowered, too, once there are as few moves as can be */
    STALE_ROUNDS = 50, /* windows in vain, for each move there is, after which no more are tried */
};

/* Sizes of windows, used in turn: what one doesn't find another may. */
static const struct {
    int pcpus, items;
} sizes[] = {{3, 9}, {2, 15}, {3, 9}, {4, 9}, {3, 9}, {3, 11}};

enum { SIZES = sizeof(sizes) / sizeof(*sizes) };

static const double eps = 1e-7;

static uint32_t draw(struct placement_improve *m, int below)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (uint32_t)((m->random >> 33) % (uint64_t)below);
}

static bool is_settled(const struct placement_board *b, int item)
{
    return b->origin[item] == b->at[item];
}

/* Adds an item of one kind to the window, or, where it's full, gives each of the kind the same chance to be in. */
static int offer(struct placement_improve *m, int item, int n, int most, int first, int *seen)
{
    ++*seen;
    if (n < most) {
        m->items[n] = item;
        return n + 1;
    }
    if (first < n) {
        int slot = (int)draw(m, *seen);

        if (slot < n - first)
            m->items[first + slot] = item;
    }
    return n;
}

static void describe_window(struct placement_improve *m, int n_items, int n_pcpus)
{
    const struct placement_board *b = m->board;
    struct placement_window *w = m->window;

    w->n_items = n_items;
    w->n_pcpus = n_pcpus;
    w->mean = b->mean;
    for (int q = 0; q < n_pcpus; q++) {
        w->base[q] = b->load[m->pcpus[q]];
        w->may[q] = w->costs[q] = 0;
    }
    for (int i = 0; i < n_items; i++) {
        w->demand[i] = b->demand[m->items[i]];
        for (int q = 0; q < n_pcpus; q++) {
            if (m->pcpus[q] == b->at[m->items[i]])
                w->base[q] -= w->demand[i];
            if (placement_board_may(b, m->items[i], m->pcpus[q]))
                w->may[q] |= 1u << i;
            if (placement_board_price(b, m->items[i], m->pcpus[q]))
                w->costs[q] |= 1u << i;
        }
    }
}

/* Takes items of the window's pCPUs in: those that moved or float first, then (unless free) some of the others. */
static void take_items(struct placement_improve *m, int n_pcpus, int most, bool free)
{
    const struct placement_board *b = m->board;
    int n = 0, seen = 0, first;

    for (int q = 0; q < n_pcpus; q++)
        for (int i = b->head[m->pcpus[q]]; i >= 0; i = b->next[i])
            if (!is_settled(b, i))
                n = offer(m, i, n, most, 0, &seen);
    first = n;
    seen = 0;
    for (int q = 0; q < n_pcpus && !free; q++)
        for (int i = b->head[m->pcpus[q]]; i >= 0; i = b->next[i])
            if (is_settled(b, i))
                n = offer(m, i, n, most, first, &seen);
    describe_window(m, n, n_pcpus);
}

bool placement_improve_fits(const struct placement_board *b)
{
    int most = b->n_pcpus == 2 ? PLACEMENT_WINDOW_ITEMS_ON_TWO : PLACEMENT_WINDOW_ITEMS;

    return b->n_items <= most && b->n_pcpus <= PLACEMENT_WINDOW_PCPUS;
}

void placement_improve_whole(struct placement_improve *m)
{
    for (int i = 0; i < m->board->n_items; i++)
        m->items[i] = i;
    for (int p = 0; p < m->board->n_pcpus; p++)
        m->pcpus[p] = p;
    describe_window(m, m->board->n_items, m->board->n_pcpus);
}

void placement_improve_apply(struct placement_improve *m, int moves)
{
    int on[PLACEMENT_WINDOW_ITEMS_ON_TWO];

    placement_window_read(m->window, moves, on);
    for (int i = 0; i < m->window->n_items; i++)
        placement_board_shift(m->board, m->items[i], m->pcpus[on[i]]);
    placement_board_reorder(m->board, m->pcpus, m->window->n_pcpus);
}

static double window_square(const struct placement_improve *m)
{
    double square = 0;

    for (int q = 0; q < m->window->n_pcpus; q++) {
        double off = m->board->load[m->pcpus[q]] - m->board->mean;

        square += off * off;
    }
    return square;
}

static int window_moves(const struct placement_improve *m)
{
    int moves = 0;

    for (int i = 0; i < m->window->n_items; i++)
        moves += placement_board_price(m->board, m->items[i], m->board->at[m->items[i]]);
    return moves;
}

/* Adds a pCPU to the window unless it is in; returns how many are. */
static int add_pcpu(struct placement_improve *m, int n, int size, int pcpu)
{
    for (int q = 0; q < n; q++)
        if (m->pcpus[q] == pcpu)
            return n;
    if (pcpu < 0 || n >= size)
        return n;
    m->pcpus[n] = pcpu;
    return n + 1;
}

static int draw_pcpu(struct placement_improve *m)
{
    const struct placement_board *b = m->board;
    int ends = b->n_pcpus < 8 ? b->n_pcpus : 8, r = (int)draw(m, ends);

    if (draw(m, 2))
        return (int)draw(m, b->n_pcpus);
    return r & 1 ? b->order[r / 2] : b->order[b->n_pcpus - 1 - r / 2];
}

/* pCPUs that moved items come from and went to, and others. */
static int choose_by_moves(struct placement_improve *m, int size, int n_moved)
{
    const struct placement_board *b = m->board;
    int n = 0;

    if (size > b->n_pcpus)
        size = b->n_pcpus;

    for (int tries = 0; n < size && tries < 20; tries++) {
        if (n_moved && (tries == 0 || draw(m, 4))) {
            int item = m->moved[draw(m, n_moved)];

            n = add_pcpu(m, n, size, b->at[item]);
            n = add_pcpu(m, n, size, b->origin[item]);
        } else {
            n = add_pcpu(m, n, size, draw_pcpu(m));
        }
    }
    return n;
}

static bool fewer_moves(struct placement_improve *m, double limit)
{
    struct placement_window *w = m->window;
    double square = window_square(m);
    int moves = window_moves(m);

    w->limit = limit - (m->board->square - square);
    w->max_moves = moves + 1;
    if (!placement_window_search(w, &m->work))
        return false;
    for (int k = 0; k <= moves; k++)
        if (k < moves ? !isinf(w->square[k]) : w->square[k] < square - eps) {
            placement_improve_apply(m, k);
            return true;
        }
    return false;
}

static int list_moved(struct placement_improve *m)
{
    int n = 0;

    for (int i = 0; i < m->board->n_items; i++)
        if (!is_settled(m->board, i) && m->board->origin[i] >= 0)
            m->moved[n++] = i;
    return n;
}

/* Windows in vain after which no more are tried: fewer where only square is left to lower. */
static int patience(const struct placement_improve *m, int n_moved, int fewest)
{
    if (m->board->n_moved > fewest)
        return STALE_ROUNDS * n_moved;
    return m->board->n_items <= FEW ? STALE_ROUNDS : 0;
}

void placement_improve_moves(struct placement_improve *m, double limit, int fewest)
{
    int stale = 0, n_moved = list_moved(m);

    for (int k = 0; m->work > 0 && stale < patience(m, n_moved, fewest); k = (k + 1) % SIZES) {
        take_items(m, choose_by_moves(m, sizes[k].pcpus, n_moved), sizes[k].items, false);
        if (fewer_moves(m, limit)) {
            n_moved = list_moved(m);
            stale = 0;
        } else {
            stale++;
        }
    }
}

static bool lower_square(struct placement_improve *m)
{
    struct placement_window *w = m->window;
    int best = 0;

    w->limit = window_square(m) - eps;
    w->max_moves = w->n_items + 1;
    if (!placement_window_search(w, &m->work))
        return false;
    for (int k = 1; k <= w->n_items; k++)
        if (w->square[k] < w->square[best])
            best = k;
    if (isinf(w->square[best]))
        return false;
    placement_improve_apply(m, best);
    return true;
}

/* The pCPU with most load, the one with least, or others that lie far off; and some drawn by lot. */
static int choose_by_load(struct placement_improve *m, int size, int round)
{
    const struct placement_board *b = m->board;
    int n = 0;

    if (size > b->n_pcpus)
        size = b->n_pcpus;

    n = add_pcpu(m, n, size, b->order[round % 3 < b->n_pcpus ? round % 3 : 0]);
    n = add_pcpu(m, n, size, b->order[b->n_pcpus - 1]);
    for (int tries = 0; n < size && tries < 20; tries++)
        n = add_pcpu(m, n, size, draw_pcpu(m));
    return n;
}

void placement_improve_square(struct placement_improve *m, double target, bool free)
{
    int stale = 0, most = 2 * STALE_ROUNDS + m->board->n_pcpus;

    for (int round = 0; m->work > 0 && m->board->square > target && stale < most; round++) {
        int k = round % SIZES;

        take_items(m, choose_by_load(m, sizes[k].pcpus, round), sizes[k].items, free);
        stale = lower_square(m) ? 0 : stale + 1;
    }
}
