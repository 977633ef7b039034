#include "ui/tui/layout.h"

#include <string.h>

enum {
    FULL_WIDTH = 38,    /* a pCPU with bar and names */
    COMPACT_WIDTH = 17, /* a pCPU with bar */
    WIDEST_COLUMN = 105,
    HEAT_LABEL = 10,
    HEAT_SHORT_LABEL = 4,
    HELP_WIDTH = 66,  /* a column of help: as wide as is pleasant to read */
    HELP_COLUMNS = 4, /* at the most */
    STAIRS_WIDTH = 38,
    STAIRS_LEAST = 4,
    STAIRS_TALL = 6,
    STAIRS_TALL_FROM = 20, /* rows for stairs from which each may be taller */
    HEADINGS_FROM = 16,    /* rows of the screen from which panes have headings */
    STATUS_FROM = 20,      /* ... the status has a row of its own */
    WIDE_HEADER = 112,     /* columns from which the host's memory stands beside the balance */
    TALL_HEADER_FROM = 14,
    LOG_FROM = 20,
    LOG_BESIDE_FROM = 200, /* columns from which the log stands beside the guests' table, as that can't use them all */
    LOG_BESIDE_WIDTH = 72,
};

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static int sum_nodes(const struct layout_content *c)
{
    int sum = 0;

    for (int i = 0; i < c->n_nodes; i++)
        sum += c->nodes[i];
    return sum;
}

/* Columns that all nodes need when each column holds that many pCPUs: a node begins a column of its own. */
static int columns_needed(const struct layout_content *c, int rows)
{
    int columns = 0;

    for (int i = 0; i < c->n_nodes; i++)
        columns += ceil_div(c->nodes[i], rows);
    return columns;
}

static int heat_rows(const struct layout_content *c, const struct layout_pcpus *p)
{
    return p->across > 1 ? ceil_div(c->n_nodes, p->across) : columns_needed(c, p->per_row);
}

/* Several nodes in each row, where whole ones fit beside each other. */
static void set_nodes_across(struct layout_pcpus *p, const struct layout_content *c, int width)
{
    static const int labels[] = {HEAT_LABEL, HEAT_SHORT_LABEL};
    int widest = 0;

    for (int i = 0; i < c->n_nodes; i++)
        widest = max_int(widest, c->nodes[i]);
    for (int i = 0; i < 2; i++) {
        int across = min_int((width + 1) / (labels[i] + widest + 1), c->n_nodes);

        if (across < 2 || (p->across > 1 && ceil_div(c->n_nodes, across) >= ceil_div(c->n_nodes, p->across)))
            continue;
        p->across = across;
        p->label_width = labels[i];
        p->per_row = widest;
    }
}

/* One character a pCPU, in rows of a multiple of eight; of many nodes several in a row. */
static void set_heat(struct layout_pcpus *p, const struct layout_content *c, int width)
{
    p->across = 1;
    p->label_width = width > 3 * HEAT_LABEL ? HEAT_LABEL : 0;
    p->per_row = max_int(1, width - p->label_width);
    if (p->per_row > 8)
        p->per_row -= p->per_row % 8;
    if (c->n_nodes > 2)
        set_nodes_across(p, c, width);
}

/*
 * Tries columns no narrower than least, in budget rows: as few columns as the width asks for where wide, as few rows
 * as possible otherwise. Returns the rows taken, or 0.
 */
static int try_columns(struct layout_pcpus *p, const struct layout_content *c, int width, int budget, bool wide)
{
    int least = p->form == LAYOUT_PCPU_FULL ? FULL_WIDTH : COMPACT_WIDTH;
    int heading = p->headings ? 1 : 0;
    int wanted = ceil_div(width, WIDEST_COLUMN);
    int best = 0, best_columns = 0;

    for (int rows = 1; rows <= budget - heading; rows++) {
        int columns = max_int(columns_needed(c, rows), wanted);

        if (width / columns < least || (best > 0 && (!wide || columns >= best_columns)))
            continue;
        best = rows;
        best_columns = columns;
    }
    if (best == 0)
        return 0;
    p->rows = best;
    p->column_width = width / best_columns;
    return best + heading;
}

/*
 * Chooses the form of the pCPU pane in width x budget, of which comfort rows are not missed by anything else. Returns
 * the rows it takes.
 */
