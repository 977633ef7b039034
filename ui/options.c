#include "ui/options.h"

#include "core/engine/engine.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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
    ROW_TODO,     /* enum options_todo: value */
    ROW_HEADING,  /* no option: a line between groups of them in --help */
    ROW_SETTINGS, /* no option: here stand the program's own settings */
    ROW_END,
};

struct row {
    enum row_kind kind;
    char letter;
    const char *name;
    const char *arg;
    const char *help;
    size_t offset;
    enum options_todo todo;
    const char *const *words; /* ROW_WORD: ended by NULL */
};

/* The kinds of rows; short_form 0: there is no short form. */
#define HEADING(text)                                                                                                  \
    {                                                                                                                  \
        .kind = ROW_HEADING, .name = (text)                                                                            \
    }
#define FLAG(short_form, long_form, field, words)                                                                      \
    {                                                                                                                  \
        .kind = ROW_FLAG, .letter = (short_form), .name = (long_form), .help = (words),                                \
        .offset = offsetof(struct options, field)                                                                      \
    }
#define VALUE(what, short_form, long_form, argument, field, words)                                                     \
    {                                                                                                                  \
        .kind = (what), .letter = (short_form), .name = (long_form), .arg = (argument), .help = (words),               \
        .offset = offsetof(struct options, field)                                                                      \
    }
#define WORD(long_form, argument, field, list, help_words)                                                             \
    {                                                                                                                  \
        .kind = ROW_WORD, .name = (long_form), .arg = (argument), .help = (help_words),                                \
        .offset = offsetof(struct options, field), .words = (list)                                                     \
    }
#define PATTERNS(what, long_form, argument, words)                                                                     \
    {                                                                                                                  \
        .kind = (what), .name = (long_form), .arg = (argument), .help = (words)                                        \
    }
#define DOES(short_form, long_form, what, words)                                                                       \
    {                                                                                                                  \
        .kind = ROW_TODO, .letter = (short_form), .name = (long_form), .help = (words), .todo = (what)                 \
    }

static const struct row rows[] = {
    HEADING("How it runs"),
    FLAG(0, "headless", headless, "print lines (the default); also the word headless"),
    FLAG(0, "tui", tui, "show a screen; also the word tui"),
    VALUE(ROW_TEXT, 'c', "connect", "URI", uri, "hypervisor to connect to (default qemu:///system)"),
    FLAG('d', "dry-run", dry_run, "decide and report, but change nothing"),
    VALUE(ROW_COUNT, 'n', "iterations", "N", iterations, "end after N decisions"),
    FLAG(0, "once", once, "measure for one interval, decide once and end"),
    VALUE(ROW_TEXT, 0, "csv", "FILE", csv, "append a line of values to FILE for each decision"),
    FLAG(0, "json", json, "print one JSON object per decision instead of lines"),
    FLAG(0, "io", io, "measure disks and networks, too: CSV, JSON, recordings, the screen's columns"),
    FLAG('v', "verbose", verbose, "print notes and a table of guests, too"),
    HEADING("The screen, and where it begins"),
    WORD("view", "VIEW", screen.view, screen_views, "overview, map, guests, memory or log"),
    VALUE(ROW_SORT, 0, "sort", "COLUMN", screen.sort, "sort guests by name, cpu, wait, size, ...; -cpu: the other way"),
    VALUE(ROW_FILTER, 0, "filter", "TEXT", screen.filter, "show only guests with TEXT in their name"),
    VALUE(ROW_REFRESH, 0, "refresh", "SECONDS", screen.refresh_s, "draw figures anew no more often than that"),
    WORD("color", "WHEN", screen.color, screen_colors, "auto (as terminal and NO_COLOR say), never or always"),
    WORD("theme", "NAME", screen.theme, screen_themes, "colours: default, dark, light or contrast"),
    HEADING("Which guests"),
    PATTERNS(ROW_ONLY, "only", "GLOB", "act on guests with such names only (repeatable)"),
    PATTERNS(ROW_EXCLUDE, "exclude", "GLOB", "leave guests with such names alone (repeatable)"),
    HEADING("How it decides"),
    {.kind = ROW_SETTINGS},
    HEADING("Putting back"),
    FLAG(0, "restore-on-exit", restore_on_exit, "put back what was found when ending"),
    DOES(0, "restore", OPTIONS_RESTORE, "put back what an earlier run found, and end; needs no INTERVAL"),
    VALUE(ROW_TEXT, 0, "state-dir", "DIR", state_dir, "where it is kept what was found (default: /run/vmbalance)"),
    FLAG(0, "no-ledger", no_ledger, "keep no ledger: nothing can be put back later"),
    HEADING("Recordings"),
    VALUE(ROW_TEXT, 0, "record", "FILE", record, "write what is measured and decided to FILE"),
    VALUE(ROW_TEXT, 0, "replay", "FILE", replay, "play FILE back, deciding anew; INTERVAL may be left out"),
    FLAG(0, "replay-compare", replay_compare, "say where new decisions differ from recorded ones"),
    VALUE(ROW_SPEED, 0, "speed", "FACTOR", speed, "pace of a replay (default 1); max: as fast as possible"),
    HEADING("Other"),
    DOES('V', "version", OPTIONS_VERSION, "print the version and end"),
    DOES('h', "help", OPTIONS_HELP, "print this and end"),
    {.kind = ROW_END},
};

