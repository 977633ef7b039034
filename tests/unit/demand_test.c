#include "cpu/demand/demand.h"

#include "core/model/cpumask.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void near(double value, double expected, double within)
{
    if (!(fabs(value - expected) <= within))
        fail_msg("%f is not within %f of %f", value, within, expected);
}

/* Keys: a host of two pCPUs and guests that are listed in any order. */

struct listed {
    int id, vcpu;
    double demand_pct;
};

static void learn(struct demand *d, const struct listed *list, int n)
{
    struct snapshot s = {0};
    struct rates r = {0};

    snapshot_reset(&s, 2);
    for (int p = 0; p < 2; p++)
        *snapshot_add_pcpu(&s) = (struct snapshot_pcpu){.number = p, .online = true};
    for (int i = 0; i < n; i++) {
        if (i == 0 || list[i].id != list[i - 1].id) {
            struct snapshot_guest *g = snapshot_add_guest(&s);

            g->id = list[i].id;
            memset(g->uuid, list[i].id, sizeof(g->uuid));
        }
        snapshot_add_vcpu(&s)->number = list[i].vcpu;
    }
    assert_int_equal(rates_between(&r, NULL, &s), 0);
    r.seconds = 4.0;
    for (int i = 0; i < n; i++)
        r.vcpus[i] = (struct rates_vcpu){.known = list[i].demand_pct >= 0.0,
                                         .has_wait = true,
                                         .run_pct = fmax(list[i].demand_pct, 0.0),
                                         .demand_pct = fmax(list[i].demand_pct, 0.0)};
    for (int p = 0; p < 2; p++)
        r.pcpus[p] = (struct rates_pcpu){.known = true, .host_pct = 5.0 + p};
    assert_int_equal(demand_sample(d, &s, &r), 0);
    demand_interval(d, r.seconds);
    snapshot_free(&s);
    rates_free(&r);
}

static void figures_follow_their_vcpu(void **state)
{
    struct demand *d = demand_create();

    (void)state;
    for (int i = 0; i < 3; i++)
        learn(d, (const struct listed[]){{1, 0, 10}, {1, 3, 20}, {2, 0, 30}, {3, 0, 40}}, 4);
    /* Guest 1 went, 4 came, 3 moved up, 2 has another vCPU. */
    learn(d, (const struct listed[]){{3, 0, -1}, {4, 0, 70}, {2, 0, -1}, {2, 1, 80}}, 4);
    near(d->vcpus[0].level_pct, 40.0, 0.1);
    near(d->vcpus[0].seconds, 12.0, 1e-9);
    assert_false(d->vcpus[0].measured);
    near(d->vcpus[1].level_pct, 70.0, 0.1);
    near(d->vcpus[1].seconds, 4.0, 1e-9);
    near(d->vcpus[2].level_pct, 30.0, 0.1);
    near(d->vcpus[3].level_pct, 80.0, 0.1);
    near(demand_level_now(&d->pcpus[1].host).mean, 6.0, 0.1);
    demand_free(d);
}

/* One vCPU on one pCPU, whose figures a test sets. */
struct one {
    struct demand *d;
    struct snapshot s;
    struct rates r;
};

static void begin_one(struct one *o, double seconds)
{
    *o = (struct one){.d = demand_create()};
    snapshot_reset(&o->s, 1);
    snapshot_add_pcpu(&o->s)->online = true;
    snapshot_add_guest(&o->s)->id = 1;
    snapshot_add_vcpu(&o->s);
    assert_int_equal(rates_between(&o->r, NULL, &o->s), 0);
    o->r.seconds = seconds;
}

static void end_one(struct one *o)
{
    demand_free(o->d);
    snapshot_free(&o->s);
    rates_free(&o->r);
}

static void quotas_cap_what_is_learned(void **state)
{
    struct one o;

    (void)state;
    begin_one(&o, 4.0);
    o.r.vcpus[0] =
        (struct rates_vcpu){.known = true, .has_wait = true, .run_pct = 25, .wait_pct = 75, .demand_pct = 25};
    assert_int_equal(demand_sample(o.d, &o.s, &o.r), 0);
    demand_interval(o.d, o.r.seconds);
    near(o.d->vcpus[0].level_pct, 25.0, 1e-6);
    end_one(&o);
}

/* One that never rests among three on its pCPU, its counters read early and late: up to seven points
 * of a hundred, with a deviation as is told. Returns the lowest level that it seems to have. */
