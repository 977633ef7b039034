/* The memory view: the host's memory with its reserve, and each guest's recent sizes as stairs. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the chart shows of one moment. */
struct step {
    bool known, told;             /* told: by the guest, too; otherwise there is only its size */
    double used, cache_top, size; /* KiB: used; used and what could be dropped; all it has */
};

/* Seconds that one column of a chart stands for: so that some ten intervals fit into forty columns, and more of them
 * where graphs look back further. */
static double column_seconds(const struct tui *t)
{
    static const double longer[TUI_WINDOWS] = {1, 5, 30};

    return fmax(t->report.interval_s / 4, 1) * longer[t->window];
}

/* The youngest sample that is not younger than the column's right edge. Columns stand at multiples of their length, so
 * that the chart moves once per column and not each second. */
static struct step step_at(const struct tui *t, const struct tui_guest_history *g, int column, int *from)
{
    double length_ns = column_seconds(t) * 1e9;
    double right = (floor((double)t->history.last_ns / length_ns) + 1 - column) * length_ns;
    const struct tui_sample *s;

    for (; (s = tui_history_sample(g, *from)) != NULL; (*from)++)
        if ((double)s->ns < right)
            break;
    if (!s || (double)s->ns < right - 3 * length_ns - 3e9)
        return (struct step){.known = false};
    return (struct step){true, s->told, (double)s->used_kib, (double)s->size_kib - (double)s->unused_kib,
                         (double)s->size_kib};
}

/* The chart's top in KiB: the guest's maximum, or a half, a quarter ... of it that holds all sizes remembered. */
static double scale_of(const struct tui *t, const struct tui_guest_history *g, int guest)
{
    const struct snapshot_memory *m = &t->report.snapshot.guests[guest].memory;
    double top = (double)(m->max_kib > m->size_kib ? m->max_kib : m->size_kib), largest = (double)m->size_kib;
    const struct tui_sample *s;

    for (int i = 0; i < 200 && (s = tui_history_sample(g, i)) != NULL; i++)
        largest = fmax(largest, (double)s->size_kib);
    while (top > 1 && largest <= top / 2 * 0.98)
        top /= 2;
    return top > 0 ? top : 1;
}

static struct tui_bar_cell cell_of(const struct step *s, double top, int row, int height, enum tui_glyphs glyphs)
{
    double low = top * row / height, high = top * (row + 1) / height, middle = (low + high) / 2;
    wchar_t edge = glyphs == TUI_GLYPHS_ASCII ? L'-' : L'\u2500';

    if (!s->known)
        return (struct tui_bar_cell){L' ', TUI_PLAIN};
    if (!s->told)
        return (struct tui_bar_cell){s->size > middle ? tui_bar_character(TUI_BAR_SPARSE, glyphs) : L' ', TUI_DIM};
    if (s->used > low + (high - low) / 16) {
        wchar_t c = tui_bar_column(s->used / top, row, height, glyphs);

        if (c != L' ')
            return (struct tui_bar_cell){c, TUI_USED};
    }
    if (s->cache_top >= middle)
        return (struct tui_bar_cell){tui_bar_character(TUI_BAR_SHADE, glyphs), TUI_CACHE};
    if (s->size > low && s->size <= high)
        return (struct tui_bar_cell){edge, TUI_STRONG};
    if (s->size > high)
        return (struct tui_bar_cell){tui_bar_character(TUI_BAR_DOTS, glyphs), TUI_FREE};
    return (struct tui_bar_cell){L' ', TUI_PLAIN};
}

static int chosen_column(const struct tui *t)
{
    double length_ns = column_seconds(t) * 1e9;

    return (int)(floor((double)t->history.last_ns / length_ns) -
                 floor((double)t->report.snapshot.taken_ns / length_ns));
}

void tui_stairs_row(struct tui *t, struct tui_pen *p, int guest, int row, int height)
{
    const struct tui_guest_history *g = tui_history_find(&t->history, t->report.snapshot.guests[guest].uuid, guest);
    double top = scale_of(t, g, guest);
    int columns, left, from = 0;
    char text[24];

    tui_pen_field(p, TUI_DIM, 6, TUI_RIGHT,
                  row == 0            ? tui_text_size(text, sizeof(text), (uint64_t)top)
                  : row == height - 1 ? "0"
                                      : "");
    tui_pen_text(p, TUI_DIM, t->term.unicode ? "\u2502" : "|");
    columns = tui_pen_left(p);
    left = p->x;
    for (int column = 0; column < columns; column++) {
        struct step step = step_at(t, g, column, &from);
        struct tui_bar_cell cell = cell_of(&step, top, height - 1 - row, height, t->term.glyphs);

        p->x = left + columns - 1 - column;
        /* The cursor on the time axis: the decision that was chosen. */
        if (t->past.chosen && column == chosen_column(t) && cell.role != TUI_USED)
            cell.role = TUI_CURSOR;
        tui_pen_cells(p, &cell, 1);
    }
    p->x = left + columns;
}

