#include "core/engine/engine_internal.h"

#include "core/attach/attach_host.h"
#include "core/attach/attach_socket.h"
#include "core/model/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program(const struct engine *e)
{
    return report_program_name(e->config.program);
}

/* Hands the report to the face. One that memory is too short for is lost, as one that came too fast would be. */
static void publish(struct engine *e)
{
    struct report *r = &e->report;

    e->dirty = false;
    if (r->state == REPORT_DISCONNECTED && !e->link.up)
        r->retry_in_s = engine_retry_in_s(e);
    if (report_copy(&e->spare, r) == 0)
        mailbox_publish(&e->mailbox, &e->spare, r->decision || r->early, false);
    r->decision = r->early = false;
}

/* Commands that were sent there and that nobody will answer any more. */
static void answer_for_it(struct engine *e)
{
    uint64_t taken = e->report.commands_taken;

    for (uint64_t n = taken > REPORT_ANSWERS ? taken - REPORT_ANSWERS + 1 : 1; n <= taken; n++)
        if (!report_answer_to(&e->report, n))
            engine_answer(e, n, true, "what came of it isn't known: %s is gone", program(e));
}

static void lost(struct engine *e, const char *why)
{
    struct report *r = &e->report;
    double pause_s = retry_failed(&e->link.retry, engine_now_ns(e));

    mailbox_returned(&e->mailbox);
    answer_for_it(e);
    r->state = REPORT_DISCONNECTED;
    r->next_in_s = -1;
    snprintf(r->connection, sizeof(r->connection), "%s isn't running: %.160s; next try in %.0f s", program(e), why,
             fmax(pause_s, 1));
    if (e->link.up)
        engine_log(e, REPORT_LOG_ERROR, "%s", r->connection);
    e->link.up = false;
    e->dirty = true;
}

static void attached(struct engine *e)
{
    const struct attach_hello *hello = attach_host_hello(e->config.host);
    const struct engine_command *c = &e->attached.watched;
    const struct attach_request request = {
        .command = "watch", .has_id = true, .id = 0, .has_value = true, .value = c->value};

    if (hello->process != e->attached.process)
        e->attached.serial = 0; /* another log */
    e->attached.process = hello->process;
    retry_reset(&e->link.retry);
    e->link.up = e->link.ever_up = true;
    engine_log(e, REPORT_LOG_EVENT, "attached to %s %s, process %ld", hello->program, hello->version, hello->process);
    if (c->value > 0)
        attach_host_send(e->config.host, &request);
}

static void connect_again(struct engine *e)
{
    struct host *h = e->config.host;
    char error[HOST_ERROR_BYTES] = "";
    int result;

    mailbox_call(&e->mailbox, "connecting");
    result = h->ops->connect(h, error, sizeof(error));
    mailbox_returned(&e->mailbox);
    if (result)
        lost(e, error);
    else
        attached(e);
}

static int send_command(struct engine *e, const struct engine_command *c, const struct command *row)
{
    struct attach_request request = {.has_id = true, .id = (int64_t)e->intent.command};

    snprintf(request.command, sizeof(request.command), "%s", row->name);
    request.has_value = row->argument != COMMAND_BARE;
    request.value = c->value;
    request.has_uuid = row->argument == COMMAND_GUEST;
    memcpy(request.uuid, c->uuid, sizeof(request.uuid));
    return attach_host_send(e->config.host, &request);
}

/* Passes on what the face wants; what came of it comes as an answer. */
static void take_commands(struct engine *e)
{
    struct engine_command *commands = NULL;
    int cap = 0, n = mailbox_take_commands(&e->mailbox, &commands, &cap);

    for (int i = 0; i < n; i++) {
        struct engine_command *c = &commands[i];
        const struct command *row = commands_row(c->kind);

        e->intent.command = ++e->report.commands_taken;
        if (c->kind == ENGINE_WATCH)
            e->attached.watched = *c;
        if (!e->link.up && c->kind == ENGINE_CONNECT) {
            retry_now(&e->link.retry);
            engine_answer(e, e->intent.command, false, "connecting");
        } else if (!e->link.up || !row->name || send_command(e, c, row)) {
            engine_answer(e, e->intent.command, true, "%s: %s isn't running", row->refused, program(e));
        }
        engine_settings_free(c->settings);
    }
    free(commands);
}

