/* What growth is expected to begin with: by the beginnings that were seen, of the guest and of all. */
#include "memory/burst.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint64_t usual = 60;

static void what_is_usual_where_nothing_was_seen(void **state)
{
    struct burst_record own = {0}, all = {0};

    (void)state;
    assert_int_equal(burst_expected(&own, &all, usual, 1000), usual);
    burst_learn(&own, 40, 1000);
    burst_learn(&all, 40, 1000);
    assert_int_equal(burst_expected(&own, &all, usual, 1000), usual);
}

/* Until it weighs a ninth of what is usual: 951 s; what one of the others did weighs a quarter of that, and so 351 s.
 */
static void one_beginning_is_believed_for_a_while(void **state)
{
    struct burst_record own = {0}, all = {0}, none = {0};

    (void)state;
    burst_learn(&own, 200, 1000);
    burst_learn(&all, 300, 1000);
    assert_int_equal(burst_expected(&own, &none, usual, 1000 + 950), 200);
    assert_int_equal(burst_expected(&own, &none, usual, 1000 + 952), usual);
    assert_int_equal(burst_expected(&none, &all, usual, 1000 + 350), 300);
    assert_int_equal(burst_expected(&none, &all, usual, 1000 + 352), usual);
}

/* Those of the guest and those of all go in one line, by size. */
static void one_in_ten_may_come_to_more(void **state)
{
    (void)state;
    for (int small = 7; small <= 8; small++) {
        struct burst_record own = {0}, all = {0};

        burst_learn(&own, 500, 0);
        for (int i = 0; i < small; i++)
            burst_learn(&own, 100, 0);
        assert_int_equal(burst_expected(&own, &all, usual, 0), small == 7 ? 500 : 100);
    }
    for (int large = 3; large <= 5; large++) {
        struct burst_record own = {0}, all = {0};

        for (int i = 0; i < 7; i++)
            burst_learn(&own, i == 0 ? 200 : 100, 0);
        for (int i = 0; i < 8; i++)
            burst_learn(&all, i < large ? 400 : 80, 0);
        /* Of the ten that these weigh together, four of all weigh as much as one. */
        assert_int_equal(burst_expected(&own, &all, usual, 0), large == 5 ? 400 : 200);
    }
}

/* 32 are kept, whatever their size. */
static void the_oldest_is_forgotten(void **state)
{
    struct burst_record own = {0}, all = {0};

    (void)state;
    burst_learn(&own, 500, 0);
    for (int i = 1; i < BURST_REMEMBERED; i++)
        burst_learn(&own, 70, i);
    assert_int_equal(own.n, BURST_REMEMBERED);
    assert_int_equal(own.onsets[0].kib, 500);
    burst_learn(&own, 80, BURST_REMEMBERED);
    assert_int_equal(own.n, BURST_REMEMBERED);
    assert_int_equal(own.onsets[0].kib, 80);
    for (int i = 1; i < own.n; i++)
        assert_int_equal(own.onsets[i].kib, 70);
    assert_int_equal(burst_expected(&own, &all, 60, BURST_REMEMBERED), 70);
}

/* The most that was seen in 600 s; of eight and more, twice as much beyond that as it is beyond the median. */
static void the_next_may_be_the_worst_so_far(void **state)
{
    static const uint64_t kib[] = {70, 100, 80, 90, 300, 110, 120, 130};
    struct burst_record all = {0};

    (void)state;
    assert_int_equal(burst_most(&all, 2, 1000, 0), 0);
    for (int i = 0; i < 8; i++) {
        burst_learn(&all, kib[i], i);
        assert_int_equal(burst_most(&all, 2, 1000, i), i < 1 ? 70 : i < 4 ? 100 : i < 7 ? 300 : 300 + 2 * (300 - 100));
    }
    assert_int_equal(burst_most(&all, 2, 1000, 599), 300 + 2 * (300 - 100));
    /* The first is forgotten, then all up to the 300. */
    assert_int_equal(burst_most(&all, 2, 1000, 601), 300);
    assert_int_equal(burst_most(&all, 2, 1000, 605), 130);
    assert_int_equal(burst_most(&all, 2, 1000, 608), 0);
}

/* Whoever begins with more than twice what is usual may be a service that starts, and others may be larger. */
static void services_may_start_anywhere(void **state)
{
    const uint64_t mib = 1024, often = 60 * mib;
    struct burst_record all = {0};

    (void)state;
    burst_learn(&all, 50 * mib, 0);
    burst_learn(&all, 120 * mib, 1);
    assert_int_equal(burst_most(&all, 2, often, 1), 120 * mib);
    burst_learn(&all, 121 * mib, 2);
    assert_int_equal(burst_most(&all, 2, often, 2), 512 * mib);
    /* What one guest does says nothing of others. */
    assert_int_equal(burst_most(&all, 1, often, 2), 121 * mib);
    burst_learn(&all, 700 * mib, 3);
    assert_int_equal(burst_most(&all, 2, often, 3), 700 * mib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_usual_where_nothing_was_seen), cmocka_unit_test(one_beginning_is_believed_for_a_while),
        cmocka_unit_test(one_in_ten_may_come_to_more),          cmocka_unit_test(the_oldest_is_forgotten),
        cmocka_unit_test(the_next_may_be_the_worst_so_far),     cmocka_unit_test(services_may_start_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
