/* The help that lies over a view: every key, from the table that dispatches them, and how the signs are to be read. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_text.h"

#include <stdio.h>

/* Read in both character sets: the pen turns what a terminal lacks into ASCII. */
static const char *const signs[][2] = {
    {"bars", "pCPU: guests' run | the host's own work | wanted but not served"},
    {"", "balloon: used | page cache | unused | ballooned away, up to the maximum"},
    {"~name/0", "a vCPU that floats: the kernel chooses its pCPU"},
    {"=name/0", "a vCPU that others' rules keep on some pCPUs"},
    {"0→2 31", "vCPU 0 on pCPU 2, demand 31 % of a pCPU"},
    {"0→2-3 31", "the same, pinned to the group of pCPUs 2-3; 0+7 is one of pCPU 0 and 7 more"},
    {"┐ 87%", "pCPUs of one group (--pin-to), and what is asked of it: 100 % is all that it gets done"},
    {"─ = ·", "map: may use it as it is pinned to that group, by others' rules, as it floats"},
    {"WAIT", "time its vCPUs were ready but waited for a pCPU, in % of one"},
    {"L x ? P M S", "locked, left alone, hangs, paused, migrating, stopping"},
    {"440M?", "what a guest told long ago, as nobody asks it for its memory"},
    {"sd", "standard deviation of the pCPUs' load, in points: how unbalanced they are"},
};

/* Parts of bars and colours, each shown as it is. */
static const struct {
    enum tui_role role;
    wchar_t plain; /* in ASCII, and where fill isn't used */
    enum tui_bar_fill fill;
    bool filled;
    const char *words;
} legend[] = {
    {TUI_RUN, 0, TUI_BAR_SOLID, true, "guests' run; in balloons: used"},
    {TUI_HOST, 0, TUI_BAR_SHADE, true, "host's own work"},
    {TUI_CACHE, 0, TUI_BAR_SHADE, true, "page cache"},
    {TUI_UNMET, 0, TUI_BAR_SPARSE, true, "wanted but not served"},
    {TUI_FREE, 0, TUI_BAR_DOTS, true, "free, unused"},
    {TUI_GOOD, '#', TUI_BAR_SOLID, false, "pCPU as loaded as the mean, within the tolerance"},
    {TUI_HEAT_WARM, '#', TUI_BAR_SOLID, false, "above the mean by more than that"},
    {TUI_HEAT_OVER, '#', TUI_BAR_SOLID, false, "far above the mean, by three times as much or more"},
    {TUI_HEAT_COOL, '#', TUI_BAR_SOLID, false, "below the mean"},
    {TUI_HEAT_MILD, '#', TUI_BAR_SOLID, false, "far below the mean"},
    {TUI_HEAT_COOL, '#', TUI_BAR_SOLID, false, "by load (m), and vCPUs in the map: below 25 %"},
    {TUI_HEAT_MILD, '#', TUI_BAR_SOLID, false, "below 60 %"},
    {TUI_HEAT_WARM, '#', TUI_BAR_SOLID, false, "below 85 %"},
    {TUI_HEAT_HOT, '#', TUI_BAR_SOLID, false, "up to 100 %"},
    {TUI_HEAT_OVER, '#', TUI_BAR_SOLID, false, "more is wanted than there is"},
    {TUI_HEAT_OVER, '2', TUI_BAR_SOLID, false, "twice, 3, 4: so many times what one pCPU has is wanted"},
    {TUI_WARN, '*', TUI_BAR_SOLID, false, "a guest that is tagged"},
};

enum {
    SIGNS = sizeof(signs) / sizeof(signs[0]),
    LEGEND = sizeof(legend) / sizeof(legend[0]),
    KEYS_WIDTH = 13,
    LINE_BYTES = 256
};

/* Lines written one below the other, and column beside column, of which some are scrolled away. */
struct text {
    struct tui *t;
    struct layout_rect r;
    int columns, width, height;
    int line, scroll;
    bool draw; /* otherwise they are only counted */
};

/* A pen for the next line; one that writes nothing where it isn't shown. */
static struct tui_pen next_line(struct text *text)
{
    int line = text->line++ - text->scroll, column = text->height > 0 && line >= 0 ? line / text->height : 0;
    struct layout_rect r = {text->r.x + column * text->width, text->r.y, text->width, text->height};
    struct tui_pen p = tui_pen_at(&text->t->term, &r, line < 0 ? -1 : line - column * text->height);

