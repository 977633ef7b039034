#include "core/attach/attach_host.h"

#include "core/attach/attach_lines.h"
#include "core/attach/attach_socket.h"
#include "core/model/clock.h"
#include "core/record/json_value.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How long a program may take for its hello: it's sent by a thread that does nothing else. */
enum { HELLO_MS = 3000 };

struct attach_host {
    struct host host;
    char path[ATTACH_PATH_BYTES], program[32];
    enum attach_want want;
    struct attach_hello hello;
    int fd, wake_fd;
    int gone; /* why the connection is of no use any more, while lines that came before are still taken */
    struct attach_input in;
    struct attach_output out;
};

static struct attach_host *attach_of(const struct host *h)
{
    return (struct attach_host *)(uintptr_t)h;
}

static void disconnect(struct attach_host *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
    a->gone = 0;
    attach_input_free(&a->in);
    attach_output_free(&a->out);
}

/* The first line, for which it waits. NULL, with the reason. */
static const char *await_line(struct attach_host *a, size_t *length, char *error, size_t size)
{
    uint64_t until = clock_monotonic_ns() + HELLO_MS * UINT64_C(1000000);
    const char *line = attach_input_line(&a->in, length);

    while (!line) {
        struct pollfd p = {a->fd, POLLIN, 0};
        int64_t left_ms = ((int64_t)until - (int64_t)clock_monotonic_ns()) / 1000000;
        int failed = 0;

        if (left_ms <= 0 || poll(&p, 1, (int)left_ms) == 0) {
            snprintf(error, size, "%.120s: it doesn't answer", a->path);
            return NULL;
        }
        if (p.revents)
            failed = attach_input_read(&a->in, a->fd, ATTACH_REQUEST_BYTES);
        if (failed) {
            snprintf(error, size, "%.120s: it ends the connection at once", a->path);
            return NULL;
        }
        line = attach_input_line(&a->in, length);
    }
    return line;
}

static int attach_connect(struct host *h, char *error, size_t size)
{
    struct attach_host *a = attach_of(h);
    const struct attach_request request = {.has_want = true, .want = a->want};
    char why[ATTACH_WHY_BYTES];
    const char *line;
    size_t length;

    if (a->fd >= 0 && !a->gone)
        return 0;
    disconnect(a);
    a->fd = attach_socket_connect(a->path, error, size);
    if (a->fd < 0) {
        int result = a->fd;

        a->fd = -1;
        return result;
    }
    line = await_line(a, &length, error, size);
    if (line && !attach_hello_read(&a->hello, line, length, why, sizeof(why)))
        snprintf(error, size, "%.100s: %.120s", a->path, why);
    else if (line && strcmp(a->hello.program, a->program) != 0)
        snprintf(error, size, "%.100s is the socket of %s", a->path, a->hello.program);
    else if (line && attach_host_send(h, &request))
        snprintf(error, size, "%.120s: it ends the connection at once", a->path);
    else if (line)
        return 0;
    disconnect(a);
    return -EPROTO;
}

static bool attach_connected(const struct host *h)
{
    const struct attach_host *a = attach_of(h);

    return a->fd >= 0;
}

static void attach_idle(struct host *h, int ms)
{
    struct attach_host *a = attach_of(h);
    bool more = attach_output_waiting(&a->out) > 0;
    struct pollfd fds[] = {{a->gone ? -1 : a->fd, (short)(POLLIN | (more ? POLLOUT : 0)), 0}, {a->wake_fd, POLLIN, 0}};
    uint64_t count;

    if (poll(fds, 2, ms) <= 0)
        return;
    if (fds[1].revents && read(a->wake_fd, &count, sizeof(count)) < 0) {
        /* It was clear. */
    }
    if (fds[0].revents & POLLOUT)
        a->gone = attach_output_send(&a->out, a->fd);
    if ((fds[0].revents & ~POLLOUT) && !a->gone)
        a->gone = attach_input_read(&a->in, a->fd, JSON_TEXT_BYTES);
}

static void attach_wake(struct host *h)
{
    uint64_t one = 1;

    if (write(attach_of(h)->wake_fd, &one, sizeof(one)) < 0) {
        /* The counter is full: it is awake. */
    }
}

static void attach_close(struct host *h)
{
    struct attach_host *a = attach_of(h);

    disconnect(a);
    if (a->wake_fd >= 0)
        close(a->wake_fd);
    free(a);
}

static const struct host_ops ops = {
    .connect = attach_connect,
    .connected = attach_connected,
    .idle = attach_idle,
    .wake = attach_wake,
    .close = attach_close,
};

struct host *attach_host_new(const char *path, const char *program, enum attach_want want)
{
    struct attach_host *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    a->host.ops = &ops;
    a->fd = -1;
    a->want = want;
    snprintf(a->path, sizeof(a->path), "%s", path);
    snprintf(a->program, sizeof(a->program), "%s", program);
    a->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (a->wake_fd >= 0)
        return &a->host;
    free(a);
    return NULL;
}

const struct attach_hello *attach_host_hello(const struct host *host)
{
    return &attach_of(host)->hello;
}

int attach_host_line(struct host *host, const char **line, size_t *length, char *error, size_t size)
{
    struct attach_host *a = attach_of(host);

    if (a->fd < 0)
        return -ENOTCONN;
    *line = attach_input_line(&a->in, length);
    if (*line)
        return 1;
    if (!a->gone)
        return 0;
    snprintf(error, size, "%s",
             a->gone == -EMSGSIZE                          ? "it sent what can't be a report"
             : a->gone == -ENOMEM                          ? "out of memory"
             : a->gone == -EPIPE || a->gone == -ECONNRESET ? "it has ended"
                                                           : strerror(-a->gone));
    disconnect(a);
    return -ENOTCONN;
}

int attach_host_send(struct host *host, const struct attach_request *request)
{
    struct attach_host *a = attach_of(host);
    char *text;
    bool added;

    if (a->fd < 0 || a->gone)
        return -ENOTCONN;
    text = attach_request_text(request);
    added = text && attach_output_add(&a->out, text, strlen(text));
    free(text);
    if (!added)
        return -ENOMEM;
    a->gone = attach_output_send(&a->out, a->fd);
    return a->gone ? -ENOTCONN : 0;
}
