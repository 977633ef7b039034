#include "core/record/replay.h"

#include "core/model/clock.h"
#include "core/record/json_plan.h"
#include "core/record/json_snapshot.h"
#include "core/record/record_format.h"
#include "core/record/snapshot_figures.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What the next sample will bring. One line is read ahead, as its time tells when it's due. */
enum ahead { AHEAD_SAMPLE, AHEAD_DAMAGE, AHEAD_END };

struct replay {
    struct host host;
    FILE *file;
    int wake_fd;
    char *line;
    size_t line_room, line_length;
    uint64_t line_number;
    struct record_header header;
    char version[64], uri[SNAPSHOT_NAME_BYTES];
    struct record_setting *settings;
    enum ahead ahead;
    char ahead_error[HOST_ERROR_BYTES];
    struct snapshot next;               /* read ahead; the figures that follow are differences to it */
    bool next_known;                    /* false from damage up to the next line with all facts, */
    bool skipping;                      /* and lines without them are passed over */
    bool unreadable;                    /* the file itself; its end for us */
    struct record_line coming, yielded; /* read ahead; of the sample yielded last */
    struct plan next_plan, plan;
    uint64_t taken_ns; /* of the sample yielded last */
    double speed;
    int64_t due_ns; /* when the next sample is due, on this machine's monotonic clock */
};

static struct replay *replay_of(const struct host *h)
{
    return (struct replay *)(uintptr_t)h;
}

/* What a line is, and whether a line feed ended it; none: the end of the file, or errno says why not. */
enum line { LINE_WHOLE, LINE_CUT, LINE_TOO_LONG, LINE_NONE };

static enum line read_line(struct replay *r)
{
    int c;

    r->line_length = 0;
    while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
        if (r->line_length >= JSON_TEXT_BYTES)
            continue;
        if (r->line_length == r->line_room) {
            size_t room = r->line_room ? 2 * r->line_room : 1 << 16;
            char *grown = realloc(r->line, room);

            if (!grown) {
                r->line_number++;
                return LINE_NONE;
            }
            r->line = grown;
            r->line_room = room;
        }
        r->line[r->line_length++] = (char)c;
    }
    if (c == EOF && r->line_length == 0)
        return LINE_NONE;
    r->line_number++;
    if (r->line_length >= JSON_TEXT_BYTES)
        return LINE_TOO_LONG;
    return c == EOF ? LINE_CUT : LINE_WHOLE;
}

static bool has_plan(enum record_kind kind)
{
    return kind != RECORD_SAMPLE && kind != RECORD_BEGIN;
}

static void read_sample(struct replay *r, struct json_reading *reading, struct json_object *line)
{
    static const char *const kinds[] = RECORD_KINDS;
    struct record_line *next = &r->coming;
    struct json_object *part;

    next->kind = (enum record_kind)json_get_word(reading, line, "kind", kinds);
    if (json_has(line, "interval_s"))
        next->interval_s = json_get_double(reading, line, "interval_s");
    if (!(next->interval_s >= 0))
        json_fail(reading, "interval_s is below zero");
    next->until_decision_s =
        json_has(line, "until_decision_s") ? json_get_double(reading, line, "until_decision_s") : 0;
    if (!(next->until_decision_s >= 0))
        json_fail(reading, "until_decision_s is below zero");
    if (json_has(line, "snapshot")) {
        part = json_get(reading, line, "snapshot", json_type_object);
        if (part)
            json_snapshot_read(reading, &r->next, part);
    } else {
        part = json_get(reading, line, "figures", json_type_object);
        if (part)
            snapshot_figures_read(reading, &r->next, part);
    }
    if (!has_plan(next->kind))
        return;
    part = json_get(reading, line, "plan", json_type_object);
    if (part)
        json_plan_read(reading, &r->next_plan, r->next.cpu_limit, part, true);
}

static void set_damage(struct replay *r, const char *what)
{
    r->ahead = AHEAD_DAMAGE;
    r->next_known = false;
    r->skipping = true;
    snprintf(r->ahead_error, sizeof(r->ahead_error), "line %llu of the recording: %s",
             (unsigned long long)r->line_number, what);
}

