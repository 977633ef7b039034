#include "core/engine/engine.h"

#include "core/engine/engine_internal.h"
#include "core/model/array.h"
#include "core/model/clock.h"
#include "core/record/replay.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

uint64_t engine_now_ns(const struct engine *e)
{
    return e->config.clock ? e->config.clock(e->config.clock_context) : clock_monotonic_ns();
}

/* Faces hold the engine as const where they only look; the lock is not part of what they look at. */
static void lock(const struct engine *e)
{
    pthread_mutex_lock((pthread_mutex_t *)&e->mutex);
}

static void unlock(const struct engine *e)
{
    pthread_mutex_unlock((pthread_mutex_t *)&e->mutex);
}

static void raise_event(struct engine *e)
{
    uint64_t one = 1;

    if (write(e->event_fd, &one, sizeof(one)) < 0) {
        /* The counter is full: the fd is readable, and that's all that matters. */
    }
}

static void clear_event(struct engine *e)
{
    uint64_t count;

    if (read(e->event_fd, &count, sizeof(count)) < 0) {
        /* It was clear. */
    }
}

bool engine_stopping(struct engine *e)
{
    bool stopping;

    lock(e);
    stopping = e->stopping;
    unlock(e);
    return stopping;
}

void engine_call(struct engine *e, const char *what)
{
    lock(e);
    e->call = what;
    e->call_since_ns = clock_monotonic_ns();
    unlock(e);
}

void engine_returned(struct engine *e)
{
    lock(e);
    e->call = NULL;
    unlock(e);
}

double engine_busy(const struct engine *e, char *text, size_t size)
{
    double seconds = 0;

    lock(e);
    if (e->call)
        seconds = (double)(clock_monotonic_ns() - e->call_since_ns) / 1e9;
    snprintf(text, size, "%s", e->call ? e->call : "");
    unlock(e);
    return seconds;
}

static void set_outcome(struct engine *e, int status, const char *format, va_list arguments)
{
    lock(e);
    e->status = status;
    vsnprintf(e->error, sizeof(e->error), format, arguments);
    unlock(e);
}

void engine_end(struct engine *e, int status, const char *format, ...)
{
    va_list arguments;

    if (e->over)
        return;
    e->over = true;
    va_start(arguments, format);
    set_outcome(e, status, format, arguments);
    va_end(arguments);
}

void engine_remark(struct engine *e, int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_outcome(e, status, format, arguments);
    va_end(arguments);
}

static void swap_reports(struct report *a, struct report *b)
{
    struct report held = *a;

    *a = *b;
    *b = held;
}

/* Makes room in the queue: a replay waits until a face has taken one, live the oldest goes. */
static void make_room(struct engine *e)
{
    while (e->config.replay && e->n_queue == ENGINE_QUEUED && !e->stopping)
        pthread_cond_wait(&e->changed, &e->mutex);
    if (e->n_queue < ENGINE_QUEUED)
        return;
    e->queue_first = (e->queue_first + 1) % ENGINE_QUEUED;
    e->n_queue--;
}

static double next_in_s(const struct engine *e)
{
    const struct report *r = &e->report;
    double s;

    if (r->state == REPORT_ENDED || r->state == REPORT_DISCONNECTED || !e->ever_up)
        return -1;
    if (e->config.replay)
        s = r->speed > 0 ? (r->interval_s - (double)(r->snapshot.taken_ns - e->learned.taken_ns) / 1e9) / r->speed : 0;
    else
        s = ((double)e->next_decision_ns - (double)engine_now_ns(e)) / 1e9;
    return s > 0 ? s : 0;
}

