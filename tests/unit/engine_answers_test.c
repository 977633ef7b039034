/* The table of commands: what it says, when a command can be given, and that each one is answered as things are. */
#include "tests/unit/engine_world.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static void every_command_has_one_row(void **state)
{
    const struct command *table = commands_row((enum engine_command_kind)0);

    (void)state;
    for (int i = 0; i < ENGINE_COMMANDS; i++) {
        assert_ptr_equal(commands_row((enum engine_command_kind)i), &table[i]);
        assert_int_equal(table[i].kind, i);
        assert_true(table[i].key && table[i].help[0] && table[i].doing[0] && table[i].refused[0]);
        assert_true(islower((unsigned char)table[i].help[0]) && table[i].help[strlen(table[i].help) - 1] != '.');
        for (int k = 0; k < i; k++)
            assert_null(strpbrk(table[k].key, table[i].key));
    }
}

static void commands_are_refused_as_things_are(void **state)
{
    static const struct {
        enum engine_command_kind kind;
        enum report_state state;
        bool replay, refused;
    } cases[] = {
        {ENGINE_STEP, REPORT_RUNNING, false, false},         {ENGINE_STEP, REPORT_DISCONNECTED, false, true},
        {ENGINE_STEP, REPORT_STARTING, false, true},         {ENGINE_STEP, REPORT_ENDED, false, true},
        {ENGINE_STEP, REPORT_RUNNING, true, false},          {ENGINE_PAUSE, REPORT_DISCONNECTED, false, false},
        {ENGINE_PAUSE, REPORT_ENDED, false, true},           {ENGINE_INTERVAL, REPORT_DISCONNECTED, false, false},
        {ENGINE_INTERVAL, REPORT_RUNNING, true, true},       {ENGINE_UNDO, REPORT_DISCONNECTED, false, true},
        {ENGINE_SPEED, REPORT_RUNNING, false, true},         {ENGINE_SPEED, REPORT_RUNNING, true, false},
        {ENGINE_CONNECT, REPORT_DISCONNECTED, false, false}, {ENGINE_CONNECT, REPORT_RUNNING, false, true},
        {ENGINE_CONNECT, REPORT_PAUSED, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct report r = {.state = cases[i].state, .replay = cases[i].replay};
        const char *why = commands_refusal(commands_row(cases[i].kind), &r);

        if ((why != NULL) != cases[i].refused)
            fail_msg("case %zu: %s", i, why ? why : "not refused");
    }
}

static const struct report_answer *answer(struct test *t, uint64_t number)
{
    const struct report_answer *a = report_answer_to(&t->report, number);

    assert_non_null(a);
    return a;
}

static void a_decision_that_was_wanted_is_answered_when_it_was_made(void **state)
{
    struct test t;
    uint64_t number;

    (void)state;
    world_begin(&t);
    number = world_send_value(&t, ENGINE_STEP, 0); /* there's nothing to learn from yet */
    assert_int_equal(t.report.commands_taken, number);
    assert_null(report_answer_to(&t.report, number));
    world_pass(&t, 1);
    assert_int_equal(t.decisions, 1);
    assert_false(answer(&t, number)->refused);
    assert_string_equal(answer(&t, number)->text, "one step: acts");
    number = world_send_value(&t, ENGINE_UNDO, 0);
    assert_non_null(strstr(answer(&t, number)->text, "undo: takes back 1"));
    number = world_send_value(&t, ENGINE_UNDO, 0);
    assert_true(answer(&t, number)->refused);
    number = world_send_value(&t, ENGINE_INTERVAL, 5);
    assert_string_equal(answer(&t, number)->text, "interval 5 s, was 12 s");
    number = world_send_value(&t, ENGINE_PAUSE, 1);
    assert_string_equal(answer(&t, number)->text, "paused already");
    world_finish(&t);
}

static void a_decision_that_cannot_be_made_is_answered_too(void **state)
{
    struct test t;
    uint64_t number;

    (void)state;
    world_begin(&t);
    world_pass(&t, 5);
    t.world->refuse_sample = -EAGAIN; /* the loop is at rest: nobody reads it */
    number = world_send_value(&t, ENGINE_FORCE, 0);
    assert_true(answer(&t, number)->refused);
    assert_string_equal(answer(&t, number)->text, "nothing is forced: the guests could not be read");
    t.world->refuse_sample = 0;
    world_pass(&t, 2); /* and isn't made later */
    assert_int_equal(t.decisions, 0);
    world_finish(&t);
}

static void set_up(struct test *t, bool up)
{
    pthread_mutex_lock(&t->world->mutex);
    t->world->up = up;
    pthread_mutex_unlock(&t->world->mutex);
}

static void pausing_works_without_a_connection(void **state)
{
    struct test t;
    uint64_t number;

    (void)state;
    world_begin(&t);
    set_up(&t, false);
    world_pass(&t, 12);
    assert_int_equal(t.report.state, REPORT_DISCONNECTED);
    number = world_send_value(&t, ENGINE_PAUSE, -1);
    assert_int_equal(t.report.state, REPORT_DISCONNECTED);
    assert_true(t.report.paused);
    assert_non_null(strstr(answer(&t, number)->text, "nothing will be changed"));
    number = world_send_value(&t, ENGINE_PAUSE, -1); /* and is taken back */
    assert_false(t.report.paused);
    assert_non_null(strstr(answer(&t, number)->text, "runs on when there is a connection"));
    number = world_send_value(&t, ENGINE_STEP, 0);
    assert_true(answer(&t, number)->refused);
    assert_string_equal(answer(&t, number)->text, "no step: there is no connection to the hypervisor");
    world_send_value(&t, ENGINE_PAUSE, 1);
    set_up(&t, true);
    world_pass(&t, 100);
    assert_int_equal(t.report.state, REPORT_PAUSED); /* it stayed so */
    assert_int_equal(t.decisions, 0);
    world_finish(&t);
}

static int connects(struct test *t)
{
    int n;

    pthread_mutex_lock(&t->world->mutex);
    n = t->world->connects;
    pthread_mutex_unlock(&t->world->mutex);
    return n;
}

static void the_operator_can_have_it_connect_at_once(void **state)
{
    struct test t;
    uint64_t number;
    int before;

    (void)state;
    world_begin(&t);
    set_up(&t, false);
    world_pass(&t, 60); /* tries have become rare */
    before = connects(&t);
    world_send_value(&t, ENGINE_CONNECT, 0);
    assert_int_equal(connects(&t), before + 1);
    set_up(&t, true);
    world_send_value(&t, ENGINE_CONNECT, 0);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    number = world_send_value(&t, ENGINE_CONNECT, 0);
    assert_string_equal(answer(&t, number)->text, "no new connection: there is a connection");
    world_finish(&t);
}

/* How many attempts there are within ten minutes of an outage. */
static int attempts(enum report_program program)
{
    struct engine_config config;
    struct test t;
    int before;

    world_prepare(&t);
    config = world_config_of(&t);
    config.program = program;
    world_start(&t, &config);
    before = connects(&t);
    set_up(&t, false);
    world_pass(&t, 600);
    before = connects(&t) - before;
    world_finish(&t);
    return before;
}

static void the_coordinator_tries_again_within_five_seconds(void **state)
{
    int n;

    (void)state;
    n = attempts(REPORT_MEMORY_COORDINATOR);
    assert_in_range(n, 600 / 6, 600 / 4 + 3); /* each 5 s, a fifth more or less */
    n = attempts(REPORT_VCPU_SCHEDULER);
    assert_in_range(n, 600 / 36, 600 / 24 + 6);
}

static void a_hypervisor_that_is_back_is_not_kept_waiting(void **state)
{
    struct test t;

    (void)state;
    world_begin(&t);
    pthread_mutex_lock(&t.world->mutex);
    t.world->tells_reachable = true;
    pthread_mutex_unlock(&t.world->mutex);
    set_up(&t, false);
    world_pass(&t, 300); /* tries have become rare */
    set_up(&t, true);
    world_pass(&t, 1);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    world_finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_one_row),
        cmocka_unit_test(commands_are_refused_as_things_are),
        cmocka_unit_test(a_decision_that_was_wanted_is_answered_when_it_was_made),
        cmocka_unit_test(a_decision_that_cannot_be_made_is_answered_too),
        cmocka_unit_test(pausing_works_without_a_connection),
        cmocka_unit_test(the_operator_can_have_it_connect_at_once),
        cmocka_unit_test(a_hypervisor_that_is_back_is_not_kept_waiting),
        cmocka_unit_test(the_coordinator_tries_again_within_five_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
