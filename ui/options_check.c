#include "ui/options_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The most that gives way to one option. */
enum { GIVE_WAY = 12 };

/*
 * What the command line asks for, and what then doesn't count of the file: what would contradict it, and files that a
 * service writes, where somebody looks in beside it.
 */
static const struct {
    const char *asked;
    const char *gives_way[GIVE_WAY];
} ways[] = {
    {"tui", {"headless", "json", "csv", "metrics"}},
    {"headless", {"tui"}},
    {"json", {"tui"}},
    {"csv", {"tui"}},
    {"metrics", {"tui"}},
    {"once", {"iterations"}},
    {"iterations", {"once"}},
    {"state-dir", {"no-ledger"}},
    {"no-ledger", {"state-dir"}},
    {"dry-run", {"csv", "metrics", "record"}},
    {"advise",
     {"tui", "record", "csv", "metrics", "replay", "connect", "dry-run", "restore-on-exit", "socket", "io", "speed"}},
    {"what-if", {"tui", "record", "csv", "metrics", "replay-compare"}},
    {"replay", {"connect", "restore-on-exit", "io", "csv", "metrics", "record"}},
    {"restore", {"tui", "json", "csv", "metrics", "record", "replay", "replay-compare", "speed", "dry-run", "socket"}},
};

/* What goes with --tui alone. */
static const char *const of_screen[] = {"view", "sort", "filter", "refresh", "color", "theme"};

/* What goes with looking at a running program, which has all else from its own command line and file. */
static const char *const of_attach[] = {"connect",  "socket", "config",  "json",    "attach",  "ctl",
                                        "headless", "tui",    "csv",     "metrics", "verbose", "view",
                                        "sort",     "filter", "refresh", "color",   "theme"};
enum { OF_CONTROL = 4 }; /* the first so many of them, with --ctl */

