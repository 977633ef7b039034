#include "ui/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int asked[] = {SIGINT, SIGTERM, SIGHUP};

/* A signal handler is given nothing but a number: what it needs lies here. */
static struct {
    int fd, hangup_fd;
    volatile sig_atomic_t first;
    void (*volatile restore)(void);
} state = {.fd = -1, .hangup_fd = -1};

static void raise_fd(int fd)
{
    const char one[8] = {1};

    if (write(fd, one, sizeof(one)) < 0) {
        /* An eventfd that can't be written to is readable already. */
    }
}

static void on_signal(int number)
{
    int kept = errno;

    if (state.first) {
        if (state.restore)
            state.restore();
        _exit(128 + number);
    }
    state.first = number;
    raise_fd(state.fd);
    errno = kept;
}

static void on_hangup(int number, siginfo_t *info, void *context)
{
    int kept = errno;

    (void)context;
    if (info->si_code > 0) /* the kernel's own: the terminal is gone */
        on_signal(number);
    else
        raise_fd(state.hangup_fd);
    errno = kept;
}

int signals_open_hangup(void)
{
    struct sigaction again = {.sa_sigaction = on_hangup, .sa_flags = SA_SIGINFO};
    struct sigaction before;

    state.hangup_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (state.hangup_fd < 0)
        return -errno;
    sigfillset(&again.sa_mask);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &again, NULL);
    return state.hangup_fd;
}

int signals_open(void)
{
    struct sigaction ends = {.sa_handler = on_signal}; /* no SA_RESTART: a blocked write must give way */
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct sigaction before;

    state.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (state.fd < 0)
        return -errno;
    sigfillset(&ends.sa_mask);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        if (sigaction(asked[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(asked[i], &ends, NULL);
    sigaction(SIGPIPE, &ignored, NULL);
    return state.fd;
}

void signals_before_end(void (*restore)(void))
{
    state.restore = restore;
}
