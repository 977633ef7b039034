/* The coordinator on snapshots made by hand: what it decides, in which words, and what it keeps in mind. */
#include "tests/sim/memory_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void guests_at_rest_are_left_so(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(stage_decide(&b)->n_actions, 0);
        stage_carry_out(&b, PLAN_DONE);
    }
    assert_true(b.plan.has_memory);
    assert_int_equal(b.plan.missing_kib, 0);
    assert_int_equal(b.plan.host_reserve_kib, MIB(STAGE_RESERVE_MIB));
    assert_non_null(strstr(b.plan.summary, "every need is met"));
    assert_true(b.plan.guests[0].managed);
    assert_int_equal(b.plan.guests[0].target_kib, MIB(1000));
    stage_end(&b);
}

static void the_first_decision_waits_for_fresh_statistics(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[0].unused = 20;
    assert_int_equal(stage_decide(&b)->n_actions, 0);
    assert_true(b.plan.learning);
    assert_int_equal(stage_decide(&b)->n_actions, 1);
    assert_false(b.plan.learning);
    stage_end(&b);
}

static void idle_memory_goes_a_quarter_at_a_time(void **state)
{
    struct stage b;
    const struct plan_action *a;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 300;
    stage_decide(&b);
    stage_decide(&b);
    a = stage_action(stage_decide(&b), 1);
    assert_non_null(a);
    assert_int_equal(a->from_kib, MIB(1000));
    assert_int_equal(a->to_kib, MIB(925));
    assert_string_equal(a->reason, "idle 300 MiB: takes 75 MiB back");
    stage_end(&b);
}

/* Planning changes nothing: the same state and snapshot give the same plan. */
static void planning_has_no_effect(void **state)
{
    struct policy_request request = {.interval_s = 2}, forced = {.force = true, .interval_s = 2};
    struct plan again = {.n_actions = 0};
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 700;
    b.guests[2].unused = 30;
    stage_decide(&b);
    stage_decide(&b);
    stage_decide(&b);
    assert_int_equal(b.plan.n_actions, 2);
    assert_int_equal(coordinator_policy.plan(b.state, &b.now, &b.rates, &forced, &again), 0);
    assert_int_equal(coordinator_policy.plan(b.state, &b.now, &b.rates, &request, &again), 0);
    assert_int_equal(again.n_actions, b.plan.n_actions);
    for (int i = 0; i < again.n_actions; i++)
        assert_memory_equal(&again.actions[i], &b.plan.actions[i], sizeof(again.actions[i]));
    assert_string_equal(again.summary, b.plan.summary);
    plan_free(&again);
    stage_end(&b);
}

/* Cuts come first in the plan: free before giving. And what is given is there already. */
static void what_is_given_is_there_now(void **state)
{
    struct stage b;
    uint64_t given = 0;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[0].unused = 700;
    b.guests[1].unused = b.guests[2].unused = 10;
    b.host_free_mib = 1100; /* 300 above the reserve; what each QEMU holds is known to be its own */
    stage_decide(&b);
    stage_decide(&b);
    stage_decide(&b);
    assert_true(b.plan.n_actions >= 2);
    assert_true(b.plan.actions[0].to_kib < b.plan.actions[0].from_kib);
    for (int i = 1; i < b.plan.n_actions; i++) {
        assert_true(b.plan.actions[i].to_kib > b.plan.actions[i].from_kib);
        given += b.plan.actions[i].to_kib - b.plan.actions[i].from_kib;
    }
    assert_true(given > 0 && given <= MIB(300));
    stage_end(&b);
}

static void at_the_reserve_nothing_is_given(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].unused = 10;
    b.host_free_mib = 800;
    stage_decide(&b);
    stage_decide(&b);
    assert_int_equal(stage_decide(&b)->n_actions, 0);
    assert_true(b.plan.missing_kib >= STAGE_GUESTS * MIB(90));
    assert_non_null(strstr(b.plan.summary, "missing"));
    assert_non_null(strstr(b.plan.guests[0].status, "short of its need"));
    stage_end(&b);
}

