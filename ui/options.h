/*
 * The command line of both programs and their file of settings, from one table: what is accepted, what --help says and
 * what is refused with which words all follow from the rows in options_table.c and from the program's own settings.
 *
 * The command line is read first, then what the file says is added where the command line said nothing, then it is
 * checked as a whole.
 */
#ifndef UI_OPTIONS_H
#define UI_OPTIONS_H

#include "ui/control.h"
#include "ui/program.h"
#include "ui/screen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { OPTIONS_ERROR_BYTES = 512 };

enum options_todo {
    OPTIONS_RUN,
    OPTIONS_ATTACH,
    OPTIONS_CONTROL,
    OPTIONS_RESTORE,
    OPTIONS_CHECK_CONFIG,
    OPTIONS_HELP,
    OPTIONS_VERSION
};

/* Where the value of an option comes from. */
enum options_source { OPTIONS_DEFAULT, OPTIONS_FILE, OPTIONS_LINE };

struct options {
    enum options_todo todo;
    double interval_s; /* 0: not given (then replay or todo say why) */
    bool tui, headless;
    bool json, io, verbose, dry_run, once, restore_on_exit, no_ledger, replay_compare, what_if;
    long iterations; /* 0: no end */
    const char *uri; /* NULL: the default; the strings are those of argv, or kept below */
    const char *state_dir, *record, *replay, *advise, *csv, *metrics, *config, *socket;
    const struct control_word *control; /* OPTIONS_CONTROL: which command, */
    const char *guest;                  /* and for which guest; NULL: it takes none */
    double speed;                       /* of a replay; 0: as fast as possible */
    char **only;                        /* patterns, ended by NULL; NULL where none was given */
    char **exclude;                     /* the same */
    void *settings;                     /* the policy's, of program->settings_size bytes */
    bool *given;                        /* for each row of program->settings: the command line or the file has it */
    unsigned char *source;              /* enum options_source of each option; see options_source_of */
    const char *file;                   /* the file that was added; NULL: none */
    char **kept;                        /* the file's strings */
    int n_kept, cap_kept;
    int only_n, exclude_n;
    struct screen_options screen;
};

/*
 * Reads the command line (argv[0] is skipped; argv isn't reordered) into o, each argument by itself. Returns 0; -EINVAL
 * with one line in error that says what is wrong, without the program's name; -ENOMEM, likewise. Whatever it returns,
 * options_free frees.
 */
int options_parse(const struct program *program, int argc, char *const *argv, struct options *o, char *error,
                  size_t size);
/*
 * Adds what the text of a file of settings says to what options_parse read: lines "key = value", where a key is an
 * option's long name, or "interval"; a flag's value is yes or no. The command line wins. path is for words, and is
 * kept. Returns as options_parse does; error then begins with "path:line: ".
 */
int options_add_file(const struct program *program, struct options *o, const char *path, const char *text, char *error,
                     size_t size);
/*
 * Checks what no argument alone could tell, and has what the file says give way to what the command line asks for (a
 * file may say json, and the command line --tui). Returns as options_parse does.
 */
int options_check(const struct program *program, struct options *o, char *error, size_t size);
void options_free(struct options *o);
/* Writes what --help shows. */
void options_help(const struct program *program, FILE *out);

#endif
