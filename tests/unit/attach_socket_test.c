/* Where the socket lies and who gets at it: whatever isn't as it should be is refused with the reason. */
#include "core/attach/attach_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char folder[64], path[ATTACH_PATH_BYTES], why[ATTACH_WHY_BYTES];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    if (!p)
        return -1;
    strcpy(p->folder, "/tmp/attach_socket_test.XXXXXX");
    *state = p;
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->path, sizeof(p->path), "%.60s/s", p->folder);
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    char command[128];
    int result;

    snprintf(command, sizeof(command), "rm -rf '%s'", p->folder);
    result = system(command);
    free(p);
    return result;
}

static int listen_there(struct place *p, struct attach_listener *l)
{
    p->why[0] = '\0';
    return attach_socket_listen(l, p->path, p->why, sizeof(p->why));
}

static void each_program_and_connection_has_a_place_of_its_own(void **state)
{
    static const char *const uris[] = {NULL, "qemu:///session", "qemu-system", "qemu+ssh://a/system",
                                       "qemu+ssh://b/system"};
    char paths[2][5][ATTACH_PATH_BYTES], why[ATTACH_WHY_BYTES];

    (void)state;
    setenv("RUNTIME_DIRECTORY", "/run/here:/run/there", 1);
    for (int program = 0; program < 2; program++)
        for (int i = 0; i < 5; i++)
            assert_int_equal(attach_socket_path(program ? "memory_coordinator" : "vcpu_scheduler", uris[i],
                                                paths[program][i], why, sizeof(why)),
                             0);
    assert_string_equal(paths[0][0], "/run/here/vcpu_scheduler.qemu-system");
    for (int i = 0; i < 10; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(paths[i / 5][i % 5], paths[k / 5][k % 5]);
    assert_int_equal(attach_socket_path("vcpu_scheduler", "qemu:///system", paths[1][0], why, sizeof(why)), 0);
    assert_string_equal(paths[1][0], paths[0][0]);
    unsetenv("RUNTIME_DIRECTORY");
}

static void it_is_only_for_its_own_user(void **state)
{
    struct place *p = *state;
    struct attach_listener l;
    struct stat s;

    assert_int_equal(listen_there(p, &l), 0);
    assert_int_equal(lstat(p->path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    attach_socket_close(&l);
    assert_int_equal(lstat(p->path, &s), -1);
    assert_true(attach_socket_may(0, 1000) && attach_socket_may(1000, 1000));
    assert_false(attach_socket_may(1000, 0) || attach_socket_may(1001, 1000));
}

/* Nobody's process could connect, were it for file modes alone; the kernel says who it is. */
static void another_user_is_sent_away(void **state)
{
    struct place *p = *state;
    struct attach_listener l;
    struct pollfd ready = {.events = POLLIN};
    int status = -1;
    pid_t child;

    if (geteuid() != 0)
        skip();
    assert_int_equal(listen_there(p, &l), 0);
    assert_int_equal(chmod(p->folder, 0755) | chmod(p->path, 0666), 0);
    child = fork();
    if (child == 0) {
        char why[ATTACH_WHY_BYTES], byte;
        int fd = setuid(65534) ? -1 : attach_socket_connect(p->path, why, sizeof(why));

        /* It gets nothing but the end. */
        if (fd >= 0)
            fcntl(fd, F_SETFL, 0);
        _exit(fd >= 0 && recv(fd, &byte, 1, 0) == 0 ? 0 : 1);
    }
    ready.fd = l.fd;
    assert_int_equal(poll(&ready, 1, 10000), 1);
    assert_int_equal(attach_socket_accept(&l), -EPERM);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    attach_socket_close(&l);
}

/* Whoever attaches doesn't take just anybody for the program, either. */
static void another_users_program_is_not_spoken_to(void **state)
{
    struct place *p = *state;
    struct attach_listener l;
    int ready[2], status = -1;
    char byte;
    pid_t child;

    if (geteuid() != 0)
        skip();
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        close(ready[0]);
        /* In a folder of root's, to which it can't have come by itself. */
        if (chown(p->folder, 65534, 65534) || setuid(65534) || listen_there(p, &l) || write(ready[1], "r", 1) != 1)
            _exit(1);
        pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(attach_socket_connect(p->path, p->why, sizeof(p->why)), -EPERM);
    assert_non_null(strstr(p->why, "may be written by others"));
    assert_int_equal(chown(p->folder, 0, 0), 0);
    assert_int_equal(attach_socket_connect(p->path, p->why, sizeof(p->why)), -EPERM);
    assert_non_null(strstr(p->why, "another user's"));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ready[0]);
}

static void a_dead_socket_is_replaced_and_a_living_one_is_not(void **state)
{
    struct place *p = *state;
    struct attach_listener first, second;
    int fd;

    assert_int_equal(listen_there(p, &first), 0);
    assert_int_equal(listen_there(p, &second), -EBUSY);
    assert_non_null(strstr(p->why, "in use"));
    close(first.fd); /* as a process that was killed leaves it */
    assert_int_equal(attach_socket_connect(p->path, p->why, sizeof(p->why)), -ECONNREFUSED);
    assert_int_equal(listen_there(p, &second), 0);
    fd = attach_socket_connect(p->path, p->why, sizeof(p->why));
    assert_true(fd >= 0);
    close(fd);
    /* The first one's end doesn't take the second one's name away. */
    attach_socket_unlink(&first);
    fd = attach_socket_connect(p->path, p->why, sizeof(p->why));
    assert_true(fd >= 0);
    close(fd);
    attach_socket_close(&second);
}

static void links_files_and_open_folders_are_refused(void **state)
{
    struct place *p = *state;
    struct attach_listener l;
    char other[80];
    int fd;

    snprintf(other, sizeof(other), "%s/elsewhere", p->folder);
    assert_int_equal(symlink(other, p->path), 0);
    assert_int_equal(listen_there(p, &l), -ELOOP);
    assert_non_null(strstr(p->why, "symbolic link"));
    unlink(p->path);
    fd = open(p->path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(listen_there(p, &l), -ENOTSOCK);
    assert_non_null(strstr(p->why, "is no socket"));
    assert_int_equal(access(p->path, F_OK), 0);
    unlink(p->path);
    assert_int_equal(chmod(p->folder, 0777), 0);
    assert_int_equal(listen_there(p, &l), -EPERM);
    assert_non_null(strstr(p->why, "may be written by others"));
    assert_int_equal(chmod(p->folder, 0700), 0);
    assert_int_equal(symlink(p->folder, other), 0);
    snprintf(p->path, sizeof(p->path), "%.70s/s", other);
    assert_int_equal(listen_there(p, &l), -EINVAL);
    assert_non_null(strstr(p->why, "symbolic link"));
    assert_int_equal(attach_socket_connect(p->path, p->why, sizeof(p->why)), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_program_and_connection_has_a_place_of_its_own),
        cmocka_unit_test_setup_teardown(it_is_only_for_its_own_user, make_place, remove_place),
        cmocka_unit_test_setup_teardown(another_user_is_sent_away, make_place, remove_place),
        cmocka_unit_test_setup_teardown(another_users_program_is_not_spoken_to, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_dead_socket_is_replaced_and_a_living_one_is_not, make_place, remove_place),
        cmocka_unit_test_setup_teardown(links_files_and_open_folders_are_refused, make_place, remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
