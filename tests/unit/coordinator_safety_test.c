/*
 * What keeps guests and host from harm, each on figures made for it: cuts that hurt are given back and followed by
 * cool-downs, requests that have become wrong are withdrawn, a host in need gets idle memory faster, free memory goes
 * before caches.
 */
#include "tests/sim/memory_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A host with nothing to give, a guest that is cut for its sake, and then swaps in: it hurts. */
static void cut_until_it_hurts(struct stage *b)
{
    stage_begin(b, NULL);
    b->guests[1].unused = 400;
    b->host_free_mib = 700;
    stage_decide(b);
    stage_decide(b);
    stage_decide(b);
    assert_non_null(stage_action(&b->plan, 1));
    stage_carry_out(b, PLAN_DONE);
    assert_in_range((uint64_t)(b->guests[1].unused * 1024), MIB(200), MIB(300));
    b->guests[1].unused = 20;
    stage_decide(b);
    assert_non_null(strstr(b->plan.guests[1].status, "short of its need"));
    assert_true(b->plan.guests[1].need_kib >= MIB(1000));
    stage_carry_out(b, PLAN_DONE);
}

static void what_hurt_is_over_once_it_lets_go(void **state)
{
    struct stage b;
    bool cut = false;

    (void)state;
    cut_until_it_hurts(&b);
    b.guests[1].unused = b.guests[1].size - 100;
    for (int i = 0; i < 2 && !cut; i++) {
        cut = stage_action(stage_decide(&b), 1) != NULL;
        stage_carry_out(&b, PLAN_DONE);
    }
    assert_true(cut);
    assert_true(b.plan.guests[1].need_kib < MIB(400));
    stage_end(&b);
}

/* It can't be given back, but isn't asked for for ever. */
static void what_hurt_is_over_after_a_cooldown(void **state)
{
    struct stage b;

    (void)state;
    cut_until_it_hurts(&b);
    b.guests[1].unused = 45;
    for (int i = 0; i < 10; i++)
        stage_decide(&b);
    assert_true(b.plan.guests[1].need_kib < MIB(1000));
    stage_end(&b);
}

/* A small cut just before a guest grows into all it has did no harm: it had come to the same without it. */
static void growth_after_a_small_cut_is_no_harm(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[0].unused = b.guests[2].unused = 108;
    b.guests[1].unused = 125;
    b.host_free_mib = 784; /* 16 below the reserve */
    stage_decide(&b);
    stage_decide(&b);
    stage_decide(&b);
    assert_non_null(stage_action(&b.plan, 1));
    stage_carry_out(&b, PLAN_DONE);
    assert_true(b.guests[1].size >= 980);
    b.guests[1].unused = 30;
    stage_decide(&b);
    assert_null(strstr(b.plan.guests[1].status, "cools down"));
    b.host_free_mib = 2000;
    assert_null(strstr(stage_action(stage_decide(&b), 1)->reason, "the cut hurt"));
    stage_end(&b);
}

/* In calm: idle memory is taken from guest 1, in three looks. */
static void cut_in_calm(struct stage *b)
{
    stage_begin(b, NULL);
    b->guests[1].unused = 400;
    stage_decide(b);
    stage_decide(b);
    stage_decide(b);
    assert_non_null(stage_action(&b->plan, 1));
    stage_carry_out(b, PLAN_DONE);
}

/* At the next decision all that was taken is given back. */
static void assert_given_back(struct stage *b, const char *sign)
{
    const struct plan_action *a = stage_action(stage_decide(b), 1);

    assert_non_null(a);
    assert_true(a->to_kib >= MIB(1000));
    assert_non_null(strstr(a->reason, "the cut hurt"));
    assert_non_null(strstr(a->reason, sign));
    stage_carry_out(b, PLAN_DONE);
}

static void a_collapse_after_a_cut_is_given_back(void **state)
{
    struct stage b;

    (void)state;
    cut_in_calm(&b);
    b.guests[1].unused = 40;
    assert_given_back(&b, "unused fell to 40 MiB");
    stage_end(&b);
}

static void swapping_in_after_a_cut_is_given_back(void **state)
{
    struct stage b;

    (void)state;
    cut_in_calm(&b);
    b.guests[1].unused = 150;
    b.guests[1].swapped_in = 10;
    assert_given_back(&b, "swaps in 5.0 MiB/s");
    stage_end(&b);
}

static void major_faults_after_a_cut_are_given_back(void **state)
{
    struct stage b;

    (void)state;
    cut_in_calm(&b);
    b.guests[1].unused = 150;
    b.guests[1].major_faults = 400;
    assert_given_back(&b, "200 major faults/s");
    stage_end(&b);
}

/* Idle again right after it was given back, and still not cut for so many looks; then it is. */
static unsigned cooldown_of(struct stage *b)
{
    unsigned looks = 0;

    b->guests[1].unused = b->guests[1].size - 600;
    while (looks < 100 && !stage_action(stage_decide(b), 1)) {
        stage_carry_out(b, PLAN_DONE);
        looks++;
    }
    stage_carry_out(b, PLAN_DONE);
    return looks;
}

