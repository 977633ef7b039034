/*
 * Guests whose memory is bound to NUMA nodes: they are given what their nodes have, whatever the host has besides, and
 * share it; who idles on a node makes way for those in need on it, and nobody else does.
 */
#include "tests/sim/memory_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Guests 0 and 1 use all they have and want 300 MiB more at once; guest 2 is at rest. The host has 8000 MiB free, its
 * two nodes as told; half of the reserve of 800 is kept on each. */
static void begin(struct stage *b, double free_0_mib, double free_1_mib)
{
    stage_begin(b, NULL);
    b->node_free_mib[0] = free_0_mib;
    b->node_free_mib[1] = free_1_mib;
    for (int i = 0; i < STAGE_GUESTS; i++)
        b->guests[i].unused = 150;
    for (int i = 0; i < 3; i++)
        stage_decide(b);
}

static void want(struct stage *b)
{
    for (int i = 0; i < 2; i++)
        b->guests[i].unused = 10;
    stage_decide(b);
}

/* MiB; less than 0: taken. */
static double given(const struct stage *b, int guest)
{
    const struct plan_action *a = stage_action(&b->plan, guest);

    return a ? ((double)a->to_kib - (double)a->from_kib) / 1024 : 0;
}

/* 400 of the 460 MiB on node 0 are its reserve: of the 60, what could be touched is insured as well. */
static void is_given_what_its_node_has(void **state)
{
    struct stage b;

    (void)state;
    begin(&b, 460, 7540);
    b.guests[0].nodes = 1;
    want(&b);
    assert_true(given(&b, 0) <= 60);
    assert_true(given(&b, 1) >= 100);
    assert_non_null(strstr(b.plan.guests[0].status, "its NUMA nodes have no more"));
    assert_null(strstr(b.plan.guests[1].status, "NUMA"));
    stage_end(&b);
}

static void elsewhere_is_not_held_up_by_it(void **state)
{
    struct stage b;

    (void)state;
    begin(&b, 460, 7540);
    b.guests[0].nodes = 2;
    want(&b);
    assert_true(given(&b, 0) >= 100);
    stage_end(&b);
}

/* Two on the same node share what it has, and by weight. */
static void neighbours_share_their_node(void **state)
{
    struct stage b;

    (void)state;
    begin(&b, 560, 7440);
    b.guests[0].nodes = b.guests[1].nodes = 1;
    want(&b);
    assert_true(given(&b, 0) + given(&b, 1) <= 160);
    assert_true(given(&b, 0) + given(&b, 1) >= 100);
    assert_true(given(&b, 0) == given(&b, 1));
    stage_end(&b);
}

/* One may have memory of both nodes, the other of the first only: together they get no more than both have. */
static void sets_that_overlap_are_given_nothing_twice(void **state)
{
    struct stage b;

    (void)state;
    begin(&b, 360, 360);
    b.node_free_mib[2] = 7000;
    b.guests[0].nodes = 3;
    b.guests[1].nodes = 1;
    want(&b);
    assert_true(given(&b, 0) + given(&b, 1) <= 720 - 2 * 800 / 3 + 1);
    assert_true(given(&b, 1) <= 360 - 800 / 3 + 1);
    assert_true(given(&b, 0) > 0);
    stage_end(&b);
}

/* It prefers the node, may use both, or the node's figures are missing: the host as a whole counts. */
static void nobody_else_is_bound(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct stage b;

        begin(&b, 410, i < 2 ? 7590 : -1);
        b.guests[0].nodes = i == 0 ? 1 : i == 1 ? 3 : 2;
        b.guests[0].prefers = i == 0;
        want(&b);
        assert_true(given(&b, 0) >= 100);
        stage_end(&b);
    }
}

/* The same between two decisions. */
static void early_grants_come_from_the_node_too(void **state)
{
    (void)state;
    for (int bound = 0; bound < 2; bound++) {
        struct stage b;

        begin(&b, 460, 7540);
        b.guests[0].nodes = bound ? 1 : 0;
        b.interval_s = 12;
        stage_decide(&b);
        b.guests[0].unused = 10;
        stage_early(&b, 1, 11);
        if (bound)
            assert_true(given(&b, 0) > 0 && given(&b, 0) <= 60);
        else
            assert_true(given(&b, 0) >= 100);
        stage_end(&b);
    }
}

/* Guest 2 idles with 1000 MiB unused. On the node that is short, half of that is asked back at once; elsewhere it
 * helps nobody, and calm is kept. */
static void idle_neighbours_make_way(void **state)
{
    (void)state;
    for (int node = 0; node < 2; node++) {
        struct stage b;

        stage_begin(&b, NULL);
        b.node_free_mib[0] = 410;
        b.node_free_mib[1] = 7590;
        b.guests[0].nodes = b.guests[1].nodes = 1;
        b.guests[2].nodes = (uint64_t)1 << node;
        b.guests[2].unused = 700;
        b.guests[0].unused = b.guests[1].unused = 150;
        for (int i = 0; i < 3; i++)
            stage_decide(&b);
        want(&b);
        if (node == 0)
            assert_true(given(&b, 2) <= -150);
        else
            assert_true(given(&b, 2) >= -100);
        stage_end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_given_what_its_node_has),  cmocka_unit_test(elsewhere_is_not_held_up_by_it),
        cmocka_unit_test(neighbours_share_their_node), cmocka_unit_test(sets_that_overlap_are_given_nothing_twice),
        cmocka_unit_test(nobody_else_is_bound),        cmocka_unit_test(early_grants_come_from_the_node_too),
        cmocka_unit_test(idle_neighbours_make_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
