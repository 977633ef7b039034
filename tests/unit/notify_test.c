/* What the service manager is told, by the protocol of sd_notify(3). */
#include "ui/headless/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/notify_test.XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
    return setenv("NOTIFY_SOCKET", address.sun_path, 1);
}

static int remove_folder(void **state)
{
    (void)state;
    return unlink(address.sun_path) || rmdir(folder);
}

static int manager(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    unlink(address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* The next thing the manager was told; "" where there is none. */
static const char *told(int fd)
{
    static char text[512];
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void it_is_told_that_and_how_the_program_runs(void **state)
{
    struct report r = {.state = REPORT_RUNNING, .plan.summary = "balanced: sd 1.2 <= 4"};
    struct notify n;
    int fd = manager();

    (void)state;
    notify_open(&n);
    notify_report(&n, &r);
    assert_string_equal(told(fd), "READY=1\nSTATUS=running: balanced: sd 1.2 <= 4");
    notify_report(&n, &r); /* is nothing new */
    assert_string_equal(told(fd), "");
    r.state = REPORT_DISCONNECTED;
    r.paused = true;
    strcpy(r.connection, "lost the connection");
    notify_report(&n, &r);
    assert_string_equal(told(fd), "STATUS=disconnected, paused: lost the connection");
    notify_close(&n);
    assert_string_equal(told(fd), "STOPPING=1");
    close(fd);
}

static void signs_of_life_are_for_who_is_alive(void **state)
{
    struct notify n;
    int fd = manager();

    (void)state;
    setenv("WATCHDOG_USEC", "30000000", 1);
    notify_open(&n);
    assert_int_equal(notify_wait_ms(&n, 60000), 10000);
    assert_int_equal(notify_wait_ms(&n, 5000), 5000);
    notify_alive(&n, 31); /* the loop is stuck */
    assert_string_equal(told(fd), "");
    notify_alive(&n, 1);
    assert_string_equal(told(fd), "WATCHDOG=1");
    notify_alive(&n, 1); /* not due */
    assert_string_equal(told(fd), "");
    notify_close(&n);
    told(fd);
    setenv("WATCHDOG_PID", "1", 1); /* meant for another process */
    notify_open(&n);
    assert_int_equal(notify_wait_ms(&n, 60000), 60000);
    notify_alive(&n, 0);
    assert_string_equal(told(fd), "");
    notify_close(&n);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(fd);
}

static void without_a_manager_nothing_is_done(void **state)
{
    const struct report r = {.state = REPORT_RUNNING};
    struct notify n;

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    notify_open(&n);
    assert_int_equal(n.fd, -1);
    notify_report(&n, &r);
    notify_alive(&n, 0);
    notify_close(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_told_that_and_how_the_program_runs),
        cmocka_unit_test(signs_of_life_are_for_who_is_alive),
        cmocka_unit_test(without_a_manager_nothing_is_done),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