/* What was taken is needed again at once, time after time: it is left in peace for longer each time, 64 at the most. */
static void cooldowns_double(void **state)
{
    struct stage b;
    unsigned before = 0, length;

    (void)state;
    cut_in_calm(&b);
    for (int i = 0; i < 6; i++) {
        b.guests[1].unused = 40;
        assert_non_null(stage_action(stage_decide(&b), 1));
        stage_carry_out(&b, PLAN_DONE);
        length = cooldown_of(&b);
        assert_true(i == 0 ? length >= 3 : length >= before * 3 / 2 || length >= 60);
        assert_true(length <= 70);
        before = length;
    }
    stage_end(&b);
}

/* Demand that comes back without any harm regrets the cut, too. */
static void demand_that_comes_back_is_left_in_peace(void **state)
{
    struct stage b;

    (void)state;
    cut_in_calm(&b);
    b.guests[1].unused = 90;
    assert_non_null(stage_action(stage_decide(&b), 1));
    assert_null(strstr(stage_action(&b.plan, 1)->reason, "hurt"));
    stage_carry_out(&b, PLAN_DONE);
    assert_int_equal(cooldown_of(&b), 3);
    stage_end(&b);
}

/* A host with nothing to give; what guest 1 is asked to give isn't there yet. */
static void ask_for_a_cut(struct stage *b)
{
    stage_begin(b, NULL);
    b->guests[1].unused = 400;
    b->host_free_mib = 700;
    stage_decide(b);
    stage_decide(b);
    stage_decide(b);
    assert_non_null(stage_action(&b->plan, 1));
    stage_accept(b);
}

static void assert_withdrawn(const struct stage *b, const char *why)
{
    const struct plan_action *a = stage_action(&b->plan, 1);

    assert_non_null(a);
    assert_int_equal(a->to_kib, a->from_kib);
    assert_non_null(strstr(a->reason, why));
}

static void a_cut_that_is_needed_by_now_is_withdrawn(void **state)
{
    struct stage b;

    (void)state;
    ask_for_a_cut(&b);
    stage_decide(&b);
    assert_null(stage_action(&b.plan, 1));
    b.guests[1].unused = 150;
    stage_decide(&b);
    assert_withdrawn(&b, "by now");
    stage_end(&b);
}

/* Slow balloons: a guest that has begun to grow while it is being cut will need by the next decision what is taken. */
static void a_cut_is_withdrawn_when_growth_begins(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 400;
    stage_decide(&b);
    assert_non_null(stage_action(stage_decide(&b), 1));
    assert_int_equal(stage_action(&b.plan, 1)->to_kib, MIB(900));
    stage_accept(&b);
    b.guests[1].unused = 370;
    stage_decide(&b);
    assert_null(stage_action(&b.plan, 1));
    b.guests[1].unused = 280; /* 720 used, 100 to be kept, 45 MiB/s for 4 s */
    stage_decide(&b);
    assert_withdrawn(&b, "by now");
    stage_end(&b);
}

static void a_cut_is_withdrawn_when_statistics_stop(void **state)
{
    struct stage b;

    (void)state;
    ask_for_a_cut(&b);
    b.guests[1].frozen_at = b.taken;
    for (int i = 0; i < 6; i++) {
        b.guests[1].size -= 2; /* on its way, so that it isn't stuck */
        if (stage_action(stage_decide(&b), 1))
            break;
        stage_accept(&b);
    }
    assert_withdrawn(&b, "stand still");
    stage_end(&b);
}

static void a_grant_is_withdrawn_when_the_host_cant_back_it(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 20;
    stage_decide(&b);
    assert_non_null(stage_action(stage_decide(&b), 1));
    stage_accept(&b);
    b.host_free_mib = 810;
    stage_decide(&b);
    assert_withdrawn(&b, "can't back it");
    stage_end(&b);
}

/* Each sign of pressure, and only from its threshold on. */
static void pressure_shows_in_three_ways(void **state)
{
    static const struct {
        double some_pct, full_pct, swapped_mib;
        bool pressed;
    } cases[] = {
        {0, 0, 0, false}, {19, 0, 0, false}, {20, 0, 0, true}, {0, 4, 0, false},
        {0, 5, 0, true},  {0, 0, 15, false}, {0, 0, 17, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;
        const struct plan_action *a;

        stage_begin(&b, NULL);
        b.guests[1].unused = 700;
        stage_decide(&b);
        stage_decide(&b);
        b.pressure_some_pct = cases[i].some_pct;
        b.pressure_full_pct = cases[i].full_pct;
        b.host_swap_free_mib -= cases[i].swapped_mib;
        a = stage_action(stage_decide(&b), 1);
        assert_non_null(a);
        /* Half of what lies beyond its need, instead of the step. */
        assert_int_equal(a->from_kib - a->to_kib, cases[i].pressed ? MIB(296) : MIB(100));
        stage_end(&b);
    }
}

/* 500 MiB below its reserve: it gets them, half of what can be spared at the most. */
static void a_host_that_lacks_memory_gets_half_at_once(void **state)
{
    struct stage b;
    const struct plan_action *a;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 700;
    b.host_free_mib = 300;
    stage_decide(&b);
    a = stage_action(stage_decide(&b), 1);
    assert_non_null(a);
    assert_int_equal(a->from_kib - a->to_kib, MIB(350));
    stage_end(&b);
}

static void a_little_less_than_the_reserve_is_noise(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].rss = 1100;
    b.guests[0].unused = b.guests[2].unused = 108;
    b.guests[1].unused = 145;
    b.host_free_mib = 790;
    for (int i = 0; i < 5; i++)
        assert_int_equal(stage_decide(&b)->n_actions, 0);
    stage_end(&b);
}

