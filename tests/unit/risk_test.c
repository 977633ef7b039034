#include "core/advise/risk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { STRETCH = 20, N = 8 * STRETCH };

static float work[2 * N];

static void is_near(double value, double expected, double off)
{
    if (!(fabs(value - expected) <= off))
        fail_msg("%f is not %f", value, expected);
}

static void t_is_as_in_tables(void **state)
{
    (void)state;
    is_near(risk_t95(3), 2.353, 0.01);
    is_near(risk_t95(7), 1.895, 0.01);
    is_near(risk_t95(30), 1.697, 0.01);
    is_near(risk_t95(100000), 1.645, 0.001);
}

static void too_few_figures_promise_nothing(void **state)
{
    float figures[RISK_FIGURES_LEAST] = {0};
    double level;

    (void)state;
    assert_false(risk_most(figures, RISK_FIGURES_LEAST - 1, 0.01, work, &level));
    assert_false(risk_least(figures, RISK_FIGURES_LEAST - 1, 0.01, work, &level));
    assert_true(risk_most(figures, RISK_FIGURES_LEAST, 0.01, work, &level));
    is_near(level, 0, 0);
}

static void what_never_changes_is_enough(void **state)
{
    float figures[N];
    double level;

    (void)state;
    for (int i = 0; i < N; i++)
        figures[i] = 300;
    assert_true(risk_most(figures, N, 0.001, work, &level));
    is_near(level, 300, 1e-6);
    assert_true(risk_least(figures, N, 0.001, work, &level));
    is_near(level, 300, 1e-6);
}

/*
 * Eight stretches, in turn all of 10 and all of 20: mean 15, deviation sqrt(8 x 25 / 7) = 5.345; t of 7 is 1.895, and
 * 1.895 x 5.345 x sqrt(9 / 8) = 10.74.
 */
static void the_next_stretch_may_be_as_far_off_as_these_are(void **state)
{
    float figures[N];
    double level;

    (void)state;
    for (int i = 0; i < N; i++)
        figures[i] = i / STRETCH % 2 ? 20 : 10;
    assert_true(risk_most(figures, N, 0.01, work, &level));
    is_near(level, 25.74, 0.02);
    assert_true(risk_least(figures, N, 0.01, work, &level));
    is_near(level, 4.26, 0.02);
}

/* Of an exponential distribution, a thousandth lies above ln 1000 = 6.91, five hundredths above ln 20 = 3.00. */
static void peaks_tell_of_what_is_rarer_than_they_are(void **state)
{
    enum { FIGURES = 400 };
    float figures[FIGURES];

    (void)state;
    for (int i = 0; i < FIGURES; i++)
        figures[i] = (float)-log(1 - (i + 0.5) / FIGURES);
    is_near(risk_quantile(figures, FIGURES, 0.001), 6.91, 0.5);
    is_near(risk_quantile(figures, FIGURES, 0.05), 3.00, 0.1);
    assert_true(risk_quantile(figures, FIGURES, 0.0001) > risk_quantile(figures, FIGURES, 0.001));
}

/* Of a uniform distribution it knows that there is an end. */
static void peaks_that_end_abruptly_are_seen_to(void **state)
{
    enum { FIGURES = 1000 };
    float figures[FIGURES];

    (void)state;
    for (int i = 0; i < FIGURES; i++)
        figures[i] = (float)(i + 0.5) / FIGURES;
    is_near(risk_quantile(figures, FIGURES, 0.001), 0.999, 0.03);
}

static uint64_t state_of_chance = 1;

/* Source: SplitMix64 (G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number generators, 2014). */
static double chance(void)
{
    uint64_t z = (state_of_chance += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* Figures whose mean differs from stretch to stretch, as parts of a day do. */
static void make_stretch(float *figures)
{
    double mean = 100 + 40 * (chance() + chance() + chance() - 1.5);

    for (int i = 0; i < STRETCH; i++)
        figures[i] = (float)(mean - 10 * log(1 - chance()));
}

/* Nineteen of twenty next stretches are promised; of 1000, 950 with a deviation of 7. */
static void promises_are_kept(void **state)
{
    enum { TRIES = 1000 };
    float figures[N], next[STRETCH];
    int kept = 0;

    (void)state;
    for (int i = 0; i < TRIES; i++) {
        double level;

        for (int at = 0; at < N; at += STRETCH)
            make_stretch(figures + at);
        make_stretch(next);
        assert_true(risk_most(figures, N, 0.01, work, &level));
        kept += risk_quantile(next, STRETCH, 0.01) <= level;
    }
    if (kept < 930 || kept > 990)
        fail_msg("%d of %d promises were kept", kept, TRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t_is_as_in_tables),
        cmocka_unit_test(too_few_figures_promise_nothing),
        cmocka_unit_test(what_never_changes_is_enough),
        cmocka_unit_test(the_next_stretch_may_be_as_far_off_as_these_are),
        cmocka_unit_test(peaks_tell_of_what_is_rarer_than_they_are),
        cmocka_unit_test(peaks_that_end_abruptly_are_seen_to),
        cmocka_unit_test(promises_are_kept),
    };

    return cmocka_run_group_tests_name("risk", tests, NULL, NULL);
}