/* Its log goes on in ours, whose numbers go on however often it was started anew. */
static void take_log(struct engine *e)
{
    const struct report *in = &e->attached.incoming;

    for (int i = 0; i < in->n_log; i++) {
        const struct report_log *theirs = &in->log[i];
        struct report_log *line = theirs->serial > e->attached.serial ? engine_log_line(e) : NULL;
        uint64_t serial = line ? line->serial : 0;

        if (!line)
            continue;
        *line = *theirs;
        line->serial = serial;
        e->attached.serial = theirs->serial;
    }
}

static void swap_plans(struct plan *a, struct plan *b)
{
    struct plan held = *a;

    *a = *b;
    *b = held;
}

/* Everything that came takes the place of what was there, but for what is told line by line. */
static void take_report(struct engine *e)
{
    struct report *r = &e->report, *in = &e->attached.incoming, held;

    if (in->program != e->config.program)
        return;
    take_log(e);
    if (!in->early)
        swap_plans(&in->early_plan, &r->early_plan);
    memcpy(in->answers, r->answers, sizeof(in->answers));
    in->commands_taken = r->commands_taken;
    held = *r;
    *r = *in;
    *in = held;
    in->log = r->log;
    in->n_log = r->n_log;
    in->cap_log = r->cap_log;
    r->log = held.log;
    r->n_log = held.n_log;
    r->cap_log = held.cap_log;
    publish(e);
}

static void take_answer(struct engine *e, const struct attach_answer *a)
{
    if (!a->has_id || a->id < 1 || (uint64_t)a->id > e->report.commands_taken)
        return;
    engine_answer(e, (uint64_t)a->id, a->refused, "%s", a->text);
    e->report.answers[(uint64_t)a->id % REPORT_ANSWERS].actions = a->actions;
}

/* Of a program that is only asked how it is: no figures, but its state and what it decided last. */
static void take_status(struct engine *e, const struct attach_status *s)
{
    struct report *r = &e->report;

    r->state = s->state;
    r->paused = s->paused;
    r->dry_run = s->dry_run;
    r->interval_s = s->interval_s;
    r->retry_in_s = r->next_in_s = -1;
    snprintf(s->state == REPORT_DISCONNECTED ? r->connection : r->plan.summary,
             s->state == REPORT_DISCONNECTED ? sizeof(r->connection) : sizeof(r->plan.summary), "%.235s", s->summary);
    publish(e);
}

/* What it waits for is shown as if we waited for it. */
static void take_busy(struct engine *e, const struct attach_busy *b)
{
    mailbox_returned(&e->mailbox);
    if (b->seconds <= 0 || b->seconds > 1e6)
        return;
    snprintf(e->attached.busy, sizeof(e->attached.busy), "%s", b->text);
    mailbox_call_since(&e->mailbox, e->attached.busy, clock_monotonic_ns() - (uint64_t)(b->seconds * 1e9));
}

static void take_line(struct engine *e, const char *line, size_t length)
{
    struct attach_message m;
    char why[192];

    if (!attach_message_read(&m, &e->attached.incoming, line, length, why, sizeof(why))) {
        engine_log(e, REPORT_LOG_ERROR, "%s sent what can't be understood: %s", program(e), why);
        return;
    }
    if (m.kind == ATTACH_REPORT)
        take_report(e);
    else if (m.kind == ATTACH_STATUS)
        take_status(e, &m.status);
    else if (m.kind == ATTACH_ANSWER)
        take_answer(e, &m.answer);
    else if (m.kind == ATTACH_BUSY)
        take_busy(e, &m.busy);
}

/* All that has come. */
static void take_lines(struct engine *e)
{
    char why[ATTACH_WHY_BYTES] = "";
    const char *line;
    size_t length;
    int result;

    while ((result = attach_host_line(e->config.host, &line, &length, why, sizeof(why))) > 0)
        take_line(e, line, length);
    if (result < 0)
        lost(e, why);
}

void engine_run_attached(struct engine *e)
{
    struct host *h = e->config.host;

    if (h->ops->connected(h))
        attached(e);
    else
        publish(e);
    while (!e->over && !mailbox_stopping(&e->mailbox)) {
        uint64_t now = engine_now_ns(e);

        mailbox_turned(&e->mailbox);
        take_commands(e);
        if (e->link.up)
            take_lines(e);
        else if (now >= e->link.retry.at_ns)
            connect_again(e);
        if (e->dirty)
            publish(e);
        /* While it is away, once a second, so that what is still to wait is shown. */
        if (e->link.up || e->link.retry.at_ns > now + 1000000000u)
            h->ops->idle(h, 1000);
        else if (e->link.retry.at_ns > now)
            h->ops->idle(h, (int)((e->link.retry.at_ns - now) / 1000000u) + 1);
    }
}
