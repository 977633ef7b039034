#include "memory/fair_share.h"

#include "tests/sim/jain_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t sum_of(const struct fair_share_claim *claims, int n)
{
    uint64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += claims[i].got_kib;
    return sum;
}

static void all_get_what_they_want_when_there_is_enough(void **state)
{
    struct fair_share_claim claims[] = {{.weight = 1, .high_kib = 100}, {.weight = 3, .high_kib = 700}};

    (void)state;
    assert_int_equal(fair_share_fill(claims, 2, 800), 0);
    assert_int_equal(claims[0].got_kib, 100);
    assert_int_equal(claims[1].got_kib, 700);
    assert_int_equal(fair_share_fill(claims, 2, 5000), 0);
    assert_int_equal(sum_of(claims, 2), 800);
}

/* The small one is filled, the two large ones share what it leaves: (1000 - 100) / 2. */
static void the_small_is_filled_and_the_large_share_the_rest(void **state)
{
    struct fair_share_claim claims[] = {
        {.weight = 1, .high_kib = 100}, {.weight = 1, .high_kib = 2000}, {.weight = 1, .high_kib = 9000}};

    (void)state;
    assert_int_equal(fair_share_fill(claims, 3, 1000), 11100 - 1000);
    assert_int_equal(claims[0].got_kib, 100);
    assert_in_range(claims[1].got_kib, 449, 450);
    assert_in_range(claims[2].got_kib, 449, 450);
}

/* 900 in the proportion of 1 to 2. */
static void weights_are_proportions(void **state)
{
    struct fair_share_claim claims[] = {{.weight = 1, .high_kib = 9000}, {.weight = 2, .high_kib = 9000}};

    (void)state;
    fair_share_fill(claims, 2, 900);
    assert_in_range(claims[0].got_kib, 299, 300);
    assert_in_range(claims[1].got_kib, 599, 600);
}

/* Above bases of 100 and 300, 200 are left: 100 each. */
static void fairness_counts_from_the_base(void **state)
{
    struct fair_share_claim claims[] = {{.weight = 1, .base_kib = 100, .low_kib = 100, .high_kib = 9000},
                                        {.weight = 1, .base_kib = 300, .low_kib = 300, .high_kib = 9000}};

    (void)state;
    fair_share_fill(claims, 2, 600);
    assert_in_range(claims[0].got_kib, 199, 200);
    assert_in_range(claims[1].got_kib, 399, 400);
}

/* One has 600 of 1000 already and keeps them; the others share 400. */
static void what_one_holds_is_not_taken(void **state)
{
    struct fair_share_claim claims[] = {
        {.weight = 1, .low_kib = 600, .high_kib = 900}, {.weight = 1, .high_kib = 900}, {.weight = 1, .high_kib = 900}};

    (void)state;
    fair_share_fill(claims, 3, 1000);
    assert_int_equal(claims[0].got_kib, 600);
    assert_in_range(claims[1].got_kib, 199, 200);
    assert_in_range(claims[2].got_kib, 199, 200);
}

static void lows_are_given_even_beyond_the_pool(void **state)
{
    struct fair_share_claim claims[] = {{.weight = 1, .low_kib = 600, .high_kib = 900},
                                        {.weight = 1, .low_kib = 500, .high_kib = 400}};

    (void)state;
    assert_int_equal(fair_share_fill(claims, 2, 0), 900 + 500);
    assert_int_equal(claims[0].got_kib, 600);
    assert_int_equal(claims[1].got_kib, 500);
}

static void nothing_to_share_and_nobody_to_share_it(void **state)
{
    struct fair_share_claim claims[] = {{.weight = 1}, {.weight = 0.5}};

    (void)state;
    assert_int_equal(fair_share_fill(claims, 0, 100), 0);
    assert_int_equal(fair_share_fill(claims, 2, 100), 0);
    assert_int_equal(sum_of(claims, 2), 0);
}

/*
 * Whatever the claims: within bounds, never above the pool but for the lows, all of it used but for rounding, and
 * max-min fair: who got less than another for its weight has all it wants, or the other holds it by right of its low.
 */
static void random_claims_are_filled_fairly(void **state)
{
    enum { MOST = 40 };
    struct fair_share_claim claims[MOST];

    (void)state;
    srand(7);
    for (int round = 0; round < 2000; round++) {
        int n = 1 + rand() % MOST;
        uint64_t lows = 0, highs = 0, pool, sum;

        for (int i = 0; i < n; i++) {
            struct fair_share_claim *c = &claims[i];

            *c = (struct fair_share_claim){.weight = 0.25 * (1 + rand() % 16), .base_kib = (uint64_t)(rand() % 5000)};
            c->low_kib = (uint64_t)(rand() % 10000);
            c->high_kib = c->low_kib + (uint64_t)(rand() % 10000);
            lows += c->low_kib;
            highs += c->high_kib;
        }
        pool = (uint64_t)rand() % (highs + 5000);
        assert_int_equal(fair_share_fill(claims, n, pool), highs > pool ? highs - pool : 0);
        sum = sum_of(claims, n);
        assert_true(sum <= pool || sum == lows);
        if (pool >= lows)
            assert_true(sum + (uint64_t)n * 3 >= (pool < highs ? pool : highs));
        for (int i = 0; i < n; i++) {
            const struct fair_share_claim *a = &claims[i];

            assert_in_range(a->got_kib, a->low_kib, a->high_kib);
            for (int k = 0; k < n; k++) {
                const struct fair_share_claim *b = &claims[k];
                double level_a = ((double)a->got_kib - (double)a->base_kib) / a->weight;
                double level_b = ((double)b->got_kib - (double)b->base_kib) / b->weight;

                /* Rounded to whole KiB, at weights of a quarter and more. */
                if (level_a + 12 < level_b)
                    assert_true(a->got_kib == a->high_kib || b->got_kib == b->low_kib);
            }
        }
    }
}

static void jain_tells_how_even(void **state)
{
    double equal[] = {5, 5, 5, 5}, one[] = {7, 0, 0, 0}, mixed[] = {1, 3};

    (void)state;
    assert_true(jain_index(equal, 4) == 1);
    assert_true(jain_index(one, 4) == 0.25);
    assert_true(jain_index(mixed, 2) == 0.8); /* 16 / (2 x 10) */
    assert_true(jain_index(mixed, 0) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_get_what_they_want_when_there_is_enough),
        cmocka_unit_test(the_small_is_filled_and_the_large_share_the_rest),
        cmocka_unit_test(weights_are_proportions),
        cmocka_unit_test(fairness_counts_from_the_base),
        cmocka_unit_test(what_one_holds_is_not_taken),
        cmocka_unit_test(lows_are_given_even_beyond_the_pool),
        cmocka_unit_test(nothing_to_share_and_nobody_to_share_it),
        cmocka_unit_test(random_claims_are_filled_fairly),
        cmocka_unit_test(jain_tells_how_even),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
