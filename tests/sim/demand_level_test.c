/*
 * The level of a load as it is estimated: changes of every size at any moment, ramps, bursts and peaks; how honest the
 * stated uncertainty is; and how good its forecasts are beside simple rivals.
 */
#include "cpu/demand/demand_level.h"
#include "tests/sim/cpu_task.h"
#include "tests/sim/demand_score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STEP_PCT 0.41 /* deviation of a second's figure by steps of 10 ms */

/* A load seen through counters of 10 ms steps, in samples of about a second that jitter. */
struct watched {
    struct demand_level level;
    struct cpu_random random;
    double scatter;  /* of a second's figure */
    double sample_s; /* about */
    double stands_s;
    double now_s, left_over;
};

static struct watched watch(double interval_s, double scatter, uint64_t seed)
{
    return (struct watched){.random = {seed * 7919},
                            .scatter = scatter,
                            .sample_s = interval_s / fmax(round(interval_s), 1.0),
                            .stands_s = 50.0 * interval_s};
}

static void sample(struct watched *w, double mean_pct, double seconds)
{
    double pct = mean_pct + w->scatter / sqrt(seconds) * cpu_random_normal(&w->random);
    double steps = fmax(fmin(pct, 100.0), 0.0) * seconds + w->left_over;

    w->left_over = steps - floor(steps);
    w->now_s += seconds;
    demand_level_add(&w->level, floor(steps) / seconds, seconds, STEP_PCT / seconds, seconds, w->stands_s, NULL);
}

static double jittered(struct watched *w)
{
    return w->sample_s * (1.0 + 0.02 * (cpu_random_unit(&w->random) - 0.5));
}

/* Samples a load that is a until change_s and b from then on, up to until_s. */
static void run_step(struct watched *w, double a, double b, double change_s, double until_s)
{
    while (w->now_s < until_s - w->sample_s / 2.0) {
        double seconds = jittered(w);
        double before = fmax(fmin((change_s - w->now_s) / seconds, 1.0), 0.0);

        sample(w, a * before + b * (1.0 - before), seconds);
    }
}

static const double levels[] = {0, 1, 5, 10, 20, 30, 40, 60, 80, 100};
static const double scatters[] = {0.5, 2.0, 5.0};
static const double quiets[] = {3, 10, 50};

enum { LEVELS = 10, SCATTERS = 3, QUIETS = 3 };

/* Two whole intervals after the change, in 95 % of runs. */
static void check_changes(double interval_s, double scatter)
{
    int runs = 0, off = 0;

    for (int k = 0; k < LEVELS * LEVELS * QUIETS * 3; k++) {
        double a = levels[k % LEVELS], b = levels[k / LEVELS % LEVELS];
        double quiet = quiets[k / (LEVELS * LEVELS) % QUIETS];
        struct watched w = watch(interval_s, scatter, (uint64_t)k + 1);
        double change_s = (quiet + cpu_random_unit(&w.random)) * interval_s;

        if (a == b)
            continue;
        run_step(&w, a, b, change_s, (ceil(change_s / interval_s) + 2.0) * interval_s);
        runs++;
        off += fabs(demand_level_now(&w.level).mean - b) > 2.0 + 2.0 * scatter;
    }
    if (off > runs / 20)
        fail_msg("interval %.0f, scatter %.1f: %d of %d too far off", interval_s, scatter, off, runs);
}

static void every_change_is_followed_within_two_intervals(void **state)
{
    static const double intervals[] = {1, 2, 4, 8, 12};

    (void)state;
    for (int i = 0; i < 5; i++)
        for (int s = 0; s < SCATTERS; s++)
            check_changes(intervals[i], scatters[s]);
}

/* Squared errors and variances stated, by age in samples. */
enum { AGES = 40, HONEST_RUNS = 400 };

struct honesty {
    double square[AGES], stated[AGES];
};

