#include "ui/options.h"

#include "ui/options_table.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Long options are told apart by their row's index, or their setting's, above the values of letters. */
enum { FIRST_ROW = 0x100, FIRST_SETTING = 0x1000 };

static int take(struct options_reader *r, const struct options_row *row, char *text)
{
    *options_row_source(r->o, row) = OPTIONS_LINE;
    return options_take(r, row, text);
}

static int take_setting(struct options_reader *r, int setting, const char *text)
{
    *options_setting_source(r->o, setting) = OPTIONS_LINE;
    return options_take_setting(r, &r->program->settings[setting], text);
}

static int read_word(struct options_reader *r, const char *text)
{
    double value;

    const struct options_row *row =
        strcmp(text, "headless") == 0 || strcmp(text, "tui") == 0 ? options_row_named(text) : NULL;

    if (r->o->todo == OPTIONS_CONTROL && r->o->control->takes_guest && !r->o->guest) {
        r->o->guest = text;
        return 0;
    }
    if (row)
        return take(r, row, NULL);
    if (r->o->interval_s > 0 && !options_number(text, &value))
        return options_refuse(r, "unknown word '%.40s': after INTERVAL comes headless or tui", text);
    *options_interval_source(r->o) = OPTIONS_LINE;
    return options_take_interval(r, text);
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
    t->longs = calloc(n + (size_t)options_rows_count() + 1, sizeof(*t->longs));
    if (!t->longs)
        return -ENOMEM;
    n = 0;
    t->letters[n_letters++] = '-'; /* words are brought in their turn */
    t->letters[n_letters++] = ':'; /* a missing argument is told apart from an unknown option */
    for (const struct options_row *row = options_rows; row->kind != ROW_END; row++) {
        if (!options_is_option(row))
            continue;
        t->longs[n++] = (struct option){row->name, row->arg ? required_argument : no_argument, NULL,
                                        row->letter ? row->letter : FIRST_ROW + (int)(row - options_rows)};
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

static const struct options_row *row_of(int value)
{
    for (const struct options_row *row = options_rows; row->kind != ROW_END; row++)
        if (options_is_option(row) && (row->letter ? row->letter : FIRST_ROW + (int)(row - options_rows)) == value)
            return row;
    return NULL;
}

/* What getopt did not understand. word is the argument it was in. */
static int refuse_option(struct options_reader *r, const struct tables *t, int value, const char *word)
{
    size_t length = strcspn(word, "=");
    double number;
    int matches = 0;

    if (options_number(word, &number))
        return options_refuse(r, "INTERVAL must be more than 0 seconds, not '%.40s'", word);
    if (strncmp(word, "--", 2) != 0)
        return options_refuse(r, "unknown option '-%c'", value >= 0 && value < FIRST_ROW ? value : '?');
    if (value != 0) /* getopt found it, so it is the argument that is wrong */
        return options_refuse(r, "%.*s takes no argument", (int)(length < 40 ? length : 40), word);
    for (const struct option *o = t->longs; o->name; o++)
        if (strncmp(o->name, word + 2, length - 2) == 0)
            matches++;
    return options_refuse(r, "%s option '%.*s'", matches > 1 ? "ambiguous" : "unknown",
                          (int)(length < 40 ? length : 40), word);
}

static int read_all(struct options_reader *r, const struct tables *t, int argc, char **argv)
{
    const struct options_row *row;
    int value, error = 0, at = 1;

    opterr = 0;
    optind = 0; /* has glibc start anew */
    while (!error && argc > 0 && (value = getopt_long(argc, argv, t->letters, t->longs, NULL)) != -1) {
        const char *word = argv[at < argc ? at : argc - 1];

        if (value == '?')
            error = refuse_option(r, t, optopt, word);
        else if (value == ':')
            error = options_refuse(r, "%.40s needs an argument", word);
        else if (value == 1)
            error = read_word(r, optarg);
        else if (value >= FIRST_SETTING)
            error = take_setting(r, value - FIRST_SETTING, optarg);
        else if ((row = row_of(value)) != NULL)
            error = take(r, row, optarg);
        at = optind;
        if (r->o->todo == OPTIONS_HELP || r->o->todo == OPTIONS_VERSION)
            return 0;
    }
    for (int i = optind > 0 ? optind : 1; !error && i < argc; i++)
        error = read_word(r, argv[i]);
    return error;
}

int options_parse(const struct program *program, int argc, char *const *argv, struct options *o, char *error,
                  size_t size)
{
    struct options_reader r = {.program = program, .o = o, .error = error, .size = size, .dashes = "--"};
    struct tables t = {0};
    char **copy = calloc((size_t)argc + 1, sizeof(*copy)); /* as getopt reorders what it reads */
    int result;

    if (options_init(program, o) || !copy || make_tables(program, &t)) {
        result = options_out_of_memory(&r);
    } else {
        for (int i = 0; i < argc; i++)
            copy[i] = argv[i];
        result = read_all(&r, &t, argc, copy);
    }
    free(t.longs);
    free(copy);
    return result;
}
