#include "core/host/event_loop.h"

#include "core/model/array.h"
#include "core/model/clock.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct handle {
    int watch, fd, events; /* events as of virEventHandleType */
    bool removed;          /* to be released at the next safe moment */
    virEventHandleCallback callback;
    virFreeCallback release;
    void *opaque;
};

struct timer {
    int id, every_ms; /* < 0: off */
    int64_t due_ms;
    bool removed;
    virEventTimeoutCallback callback;
    virFreeCallback release;
    void *opaque;
};

/* libvirt's callbacks come without a context, which leaves no other place for this. Only the thread that makes libvirt
 * calls touches it; wake reads wake_fd, which never changes once it's made. */
static struct {
    bool registered;
    int wake_fd;
    int alarm_fd; /* -1: none */
    bool alarmed;
    void (*on_socket)(int socket, void *context);
    void *on_socket_context;
    int last_id;
    struct handle *handles;
    int n_handles, cap_handles;
    struct timer *timers;
    int n_timers, cap_timers;
    struct pollfd *polls;
    int cap_polls;
} loop = {.wake_fd = -1, .alarm_fd = -1};

static int64_t now_ms(void)
{
    return (int64_t)(clock_monotonic_ns() / 1000000u);
}

static struct handle *find_handle(int watch)
{
    for (int i = 0; i < loop.n_handles; i++)
        if (loop.handles[i].watch == watch && !loop.handles[i].removed)
            return &loop.handles[i];
    return NULL;
}

static struct timer *find_timer(int id)
{
    for (int i = 0; i < loop.n_timers; i++)
        if (loop.timers[i].id == id && !loop.timers[i].removed)
            return &loop.timers[i];
    return NULL;
}

static int add_handle(int fd, int events, virEventHandleCallback callback, void *opaque, virFreeCallback release)
{
    struct stat status;

    if (array_reserve(&loop.handles, &loop.cap_handles, loop.n_handles + 1, sizeof(*loop.handles)))
        return -1;
    loop.handles[loop.n_handles++] = (struct handle){
        .watch = ++loop.last_id,
        .fd = fd,
        .events = events,
        .callback = callback,
        .release = release,
        .opaque = opaque,
    };
    if (loop.on_socket && fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode))
        loop.on_socket(fd, loop.on_socket_context);
    return loop.last_id;
}

static void update_handle(int watch, int events)
{
    struct handle *h = find_handle(watch);

    if (h)
        h->events = events;
}

static int remove_handle(int watch)
{
    struct handle *h = find_handle(watch);

    if (!h)
        return -1;
    h->removed = true;
    return 0;
}

static void set_timer(struct timer *t, int every_ms)
{
    t->every_ms = every_ms;
    t->due_ms = now_ms() + (every_ms > 0 ? every_ms : 0);
}

static int add_timer(int every_ms, virEventTimeoutCallback callback, void *opaque, virFreeCallback release)
{
    struct timer *t;

    if (array_reserve(&loop.timers, &loop.cap_timers, loop.n_timers + 1, sizeof(*loop.timers)))
        return -1;
    t = &loop.timers[loop.n_timers++];
    *t = (struct timer){.id = ++loop.last_id, .callback = callback, .release = release, .opaque = opaque};
    set_timer(t, every_ms);
    return t->id;
}

static void update_timer(int id, int every_ms)
{
    struct timer *t = find_timer(id);

    if (t)
        set_timer(t, every_ms);
}

static int remove_timer(int id)
{
    struct timer *t = find_timer(id);

    if (!t)
        return -1;
    t->removed = true;
    return 0;
}

/* libvirt wants its data released from a clean stack: not from within remove, nor from within a callback. */
static void release_removed(void)
{
    for (int i = 0; i < loop.n_handles;) {
        struct handle h = loop.handles[i];

        if (!h.removed) {
            i++;
            continue;
        }
        memmove(&loop.handles[i], &loop.handles[i + 1], (size_t)(--loop.n_handles - i) * sizeof(h));
        if (h.release)
            h.release(h.opaque);
        i = 0; /* the release may have changed the array */
    }
    for (int i = 0; i < loop.n_timers;) {
        struct timer t = loop.timers[i];

        if (!t.removed) {
            i++;
            continue;
        }
        memmove(&loop.timers[i], &loop.timers[i + 1], (size_t)(--loop.n_timers - i) * sizeof(t));
        if (t.release)
            t.release(t.opaque);
        i = 0;
    }
}

