#include "ui/analyse.h"

#include "core/advise/what_if.h"
#include "core/record/replay.h"
#include "ui/headless/what_if_text.h"
#include "ui/recorded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Guests that the operator leaves out aren't settings of the policy; they differ by that they are given at all. */
enum { OTHER_CHANGES = 3 };

/* What is read, and by whom. */
struct analysis {
    const struct program *program;
    const struct options *o;
    const char *path;
    struct host *host;
    struct snapshot snapshot;
};

static int fail(const struct analysis *a, const char *why)
{
    fprintf(stderr, "%s: %s\n", a->program->name, why);
    return 1;
}

static bool open_recording(struct analysis *a)
{
    char error[HOST_ERROR_BYTES];

    a->host = replay_open(a->path, error, sizeof(error));
    if (a->host)
        return true;
    fail(a, error);
    return false;
}

static void close_recording(struct analysis *a)
{
    if (a->host)
        a->host->ops->close(a->host);
    snapshot_free(&a->snapshot);
}

/* The next line, or NULL: at the end *end is set, for a damaged line, which is told, it isn't; out of memory counts as
 * the end, with status 1. */
static const struct record_line *next_line(struct analysis *a, struct record_line *line, bool *end, int *status)
{
    char error[HOST_ERROR_BYTES];
    int result = a->host->ops->sample(a->host, &a->snapshot, true, error, sizeof(error));

    *end = result == -ENODATA || result == -ENOMEM;
    if (result == -ENOMEM || result == -EAGAIN)
        *status = fail(a, error);
    if (result)
        return NULL;
    *line = *replay_line(a->host);
    line->snapshot = &a->snapshot;
    return line;
}

static bool same(double a, double b)
{
    return a >= b && a <= b;
}

/* What of o differs from the recording's settings; changes has room for all of the program's and OTHER_CHANGES. Returns
 * how many; base: the recording's settings. */
static int find_changes(const struct program *program, const struct options *o, const struct record_header *header,
                        const void *base, struct what_if_change *changes)
{
    int n = 0;

    for (const struct program_setting *s = program->settings; s->name; s++) {
        const struct what_if_change change = {s->name, recorded_value(s, base), recorded_value(s, o->settings)};

        if (!same(change.recorded, change.other))
            changes[n++] = change;
    }
    if (o->interval_s > 0 && !same(o->interval_s, header->interval_s))
        changes[n++] = (struct what_if_change){"interval", header->interval_s, o->interval_s};
    if (o->only)
        changes[n++] = (struct what_if_change){"only", 0, 1};
    if (o->exclude)
        changes[n++] = (struct what_if_change){"exclude", 0, 1};
    return n;
}

/* The settings that the recording was made with, and how o's differ from them. */
struct comparison {
    void *base, *other;
    struct what_if_change *changes;
    int n_changes;
};

static void forget(struct comparison *c)
{
    free(c->base);
    free(c->other);
    free(c->changes);
}

/* False when memory is out. */
static bool compare(const struct program *program, const struct options *o, const struct record_header *header,
                    struct comparison *c)
{
    size_t n = OTHER_CHANGES, bytes = program->settings_size > 0 ? program->settings_size : 1;

    for (const struct program_setting *s = program->settings; s->name; s++)
        n++;
    c->base = malloc(bytes);
    c->other = malloc(bytes);
    c->changes = calloc(n, sizeof(*c->changes));
    if (!c->base || !c->other || !c->changes)
        return false;
    memcpy(c->base, program->settings_default, program->settings_size);
    recorded_take(program, header, c->base, NULL);
    memcpy(c->other, o->settings, program->settings_size);
    recorded_take(program, header, c->other, o->given);
    c->n_changes = find_changes(program, o, header, c->base, c->changes);
    return true;
}

bool analyse_differs(const struct program *program, const struct options *o, const struct record_header *header)
{
    struct comparison c = {0};
    bool differs = header->program == program->id && compare(program, o, header, &c) && c.n_changes > 0;

    forget(&c);
    return differs;
}

/* Plays the whole recording. 0, or 1 after a complaint; what was damaged is left out, and told. */
static int play(struct analysis *a, struct what_if *w)
{
    struct record_line line;
    bool end = false;
    int damage = 0, status = 0;

    while (!end && !status) {
        const struct record_line *next = next_line(a, &line, &end, &damage);

        if (next && what_if_take(w, next))
            status = fail(a, "out of memory");
        else if (!next)
            what_if_gap(w);
    }
    return status ? status : damage;
}

static int print_what_if(const struct analysis *a, const struct what_if *w, const struct comparison *c)
{
    char *text;

    if (!a->o->json) {
        what_if_text(stdout, w, a->program->id, c->changes, c->n_changes);
        return 0;
    }
    text = what_if_json(w, a->program->id, c->changes, c->n_changes);
    if (!text)
        return fail(a, "out of memory");
    puts(text);
    free(text);
    return 0;
}

static int what_if(struct analysis *a, struct comparison *c)
{
    const struct record_header *header = replay_header(a->host);
    struct guest_choice choice = {.only = a->o->only, .exclude = a->o->exclude};
    struct what_if_config config = {.policy = a->program->policy, .choice = &choice, .sample_s = header->sample_s};
    struct what_if *w = NULL;
    int status;

    if (compare(a->program, a->o, header, c)) {
        config.settings[WHAT_IF_PLAYED] = c->base;
        config.settings[WHAT_IF_OTHER] = c->other;
        if (a->o->interval_s > 0 && !same(a->o->interval_s, header->interval_s))
            config.interval_s[WHAT_IF_OTHER] = a->o->interval_s;
        w = what_if_new(&config);
    }
    if (!w)
        return fail(a, "out of memory");
    status = play(a, w);
    if (print_what_if(a, w, c))
        status = 1;
    what_if_free(w);
    return status;
}

int analyse_what_if(const struct program *program, const struct options *o)
{
    struct analysis a = {.program = program, .o = o, .path = o->replay};
    struct comparison c = {0};
    int status = 1;

    if (!open_recording(&a))
        return 1;
    if (replay_header(a.host)->program == program->id)
        status = what_if(&a, &c);
    else
        fail(&a, "--what-if: this is a recording of the other program");
    forget(&c);
    close_recording(&a);
    return status;
}
