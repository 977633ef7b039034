/* The log with its reasons: the engine's lines and what libraries printed, the youngest decision first. */
#include "ui/tui.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct line {
    int64_t wall_ms;
    enum report_log_kind kind;
    const char *text;
};

int tui_log_lines(const struct tui *t)
{
    return t->report.n_log + t->n_caught;
}

/* The i-th line in the order they came. */
static struct line line_at(const struct tui *t, int i)
{
    const struct report *r = &t->report;
    int log = 0, caught = 0;

    for (;; i--) {
        bool is_caught =
            caught < t->n_caught && (log >= r->n_log || t->caught[caught].after_serial < r->log[log].serial);

        if (is_caught && i == 0)
            return (struct line){t->caught[caught].wall_ms, REPORT_LOG_EVENT, t->caught[caught].text};
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

static void draw_line(struct tui *t, const struct layout_rect *r, int row, const struct line *line, bool with_time)
{
    struct tui_pen p = tui_pen_at(&t->term, r, row);
    time_t seconds = (time_t)(line->wall_ms / 1000);
    struct tm when;
    char text[16] = "";

    if (with_time && localtime_r(&seconds, &when))
        strftime(text, sizeof text, "%H:%M:%S", &when);
    tui_pen_text(&p, TUI_DIM, " ");
    tui_pen_field(&p, TUI_DIM, 8, TUI_LEFT, text);
    tui_pen_text(&p, TUI_DIM, line->kind == REPORT_LOG_ACTION ? " * " : line->kind == REPORT_LOG_ERROR ? " ! " : "   ");
    tui_pen_text(&p, role_of(line->kind), line->text);
}

void tui_log_draw(struct tui *t, const struct layout_rect *r, int scroll)
{
    int n = tui_log_lines(t), row = 0, end = n;
    char right[48];

    if (r->h == 0)
        return;
    snprintf(right, sizeof right, "%d lines", n);
    if (t->layout.headings)
        tui_pen_heading(&t->term, r, "log", t->view == LAYOUT_LOG ? right : NULL);
    /* Lines of one moment stay in their order; the youngest moment stands first. */
    while (end > 0 && row < r->h + scroll) {
        int64_t wall_ms = line_at(t, end - 1).wall_ms;
        int begin = end - 1;

        while (begin > 0 && line_at(t, begin - 1).wall_ms == wall_ms)
            begin--;
        for (int i = begin; i < end && row < r->h + scroll; i++, row++) {
            struct line line = line_at(t, i);

            if (row >= scroll)
                draw_line(t, r, row - scroll, &line, i == begin || row == scroll);
        }
        end = begin;
    }
    if (n == 0) {
        struct tui_pen p = tui_pen_at(&t->term, r, 0);

        tui_pen_text(&p, TUI_DIM, " nothing yet");
    }
}
