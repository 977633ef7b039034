/* Lines over a socket that never waits, and what they say: halves, garbage, too much. */
#include "core/attach/attach_lines.h"
#include "core/attach/attach_protocol.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 1000 };

static void pair(int *fds)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static void put(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

static void half_a_line_waits_for_its_other_half(void **state)
{
    struct attach_input in = {0};
    size_t length;
    int fds[2];

    (void)state;
    pair(fds);
    put(fds[1], "one\n\ntw");
    assert_int_equal(attach_input_read(&in, fds[0], MOST), 0);
    assert_string_equal(attach_input_line(&in, &length), "one");
    assert_string_equal(attach_input_line(&in, &length), "");
    assert_null(attach_input_line(&in, &length));
    assert_int_equal(attach_input_read(&in, fds[0], MOST), 0); /* nothing has come */
    assert_null(attach_input_line(&in, &length));
    put(fds[1], "o\nthr");
    assert_int_equal(attach_input_read(&in, fds[0], MOST), 0);
    assert_string_equal(attach_input_line(&in, &length), "two");
    assert_int_equal(length, 3);
    close(fds[1]);
    assert_int_equal(attach_input_read(&in, fds[0], MOST), -EPIPE);
    assert_null(attach_input_line(&in, &length)); /* half a line is none, even at the end */
    close(fds[0]);
    attach_input_free(&in);
}

static void a_line_without_an_end_is_refused(void **state)
{
    struct attach_input in = {0};
    char text[101];
    int fds[2], result = 0, sent = 0;

    (void)state;
    pair(fds);
    memset(text, 'x', 100);
    text[100] = '\0';
    while (!result && sent < 100) {
        put(fds[1], text);
        sent++;
        result = attach_input_read(&in, fds[0], MOST);
    }
    assert_int_equal(result, -EMSGSIZE);
    assert_int_equal(sent, 11);
    close(fds[0]);
    close(fds[1]);
    attach_input_free(&in);
}

/* Whoever doesn't read gets whole lines later, and those that are left out are left out whole. */
static void what_is_not_taken_is_bounded_and_whole(void **state)
{
    static char line[50001];
    struct attach_output out = {0};
    struct attach_input in = {0};
    int fds[2], offered = 0, taken = 0, added = 0;
    size_t length, most = 0;

    (void)state;
    pair(fds);
    memset(line, 'y', 50000);
    for (; offered < 100; offered++) {
        if (attach_output_has_room(&out, 50000)) {
            assert_true(attach_output_add(&out, line, 50000));
            added++;
        }
        assert_int_equal(attach_output_send(&out, fds[0]), 0);
        most = attach_output_waiting(&out) > most ? attach_output_waiting(&out) : most;
    }
    assert_true(most > 0 && most <= ATTACH_WAITING_BYTES);
    assert_true(added < offered);
    for (int idle = 0; idle < 2;) {
        const char *got;

        assert_int_equal(attach_input_read(&in, fds[1], 1 << 20), 0);
        got = attach_input_line(&in, &length);
        idle = got || attach_output_waiting(&out) > 0 ? 0 : idle + (in.first == in.n);
        for (; got; got = attach_input_line(&in, &length), taken++)
            assert_int_equal(length, 50000);
        assert_int_equal(attach_output_send(&out, fds[0]), 0);
    }
    assert_int_equal(taken, added);
    /* One that is longer than all that may wait still gets through, when nothing else waits. */
    assert_true(attach_output_has_room(&out, 10 * ATTACH_WAITING_BYTES));
    close(fds[1]);
    assert_true(attach_output_add(&out, line, 50000));
    assert_int_equal(attach_output_send(&out, fds[0]), -EPIPE);
    close(fds[0]);
    attach_output_free(&out);
    attach_input_free(&in);
}

static void requests_are_read_or_refused_in_words(void **state)
{
    static const char *const wrong[] = {
        "",
        "pause",
        "{",
        "[]",
        "{}",
        "{\"command\":7}",
        "{\"command\":\"a command whose name is longer than any\"}",
        "{\"command\":\"pause\",\"value\":\"x\"}",
        "{\"command\":\"pause\",\"id\":1.5}",
        "{\"want\":\"everything\"}",
        "{\"command\":\"lock\",\"uuid\":\"12\"}",
        "{\"command\":\"pause\"} {\"command\":\"pause\"}",
        "{\"command\":\"pau\\u0000se\"}",
    };
    struct attach_request request;
    char why[160];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        why[0] = '\0';
        if (attach_request_read(&request, wrong[i], strlen(wrong[i]), why, sizeof(why)) || !why[0])
            fail_msg("understood: %s", wrong[i]);
    }
    assert_true(attach_request_read(&request, "{\"command\":\"pause\",\"new\":[]}", 28, why, sizeof(why)));
    assert_string_equal(request.command, "pause");
    assert_false(request.has_id || request.has_value || request.has_want || request.has_uuid);
}

