#include "ui/tui/tui_columns.h"

#include "ui/tui/tui_text.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    VCPU_COLUMNS = 10, /* "12→31 100 " */
    HEAD_COLUMNS = 18, /* "vCPU→pCPU (demand)" */
};

static const struct tui_column columns[TUI_COLUMNS] = {
    [TUI_COLUMN_NAME] = {"NAME", NULL, 9, 36, {4, 4}, {0, 0}, false, false},
    [TUI_COLUMN_ID] = {"ID", NULL, 4, 4, {0, 0}, {7, 9}, true, false},
    [TUI_COLUMN_CPU] = {"%CPU", NULL, 5, 5, {0, 0}, {1, 4}, true, true},
    [TUI_COLUMN_WAIT] = {"WAIT", NULL, 4, 4, {0, 0}, {6, 8}, true, true},
    [TUI_COLUMN_VCPUS] = {"vCPU→pCPU (demand)", "vCPU→pCPU", 11, 66, {8, 3}, {2, 6}, false, true},
    [TUI_COLUMN_BALLOON] = {"BALLOON", NULL, 12, 42, {4, 8}, {4, 1}, false, true},
    [TUI_COLUMN_SIZE] = {"SIZE/MAX", NULL, 10, 10, {0, 0}, {3, 2}, true, true},
    [TUI_COLUMN_USED] = {"USED", NULL, 6, 6, {0, 0}, {10, 7}, true, true},
    [TUI_COLUMN_UNUSED] = {"UNUSED", NULL, 6, 6, {0, 0}, {8, 3}, true, false},
    [TUI_COLUMN_SWAP] = {"SWAP/s", NULL, 6, 6, {0, 0}, {9, 5}, true, true},
    [TUI_COLUMN_DISK] = {"DISK/s", NULL, 6, 6, {0, 0}, {11, 11}, true, true},
    [TUI_COLUMN_NET] = {"NET/s", NULL, 6, 6, {0, 0}, {12, 12}, true, true},
    [TUI_COLUMN_OTHER] = {"OTHER", NULL, 5, 5, {0, 0}, {13, 13}, true, true},
    [TUI_COLUMN_POLL] = {"POLL", NULL, 4, 4, {0, 0}, {14, 14}, true, true},
    [TUI_COLUMN_LAST] = {"LAST", NULL, 11, 56, {4, 5}, {5, 5}, false, true},
};

const struct tui_column *tui_column(enum tui_column_id id)
{
    return &columns[id];
}

/* The most that a column can use. */
static int most_of(enum tui_column_id id, int most_vcpus)
{
    int needed = most_vcpus * VCPU_COLUMNS;

    if (id != TUI_COLUMN_VCPUS || needed > columns[id].most)
        return columns[id].most;
    return needed > HEAD_COLUMNS ? needed : HEAD_COLUMNS;
}

struct tui_columns_choice tui_columns_default(void)
{
    struct tui_columns_choice choice = {.hidden = 1U << TUI_COLUMN_DISK | 1U << TUI_COLUMN_NET |
                                                  1U << TUI_COLUMN_OTHER | 1U << TUI_COLUMN_POLL};

    for (int id = 0; id < TUI_COLUMNS; id++)
        choice.order[id] = (unsigned char)id;
    return choice;
}

int tui_columns_move(struct tui_columns_choice *choice, int place, int by)
{
    int other = place + by;
    unsigned char moved = choice->order[place];

    if (other < 0 || other >= TUI_COLUMNS)
        return place;
    choice->order[place] = choice->order[other];
    choice->order[other] = moved;
    return other;
}

