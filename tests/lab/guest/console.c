/*
 * Says one line to a lab guest's agent and prints its answer.
 *
 * console SOCKET TIMEOUT_S REQUEST...
 *
 * The request goes out under a tag of its own, again and again until an answer with that tag
 * comes back: a guest that still boots, or the remains of an earlier talk on the line, do no harm.
 * One talk at a time: SOCKET.lock is held meanwhile.
 * Exits with 0 when the answer is "ok", 1 when it is "error", 3 when there is none in time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RESEND_MS 500

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int lock_line(const char *path, int64_t until_ms)
{
    const struct timespec tick = {.tv_nsec = 10000000};
    char name[256];
    int fd;

    snprintf(name, sizeof(name), "%s.lock", path);
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        if (now_ms() >= until_ms) {
            close(fd);
            return -1;
        }
        nanosleep(&tick, NULL);
    }
    return fd;
}

static int connect_line(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return -1;
    strcpy(address.sun_path, path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Prints what follows the tag in `line`, and returns the exit code; -1 when it isn't an answer under this tag. */
static int take_answer(const char *line, const char *tag)
{
    const char *at = strstr(line, tag);

    if (!at)
        return -1;
    at += strlen(tag);
    if (!strncmp(at, "ok", 2) && (at[2] == ' ' || !at[2])) {
        puts(at + 2 + (at[2] == ' '));
        return 0;
    }
    if (!strncmp(at, "error", 5)) {
        fprintf(stderr, "%s\n", at + 5 + (at[5] == ' '));
        return 1;
    }
    return -1; /* our own request, echoed by a console that nobody reads yet */
}

/* Feeds received bytes to whole lines. Returns as take_answer() does. */
static int take_bytes(const char *bytes, ssize_t count, char *line, size_t size, size_t *used, const char *tag)
{
    for (ssize_t i = 0; i < count; i++) {
        int rc;

        if (bytes[i] != '\n' && bytes[i] != '\r') {
            if (*used < size - 1)
                line[(*used)++] = bytes[i];
            continue;
        }
        line[*used] = '\0';
        *used = 0;
        rc = take_answer(line, tag);
        if (rc >= 0)
            return rc;
    }
    return -1;
}

static int talk(int fd, const char *tag, const char *request, int64_t until_ms)
{
    char line[4096];
    size_t used = 0;
    int64_t resend_ms = 0;

    for (int64_t now = now_ms(); now < until_ms; now = now_ms()) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char bytes[512];
        ssize_t got;
        int rc;

        if (now >= resend_ms) {
            if (send(fd, request, strlen(request), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
                return 3;
            resend_ms = now + RESEND_MS;
        }
        if (poll(&p, 1, (int)(resend_ms - now)) <= 0)
            continue;
        got = read(fd, bytes, sizeof(bytes));
        if (got <= 0)
            return 3;
        rc = take_bytes(bytes, got, line, sizeof(line), &used, tag);
        if (rc >= 0)
            return rc;
    }
    return 3;
}

static void make_request(char *request, size_t size, const char *tag, char **words)
{
    size_t used = (size_t)snprintf(request, size, "\n%s", tag);

    for (; *words && used < size; words++)
        used += (size_t)snprintf(request + used, size - used, "%s%s", *words, words[1] ? " " : "\n");
    if (used >= size)
        request[0] = '\0';
}

int main(int argc, char **argv)
{
    char tag[32], request[512];
    int64_t until_ms;
    int fd, rc = 3;

    if (argc < 4) {
        fprintf(stderr, "usage: console SOCKET TIMEOUT_S REQUEST...\n");
        return 2;
    }
    until_ms = now_ms() + (int64_t)(strtod(argv[2], NULL) * 1000);
    snprintf(tag, sizeof(tag), "#%x%llx ", (unsigned)getpid(), (unsigned long long)now_ms() & 0xffffff);
    make_request(request, sizeof(request), tag, argv + 3);
    if (!request[0]) {
        fprintf(stderr, "request too long\n");
        return 2;
    }
    if (lock_line(argv[1], until_ms) >= 0) {
        fd = connect_line(argv[1]);
        if (fd < 0) {
            fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
            return 3;
        }
        rc = talk(fd, tag, request, until_ms);
    }
    if (rc == 3)
        fprintf(stderr, "no answer in %s s\n", argv[2]);
    return rc;
}
