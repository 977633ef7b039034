/*
 * Each rule for what a guest needs by itself, at the figure from which on it holds: growth that is none, guests that
 * ran dry or swap, page cache, small guests, figures that are missing.
 */
#include "memory/need.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB(mib) ((uint64_t)((mib)*1024))

/* The unused floor and the cushion above it; the floor and the margin for who is ready. */
enum { FLOOR = 100, KEEP = 108, READY = 132 };

/* A guest at one moment. */
struct world {
    struct snapshot_memory m;
    struct need_growth g;
    struct need_circumstances c;
    struct coordinator_settings s;
};

/* 1000 of 2000 MiB, of which so much can be had; decided every 2 s on figures of now, and a balloon takes one more;
 * between decisions, an answer takes 2. */
static struct world world_of(double usable_mib)
{
    return (struct world){
        .m = {.has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_AVAILABLE | SNAPSHOT_HAS_UNUSED |
                     SNAPSHOT_HAS_USABLE,
              .size_kib = MIB(1000),
              .max_kib = MIB(2000),
              .available_kib = MIB(950),
              .unused_kib = MIB(usable_mib),
              .usable_kib = MIB(usable_mib)},
        .c = {.start_kib = MIB(1000), .interval_s = 2, .horizon_s = 3, .reaction_s = 2},
        .s = coordinator_settings_default,
    };
}

static struct need need_of(const struct world *w)
{
    struct need_frame f = {.known = false};
    struct need_figures figures;

    need_frame_learn(&f, &w->m, true);
    figures = need_read(&w->m, &f);
    return need_estimate(&w->s, &figures, &w->g, &w->c);
}

static void grows(struct world *w, double mib_s, int times)
{
    w->g = (struct need_growth){.started = true, .streak = times, .grown_s = 2 * times, .rate_kib_s = mib_s * 1024};
}

/* Where less than twice the unused floor can be had, what goes out to swap and doesn't come back was wanted. */
static void what_is_swapped_out_was_wanted(void **state)
{
    struct world tight = world_of(199), ample = world_of(200);

    (void)state;
    tight.c.swap_out_kib_s = ample.c.swap_out_kib_s = 20 * 1024;
    tight.c.swap_in_kib_s = ample.c.swap_in_kib_s = 5 * 1024;
    assert_int_equal(need_of(&tight).need_kib, MIB(801 + KEEP + 30));
    assert_int_equal(need_of(&ample).need_kib, MIB(800 + KEEP));
}

/* What comes back wants room, too; a quarter of the guest's size at once. */
static void what_is_swapped_in_wants_room(void **state)
{
    struct world tight = world_of(199), ample = world_of(200);

    (void)state;
    tight.c.swap_out_kib_s = 10 * 1024;
    tight.c.swap_in_kib_s = ample.c.swap_in_kib_s = 40 * 1024;
    assert_int_equal(need_of(&tight).need_kib, MIB(801 + KEEP + 80));
    assert_int_equal(need_of(&ample).need_kib, MIB(800 + KEEP));
    tight.c.swap_in_kib_s = 400 * 1024;
    assert_int_equal(need_of(&tight).need_kib, MIB(801 + KEEP + 250));
    /* Growth that is more than that is enough. */
    tight.c.swap_in_kib_s = 1024;
    grows(&tight, 10, 2);
    tight.c.swap_out_kib_s = 0;
    assert_int_equal(need_of(&tight).need_kib, MIB(801 + KEEP + 30));
}

/* With less than half of the unused floor left, what was seen is only half of what was wanted, and where nothing can go
 * out to swap, half of that again. */
static void what_ran_dry_wanted_more(void **state)
{
    struct world dry = world_of(49), nearly = world_of(50);

    (void)state;
    grows(&dry, 10, 2);
    grows(&nearly, 10, 2);
    assert_int_equal(need_of(&nearly).need_kib, MIB(950 + KEEP + 30));
    assert_int_equal(need_of(&dry).need_kib, MIB(951 + KEEP + 60));
    assert_int_equal(need_of(&dry).ready_kib, MIB(951 + READY + 120));
    dry.c.swap_out_kib_s = dry.c.swap_in_kib_s = 1024;
    assert_int_equal(need_of(&dry).need_kib, MIB(951 + KEEP + 60));
    assert_int_equal(need_of(&dry).ready_kib, MIB(951 + READY + 60));
}

