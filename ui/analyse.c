#include "ui/analyse.h"

#include "core/advise/advise_json.h"
#include "core/record/replay.h"
#include "ui/headless/advise_text.h"
#include "ui/headless/what_if_text.h"
#include "ui/recorded.h"

#include <errno.h>
#include <langinfo.h>
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
        const struct what_if_change change = {s->name, recorded_value(s, base), recorded_value(s, o->settings),
                                              s->kind == PROGRAM_GROUPS};

        if (!same(change.recorded, change.other))
            changes[n++] = change;
    }
    if (o->interval_s > 0 && !same(o->interval_s, header->interval_s))
        changes[n++] = (struct what_if_change){"interval", header->interval_s, o->interval_s, false};
    if (o->only)
        changes[n++] = (struct what_if_change){"only", 0, 1, false};
    if (o->exclude)
        changes[n++] = (struct what_if_change){"exclude", 0, 1, false};
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

/* Who takes the lines of a recording. */
struct taker {
    void *of;
    int (*take)(void *of, const struct record_line *line);
    void (*gap)(void *of);
};

/* Hands over the whole recording. 0, or 1 after a complaint; what was damaged is left out, and told. */
static int hand_over(struct analysis *a, const struct taker *to)
{
    struct record_line line;
    bool end = false;
    int damage = 0, status = 0;

    while (!end && !status) {
        const struct record_line *next = next_line(a, &line, &end, &damage);

        if (next && to->take(to->of, next))
            status = fail(a, "out of memory");
        else if (!next)
            to->gap(to->of);
    }
    return status ? status : damage;
}

static int take_what_if(void *of, const struct record_line *line)
{
    return what_if_take(of, line);
}

static void gap_what_if(void *of)
{
    what_if_gap(of);
}

static int take_advise(void *of, const struct record_line *line)
{
    return advise_take(of, line);
}

static void gap_advise(void *of)
{
    advise_gap(of);
}

/* Prints the line and frees it. */
static int print_json(const struct analysis *a, char *text)
{
    if (!text)
        return fail(a, "out of memory");
    puts(text);
    free(text);
    return 0;
}

static int print_what_if(const struct analysis *a, const struct what_if *w, const struct comparison *c)
{
    if (a->o->json)
        return print_json(a, what_if_json(w, a->program->id, c->changes, c->n_changes));
    what_if_text(stdout, w, a->program->id, c->changes, c->n_changes);
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
    status = hand_over(a, &(struct taker){w, take_what_if, gap_what_if});
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

static int print_advice(const struct analysis *a, const struct advise *advise)
{
    const struct headless_style style = {.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};

    if (a->o->json)
        return print_json(a, advise_json(advise, a->program->id));
    advise_text(stdout, &style, advise);
    return 0;
}

/* Pins are the scheduler's affair; recordings of either program have what it needs. */
static int advise(struct analysis *a)
{
    const struct record_header *header = replay_header(a->host);
    const struct policy_ops *policy = a->program->id == REPORT_VCPU_SCHEDULER ? a->program->policy : NULL;
    struct advise advise;
    int status = 1;

    recorded_take(a->program, header, a->o->settings, a->o->given);
    if (advise_begin(&advise, policy, a->o->settings, header->sample_s) == 0) {
        status = hand_over(a, &(struct taker){&advise, take_advise, gap_advise});
        if (advise_conclude(&advise))
            status = fail(a, "out of memory");
        else if (print_advice(a, &advise))
            status = 1;
    } else {
        fail(a, "out of memory");
    }
    advise_end(&advise);
    return status;
}

int analyse_advise(const struct program *program, const struct options *o)
{
    struct analysis a = {.program = program, .o = o, .path = o->advise};
    int status = 1;

    if (open_recording(&a))
        status = advise(&a);
    close_recording(&a);
    return status;
}
