/*
 * Guests that sleep while the host polls for their wake-up (KVM's halt polling) read as busy, and aren't: what is
 * polled is told apart from what they run, by the bulk statistics of a made-up hypervisor.
 */
#include "core/model/pcpu_groups.h"
#include "tests/unit/decider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Two guests of 40 % on a pCPU each, and one that wants 5 % and has the host poll for 55 % of the time: with its whole
 * run time for demand it would be the busiest. */
static void polling_is_no_demand(void **state)
{
    struct scheduler_settings settings = scheduler_settings_default;
    struct host_world *w = *state;
    struct decider d;

    decider_make_plain_host(w, 3);
    decider_add_guests(1, 0x01, 40);
    decider_add_guests(1, 0x02, 40);
    decider_add_guests(1, 0x04, 5);
    decider_add_guests(1, 0x04, 35);
    hypervisor.guests[2].poll_pct[0] = 55;
    decider_begin(&d, w, &settings);
    for (int i = 0; i < 8; i++) {
        decide(&d);
        assert_int_equal(d.plan.n_actions, 0); /* all pCPUs are asked for 40 % */
    }
    assert_true(d.rates.vcpus[2].has_poll && d.rates.guests[2].has_poll);
    assert_in_range((int)(d.rates.vcpus[2].poll_pct + 0.5), 54, 56);
    assert_in_range((int)(d.rates.vcpus[2].run_pct + 0.5), 4, 6);
    assert_in_range((int)(d.rates.vcpus[2].demand_pct + 0.5), 4, 6);
    assert_in_range((int)(d.plan.vcpus[2].demand_pct + 0.5), 4, 6);
    assert_true(d.rates.pcpus[2].host_pct < 1.0); /* nor is it the host's own work */
    decider_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(polling_is_no_demand, host_world_make, host_world_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
