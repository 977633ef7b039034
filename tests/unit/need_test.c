#include "memory/need.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB(mib) ((uint64_t)(mib)*1024)

static const unsigned all_figures = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_AVAILABLE |
                                    SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_DISK_CACHES;

/* 1000 MiB of which the guest sees 950; 300 unused, 400 usable, 150 of cache. */
static struct snapshot_memory example(void)
{
    return (struct snapshot_memory){.has = all_figures,
                                    .size_kib = MIB(1000),
                                    .max_kib = MIB(2000),
                                    .available_kib = MIB(950),
                                    .unused_kib = MIB(300),
                                    .usable_kib = MIB(400),
                                    .disk_caches_kib = MIB(150)};
}

static struct need_frame framed(const struct snapshot_memory *m)
{
    struct need_frame f = {.known = false};

    need_frame_learn(&f, m, true);
    return f;
}

static void figures_of_a_guest_at_rest(void **state)
{
    struct snapshot_memory m = example();
    struct need_frame f = framed(&m);
    struct need_figures n = need_read(&m, &f);

    (void)state;
    assert_true(n.known);
    assert_int_equal(n.used_kib, MIB(600));
    assert_int_equal(n.held_kib, MIB(700));
    assert_int_equal(n.unused_kib, MIB(300));
    assert_int_equal(n.spare_kib, MIB(400));
}

/* The balloon has given 200 MiB since the guest reported: what it uses is the same. */
static void used_is_the_same_while_the_balloon_moves(void **state)
{
    struct snapshot_memory m = example();
    struct need_frame f = framed(&m);
    struct need_figures n;

    (void)state;
    m.size_kib = MIB(1200);
    n = need_read(&m, &f);
    assert_int_equal(n.used_kib, MIB(600));
    assert_int_equal(n.unused_kib, MIB(500));
    m.size_kib = MIB(800);
    n = need_read(&m, &f);
    assert_int_equal(n.used_kib, MIB(600));
    assert_int_equal(n.unused_kib, MIB(100));
}

static void the_frame_is_kept_while_the_balloon_moves(void **state)
{
    struct snapshot_memory m = example();
    struct need_frame f = framed(&m);

    (void)state;
    m.size_kib = MIB(1200);
    need_frame_learn(&f, &m, false);
    assert_int_equal(f.overhead_kib, MIB(50));
    m.available_kib = MIB(1140);
    need_frame_learn(&f, &m, true);
    assert_int_equal(f.overhead_kib, MIB(50)); /* the total has just moved: was the size told since? */
    need_frame_learn(&f, &m, true);
    assert_int_equal(f.overhead_kib, MIB(60));
}

/* As seen on a real guest: its balloon had taken 64 MiB, its size was told a second later. It looked as if it used
 * them. */
static void a_size_that_is_told_late_is_no_growth(void **state)
{
    struct snapshot_memory m = example();
    struct need_frame f = framed(&m);
    struct need_figures n;

    (void)state;
    m.available_kib -= MIB(64);
    m.unused_kib -= MIB(64);
    m.usable_kib -= MIB(64);
    need_frame_learn(&f, &m, true);
    n = need_read(&m, &f);
    assert_int_equal(n.used_kib, MIB(600));
    assert_int_equal(n.spare_kib, MIB(400));
}

/* With deflate-on-oom, the guest's total stays, whatever the balloon holds: only the size tells. */
static void with_deflate_on_oom_the_size_counts(void **state)
{
    struct snapshot_memory m = example();
    struct need_frame f;

    (void)state;
    m.deflate_on_oom = true;
    m.available_kib = MIB(1950);
    f = framed(&m);
    assert_false(f.follows);
    assert_int_equal(need_read(&m, &f).used_kib, MIB(600));
}

