/*
 * Who gets what: needs up to the share, readiness of those that grow, needs beyond the share less a minute of the
 * growth of others, then what would be nice to have; and what there is to be shared in the first place.
 */
#include "tests/sim/memory_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* All of each guest's memory is touched, and the host is at its reserve: nothing can be given. */
static void begin(struct stage *b)
{
    stage_begin(b, NULL);
    b->host_free_mib = 800;
}

static void set(struct stage *b, int guest, double size, double unused)
{
    b->guests[guest].size = size;
    b->guests[guest].rss = size + 100;
    b->guests[guest].unused = unused;
}

/* What a guest is given at once, MiB; 0: nothing. */
static double given(const struct stage *b, int guest)
{
    const struct plan_action *a = stage_action(&b->plan, guest);

    return a ? ((double)a->to_kib - (double)a->from_kib) / 1024 : 0;
}

/* What was granted and isn't there yet has left the budget, but belongs to the pool: else the others' shares of it were
 * too small. Guest 1 needs more than the 120 MiB that are left. */
static void a_grant_on_its_way_makes_nobodys_share_smaller(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    for (int i = 0; i < STAGE_GUESTS; i++)
        set(&b, i, 1000, 108);
    b.guests[0].unused = 8;
    b.host_free_mib = 800 + 100;
    stage_decide(&b);
    stage_decide(&b);
    assert_true(given(&b, 0) == 100);
    stage_accept(&b);
    b.guests[1].unused = 8;
    b.host_free_mib = 800 + 100 + 120.5;
    stage_decide(&b);
    assert_true(given(&b, 1) == 120);
    stage_end(&b);
}

/* Guest 0 comes to use so much more at each of the last looks, ending with what it has; then so much can be given. */
static void grow(struct stage *b, double by, int times, double budget)
{
    b->guests[0].unused += by * times;
    stage_decide(b);
    stage_decide(b);
    for (int i = 1; i <= times; i++) {
        b->guests[0].unused -= by;
        b->host_free_mib = i < times ? 800 : 800 + budget;
        stage_decide(b);
    }
}

/*
 * A pool of 3000 MiB: the share of each is 1000. Guest 0 grows by so much each 2 s and is ready for more. Guest 1 has
 * 1400, which is more than its share, and needs 100 more; 400 are free. Guest 2 is small.
 */
static void begin_greed(struct stage *b, double grows_by)
{
    begin(b);
    set(b, 1, 1400, 8);
    set(b, 2, 600, 140);
    set(b, 0, 600, 212);
    grow(b, grows_by, 2, 400.5);
}

/* The same, but guest 2 was granted something before, and that was withdrawn: it is nobody's any more. */
static void a_grant_that_was_withdrawn_is_in_no_pool(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    set(&b, 0, 600, 212);
    set(&b, 1, 1400, 108);
    set(&b, 2, 600, 8);
    b.host_free_mib = 900;
    stage_decide(&b);
    stage_decide(&b);
    assert_true(given(&b, 2) == 100);
    stage_accept(&b);
    b.host_free_mib = 810;
    stage_decide(&b);
    assert_int_equal(stage_action(&b.plan, 2)->to_kib, MIB(600));
    stage_accept(&b);
    b.guests[1].unused = 8;
    b.guests[2].unused = 140;
    b.host_free_mib = 800;
    grow(&b, 12, 2, 400.5);
    assert_true(given(&b, 1) == 40);
    stage_end(&b);
}

/* 4 MiB/s: 240 in a minute. Of the 160 others, 100 are needed, and what is left above the slack of the host, which is
 * an eighth of its reserve of 800, isn't enough for guest 1 to be ready for growth. */
static void what_growth_leaves_is_for_needs_beyond_the_share(void **state)
{
    struct stage b;

    (void)state;
    begin_greed(&b, 8);
    assert_true(given(&b, 0) == 0);
    assert_true(given(&b, 1) == 100);
    stage_end(&b);
}

/* 6 MiB/s: 360 in a minute, of the 400 that there are. */
static void a_minute_of_growth_is_kept_from_greed(void **state)
{
    struct stage b;

    (void)state;
    begin_greed(&b, 12);
    assert_true(given(&b, 0) == 0);
    assert_true(given(&b, 1) == 40);
    stage_end(&b);
}

