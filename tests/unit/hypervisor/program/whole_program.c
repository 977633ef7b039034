/* With checked calls poll is an inline function already, which can't be another one here. */
#undef _FORTIFY_SOURCE

#include "tests/unit/hypervisor/program/whole_program.h"

#include "cpu/scheduler.h"
#include "memory/coordinator.h"
#include "tests/unit/hypervisor/hypervisor.h"
#include "tests/unit/hypervisor/moved_clock.h"
#include "ui/program.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void (*live)(int ms);

/* What the face's thread waits for: nothing, while it has something to do. */
static struct pollfd waited_for[8];
static nfds_t n_waited_for;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int poll_really(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    return (int)syscall(SYS_poll, fds, n, timeout_ms);
}

static void wait_for(const struct pollfd *fds, nfds_t n)
{
    pthread_mutex_lock(&lock);
    n_waited_for = n <= sizeof(waited_for) / sizeof(*fds) ? n : 0;
    if (n_waited_for > 0)
        memcpy(waited_for, fds, n * sizeof(*fds));
    pthread_mutex_unlock(&lock);
}

/* Whether the face has shown all there is. Otherwise the loop, for which time is nothing, would fill its queue. */
static bool face_is_idle(void)
{
    struct pollfd fds[sizeof(waited_for) / sizeof(waited_for[0])];
    nfds_t n;

    pthread_mutex_lock(&lock);
    n = n_waited_for;
    memcpy(fds, waited_for, sizeof(fds));
    pthread_mutex_unlock(&lock);
    return n > 0 && poll_really(fds, n, 0) == 0;
}

static void wait_for_face(void)
{
    enum { PATIENCE_S = 60 };
    time_t until = time(NULL) + PATIENCE_S;

    while (!face_is_idle()) {
        sched_yield();
        if (time(NULL) > until) {
            fprintf(stderr, "the face doesn't show what there is\n");
            abort();
        }
    }
}

/* The face's thread is the process's first. The loop's is the one that connects: where it waits and nothing is ready,
 * time goes by. */
int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    bool loop = hypervisor_is_user(), face = syscall(SYS_gettid) == getpid();
    int ready;

    if (face)
        wait_for(fds, n);
    ready = poll_really(fds, n, loop ? 0 : timeout_ms);
    if (face)
        wait_for(NULL, 0);
    if (!loop || ready != 0 || timeout_ms <= 0)
        return ready;
    wait_for_face();
    moved_clock_by_ms(timeout_ms);
    if (live)
        live(timeout_ms);
    return 0;
}

static const struct program programs[] = {
    [REPORT_VCPU_SCHEDULER] = {.id = REPORT_VCPU_SCHEDULER,
                               .name = "vcpu_scheduler",
                               .policy = &scheduler_policy,
                               .settings_size = sizeof(struct scheduler_settings),
                               .settings_default = &scheduler_settings_default,
                               .settings = (const struct program_setting[]){{0}}},
    [REPORT_MEMORY_COORDINATOR] = {.id = REPORT_MEMORY_COORDINATOR,
                                   .name = "memory_coordinator",
                                   .policy = &coordinator_policy,
                                   .settings_size = sizeof(struct coordinator_settings),
                                   .settings_default = &coordinator_settings_default,
                                   .settings = (const struct program_setting[]){{0}}},
};

const char *whole_program_name(enum report_program which)
{
    return programs[which].name;
}

int whole_program_run(const struct whole_program *p)
{
    char name[32], interval[16], iterations[24], state_dir[128];
    char *argv[] = {
        name,          interval,  "--json", "--iterations", iterations, "--connect", "qemu://made-up/system",
        "--state-dir", state_dir, NULL};
    int output = p->output_fd >= 0 ? p->output_fd : open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (!getenv("SHOW")) {
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
    }
    live = p->live;
    snprintf(name, sizeof(name), "%s", programs[p->which].name);
    snprintf(interval, sizeof(interval), "%d", p->interval_s);
    snprintf(iterations, sizeof(iterations), "%ld", p->decisions);
    snprintf(state_dir, sizeof(state_dir), "%s", p->state_dir);
    return program_main(&programs[p->which], (int)(sizeof(argv) / sizeof(argv[0])) - 1, argv);
}
