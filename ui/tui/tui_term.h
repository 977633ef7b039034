/*
 * The terminal, from taking it over to giving it back: curses on and off, what the terminal can show (Unicode, blocks,
 * colours), what each role looks like on it, and the words that libraries print meanwhile, which are caught.
 */
#ifndef UI_TUI_TUI_TERM_H
#define UI_TUI_TUI_TERM_H

#include "ui/tui/tui_bar.h"
#include "ui/tui/tui_output.h"
#include "ui/tui/tui_role.h"

#include <stdbool.h>
#include <stdio.h>
#include <termios.h>

struct screen;

/* Key codes beyond those of curses: the marks around what is pasted. */
enum { TUI_TERM_PASTE_BEGINS = 0x1000, TUI_TERM_PASTE_ENDS };

struct tui_term {
    enum tui_glyphs glyphs;
    bool unicode;
    int colors; /* 256, 16, 8, or 0 for none */
    int width, height;
    int keyboard; /* fd to poll for keys */
    int events;   /* fd to poll for tui_guard_events */
    int captured; /* fd to poll for what libraries print */
    unsigned attributes[TUI_ROLES];
    short pairs[TUI_ROLES];
    struct tui_output output;
    /* private */
    bool sequences; /* takes the sequences that switch bracketed pastes */
    struct screen *screen;
    FILE *in, *out;
    int real_stdout, real_stderr;
    struct termios modes, own_modes; /* as they were found, and as the TUI has them */
    char restore[512];
    size_t n_restore;
};

/* When colours are used, in the order of screen_colors: as terminal and NO_COLOR say, never, whatever NO_COLOR says. */
enum tui_color_when { TUI_COLOR_AUTO, TUI_COLOR_NEVER, TUI_COLOR_ALWAYS };

struct tui_coloring {
    enum tui_color_when when;
    int theme; /* index in screen_themes */
};

/* Takes the terminal over. 0; or -1 with the reason in error and nothing changed. */
int tui_term_open(struct tui_term *t, const struct tui_coloring *coloring, char *error, size_t size);
/* Chooses the looks of all roles anew; what is on the screen follows when it is drawn again. */
void tui_term_colors(struct tui_term *t, const struct tui_coloring *coloring);
/* Gives it back as it was found. What was caught and not yet read goes to the real standard error. */
void tui_term_close(struct tui_term *t);
/* Gives the terminal back, stops the program, and takes the terminal again when it goes on (^Z, fg). */
void tui_term_suspend(struct tui_term *t);
/* Sets the modes again after the program was stopped from outside. */
void tui_term_resume(struct tui_term *t);
/* Whether ^C is a signal (as everywhere) or a key (while a line of text is typed). */
void tui_term_interrupts(struct tui_term *t, bool on);
/* Brings what is drawn to the terminal, as far as it takes it now; the rest waits in output. */
void tui_term_refresh(struct tui_term *t);
/* Asks the terminal for its size and follows it. True where it changed. */
bool tui_term_resize(struct tui_term *t);
/* Reads one line that a library printed, without its newline. True where there was one. */
bool tui_term_captured(struct tui_term *t, char *line, size_t size);

#endif