/* Steady growth is led by half as much again, to be ready; for a whole minute when it is kept from greed. */
static void how_far_growth_is_led(void **state)
{
    struct world w = world_of(400);

    (void)state;
    grows(&w, 40, 2);
    assert_int_equal(need_of(&w).need_kib, MIB(600 + KEEP + 120));
    assert_int_equal(need_of(&w).soon_kib, MIB(600 + KEEP + 120 + 80));
    assert_int_equal(need_of(&w).ready_kib, MIB(600 + READY + 180));
    assert_int_equal(need_of(&w).near_kib, need_of(&w).ready_kib);
    assert_int_equal(need_of(&w).trigger_kib, MIB(600 + KEEP + 120));
    assert_int_equal(need_of(&w).later_kib, MIB(2400));
    grows(&w, 40, 1);
    assert_int_equal(need_of(&w).need_kib, MIB(600 + KEEP + 160));
    assert_int_equal(need_of(&w).soon_kib, MIB(600 + KEEP + 160));
    assert_int_equal(need_of(&w).ready_kib, MIB(600 + READY + 160));
    assert_int_equal(need_of(&w).later_kib, 0);
    /* Ready is never less than what is needed one decision further. */
    w.s.safety = w.s.burst_mib_s = 0;
    grows(&w, 40, 2);
    assert_int_equal(need_of(&w).ready_kib, MIB(600 + KEEP + 120 + 80));
    assert_int_equal(need_of(&w).want_kib, MIB(600 + KEEP + 120 + 80));
}

/* A small guest doesn't keep all that could begin, 20 MiB/s for 20 s, but a quarter of its 800 MiB; growth that has
 * begun is led by all that is expected of it. A pressed host keeps nobody ready. */
static void what_small_guests_keep_for_growth(void **state)
{
    struct world w = world_of(900);

    (void)state;
    w.m.max_kib = MIB(800);
    w.m.size_kib = MIB(700);
    w.m.available_kib = MIB(650);
    w.m.unused_kib = w.m.usable_kib = MIB(600);
    w.c.interval_s = 24;
    w.c.horizon_s = 26;
    w.c.reaction_s = 20;
    assert_int_equal(need_of(&w).burst_kib, MIB(400));
    assert_int_equal(need_of(&w).ready_kib, MIB(100 + READY + 200));
    grows(&w, 6, 1);
    assert_int_equal(need_of(&w).ready_kib, MIB(100 + READY + 240));
    w.c.pressed = true;
    assert_int_equal(need_of(&w).ready_kib, MIB(100 + READY + 240));
    grows(&w, 1, 1);
    assert_int_equal(need_of(&w).ready_kib, MIB(100 + READY + 40));
    assert_int_equal(need_of(&w).need_kib, MIB(100 + KEEP + 40));
    /* One that was seen to begin with 90 MiB in 3 s is kept ready for that. */
    w.c.pressed = false;
    w.m.max_kib = MIB(4000);
    w.c.burst_kib = MIB(90);
    assert_int_equal(need_of(&w).ready_kib, MIB(100 + READY + 600));
}

/* Where nobody else has a use for it, a guest is ready for the worst beginning; a pressed host spares nothing. */
static void what_nobody_else_has_a_use_for(void **state)
{
    struct world w = world_of(400);

    (void)state;
    assert_int_equal(need_of(&w).spare_kib, need_of(&w).want_kib);
    w.c.most_burst_kib = MIB(300);
    assert_int_equal(need_of(&w).want_kib, MIB(600 + READY + 40));
    assert_int_equal(need_of(&w).spare_kib, MIB(600 + READY + 300));
    w.c.reaction_s = 6;
    assert_int_equal(need_of(&w).spare_kib, MIB(600 + READY + 600));
    w.c.most_burst_kib = MIB(3000);
    assert_int_equal(need_of(&w).spare_kib, MIB(2000));
    w.c.pressed = true;
    assert_int_equal(need_of(&w).spare_kib, need_of(&w).want_kib);
}

/* Who isn't growing is near to what it needs with 32 MiB more, or as ready as it is to be, where that is less. */
static void who_is_near_its_need(void **state)
{
    struct world w = world_of(400);

    (void)state;
    assert_int_equal(need_of(&w).ready_kib, MIB(600 + READY + 40));
    assert_int_equal(need_of(&w).near_kib, MIB(600 + KEEP + 32));
    w.c.pressed = true;
    assert_int_equal(need_of(&w).near_kib, MIB(600 + READY));
}

/* A kernel may count some of what is free as used: that isn't cache, and counts. */
static void what_is_used_counts_even_if_it_is_free(void **state)
{
    struct world w = world_of(100);

    (void)state;
    w.m.unused_kib = MIB(300);
    assert_int_equal(need_of(&w).trigger_kib, MIB(900 + KEEP));
}

/* Its floor is the setting, its size at the start, or its maximum, whichever is least; all sizes lie between that and
 * the maximum. */
