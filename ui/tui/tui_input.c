/* Keys, the filter's line and the mouse. */
#include "ui/tui/tui.h"

#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static void set_view(struct tui *t, enum layout_view view)
{
    if (view != LAYOUT_DETAIL)
        t->view_before = view;
    if (view != t->view)
        t->scroll = t->log_scroll = t->detail_scroll = t->map_scroll = 0;
    t->view = view;
    tui_state_layout(t);
    t->dirty = true;
}

static void next_view(struct tui *t, int step)
{
    int views = LAYOUT_DETAIL; /* all before it */
    int now = t->view == LAYOUT_DETAIL ? (int)t->view_before : (int)t->view;

    set_view(t, (enum layout_view)((now + step + views) % views));
}

static void sort_by(struct tui *t, enum tui_column_id column)
{
    if (t->sorting.column == column) {
        t->sorting.descending = !t->sorting.descending;
    } else {
        t->sorting.column = column;
        t->sorting.descending = tui_column(column)->descending;
    }
    tui_state_follow(t, true);
    tui_state_say(t, TUI_MESSAGE, 3, "sorted by %s, %s", tui_column(t->sorting.column)->head,
                  t->sorting.descending ? "highest first" : "lowest first");
}

static void set_filter(struct tui *t, const char *filter)
{
    snprintf(t->filter, sizeof t->filter, "%s", filter);
    tui_state_follow(t, true);
}

static void go_back(struct tui *t)
{
    if (t->help) {
        t->help = false;
    } else if (t->view == LAYOUT_DETAIL) {
        set_view(t, t->view_before);
    } else if (t->filter[0]) {
        set_filter(t, "");
    } else if (t->message_until_s > 0) {
        t->message_until_s = 0;
    }
    t->dirty = true;
}

static int clamp(int value, int most)
{
    return value > most ? (most > 0 ? most : 0) : value < 0 ? 0 : value;
}

/* Moves what the arrows move in this view. */
static void move_by(struct tui *t, int rows, bool page)
{
    int height;

    t->dirty = true;
    if (t->help) {
        height = t->layout.overlay.h - 2;
        t->help_scroll = clamp(t->help_scroll + rows * (page ? height : 1), tui_help_lines(t) - height);
        return;
    }
    switch (t->view) {
    case LAYOUT_LOG:
        height = t->layout.main.h;
        t->log_scroll = clamp(t->log_scroll + rows * (page ? height : 1), tui_log_lines(t) - height);
        break;
    case LAYOUT_DETAIL:
        height = t->layout.main.h;
        t->detail_scroll = clamp(t->detail_scroll + rows * (page ? height : 1), t->detail_lines - height);
        break;
    case LAYOUT_MEMORY:
        tui_state_move(t, rows * (page ? tui_state_page(t) : t->layout.stairs_columns));
        break;
    case LAYOUT_OVERVIEW:
    case LAYOUT_MAP:
    case LAYOUT_GUESTS:
    default:
        tui_state_move(t, rows * (page ? (t->view == LAYOUT_MAP ? 5 : tui_state_page(t)) : 1));
        break;
    }
}

static void move_to_end(struct tui *t, bool last)
{
    int far = last ? 1 << 20 : -(1 << 20);

    if (t->help || t->view == LAYOUT_LOG || t->view == LAYOUT_DETAIL)
        move_by(t, far, false);
    else
        tui_state_move(t, far);
}

static void move_aside(struct tui *t, int step)
{
    if (t->view == LAYOUT_MEMORY)
        tui_state_move(t, step);
    else
        t->map_first_cpu = clamp(t->map_first_cpu + step * 8, t->report.snapshot.n_pcpus - 8);
    t->dirty = true;
}