int tui_columns_place(struct tui_column_place *places, int width, bool memory_first, int most_vcpus,
                      const struct tui_columns_choice *choice, unsigned empty)
{
    unsigned hidden = choice->hidden | empty;
    bool chosen[TUI_COLUMNS] = {false};
    int left = width + 1, shares = 0, n = 0, x = 0, extra;

    for (int rank = 0; rank < TUI_COLUMNS; rank++)
        for (int id = 0; id < TUI_COLUMNS; id++)
            if (columns[id].rank[memory_first] == rank && columns[id].least + 1 <= left && (hidden & 1U << id) == 0) {
                chosen[id] = true;
                left -= columns[id].least + 1;
                shares += columns[id].share[memory_first];
            }
    /* What is left over goes to those that can use it; who has its fill leaves it to the others. */
    extra = left;
    for (int place = 0; place < TUI_COLUMNS; place++) {
        int id = choice->order[place];

        if (!chosen[id])
            continue;
        places[n++] = (struct tui_column_place){(enum tui_column_id)id, 0, columns[id].least};
    }
    while (extra > 0 && shares > 0) {
        int given = 0, now = extra;

        for (int i = 0; i < n; i++) {
            const struct tui_column *c = &columns[places[i].id];
            int room = most_of(places[i].id, most_vcpus) - places[i].width;
            int share = c->share[memory_first], gift = share ? (now * share + shares - 1) / shares : 0;

            gift = gift > room ? room : gift;
            gift = gift > extra ? extra : gift;
            places[i].width += gift;
            extra -= gift;
            given += gift;
        }
        if (given == 0)
            break;
    }
    /* What nobody else can use is for words. */
    for (int i = 0; i < n; i++)
        if (places[i].id == TUI_COLUMN_LAST)
            places[i].width += extra;
    for (int i = 0; i < n; i++) {
        places[i].x = x;
        x += places[i].width + 1;
    }
    return n;
}

unsigned tui_columns_filled(const struct report *r)
{
    const unsigned always = 1U << TUI_COLUMN_NAME | 1U << TUI_COLUMN_ID | 1U << TUI_COLUMN_CPU |
                            1U << TUI_COLUMN_VCPUS | 1U << TUI_COLUMN_LAST;
    unsigned filled = always;
    uint64_t used;

    for (int i = 0; i < r->live.n_vcpus; i++)
        filled |= r->live.vcpus[i].has_wait ? 1U << TUI_COLUMN_WAIT : 0;
    for (int i = 0; i < r->snapshot.n_guests; i++) {
        const struct snapshot_memory *m = &r->snapshot.guests[i].memory;

        filled |= m->has & SNAPSHOT_HAS_SIZE ? 1U << TUI_COLUMN_SIZE | 1U << TUI_COLUMN_BALLOON : 0;
        filled |= m->has & SNAPSHOT_HAS_UNUSED ? 1U << TUI_COLUMN_UNUSED : 0;
        filled |= rates_memory_used(m, &used) ? 1U << TUI_COLUMN_USED : 0;
    }
    for (int i = 0; i < r->live.n_guests; i++) {
        const struct rates_guest *g = &r->live.guests[i];

        filled |= (g->has_swap ? 1U << TUI_COLUMN_SWAP : 0) | (g->has_disk ? 1U << TUI_COLUMN_DISK : 0) |
                  (g->has_net ? 1U << TUI_COLUMN_NET : 0) | (g->has_other ? 1U << TUI_COLUMN_OTHER : 0) |
                  (g->has_poll ? 1U << TUI_COLUMN_POLL : 0);
    }
    return filled;
}

/*
 * The noise of a column's figure: rows keep still as long as none stands against the arrow by more than this. CPU and
 * WAIT are measured in steps of 10 ms, a point of a second's sample; guests tell of their memory in pages that come
 * and go by the MiB.
 */
static double noise_of(enum tui_column_id column)
{
    static const double noise[TUI_COLUMNS] = {
        [TUI_COLUMN_CPU] = 2,      [TUI_COLUMN_WAIT] = 2,       [TUI_COLUMN_BALLOON] = .01, [TUI_COLUMN_SIZE] = 4096,
        [TUI_COLUMN_USED] = 16384, [TUI_COLUMN_UNUSED] = 16384, [TUI_COLUMN_SWAP] = 64,     [TUI_COLUMN_DISK] = 64,
        [TUI_COLUMN_NET] = 64,     [TUI_COLUMN_OTHER] = 2,      [TUI_COLUMN_POLL] = 2};

    return column < TUI_COLUMNS ? noise[column] : 0;
}

/* The figure a guest is sorted by. */
static double figure_of(const struct report *r, const struct tui_guest_history *past, int guest,
                        enum tui_column_id column)
{
    const struct snapshot_guest *g = &r->snapshot.guests[guest];
    const struct rates_guest *rate = guest < r->live.n_guests ? &r->live.guests[guest] : NULL;
    uint64_t used;

