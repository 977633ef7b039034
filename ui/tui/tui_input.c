/*
 * From bytes to keys, pastes and clicks. Characters are put together here and not by curses, which takes a character
 * that arrives in two parts, or bytes that are none, for an error like the end of the terminal.
 */
#include "ui/tui/tui.h"

#include "ui/tui/tui_actions.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* A paste whose end doesn't come within this is over: no key may be lost for good to an end that got lost. */
static const double paste_patience_s = 1;
/* The same of what a terminal sends by itself, which comes at once. */
static const double sequence_patience_s = 0.5;
static const double shown_s = 3; /* how long an answer stays */

enum { ESCAPE = 27, BELL = 7, OLD_MOUSE_BYTES = 3 };

static void take_mouse(struct tui *t)
{
    MEVENT event;

    if (getmouse(&event) != OK || t->layout.too_small)
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

static void say_unknown(struct tui *t, bool is_key, int code)
{
    char name[16] = "that key";

    if (is_key && code >= KEY_F(1) && code <= KEY_F(63))
        snprintf(name, sizeof(name), "F%d", code - KEY_F0);
    else if (!is_key && code > ' ' && code < 127)
        snprintf(name, sizeof(name), "%c", code);
    else if (!is_key && code > 0 && code < ' ')
        snprintf(name, sizeof(name), "Ctrl-%c", code + '@');
    tui_state_say(t, TUI_DIM, shown_s, "%s does nothing here: ? shows the keys", name);
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
    /* What isn't seen isn't done, but for ending the program. */
    if (t->layout.too_small) {
        t->quit |= code == 'q' || code == KEY_F(10);
        return;
    }
    if (t->field.open && tui_field_take(t, is_key, c))
        return;
    key = tui_keys_find(tui_state_context(t), code);
    if (key) {
        key->run(t, key->argument);
        t->dirty = true;
    } else if (!t->field.open) {
        say_unknown(t, is_key, code);
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

/* Whether what follows an escape begins a sequence: a key presses Esc alone, or as Alt before a letter. */
static enum tui_sequence begins(int next)
{
    int third;

    if (next == '[')
        return TUI_SEQUENCE_CONTROL;
    if (next == 'O')
        return TUI_SEQUENCE_SINGLE;
    if (next != ']' && next != 'P' && next != '_' && next != '^')
        return TUI_SEQUENCE_NONE;
    third = getch();
    if (third != ERR)
        ungetch(third);
    /* Esc ] and Esc P are keys, too; what a terminal says of itself goes on with one of these. */
    return third != ERR && strchr("0123456789>!+$=GX", third) && third ? TUI_SEQUENCE_STRING : TUI_SEQUENCE_NONE;
}

/* After an escape: true where a sequence has begun that curses knows no key for. */
static bool begin_sequence(struct tui *t)
{
    int next = getch();
    enum tui_sequence sequence = next == ERR || next >= KEY_MIN ? TUI_SEQUENCE_NONE : begins(next);

    if (sequence == TUI_SEQUENCE_NONE) {
        if (next != ERR)
            ungetch(next);
        return false;
    }
    t->input.sequence = sequence;
    t->input.sequence_s = tui_now();
    t->input.parameters = 0;
    return true;
}

/*
 * Takes a byte of a sequence: what a terminal answers, or reports without being asked (its name, where the cursor is,
 * that it has the focus, its mouse in an old manner), must not be taken for keys, in how many parts it may come.
 * False where it's none of one. Source: ECMA-48, 5.4 and 5.6; xterm's control sequences for the mouse.
 */
static bool take_sequence(struct tui *t, int c)
{
    struct tui_input *in = &t->input;

    if (c >= KEY_MIN || tui_now() > in->sequence_s + sequence_patience_s) {
        in->sequence = TUI_SEQUENCE_NONE;
        return false;
    }
    in->sequence_s = tui_now();
    switch (in->sequence) {
    case TUI_SEQUENCE_CONTROL:
        if (c < 0x20 || c > 0x7e) {
            in->sequence = TUI_SEQUENCE_NONE;
            return c != ESCAPE;
        }
        if (c >= 0x40 && !(c == 'M' && in->parameters == 0))
            in->sequence = TUI_SEQUENCE_NONE;
        else if (c == 'M')
            in->sequence = TUI_SEQUENCE_OLD_MOUSE;
        in->parameters = in->sequence == TUI_SEQUENCE_OLD_MOUSE ? 0 : in->parameters + 1;
        return true;
    case TUI_SEQUENCE_OLD_MOUSE:
        if (++in->parameters == OLD_MOUSE_BYTES)
            in->sequence = TUI_SEQUENCE_NONE;
        return true;
    case TUI_SEQUENCE_STRING:
        in->sequence = c == BELL ? TUI_SEQUENCE_NONE : c == ESCAPE ? TUI_SEQUENCE_SINGLE : TUI_SEQUENCE_STRING;
        return true;
    case TUI_SEQUENCE_SINGLE:
    case TUI_SEQUENCE_NONE:
    default:
        in->sequence = TUI_SEQUENCE_NONE;
        return true;
    }
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
    if (t->input.sequence != TUI_SEQUENCE_NONE && take_sequence(t, c))
        return true;
    if (c == ESCAPE && !t->input.pasting && begin_sequence(t))
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
