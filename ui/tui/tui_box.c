/* The frame of what lies over a view. */
#include "ui/tui/tui.h"

static void draw_edge(struct tui *t, const struct layout_rect *r, int row, wchar_t left, wchar_t right)
{
    struct tui_pen p = tui_pen_at(&t->term, r, row);
    bool unicode = t->term.unicode;

    tui_pen_char(&p, TUI_HEADING, unicode ? left : L'+');
    tui_pen_repeat(&p, TUI_HEADING, unicode ? L'\u2500' : L'-', r->w - 2);
    tui_pen_char(&p, TUI_HEADING, unicode ? right : L'+');
}

struct layout_rect tui_box_draw(struct tui *t, const struct layout_rect *r, const char *title, const char *below)
{
    struct tui_pen top = tui_pen_at(&t->term, r, 0), bottom = tui_pen_at(&t->term, r, r->h - 1);
    wchar_t side = t->term.unicode ? L'\u2502' : L'|';

    draw_edge(t, r, 0, L'\u250C', L'\u2510');
    for (int y = 1; y < r->h - 1; y++) {
        struct tui_pen p = tui_pen_at(&t->term, r, y);

        tui_pen_char(&p, TUI_HEADING, side);
        tui_pen_repeat(&p, TUI_PLAIN, L' ', r->w - 2);
        tui_pen_char(&p, TUI_HEADING, side);
    }
    draw_edge(t, r, r->h - 1, L'\u2514', L'\u2518');
    top.x += 2;
    top.right -= 2;
    bottom.x += 2;
    bottom.right -= 2;
    tui_pen_print(&top, TUI_STRONG, " %s ", title);
    if (below[0])
        tui_pen_print(&bottom, TUI_DIM, " %s ", below);
    return (struct layout_rect){r->x + 2, r->y + 1, r->w - 4, r->h - 2};
}
