/* The signals that ask a program to end, each tried in a process of its own. */
#include "ui/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { RESTORED = 7, WRONG = 99 };

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

/* Runs body in a child and returns its wait status. */
static int in_child(void (*body)(int number), int number)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        body(number);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void first_makes_it_readable(int number)
{
    int fd = signals_open();

    if (fd < 0 || readable(fd))
        _exit(WRONG);
    raise(number);
    if (!readable(fd))
        _exit(WRONG);
}

static void the_first_signal_makes_the_fd_readable(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_int_equal(in_child(first_makes_it_readable, numbers[i]), 0);
}

static void second_comes(int number)
{
    signals_open();
    raise(number);
    raise(SIGTERM);
    _exit(WRONG);
}

static void the_second_signal_ends_the_process(void **state)
{
    int status;

    (void)state;
    status = in_child(second_comes, SIGINT);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
}

static void restore(void)
{
    _exit(RESTORED);
}

static void second_comes_with_something_to_restore(int number)
{
    signals_open();
    signals_before_end(restore);
    raise(number);
    raise(number);
    _exit(WRONG);
}

static void what_must_be_restored_is_restored_before(void **state)
{
    int status;

    (void)state;
    status = in_child(second_comes_with_something_to_restore, SIGTERM);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), RESTORED);
}

static void ignored_before(int number)
{
    int fd;

    signal(number, SIG_IGN);
    fd = signals_open();
    raise(number);
    if (readable(fd))
        _exit(WRONG);
}

static void an_ignored_signal_stays_ignored(void **state)
{
    (void)state;
    assert_int_equal(in_child(ignored_before, SIGHUP), 0);
    assert_int_equal(in_child(ignored_before, SIGINT), 0);
}

static void hangup_has_settings_read(int number)
{
    int stop = signals_open(), hangup = signals_open_hangup();

    if (hangup < 0 || readable(hangup))
        _exit(WRONG);
    for (int i = 0; i < 2; i++)
        kill(getpid(), number);
    if (!readable(hangup) || readable(stop))
        _exit(WRONG);
    kill(getpid(), SIGTERM);
    if (!readable(stop))
        _exit(WRONG);
}

static void a_hangup_that_is_sent_ends_nothing_where_settings_are_to_be_read(void **state)
{
    (void)state;
    assert_int_equal(in_child(hangup_has_settings_read, SIGHUP), 0);
}

static void ignored_hangup(int number)
{
    int stop, hangup;

    signal(number, SIG_IGN);
    stop = signals_open();
    hangup = signals_open_hangup();
    raise(number);
    if (readable(stop) || readable(hangup))
        _exit(WRONG);
}

/* The terminal of a session goes: the kernel itself sends the signal to who leads it. */
static void terminal_goes(int number)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), stop;

    (void)number;
    if (master < 0 || grantpt(master) || unlockpt(master) || setsid() < 0 || open(ptsname(master), O_RDWR) < 0)
        _exit(WRONG);
    stop = signals_open();
    signals_open_hangup();
    close(master);
    if (!readable(stop))
        _exit(WRONG);
}

static void a_terminal_that_goes_ends_the_program_all_the_same(void **state)
{
    (void)state;
    assert_int_equal(in_child(ignored_hangup, SIGHUP), 0);
    assert_int_equal(in_child(terminal_goes, SIGHUP), 0);
}

static void writes_into_a_closed_pipe(int number)
{
    int ends[2];

    (void)number;
    signals_open();
    if (pipe(ends) < 0)
        _exit(WRONG);
    close(ends[0]);
    if (write(ends[1], "x", 1) >= 0)
        _exit(WRONG);
}

static void a_closed_pipe_is_an_error_like_others(void **state)
{
    (void)state;
    assert_int_equal(in_child(writes_into_a_closed_pipe, 0), 0);
}

/* The process has come to rest: it waits in a system call. */
static bool sleeps(pid_t pid)
{
    char path[64], stat[512], *state;
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return true;
    n = fread(stat, 1, sizeof(stat) - 1, file);
    fclose(file);
    stat[n] = '\0';
    state = strrchr(stat, ')');
    return state && state[2] == 'S';
}

/* A write that waits for its reader gives way to the signal. */
static void write_gives_way(int number)
{
    char block[4096] = "";
    pid_t self = getpid();
    int ends[2], fd = signals_open();

    if (pipe(ends) < 0)
        _exit(WRONG);
    if (fork() == 0) {
        while (!sleeps(self))
            usleep(1000);
        kill(self, number);
        _exit(0);
    }
    while (write(ends[1], block, sizeof(block)) > 0) {
    }
    wait(NULL);
    _exit(readable(fd) ? 0 : WRONG);
}

static void a_signal_interrupts_a_blocked_write(void **state)
{
    (void)state;
    assert_int_equal(in_child(write_gives_way, SIGTERM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_signal_makes_the_fd_readable),
        cmocka_unit_test(the_second_signal_ends_the_process),
        cmocka_unit_test(what_must_be_restored_is_restored_before),
        cmocka_unit_test(an_ignored_signal_stays_ignored),
        cmocka_unit_test(a_hangup_that_is_sent_ends_nothing_where_settings_are_to_be_read),
        cmocka_unit_test(a_terminal_that_goes_ends_the_program_all_the_same),
        cmocka_unit_test(a_closed_pipe_is_an_error_like_others),
        cmocka_unit_test(a_signal_interrupts_a_blocked_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
