/* The map: a matrix of vCPUs (rows) and pCPUs (columns), with the load of each pCPU on top. */
#include "ui/tui/tui.h"

#include "core/model/cpumask.h"
#include "ui/tui/tui_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_WIDEST = 64,
    LABEL_WIDE = 26,
    LABEL_NARROW = 14,
    WIDEST_CELL = 24,
    FIGURE_FROM = 5,
    BAR_FROM = 12,
    LABEL_OTHER = 14
};

struct row {
    int guest;
    int vcpu; /* index in snapshot.vcpus; -1: the guest's vCPUs folded into one row */
};

struct matrix {
    int label, cell;     /* widths */
    int head;            /* rows of the pCPUs' groups, of their numbers, read downwards, and their load */
    int first_cpu, cpus; /* of by_node */
    struct row *rows;
    int n_rows, first_row, cursor_row;
};

static int build_rows(struct tui *t, struct matrix *m)
{
    const struct snapshot *s = &t->report.snapshot;

    m->rows = calloc((size_t)s->n_vcpus + (size_t)s->n_guests + 1, sizeof(*m->rows));
    if (!m->rows)
        return -1;
    for (int i = 0; i < t->list.n_order; i++) {
        const struct snapshot_guest *g = &s->guests[t->list.order[i]];

        if (i == t->list.cursor_row)
            m->cursor_row = m->n_rows;
        if (g->n_vcpus == 0 || (g->n_vcpus > 1 && tui_state_is_folded(t, g->uuid)))
            m->rows[m->n_rows++] = (struct row){t->list.order[i], -1};
        else
            for (int v = 0; v < g->n_vcpus; v++)
                m->rows[m->n_rows++] = (struct row){t->list.order[i], g->first_vcpu + v};
    }
    return 0;
}

/* Keeps the cursor's guest in view, as much of it as there is room for. */
static void scroll_rows(struct tui *t, struct matrix *m, int page)
{
    int guest = tui_state_guest(t), last = m->cursor_row;

    while (last + 1 < m->n_rows && m->rows[last + 1].guest == guest)
        last++;
    if (last >= t->map.scroll + page)
        t->map.scroll = last - page + 1;
    if (m->cursor_row < t->map.scroll)
        t->map.scroll = m->cursor_row;
    if (t->map.scroll > m->n_rows - page)
        t->map.scroll = m->n_rows > page ? m->n_rows - page : 0;
    m->first_row = t->map.scroll;
}

/* Columns of gaps between nodes, before the i-th pCPU shown. */
static int gaps_before(const struct tui *t, const struct matrix *m, int i)
{
    const struct snapshot *s = &t->report.snapshot;
    int gaps = 0;

    for (int k = m->first_cpu + 1; k <= m->first_cpu + i; k++)
        gaps += s->pcpus[t->by_node[k]].node != s->pcpus[t->by_node[k - 1]].node;
    return gaps;
}

static int cell_x(const struct tui *t, const struct matrix *m, int i)
{
    return m->label + i * m->cell + gaps_before(t, m, i);
}

static void place_columns(const struct tui *t, struct matrix *m)
{
    int n = t->n_online, width = t->layout.main.w - 1, gaps = t->n_nodes > 0 ? t->n_nodes - 1 : 0;
    int digits = 1;

    for (int limit = 10; t->report.snapshot.cpu_limit > limit; limit *= 10)
        digits++;
    m->label = n + gaps + LABEL_WIDE <= width ? LABEL_WIDE : LABEL_NARROW;
    /* A wide screen has room for whole names first. */
    if (m->label == LABEL_WIDE && width - m->label - gaps > n * FIGURE_FROM) {
        int longest = LABEL_WIDE, spare = width - gaps - n * FIGURE_FROM;

        for (int i = 0; i < t->list.n_order; i++) {
            const char *name = t->report.snapshot.guests[t->list.order[i]].name;
            int columns = tui_text_columns(name, t->term.unicode) + LABEL_OTHER;

            longest = columns > longest ? columns : longest;
        }
        longest = longest > LABEL_WIDEST ? LABEL_WIDEST : longest;
        m->label = longest < spare ? longest : spare;
    }
    m->cell = n > 0 ? (width - m->label - gaps) / n : 1;
    /* A wide cell has its number on one row, with a blank between; a narrow one is one column wide. */
    m->cell = m->cell > digits ? (m->cell > WIDEST_CELL ? WIDEST_CELL : m->cell) : m->cell >= 2 ? 2 : 1;
    m->first_cpu = t->map.first_cpu > n - 1 ? (n > 0 ? n - 1 : 0) : t->map.first_cpu;
    m->cpus = n - m->first_cpu;
    if (n + gaps + m->label <= width) {
        m->first_cpu = 0;
        m->cpus = n;
    }
    m->head = (digits < 3 ? 3 : digits + 1) + (t->groups.shown ? 1 : 0);
    while (m->cpus > 1 && cell_x(t, m, m->cpus - 1) + m->cell > width)
        m->cpus--;
}

