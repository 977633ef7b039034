#include "core/record/record.h"

#include "core/model/file.h"
#include "core/record/json_plan.h"
#include "core/record/json_snapshot.h"
#include "core/record/record_format.h"
#include "core/record/snapshot_figures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All facts are repeated at least this often, so that damage to a line costs no more than what follows up to there. */
enum { LINES_PER_FULL = 120 };

struct record {
    int fd; /* -1: stopped after an error */
    uint64_t bytes;
    int lines_since_full;
    struct snapshot last; /* what a reader knows after the line written last */
    bool has_last;
    double interval_s; /* as a reader knows it */
};

static int say_error(int failed, const char *what, char *error, size_t size)
{
    snprintf(error, size, "%s: %s", what, strerror(-failed));
    return failed;
}

/* Writes the object and a line feed, and releases it. */
static int write_line(struct record *r, struct json_object *object)
{
    char *text = json_take_text(object);
    size_t length = text ? strlen(text) : 0;
    int failed = -ENOMEM;

    if (text) {
        text[length] = '\n'; /* in place of the final zero byte */
        failed = file_write_all(r->fd, text, length + 1);
    }
    if (!failed)
        r->bytes += length + 1;
    free(text);
    return failed;
}

static struct json_object *header_json(const struct record_header *header)
{
    struct json_object *o = json_object_new_object(), *settings = json_object_new_object();

    json_put_int(o, "format", RECORD_FORMAT);
    json_put_text(o, "kind", RECORD_KIND_HEADER);
    json_put_text(o, "program", report_program_name(header->program));
    json_put_text(o, "version", header->version ? header->version : "");
    json_put_text(o, "uri", header->uri ? header->uri : "");
    json_put_double(o, "interval_s", header->interval_s);
    json_put_double(o, "sample_s", header->sample_s);
    for (int i = 0; i < header->n_settings; i++)
        json_put_double(settings, header->settings[i].name, header->settings[i].value);
    json_add(o, "settings", settings);
    return o;
}

struct record *record_open(const char *path, const struct record_header *header, char *error, size_t size)
{
    struct record *r = calloc(1, sizeof(*r));
    int failed;

    if (!r) {
        say_error(-ENOMEM, path, error, size);
        return NULL;
    }
    r->interval_s = header->interval_s;
    r->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    failed = r->fd < 0 ? -errno : write_line(r, header_json(header));
    if (!failed)
        return r;
    say_error(failed, path, error, size);
    if (r->fd >= 0)
        close(r->fd);
    free(r);
    return NULL;
}

static struct json_object *line_json(const struct record *r, const struct record_line *line, bool full)
{
    static const char *const kinds[] = RECORD_KINDS;
    struct json_object *o = json_object_new_object();

    json_put_text(o, "kind", kinds[line->kind]);
    if (line->interval_s > r->interval_s || line->interval_s < r->interval_s)
        json_put_double(o, "interval_s", line->interval_s);
    if (line->until_decision_s > 0)
        json_put_double(o, "until_decision_s", line->until_decision_s);
    if (full)
        json_add(o, "snapshot", json_snapshot(line->snapshot));
    else
        json_add(o, "figures", snapshot_figures_json(&r->last, line->snapshot));
    if (line->plan)
        json_add(o, "plan", json_plan(line->plan, true));
    return o;
}

/* Leaves the file ending with a whole line where that is possible. */
static void stop(struct record *r)
{
    if (ftruncate(r->fd, (off_t)r->bytes)) {
        /* Not a file that can be cut: then the last line stays incomplete, which readers tolerate. */
    }
    close(r->fd);
    r->fd = -1;
}

int record_write(struct record *r, const struct record_line *line, char *error, size_t size)
{
    bool full = !r->has_last || r->lines_since_full >= LINES_PER_FULL || !snapshot_same_facts(&r->last, line->snapshot);
    int failed;

    if (r->fd < 0)
        return 0;
    failed = write_line(r, line_json(r, line, full));
    if (!failed)
        failed = snapshot_copy(&r->last, line->snapshot);
    if (failed) {
        stop(r);
        snprintf(error, size, "%s", strerror(-failed));
        return failed;
    }
    r->has_last = true;
    r->interval_s = line->interval_s;
    r->lines_since_full = full ? 1 : r->lines_since_full + 1;
    return 0;
}

int record_close(struct record *r, char *error, size_t size)
{
    int failed = 0;

    if (!r)
        return 0;
    if (r->fd >= 0 && close(r->fd))
        failed = say_error(-errno, "closing the recording", error, size);
    snapshot_free(&r->last);
    free(r);
    return failed;
}