static void draw_title(struct tui *t, struct tui_pen *p, int guest)
{
    const struct snapshot_guest *g = &t->report.snapshot.guests[guest];
    const struct snapshot_memory *m = &g->memory;
    const struct plan_guest *planned = report_plan_guest(&t->report, guest);
    const char *alone = tui_left_alone(g);
    bool cursor = guest == tui_state_guest(t);
    char text[40], name[TUI_NAME_BYTES];
    int room = tui_pen_left(p) - 21, columns;

    tui_pen_char(p, TUI_STRONG, !cursor ? L' ' : t->term.unicode ? L'\u25B8' : L'>');
    tui_pen_skip(p, 1);
    columns = tui_text_columns(tui_name(t, guest, room, name, sizeof(name)), t->term.unicode);
    tui_pen_field(p, cursor ? TUI_CURSOR : alone ? TUI_DIM : TUI_STRONG, columns, TUI_LEFT, name);
    if (!(m->has & SNAPSHOT_HAS_SIZE)) {
        tui_pen_text(p, TUI_DIM, "  not reported");
        return;
    }
    tui_pen_print(p, TUI_PLAIN, "  %s", tui_text_of(text, sizeof(text), m->size_kib, m->max_kib));
    if (m->has & SNAPSHOT_HAS_UNUSED)
        tui_pen_piece(p, TUI_DIM, "  %s%s unused", tui_text_size(text, sizeof(text), m->unused_kib),
                      tui_memory_is_old(&t->report, guest) ? "?" : "");
    if (alone)
        tui_pen_piece(p, TUI_DIM, "  %s", alone);
    else if (planned && planned->status[0])
        tui_pen_piece(p, TUI_DIM, "  %s", planned->status);
}

static void draw_guest(struct tui *t, const struct layout_rect *r, int guest)
{
    struct tui_pen p = tui_pen_at(&t->term, r, 0);
    int height = r->h >= 6 ? r->h - 2 : r->h - 1; /* a row stays free below, where there is room */

    p.right--;
    draw_title(t, &p, guest);
    for (int row = 0; row < height; row++) {
        p = tui_pen_at(&t->term, r, row + 1);
        p.right -= 2;
        tui_stairs_row(t, &p, guest, row, height);
    }
}

static void size_piece(struct tui_pen *p, enum tui_role role, const char *name, bool known, uint64_t kib)
{
    char text[24];

    if (known)
        tui_pen_print(p, role, "%s %s   ", name, tui_text_size(text, sizeof(text), kib));
}

static void swap_piece(struct tui_pen *p, const struct snapshot_host *h)
{
    char text[40];
    uint64_t used_kib = h->swap_total_kib - h->swap_free_kib;

    if (h->swap_total_kib == 0)
        tui_pen_print(p, TUI_PLAIN, "no swap   ");
    else
        tui_pen_print(p, used_kib > 0 ? TUI_WARN : TUI_PLAIN, "swap used %s   ",
                      tui_text_of(text, sizeof(text), used_kib, h->swap_total_kib));
}

/* Of CPUs and I/O: where there is no room in the row any more, in the one below. */
static void pressure_pieces(struct tui_pen *row, struct tui_pen *below, const struct snapshot_host *h)
{
    char text[2][48] = {"", ""};

    if (h->has & SNAPSHOT_HOST_HAS_CPU_PRESSURE)
        snprintf(text[0], sizeof(text[0]), "CPU some %.1f %%   ", h->cpu_pressure_some_pct);
    if (h->has & SNAPSHOT_HOST_HAS_IO_PRESSURE)
        snprintf(text[1], sizeof(text[1]), "I/O some %.1f full %.1f %%   ", h->io_pressure_some_pct,
                 h->io_pressure_full_pct);
    for (int i = 0; i < 2; i++)
        if (!tui_pen_piece(row, TUI_PLAIN, "%s", text[i])) {
            row->right = row->x; /* so that they keep their order */
            tui_pen_piece(below, TUI_PLAIN, "%s", text[i]);
        }
}