static struct tui_pen cell_at(struct tui *t, const struct matrix *m, int row, int i)
{
    struct tui_pen p = tui_pen_at(&t->term, &t->layout.main, row);

    p.x += cell_x(t, m, i) + (m->cell >= FIGURE_FROM ? 1 : m->cell > 2 ? m->cell - 2 : 0);
    return p;
}

/* A level as a block, and as a figure, too, where the cell has room. */
static void draw_level(struct tui *t, const struct matrix *m, struct tui_pen *p, double pct)
{
    bool figure = m->cell >= FIGURE_FROM;

    if (m->cell >= BAR_FROM) {
        struct tui_bar_segment level = {TUI_BAR_SOLID, tui_heat_role(pct), pct / 100},
                               rest = {TUI_BAR_DOTS, TUI_DIM, 0};

        tui_pen_bar(p, m->cell - 6, &level, 1, &rest, -1);
        tui_pen_print(p, TUI_PLAIN, "%4.0f", pct > 0 ? pct : 0);
        return;
    }
    /* A digit beside a figure would be read as part of it. */
    if (!figure || t->term.glyphs != TUI_GLYPHS_ASCII)
        tui_pen_char(p, tui_heat_role(pct), tui_bar_level(pct < 1 ? 0.1 : pct / 100, t->term.glyphs));
    if (figure)
        tui_pen_print(p, TUI_PLAIN, "%.0f", pct > 0 ? pct : 0);
}

/* The same of a pCPU's load, which may be more than there is. */
static void draw_load(struct tui *t, const struct matrix *m, struct tui_pen *p, int pcpu, double pct)
{
    if (m->cell >= FIGURE_FROM)
        draw_level(t, m, p, pct);
    else
        tui_pen_char(p, tui_pcpu_role(t, pcpu, pct), tui_load_level(t, pct < 1 ? 1 : pct));
}

/* A bracket over the pCPUs of each group, with what is asked of it where there is room. */
static void draw_groups(struct tui *t, const struct matrix *m)
{
    struct tui_pen p = tui_pen_at(&t->term, &t->layout.main, 0);
    int left = p.x;

    tui_pen_text(&p, TUI_COLUMN, "   group");
    for (int i = 0, end; i < m->cpus; i = end) {
        int group = tui_groups_of(&t->groups, t->by_node[m->first_cpu + i]), width;
        char load[16];

        for (end = i + 1; end < m->cpus && tui_groups_of(&t->groups, t->by_node[m->first_cpu + end]) == group; end++)
            ;
        width = cell_x(t, m, end - 1) + m->cell - cell_x(t, m, i);
        if (group < 0)
            continue;
        p.x = left + cell_x(t, m, i);
        if (width == 1) {
            tui_pen_char(&p, TUI_DIM, t->term.unicode ? L'\u252C' : L'v');
            continue;
        }
        snprintf(load, sizeof(load), "%.0f%%", t->groups.load_pct[group]);
        tui_pen_char(&p, TUI_DIM, t->term.unicode ? L'\u250C' : L'[');
        tui_pen_repeat(&p, TUI_DIM, t->term.unicode ? L'\u2500' : L'-', width - 2);
        tui_pen_char(&p, TUI_DIM, t->term.unicode ? L'\u2510' : L']');
        if ((int)strlen(load) + 2 > width)
            continue;
        p.x -= (width + (int)strlen(load)) / 2;
        tui_pen_text(&p, tui_group_role(t, group), load);
    }
}

