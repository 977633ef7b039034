/*
 * What the coordinator promises, shown on simulated hosts: growth is led, a step costs one interval, calm is calm,
 * hoarders and caches give way, shortage is shared fairly, greed doesn't pay. Hard limits are watched in every interval
 * of every test (see memory_run.c).
 */
#include "tests/sim/fixed_step.h"
#include "tests/sim/jain_index.h"
#include "tests/sim/memory_scenarios.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const double unused_floor_mib = 100;

struct told {
    struct memory_run run;
    struct memory_sim *sim;
};

static void tell(const char *name, struct told *t, void (*each)(struct memory_run *run, void *user), void *user)
{
    const struct memory_scenario *s = memory_scenario_find(name);

    assert_non_null(s);
    *t = (struct told){.run = {.trace = NULL}};
    memory_scenario_run(s, &coordinator_policy, NULL, &t->sim, &t->run, each, user);
    if (t->run.broken)
        print_message("# %s: %s\n", name, t->run.first_broken);
    assert_int_equal(t->run.broken, 0);
}

static void end(struct told *t)
{
    memory_run_end(&t->run);
    memory_sim_free(t->sim);
}

/* Lowest unused while a guest grows steadily, from two intervals of learning on. */
static double lowest_while_growing(double rate_mib_s, double interval_s, double period_s, double settle_s)
{
    struct memory_sim_host host = {.total_mib = 131072, .own_mib = 2048, .cache_mib = 2048, .noise_mib = 32, .seed = 3};
    struct memory_sim *sim = memory_sim_new(&host);
    struct memory_run run = {.host_noise_mib = 64};
    double lowest, limit_mib = rate_mib_s * interval_s * 12;
    int g = memory_sim_add(
        sim, &(struct memory_sim_guest){
                 .name = "vm", .size_mib = 512, .max_mib = limit_mib + 8192, .period_s = period_s, .noise_mib = 3});

    memory_sim_run(sim, 10);
    memory_run_start(&run, sim, &coordinator_policy, NULL, interval_s);
    memory_run_steps(&run, (unsigned)(settle_s / interval_s));
    memory_sim_load(sim, g,
                    &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = rate_mib_s, .limit_mib = limit_mib});
    /* It begins right after a decision: two intervals pass, and what they teach is given. */
    memory_run_steps(&run, 2);
    memory_sim_run(sim, 0.5);
    memory_run_measure_from_here(&run);
    memory_run_steps(&run, 14);
    assert_true(memory_sim_truth(sim, g).anon > limit_mib * 0.8);
    lowest = run.lowest_unused;
    assert_int_equal(run.broken, 0);
    memory_run_end(&run);
    memory_sim_free(sim);
    return lowest;
}

static void growth_is_led(void **state)
{
    static const double rates[] = {20, 200}, intervals[] = {2, 12}, settles[] = {12, 300};

    (void)state;
    for (int r = 0; r < 2; r++)
        for (int i = 0; i < 2; i++)
            for (int s = 0; s < 2; s++)
                for (int p = 0; p < 2; p++) {
                    double period_s = p ? fmax(1, intervals[i] / 4) : 1;
                    double lowest = lowest_while_growing(rates[r], intervals[i], period_s, settles[s]);

                    if (lowest < unused_floor_mib)
                        print_message("# %g MiB/s every %g s, statistics every %g s, after %g s: %.0f MiB unused\n",
                                      rates[r], intervals[i], period_s, settles[s], lowest);
                    assert_true(lowest >= unused_floor_mib);
                }
}

/* It begins with the program, which has no report to compare the first one with: still nobody runs dry. */
static void growth_from_the_start_is_outlasted(void **state)
{
    static const double intervals[] = {2, 12};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct memory_sim *sim = memory_sim_new(&(struct memory_sim_host){.total_mib = 16384, .own_mib = 1024});
        struct memory_run run = {.host_noise_mib = 1};
        int g = memory_sim_add(sim, &(struct memory_sim_guest){.name = "vm", .size_mib = 512, .max_mib = 2048});

        memory_sim_run(sim, 5);
        memory_run_start(&run, sim, &coordinator_policy, NULL, intervals[i]);
        memory_sim_load(sim, g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20, .limit_mib = 1700});
        memory_run_steps(&run, (unsigned)(120 / intervals[i]));
        assert_true(memory_sim_truth(sim, g).anon >= 1699);
        assert_int_equal(run.ooms, 0);
        assert_true(run.lowest_unused >= unused_floor_mib);
        assert_int_equal(run.broken, 0);
        memory_run_end(&run);
        memory_sim_free(sim);
    }
}