/* Takes in the line that was read. False where it tells nothing, so that the next one is wanted. */
static bool take_line(struct replay *r, enum line kind)
{
    struct json_reading reading = {0};
    struct json_object *line;

    if (kind == LINE_TOO_LONG) {
        set_damage(r, "too long");
        return true;
    }
    line = json_parse(&reading, r->line, r->line_length);
    if (line && !r->next_known && !json_has(line, "snapshot")) {
        if (r->skipping) {
            json_object_put(line);
            return false; /* differences to something that was damaged */
        }
        json_fail(&reading, "snapshot is missing");
    }
    if (line)
        read_sample(r, &reading, line);
    json_object_put(line);
    if (!reading.failed) {
        r->ahead = AHEAD_SAMPLE;
        r->next_known = true;
        r->skipping = false;
    } else if (kind == LINE_CUT) {
        r->ahead = AHEAD_END;
    } else {
        set_damage(r, reading.error);
    }
    return true;
}

static void read_ahead(struct replay *r)
{
    enum line kind;

    r->ahead = AHEAD_END;
    if (r->unreadable)
        return;
    do {
        kind = read_line(r);
        if (kind == LINE_NONE) {
            r->unreadable = true;
            if (!feof(r->file))
                set_damage(r, strerror(errno));
            return;
        }
    } while (!take_line(r, kind));
}

static void read_settings(struct replay *r, struct json_reading *reading, struct json_object *settings)
{
    int most = json_object_object_length(settings), n = 0;

    r->settings = calloc((size_t)most + 1, sizeof(*r->settings));
    if (!r->settings) {
        json_out_of_memory(reading);
        return;
    }
    r->header.settings = r->settings;
    json_object_object_foreach(settings, name, value)
    {
        (void)value;
        r->settings[n].value = json_get_double(reading, settings, name);
        r->settings[n].name = strdup(name);
        if (!r->settings[n].name)
            json_out_of_memory(reading);
        else
            n++;
    }
    r->header.n_settings = n;
}

static void read_header(struct replay *r, struct json_reading *reading, struct json_object *o)
{
    static const char *const kinds[] = {RECORD_KIND_HEADER, NULL};
    const char *const programs[] = {report_program_name(REPORT_VCPU_SCHEDULER),
                                    report_program_name(REPORT_MEMORY_COORDINATOR), NULL};
    struct json_object *settings;

    json_get_word(reading, o, "kind", kinds);
    if (json_get_int(reading, o, "format", 1, INT_MAX) > RECORD_FORMAT)
        json_fail(reading, "made by a later version of the program");
    r->header.program = (enum report_program)json_get_word(reading, o, "program", programs);
    json_get_text(reading, o, "version", r->version, sizeof(r->version));
    json_get_text(reading, o, "uri", r->uri, sizeof(r->uri));
    r->header.version = r->version;
    r->header.uri = r->uri;
    r->header.interval_s = json_get_double(reading, o, "interval_s");
    r->coming.interval_s = r->header.interval_s;
    r->header.sample_s = json_get_double(reading, o, "sample_s");
    settings = json_get(reading, o, "settings", json_type_object);
    if (settings)
        read_settings(r, reading, settings);
}

/* Reads the header line; false with the reason in error. */
static bool open_header(struct replay *r, const char *path, char *error, size_t size)
{
    struct json_reading reading = {0};
    enum line kind = read_line(r);
    struct json_object *line = NULL;

    if (kind == LINE_NONE)
        json_fail(&reading, "%s", feof(r->file) ? "empty" : strerror(errno));
    else if (kind == LINE_TOO_LONG)
        json_fail(&reading, "no recording");
    else
        line = json_parse(&reading, r->line, r->line_length);
    if (line)
        read_header(r, &reading, line);
    json_object_put(line);
    if (reading.failed)
        snprintf(error, size, "%s: %s%s", path,
                 kind == LINE_NONE ? "" : "no recording that can be read: ", reading.error);
    return !reading.failed;
}

static int replay_connect(struct host *h, char *error, size_t size)
{
    (void)h;
    (void)error;
    (void)size;
    return 0;
}

static bool replay_connected(const struct host *h)
{
    (void)h;
    return true;
}

static double gap_ns(const struct replay *r)
{
    return r->ahead == AHEAD_SAMPLE && r->next.taken_ns > r->taken_ns ? (double)(r->next.taken_ns - r->taken_ns) : 0;
}

/* Sets when the next sample is due: a gap after this one was, or after now where this one came late. */
static void schedule(struct replay *r)
{
    enum { LATE_NS = 500000000 };
    int64_t now = (int64_t)clock_monotonic_ns();

    if (now - r->due_ns > LATE_NS)
        r->due_ns = now;
    if (r->speed > 0)
        r->due_ns += (int64_t)fmin(gap_ns(r) / r->speed, 1e18);
    else
        r->due_ns = now;
}

