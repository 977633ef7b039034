/* What this machine tells without being asked for it: that memory is short, and that a daemon listens again. */
#include "core/host/event_loop.h"
#include "core/host/local_pressure.h"
#include "core/host/local_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/local_alarm_test.XXXXXX";
static char path[128];

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void a_trigger_is_written_where_the_kernel_has_one(void **state)
{
    char text[64] = "", inner[96];
    int fd;

    (void)state;
    assert_int_equal(local_pressure_open(folder), -ENOENT);
    snprintf(inner, sizeof(inner), "%s/pressure", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    snprintf(path, sizeof(path), "%s/memory", inner);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    fd = local_pressure_open(folder);
    assert_true(fd >= 0);
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    assert_int_equal(strncmp(text, "some ", 5), 0);
    close(fd);
    unlink(path);
    assert_int_equal(symlink("/dev/full", path), 0); /* refuses what is written, as a kernel may */
    assert_int_equal(local_pressure_open(folder), -ENOSPC);
    unlink(path);
    rmdir(inner);
}

/* Two ends of a connection, the kind of which can have urgent data: the kernel's trigger shows as that. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&address, size), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    close(listener);
}

static void an_alarm_ends_the_wait_and_is_told_once(void **state)
{
    int ends[2];

    (void)state;
    connect_pair(ends);
    assert_int_equal(event_loop_init(), 0);
    event_loop_on_alarm(ends[1]);
    event_loop_run(0);
    assert_false(event_loop_alarmed());
    assert_int_equal(send(ends[0], "x", 1, MSG_OOB), 1);
    event_loop_run(60000); /* would be long */
    assert_true(event_loop_alarmed());
    assert_false(event_loop_alarmed());
    event_loop_on_alarm(-1);
    event_loop_run(0);
    assert_false(event_loop_alarmed());
    close(ends[0]);
    close(ends[1]);
}

static void a_daemon_listens_or_does_not(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(local_socket_daemon_listens("qemu+ssh://elsewhere/system", folder), -1);
    assert_int_equal(local_socket_daemon_listens("test:///default", folder), -1);
    assert_int_equal(local_socket_daemon_listens("qemu:///system", folder), 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/virtqemud-sock", folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(local_socket_daemon_listens("qemu:///system", folder), 0); /* it's there, but nobody listens */
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(local_socket_daemon_listens("qemu:///system", folder), 1);
    close(fd);
    assert_int_equal(local_socket_daemon_listens("qemu:///system", folder), 0);
    unlink(address.sun_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trigger_is_written_where_the_kernel_has_one),
        cmocka_unit_test(an_alarm_ends_the_wait_and_is_told_once),
        cmocka_unit_test(a_daemon_listens_or_does_not),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