/* Growth seen once may be a step: nothing is kept for more of it. */
static void nothing_is_kept_for_what_grew_once(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    set(&b, 1, 1400, 8);
    set(&b, 2, 600, 140);
    set(&b, 0, 600, 250);
    grow(&b, 40, 1, 400.5);
    assert_true(given(&b, 1) >= 100);
    stage_end(&b);
}

/* Guest 0 has 920, 80 less than its share: more than that isn't kept back, however fast it grows. */
static void no_more_is_kept_than_the_share(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    set(&b, 1, 1400, 8);
    set(&b, 2, 500, 140);
    set(&b, 0, 920, 212);
    grow(&b, 12, 2, 180.5);
    assert_true(given(&b, 1) == 100);
    stage_end(&b);
}

/* Guest 0 has more than its share and grows by 10 MiB/s: it needs 50 more until a grant can arrive, and another 20 for
 * the decision after that. */
static void beyond_the_share_needs_count_one_decision_further(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    set(&b, 0, 1400, 98);
    set(&b, 1, 600, 108);
    set(&b, 2, 600, 108);
    grow(&b, 20, 2, 65.5);
    assert_true(given(&b, 0) == 65);
    stage_end(&b);
}

/* What hurt is needed, also beyond the share: it doesn't wait for what would be nice to have. 50 MiB can be given, and
 * the rest is asked for. */
static void what_hurt_is_given_back_beyond_the_share(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    b.host_free_mib = 8000;
    set(&b, 0, 800, 108);
    set(&b, 1, 1400, 290);
    set(&b, 2, 800, 180);
    for (int i = 0; i < 3; i++)
        stage_decide(&b);
    assert_true(given(&b, 1) == -72);
    stage_carry_out(&b, PLAN_DONE);
    b.guests[1].rss -= 72;
    b.guests[1].unused = 198;
    b.guests[1].swapped_in = 10;
    b.host_free_mib = 800 + 50.5;
    stage_decide(&b);
    assert_true(given(&b, 1) == 50);
    assert_non_null(strstr(stage_action(&b.plan, 1)->reason, "the cut hurt"));
    assert_true(given(&b, 2) < 0);
    stage_end(&b);
}

/* An eighth of the reserve, and 32 MiB at least, aren't given for readiness, so that the host's own ups and downs set
 * nothing in motion: guest 0 grows, has what it needs, and would be ready with 62 more. */
static void readiness_leaves_some_slack(void **state)
{
    static const struct {
        double reserve, budget, given;
    } cases[] = {{800, 400.5, 62}, {800, 150.5, 50}, {160, 82.5, 50}, {400, 100.5, 50}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct coordinator_settings s = coordinator_settings_default;
        struct stage b;

        s.host_reserve_mib = cases[i].reserve;
        stage_begin(&b, &s);
        set(&b, 0, 600, 150);
        set(&b, 1, 800, 108);
        set(&b, 2, 800, 108);
        /* grow() sets what is free for the stage's own reserve. */
        grow(&b, 8, 2, cases[i].budget + cases[i].reserve - STAGE_RESERVE_MIB);
        assert_true(given(&b, 0) == cases[i].given);
        stage_end(&b);
    }
}

/* Guest 2 is left alone, whatever it has: two share the pool of 2000 MiB, and guest 0 will need all that is left of it
 * below its share. */
static void who_is_left_alone_has_no_part_in_the_pool(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    set(&b, 0, 600, 212);
    set(&b, 1, 1200, 8);
    set(&b, 2, 2000, 1000);
    b.guests[2].inhibited = true;
    grow(&b, 12, 2, 200.5);
    assert_true(given(&b, 1) == 0);
    stage_end(&b);
}

/* Of what a distant host holds in caches, it is taken to be able to drop half. */
static void half_of_a_distant_hosts_caches_count(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    for (int i = 0; i < STAGE_GUESTS; i++)
        set(&b, i, 1000, 108);
    b.host_free_mib = 700;
    b.host_caches_mib = 600;
    stage_decide(&b);
    stage_decide(&b);
    assert_int_equal(b.plan.host_free_kib, MIB(1000));
    assert_int_equal(b.plan.budget_kib, MIB(200));
    stage_end(&b);
}

