/* Graphs of what was: one row each, a block a column, the present at the right. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_text.h"

#include <math.h>
#include <stdio.h>

double tui_window_s(const struct tui *t)
{
    static const double windows_s[TUI_WINDOWS] = {60, 300, 1800};

    return windows_s[t->window];
}

/* What a graph shows of one column of time. */
struct column {
    bool known, marked;
    double level; /* the most in that time */
};

/* Columns end at multiples of their length, so that a graph moves once a column. */
static double column_end(const struct tui *t, int columns, int column, double *length_ns)
{
    *length_ns = tui_window_s(t) * 1e9 / columns;
    return (floor((double)t->report.snapshot.taken_ns / *length_ns) + 1 - column) * *length_ns;
}

static struct column balance_at(const struct tui *t, int columns, int column, int *from)
{
    double length_ns, end = column_end(t, columns, column, &length_ns);
    struct column c = {0};
    const struct tui_moment *m;

    for (; (m = tui_history_moment(&t->history, *from)) != NULL && (double)m->ns >= end - length_ns; (*from)++) {
        if ((double)m->ns >= end)
            continue;
        c.known = true;
        c.marked |= m->moved;
        c.level = fmax(c.level, m->sd_pct);
    }
    return c;
}

void tui_balance_graph(struct tui *t, struct tui_pen *p, int width)
{
    enum { MOST = 60, LEAST = 8 };
    struct column columns[MOST];
    int n = width < MOST ? width : MOST, from = 0;
    double top = 10; /* points: twice what counts as balanced, so that calm looks calm */
    char length[24];

    if (n < LEAST || t->history.n_moments < 2)
        return;
    for (int i = 0; i < n; i++) {
        columns[i] = balance_at(t, n, i, &from);
        top = fmax(top, columns[i].level);
    }
    tui_pen_text(p, TUI_DIM, " sd ");
    for (int i = n - 1; i >= 0; i--)
        tui_pen_char(p, columns[i].marked ? TUI_WARN : TUI_RUN,
                     columns[i].known ? tui_bar_level(fmax(columns[i].level / top, 0.02), t->term.glyphs) : L' ');
    tui_pen_print(p, TUI_DIM, " %.0f, %s ", top, tui_text_seconds(length, sizeof(length), tui_window_s(t)));
}

void tui_guest_graph(struct tui *t, struct tui_pen *p, int guest, int row)
{
    const struct snapshot_guest *g = &t->report.snapshot.guests[guest];
    const struct tui_guest_history *past = tui_history_find(&t->history, g->uuid, guest);
    int columns = tui_pen_left(p) - 8, from = 0, left = p->x;
    double top = 100.0 * (g->n_vcpus > 0 ? g->n_vcpus : 1);
    const struct tui_sample *s;

    for (int i = 0; i < columns; i++) {
        double length_ns, end = column_end(t, columns, i, &length_ns), level = -1;

        for (; (s = tui_history_sample(past, from)) != NULL && (double)s->ns >= end - length_ns; from++)
            if ((double)s->ns < end)
                level = fmax(level, (row ? s->wait_pct : s->run_pct) / top);
        p->x = left + columns - 1 - i;
        tui_pen_char(p, row ? TUI_UNMET : TUI_RUN, level < 0 ? L' ' : tui_bar_level(level, t->term.glyphs));
    }
    p->x = left + (columns > 0 ? columns : 0);
    tui_pen_print(p, TUI_DIM, " %.0f%%", top);
}
