/* What is remembered of one guest: which statistics are new and how old, how its balloon gets on, what of its memory is
 * on the host. Harm and cool-downs: guest_history_cooldown_test.c. */
#include "tests/unit/guest_history_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void statistics_are_as_old_as_can_be(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    /* Every second, looked at every 2 s; then every 5 s: no older than the last look. */
    assert_true(w.g.age_s == 1);
    w.m.stats_period_s = 5;
    guest_history_world_look(&w);
    assert_true(w.g.age_s == 2);
    w.silent = true;
    guest_history_world_looks(&w, 3);
    assert_true(w.g.age_s == 2 + 3 * 2);
    w.silent = false;
    guest_history_world_look(&w);
    assert_true(w.g.age_s == 2);
    /* Where it isn't known how often they come: every second. */
    w.m.stats_period_s = -1;
    guest_history_world_look(&w);
    assert_true(w.g.age_s == 1);
}

/* A guest that has never reported, as after a reset, tells so by a time of 0. */
static void no_time_is_no_report(void **state)
{
    struct guest_history_world w;
    unsigned seen;

    (void)state;
    guest_history_world_begin_known(&w);
    seen = w.g.fresh_seen;
    w.silent = true;
    w.m.last_update_s = 0;
    guest_history_world_look(&w);
    assert_int_equal(w.g.fresh_seen, seen);
}

/* A report without figures of memory is neither memory let go nor, with the next one, growth. */
static void a_report_without_figures_tells_nothing(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.m.has &= ~(unsigned)(SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_USABLE);
    guest_history_world_look(&w);
    assert_false(w.g.figures.known);
    w.m.has |= SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_USABLE;
    guest_history_world_look(&w);
    assert_int_equal(w.g.fell_at, 0);
    assert_true(w.g.growth.rate_kib_s == 0);
}

/* Until it has reported again, what the balloon took says nothing of what it uses. */
static void a_report_from_before_a_move_still_holds(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_ask(&w, 900, PLAN_DONE);
    w.m.size_kib = MIB(900);
    guest_history_world_look(&w);
    assert_int_equal(w.g.figures.used_kib, MIB(600));
    assert_int_equal(w.g.figures.unused_kib, MIB(300));
}

/* With deflate-on-oom, a grant that isn't in the report yet looks used, and let go with the next report. */
static void what_was_granted_is_not_let_go(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin(&w);
    w.m.deflate_on_oom = true;
    guest_history_world_looks(&w, 3);
    guest_history_world_ask(&w, 1200, PLAN_DONE);
    w.m.size_kib = MIB(1200);
    guest_history_world_look(&w);
    guest_history_world_use(&w, 600);
    guest_history_world_look(&w);
    assert_int_equal(w.g.fell_at, 0);
    guest_history_world_use(&w, 560);
    guest_history_world_look(&w);
    assert_int_equal(w.g.fell_at, w.interval);
}

/* Traffic with swap counts where it is known. */
static void swapping_is_known_or_none(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.r.swap_in_kib_s = 300;
    w.r.swap_out_kib_s = 200;
    guest_history_world_look(&w);
    assert_true(w.g.swap_in_kib_s == 300 && w.g.swap_out_kib_s == 200);
    for (int i = 0; i < 2; i++) {
        w.r.known = i == 0;
        w.r.has_swap = i == 1;
        guest_history_world_look(&w);
        assert_true(w.g.swap_in_kib_s == 0 && w.g.swap_out_kib_s == 0);
    }
}

/* Without a time, new ones are told by any figure that is another. */
static void without_a_time_the_figures_tell(void **state)
{
    struct guest_history_world w;
    uint64_t *figures[] = {&w.m.available_kib, &w.m.unused_kib, &w.m.usable_kib, &w.m.disk_caches_kib};
    unsigned seen;

    (void)state;
    guest_history_world_begin(&w);
    w.m.has &= ~(unsigned)SNAPSHOT_HAS_LAST_UPDATE;
    guest_history_world_looks(&w, 2);
    for (int i = 0; i < 4; i++) {
        seen = w.g.fresh_seen;
        *figures[i] += 4;
        guest_history_world_look(&w);
        assert_int_equal(w.g.fresh_seen, seen + 1);
        guest_history_world_look(&w);
        assert_int_equal(w.g.fresh_seen, seen + 1);
    }
}

/* What growth began with in its first 3 s is told once. What it grows by later on is no beginning, neither is growth
 * that only halted. */
