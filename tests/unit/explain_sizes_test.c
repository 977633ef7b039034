/* What the coordinator says of what it does. */
#include "tests/sim/memory_stage.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void growth_is_told_with_its_figures(void **state)
{
    struct stage b;
    const struct plan_action *a;

    (void)state;
    stage_begin(&b, NULL);
    stage_decide(&b);
    b.guests[0].unused = 190;
    stage_decide(&b);
    stage_carry_out(&b, PLAN_DONE);
    b.guests[0].unused = 164;
    a = stage_action(stage_decide(&b), 0);
    assert_non_null(a);
    assert_true(a->to_kib > a->from_kib);
    assert_non_null(strstr(a->reason, "grows 13.0 MiB/s, unused 164 MiB would last 13 s"));
    stage_end(&b);
}

/* At 2.5 MiB/s, 150 MiB last a minute. What it is given then is for growth that may come. */
static void slow_growth_is_told_from_what_it_may_become(void **state)
{
    struct stage b;
    const struct plan_action *a = NULL;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[0].unused = 250;
    stage_decide(&b);
    while (!a && b.guests[0].unused > 155) {
        b.guests[0].unused -= 5;
        a = stage_action(stage_decide(&b), 0);
    }
    assert_non_null(a);
    assert_true(a->to_kib > a->from_kib);
    assert_non_null(strstr(a->reason, "grows 2.5 MiB/s: made ready to grow faster, unused "));
    stage_end(&b);
}

/* Available, the reserve of 800, what may be touched, and a grant that is on its way. */
static void what_there_is_to_give_adds_up(void **state)
{
    struct stage b;
    double available, reserve, touched, granted, to_give;

    (void)state;
    stage_begin(&b, NULL);
    b.host_free_mib = 3000;
    b.guests[0].unused = 20;
    stage_decide(&b);
    stage_decide(&b);
    stage_accept(&b);
    stage_decide(&b);
    assert_int_equal(sscanf(strrchr(b.plan.summary, ';'),
                            "; %lf MiB available - %lf reserve - %lf may be touched - %lf on the way = %lf to give",
                            &available, &reserve, &touched, &granted, &to_give),
                     5);
    assert_true(available == 3000 && reserve == 800 && touched > 0 && granted > 0);
    assert_true(fabs(available - reserve - touched - granted - to_give) <= 2);
    stage_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_is_told_with_its_figures),
        cmocka_unit_test(what_there_is_to_give_adds_up),
        cmocka_unit_test(slow_growth_is_told_from_what_it_may_become),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