static void what_is_missing(void **state)
{
    struct snapshot_memory m = example();
    struct need_frame none = {.known = false};

    (void)state;
    m.has &= ~(unsigned)(SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_AVAILABLE);
    /* 1000 - 300 unused - half of 150 of cache */
    assert_int_equal(need_read(&m, &none).used_kib, MIB(625));
    m.has &= ~(unsigned)SNAPSHOT_HAS_DISK_CACHES;
    assert_int_equal(need_read(&m, &none).used_kib, MIB(700));
    m.has &= ~(unsigned)SNAPSHOT_HAS_UNUSED;
    assert_false(need_read(&m, &none).known);
}

static void growth_is_steady_when_seen_twice(void **state)
{
    struct need_growth g = {.started = false};

    (void)state;
    need_growth_add(&g, MIB(100), 0, MIB(4));
    assert_int_equal(need_growth_ahead(&g, 2, 3), 0);
    need_growth_add(&g, MIB(140), 2, MIB(4));
    /* Once: it may have begun a second ago, 40 MiB/s; for the 2 s that it was seen. */
    assert_false(need_growth_steady(&g));
    assert_int_equal(need_growth_ahead(&g, 2, 3), MIB(80));
    need_growth_add(&g, MIB(180), 4, MIB(4));
    /* Twice: over the whole horizon, 20 MiB/s for 3 s. */
    assert_true(need_growth_steady(&g));
    assert_int_equal(need_growth_ahead(&g, 2, 3), MIB(60));
}

/* Four quiet seconds before it don't make growth slower; what adds up over them is slow. */
static void growth_is_as_fast_as_it_begins(void **state)
{
    struct need_growth sudden = {.started = false}, slow = {.started = false};

    (void)state;
    for (int i = 0; i < 4; i++) {
        need_growth_add(&sudden, MIB(100), i, MIB(4));
        need_growth_add(&slow, MIB(100) + MIB(i), i, MIB(4));
    }
    need_growth_add(&sudden, MIB(140), 4, MIB(4));
    need_growth_add(&slow, MIB(106), 4, MIB(4));
    assert_true(sudden.rate_kib_s == MIB(40));
    assert_true(slow.rate_kib_s == MIB(6) / 4.0);
}

/* It is expected to go on for as long as it has gone on. */
static void old_growth_is_led_further(void **state)
{
    struct need_growth g = {.started = false};

    (void)state;
    for (int i = 0; i <= 6; i++)
        need_growth_add(&g, MIB(100 + 10 * i), i, MIB(4));
    assert_int_equal(need_growth_ahead(&g, 2, 20), MIB(60));
    assert_int_equal(need_growth_ahead(&g, 8, 20), MIB(80));
    assert_int_equal(need_growth_ahead(&g, 2, 4), MIB(40));
}

static void a_step_is_forgotten_at_once_and_growth_slowly(void **state)
{
    struct need_growth g = {.started = false};

    (void)state;
    need_growth_add(&g, MIB(100), 0, MIB(4));
    need_growth_add(&g, MIB(600), 2, MIB(4));
    need_growth_add(&g, MIB(601), 4, MIB(4));
    assert_true(g.rate_kib_s == 0);

    memset(&g, 0, sizeof(g));
    for (int i = 0; i < 5; i++)
        need_growth_add(&g, MIB(100 + 40 * i), 2 * i, MIB(4));
    assert_true(g.rate_kib_s == 20 * 1024);
    need_growth_add(&g, MIB(260), 10, MIB(4));
    assert_true(g.rate_kib_s == 10 * 1024);
    /* What is let go ends it. */
    need_growth_add(&g, MIB(200), 12, MIB(4));
    assert_true(g.rate_kib_s == 0);
}

/* 1.5 MiB each 2 s is less than the noise, but adds up. */
static void slow_growth_adds_up(void **state)
{
    struct need_growth g = {.started = false};
    bool seen = false;

    (void)state;
    for (int i = 0; i < 10; i++) {
        need_growth_add(&g, MIB(100) + (uint64_t)i * 1536, 2 * i, MIB(4));
        seen = seen || g.rate_kib_s > 0;
    }
    assert_true(seen);
}

