/* The help that lies over a view: every key, from the table that dispatches them, and how the signs are to be read. */
#include "ui/tui.h"

/* Read in both character sets: the pen turns what a terminal lacks into ASCII. */
static const char *const signs[][2] = {
    {"bars", "pCPU: guests' run | the host's own work | wanted but not served"},
    {"", "balloon: used | page cache | unused | ballooned away, up to the maximum"},
    {"~name/0", "a vCPU that floats: the kernel chooses its pCPU"},
    {"0→2 31", "vCPU 0 on pCPU 2, demand 31 % of a pCPU"},
    {"WAIT", "time its vCPUs were ready but waited for a pCPU, in % of one"},
    {"L x ? P M S", "locked, left alone, hangs, paused, migrating, stopping"},
    {"440M?", "what a guest told long ago, as nobody asks it for its memory"},
    {"sd", "standard deviation of the pCPUs' load, in points: how unbalanced they are"},
};

enum { SIGNS = sizeof signs / sizeof signs[0], KEYS_WIDTH = 13 };

static bool has_line(const struct tui_key *key)
{
    return key->help != NULL;
}

int tui_help_lines(void)
{
    int n, lines = SIGNS + 1;
    const struct tui_key *table = tui_keys_table(&n);

    for (int i = 0; i < n; i++)
        lines += has_line(&table[i]);
    return lines;
}

static void draw_line(struct tui_pen *p, const char *left, const char *right)
{
    tui_pen_text(p, TUI_PLAIN, " ");
    tui_pen_field(p, TUI_KEY, KEYS_WIDTH, TUI_LEFT, left);
    tui_pen_field(p, TUI_PLAIN, tui_pen_left(p), TUI_LEFT, right);
}

static void frame(struct tui *t, const struct layout_rect *r, int above, int below)
{
    bool unicode = t->term.unicode;
    struct tui_pen top = tui_pen_at(&t->term, r, 0), bottom = tui_pen_at(&t->term, r, r->h - 1);

    for (int y = 0; y < r->h; y++) {
        struct tui_pen p = tui_pen_at(&t->term, r, y);

        if (y == 0 || y == r->h - 1) {
            tui_pen_char(&p, TUI_HEADING, !unicode ? L'+' : y == 0 ? L'\u250C' : L'\u2514');
            tui_pen_repeat(&p, TUI_HEADING, unicode ? L'\u2500' : L'-', r->w - 2);
            tui_pen_char(&p, TUI_HEADING, !unicode ? L'+' : y == 0 ? L'\u2510' : L'\u2518');
        } else {
            tui_pen_char(&p, TUI_HEADING, unicode ? L'\u2502' : L'|');
            tui_pen_repeat(&p, TUI_PLAIN, L' ', r->w - 2);
            tui_pen_char(&p, TUI_HEADING, unicode ? L'\u2502' : L'|');
        }
    }
    top.x += 2;
    tui_pen_print(&top, TUI_STRONG, " help: %s ", t->options->program ? t->options->program : "");
    bottom.x += 2;
    if (above + below > 0)
        tui_pen_print(&bottom, TUI_DIM, " %d lines above, %d below: arrows, PgUp, PgDn ", above, below);
}

void tui_help_draw(struct tui *t)
{
    const struct layout_rect *o = &t->layout.overlay;
    struct layout_rect r = {o->x + 1, o->y + 1, o->w - 2, o->h - 2};
    int n, row = 0, lines = tui_help_lines();
    const struct tui_key *table = tui_keys_table(&n);

    if (r.h <= 0)
        return;
    if (t->help_scroll > lines - r.h)
        t->help_scroll = lines > r.h ? lines - r.h : 0;
    frame(t, o, t->help_scroll, lines > t->help_scroll + r.h ? lines - t->help_scroll - r.h : 0);
    for (int i = 0; i < n; i++) {
        struct tui_pen p = tui_pen_at(&t->term, &r, row - t->help_scroll);

        if (!has_line(&table[i]))
            continue;
        draw_line(&p, table[i].keys, table[i].help);
        row++;
    }
    row++;
    for (int i = 0; i < SIGNS; i++, row++) {
        struct tui_pen p = tui_pen_at(&t->term, &r, row - t->help_scroll);

        draw_line(&p, signs[i][0], signs[i][1]);
    }
}
