/*
 * Bars made of segments, as rows of cells: which character and which role each column has. Each segment has a
 * character of its own, so that a bar can be read without colour; with Unicode the edge of a solid segment is drawn in
 * eighths of a column. Pure.
 */
#ifndef UI_TUI_TUI_BAR_H
#define UI_TUI_TUI_BAR_H

#include "ui/tui/tui_role.h"

#include <stddef.h>
#include <wchar.h>

/* What the terminal can draw. */
enum tui_glyphs {
    TUI_GLYPHS_ASCII,
    TUI_GLYPHS_HALVES,  /* Unicode, but of the blocks only full, half and shades (the Linux console) */
    TUI_GLYPHS_EIGHTHS, /* Unicode with eighth blocks */
};

enum tui_bar_fill {
    TUI_BAR_SOLID,  /* run; used */
    TUI_BAR_SHADE,  /* the host's own work; page cache */
    TUI_BAR_SPARSE, /* wanted but not served */
    TUI_BAR_DOTS,   /* free; the empty part of a track */
    TUI_BAR_BLANK,  /* ballooned away */
};

struct tui_bar_segment {
    enum tui_bar_fill fill;
    enum tui_role role;
    double share; /* of the bar's width; what goes beyond 1 in all is cut */
};

struct tui_bar_cell {
    wchar_t c;
    enum tui_role role;
};

/*
 * Fills width cells with the segments in their order; the rest is rest's fill and role. mark: share of the width at
 * which a mark stands, < 0 for none. A segment whose share isn't 0 but too small to be seen stays unseen.
 */
void tui_bar_draw(struct tui_bar_cell *cells, int width, const struct tui_bar_segment *segments, int n_segments,
                  const struct tui_bar_segment *rest, double mark, enum tui_glyphs glyphs);
wchar_t tui_bar_character(enum tui_bar_fill fill, enum tui_glyphs glyphs);
/* One character for a level of 0 to 1, as in a heat map: a block of that height, or a digit; + above 1. */
wchar_t tui_bar_level(double level, enum tui_glyphs glyphs);
/*
 * Row row (0: the lowest) of a column chart of height rows whose value is level (0 to 1): a full block, an eighth
 * block, or a blank.
 */
wchar_t tui_bar_column(double level, int row, int height, enum tui_glyphs glyphs);

#endif