/* Huge pages are its own already: nothing more can be touched, whatever its resident set says. */
static void huge_pages_are_no_debt(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].rss = 1100;
    b.guests[2].inhibited = true;
    b.guests[2].rss = 80;
    b.guests[2].unused = 800;
    b.host_free_mib = 1800;
    stage_decide(&b);
    stage_decide(&b);
    assert_int_equal(b.plan.budget_kib, MIB(1000));
    stage_end(&b);
}

/* Guest 0 is in need, 1 holds page cache, 2 unused memory: that is what is taken. */
static void free_memory_goes_before_caches(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].rss = 1100;
    b.guests[0].unused = 30;
    b.guests[1].unused = 110;
    b.guests[1].cache = 500;
    b.guests[2].unused = 200;
    b.host_free_mib = 830;
    stage_decide(&b);
    stage_decide(&b);
    assert_null(stage_action(&b.plan, 1));
    assert_non_null(stage_action(&b.plan, 2));
    assert_true(stage_action(&b.plan, 2)->to_kib < MIB(1000));
    /* With none of that left, caches are taken. */
    b.guests[2].unused = 110;
    stage_decide(&b);
    assert_non_null(stage_action(&b.plan, 1));
    assert_true(stage_action(&b.plan, 1)->to_kib < MIB(1000));
    stage_end(&b);
}

/* Pressure alone, with nobody in need, doesn't take back what was given just now. */
static void pressure_takes_nothing_back_that_was_just_given(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 40;
    stage_decide(&b);
    assert_non_null(stage_action(stage_decide(&b), 1));
    stage_carry_out(&b, PLAN_DONE);
    b.guests[1].size += 300; /* and 300 from the operator */
    b.guests[1].unused += 300;
    b.pressure_some_pct = 50;
    for (int i = 0; i < 3; i++) {
        stage_decide(&b);
        assert_null(stage_action(&b.plan, 1));
        stage_carry_out(&b, PLAN_DONE);
    }
    stage_end(&b);
}

/* While it cools down, what it was given back stays with it, also when the host comes to be short. */
static void what_was_given_back_stays_while_it_cools_down(void **state)
{
    struct stage b;

    (void)state;
    cut_in_calm(&b);
    b.guests[1].unused = 150;
    b.guests[1].swapped_in = 10;
    assert_given_back(&b, "swaps in");
    assert_true(b.guests[1].unused > 240);
    b.host_free_mib = 740;
    for (int i = 0; i < 3; i++) {
        const struct plan_action *a = stage_action(stage_decide(&b), 1);

        assert_true(!a || a->to_kib >= MIB(1000));
    }
    stage_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_hurt_is_over_once_it_lets_go),
        cmocka_unit_test(what_hurt_is_over_after_a_cooldown),
        cmocka_unit_test(growth_after_a_small_cut_is_no_harm),
        cmocka_unit_test(a_collapse_after_a_cut_is_given_back),
        cmocka_unit_test(swapping_in_after_a_cut_is_given_back),
        cmocka_unit_test(major_faults_after_a_cut_are_given_back),
        cmocka_unit_test(cooldowns_double),
        cmocka_unit_test(demand_that_comes_back_is_left_in_peace),
        cmocka_unit_test(a_cut_that_is_needed_by_now_is_withdrawn),
        cmocka_unit_test(a_cut_is_withdrawn_when_growth_begins),
        cmocka_unit_test(a_cut_is_withdrawn_when_statistics_stop),
        cmocka_unit_test(a_grant_is_withdrawn_when_the_host_cant_back_it),
        cmocka_unit_test(pressure_shows_in_three_ways),
        cmocka_unit_test(a_host_that_lacks_memory_gets_half_at_once),
        cmocka_unit_test(a_little_less_than_the_reserve_is_noise),
        cmocka_unit_test(huge_pages_are_no_debt),
        cmocka_unit_test(free_memory_goes_before_caches),
        cmocka_unit_test(pressure_takes_nothing_back_that_was_just_given),
        cmocka_unit_test(what_was_given_back_stays_while_it_cools_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
