#include "ui/options_table.h"

#include "core/model/array.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A file of settings on its way through inih, which asks for lines and hands back keys and values. */
struct file {
    struct options_reader reader; /* of a set of options that holds what the file alone says */
    const char *rest;             /* of the text */
    int failed;                   /* what the first refusal returned; 0: none */
};

static char *keep(struct options *o, const char *text)
{
    char *copy = strdup(text);

    if (!copy || array_reserve(&o->kept, &o->cap_kept, o->n_kept + 1, sizeof(*o->kept))) {
        free(copy);
        return NULL;
    }
    o->kept[o->n_kept++] = copy;
    return copy;
}

/*
 * Gives inih the next line. It reads what begins with a blank as more of the line before, and cuts a line that doesn't
 * fit in two: so blanks are left out, and such a line is refused.
 */
static char *next_line(char *line, int size, void *context)
{
    struct file *f = context;
    struct options_reader *r = &f->reader;
    size_t n = strcspn(f->rest, "\n"), blanks = strspn(f->rest, " \t\r\v\f");

    if (*f->rest == '\0' || f->failed)
        return NULL;
    r->line++;
    blanks = blanks < n ? blanks : n;
    if (n - blanks + 1 > (size_t)size - 1) {
        f->failed = options_refuse(r, "the line is longer than %d characters", size - 2);
        return NULL;
    }
    if (blanks < n && f->rest[blanks] == '[') {
        f->failed = options_refuse(r, "the file has no sections: keys alone");
        return NULL;
    }
    memcpy(line, f->rest + blanks, n - blanks);
    line[n - blanks] = '\0';
    f->rest += n + (f->rest[n] == '\n');
    return line;
}

static int read_flag(struct options_reader *r, const char *name, const char *text, bool *yes)
{
    static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        for (int j = 0; j < 2; j++)
            if (strcasecmp(text, words[i][j]) == 0) {
                *yes = j == 1;
                return 0;
            }
    return options_refuse(r, "%s must be yes or no, not '%.40s'", name, text);
}

static int once_only(struct options_reader *r, unsigned char *source, const char *name)
{
    if (*source != OPTIONS_DEFAULT)
        return options_refuse(r, "%s stands there twice", name);
    *source = OPTIONS_FILE;
    return 0;
}

static int read_row(struct options_reader *r, const struct options_row *row, const char *text)
{
    unsigned char *source = options_row_source(r->o, row);
    char *kept;
    int error;

    if (row->traits & ROW_NO_KEY)
        return options_refuse(r, "%s is for the command line only", row->name);
    if (row->kind == ROW_ONLY || row->kind == ROW_EXCLUDE)
        *source = OPTIONS_FILE;
    else if ((error = once_only(r, source, row->name)) != 0)
        return error;
    if (row->kind == ROW_FLAG)
        return read_flag(r, row->name, text, (bool *)(void *)((char *)r->o + row->offset));
    kept = keep(r->o, text);
    return kept ? options_take(r, row, kept) : options_out_of_memory(r);
}

static int read_setting(struct options_reader *r, int i, const char *text)
{
    const struct program_setting *s = &r->program->settings[i];
    int error = once_only(r, options_setting_source(r->o, i), s->name);

    if (error)
        return error;
    if (s->kind != PROGRAM_FLAG)
        return options_take_setting(r, s, text);
    r->o->given[i] = true;
    return read_flag(r, s->name, text, (bool *)(void *)((char *)r->o->settings + s->offset));
}

static int read_key(struct options_reader *r, const char *name, const char *text)
{
    const struct options_row *row = options_row_named(name);
    int error;

    if (strcmp(name, "interval") == 0) {
        error = once_only(r, options_interval_source(r->o), name);
        return error ? error : options_take_interval(r, text);
    }
    if (row)
        return read_row(r, row, text);
    for (int i = 0; r->program->settings[i].name; i++)
        if (strcmp(r->program->settings[i].name, name) == 0)
            return read_setting(r, i, text);
    return options_refuse(r, "unknown key '%.40s'", name);
}

/* inih has a key and its value. 0 tells it of an error. */
static int take_key(void *context, const char *section, const char *name, const char *value)
{
    struct file *f = context;

    (void)section;
    if (!f->failed)
        f->failed = read_key(&f->reader, name, value);
    return !f->failed;
}

static void merge_patterns(char ***to, int *n, char ***from, int *n_from)
{
    free(*to);
    *to = *from;
    *n = *n_from;
    *from = NULL;
    *n_from = 0;
}

static void merge_row(struct options *o, struct options *file, const struct options_row *row)
{
    unsigned char *source = options_row_source(o, row);

    if (*options_row_source(file, row) != OPTIONS_FILE || *source != OPTIONS_DEFAULT)
        return;
    *source = OPTIONS_FILE;
    if (row->kind == ROW_ONLY)
        merge_patterns(&o->only, &o->only_n, &file->only, &file->only_n);
    else if (row->kind == ROW_EXCLUDE)
        merge_patterns(&o->exclude, &o->exclude_n, &file->exclude, &file->exclude_n);
    else
        memcpy((char *)o + row->offset, (char *)file + row->offset, options_field_bytes(row));
}

/* What the command line left open becomes what the file says. */
static void merge(const struct program *program, struct options *o, struct options *file)
{
    if (*options_interval_source(file) == OPTIONS_FILE && *options_interval_source(o) == OPTIONS_DEFAULT) {
        *options_interval_source(o) = OPTIONS_FILE;
        o->interval_s = file->interval_s;
    }
    for (const struct options_row *row = options_rows; row->kind != ROW_END; row++)
        merge_row(o, file, row);
    for (int i = 0; program->settings[i].name; i++) {
        const struct program_setting *s = &program->settings[i];

        if (*options_setting_source(file, i) != OPTIONS_FILE || *options_setting_source(o, i) != OPTIONS_DEFAULT)
            continue;
        *options_setting_source(o, i) = OPTIONS_FILE;
        o->given[i] = true;
        memcpy((char *)o->settings + s->offset, (char *)file->settings + s->offset, options_setting_bytes(s));
    }
    o->kept = file->kept;
    o->n_kept = file->n_kept;
    o->cap_kept = file->cap_kept;
    file->kept = NULL;
    file->n_kept = 0;
}

int options_add_file(const struct program *program, struct options *o, const char *path, const char *text, char *error,
                     size_t size)
{
    struct options alone;
    struct file f = {
        .reader = {.program = program, .o = &alone, .error = error, .size = size, .dashes = "", .path = path},
        .rest = text};
    int bad, result;

    if (options_init(program, &alone)) {
        result = options_out_of_memory(&f.reader);
        options_free(&alone);
        return result;
    }
    bad = ini_parse_stream(next_line, &f, take_key, &f);
    if (bad > 0 && (!f.failed || bad < f.reader.line)) {
        f.reader.line = bad;
        f.failed = options_refuse(&f.reader, "neither a comment nor 'key = value'");
    } else if (bad < 0 && !f.failed) {
        f.failed = options_out_of_memory(&f.reader);
    }
    if (!f.failed) {
        merge(program, o, &alone);
        o->file = path;
    }
    options_free(&alone);
    return f.failed;
}
