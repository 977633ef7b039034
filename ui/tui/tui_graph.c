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

enum { MOST_COLUMNS = 512 };

/* Columns end at multiples of their length, so that a graph moves once a column. The right one is now's, whatever
 * decision of the past is shown. */
static double column_end(const struct tui *t, int columns, int column, double *length_ns)
{
    *length_ns = tui_window_s(t) * 1e9 / columns;
    return (floor((double)t->history.last_ns / *length_ns) + 1 - column) * *length_ns;
}

/* The column, from the right, in which a moment stands; outside the graph where it is too old. */
static int column_of(const struct tui *t, int columns, uint64_t ns)
{
    double length_ns, end = column_end(t, columns, 0, &length_ns);

    return (int)floor((end - (double)ns) / length_ns);
}

/* Writes n columns, the first of which is the youngest and stands at the right; the cursor on the time axis stands
 * where the decision is that was chosen. */
static void write_columns(struct tui *t, struct tui_pen *p, const struct column *columns, int n, enum tui_role role)
{
    int chosen = t->past.chosen ? column_of(t, n, t->report.snapshot.taken_ns) : -1;

    for (int i = n - 1; i >= 0; i--) {
        /* Where a column is shorter than the time between two samples, what was goes on. */
        bool between = !columns[i].known && i > 0 && i < n - 1 && columns[i - 1].known && columns[i + 1].known;
        wchar_t c = between            ? tui_bar_level(fmax(columns[i + 1].level, 0.02), t->term.glyphs)
                    : columns[i].known ? tui_bar_level(fmax(columns[i].level, 0.02), t->term.glyphs)
                                       : L' ';

        tui_pen_char(p, i == chosen ? TUI_CURSOR : columns[i].marked ? TUI_WARN : role, c);
    }
}

static void scale_columns(struct column *columns, int n, double top)
{
    for (int i = 0; i < n; i++)
        columns[i].level /= top;
}

static struct column moment_at(const struct tui *t, bool memory, int columns, int column, int *from)
{
    double length_ns, end = column_end(t, columns, column, &length_ns);
    struct column c = {0};
    const struct tui_moment *m;

    for (; (m = tui_history_moment(&t->history, *from)) != NULL && (double)m->ns >= end - length_ns; (*from)++) {
        if ((double)m->ns >= end || (!memory && m->sd_pct < 0))
            continue;
        /* Of memory the least is what matters. */
        c.level = !memory   ? fmax(c.level, m->sd_pct)
                  : c.known ? fmin(c.level, (double)m->free_kib)
                            : (double)m->free_kib;
        c.known = true;
        c.marked |= memory ? m->missing_kib > 0 : m->moved;
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

    t->axis.w = 0;
    if (n < LEAST || t->history.n_moments < 2)
        return;
    for (int i = 0; i < n; i++) {
        columns[i] = moment_at(t, false, n, i, &from);
        top = fmax(top, columns[i].level);
    }
    scale_columns(columns, n, top);
    tui_pen_text(p, TUI_DIM, " sd ");
    t->axis = (struct layout_rect){p->x, p->y, n, 1};
    write_columns(t, p, columns, n, TUI_RUN);
    tui_pen_print(p, TUI_DIM, " %.0f, %s ", top, tui_text_seconds(length, sizeof(length), tui_window_s(t)));
}

void tui_memory_graph(struct tui *t, struct tui_pen *p, int width)
{
    enum { MOST = 60, LEAST = 8 };
    struct column columns[MOST];
    int n = width < MOST ? width : MOST, from = 0;
    char length[24], size[24];
    double top = 1;

    t->axis.w = 0;
    if (n < LEAST || t->history.n_moments < 2)
        return;
    for (int i = 0; i < n; i++) {
        columns[i] = moment_at(t, true, n, i, &from);
        top = fmax(top, columns[i].level);
    }
    scale_columns(columns, n, top);
    tui_pen_text(p, TUI_DIM, " left ");
    t->axis = (struct layout_rect){p->x, p->y, n, 1};
    write_columns(t, p, columns, n, TUI_FREE);
    tui_pen_print(p, TUI_DIM, " %s, %s ", tui_text_size(size, sizeof(size), (uint64_t)top),
                  tui_text_seconds(length, sizeof(length), tui_window_s(t)));
}

uint64_t tui_axis_moment(const struct tui *t, int x)
{
    double length_ns, end;

    if (t->axis.w <= 0)
        return 0;
    end = column_end(t, t->axis.w, t->axis.x + t->axis.w - 1 - x, &length_ns);
    return end > length_ns / 2 ? (uint64_t)(end - length_ns / 2) : 0;
}

/* The most of a track's figure in each column; of several tracks, their mean. */
static void add_track(const struct tui *t, const struct tui_track *track, enum tui_frame_figure figure,
                      struct column *columns, int n)
{
    const struct tui_frames *f = &t->history.frames;
    int slot;

