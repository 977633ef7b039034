#include "core/engine/mailbox.h"

#include "core/model/array.h"
#include "core/model/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Faces hold the mailbox as const where they only look; the lock is not part of what they look at. */
static void lock(const struct mailbox *m)
{
    pthread_mutex_lock((pthread_mutex_t *)&m->mutex);
}

static void unlock(const struct mailbox *m)
{
    pthread_mutex_unlock((pthread_mutex_t *)&m->mutex);
}

static void raise_event(struct mailbox *m)
{
    uint64_t one = 1;

    if (write(m->event_fd, &one, sizeof(one)) < 0) {
        /* The counter is full: the fd is readable, and that's all that matters. */
    }
}

static void clear_event(struct mailbox *m)
{
    uint64_t count;

    if (read(m->event_fd, &count, sizeof(count)) < 0) {
        /* It was clear. */
    }
}

int mailbox_init(struct mailbox *m, struct host *host)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&m->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&m->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    m->host = host;
    m->turned_ns = clock_monotonic_ns();
    m->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return m->event_fd < 0 ? -errno : 0;
}

void mailbox_free(struct mailbox *m)
{
    for (int i = 0; i < MAILBOX_QUEUED; i++)
        report_free(&m->queue[i]);
    report_free(&m->latest);
    for (int i = 0; i < m->n_commands; i++)
        engine_settings_free(m->commands[i].settings);
    free(m->commands);
    if (m->event_fd >= 0)
        close(m->event_fd);
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->mutex);
}

bool mailbox_stopping(struct mailbox *m)
{
    bool stopping;

    lock(m);
    stopping = m->stopping;
    unlock(m);
    return stopping;
}

void mailbox_call_since(struct mailbox *m, const char *what, uint64_t since_ns)
{
    lock(m);
    m->call = what;
    m->call_since_ns = since_ns;
    unlock(m);
}

void mailbox_call(struct mailbox *m, const char *what)
{
    mailbox_call_since(m, what, clock_monotonic_ns());
}

void mailbox_returned(struct mailbox *m)
{
    lock(m);
    m->call = NULL;
    unlock(m);
}

void mailbox_turned(struct mailbox *m)
{
    lock(m);
    m->turned_ns = clock_monotonic_ns();
    unlock(m);
}

double mailbox_stuck(const struct mailbox *m)
{
    double seconds;

    lock(m);
    seconds = m->ended ? 0 : (double)(clock_monotonic_ns() - m->turned_ns) / 1e9;
    unlock(m);
    return seconds;
}

double mailbox_busy(const struct mailbox *m, char *text, size_t size)
{
    double seconds = 0;

    lock(m);
    if (m->call)
        seconds = (double)(clock_monotonic_ns() - m->call_since_ns) / 1e9;
    snprintf(text, size, "%s", m->call ? m->call : "");
    unlock(m);
    return seconds;
}

void mailbox_outcome(struct mailbox *m, bool keep, int status, const char *format, va_list arguments)
{
    lock(m);
    if (!keep || (m->status == 0 && m->error[0] == '\0')) {
        m->status = status;
        vsnprintf(m->error, sizeof(m->error), format, arguments);
    }
    unlock(m);
}

static void swap_reports(struct report *a, struct report *b)
{
    struct report held = *a;

    *a = *b;
    *b = held;
}

/* Makes room in the queue: a publisher who waits does so until a face has taken one, otherwise the oldest goes. */
static void make_room(struct mailbox *m, bool waits)
{
    while (waits && m->n_queue == MAILBOX_QUEUED && !m->stopping)
        pthread_cond_wait(&m->changed, &m->mutex);
    if (m->n_queue < MAILBOX_QUEUED)
        return;
    m->queue_first = (m->queue_first + 1) % MAILBOX_QUEUED;
    m->n_queue--;
}

void mailbox_publish(struct mailbox *m, struct report *r, bool queued, bool waits)
{
    lock(m);
    if (queued) {
        make_room(m, waits);
        swap_reports(&m->queue[(m->queue_first + m->n_queue) % MAILBOX_QUEUED], r);
        m->n_queue++;
    } else {
        swap_reports(&m->latest, r);
    }
    m->has_latest = !queued; /* what is queued is younger than a sample that nobody took */
    raise_event(m);
    unlock(m);
}

int mailbox_take(struct mailbox *m, struct report *r)
{
    int result = 0;

    lock(m);
    if (m->n_queue > 0) {
        swap_reports(r, &m->queue[m->queue_first]);
        m->queue_first = (m->queue_first + 1) % MAILBOX_QUEUED;
        m->n_queue--;
        pthread_cond_broadcast(&m->changed);
        result = 1;
    } else if (m->has_latest) {
        swap_reports(r, &m->latest);
        m->has_latest = false;
        result = 1;
    }
    if (m->n_queue == 0 && !m->has_latest && !m->ended)
        clear_event(m);
    unlock(m);
    return result;
}

static void wake_host(struct mailbox *m)
{
    if (m->host)
        m->host->ops->wake(m->host);
}

uint64_t mailbox_send(struct mailbox *m, const struct engine_command *command)
{
    uint64_t number = 0;

    lock(m);
    if (!array_reserve(&m->commands, &m->cap_commands, m->n_commands + 1, sizeof(*m->commands))) {
        m->commands[m->n_commands++] = *command;
        number = ++m->commands_sent;
    }
    wake_host(m);
    pthread_cond_broadcast(&m->changed);
    unlock(m);
    return number;
}

int mailbox_take_commands(struct mailbox *m, struct engine_command **taken, int *cap)
{
    int n;

    lock(m);
    n = m->n_commands;
    if (array_reserve(taken, cap, n, sizeof(**taken))) {
        n = 0;
    } else {
        array_copy(*taken, m->commands, n, sizeof(**taken));
        m->n_commands = 0;
    }
    unlock(m);
    return n;
}

bool mailbox_ended(const struct mailbox *m, int *status, char *error, size_t size)
{
    bool ended;

    lock(m);
    ended = m->ended;
    *status = m->status;
    snprintf(error, size, "%s", ended ? m->error : "");
    unlock(m);
    return ended;
}

void mailbox_forget_host(struct mailbox *m)
{
    lock(m);
    m->host = NULL;
    unlock(m);
}

void mailbox_end(struct mailbox *m)
{
    lock(m);
    m->ended = true;
    raise_event(m);
    pthread_cond_broadcast(&m->changed);
    unlock(m);
}

void mailbox_ask_end(struct mailbox *m)
{
    lock(m);
    m->stopping = true;
    wake_host(m);
    pthread_cond_broadcast(&m->changed);
    unlock(m);
}

/* With the lock held: waits for the end for up to ms more. */
static bool wait_for_end(struct mailbox *m, int ms)
{
    struct timespec until = clock_timespec(clock_monotonic_ns() + (uint64_t)(ms > 0 ? ms : 0) * 1000000u);

    while (!m->ended)
        if (pthread_cond_timedwait(&m->changed, &m->mutex, &until) == ETIMEDOUT)
            break;
    return m->ended;
}

int mailbox_finish(struct mailbox *m, int grace_ms)
{
    bool ended;

    mailbox_ask_end(m);
    lock(m);
    ended = wait_for_end(m, grace_ms / 2);
    if (!ended) {
        if (m->host && m->host->ops->interrupt)
            m->host->ops->interrupt(m->host);
        ended = wait_for_end(m, grace_ms - grace_ms / 2);
    }
    unlock(m);
    return ended ? 0 : -ETIMEDOUT;
}
