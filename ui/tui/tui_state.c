#include "core/model/clock.h"
#include "ui/tui/tui.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

double tui_now(void)
{
    return (double)clock_monotonic_ns() / 1e9;
}

/* So many actions are done at the first press: what one sees at a glance and can put right by hand. */
static const int few_actions = 3;

void tui_state_init(struct tui *t)
{
    t->list.cursor_row = t->pcpu_shown = -1;
    t->list.sorting = (struct tui_sorting){TUI_COLUMN_CPU, true};
    t->list.columns = tui_columns_default();
    t->asked.above = few_actions;
    t->dirty = true;
}

void tui_state_free(struct tui *t)
{
    free(t->setup.kept);
    report_free(&t->report);
    report_free(&t->other);
    tui_history_free(&t->history);
    tui_past_free(&t->past);
    tui_groups_free(&t->groups);
    free(t->nodes);
    free(t->by_node);
    free(t->list.order);
    tui_uuids_free(&t->map.folded);
    tui_uuids_free(&t->list.tagged);
    for (int i = 0; i < TUI_NAME_WIDTHS; i++)
        free(t->names.widths[i].twin);
}

static bool make_room(int **array, int *cap, int n)
{
    int *grown;

    if (n <= *cap)
        return true;
    grown = realloc(*array, (size_t)(n + 16) * sizeof(**array));
    if (!grown)
        return false;
    *array = grown;
    *cap = n + 16;
    return true;
}

/* Puts pCPUs of one group beside each other; what comes is nearly in order. */
static void order_by_group(const struct tui *t, int *pcpus, int n)
{
    const int *group = t->groups.found.of;

    for (int i = 1; i < n; i++) {
        int moved = pcpus[i], k = i;

        for (; k > 0 && group[pcpus[k - 1]] > group[moved]; k--)
            pcpus[k] = pcpus[k - 1];
        pcpus[k] = moved;
    }
}

/* Counts the online pCPUs of each NUMA node and orders them by node; nodes are numbered as they stand in the layout. */
static void count_nodes(struct tui *t)
{
    const struct snapshot *s = &t->report.snapshot;
    int last = -1;

    t->n_nodes = t->n_online = 0;
    if (!make_room(&t->nodes, &t->cap_nodes, s->n_pcpus) || !make_room(&t->by_node, &t->cap_by_node, s->n_pcpus))
        return;
    for (;;) {
        int node = -1, first = t->n_online;

        /* the lowest node not yet taken */
        for (int i = 0; i < s->n_pcpus; i++)
            if (s->pcpus[i].online && s->pcpus[i].node > last && (node < 0 || s->pcpus[i].node < node))
                node = s->pcpus[i].node;
        if (node < 0)
            return;
        for (int i = 0; i < s->n_pcpus; i++)
            if (s->pcpus[i].online && s->pcpus[i].node == node)
                t->by_node[t->n_online++] = i;
        if (t->groups.shown)
            order_by_group(t, t->by_node + first, t->n_online - first);
        t->nodes[t->n_nodes++] = t->n_online - first;
        last = node;
    }
}

static void find_mean(struct tui *t)
{
    double sum = 0;

    for (int i = 0; i < t->n_online; i++)
        sum += t->by_node[i] < t->report.live.n_pcpus ? t->report.live.pcpus[t->by_node[i]].load_pct : 0;
    t->mean_pct = t->n_online > 0 ? sum / t->n_online : 0;
}

static int row_of_cursor(const struct tui *t)
{
    for (int i = 0; i < t->list.n_order; i++)
        if (memcmp(t->report.snapshot.guests[t->list.order[i]].uuid, t->list.cursor, SNAPSHOT_UUID_BYTES) == 0)
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
    if (t->list.cursor_row >= 0 && t->list.cursor_row < t->list.scroll)
        t->list.scroll = t->list.cursor_row;
    if (t->list.cursor_row >= t->list.scroll + page)
        t->list.scroll = t->list.cursor_row - page + 1;
    t->list.scroll = (t->list.scroll + step - 1) / step * step;
    while (t->list.scroll >= step && t->list.scroll - step + page >= t->list.n_order)
        t->list.scroll -= step;
    if (t->list.scroll > t->list.cursor_row && t->list.cursor_row >= 0)
        t->list.scroll = t->list.cursor_row / step * step;
    if (t->list.scroll < 0)
        t->list.scroll = 0;
}

void tui_state_cursor_to(struct tui *t, int row)
{
    if (row >= t->list.n_order)
        row = t->list.n_order - 1;
    if (row < 0 && t->list.n_order > 0)
        row = 0;
    t->list.cursor_row = t->list.n_order > 0 ? row : -1;
    if (t->list.cursor_row >= 0)
        memcpy(t->list.cursor, t->report.snapshot.guests[t->list.order[t->list.cursor_row]].uuid, SNAPSHOT_UUID_BYTES);
    scroll_to_cursor(t);
    t->dirty = true;
}

