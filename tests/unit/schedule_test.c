/* When to sample and decide: arithmetic, without a loop. */
#include "core/engine/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000u;

static void the_last_sample_of_an_interval_is_the_decisions(void **state)
{
    struct schedule s = {0};
    uint64_t now = 50 * second_ns;

    (void)state;
    schedule_divide(&s, 2.5, 1); /* three samples */
    schedule_start(&s, now);
    schedule_sample(&s, now, now);
    for (int i = 1; i < 3; i++) {
        assert_true(s.next_sample_ns == now + (uint64_t)i * s.sample_ns);
        schedule_sample(&s, s.next_sample_ns, s.next_sample_ns + 1000);
    }
    assert_true(s.next_sample_ns == UINT64_MAX);
    assert_true(s.next_decision_ns == now + 5 * second_ns / 2);
}

static void what_was_missed_is_not_made_up_for(void **state)
{
    struct schedule s = {0};

    (void)state;
    schedule_divide(&s, 12, 1);
    schedule_start(&s, 0);
    schedule_decided(&s, 40 * second_ns);
    assert_true(s.scheduled_ns == 12 * second_ns);
    assert_true(s.next_decision_ns == 48 * second_ns);
}

static void slow_samples_come_less_often(void **state)
{
    struct schedule s = {0};

    (void)state;
    schedule_divide(&s, 12, 1);
    schedule_start(&s, 0);
    schedule_sample(&s, second_ns, second_ns + second_ns / 10); /* took 0.1 s */
    assert_true(s.next_sample_ns == 2 * second_ns);
    schedule_sample(&s, second_ns, second_ns + second_ns / 2);
    assert_true(s.next_sample_ns == 3 * second_ns + second_ns / 2);
    schedule_sample(&s, second_ns, 5 * second_ns); /* the decision's sample is the next */
    assert_true(s.next_sample_ns == UINT64_MAX);
}

static void a_new_interval_counts_from_the_last_decision(void **state)
{
    struct schedule s = {0};

    (void)state;
    schedule_divide(&s, 12, 1);
    schedule_start(&s, 0);
    schedule_divide(&s, 5, 1);
    schedule_refit(&s, 2 * second_ns);
    assert_true(s.next_decision_ns == 5 * second_ns);
    schedule_refit(&s, 7 * second_ns); /* over already */
    assert_true(s.next_decision_ns == 7 * second_ns);
}

static void what_is_too_long_to_be_measured_through(void **state)
{
    static const double intervals_s[][2] = {{0.1, 30}, {2, 30}, {10, 30}, {12, 36}, {86400, 3 * 86400.0}};
    struct schedule s = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(intervals_s) / sizeof(intervals_s[0]); i++) {
        schedule_divide(&s, intervals_s[i][0], 1);
        assert_true(schedule_longest_apart(&s) == (uint64_t)intervals_s[i][1] * second_ns);
    }
}

static void the_time_left_is_in_whole_milliseconds(void **state)
{
    struct schedule s = {0};

    (void)state;
    schedule_divide(&s, 12, 1);
    schedule_start(&s, 0);
    assert_true(schedule_until_decision(&s, 0) == 12);
    assert_true(fabs(schedule_until_decision(&s, 1234567890) - 10.765) < 1e-12);
    assert_true(schedule_until_decision(&s, 13 * second_ns) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_sample_of_an_interval_is_the_decisions),
        cmocka_unit_test(what_was_missed_is_not_made_up_for),
        cmocka_unit_test(slow_samples_come_less_often),
        cmocka_unit_test(a_new_interval_counts_from_the_last_decision),
        cmocka_unit_test(what_is_too_long_to_be_measured_through),
        cmocka_unit_test(the_time_left_is_in_whole_milliseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
