/*
 * Those who look at a running loop from elsewhere: they see what it reports and are answered, and however they behave
 * the loop goes its way. The other side is here, too: a loop that shows another's work.
 */
#include "core/attach/attach_host.h"
#include "core/attach/attach_lines.h"
#include "core/attach/attach_socket.h"
#include "core/engine/watchers.h"
#include "core/record/json_value.h"
#include "tests/unit/engine_world.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char folder[] = "/tmp/engine_watchers_test.XXXXXX";
static char path[ATTACH_PATH_BYTES];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%.60s/s", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* sockets are gone by then */
}

/* A loop that can be looked at. */
struct service {
    struct test t;
    struct watchers *watchers;
};

static void begin(struct service *s)
{
    struct engine_config config;
    char why[ATTACH_WHY_BYTES] = "";
    int error;

    world_prepare(&s->t);
    config = world_config_of(&s->t);
    config.sample_s = 1;
    s->watchers = watchers_open(config.program, "1.2", "made-up", path, &error, why, sizeof(why));
    if (!s->watchers)
        fail_msg("%s", why);
    config.watchers = s->watchers;
    world_start(&s->t, &config);
    assert_int_equal(watchers_start(s->watchers, s->t.engine), 0);
}

static void end(struct service *s)
{
    assert_int_equal(engine_finish(s->t.engine, 60000), 0);
    watchers_close(s->watchers);
    world_finish(&s->t);
}

/* One who looks, byte by byte. */
struct client {
    int fd;
    struct attach_input in;
};

