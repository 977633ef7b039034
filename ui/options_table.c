#include "ui/options_table.h"

/* The kinds of options_rows; short_form 0: there is no short form. */
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

const struct options_row options_rows[] = {
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

int options_rows_count(void)
{
    return (int)(sizeof(options_rows) / sizeof(options_rows[0])) - 1;
}

bool options_is_option(const struct options_row *row)
{
    return row->kind < ROW_HEADING;
}
