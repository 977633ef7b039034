/* What keys and mouse do that only the screen knows of: views, moving, sorting, folding. */
#include "ui/tui/tui_actions.h"

#include "ui/tui/tui.h"
#include "ui/tui/tui_text.h"

#include <curses.h>
#include <string.h>

enum { MAP_PAGE = 5, MAP_STEP = 8, FAR = 1 << 20 };

static const double shown_s = 3; /* how long an answer stays */

static void set_view(struct tui *t, enum layout_view view)
{
    if (view != LAYOUT_DETAIL)
        t->view_before = view;
    if (view != t->view)
        t->list.scroll = t->log_scroll = t->detail_scroll = t->map.scroll = 0;
    t->view = view;
    tui_state_layout(t);
}

void tui_do_view(struct tui *t, int view)
{
    set_view(t, (enum layout_view)view);
}

void tui_do_next_view(struct tui *t, int step)
{
    int views = LAYOUT_DETAIL; /* all before it */
    int now = t->view == LAYOUT_DETAIL ? (int)t->view_before : (int)t->view;

    set_view(t, (enum layout_view)((now + step + views) % views));
}

void tui_do_detail(struct tui *t, int unused)
{
    (void)unused;
    if (tui_state_guest(t) < 0) {
        tui_state_say(t, TUI_WARN, shown_s, "no guest is chosen: nothing to show in detail");
        return;
    }
    t->list.cursor_chosen = true; /* from then on it is this guest that is meant, wherever its row goes */
    set_view(t, LAYOUT_DETAIL);
}

static void sort_by(struct tui *t, enum tui_column_id column, bool invert)
{
    if (invert) {
        t->list.sorting.descending = !t->list.sorting.descending;
    } else {
        t->list.sorting.column = column;
        t->list.sorting.descending = tui_column(column)->descending;
    }
    t->list.sorting_chosen = true;
    /* What was asked for stands at the top, so that is what is shown, unless a guest is followed. */
    if (!t->list.following) {
        t->list.cursor_chosen = false;
        t->list.scroll = 0;
    }
    tui_state_follow(t, true);
    tui_state_say(t, TUI_MESSAGE, shown_s, "sorted by %s, %s", tui_column(t->list.sorting.column)->head,
                  t->list.sorting.descending ? "highest first" : "lowest first");
}

void tui_do_sort(struct tui *t, int column)
{
    sort_by(t, (enum tui_column_id)column, t->list.sorting.column == (enum tui_column_id)column);
}

void tui_do_sort_step(struct tui *t, int step)
{
    const unsigned char *order = t->list.columns.order;
    int place = 0;

    while (place < TUI_COLUMNS - 1 && order[place] != (unsigned char)t->list.sorting.column)
        place++;
    sort_by(t, (enum tui_column_id)order[(place + step + TUI_COLUMNS) % TUI_COLUMNS], false);
}

void tui_do_sort_invert(struct tui *t, int unused)
{
    (void)unused;
    sort_by(t, t->list.sorting.column, true);
}

void tui_do_follow(struct tui *t, int unused)
{
    int guest = tui_state_guest(t);

    (void)unused;
    if (guest < 0) {
        tui_state_say(t, TUI_WARN, shown_s, "no guest is chosen: nothing to follow");
        return;
    }
    t->list.following = !t->list.following;
    t->list.cursor_chosen = true;
    tui_state_say(t, TUI_MESSAGE, shown_s, t->list.following ? "following %s" : "%s is not followed any more",
                  t->report.snapshot.guests[guest].name);
}

void tui_do_tag(struct tui *t, int unused)
{
    int guest = tui_state_guest(t);

    (void)unused;
    if (guest < 0 || tui_uuids_toggle(&t->list.tagged, t->report.snapshot.guests[guest].uuid) < 0)
        return;
    tui_state_move(t, 1); /* the next one is at hand, as in htop */
    tui_state_say(t, TUI_MESSAGE, shown_s, "%d tagged: l locks them, T shows only them, U takes the tags away",
                  t->list.tagged.n);
}

void tui_do_untag(struct tui *t, int unused)
{
    (void)unused;
    tui_uuids_clear(&t->list.tagged);
    t->list.tagged_only = false;
    tui_state_follow(t, true);
}

void tui_do_tagged_only(struct tui *t, int unused)
{
    (void)unused;
    if (t->list.tagged.n == 0 && !t->list.tagged_only) {
        tui_state_say(t, TUI_WARN, shown_s, "no guest is tagged: Space tags one");
        return;
    }
    t->list.tagged_only = !t->list.tagged_only;
    tui_state_follow(t, true);
}

void tui_do_filter(struct tui *t, int unused)
{
    (void)unused;
    tui_field_open(t, TUI_FIELD_FILTER);
}