/* After the decision that follows it, a step is met, and the unused floor kept from then on. */
static void a_sudden_step_costs_one_interval(void **state)
{
    static const double intervals[] = {2, 12};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct memory_sim *sim = memory_sim_new(&(struct memory_sim_host){.total_mib = 16384, .own_mib = 1024});
        struct memory_run run = {.host_noise_mib = 1};
        int g = memory_sim_add(
            sim, &(struct memory_sim_guest){.name = "vm", .size_mib = 512, .max_mib = 4096, .swap_mib = 1024});

        memory_sim_run(sim, 5);
        memory_run_start(&run, sim, &coordinator_policy, NULL, intervals[i]);
        memory_run_steps(&run, 20);
        memory_sim_load(sim, g, &(struct memory_load){.kind = MEMORY_STEP, .limit_mib = 500});
        memory_run_step(&run);
        memory_sim_run(sim, 0.5);
        /* There is room for all of it, what was swapped out in that interval, too. */
        assert_true(memory_sim_truth(sim, g).unused - memory_sim_truth(sim, g).swapped >= unused_floor_mib);
        memory_run_measure_from_here(&run);
        memory_run_steps(&run, 20);
        assert_true(run.lowest_unused >= unused_floor_mib);
        assert_int_equal(run.broken, 0);
        memory_run_end(&run);
        memory_sim_free(sim);
    }
}

static void nothing_is_set_where_nothing_happens(void **state)
{
    const struct memory_scenario *s = memory_scenario_find("quiet");
    struct memory_sim *sim = memory_sim_new(&s->host);
    struct memory_run run = {.host_noise_mib = 2 * s->host.noise_mib};

    (void)state;
    s->begin(sim);
    memory_sim_run(sim, 10);
    memory_run_start(&run, sim, &coordinator_policy, NULL, s->interval_s);
    memory_run_steps(&run, 40);
    memory_run_measure_from_here(&run);
    memory_run_steps(&run, 400);
    assert_int_equal(run.set_calls, 0);
    assert_true(run.lowest_unused >= unused_floor_mib);
    assert_int_equal(run.broken, 0);
    memory_run_end(&run);
    memory_sim_free(sim);
}

struct below_reserve {
    unsigned intervals, longest;
};

static void count_below_reserve(struct memory_run *run, void *user)
{
    struct below_reserve *b = user;

    b->intervals = memory_sim_host_truth(run->sim).available < memory_run_reserve(run) ? b->intervals + 1 : 0;
    b->longest = b->intervals > b->longest ? b->intervals : b->longest;
}

/* The host comes to need 2.6 GiB that idle guests hold: it gets them within three decisions, and nobody is hurt. */
static void a_host_in_need_gets_idle_memory_back(void **state)
{
    struct below_reserve below = {0};
    struct told t;

    (void)state;
    tell("host", &t, count_below_reserve, &below);
    assert_in_range(below.longest, 1, 3);
    assert_true(t.run.lowest_unused >= unused_floor_mib);
    assert_true(t.run.swapped_in == 0 && t.run.ooms == 0);
    end(&t);
}

static void hoarders_give_way(void **state)
{
    struct told t;

    (void)state;
    tell("hoard", &t, NULL, NULL);
    for (int g = 2; g < 4; g++) {
        assert_true(memory_sim_truth(t.sim, g).anon >= 1400);
        assert_true(t.run.guests[g].lowest_unused >= unused_floor_mib);
    }
    end(&t);
}

static void cache_is_no_need(void **state)
{
    struct told t;

    (void)state;
    tell("cache", &t, NULL, NULL);
    /* However much they would cache, they hold no more than their allowance of a quarter of the maximum. */
    for (int g = 0; g < 2; g++)
        assert_true(memory_sim_truth(t.sim, g).size <= 4096 / 4 + 400);
    /* And others in need get what is cached. */
    for (int g = 2; g < 4; g++) {
        assert_true(memory_sim_truth(t.sim, g).anon >= 2000);
        assert_true(t.run.guests[g].lowest_unused >= unused_floor_mib);
    }
    assert_true(t.run.swapped_in == 0 && t.run.ooms == 0);
    end(&t);
}

