/* The log with its reasons: the engine's lines and what libraries printed, the youngest decision first. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct line {
    int64_t wall_ms;
    enum report_log_kind kind;
    const char *text;
};

/* The i-th line in the order they came. */
static struct line line_at(const struct tui *t, int i)
{
    const struct report *r = &t->report;
    int log = 0, caught = 0;

    for (;; i--) {
        bool is_caught = caught < t->words.n_caught &&
                         (log >= r->n_log || t->words.caught[caught].after_serial < r->log[log].serial);

        if (is_caught && i == 0)
            return (struct line){t->words.caught[caught].wall_ms, REPORT_LOG_EVENT, t->words.caught[caught].text};
        if (i == 0 && log < r->n_log)
            return (struct line){r->log[log].wall_ms, r->log[log].kind, r->log[log].text};
        if (is_caught)
            caught++;
        else if (log < r->n_log)
            log++;
        else
            return (struct line){0, REPORT_LOG_NOTE, ""};
    }
}

static enum tui_role role_of(enum report_log_kind kind)
{
    return kind == REPORT_LOG_ERROR      ? TUI_BAD
           : kind == REPORT_LOG_ACTION   ? TUI_STRONG
           : kind == REPORT_LOG_DECISION ? TUI_PLAIN
           : kind == REPORT_LOG_EVENT    ? TUI_HEADING
                                         : TUI_DIM;
}

enum { TIME_WIDTH = 12, LINE_BYTES = 512 };

/* The rows that a line takes: in the log's own view it is whole, elsewhere only errors may take a few. */
static int rows_of(const struct tui *t, const struct line *line, int width)
{
    int most = t->view == LAYOUT_LOG ? 20 : line->kind == REPORT_LOG_ERROR ? 3 : 1, rows = 1;
    const char *rest = line->text;

    for (; rows < most; rows++) {
        rest += tui_text_break(rest, width - TIME_WIDTH, t->term.unicode);
        if (!*rest)
            break;
    }
    return rows;
}

/* Row part (0: the first) of a line; the last there is room for is cut, where it must be. */
static void draw_part(struct tui *t, struct tui_pen *p, const struct line *line, int part, bool last, bool with_time)
{
    time_t seconds = (time_t)(line->wall_ms / 1000);
    const char *rest = line->text;
    struct tm when;
    char text[LINE_BYTES] = "";
    size_t n = 0;

    if (part == 0 && with_time && localtime_r(&seconds, &when))
        strftime(text, sizeof(text), "%H:%M:%S", &when);
    tui_pen_text(p, TUI_DIM, " ");
    tui_pen_field(p, TUI_DIM, 8, TUI_LEFT, text);
    tui_pen_text(p, TUI_DIM,
                 part > 0                          ? "   "
                 : line->kind == REPORT_LOG_ACTION ? " * "
                 : line->kind == REPORT_LOG_ERROR  ? " ! "
                                                   : "   ");
    for (int i = 0; i < part; i++)
        rest += tui_text_break(rest, tui_pen_left(p), t->term.unicode);
    n = last ? strlen(rest) : tui_text_break(rest, tui_pen_left(p), t->term.unicode);
    tui_text_take(text, sizeof(text), rest, n);
    tui_pen_clauses(p, role_of(line->kind), text);
}

/* Lines of one moment stay in their order; the youngest moment stands first. Draws where r isn't NULL; returns the rows
 * there are in width columns. */
static int walk(struct tui *t, const struct layout_rect *r, int width, int scroll)
{
    int row = 0, end = t->report.n_log + t->words.n_caught;

    while (end > 0 && (!r || row < r->h + scroll)) {
        int64_t wall_ms = line_at(t, end - 1).wall_ms;
        int begin = end - 1;

        while (begin > 0 && line_at(t, begin - 1).wall_ms == wall_ms)
            begin--;
        for (int i = begin; i < end && (!r || row < r->h + scroll); i++) {
            struct line line = line_at(t, i);
            int rows = rows_of(t, &line, width);

            for (int part = 0; part < rows; part++, row++) {
                struct tui_pen p;

                if (!r || row < scroll || row >= scroll + r->h)
                    continue;
                p = tui_pen_at(&t->term, r, row - scroll);
                draw_part(t, &p, &line, part, part == rows - 1, i == begin || row == scroll);
            }
        }
        end = begin;
    }
    return row;
}

int tui_log_lines(struct tui *t)
{
    int width = t->view == LAYOUT_LOG ? t->layout.main.w : t->layout.log.w;

    return t->past.chosen ? tui_past_draw(t, NULL, width, 0) : walk(t, NULL, width, 0);
}

void tui_log_draw(struct tui *t, const struct layout_rect *r, int scroll)
{
    int lines = t->view == LAYOUT_LOG ? tui_log_lines(t) : 0;
    char right[64], title[64], clock[24];

    if (r->h == 0)
        return;
    snprintf(right, sizeof(right), "lines %d-%d of %d", lines ? scroll + 1 : 0,
             lines < scroll + r->h ? lines : scroll + r->h, lines);
    if (t->past.chosen)
        snprintf(title, sizeof(title), "PAST: decision of %s", tui_past_clock(t, clock, sizeof(clock)));
    else
        snprintf(title, sizeof(title), "log");
    if (t->layout.headings)
        tui_pen_heading(&t->term, r, title, t->view == LAYOUT_LOG ? right : NULL);
    if (t->past.chosen) {
        tui_past_draw(t, r, r->w, scroll);
        return;
    }
    if (walk(t, r, r->w, scroll) == 0) {
        struct tui_pen p = tui_pen_at(&t->term, r, 0);

        tui_pen_text(&p, TUI_DIM, " nothing yet");
    }
}
