/* What is remembered of cuts: which of them did harm, for how long a guest cools down after them, and when it may be
 * cut in calm again. */
#include "tests/unit/guest_history_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A guest that used so much at 1000 MiB is cut to that. */
static void cut(struct guest_history_world *w, double used_mib, double to_mib)
{
    guest_history_world_begin_known(w);
    guest_history_world_use(w, used_mib);
    guest_history_world_looks(w, 2);
    guest_history_world_move(w, to_mib);
}

static void swapping_in_is_harm_where_little_is_unused(void **state)
{
    static const struct {
        double used_mib, kib_s; /* at 900 MiB */
        bool silent, hurts;
    } cases[] = {{701, 257, false, true}, {701, 256, false, false}, {700, 1000, false, false}, {701, 257, true, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_history_world w;

        cut(&w, cases[i].used_mib, 900);
        assert_false(w.g.hurt);
        w.r.swap_in_kib_s = cases[i].kib_s;
        w.silent = cases[i].silent;
        guest_history_world_look(&w);
        assert_int_equal(w.g.hurt, cases[i].hurts);
    }
}

/* Three times what is usual, and 20. What is usual is learned, but not from the two intervals after a cut. */
static void more_major_faults_than_usual_are_harm(void **state)
{
    static const struct {
        double usual, then;
        bool hurts;
    } cases[] = {{0, 20, false}, {0, 21, true}, {8, 43, false}, {8, 45, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_history_world w;

        guest_history_world_begin_known(&w);
        guest_history_world_use(&w, 750);
        w.r.major_faults_s = cases[i].usual;
        guest_history_world_looks(&w, 60);
        guest_history_world_move(&w, 900);
        w.r.major_faults_s = cases[i].then;
        guest_history_world_look(&w);
        assert_int_equal(w.g.hurt, cases[i].hurts);
        assert_in_range((uint64_t)(w.g.calm_faults_s * 1000 + 0.5), (uint64_t)(cases[i].usual * 1000 - 1 + (i < 2)),
                        (uint64_t)(cases[i].usual * 1000));
    }
}

/* A quarter of the way to what is seen at each look. */
static void what_is_usual_is_learned_slowly(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.r.major_faults_s = 16;
    guest_history_world_look(&w);
    assert_true(w.g.calm_faults_s == 4);
    guest_history_world_look(&w);
    assert_true(w.g.calm_faults_s == 7);
    w.r.has_faults = false;
    guest_history_world_look(&w);
    assert_true(w.g.calm_faults_s == 7);
}

/* Less than half of the unused floor, and half of what should have been left; but not where it would have come to the
 * same without the cut. MiB, at 1000 before. */
static void a_collapse_is_harm_that_the_cut_did(void **state)
{
    static const struct {
        double used, to, used_then;
        bool hurts;
    } cases[] = {
        {700, 900, 850, false}, {700, 900, 851, true}, /* 50 and 49 unused */
        {840, 900, 870, false}, {840, 900, 871, true}, /* 60 were expected: 30 and 29 */
        {875, 980, 951, false}, {875, 980, 950, true}, /* 29 and 30 unused; 20 more without the cut */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_history_world w;

        cut(&w, cases[i].used, cases[i].to);
        guest_history_world_use(&w, cases[i].used_then);
        guest_history_world_look(&w);
        assert_int_equal(w.g.hurt, cases[i].hurts);
    }
}

/* Only what was taken, and only within two intervals of the cut. */
static void harm_is_put_down_to_cuts_only_shortly_after(void **state)
{
    struct guest_history_world w;

    (void)state;
    for (int late = 0; late < 3; late++) {
        cut(&w, 750, 900);
        guest_history_world_looks(&w, late);
        w.r.swap_in_kib_s = 1000;
        guest_history_world_look(&w);
        assert_int_equal(w.g.hurt, late == 0);
    }
    /* Its balloon hasn't moved. */
    guest_history_world_begin_known(&w);
    guest_history_world_use(&w, 850);
    guest_history_world_looks(&w, 2);
    guest_history_world_ask(&w, 900, PLAN_DONE);
    w.r.swap_in_kib_s = 1000;
    guest_history_world_look(&w);
    assert_false(w.g.hurt);
    /* It was never cut. */
    guest_history_world_begin_known(&w);
    guest_history_world_use(&w, 960);
    w.r.swap_in_kib_s = 1000;
    guest_history_world_looks(&w, 3);
    assert_false(w.g.hurt);
}

/* It is let go again at what it was before, MiB, and the next cut hurts, too. */
static void hurt_again(struct guest_history_world *w)
{
    guest_history_world_looks(w, 2);
    guest_history_world_move(w, 900);
    w->r.swap_in_kib_s = 1000;
    guest_history_world_look(w);
    w->r.swap_in_kib_s = 0;
    assert_true(w->g.hurt);
}

static void give_back(struct guest_history_world *w)
{
    guest_history_world_move(w, 1000);
    assert_false(w->g.hurt);
}

static void cooldowns_double_up_to_64(void **state)
{
    static const uint64_t lengths[] = {4, 8, 16, 32, 64, 64};
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_use(&w, 750);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        hurt_again(&w);
        assert_int_equal(w.g.cooldown_until - w.interval, lengths[i]);
        give_back(&w);
    }
}

/* Eight cool-downs in peace halve it, until none is left; the next is a first one again. */
static void peace_makes_cooldowns_shorter(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_use(&w, 750);
    hurt_again(&w);
    give_back(&w);
    hurt_again(&w);
    assert_int_equal(w.g.cooldown_length, 8);
    give_back(&w);
    guest_history_world_looks(&w, 8 + 8 * 8 - 2);
    assert_int_equal(w.g.cooldown_length, 8);
    guest_history_world_look(&w);
    assert_int_equal(w.g.cooldown_length, 4);
    guest_history_world_looks(&w, 8 * 4 - 1);
    assert_int_equal(w.g.cooldown_length, 4);
    guest_history_world_look(&w);
    assert_int_equal(w.g.cooldown_length, 0);
}

/* What couldn't be given back is asked for until the cool-down is over, or it lets go, which 32 MiB are. */
static void for_how_long_it_hurts(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_use(&w, 750);
    hurt_again(&w);
    assert_int_equal(w.g.hurt_floor_kib, MIB(1000));
    assert_false(guest_history_may_cut(&w.g, w.interval + 100));
    guest_history_world_looks(&w, 3);
    assert_true(w.g.hurt);
    guest_history_world_look(&w);
    assert_false(w.g.hurt);
    assert_int_equal(w.g.hurt_floor_kib, 0);
    for (int more = 0; more < 2; more++) {
        guest_history_world_begin_known(&w);
        guest_history_world_use(&w, 750);
        hurt_again(&w);
        guest_history_world_use(&w, 750 - 31 - more);
        guest_history_world_look(&w);
        assert_int_equal(w.g.hurt, !more);
    }
}

/* 32 MiB more in use within 16 intervals: it had better not been cut. */
static void demand_that_comes_back_soon_regrets_the_cut(void **state)
{
    static const struct {
        double more_mib;
        int late;
        uint64_t cooldown;
    } cases[] = {{32, 0, 4}, {31, 0, 0}, {32, 15, 4}, {32, 16, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_history_world w;

        cut(&w, 600, 900);
        guest_history_world_looks(&w, cases[i].late - 1);
        guest_history_world_use(&w, 600 + cases[i].more_mib);
        if (cases[i].late)
            guest_history_world_look(&w);
        else
            guest_history_sample(&w.g, &w.m, &w.r, w.interval, w.now_s + 1, 1, &coordinator_settings_default);
        guest_history_world_ask(&w, 1000, PLAN_DONE);
        assert_int_equal(w.g.cooldown_length, cases[i].cooldown);
        /* Once for each cut. */
        guest_history_world_look(&w);
        guest_history_world_ask(&w, 1100, PLAN_DONE);
        assert_int_equal(w.g.cooldown_length, cases[i].cooldown);
    }
}

/* Who cools down for long is waited for twice as long. */
static void long_cooldowns_mean_long_memories(void **state)
{
    static const int lates[] = {31, 32};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct guest_history_world w;

        guest_history_world_begin_known(&w);
        guest_history_world_use(&w, 750);
        for (int k = 0; k < 3; k++) {
            hurt_again(&w);
            give_back(&w);
        }
        assert_int_equal(w.g.cooldown_length, 16);
        guest_history_world_move(&w, 950);
        guest_history_world_looks(&w, lates[i] - 1);
        guest_history_world_use(&w, 790);
        guest_history_world_look(&w);
        guest_history_world_ask(&w, 1000, PLAN_DONE);
        assert_int_equal(w.g.cooldown_length, lates[i] == 31 ? 32 : 16);
    }
}

/* A size that somebody else has set ends what could be said of the cut before. */
static void what_others_gave_back_is_not_regretted(void **state)
{
    struct guest_history_world w;

    (void)state;
    cut(&w, 600, 900);
    guest_history_world_resize(&w, 1000);
    guest_history_world_look(&w);
    guest_history_world_use(&w, 700);
    guest_history_world_look(&w);
    guest_history_world_ask(&w, 1100, PLAN_DONE);
    assert_int_equal(w.g.cooldown_length, 0);
}

static void what_grows_may_not_be_cut(void **state)
{
    static const struct {
        double rises[2];
        bool may_cut;
    } cases[] = {{{0, 15}, true}, {{0, 16}, false}, {{5, 5}, false}, {{16, 0}, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_history_world w;
        double used = 600;

        guest_history_world_begin_known(&w);
        for (int k = 0; k < 2; k++) {
            used += cases[i].rises[k];
            guest_history_world_use(&w, used);
            guest_history_world_look(&w);
        }
        assert_int_equal(guest_history_may_cut(&w.g, w.interval), cases[i].may_cut);
    }
}

/* One report tells nothing of growth, unless it is as the guest was when it was first seen. */
static void one_report_is_not_enough(void **state)
{
    static const double used_mib[] = {600 + 15.75, 600 + 16};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct guest_history_world w;

        guest_history_world_begin(&w);
        assert_false(guest_history_may_cut(&w.g, w.interval));
        guest_history_world_use(&w, used_mib[i]);
        guest_history_world_look(&w);
        assert_int_equal(guest_history_may_cut(&w.g, w.interval), i == 0);
        guest_history_world_look(&w);
        assert_true(guest_history_may_cut(&w.g, w.interval));
    }
}

/* Three intervals after it was given more, unless it has let go of 32 MiB of the most that it used since. */
static void no_see_saw(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_move(&w, 1200);
    guest_history_world_looks(&w, 2);
    assert_false(guest_history_may_cut(&w.g, w.interval));
    guest_history_world_look(&w);
    assert_true(guest_history_may_cut(&w.g, w.interval));
    for (int more = 0; more < 2; more++) {
        guest_history_world_begin_known(&w);
        guest_history_world_use(&w, 900); /* long ago */
        guest_history_world_look(&w);
        guest_history_world_use(&w, 600);
        guest_history_world_look(&w);
        guest_history_world_ask(&w, 1200, PLAN_DONE);
        guest_history_world_use(&w, 640);
        guest_history_world_look(&w);
        guest_history_world_use(&w, 640 - 31 - more);
        guest_history_world_look(&w);
        assert_int_equal(guest_history_may_cut(&w.g, w.interval), more);
    }
}

/* The same goes for a size that others have set; what it used before that doesn't count. */
static void no_see_saw_after_others_either(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_use(&w, 700);
    guest_history_world_look(&w);
    guest_history_world_use(&w, 600);
    guest_history_world_look(&w);
    guest_history_world_resize(&w, 1200);
    guest_history_world_looks(&w, 4);
    assert_true(guest_history_would_see_saw(&w.g, w.interval));
    assert_false(guest_history_would_see_saw(&w.g, w.interval + 1));
}

/* Growth that went on for 6 s may halt for as long without having come to rest; unless half of it was let go. */
static void what_halts_is_not_at_rest(void **state)
{
    static const double rises_mib[] = {30, 30, 30};

    (void)state;
    for (int let_go = 0; let_go < 2; let_go++) {
        struct guest_history_world w;
        double used = 600;

        guest_history_world_begin_known(&w);
        for (int i = 0; i < 3; i++) {
            used += rises_mib[i];
            guest_history_world_use(&w, used);
            guest_history_world_look(&w);
        }
        guest_history_world_use(&w, let_go ? 640 : 650);
        for (int i = 0; i < 2; i++) {
            guest_history_world_look(&w);
            assert_int_equal(guest_history_may_cut(&w.g, w.interval), let_go);
        }
        guest_history_world_look(&w);
        assert_true(guest_history_may_cut(&w.g, w.interval));
    }
}

/* It was cut to where it came to need again, and cools down until it needs less than it did then. */
static void a_cooldown_ends_when_it_needs_less_than_then(void **state)
{
    static const double used_mib[] = {569, 568};

    (void)state;
    for (int less = 0; less < 2; less++) {
        struct guest_history_world w;

        cut(&w, 600, 900);
        guest_history_world_use(&w, 700);
        guest_history_world_look(&w);
        guest_history_world_ask(&w, 1000, PLAN_DONE);
        assert_int_equal(w.g.cooldown_length, 4);
        guest_history_world_resize(&w, 1000);
        guest_history_world_look(&w);
        guest_history_world_use(&w, used_mib[less]);
        guest_history_world_look(&w);
        assert_int_equal(guest_history_may_cut(&w.g, w.interval), less);
    }
}

/* What it let go was cut and came back: so it may again, and is left what it lets go for as long as it cools down. */
static void what_comes_back_is_left_to_it(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_use(&w, 700);
    guest_history_world_looks(&w, 2);
    for (uint64_t round = 0; round < 3; round++) {
        uint64_t length = round ? 2ULL << round : 0;

        guest_history_world_use(&w, 600);
        guest_history_world_look(&w);
        assert_int_equal(guest_history_cooldown_until(&w.g), round ? w.interval + length : 0);
        while (!guest_history_may_cut(&w.g, w.interval))
            guest_history_world_look(&w);
        guest_history_world_move(&w, 900);
        guest_history_world_use(&w, 700);
        guest_history_world_look(&w);
        guest_history_world_move(&w, 1000);
        guest_history_world_looks(&w, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swapping_in_is_harm_where_little_is_unused),
        cmocka_unit_test(more_major_faults_than_usual_are_harm),
        cmocka_unit_test(what_is_usual_is_learned_slowly),
        cmocka_unit_test(a_collapse_is_harm_that_the_cut_did),
        cmocka_unit_test(harm_is_put_down_to_cuts_only_shortly_after),
        cmocka_unit_test(cooldowns_double_up_to_64),
        cmocka_unit_test(peace_makes_cooldowns_shorter),
        cmocka_unit_test(for_how_long_it_hurts),
        cmocka_unit_test(demand_that_comes_back_soon_regrets_the_cut),
        cmocka_unit_test(long_cooldowns_mean_long_memories),
        cmocka_unit_test(what_others_gave_back_is_not_regretted),
        cmocka_unit_test(what_grows_may_not_be_cut),
        cmocka_unit_test(one_report_is_not_enough),
        cmocka_unit_test(no_see_saw),
        cmocka_unit_test(no_see_saw_after_others_either),
        cmocka_unit_test(what_halts_is_not_at_rest),
        cmocka_unit_test(a_cooldown_ends_when_it_needs_less_than_then),
        cmocka_unit_test(what_comes_back_is_left_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
