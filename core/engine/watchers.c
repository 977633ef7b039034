#include "core/engine/watchers.h"

#include "core/attach/attach_socket.h"
#include "core/engine/mailbox.h"
#include "core/engine/watcher.h"
#include "core/model/clock.h"
#include "core/record/json_report.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How often it is looked whether a call hangs, and from when on that is told: a screen has it in its head by then. */
enum { LOOK_MS = 500 };
static const double busy_s = 1;

struct watchers {
    struct attach_listener listener;
    struct attach_hello hello;
    struct engine *engine; /* set once, before the thread begins */
    pthread_t thread;
    bool started;
    int stop_fd;
    struct mailbox reports; /* from the control loop */
    struct report spare;    /* the control loop's: copied to before it's handed over */
    struct report report;   /* the last one */
    bool has_report;
    bool deaf;        /* no descriptor was left for one who has connected: he has to wait for a while */
    unsigned watched; /* what the engine was asked to measure for all watchers */
    struct watcher watchers[WATCHERS_MOST];
};

/* A report's text for those who know the same lines of the log already: as a rule, one for all. */
struct text {
    uint64_t after;
    char *json;
};

struct watchers *watchers_open(enum report_program program, const char *version, const char *uri, const char *path,
                               int *error, char *why, size_t size)
{
    struct watchers *w = calloc(1, sizeof(*w));

    *error = w ? mailbox_init(&w->reports, NULL) : -ENOMEM;
    if (*error) {
        snprintf(why, size, "%s", strerror(-*error));
        if (w)
            mailbox_free(&w->reports);
        free(w);
        return NULL;
    }
    for (int i = 0; i < WATCHERS_MOST; i++)
        w->watchers[i].fd = -1;
    w->listener.fd = -1;
    snprintf(w->hello.program, sizeof(w->hello.program), "%s", report_program_name(program));
    snprintf(w->hello.version, sizeof(w->hello.version), "%s", version);
    snprintf(w->hello.uri, sizeof(w->hello.uri), "%s", uri);
    w->hello.process = (long)getpid();
    w->stop_fd = eventfd(0, EFD_CLOEXEC);
    *error = w->stop_fd < 0 ? -errno : attach_socket_listen(&w->listener, path, why, size);
    if (*error == 0)
        return w;
    if (w->stop_fd < 0)
        snprintf(why, size, "%s", strerror(-*error));
    watchers_close(w);
    return NULL;
}

void watchers_show(struct watchers *w, const struct report *r)
{
    bool queued = r->decision || r->early;

    if (report_copy(&w->spare, r) == 0) /* memory is short: this one isn't seen */
        mailbox_publish(&w->reports, &w->spare, queued, false);
}

/* What all of them together want measured, where that has changed. */
static void follow_watch(struct watchers *w)
{
    unsigned all = 0;

    for (int i = 0; i < WATCHERS_MOST; i++)
        all |= w->watchers[i].watch;
    if (all == w->watched)
        return;
    w->watched = all;
    engine_send(w->engine, &(struct engine_command){.kind = ENGINE_WATCH, .value = all, .sender = ENGINE_WATCHERS});
}

static const char *json_after(struct text *t, const struct report *r, uint64_t after)
{
    if (t->json && t->after == after)
        return t->json;
    free(t->json);
    t->json = json_report_after(r, after);
    t->after = after;
    return t->json;
}

static void show_report(struct watchers *w, struct watcher *to, struct text *t)
{
    const struct report *r = &w->report;
    const char *json = json_after(t, r, to->told);

    to->owed = !json || !attach_output_has_room(&to->out, strlen(json));
    if (to->owed)
        return; /* the log's lines come with the next one */
    if (!attach_output_add(&to->out, json, strlen(json))) {
        watcher_close(to);
        return;
    }
    if (r->n_log > 0)
        to->told = r->log[r->n_log - 1].serial;
    to->greeted = true;
}

static void show_status(struct watchers *w, struct watcher *to)
{
    char *status = attach_status_text(&w->report);

    if (status && (!to->status || strcmp(status, to->status) != 0) &&
        attach_output_has_room(&to->out, strlen(status))) {
        free(to->status);
        to->status = strdup(status);
        to->owed = false;
        watcher_tell(to, status);
    } else {
        to->owed = status && (!to->status || strcmp(status, to->status) != 0);
        free(status);
    }
}

/* Tells one of the last report, if that is what it wants. */
static void show(struct watchers *w, struct watcher *to, struct text *t)
{
    bool decides = w->report.decision || w->report.early;

    if (to->fd < 0 || !w->has_report)
        return;
    if (to->want == ATTACH_WANTS_REPORTS || (to->want == ATTACH_WANTS_DECISIONS && (decides || !to->greeted)))
        show_report(w, to, t);
    else if (to->want == ATTACH_WANTS_STATUS)
        show_status(w, to);
}

