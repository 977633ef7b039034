#include "core/model/clock.h"
#include "ui/tui/tui.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

double tui_now(void)
{
    return (double)clock_monotonic_ns() / 1e9;
}

void tui_state_init(struct tui *t)
{
    t->cursor_row = -1;
    t->sorting = (struct tui_sorting){TUI_COLUMN_CPU, true};
    t->dirty = true;
}

void tui_state_free(struct tui *t)
{
    report_free(&t->report);
    tui_history_free(&t->history);
    free(t->nodes);
    free(t->by_node);
    free(t->order);
    free(t->folded);
}

static bool make_room(int **array, int *cap, int n)
{
    int *grown;

    if (n <= *cap)
        return true;
    grown = realloc(*array, (size_t)(n + 16) * sizeof **array);
    if (!grown)
        return false;
    *array = grown;
    *cap = n + 16;
    return true;
}

/* Counts the pCPUs of each NUMA node and orders them by node; nodes are numbered as they stand in the layout. */
static void count_nodes(struct tui *t)
{
    const struct snapshot *s = &t->report.snapshot;
    int n = 0;

    t->n_nodes = 0;
    if (!make_room(&t->nodes, &t->cap_nodes, s->n_pcpus) || !make_room(&t->by_node, &t->cap_by_node, s->n_pcpus))
        return;
    while (n < s->n_pcpus) {
        int node = -1, first = n;

        /* the lowest node not yet taken */
        for (int i = 0; i < s->n_pcpus; i++) {
            bool later = n == 0 || s->pcpus[i].node > s->pcpus[t->by_node[n - 1]].node;

            if (later && (node < 0 || s->pcpus[i].node < node))
                node = s->pcpus[i].node;
        }
        for (int i = 0; i < s->n_pcpus; i++)
            if (s->pcpus[i].node == node)
                t->by_node[n++] = i;
        if (n == first)
            break;
        t->nodes[t->n_nodes++] = n - first;
    }
}

static int row_of_cursor(const struct tui *t)
{
    for (int i = 0; i < t->n_order; i++)
        if (memcmp(t->report.snapshot.guests[t->order[i]].uuid, t->cursor, SNAPSHOT_UUID_BYTES) == 0)
            return i;
    return -1;
}

int tui_state_page(const struct tui *t)
{
    if (t->view == LAYOUT_MEMORY)
        return t->layout.stairs_columns * t->layout.stairs_rows;
    if (t->view == LAYOUT_MAP)
        return t->layout.main.h > 3 ? t->layout.main.h - 3 : 1;
    return t->layout.guests.h > 0 ? t->layout.guests.h : 1;
}

/* Scrolls so that the cursor is in view and no more rows are empty at the end than must be. */
static void scroll_to_cursor(struct tui *t)
{
    int page = tui_state_page(t), step = t->view == LAYOUT_MEMORY ? t->layout.stairs_columns : 1;

    if (step < 1)
        step = 1;
    if (t->cursor_row >= 0 && t->cursor_row < t->scroll)
        t->scroll = t->cursor_row;
    if (t->cursor_row >= t->scroll + page)
        t->scroll = t->cursor_row - page + 1;
    t->scroll = (t->scroll + step - 1) / step * step;
    while (t->scroll >= step && t->scroll - step + page >= t->n_order)
        t->scroll -= step;
    if (t->scroll > t->cursor_row && t->cursor_row >= 0)
        t->scroll = t->cursor_row / step * step;
    if (t->scroll < 0)
        t->scroll = 0;
}

void tui_state_cursor_to(struct tui *t, int row)
{
    if (row >= t->n_order)
        row = t->n_order - 1;
    if (row < 0 && t->n_order > 0)
        row = 0;
    t->cursor_row = t->n_order > 0 ? row : -1;
    if (t->cursor_row >= 0)
        memcpy(t->cursor, t->report.snapshot.guests[t->order[t->cursor_row]].uuid, SNAPSHOT_UUID_BYTES);
    scroll_to_cursor(t);
    t->dirty = true;
}

