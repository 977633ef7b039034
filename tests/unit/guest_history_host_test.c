/* What a guest could still touch on the host, told from its resident set, its statistics, and what its QEMU holds. */
#include "tests/unit/guest_history_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t could_touch(const struct guest_history_world *w)
{
    return guest_history_could_touch(&w->g, &w->m);
}

/* Until more is known of it, QEMU is taken to hold 96 MiB of the 1062: 966 of 1000 have been touched. */
static void a_qemu_is_taken_to_hold_96_mib(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    assert_int_equal(could_touch(&w), MIB(34));
}

/* 630 MiB are resident, and 600 are in use: QEMU can't hold more than 30. When 70 more of its memory have been touched,
 * 670 have; what was seen of QEMU is forgotten by a 64th with each look, until it is taken to hold 96 again. */
static void a_qemu_holds_no_more_than_what_the_guest_doesnt_use(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin(&w);
    w.m.rss_kib = MIB(630);
    guest_history_world_looks(&w, 200); /* that it held 62 is forgotten */
    assert_int_equal(could_touch(&w), MIB(400));
    w.m.rss_kib = MIB(700);
    guest_history_world_look(&w);
    assert_in_range(could_touch(&w), MIB(330), MIB(332));
    guest_history_world_looks(&w, 10);
    assert_in_range(could_touch(&w), MIB(330 + 4), MIB(330 + 7)); /* 30 x (1 + 1/64)^11: 35.6 */
    guest_history_world_looks(&w, 150);
    assert_int_equal(could_touch(&w), MIB(1000 - (700 - 96)));
}

/* 600 in use before and after, and 600 resident besides what QEMU is taken to hold. */
static void begin_unseen(struct guest_history_world *w)
{
    guest_history_world_begin(w);
    w->m.rss_kib = MIB(696);
    guest_history_world_looks(w, 5);
    assert_int_equal(guest_history_flashed(&w->g, w->now_s), 0);
}

/* 250 MiB more have become resident, and it uses no more than before: it did for a moment, and may for half a minute.
 */
static void what_was_used_for_a_moment_shows_in_the_resident_set(void **state)
{
    struct guest_history_world w;

    (void)state;
    begin_unseen(&w);
    w.m.rss_kib += MIB(250);
    guest_history_world_look(&w);
    assert_int_equal(guest_history_flashed(&w.g, w.now_s), MIB(850));
    guest_history_world_looks(&w, 14);
    assert_int_equal(guest_history_flashed(&w.g, w.now_s), MIB(850));
    guest_history_world_look(&w);
    assert_int_equal(guest_history_flashed(&w.g, w.now_s), 0);
}

/* Had it all it could get, it may have wanted more: as much again as it had risen by is expected. */
static void what_took_all_may_have_wanted_more(void **state)
{
    struct guest_history_world w;

    (void)state;
    begin_unseen(&w);
    w.m.rss_kib += MIB(380);
    guest_history_world_look(&w);
    assert_int_equal(guest_history_flashed(&w.g, w.now_s), MIB(980 + 380));
}

/* What it still holds, what the balloon moves, and what pages of 2 MiB bring along is nothing that it let go. */
/* All of it was resident before, and its minor faults are counted: so many MiB come between two looks. */
static void begin_resident(struct guest_history_world *w, double caches_mib)
{
    guest_history_world_begin(w);
    w->m.has |= SNAPSHOT_HAS_MINOR_FAULTS | SNAPSHOT_HAS_DISK_CACHES;
    w->m.disk_caches_kib = (uint64_t)(caches_mib * 1024);
    guest_history_world_looks(w, 5);
}

static uint64_t flash_after_faults(struct guest_history_world *w, double mib)
{
    w->m.minor_faults += (uint64_t)(mib * 256);
    guest_history_world_look(w);
    return guest_history_flashed(&w->g, w->now_s);
}