    switch (column) {
    case TUI_COLUMN_ID:
        return g->id;
    case TUI_COLUMN_CPU:
        return past ? past->calm_cpu_pct : 0;
    case TUI_COLUMN_WAIT:
        return past ? past->calm_wait_pct : 0;
    case TUI_COLUMN_VCPUS:
        return g->n_vcpus;
    case TUI_COLUMN_BALLOON:
        return g->memory.max_kib ? (double)g->memory.size_kib / (double)g->memory.max_kib : 0;
    case TUI_COLUMN_SIZE:
        return (double)g->memory.size_kib;
    case TUI_COLUMN_USED:
        return rates_memory_used(&g->memory, &used) ? (double)used : -1;
    case TUI_COLUMN_UNUSED:
        return g->memory.has & SNAPSHOT_HAS_UNUSED ? (double)g->memory.unused_kib : -1;
    case TUI_COLUMN_SWAP:
        return rate && rate->has_swap ? rate->swap_in_kib_s + rate->swap_out_kib_s : -1;
    case TUI_COLUMN_DISK:
        return rate && rate->has_disk ? rate->disk_read_kib_s + rate->disk_written_kib_s : -1;
    case TUI_COLUMN_NET:
        return rate && rate->has_net ? rate->net_received_kib_s + rate->net_sent_kib_s : -1;
    case TUI_COLUMN_OTHER:
        return rate && rate->has_other ? rate->other_pct : -1;
    case TUI_COLUMN_POLL:
        return rate && rate->has_poll ? rate->poll_pct : -1;
    case TUI_COLUMN_LAST:
        return guest < r->n_guests ? (double)r->guests[guest].last_ns : 0;
    case TUI_COLUMN_NAME:
    case TUI_COLUMNS:
    default:
        return 0;
    }
}

/* A row to be placed: what it is sorted by, made so that the smaller goes first. */
struct entry {
    int guest, row; /* row: where it stood the last time; INT_MAX: nowhere */
    double key;
    const char *name;
    int name_sign; /* sorted by name: 1, or -1 for the other way round */
};

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int names = strcmp(x->name, y->name);

    if (x->name_sign != 0 && names != 0)
        return names * x->name_sign;
    return x->key < y->key ? -1 : x->key > y->key ? 1 : names != 0 ? names : x->guest - y->guest;
}

static int by_row(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return x->row != y->row ? (x->row < y->row ? -1 : 1) : by_key(a, b);
}

/* True where no row stands above another that it should stand below, by more than noise. */
static bool still_in_order(const struct entry *entries, int n, double noise)
{
    double largest = -INFINITY;

    for (int i = 0; i < n; i++) {
        if (entries[i].key < largest - noise || entries[i].row == INT_MAX ||
            (entries[i].name_sign != 0 && i > 0 && by_key(&entries[i - 1], &entries[i]) > 0))
            return false;
        largest = fmax(largest, entries[i].key);
    }
    return true;
}

int tui_columns_order(int *order, const struct report *r, struct tui_history *h, const struct tui_sorting *by,
                      const struct tui_choice *choice, bool fresh)
{
    struct entry *entries = calloc((size_t)r->snapshot.n_guests + 1, sizeof(*entries));
    int n = 0;

    for (int i = 0; entries && i < r->snapshot.n_guests; i++) {
        const struct snapshot_guest *g = &r->snapshot.guests[i];
        struct tui_guest_history *past = tui_history_find(h, g->uuid, i);
        double figure = figure_of(r, past, i, by->column);

        if (!tui_text_contains(g->name, choice->filter) || (choice->only && !tui_uuids_has(choice->only, g->uuid)))
            continue;
        entries[n++] = (struct entry){.guest = i,
                                      .row = past && past->row > 0 ? past->row : INT_MAX,
                                      .key = by->descending ? -figure : figure,
                                      .name = g->name,
                                      .name_sign = by->column != TUI_COLUMN_NAME ? 0
                                                   : by->descending              ? -1
                                                                                 : 1};
    }
    if (n > 0)
        qsort(entries, (size_t)n, sizeof(*entries), fresh ? by_key : by_row);
    if (n > 0 && !fresh && !still_in_order(entries, n, noise_of(by->column)))
        qsort(entries, (size_t)n, sizeof(*entries), by_key);
    for (int i = 0; i < n; i++) {
        struct tui_guest_history *past =
            tui_history_find(h, r->snapshot.guests[entries[i].guest].uuid, entries[i].guest);

        order[i] = entries[i].guest;
        if (past)
            past->row = i + 1;
    }
    free(entries);
    return n;
}