static void fold(struct tui *t, bool all)
{
    int guest = tui_state_guest(t);

    t->dirty = true;
    if (all) {
        bool any_open = false;

        for (int i = 0; i < t->n_order; i++)
            any_open |= !tui_state_is_folded(t, t->report.snapshot.guests[t->order[i]].uuid);
        t->folding = any_open ? TUI_FOLD_ALL : TUI_FOLD_NONE;
        t->n_folded = 0;
    } else if (guest >= 0) {
        tui_state_fold(t, t->report.snapshot.guests[guest].uuid);
    }
}

static void act(struct tui *t, enum tui_action action)
{
    /* From then on it is this guest that is meant, wherever its row goes. */
    if (action == TUI_DO_LOCK || action == TUI_DO_DETAIL || action == TUI_DO_FOLD)
        t->cursor_chosen = true;
    if (tui_commands_do(t, action))
        return;
    switch (action) {
    case TUI_DO_VIEW_OVERVIEW:
    case TUI_DO_VIEW_MAP:
    case TUI_DO_VIEW_GUESTS:
    case TUI_DO_VIEW_MEMORY:
    case TUI_DO_VIEW_LOG:
        set_view(t, (enum layout_view)(LAYOUT_OVERVIEW + (int)(action - TUI_DO_VIEW_OVERVIEW)));
        break;
    case TUI_DO_VIEW_NEXT:
    case TUI_DO_VIEW_PREVIOUS:
        next_view(t, action == TUI_DO_VIEW_NEXT ? 1 : -1);
        break;
    case TUI_DO_DETAIL:
        if (tui_state_guest(t) >= 0)
            set_view(t, LAYOUT_DETAIL);
        else
            tui_state_say(t, TUI_WARN, 3, "no guest is chosen: nothing to show in detail");
        break;
    case TUI_DO_UP:
    case TUI_DO_DOWN:
        move_by(t, action == TUI_DO_UP ? -1 : 1, false);
        break;
    case TUI_DO_PAGE_UP:
    case TUI_DO_PAGE_DOWN:
        move_by(t, action == TUI_DO_PAGE_UP ? -1 : 1, true);
        break;
    case TUI_DO_LEFT:
    case TUI_DO_RIGHT:
        move_aside(t, action == TUI_DO_LEFT ? -1 : 1);
        break;
    case TUI_DO_FIRST:
    case TUI_DO_LAST:
        move_to_end(t, action == TUI_DO_LAST);
        break;
    case TUI_DO_FILTER:
        t->filtering = true;
        break;
    case TUI_DO_SORT_PREVIOUS:
        sort_by(t, (enum tui_column_id)(((int)t->sorting.column + TUI_COLUMNS - 1) % TUI_COLUMNS));
        break;
    case TUI_DO_SORT_NEXT:
        sort_by(t, (enum tui_column_id)(((int)t->sorting.column + 1) % TUI_COLUMNS));
        break;
    case TUI_DO_SORT_INVERT:
        sort_by(t, t->sorting.column);
        break;
    case TUI_DO_FOLD:
    case TUI_DO_FOLD_ALL:
        fold(t, action == TUI_DO_FOLD_ALL);
        break;
    case TUI_DO_REDRAW:
        clearok(curscr, TRUE);
        break;
    case TUI_DO_HELP:
        t->help = true;
        t->help_scroll = 0;
        break;
    case TUI_DO_BACK:
        go_back(t);
        break;
    case TUI_DO_QUIT:
        t->quit = true;
        break;
    default:
        break;
    }
    t->dirty = true;
}

static void append_to_filter(struct tui *t, wint_t c)
{
    char text[TUI_FILTER_BYTES], bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    size_t n = wcrtomb(bytes, (wchar_t)c, &state), before = strlen(t->filter);

    if (n == (size_t)-1 || c < 32 || c == 127 || before + n >= sizeof text)
        return;
    memcpy(text, t->filter, before);
    memcpy(text + before, bytes, n);
    text[before + n] = 0;
    set_filter(t, text);
}