/* 400 MiB were to be had: a program takes 390 of them and dies, and does so again. */
static void faults_that_come_again_tell_of_one_that_dies(void **state)
{
    struct guest_history_world w;

    (void)state;
    begin_resident(&w, 0);
    assert_int_equal(flash_after_faults(&w, 390), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(flash_after_faults(&w, 0), 0);
    assert_int_equal(flash_after_faults(&w, 390), MIB(990 + 390));
    begin_resident(&w, 0);
    assert_int_equal(flash_after_faults(&w, 390), 0);
    guest_history_world_looks(&w, 31);
    assert_int_equal(flash_after_faults(&w, 390), 0);
    /* Of 120 MiB to spare, 40 are enough to tell, and 30 aren't. */
    begin_resident(&w, 0);
    guest_history_world_use(&w, 880);
    guest_history_world_looks(&w, 2);
    assert_int_equal(flash_after_faults(&w, 40), 0);
    guest_history_world_look(&w);
    assert_int_equal(flash_after_faults(&w, 40), MIB(920 + 40));
    guest_history_world_looks(&w, 40);
    assert_int_equal(flash_after_faults(&w, 30), 0);
    assert_int_equal(flash_after_faults(&w, 30), 0);
}

static void faults_that_drove_out_its_cache_tell_at_once(void **state)
{
    struct guest_history_world w;

    (void)state;
    begin_resident(&w, 100);
    w.m.disk_caches_kib = MIB(5);
    assert_int_equal(flash_after_faults(&w, 390), MIB(990 + 390));
    /* A counter may be any number. */
    begin_resident(&w, 100);
    w.m.disk_caches_kib = MIB(5);
    w.m.minor_faults = UINT64_C(1) << 62;
    assert_int_equal(flash_after_faults(&w, 0), MIB(1000 + 400));
    begin_resident(&w, 12);
    w.m.disk_caches_kib = 0;
    assert_int_equal(flash_after_faults(&w, 390), 0);
}

/* Less than it had to spare; as much as it holds now; what is usual with it. */
static void other_faults_tell_nothing(void **state)
{
    struct guest_history_world w;

    (void)state;
    begin_resident(&w, 100);
    w.m.disk_caches_kib = 0;
    assert_int_equal(flash_after_faults(&w, 290), 0);
    assert_int_equal(flash_after_faults(&w, 290), 0);
    begin_resident(&w, 100);
    w.m.disk_caches_kib = 0;
    guest_history_world_use(&w, 950);
    assert_int_equal(flash_after_faults(&w, 390), 0);
    begin_resident(&w, 0);
    for (int i = 0; i < 25; i++)
        flash_after_faults(&w, 390);
    for (int i = 0; i < 25; i++)
        assert_int_equal(flash_after_faults(&w, 390), 0);
}

static void growth_and_ballooning_are_no_flash(void **state)
{
    struct guest_history_world w;

    (void)state;
    begin_unseen(&w);
    w.m.rss_kib += MIB(250);
    guest_history_world_use(&w, 850);
    guest_history_world_look(&w);
    assert_int_equal(guest_history_flashed(&w.g, w.now_s), 0);
    begin_unseen(&w);
    w.m.rss_kib += MIB(50);
    guest_history_world_look(&w);
    assert_int_equal(guest_history_flashed(&w.g, w.now_s), 0);
    begin_unseen(&w);
    w.m.rss_kib += MIB(250);
    guest_history_world_resize(&w, 900);
    guest_history_world_look(&w);
    assert_int_equal(guest_history_flashed(&w.g, w.now_s), 0);
}

/* 1300 MiB are resident of a guest of 1000: QEMU holds 300 at least. With 200 of the guest's gone, they can be touched
 * again; that is forgotten, too. */
static void a_qemu_holds_what_exceeds_the_guests_size(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.m.rss_kib = MIB(1300);
    guest_history_world_looks(&w, 2);
    assert_int_equal(could_touch(&w), 0);
    w.m.rss_kib = MIB(1100);
    guest_history_world_look(&w);
    assert_in_range(could_touch(&w), MIB(194), MIB(200));
    guest_history_world_looks(&w, 64);
    assert_in_range(could_touch(&w), MIB(7), MIB(9)); /* 300 x (1 - 1/64)^65: 107.8 */
}

/* A balloon on its way may be further than reported: what is resident beyond the size isn't QEMU's then. */
static void what_a_balloon_has_yet_to_take_is_not_qemus(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_ask(&w, 900, PLAN_DONE);
    w.m.size_kib = MIB(950);
    guest_history_world_look(&w);
    w.m.rss_kib = MIB(1000);
    guest_history_world_look(&w);
    assert_int_equal(could_touch(&w), MIB(950 - (1000 - 96)));
}

/* Never more than what it reports unused: that is all that isn't held. Its QEMU has let go of what it was seen to hold.
 */
static void what_is_unused_is_the_most(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    guest_history_world_use(&w, 980);
    w.m.rss_kib = MIB(1000);
    guest_history_world_look(&w);
    assert_int_equal(could_touch(&w), MIB(20));
    /* Asked for something, and no report since: the resident set alone tells. */
    guest_history_world_ask(&w, 1100, PLAN_DONE);
    assert_int_equal(could_touch(&w), MIB(62) * 63 / 64);
}

static void without_a_resident_set_all_that_is_unused(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin(&w);
    w.m.has &= ~(unsigned)SNAPSHOT_HAS_RSS;
    /* It hasn't reported yet. */
    assert_int_equal(could_touch(&w), MIB(1000));
    guest_history_world_looks(&w, 3);
    assert_int_equal(could_touch(&w), MIB(400));
    guest_history_world_ask(&w, 900, PLAN_DONE);
    assert_int_equal(could_touch(&w), MIB(1000));
    /* Nothing is learned of its QEMU meanwhile. */
    w.m.rss_kib = 0;
    guest_history_world_looks(&w, 3);
    w.m.rss_kib = MIB(1062);
    w.m.has |= SNAPSHOT_HAS_RSS;
    guest_history_world_look(&w);
    assert_int_equal(could_touch(&w), MIB(34));
}

/* Statistics without figures of memory tell nothing of what is touched. */
static void what_is_not_reported_is_not_known(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin(&w);
    w.m.has &= ~(unsigned)(SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_RSS);
    guest_history_world_looks(&w, 3);
    assert_int_equal(could_touch(&w), MIB(1000));
}

/* With deflate-on-oom, what it uses is known less well, and nothing is concluded for its QEMU. */
static void a_total_that_doesnt_follow_says_nothing_of_qemu(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin(&w);
    w.m.deflate_on_oom = true;
    w.m.rss_kib = MIB(630);
    guest_history_world_looks(&w, 3);
    guest_history_world_ask(&w, 900, PLAN_DONE);
    assert_int_equal(could_touch(&w), MIB(1000 - (630 - 96)));
}

static void huge_pages_and_unknown_sizes_are_no_debt(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.m.inhibited = true;
    assert_int_equal(could_touch(&w), 0);
    w.m.inhibited = false;
    w.m.has &= ~(unsigned)SNAPSHOT_HAS_SIZE;
    assert_int_equal(could_touch(&w), 0);
}

/* Of the 34 MiB it could touch it touched 20; what it was granted since is not counted. */
static void what_was_touched_is_seen_by_the_resident_set(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    assert_int_equal(w.g.could_kib, MIB(34));
    w.m.rss_kib += MIB(20);
    assert_int_equal(guest_history_touched(&w.g, &w.m), MIB(20));
    w.m.size_kib += MIB(15);
    assert_int_equal(guest_history_touched(&w.g, &w.m), MIB(5));
    w.m.rss_kib += MIB(300);
    assert_int_equal(guest_history_touched(&w.g, &w.m), MIB(34));
    w.m.rss_kib -= MIB(400);
    assert_int_equal(guest_history_touched(&w.g, &w.m), 0);
}

/* While it swapped out, 30 MiB stayed unused: it will not come for those. */
static void what_a_kernel_keeps_free_is_not_touched(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.m.rss_kib = MIB(500);
    guest_history_world_use(&w, 970);
    guest_history_world_look(&w);
    assert_int_equal(could_touch(&w), MIB(30));
    w.r.swap_out_kib_s = 1024;
    guest_history_world_look(&w);
    assert_int_equal(could_touch(&w), 0);
    w.r.swap_out_kib_s = 0;
    guest_history_world_use(&w, 900);
    guest_history_world_look(&w);
    assert_int_equal(could_touch(&w), MIB(100 - 30));
}

/* It swapped out when it was short; by the time it reported, it had been given 200 MiB. It may come for those. */
static void what_was_given_while_it_swapped_is_not_kept(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.m.rss_kib = MIB(500);
    guest_history_world_use(&w, 990);
    guest_history_world_look(&w);
    w.r.swap_out_kib_s = 1024;
    guest_history_world_move(&w, 1200);
    assert_int_equal(could_touch(&w), MIB(210));
    /* Nothing moved in the next report: what was unused in both is what it keeps. */
    guest_history_world_use(&w, 1190);
    guest_history_world_look(&w);
    w.r.swap_out_kib_s = 0;
    guest_history_world_use(&w, 1100);
    guest_history_world_look(&w);
    assert_int_equal(could_touch(&w), MIB(100 - 10));
}

/* Programs ended just after it swapped out: what they left isn't kept free. */
static void what_was_let_go_after_it_swapped_is_not_kept(void **state)
{
    struct guest_history_world w;

    (void)state;
    guest_history_world_begin_known(&w);
    w.m.rss_kib = MIB(500);
    guest_history_world_use(&w, 990);
    guest_history_world_look(&w);
    w.r.swap_out_kib_s = 1024;
    guest_history_world_use(&w, 800);
    guest_history_world_look(&w);
    assert_int_equal(could_touch(&w), MIB(200 - 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_used_for_a_moment_shows_in_the_resident_set),
        cmocka_unit_test(what_took_all_may_have_wanted_more),
        cmocka_unit_test(growth_and_ballooning_are_no_flash),
        cmocka_unit_test(faults_that_come_again_tell_of_one_that_dies),
        cmocka_unit_test(faults_that_drove_out_its_cache_tell_at_once),
        cmocka_unit_test(other_faults_tell_nothing),
        cmocka_unit_test(a_qemu_is_taken_to_hold_96_mib),
        cmocka_unit_test(what_was_touched_is_seen_by_the_resident_set),
        cmocka_unit_test(what_a_kernel_keeps_free_is_not_touched),
        cmocka_unit_test(what_was_given_while_it_swapped_is_not_kept),
        cmocka_unit_test(what_was_let_go_after_it_swapped_is_not_kept),
        cmocka_unit_test(a_qemu_holds_no_more_than_what_the_guest_doesnt_use),
        cmocka_unit_test(a_qemu_holds_what_exceeds_the_guests_size),
        cmocka_unit_test(what_a_balloon_has_yet_to_take_is_not_qemus),
        cmocka_unit_test(what_is_unused_is_the_most),
        cmocka_unit_test(without_a_resident_set_all_that_is_unused),
        cmocka_unit_test(what_is_not_reported_is_not_known),
        cmocka_unit_test(a_total_that_doesnt_follow_says_nothing_of_qemu),
        cmocka_unit_test(huge_pages_and_unknown_sizes_are_no_debt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