static int choose_pcpus(struct layout_pcpus *p, const struct layout_content *c, int width, int comfort, int budget)
{
    bool nodes = c->n_nodes > 1;

    memset(p, 0, sizeof(*p));
    if (budget < 1 || width < 1 || sum_nodes(c) == 0)
        return 0;
    for (int attempt = 0; attempt < 6; attempt++) {
        bool wide = attempt < 2;
        int taken;

        p->form = attempt < 4 ? LAYOUT_PCPU_FULL : LAYOUT_PCPU_COMPACT;
        p->headings = attempt % 2 == 0;
        if (p->headings && !nodes)
            continue;
        taken = try_columns(p, c, width, wide ? min_int(comfort, budget) : budget, wide);
        if (taken > 0)
            return taken;
    }
    p->form = LAYOUT_PCPU_HEAT;
    p->headings = false;
    set_heat(p, c, width);
    return min_int(budget, heat_rows(c, p));
}

struct layout_rect layout_pcpu(const struct layout *l, const struct layout_content *c, int node, int k)
{
    const struct layout_pcpus *p = &l->pcpu;
    struct layout_rect none = {0}, r = {0};
    int before = 0;

    if (l->pcpus.h == 0 || node < 0 || node >= c->n_nodes || k >= c->nodes[node])
        return none;
    if (p->form == LAYOUT_PCPU_HEAT && p->across > 1) {
        r.y = l->pcpus.y + node / p->across;
        r.x = l->pcpus.x + node % p->across * (p->label_width + p->per_row + 1) + (k < 0 ? 0 : p->label_width + k);
        r.w = k < 0 ? p->label_width : 1;
    } else if (p->form == LAYOUT_PCPU_HEAT) {
        for (int i = 0; i < node; i++)
            before += ceil_div(c->nodes[i], p->per_row);
        r.y = l->pcpus.y + before + max_int(k, 0) / p->per_row;
        r.x = k < 0 ? l->pcpus.x : l->pcpus.x + p->label_width + k % p->per_row;
        r.w = k < 0 ? p->label_width : 1;
    } else {
        int heading = p->headings ? 1 : 0;

        if (k < 0 && !p->headings)
            return none;
        for (int i = 0; i < node; i++)
            before += ceil_div(c->nodes[i], p->rows);
        r.y = l->pcpus.y + (k < 0 ? 0 : heading + k % p->rows);
        r.x = l->pcpus.x + (before + max_int(k, 0) / p->rows) * p->column_width;
        r.w = p->column_width;
    }
    r.h = 1;
    if (r.y >= l->pcpus.y + l->pcpus.h || r.x + r.w > l->pcpus.x + l->pcpus.w || r.w <= 0)
        return none;
    return r;
}

/* Cuts h rows off the top of what is left. */
static struct layout_rect take_top(struct layout_rect *rest, int h)
{
    struct layout_rect r = *rest;

    r.h = max_int(0, min_int(h, rest->h));
    rest->y += r.h;
    rest->h -= r.h;
    return r;
}

static struct layout_rect take_bottom(struct layout_rect *rest, int h)
{
    struct layout_rect r = *rest;

    r.h = max_int(0, min_int(h, rest->h));
    r.y = rest->y + rest->h - r.h;
    rest->h -= r.h;
    return r;
}

/* A pane of h rows, with its heading's row above it where panes have headings. */
static struct layout_rect take_pane(struct layout *l, struct layout_rect *rest, int h)
{
    if (l->headings)
        take_top(rest, 1);
    return take_top(rest, h);
}

static void place_overview(struct layout *l, const struct layout_content *c, struct layout_rect rest)
{
    int heading = l->headings ? 1 : 0;
    bool with_log = l->height >= LOG_FROM;
    int log_least = !with_log ? 0 : heading + max_int(3, rest.h / 6);
    int guests_least = 1 + heading + min_int(c->n_guests, 3);
    int free_rows = rest.h - log_least - guests_least - heading;
    int share = c->memory_first ? rest.h / 4 : rest.h * 45 / 100;
    int budget = max_int(min_int(share, free_rows), rest.h >= 5 ? 1 : 0);
    int comfort = rest.h - (rest.w >= LOG_BESIDE_FROM ? 0 : log_least) - 1 - 2 * heading - c->n_guests;
    int rows = choose_pcpus(&l->pcpu, c, rest.w, comfort, budget);

    if (rows > 0)
        l->pcpus = take_pane(l, &rest, rows);
    if (with_log && rest.w >= LOG_BESIDE_FROM) {
        if (heading)
            take_top(&rest, 1);
        l->log = rest;
        l->log.x += rest.w - LOG_BESIDE_WIDTH;
        l->log.w = LOG_BESIDE_WIDTH;
        rest.w -= LOG_BESIDE_WIDTH + 1;
        l->columns = take_top(&rest, 1);
        l->guests = take_top(&rest, rest.h);
    } else if (with_log) {
        int guests = min_int(c->n_guests, rest.h - log_least - 1 - heading);

        if (heading)
            take_top(&rest, 1);
        l->columns = take_top(&rest, 1);
        l->guests = take_top(&rest, max_int(guests, 1));
        l->log = take_pane(l, &rest, rest.h);
    } else {
        if (heading)
            take_top(&rest, 1);
        l->columns = take_top(&rest, 1);
        l->guests = take_top(&rest, rest.h);
    }
}