    for (int i = 0; (slot = tui_frames_slot(f, i)) >= 0; i++) {
        int column = column_of(t, n, f->ns[slot]);
        double pct = tui_frames_pct(track, figure, slot);

        if (column >= n)
            return;
        if (column < 0 || pct < 0)
            continue;
        columns[column].known = true;
        columns[column].marked |= track->moved[slot] != 0;
        columns[column].level = fmax(columns[column].level, pct);
    }
}

void tui_track_graph(struct tui *t, struct tui_pen *p, int width, const struct tui_track *track,
                     enum tui_frame_figure figure, enum tui_role role)
{
    struct column columns[MOST_COLUMNS] = {{0}};
    int n = width < MOST_COLUMNS ? width : MOST_COLUMNS;

    if (n > tui_pen_left(p))
        n = tui_pen_left(p);
    if (n <= 0)
        return;
    if (track)
        add_track(t, track, figure, columns, n);
    scale_columns(columns, n, 100);
    write_columns(t, p, columns, n, role);
}

void tui_node_graph(struct tui *t, struct tui_pen *p, int width, int first, int pcpus)
{
    struct column sums[MOST_COLUMNS] = {{0}};
    int n = width < MOST_COLUMNS ? width : MOST_COLUMNS;

    if (n > tui_pen_left(p))
        n = tui_pen_left(p);
    for (int i = first; i < first + pcpus && n > 0; i++) {
        struct column columns[MOST_COLUMNS] = {{0}};
        const struct tui_track *track =
            tui_frames_pcpu(&t->history.frames, t->report.snapshot.pcpus[t->by_node[i]].number);

        if (track)
            add_track(t, track, TUI_FRAME_LOAD, columns, n);
        for (int k = 0; k < n; k++) {
            sums[k].known |= columns[k].known;
            sums[k].level += columns[k].level / pcpus;
        }
    }
    if (n <= 0)
        return;
    scale_columns(sums, n, 100);
    write_columns(t, p, sums, n, TUI_RUN);
}

void tui_guest_graph(struct tui *t, struct tui_pen *p, int guest, enum tui_frame_figure figure)
{
    static const enum tui_role roles[] = {
        [TUI_FRAME_DEMAND] = TUI_HEAT_COOL, [TUI_FRAME_RUN] = TUI_RUN, [TUI_FRAME_WAIT] = TUI_UNMET};
    const struct snapshot_guest *g = &t->report.snapshot.guests[guest];
    const struct tui_guest_history *past = tui_history_find(&t->history, g->uuid, guest);
    struct column columns[MOST_COLUMNS] = {{0}};
    int n = tui_pen_left(p) - 8 < MOST_COLUMNS ? tui_pen_left(p) - 8 : MOST_COLUMNS;
    double top = 100.0 * (g->n_vcpus > 0 ? g->n_vcpus : 1);
    const struct tui_sample *s;

    if (n <= 0)
        return;
    for (int i = 0; (s = tui_history_sample(past, i)) != NULL; i++) {
        int column = column_of(t, n, s->ns);
        double pct = figure == TUI_FRAME_RUN ? s->run_pct : figure == TUI_FRAME_WAIT ? s->wait_pct : s->demand_pct;

        if (column >= n)
            break;
        if (column < 0)
            continue;
        columns[column].known = true;
        columns[column].marked |= s->moved;
        columns[column].level = fmax(columns[column].level, pct);
    }
    scale_columns(columns, n, top);
    write_columns(t, p, columns, n, roles[figure]);
    tui_pen_print(p, TUI_DIM, " %.0f%%", top);
}

void tui_moves_graph(struct tui *t, struct tui_pen *p, int guest)
{
    const struct snapshot_guest *g = &t->report.snapshot.guests[guest];
    const struct tui_guest_history *past = tui_history_find(&t->history, g->uuid, guest);
    int n = tui_pen_left(p) - 8, left = p->x;
    const struct tui_sample *s;

    for (int i = 0; (s = tui_history_sample(past, i)) != NULL; i++) {
        int column = column_of(t, n > 0 ? n : 1, s->ns);

        if (column >= n)
            return;
        p->x = left + n - 1 - column;
        if (column >= 0 && s->moved)
            tui_pen_char(p, TUI_WARN, t->term.unicode ? L'\u25B4' : L'^');
    }
}