/* 5 % of what is free and what guests hold, 200 MiB at least. What nobody can give them, as pools of huge pages, may be
 * most of the host's memory, and doesn't count. */
static void the_reserve_is_a_part_of_what_can_be_used(void **state)
{
    static const struct {
        double host_free, rss;
        bool silent_rss, inhibited;
        double reserve;
    } cases[] = {
        {6000, 600, false, false, 390},   /* 6000 free, 3 x 600 resident */
        {6000, 600, true, false, 450},    /* what is resident isn't known: 3 x 1000, their sizes */
        {6000, 600, true, true, 300},     /* and all of that is of huge pages */
        {1000, 100, false, false, 200},   /* 5 % would be 65 */
        {15000, 1500, false, false, 800}, /* 19500 can't be: the host has 16000 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage b;

        stage_begin(&b, &coordinator_settings_default);
        for (int k = 0; k < STAGE_GUESTS; k++) {
            b.guests[k].rss = cases[i].rss;
            b.guests[k].no_rss = cases[i].silent_rss;
            b.guests[k].inhibited = cases[i].inhibited;
        }
        b.host_free_mib = cases[i].host_free;
        stage_decide(&b);
        assert_int_equal(b.plan.host_reserve_kib, MIB(cases[i].reserve));
        stage_end(&b);
    }
}

static void a_reserve_of_nothing_is_one(void **state)
{
    struct coordinator_settings s = coordinator_settings_default;
    struct stage b;

    (void)state;
    s.host_reserve_mib = 0;
    stage_begin(&b, &s);
    stage_decide(&b);
    assert_int_equal(b.plan.host_reserve_kib, 0);
    stage_end(&b);
}

/* Guest 0's grant isn't there yet: that is no memory that comes back, and guest 1's need is asked of guest 2. */
static void a_grant_on_its_way_is_no_cut(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    for (int i = 0; i < STAGE_GUESTS; i++)
        set(&b, i, 1000, 108);
    b.guests[0].unused = 8;
    b.guests[2].cache = 200;
    b.host_free_mib = 900;
    stage_decide(&b);
    stage_decide(&b);
    assert_true(given(&b, 0) == 100 && given(&b, 2) == 0);
    stage_accept(&b);
    b.guests[1].unused = 8;
    stage_decide(&b);
    assert_true(given(&b, 1) == 0);
    assert_non_null(strstr(stage_action(&b.plan, 2)->reason, "memory is short"));
    stage_end(&b);
}

/* 80 MiB, and two that need 100 each; one's weight isn't known. */
static void a_weight_that_isnt_known_is_one(void **state)
{
    struct stage b;

    (void)state;
    begin(&b);
    for (int i = 0; i < STAGE_GUESTS; i++)
        set(&b, i, 1000, i < 2 ? 8 : 108);
    b.guests[0].weight = 0;
    b.host_free_mib = 800 + 80.5;
    stage_decide(&b);
    stage_decide(&b);
    assert_true(given(&b, 0) == 40);
    assert_true(given(&b, 1) == 40);
    stage_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grant_on_its_way_makes_nobodys_share_smaller),
        cmocka_unit_test(a_minute_of_growth_is_kept_from_greed),
        cmocka_unit_test(a_grant_that_was_withdrawn_is_in_no_pool),
        cmocka_unit_test(what_growth_leaves_is_for_needs_beyond_the_share),
        cmocka_unit_test(nothing_is_kept_for_what_grew_once),
        cmocka_unit_test(no_more_is_kept_than_the_share),
        cmocka_unit_test(beyond_the_share_needs_count_one_decision_further),
        cmocka_unit_test(what_hurt_is_given_back_beyond_the_share),
        cmocka_unit_test(readiness_leaves_some_slack),
        cmocka_unit_test(who_is_left_alone_has_no_part_in_the_pool),
        cmocka_unit_test(half_of_a_distant_hosts_caches_count),
        cmocka_unit_test(the_reserve_is_a_part_of_what_can_be_used),
        cmocka_unit_test(a_reserve_of_nothing_is_one),
        cmocka_unit_test(a_grant_on_its_way_is_no_cut),
        cmocka_unit_test(a_weight_that_isnt_known_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
