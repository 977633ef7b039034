#include "cpu/placement_bound.h"

#include <math.h>

enum {
    PIGEONHOLE_WORK = 20000, /* items x pCPUs up to which every number of items is looked at */
    ROWS_COMPARED = 64,      /* distinct masks up to which each is compared with each */
};

/* A group of pCPUs that no item can enter or leave, and the items inside. */
struct group {
    int n_pcpus, n_items;
    double total;
    const double *bases; /* rising */
    const double *sums;  /* sums[k]: demand of its k largest items */
    double *floor;       /* floor[m]: least sum of the m highest loads */
};

static int group_of(int *group, int pcpu)
{
    while (group[pcpu] != pcpu)
        pcpu = group[pcpu] = group[group[pcpu]];
    return pcpu;
}

static void join(int *group, int a, int b)
{
    group[group_of(group, a)] = group_of(group, b);
}

static int first_of(const struct placement_board *b, const uint64_t *row)
{
    for (int w = 0; w < b->words; w++)
        if (row[w])
            return w * 64 + __builtin_ctzll(row[w]);
    return -1;
}

/* Joins pCPUs which some item may be on, and leaves each pCPU's group in group[]. */
static void find_groups(const struct placement_board *b, const int *row, struct placement_bound_room *room)
{
    for (int p = 0; p < b->n_pcpus; p++)
        room->group[p] = p;
    /* inner doubles as a mark for rows already joined */
    for (int i = 0; i < b->n_items; i++)
        room->inner[row[i]] = 0;
    for (int i = 0; i < b->n_items; i++) {
        const uint64_t *mask = placement_board_row(b, row[i]);
        int first = first_of(b, mask);

        if (first >= 0 && room->inner[row[i]] <= 0) {
            room->inner[row[i]] = 1;
            for (int p = first; p < b->n_pcpus; p++)
                if (placement_board_in_row(mask, p))
                    join(room->group, p, first);
        }
        if (first >= 0 && b->origin[i] >= 0)
            join(room->group, b->origin[i], first);
    }
    for (int p = 0; p < b->n_pcpus; p++)
        room->group[p] = group_of(room->group, p);
}

static void raise_floor(struct group *g, int m, double sum)
{
    if (m > 0 && m < g->n_pcpus && sum > g->floor[m])
        g->floor[m] = sum;
}

/* The j largest items lie on j pCPUs or fewer; l others are those of the highest background. */
static void bound_by_largest(struct group *g)
{
    double low = 0;

    for (int j = 0; j <= g->n_items && j < g->n_pcpus; j++) {
        double high = 0;

        if (j > 0)
            low += g->bases[j - 1];
        raise_floor(g, j, g->sums[j] + low);
        for (int l = 1; j + l < g->n_pcpus; l++) {
            high += g->bases[g->n_pcpus - l];
            raise_floor(g, j + l, g->sums[j] + low + high);
        }
    }
}

/* Of the n largest items, the m pCPUs that hold most hold at least so many, each no smaller than the smallest. */
static void bound_by_pigeonhole(struct group *g, int n, int m_limit)
{
    int each = n / g->n_pcpus, more = n % g->n_pcpus;
    double low = 0;

    for (int m = 1; m < g->n_pcpus && m <= m_limit; m++) {
        int held = m * each + (m < more ? m : more);

        low += g->bases[m - 1];
        raise_floor(g, m, g->sums[n] - g->sums[n - held] + low);
    }
}

/* The m pCPUs that hold fewest items hold at most so many, each no larger than the largest. */
static void bound_by_emptiest(struct group *g)
{
    int each = g->n_items / g->n_pcpus, less = g->n_pcpus - g->n_items % g->n_pcpus;
    double high = 0;

    for (int m = 1; m < g->n_pcpus; m++) {
        int held = m * each + (m > less ? m - less : 0);

        high += g->bases[g->n_pcpus - m];
        raise_floor(g, g->n_pcpus - m, g->total - g->sums[held] - high);
    }
}

static int bits_in(const struct placement_board *b, const uint64_t *row)
{
    int bits = 0;

    for (int w = 0; w < b->words; w++)
        bits += __builtin_popcountll(row[w]);
    return bits;
}

static bool row_within(const struct placement_board *b, const uint64_t *part, const uint64_t *whole)
{
    for (int w = 0; w < b->words; w++)
        if (part[w] & ~whole[w])
            return false;
    return true;
}