static bool is_one_of(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Where the option's value is the file's, it is as if it weren't there. */
static void drop(struct options *o, const char *name)
{
    const struct options_row *row = options_row_named(name);
    unsigned char *source = options_row_source(o, row);

    if (*source != OPTIONS_FILE)
        return;
    *source = OPTIONS_DEFAULT;
    if (row->kind == ROW_SPEED)
        o->speed = 1;
    else
        memset((char *)o + row->offset, 0, options_field_bytes(row));
}

static void settle(struct options *o)
{
    if (o->todo == OPTIONS_ATTACH || o->todo == OPTIONS_CONTROL)
        for (const struct options_row *row = options_rows; row->kind != ROW_END; row++)
            if (options_is_option(row) && !is_one_of(of_attach, sizeof(of_attach) / sizeof(of_attach[0]), row->name))
                drop(o, row->name);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (*options_row_source(o, options_row_named(ways[i].asked)) == OPTIONS_LINE)
            for (int j = 0; j < GIVE_WAY && ways[i].gives_way[j]; j++)
                drop(o, ways[i].gives_way[j]);
    for (size_t i = 0; i < sizeof(of_screen) / sizeof(of_screen[0]) && !o->tui; i++)
        drop(o, of_screen[i]);
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

/* The first option of the command line that only a program with work of its own understands; NULL: none. */
static const char *work_option(const struct options_reader *r, bool control)
{
    size_t n = control ? OF_CONTROL : sizeof(of_attach) / sizeof(of_attach[0]);
    const char *own = control ? "ctl" : "attach";

    for (const struct options_row *row = options_rows; row->kind != ROW_END; row++)
        if (options_is_option(row) && *options_row_source(r->o, row) == OPTIONS_LINE && strcmp(row->name, own) != 0 &&
            (!is_one_of(of_attach, n, row->name) || row->kind == ROW_CONTROL || row->kind == ROW_TODO))
            return row->name;
    for (int i = 0; r->program->settings[i].name; i++)
        if (*options_setting_source(r->o, i) == OPTIONS_LINE)
            return r->program->settings[i].name;
    return NULL;
}

/* Whoever looks at a running program takes it as it is. */
static int check_attach(struct options_reader *r)
{
    struct options *o = r->o;
    bool control = o->todo == OPTIONS_CONTROL;
    const char *option = control ? "--ctl" : "--attach", *other = work_option(r, control);

    if (*options_interval_source(o) == OPTIONS_LINE)
        return options_refuse(r, "%s takes no INTERVAL: it is the running program's", option);
    if (other)
        return options_refuse(r, "--%s doesn't go with %s, which only looks at a program that runs", other, option);
    if (control && o->control->takes_guest && !o->guest)
        return options_refuse(r, "--ctl %s needs a guest's NAME", o->control->word);
    if (!control)
        o->tui = o->tui || !(o->headless || o->json || o->csv || o->metrics);
    return 0;
}

/* It only reads. */
static int check_advise(struct options_reader *r)
{
    const struct options *o = r->o;
    const char *other = o->replay    ? "--replay"
                        : o->what_if ? "--what-if"
                        : o->tui     ? "--tui"
                        : o->record  ? "--record"
                        : o->csv     ? "--csv"
                        : o->metrics ? "--metrics"
                        : o->uri     ? "--connect"
                        : o->socket  ? "--socket"
                                     : NULL;

    return other ? options_refuse(r, "--advise only reads a recording: it doesn't go with %s", other) : 0;
}

/* What each argument alone could not tell. */
static int check_all(struct options_reader *r)
{
    struct options *o = r->o;

    if (o->todo == OPTIONS_HELP || o->todo == OPTIONS_VERSION)
        return 0;
    if ((o->todo == OPTIONS_ATTACH || o->todo == OPTIONS_CONTROL) && check_attach(r))
        return -EINVAL;
    if (o->tui && o->headless)
        return options_refuse(r, "either headless or tui, not both");
    if (o->tui && o->json)
        return options_refuse(r, "--json goes with headless, not with --tui");
    if (o->tui && (o->csv || o->metrics))
        return options_refuse(r, "--%s goes with headless, not with --tui", o->csv ? "csv" : "metrics");
    if (!o->tui && screen_option(&o->screen))
        return options_refuse(r, "--%s goes with --tui", screen_option(&o->screen));
    if (o->once && o->iterations > 0)
        return options_refuse(r, "either --once or --iterations, not both");
    if (o->no_ledger && (o->state_dir || o->todo == OPTIONS_RESTORE))
        return options_refuse(r, "--no-ledger keeps nothing that %s would be for",
                              o->state_dir ? "--state-dir" : "--restore");
    if (o->todo == OPTIONS_RESTORE) {
        if (o->tui || o->json || o->csv || o->metrics || o->record || o->replay || o->advise || o->dry_run ||
            o->socket || o->control)
            return options_refuse(r,
                                  "--restore does nothing but put back: it goes with --connect and --state-dir only");
        return 0;
    }
    if (o->advise)
        return check_advise(r);
    if (!o->replay && (o->replay_compare || o->what_if || o->speed != 1))
        return options_refuse(r, "%s needs --replay FILE",
                              o->replay_compare ? "--replay-compare"
                              : o->what_if      ? "--what-if"
                                                : "--speed");
    if (o->what_if && (o->tui || o->record || o->csv || o->metrics || o->replay_compare))
        return options_refuse(r, "--what-if only compares: it doesn't go with %s",
                              o->tui              ? "--tui"
                              : o->record         ? "--record"
                              : o->csv            ? "--csv"
                              : o->replay_compare ? "--replay-compare"
                                                  : "--metrics");
    if (o->replay && (o->uri || o->restore_on_exit || o->io))
        return options_refuse(r, "--replay needs no hypervisor: it doesn't go with %s",
                              o->uri  ? "--connect"
                              : o->io ? "--io"
                                      : "--restore-on-exit");
    if (o->replay && o->record && strcmp(o->replay, o->record) == 0)
        return options_refuse(r, "--record and --replay name the same file");
    if (o->interval_s <= 0 && !o->replay && o->todo == OPTIONS_RUN)
        return options_refuse(r, "INTERVAL is missing: the seconds between decisions, for instance 12");
    return 0;
}

int options_check(const struct program *program, struct options *o, char *error, size_t size)
{
    struct options_reader r = {.program = program, .o = o, .error = error, .size = size, .dashes = "--"};
    int result;
    size_t n;

    settle(o);
    result = check_all(&r);
    n = result ? strlen(error) : 0;
    if (result && o->file && n < size)
        snprintf(error + n, size - n, " (%s counts, too)", o->file);
    return result;
}