static void what_growth_began_with_is_told_once(void **state)
{
    static const double used_mib[] = {630, 660, 690, 760, 850, 850, 930};
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.seconds = 1;
    for (size_t i = 0; i < sizeof(used_mib) / sizeof(used_mib[0]); i++) {
        guest_history_world_use(&w, used_mib[i]);
        guest_history_world_look(&w);
        assert_int_equal(guest_history_begins(&w.g, w.now_s), i == 2 ? MIB(90) : 0);
    }
    guest_history_world_looks(&w, 7); /* as long as it went on */
    assert_int_equal(guest_history_begins(&w.g, w.now_s), 0);
    guest_history_world_use(&w, 1000);
    /* A step is over as soon as nothing follows. */
    for (int i = 1; i <= 3; i++) {
        guest_history_world_look(&w);
        assert_int_equal(guest_history_begins(&w.g, w.now_s), i == 2 ? MIB(70) : 0);
    }
    assert_int_equal(w.g.bursts.n, 2);
    assert_int_equal(w.g.bursts.onsets[0].kib, MIB(90));
    /* Less than 16 MiB is noise. */
    for (int more = 0; more < 2; more++) {
        guest_history_world_begin_known(&w);
        w.seconds = 3;
        guest_history_world_use(&w, 615.5 + more);
        guest_history_world_look(&w);
        assert_int_equal(guest_history_begins(&w.g, w.now_s) > 0, more);
    }
    /* Of what was seen from afar, so much is taken to be of the first 3 s. */
    guest_history_world_begin_known(&w);
    w.seconds = 12;
    guest_history_world_use(&w, 840);
    guest_history_world_look(&w);
    assert_int_equal(guest_history_begins(&w.g, w.now_s), MIB(60));
}

/* Three samples, three periods of theirs, and 5 s. */
static void how_long_statistics_may_stand_still(void **state)
{
    static const struct {
        double seconds;
        int period_s;
        int looks; /* until they are taken to stand still */
    } cases[] = {{2, 1, 3}, {2, 0, 3}, {2, 5, 8}, {5, 5, 4}, {0.5, 1, 11}, {1, 1, 6}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_history_world w;

        guest_history_world_begin(&w);
        w.seconds = cases[i].seconds;
        w.m.stats_period_s = cases[i].period_s;
        guest_history_world_looks(&w, 3);
        w.silent = true;
        guest_history_world_looks(&w, cases[i].looks - 1);
        assert_false(guest_history_frozen(&w.g, &w.m, w.now_s));
        guest_history_world_look(&w);
        assert_true(guest_history_frozen(&w.g, &w.m, w.now_s));
        w.m.has &= ~(unsigned)SNAPSHOT_HAS_LAST_UPDATE;
        assert_false(guest_history_frozen(&w.g, &w.m, w.now_s));
        w.m.has |= SNAPSHOT_HAS_LAST_UPDATE;
        w.silent = false;
        guest_history_world_look(&w);
        w.silent = true;
        guest_history_world_looks(&w, cases[i].looks - 1);
        assert_false(guest_history_frozen(&w.g, &w.m, w.now_s));
    }
}

/* 4 MiB more or less are nothing; 5 are growth. */
static void a_guest_is_never_quite_still(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    for (int i = 0; i < 12; i++) {
        guest_history_world_use(&w, i % 2 ? 600 : 604);
        guest_history_world_look(&w);
        assert_true(w.g.growth.rate_kib_s == 0);
    }
    guest_history_world_use(&w, 606);
    guest_history_world_look(&w);
    assert_true(w.g.growth.rate_kib_s > 0);
}

/* Other steps of 2 s follow; each moves the balloon by so much. */
static int looks_until_stuck(struct guest_history_world *w, int64_t step_kib, int most)
{
    for (int i = 1; i <= most; i++) {
        guest_history_world_resize(w, (double)((int64_t)w->m.size_kib + step_kib) / 1024);
        guest_history_world_look(w);
        if (guest_history_stuck(&w->g, w->now_s))
            return i;
    }
    return 0;
}