/* Items whose rows lie within a row stay there, with its background; inner[row]: demand that a row confines. */
static void bound_by_confinement(const struct placement_board *b, struct group *g, const int *rows, int n_rows,
                                 const double *inner)
{
    for (int a = 0; a < n_rows; a++) {
        const uint64_t *mask = placement_board_row(b, rows[a]);
        double sum = 0;

        for (int p = 0; p < b->n_pcpus; p++)
            sum += placement_board_in_row(mask, p) ? b->base[p] : 0;
        for (int c = 0; c < n_rows; c++)
            if (row_within(b, placement_board_row(b, rows[c]), mask))
                sum += inner[rows[c]];
        raise_floor(g, bits_in(b, mask), sum);
    }
}

/* Lists the distinct rows of a group's items; -1 where there are more than fit. */
static int collect_rows(const struct placement_board *b, const int *row, const struct placement_bound_room *room,
                        int group, int *rows)
{
    int n_rows = 0;

    for (int i = 0; i < b->n_items; i++)
        room->inner[row[i]] = -1;
    for (int i = 0; i < b->n_items; i++) {
        const uint64_t *mask = placement_board_row(b, row[i]);
        int first = first_of(b, mask);

        if (first < 0 || room->group[first] != group)
            continue;
        if (room->inner[row[i]] < 0) {
            if (n_rows == ROWS_COMPARED)
                return -1;
            rows[n_rows++] = row[i];
            room->inner[row[i]] = 0;
        }
        if (b->origin[i] < 0 || placement_board_in_row(mask, b->origin[i]))
            room->inner[row[i]] += b->demand[i];
    }
    return n_rows;
}

/* The square of the least vector whose prefix sums reach floor: its values are the slopes of floor's concave hull. */
static double square_of_hull(const struct group *g, int *hull, double mean)
{
    double square = 0;
    int n = 0;

    for (int m = 0; m <= g->n_pcpus; m++) {
        while (n >= 2) {
            int o = hull[n - 2], q = hull[n - 1];

            if ((g->floor[q] - g->floor[o]) * (m - o) > (g->floor[m] - g->floor[o]) * (q - o))
                break;
            n--;
        }
        hull[n++] = m;
    }
    for (int s = 1; s < n; s++) {
        int width = hull[s] - hull[s - 1];
        double slope = (g->floor[hull[s]] - g->floor[hull[s - 1]]) / width - mean;

        square += slope * slope * width;
    }
    return square;
}

static double bound_group(const struct placement_board *b, const int *row, struct placement_bound_room *room, int group)
{
    struct group g = {.bases = room->bases, .sums = room->sums, .floor = room->floor};
    int rows[ROWS_COMPARED];
    int n_rows;

    for (int p = 0; p < b->n_pcpus; p++)
        if (room->group[p] == group) {
            b->keys[g.n_pcpus++] = (struct placement_key){-b->base[p], p};
            g.total += b->base[p];
        }
    placement_sort(b->keys, b->spare, g.n_pcpus);
    for (int p = 0; p < g.n_pcpus; p++)
        room->bases[p] = -b->keys[p].key;
    room->sums[0] = 0;
    for (int i = 0; i < b->n_items; i++) {
        int first = first_of(b, placement_board_row(b, row[i]));

        if (room->group[first >= 0 ? first : b->origin[i]] != group)
            continue;
        room->sums[g.n_items + 1] = room->sums[g.n_items] + b->demand[i];
        g.n_items++;
    }
    g.total += room->sums[g.n_items];
    for (int m = 0; m < g.n_pcpus; m++)
        room->floor[m] = 0;
    room->floor[g.n_pcpus] = g.total;

    bound_by_largest(&g);
    bound_by_emptiest(&g);
    bound_by_pigeonhole(&g, g.n_items, g.n_pcpus);
    if ((long)g.n_items * g.n_pcpus <= PIGEONHOLE_WORK)
        for (int n = g.n_pcpus + 1; n < g.n_items; n++)
            bound_by_pigeonhole(&g, n, g.n_pcpus);
    else
        for (int n = g.n_pcpus + 1; n < g.n_items; n += g.n_pcpus)
            bound_by_pigeonhole(&g, n, 1);
    n_rows = collect_rows(b, row, room, group, rows);
    if (n_rows > 0)
        bound_by_confinement(b, &g, rows, n_rows, room->inner);
    return square_of_hull(&g, room->hull, b->mean);
}

double placement_bound_sd(const struct placement_board *b, const int *row, struct placement_bound_room *room)
{
    double square = 0, sd;

    find_groups(b, row, room);
    for (int p = 0; p < b->n_pcpus; p++)
        if (room->group[p] == p)
            square += bound_group(b, row, room, p);
    sd = placement_board_sd(b, square);
    /* Rounded down by less than anybody shows, so that rounding errors don't make it untrue. */
    return sd > 1e-6 ? sd - 1e-6 : 0;
}

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
