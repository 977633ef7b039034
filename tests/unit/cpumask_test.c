#include "core/model/cpumask.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 200, WORDS = 4 };

static void words_for_a_limit(void **state)
{
    (void)state;
    assert_int_equal(cpumask_words(0), 1);
    assert_int_equal(cpumask_words(1), 1);
    assert_int_equal(cpumask_words(64), 1);
    assert_int_equal(cpumask_words(65), 2);
    assert_int_equal(cpumask_words(128), 2);
    assert_int_equal(cpumask_words(129), 3);
    assert_int_equal(cpumask_words(LIMIT), WORDS);
}

static void set_has_count(void **state)
{
    static const int cpus[] = {0, 7, 8, 31, 32, 63, 64, 127, 128, 199};
    uint64_t mask[WORDS];

    (void)state;
    cpumask_clear(mask, WORDS);
    assert_int_equal(cpumask_count(mask, WORDS), 0);
    for (int i = 0; i < 10; i++) {
        assert_false(cpumask_has(mask, WORDS, cpus[i]));
        cpumask_set(mask, cpus[i]);
        assert_true(cpumask_has(mask, WORDS, cpus[i]));
        assert_int_equal(cpumask_count(mask, WORDS), i + 1);
    }
    assert_false(cpumask_has(mask, WORDS, -1));
    assert_false(cpumask_has(mask, WORDS, 256));
    assert_false(cpumask_has(mask, WORDS, 100000));
}

static void next_walks_the_mask(void **state)
{
    static const int cpus[] = {0, 1, 63, 64, 130, 199};
    uint64_t mask[WORDS] = {0};
    int n = 0;

    (void)state;
    for (int i = 0; i < 6; i++)
        cpumask_set(mask, cpus[i]);
    for (int cpu = cpumask_next(mask, WORDS, -5); cpu >= 0; cpu = cpumask_next(mask, WORDS, cpu + 1)) {
        assert_in_range(n, 0, 5);
        assert_int_equal(cpu, cpus[n++]);
    }
    assert_int_equal(n, 6);
    assert_int_equal(cpumask_next(mask, WORDS, 131), 199);
    assert_int_equal(cpumask_next(mask, WORDS, 200), -1);
    assert_int_equal(cpumask_next(mask, WORDS, 256), -1);
}

static void single(void **state)
{
    uint64_t mask[WORDS] = {0};

    (void)state;
    assert_int_equal(cpumask_single(mask, WORDS), -1);
    cpumask_set(mask, 150);
    assert_int_equal(cpumask_single(mask, WORDS), 150);
    cpumask_set(mask, 151);
    assert_int_equal(cpumask_single(mask, WORDS), -1);
    cpumask_clear(mask, WORDS);
    cpumask_set(mask, 3);
    cpumask_set(mask, 150);
    assert_int_equal(cpumask_single(mask, WORDS), -1);
}

static void equal_within_and(void **state)
{
    uint64_t a[WORDS] = {0}, b[WORDS] = {0};

    (void)state;
    cpumask_set(a, 5);
    cpumask_set(a, 170);
    cpumask_set(b, 170);
    assert_false(cpumask_equal(a, b, WORDS));
    assert_true(cpumask_within(b, a, WORDS));
    assert_false(cpumask_within(a, b, WORDS));
    cpumask_and(a, b, WORDS);
    assert_true(cpumask_equal(a, b, WORDS));
    assert_true(cpumask_within(a, b, WORDS));
}

static void parses(const char *text, const char *expected)
{
    uint64_t mask[WORDS];
    char list[256];

    memset(mask, 0xff, sizeof(mask));
    assert_int_equal(cpumask_parse(mask, LIMIT, text), 0);
    cpumask_format(mask, WORDS, list, sizeof(list));
    assert_string_equal(list, expected);
}

static void parse_lists(void **state)
{
    (void)state;
    parses("0", "0");
    parses("0-3,8", "0-3,8");
    parses("8,0-3", "0-3,8");
    parses("0-3,8,^2", "0-1,3,8");
    parses("^2,0-3", "0-3");
    parses("1,2,3", "1-3");
    parses("60-70,199", "60-70,199");
    parses("0-199", "0-199");
    parses(" 1 , 3-4\n", "1,3-4");
    parses("007", "7");
    parses("", "none");
    parses("\n", "none");
    parses("5,^5", "none");
}

static void parse_errors(void **state)
{
    static const char *const wrong[] = {"a",    ",",    "1,",  ",1",  "1,,2", "-1",   "1-", "3-1",
                                        "^2-3", "1--2", "1-x", "1 2", "none", "0x10", "^",  "1;2"};
    static const char *const high[] = {"200", "0-200", "99999999999999999999", "0-4294967297", "^200"};
    uint64_t mask[WORDS];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(cpumask_parse(mask, LIMIT, wrong[i]), -EINVAL);
        assert_int_equal(cpumask_count(mask, WORDS), 0);
    }
    for (size_t i = 0; i < sizeof(high) / sizeof(high[0]); i++) {
        assert_int_equal(cpumask_parse(mask, LIMIT, high[i]), -ERANGE);
        assert_int_equal(cpumask_count(mask, WORDS), 0);
    }
}

static void format_is_cut(void **state)
{
    uint64_t mask[WORDS] = {0};
    char text[32];

    (void)state;
    assert_int_equal(cpumask_parse(mask, LIMIT, "0-3,8,10"), 0);
    cpumask_format(mask, WORDS, text, sizeof(text));
    assert_string_equal(text, "0-3,8,10");
    cpumask_format(mask, WORDS, text, 9);
    assert_string_equal(text, "0-3,8,10");
    cpumask_format(mask, WORDS, text, 8);
    assert_string_equal(text, "0-3...");
    cpumask_format(mask, WORDS, text, 7);
    assert_string_equal(text, "0-3...");
    cpumask_format(mask, WORDS, text, 6);
    assert_string_equal(text, "...");
    cpumask_format(mask, WORDS, text, 1);
    assert_string_equal(text, "");
    text[0] = 'x';
    cpumask_format(mask, WORDS, text, 0);
    assert_int_equal(text[0], 'x');
}

/* Any mask, written as a list and read back, is the same mask. */
static void random_round_trip(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 500; round++) {
        uint64_t mask[WORDS] = {0}, back[WORDS];
        char text[1200];
        int density = 1 + rand() % 40;

        for (int cpu = 0; cpu < LIMIT; cpu++)
            if (rand() % density == 0)
                cpumask_set(mask, cpu);
        if (cpumask_count(mask, WORDS) == 0)
            continue;
        cpumask_format(mask, WORDS, text, sizeof(text));
        assert_int_equal(cpumask_parse(back, LIMIT, text), 0);
        assert_true(cpumask_equal(mask, back, WORDS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_for_a_limit),   cmocka_unit_test(set_has_count),
        cmocka_unit_test(next_walks_the_mask), cmocka_unit_test(single),
        cmocka_unit_test(equal_within_and),    cmocka_unit_test(parse_lists),
        cmocka_unit_test(parse_errors),        cmocka_unit_test(format_is_cut),
        cmocka_unit_test(random_round_trip),
    };

    return cmocka_run_group_tests_name("cpumask", tests, NULL, NULL);
}
