#include "ui/headless/notify.h"

#include "core/model/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Signs of life in the time within which one is expected: the manager's manual asks for two at least. */
enum { SIGNS = 3 };

static void tell(const struct notify *n, const char *text)
{
    /* A manager that doesn't read, or is gone, is no concern of ours. */
    if (n->fd >= 0)
        sendto(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&n->address, n->size);
}

static uint64_t watchdog_ns(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (!usec || (pid && atol(pid) != (long)getpid()))
        return 0;
    return strtoull(usec, NULL, 10) * 1000u;
}

bool notify_is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat file;
    char own[64];

    if (!stream || fstat(fd, &file))
        return false;
    snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino);
    return strcmp(own, stream) == 0;
}

void notify_open(struct notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;

    *n = (struct notify){.fd = -1, .address.sun_family = AF_UNIX};
    if (length < 2 || length >= sizeof(n->address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(n->address.sun_path, path, length);
    if (path[0] == '@')
        n->address.sun_path[0] = '\0'; /* a name that is no file */
    n->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '/'));
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    n->watchdog_ns = n->fd < 0 ? 0 : watchdog_ns();
}

void notify_report(struct notify *n, const struct report *r)
{
    const char *words = r->state == REPORT_DISCONNECTED ? r->connection : r->plan.summary;
    char status[sizeof(n->status)], text[sizeof(n->status) + 32];

    if (n->fd < 0)
        return;
    snprintf(status, sizeof(status), "%s%s%s%.100s", report_state_word(r->state),
             r->paused && r->state == REPORT_DISCONNECTED ? ", paused" : "", words[0] ? ": " : "", words);
    if (n->ready && strcmp(status, n->status) == 0)
        return;
    snprintf(text, sizeof(text), "%sSTATUS=%s", n->ready ? "" : "READY=1\n", status);
    tell(n, text);
    n->ready = true;
    snprintf(n->status, sizeof(n->status), "%s", status);
}

void notify_alive(struct notify *n, double stuck_s)
{
    uint64_t now = clock_monotonic_ns();

    if (n->watchdog_ns == 0 || now - n->alive_ns < n->watchdog_ns / (2 * SIGNS) ||
        stuck_s * 1e9 >= (double)n->watchdog_ns)
        return;
    tell(n, "WATCHDOG=1");
    n->alive_ns = now;
}

int notify_wait_ms(const struct notify *n, int most_ms)
{
    uint64_t ms = n->watchdog_ns / SIGNS / 1000000u;

    return n->watchdog_ns == 0 || ms >= (uint64_t)most_ms ? most_ms : (int)(ms > 0 ? ms : 1);
}

void notify_close(struct notify *n)
{
    tell(n, "STOPPING=1");
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}
