/* Kinds of loads, fed by hand. With one busy neighbour a closed load of 40 runs and waits for 28.6 % each; an open one
 * runs and waits for 40 %. */
#include "cpu/demand/demand_kind.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A second's figure scatters by one point. */
#define VARIANCE 1.0

static void near(double value, double expected, double within)
{
    if (!(fabs(value - expected) <= within))
        fail_msg("%f is not within %f of %f", value, within, expected);
}

static struct demand_kind_figures feed(struct demand_kind *k, double run_pct, double wait_pct, int samples)
{
    struct demand_kind_figures f = {0};

    for (int i = 0; i < samples; i++) {
        f = demand_kind_add(k, run_pct, wait_pct, 0.0, 1.0, run_pct);
        demand_kind_compare(k, VARIANCE, VARIANCE);
    }
    return f;
}

static void both_figures_are_told(void **state)
{
    struct demand_kind k = {0};
    struct demand_kind_figures f = feed(&k, 28.57, 28.57, 1);

    (void)state;
    near(f.closed_pct, 40.0, 0.01);
    near(f.open_pct, 28.57, 1e-9);
    assert_false(f.saturated);
    near(feed(&k, 40.0, 0.0, 1).closed_pct, 40.0, 1e-9);
}

static void nothing_is_known_while_nothing_changes(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    feed(&k, 28.57, 28.57, 20);
    near(k.evidence, 0.0, 1e-9);
    assert_in_range((int)(100.0 * demand_kind_open(&k, NULL)), 30, 60);
}

static void open_shows_when_room_changes(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    feed(&k, 40.0, 0.0, 5);
    feed(&k, 40.0, 40.0, 5);
    assert_true(demand_kind_open(&k, NULL) > 0.85);
}

static void closed_shows_when_room_changes(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    feed(&k, 28.57, 28.57, 5);
    feed(&k, 40.0, 0.0, 5);
    assert_true(demand_kind_open(&k, NULL) < 0.1);
}

/* More crowded than before tells the kinds apart, too: it needn't have been alone. */
static void closed_shows_between_two_crowds(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    feed(&k, 28.57, 28.57, 5); /* beside one busy one */
    feed(&k, 18.18, 54.55, 5); /* beside three */
    assert_true(demand_kind_open(&k, NULL) < 0.1);
}

/* The same work takes longer beside another that uses the caches: 34 alone, 36 of them while sharing. */
static void kinds_are_told_though_speed_changes(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    feed(&k, 34.0, 1.0, 5);
    feed(&k, 36.0, 36.0, 5);
    assert_true(demand_kind_open(&k, NULL) > 0.8);
}

/* Both figures jump: the load is another one, which tells nothing of its kind. */
static void another_load_tells_nothing(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    feed(&k, 20.0, 0.0, 5);
    feed(&k, 40.0, 40.0, 5);
    near(k.evidence, 0.0, 0.2);
}

/* However often it was seen to be open, a load whose figures stay the same while it becomes a closed one shows after a
 * few comparisons. */
static void another_kind_shows_after_long_evidence(void **state)
{
    struct demand_kind k = {0};

    (void)state;
    for (int i = 0; i < 10; i++) {
        feed(&k, 40.0, 0.0, 5);
        feed(&k, 40.0, 40.0, 5);
    }
    assert_true(demand_kind_open(&k, NULL) > 0.95);
    feed(&k, 40.0, 0.0, 5);
    for (int i = 0; i < 2; i++) {
        feed(&k, 28.57, 28.57, 5);
        feed(&k, 40.0, 0.0, 5);
    }
    assert_true(demand_kind_open(&k, NULL) < 0.5);
}

static void evidence_fades_when_the_load_jumps(void **state)
{
    struct demand_kind k = {0};
    double before;

    (void)state;
    feed(&k, 40.0, 0.0, 5);
    feed(&k, 40.0, 40.0, 5);
    before = k.evidence;
    demand_kind_jumped(&k);
    assert_true(fabs(k.evidence) < fabs(before));
}

/* It never sleeps: a closed load wants all there is; what an open one wants can't be seen. */
static void saturated_hides_an_open_load(void **state)
{
    struct demand_kind k = {0};
    struct demand_kind_figures f;

    (void)state;
    feed(&k, 60.0, 0.0, 5);
    f = feed(&k, 50.0, 50.0, 5);
    assert_true(f.saturated);
    near(f.closed_pct, 100.0, 1e-9);
    /* A closed one of 60 would still sleep now and then. */
    assert_true(demand_kind_open(&k, NULL) > 0.8);
}

/* 60 % behind a crowd that gave it 50: with room it runs all the time until what piled up is done. */
static void backlog_drains_first(void **state)
{
    struct demand_kind k = {0};
    struct demand_kind_figures f;
    int draining = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        demand_kind_add(&k, 50.0, 50.0, 0.0, 1.0, 60.0);
    for (int i = 0; i < 20; i++) {
        f = demand_kind_add(&k, 100.0, 0.0, 0.0, 1.0, 60.0);
        draining += f.draining;
    }
    assert_in_range(draining, 4, 6);
    assert_false(f.draining);
}

static void peers_are_expected_to_be_alike(void **state)
{
    struct demand_kind_peers open = {0}, closed = {0};
    struct demand_kind k = {0}, seen_open = {.evidence = 3.0}, seen_closed = {.evidence = -3.0};

    (void)state;
    for (int i = 0; i < 10; i++) {
        demand_kind_peers_add(&open, &seen_open);
        demand_kind_peers_add(&closed, &seen_closed);
    }
    assert_true(demand_kind_open(&k, &open) > 0.75);
    assert_true(demand_kind_open(&k, &closed) < 0.25);
}

/* However much the time between samples is off: who never sleeps hides what it wants. */
static void saturated_is_hidden(void **state)
{
    (void)state;
    for (int off = 0; off <= 10; off += 5) {
        int saturated = 0;

        for (int rest = 0; rest <= 20; rest++) {
            struct demand_kind k = {0};
            struct demand_kind_figures f = demand_kind_add(&k, 30.0, 70.0 - rest, off, 1.0, -1.0);

            saturated += f.saturated;
            assert_true(f.hidden || !f.saturated);
        }
        assert_true(saturated > off);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_figures_are_told),
        cmocka_unit_test(nothing_is_known_while_nothing_changes),
        cmocka_unit_test(open_shows_when_room_changes),
        cmocka_unit_test(closed_shows_when_room_changes),
        cmocka_unit_test(closed_shows_between_two_crowds),
        cmocka_unit_test(kinds_are_told_though_speed_changes),
        cmocka_unit_test(another_load_tells_nothing),
        cmocka_unit_test(another_kind_shows_after_long_evidence),
        cmocka_unit_test(evidence_fades_when_the_load_jumps),
        cmocka_unit_test(saturated_hides_an_open_load),
        cmocka_unit_test(backlog_drains_first),
        cmocka_unit_test(peers_are_expected_to_be_alike),
        cmocka_unit_test(saturated_is_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
