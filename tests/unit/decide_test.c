/*
 * Who is moved, how far and why, at the figure from which on each rule holds: what is worth a call, how much is taken
 * at once for whom and from where, which requests are withdrawn.
 */
#include "tests/sim/memory_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Each guest has what it needs and no more, all of it touched, and the host is at its reserve. */
static void begin_with(struct stage *b, const struct coordinator_settings *settings)
{
    stage_begin(b, settings);
    for (int i = 0; i < STAGE_GUESTS; i++) {
        b->guests[i].unused = 108;
        b->guests[i].rss = 1100;
    }
    b->host_free_mib = 800;
}

static void begin(struct stage *b)
{
    begin_with(b, NULL);
}

/* By how much a guest is to grow, MiB; 0: not at all. */
static double moved(const struct stage *b, int guest)
{
    const struct plan_action *a = stage_action(&b->plan, guest);

    return a ? ((double)a->to_kib - (double)a->from_kib) / 1024 : 0;
}

/* 8 MiB are worth a call; and what is missing to the maximum, if it is 2. */
static void what_is_worth_giving(void **state)
{
    static const struct {
        double budget, max, given;
    } cases[] = {{7.5, 2000, 0}, {8.5, 2000, 8}, {400, 1005, 5}, {400, 1002, 2}, {400, 1001, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;

        begin(&b);
        b.host_free_mib = 800 + cases[i].budget;
        b.guests[0].unused = 20;
        b.guests[0].max = cases[i].max;
        stage_decide(&b);
        stage_decide(&b);
        assert_true(moved(&b, 0) == cases[i].given);
        stage_end(&b);
    }
}

/* Idle by 32 MiB more than the 212 that keep it ready for growth, or by 5 % of what it uses where that is more. */
static void what_is_worth_taking_in_calm(void **state)
{
    static const struct {
        double size, unused, taken;
    } cases[] = {{500, 243, 0}, {500, 244, 32}, {1400, 212 + 56, 0}, {1400, 212 + 57, 57}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;

        begin(&b);
        b.host_free_mib = 8000;
        b.guests[1].size = cases[i].size;
        b.guests[1].rss = cases[i].size + 100;
        b.guests[1].unused = cases[i].unused;
        stage_decide(&b);
        stage_decide(&b);
        assert_true(moved(&b, 1) == -cases[i].taken);
        stage_end(&b);
    }
}

/* Guests that report their free pages aren't cut in calm, as that would bring the host nothing: as long as it doesn't
 * show that half of what is unused is resident after all. */
static void what_is_the_hosts_already_is_not_taken(void **state)
{
    static const struct {
        bool reports_free;
        double resident;
        bool taken;
    } cases[] = {{true, 300, false}, {false, 300, true}, {true, 590, false}, {true, 610, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;

        begin(&b);
        b.host_free_mib = 8000;
        b.guests[1].unused = 800;
        b.guests[1].reports_free = cases[i].reports_free;
        b.guests[1].rss = cases[i].resident + 96; /* of QEMU itself */
        stage_decide(&b);
        stage_decide(&b);
        assert_true(moved(&b, 1) == (cases[i].taken ? -100 : 0));
        stage_end(&b);
    }
}

/* What the operator asks for goes to where the guest should be, that is 200 used, 132 and 80 for growth; 2 MiB are too
 * little to tell whether a balloon has moved. */
static void force_goes_to_where_it_should_be(void **state)
{
    static const struct {
        double unused, taken;
    } cases[] = {{800, 588}, {214, 2}, {213, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;

        begin(&b);
        b.host_free_mib = 8000;
        b.guests[1].unused = cases[i].unused;
        stage_decide(&b);
        stage_decide(&b);
        stage_decide_forced(&b, true);
        assert_true(moved(&b, 1) == -cases[i].taken);
        stage_end(&b);
    }
}

/* From 16 MiB on that lack, something is taken for them, in whole MiB. */
static void what_is_worth_taking_when_memory_is_short(void **state)
{
    static const struct {
        double lacks, taken;
    } cases[] = {{15.75, 0}, {16, 16}, {50.5, 51}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;

        begin(&b);
        b.guests[1].unused = 100;
        b.guests[1].cache = 200;
        b.host_free_mib = 800 - cases[i].lacks;
        stage_decide(&b);
        stage_decide(&b);
        assert_true(moved(&b, 1) == -cases[i].taken);
        stage_end(&b);
    }
}

/* Guest 0 needs much more; guest 1 can spare 708 MiB, mostly cache, and needs 108 of that: half of the rest at once,
 * whatever the interval. */
static void how_fast_others_are_cut(void **state)
{
    static const struct {
        double interval_s, cache, taken;
    } cases[] = {{2, 600, 300}, {12, 600, 300}, {60, 600, 300}, {2, 132, 66}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;

        begin(&b);
        b.interval_s = cases[i].interval_s;
        b.guests[0].unused = 20;
        b.guests[0].size = 3000;
        b.guests[0].max = 8000;
        b.guests[0].rss = 3100;
        b.guests[1].cache = cases[i].cache;
        stage_decide(&b);
        b.guests[0].unused = 20;
        b.guests[0].size = 2600;
        b.guests[0].rss = 2700;
        stage_decide(&b);
        b.guests[0].size = 3000;
        b.guests[0].rss = 3100;
        stage_decide(&b);
        assert_true(moved(&b, 1) == -cases[i].taken);
        stage_end(&b);
    }
}

/* The host lacks 100 MiB. Of what guest 2 has unused, all but 132 can be taken at once, and what is left after that is
 * taken from guest 1's cache in the same decision, unless it isn't worth it. */
static void caches_are_taken_for_what_is_left(void **state)
{
    static const struct {
        double unused, of_2, of_1;
    } cases[] = {{198, 66, 34}, {220, 88, 0}};
    struct coordinator_settings s = coordinator_settings_default;

    (void)state;
    s.burst_mib_s = s.headroom_pct = s.cache_pct = 0;
    s.host_reserve_mib = STAGE_RESERVE_MIB;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;

        begin_with(&b, &s);
        b.guests[1].unused = 100;
        b.guests[1].cache = 400;
        b.guests[2].unused = cases[i].unused;
        b.host_free_mib = 700;
        stage_decide(&b);
        stage_decide(&b);
        assert_true(moved(&b, 2) == -cases[i].of_2);
        assert_true(moved(&b, 1) == -cases[i].of_1);
        stage_end(&b);
    }
}

/* A cut from 1000 to 900 MiB is on its way. */
static void begin_cut(struct stage *b)
{
    begin(b);
    b->host_free_mib = 8000;
    b->guests[1].unused = 400;
    stage_decide(b);
    stage_decide(b);
    assert_true(moved(b, 1) == -100);
    assert_int_equal(b->plan.guests[1].target_kib, MIB(900));
    stage_accept(b);
}

/* What it would only like to have, for its cache, is no reason to break off a cut. */
static void a_cut_goes_on_for_all_that_cache_would_like(void **state)
{
    struct stage b;

    (void)state;
    begin_cut(&b);
    b.guests[1].unused = 150;
    b.guests[1].cache = 250;
    stage_decide(&b);
    assert_null(stage_action(&b.plan, 1));
    assert_int_equal(b.plan.pending_kib, MIB(100));
    stage_end(&b);
}

/* It uses 780 by now and grows, but the host lacks 150: it couldn't be left with more than the 900 anyway. */
static void a_cut_goes_on_where_no_more_could_be_had(void **state)
{
    struct stage b;

    (void)state;
    begin_cut(&b);
    b.guests[1].unused = 220;
    b.host_free_mib = 650;
    stage_decide(&b);
    assert_true(b.plan.guests[1].need_kib > MIB(1000));
    assert_null(stage_action(&b.plan, 1));
    /* It still has what is being taken. */
    assert_int_equal(b.plan.missing_kib, b.plan.guests[1].need_kib - MIB(1000));
    stage_end(&b);
}

/* A cut that is over doesn't count as one on its way: what grows is made ready. */
static void after_a_cut_growth_is_led_again(void **state)
{
    struct stage b;
    double ready = 0;

    (void)state;
    begin_cut(&b);
    b.guests[1].size = 900;
    b.guests[1].rss = 1000;
    b.guests[1].unused = 300;
    for (int i = 0; i < 8 && ready <= 0; i++) {
        stage_decide(&b);
        ready = moved(&b, 1);
        b.guests[1].unused -= 20;
    }
    /* It is given more before it needs it: 900 - 108 are in use, at the most. */
    assert_true(ready >= 32);
    assert_true(b.guests[1].unused + 20 >= 108 + 40);
    stage_end(&b);
}

/* A guest in need that was refused is tried at the next decision, then after two; in between it isn't waited for:
 * nothing is given to it, or taken from others for it. */
static void nobody_is_cut_for_who_is_set_aside(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.guests[1].unused = 8;
    b.guests[2].cache = 200;
    b.host_free_mib = 900;
    stage_decide(&b);
    stage_decide(&b);
    assert_true(moved(&b, 1) == 100);
    stage_carry_out(&b, PLAN_FAILED);
    stage_decide(&b);
    assert_true(moved(&b, 1) == 100);
    stage_carry_out(&b, PLAN_FAILED);
    b.host_free_mib = 800;
    assert_int_equal(stage_decide(&b)->n_actions, 0);
    b.host_free_mib = 900;
    stage_decide(&b);
    assert_true(moved(&b, 1) == 100);
    stage_end(&b);
}

/* Without need it is tried again after 8 intervals, then 16. */
static void when_what_was_refused_is_tried_again(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.host_free_mib = 8000;
    b.guests[1].unused = 600;
    for (int i = 1; i <= 40; i++) {
        stage_decide(&b);
        assert_int_equal(b.plan.n_actions, i == 2 || i == 2 + 8 || i == 2 + 8 + 16);
        stage_carry_out(&b, PLAN_FAILED);
    }
    stage_end(&b);
}

/* What only may be growing is made ready at its first report; at the second it is known that it isn't. */
static void what_is_known_not_to_grow_is_left(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.interval_s = 12;
    b.guests[1].unused = 300;
    stage_decide(&b);
    b.guests[1].unused = 240;
    stage_decide(&b);
    assert_null(stage_action(&b.plan, 1)); /* there is nothing to be had */
    b.host_free_mib = 8000;
    stage_decide(&b);
    assert_null(stage_action(&b.plan, 1));
    stage_end(&b);
}

/* A paused guest's request is withdrawn when the host can't back it; one that is migrating isn't touched at all. */
static void requests_of_paused_guests_are_withdrawn(void **state)
{
    static const enum snapshot_guest_state states[] = {SNAPSHOT_GUEST_PAUSED, SNAPSHOT_GUEST_MIGRATING,
                                                       SNAPSHOT_GUEST_STOPPING};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct stage b;

        begin(&b);
        b.guests[1].unused = 8;
        b.host_free_mib = 900;
        stage_decide(&b);
        stage_decide(&b);
        stage_accept(&b);
        b.guests[1].state = states[i];
        b.host_free_mib = 850;
        stage_decide(&b);
        assert_int_equal(b.plan.n_actions, i == 0);
        if (i == 0)
            assert_non_null(strstr(b.plan.actions[0].reason, "can't back it"));
        stage_end(&b);
    }
}

static void without_size_or_maximum_it_is_left_alone(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct stage b;

        begin(&b);
        b.guests[1].no_size = i == 0;
        b.guests[1].no_max = i == 1;
        b.guests[1].max = i == 2 ? 0 : 2000;
        stage_decide(&b);
        stage_decide(&b);
        assert_false(b.plan.guests[1].managed);
        assert_string_equal(b.plan.guests[1].status, "its size isn't reported");
        stage_end(&b);
    }
}