void engine_publish(struct engine *e, enum engine_news news)
{
    struct report *r = &e->report;
    bool queued = news != ENGINE_SAMPLE || e->config.replay;

    e->dirty = false;
    r->decision = news == ENGINE_DECISION;
    r->early = news == ENGINE_EARLY;
    r->next_in_s = next_in_s(e);
    if (report_copy(&e->spare, r)) {
        lock(e);
        e->lost_report = true;
    } else {
        lock(e);
        if (queued) {
            make_room(e);
            swap_reports(&e->queue[(e->queue_first + e->n_queue) % ENGINE_QUEUED], &e->spare);
            e->n_queue++;
        } else {
            swap_reports(&e->latest, &e->spare);
        }
        e->has_latest = !queued; /* what is queued is younger than a sample that nobody took */
    }
    raise_event(e);
    unlock(e);
    r->decision = r->early = false;
}

int engine_fd(const struct engine *e)
{
    return e->event_fd;
}

int engine_take(struct engine *e, struct report *r)
{
    int result = 0;

    lock(e);
    if (e->n_queue > 0) {
        swap_reports(r, &e->queue[e->queue_first]);
        e->queue_first = (e->queue_first + 1) % ENGINE_QUEUED;
        e->n_queue--;
        pthread_cond_broadcast(&e->changed);
        result = 1;
    } else if (e->has_latest) {
        swap_reports(r, &e->latest);
        e->has_latest = false;
        result = 1;
    } else if (e->lost_report) {
        e->lost_report = false;
        result = -ENOMEM;
    }
    if (e->n_queue == 0 && !e->has_latest && !e->lost_report && !e->ended)
        clear_event(e);
    unlock(e);
    return result;
}

uint64_t engine_send(struct engine *e, const struct engine_command *command)
{
    uint64_t number = 0;

    lock(e);
    if (!array_reserve(&e->commands, &e->cap_commands, e->n_commands + 1, sizeof(*e->commands))) {
        e->commands[e->n_commands++] = *command;
        number = ++e->commands_sent;
    }
    if (e->host_open)
        e->config.host->ops->wake(e->config.host);
    pthread_cond_broadcast(&e->changed);
    unlock(e);
    return number;
}

int engine_take_commands(struct engine *e, struct engine_command **taken, int *cap)
{
    int n;

    lock(e);
    n = e->n_commands;
    if (array_reserve(taken, cap, n, sizeof(**taken))) {
        n = 0;
    } else {
        array_copy(*taken, e->commands, n, sizeof(**taken));
        e->n_commands = 0;
    }
    unlock(e);
    return n;
}

bool engine_ended(const struct engine *e, int *status, char *error, size_t size)
{
    bool ended;

    lock(e);
    ended = e->ended;
    *status = e->status;
    snprintf(error, size, "%s", ended ? e->error : "");
    unlock(e);
    return ended;
}

/* Puts back what was found where that's wanted, and leaves the hypervisor. */
static void leave(struct engine *e)
{
    struct host *h = e->config.host;
    bool cpu = e->config.program == REPORT_VCPU_SCHEDULER;
    char error[HOST_ERROR_BYTES] = "no connection";
    int n = -ENOTCONN;

    if (e->config.restore_on_exit && !e->report.dry_run && !e->config.replay && e->ever_up) {
        engine_call(e, "putting back what was found");
        if (h->ops->connected(h))
            n = h->ops->restore(h, cpu, !cpu, error, sizeof(error));
        engine_returned(e);
        lock(e);
        if (n < 0) {
            e->status = 1;
            snprintf(e->error, sizeof(e->error), "what was found is not put back (--restore does it later): %.180s",
                     error);
        } else if (e->error[0] == '\0') {
            snprintf(e->error, sizeof(e->error), "%s put back as found: %d", cpu ? "affinities" : "balloon sizes", n);
        }
        unlock(e);
    }
    engine_call(e, "leaving the hypervisor");
    lock(e);
    e->host_open = false;
    unlock(e);
    h->ops->close(h);
    engine_returned(e);
}