/* The pCPUs' numbers, read downwards, and their loads. */
static void draw_head(struct tui *t, const struct matrix *m)
{
    const struct snapshot *s = &t->report.snapshot;
    int before = -1;
    int top = t->groups.shown ? 1 : 0;
    struct tui_pen label = tui_pen_at(&t->term, &t->layout.main, top),
                   load = tui_pen_at(&t->term, &t->layout.main, m->head - 1);

    if (t->groups.shown)
        draw_groups(t, m);
    tui_pen_text(&label, TUI_COLUMN, "   pCPU");
    tui_pen_text(&load, TUI_COLUMN, "   load");
    for (int i = 0; i < m->cpus; i++) {
        int pcpu = t->by_node[m->first_cpu + i], number = s->pcpus[pcpu].number;
        double pct = pcpu < t->report.live.n_pcpus ? t->report.live.pcpus[pcpu].load_pct : 0;
        struct tui_pen heat = cell_at(t, m, m->head - 1, i);
        enum tui_role role = number % 10 == 0 ? TUI_STRONG : TUI_DIM;
        bool leap = i == 0 || number != before + 1;

        before = number;
        /* The ones are always there; the digits above them where they change. */
        for (int row = m->head - 2, scale = 1; row >= top; row--, scale *= 10) {
            struct tui_pen digit = cell_at(t, m, row, i);

            if (scale == 1 || (number >= scale && (leap || number % scale == 0)))
                tui_pen_char(&digit, role, (wchar_t)(L'0' + number / scale % 10));
            else if (number == 0 && scale == 10)
                tui_pen_char(&digit, role, L'0');
        }
        draw_load(t, m, &heat, pcpu, pct);
    }
}

/* A thin line down every tenth pCPU of a narrow matrix, for the eye to follow. */
static void draw_guide(struct tui *t, const struct matrix *m, struct tui_pen *p, int number)
{
    if (m->cell < FIGURE_FROM && number % 10 == 0)
        tui_pen_char(p, TUI_DIM, t->term.glyphs == TUI_GLYPHS_EIGHTHS ? L'\u250A' : t->term.unicode ? L'\u2502' : L':');
}

static bool may_use(const struct snapshot *s, const struct snapshot_vcpu *v, int number)
{
    const uint64_t *mask = snapshot_mask(s, v->affinity);

    return !mask || cpumask_has(mask, snapshot_words(s), number);
}

static void draw_vcpu_cells(struct tui *t, const struct matrix *m, int y, int vcpu)
{
    const struct snapshot *s = &t->report.snapshot;
    const struct snapshot_vcpu *v = &s->vcpus[vcpu];
    double demand = tui_demand(&t->report, vcpu);
    enum tui_hold hold = tui_groups_hold(&t->groups, s, v);
    wchar_t may = hold == TUI_HOLD_GROUP  ? (t->term.unicode ? L'\u2500' : L'-')
                  : hold == TUI_HOLD_RULE ? L'='
                  : t->term.unicode       ? L'\u00B7'
                                          : L'.';

    for (int i = 0; i < m->cpus; i++) {
        int number = s->pcpus[t->by_node[m->first_cpu + i]].number;
        struct tui_pen p = cell_at(t, m, y, i);

        if (v->cpu == number)
            draw_level(t, m, &p, demand);
        else if (may_use(s, v, number))
            tui_pen_char(&p, TUI_DIM, may);
        else
            draw_guide(t, m, &p, number);
    }
}

/* All vCPUs of a guest in one row: on each pCPU how many of them, or, for one, how much it wants. */
static void draw_guest_cells(struct tui *t, const struct matrix *m, int y, int guest)
{
    const struct snapshot *s = &t->report.snapshot;
    const struct snapshot_guest *g = &s->guests[guest];

    for (int i = 0; i < m->cpus; i++) {
        int number = s->pcpus[t->by_node[m->first_cpu + i]].number, here = 0;
        struct tui_pen p = cell_at(t, m, y, i);
        double demand = 0;

        for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++)
            if (s->vcpus[v].cpu == number) {
                here++;
                demand += tui_demand(&t->report, v) > 0 ? tui_demand(&t->report, v) : 0;
            }
        if (here > 1)
            tui_pen_char(&p, tui_heat_role(demand), here > 9 ? L'+' : (wchar_t)(L'0' + here));
        else if (here == 1)
            draw_level(t, m, &p, demand);
        else
            draw_guide(t, m, &p, number);
    }
}

