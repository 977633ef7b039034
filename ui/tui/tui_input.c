/*
 * From bytes to keys, pastes and clicks. Characters are put together here and not by curses, which takes a character
 * that arrives in two parts, or bytes that are none, for an error like the end of the terminal.
 */
#include "ui/tui/tui.h"

#include "ui/tui/tui_actions.h"

#include <curses.h>
#include <string.h>
#include <wchar.h>

/* A paste whose end doesn't come within this is over: no key may be lost for good to an end that got lost. */
static const double paste_patience_s = 1;
static const double shown_s = 3; /* how long an answer stays */

static void take_mouse(struct tui *t)
{
    MEVENT event;

    if (getmouse(&event) != OK)
        return;
    if (event.bstate & BUTTON4_PRESSED)
        tui_scroll_at(t, event.x, event.y, -3);
    else if (event.bstate & BUTTON5_PRESSED)
        tui_scroll_at(t, event.x, event.y, 3);
    else if (event.bstate & BUTTON1_PRESSED)
        tui_click(t, event.x, event.y);
}

/* A pasted character goes into the field that is open, or nowhere. */
static void take_pasted(struct tui *t, bool is_key, wint_t c)
{
    if (t->field.open && !is_key && c >= 32 && c != 127)
        tui_field_take(t, false, c);
    else if (!t->field.open)
        tui_state_say(t, TUI_WARN, shown_s, "what is pasted is ignored: / opens a line for text");
}

static void take(struct tui *t, bool is_key, wint_t c)
{
    int code = is_key || c < 128 ? (int)c : 0;
    const struct tui_key *key;

    if (t->input.pasting) {
        t->input.pasted_s = tui_now();
        take_pasted(t, is_key, c);
        return;
    }
    if (t->field.open && tui_field_take(t, is_key, c))
        return;
    key = tui_keys_find(tui_state_context(t), code);
    if (key) {
        key->run(t, key->argument);
        t->dirty = true;
    } else if (!t->field.open && code > ' ' && code < 127) {
        tui_state_say(t, TUI_DIM, shown_s, "%c does nothing here: ? shows the keys", code);
    }
}

/* One byte more of a character; bytes that can't be part of one are dropped. */
static void take_byte(struct tui *t, char byte)
{
    wchar_t c;
    size_t n = mbrtowc(&c, &byte, 1, &t->input.partial);

    if (n == (size_t)-2)
        return;
    if (n == (size_t)-1) {
        bool began = t->input.n_partial > 0;

        memset(&t->input.partial, 0, sizeof(t->input.partial));
        t->input.n_partial = 0;
        /* It may begin a character of its own where the one before broke off. */
        if (began)
            take_byte(t, byte);
        return;
    }
    t->input.n_partial = 0;
    take(t, false, n == 0 ? 0 : (wint_t)c);
}

bool tui_input_take(struct tui *t)
{
    int c = getch();

    if (t->input.pasting && tui_now() > t->input.pasted_s + paste_patience_s)
        t->input.pasting = false;
    if (c == ERR)
        return false;
    if (c == KEY_RESIZE)
        return true;
    if (c == TUI_TERM_PASTE_BEGINS || c == TUI_TERM_PASTE_ENDS) {
        t->input.pasting = c == TUI_TERM_PASTE_BEGINS;
        t->input.pasted_s = tui_now();
        memset(&t->input.partial, 0, sizeof(t->input.partial));
    } else if (c == KEY_MOUSE) {
        take_mouse(t);
    } else if (c >= KEY_MIN) {
        take(t, true, (wint_t)c);
    } else {
        bool whole = (unsigned char)c < 0x80;

        if (whole && t->input.n_partial > 0) {
            memset(&t->input.partial, 0, sizeof(t->input.partial));
            t->input.n_partial = 0;
        }
        if (!whole)
            t->input.n_partial++;
        take_byte(t, (char)c);
    }
    return true;
}