/* 256 KiB between two looks are progress, in either direction; 3 looks and 5 s without are too many. */
static void what_counts_as_progress(void **state)
{
    static const struct {
        double to_mib, seconds;
        int step_kib, looks;
    } cases[] = {{900, 2, -256, 0}, {900, 2, -252, 3}, {1100, 2, 256, 0}, {1100, 2, 252, 3},
                 {900, 2, 256, 3},  {900, 1, 0, 5},    {900, 12, 0, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_history_world w;

        guest_history_world_begin_known(&w);
        guest_history_world_ask(&w, cases[i].to_mib, PLAN_DONE);
        w.seconds = cases[i].seconds;
        assert_int_equal(looks_until_stuck(&w, cases[i].step_kib, 20), cases[i].looks);
    }
}

static void progress_begins_the_wait_anew(void **state)
{
    static const struct {
        double seconds;
        int looks;
    } cases[] = {{0.5, 10}, {2, 3}, {12, 3}};

    (void)state;
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct guest_history_world w;

        guest_history_world_begin_known(&w);
        w.seconds = cases[k].seconds;
        guest_history_world_ask(&w, 900, PLAN_DONE);
        assert_int_equal(looks_until_stuck(&w, 0, cases[k].looks - 1), 0);
        guest_history_world_resize(&w, 990);
        guest_history_world_look(&w);
        assert_int_equal(looks_until_stuck(&w, 0, 20), cases[k].looks);
        /* So does another request. */
        guest_history_world_ask(&w, 900, PLAN_DONE);
        assert_int_equal(looks_until_stuck(&w, 0, 20), cases[k].looks);
    }
}

/* Within 1 MiB it has arrived; beyond its target, too. */
static void when_a_balloon_has_arrived(void **state)
{
    static const struct {
        double to_mib, size_mib;
        bool arrived;
    } cases[] = {{900, 901, true},   {900, 901.25, false},   {900, 880, true},
                 {1100, 1099, true}, {1100, 1098.75, false}, {1100, 1120, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_history_world w;

        guest_history_world_begin_known(&w);
        guest_history_world_ask(&w, cases[i].to_mib, PLAN_DONE);
        assert_true(w.g.pending);
        guest_history_world_resize(&w, cases[i].size_mib);
        guest_history_world_look(&w);
        assert_int_equal(w.g.pending, !cases[i].arrived);
    }
}

/* What wasn't asked after all isn't waited for. */
static void a_request_that_was_skipped_is_none(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_ask(&w, 900, PLAN_DONE);
    guest_history_world_ask(&w, 850, PLAN_SKIPPED);
    assert_false(w.g.pending);
    guest_history_world_ask(&w, 850, PLAN_PENDING);
    assert_false(w.g.pending);
}

/* 8 intervals at first, twice as many each time, 256 at the most; a guest in need is tried after 3. */
static void a_stuck_balloon_is_left_alone_ever_longer(void **state)
{
    static const uint64_t lengths[] = {8, 16, 32, 64, 128, 256, 256};
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        guest_history_world_ask(&w, 900, PLAN_DONE);
        assert_int_equal(w.g.aside, GUEST_HISTORY_ASIDE_NO);
        assert_int_equal(looks_until_stuck(&w, 0, 20), 3);
        guest_history_world_ask(&w, 1000, PLAN_DONE);
        assert_int_equal(w.g.aside, GUEST_HISTORY_ASIDE_STUCK);
        assert_int_equal(w.g.aside_until - w.interval, lengths[i]);
        assert_int_equal(w.g.aside_soon - w.interval, 3);
    }
    /* Once it has followed, all is forgotten. */
    guest_history_world_move(&w, 900);
    guest_history_world_ask(&w, 800, PLAN_FAILED);
    assert_int_equal(w.g.aside, GUEST_HISTORY_ASIDE_REFUSED);
    assert_int_equal(w.g.aside_until - w.interval, 8);
    /* One in need is tried again at the next decision, then ever more seldom. */
    for (uint64_t wait = 1; wait <= 32; wait *= 2) {
        assert_int_equal(w.g.aside_soon - w.interval, wait < 16 ? wait : 16);
        guest_history_world_ask(&w, 800, PLAN_FAILED);
    }
}

/* Asked for 1500 MiB it comes to 1200 and no further: that is its maximum, until it is seen to have more. It isn't set
 * aside for that. */
static void how_far_a_balloon_comes_is_learned_by_one_try(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    assert_int_equal(guest_history_max(&w.g, &w.m), MIB(2000));
    guest_history_world_ask(&w, 1500, PLAN_DONE);
    guest_history_world_resize(&w, 1200);
    guest_history_world_look(&w);
    assert_true(looks_until_stuck(&w, 0, 20) > 0);
    guest_history_world_ask(&w, 1200, PLAN_DONE);
    assert_int_equal(guest_history_max(&w.g, &w.m), MIB(1200));
    assert_int_equal(w.g.aside, GUEST_HISTORY_ASIDE_NO);
    guest_history_world_look(&w);
    assert_int_equal(w.g.figures.max_kib, MIB(1200));
    guest_history_world_resize(&w, 1300);
    guest_history_world_look(&w);
    assert_int_equal(guest_history_max(&w.g, &w.m), MIB(2000));
}

