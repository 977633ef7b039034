#include "ui/options_table.h"

#include "core/engine/engine.h"
#include "core/model/pcpu_groups.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int options_refuse(struct options_reader *r, const char *format, ...)
{
    va_list arguments;
    int n = 0;

    if (r->path)
        n = snprintf(r->error, r->size, r->line > 0 ? "%s:%d: " : "%s: ", r->path, r->line);
    va_start(arguments, format);
    if (n >= 0 && (size_t)n < r->size)
        vsnprintf(r->error + n, r->size - (size_t)n, format, arguments);
    va_end(arguments);
    for (char *c = r->error; r->size > 0 && *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = '?';
    return -EINVAL;
}

int options_out_of_memory(struct options_reader *r)
{
    snprintf(r->error, r->size, "out of memory");
    return -ENOMEM;
}

bool options_number(const char *text, double *value)
{
    char *end;

    if (text[0] == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0')
        return false;
    errno = 0;
    *value = strtod(text, &end);
    return *end == '\0' && end != text;
}

int options_take_interval(struct options_reader *r, const char *text)
{
    double value;

    if (r->o->interval_s > 0)
        return options_refuse(r, "only one INTERVAL, please: '%.40s' is one too many", text);
    if (!options_number(text, &value))
        return options_refuse(r, "INTERVAL must be a number of seconds, not '%.40s'", text);
    if (value <= 0)
        return options_refuse(r, "INTERVAL must be more than 0 seconds, not '%.40s'", text);
    if (value < ENGINE_INTERVAL_LEAST_S || value > ENGINE_INTERVAL_MOST_S)
        return options_refuse(r, "INTERVAL must be from %g to %g seconds, not '%.40s'", ENGINE_INTERVAL_LEAST_S,
                              ENGINE_INTERVAL_MOST_S, text);
    r->o->interval_s = value;
    return 0;
}

static int read_count(struct options_reader *r, const struct options_row *row, const char *text, long *count)
{
    char *end;

    errno = 0;
    *count = strtol(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || *count < 1)
        return options_refuse(r, "%s%s must be a whole number from 1, not '%.40s'", r->dashes, row->name, text);
    return 0;
}

static int read_speed(struct options_reader *r, const char *text, double *speed)
{
    if (strcmp(text, "max") == 0)
        *speed = 0;
    else if (!options_number(text, speed) || *speed < 0 || *speed > 1e6)
        return options_refuse(r, "%sspeed must be a factor from 0 to 1000000, or max, not '%.40s'", r->dashes, text);
    return 0;
}

static int read_refresh(struct options_reader *r, const char *text, double *seconds)
{
    if (!options_number(text, seconds) || *seconds < SCREEN_REFRESH_LEAST_S || *seconds > SCREEN_REFRESH_MOST_S)
        return options_refuse(r, "%srefresh must be from %g to %g seconds, not '%.40s'", r->dashes,
                              SCREEN_REFRESH_LEAST_S, SCREEN_REFRESH_MOST_S, text);
    return 0;
}

/* A word of the screen: checked here, so that a slip is told before the terminal is taken. */
static int read_word_of(struct options_reader *r, const struct options_row *row, const char *const *words,
                        const char *text, const char **field)
{
    char list[128];
    bool inverted;
    int found = row->kind == ROW_SORT ? screen_find_sort(text, &inverted) : screen_find(words, text);

    if (found < 0)
        return options_refuse(r, "%s%s must be one of %s, not '%.40s'", r->dashes, row->name,
                              screen_list(words, list, sizeof(list)), text);
    *field = text;
    return 0;
}

static int add_pattern(struct options_reader *r, char ***patterns, int *n, char *text)
{
    char **more = realloc(*patterns, ((size_t)*n + 2) * sizeof(*more));

    if (!more)
        return options_out_of_memory(r);
    more[*n] = text;
    more[*n + 1] = NULL;
    *patterns = more;
    *n += 1;
    return 0;
}

static int read_control(struct options_reader *r, const char *text)
{
    char list[128];

    if (r->o->control)
        return options_refuse(r, "one --ctl at a time");
    r->o->todo = OPTIONS_CONTROL;
    r->o->control = control_find(text);
    return r->o->control
               ? 0
               : options_refuse(r, "--ctl must be one of %s, not '%.40s'", control_list(list, sizeof(list)), text);
}

int options_take(struct options_reader *r, const struct options_row *row, char *text)
{
    struct options *o = r->o;
    char *field = (char *)o + row->offset;

    switch (row->kind) {
    case ROW_FLAG:
        *(bool *)field = true;
        return 0;
    case ROW_TEXT:
        if (text[0] == '\0')
            return options_refuse(r, "%s%s must not be empty", r->dashes, row->name);
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
            return options_refuse(r, "%sfilter takes up to %d bytes", r->dashes, SCREEN_FILTER_BYTES - 1);
        *(const char **)(void *)field = text;
        return 0;
    case ROW_REFRESH:
        return read_refresh(r, text, (double *)(void *)field);
    case ROW_CONTROL:
        return read_control(r, text);
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

int options_take_setting(struct options_reader *r, const struct program_setting *s, const char *text)
{
    char *field = (char *)r->o->settings + s->offset;
    double value;

    r->o->given[s - r->program->settings] = true;
    if (s->kind == PROGRAM_FLAG) {
        *(bool *)field = true;
        return 0;
    }
    if (s->kind == PROGRAM_GROUPS) {
        if (pcpu_groups_read(text, (double *)(void *)field))
            return 0;
        return options_refuse(
            r, "%s%s must be cpu, core, llc, node, auto or a number of pCPUs from 1 to %.0f, not '%.40s'", r->dashes,
            s->name, PCPU_GROUPS_MOST, text);
    }
    if (!options_number(text, &value))
        return options_refuse(r, "%s%s must be a number, not '%.40s'", r->dashes, s->name, text);
    if (value < s->low || value > s->high)
        return options_refuse(r, "%s%s must be from %g to %g, not '%.40s'", r->dashes, s->name, s->low, s->high, text);
    *(double *)(void *)field = value;
    return 0;
}
