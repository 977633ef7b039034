/* The standard deviation, against what can be worked out by hand. */
#include "core/model/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static double sd(const double *values, int n)
{
    struct statistics s = {0};

    for (int i = 0; i < n; i++)
        statistics_add(&s, values[i]);
    return statistics_sd(&s);
}

static void it_is_the_populations(void **state)
{
    (void)state;
    assert_true(sd(NULL, 0) == 0);
    assert_true(sd((double[]){7}, 1) == 0);
    assert_true(fabs(sd((double[]){60, 40}, 2) - 10) < 1e-12);
    assert_true(fabs(sd((double[]){2, 4, 4, 4, 5, 5, 7, 9}, 8) - 2) < 1e-12);
}

static void large_figures_close_together_lose_nothing(void **state)
{
    (void)state;
    assert_true(fabs(sd((double[]){1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}, 4) - sqrt(22.5)) < 1e-6);
}

/* A figure of weight 2 is that figure twice. */
static void weights_count_as_often(void **state)
{
    struct statistics s = {0};

    (void)state;
    statistics_add_weighted(&s, 10, 2);
    statistics_add_weighted(&s, 40, 1);
    assert_true(fabs(s.mean - 20) < 1e-12);
    assert_true(fabs(statistics_sd(&s) - sd((double[]){10, 10, 40}, 3)) < 1e-12);
}

/* Rounding may leave less than nothing of figures that are equal but for their last bit. */
static void equal_figures_of_any_weight_deviate_by_nothing(void **state)
{
    (void)state;
    for (int k = 1; k < 200; k++) {
        struct statistics s = {0};

        statistics_add_weighted(&s, nextafter(100, k % 2 ? 0 : 200), 1 + k / 10.0);
        statistics_add_weighted(&s, 100, 1);
        assert_true(statistics_sd(&s) >= 0 && statistics_sd(&s) < 1e-5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_populations),
        cmocka_unit_test(weights_count_as_often),
        cmocka_unit_test(equal_figures_of_any_weight_deviate_by_nothing),
        cmocka_unit_test(large_figures_close_together_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
