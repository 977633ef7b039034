/*
 * Whole programs at work for a long time over the made-up hypervisor, whose guests come, go and change all the time:
 * memory, descriptors, threads and references to guests stay what they were. The same with no guest at all shows what
 * of it is the guests'. Time is made up: it moves on where the loop waits.
 *
 *   host_soak_test                1,200 decisions of each
 *   host_soak_test DECISIONS      so many; SEED=n for other events, SHOW=1 for what the programs say
 */
/* With checked calls poll is an inline function already, which can't be another one here. */
#undef _FORTIFY_SOURCE

#include "cpu/scheduler.h"
#include "memory/coordinator.h"
#include "tests/unit/hypervisor/churn.h"
#include "tests/unit/hypervisor/hypervisor.h"
#include "tests/unit/hypervisor/moved_clock.h"
#include "ui/program.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    INTERVAL_S = 2,
    GUESTS = HYPERVISOR_GUESTS,
    LOOKS = 64,             /* at the program, evenly over its run */
    DECISIONS_LEAST = 1200, /* what is filled once, such as the log, is full after 250 */
    /* Of what the C library says is in use. Guests differ in what is kept of them: seen were up to 52 KiB more, and
     * less as often. In the 10,000 decisions of `make soak` that is 20 bytes for each. */
    HEAP_SLACK_KIB = 96,
    /* Of whole pages, in which what is in use lies scattered; seen were up to 1.7 MiB. For what isn't the heap's. */
    RESIDENT_SLACK_KIB = 4096,
};

static long decisions = DECISIONS_LEAST;

/* A sanitizer has a heap of its own, in which what was freed is kept; it looks for leaks itself, at the end. */
#if defined(__SANITIZE_ADDRESS__)
static const bool own_heap = false;
#else
static const bool own_heap = true;
#endif

/* What a program is made of at one moment. */
struct look {
    long heap_kib, resident_kib, descriptors, threads, references;
};

/* Shared by the test and the process that runs the program. */
struct soak {
    struct look looks[LOOKS];
    int n_looks;
    int calls, connects, changes, leaked;
};
static struct soak *soak;

/* ---- in the program's process ---- */

static int64_t passed_ms, total_ms;

static long count_entries(const char *path)
{
    DIR *dir = opendir(path);
    long n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n - 2;
}

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long size, resident = 0;

    if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void look(void)
{
    struct mallinfo2 heap = mallinfo2();

    soak->looks[soak->n_looks++] = (struct look){
        .heap_kib = (long)((heap.uordblks + heap.hblkhd) / 1024),
        .resident_kib = resident_kib(),
        .descriptors = count_entries("/proc/self/fd"),
        .threads = count_entries("/proc/self/task"),
        .references = hypervisor.references,
    };
    soak->calls = hypervisor.calls;
    soak->connects = hypervisor.connects;
    soak->changes = hypervisor_called("virDomainPinVcpuFlags") + hypervisor_called("virDomainSetMemoryFlags");
}

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

/* The loop's thread is the one that connects; where it waits and nothing is ready, time goes by. */
int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    bool loop = hypervisor_is_user();
    int ready;

    if (!loop)
        wait_for(fds, n);
    ready = poll_really(fds, n, loop ? 0 : timeout_ms);
    if (!loop)
        wait_for(NULL, 0);
    if (!loop || ready != 0 || timeout_ms <= 0)
        return ready;
    wait_for_face();
    moved_clock_by_ms(timeout_ms);
    churn_live(timeout_ms);
    passed_ms += timeout_ms;
    while (soak->n_looks < LOOKS && passed_ms >= total_ms * (soak->n_looks + 1) / (LOOKS + 1))
        look();
    return 0;
}

