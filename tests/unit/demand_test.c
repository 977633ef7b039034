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

/* Kinds of loads, fed by hand. With one busy neighbour a closed load of 40 runs and waits for 28.6 % each; an open one
 * runs and waits for 40 %. */

static void closed_load_is_seen_through_its_wait(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    near(demand_kind_figure(&k, 28.57, 28.57, 3.0), 40.0, 0.01);
    near(demand_kind_figure(&k, 40.0, 0.0, 3.0), 40.0, 1e-9);
    near(demand_kind_figure(&k, 28.57, 28.57, 3.0), 40.0, 0.01);
    assert_false(k.open);
}

static void open_load_is_known_once_it_was_alone(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    near(demand_kind_figure(&k, 40.0, 40.0, 3.0), 66.7, 0.1); /* not known yet */
    near(demand_kind_figure(&k, 40.0, 0.5, 3.0), 40.2, 0.1);
    assert_true(k.open);
    near(demand_kind_figure(&k, 40.0, 40.0, 3.0), 40.0, 1e-9);
    near(demand_kind_figure(&k, 55.0, 20.0, 3.0), 55.0, 1e-9); /* its rate has risen */
}

/* The same work takes longer beside another that uses the caches: 34 alone, 39 of them while sharing. That is far off
 * for a closed load, of which 39 beside 39 of waiting would make 64, and a closed one that runs slower doesn't pass for
 * open. */
static void kinds_are_told_though_speed_changes(void **state)
{
    struct demand_kind open = {0}, closed = {0};

    (void)state;
    demand_kind_figure(&open, 34.0, 1.0, 3.0);
    near(demand_kind_figure(&open, 39.0, 39.0, 3.0), 39.0, 1e-9);
    assert_true(open.open);
    demand_kind_figure(&closed, 34.0, 0.0, 3.0);
    near(demand_kind_figure(&closed, 28.0, 28.0, 3.0), 38.9, 0.1);
    assert_false(closed.open);
}

static void old_figures_say_nothing(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    demand_kind_figure(&k, 40.0, 0.0, 3.0);
    for (int i = 0; i < 4; i++)
        demand_kind_figure(&k, 20.0, 20.0, 3.0);
    demand_kind_figure(&k, 40.0, 40.0, 3.0);
    assert_false(k.open);
}

/* What it was before a long pause says nothing about what it is after it. */
static void figures_grow_old_in_pauses(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    demand_kind_figure(&k, 40.0, 0.0, 3.0);
    for (int i = 0; i < 4; i++)
        demand_kind_miss(&k);
    near(demand_kind_figure(&k, 40.0, 40.0, 3.0), 66.7, 0.1);
    assert_false(k.open);
}

static void kind_is_judged_anew(void **state)
{
    struct demand_kind k = {.open = true};

    (void)state;
    demand_kind_figure(&k, 40.0, 0.0, 3.0);
    near(demand_kind_figure(&k, 28.57, 28.57, 3.0), 40.0, 0.01);
    assert_false(k.open);
}

/* 60 % alone; then half of a pCPU is all it gets, and it never sleeps: a closed load would have. */
static void hidden_demand_is_what_it_was(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        demand_kind_figure(&k, 60.0, 0.0, 3.0);
    for (int i = 0; i < 10; i++)
        near(demand_kind_figure(&k, 50.0, 50.0, 3.0), 60.0, 1e-6);
    /* More than it wanted then: it has changed. */
    near(demand_kind_figure(&k, 70.0, 29.0, 3.0), 100.0, 1e-6);
}

static void busy_load_wants_all(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    near(demand_kind_figure(&k, 100.0, 0.0, 3.0), 100.0, 1e-9);
    near(demand_kind_figure(&k, 12.5, 87.5, 3.0), 100.0, 1e-9);
    near(demand_kind_figure(&k, 0.0, 100.0, 3.0), 100.0, 1e-9);
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
    assert_int_equal(demand_learn(d, &s, &r), 0);
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
    near(d->vcpus[0].track.level, 40.0, 1e-6);
    assert_int_equal(d->vcpus[0].track.n, 3);
    assert_false(d->vcpus[0].measured);
    near(d->vcpus[1].track.level, 70.0, 1e-6);
    assert_int_equal(d->vcpus[1].track.n, 1);
    near(d->vcpus[2].track.level, 30.0, 1e-6);
    near(d->vcpus[3].track.level, 80.0, 1e-6);
    near(d->pcpus[1].track.level, 6.0, 1e-6);
    demand_free(d);
}

static void quotas_cap_what_is_learned(void **state)
{
    struct demand *d = demand_create();
    struct snapshot s = {0};
    struct rates r = {0};

    (void)state;
    snapshot_reset(&s, 1);
    snapshot_add_pcpu(&s)->online = true;
    snapshot_add_guest(&s)->id = 1;
    snapshot_add_vcpu(&s);
    assert_int_equal(rates_between(&r, NULL, &s), 0);
    r.seconds = 4.0;
    r.vcpus[0] = (struct rates_vcpu){.known = true, .has_wait = true, .run_pct = 25, .wait_pct = 75, .demand_pct = 25};
    assert_int_equal(demand_learn(d, &s, &r), 0);
    near(d->vcpus[0].track.level, 25.0, 1e-6);
    demand_free(d);
    snapshot_free(&s);
    rates_free(&r);
}

static int rest_after_move(struct demand *d)
{
    demand_moved(d, 0, 1, 2.0);
    return demand_resting(d, 0);
}

static void rests_double_and_fade(void **state)
{
    static const struct listed one = {1, 0, 50};
    struct demand *d = demand_create();

    (void)state;
    learn(d, &one, 1);
    assert_int_equal(demand_resting(d, 0), 0);
    assert_int_equal(demand_barred(d, 0), -1);
    assert_int_equal(rest_after_move(d), 2);
    assert_int_equal(demand_barred(d, 0), 1);
    learn(d, &one, 1);
    assert_int_equal(demand_resting(d, 0), 1);
    learn(d, &one, 1);
    assert_int_equal(demand_resting(d, 0), 0);
    assert_int_equal(rest_after_move(d), 4);
    for (int i = 0; i < 4; i++)
        learn(d, &one, 1);
    assert_int_equal(rest_after_move(d), 8);
    for (int i = 0; i < 100; i++)
        learn(d, &one, 1);
    assert_int_equal(demand_barred(d, 0), -1);
    assert_int_equal(rest_after_move(d), 2);
    demand_free(d);
}

static void no_cooldown_no_rest(void **state)
{
    static const struct listed one = {1, 0, 50};
    struct demand *d = demand_create();

    (void)state;
    learn(d, &one, 1);
    demand_moved(d, 0, 1, 0.0);
    assert_int_equal(demand_resting(d, 0), 0);
    demand_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_load_is_seen_through_its_wait),
        cmocka_unit_test(open_load_is_known_once_it_was_alone),
        cmocka_unit_test(kinds_are_told_though_speed_changes),
        cmocka_unit_test(old_figures_say_nothing),
        cmocka_unit_test(figures_grow_old_in_pauses),
        cmocka_unit_test(kind_is_judged_anew),
        cmocka_unit_test(hidden_demand_is_what_it_was),
        cmocka_unit_test(busy_load_wants_all),
        cmocka_unit_test(figures_follow_their_vcpu),
        cmocka_unit_test(quotas_cap_what_is_learned),
        cmocka_unit_test(rests_double_and_fade),
        cmocka_unit_test(no_cooldown_no_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