static void place_map(struct layout *l, const struct layout_content *c, struct layout_rect rest)
{
    struct layout_pcpus *p = &l->pcpu;

    /* A strip of heat by node above the matrix, where the matrix keeps most of the room. */
    p->form = LAYOUT_PCPU_HEAT;
    set_heat(p, c, rest.w);
    if (heat_rows(c, p) <= rest.h / 5 && c->n_nodes > 0)
        l->pcpus = take_pane(l, &rest, heat_rows(c, p));
    l->main = take_pane(l, &rest, rest.h);
}

static void place_memory(struct layout *l, const struct layout_content *c, struct layout_rect rest)
{
    int host = rest.h >= 14 ? 3 : rest.h >= 9 ? 2 : 1;
    int fit, across, down, least;

    l->host = take_pane(l, &rest, host);
    l->guests = take_pane(l, &rest, rest.h);
    least = l->guests.h >= STAIRS_TALL_FROM ? STAIRS_TALL : STAIRS_LEAST;
    across = max_int(1, l->guests.w / STAIRS_WIDTH);
    fit = max_int(1, l->guests.h / least);
    across = min_int(across, max_int(1, c->n_guests));
    down = min_int(fit, max_int(1, ceil_div(c->n_guests, across)));
    l->stairs_columns = across;
    l->stairs_rows = down;
    l->stairs_width = l->guests.w / across;
    l->stairs_height = min_int(l->guests.h / down, 14);
}

static void place_help(struct layout *l)
{
    struct layout_rect *o = &l->overlay;

    o->w = min_int(l->width, 78);
    o->x = (l->width - o->w) / 2;
    o->y = l->height >= 16 ? 1 : 0;
    o->h = min_int(l->height - 1 - 2 * o->y, 40);
    l->help = *o;
    l->help_columns = min_int(max_int((l->width - 2) / HELP_WIDTH, 1), HELP_COLUMNS);
    l->help_width = l->help_columns > 1 ? HELP_WIDTH : o->w - 2;
    if (l->help_columns > 1) {
        l->help.w = l->help_columns * HELP_WIDTH + 2;
        l->help.x = (l->width - l->help.w) / 2;
    }
}

void layout_compute(struct layout *l, int width, int height, const struct layout_content *c)
{
    struct layout_rect rest = {0, 0, max_int(width, 0), max_int(height, 0)};
    bool tall;

    memset(l, 0, sizeof(*l));
    l->width = rest.w;
    l->height = rest.h;
    if (width < LAYOUT_MIN_WIDTH || height < LAYOUT_MIN_HEIGHT) {
        l->too_small = true;
        l->main = rest;
        /* Keys move what isn't drawn, too. */
        l->help_columns = l->stairs_columns = l->stairs_rows = l->stairs_width = l->stairs_height = 1;
        return;
    }
    l->headings = height >= HEADINGS_FROM;
    l->footer = take_bottom(&rest, 1);
    l->status = height >= STATUS_FROM ? take_bottom(&rest, 1) : l->footer;
    /* The view of memory shows the host's anyway. */
    tall = width < WIDE_HEADER && height >= TALL_HEADER_FROM && c->view != LAYOUT_MEMORY;
    l->header = take_top(&rest, tall ? 3 : 2);
    l->plan = take_top(&rest, 1);
    place_help(l);
    switch (c->view) {
    case LAYOUT_OVERVIEW:
        place_overview(l, c, rest);
        break;
    case LAYOUT_MAP:
        place_map(l, c, rest);
        break;
    case LAYOUT_GUESTS:
        if (l->headings)
            take_top(&rest, 1);
        l->columns = take_top(&rest, 1);
        l->guests = rest;
        break;
    case LAYOUT_MEMORY:
        place_memory(l, c, rest);
        break;
    case LAYOUT_LOG:
    case LAYOUT_DETAIL:
    default:
        l->main = take_pane(l, &rest, rest.h);
        break;
    }
}