static int replay_sample(struct host *h, struct snapshot *s, bool full, char *error, size_t size)
{
    struct replay *r = replay_of(h);
    struct plan plan = r->plan;

    (void)full;
    if (r->ahead == AHEAD_END) {
        snprintf(error, size, "the recording is at its end");
        return -ENODATA;
    }
    if (r->ahead == AHEAD_DAMAGE) {
        snprintf(error, size, "%s", r->ahead_error);
        read_ahead(r);
        return -EAGAIN;
    }
    if (snapshot_copy(s, &r->next)) {
        snprintf(error, size, "out of memory");
        return -ENOMEM;
    }
    r->taken_ns = r->next.taken_ns;
    r->yielded = r->coming;
    r->yielded.plan = has_plan(r->yielded.kind) ? &r->plan : NULL;
    r->plan = r->next_plan;
    r->next_plan = plan;
    read_ahead(r);
    schedule(r);
    return 0;
}

static int replay_apply(struct host *h, struct plan *p, struct plan_action *a)
{
    (void)h;
    (void)p;
    a->result = PLAN_DRY_RUN;
    snprintf(a->error, sizeof(a->error), "replayed");
    return 0;
}

static void replay_idle(struct host *h, int ms)
{
    struct replay *r = replay_of(h);
    struct pollfd woken = {.fd = r->wake_fd, .events = POLLIN};
    eventfd_t count;

    if (poll(&woken, 1, ms) > 0)
        eventfd_read(r->wake_fd, &count);
}

static void replay_wake(struct host *h)
{
    eventfd_write(replay_of(h)->wake_fd, 1);
}

static int replay_restore(struct host *h, bool cpu, bool memory, char *error, size_t size)
{
    (void)h;
    (void)cpu;
    (void)memory;
    (void)error;
    (void)size;
    return 0;
}

static void replay_close(struct host *h)
{
    struct replay *r = replay_of(h);

    if (r->file)
        fclose(r->file);
    if (r->wake_fd >= 0)
        close(r->wake_fd);
    for (int i = 0; i < r->header.n_settings; i++)
        free((char *)(uintptr_t)r->settings[i].name);
    free(r->settings);
    free(r->line);
    snapshot_free(&r->next);
    plan_free(&r->next_plan);
    plan_free(&r->plan);
    free(r);
}

struct host *replay_open(const char *path, char *error, size_t size)
{
    static const struct host_ops ops = {
        .connect = replay_connect,
        .connected = replay_connected,
        .sample = replay_sample,
        .apply = replay_apply,
        .idle = replay_idle,
        .wake = replay_wake,
        .restore = replay_restore,
        .close = replay_close,
    };
    struct replay *r = calloc(1, sizeof(*r));

    if (!r) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    r->host.ops = &ops;
    r->speed = 1;
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->file = fopen(path, "re");
    if (r->wake_fd < 0 || !r->file) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
    } else if (open_header(r, path, error, size)) {
        read_ahead(r);
        r->due_ns = (int64_t)clock_monotonic_ns();
        return &r->host;
    }
    replay_close(&r->host);
    return NULL;
}

const struct record_header *replay_header(const struct host *h)
{
    return &replay_of(h)->header;
}

const struct record_line *replay_line(const struct host *h)
{
    return &replay_of(h)->yielded;
}

void replay_set_speed(struct host *h, double factor)
{
    struct replay *r = replay_of(h);
    int64_t now = (int64_t)clock_monotonic_ns();
    double left_ns = r->due_ns > now ? (double)(r->due_ns - now) * r->speed : 0;

    r->speed = factor > 0 ? factor : 0;
    r->due_ns = now + (r->speed > 0 ? (int64_t)fmin(left_ns / r->speed, 1e18) : 0);
}

double replay_speed(const struct host *h)
{
    return replay_of(h)->speed;
}

int replay_due_ms(struct host *h)
{
    const struct replay *r = replay_of(h);
    int64_t left_ns = r->due_ns - (int64_t)clock_monotonic_ns();

    if (r->ahead == AHEAD_END)
        return -1;
    if (r->ahead == AHEAD_DAMAGE || left_ns <= 0)
        return 0;
    return (int)fmin((double)left_ns / 1e6 + 1, INT_MAX);
}