/* A guest that isn't seen for five looks is still the same; after more it is another. */
static void how_long_a_guest_is_remembered(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct stage b;

        begin(&b);
        stage_decide(&b);
        stage_decide(&b);
        b.order[2] = -1;
        for (int i = 0; i < 5 + more; i++)
            stage_decide(&b);
        b.order[2] = 2;
        stage_decide(&b);
        assert_int_equal(b.plan.guests[2].managed, !more);
        stage_end(&b);
    }
}

/* What is on its way isn't missing any more. */
static void what_is_missing_is_what_wasnt_asked_for(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.guests[1].unused = 8;
    b.host_free_mib = 860;
    stage_decide(&b);
    stage_decide(&b);
    assert_true(moved(&b, 1) == 60);
    assert_int_equal(b.plan.missing_kib, MIB(40));
    assert_int_equal(b.plan.guests[1].target_kib, MIB(1060));
    stage_accept(&b);
    stage_decide(&b);
    assert_int_equal(b.plan.missing_kib, MIB(40));
    assert_int_equal(b.plan.guests[1].target_kib, MIB(1060));
    stage_end(&b);
}

/* What hurt wants all that it had, and more if it has come to need more. */
static void what_hurt_may_need_more_than_it_had(void **state)
{
    struct stage b;

    (void)state;
    begin_cut(&b);
    b.guests[1].size = 900;
    b.guests[1].unused = 300;
    stage_decide(&b);
    b.guests[1].unused = 40; /* 860 in use, and who ran dry wanted more than can be seen */
    stage_decide(&b);
    assert_non_null(strstr(stage_action(&b.plan, 1)->reason, "the cut hurt"));
    assert_true(b.plan.guests[1].need_kib >= MIB(860 + 108 + 260));
    stage_end(&b);
}

