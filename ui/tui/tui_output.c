#include "ui/tui/tui_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int tui_output_open(struct tui_output *o, int curses)
{
    char path[64];

    *o = (struct tui_output){.curses = curses, .terminal = -1, .memory = -1, .sink = -1};
    o->terminal = fcntl(curses, F_DUPFD_CLOEXEC, 3);
    o->memory = memfd_create("screen", MFD_CLOEXEC);
    if (o->terminal < 0 || o->memory < 0)
        return -errno;
    /* Opened anew it has flags of its own; a terminal of another user (su) can't be. */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", curses);
    o->sink = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    o->shared = o->sink < 0;
    if (o->shared)
        o->sink = fcntl(curses, F_DUPFD_CLOEXEC, 3);
    return o->sink < 0 ? -errno : 0;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void tui_output_close(struct tui_output *o)
{
    close_one(&o->terminal);
    close_one(&o->memory);
    close_one(&o->sink);
    free(o->waiting);
    o->waiting = NULL;
    o->n_waiting = o->cap_waiting = o->sent = 0;
}

void tui_output_begin(struct tui_output *o)
{
    dup3(o->memory, o->curses, O_CLOEXEC);
}

int tui_output_add(struct tui_output *o, const char *bytes, size_t n)
{
    char *grown;

    if (o->n_waiting + n > o->cap_waiting) {
        grown = realloc(o->waiting, o->n_waiting + n + 4096);
        if (!grown)
            return -ENOMEM;
        o->waiting = grown;
        o->cap_waiting = o->n_waiting + n + 4096;
    }
    memcpy(o->waiting + o->n_waiting, bytes, n);
    o->n_waiting += n;
    return 0;
}

int tui_output_end(struct tui_output *o)
{
    char bytes[8192];
    off_t at = 0;
    ssize_t n;
    int error = 0;

    dup3(o->terminal, o->curses, O_CLOEXEC);
    while ((n = pread(o->memory, bytes, sizeof(bytes), at)) > 0) {
        if (tui_output_add(o, bytes, (size_t)n) < 0)
            error = -ENOMEM;
        at += n;
    }
    if (at > 0 && ftruncate(o->memory, 0) == 0)
        lseek(o->memory, 0, SEEK_SET);
    return error;
}

static bool takes(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return poll(&p, 1, ms) == 1 && (p.revents & POLLOUT);
}

static ssize_t write_now(struct tui_output *o, const char *bytes, size_t n)
{
    int flags = o->shared ? fcntl(o->sink, F_GETFL) : -1;
    ssize_t written;

    if (flags >= 0)
        fcntl(o->sink, F_SETFL, flags | O_NONBLOCK);
    written = write(o->sink, bytes, n);
    if (flags >= 0)
        fcntl(o->sink, F_SETFL, flags);
    return written;
}

bool tui_output_waits(const struct tui_output *o)
{
    return o->sent < o->n_waiting;
}

bool tui_output_send(struct tui_output *o)
{
    while (tui_output_waits(o)) {
        ssize_t n = write_now(o, o->waiting + o->sent, o->n_waiting - o->sent);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        o->sent += (size_t)n;
    }
    o->sent = o->n_waiting = 0;
    return true;
}

bool tui_output_finish(struct tui_output *o, int patience_ms)
{
    /* A line so slow that it takes a little each time must not hold up the end either. */
    for (int turns = 0; !tui_output_send(o); turns++)
        if (turns == 16 || !takes(o->sink, patience_ms))
            return false;
    return true;
}
