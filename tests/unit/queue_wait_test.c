/* Predicted waits, against what can be worked out by hand. */
#include "cpu/queue_wait.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 200 };

/* What each of n alike waits. */
static double wait_of(int n, double demand_pct, double open, double pcpus, double stuck)
{
    struct queue_wait_vcpu vcpus[MOST];
    double room[MOST + 2];

    for (int i = 0; i < n; i++)
        vcpus[i] = (struct queue_wait_vcpu){.demand_pct = demand_pct, .open = open};
    queue_wait_predict(vcpus, n, pcpus, stuck, room);
    for (int i = 1; i < n; i++)
        assert_true(fabs(vcpus[i].wait_pct - vcpus[0].wait_pct) < 1e-6);
    return vcpus[0].wait_pct;
}

static void near(double value, double expected, double off)
{
    if (fabs(value - expected) > off)
        fail_msg("%g, expected %g", value, expected);
}

static void nobody_waits_where_there_is_room(void **state)
{
    (void)state;
    near(wait_of(1, 100, 0, 1, 1), 0, 1e-9);
    near(wait_of(4, 90, 0.5, 4, 0), 0, 1e-9);
    near(wait_of(3, 0, 0, 1, 1), 0, 1e-9);
}

/* Those that never rest have equal parts of what there is. */
static void the_busy_share_alike(void **state)
{
    (void)state;
    near(wait_of(2, 100, 0, 1, 0), 50, 0.01);
    near(wait_of(3, 100, 1, 2, 0), 100.0 / 3, 0.01);
    near(wait_of(5, 100, 0, 2.5, 0), 50, 0.01);
    near(wait_of(120, 100, 0, 30, 0), 75, 0.01);
}

/* By lot on two pCPUs each: the other of two is beside it half of the time, and then each has half. */
static void the_stuck_share_by_lot(void **state)
{
    (void)state;
    near(wait_of(2, 100, 0, 2, 1), 25, 0.01);
    near(wait_of(2, 100, 0, 2, 0.5), 12.5, 0.01);
    near(wait_of(7, 60, 0, 1, 1), wait_of(7, 60, 0, 1, 0), 0.01);
}

/* One of 40 % beside one that never rests: it wants w of the time and gets half of a pCPU then, so that
 * w = 0.4 / (0.5 + 0.4 x 0.5). */
static void a_pause_is_made_later_by_waits(void **state)
{
    struct queue_wait_vcpu vcpus[] = {{.demand_pct = 40}, {.demand_pct = 100}};
    double room[4];

    (void)state;
    queue_wait_predict(vcpus, 2, 1, 0, room);
    near(vcpus[0].wait_pct, 100 * 0.4 / 0.7 / 2, 0.1);
    vcpus[0].open = 1; /* its work comes whatever it waits: it wants 80 % of the time, to run for 40 */
    queue_wait_predict(vcpus, 2, 1, 0, room);
    near(vcpus[0].wait_pct, 40, 0.1);
}

/* The more share the more pCPUs, the less they wait for the same load. */
static void sharing_more_waits_less(void **state)
{
    (void)state;
    assert_true(wait_of(8, 50, 0, 4, 0) < wait_of(2, 50, 0, 1, 0) - 5);
    assert_true(wait_of(32, 50, 0, 16, 0) < wait_of(8, 50, 0, 4, 0) - 2);
    assert_true(wait_of(32, 50, 0, 16, 1) > wait_of(32, 50, 0, 16, 0) + 5);
}

static void many_are_reckoned_as_few_are(void **state)
{
    (void)state;
    near(wait_of(49, 50, 0, 24.5, 0), wait_of(48, 50, 0, 24, 0), 0.15);
    near(wait_of(49, 40, 1, 24.5, 0), wait_of(48, 40, 1, 24, 0), 0.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits_where_there_is_room), cmocka_unit_test(the_busy_share_alike),
        cmocka_unit_test(the_stuck_share_by_lot),           cmocka_unit_test(a_pause_is_made_later_by_waits),
        cmocka_unit_test(sharing_more_waits_less),          cmocka_unit_test(many_are_reckoned_as_few_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
