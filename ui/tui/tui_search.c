/*
 * Looking for letters in the log and in a guest's detail. What is searched is what would be seen: each page is drawn
 * into curses' memory, unseen, and read back from there; so whatever a view shows can be found, in the same words.
 */
#include "ui/tui/tui.h"

#include "core/model/text.h"
#include "ui/tui/tui_text.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_CELLS = 1024, ROW_BYTES = 4 * ROW_CELLS + 1 };

/* The text in row y of the view's rectangle, as it is drawn now. */
static void read_row(const struct tui *t, int y, char *text)
{
    const struct layout_rect *r = &t->layout.main;
    wchar_t wide[ROW_CELLS + 1] = {0};
    mbstate_t state = {0};
    size_t used = 0;

    mvinnwstr(r->y + y, r->x, wide, r->w < ROW_CELLS ? r->w : ROW_CELLS);
    for (const wchar_t *c = wide; *c && used + MB_CUR_MAX < ROW_BYTES; c++) {
        size_t n = wcrtomb(text + used, *c, &state);

        if (n != (size_t)-1)
            used += n;
    }
    text[used] = 0;
}

static int *scroll_of(struct tui *t)
{
    return t->view == LAYOUT_LOG ? &t->log_scroll : &t->detail_scroll;
}

static int lines_of(struct tui *t)
{
    return t->view == LAYOUT_LOG ? tui_log_lines(t) : t->detail_lines;
}

/* Draws the page on which the line stands and says whether the line has what is looked for. */
static bool found_at(struct tui *t, int line, int *page, char *text)
{
    int height = t->layout.main.h, most = lines_of(t) - height, first = line / height * height;

    if (first > most)
        first = most > 0 ? most : 0;
    if (*page != first) {
        *page = *scroll_of(t) = first;
        erase();
        tui_draw_view(t);
    }
    read_row(t, line - first, text);
    return tui_text_contains(text, t->search);
}

void tui_search_go(struct tui *t, int step)
{
    int lines = lines_of(t), height = t->layout.main.h, kept = *scroll_of(t), page = -1;
    int from = t->search_line >= kept && t->search_line < kept + height ? t->search_line : step > 0 ? kept - 1 : kept;
    char *text = malloc(ROW_BYTES);

    if (!text || !t->search[0] || height <= 0 || lines <= 0) {
        free(text);
        return;
    }
    for (int i = 1; i <= lines; i++) {
        int line = ((from + step * i) % lines + lines) % lines;

        if (!found_at(t, line, &page, text))
            continue;
        t->search_line = line;
        /* It stays where it is on the screen if it was in view; otherwise it comes to its middle. */
        if (line >= kept && line < kept + height)
            *scroll_of(t) = kept;
        else
            *scroll_of(t) = line > height / 2 ? line - height / 2 : 0;
        if (*scroll_of(t) > lines - height)
            *scroll_of(t) = lines > height ? lines - height : 0;
        free(text);
        t->dirty = true;
        return;
    }
    *scroll_of(t) = kept;
    free(text);
    tui_state_say(t, TUI_WARN, 3, "\"%s\" is nowhere here", t->search);
}

void tui_search_mark(struct tui *t)
{
    const struct layout_rect *r = &t->layout.main;
    char *text = malloc(ROW_BYTES);

    for (int y = 0; text && t->search[0] && y < r->h; y++) {
        int columns = 0;

        read_row(t, y, text);
        for (const char *at = text; *at;) {
            uint32_t scalar;
            size_t n = text_decode(at, &scalar);
            char one[8] = "";

            if (tui_text_begins(at, t->search))
                mvchgat(r->y + y, r->x + columns, tui_text_columns(t->search, t->term.unicode), A_REVERSE, 0, NULL);
            memcpy(one, at, n < sizeof(one) ? n : 0);
            columns += tui_text_columns(one, t->term.unicode);
            at += n;
        }
    }
    free(text);
}