void tui_state_move(struct tui *t, int rows)
{
    t->cursor_chosen = true;
    tui_state_cursor_to(t, (t->cursor_row < 0 ? 0 : t->cursor_row) + rows);
}

int tui_state_guest(const struct tui *t)
{
    return t->cursor_row >= 0 && t->cursor_row < t->n_order ? t->order[t->cursor_row] : -1;
}

void tui_state_follow(struct tui *t, bool fresh)
{
    int row;

    count_nodes(t);
    if (!make_room(&t->order, &t->cap_order, t->report.snapshot.n_guests))
        t->n_order = 0;
    else
        t->n_order = tui_columns_order(t->order, &t->report, &t->history, &t->sorting, t->filter, fresh);
    tui_state_layout(t);
    row = t->cursor_chosen ? row_of_cursor(t) : 0;
    /* Where the cursor's guest is gone, the one that stands in its place now. */
    tui_state_cursor_to(t, row >= 0 ? row : t->cursor_row);
    t->dirty = true;
}

void tui_state_layout(struct tui *t)
{
    struct layout_content content = {.view = t->view,
                                     .memory_first = t->report.program == REPORT_MEMORY_COORDINATOR,
                                     .nodes = t->nodes,
                                     .n_nodes = t->n_nodes,
                                     .n_guests = t->n_order};

    layout_compute(&t->layout, t->term.width, t->term.height, &content);
    scroll_to_cursor(t);
}

static int find_folded(const struct tui *t, const uint8_t *uuid)
{
    for (int i = 0; i < t->n_folded; i++)
        if (memcmp(t->folded[i].bytes, uuid, SNAPSHOT_UUID_BYTES) == 0)
            return i;
    return -1;
}

bool tui_state_is_folded(const struct tui *t, const uint8_t *uuid)
{
    bool by_rule = t->folding == TUI_FOLD_ALL;

    if (t->folding == TUI_FOLD_BY_ROOM)
        by_rule = t->report.snapshot.n_vcpus + t->report.snapshot.n_guests > 3 * tui_state_page(t);
    return by_rule != (find_folded(t, uuid) >= 0);
}

void tui_state_fold(struct tui *t, const uint8_t *uuid)
{
    int i = find_folded(t, uuid);
    struct tui_uuid *grown;

    t->dirty = true;
    if (i >= 0) {
        t->folded[i] = t->folded[--t->n_folded];
        return;
    }
    if (t->n_folded == t->cap_folded) {
        grown = realloc(t->folded, (size_t)(t->cap_folded + 16) * sizeof *grown);
        if (!grown)
            return;
        t->folded = grown;
        t->cap_folded += 16;
    }
    memcpy(t->folded[t->n_folded++].bytes, uuid, SNAPSHOT_UUID_BYTES);
}

void tui_state_say(struct tui *t, enum tui_role role, double seconds, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(t->message, sizeof t->message, format, args);
    va_end(args);
    t->message_role = role;
    t->message_until_s = tui_now() + seconds;
    t->dirty = true;
}

unsigned tui_state_context(const struct tui *t)
{
    static const unsigned contexts[LAYOUT_VIEWS] = {
        [LAYOUT_OVERVIEW] = TUI_IN_OVERVIEW, [LAYOUT_MAP] = TUI_IN_MAP, [LAYOUT_GUESTS] = TUI_IN_GUESTS,
        [LAYOUT_MEMORY] = TUI_IN_MEMORY,     [LAYOUT_LOG] = TUI_IN_LOG, [LAYOUT_DETAIL] = TUI_IN_DETAIL};

    if (t->filtering)
        return TUI_IN_FILTER;
    if (t->help)
        return TUI_IN_HELP;
    return contexts[t->view] | (t->report.replay ? TUI_IN_REPLAY : 0);
}

double tui_state_countdown(const struct tui *t)
{
    double speed = t->report.replay && t->report.speed > 0 ? t->report.speed : 1, left;

    if (!t->has_report || t->report.next_in_s < 0)
        return -1;
    if (t->report.state == REPORT_PAUSED)
        return t->report.next_in_s;
    left = t->report.next_in_s - (tui_now() - t->taken_s) * speed;
    return left > 0 ? left : 0;
}