static void *run(void *context)
{
    struct engine *e = context;

    if (e->config.replay)
        engine_run_replay(e);
    else
        engine_run_live(e);
    e->report.state = REPORT_ENDED;
    leave(e);
    engine_publish(e, ENGINE_SAMPLE);
    lock(e);
    e->ended = true;
    raise_event(e);
    pthread_cond_broadcast(&e->changed);
    unlock(e);
    return NULL;
}

static void free_all(struct engine *e)
{
    if (e->policy)
        e->config.policy->destroy(e->policy);
    for (int i = 0; i < ENGINE_QUEUED; i++)
        report_free(&e->queue[i]);
    report_free(&e->latest);
    report_free(&e->report);
    report_free(&e->spare);
    snapshot_free(&e->fresh);
    snapshot_free(&e->sampled);
    snapshot_free(&e->base);
    snapshot_free(&e->learned);
    plan_free(&e->early);
    plan_free(&e->early_told);
    plan_free(&e->undo);
    plan_free(&e->noted);
    free(e->memos);
    free(e->locked);
    free(e->commands);
    if (e->event_fd >= 0)
        close(e->event_fd);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->mutex);
    free(e);
}

static void init_locks(struct engine *e)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&e->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&e->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* The loop's thread takes no signals: those are the face's. */
static int start_thread(struct engine *e)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&e->thread, NULL, run, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

struct engine *engine_start(const struct engine_config *config, char *error, size_t size)
{
    struct host *h = config->host;
    struct engine *e = calloc(1, sizeof(*e));
    const char *why = "out of memory";
    int code;

    if (e) {
        e->config = *config;
        e->host_open = true;
        e->report.program = config->program;
        e->report.replay = config->replay;
        e->report.speed = config->replay ? replay_speed(h) : 1;
        e->report.dry_run = config->dry_run;
        snprintf(e->report.snapshot.uri, sizeof(e->report.snapshot.uri), "%s", config->uri ? config->uri : "");
        e->jitter = clock_monotonic_ns() | 1;
        if (config->once)
            e->config.iterations = 1;
        init_locks(e);
        engine_set_interval(e, config->interval_s);
        e->policy = config->policy->create(config->policy_settings);
        e->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (e->event_fd < 0)
            why = "no file descriptor is left";
        if (e->policy && e->event_fd >= 0) {
            code = start_thread(e);
            if (!code)
                return e;
            why = strerror(code);
        }
        free_all(e);
    }
    snprintf(error, size, "cannot start: %s", why);
    h->ops->close(h);
    return NULL;
}

void engine_ask_end(struct engine *e)
{
    lock(e);
    e->stopping = true;
    if (e->host_open)
        e->config.host->ops->wake(e->config.host);
    pthread_cond_broadcast(&e->changed);
    unlock(e);
}

/* With the lock held: waits for the end for up to ms more. */
static bool wait_for_end(struct engine *e, int ms)
{
    uint64_t until = clock_monotonic_ns() + (uint64_t)(ms > 0 ? ms : 0) * 1000000u;
    struct timespec t = clock_timespec(until);

    while (!e->ended)
        if (pthread_cond_timedwait(&e->changed, &e->mutex, &t) == ETIMEDOUT)
            break;
    return e->ended;
}

int engine_finish(struct engine *e, int grace_ms)
{
    struct host *h = e->config.host;
    bool ended;

    engine_ask_end(e);
    lock(e);
    ended = wait_for_end(e, grace_ms / 2);
    if (!ended) {
        if (e->host_open && h->ops->interrupt)
            h->ops->interrupt(h);
        ended = wait_for_end(e, grace_ms - grace_ms / 2);
    }
    unlock(e);
    return ended ? 0 : -ETIMEDOUT;
}

void engine_free(struct engine *e)
{
    pthread_join(e->thread, NULL);
    free_all(e);
}

int engine_stop(struct engine *e, int grace_ms)
{
    int error = engine_finish(e, grace_ms);

    if (!error)
        engine_free(e);
    return error;
}
