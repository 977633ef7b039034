/* Whole buffers are written, or it is said why not. */
#include "core/model/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { BYTES = 1 << 20 }; /* more than a pipe holds */

struct reader {
    int fd;
    char *got;
};

static void *read_all(void *context)
{
    struct reader *r = context;
    size_t n = 0;
    ssize_t more;

    while ((more = read(r->fd, r->got + n, BYTES - n)) > 0)
        n += (size_t)more;
    return NULL;
}

static void a_buffer_that_takes_many_calls_is_written_whole(void **state)
{
    char *bytes = malloc(BYTES);
    struct reader r = {.got = calloc(1, BYTES)};
    pthread_t thread;
    int fds[2];

    (void)state;
    for (int i = 0; i < BYTES; i++)
        bytes[i] = (char)(i * 31 + i / 4096);
    assert_int_equal(pipe(fds), 0);
    r.fd = fds[0];
    assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
    assert_int_equal(file_write_all(fds[1], bytes, BYTES), 0);
    close(fds[1]);
    pthread_join(thread, NULL);
    assert_memory_equal(bytes, r.got, BYTES);
    close(fds[0]);
    free(bytes);
    free(r.got);
}

static void what_goes_wrong_is_said(void **state)
{
    int fds[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    assert_int_equal(file_write_all(fds[1], "x", 1), -EPIPE);
    close(fds[1]);
    assert_int_equal(file_write_all(full, "x", 1), -ENOSPC);
    assert_int_equal(file_write_all(full, "", 0), 0);
    close(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_that_takes_many_calls_is_written_whole),
        cmocka_unit_test(what_goes_wrong_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