static struct need estimate(const struct snapshot_memory *m, const struct need_growth *g, double interval_s,
                            bool pressed)
{
    struct need_frame f = framed(m);
    struct need_figures figures = need_read(m, &f);
    struct need_circumstances around = {.start_kib = MIB(1000),
                                        .interval_s = interval_s,
                                        .horizon_s = interval_s + 1,
                                        .reaction_s = interval_s + 1,
                                        .pressed = pressed};

    return need_estimate(&coordinator_settings_default, &figures, g, &around);
}

static void need_of_a_guest_at_rest(void **state)
{
    struct snapshot_memory m = example();
    struct need_growth none = {.started = false};
    struct need n = estimate(&m, &none, 2, false);

    (void)state;
    assert_int_equal(n.floor_kib, MIB(200));
    /* 600 used, 100 of unused floor, and a small cushion */
    assert_in_range(n.keep_kib, MIB(700), MIB(716));
    assert_int_equal(n.need_kib, n.keep_kib);
    /* What it caches, 100 MiB, is within its allowance: counted as if used. */
    assert_in_range(n.trigger_kib, MIB(800), MIB(816));
    /* Enough for 20 MiB/s over 3 s to begin, above the unused floor */
    assert_true(n.want_kib >= MIB(700 + 100 + 60));
    assert_true(n.want_kib <= MIB(700 + 100 + 60 + 64));
}

static void growth_is_led_by_more_than_the_floor(void **state)
{
    struct snapshot_memory m = example();
    struct need_growth g = {.started = true, .streak = 3, .rate_kib_s = 20 * 1024};
    struct need n = estimate(&m, &g, 12, false);

    (void)state;
    /* 600 used, 100 unused, 20 MiB/s over 13 s */
    assert_in_range(n.need_kib, MIB(600 + 100 + 260), MIB(600 + 100 + 260 + 16));
    /* half as much again, and the cached 100 */
    assert_true(n.want_kib >= MIB(600 + 100 + 100 + 390));
    assert_int_equal(n.soon_kib - n.need_kib, MIB(240));
}

/* The cache allowance is a quarter of the maximum; a pressed host allows none. */
static void cache_counts_up_to_its_allowance(void **state)
{
    struct snapshot_memory m = example();
    struct need_growth none = {.started = false};

    (void)state;
    m.size_kib = MIB(2000);
    m.available_kib = MIB(1950);
    m.unused_kib = MIB(50);
    m.usable_kib = MIB(1400);
    m.disk_caches_kib = MIB(1400);
    assert_in_range(estimate(&m, &none, 2, false).trigger_kib, MIB(600 + 500 + 100), MIB(600 + 500 + 116));
    assert_in_range(estimate(&m, &none, 2, true).trigger_kib, MIB(600 + 100), MIB(600 + 116));
    assert_true(estimate(&m, &none, 2, true).want_kib < MIB(800));
}

static void nothing_is_above_the_maximum_or_below_the_floor(void **state)
{
    struct snapshot_memory m = example();
    struct need_growth fast = {.started = true, .streak = 3, .rate_kib_s = 1000 * 1024}, none = {.started = false};
    struct need n = estimate(&m, &fast, 12, false);

    (void)state;
    assert_int_equal(n.need_kib, MIB(2000));
    assert_int_equal(n.soon_kib, MIB(2000));
    assert_int_equal(n.want_kib, MIB(2000));
    m = example();
    m.usable_kib = m.unused_kib = MIB(940);
    n = estimate(&m, &none, 2, true);
    assert_int_equal(n.keep_kib, MIB(200));
    assert_int_equal(n.need_kib, MIB(200));
    m.max_kib = m.size_kib = MIB(120);
    m.available_kib = MIB(110);
    n = estimate(&m, &none, 2, false);
    assert_int_equal(n.floor_kib, MIB(120));
    assert_int_equal(n.want_kib, MIB(120));
}

