/* The menu of columns over a table: sorts by one, shows and hides them. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_actions.h"

void tui_do_menu(struct tui *t, int unused)
{
    (void)unused;
    t->menu.open = true;
    t->menu.row = (int)t->list.sorting.column;
}

void tui_do_menu_move(struct tui *t, int rows)
{
    t->menu.row = (t->menu.row + rows + TUI_COLUMNS) % TUI_COLUMNS;
}

void tui_do_menu_sort(struct tui *t, int unused)
{
    (void)unused;
    t->menu.open = false;
    tui_do_sort(t, t->menu.row);
}

void tui_do_menu_toggle(struct tui *t, int unused)
{
    (void)unused;
    if (t->menu.row != TUI_COLUMN_NAME) /* without names a table says nothing */
        t->list.hidden ^= 1U << t->menu.row;
}

void tui_menu_draw(struct tui *t)
{
    enum { WIDTH = 36, SIGN = 4 };
    struct layout_rect box = t->layout.overlay, inside;
    int first, rows;

    box.w = box.w < WIDTH ? box.w : WIDTH;
    box.h = box.h < TUI_COLUMNS + 2 ? box.h : TUI_COLUMNS + 2;
    inside = tui_box_draw(t, &box, "columns", "Enter sorts, Space hides");
    rows = inside.h;
    first = t->menu.row >= rows ? t->menu.row - rows + 1 : 0;
    for (int i = 0; i < rows && first + i < TUI_COLUMNS; i++) {
        int id = first + i;
        struct tui_pen p = tui_pen_at(&t->term, &inside, i);
        bool sorted = (int)t->list.sorting.column == id;

        tui_pen_field(&p, TUI_PLAIN, SIGN, TUI_LEFT, t->list.hidden & 1U << id ? "[ ]" : "[x]");
        tui_pen_field(&p, id == t->menu.row ? TUI_CURSOR : TUI_PLAIN, inside.w - SIGN - 10, TUI_LEFT,
                      tui_column((enum tui_column_id)id)->head);
        if (sorted)
            tui_pen_text(&p, TUI_DIM, t->list.sorting.descending ? " down" : " up");
    }
}