static const struct program programs[] = {
    {.id = REPORT_VCPU_SCHEDULER,
     .name = "vcpu_scheduler",
     .policy = &scheduler_policy,
     .settings_size = sizeof(struct scheduler_settings),
     .settings_default = &scheduler_settings_default,
     .settings = (const struct program_setting[]){{0}}},
    {.id = REPORT_MEMORY_COORDINATOR,
     .name = "memory_coordinator",
     .policy = &coordinator_policy,
     .settings_size = sizeof(struct coordinator_settings),
     .settings_default = &coordinator_settings_default,
     .settings = (const struct program_setting[]){{0}}},
};

static int run_program(const struct program *program, int guests, char *state_dir)
{
    char interval[16], iterations[24];
    char *argv[] = {(char *)(uintptr_t)program->name,
                    interval,
                    "--json",
                    "--iterations",
                    iterations,
                    "--connect",
                    "qemu://made-up/system",
                    "--state-dir",
                    state_dir,
                    NULL};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;

    if (!getenv("SHOW")) {
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    snprintf(interval, sizeof(interval), "%d", INTERVAL_S);
    snprintf(iterations, sizeof(iterations), "%ld", decisions);
    total_ms = (int64_t)decisions * INTERVAL_S * 1000;
    hypervisor_reset();
    churn_begin(guests, getenv("SEED") ? (unsigned)atoi(getenv("SEED")) : 1);
    status = program_main(program, (int)(sizeof(argv) / sizeof(argv[0])) - 1, argv);
    soak->leaked = hypervisor.leaked + hypervisor.references;
    return status;
}

/* ---- in the test's ---- */

static void run_in_a_process(const struct program *program, int guests)
{
    char dir[64], command[96];
    int status = -1;
    pid_t pid;

    snprintf(dir, sizeof(dir), "%s/host-soak-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    assert_non_null(mkdtemp(dir));
    memset(soak, 0, sizeof(*soak));
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        exit(run_program(program, guests, dir));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The most of one figure in a part of the looks. */
static long most(size_t offset, int from, int to)
{
    long most = 0;

    for (int i = from; i < to; i++) {
        long value;

        memcpy(&value, (const char *)&soak->looks[i] + offset, sizeof(value));
        if (value > most)
            most = value;
    }
    return most;
}

/* How far the last quarter is above the second, in which all that is made once has been made. */
static void stays(const char *what, size_t offset, long slack)
{
    long before = most(offset, LOOKS / 4, LOOKS / 2), after = most(offset, LOOKS * 3 / 4, LOOKS);

    print_message("#   %-12s %6ld in the second quarter, %6ld in the last\n", what, before, after);
    if (after > before + slack)
        fail_msg("%s: %ld, then %ld", what, before, after);
}

static void soaks(const struct program *program, int guests)
{
    run_in_a_process(program, guests);
    print_message("# %s, %d guests: %ld decisions, %d calls, %d of them changes, %d connections\n", program->name,
                  guests, decisions, soak->calls, soak->changes, soak->connects);
    assert_true(guests == 0 || (soak->changes > decisions / 10 && soak->connects > decisions / 500));
    assert_int_equal(soak->n_looks, LOOKS);
    if (own_heap) {
        stays("heap KiB", offsetof(struct look, heap_kib), HEAP_SLACK_KIB);
        stays("resident KiB", offsetof(struct look, resident_kib), RESIDENT_SLACK_KIB);
    }
    stays("descriptors", offsetof(struct look, descriptors), 0);
    stays("threads", offsetof(struct look, threads), 0);
    stays("references", offsetof(struct look, references), GUESTS);
    assert_int_equal(soak->leaked, 0); /* as connections were closed, and at the end */
}

static void a_long_run_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        soaks(&programs[i], GUESTS);
}

static void nor_does_one_with_nothing_running(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        soaks(&programs[i], 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_run_leaves_nothing_behind),
        cmocka_unit_test(nor_does_one_with_nothing_running),
    };

    if (argc > 1)
        decisions = strtol(argv[1], NULL, 10);
    soak = mmap(NULL, sizeof(*soak), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return soak == MAP_FAILED || decisions < DECISIONS_LEAST ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
