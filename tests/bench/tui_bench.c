/*
 * What the TUI costs: bytes sent to the terminal per refresh and CPU time per refresh, at 30 guests. Runs the fixture
 * (tests/tui/fixture.c, which makes up its host) on a pseudo-terminal of this program, at five refreshes a second so
 * that it takes not long; a live TUI refreshes once a second.
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

enum { WARM_UP = 10, REFRESHES = 60 };

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

static int measure(const char *fixture, const char *what, unsigned short width, unsigned short height,
                   char *const *argv)
{
    struct winsize size = {height, width, 0, 0};
    int terminal;
    size_t total, most;
    double before, after;
    pid_t child = forkpty(&terminal, NULL, NULL, &size);

    if (child < 0)
        return -1;
    if (child == 0) {
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        execv(fixture, argv);
        _exit(127);
    }
    listen_for(terminal, WARM_UP * refresh_s, &most);
    before = cpu_s(child);
    total = listen_for(terminal, REFRESHES * refresh_s, &most);
    after = cpu_s(child);
    kill(child, SIGTERM);
    listen_for(terminal, 0.5, &(size_t){0});
    waitpid(child, NULL, 0);
    close(terminal);
    if (before < 0 || after < 0 || total == 0) {
        fprintf(stderr, "%s did not run\n", fixture);
        return -1;
    }
    printf("%-34s %4dx%-3d %7.0f bytes a refresh (most %zu), %6.2f ms of CPU\n", what, width, height,
           (double)total / REFRESHES, most, (after - before) * 1000 / REFRESHES);
    return 0;
}

int main(int argc, char **argv)
{
    char here[4096], fixture[4200];
    char *const cpu[] = {"fixture", "sample=0.2", "interval=2.4", "guests=30", "pcpus=16", NULL};
    char *const memory[] = {"fixture", "sample=0.2", "interval=2.4", "guests=30", "pcpus=16", "program=memory", NULL};
    char *const wide[] = {"fixture", "sample=0.2", "interval=2.4", "guests=60", "pcpus=64", NULL};
    int failed = 0;

    snprintf(here, sizeof(here), "%s", argc > 0 ? argv[0] : "");
    snprintf(fixture, sizeof(fixture), "%s/../tui/fixture", dirname(here));
    failed |= measure(fixture, "vcpu_scheduler, 30 guests", 80, 24, cpu);
    failed |= measure(fixture, "vcpu_scheduler, 30 guests", 120, 50, cpu);
    failed |= measure(fixture, "vcpu_scheduler, 30 guests", 200, 60, cpu);
    failed |= measure(fixture, "memory_coordinator, 30 guests", 120, 50, memory);
    failed |= measure(fixture, "vcpu_scheduler, 60 guests, 64 pCPUs", 200, 60, wide);
    return failed ? 1 : 0;
}