void tui_do_search(struct tui *t, int unused)
{
    (void)unused;
    tui_field_open(t, TUI_FIELD_SEARCH);
}

void tui_do_search_on(struct tui *t, int step)
{
    if (t->search[0])
        tui_search_go(t, step);
    else
        tui_state_say(t, TUI_WARN, shown_s, "nothing is looked for: / begins");
}

static int clamp(int value, int most)
{
    return value > most ? (most > 0 ? most : 0) : value < 0 ? 0 : value;
}

static void scroll_log(struct tui *t, int rows, int height)
{
    t->log_scroll = clamp(t->log_scroll + rows, tui_log_lines(t) - height);
}

/* Moves what the arrows move in this view. */
static void move_by(struct tui *t, int rows, bool page)
{
    int height = t->layout.main.h;

    if (t->help) {
        height = tui_help_page(t);
        t->help_scroll = clamp(t->help_scroll + rows * (page ? height : 1), tui_help_lines(t) - height);
        return;
    }
    switch (t->view) {
    case LAYOUT_LOG:
        scroll_log(t, rows * (page ? height : 1), height);
        break;
    case LAYOUT_DETAIL:
        t->detail_scroll = clamp(t->detail_scroll + rows * (page ? height : 1), t->detail_lines - height);
        break;
    case LAYOUT_MEMORY:
        tui_state_move(t, rows * (page ? tui_state_page(t) : t->layout.stairs_columns));
        break;
    case LAYOUT_OVERVIEW:
    case LAYOUT_MAP:
    case LAYOUT_GUESTS:
    default:
        tui_state_move(t, rows * (page ? (t->view == LAYOUT_MAP ? MAP_PAGE : tui_state_page(t)) : 1));
        break;
    }
}

void tui_do_move(struct tui *t, int rows)
{
    move_by(t, rows, false);
}

void tui_do_page(struct tui *t, int pages)
{
    move_by(t, pages, true);
}

void tui_do_end(struct tui *t, int last)
{
    int far = last ? FAR : -FAR;

    if (t->help || t->view == LAYOUT_LOG || t->view == LAYOUT_DETAIL)
        move_by(t, far, false);
    else
        tui_state_move(t, far);
}

void tui_do_aside(struct tui *t, int step)
{
    if (t->view == LAYOUT_MEMORY)
        tui_state_move(t, step);
    else
        t->map.first_cpu = clamp(t->map.first_cpu + step * MAP_STEP, t->n_online - MAP_STEP);
}

void tui_do_fold(struct tui *t, int all)
{
    int guest = tui_state_guest(t);

    if (all) {
        bool any_open = false;

        for (int i = 0; i < t->list.n_order; i++)
            any_open |= !tui_state_is_folded(t, t->report.snapshot.guests[t->list.order[i]].uuid);
        t->map.folding = any_open ? TUI_FOLD_ALL : TUI_FOLD_NONE;
        tui_uuids_clear(&t->map.folded);
    } else if (guest >= 0) {
        t->list.cursor_chosen = true;
        tui_uuids_toggle(&t->map.folded, t->report.snapshot.guests[guest].uuid);
    }
}

void tui_do_redraw(struct tui *t, int unused)
{
    (void)t;
    (void)unused;
    clearok(curscr, TRUE);
}

void tui_do_help(struct tui *t, int unused)
{
    (void)unused;
    t->help = true;
    t->help_scroll = 0;
}

void tui_do_back(struct tui *t, int unused)
{
    bool words =
        t->words.until_s > 0 && t->view != LAYOUT_DETAIL && !t->list.filter[0]; /* nothing but words to close */

    (void)unused;
    t->asked.until_s = 0; /* what was asked is answered: no */
    if (t->help) {
        t->help = false;
    } else if (t->menu.open) {
        t->menu.open = false;
    } else if (t->pcpu_shown >= 0) {
        t->pcpu_shown = -1;
    } else if (t->past.chosen) {
        tui_past_choose(t, 0);
        t->words.until_s = 0;
    } else if (!words && (t->view == LAYOUT_LOG || t->view == LAYOUT_DETAIL) && t->search[0]) {
        t->search[0] = 0;
    } else if (t->view == LAYOUT_DETAIL) {
        set_view(t, t->view_before);
    } else if (t->list.filter[0]) {
        t->list.filter[0] = 0;
        tui_state_follow(t, true);
    } else {
        t->words.until_s = 0;
    }
}

void tui_do_graphs(struct tui *t, int unused)
{
    (void)unused;
    t->graphs = !t->graphs;
    if (t->graphs && t->layout.pcpu.form == LAYOUT_PCPU_HEAT)
        tui_state_say(t, TUI_WARN, shown_s,
                      "graphs of pCPUs need more room than there is; a click on one shows its own");
}

