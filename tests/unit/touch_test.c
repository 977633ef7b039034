/* What guests may touch together: what each was seen to do, and how that adds up. */
#include "memory/touch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB(mib) ((uint64_t)(mib)*1024)

static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) < 1e-3 * fmax(1, fabs(expected)));
}

/* 0.45 / (1 + c / 2): a guest that could touch 2 % of its maximum is expected to touch 22.5 % of that; 8 %: 9 %. */
static void a_guest_not_seen_yet_is_like_others(void **state)
{
    struct touch_record none = {0};

    (void)state;
    assert_near(touch_share(&none, MIB(20), MIB(1000)), 0.225);
    assert_near(touch_share(&none, MIB(80), MIB(1000)), 0.09);
    assert_near(touch_share(&none, 0, MIB(1000)), 0.45);
}

/* What it does weighs as much as others after 25 intervals, and is forgotten over some 400. */
static void what_it_does_counts_ever_more(void **state)
{
    struct touch_record calm = {0}, greedy = {0};

    (void)state;
    for (int i = 0; i < 25; i++) {
        touch_learn(&calm, MIB(20), 0);
        touch_learn(&greedy, MIB(20), MIB(30));
        touch_learn(&greedy, 0, 0); /* nothing could be touched: nothing is learned */
    }
    assert_true(fabs(touch_share(&calm, MIB(20), MIB(1000)) - 0.225 / 2) < 0.005);
    assert_true(fabs(touch_share(&greedy, MIB(20), MIB(1000)) - (1 + 0.225) / 2) < 0.02);
    for (int i = 0; i < 4000; i++)
        touch_learn(&greedy, MIB(20), 0);
    assert_true(touch_share(&greedy, MIB(20), MIB(1000)) < 0.02);
    assert_true(touch_share(&greedy, MIB(20), MIB(1000)) > 0.01);
}

static struct touch_sum sum_of(int n, uint64_t could_kib, double share, uint64_t surely_kib)
{
    struct touch_sum sum = {0};

    for (int i = 0; i < n; i++)
        touch_add(&sum, could_kib, share, surely_kib);
    return sum;
}

/* A few guests may touch all they have; of many, not all come at once. */
static void many_guests_need_less_each(void **state)
{
    struct touch_sum few = sum_of(2, MIB(100), 0.2, 0), many = sum_of(50, MIB(100), 0.2, 0);
    struct touch_sum sure = sum_of(50, MIB(100), 0.2, MIB(100));

    (void)state;
    assert_int_equal(touch_likely(&few, 1), MIB(200));
    /* 50 x 0.2 x 100, sqrt(2 x 6.9 x 50 x 0.16 x 100^2) and 6.9 x 100 / 3 */
    assert_near((double)touch_likely(&many, 1) / 1024, 1000 + 1050.7 + 230);
    assert_near((double)touch_likely(&many, 4) / 1024, 1000 + 2 * 1050.7 + 230);
    assert_int_equal(touch_likely(&many, 1000), MIB(5000));
    assert_int_equal(touch_likely(&sure, 1), MIB(5000));
    assert_near(touch_dispersion_prior(1), 1);
    assert_near(touch_dispersion_prior(51), 1.5);
}

static double even(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(*state >> 11) / (double)(1ULL << 53);
}

/* Drawn 100,000 times for hosts of 5 to 80 guests, each of which comes for all it could or for nothing, they take more
 * together less than once in 1000 times. */
static void what_is_likely_holds(void **state)
{
    uint64_t random = 7;
    int above = 0;

    (void)state;
    for (int host = 0; host < 100; host++) {
        uint64_t could[80];
        double share[80];
        struct touch_sum sum = {0};
        int n = 5 + (int)(even(&random) * 76);

        for (int i = 0; i < n; i++) {
            could[i] = MIB(10 + even(&random) * 300);
            share[i] = 0.02 + 0.4 * even(&random);
            touch_add(&sum, could[i], share[i], 0);
        }
        for (int draw = 0; draw < 1000; draw++) {
            uint64_t taken = 0;

            for (int i = 0; i < n; i++)
                taken += even(&random) < share[i] ? could[i] : 0;
            above += taken > touch_likely(&sum, 1);
        }
    }
    assert_true(above < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_not_seen_yet_is_like_others),
        cmocka_unit_test(what_it_does_counts_ever_more),
        cmocka_unit_test(many_guests_need_less_each),
        cmocka_unit_test(what_is_likely_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