/* Answers what the last report has answers to. */
static void answer(struct watchers *w, struct watcher *to)
{
    for (int i = 0; i < WATCHER_PENDING && to->fd >= 0; i++) {
        struct watcher_command *c = &to->pending[i];
        const struct report_answer *a = report_answer_to(&w->report, c->number);
        /* So many have been answered since that this one's answer is gone. */
        bool missed = !a && c->number > 0 && w->report.answers[c->number % REPORT_ANSWERS].command > c->number;

        if (a)
            watcher_answer(to, c, a->refused, a->actions, a->text);
        else if (missed)
            watcher_answer(to, c, false, 0, "carried out or refused; its answer was lost among many");
        if (a || missed)
            c->number = 0;
    }
}

/* What was left out, to one who has taken all that waited: it may be long until the next one comes. */
static void pay(struct watchers *w, struct watcher *to)
{
    struct text t = {0};

    if (to->fd < 0 || !to->owed || attach_output_waiting(&to->out) > 0)
        return;
    if (to->want == ATTACH_WANTS_STATUS)
        show_status(w, to);
    else
        show_report(w, to, &t);
    free(t.json);
    if (to->fd >= 0)
        watcher_flush(to, clock_monotonic_ns());
}

static void take_reports(struct watchers *w)
{
    while (mailbox_take(&w->reports, &w->report)) {
        struct text t = {0};

        w->has_report = true;
        for (int i = 0; i < WATCHERS_MOST; i++) {
            show(w, &w->watchers[i], &t);
            answer(w, &w->watchers[i]);
        }
        free(t.json);
    }
}

/* Fills in which guest is meant. False: there is none of that name. */
static bool find_guest(const struct watchers *w, const struct attach_request *request, struct engine_command *c)
{
    const struct snapshot *s = &w->report.snapshot;

    memcpy(c->uuid, request->uuid, sizeof(c->uuid));
    for (int i = 0; i < s->n_guests && !request->has_uuid; i++)
        if (strcmp(s->guests[i].name, request->guest) == 0) {
            memcpy(c->uuid, s->guests[i].uuid, sizeof(c->uuid));
            return true;
        }
    return request->has_uuid;
}

/* Why the command can't be given; NULL: it can, and c is it. */
static const char *command_of(const struct watchers *w, const struct attach_request *request, const struct command *row,
                              struct engine_command *c)
{
    c->kind = row->kind;
    c->sender = ENGINE_WATCHERS;
    c->value = request->has_value ? request->value : 1;
    if (row->argument == COMMAND_NUMBER && !request->has_value)
        return "value is missing";
    if (row->argument == COMMAND_GUEST && !find_guest(w, request, c))
        return request->guest[0] ? "there is no guest of that name" : "guest is missing";
    return NULL;
}

static void give_command(struct watchers *w, struct watcher *from, const struct attach_request *request)
{
    const struct command *row = commands_find(request->command);
    struct watcher_command *pending = watcher_place(from), unknown = {.has_id = request->has_id, .id = request->id};
    struct engine_command c = {0};
    const char *why = row ? command_of(w, request, row, &c) : NULL;
    char text[160];

    if (!row) {
        watcher_answer(from, &unknown, true, 0, "there is no such command");
    } else if (why) {
        snprintf(text, sizeof(text), "%s: %s", row->refused, why);
        watcher_answer(from, &unknown, true, 0, text);
    } else if (c.kind == ENGINE_WATCH) {
        from->watch = c.value > 0 && c.value < UINT32_MAX ? (unsigned)c.value : 0;
        follow_watch(w);
        watcher_answer(from, &unknown, false, 0, "measured from now on");
    } else {
        *pending = unknown;
        pending->number = engine_send(w->engine, &c);
        if (pending->number == 0)
            watcher_answer(from, &unknown, true, 0, "out of memory");
    }
}

static void take_want(struct watchers *w, struct watcher *from, enum attach_want want)
{
    struct text t = {0};

    from->want = want;
    from->greeted = from->owed = false;
    show(w, from, &t);
    free(t.json);
}

static void take_line(struct watchers *w, struct watcher *from, const char *line, size_t length)
{
    struct attach_request request;
    char why[160], text[200];

    if (!attach_request_read(&request, line, length, why, sizeof(why))) {
        snprintf(text, sizeof(text), "not understood: %s", why);
        watcher_answer(from, &(struct watcher_command){.has_id = request.has_id, .id = request.id}, true, 0, text);
        return;
    }
    if (request.has_want)
        take_want(w, from, request.want);
    if (request.command[0] && from->fd >= 0)
        give_command(w, from, &request);
}

/* What it has sent, as far as it's to be heard now. */
static void hear(struct watchers *w, struct watcher *from)
{
    const char *line;
    size_t length;

    while (from->fd >= 0 && watcher_is_heard(from) && (line = attach_input_line(&from->in, &length)))
        take_line(w, from, line, length);
}

static void close_one(struct watchers *w, struct watcher *who)
{
    watcher_close(who);
    follow_watch(w);
}

