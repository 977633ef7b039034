#include "ui/reload.h"

#include "core/engine/engine.h"
#include "core/model/pcpu_groups.h"
#include "ui/config.h"
#include "ui/options_table.h"

#include <stdarg.h>
#include <string.h>

/* A comparison of what was read before and what is read now. */
struct changes {
    const struct program *program;
    const struct options *began, *before;
    struct options *now;
    struct engine_settings *out;
    char live[280], fixed[180]; /* in words: "aim 3, interval 6 s" */
};

__attribute__((format(printf, 3, 4))) static void add_word(char *list, size_t size, const char *format, ...)
{
    size_t n = strlen(list);
    va_list arguments;

    if (n > 0 && n + 2 < size)
        n += (size_t)snprintf(list + n, size - n, ", ");
    va_start(arguments, format);
    if (n < size)
        vsnprintf(list + n, size - n, format, arguments);
    va_end(arguments);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_patterns(char **a, char **b)
{
    if (!a || !b)
        return a == b;
    while (*a && *b && strcmp(*a, *b) == 0)
        a++, b++;
    return !*a && !*b;
}

static bool same_row(const struct options_row *row, const struct options *a, const struct options *b)
{
    const void *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;

    if (row->kind == ROW_ONLY)
        return same_patterns(a->only, b->only);
    if (row->kind == ROW_EXCLUDE)
        return same_patterns(a->exclude, b->exclude);
    if (options_holds_text(row))
        return same_text(*(const char *const *)x, *(const char *const *)y);
    return memcmp(x, y, options_field_bytes(row)) == 0;
}

/* Which of the engine's settings a row is. */
static unsigned live_row(const struct options_row *row)
{
    return row->kind == ROW_ONLY                              ? ENGINE_CHANGED_ONLY
           : row->kind == ROW_EXCLUDE                         ? ENGINE_CHANGED_EXCLUDE
           : row->offset == offsetof(struct options, dry_run) ? ENGINE_CHANGED_DRY_RUN
                                                              : ENGINE_CHANGED_WATCH;
}

static void compare_rows(struct changes *c)
{
    for (const struct options_row *row = options_rows; row->kind != ROW_END; row++) {
        const struct options *former = row->traits & ROW_LIVE ? c->before : c->began;

        if (!options_is_option(row) || same_row(row, former, c->now))
            continue;
        if (!(row->traits & ROW_LIVE)) {
            add_word(c->fixed, sizeof(c->fixed), "%s", row->name);
            continue;
        }
        c->out->changed |= live_row(row);
        if (row->kind == ROW_FLAG)
            add_word(c->live, sizeof(c->live), "%s %s", row->name,
                     *(const bool *)((const char *)c->now + row->offset) ? "yes" : "no");
        else
            add_word(c->live, sizeof(c->live), "%s", row->name);
    }
}

static bool is_fixed_setting(const struct program *program, const char *name)
{
    for (const char *const *fixed = program->fixed_settings; fixed && *fixed; fixed++)
        if (strcmp(*fixed, name) == 0)
            return true;
    return false;
}

static void compare_settings(struct changes *c)
{
    for (const struct program_setting *s = c->program->settings; s->name; s++) {
        bool is_fixed = is_fixed_setting(c->program, s->name);
        const char *before = (const char *)(is_fixed ? c->began : c->before)->settings + s->offset;
        char *now = (char *)c->now->settings + s->offset, size[PCPU_GROUPS_WORD_BYTES];

        if (memcmp(before, now, options_setting_bytes(s)) == 0)
            continue;
        if (is_fixed) {
            add_word(c->fixed, sizeof(c->fixed), "%s", s->name);
            memcpy((char *)c->out->policy + s->offset, before, options_setting_bytes(s));
            continue;
        }
        c->out->changed |= ENGINE_CHANGED_POLICY;
        if (s->kind == PROGRAM_FLAG)
            add_word(c->live, sizeof(c->live), "%s %s", s->name, *(const bool *)now ? "yes" : "no");
        else if (s->kind == PROGRAM_GROUPS)
            add_word(c->live, sizeof(c->live), "%s %s", s->name,
                     pcpu_groups_word(*(const double *)(const void *)now, size));
        else
            add_word(c->live, sizeof(c->live), "%s %g", s->name, *(const double *)(const void *)now);
    }
}

static bool compare(struct changes *c)
{
    struct engine_settings *out = c->out;

    if (c->before->interval_s < c->now->interval_s || c->before->interval_s > c->now->interval_s) {
        out->changed |= ENGINE_CHANGED_INTERVAL;
        add_word(c->live, sizeof(c->live), "interval %g s", c->now->interval_s);
    }
    out->interval_s = c->now->interval_s;
    out->dry_run = c->now->dry_run;
    out->watch = c->now->io ? HOST_WATCH_DISK | HOST_WATCH_NET : 0;
    compare_rows(c);
    compare_settings(c);
    return !engine_settings_copy_patterns(&out->only, c->now->only) &&
           !engine_settings_copy_patterns(&out->exclude, c->now->exclude);
}

static void say_changes(const struct changes *c)
{
    snprintf(c->out->text, sizeof(c->out->text), "settings read anew: %s%s%s", c->live[0] ? c->live : "nothing changes",
             c->fixed[0] ? "; at the next start only: " : "", c->fixed);
}

static void send(struct engine *e, struct engine_settings *settings)
{
    const struct engine_command command = {.kind = ENGINE_SETTINGS, .settings = settings};

    if (engine_send(e, &command) == 0)
        engine_settings_free(settings);
}

void reload_settings(void *context, struct engine *e)
{
    struct reload *r = context;
    const struct options *before = r->options.settings ? &r->options : r->began;
    struct options now;
    char error[OPTIONS_ERROR_BYTES];
    int bad = config_read_options(r->program, r->argc, r->argv, &now, error, sizeof(error));
    struct engine_settings *out = engine_settings_new(now.settings, now.settings ? r->program->settings_size : 0);

    if (bad && out) {
        out->refused = true;
        snprintf(out->text, sizeof(out->text), "settings stay as they are: %.470s", error);
    } else if (out && now.settings) {
        struct changes c = {.program = r->program, .began = r->began, .before = before, .now = &now, .out = out};

        if (compare(&c)) {
            say_changes(&c);
            options_free(&r->options);
            r->options = now;
            now = (struct options){0};
        } else {
            out->refused = true;
            snprintf(out->text, sizeof(out->text), "settings stay as they are: out of memory");
        }
    }
    options_free(&now);
    if (out)
        send(e, out);
}