/* What the guests haven't touched yet isn't the host's to give. */
static void untouched_memory_is_spoken_for(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[0].unused = 10;
    b.guests[1].unused = 800;
    b.guests[1].rss = 264;
    b.guests[2].unused = 800;
    b.guests[2].rss = 264;
    b.host_free_mib = 800 + 1600;
    stage_decide(&b);
    stage_decide(&b);
    assert_null(stage_action(&b.plan, 0));
    assert_int_equal(b.plan.budget_kib, 0);
    /* They are asked for it, so that there is some at the next decision. */
    assert_non_null(stage_action(&b.plan, 1));
    stage_end(&b);
}

/* What a QEMU was seen to hold beside the guest's memory isn't the guest's, however much it is. */
static void what_qemu_holds_is_learned(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.host_free_mib = 1600;
    b.guests[0].rss = 1140;
    b.guests[1].rss = b.guests[2].rss = 1100;
    stage_decide(&b);
    stage_decide(&b);
    assert_int_equal(b.plan.budget_kib, MIB(800));
    /* 140 MiB of the guest's aren't resident any more. */
    b.guests[0].unused = 300;
    b.guests[0].rss = 1000;
    stage_decide(&b);
    assert_in_range(b.plan.budget_kib, MIB(800 - 140), MIB(800 - 135));
    stage_end(&b);
}

static void what_is_refused_is_set_aside(void **state)
{
    struct stage b;
    unsigned asked = 0;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 600;
    for (int i = 0; i < 30; i++) {
        stage_decide(&b);
        asked += (unsigned)b.plan.n_actions;
        stage_carry_out(&b, PLAN_FAILED);
    }
    assert_in_range(asked, 2, 4);
    assert_non_null(strstr(b.plan.guests[1].status, "can't be set"));
    stage_end(&b);
}

/* Guests change places, one goes and comes back under another id: what is remembered stays with whom it belongs to. */
static void guests_are_told_apart_by_uuid_and_id(void **state)
{
    static const int orders[][STAGE_GUESTS] = {{2, 0, 1}, {1, 2, 0}, {-1, 2, 0}, {0, 1, 2}};
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    stage_decide(&b);
    stage_decide(&b);
    for (int k = 0; k < 4; k++) {
        memcpy(b.order, orders[k], sizeof(b.order));
        assert_int_equal(stage_decide(&b)->n_actions, 0);
        for (int i = 0; i < b.now.n_guests; i++)
            assert_true(b.plan.guests[i].managed);
    }
    /* Another run of the guest: nothing of it is known yet. */
    b.guests[1].id = 77;
    stage_decide(&b);
    assert_true(b.plan.guests[0].managed && b.plan.guests[2].managed);
    assert_false(b.plan.guests[1].managed);
    assert_non_null(strstr(b.plan.guests[1].status, "starting"));
    stage_end(&b);
}

static void force_ignores_the_step_but_not_the_floors(void **state)
{
    struct stage b;
    const struct plan_action *a;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[0].size = b.guests[0].max = 2000;
    b.guests[0].rss = 2064;
    b.guests[0].unused = 1800;
    stage_decide(&b);
    stage_decide(&b);
    a = stage_action(stage_decide_forced(&b, true), 0);
    assert_true(b.plan.forced);
    assert_non_null(a);
    assert_in_range(a->to_kib, MIB(300), MIB(500));
    assert_non_null(strstr(a->reason, "operator"));
    stage_end(&b);
}

static void settings_are_kept(void **state)
{
    struct coordinator_settings s = coordinator_settings_default;
    struct stage b;
    const struct plan_action *a;

    (void)state;
    s.step_mib = 20;
    s.host_reserve_mib = 1234;
    s.guest_floor_mib = 990;
    stage_begin(&b, &s);
    b.guests[0].unused = 600;
    b.guests[1].unused = 600;
    b.guests[1].size = 1500;
    b.guests[1].rss = 1564;
    stage_decide(&b);
    stage_decide(&b);
    stage_decide(&b);
    assert_int_equal(b.plan.host_reserve_kib, MIB(1234));
    assert_null(stage_action(&b.plan, 0)); /* 10 MiB above its floor: not worth it */
    a = stage_action(&b.plan, 1);
    assert_non_null(a);
    assert_int_equal(a->from_kib - a->to_kib, MIB(20));
    stage_end(&b);
}

