/* The help that lies over a view: every key, from the table that dispatches them, and how the signs are to be read. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_text.h"

#include <stdio.h>

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

enum { SIGNS = sizeof(signs) / sizeof(signs[0]), KEYS_WIDTH = 13, LINE_BYTES = 256 };

/* Lines written one below the other, of which some are scrolled away. */
struct text {
    struct tui *t;
    struct layout_rect r;
    int line, scroll;
    bool draw; /* otherwise they are only counted */
};

static void write_line(struct text *text, const char *left, const char *right)
{
    struct tui_pen p = tui_pen_at(&text->t->term, &text->r, text->line++ - text->scroll);

    if (!text->draw)
        return;
    tui_pen_text(&p, TUI_PLAIN, " ");
    tui_pen_field(&p, TUI_KEY, KEYS_WIDTH, TUI_LEFT, left);
    tui_pen_field(&p, TUI_PLAIN, tui_pen_left(&p), TUI_LEFT, right);
}

/* Breaks a text between words into as many lines as it takes. */
static void write_wrapped(struct text *text, const char *left, const char *words)
{
    int width = text->r.w - KEYS_WIDTH - 1;
    char line[LINE_BYTES];

    for (size_t n; *words; words += n) {
        n = tui_text_break(words, width, text->t->term.unicode);
        tui_text_take(line, sizeof(line), words, n);
        write_line(text, left, line);
        left = "";
    }
}

static void write_all(struct text *text)
{
    int n;
    const struct tui_key *table = tui_keys_table(&n);

    for (int i = 0; i < n; i++)
        if (tui_keys_help(&table[i]))
            write_wrapped(text, table[i].keys, tui_keys_help(&table[i]));
    write_line(text, "", "");
    for (int i = 0; i < SIGNS; i++)
        write_wrapped(text, signs[i][0], signs[i][1]);
}

static struct text text_of(struct tui *t, bool draw)
{
    const struct layout_rect *o = &t->layout.overlay;

    return (struct text){t, {o->x + 1, o->y + 1, o->w - 2, o->h - 2}, 0, t->help_scroll, draw};
}

int tui_help_lines(struct tui *t)
{
    struct text text = text_of(t, false);

    write_all(&text);
    return text.line;
}

void tui_help_draw(struct tui *t)
{
    struct text text;
    int lines = tui_help_lines(t), height = t->layout.overlay.h - 2, below;
    char title[64], where[64] = "";

    if (height <= 0)
        return;
    if (t->help_scroll > lines - height)
        t->help_scroll = lines > height ? lines - height : 0;
    below = lines > t->help_scroll + height ? lines - t->help_scroll - height : 0;
    if (t->help_scroll + below > 0)
        snprintf(where, sizeof(where),
                 t->layout.overlay.w < 60 ? "%d above, %d below" : "%d lines above, %d below: arrows, PgUp, PgDn",
                 t->help_scroll, below);
    snprintf(title, sizeof(title), "help: %s", t->options->program ? t->options->program : "");
    tui_box_draw(t, &t->layout.overlay, title, where);
    text = text_of(t, true);
    write_all(&text);
}
