#include "cpu/placement/placement_bound.h"

#include <math.h>

#include "cpu/placement/placement_floor.h"
#include "cpu/placement/placement_lattice.h"

enum { ROWS_COMPARED = 64 }; /* distinct masks of a group that are told apart; the others bind nobody */

/* Rows of a group none of which overlaps another in part only, small ones first. The place after them is the group. */
struct nest {
    int n;
    int row[ROWS_COMPARED];
    uint64_t within[ROWS_COMPARED]; /* per row: one bit for each row of the nest that it is part of, itself too */
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
static void bound_by_confinement(const struct placement_board *b, struct placement_floor *f, const int *rows,
                                 int n_rows, const double *inner)
{
    for (int a = 0; a < n_rows; a++) {
        const uint64_t *mask = placement_board_row(b, rows[a]);
        double sum = 0;

        for (int p = 0; p < b->n_pcpus; p++)
            sum += placement_board_in_row(mask, p) ? b->base[p] : 0;
        for (int c = 0; c < n_rows; c++)
            if (row_within(b, placement_board_row(b, rows[c]), mask))
                sum += inner[rows[c]];
        placement_floor_raise(f, bits_in(b, mask), sum);
    }
}

/* True when its row is all that rules where the item may be. */
static bool is_confined(const struct placement_board *b, const int *row, int item)
{
    return b->origin[item] < 0 || placement_board_in_row(placement_board_row(b, row[item]), b->origin[item]);
}

/* The group that an item belongs to. */
static int group_of_item(const struct placement_board *b, const int *row, const struct placement_bound_room *room,
                         int item)
{
    int first = first_of(b, placement_board_row(b, row[item]));

    return room->group[first >= 0 ? first : b->origin[item]];
}

/* Lists distinct rows that confine items of a group, and how much demand each confines. Returns how many. */
static int collect_rows(const struct placement_board *b, const int *row, struct placement_bound_room *room, int group,
                        int *rows)
{
    int n_rows = 0;

    for (int i = 0; i < b->n_items; i++)
        room->inner[row[i]] = -1;
    for (int i = 0; i < b->n_items; i++) {
        if (!is_confined(b, row, i) || group_of_item(b, row, room, i) != group)
            continue;
        if (room->inner[row[i]] < 0 && n_rows < ROWS_COMPARED) {
            rows[n_rows++] = row[i];
            room->inner[row[i]] = 0;
        }
        if (room->inner[row[i]] >= 0)
            room->inner[row[i]] += b->demand[i];
    }
    return n_rows;
}

static bool overlap(const struct placement_board *b, const uint64_t *one, const uint64_t *other)
{
    for (int w = 0; w < b->words; w++)
        if (one[w] & other[w])
            return true;
    return false;
}

/* True when the row lies within, around or apart from each of the nest. */
static bool fits_in(const struct placement_board *b, const struct nest *nest, int row)
{
    const uint64_t *mask = placement_board_row(b, row);

    for (int k = 0; k < nest->n; k++) {
        const uint64_t *other = placement_board_row(b, nest->row[k]);

        if (overlap(b, mask, other) && !row_within(b, mask, other) && !row_within(b, other, mask))
            return false;
    }
    return true;
}

/* Makes a nest of rows smaller than the group, those that confine most first; and finds for each row the smallest of
 * the nest around it, which is where its items are taken to be confined. */
static void make_nest(const struct placement_board *b, const struct placement_bound_room *room, int group,
                      const int *rows, int n_rows, struct nest *nest)
{
    int n_pcpus = 0;

    for (int p = 0; p < b->n_pcpus; p++)
        n_pcpus += room->group[p] == group;
    nest->n = 0;
    for (int k = 0; k < n_rows; k++)
        b->keys[k] = (struct placement_key){room->inner[rows[k]], rows[k]};
    placement_sort(b->keys, b->spare, n_rows);
    for (int k = 0; k < n_rows; k++)
        if (fits_in(b, nest, b->keys[k].id) && bits_in(b, placement_board_row(b, b->keys[k].id)) < n_pcpus)
            nest->row[nest->n++] = b->keys[k].id;
    for (int k = 0; k < nest->n; k++)
        b->keys[k] = (struct placement_key){-bits_in(b, placement_board_row(b, nest->row[k])), nest->row[k]};
    placement_sort(b->keys, b->spare, nest->n);
    for (int k = 0; k < nest->n; k++) {
        nest->row[k] = b->keys[k].id;
        nest->within[k] = 0;
    }
    for (int k = 0; k < nest->n; k++)
        for (int o = k; o < nest->n; o++)
            if (row_within(b, placement_board_row(b, nest->row[k]), placement_board_row(b, nest->row[o])))
                nest->within[k] |= (uint64_t)1 << o;
    for (int r = 0; r < n_rows; r++) {
        int place = 0;

        while (place < nest->n &&
               !row_within(b, placement_board_row(b, rows[r]), placement_board_row(b, nest->row[place])))
            place++;
        room->place[rows[r]] = place;
    }
}

/* Raises the lowest of loads, which fall, to one level by so much in all. */
static void fill_up(double *loads, int n, double amount)
{
    double sum = amount, level = 0;
    int raised = 0;

    if (amount <= 0)
        return;
    while (raised < n && (raised == 0 || loads[n - 1 - raised] < level)) {
        sum += loads[n - 1 - raised++];
        level = sum / raised;
    }
    for (int k = n - raised; k < n; k++)
        loads[k] = level;
}

/* The place in the nest where an item is confined. */
static int place_of(const struct placement_board *b, const int *row, const struct placement_bound_room *room,
                    const struct nest *nest, int item)
{
    return is_confined(b, row, item) && room->inner[row[item]] >= 0 ? room->place[row[item]] : nest->n;
}

/* Lists the pCPUs of one place of the nest as keys, by falling load; returns how many. */
static int list_pcpus(const struct placement_board *b, const struct placement_bound_room *room, int group,
                      const struct nest *nest, int place, const double *by)
{
    const uint64_t *mask = place < nest->n ? placement_board_row(b, nest->row[place]) : NULL;
    int n = 0;

    for (int p = 0; p < b->n_pcpus; p++)
        if (room->group[p] == group && (!mask || placement_board_in_row(mask, p)))
            b->keys[n++] = (struct placement_key){by[p], p};
    placement_sort(b->keys, b->spare, n);
    return n;
}

/* Items of the group that are confined to the place: how many, and in sums what the largest of them come to. Returns
 * the demand of those that aren't confined within a smaller place. */
static double sum_items(const struct placement_board *b, const int *row, struct placement_bound_room *room, int group,
                        const struct nest *nest, int place, int *n_items)
{
    double own = 0;
    int n = 0;

    room->sums[0] = 0;
    for (int i = 0; i < b->n_items; i++) {
        int at;

        if (group_of_item(b, row, room, i) != group)
            continue;
        at = place_of(b, row, room, nest, i);
        if (at == place)
            own += b->demand[i];
        else if (place < nest->n && (at == nest->n || !(nest->within[at] >> place & 1)))
            continue;
        room->sums[n + 1] = room->sums[n] + b->demand[i];
        n++;
    }
    *n_items = n;
    return own;
}

/* Lists the place's pCPUs as keys by falling level, and in excess their levels, the lowest raised by so much in all;
 * returns how many. */
static int raise_lowest(const struct placement_board *b, struct placement_bound_room *room, int group,
                        const struct nest *nest, int place, const double *level, double amount)
{
    int n = list_pcpus(b, room, group, nest, place, level);

    for (int k = 0; k < n; k++)
        room->excess[k] = b->keys[k].key;
    fill_up(room->excess, n, amount);
    return n;
}

/* Makes the loads of the place's pCPUs, which are the flattest for what is confined to smaller places within, the
 * flattest for what is confined to it. Returns how many items are. */
static int flatten(const struct placement_board *b, const int *row, struct placement_bound_room *room, int group,
                   const struct nest *nest, int place, const int *rows, int n_rows)
{
    struct placement_floor f = {.bases = room->bases, .sums = room->sums, .floor = room->floor};
    double own = sum_items(b, row, room, group, nest, place, &f.n_items);

    f.n_pcpus = raise_lowest(b, room, group, nest, place, room->poured, own);
    for (int k = 0; k < f.n_pcpus; k++)
        room->poured[b->keys[k].id] = room->excess[k];
    list_pcpus(b, room, group, nest, place, b->base);
    for (int k = 0; k < f.n_pcpus; k++)
        room->bases[f.n_pcpus - 1 - k] = b->keys[k].key;
    raise_lowest(b, room, group, nest, place, room->level, own);
    f.floor[0] = 0;
    for (int k = 0; k < f.n_pcpus; k++)
        f.floor[k + 1] = f.floor[k] + room->excess[k];
    placement_floor_by_items(&f);
    if (place == nest->n)
        bound_by_confinement(b, &f, rows, n_rows, room->inner);
    placement_floor_flattest(&f, room->hull, room->excess);
    for (int k = 0; k < f.n_pcpus; k++)
        room->level[b->keys[k].id] = room->excess[k];
    return f.n_items;
}

/* The least square of a group's loads, by the better of two ways: the flattest loads; or what is poured, which is best
 * if demand can be divided, and what loads must be off that, as squares from the point of a convex set that is nearest
 * to the mean add up to no more than the square from the mean. */
static double square_of_group(const struct placement_board *b, const int *row, struct placement_bound_room *room,
                              int group)
{
    struct placement_lattice lattice = {.room = room->excess, .sums = room->sums, .count = room->hull};
    struct nest nest;
    int rows[ROWS_COMPARED], n_rows = collect_rows(b, row, room, group, rows);
    double flattest = 0, poured = 0;

    make_nest(b, room, group, rows, n_rows, &nest);
    for (int place = 0; place <= nest.n; place++)
        lattice.n_items = flatten(b, row, room, group, &nest, place, rows, n_rows);
    for (int p = 0; p < b->n_pcpus; p++)
        if (room->group[p] == group) {
            flattest += (room->level[p] - b->mean) * (room->level[p] - b->mean);
            poured += (room->poured[p] - b->mean) * (room->poured[p] - b->mean);
            room->excess[lattice.n_pcpus++] = room->poured[p] - b->base[p];
        }
    return fmax(flattest, poured + placement_lattice_square(&lattice));
}

double placement_bound_sd(const struct placement_board *b, const int *row, struct placement_bound_room *room)
{
    double square = 0, sd;

    find_groups(b, row, room);
    for (int p = 0; p < b->n_pcpus; p++)
        room->level[p] = room->poured[p] = b->base[p];
    for (int p = 0; p < b->n_pcpus; p++)
        if (room->group[p] == p)
            square += square_of_group(b, row, room, p);
    sd = placement_board_sd(b, square);
    /* Rounded down by less than anybody shows, so that rounding errors don't make it untrue. */
    return sd > 1e-6 ? sd - 1e-6 : 0;
}
