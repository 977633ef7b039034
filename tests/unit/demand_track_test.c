#include "cpu/demand/demand_track.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void near(double value, double expected, double within)
{
    if (!(fabs(value - expected) <= within))
        fail_msg("%f is not within %f of %f", value, within, expected);
}

static void feed(struct demand_track *t, const double *figures, int n)
{
    for (int i = 0; i < n; i++)
        demand_track_add(t, figures[i], 0.5, 0.0);
}

static void feed_steady(struct demand_track *t, double level, double off, int n)
{
    for (int i = 0; i < n; i++)
        demand_track_add(t, level + (i % 2 ? off : -off), 0.5, 0.0);
}

static void first_figure_is_taken(void **state)
{
    struct demand_track t = {0};

    (void)state;
    near(demand_track_uncertainty(&t, NULL), 0.0, 0.0);
    demand_track_add(&t, 37.0, 0.5, 0.0);
    near(t.level, 37.0, 1e-9);
    assert_true(demand_track_uncertainty(&t, NULL) > 100.0);
}

static void steady_figures_are_averaged(void **state)
{
    struct demand_track t = {0};

    (void)state;
    feed(&t, (const double[]){28, 32, 30, 29, 31}, 5);
    near(t.level, 30.0, 0.1);
    feed_steady(&t, 30.0, 1.0, 30);
    near(t.level, 30.0, 0.3);
    assert_true(demand_track_uncertainty(&t, NULL) < 0.5);
}

/* A figure that was measured ten times worse counts for little. */
static void exact_figures_count_more(void **state)
{
    struct demand_track t = {0};

    (void)state;
    demand_track_add(&t, 60.0, 20.0, 0.0);
    demand_track_add(&t, 40.0, 0.5, 0.0);
    demand_track_add(&t, 41.0, 0.5, 0.0);
    near(t.level, 41.0, 2.5);
}

static void lasting_change_takes_two(void **state)
{
    struct demand_track t = {0};

    (void)state;
    feed_steady(&t, 20.0, 1.0, 12);
    demand_track_add(&t, 70.0, 0.5, 0.0);
    near(t.level, 20.0, 1.0);
    demand_track_add(&t, 72.0, 0.5, 0.0);
    near(t.level, 71.0, 1e-9);
    assert_true(demand_track_uncertainty(&t, NULL) < 25.0);
}

/* The interval in which it changed saw half of each. */
static void partial_interval_is_left_out(void **state)
{
    struct demand_track t = {0};

    (void)state;
    feed_steady(&t, 20.0, 1.0, 12);
    feed(&t, (const double[]){45, 70}, 2);
    near(t.level, 70.0, 1e-9);
}

static void passing_peak_moves_little(void **state)
{
    struct demand_track t = {0};

    (void)state;
    feed_steady(&t, 20.0, 1.0, 12);
    feed(&t, (const double[]){100, 20, 20}, 3);
    near(t.level, 20.0, 4.0);
}

static void peaks_that_were_seen_before_are_no_change(void **state)
{
    struct demand_track t = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        feed(&t, (const double[]){10, 12, 8, 11, 60}, 5);
    near(t.level, 20.0, 6.0);
    feed(&t, (const double[]){60, 60}, 2);
    assert_true(t.level < 30.0);
}

/* Slighter than a jump, but it stays: found within some intervals. */
static void slight_change_is_found_in_time(void **state)
{
    struct demand_track t = {0};

    (void)state;
    feed_steady(&t, 30.0, 2.0, 40);
    feed_steady(&t, 36.0, 2.0, 10);
    near(t.level, 36.0, 1.5);
}

static void uncertainty_is_what_the_mean_is_off_by(void **state)
{
    struct demand_track t = {0};
    uint64_t seed = 7;
    double squares = 0.0, claimed = 0.0;
    int n = 0;

    (void)state;
    /* Evenly spread over 0 to 40: the mean is 20. */
    for (int i = 0; i < 5000; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        demand_track_add(&t, 40.0 * (double)(seed >> 40) / (double)(1 << 24), 0.5, 0.0);
        if (i >= 50) {
            squares += (t.level - 20.0) * (t.level - 20.0);
            claimed += demand_track_uncertainty(&t, NULL);
            n++;
        }
    }
    assert_true(squares / claimed > 0.5 && squares / claimed < 2.0);
    assert_true(sqrt(squares / n) < 3.0);
}

/* Steady so far, but of a kind that commonly isn't: two figures far off are not enough. */
static void typical_scatter_makes_wait(void **state)
{
    struct demand_track alone = {0}, among = {0};

    (void)state;
    for (int i = 0; i < 6; i++) {
        demand_track_add(&alone, i % 2 ? 9.0 : 11.0, 0.5, 0.0);
        demand_track_add(&among, i % 2 ? 9.0 : 11.0, 0.5, 400.0);
    }
    for (int i = 0; i < 2; i++) {
        demand_track_add(&alone, 80.0, 0.5, 0.0);
        demand_track_add(&among, 80.0, 0.5, 400.0);
    }
    near(alone.level, 80.0, 1e-9);
    assert_true(among.level < 60.0);
}

/* Ten steady ones know each other to be steady after two figures; alone, each would still have to wait for more. */
static void many_learn_their_scatter_sooner(void **state)
{
    struct demand_track steady[10] = {{0}}, wild[10] = {{0}};
    struct demand_pool of_steady = {0}, of_wild = {0};

    (void)state;
    for (int i = 0; i < 10; i++) {
        feed(&steady[i], (const double[]){20.0 + i, 21.0 + i}, 2);
        feed(&wild[i], (const double[]){20.0 + i, i % 2 ? 35.0 + i : 5.0 + i}, 2);
        demand_pool_add(&of_steady, &steady[i]);
        demand_pool_add(&of_wild, &wild[i]);
    }
    assert_true(demand_track_uncertainty(&steady[0], &of_steady) < demand_track_uncertainty(&steady[0], NULL) / 4.0);
    assert_true(demand_track_uncertainty(&wild[0], &of_wild) > 30.0);
    /* One that looks steady so far, among wild ones, is less certain than it seems. */
    assert_true(demand_track_uncertainty(&steady[0], &of_wild) > demand_track_uncertainty(&steady[0], NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_figure_is_taken),
        cmocka_unit_test(steady_figures_are_averaged),
        cmocka_unit_test(exact_figures_count_more),
        cmocka_unit_test(lasting_change_takes_two),
        cmocka_unit_test(partial_interval_is_left_out),
        cmocka_unit_test(passing_peak_moves_little),
        cmocka_unit_test(peaks_that_were_seen_before_are_no_change),
        cmocka_unit_test(slight_change_is_found_in_time),
        cmocka_unit_test(uncertainty_is_what_the_mean_is_off_by),
        cmocka_unit_test(typical_scatter_makes_wait),
        cmocka_unit_test(many_learn_their_scatter_sooner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
