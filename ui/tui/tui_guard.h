/*
 * Gives the terminal back when the program dies: a segmentation fault, an abort, an exit from the depths of a library.
 * Also turns the terminal's own signals (resize, ^Z, fg) into bytes of a pipe that a poll loop can wait for.
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
/* Gives the terminal back where the guard is on. Only what signal-safety(7) allows. */
void tui_guard_give_back(void);

#endif
