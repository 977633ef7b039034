/*
 * --ctl: one command for a running program, given through its socket, for scripts. What came of it is a line and an
 * exit status.
 */
#ifndef UI_CONTROL_H
#define UI_CONTROL_H

#include <stdbool.h>

/* The exit status where no program runs that could be spoken to; others are 0 done, 1 refused or failed, 2 bad usage.
 */
enum { CONTROL_NOBODY = 3 };

struct control_word {
    const char *word;    /* as it is given to --ctl */
    const char *command; /* its name in the table of commands; NULL: only looks */
    double value;
    bool takes_guest;
};

/* The row of that word; NULL: there is none. */
const struct control_word *control_find(const char *word);
/* All of them with commas between, for words. Returns text. */
const char *control_list(char *text, unsigned long size);

/* Gives the command to the program that listens at path, and says what came of it; json: status as the report itself.
 * The exit status. */
int control_run(const char *program, const char *path, const struct control_word *word, const char *guest, bool json);

#endif