static void a_request_comes_back_as_it_was(void **state)
{
    const struct attach_request request = {.has_want = true,
                                           .want = ATTACH_WANTS_STATUS,
                                           .command = "lock",
                                           .has_id = true,
                                           .id = -3,
                                           .has_value = true,
                                           .value = 0.25,
                                           .has_uuid = true,
                                           .uuid = {1, 2, 255},
                                           .guest = "w\xff"
                                                    "b\n"};
    struct attach_request again;
    char *text = attach_request_text(&request), why[160];

    (void)state;
    assert_null(strchr(text, '\n'));
    assert_true(attach_request_read(&again, text, strlen(text), why, sizeof(why)));
    assert_true(again.has_want && again.want == ATTACH_WANTS_STATUS && again.has_id && again.id == -3);
    assert_true(again.has_value && again.value > 0.24 && again.value < 0.26);
    assert_string_equal(again.command, "lock");
    assert_string_equal(again.guest, request.guest);
    assert_memory_equal(again.uuid, request.uuid, sizeof(request.uuid));
    free(text);
}

static void a_hello_of_another_protocol_is_refused(void **state)
{
    static const char *const wrong[] = {
        "{\"kind\":\"hello\",\"protocol\":2,\"program\":\"p\",\"version\":\"1\",\"process\":1,\"uri\":\"u\"}",
        "{\"kind\":\"sample\",\"protocol\":1,\"program\":\"p\",\"version\":\"1\",\"process\":1,\"uri\":\"u\"}",
        "{\"kind\":\"hello\",\"protocol\":1,\"version\":\"1\",\"process\":1,\"uri\":\"u\"}",
        "SSH-2.0-OpenSSH",
    };
    struct attach_hello hello = {.program = "memory_coordinator", .version = "1", .process = 12, .uri = "u"}, again;
    char *text = attach_hello_text(&hello), why[160];

    (void)state;
    assert_true(attach_hello_read(&again, text, strlen(text), why, sizeof(why)));
    assert_string_equal(again.program, "memory_coordinator");
    assert_int_equal(again.process, 12);
    free(text);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(attach_hello_read(&again, wrong[i], strlen(wrong[i]), why, sizeof(why)));
}

static void lines_of_later_versions_are_passed_over(void **state)
{
    struct report r = {0};
    struct attach_message m;
    char why[160];

    (void)state;
    assert_true(attach_message_read(&m, &r, "{\"kind\":\"weather\"}", 18, why, sizeof(why)));
    assert_int_equal(m.kind, ATTACH_OTHER);
    assert_false(attach_message_read(&m, &r, "{\"kind\":\"sample\"}", 17, why, sizeof(why)));
    assert_false(attach_message_read(&m, &r, "{\"kind\":\"answer\"}", 17, why, sizeof(why)));
    assert_false(attach_message_read(&m, &r, "\xff", 1, why, sizeof(why)));
    report_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_a_line_waits_for_its_other_half),
        cmocka_unit_test(a_line_without_an_end_is_refused),
        cmocka_unit_test(what_is_not_taken_is_bounded_and_whole),
        cmocka_unit_test(requests_are_read_or_refused_in_words),
        cmocka_unit_test(a_request_comes_back_as_it_was),
        cmocka_unit_test(a_hello_of_another_protocol_is_refused),
        cmocka_unit_test(lines_of_later_versions_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