struct shortage {
    double lowest_jain;
    unsigned calls_then, late_calls;
};

static void watch_shortage(struct memory_run *run, void *user)
{
    struct shortage *s = user;
    double sizes[8];

    for (int g = 0; g < 8; g++)
        sizes[g] = memory_sim_truth(run->sim, g).size;
    if (run->intervals > 60)
        s->lowest_jain = fmin(s->lowest_jain, jain_index(sizes, 8));
    if (run->intervals <= 100)
        s->calls_then = run->set_calls;
    s->late_calls = run->set_calls - s->calls_then;
}

static void shortage_is_shared_and_doesnt_flap(void **state)
{
    struct shortage s = {.lowest_jain = 1};
    struct told t;

    (void)state;
    tell("short", &t, watch_shortage, &s);
    assert_true(s.lowest_jain >= 0.99);
    assert_true(t.run.missing_kib > 1024 * 1024);
    /* 8 guests, 50 intervals. */
    assert_true(s.late_calls <= 8);
    end(&t);
}

/* Weights: what lies above the floors is shared in their proportion. */
static void weights_count_when_memory_is_short(void **state)
{
    struct memory_sim *sim = memory_sim_new(&(struct memory_sim_host){.total_mib = 6144, .own_mib = 512});
    struct memory_run run = {.host_noise_mib = 1};
    double above[3];

    (void)state;
    for (int g = 0; g < 3; g++)
        memory_sim_add(sim,
                       &(struct memory_sim_guest){
                           .name = "vm", .size_mib = 512, .max_mib = 8192, .swap_mib = 4096, .weight = g == 0 ? 2 : 1});
    memory_sim_run(sim, 5);
    memory_run_start(&run, sim, &coordinator_policy, NULL, 2);
    for (int g = 0; g < 3; g++)
        memory_sim_load(sim, g,
                        &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = g == 0 ? 60 : 20, .limit_mib = 5000});
    memory_run_steps(&run, 150);
    for (int g = 0; g < 3; g++)
        above[g] = memory_sim_truth(sim, g).size - 200;
    assert_true(fabs(above[0] / above[1] - 2) < 0.1);
    assert_true(fabs(above[1] / above[2] - 1) < 0.05);
    assert_int_equal(run.broken, 0);
    memory_run_end(&run);
    memory_sim_free(sim);
}

/* Metadata: one that idles keeps its least, one that grows stops at its most, and one that has more comes down to it.
 */
static void metadata_say_the_least_and_the_most(void **state)
{
    struct memory_sim *sim = memory_sim_new(&(struct memory_sim_host){.total_mib = 16384, .own_mib = 512});
    struct memory_run run = {.host_noise_mib = 1};
    double highest = 0;

    (void)state;
    memory_sim_add(sim, &(struct memory_sim_guest){
                            .name = "idle", .size_mib = 1500, .max_mib = 4096, .swap_mib = 4096, .least_mib = 1024});
    memory_sim_add(sim, &(struct memory_sim_guest){
                            .name = "small", .size_mib = 512, .max_mib = 4096, .swap_mib = 4096, .least_mib = 1024});
    memory_sim_add(sim, &(struct memory_sim_guest){
                            .name = "grows", .size_mib = 512, .max_mib = 8192, .swap_mib = 8192, .most_mib = 2048});
    memory_sim_add(sim, &(struct memory_sim_guest){
                            .name = "large", .size_mib = 6000, .max_mib = 8192, .swap_mib = 8192, .most_mib = 3000});
    memory_sim_run(sim, 5);
    memory_run_start(&run, sim, &coordinator_policy, NULL, 2);
    memory_sim_load(sim, 2, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 50, .limit_mib = 5000});
    for (int step = 0; step < 150; step++) {
        memory_run_steps(&run, 1);
        highest = fmax(highest, memory_sim_truth(sim, 2).size);
    }
    assert_true(memory_sim_truth(sim, 0).size >= 1023 && memory_sim_truth(sim, 0).size < 1500);
    assert_true(memory_sim_truth(sim, 1).size >= 1023);
    assert_true(highest <= 2049 && highest > 1900);
    assert_true(memory_sim_truth(sim, 3).size <= 3001);
    memory_run_end(&run);
    memory_sim_free(sim);
}