void tui_state_move(struct tui *t, int rows)
{
    t->list.cursor_chosen = true;
    tui_state_cursor_to(t, (t->list.cursor_row < 0 ? 0 : t->list.cursor_row) + rows);
}

int tui_state_guest(const struct tui *t)
{
    return t->list.cursor_row >= 0 && t->list.cursor_row < t->list.n_order ? t->list.order[t->list.cursor_row] : -1;
}

/* Keeps in mind what the last plan that moved something promised, and what the interval after it showed. */
static void follow_balance(struct tui *t)
{
    const struct report *now = tui_latest(t);
    const struct plan *p = &now->plan;
    struct tui_balance *b = &t->balance;
    bool moved = false;

    if (!now->decision || p->decided_ns == b->seen_ns)
        return;
    b->seen_ns = p->decided_ns;
    if (b->decided_ns != 0 && b->got < 0)
        b->got = p->sd_observed;
    for (int i = 0; i < p->n_actions; i++)
        moved |= p->actions[i].result == PLAN_DONE;
    if (moved)
        tui_commands_note(t, p);
    if (moved)
        *b = (struct tui_balance){p->decided_ns, p->decided_ns, p->sd_now, p->sd_expected, -1};
}

void tui_state_follow_latest(struct tui *t)
{
    tui_groups_follow(&t->groups, &t->report); /* those of what is shown */
    follow_balance(t);
}

void tui_state_follow(struct tui *t, bool fresh)
{
    struct tui_choice choice = {t->list.filter, t->list.tagged_only ? &t->list.tagged : NULL};
    int row;

    tui_groups_follow(&t->groups, &t->report);
    count_nodes(t);
    find_mean(t);
    t->list.filled |= tui_columns_filled(&t->report);
    follow_balance(t);
    if (!make_room(&t->list.order, &t->list.cap_order, t->report.snapshot.n_guests))
        t->list.n_order = 0;
    else
        t->list.n_order = tui_columns_order(t->list.order, &t->report, &t->history, &t->list.sorting, &choice, fresh);
    tui_state_layout(t);
    row = t->list.cursor_chosen ? row_of_cursor(t) : 0;
    /* Where the cursor's guest is gone, the one that stands in its place now. */
    tui_state_cursor_to(t, row >= 0 ? row : t->list.cursor_row);
    t->dirty = true;
}

void tui_state_layout(struct tui *t)
{
    struct layout_content content = {.view = t->view,
                                     .memory_first = t->report.program == REPORT_MEMORY_COORDINATOR,
                                     .nodes = t->nodes,
                                     .n_nodes = t->n_nodes,
                                     .n_guests = t->list.n_order};

    layout_compute(&t->layout, t->term.width, t->term.height, &content);
    scroll_to_cursor(t);
}

bool tui_state_is_folded(const struct tui *t, const uint8_t *uuid)
{
    bool by_rule = t->map.folding == TUI_FOLD_ALL;

    if (t->map.folding == TUI_FOLD_BY_ROOM)
        by_rule = t->report.snapshot.n_vcpus + t->report.snapshot.n_guests > 3 * tui_state_page(t);
    return by_rule != tui_uuids_has(&t->map.folded, uuid);
}

void tui_state_say(struct tui *t, enum tui_role role, double seconds, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(t->words.message, sizeof(t->words.message), format, args);
    va_end(args);
    t->words.role = role;
    t->words.until_s = tui_now() + seconds;
    t->words.fresh = true;
    t->dirty = true;
}

unsigned tui_state_context(const struct tui *t)
{
    static const unsigned contexts[LAYOUT_VIEWS] = {
        [LAYOUT_OVERVIEW] = TUI_IN_OVERVIEW, [LAYOUT_MAP] = TUI_IN_MAP, [LAYOUT_GUESTS] = TUI_IN_GUESTS,
        [LAYOUT_MEMORY] = TUI_IN_MEMORY,     [LAYOUT_LOG] = TUI_IN_LOG, [LAYOUT_DETAIL] = TUI_IN_DETAIL};

    if (t->field.open)
        return TUI_IN_FIELD;
    if (t->help)
        return TUI_IN_HELP;
    if (t->menu.open)
        return TUI_IN_MENU;
    if (t->pcpu_shown >= 0)
        return TUI_IN_PCPU;
    return contexts[t->view] | (t->report.replay ? TUI_IN_REPLAY : 0) |
           (tui_latest(t)->state == REPORT_DISCONNECTED ? TUI_IN_DISCONNECTED : 0);
}

double tui_state_countdown(const struct tui *t)
{
    const struct report *now = tui_latest(t);
    double speed = now->replay && now->speed > 0 ? now->speed : 1, left;

    if (!t->has_report || (now->next_in_s < 0 && now->state != REPORT_DISCONNECTED))
        return -1;
    if (now->state == REPORT_DISCONNECTED)
        return fmax(0, now->retry_in_s - (tui_now() - t->taken_s));
    if (now->state == REPORT_PAUSED)
        return now->next_in_s;
    left = now->next_in_s - (tui_now() - t->taken_s) * speed;
    return left > 0 ? left : 0;
}