/* Only what grows is given memory to be ready; others keep what they have. */
static void at_rest_nothing_is_given_to_be_ready(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].unused = 120;
    for (int i = 0; i < 10; i++)
        assert_int_equal(stage_decide(&b)->n_actions, 0);
    stage_end(&b);
}

/* Where there is enough for all, they are made ready for what was seen to begin in one of them; not where there isn't,
 * and not by less than may be taken from a guest at once. */
static void what_nobody_has_a_use_for_makes_ready(void **state)
{
    static const struct {
        double host_free_mib, max_mib;
        bool given;
    } cases[] = {{8000, 2000, true}, {8000, 20000, false}, {1300, 2000, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;
        bool given = false;

        stage_begin(&b, NULL);
        b.host_free_mib = cases[i].host_free_mib;
        b.guests[0].unused = b.guests[1].unused = 500;
        b.guests[2].max = cases[i].max_mib;
        for (int k = 0; k < 8; k++) {
            const struct plan_action *a;

            /* In 2 s, guest 1 uses 200 MiB more. */
            if (k == 2)
                b.guests[1].unused -= 200;
            a = stage_action(stage_decide(&b), 2);
            if (a && a->to_kib > a->from_kib) {
                assert_true(k > 2);
                assert_non_null(strstr(a->reason, "memory is plenty"));
                given = true;
            }
            stage_carry_out(&b, PLAN_DONE);
        }
        assert_int_equal(given, cases[i].given);
        stage_end(&b);
    }
}

/* One report tells no growth: whoever would have run dry before the next decision, were it growing, is made ready. */
static void what_may_be_growing_is_made_ready(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.interval_s = 12;
    b.guests[1].unused = 300;
    b.guests[2].unused = 420;
    stage_decide(&b);
    b.guests[1].unused -= 60;
    b.guests[2].unused -= 20;
    stage_decide(&b);
    assert_null(stage_action(&b.plan, 2));
    assert_non_null(stage_action(&b.plan, 1));
    assert_in_range(stage_action(&b.plan, 1)->to_kib, MIB(1000 - 240 + 100 + 240), MIB(1000 - 240 + 500));
    stage_end(&b);
}

static void small_changes_are_not_worth_a_call(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++) {
        b.guests[i].rss = 1100;
        b.guests[i].unused = 108;
    }
    b.guests[0].unused = 104; /* 4 less than it needs */
    stage_decide(&b);
    b.host_free_mib = 805; /* and 5 to be had */
    for (int i = 0; i < 5; i++)
        assert_int_equal(stage_decide(&b)->n_actions, 0);
    stage_end(&b);
}

static void the_last_mib_is_given_too(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[0].max = 1020.5;
    b.guests[0].unused = 20;
    stage_decide(&b);
    assert_non_null(stage_action(stage_decide(&b), 0));
    assert_int_equal(stage_action(&b.plan, 0)->to_kib, MIB(1020) + 512);
    stage_end(&b);
}

/* Less than is needed is better than nothing. */
static void what_there_is_is_given(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++) {
        b.guests[i].rss = 1100;
        b.guests[i].unused = 108;
    }
    b.guests[0].unused = 20;
    b.host_free_mib = 850;
    stage_decide(&b);
    assert_non_null(stage_action(stage_decide(&b), 0));
    assert_int_equal(stage_action(&b.plan, 0)->to_kib, MIB(1050));
    stage_end(&b);
}

/* What is being taken back counts: it isn't asked of somebody else as well. */
static void what_is_on_its_way_is_not_asked_for_twice(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].rss = 1100;
    b.guests[0].unused = 120; /* 12 to spare: taken only if need be */
    b.guests[1].unused = 400;
    b.guests[2].unused = 108;
    b.host_free_mib = 650;
    stage_decide(&b);
    assert_non_null(stage_action(stage_decide(&b), 1));
    assert_null(stage_action(&b.plan, 0));
    stage_accept(&b);
    assert_int_equal(stage_decide(&b)->n_actions, 0);
    stage_end(&b);
}

