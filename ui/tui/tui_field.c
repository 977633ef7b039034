/* The line in which text is typed: the filter of lists, what is looked for in log and detail. */
#include "ui/tui/tui.h"

#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { CTRL_C = 3, CTRL_H = 8, CTRL_U = 21, ESCAPE = 27, DELETE = 127 };

char *tui_field_text(struct tui *t)
{
    return t->field.purpose == TUI_FIELD_FILTER ? t->list.filter : t->search;
}

static void set_text(struct tui *t, const char *text)
{
    snprintf(tui_field_text(t), TUI_FIELD_BYTES, "%s", text);
    if (t->field.purpose == TUI_FIELD_FILTER)
        tui_state_follow(t, true);
    t->dirty = true;
}

void tui_field_open(struct tui *t, enum tui_field_purpose purpose)
{
    t->field.open = true;
    t->field.purpose = purpose;
    memcpy(t->field.before, tui_field_text(t), TUI_FIELD_BYTES);
    if (purpose == TUI_FIELD_SEARCH)
        set_text(t, "");
    /* ^C closes the field instead of ending the program. */
    tui_term_interrupts(&t->term, false);
    t->dirty = true;
}

static void close_field(struct tui *t, bool keep)
{
    t->field.open = false;
    tui_term_interrupts(&t->term, true);
    if (!keep)
        set_text(t, "");
    else if (t->field.purpose == TUI_FIELD_SEARCH)
        tui_search_go(t, 1);
    t->dirty = true;
}

static void append(struct tui *t, wint_t c)
{
    char text[TUI_FIELD_BYTES], bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    size_t n = wcrtomb(bytes, (wchar_t)c, &state), before = strlen(tui_field_text(t));

    if (n == (size_t)-1 || before + n >= sizeof(text))
        return;
    memcpy(text, tui_field_text(t), before);
    memcpy(text + before, bytes, n);
    text[before + n] = 0;
    set_text(t, text);
}

static void shorten(struct tui *t)
{
    char text[TUI_FIELD_BYTES];
    size_t n = strlen(tui_field_text(t));

    memcpy(text, tui_field_text(t), n + 1);
    while (n > 0 && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
        n--;
    text[n > 0 ? n - 1 : 0] = 0;
    set_text(t, text);
}

bool tui_field_take(struct tui *t, bool is_key, wint_t c)
{
    bool list = t->field.purpose == TUI_FIELD_FILTER;

    if (!is_key && c == ESCAPE)
        close_field(t, false);
    else if (!is_key && c == CTRL_C) {
        char before[TUI_FIELD_BYTES];

        memcpy(before, t->field.before, sizeof(before));
        close_field(t, false);
        set_text(t, before);
    } else if ((!is_key && (c == '\r' || c == '\n')) || (is_key && c == KEY_ENTER))
        close_field(t, true);
    else if ((is_key && c == KEY_BACKSPACE) || (!is_key && (c == DELETE || c == CTRL_H)))
        shorten(t);
    else if (!is_key && c == CTRL_U)
        set_text(t, "");
    else if (is_key && list && (c == KEY_UP || c == KEY_DOWN))
        tui_state_move(t, c == KEY_UP ? -1 : 1);
    else if (!is_key && c >= 32)
        append(t, c);
    else
        return false;
    return true;
}