static void note(struct honesty *h, const struct watched *w, int age, double truth)
{
    struct demand_level_belief b = demand_level_now(&w->level);

    h->square[age] += (b.mean - truth) * (b.mean - truth);
    h->stated[age] += b.variance;
}

static void check_honest(const struct honesty *h, const char *what, double scatter, int from)
{
    for (int age = from; age < AGES; age++) {
        double ratio = sqrt(h->stated[age] / h->square[age]);

        if (ratio < 0.5 || ratio > 2.0)
            fail_msg("%s, scatter %.1f, sample %d: says %.2f times the error", what, scatter, age, ratio);
    }
}

/* By how much it says that it may be off is between half and twice what it is: from the second sample on when it sees a
 * load for the first time (one figure tells nothing of its scatter), and from the first one on after a change. */
static void uncertainty_is_honest_at_every_age(void **state)
{
    (void)state;
    for (int s = 0; s < SCATTERS; s++) {
        struct honesty first = {0}, changed = {0};

        for (uint64_t seed = 1; seed <= HONEST_RUNS; seed++) {
            struct watched w = watch(4.0, scatters[s], seed);
            double a = levels[4 + seed % 5], b = levels[4 + seed / 5 % 5];

            for (int age = 0; age < AGES; age++) {
                sample(&w, a, jittered(&w));
                note(&first, &w, age, a);
            }
            sample(&w, (a + b) / 2.0, 1.0);
            for (int age = 0; age < AGES; age++) {
                sample(&w, b, jittered(&w));
                note(&changed, &w, age, b);
            }
        }
        check_honest(&first, "new", scatters[s], 1);
        check_honest(&changed, "changed", scatters[s], 0);
    }
}

/* All scatters together it's honest from the very first sample on. */
static void the_first_figure_is_honest_on_average(void **state)
{
    double square = 0.0, stated = 0.0;

    (void)state;
    for (uint64_t seed = 1; seed <= 600; seed++) {
        struct watched w = watch(4.0, scatters[seed % SCATTERS], seed);
        double a = levels[4 + seed / SCATTERS % 5];

        sample(&w, a, 1.0);
        square += fabs(demand_level_now(&w.level).mean - a);
        stated += sqrt(demand_level_now(&w.level).variance) * sqrt(2.0 / 3.14159265358979);
    }
    assert_true(stated > square / 2.0 && stated < square * 2.0);
}

/* A figure of both levels doesn't count for the new one: three samples after it the level is there, and known to be. */
static void half_changed_figures_are_known_to_be(void **state)
{
    (void)state;
    for (int k = 1; k < 10; k++) {
        struct watched w = watch(4.0, 0.5, (uint64_t)k);
        double mixed = 20.0 + 4.0 * k;

        for (int i = 0; i < 20; i++)
            sample(&w, 20.0, 1.0);
        sample(&w, mixed, 1.0);
        if (k > 1)
            assert_true(sqrt(demand_level_now(&w.level).variance) > (mixed - 20.0) / 2.0);
        for (int i = 0; i < 3; i++)
            sample(&w, 60.0, 1.0);
        if (fabs(demand_level_now(&w.level).mean - 60.0) > 1.5 || demand_level_now(&w.level).variance > 4.0)
            fail_msg("after %.0f it is %.1f, give or take %.1f", mixed, demand_level_now(&w.level).mean,
                     sqrt(demand_level_now(&w.level).variance));
    }
}

/* A load that rises by half a point a second is never far behind. */
static void ramps_are_followed(void **state)
{
    struct watched w = watch(4.0, 1.0, 3);

    (void)state;
    for (int i = 0; i < 40; i++)
        sample(&w, 20.0, 1.0);
    for (int i = 0; i < 100; i++) {
        double truth = 20.0 + 0.5 * i;

        sample(&w, truth, 1.0);
        if (fabs(demand_level_now(&w.level).mean - truth) > 8.0)
            fail_msg("%.1f is taken for %.1f", truth, demand_level_now(&w.level).mean);
    }
}

