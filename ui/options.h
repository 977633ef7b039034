/*
 * The command line of both programs, from one table: what is accepted, what --help says and what is refused with which
 * words all follow from the rows in options_table.c and from the program's own settings.
 */
#ifndef UI_OPTIONS_H
#define UI_OPTIONS_H

#include "ui/program.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { OPTIONS_ERROR_BYTES = 256 };

enum options_todo { OPTIONS_RUN, OPTIONS_RESTORE, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
    enum options_todo todo;
    double interval_s; /* 0: not given (then replay or todo say why) */
    bool tui, headless;
    bool json, io, verbose, dry_run, once, restore_on_exit, no_ledger, replay_compare;
    long iterations; /* 0: no end */
    const char *uri; /* NULL: the default; the strings are those of argv */
    const char *state_dir, *record, *replay, *csv;
    double speed;   /* of a replay; 0: as fast as possible */
    char **only;    /* patterns, ended by NULL; NULL where none was given */
    char **exclude; /* the same */
    void *settings; /* the policy's, of program->settings_size bytes */
    bool *given;    /* for each row of program->settings: it was on the command line */
    int only_n, exclude_n;
    struct screen_options screen;
};

/*
 * Reads the command line (argv[0] is skipped; argv isn't reordered) into o. Returns 0; -EINVAL with one line in error
 * that says what is wrong, without the program's name; -ENOMEM, likewise. Whatever it returns, options_free frees.
 */
int options_parse(const struct program *program, int argc, char *const *argv, struct options *o, char *error,
                  size_t size);
void options_free(struct options *o);
/* Writes what --help shows. */
void options_help(const struct program *program, FILE *out);

#endif