static void floors_and_maxima(void **state)
{
    struct world w = world_of(940);

    (void)state;
    assert_int_equal(need_of(&w).floor_kib, MIB(200));
    assert_int_equal(need_of(&w).trigger_kib, MIB(200));
    w.c.start_kib = MIB(150);
    assert_int_equal(need_of(&w).floor_kib, MIB(150));
    assert_int_equal(need_of(&w).keep_kib, MIB(60 + KEEP));
    w = world_of(10);
    w.m.max_kib = MIB(1010);
    assert_int_equal(need_of(&w).keep_kib, MIB(1010));
    assert_int_equal(need_of(&w).trigger_kib, MIB(1010));
    w.m.has &= ~(unsigned)SNAPSHOT_HAS_MAX;
    assert_int_equal(need_of(&w).keep_kib, MIB(1000));
}

/* A total above the size is that of a balloon that it doesn't follow, told or not; an empty balloon that may deflate by
 * itself tells nothing either. */
static void which_totals_follow_the_balloon(void **state)
{
    static const struct {
        double total_mib;
        bool deflates, follows;
    } cases[] = {
        {950, false, true}, {1000, false, true}, {1000.5, false, false}, {1950, false, false}, {950, true, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w = world_of(400);
        struct need_frame f = {.known = false};

        w.m.available_kib = MIB(cases[i].total_mib);
        w.m.deflate_on_oom = cases[i].deflates;
        need_frame_learn(&f, &w.m, true);
        assert_int_equal(f.follows, cases[i].follows);
        /* The balloon has given 200 MiB since: only a total that follows tells that they aren't in use. */
        w.m.size_kib += MIB(200);
        assert_int_equal(need_read(&w.m, &f).used_kib, MIB(cases[i].follows ? 600 : 800));
    }
}

static void without_size_or_total_no_frame_is_learned(void **state)
{
    static const unsigned missing[] = {SNAPSHOT_HAS_SIZE, SNAPSHOT_HAS_AVAILABLE};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world w = world_of(400);
        struct need_frame f = {.known = false};

        w.m.has &= ~missing[i];
        need_frame_learn(&f, &w.m, true);
        assert_false(f.known);
    }
}

/* Small changes add up over five updates, not over more: 820 KiB each are growth by more than 4 MiB, 819 are noise. */
static void for_how_long_small_changes_add_up(void **state)
{
    static const uint64_t steps_kib[] = {820, 819};

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int before = 0; before < 2; before++) {
            struct need_growth g = {.started = false};
            uint64_t used = MIB(100);
            double at = 0;
            bool seen = false;

            need_growth_add(&g, used, at, MIB(4));
            /* A step after four quiet updates: from there it is five again. */
            for (int k = 0; before && k < 4; k++)
                need_growth_add(&g, used, at += 2, MIB(4));
            if (before)
                need_growth_add(&g, used += MIB(10), at += 2, MIB(4));
            for (int k = 0; k < 30; k++) {
                need_growth_add(&g, used += steps_kib[i], at += 2, MIB(4));
                seen = seen || (k > 0 && g.rate_kib_s > 0);
            }
            assert_int_equal(seen, i == 0);
        }
}

/* Halved, growth that wouldn't have shown above the noise any more is none: 2 MiB/s over 2 s would, 1.5 wouldn't. */
static void growth_fades_into_noise(void **state)
{
    static const struct {
        uint64_t step_mib;
        double rate_mib_s;
    } cases[] = {{8, 2}, {6, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct need_growth g = {.started = false};
        uint64_t used = MIB(100);

        for (int k = 0; k < 4; k++)
            need_growth_add(&g, used += MIB(cases[i].step_mib), 2 * k, MIB(4));
        /* Told twice in the same moment: nothing has been learned. */
        need_growth_add(&g, used, 6, MIB(4));
        assert_true(g.rate_kib_s == (double)MIB(cases[i].step_mib) / 2);
        assert_int_equal(g.streak, 3);
        need_growth_add(&g, used, 8, MIB(4));
        assert_true(g.rate_kib_s == cases[i].rate_mib_s * 1024);
    }
}

/* 0 is a setting, too. */
static void a_step_of_nothing(void **state)
{
    struct coordinator_settings s = coordinator_settings_default;

    (void)state;
    s.step_mib = 0;
    assert_int_equal(need_step(&s, MIB(2000)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_swapped_out_was_wanted),
        cmocka_unit_test(what_is_swapped_in_wants_room),
        cmocka_unit_test(what_ran_dry_wanted_more),
        cmocka_unit_test(how_far_growth_is_led),
        cmocka_unit_test(what_small_guests_keep_for_growth),
        cmocka_unit_test(what_nobody_else_has_a_use_for),
        cmocka_unit_test(who_is_near_its_need),
        cmocka_unit_test(what_is_used_counts_even_if_it_is_free),
        cmocka_unit_test(floors_and_maxima),
        cmocka_unit_test(which_totals_follow_the_balloon),
        cmocka_unit_test(without_size_or_total_no_frame_is_learned),
        cmocka_unit_test(for_how_long_small_changes_add_up),
        cmocka_unit_test(growth_fades_into_noise),
        cmocka_unit_test(a_step_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