    if (!text->draw || column >= text->columns)
        p.right = p.x;
    return p;
}

static void write_line(struct text *text, const char *left, const char *right)
{
    struct tui_pen p = next_line(text);

    if (tui_pen_left(&p) == 0)
        return;
    tui_pen_text(&p, TUI_PLAIN, " ");
    tui_pen_field(&p, TUI_KEY, KEYS_WIDTH, TUI_LEFT, left);
    tui_pen_field(&p, TUI_PLAIN, tui_pen_left(&p), TUI_LEFT, right);
}

/* Breaks a text between words into as many lines as it takes. */
static void write_wrapped(struct text *text, const char *left, const char *words)
{
    int width = text->width - KEYS_WIDTH - 2;
    char line[LINE_BYTES];

    for (size_t n; *words; words += n) {
        n = tui_text_break(words, width, text->t->term.unicode);
        tui_text_take(line, sizeof(line), words, n);
        write_line(text, left, line);
        left = "";
    }
}

static void write_legend(struct text *text)
{
    enum { MARKS = 4 };
    enum tui_glyphs glyphs = text->t->term.glyphs;

    for (int i = 0; i < LEGEND; i++) {
        struct tui_pen p = next_line(text);
        wchar_t mark = legend[i].filled         ? tui_bar_character(legend[i].fill, glyphs)
                       : legend[i].plain != '#' ? legend[i].plain
                                                : tui_bar_character(TUI_BAR_SOLID, glyphs);

        if (tui_pen_left(&p) == 0)
            continue;
        tui_pen_text(&p, TUI_PLAIN, " ");
        tui_pen_repeat(&p, legend[i].role, mark, legend[i].plain && legend[i].plain != '#' ? 1 : MARKS);
        p.x = p.right - text->width + KEYS_WIDTH + 1;
        tui_pen_field(&p, TUI_PLAIN, tui_pen_left(&p), TUI_LEFT, legend[i].words);
    }
}

static void write_all(struct text *text)
{
    int n;
    const struct tui_key *table = tui_keys_table(&n);

    text->line = 0;
    for (int i = 0; i < n; i++)
        if (tui_keys_help(&table[i]))
            write_wrapped(text, table[i].keys, tui_keys_help(&table[i]));
    write_line(text, "", "");
    for (int i = 0; i < SIGNS; i++)
        write_wrapped(text, signs[i][0], signs[i][1]);
    write_line(text, "", "");
    write_legend(text);
}

static struct text text_of(struct tui *t, bool draw)
{
    const struct layout_rect *h = &t->layout.help;
    struct text text = {t,
                        {h->x + 1, h->y + 1, h->w - 2, h->h - 2},
                        t->layout.help_columns,
                        t->layout.help_width,
                        h->h > 2 ? h->h - 2 : 0,
                        0,
                        t->help_scroll,
                        false};
    int each;

    /* Columns of one length, where all of it fits. */
    write_all(&text);
    each = (text.line + text.columns - 1) / text.columns;
    if (text.columns > 1 && each < text.height)
        text.height = each;
    text.draw = draw;
    return text;
}

int tui_help_lines(struct tui *t)
{
    return text_of(t, false).line;
}

int tui_help_page(struct tui *t)
{
    struct text text = text_of(t, false);

    return text.height * text.columns;
}

void tui_help_draw(struct tui *t)
{
    struct text text = text_of(t, true);
    struct layout_rect box = t->layout.help;
    int lines = text.line, page = text.height * text.columns, below;
    char title[64], where[64] = "";

    if (text.height <= 0)
        return;
    if (t->help_scroll > lines - page)
        t->help_scroll = lines > page ? lines - page : 0;
    text.scroll = t->help_scroll;
    below = lines > t->help_scroll + page ? lines - t->help_scroll - page : 0;
    if (t->help_scroll + below > 0)
        snprintf(where, sizeof(where),
                 box.w < 60 ? "%d above, %d below" : "%d lines above, %d below: arrows, PgUp, PgDn", t->help_scroll,
                 below);
    snprintf(title, sizeof(title), "help: %s", t->options->program ? t->options->program : "");
    box.h = text.height + 2;
    tui_box_draw(t, &box, title, where);
    write_all(&text);
}
