#include "ui/tui/tui_bar.h"

#include <math.h>

static const wchar_t fills[][2] = {
    [TUI_BAR_SOLID] = {L'#', L'\u2588'}, [TUI_BAR_SHADE] = {L'=', L'\u2592'}, [TUI_BAR_SPARSE] = {L'!', L'\u2591'},
    [TUI_BAR_DOTS] = {L'.', L'\u00B7'},  [TUI_BAR_BLANK] = {L' ', L' '},
};

/* Left eighths of a column, and lower eighths of a row. */
static const wchar_t left[] = L"\u258F\u258E\u258D\u258C\u258B\u258A\u2589";
static const wchar_t lower[] = L"\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";

wchar_t tui_bar_character(enum tui_bar_fill fill, enum tui_glyphs glyphs)
{
    return fills[fill][glyphs != TUI_GLYPHS_ASCII];
}

/* The character for a column of which a solid segment covers part (0 to 1), or 0 for none. */
static wchar_t partial(double part, enum tui_glyphs glyphs)
{
    int eighths = (int)(part * 8 + 1e-9);

    if (glyphs == TUI_GLYPHS_EIGHTHS && eighths >= 1 && eighths <= 7)
        return left[eighths - 1];
    if (glyphs == TUI_GLYPHS_HALVES && eighths >= 4)
        return L'\u258C';
    if (glyphs == TUI_GLYPHS_ASCII && part >= 0.5)
        return fills[TUI_BAR_SOLID][0];
    return 0;
}

void tui_bar_draw(struct tui_bar_cell *cells, int width, const struct tui_bar_segment *segments, int n_segments,
                  const struct tui_bar_segment *rest, double mark, enum tui_glyphs glyphs)
{
    double edge = 0;
    int x = 0;

    for (int i = 0; i < n_segments; i++) {
        const struct tui_bar_segment *s = &segments[i];
        int until;

        if (!(s->share > 0))
            continue;
        edge = fmin(edge + s->share * width, width);
        until = (int)(s->fill == TUI_BAR_SOLID ? edge + 1e-9 : edge + 0.5);
        for (; x < until && x < width; x++)
            cells[x] = (struct tui_bar_cell){tui_bar_character(s->fill, glyphs), s->role};
        if (s->fill == TUI_BAR_SOLID && x < width && edge > x) {
            wchar_t c = partial(edge - x, glyphs);

            if (c)
                cells[x++] = (struct tui_bar_cell){c, s->role};
        }
    }
    for (; x < width; x++)
        cells[x] = (struct tui_bar_cell){tui_bar_character(rest->fill, glyphs), rest->role};
    if (mark >= 0 && mark <= 1 && width > 0) {
        int at = (int)(mark * width);

        cells[at < width ? at : width - 1] =
            (struct tui_bar_cell){glyphs == TUI_GLYPHS_ASCII ? L'|' : L'\u2502', TUI_MARK};
    }
}

wchar_t tui_bar_level(double level, enum tui_glyphs glyphs)
{
    int step;

    if (!(level > 0))
        level = 0;
    if (glyphs == TUI_GLYPHS_ASCII)
        return level > 1.005 ? L'+' : (wchar_t)(L'0' + (int)fmin(level * 10, 9));
    if (level < 0.01)
        return L'\u00B7';
    step = (int)fmin(ceil(level * 8), 8);
    if (glyphs == TUI_GLYPHS_HALVES)
        return step <= 2 ? L'\u2591' : step <= 4 ? L'\u2584' : step <= 6 ? L'\u2592' : L'\u2588';
    return lower[step < 1 ? 0 : step - 1];
}

wchar_t tui_bar_column(double level, int row, int height, enum tui_glyphs glyphs)
{
    double above = level * height - row;
    int eighths = (int)(above * 8 + 0.5);

    if (!(above > 0))
        return L' ';
    if (glyphs == TUI_GLYPHS_ASCII)
        return above >= 0.5 ? L'#' : L' ';
    if (glyphs == TUI_GLYPHS_HALVES)
        return eighths >= 6 ? L'\u2588' : eighths >= 2 ? L'\u2584' : L' ';
    return eighths >= 8 ? L'\u2588' : eighths >= 1 ? lower[eighths - 1] : L' ';
}
