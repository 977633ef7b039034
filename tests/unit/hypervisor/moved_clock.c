#include "tests/unit/hypervisor/moved_clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t offset_ns;

int clock_gettime(clockid_t id, struct timespec *t)
{
    int result = (int)syscall(SYS_clock_gettime, id, t);
    int64_t ns = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + __atomic_load_n(&offset_ns, __ATOMIC_SEQ_CST);

    if (result == 0 && (id == CLOCK_MONOTONIC || id == CLOCK_REALTIME))
        *t = (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    return result;
}

void moved_clock_by_ms(int ms)
{
    __atomic_add_fetch(&offset_ns, (int64_t)ms * 1000000, __ATOMIC_SEQ_CST);
}
