/* What else there is on a host: its own work, pCPUs that may not be used, rules that others set. */
#include "tests/sim/cpu_expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* 70 % of the host's own beside four guests of 15 %: three of them leave, four at times. */
static void fixed_background(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "background",
        &(struct cpu_expect){
            .moves_least = 3, .moves_most = 6, .quiet_after = 39, .sd_load_most = 7.6, .mean_sd_use_most = 9.0});
}

/* It goes elsewhere every 20 intervals: after it go the four or five that each change calls for, and a correction. */
static void wandering_background(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "background-20",
        &(struct cpu_expect){.seeds = 5, .moves_least = 8, .moves_most = 45, .quiet_after = 120, .sd_load_most = 15.0});
}

static void background_that_never_rests(void **state)
{
    (void)state;
    /* One of ten seeds takes it for lasting once, and exchanges two. */
    cpu_expect_scenario("background-1",
                        &(struct cpu_expect){.moves_most = 2, .quiet_after = 119, .sd_load_most = 31.0});
}

static void passing_spikes(void **state)
{
    (void)state;
    cpu_expect_scenario("spikes", &(struct cpu_expect){.sd_load_most = 22.0});
}

static void numbers_with_holes(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "holes",
        &(struct cpu_expect){
            .moves_least = 6, .moves_most = 6, .quiet_after = 4, .sd_load_most = 0.01, .mean_sd_use_most = 5.0});
}

/* 8 x 30 % over 0, 1, 3 and 4; then 1 goes (its two must leave), then 2 comes. The hard limits say the rest. */
static void offline_and_isolated(void **state)
{
    const struct cpu_scenario *scenario = cpu_scenario_find("offline");

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct cpu_run *run = cpu_scenario_start(scenario, &scheduler_policy, NULL, seed);

        cpu_scenario_go(scenario, run, 14);
        assert_int_equal(run->moves, 6);
        assert_true(run->sd_load < 0.01);
        cpu_scenario_go(scenario, run, 29);
        for (int guest = 0; guest < 8; guest++)
            assert_int_not_equal(cpu_sim_where(run->sim, guest, 0), 1);
        cpu_scenario_go(scenario, run, scenario->intervals);
        cpu_expect_unbroken(run);
        assert_int_equal(cpu_sim_where(run->sim, 8, 0), 5);
        assert_true(run->moves + run->adoptions <= 14);
        /* Five on the four that are left of 30 % each, wherever: 60, 60, 60 and 60 of pCPUs 0, 2, 3 and 4. */
        assert_true(run->sd_load < 15.1);
        cpu_run_free(run);
    }
}

/* Ten of 30 % on four pCPUs: 90, 90, 60 and 60 is the best there is: 15 points. */
static void rules_are_kept(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "rules", &(struct cpu_expect){
                     .moves_least = 3, .moves_most = 6, .adoptions = 4, .quiet_after = 39, .sd_load_most = 15.1});
}

static void rules_that_leave_no_balance(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "narrow", &(struct cpu_expect){.moves_least = 3, .moves_most = 3, .quiet_after = 2, .sd_load_most = 150.1});
}

static void persistent_pins_are_kept_when_asked_to(void **state)
{
    struct scheduler_settings settings = scheduler_settings_default;
    struct cpu_sim *sim = cpu_plain_host(4, 1);
    struct cpu_run *run;

    (void)state;
    settings.keep_pins = true;
    for (int i = 0; i < 6; i++)
        cpu_sim_add_guest(
            sim, &(struct cpu_sim_guest){
                     .name = "vm", .n_vcpus = 1, .pin = 0, .pinned = i < 4 ? "0-1" : NULL, .load = cpu_closed(0.3)});
    run = cpu_run_new(sim, &scheduler_policy, &settings, cpu_scenario_interval_s);
    cpu_run_steps(run, 20);
    cpu_expect_unbroken(run);
    for (int guest = 0; guest < 4; guest++)
        assert_true(cpu_sim_where(run->sim, guest, 0) < 2);
    assert_int_equal(run->moves, 4);
    cpu_run_free(run);
}

/* The dedicated guest's pCPU is left by others, real-time and locked guests stay but count. 8 x 30 % and 2 x 60 % over
 * four pCPUs: 90 each. */
static void those_left_alone(void **state)
{
    const struct cpu_scenario *scenario = cpu_scenario_find("alone");

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct cpu_run *run = cpu_scenario_start(scenario, &scheduler_policy, NULL, seed);

        cpu_scenario_go(scenario, run, scenario->intervals);
        cpu_expect_unbroken(run);
        for (int guest = 0; guest < 3; guest++)
            assert_int_equal(cpu_sim_where(run->sim, guest, 0), guest);
        for (int guest = 3; guest < 11; guest++)
            assert_int_not_equal(cpu_sim_where(run->sim, guest, 0), 0);
        for (int cpu = 1; cpu < 5; cpu++)
            assert_true(cpu_sim_true_load_pct(run->sim, cpu) > 89.0 && cpu_sim_true_load_pct(run->sim, cpu) < 91.0);
        assert_true(run->last_action <= 10);
        cpu_run_free(run);
    }
}

static void without_delay(void **state)
{
    const struct cpu_scenario *scenario = cpu_scenario_find("no-delay");
    struct cpu_run *run = cpu_scenario_start(scenario, &scheduler_policy, NULL, 1);

    (void)state;
    cpu_scenario_go(scenario, run, 2);
    assert_true(run->plan.n_notes > 0);
    assert_non_null(strstr(run->plan.notes[run->plan.n_notes - 1].text, "no run-queue delay"));
    cpu_run_free(run);
    cpu_expect_scenario(
        "no-delay",
        &(struct cpu_expect){
            .moves_least = 6, .moves_most = 8, .quiet_after = 15, .sd_load_most = 0.01, .mean_sd_use_most = 5.0});
}

static void quotas_cap_demand(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "quota",
        &(struct cpu_expect){
            .moves_least = 4, .moves_most = 8, .quiet_after = 10, .sd_load_most = 0.01, .mean_sd_use_most = 5.0});
}

static void refused_pins_are_tried_again_later(void **state)
{
    struct cpu_sim *sim = cpu_plain_host(4, 1);
    struct cpu_run *run;

    (void)state;
    cpu_add_guests(sim, 8, 1, 0, cpu_closed(0.3));
    cpu_sim_refuse_pins(sim, 4);
    run = cpu_run_new(sim, &scheduler_policy, NULL, cpu_scenario_interval_s);
    cpu_run_steps(run, 25);
    cpu_expect_unbroken(run);
    assert_int_equal(run->failures, 4);
    assert_true(run->sd_load < 0.01);
    cpu_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_background),
        cmocka_unit_test(wandering_background),
        cmocka_unit_test(background_that_never_rests),
        cmocka_unit_test(passing_spikes),
        cmocka_unit_test(numbers_with_holes),
        cmocka_unit_test(offline_and_isolated),
        cmocka_unit_test(rules_are_kept),
        cmocka_unit_test(rules_that_leave_no_balance),
        cmocka_unit_test(persistent_pins_are_kept_when_asked_to),
        cmocka_unit_test(those_left_alone),
        cmocka_unit_test(without_delay),
        cmocka_unit_test(quotas_cap_demand),
        cmocka_unit_test(refused_pins_are_tried_again_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