/* At first, figures may be old, and nothing is done; but who says so without a time is believed. */
static void what_is_learning(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].frozen_at = 1;
    stage_decide(&b);
    assert_true(b.plan.learning);
    stage_decide(&b);
    assert_false(b.plan.learning);
    stage_end(&b);
    begin(&b);
    b.guests[1].untimed = true;
    stage_decide(&b);
    assert_false(b.plan.learning);
    stage_end(&b);
    begin(&b);
    for (int i = 0; i < STAGE_GUESTS; i++)
        b.guests[i].inhibited = true;
    stage_decide(&b);
    assert_false(b.plan.learning);
    stage_end(&b);
}

/* Noted are a host under pressure, who is left alone, and whose balloon is on its way; not what is as it should be. */
static void what_is_worth_a_note(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    stage_decide(&b);
    stage_decide(&b);
    assert_int_equal(b.plan.n_notes, 0);
    b.pressure_some_pct = 50;
    b.guests[0].state = SNAPSHOT_GUEST_PAUSED;
    stage_decide(&b);
    assert_int_equal(b.plan.n_notes, 2);
    assert_string_equal(b.plan.notes[0].subject, "host");
    assert_string_equal(b.plan.notes[1].subject, "g0");
    stage_end(&b);
    begin_cut(&b);
    stage_decide(&b);
    assert_int_equal(b.plan.n_notes, 1);
    assert_string_equal(b.plan.notes[0].subject, "g1");
    stage_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_worth_giving),
        cmocka_unit_test(what_is_worth_taking_in_calm),
        cmocka_unit_test(what_is_the_hosts_already_is_not_taken),
        cmocka_unit_test(force_goes_to_where_it_should_be),
        cmocka_unit_test(what_is_worth_taking_when_memory_is_short),
        cmocka_unit_test(how_fast_others_are_cut),
        cmocka_unit_test(caches_are_taken_for_what_is_left),
        cmocka_unit_test(a_cut_goes_on_for_all_that_cache_would_like),
        cmocka_unit_test(a_cut_goes_on_where_no_more_could_be_had),
        cmocka_unit_test(after_a_cut_growth_is_led_again),
        cmocka_unit_test(nobody_is_cut_for_who_is_set_aside),
        cmocka_unit_test(when_what_was_refused_is_tried_again),
        cmocka_unit_test(what_is_known_not_to_grow_is_left),
        cmocka_unit_test(requests_of_paused_guests_are_withdrawn),
        cmocka_unit_test(without_size_or_maximum_it_is_left_alone),
        cmocka_unit_test(how_long_a_guest_is_remembered),
        cmocka_unit_test(what_is_missing_is_what_wasnt_asked_for),
        cmocka_unit_test(what_hurt_may_need_more_than_it_had),
        cmocka_unit_test(what_is_learning),
        cmocka_unit_test(what_is_worth_a_note),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
