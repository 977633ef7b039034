/* Guests that come, go, pause and change: each calls for so many moves, and no more. */
#include "tests/sim/cpu_expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* 90, 60, 60 and 60: the ninth may as well stay where it came to. */
static void one_comes(void **state)
{
    (void)state;
    cpu_expect_scenario("one-comes", &(struct cpu_expect){.moves_most = 1, .quiet_after = 39, .sd_load_most = 13.0});
}

/* Four of 20 % on top of 60: three go on, to one pCPU each. */
static void four_come(void **state)
{
    (void)state;
    cpu_expect_scenario("four-come", &(struct cpu_expect){.moves_least = 3,
                                                          .moves_most = 3,
                                                          .quiet_from = 10,
                                                          .quiet_after = 14,
                                                          .sd_load_most = 0.01,
                                                          .mean_sd_use_most = 5.0});
}

static void four_float_in(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "four-float-in",
        &(struct cpu_expect){
            .adoptions = 4, .quiet_from = 10, .quiet_after = 14, .sd_load_most = 0.01, .mean_sd_use_most = 5.0});
}

/* Pinned, each would need some four others to make way: they go on floating, nobody moves, and all pCPUs are as busy.
 * Wherever they happen to be at the end, sd of load is at most that of all four on one pCPU. */
static void large_ones_float_on(void **state)
{
    (void)state;
    cpu_expect_scenario("float-in-large", &(struct cpu_expect){.sd_load_most = 48.5, .mean_sd_use_most = 5.0});
}

/* 58 % on four of 16 pCPUs is within the tolerance: they are pinned, and nobody else moves. */
static void small_ones_are_pinned_where_there_is_room(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "float-in-small",
        &(struct cpu_expect){
            .adoptions = 4, .quiet_from = 10, .quiet_after = 14, .sd_load_most = 4.4, .mean_sd_use_most = 5.0});
}

/* 60, 60, 0 and 60: one may go over: 30, 60, 30, 60. A second one wouldn't make it better. */
static void both_of_one_pcpu_leave(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "two-leave", &(struct cpu_expect){
                         .moves_least = 1, .moves_most = 1, .quiet_from = 10, .quiet_after = 14, .sd_load_most = 15.1});
}

static void one_of_each_leaves(void **state)
{
    (void)state;
    cpu_expect_scenario("even-leave", &(struct cpu_expect){.sd_load_most = 0.01, .mean_sd_use_most = 5.0});
}

static void some_pause(void **state)
{
    (void)state;
    cpu_expect_scenario("pause", &(struct cpu_expect){.sd_load_most = 0.01, .mean_sd_use_most = 5.0});
}

static void counters_begin_again(void **state)
{
    (void)state;
    cpu_expect_scenario("counters-back", &(struct cpu_expect){.sd_load_most = 0.01, .mean_sd_use_most = 5.0});
}

/* Four of 50 % on one pCPU beside one each: two go on: 100, 100, 100 and 50, or a third, where the first figures from
 * behind that crowd make it look better; one of them is unplugged again. */
static void plugged_in_and_out(void **state)
{
    (void)state;
    cpu_expect_scenario(
        "plugged", &(struct cpu_expect){
                       .moves_least = 2, .moves_most = 4, .quiet_from = 10, .quiet_after = 30, .sd_load_most = 25.1});
}

/* 128 and 48 % in parts of 32 and 12: each of eight pCPUs gives a partner two heavy for two light ones, or nearly. */
static void half_turn_heavy_on_a_wider_host(void **state)
{
    (void)state;
    cpu_expect_scenario("half-heavy", &(struct cpu_expect){.seeds = 5,
                                                           .moves_least = 16,
                                                           .moves_most = 36,
                                                           .quiet_from = 10,
                                                           .quiet_after = 20,
                                                           .sd_load_most = 5.0,
                                                           .mean_sd_use_most = 5.0});
}

/* 39 come and as many go: all are adopted, nobody else has to move for that. */
static void coming_and_going(void **state)
{
    (void)state;
    cpu_expect_scenario("churn", &(struct cpu_expect){.seeds = 5,
                                                      .moves_most = 4,
                                                      .adoptions = 39,
                                                      .quiet_after = 199,
                                                      .sd_load_most = 6.0,
                                                      .mean_sd_use_most = 6.0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_comes),
        cmocka_unit_test(four_come),
        cmocka_unit_test(four_float_in),
        cmocka_unit_test(large_ones_float_on),
        cmocka_unit_test(small_ones_are_pinned_where_there_is_room),
        cmocka_unit_test(both_of_one_pcpu_leave),
        cmocka_unit_test(one_of_each_leaves),
        cmocka_unit_test(some_pause),
        cmocka_unit_test(counters_begin_again),
        cmocka_unit_test(plugged_in_and_out),
        cmocka_unit_test(half_turn_heavy_on_a_wider_host),
        cmocka_unit_test(coming_and_going),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