/* A request that is withdrawn for any other reason doesn't set it aside. */
static void withdrawing_is_no_reproach(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_ask(&w, 900, PLAN_DONE);
    guest_history_world_look(&w);
    guest_history_world_ask(&w, 1000, PLAN_DONE);
    assert_int_equal(w.g.aside, GUEST_HISTORY_ASIDE_NO);
    assert_false(w.g.pending);
}

/* It takes back what it was cut by, and is in peace until it has given it again. */
static void what_gives_way_rests(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin(&w);
    w.m.deflate_on_oom = true;
    guest_history_world_looks(&w, 3);
    guest_history_world_move(&w, 900);
    guest_history_world_looks(&w, 5);
    assert_true(guest_history_may_cut(&w.g, w.interval));
    guest_history_world_resize(&w, 950);
    guest_history_world_look(&w);
    assert_true(w.g.gave_way);
    guest_history_world_resize(&w, 990);
    guest_history_world_look(&w);
    for (uint64_t i = 0; i < 8; i++)
        assert_false(guest_history_may_cut(&w.g, w.interval + i));
    assert_true(guest_history_may_cut(&w.g, w.interval + 8));
    assert_true(w.g.gave_way);
    guest_history_world_resize(&w, 901.25);
    guest_history_world_look(&w);
    assert_true(w.g.gave_way);
    guest_history_world_resize(&w, 950);
    guest_history_world_look(&w);
    guest_history_world_resize(&w, 901);
    guest_history_world_look(&w);
    assert_false(w.g.gave_way);
}

/* Others than we set a size: smaller isn't giving way, and neither is larger without deflate-on-oom. */
static void what_others_set_is_not_giving_way(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_resize(&w, 1100);
    guest_history_world_look(&w);
    assert_false(w.g.gave_way);
    w.m.deflate_on_oom = true;
    guest_history_world_resize(&w, 900);
    guest_history_world_look(&w);
    assert_false(w.g.gave_way);
}

/* Memory plugged moves what it was asked for as well; reports from before aren't believed. */
static void plugging_moves_all_sizes(void **state)
{
    static const double by[] = {128, -128};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct guest_history_world w;

        guest_history_world_begin_known(&w);
        guest_history_world_ask(&w, 900, PLAN_DONE);
        w.silent = true;
        w.m.max_kib = MIB(2000 + by[i]);
        w.m.size_kib = MIB(1000 + by[i]);
        guest_history_world_look(&w);
        assert_true(w.g.pending);
        assert_int_equal(w.g.target_kib, MIB(900 + by[i]));
        assert_false(guest_history_sees_clearly(&w.g));
        w.silent = false;
        guest_history_world_use(&w, 600);
        w.m.available_kib = w.m.size_kib - MIB(50);
        guest_history_world_look(&w);
        assert_true(guest_history_sees_clearly(&w.g));
        assert_true(w.g.growth.rate_kib_s == 0);
    }
}

/* The same when nothing was asked of it. */
static void what_was_reported_before_plugging_is_old(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    assert_true(guest_history_sees_clearly(&w.g));
    w.silent = true;
    w.m.max_kib += MIB(128);
    w.m.size_kib += MIB(128);
    guest_history_world_look(&w);
    assert_false(guest_history_sees_clearly(&w.g));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_are_as_old_as_can_be),
        cmocka_unit_test(no_time_is_no_report),
        cmocka_unit_test(a_report_without_figures_tells_nothing),
        cmocka_unit_test(a_report_from_before_a_move_still_holds),
        cmocka_unit_test(what_was_granted_is_not_let_go),
        cmocka_unit_test(swapping_is_known_or_none),
        cmocka_unit_test(without_a_time_the_figures_tell),
        cmocka_unit_test(what_growth_began_with_is_told_once),
        cmocka_unit_test(how_long_statistics_may_stand_still),
        cmocka_unit_test(a_guest_is_never_quite_still),
        cmocka_unit_test(what_counts_as_progress),
        cmocka_unit_test(progress_begins_the_wait_anew),
        cmocka_unit_test(when_a_balloon_has_arrived),
        cmocka_unit_test(a_request_that_was_skipped_is_none),
        cmocka_unit_test(a_stuck_balloon_is_left_alone_ever_longer),
        cmocka_unit_test(how_far_a_balloon_comes_is_learned_by_one_try),
        cmocka_unit_test(withdrawing_is_no_reproach),
        cmocka_unit_test(what_gives_way_rests),
        cmocka_unit_test(what_others_set_is_not_giving_way),
        cmocka_unit_test(plugging_moves_all_sizes),
        cmocka_unit_test(what_was_reported_before_plugging_is_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
