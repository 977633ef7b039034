/*
 * What the TUI costs: bytes sent to the terminal per refresh and CPU time per refresh, from 30 to 500 guests; and how
 * long a key takes to show while another thread decides. Runs the fixture (tests/tui/fixture.c, which makes up its host
 * in the same thread, so that this is part of the figures) on a pseudo-terminal of this program, at five refreshes a
 * second so that it takes not long; a live TUI refreshes once a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 10, REFRESHES = 60, KEYS = 200 };

static const double refresh_s = 0.2;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU seconds that a process has used so far. */
static double cpu_s(pid_t pid)
{
    char path[64], text[512];
    unsigned long long user, system;
    int fd;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
    fd = open(path, O_RDONLY);
    n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return -1;
    text[n] = 0;
    if (sscanf(text, "%llu %llu", &user, &system) < 1)
        return -1;
    return (double)user / 1e9;
}

/* Reads what comes for a time; returns the bytes, and the most that came in one burst. */
static size_t listen_for(int fd, double seconds, size_t *most)
{
    double end = now_s() + seconds, last = 0;
    size_t total = 0, burst = 0;
    char bytes[65536];

    *most = 0;
    while (now_s() < end) {
        struct pollfd p = {fd, POLLIN, 0};
        ssize_t n;

        if (poll(&p, 1, 20) <= 0)
            continue;
        n = read(fd, bytes, sizeof(bytes));
        if (n <= 0)
            break;
        if (now_s() - last > refresh_s / 2)
            burst = 0;
        last = now_s();
        burst += (size_t)n;
        total += (size_t)n;
        *most = burst > *most ? burst : *most;
    }
    return total;
}

static pid_t start(const char *fixture, unsigned short width, unsigned short height, char *const *argv, int *terminal)
{
    struct winsize size = {height, width, 0, 0};
    pid_t child = forkpty(terminal, NULL, NULL, &size);

    if (child != 0)
        return child;
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("XDG_CONFIG_HOME", "/nowhere", 1);
    execv(fixture, argv);
    _exit(127);
}

static void end(pid_t child, int terminal)
{
    kill(child, SIGTERM);
    listen_for(terminal, 0.5, &(size_t){0});
    waitpid(child, NULL, 0);
    close(terminal);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Down, and up again, so that each changes something; and another order each time. */
static const char moves[] = "jjjjjjjjjjjjjjjjjjjjkkkkkkkkkkkkkkkkkkkk", sorts[] = "NPMWI";

/* The time from a key to the first of what it changes on the screen, for many keys one after the other. */
static int measure_keys(const char *fixture, const char *what, const char *keys, unsigned short width,
                        unsigned short height, char *const *argv)
{
    double took_s[KEYS];
    int terminal, n = 0;
    pid_t child = start(fixture, width, height, argv, &terminal);

    if (child < 0)
        return -1;
    listen_for(terminal, 2, &(size_t){0});
    for (int i = 0; i < KEYS; i++) {
        struct pollfd p = {terminal, POLLIN, 0};
        double sent = now_s();

        if (write(terminal, keys + (size_t)i % strlen(keys), 1) != 1 || poll(&p, 1, 2000) <= 0)
            break;
        took_s[n++] = now_s() - sent;
        listen_for(terminal, 0.03, &(size_t){0});
    }
    end(child, terminal);
    if (n < KEYS) {
        fprintf(stderr, "%s: only %d keys were answered\n", what, n);
        return -1;
    }
    qsort(took_s, KEYS, sizeof(took_s[0]), by_size);
    printf("%-34s %4dx%-3d a key shows after %.1f ms (median), %.1f (95 of 100), %.1f (at most)\n", what, width, height,
           took_s[KEYS / 2] * 1000, took_s[KEYS * 95 / 100] * 1000, took_s[KEYS - 1] * 1000);
    return 0;
}

static int measure(const char *fixture, const char *what, unsigned short width, unsigned short height,
                   char *const *argv, double *ms)
{
    int terminal;
    size_t total, most;
    double before, after;
    pid_t child = start(fixture, width, height, argv, &terminal);

    if (child < 0)
        return -1;
    listen_for(terminal, WARM_UP * refresh_s, &most);
    before = cpu_s(child);
    total = listen_for(terminal, REFRESHES * refresh_s, &most);
    after = cpu_s(child);
    end(child, terminal);
    *ms = (after - before) * 1000 / REFRESHES;
    if (before < 0 || after < 0 || total == 0) {
        fprintf(stderr, "%s did not run\n", fixture);
        return -1;
    }
    printf("%-34s %4dx%-3d %7.0f bytes a refresh (most %zu), %6.2f ms of CPU\n", what, width, height,
           (double)total / REFRESHES, most, *ms);
    return 0;
}

int main(int argc, char **argv)
{
    char here[4096], fixture[4200];
    char *const cpu[] = {"fixture", "sample=0.2", "interval=2.4", "guests=30", "pcpus=16", NULL};
    char *const memory[] = {"fixture", "sample=0.2", "interval=2.4", "guests=30", "pcpus=16", "program=memory", NULL};
    char *const wide[] = {"fixture", "sample=0.2", "interval=2.4", "guests=60", "pcpus=64", NULL};
    char *const many[] = {"fixture", "sample=0.2", "interval=2.4", "guests=500", "pcpus=64", NULL};
    char *const keys[] = {"fixture", "sample=1", "interval=12", "guests=200", "pcpus=64", NULL};
    char *const busy[] = {"fixture", "sample=1", "interval=12", "guests=200", "pcpus=64", "burn=1", NULL};
    double few_ms = 0, many_ms = 0, ms;
    int failed = 0;

    snprintf(here, sizeof(here), "%s", argc > 0 ? argv[0] : "");
    snprintf(fixture, sizeof(fixture), "%s/../tui/fixture", dirname(here));
    failed |= measure(fixture, "vcpu_scheduler, 30 guests", 80, 24, cpu, &ms);
    failed |= measure(fixture, "vcpu_scheduler, 30 guests", 120, 50, cpu, &few_ms);
    failed |= measure(fixture, "vcpu_scheduler, 30 guests", 200, 60, cpu, &ms);
    failed |= measure(fixture, "memory_coordinator, 30 guests", 120, 50, memory, &ms);
    failed |= measure(fixture, "vcpu_scheduler, 60 guests, 64 pCPUs", 200, 60, wide, &ms);
    failed |= measure(fixture, "vcpu_scheduler, 500 guests, 64 pCPUs", 120, 50, many, &many_ms);
    if (!failed)
        printf("500 guests cost %.1f times what 30 cost; at a refresh a second %.2f %% of a core\n", many_ms / few_ms,
               many_ms / 10);
    failed |= measure_keys(fixture, "200 guests", moves, 120, 50, keys);
    failed |= measure_keys(fixture, "200 guests, another thread decides", moves, 120, 50, busy);
    failed |= measure_keys(fixture, "the same, keys that sort", sorts, 120, 50, busy);
    return failed ? 1 : 0;
}
