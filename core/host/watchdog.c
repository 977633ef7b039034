#include "core/host/watchdog.h"

#include "core/model/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct watchdog {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    int socket;  /* our duplicate, or -1 */
    bool armed;  /* a call is under way, to end by due */
    bool cut;    /* the present call's time is over */
    bool barred; /* interrupted: every call is cut off at once */
    bool ending;
    uint64_t due_ns; /* CLOCK_MONOTONIC */
};

/* With the lock held. */
static void cut(struct watchdog *w)
{
    w->cut = true;
    if (w->socket >= 0)
        shutdown(w->socket, SHUT_RDWR);
}

static void *watch(void *argument)
{
    struct watchdog *w = argument;

    pthread_mutex_lock(&w->lock);
    while (!w->ending) {
        struct timespec due = clock_timespec(w->due_ns);

        if (!w->armed || w->cut)
            pthread_cond_wait(&w->changed, &w->lock);
        else if (w->barred || clock_monotonic_ns() >= w->due_ns)
            cut(w);
        else
            pthread_cond_timedwait(&w->changed, &w->lock, &due);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct watchdog *watchdog_start(void)
{
    struct watchdog *w = calloc(1, sizeof(*w));
    pthread_condattr_t monotonic;
    sigset_t all, before;
    int failed;

    if (!w)
        return NULL;
    w->socket = -1;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* Signals are for the program's own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&w->thread, NULL, watch, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        return w;
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return NULL;
}

void watchdog_stop(struct watchdog *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    watchdog_detach(w);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void watchdog_begin(struct watchdog *w, int ms)
{
    pthread_mutex_lock(&w->lock);
    w->due_ns = clock_monotonic_ns() + (uint64_t)ms * 1000000u;
    w->armed = true;
    w->cut = false;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

bool watchdog_end(struct watchdog *w)
{
    bool was_cut;

    pthread_mutex_lock(&w->lock);
    was_cut = w->cut;
    w->armed = false;
    w->cut = false;
    pthread_mutex_unlock(&w->lock);
    return was_cut;
}

void watchdog_attach(struct watchdog *w, int socket)
{
    pthread_mutex_lock(&w->lock);
    if (w->socket >= 0)
        close(w->socket);
    w->socket = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (w->armed && w->cut)
        cut(w);
    pthread_mutex_unlock(&w->lock);
}

void watchdog_detach(struct watchdog *w)
{
    pthread_mutex_lock(&w->lock);
    if (w->socket >= 0) {
        /* The other side sees the end only when all descriptors of the socket are closed, or by this. */
        shutdown(w->socket, SHUT_RDWR);
        close(w->socket);
    }
    w->socket = -1;
    pthread_mutex_unlock(&w->lock);
}

void watchdog_interrupt(struct watchdog *w)
{
    pthread_mutex_lock(&w->lock);
    w->barred = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void watchdog_allow(struct watchdog *w)
{
    pthread_mutex_lock(&w->lock);
    w->barred = false;
    pthread_mutex_unlock(&w->lock);
}