/* Long options are told apart by their row's index, or their setting's, above the values of letters. */
enum { FIRST_ROW = 0x100, FIRST_SETTING = 0x1000 };

struct reader {
    const struct program *program;
    struct options *o;
    char *error;
    size_t size;
};

static bool is_option(const struct row *row)
{
    return row->kind < ROW_HEADING;
}

/* Puts the message into error, on one line and of harmless characters whatever the arguments held. */
__attribute__((format(printf, 2, 3))) static int refuse(struct reader *r, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(r->error, r->size, format, arguments);
    va_end(arguments);
    for (char *c = r->error; r->size > 0 && *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = '?';
    return -EINVAL;
}

static int out_of_memory(struct reader *r)
{
    snprintf(r->error, r->size, "out of memory");
    return -ENOMEM;
}

/* A decimal number and nothing else: strtod alone would take "inf", "nan", "0x1p3" and leading blanks, too. */
static bool read_number(const char *text, double *value)
{
    char *end;

    if (text[0] == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0')
        return false;
    errno = 0;
    *value = strtod(text, &end);
    return *end == '\0' && end != text;
}

static int read_interval(struct reader *r, const char *text)
{
    double value;

    if (r->o->interval_s > 0)
        return refuse(r, "only one INTERVAL, please: '%.40s' is one too many", text);
    if (!read_number(text, &value))
        return refuse(r, "INTERVAL must be a number of seconds, not '%.40s'", text);
    if (value <= 0)
        return refuse(r, "INTERVAL must be more than 0 seconds, not '%.40s'", text);
    if (value < ENGINE_INTERVAL_LEAST_S || value > ENGINE_INTERVAL_MOST_S)
        return refuse(r, "INTERVAL must be from %g to %g seconds, not '%.40s'", ENGINE_INTERVAL_LEAST_S,
                      ENGINE_INTERVAL_MOST_S, text);
    r->o->interval_s = value;
    return 0;
}

static int read_word(struct reader *r, const char *text)
{
    double value;

    if (strcmp(text, "headless") == 0)
        r->o->headless = true;
    else if (strcmp(text, "tui") == 0)
        r->o->tui = true;
    else if (r->o->interval_s > 0 && !read_number(text, &value))
        return refuse(r, "unknown word '%.40s': after INTERVAL comes headless or tui", text);
    else
        return read_interval(r, text);
    return 0;
}

static int read_count(struct reader *r, const struct row *row, const char *text, long *count)
{
    char *end;

    errno = 0;
    *count = strtol(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || *count < 1)
        return refuse(r, "--%s must be a whole number from 1, not '%.40s'", row->name, text);
    return 0;
}

static int read_speed(struct reader *r, const char *text, double *speed)
{
    if (strcmp(text, "max") == 0)
        *speed = 0;
    else if (!read_number(text, speed) || *speed < 0 || *speed > 1e6)
        return refuse(r, "--speed must be a factor from 0 to 1000000, or max, not '%.40s'", text);
    return 0;
}

static int read_refresh(struct reader *r, const char *text, double *seconds)
{
    if (!read_number(text, seconds) || *seconds < SCREEN_REFRESH_LEAST_S || *seconds > SCREEN_REFRESH_MOST_S)
        return refuse(r, "--refresh must be from %g to %g seconds, not '%.40s'", SCREEN_REFRESH_LEAST_S,
                      SCREEN_REFRESH_MOST_S, text);
    return 0;
}

/* A word of the screen: checked here, so that a slip is told before the terminal is taken. */
static int read_word_of(struct reader *r, const struct row *row, const char *const *words, const char *text,
                        const char **field)
{
    char list[128];
    bool inverted;
    int found = row->kind == ROW_SORT ? screen_find_sort(text, &inverted) : screen_find(words, text);

    if (found < 0)
        return refuse(r, "--%s must be one of %s, not '%.40s'", row->name, screen_list(words, list, sizeof(list)),
                      text);
    *field = text;
    return 0;
}

static int add_pattern(struct reader *r, char ***patterns, int *n, char *text)
{
    char **more = realloc(*patterns, ((size_t)*n + 2) * sizeof(*more));

    if (!more)
        return out_of_memory(r);
    more[*n] = text;
    more[*n + 1] = NULL;
    *patterns = more;
    *n += 1;
    return 0;
}

static int read_option(struct reader *r, const struct row *row, char *text)
{
    struct options *o = r->o;
    char *field = (char *)o + row->offset;

    switch (row->kind) {
    case ROW_FLAG:
        *(bool *)field = true;
        return 0;
    case ROW_TEXT:
        if (text[0] == '\0')
            return refuse(r, "--%s must not be empty", row->name);
        *(const char **)(void *)field = text;
        return 0;
    case ROW_COUNT:
        return read_count(r, row, text, (long *)(void *)field);
    case ROW_ONLY:
        return add_pattern(r, &o->only, &o->only_n, text);
    case ROW_EXCLUDE:
        return add_pattern(r, &o->exclude, &o->exclude_n, text);
    case ROW_SPEED:
        return read_speed(r, text, (double *)(void *)field);
    case ROW_WORD:
        return read_word_of(r, row, row->words, text, (const char **)(void *)field);
    case ROW_SORT:
        return read_word_of(r, row, screen_columns, text, (const char **)(void *)field);
    case ROW_FILTER:
        if (strlen(text) >= SCREEN_FILTER_BYTES)
            return refuse(r, "--filter takes up to %d bytes", SCREEN_FILTER_BYTES - 1);
        *(const char **)(void *)field = text;
        return 0;
    case ROW_REFRESH:
        return read_refresh(r, text, (double *)(void *)field);
    case ROW_TODO:
        o->todo = row->todo;
        return 0;
    case ROW_HEADING:
    case ROW_SETTINGS:
    case ROW_END:
        break;
    }
    return 0;
}

static int read_setting(struct reader *r, const struct program_setting *s, const char *text)
{
    char *field = (char *)r->o->settings + s->offset;
    double value;

    r->o->given[s - r->program->settings] = true;
    if (s->kind == PROGRAM_FLAG) {
        *(bool *)field = true;
        return 0;
    }
    if (!read_number(text, &value))
        return refuse(r, "--%s must be a number, not '%.40s'", s->name, text);
    if (value < s->low || value > s->high)
        return refuse(r, "--%s must be from %g to %g, not '%.40s'", s->name, s->low, s->high, text);
    *(double *)(void *)field = value;
    return 0;
}

/* getopt's own tables, made from ours. */
struct tables {
    struct option *longs; /* ended by a row of zeros */
    char letters[64];
};

static int make_tables(const struct program *program, struct tables *t)
{
    size_t n = 0, n_letters = 0;
    const struct program_setting *s;

    for (s = program->settings; s->name; s++)
        n++;
    t->longs = calloc(n + sizeof(rows) / sizeof(rows[0]) + 1, sizeof(*t->longs));
    if (!t->longs)
        return -ENOMEM;
    n = 0;
    t->letters[n_letters++] = '-'; /* words are brought in their turn */
    t->letters[n_letters++] = ':'; /* a missing argument is told apart from an unknown option */
    for (const struct row *row = rows; row->kind != ROW_END; row++) {
        if (!is_option(row))
            continue;
        t->longs[n++] = (struct option){row->name, row->arg ? required_argument : no_argument, NULL,
                                        row->letter ? row->letter : FIRST_ROW + (int)(row - rows)};
        if (!row->letter)
            continue;
        t->letters[n_letters++] = row->letter;
        if (row->arg)
            t->letters[n_letters++] = ':';
    }
    for (s = program->settings; s->name; s++)
        t->longs[n++] = (struct option){s->name, s->arg ? required_argument : no_argument, NULL,
                                        FIRST_SETTING + (int)(s - program->settings)};
    t->letters[n_letters] = '\0';
    return 0;
}

static const struct row *row_of(int value)
{
    for (const struct row *row = rows; row->kind != ROW_END; row++)
        if (is_option(row) && (row->letter ? row->letter : FIRST_ROW + (int)(row - rows)) == value)
            return row;
    return NULL;
}

/* What getopt did not understand. word is the argument it was in. */
static int refuse_option(struct reader *r, const struct tables *t, int value, const char *word)
{
    size_t length = strcspn(word, "=");
    double number;
    int matches = 0;

    if (read_number(word, &number))
        return refuse(r, "INTERVAL must be more than 0 seconds, not '%.40s'", word);
    if (strncmp(word, "--", 2) != 0)
        return refuse(r, "unknown option '-%c'", value >= 0 && value < FIRST_ROW ? value : '?');
    if (value != 0) /* getopt found it, so it is the argument that is wrong */
        return refuse(r, "%.*s takes no argument", (int)(length < 40 ? length : 40), word);
    for (const struct option *o = t->longs; o->name; o++)
        if (strncmp(o->name, word + 2, length - 2) == 0)
            matches++;
    return refuse(r, "%s option '%.*s'", matches > 1 ? "ambiguous" : "unknown", (int)(length < 40 ? length : 40), word);
}

static int read_all(struct reader *r, const struct tables *t, int argc, char **argv)
{
    const struct row *row;
    int value, error = 0, at = 1;

    opterr = 0;
    optind = 0; /* has glibc start anew */
    while (!error && argc > 0 && (value = getopt_long(argc, argv, t->letters, t->longs, NULL)) != -1) {
        const char *word = argv[at < argc ? at : argc - 1];

        if (value == '?')
            error = refuse_option(r, t, optopt, word);
        else if (value == ':')
            error = refuse(r, "%.40s needs an argument", word);
        else if (value == 1)
            error = read_word(r, optarg);
        else if (value >= FIRST_SETTING)
            error = read_setting(r, &r->program->settings[value - FIRST_SETTING], optarg);
        else if ((row = row_of(value)) != NULL)
            error = read_option(r, row, optarg);
        at = optind;
        if (r->o->todo == OPTIONS_HELP || r->o->todo == OPTIONS_VERSION)
            return 0;
    }
    for (int i = optind > 0 ? optind : 1; !error && i < argc; i++)
        error = read_word(r, argv[i]);
    return error;
}

/* The first option given that only a screen understands; NULL: none. */
static const char *screen_option(const struct screen_options *s)
{
    return s->view            ? "view"
           : s->sort          ? "sort"
           : s->filter        ? "filter"
           : s->refresh_s > 0 ? "refresh"
           : s->color         ? "color"
           : s->theme         ? "theme"
                              : NULL;
}

/* What each argument alone could not tell. */
static int check_all(struct reader *r)
{
    struct options *o = r->o;

    if (o->todo != OPTIONS_RUN && o->todo != OPTIONS_RESTORE)
        return 0;
    if (o->tui && o->headless)
        return refuse(r, "either headless or tui, not both");
    if (o->tui && o->json)
        return refuse(r, "--json goes with headless, not with --tui");
    if (o->tui && o->csv)
        return refuse(r, "--csv goes with headless, not with --tui");
    if (!o->tui && screen_option(&o->screen))
        return refuse(r, "--%s goes with --tui", screen_option(&o->screen));
    if (o->once && o->iterations > 0)
        return refuse(r, "either --once or --iterations, not both");
    if (o->no_ledger && (o->state_dir || o->todo == OPTIONS_RESTORE))
        return refuse(r, "--no-ledger keeps nothing that %s would be for", o->state_dir ? "--state-dir" : "--restore");
    if (o->todo == OPTIONS_RESTORE) {
        if (o->tui || o->json || o->csv || o->record || o->replay || o->dry_run)
            return refuse(r, "--restore does nothing but put back: it goes with --connect and --state-dir only");
        return 0;
    }
    if (!o->replay && (o->replay_compare || o->speed != 1))
        return refuse(r, "%s needs --replay FILE", o->replay_compare ? "--replay-compare" : "--speed");
    if (o->replay && (o->uri || o->restore_on_exit || o->io))
        return refuse(r, "--replay needs no hypervisor: it doesn't go with %s",
                      o->uri  ? "--connect"
                      : o->io ? "--io"
                              : "--restore-on-exit");
    if (o->replay && o->record && strcmp(o->replay, o->record) == 0)
        return refuse(r, "--record and --replay name the same file");
    if (o->interval_s <= 0 && !o->replay)
        return refuse(r, "INTERVAL is missing: the seconds between decisions, for instance 12");
    return 0;
}

int options_parse(const struct program *program, int argc, char *const *argv, struct options *o, char *error,
                  size_t size)
{
    struct reader r = {program, o, error, size};
    struct tables t = {0};
    char **copy = NULL; /* as getopt reorders what it reads */
    size_t n = 0;
    int result;

    while (program->settings[n].name)
        n++;
    memset(o, 0, sizeof(*o));
    o->speed = 1;
    o->settings = malloc(program->settings_size > 0 ? program->settings_size : 1);
    copy = calloc((size_t)argc + 1, sizeof(*copy));
    o->given = calloc(n + 1, sizeof(*o->given));
    if (!o->settings || !o->given || !copy || make_tables(program, &t)) {
        result = out_of_memory(&r);
    } else {
        memcpy(o->settings, program->settings_default, program->settings_size);
        for (int i = 0; i < argc; i++)
            copy[i] = argv[i];
        result = read_all(&r, &t, argc, copy);
        if (!result)
            result = check_all(&r);
    }
    free(t.longs);
    free(copy);
    return result;
}

void options_free(struct options *o)
{
    free(o->only);
    free(o->exclude);
    free(o->settings);
    free(o->given);
    memset(o, 0, sizeof(*o));
}

static void help_row(FILE *out, char letter, const char *name, const char *arg, const char *help)
{
    char option[64];

    snprintf(option, sizeof(option), "%s%s%s", name, arg ? " " : "", arg ? arg : "");
    if (letter)
        fprintf(out, "  -%c, --%-22s %s\n", letter, option, help);
    else
        fprintf(out, "      --%-22s %s\n", option, help);
}

void options_help(const struct program *program, FILE *out)
{
    fprintf(out, "Usage: %s INTERVAL [headless|tui] [OPTION...]\n", program->name);
    fprintf(out, "%s %s.\n", program->name, program->purpose);
    fprintf(out, "INTERVAL: seconds between decisions, %g to %g; fractions are fine.\n", ENGINE_INTERVAL_LEAST_S,
            ENGINE_INTERVAL_MOST_S);
    for (const struct row *row = rows; row->kind != ROW_END; row++) {
        if (row->kind == ROW_HEADING)
            fprintf(out, "\n%s:\n", row->name);
        else if (row->kind == ROW_SETTINGS)
            for (const struct program_setting *s = program->settings; s->name; s++)
                help_row(out, 0, s->name, s->arg, s->help);
        else
            help_row(out, row->letter, row->name, row->arg, row->help);
    }
    fprintf(out, "\nExit status: 0 done, 1 failed, 2 bad usage. More: man %s\n", program->name);
}