static short to_poll(int events)
{
    return (short)((events & VIR_EVENT_HANDLE_READABLE ? POLLIN : 0) |
                   (events & VIR_EVENT_HANDLE_WRITABLE ? POLLOUT : 0));
}

static int from_poll(short events)
{
    return (events & POLLIN ? VIR_EVENT_HANDLE_READABLE : 0) | (events & POLLOUT ? VIR_EVENT_HANDLE_WRITABLE : 0) |
           (events & (POLLERR | POLLNVAL) ? VIR_EVENT_HANDLE_ERROR : 0) |
           (events & POLLHUP ? VIR_EVENT_HANDLE_HANGUP : 0);
}

static void run_timers(void)
{
    int64_t now = now_ms();
    int count = loop.n_timers;

    /* By index and anew each time: callbacks may add timers, which moves the array. Removed ones stay in place. */
    for (int i = 0; i < count; i++) {
        struct timer *t = &loop.timers[i];

        if (t->removed || t->every_ms < 0 || t->due_ms > now)
            continue;
        set_timer(t, t->every_ms);
        t->callback(t->id, t->opaque);
    }
}

static void run_handles(int count)
{
    for (int i = 0; i < count; i++) {
        const struct handle *h = &loop.handles[i];
        int events = from_poll(loop.polls[i].revents);

        if (events && !h->removed && h->fd == loop.polls[i].fd)
            h->callback(h->watch, h->fd, events, h->opaque);
    }
}

/* How long poll may wait: until a timer is due, and no longer than until end_ms. */
static int wait_ms(int64_t end_ms)
{
    int64_t now = now_ms(), until = end_ms;

    for (int i = 0; i < loop.n_timers; i++)
        if (!loop.timers[i].removed && loop.timers[i].every_ms >= 0 && loop.timers[i].due_ms < until)
            until = loop.timers[i].due_ms;
    return until > now ? (int)(until - now) : 0;
}

/* True when the alarm went off. One that is broken is polled no more. */
static bool notice_alarm(short events)
{
    if (events & (POLLERR | POLLNVAL))
        loop.alarm_fd = -1;
    if (!(events & POLLPRI))
        return false;
    return loop.alarmed = true;
}

/* One round of polling and serving. True when woken, which only a round that takes wakes notices. */
static bool iterate(int64_t end_ms, bool take_wakes)
{
    int count = loop.n_handles;
    bool woken = false;
    uint64_t times;

    if (array_reserve(&loop.polls, &loop.cap_polls, count + 2, sizeof(*loop.polls)))
        return true;
    for (int i = 0; i < count; i++)
        /* A negative fd is skipped by poll; asking for no events would still bring POLLHUP again and again. */
        loop.polls[i] = (struct pollfd){.fd = loop.handles[i].events ? loop.handles[i].fd : -1,
                                        .events = to_poll(loop.handles[i].events)};
    loop.polls[count] = (struct pollfd){.fd = take_wakes ? loop.wake_fd : -1, .events = POLLIN};
    loop.polls[count + 1] = (struct pollfd){.fd = take_wakes ? loop.alarm_fd : -1, .events = POLLPRI};
    if (poll(loop.polls, (nfds_t)count + 2, wait_ms(end_ms)) > 0) {
        if (loop.polls[count].revents)
            woken = read(loop.wake_fd, &times, sizeof(times)) == (ssize_t)sizeof(times);
        woken = notice_alarm(loop.polls[count + 1].revents) || woken;
        run_handles(count);
    }
    run_timers();
    release_removed();
    return woken;
}

void event_loop_run(int ms)
{
    int64_t end_ms = now_ms() + (ms > 0 ? ms : 0);

    release_removed();
    while (!iterate(end_ms, true) && now_ms() < end_ms)
        ;
}

void event_loop_serve(void)
{
    release_removed();
    iterate(now_ms(), false);
}

void event_loop_wake(void)
{
    uint64_t one = 1;

    /* Full is as good as written: then it is readable already. */
    while (write(loop.wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

void event_loop_on_alarm(int fd)
{
    loop.alarm_fd = fd;
    loop.alarmed = false;
}

bool event_loop_alarmed(void)
{
    bool alarmed = loop.alarmed;

    loop.alarmed = false;
    return alarmed;
}

void event_loop_on_socket(void (*hook)(int socket, void *context), void *context)
{
    loop.on_socket = hook;
    loop.on_socket_context = context;
}

int event_loop_init(void)
{
    if (loop.registered)
        return 0;
    loop.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop.wake_fd < 0)
        return -errno;
    virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timer, update_timer, remove_timer);
    loop.registered = true;
    return 0;
}