/* A rate over next to no time is more than any number of KiB can tell. */
static void a_rate_without_end_asks_for_all_there_is(void **state)
{
    struct snapshot_memory m = example();
    struct need_growth endless = {.started = true, .streak = 3, .rate_kib_s = 1e30};
    struct need n;

    (void)state;
    m.unused_kib = m.usable_kib = MIB(10);
    n = estimate(&m, &endless, 12, false);
    assert_int_equal(n.need_kib, MIB(2000));
    assert_int_equal(n.want_kib, MIB(2000));
}

/* 5 % of the maximum, but at least 100 MiB; or what is set. */
static void the_step(void **state)
{
    struct coordinator_settings s = coordinator_settings_default;

    (void)state;
    assert_int_equal(need_step(&s, MIB(1024)), MIB(100));
    assert_int_equal(need_step(&s, MIB(40000)), MIB(2000));
    s.step_mib = 30;
    assert_int_equal(need_step(&s, MIB(40000)), MIB(30));
}

/* Steady growth is led with the safety factor; a large guest keeps a share of what it uses; under pressure nobody is
 * kept ready for growth that may begin. */
static void what_readiness_is_made_of(void **state)
{
    struct snapshot_memory m = example(), large = example();
    struct need_growth none = {.started = false}, steady = {.started = true, .streak = 3, .rate_kib_s = 20 * 1024};
    struct coordinator_settings careful = coordinator_settings_default;
    struct need_circumstances around = {.start_kib = MIB(1000), .interval_s = 12, .horizon_s = 13, .reaction_s = 13};
    struct need_frame f = framed(&m);
    struct need_figures figures = need_read(&m, &f);

    (void)state;
    careful.safety = 3;
    /* 600 used, 100 unused, 20 MiB/s over 13 s, and three times as much */
    assert_in_range(need_estimate(&careful, &figures, &steady, &around).ready_kib, MIB(600 + 100 + 780),
                    MIB(600 + 100 + 780 + 40));
    large.size_kib = large.max_kib = MIB(8000);
    large.available_kib = MIB(7950);
    large.unused_kib = large.usable_kib = MIB(2000);
    large.disk_caches_kib = 0;
    assert_int_equal(estimate(&large, &none, 2, false).ready_kib, MIB(6600));
    assert_true(estimate(&m, &none, 12, false).ready_kib >= MIB(600 + 100 + 260));
    assert_true(estimate(&m, &none, 12, true).ready_kib <= MIB(600 + 100 + 40));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_of_a_guest_at_rest),
        cmocka_unit_test(used_is_the_same_while_the_balloon_moves),
        cmocka_unit_test(the_frame_is_kept_while_the_balloon_moves),
        cmocka_unit_test(a_size_that_is_told_late_is_no_growth),
        cmocka_unit_test(with_deflate_on_oom_the_size_counts),
        cmocka_unit_test(what_is_missing),
        cmocka_unit_test(growth_is_steady_when_seen_twice),
        cmocka_unit_test(growth_is_as_fast_as_it_begins),
        cmocka_unit_test(old_growth_is_led_further),
        cmocka_unit_test(a_step_is_forgotten_at_once_and_growth_slowly),
        cmocka_unit_test(slow_growth_adds_up),
        cmocka_unit_test(need_of_a_guest_at_rest),
        cmocka_unit_test(growth_is_led_by_more_than_the_floor),
        cmocka_unit_test(cache_counts_up_to_its_allowance),
        cmocka_unit_test(nothing_is_above_the_maximum_or_below_the_floor),
        cmocka_unit_test(what_readiness_is_made_of),
        cmocka_unit_test(a_rate_without_end_asks_for_all_there_is),
        cmocka_unit_test(the_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
