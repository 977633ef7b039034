/* With checked calls poll is an inline function already, which can't be another one here. */
#undef _FORTIFY_SOURCE

#include "tests/unit/hypervisor/hurry/hurry.h"

#include "tests/unit/hypervisor/moved_clock.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SHORT_MS = 10 };

static atomic_bool hurrying;

void hurry(bool on)
{
    hurrying = on;
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    int ready;

    if (!hurrying || timeout_ms <= 0)
        return (int)syscall(SYS_poll, fds, n, timeout_ms);
    /* Who looks again every few milliseconds waits for another thread, which must have its turn. */
    ready = (int)syscall(SYS_poll, fds, n, timeout_ms <= SHORT_MS ? 1 : 0);
    if (ready == 0)
        moved_clock_by_ms(timeout_ms);
    return ready;
}

/* The moment until which it may wait is one of the clock that moves: it wakes up soon and looks again. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until)
{
    struct timespec soon;

    if (!hurrying)
        return pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, until);
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &soon);
    soon.tv_nsec += 1000000;
    if (soon.tv_nsec >= 1000000000) {
        soon.tv_sec++;
        soon.tv_nsec -= 1000000000;
    }
    pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &soon);
    return 0;
}
