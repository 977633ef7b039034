#include "ui/tui/tui_pen.h"

#include "ui/tui/tui_text.h"

#include <curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 1024, WIDEST = 1024 };

struct tui_pen tui_pen_at(const struct tui_term *term, const struct layout_rect *r, int row)
{
    struct tui_pen p = {term, r->x, r->y + row, r->x + r->w, false};

    if (row < 0 || row >= r->h)
        p.right = p.x;
    return p;
}

int tui_pen_left(const struct tui_pen *p)
{
    return p->right > p->x ? p->right - p->x : 0;
}

static void set_role(const struct tui_pen *p, enum tui_role role)
{
    attr_set(p->term->attributes[role] | (p->underlined ? WA_UNDERLINE : 0), p->term->pairs[role], NULL);
}

static int put(struct tui_pen *p, enum tui_role role, int width, const char *text)
{
    wchar_t wide[6 * WIDEST + 1];
    int columns;

    if (width > WIDEST)
        width = WIDEST;
    if (width <= 0)
        return 0;
    columns = tui_text_fit(wide, sizeof(wide) / sizeof(wide[0]), text, width, p->term->unicode);
    set_role(p, role);
    mvaddwstr(p->y, p->x, wide);
    p->x += columns;
    return columns;
}

void tui_pen_text(struct tui_pen *p, enum tui_role role, const char *text)
{
    put(p, role, tui_pen_left(p), text);
}

void tui_pen_print(struct tui_pen *p, enum tui_role role, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tui_pen_text(p, role, text);
}

void tui_pen_clauses(struct tui_pen *p, enum tui_role role, const char *text)
{
    char words[TEXT_BYTES];

    tui_text_clauses(words, sizeof(words), text, tui_pen_left(p), p->term->unicode);
    tui_pen_text(p, role, words);
}

bool tui_pen_piece(struct tui_pen *p, enum tui_role role, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (tui_text_columns(text, p->term->unicode) > tui_pen_left(p))
        return false;
    tui_pen_text(p, role, text);
    return true;
}

void tui_pen_field(struct tui_pen *p, enum tui_role role, int width, enum tui_align align, const char *text)
{
    int end, columns;

    if (width > tui_pen_left(p))
        width = tui_pen_left(p);
    end = p->x + width;
    if (align == TUI_RIGHT) {
        columns = tui_text_columns(text, p->term->unicode);
        if (columns < width)
            tui_pen_repeat(p, role, L' ', width - columns);
    }
    put(p, role, end - p->x, text);
    if (p->x < end)
        tui_pen_repeat(p, role, L' ', end - p->x);
}

void tui_pen_cells(struct tui_pen *p, const struct tui_bar_cell *cells, int n)
{
    for (int i = 0; i < n && p->x < p->right; i++) {
        wchar_t text[2] = {cells[i].c, 0};

        if (i == 0 || cells[i].role != cells[i - 1].role)
            set_role(p, cells[i].role);
        mvaddwstr(p->y, p->x++, text);
    }
}

void tui_pen_repeat(struct tui_pen *p, enum tui_role role, wchar_t c, int n)
{
    wchar_t text[2] = {c, 0};

    set_role(p, role);
    for (; n > 0 && p->x < p->right; n--)
        mvaddwstr(p->y, p->x++, text);
}

void tui_pen_char(struct tui_pen *p, enum tui_role role, wchar_t c)
{
    tui_pen_repeat(p, role, c, 1);
}

void tui_pen_skip(struct tui_pen *p, int columns)
{
    if (columns > 0)
        p->x += columns;
}

void tui_pen_bar(struct tui_pen *p, int width, const struct tui_bar_segment *segments, int n,
                 const struct tui_bar_segment *rest, double mark)
{
    struct tui_bar_cell cells[WIDEST];

    if (width > tui_pen_left(p))
        width = tui_pen_left(p);
    if (width > WIDEST)
        width = WIDEST;
    if (width <= 0)
        return;
    tui_bar_draw(cells, width, segments, n, rest, mark, p->term->glyphs);
    tui_pen_cells(p, cells, width);
}

void tui_pen_heading(const struct tui_term *term, const struct layout_rect *r, const char *title, const char *right)
{
    struct layout_rect rule = {r->x, r->y - 1, r->w, 1};
    struct tui_pen p = tui_pen_at(term, &rule, 0);
    wchar_t line = term->unicode ? L'\u2500' : L'-';
    int tail = right && *right ? tui_text_columns(right, term->unicode) + 4 : 0;

    if (r->y < 1 || r->w < 4)
        return;
    tui_pen_repeat(&p, TUI_HEADING, line, 1);
    tui_pen_text(&p, TUI_HEADING, " ");
    tui_pen_text(&p, TUI_STRONG, title);
    tui_pen_text(&p, TUI_HEADING, " ");
    if (tail > tui_pen_left(&p))
        tail = 0;
    tui_pen_repeat(&p, TUI_HEADING, line, tui_pen_left(&p) - tail);
    if (tail == 0)
        return;
    tui_pen_text(&p, TUI_HEADING, " ");
    tui_pen_text(&p, TUI_HEADING, right);
    tui_pen_text(&p, TUI_HEADING, " ");
    tui_pen_repeat(&p, TUI_HEADING, line, tui_pen_left(&p));
}

void tui_pen_legend(const struct tui_term *term, const struct layout_rect *r, int title,
                    const struct tui_legend *legend, int n)
{
    struct layout_rect rule = {r->x, r->y - 1, r->w - 2, 1};
    struct tui_pen p = tui_pen_at(term, &rule, 0);
    int columns = 1;

    for (int i = 0; i < n; i++)
        columns += 4 + tui_text_columns(legend[i].name, term->unicode);
    if (r->y < 1 || columns + title > rule.w)
        return;
    p.x = p.right - columns;
    for (int i = 0; i < n; i++) {
        wchar_t mark = term->unicode ? L'\u2502' : L'|';

        tui_pen_text(&p, TUI_DIM, " ");
        tui_pen_char(&p, legend[i].role, legend[i].mark ? mark : tui_bar_character(legend[i].fill, term->glyphs));
        tui_pen_print(&p, TUI_DIM, " %s ", legend[i].name);
    }
}

void tui_pen_reverse(const struct tui_term *term, const struct layout_rect *r, int row, int from, int until)
{
    (void)term;
    if (row < 0 || row >= r->h || from < 0 || until > r->w || until <= from)
        return;
    mvchgat(r->y + row, r->x + from, until - from, A_REVERSE, 0, NULL);
}
