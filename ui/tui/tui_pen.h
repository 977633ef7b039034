/*
 * Writing on the screen inside a rectangle: a pen stands at a column of one row and moves right as it writes, and
 * never leaves its row. All text goes through tui_text, so that none can steer the terminal.
 */
#ifndef UI_TUI_TUI_PEN_H
#define UI_TUI_TUI_PEN_H

#include "ui/tui/layout.h"
#include "ui/tui/tui_bar.h"
#include "ui/tui/tui_role.h"
#include "ui/tui/tui_term.h"

struct tui_pen {
    const struct tui_term *term;
    int x, y, right; /* columns x to right - 1 of row y are left to write on */
    bool underlined; /* what is written */
};

enum tui_align { TUI_LEFT, TUI_RIGHT };

/* A pen at the left of row row of r; one that writes nothing where r has no such row. */
struct tui_pen tui_pen_at(const struct tui_term *term, const struct layout_rect *r, int row);
/* Each moves the pen past what it wrote. Text that doesn't fit is cut with an ellipsis. */
void tui_pen_text(struct tui_pen *p, enum tui_role role, const char *text);
void tui_pen_print(struct tui_pen *p, enum tui_role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Writes as many of a sentence's clauses as fit. */
void tui_pen_clauses(struct tui_pen *p, enum tui_role role, const char *text);
/* Writes text only where all of it fits, as half a figure is worse than none. False where it doesn't. */
bool tui_pen_piece(struct tui_pen *p, enum tui_role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Exactly width columns (or what is left of the row), padded with blanks. */
void tui_pen_field(struct tui_pen *p, enum tui_role role, int width, enum tui_align align, const char *text);
void tui_pen_cells(struct tui_pen *p, const struct tui_bar_cell *cells, int n);
void tui_pen_repeat(struct tui_pen *p, enum tui_role role, wchar_t c, int n);
void tui_pen_char(struct tui_pen *p, enum tui_role role, wchar_t c);
void tui_pen_skip(struct tui_pen *p, int columns);
/* As tui_bar_draw, at the pen, width columns wide. */
void tui_pen_bar(struct tui_pen *p, int width, const struct tui_bar_segment *segments, int n,
                 const struct tui_bar_segment *rest, double mark);
/* Shows columns from to until - 1 of row row of r in reverse. */
void tui_pen_reverse(const struct tui_term *term, const struct layout_rect *r, int row, int from, int until);
/* The columns left. */
int tui_pen_left(const struct tui_pen *p);
/* One part of a bar's legend. */
struct tui_legend {
    enum tui_bar_fill fill; /* its sign, where mark is false */
    bool mark;
    enum tui_role role;
    const char *name;
};
/* Writes a legend near the right end of the heading above r, where it has room beside width columns of title. */
void tui_pen_legend(const struct tui_term *term, const struct layout_rect *r, int title,
                    const struct tui_legend *legend, int n);
/* A heading's rule over the row above r: "- title ----- right -". */
void tui_pen_heading(const struct tui_term *term, const struct layout_rect *r, const char *title, const char *right);

#endif