void tui_strain_draw(const struct tui *t, struct tui_pen *p)
{
    enum { STRAIN_WIDTH = 120 };
    static const double least_pct = 0.5; /* what is rounded to 1 % and above */
    const struct snapshot_host *h = &t->report.snapshot.host;
    const struct {
        const char *name;
        bool known;
        double pct;
    } waits[] = {{"CPU", h->has & SNAPSHOT_HOST_HAS_CPU_PRESSURE, h->cpu_pressure_some_pct},
                 {"memory", h->has & SNAPSHOT_HOST_HAS_PRESSURE, h->pressure_some_pct},
                 {"I/O", h->has & SNAPSHOT_HOST_HAS_IO_PRESSURE, h->io_pressure_some_pct}};
    bool swaps = h->has & SNAPSHOT_HOST_HAS_SWAP && h->swap_total_kib > h->swap_free_kib, named = false;
    struct tui_pen right = *p;
    char text[128] = "", size[24];

    if (t->layout.width < STRAIN_WIDTH)
        return;
    if (swaps)
        snprintf(text, sizeof(text), " swap used %s ",
                 tui_text_size(size, sizeof(size), h->swap_total_kib - h->swap_free_kib));
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
        if (waits[i].known && waits[i].pct >= least_pct) {
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s %.0f %%", named ? "," : " pressure",
                     waits[i].name, waits[i].pct);
            named = true;
        }
    if (!text[0])
        return;
    right.x = right.right - (int)strlen(text) - 1;
    p->right = right.x;
    tui_pen_text(&right, swaps || (waits[1].known && waits[1].pct >= least_pct) ? TUI_WARN : TUI_DIM, text);
}

static void draw_host(struct tui *t)
{
    const struct layout_rect *r = &t->layout.host;
    const struct snapshot_host *h = &t->report.snapshot.host;
    const struct plan *plan = &t->report.plan;
    static const struct tui_legend legend[] = {{TUI_BAR_SOLID, false, TUI_USED, "used"},
                                               {TUI_BAR_SHADE, false, TUI_CACHE, "page cache"},
                                               {TUI_BAR_DOTS, false, TUI_FREE, "free"},
                                               {TUI_BAR_SOLID, true, TUI_MARK, "reserve"}};
    struct tui_pen p = tui_pen_at(&t->term, r, 0), below = tui_pen_at(&t->term, r, 2);

    if (t->layout.headings) {
        enum { TITLE = 16, LEGEND = 46, WORDS = 20 };
        struct layout_rect rule = {r->x, r->y - 1, r->w, 1};
        struct tui_pen graph = tui_pen_at(&t->term, &rule, 0);

        tui_pen_heading(&t->term, r, "host memory", NULL);
        tui_pen_skip(&graph, TITLE);
        tui_memory_graph(t, &graph, r->w - TITLE - LEGEND - WORDS);
    }
    if (t->layout.headings)
        tui_pen_legend(&t->term, r, 18, legend, 4);
    tui_pen_skip(&p, 1);
    tui_host_memory_draw(t, &p, r->w - 16);
    p = tui_pen_at(&t->term, r, 1);
    tui_pen_skip(&p, 1);
    size_piece(&p, TUI_PLAIN, "free", h->has & SNAPSHOT_HOST_HAS_FREE, h->free_kib);
    size_piece(&p, TUI_PLAIN, "available", h->has & SNAPSHOT_HOST_HAS_AVAILABLE, h->available_kib);
    size_piece(&p, TUI_PLAIN, "caches", h->has & SNAPSHOT_HOST_HAS_CACHES, h->caches_kib);
    if (h->has & SNAPSHOT_HOST_HAS_SWAP)
        swap_piece(&p, h);
    if (h->has & SNAPSHOT_HOST_HAS_PRESSURE)
        tui_pen_print(&p, h->pressure_some_pct >= 1 ? TUI_WARN : TUI_PLAIN, "pressure some %.1f full %.1f %%   ",
                      h->pressure_some_pct, h->pressure_full_pct);
    if (plan->has_memory)
        tui_budget_draw(t, &below);
    tui_pen_skip(&below, plan->has_memory ? 3 : 1);
    pressure_pieces(&p, &below, h);
}

void tui_memory_draw(struct tui *t)
{
    const struct layout *l = &t->layout;
    int page = l->stairs_columns * l->stairs_rows, last;
    char right[96], length[24];

    draw_host(t);
    last = t->list.scroll + page < t->list.n_order ? t->list.scroll + page : t->list.n_order;
    snprintf(right, sizeof(right), "sort %s · a column is %s · %d-%d of %d", tui_column(t->list.sorting.column)->head,
             tui_text_seconds(length, sizeof(length), column_seconds(t)), t->list.n_order ? t->list.scroll + 1 : 0,
             last, t->list.n_order);
    if (l->headings)
        tui_pen_heading(&t->term, &l->guests, "guests' memory", right);
    for (int i = 0; i < page && t->list.scroll + i < t->list.n_order; i++) {
        struct layout_rect r = {l->guests.x + i % l->stairs_columns * l->stairs_width,
                                l->guests.y + i / l->stairs_columns * l->stairs_height, l->stairs_width,
                                l->stairs_height};

        draw_guest(t, &r, t->list.order[t->list.scroll + i]);
    }
}
