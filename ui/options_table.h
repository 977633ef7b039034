/*
 * What the files behind options.h share: the table of options, and how one value is read and refused.
 */
#ifndef UI_OPTIONS_TABLE_H
#define UI_OPTIONS_TABLE_H

#include "ui/options.h"

/* What an option's argument is turned into, and so what its offset points at. */
enum row_kind {
    ROW_FLAG,     /* bool */
    ROW_TEXT,     /* const char * */
    ROW_COUNT,    /* long, from 1 */
    ROW_ONLY,     /* a pattern more */
    ROW_EXCLUDE,  /* a pattern more */
    ROW_SPEED,    /* double */
    ROW_WORD,     /* const char *, one of words */
    ROW_SORT,     /* const char *, a column of the screen's table */
    ROW_FILTER,   /* const char *, of what a filter may hold */
    ROW_REFRESH,  /* double */
    ROW_CONTROL,  /* a command for a running program */
    ROW_TODO,     /* enum options_todo: value */
    ROW_HEADING,  /* no option: a line between groups of them in --help */
    ROW_SETTINGS, /* no option: here stand the program's own settings */
    ROW_END,
};

enum options_trait {
    ROW_LIVE = 1 << 0,   /* can be changed while the program runs */
    ROW_NO_KEY = 1 << 1, /* is for the command line only: it has no key in the file */
};

struct options_row {
    enum row_kind kind;
    char letter;
    const char *name;
    const char *arg;
    const char *help;
    size_t offset;
    enum options_todo todo;
    const char *const *words; /* ROW_WORD: ended by NULL */
    unsigned traits;          /* enum options_trait */
};

/* Ended by a row of ROW_END. */
extern const struct options_row options_rows[];
/* Rows of the table, that of the end left out. */
int options_rows_count(void);
bool options_is_option(const struct options_row *row);
/* The option with that long name, or NULL. */
const struct options_row *options_row_named(const char *name);

/* Who reads what, and where it says what is wrong. */
struct options_reader {
    const struct program *program;
    struct options *o;
    char *error;
    size_t size;
    const char *dashes; /* before an option's name in words: "--", or "" of a file's key */
    const char *path;   /* of a file, with the line that is being read; NULL: it's the command line */
    int line;
};

/* Puts the message into error, on one line and of harmless characters whatever the arguments held. Returns -EINVAL. */
int options_refuse(struct options_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for want of memory: -ENOMEM. */
int options_out_of_memory(struct options_reader *r);
/* A decimal number and nothing else: strtod alone would take "inf", "nan", "0x1p3" and leading blanks, too. */
bool options_number(const char *text, double *value);
/* How many settings the program has of its own. */
int options_settings_count(const struct program *program);
/* o as it is before anything was read. 0 or -ENOMEM. */
int options_init(const struct program *program, struct options *o);
/* Where a row's value comes from, by its place in the table; of the program's settings, by theirs; of INTERVAL. */
unsigned char *options_row_source(struct options *o, const struct options_row *row);
unsigned char *options_setting_source(struct options *o, int setting);
unsigned char *options_interval_source(struct options *o);
/* True where the row's field is a text (NULL: none). */
bool options_holds_text(const struct options_row *row);
/* The bytes of a row's field in struct options; 0 where it has none of its own (patterns, what is to be done). */
size_t options_field_bytes(const struct options_row *row);
size_t options_setting_bytes(const struct program_setting *s);
/* Each takes one value into r->o: 0, or what options_refuse returned. text is kept, not copied. */
int options_take_interval(struct options_reader *r, const char *text);
int options_take(struct options_reader *r, const struct options_row *row, char *text);
int options_take_setting(struct options_reader *r, const struct program_setting *s, const char *text);

#endif
