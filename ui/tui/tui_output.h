/*
 * What goes to the terminal. curses writes into memory; from there the terminal gets it as it takes it. So a terminal
 * that takes nothing (stopped, or at the other end of a dead line) never holds up keys, signals or the program's end.
 */
#ifndef UI_TUI_TUI_OUTPUT_H
#define UI_TUI_TUI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct tui_output {
    int curses;   /* the descriptor that curses writes to */
    int terminal; /* what it stands for outside of begin and end */
    int memory;   /* what it stands for between them */
    int sink;     /* the terminal, written to without waiting */
    bool shared;  /* sink shares its flags with others, which must find them as they were */
    char *waiting;
    size_t n_waiting, cap_waiting, sent;
};

/* curses: the descriptor that curses was given. 0 or -errno; tui_output_close is in order after both. */
int tui_output_open(struct tui_output *o, int curses);
void tui_output_close(struct tui_output *o);
/* Around everything that makes curses write; the terminal's modes can only be asked for and set outside. */
void tui_output_begin(struct tui_output *o);
/* What was written waits behind what waits already. 0 or -ENOMEM (it is lost then). */
int tui_output_end(struct tui_output *o);
/* Puts bytes behind what waits. 0 or -ENOMEM. */
int tui_output_add(struct tui_output *o, const char *bytes, size_t n);
/* Sends what the terminal takes now. True where nothing waits any more. */
bool tui_output_send(struct tui_output *o);
/* Sends all that waits, and gives up when the terminal takes nothing for patience_ms. True where all was sent. */
bool tui_output_finish(struct tui_output *o, int patience_ms);
bool tui_output_waits(const struct tui_output *o);

#endif
