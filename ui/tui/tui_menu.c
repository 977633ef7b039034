/* The menu of columns over a table: sorts by one, shows and hides them. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_actions.h"

static enum tui_column_id chosen(const struct tui *t)
{
    return (enum tui_column_id)t->list.columns.order[t->menu.row];
}

void tui_do_menu(struct tui *t, int unused)
{
    (void)unused;
    t->menu.open = true;
    t->menu.row = 0;
    while (t->menu.row < TUI_COLUMNS - 1 && chosen(t) != t->list.sorting.column)
        t->menu.row++;
}

void tui_do_menu_move(struct tui *t, int rows)
{
    t->menu.row = (t->menu.row + rows + TUI_COLUMNS) % TUI_COLUMNS;
}

void tui_do_menu_sort(struct tui *t, int unused)
{
    (void)unused;
    t->menu.open = false;
    tui_do_sort(t, (int)chosen(t));
}

void tui_do_menu_toggle(struct tui *t, int unused)
{
    (void)unused;
    if (chosen(t) != TUI_COLUMN_NAME) /* without names a table says nothing */
        t->list.columns.hidden ^= 1U << chosen(t);
    t->list.filled |= 1U << chosen(t); /* what is asked for is shown, even where there is nothing in it yet */
}

void tui_do_menu_shift(struct tui *t, int by)
{
    t->menu.row = tui_columns_move(&t->list.columns, t->menu.row, by);
}

void tui_menu_draw(struct tui *t)
{
    enum { WIDTH = 44, SIGN = 4 };
    struct layout_rect box = t->layout.overlay, inside;
    int first, rows;

    box.w = box.w < WIDTH ? box.w : WIDTH;
    box.h = box.h < TUI_COLUMNS + 2 ? box.h : TUI_COLUMNS + 2;
    inside = tui_box_draw(t, &box, "columns", "Enter sorts, Space hides, - + move");
    rows = inside.h;
    first = t->menu.row >= rows ? t->menu.row - rows + 1 : 0;
    for (int i = 0; i < rows && first + i < TUI_COLUMNS; i++) {
        enum tui_column_id id = (enum tui_column_id)t->list.columns.order[first + i];
        struct tui_pen p = tui_pen_at(&t->term, &inside, i);

        tui_pen_field(&p, TUI_PLAIN, SIGN, TUI_LEFT, t->list.columns.hidden & 1U << id ? "[ ]" : "[x]");
        tui_pen_field(&p, first + i == t->menu.row ? TUI_CURSOR : TUI_PLAIN, inside.w - SIGN - 10, TUI_LEFT,
                      tui_column(id)->head);
        if (t->list.sorting.column == id)
            tui_pen_text(&p, TUI_DIM, t->list.sorting.descending ? " down" : " up");
    }
}