/* One grows without end; the others, whose needs stay below their shares, never want for anything. */
static void greed_takes_nobody_below_need(void **state)
{
    struct memory_sim *sim = memory_sim_new(
        &(struct memory_sim_host){.total_mib = 8192, .own_mib = 512, .cache_mib = 256, .noise_mib = 16, .seed = 4});
    struct memory_run run = {.host_noise_mib = 32};

    (void)state;
    for (int g = 0; g < 4; g++)
        memory_sim_add(sim, &(struct memory_sim_guest){
                                .name = "vm", .size_mib = 512, .max_mib = 8192, .swap_mib = 8192, .noise_mib = 3});
    memory_sim_run(sim, 5);
    memory_run_start(&run, sim, &coordinator_policy, NULL, 2);
    memory_sim_load(sim, 0, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 50, .limit_mib = 12000});
    for (int g = 1; g < 4; g++)
        memory_sim_load(sim, g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 5, .limit_mib = 500});
    memory_run_steps(&run, 150);
    for (int g = 1; g < 4; g++) {
        assert_true(run.guests[g].lowest_unused >= unused_floor_mib);
        assert_true(memory_sim_truth(sim, g).unmet_mib_s < 1);
    }
    assert_int_equal(run.broken, 0);
    memory_run_end(&run);
    memory_sim_free(sim);
}

static void fewer_reversals_and_less_unmet_than_by_fixed_steps(void **state)
{
    const struct memory_scenario *s = memory_scenario_find("oscillate");
    struct memory_run plain = {.lenient = true};
    struct memory_sim *sim;
    struct told t;

    (void)state;
    tell("oscillate", &t, NULL, NULL);
    memory_scenario_run(s, &fixed_step_policy, NULL, &sim, &plain, NULL, NULL);
    assert_true(t.run.reversals < plain.reversals / 2);
    assert_true(t.run.unmet_mib_s < plain.unmet_mib_s);
    assert_true(t.run.set_calls < plain.set_calls);
    memory_run_end(&plain);
    memory_sim_free(sim);
    end(&t);
}

static void fifty_guests_get_what_they_need(void **state)
{
    struct told t;

    (void)state;
    tell("fifty", &t, NULL, NULL);
    assert_true(t.run.unmet_mib_s < 100);
    assert_int_equal(t.run.ooms, 0);
    end(&t);
}

/* Forced, all idle memory goes at once, down to what each guest should have. */
static void force_goes_to_the_target_at_once(void **state)
{
    struct memory_sim *sim = memory_sim_new(&(struct memory_sim_host){.total_mib = 16384, .own_mib = 512});
    struct memory_run run = {.host_noise_mib = 1};
    int g = memory_sim_add(sim, &(struct memory_sim_guest){.name = "vm", .size_mib = 2048, .max_mib = 2048});
    double after;

    (void)state;
    memory_sim_run(sim, 5);
    memory_run_start(&run, sim, &coordinator_policy, NULL, 2);
    memory_run_steps(&run, 2);
    assert_true(memory_sim_truth(sim, g).size > 1900);
    memory_run_force(&run);
    memory_sim_run(sim, 1);
    after = memory_sim_truth(sim, g).size;
    assert_true(after >= 200 && after < 300);
    assert_true(memory_sim_truth(sim, g).unused >= unused_floor_mib);
    memory_run_measure_from_here(&run);
    memory_run_steps(&run, 20);
    assert_int_equal(run.set_calls, 0);
    assert_int_equal(run.broken, 0);
    memory_run_end(&run);
    memory_sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_is_led),
        cmocka_unit_test(growth_from_the_start_is_outlasted),
        cmocka_unit_test(a_sudden_step_costs_one_interval),
        cmocka_unit_test(nothing_is_set_where_nothing_happens),
        cmocka_unit_test(a_host_in_need_gets_idle_memory_back),
        cmocka_unit_test(hoarders_give_way),
        cmocka_unit_test(cache_is_no_need),
        cmocka_unit_test(shortage_is_shared_and_doesnt_flap),
        cmocka_unit_test(weights_count_when_memory_is_short),
        cmocka_unit_test(metadata_say_the_least_and_the_most),
        cmocka_unit_test(greed_takes_nobody_below_need),
        cmocka_unit_test(fewer_reversals_and_less_unmet_than_by_fixed_steps),
        cmocka_unit_test(fifty_guests_get_what_they_need),
        cmocka_unit_test(force_goes_to_the_target_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