void tui_do_window(struct tui *t, int unused)
{
    char length[24];

    (void)unused;
    t->window = (t->window + 1) % TUI_WINDOWS;
    tui_state_say(t, TUI_MESSAGE, shown_s, "graphs over the last %s",
                  tui_text_seconds(length, sizeof(length), tui_window_s(t)));
}

void tui_do_shade(struct tui *t, int unused)
{
    (void)unused;
    t->by_load = !t->by_load;
    tui_state_say(t, TUI_MESSAGE, shown_s, "pCPUs' colours tell %s",
                  t->by_load ? "their load" : "how far their load is from the mean");
}

void tui_do_theme(struct tui *t, int unused)
{
    (void)unused;
    t->coloring.theme++;
    if (!screen_themes[t->coloring.theme])
        t->coloring.theme = 0;
    tui_term_colors(&t->term, &t->coloring);
    tui_state_say(t, TUI_MESSAGE, shown_s, t->term.colors ? "theme %s" : "theme %s, but no colours are shown",
                  screen_themes[t->coloring.theme]);
}

/* The next longer time that figures stand still, and after the longest none. */
void tui_do_refresh(struct tui *t, int unused)
{
    static const double steps_s[] = {2, 5, 10, 30, SCREEN_REFRESH_MOST_S};
    char length[24];
    double next_s = 0;

    (void)unused;
    for (size_t i = sizeof(steps_s) / sizeof(steps_s[0]); i > 0 && steps_s[i - 1] > t->refresh_s; i--)
        next_s = steps_s[i - 1];
    t->refresh_s = next_s;
    if (next_s > 0)
        tui_state_say(t, TUI_MESSAGE, shown_s, "figures are drawn anew every %s",
                      tui_text_seconds(length, sizeof(length), next_s));
    else
        tui_state_say(t, TUI_MESSAGE, shown_s, "figures are drawn anew with every sample");
}

void tui_do_quit(struct tui *t, int unused)
{
    (void)unused;
    t->quit = true;
}

static bool inside(const struct layout_rect *r, int x, int y)
{
    return x >= r->x && x < r->x + r->w && y >= r->y && y < r->y + r->h;
}

void tui_scroll_at(struct tui *t, int x, int y, int rows)
{
    const struct layout *l = &t->layout;
    bool whole = t->help || t->pcpu_shown >= 0 || t->view != LAYOUT_OVERVIEW; /* one thing is all that is shown */

    if (!whole && inside(&l->log, x, y))
        scroll_log(t, rows, l->log.h);
    else if (whole || inside(&l->guests, x, y) || inside(&l->columns, x, y))
        move_by(t, rows, false);
    t->dirty = true;
}

static void click_footer(struct tui *t, int x)
{
    for (int i = 0; i < t->n_footer; i++)
        if (x >= t->layout.footer.x + t->footer[i].x && x < t->layout.footer.x + t->footer[i].x + t->footer[i].width)
            t->footer[i].key->run(t, t->footer[i].key->argument);
}

static void click_guests(struct tui *t, int x, int y)
{
    const struct layout *l = &t->layout;
    int row = t->list.scroll + y - l->guests.y;

    if (t->view == LAYOUT_MEMORY)
        row = t->list.scroll + (y - l->guests.y) / l->stairs_height * l->stairs_columns +
              (x - l->guests.x) / l->stairs_width;
    if (row >= t->list.n_order)
        return;
    if (row == t->list.cursor_row && t->view != LAYOUT_MEMORY)
        tui_do_detail(t, 0);
    else
        tui_state_move(t, row - t->list.cursor_row);
}

void tui_click(struct tui *t, int x, int y)
{
    const struct layout *l = &t->layout;

    t->dirty = true;
    if (inside(&l->footer, x, y)) {
        click_footer(t, x);
    } else if (t->help || t->menu.open || t->pcpu_shown >= 0) {
        tui_do_back(t, 0);
    } else if (inside(&l->columns, x, y)) {
        int column = tui_guests_column_at(t, x);

        if (column >= 0)
            tui_do_sort(t, column);
    } else if (inside(&t->axis, x, y)) {
        tui_past_choose_at(t, tui_axis_moment(t, x));
    } else if (inside(&l->pcpus, x, y) || (t->view == LAYOUT_MAP && inside(&l->main, x, y))) {
        int pcpu = inside(&l->pcpus, x, y) ? tui_pcpus_at(t, x, y) : tui_map_pcpu_at(t, x, y);

        if (pcpu >= 0)
            t->pcpu_shown = t->report.snapshot.pcpus[pcpu].number;
    } else if (inside(&l->guests, x, y)) {
        click_guests(t, x, y);
    } else if (t->view == LAYOUT_OVERVIEW && inside(&l->log, x, y)) {
        set_view(t, LAYOUT_LOG);
    }
}
