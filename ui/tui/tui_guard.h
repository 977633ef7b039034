/*
 * Gives the terminal back when the program dies: a segmentation fault, an abort, an exit from the depths of a library.
 * Gets a program away from a terminal that takes no more output, and would keep curses waiting for ever. Also turns the
 * terminal's own signals (resize, ^Z, fg) into bytes of a pipe that a poll loop can wait for.
 */
#ifndef UI_TUI_TUI_GUARD_H
#define UI_TUI_TUI_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

enum tui_guard_event {
    TUI_GUARD_RESIZED = 1 << 0,
    TUI_GUARD_SUSPEND = 1 << 1,   /* ^Z was typed; nothing has been stopped yet */
    TUI_GUARD_CONTINUED = 1 << 2, /* the program goes on after a stop */
};

struct tui_guard_terminal {
    int tty;              /* what the restoring sequence is written to */
    int drawing;          /* the descriptor of the same terminal that curses writes to */
    struct termios modes; /* as they were found */
    const char *restore;  /* the sequence; must stay where it is until the guard is off */
    size_t n_restore;
    int real_stderr; /* where words that were caught meanwhile go; -1: nowhere */
    int captured;    /* where caught words can be read without blocking; -1: none */
};

/* Turns the guard on. Returns the fd that is readable when there are events, or -errno. */
int tui_guard_on(const struct tui_guard_terminal *terminal);
/* Returns the events since the last call (bits), 0 for none. */
unsigned tui_guard_events(void);
/* Stops the program as ^Z does without a TUI, and returns when it goes on. */
void tui_guard_stop(void);
void tui_guard_off(void);
/* True where the terminal takes output now. */
bool tui_guard_writable(void);
/* Around whatever may wait for the terminal to take output. */
void tui_guard_drawing(bool on);
/* To be called from the handler of a signal that asks for the end: lets curses write into the void from now on, where
 * it waits for a terminal that takes no output. Only what signal-safety(7) allows. */
void tui_guard_leave(void);
/* The same when no signal came. True where curses doesn't reach the terminal any more, now or from before. */
bool tui_guard_give_up(void);
/* Gives the terminal back where the guard is on. Only what signal-safety(7) allows. */
void tui_guard_give_back(void);

#endif
