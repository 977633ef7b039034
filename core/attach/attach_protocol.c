#include "core/attach/attach_protocol.h"

#include "core/record/json_report.h"
#include "core/record/json_value.h"

#include <stdio.h>
#include <string.h>

static const char *const want_words[] = {
    [ATTACH_WANTS_NOTHING] = "nothing",
    [ATTACH_WANTS_STATUS] = "status",
    [ATTACH_WANTS_DECISIONS] = "decisions",
    [ATTACH_WANTS_REPORTS] = "reports",
    NULL,
};

static struct json_object *new_line(const char *kind)
{
    struct json_object *o = json_object_new_object();

    if (o)
        json_put_text(o, "kind", kind);
    return o;
}

char *attach_hello_text(const struct attach_hello *hello)
{
    struct json_object *o = new_line("hello");

    json_put_int(o, "protocol", ATTACH_PROTOCOL);
    json_put_int(o, "format", JSON_REPORT_FORMAT);
    json_put_text(o, "program", hello->program);
    json_put_text(o, "version", hello->version);
    json_put_int(o, "process", hello->process);
    json_put_text(o, "uri", hello->uri);
    return json_take_text(o);
}

/* Releases what was read, and says whether all was well. */
static bool end_reading(const struct json_reading *reading, struct json_object *o, char *why, size_t size)
{
    json_object_put(o);
    if (reading->failed)
        snprintf(why, size, "%s", reading->error);
    return !reading->failed;
}

static bool has_kind(struct json_object *o, const char *kind)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(o, "kind", &value) && json_object_is_type(value, json_type_string) &&
           strcmp(json_object_get_string(value), kind) == 0;
}

bool attach_hello_read(struct attach_hello *hello, const char *line, size_t length, char *why, size_t size)
{
    struct json_reading reading = {0};
    struct json_object *o = json_parse(&reading, line, length);
    int64_t protocol = o ? json_get_int(&reading, o, "protocol", 1, INT32_MAX) : 0;

    *hello = (struct attach_hello){0};
    if (o && !reading.failed && (!has_kind(o, "hello") || protocol != ATTACH_PROTOCOL))
        json_fail(&reading, "it speaks another protocol than this program");
    if (o) {
        json_get_text(&reading, o, "program", hello->program, sizeof(hello->program));
        json_get_text(&reading, o, "version", hello->version, sizeof(hello->version));
        hello->process = (long)json_get_int(&reading, o, "process", 0, INT32_MAX);
        json_get_text(&reading, o, "uri", hello->uri, sizeof(hello->uri));
    }
    return end_reading(&reading, o, why, size);
}

char *attach_request_text(const struct attach_request *request)
{
    struct json_object *o = json_object_new_object();

    if (request->has_want)
        json_put_text(o, "want", want_words[request->want]);
    if (request->command[0])
        json_put_text(o, "command", request->command);
    if (request->has_id)
        json_put_int(o, "id", request->id);
    if (request->has_value)
        json_put_double(o, "value", request->value);
    if (request->has_uuid)
        json_put_uuid(o, "uuid", request->uuid);
    if (request->guest[0])
        json_put_text(o, "guest", request->guest);
    return json_take_text(o);
}

bool attach_request_read(struct attach_request *request, const char *line, size_t length, char *why, size_t size)
{
    struct json_reading reading = {0};
    struct json_object *o = json_parse(&reading, line, length);

    *request = (struct attach_request){0};
    if (!o)
        return end_reading(&reading, o, why, size);
    request->has_id = json_has(o, "id");
    if (request->has_id)
        request->id = json_get_int(&reading, o, "id", INT64_MIN, INT64_MAX);
    request->has_want = json_has(o, "want");
    if (request->has_want)
        request->want = (enum attach_want)json_get_word(&reading, o, "want", want_words);
    if (json_has(o, "command"))
        json_get_text(&reading, o, "command", request->command, sizeof(request->command));
    request->has_value = json_has(o, "value");
    if (request->has_value)
        request->value = json_get_double(&reading, o, "value");
    request->has_uuid = json_has(o, "uuid");
    if (request->has_uuid)
        json_get_uuid(&reading, o, "uuid", request->uuid);
    if (json_has(o, "guest"))
        json_get_text(&reading, o, "guest", request->guest, sizeof(request->guest));
    if (!request->has_want && !request->command[0])
        json_fail(&reading, "neither want nor command");
    return end_reading(&reading, o, why, size);
}