static void what_grows_is_not_cut(void **state)
{
    struct stage b;

    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 900;
    stage_decide(&b);
    for (int i = 0; i < 3; i++) {
        b.guests[1].unused -= i < 2 ? 20 : 10; /* once may be the beginning */
        assert_null(stage_action(stage_decide(&b), 1));
        stage_carry_out(&b, PLAN_DONE);
    }
    /* It was seen to grow for 4 s, and has come to rest when it stood still for as long. */
    for (int i = 0; i < 2; i++)
        assert_int_equal(stage_action(stage_decide(&b), 1) != NULL, i == 1);
    stage_end(&b);
}

/* A size that somebody else has set is growth like any other: not taken back at once. */
static void what_others_gave_is_let_be_for_a_while(void **state)
{
    struct stage b;
    int looks = 0;

    (void)state;
    stage_begin(&b, NULL);
    stage_decide(&b);
    stage_decide(&b);
    b.guests[1].size += 500;
    b.guests[1].unused += 500;
    b.guests[1].rss += 500;
    while (looks < 10 && !stage_action(stage_decide(&b), 1))
        looks++;
    assert_in_range(looks, 3, 5);
    stage_end(&b);
}

/* A guest set aside as a call was refused is tried again at the next decision when it comes to need more. */
static void what_is_set_aside_is_tried_early_in_need(void **state)
{
    struct stage b;
    (void)state;
    stage_begin(&b, NULL);
    b.guests[1].unused = 600;
    while (stage_decide(&b)->n_actions == 0)
        ;
    stage_carry_out(&b, PLAN_FAILED);
    b.guests[1].unused = 20;
    assert_non_null(stage_action(stage_decide(&b), 1));
    stage_end(&b);
}

/* A balloon is stuck after three looks and five seconds without progress, whichever is later. */
static void how_long_balloons_are_waited_for(void **state)
{
    static const struct {
        double interval_s;
        int looks;
    } cases[] = {{0.5, 10}, {2, 3}, {12, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;
        int looks = 0;

        stage_begin(&b, NULL);
        b.interval_s = cases[i].interval_s;
        b.guests[1].unused = 900;
        while (!stage_action(stage_decide(&b), 1))
            ;
        do {
            stage_accept(&b);
            looks++;
        } while (looks < 20 && !stage_action(stage_decide(&b), 1));
        assert_int_equal(looks, cases[i].looks);
        assert_non_null(strstr(stage_action(&b.plan, 1)->reason, "stuck"));
        stage_end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_at_rest_are_left_so),
        cmocka_unit_test(the_first_decision_waits_for_fresh_statistics),
        cmocka_unit_test(idle_memory_goes_a_quarter_at_a_time),
        cmocka_unit_test(planning_has_no_effect),
        cmocka_unit_test(what_is_given_is_there_now),
        cmocka_unit_test(at_the_reserve_nothing_is_given),
        cmocka_unit_test(untouched_memory_is_spoken_for),
        cmocka_unit_test(what_qemu_holds_is_learned),
        cmocka_unit_test(what_is_refused_is_set_aside),
        cmocka_unit_test(guests_are_told_apart_by_uuid_and_id),
        cmocka_unit_test(force_ignores_the_step_but_not_the_floors),
        cmocka_unit_test(settings_are_kept),
        cmocka_unit_test(at_rest_nothing_is_given_to_be_ready),
        cmocka_unit_test(what_nobody_has_a_use_for_makes_ready),
        cmocka_unit_test(what_may_be_growing_is_made_ready),
        cmocka_unit_test(small_changes_are_not_worth_a_call),
        cmocka_unit_test(the_last_mib_is_given_too),
        cmocka_unit_test(what_there_is_is_given),
        cmocka_unit_test(what_is_on_its_way_is_not_asked_for_twice),
        cmocka_unit_test(what_grows_is_not_cut),
        cmocka_unit_test(what_others_gave_is_let_be_for_a_while),
        cmocka_unit_test(what_is_set_aside_is_tried_early_in_need),
        cmocka_unit_test(how_long_balloons_are_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
