/* The coordinator after a plan of which only a part was carried out. */
#include "tests/sim/memory_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Of a plan that was carried out in part: what was cut is as large as it is now, what was refused is set aside, and
 * what wasn't tried is asked for again. */
static void a_part_of_a_plan_is_known_as_such(void **state)
{
    static const enum plan_result second[] = {PLAN_FAILED, PLAN_SKIPPED, PLAN_PENDING};

    (void)state;
    for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
        const struct plan_action *a;
        uint64_t first_kib, second_kib;
        struct stage b;

        stage_begin(&b, NULL);
        b.guests[1].unused = b.guests[2].unused = 600;
        stage_decide(&b);
        stage_decide(&b);
        assert_int_equal(b.plan.n_actions, 2);
        for (int k = 0; k < 2; k++)
            b.plan.actions[k].result = b.plan.actions[k].uuid[0] == 2 ? PLAN_DONE : second[i];
        first_kib = stage_action(&b.plan, 1)->to_kib;
        second_kib = stage_action(&b.plan, 2)->to_kib;
        b.guests[1].unused -= b.guests[1].size - (double)first_kib / 1024;
        b.guests[1].size = (double)first_kib / 1024;
        coordinator_policy.applied(b.state, &b.now, &b.plan);
        stage_decide(&b);
        a = stage_action(&b.plan, 1);
        assert_true(!a || a->from_kib == first_kib);
        a = stage_action(&b.plan, 2);
        if (second[i] == PLAN_FAILED) {
            assert_null(a);
            assert_non_null(strstr(b.plan.guests[2].status, "can't be set"));
        } else {
            assert_non_null(a);
            assert_int_equal(a->from_kib, MIB(1000));
            assert_int_equal(a->to_kib, second_kib);
        }
        stage_end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_a_plan_is_known_as_such),
    };

    return cmocka_run_group_tests_name("a part of a plan, for the coordinator", tests, NULL, NULL);
}