/* One sample far off is gone again with the next ones, and the level comes back to where it was. */
static void peaks_pass(void **state)
{
    struct watched w = watch(4.0, 1.0, 5);

    (void)state;
    for (int i = 0; i < 60; i++)
        sample(&w, 20.0, 1.0);
    sample(&w, 100.0, 1.0);
    sample(&w, 20.0, 1.0);
    sample(&w, 20.0, 1.0);
    assert_true(fabs(demand_level_now(&w.level).mean - 20.0) < 2.0);
}

/* Half of the time 50 and half of it 0, some seconds each: it isn't expected to stand still, and what it comes back to
 * is its mean. */
static void bursts_are_known_by_their_mean(void **state)
{
    struct watched w = watch(4.0, 1.0, 9);
    double left_s = 0.0;
    bool on = false;

    (void)state;
    for (int i = 0; i < 400; i++) {
        if (left_s <= 0.0) {
            on = !on;
            left_s = 1.0 + cpu_random_exponential(&w.random, 3.0);
        }
        sample(&w, on ? 50.0 : 0.0, 1.0);
        left_s -= 1.0;
    }
    assert_true(demand_level_lasts(&w.level, 16.0, w.stands_s, NULL) < 0.05);
    assert_true(fabs(demand_level_usual(&w.level).mean - 25.0) <
                2.0 * sqrt(demand_level_usual(&w.level).variance) + 2.0);
}

static void what_stood_still_is_expected_to(void **state)
{
    struct watched w = watch(4.0, 1.0, 11);

    (void)state;
    run_step(&w, 20.0, 60.0, 100.0, 200.0);
    assert_true(demand_level_lasts(&w.level, 16.0, w.stands_s, NULL) > 0.95);
}

/* Loads of the kind that machines of business hosting have: quiet, with wide peaks, and daily waves. */
static int make_values(double *values, int n, uint64_t seed)
{
    struct cpu_random random = {seed * 104729};
    double base = 2.0 + 15.0 * cpu_random_unit(&random), wave = 10.0 * cpu_random_unit(&random), drift = 0.0;
    double peak = 0.0;

    for (int i = 0; i < n; i++) {
        drift = 0.9 * drift + 0.8 * cpu_random_normal(&random);
        peak = cpu_random_unit(&random) < 0.04 ? cpu_random_exponential(&random, 25.0) : 0.5 * peak;
        values[i] = fmax(fmin(base + wave * sin(i / 30.0) + drift + peak, 100.0), 0.0);
    }
    return n;
}

static void forecasts_beat_simple_rivals(void **state)
{
    static const double plays[][2] = {{10, 2}, {10, 4}, {10, 12}, {60, 4}, {60, 12}};

    (void)state;
    for (int p = 0; p < 5; p++) {
        struct demand_score score = {0};

        for (uint64_t seed = 1; seed <= 12; seed++) {
            double values[120];

            demand_score_add(&score, values, make_values(values, 120, seed), plays[p][0], plays[p][1], 0.0);
        }
        for (enum demand_score_of of = DEMAND_SCORE_LAST; of < DEMAND_SCORES; of++)
            if (demand_score_mean(&score, DEMAND_SCORE_OURS) >= demand_score_mean(&score, of))
                fail_msg("%.0f s a value, every %.0f s: %.3f, rival %u %.3f", plays[p][0], plays[p][1],
                         demand_score_mean(&score, DEMAND_SCORE_OURS), (unsigned)of, demand_score_mean(&score, of));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_is_followed_within_two_intervals),
        cmocka_unit_test(uncertainty_is_honest_at_every_age),
        cmocka_unit_test(the_first_figure_is_honest_on_average),
        cmocka_unit_test(half_changed_figures_are_known_to_be),
        cmocka_unit_test(ramps_are_followed),
        cmocka_unit_test(peaks_pass),
        cmocka_unit_test(bursts_are_known_by_their_mean),
        cmocka_unit_test(what_stood_still_is_expected_to),
        cmocka_unit_test(forecasts_beat_simple_rivals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
