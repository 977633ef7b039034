/*
 * Whole programs at work for a long time over the made-up hypervisor, whose guests come, go and change all the time:
 * memory, descriptors, threads and references to guests stay what they were. The same with no guest at all shows what
 * of it is the guests'. Time is made up: it moves on where the loop waits.
 *
 *   host_soak_test                1,200 decisions of each
 *   host_soak_test DECISIONS      so many; SEED=n for other events, SHOW=1 for what the programs say
 */
#include "core/model/clock.h"
#include "tests/unit/hypervisor/churn.h"
#include "tests/unit/hypervisor/hypervisor.h"
#include "tests/unit/hypervisor/program/whole_program.h"

#include <dirent.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
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

static uint64_t start_ns, total_ns;

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

static void live(int ms)
{
    uint64_t passed_ns = clock_monotonic_ns() - start_ns;

    churn_live(ms);
    while (soak->n_looks < LOOKS && passed_ns >= total_ns / (LOOKS + 1) * (uint64_t)(soak->n_looks + 1))
        look();
}

static int run_program(enum report_program which, int guests, const char *state_dir)
{
    const struct whole_program program = {.which = which,
                                          .interval_s = INTERVAL_S,
                                          .decisions = decisions,
                                          .state_dir = state_dir,
                                          .output_fd = -1,
                                          .live = live};
    int status;

    total_ns = (uint64_t)decisions * INTERVAL_S * 1000000000u;
    start_ns = clock_monotonic_ns();
    hypervisor_reset();
    churn_begin(guests, getenv("SEED") ? (unsigned)atoi(getenv("SEED")) : 1);
    status = whole_program_run(&program);
    soak->leaked = hypervisor.leaked + hypervisor.references;
    return status;
}

/* ---- in the test's ---- */

static void run_in_a_process(enum report_program which, int guests)
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
        exit(run_program(which, guests, dir));
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

static void soaks(enum report_program which, int guests)
{
    run_in_a_process(which, guests);
    print_message("# %s, %d guests: %ld decisions, %d calls, %d of them changes, %d connections\n",
                  whole_program_name(which), guests, decisions, soak->calls, soak->changes, soak->connects);
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
    soaks(REPORT_VCPU_SCHEDULER, GUESTS);
    soaks(REPORT_MEMORY_COORDINATOR, GUESTS);
}

static void nor_does_one_with_nothing_running(void **state)
{
    (void)state;
    soaks(REPORT_VCPU_SCHEDULER, 0);
    soaks(REPORT_MEMORY_COORDINATOR, 0);
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
