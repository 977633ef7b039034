#include "ui/headless/journal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* A journal that is busy is waited for so long with each entry; then the entry goes where the program's lines go. */
enum { WAIT_MS = 200 };

void journal_open(struct journal *j)
{
    const char *path = getenv(JOURNAL_SOCKET_VARIABLE);
    const struct timeval wait = {.tv_usec = WAIT_MS * 1000};

    *j = (struct journal){.fd = -1, .address.sun_family = AF_UNIX};
    if (!path)
        path = JOURNAL_SOCKET;
    if (strlen(path) >= sizeof(j->address.sun_path) || access(path, W_OK))
        return;
    memcpy(j->address.sun_path, path, strlen(path));
    j->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (j->fd >= 0)
        setsockopt(j->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

void journal_close(struct journal *j)
{
    if (j->fd >= 0)
        close(j->fd);
    j->fd = -1;
}

static bool send_entry(const struct journal *j, const char *program, const char *entry, size_t n)
{
    char head[64];
    struct iovec parts[] = {{head, (size_t)snprintf(head, sizeof(head), "SYSLOG_IDENTIFIER=%.32s\n", program)},
                            {(char *)(size_t)entry, n}};
    const struct msghdr message = {
        .msg_name = (void *)(size_t)&j->address, .msg_namelen = j->size, .msg_iov = parts, .msg_iovlen = 2};

    return j->fd >= 0 && sendmsg(j->fd, &message, MSG_NOSIGNAL) >= 0;
}

/* The value of the entry's field, up to the end of its line; NULL where it has none. */
static const char *value_of(const char *entry, size_t n, const char *field, size_t *length)
{
    size_t name = strlen(field);

    for (const char *line = entry; line < entry + n;) {
        const char *end = memchr(line, '\n', (size_t)(entry + n - line));

        if (!end)
            end = entry + n;
        if ((size_t)(end - line) > name && memcmp(line, field, name) == 0 && line[name] == '=') {
            *length = (size_t)(end - line) - name - 1;
            return line + name + 1;
        }
        line = end + 1;
    }
    return NULL;
}

static void say_instead(const char *entry, size_t n, void (*instead)(void *context, const char *line, size_t n),
                        void *context)
{
    size_t priority_length = 0, message_length = 0;
    const char *priority = value_of(entry, n, "PRIORITY", &priority_length);
    const char *message = value_of(entry, n, "MESSAGE", &message_length);
    char *line;
    int length;

    if (!priority || !message)
        return;
    length = asprintf(&line, "<%.*s>%.*s\n", (int)priority_length, priority, (int)message_length, message);
    if (length < 0)
        return;
    instead(context, line, (size_t)length);
    free(line);
}

void journal_send(const struct journal *j, const char *program, const char *text, size_t n,
                  void (*instead)(void *context, const char *line, size_t n), void *context)
{
    const char *end = text + n;

    while (text < end) {
        const char *stop = memmem(text, (size_t)(end - text), "\n\n", 2);
        size_t length = (size_t)((stop ? stop + 1 : end) - text);

        if (*text == '\n')
            length = 1; /* an empty line before an entry */
        else if (!send_entry(j, program, text, length))
            say_instead(text, length, instead, context);
        text += length;
    }
}
