#include "ui/options_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The kinds of options_rows; short_form 0: there is no short form. */
#define HEADING(text)                                                                                                  \
    {                                                                                                                  \
        .kind = ROW_HEADING, .name = (text)                                                                            \
    }
#define FLAG(short_form, long_form, field, what_traits, words)                                                         \
    {                                                                                                                  \
        .kind = ROW_FLAG, .letter = (short_form), .name = (long_form), .help = (words), .traits = (what_traits),       \
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
        .kind = (what), .name = (long_form), .arg = (argument), .help = (words), .traits = ROW_LIVE                    \
    }
#define DOES(short_form, long_form, what, words)                                                                       \
    {                                                                                                                  \
        .kind = ROW_TODO, .letter = (short_form), .name = (long_form), .help = (words), .todo = (what),                \
        .traits = ROW_NO_KEY                                                                                           \
    }

const struct options_row options_rows[] = {
    HEADING("How it runs"),
    FLAG(0, "headless", headless, 0, "print lines (the default); also the word headless"),
    FLAG(0, "tui", tui, 0, "show a screen; also the word tui"),
    VALUE(ROW_TEXT, 'c', "connect", "URI", uri, "hypervisor to connect to (default qemu:///system)"),
    FLAG('d', "dry-run", dry_run, ROW_LIVE, "decide and report, but change nothing"),
    VALUE(ROW_COUNT, 'n', "iterations", "N", iterations, "end after N decisions"),
    FLAG(0, "once", once, 0, "measure for one interval, decide once and end"),
    VALUE(ROW_TEXT, 0, "csv", "FILE", csv, "append a line of values to FILE for each decision"),
    VALUE(ROW_TEXT, 0, "metrics", "FILE", metrics,
          "write metrics for Prometheus's node_exporter to FILE, each interval"),
    FLAG(0, "json", json, 0, "print one JSON object per decision instead of lines"),
    FLAG(0, "io", io, ROW_LIVE, "measure disks and networks, too: CSV, JSON, recordings, the screen's columns"),
    FLAG('v', "verbose", verbose, 0, "print notes and a table of guests, too"),
    HEADING("Looking at a program that runs"),
    DOES(0, "attach", OPTIONS_ATTACH, "show the screen of a program that runs (with --json: its reports)"),
    {.kind = ROW_CONTROL,
     .name = "ctl",
     .arg = "COMMAND",
     .help = "pause, resume, step, force, undo, lock NAME, unlock NAME or status",
     .traits = ROW_NO_KEY},
    VALUE(ROW_TEXT, 0, "socket", "FILE", socket, "where it listens for that (default: in /run/vmbalance)"),
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
    FLAG(0, "restore-on-exit", restore_on_exit, 0, "put back what was found when ending"),
    DOES(0, "restore", OPTIONS_RESTORE, "put back what an earlier run found, and end; needs no INTERVAL"),
    VALUE(ROW_TEXT, 0, "state-dir", "DIR", state_dir, "where it is kept what was found (default: /run/vmbalance)"),
    FLAG(0, "no-ledger", no_ledger, 0, "keep no ledger: nothing can be put back later"),
    HEADING("Recordings"),
    VALUE(ROW_TEXT, 0, "record", "FILE", record, "write what is measured and decided to FILE"),
    VALUE(ROW_TEXT, 0, "replay", "FILE", replay, "play FILE back, deciding anew; INTERVAL may be left out"),
    FLAG(0, "replay-compare", replay_compare, 0, "say where new decisions differ from recorded ones"),
    FLAG(0, "what-if", what_if, ROW_NO_KEY, "say what other settings beside --replay would have changed, and end"),
    {.kind = ROW_TEXT,
     .name = "advise",
     .arg = "FILE",
     .help = "say what guests of a recording need at which risk, how many more fit, and end",
     .offset = offsetof(struct options, advise),
     .traits = ROW_NO_KEY},
    VALUE(ROW_SPEED, 0, "speed", "FACTOR", speed, "pace of a replay (default 1); max: as fast as possible"),
    HEADING("Settings from a file"),
    {.kind = ROW_TEXT,
     .name = "config",
     .arg = "FILE",
     .help = "read options from FILE, too (default: /etc/vmbalance/NAME.conf)",
     .offset = offsetof(struct options, config),
     .traits = ROW_NO_KEY},
    DOES(0, "check-config", OPTIONS_CHECK_CONFIG, "say whether that file is understood, and end"),
    HEADING("Other"),
    DOES('V', "version", OPTIONS_VERSION, "print the version and end"),
    DOES('h', "help", OPTIONS_HELP, "print this and end"),
    {.kind = ROW_END},
};

int options_rows_count(void)
{
    return (int)(sizeof(options_rows) / sizeof(options_rows[0])) - 1;
}

bool options_is_option(const struct options_row *row)
{
    return row->kind < ROW_HEADING;
}

const struct options_row *options_row_named(const char *name)
{
    for (const struct options_row *row = options_rows; row->kind != ROW_END; row++)
        if (options_is_option(row) && strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

int options_settings_count(const struct program *program)
{
    int n = 0;

    while (program->settings[n].name)
        n++;
    return n;
}

bool options_holds_text(const struct options_row *row)
{
    return row->kind == ROW_TEXT || row->kind == ROW_WORD || row->kind == ROW_SORT || row->kind == ROW_FILTER;
}

size_t options_field_bytes(const struct options_row *row)
{
    if (options_holds_text(row))
        return sizeof(const char *);
    return row->kind == ROW_FLAG                                ? sizeof(bool)
           : row->kind == ROW_COUNT                             ? sizeof(long)
           : row->kind == ROW_SPEED || row->kind == ROW_REFRESH ? sizeof(double)
                                                                : 0;
}

size_t options_setting_bytes(const struct program_setting *s)
{
    return s->kind == PROGRAM_FLAG ? sizeof(bool) : sizeof(double);
}

/* The sources stand in one array: INTERVAL's, the rows', the settings'. */
unsigned char *options_interval_source(struct options *o)
{
    return &o->source[0];
}

unsigned char *options_row_source(struct options *o, const struct options_row *row)
{
    return &o->source[1 + (row - options_rows)];
}

unsigned char *options_setting_source(struct options *o, int setting)
{
    return &o->source[1 + options_rows_count() + setting];
}

int options_init(const struct program *program, struct options *o)
{
    size_t settings = (size_t)options_settings_count(program);

    memset(o, 0, sizeof(*o));
    o->speed = 1;
    o->settings = malloc(program->settings_size > 0 ? program->settings_size : 1);
    o->given = calloc(settings + 1, sizeof(*o->given));
    o->source = calloc(1 + (size_t)options_rows_count() + settings, sizeof(*o->source));
    if (!o->settings || !o->given || !o->source)
        return -ENOMEM;
    memcpy(o->settings, program->settings_default, program->settings_size);
    return 0;
}

void options_free(struct options *o)
{
    for (int i = 0; i < o->n_kept; i++)
        free(o->kept[i]);
    free(o->kept);
    free(o->only);
    free(o->exclude);
    free(o->settings);
    free(o->given);
    free(o->source);
    memset(o, 0, sizeof(*o));
}