static double least_level(double told_s)
{
    static const double off[] = {0.02, -0.07, -0.07, 0.05, 0.07, 0.02, -0.06, -0.07, 0.06, 0.06, -0.04, 0.04};
    struct one o;
    double least_pct = 100.0;

    begin_one(&o, 1.0);
    o.r.seconds_off = told_s;
    for (int i = 0; i < 60; i++) {
        double seen = 1.0 + off[i % 12];

        o.r.vcpus[0] = (struct rates_vcpu){
            .known = true, .has_wait = true, .run_pct = 34 * seen, .wait_pct = 66 * seen, .demand_pct = 100};
        assert_int_equal(demand_sample(o.d, &o.s, &o.r), 0);
        if (i % 2)
            demand_interval(o.d, 2.0);
        least_pct = fmin(least_pct, o.d->vcpus[0].level_pct);
    }
    end_one(&o);
    return least_pct;
}

static void time_that_is_off_is_no_other_load(void **state)
{
    (void)state;
    assert_true(least_level(0.04) > 95.0);
    assert_true(least_level(0.0) < 92.0); /* it would look like one */
}

/* An open load of 55 % begins on a crowded pCPU, where it gets 12, and has room after 12 s; what piled up is done in
 * three. What it wants shows then for the first time: it isn't something between 12 and 55 that it comes back to. */
static void bounds_are_no_levels(void **state)
{
    struct one o;

    (void)state;
    begin_one(&o, 1.0);
    for (int i = 0; i < 30; i++) {
        double run_pct = i < 4 ? 0.3 : i < 16 ? 12.0 : i < 19 ? 100.0 : 55.0, wait_pct = i >= 4 && i < 16 ? 88.0 : 0.0;

        o.r.vcpus[0] = (struct rates_vcpu){.known = true,
                                           .has_wait = true,
                                           .run_pct = run_pct,
                                           .wait_pct = wait_pct,
                                           .demand_pct = wait_pct > 0.0 ? 100.0 : run_pct};
        assert_int_equal(demand_sample(o.d, &o.s, &o.r), 0);
        if (i % 4 == 3)
            demand_interval(o.d, 4.0);
        if (i >= 19) {
            near(demand_level_usual(&o.d->vcpus[0].open).mean, 55.0, 1.0);
            assert_true(o.d->vcpus[0].open.changes == 0.0);
        }
    }
    end_one(&o);
}

static int cooldown_after_move(struct demand *d)
{
    demand_moved(d, 0, 1, 2.0);
    return demand_cooldown_left_of(d, 0);
}

static void rests_double_and_fade(void **state)
{
    static const struct listed one = {1, 0, 50};
    struct demand *d = demand_create();

    (void)state;
    learn(d, &one, 1);
    assert_int_equal(demand_cooldown_left_of(d, 0), 0);
    assert_int_equal(demand_barred(d, 0, 0), -1);
    assert_int_equal(cooldown_after_move(d), 2);
    assert_int_equal(demand_barred(d, 0, 0), 1);
    learn(d, &one, 1);
    assert_int_equal(demand_cooldown_left_of(d, 0), 1);
    learn(d, &one, 1);
    assert_int_equal(demand_cooldown_left_of(d, 0), 0);
    assert_int_equal(cooldown_after_move(d), 4);
    for (int i = 0; i < 4; i++)
        learn(d, &one, 1);
    assert_int_equal(cooldown_after_move(d), 8);
    for (int i = 0; i < 100; i++)
        learn(d, &one, 1);
    assert_int_equal(demand_barred(d, 0, 0), -1);
    assert_int_equal(cooldown_after_move(d), 2);
    demand_free(d);
}

/* From 1 to 2 to 3: neither 1 nor 2 may follow. */
static void nobody_goes_back_by_way_of_a_third(void **state)
{
    static const struct listed one = {1, 0, 50};
    struct demand *d = demand_create();

    (void)state;
    learn(d, &one, 1);
    demand_moved(d, 0, 1, 2.0);
    for (int i = 0; i < 4; i++)
        learn(d, &one, 1);
    demand_moved(d, 0, 2, 2.0);
    for (int i = 0; i < 5; i++)
        learn(d, &one, 1);
    assert_int_equal(demand_barred(d, 0, 0), 2);
    assert_int_equal(demand_barred(d, 0, 1), 1);
    learn(d, &one, 1);
    assert_int_equal(demand_barred(d, 0, 1), -1);
    demand_free(d);
}

static void no_cooldown_no_waiting(void **state)
{
    static const struct listed one = {1, 0, 50};
    struct demand *d = demand_create();

    (void)state;
    learn(d, &one, 1);
    demand_moved(d, 0, 1, 0.0);
    assert_int_equal(demand_cooldown_left_of(d, 0), 0);
    demand_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_follow_their_vcpu), cmocka_unit_test(quotas_cap_what_is_learned),
        cmocka_unit_test(rests_double_and_fade),     cmocka_unit_test(nobody_goes_back_by_way_of_a_third),
        cmocka_unit_test(no_cooldown_no_waiting),    cmocka_unit_test(time_that_is_off_is_no_other_load),
        cmocka_unit_test(bounds_are_no_levels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