char *attach_status_text(const struct report *r)
{
    struct json_object *o = new_line("status");

    json_put_text(o, "program", report_program_name(r->program));
    json_put_text(o, "state", report_state_word(r->state));
    json_put_bool(o, "paused", r->paused);
    json_put_bool(o, "dry_run", r->dry_run);
    json_put_figure(o, "interval_s", r->interval_s);
    json_put_text(o, "summary", r->state == REPORT_DISCONNECTED ? r->connection : r->plan.summary);
    return json_take_text(o);
}

static void read_status(struct json_reading *reading, struct json_object *o, struct attach_status *s)
{
    const char *states[REPORT_ENDED + 2] = {0};

    for (int i = 0; i <= REPORT_ENDED; i++)
        states[i] = report_state_word((enum report_state)i);
    s->state = (enum report_state)json_get_word(reading, o, "state", states);
    s->paused = json_get_bool(reading, o, "paused");
    s->dry_run = json_get_bool(reading, o, "dry_run");
    s->interval_s = json_get_double(reading, o, "interval_s");
    json_get_text(reading, o, "summary", s->summary, sizeof(s->summary));
}

char *attach_answer_text(const struct attach_answer *answer)
{
    struct json_object *o = new_line("answer");

    if (answer->has_id)
        json_put_int(o, "id", answer->id);
    json_put_bool(o, "refused", answer->refused);
    json_put_int(o, "actions", answer->actions);
    json_put_text(o, "text", answer->text);
    return json_take_text(o);
}

static void read_answer(struct json_reading *reading, struct json_object *o, struct attach_answer *a)
{
    a->has_id = json_has(o, "id");
    if (a->has_id)
        a->id = json_get_int(reading, o, "id", INT64_MIN, INT64_MAX);
    a->refused = json_get_bool(reading, o, "refused");
    a->actions = (int)json_get_int(reading, o, "actions", 0, INT32_MAX);
    json_get_text(reading, o, "text", a->text, sizeof(a->text));
}

char *attach_busy_text(double seconds, const char *text)
{
    struct json_object *o = new_line("busy");

    json_put_figure(o, "seconds", seconds);
    json_put_text(o, "text", text);
    return json_take_text(o);
}

static void read_busy(struct json_reading *reading, struct json_object *o, struct attach_busy *b)
{
    b->seconds = json_get_double(reading, o, "seconds");
    json_get_text(reading, o, "text", b->text, sizeof(b->text));
    if (b->seconds < 0)
        json_fail(reading, "seconds is negative");
}

bool attach_message_read(struct attach_message *m, struct report *r, const char *line, size_t length, char *why,
                         size_t size)
{
    struct json_reading reading = {0};
    struct json_object *o = json_parse(&reading, line, length);

    m->kind = ATTACH_OTHER;
    if (o && (has_kind(o, "decision") || has_kind(o, "early") || has_kind(o, "sample"))) {
        m->kind = ATTACH_REPORT;
        json_report_read(&reading, r, o);
    } else if (o && has_kind(o, "status")) {
        m->kind = ATTACH_STATUS;
        read_status(&reading, o, &m->status);
    } else if (o && has_kind(o, "answer")) {
        m->kind = ATTACH_ANSWER;
        read_answer(&reading, o, &m->answer);
    } else if (o && has_kind(o, "busy")) {
        m->kind = ATTACH_BUSY;
        read_busy(&reading, o, &m->busy);
    }
    return end_reading(&reading, o, why, size);
}