/* A place for one more; that of the one who has taken nothing for the longest time, where there is no other. */
static struct watcher *place(struct watchers *w)
{
    struct watcher *slowest = &w->watchers[0];

    for (int i = 0; i < WATCHERS_MOST; i++) {
        if (w->watchers[i].fd < 0)
            return &w->watchers[i];
        if (w->watchers[i].taken_ns < slowest->taken_ns)
            slowest = &w->watchers[i];
    }
    close_one(w, slowest);
    return slowest;
}

static void let_in(struct watchers *w)
{
    int fd = attach_socket_accept(&w->listener);
    struct watcher *one;

    w->deaf = fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS;
    if (fd < 0)
        return;
    one = place(w);
    watcher_open(one, fd, clock_monotonic_ns());
    watcher_tell(one, attach_hello_text(&w->hello));
}

/* Reports stand still while a call to the hypervisor hangs, so that it's told. */
static void tell_busy(struct watchers *w)
{
    char doing[96];
    double seconds = engine_busy(w->engine, doing, sizeof(doing));

    for (int i = 0; i < WATCHERS_MOST; i++) {
        struct watcher *to = &w->watchers[i];
        bool hangs = seconds >= busy_s;

        if (to->fd < 0 || (!hangs && !to->busy) || attach_output_waiting(&to->out) > ATTACH_WAITING_BYTES)
            continue;
        to->busy = hangs;
        watcher_tell(to, attach_busy_text(hangs ? seconds : 0, doing));
    }
}

static bool any(const struct watchers *w)
{
    for (int i = 0; i < WATCHERS_MOST; i++)
        if (w->watchers[i].fd >= 0)
            return true;
    return false;
}

/* What one has sent, or that it is gone. What it sent before it went is carried out, as whoever says what to do and
 * leaves would have it. One that only has no more to say still gets its answers, and what it wants to be told of. */
static void take_from(struct watchers *w, struct watcher *from, short ready)
{
    int error = ready && !from->silent ? attach_input_read(&from->in, from->fd, ATTACH_REQUEST_BYTES) : 0;

    from->silent = from->silent || error == -EPIPE;
    hear(w, from);
    if (from->fd >= 0 && ((error && error != -EPIPE) || (ready & (POLLHUP | POLLERR)) || watcher_is_done(from)))
        close_one(w, from);
}

enum { LISTENER, REPORTS, STOP, FIRST };

/* Waits for something to happen and deals with it. False: time to end. */
static bool iterate(struct watchers *w)
{
    struct pollfd fds[FIRST + WATCHERS_MOST] = {[LISTENER] = {w->deaf ? -1 : w->listener.fd, POLLIN, 0},
                                                [REPORTS] = {w->reports.event_fd, POLLIN, 0},
                                                [STOP] = {w->stop_fd, POLLIN, 0}};

    for (int i = 0; i < WATCHERS_MOST; i++) {
        const struct watcher *one = &w->watchers[i];
        short events = (short)((watcher_is_heard(one) && !one->silent ? POLLIN : 0) |
                               (attach_output_waiting(&one->out) ? POLLOUT : 0));

        fds[FIRST + i] = (struct pollfd){one->fd, events, 0};
    }
    if (poll(fds, FIRST + WATCHERS_MOST, any(w) || w->deaf ? LOOK_MS : -1) < 0 && errno != EINTR)
        return false;
    w->deaf = false;
    take_reports(w);
    for (int i = 0; i < WATCHERS_MOST; i++)
        if (w->watchers[i].fd >= 0)
            take_from(w, &w->watchers[i], (short)(fds[FIRST + i].revents & (POLLIN | POLLHUP | POLLERR)));
    if (fds[LISTENER].revents)
        let_in(w);
    if (any(w))
        tell_busy(w);
    for (int i = 0; i < WATCHERS_MOST; i++)
        watcher_flush(&w->watchers[i], clock_monotonic_ns());
    for (int i = 0; i < WATCHERS_MOST; i++)
        pay(w, &w->watchers[i]);
    follow_watch(w);
    return !fds[STOP].revents;
}

static void *run(void *context)
{
    struct watchers *w = context;

    while (iterate(w))
        ;
    return NULL;
}

int watchers_start(struct watchers *w, struct engine *e)
{
    sigset_t all, before;
    int error;

    w->engine = e;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->started = !error;
    return -error;
}

void watchers_leave(struct watchers *w)
{
    if (w)
        attach_socket_unlink(&w->listener);
}

void watchers_close(struct watchers *w)
{
    uint64_t one = 1;

    if (!w)
        return;
    if (w->started && write(w->stop_fd, &one, sizeof(one)) == (ssize_t)sizeof(one))
        pthread_join(w->thread, NULL);
    for (int i = 0; i < WATCHERS_MOST; i++)
        watcher_close(&w->watchers[i]);
    attach_socket_close(&w->listener);
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    report_free(&w->report);
    report_free(&w->spare);
    mailbox_free(&w->reports);
    free(w);
}