static void shorten_filter(struct tui *t)
{
    char text[TUI_FILTER_BYTES];
    size_t n = strlen(t->filter);

    memcpy(text, t->filter, n + 1);
    while (n > 0 && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
        n--;
    text[n > 0 ? n - 1 : 0] = 0;
    set_filter(t, text);
}

/* The line in which the filter is typed. False where the key isn't for it. */
static bool take_filter_key(struct tui *t, bool is_key, wint_t c)
{
    if (!is_key && c == 27) {
        t->filtering = false;
        set_filter(t, "");
    } else if ((!is_key && (c == '\r' || c == '\n')) || (is_key && c == KEY_ENTER)) {
        t->filtering = false;
    } else if ((is_key && c == KEY_BACKSPACE) || (!is_key && (c == 127 || c == 8))) {
        shorten_filter(t);
    } else if (!is_key && c == 21) { /* ^U */
        set_filter(t, "");
    } else if (is_key && (c == KEY_UP || c == KEY_DOWN)) {
        tui_state_move(t, c == KEY_UP ? -1 : 1);
    } else if (!is_key && c >= 32) {
        append_to_filter(t, c);
    } else {
        return false;
    }
    t->dirty = true;
    return true;
}

static bool inside(const struct layout_rect *r, int x, int y)
{
    return x >= r->x && x < r->x + r->w && y >= r->y && y < r->y + r->h;
}

static void click(struct tui *t, int x, int y)
{
    const struct layout *l = &t->layout;

    if (inside(&l->footer, x, y)) {
        for (int i = 0; i < t->n_footer; i++)
            if (x >= l->footer.x + t->footer[i].x && x < l->footer.x + t->footer[i].x + t->footer[i].width)
                act(t, t->footer[i].key->action);
    } else if (t->help) {
        go_back(t);
    } else if (inside(&l->columns, x, y)) {
        int column = tui_guests_column_at(t, x);

        if (column >= 0)
            sort_by(t, (enum tui_column_id)column);
    } else if (t->view == LAYOUT_MEMORY && inside(&l->guests, x, y)) {
        int row = (y - l->guests.y) / l->stairs_height, column = (x - l->guests.x) / l->stairs_width;

        if (t->scroll + row * l->stairs_columns + column < t->n_order)
            tui_state_move(t, t->scroll + row * l->stairs_columns + column - t->cursor_row);
    } else if (inside(&l->guests, x, y) && t->scroll + y - l->guests.y < t->n_order) {
        int row = t->scroll + y - l->guests.y;

        if (row == t->cursor_row)
            act(t, TUI_DO_DETAIL);
        else
            tui_state_move(t, row - t->cursor_row);
    }
}

static void take_mouse(struct tui *t)
{
    MEVENT event;

    if (getmouse(&event) != OK)
        return;
    if (event.bstate & BUTTON4_PRESSED)
        move_by(t, -3, false);
    else if (event.bstate & BUTTON5_PRESSED)
        move_by(t, 3, false);
    else if (event.bstate & BUTTON1_PRESSED)
        click(t, event.x, event.y);
}

bool tui_input_take(struct tui *t)
{
    const struct tui_key *key;
    wint_t c;
    int kind = get_wch(&c);
    int code;

    if (kind == ERR)
        return false;
    if (kind == KEY_CODE_YES && c == KEY_RESIZE)
        return true;
    if (kind == KEY_CODE_YES && c == KEY_MOUSE) {
        take_mouse(t);
        return true;
    }
    if (t->filtering && take_filter_key(t, kind == KEY_CODE_YES, c))
        return true;
    code = kind == KEY_CODE_YES || c < 128 ? (int)c : 0;
    key = tui_keys_find(tui_state_context(t), code);
    if (key)
        act(t, key->action);
    else if (!t->filtering && code > ' ' && code < 127)
        tui_state_say(t, TUI_DIM, 3, "%c does nothing here: ? shows the keys", code);
    return true;
}
