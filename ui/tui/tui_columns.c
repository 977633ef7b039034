#include "ui/tui/tui_columns.h"

#include "ui/tui/tui_text.h"

#include <limits.h>
#include <math.h>
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
    [TUI_COLUMN_SIZE] = {"SIZE/MAX", NULL, 9, 9, {0, 0}, {3, 2}, true, true},
    [TUI_COLUMN_USED] = {"USED", NULL, 6, 6, {0, 0}, {10, 7}, true, true},
    [TUI_COLUMN_UNUSED] = {"UNUSED", NULL, 6, 6, {0, 0}, {8, 3}, true, false},
    [TUI_COLUMN_SWAP] = {"SWAP/s", NULL, 6, 6, {0, 0}, {9, 5}, true, true},
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

int tui_columns_place(struct tui_column_place *places, int width, bool memory_first, int most_vcpus)
{
    bool chosen[TUI_COLUMNS] = {false};
    int left = width + 1, shares = 0, n = 0, x = 0, extra;

    for (int rank = 0; rank < TUI_COLUMNS; rank++)
        for (int id = 0; id < TUI_COLUMNS; id++)
            if (columns[id].rank[memory_first] == rank && columns[id].least + 1 <= left) {
                chosen[id] = true;
                left -= columns[id].least + 1;
                shares += columns[id].share[memory_first];
            }
    /* What is left over goes to those that can use it; who has its fill leaves it to the others. */
    extra = left;
    for (int id = 0; id < TUI_COLUMNS; id++) {
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
    for (int i = 0; i < n; i++) {
        places[i].x = x;
        x += places[i].width + 1;
    }
    return n;
}

/* The figure a guest is sorted by; *margin: what it must differ by to change the order of rows that stand already. */
static double key_of(const struct report *r, const struct tui_history *h, int guest, enum tui_column_id column,
                     double *margin)
{
    const struct snapshot_guest *g = &r->snapshot.guests[guest];
    const struct tui_guest_history *past = tui_history_find(h, g->uuid, guest);
    uint64_t used;

    *margin = 0;
    switch (column) {
    case TUI_COLUMN_ID:
        return g->id;
    case TUI_COLUMN_CPU:
        *margin = 8;
        return past ? past->calm_cpu_pct : 0;
    case TUI_COLUMN_WAIT:
        *margin = 8;
        return past ? past->calm_wait_pct : 0;
    case TUI_COLUMN_VCPUS:
        return g->n_vcpus;
    case TUI_COLUMN_BALLOON:
        *margin = 0.02;
        return g->memory.max_kib ? (double)g->memory.size_kib / (double)g->memory.max_kib : 0;
    case TUI_COLUMN_SIZE:
        *margin = 16384;
        return (double)g->memory.size_kib;
    case TUI_COLUMN_USED:
        *margin = 32768;
        return rates_memory_used(&g->memory, &used) ? (double)used : -1;
    case TUI_COLUMN_UNUSED:
        *margin = 32768;
        return g->memory.has & SNAPSHOT_HAS_UNUSED ? (double)g->memory.unused_kib : -1;
    case TUI_COLUMN_SWAP:
        *margin = 64;
        return guest < r->live.n_guests && r->live.guests[guest].has_swap
                   ? r->live.guests[guest].swap_in_kib_s + r->live.guests[guest].swap_out_kib_s
                   : -1;
    case TUI_COLUMN_LAST:
        return guest < r->n_guests ? (double)r->guests[guest].last_ns : 0;
    case TUI_COLUMN_NAME:
    default:
        return 0;
    }
}

/* True where a must stand above b, although b stands above a now. */
static bool goes_before(const struct report *r, const struct tui_history *h, const struct tui_sorting *by, int a, int b,
                        bool fresh)
{
    double margin, x = key_of(r, h, a, by->column, &margin), y = key_of(r, h, b, by->column, &margin);
    int names = strcmp(r->snapshot.guests[a].name, r->snapshot.guests[b].name);

    if (by->column == TUI_COLUMN_NAME)
        return by->descending ? names > 0 : names < 0;
    if (fabs(x - y) <= (fresh ? 0 : margin))
        return margin == 0 || fresh ? names < 0 : false;
    return by->descending ? x > y : x < y;
}

/* Where the guest's row was the last time. */
static int row_of(const struct report *r, const struct tui_history *h, int guest)
{
    const struct tui_guest_history *past = tui_history_find(h, r->snapshot.guests[guest].uuid, guest);

    return past && past->row > 0 ? past->row : INT_MAX;
}

int tui_columns_order(int *order, const struct report *r, struct tui_history *h, const struct tui_sorting *by,
                      const char *filter, bool fresh)
{
    int n = 0;

    for (int i = 0; i < r->snapshot.n_guests; i++) {
        int row = row_of(r, h, i), k = n;

        if (!tui_text_contains(r->snapshot.guests[i].name, filter))
            continue;
        for (; k > 0 && row < row_of(r, h, order[k - 1]); k--)
            order[k] = order[k - 1];
        order[k] = i;
        n++;
    }
    for (int i = 1; i < n; i++) {
        int guest = order[i], k = i;

        for (; k > 0 && goes_before(r, h, by, guest, order[k - 1], fresh); k--)
            order[k] = order[k - 1];
        order[k] = guest;
    }
    for (int i = 0; i < n; i++) {
        struct tui_guest_history *past = tui_history_find(h, r->snapshot.guests[order[i]].uuid, order[i]);

        if (past)
            past->row = i + 1;
    }
    return n;
}