static void draw_label(struct tui *t, const struct matrix *m, int y, const struct row *row, bool first)
{
    const struct snapshot *s = &t->report.snapshot;
    const struct snapshot_guest *g = &s->guests[row->guest];
    bool cursor = row->guest == tui_state_guest(t), wide = m->label >= LABEL_WIDE;
    struct tui_pen p = tui_pen_at(&t->term, &t->layout.main, y);
    int width = m->label - 7 - (wide ? 6 : 0);
    char name[TUI_NAME_BYTES], text[24], demand[24] = "";
    double sum = 0;

    p.right = p.x + m->label - 1;
    tui_pen_char(&p, TUI_STRONG, !cursor || !first ? L' ' : t->term.unicode ? L'\u25B8' : L'>');
    if (row->vcpu >= 0) {
        sum = tui_demand(&t->report, row->vcpu);
        snprintf(text, sizeof(text), "/%d", s->vcpus[row->vcpu].number);
    } else {
        for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++)
            sum += tui_demand(&t->report, v) > 0 ? tui_demand(&t->report, v) : 0;
        snprintf(text, sizeof(text), "x%d", g->n_vcpus);
    }
    if (sum >= 0)
        snprintf(demand, sizeof(demand), "%.0f", sum);
    tui_pen_skip(&p, wide ? 1 : 0);
    tui_pen_field(&p,
                  cursor              ? TUI_CURSOR
                  : tui_left_alone(g) ? TUI_DIM
                                      : TUI_PLAIN,
                  width, TUI_LEFT, first ? tui_name(t, row->guest, width, name, sizeof(name)) : "");
    tui_pen_skip(&p, 1);
    tui_pen_field(&p, TUI_DIM, 4, TUI_LEFT, text);
    if (wide)
        tui_pen_field(&p, TUI_PLAIN, 4, TUI_RIGHT, demand);
}

int tui_map_pcpu_at(const struct tui *t, int x, int y)
{
    struct matrix m = {0};

    place_columns(t, &m);
    if (y >= t->layout.main.y + m.head)
        return -1;
    for (int i = 0; i < m.cpus; i++) {
        int left = t->layout.main.x + cell_x(t, &m, i);

        if (x >= left && x < left + m.cell)
            return t->by_node[m.first_cpu + i];
    }
    return -1;
}

void tui_map_draw(struct tui *t)
{
    const struct layout_rect *r = &t->layout.main;
    struct matrix m = {0};
    int page;
    char right[120];

    tui_pcpus_draw(t);
    place_columns(t, &m);
    page = r->h - m.head;
    if (page <= 0 || build_rows(t, &m) < 0)
        return;
    scroll_rows(t, &m, page);
    snprintf(right, sizeof(right), "%d vCPUs · pCPUs %d-%d of %d · rows %d-%d of %d", t->report.snapshot.n_vcpus,
             m.first_cpu + 1, m.first_cpu + m.cpus, t->n_online, m.n_rows ? m.first_row + 1 : 0,
             m.first_row + page < m.n_rows ? m.first_row + page : m.n_rows, m.n_rows);
    if (t->layout.headings)
        tui_pen_heading(&t->term, r, "vCPUs on pCPUs", right);
    draw_head(t, &m);
    for (int y = 0; y < page && m.first_row + y < m.n_rows; y++) {
        const struct row *row = &m.rows[m.first_row + y];
        bool first = y == 0 || row->guest != m.rows[m.first_row + y - 1].guest;

        draw_label(t, &m, m.head + y, row, first);
        if (row->vcpu >= 0)
            draw_vcpu_cells(t, &m, m.head + y, row->vcpu);
        else
            draw_guest_cells(t, &m, m.head + y, row->guest);
    }
    free(m.rows);
}
