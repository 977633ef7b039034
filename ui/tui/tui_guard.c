#include "ui/tui/tui_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGQUIT, SIGSYS, SIGXCPU, SIGXFSZ};
static const int events[] = {SIGWINCH, SIGTSTP, SIGCONT};

enum {
    FATAL = sizeof(fatal) / sizeof(fatal[0]),
    EVENTS = sizeof(events) / sizeof(events[0]),
    STACK_BYTES = 65536,
};

/* The one thing here that isn't handed around: a signal handler is given nothing but a number. */
static struct {
    volatile sig_atomic_t on;
    struct tui_guard_terminal terminal;
    int pipe[2];
    struct sigaction were_fatal[FATAL], were_events[EVENTS];
    stack_t was_stack;
    void *stack;
    bool at_exit;
} guard = {.pipe = {-1, -1}};

/* Waits for the terminal for up to ms at a time. */
static bool takes_output(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return poll(&p, 1, ms) == 1 && (p.revents & POLLOUT);
}

/* Writes it all, but doesn't wait for ever for a terminal that takes nothing. */
static void write_all(int fd, const char *text, size_t n)
{
    enum { PATIENCE_MS = 200 };
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (n > 0 && takes_output(fd, PATIENCE_MS)) {
        ssize_t written = write(fd, text, n);

        if (written < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (written <= 0)
            break;
        text += written;
        n -= (size_t)written;
    }
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags);
}

void tui_guard_give_back(void)
{
    char words[512];
    ssize_t n;

    if (!guard.on)
        return;
    guard.on = 0;
    write_all(guard.terminal.tty, guard.terminal.restore, guard.terminal.n_restore);
    tcsetattr(guard.terminal.tty, TCSANOW, &guard.terminal.modes);
    if (guard.terminal.captured < 0 || guard.terminal.real_stderr < 0)
        return;
    dup2(guard.terminal.real_stderr, STDERR_FILENO);
    while ((n = read(guard.terminal.captured, words, sizeof(words))) > 0)
        write_all(guard.terminal.real_stderr, words, (size_t)n);
}

static void on_fatal(int number)
{
    struct sigaction by_default = {.sa_handler = SIG_DFL};

    tui_guard_give_back();
    sigaction(number, &by_default, NULL);
    raise(number); /* delivered when the handler returns; a fault would come again anyway */
}

static void on_event(int number)
{
    int kept = errno;
    char byte = number == SIGWINCH ? 'w' : number == SIGTSTP ? 'z' : 'c';

    /* A full pipe already holds what the reader needs to know. */
    if (write(guard.pipe[1], &byte, 1) < 0) {
    }
    errno = kept;
}

int tui_guard_on(const struct tui_guard_terminal *terminal)
{
    struct sigaction on_fault = {.sa_handler = on_fatal, .sa_flags = SA_ONSTACK};
    struct sigaction on_news = {.sa_handler = on_event, .sa_flags = SA_RESTART};

    if (pipe2(guard.pipe, O_NONBLOCK | O_CLOEXEC) < 0)
        return -errno;
    guard.terminal = *terminal;
    guard.stack = malloc(STACK_BYTES);
    if (guard.stack)
        sigaltstack(&(stack_t){.ss_sp = guard.stack, .ss_size = STACK_BYTES}, &guard.was_stack);
    guard.on = 1;
    sigemptyset(&on_fault.sa_mask);
    sigemptyset(&on_news.sa_mask);
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &on_fault, &guard.were_fatal[i]);
    for (int i = 0; i < EVENTS; i++)
        sigaction(events[i], &on_news, &guard.were_events[i]);
    if (!guard.at_exit)
        guard.at_exit = atexit(tui_guard_give_back) == 0;
    return guard.pipe[0];
}

unsigned tui_guard_events(void)
{
    unsigned seen = 0;
    char bytes[64];
    ssize_t n;

    while ((n = read(guard.pipe[0], bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < n; i++)
            seen |= bytes[i] == 'w' ? TUI_GUARD_RESIZED : bytes[i] == 'z' ? TUI_GUARD_SUSPEND : TUI_GUARD_CONTINUED;
    return seen;
}

void tui_guard_stop(void)
{
    struct sigaction by_default = {.sa_handler = SIG_DFL}, ours;

    sigemptyset(&by_default.sa_mask);
    sigaction(SIGTSTP, &by_default, &ours);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &ours, NULL);
}

void tui_guard_off(void)
{
    if (guard.pipe[0] < 0)
        return;
    guard.on = 0;
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &guard.were_fatal[i], NULL);
    for (int i = 0; i < EVENTS; i++)
        sigaction(events[i], &guard.were_events[i], NULL);
    if (guard.stack)
        sigaltstack(&guard.was_stack, NULL);
    free(guard.stack);
    guard.stack = NULL;
    close(guard.pipe[0]);
    close(guard.pipe[1]);
    guard.pipe[0] = guard.pipe[1] = -1;
}