static void say(struct client *c, const char *text)
{
    assert_int_equal(send(c->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The next line; NULL at the end of the connection. */
static const char *hear(struct client *c)
{
    size_t length;
    const char *line = attach_input_line(&c->in, &length);

    while (!line) {
        struct pollfd p = {c->fd, POLLIN, 0};

        assert_int_equal(poll(&p, 1, 60000), 1);
        if (attach_input_read(&c->in, c->fd, JSON_TEXT_BYTES))
            return NULL;
        line = attach_input_line(&c->in, &length);
    }
    return line;
}

/* The next line with those words in it. */
static const char *hear_of(struct client *c, const char *words)
{
    const char *line;

    while ((line = hear(c)) && !strstr(line, words))
        ;
    if (!line)
        fail_msg("never heard: %s", words);
    return line;
}

static void come(struct client *c)
{
    char why[ATTACH_WHY_BYTES];

    *c = (struct client){.fd = attach_socket_connect(path, why, sizeof(why))};
    if (c->fd < 0)
        fail_msg("%s", why);
    assert_non_null(strstr(hear(c), "{\"kind\":\"hello\",\"protocol\":1,"));
}

static void go(struct client *c)
{
    close(c->fd);
    attach_input_free(&c->in);
}

/* A loop with one who looks, who asks for that first ("": nothing). */
static void begin_with(struct service *s, struct client *c, const char *asks)
{
    begin(s);
    come(c);
    say(c, asks);
}

static void end_with(struct service *s, struct client *c)
{
    go(c);
    end(s);
}

static void read_message(const char *line, struct attach_message *m, struct report *r)
{
    char why[192];

    assert_non_null(line);
    if (!attach_message_read(m, r, line, strlen(line), why, sizeof(why)))
        fail_msg("%s", why);
}

static void two_watchers_see_the_same_reports(void **state)
{
    struct service s;
    struct client a, b;

    (void)state;
    begin_with(&s, &a, "{\"want\":\"reports\"}\n");
    come(&b);
    say(&b, "{\"want\":\"decisions\"}\n");
    hear_of(&a, "\"kind\":\"sample\"");
    hear_of(&b, "\"kind\":\"sample\""); /* where it begins */
    world_pass(&s.t, 12);
    for (struct client *c = &a; c; c = c == &a ? &b : NULL) {
        struct report r = {0};
        struct attach_message m;

        read_message(hear_of(c, "\"kind\":\"decision\""), &m, &r);
        assert_int_equal(r.counters.decisions, s.t.report.counters.decisions);
        assert_string_equal(r.plan.summary, s.t.decided.plan.summary);
        assert_int_equal(r.snapshot.n_guests, 3);
        report_free(&r);
    }
    go(&a);
    end_with(&s, &b);
}

static void commands_are_carried_out_and_answered(void **state)
{
    struct service s;
    struct client c;

    (void)state;
    begin(&s);
    world_pass(&s.t, 12);
    come(&c);
    say(&c, "{\"command\":\"pause\",\"id\":5}\n");
    hear_of(&c, "{\"kind\":\"answer\",\"id\":5,\"refused\":false,\"actions\":0,\"text\":\"paused by the operator\"}");
    say(&c, "{\"command\":\"pause\",\"id\":6,\"value\":1}\n");
    hear_of(&c, "\"id\":6,\"refused\":false,\"actions\":0,\"text\":\"paused already\"");
    say(&c, "{\"command\":\"lock\",\"guest\":\"guest1\"}\n");
    hear_of(&c, "{\"kind\":\"answer\",\"refused\":false,\"actions\":0,\"text\":\"guest1 locked: left alone\"}");
    say(&c, "{\"command\":\"lock\",\"guest\":\"guest1\",\"id\":7}\n");
    hear_of(&c, "\"id\":7,\"refused\":false,\"actions\":0,\"text\":\"guest1 is locked already\"");
    say(&c, "{\"command\":\"lock\",\"guest\":\"nobody\",\"id\":8}\n");
    hear_of(&c,
            "\"id\":8,\"refused\":true,\"actions\":0,\"text\":\"nothing is locked: there is no guest of that name\"");
    say(&c, "{\"command\":\"interval\",\"id\":9}\n");
    hear_of(&c, "\"id\":9,\"refused\":true,\"actions\":0,\"text\":\"the interval stays: value is missing\"");
    say(&c, "{\"command\":\"explode\",\"id\":10}\n");
    hear_of(&c, "\"id\":10,\"refused\":true,\"actions\":0,\"text\":\"there is no such command\"");
    world_settle(&s.t);
    world_take(&s.t);
    assert_true(s.t.report.paused && s.t.report.guests[1].locked && !s.t.report.guests[0].locked);
    end_with(&s, &c);
}

static void garbage_is_answered_and_halves_wait(void **state)
{
    static char endless[20000];
    struct service s;
    struct client c;

    (void)state;
    begin_with(&s, &c, "GET / HTTP/1.1\n{\"want\":7}\n\n{\"command\":\"pa");
    hear_of(&c, "not understood: no JSON");
    hear_of(&c, "not understood: want");
    hear_of(&c, "not understood: ends in the middle");
    say(&c, "use\",\"id\":1}\n");
    hear_of(&c, "paused by the operator");
    memset(endless, '{', sizeof(endless) - 1);
    send(c.fd, endless, sizeof(endless) - 1, MSG_NOSIGNAL);
    assert_null(hear(&c)); /* sent away */
    go(&c);
    world_pass(&s.t, 24);
    end(&s);
}

/* One who sends a command and ends his side, as a shell's pipe does, gets the answer and then the end. */
static void who_says_one_thing_and_leaves_is_answered(void **state)
{
    struct service s;
    struct client c;

    (void)state;
    begin_with(&s, &c, "{\"command\":\"pause\",\"id\":3}\n");
    shutdown(c.fd, SHUT_WR);
    hear_of(&c, "\"id\":3,\"refused\":false");
    assert_null(hear(&c));
    end_with(&s, &c);
}

/* However many samples go by, a watcher that takes nothing costs the loop nothing, and finds whole lines afterwards,
 * and what is true now, with no line of the log missing, though nothing new happens. */
static void a_stopped_watcher_delays_nobody(void **state)
{
    enum { INTERVALS = 50 };
    struct service s;
    struct client stopped, other;
    uint64_t serial = 0, first = 0, last;
    int reports = 0, bytes = 4096;
    bool all = false;

    (void)state;
    begin_with(&s, &stopped, "");
    setsockopt(stopped.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    say(&stopped, "{\"want\":\"reports\"}\n");
    hear_of(&stopped, "\"kind\":\"sample\"");
    come(&other);
    say(&other, "{\"want\":\"status\"}\n");
    for (int i = 0; i < INTERVALS; i++) {
        world_pass(&s.t, 12);
        if (i % 10 == 0) { /* so that the watchers' thread has seen what is there so far */
            say(&other, "{\"command\":\"ask\",\"id\":1}\n");
            hear_of(&other, "\"kind\":\"answer\"");
        }
    }
    assert_int_equal(s.t.report.counters.decisions, INTERVALS);
    last = s.t.report.log[s.t.report.n_log - 1].serial;
    while (!all) {
        struct report r = {0};
        struct attach_message m;

        read_message(hear(&stopped), &m, &r);
        reports += m.kind == ATTACH_REPORT;
        for (int i = 0; i < r.n_log; i++) {
            first = first ? first : r.log[i].serial;
            assert_true(r.log[i].serial > serial);
            serial = r.log[i].serial;
        }
        all = serial >= last;
        report_free(&r);
    }
    assert_true(reports > 2 && reports < INTERVALS * 12); /* some were left out */
    go(&stopped);
    end_with(&s, &other);
}

static void dead_watchers_are_forgotten(void **state)
{
    struct service s;
    struct client c;

    (void)state;
    begin(&s);
    for (int i = 0; i < 3 * WATCHERS_MOST; i++) {
        come(&c);
        say(&c, i % 2 ? "{\"want\":\"reports\"}\n" : "{\"want\":\"rep");
        go(&c); /* with what it was sent unread */
    }
    world_pass(&s.t, 12);
    come(&c);
    say(&c, "{\"want\":\"reports\"}\n");
    hear_of(&c, "\"kind\":");
    end_with(&s, &c);
}

static void one_too_many_takes_the_place_of_the_slowest(void **state)
{
    struct client c[WATCHERS_MOST + 1];
    struct service s;

    (void)state;
    begin(&s);
    for (int i = 0; i < WATCHERS_MOST; i++)
        come(&c[i]);
    for (int i = 1; i < WATCHERS_MOST; i++) {
        say(&c[i], "{\"command\":\"pause\",\"id\":1}\n");
        hear_of(&c[i], "\"kind\":\"answer\"");
    }
    come(&c[WATCHERS_MOST]);
    say(&c[WATCHERS_MOST], "{\"command\":\"pause\",\"id\":2}\n");
    hear_of(&c[WATCHERS_MOST], "\"id\":2");
    for (int i = 0; i <= WATCHERS_MOST; i++)
        go(&c[i]);
    end(&s);
}

static void what_is_measured_for_one_ends_with_him(void **state)
{
    struct service s;
    struct client c;

    (void)state;
    begin_with(&s, &c, "{\"command\":\"watch\",\"value\":3,\"id\":1}\n");
    hear_of(&c, "measured from now on");
    world_settle(&s.t);
    world_take(&s.t);
    while (s.t.report.commands_taken < 1)
        world_pass(&s.t, 1);
    go(&c);
    while (s.t.report.commands_taken < 2) /* taken back */
        world_pass(&s.t, 1);
    end(&s);
}

static void a_call_that_hangs_is_told(void **state)
{
    struct service s;
    struct client c;

    (void)state;
    begin_with(&s, &c, "");
    pthread_mutex_lock(&s.t.world->mutex);
    s.t.world->hang = true;
    pthread_mutex_unlock(&s.t.world->mutex);
    world_pass(&s.t, 2);
    hear_of(&c, "\"kind\":\"busy\"");
    pthread_mutex_lock(&s.t.world->mutex);
    s.t.world->hang = false;
    pthread_cond_broadcast(&s.t.world->changed);
    pthread_mutex_unlock(&s.t.world->mutex);
    hear_of(&c, "{\"kind\":\"busy\",\"seconds\":0,");
    end_with(&s, &c);
}

/* ---- a loop that shows another's work ---- */

static struct engine *attach(void)
{
    struct engine_config config = {
        .program = REPORT_VCPU_SCHEDULER, .attached = true, .interval_s = 1, .retry_s = 0.05};
    char error[HOST_ERROR_BYTES] = "";
    struct engine *e;

    config.host = attach_host_new(path, "vcpu_scheduler", ATTACH_WANTS_REPORTS);
    assert_non_null(config.host);
    e = engine_start(&config, error, sizeof(error));
    assert_non_null(e);
    return e;
}

/* Takes reports until one fits. */
static void take_until(struct engine *e, struct report *r, bool (*fits)(const struct report *r, const void *what),
                       const void *what)
{
    do {
        struct pollfd p = {engine_fd(e), POLLIN, 0};

        if (poll(&p, 1, 60000) != 1)
            fail_msg("it never comes to that");
    } while (engine_take(e, r) != 1 || !fits(r, what));
}

static bool is_in(const struct report *r, const void *what)
{
    return r->state == *(const enum report_state *)what;
}

static bool is_answered(const struct report *r, const void *what)
{
    return report_answer_to(r, *(const uint64_t *)what) != NULL;
}

static void detach(struct engine *e, struct report *r)
{
    assert_int_equal(engine_finish(e, 60000), 0);
    engine_free(e);
    report_free(r);
}

static void an_attached_loop_shows_reports_and_passes_commands_on(void **state)
{
    const enum report_state running = REPORT_RUNNING, paused = REPORT_PAUSED;
    struct engine_command c = {.kind = ENGINE_PAUSE, .value = 1};
    struct service s;
    struct report r = {0};
    struct engine *e;
    uint64_t number;

    (void)state;
    begin(&s);
    world_pass(&s.t, 12);
    e = attach();
    take_until(e, &r, is_in, &running);
    assert_int_equal(r.snapshot.n_guests, 3);
    assert_string_equal(r.plan.summary, s.t.decided.plan.summary);
    number = engine_send(e, &c);
    take_until(e, &r, is_answered, &number);
    assert_string_equal(report_answer_to(&r, number)->text, "paused by the operator");
    if (r.state != REPORT_PAUSED)
        take_until(e, &r, is_in, &paused);
    c = (struct engine_command){.kind = ENGINE_LOCK, .value = 1};
    memset(c.uuid, 2, sizeof(c.uuid));
    number = engine_send(e, &c);
    take_until(e, &r, is_answered, &number);
    assert_string_equal(report_answer_to(&r, number)->text, "guest1 locked: left alone");
    number = engine_send(e, &(struct engine_command){.kind = ENGINE_SPEED, .value = 2});
    take_until(e, &r, is_answered, &number);
    assert_true(report_answer_to(&r, number)->refused);
    detach(e, &r);
    world_settle(&s.t);
    world_take(&s.t);
    assert_true(s.t.report.paused && s.t.report.guests[1].locked); /* it goes on when the screen is gone */
    end(&s);
}

static void an_attached_loop_says_that_the_program_is_gone_and_finds_the_next(void **state)
{
    const enum report_state running = REPORT_RUNNING, lost = REPORT_DISCONNECTED;
    struct service s;
    struct report r = {0};
    struct engine *e;
    uint64_t number;

    (void)state;
    begin(&s);
    e = attach();
    take_until(e, &r, is_in, &running);
    end(&s);
    take_until(e, &r, is_in, &lost);
    assert_non_null(strstr(r.connection, "vcpu_scheduler isn't running: "));
    assert_true(r.retry_in_s >= 0);
    number = engine_send(e, &(struct engine_command){.kind = ENGINE_STEP});
    take_until(e, &r, is_answered, &number);
    assert_true(report_answer_to(&r, number)->refused);
    begin(&s);
    engine_send(e, &(struct engine_command){.kind = ENGINE_CONNECT});
    take_until(e, &r, is_in, &running);
    assert_true(world_log_has(&r, REPORT_LOG_EVENT, "attached to vcpu_scheduler 1.2"));
    detach(e, &r);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_watchers_see_the_same_reports),
        cmocka_unit_test(commands_are_carried_out_and_answered),
        cmocka_unit_test(garbage_is_answered_and_halves_wait),
        cmocka_unit_test(who_says_one_thing_and_leaves_is_answered),
        cmocka_unit_test(a_stopped_watcher_delays_nobody),
        cmocka_unit_test(dead_watchers_are_forgotten),
        cmocka_unit_test(one_too_many_takes_the_place_of_the_slowest),
        cmocka_unit_test(what_is_measured_for_one_ends_with_him),
        cmocka_unit_test(a_call_that_hangs_is_told),
        cmocka_unit_test(an_attached_loop_shows_reports_and_passes_commands_on),
        cmocka_unit_test(an_attached_loop_says_that_the_program_is_gone_and_finds_the_next),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
