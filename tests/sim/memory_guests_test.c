/*
 * Every kind of guest there is: what is left alone and why, what is done with those whose balloons or statistics
 * misbehave, and that what is shown of each says so.
 */
#include "tests/sim/memory_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct memory_sim_host ample = {.total_mib = 16384, .own_mib = 1024, .seed = 1};

struct one {
    struct memory_sim *sim;
    struct memory_run run;
    int g;
};

/* One guest of 2048 MiB, mostly idle, with whatever facts says besides. */
static void begin(struct one *o, struct memory_sim_guest facts)
{
    *o = (struct one){.sim = memory_sim_new(&ample)};
    facts.name = "vm";
    if (facts.size_mib <= 0)
        facts.size_mib = facts.max_mib = 2048;
    o->g = memory_sim_add(o->sim, &facts);
    memory_sim_run(o->sim, 5);
    memory_run_start(&o->run, o->sim, &coordinator_policy, NULL, 2);
}

static void end(struct one *o)
{
    if (o->run.broken)
        print_message("# %s\n", o->run.first_broken);
    assert_int_equal(o->run.broken, 0);
    memory_run_end(&o->run);
    memory_sim_free(o->sim);
}

static double size_of(const struct one *o)
{
    return memory_sim_truth(o->sim, o->g).size;
}

static void assert_status(const struct one *o, const char *word)
{
    if (!strstr(o->run.plan.guests[0].status, word))
        print_message("# \"%s\" isn't in \"%s\"\n", word, o->run.plan.guests[0].status);
    assert_non_null(strstr(o->run.plan.guests[0].status, word));
}

/* Left alone for 50 intervals, with that in its status. */
static void left_alone(struct memory_sim_guest facts, const char *word)
{
    struct one o;

    begin(&o, facts);
    memory_run_steps(&o.run, 50);
    assert_int_equal(o.run.set_calls, 0);
    assert_false(o.run.plan.guests[0].managed);
    assert_status(&o, word);
    end(&o);
}

static void without_a_balloon(void **state)
{
    (void)state;
    left_alone((struct memory_sim_guest){.balloon = MEMORY_BALLOON_NONE}, "no balloon device");
}

static void without_a_driver(void **state)
{
    (void)state;
    left_alone((struct memory_sim_guest){.balloon = MEMORY_BALLOON_NO_DRIVER}, "no balloon driver");
}

static void without_statistics(void **state)
{
    (void)state;
    left_alone((struct memory_sim_guest){.period_s = -1}, "no statistics yet");
}

static void with_huge_pages(void **state)
{
    (void)state;
    left_alone((struct memory_sim_guest){.inhibited = true}, "huge pages");
}

static void locked_excluded_or_by_metadata(void **state)
{
    (void)state;
    left_alone((struct memory_sim_guest){.leave_alone = SNAPSHOT_LEAVE_LOCKED}, "locked");
    left_alone((struct memory_sim_guest){.leave_alone = SNAPSHOT_LEAVE_EXCLUDED}, "excluded");
    left_alone((struct memory_sim_guest){.leave_alone = SNAPSHOT_LEAVE_METADATA}, "metadata");
    left_alone((struct memory_sim_guest){.leave_alone = SNAPSHOT_LEAVE_STALE}, "answer");
}

static void starting_until_its_driver_reports(void **state)
{
    struct one o;

    (void)state;
    begin(&o, (struct memory_sim_guest){.driver_after_s = 31});
    memory_run_steps(&o.run, 12);
    assert_int_equal(o.run.set_calls, 0);
    assert_status(&o, "starting");
    memory_run_steps(&o.run, 30);
    assert_true(size_of(&o) < 1000);
    end(&o);
}

static void paused_migrating_or_stopping(void **state)
{
    static const struct {
        enum snapshot_guest_state state;
        const char *word;
    } states[] = {{SNAPSHOT_GUEST_PAUSED, "paused"},
                  {SNAPSHOT_GUEST_MIGRATING, "migrating"},
                  {SNAPSHOT_GUEST_STOPPING, "stopping"}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct one o;
        unsigned before;

        begin(&o, (struct memory_sim_guest){0});
        memory_run_steps(&o.run, 5);
        before = o.run.set_calls;
        assert_true(before > 0);
        memory_sim_set_state(o.sim, o.g, states[i].state);
        memory_run_steps(&o.run, 30);
        /* But what was asked just before may be withdrawn. */
        assert_int_equal(o.run.set_calls, before + o.run.withdrawals);
        assert_status(&o, states[i].word);
        memory_sim_set_state(o.sim, o.g, SNAPSHOT_GUEST_RUNNING);
        memory_run_steps(&o.run, 20);
        assert_true(o.run.set_calls > before + o.run.withdrawals);
        end(&o);
    }
}

static void with_statistics_that_stand_still(void **state)
{
    struct one o;
    unsigned before;

    (void)state;
    begin(&o, (struct memory_sim_guest){0});
    memory_run_steps(&o.run, 4);
    memory_sim_set_frozen(o.sim, o.g, true);
    memory_run_steps(&o.run, 4);
    before = o.run.set_calls;
    memory_run_steps(&o.run, 40);
    assert_int_equal(o.run.set_calls, before);
    assert_status(&o, "stand still");
    memory_sim_set_frozen(o.sim, o.g, false);
    memory_run_steps(&o.run, 10);
    assert_true(o.run.set_calls > before);
    end(&o);
}

/*
 * All of its memory was resident before its statistics stopped, so that its resident set is no witness; then its
 * programs want 600 MiB more than there is. What it swaps by tells, where that still comes.
 */
static double unmet_while_it_stands_still(bool counts_on, bool no_rss)
{
    struct one o;
    double unmet;

    begin(&o, (struct memory_sim_guest){
                  .size_mib = 512, .max_mib = 2048, .swap_mib = 2048, .counts_on = counts_on, .no_rss = no_rss});
    memory_run_steps(&o.run, 4);
    memory_sim_set_frozen(o.sim, o.g, true);
    memory_run_steps(&o.run, 6);
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20, .limit_mib = 1000});
    memory_run_measure_from_here(&o.run);
    memory_run_steps(&o.run, 100);
    unmet = o.run.unmet_mib_s;
    assert_true(size_of(&o) <= 1400);
    end(&o);
    return unmet;
}

static void that_swaps_while_its_statistics_stand_still(void **state)
{
    double blind, with_rss, without_rss;

    (void)state;
    blind = unmet_while_it_stands_still(false, true);
    with_rss = unmet_while_it_stands_still(true, false);
    without_rss = unmet_while_it_stands_still(true, true);
    assert_true(blind > 30000);
    assert_true(with_rss < blind / 4);
    assert_true(without_rss < blind / 4);
}

/*
 * A host of two nodes of 8 GiB, of which it uses half a GiB each. Four guests of 4 GiB want all that they can get, and
 * are bound to the first node: it hasn't got that, though the host would. The same, spread over both nodes, all get it.
 */
static void bound_to_a_node_get_what_that_has(void **state)
{
    (void)state;
    for (int spread = 0; spread < 2; spread++) {
        struct memory_sim_host host = {.total_mib = 16384, .own_mib = 1024, .nodes = 2, .seed = 1};
        struct one o = {.sim = memory_sim_new(&host)};
        double sum = 0, least = 4096;

        for (int i = 0; i < 4; i++) {
            int g = memory_sim_add(o.sim, &(struct memory_sim_guest){.name = "vm",
                                                                     .size_mib = 512,
                                                                     .max_mib = spread ? 3072 : 4096,
                                                                     .node = spread ? 1 + i / 2 : 1,
                                                                     .qemu_mib = 30,
                                                                     .swap_mib = 8192,
                                                                     .untouched = true});

            memory_sim_load(o.sim, g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20});
        }
        memory_sim_run(o.sim, 5);
        memory_run_start(&o.run, o.sim, &coordinator_policy, NULL, 4);
        for (int i = 0; i < 100; i++) {
            memory_run_step(&o.run);
            sum = 0;
            for (int g = 0; g < 4; g++)
                sum += memory_sim_truth(o.sim, g).size + 30;
            /* Half a reserve of 5 % is kept on each node. */
            assert_true(spread || sum <= 7680 - 0.9 * 0.05 * 15360 / 2);
        }
        for (int g = 0; g < 4; g++)
            least = fmin(least, memory_sim_truth(o.sim, g).size);
        assert_true(spread ? least >= 3000 : least >= 1600);
        end(&o);
    }
}

/* Asked, found stuck, withdrawn so that nothing happens later by surprise, and tried again ever more seldom. */
static void stuck(void **state)
{
    struct one o;
    unsigned after_40, after_120;

    (void)state;
    begin(&o, (struct memory_sim_guest){.balloon = MEMORY_BALLOON_STUCK});
    memory_run_steps(&o.run, 8);
    assert_int_equal(o.run.set_calls, 2);
    assert_int_equal(o.run.withdrawals, 1);
    assert_status(&o, "stuck");
    assert_true(memory_sim_truth(o.sim, o.g).target == size_of(&o));
    memory_run_steps(&o.run, 30);
    after_40 = o.run.set_calls;
    memory_run_steps(&o.run, 80);
    after_120 = o.run.set_calls;
    assert_true(after_40 <= 6 && after_120 <= 10);
    /* It comes to its senses: nothing that was asked long ago happens now. */
    if (memory_sim_truth(o.sim, o.g).target == size_of(&o)) {
        memory_sim_set_balloon(o.sim, o.g, MEMORY_BALLOON_IDEAL);
        memory_sim_run(o.sim, 10);
        assert_true(size_of(&o) == 2048);
    }
    memory_run_steps(&o.run, 300);
    assert_true(size_of(&o) < 400);
    end(&o);
}

static void slow_balloons_get_no_second_request(void **state)
{
    struct one o;

    (void)state;
    begin(&o, (struct memory_sim_guest){.balloon = MEMORY_BALLOON_SLOW, .balloon_mib_s = 5});
    memory_run_steps(&o.run, 60);
    /* 100 MiB take 20 s, that is 10 intervals: 6 to 7 requests. */
    assert_in_range(o.run.set_calls, 5, 7);
    assert_int_equal(o.run.withdrawals, 0);
    end(&o);
}

/* A guest that grows keeps its unused floor, and gives back what it let go, whatever it doesn't report. */
static void up_and_down(struct memory_sim_guest facts)
{
    struct one o;

    facts.size_mib = 512;
    facts.max_mib = 4096;
    begin(&o, facts);
    memory_run_steps(&o.run, 10);
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20, .limit_mib = 1500});
    memory_run_steps(&o.run, 50);
    assert_true(memory_sim_truth(o.sim, o.g).anon >= 1500);
    assert_true(o.run.lowest_unused >= 100);
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_RELEASE});
    memory_run_steps(&o.run, 60);
    assert_true(size_of(&o) < 500);
    assert_true(o.run.lowest_unused >= 100);
    end(&o);
}

static void without_usable(void **state)
{
    (void)state;
    up_and_down((struct memory_sim_guest){.no_usable = true});
}

static void like_windows(void **state)
{
    (void)state;
    up_and_down((struct memory_sim_guest){.no_usable = true, .no_caches = true});
}

static void without_a_total(void **state)
{
    (void)state;
    up_and_down((struct memory_sim_guest){.no_available = true});
}

static void with_deflate_on_oom(void **state)
{
    (void)state;
    up_and_down((struct memory_sim_guest){.deflate_on_oom = true});
}

static void without_a_resident_set(void **state)
{
    (void)state;
    up_and_down((struct memory_sim_guest){.no_rss = true});
}

/* It takes memory back by itself: the request it broke is dropped, so that it isn't squeezed again. */
static void that_gives_way_is_let_be(void **state)
{
    struct one o;
    bool dropped = false;

    (void)state;
    begin(&o, (struct memory_sim_guest){.deflate_on_oom = true, .size_mib = 1024, .max_mib = 2048});
    memory_run_steps(&o.run, 30);
    assert_true(size_of(&o) < 400);
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_STEP, .limit_mib = 600});
    for (int i = 0; i < 5; i++) {
        memory_run_step(&o.run);
        dropped = dropped || memory_sim_truth(o.sim, o.g).target >= 600;
    }
    assert_true(dropped);
    memory_run_steps(&o.run, 20);
    assert_true(memory_sim_truth(o.sim, o.g).anon >= 599);
    assert_true(memory_sim_truth(o.sim, o.g).unused >= 100);
    end(&o);
}

/* Its maximum is below the floor, so it stays as it is. */
static void smaller_than_the_floor(void **state)
{
    struct one o;

    (void)state;
    begin(&o, (struct memory_sim_guest){.size_mib = 150, .max_mib = 150});
    memory_run_steps(&o.run, 30);
    assert_int_equal(o.run.set_calls, 0);
    assert_true(o.run.plan.guests[0].floor_kib == 150 * 1024);
    end(&o);
}

static void with_memory_plugged_and_unplugged(void **state)
{
    struct one o;

    (void)state;
    begin(&o, (struct memory_sim_guest){.size_mib = 512, .max_mib = 512});
    memory_run_steps(&o.run, 20);
    memory_sim_plug(o.sim, o.g, 1024);
    memory_run_steps(&o.run, 40);
    assert_true(size_of(&o) < 512);
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20, .limit_mib = 1300});
    memory_run_steps(&o.run, 60);
    assert_true(memory_sim_truth(o.sim, o.g).anon >= 1300);
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_RELEASE});
    memory_run_step(&o.run);
    memory_sim_plug(o.sim, o.g, -1024);
    memory_run_steps(&o.run, 60);
    assert_true(size_of(&o) <= 512);
    end(&o);
}

/* No target is ever above it, which is looked for in every plan. */
static void with_a_maximum_that_changes(void **state)
{
    struct one o;

    (void)state;
    begin(&o, (struct memory_sim_guest){.size_mib = 512, .max_mib = 1024});
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20, .limit_mib = 1800});
    memory_run_steps(&o.run, 60);
    assert_true(size_of(&o) == 1024);
    memory_sim_set_max(o.sim, o.g, 3072);
    memory_run_steps(&o.run, 60);
    assert_true(memory_sim_truth(o.sim, o.g).anon >= 1800);
    assert_true(memory_sim_truth(o.sim, o.g).unused >= 100);
    /* Smaller than it is: whatever it is set to on the way would be too large. */
    memory_sim_set_max(o.sim, o.g, 1536);
    memory_run_step(&o.run);
    memory_run_measure_from_here(&o.run);
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_RELEASE, .limit_mib = 500});
    memory_run_steps(&o.run, 20);
    assert_int_equal(o.run.set_calls, 0);
    assert_status(&o, "larger than its maximum of 1536 MiB");
    memory_sim_set_max(o.sim, o.g, 2560);
    memory_run_steps(&o.run, 30);
    assert_true(size_of(&o) < 1000);
    end(&o);
}

static void in_pressed_hosts_idle_ones_give_faster(void **state)
{
    struct one calm, pressed;

    (void)state;
    begin(&calm, (struct memory_sim_guest){0});
    begin(&pressed, (struct memory_sim_guest){0});
    memory_sim_set_pressure(pressed.sim, 40);
    memory_run_steps(&calm.run, 6);
    memory_run_steps(&pressed.run, 6);
    assert_true(size_of(&pressed) < size_of(&calm) - 500);
    assert_true(memory_sim_truth(pressed.sim, pressed.g).unused >= 100);
    end(&calm);
    end(&pressed);
}

/* Without its memory known, the host gives nothing. */
static void on_a_silent_host_nobody_is_given_anything(void **state)
{
    struct memory_sim *sim = memory_sim_new(&(struct memory_sim_host){.total_mib = 8192, .silent = true});
    struct memory_run run = {.trace = NULL};
    int g = memory_sim_add(sim, &(struct memory_sim_guest){.name = "vm", .size_mib = 512, .max_mib = 2048});

    (void)state;
    memory_sim_run(sim, 5);
    memory_run_start(&run, sim, &coordinator_policy, NULL, 2);
    memory_sim_load(sim, g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20});
    memory_run_steps(&run, 40);
    assert_true(memory_sim_truth(sim, g).size <= 512);
    assert_int_equal(run.broken, 0);
    assert_true(run.plan.n_notes > 0);
    memory_run_end(&run);
    memory_sim_free(sim);
}

/* A cut that makes the guest swap is given back at the next decision, and the guest left in peace for longer. */
static void that_a_cut_hurts_gets_it_back(void **state)
{
    struct one o;
    double before, after_cut = 0, lowest_then;

    (void)state;
    begin(&o, (struct memory_sim_guest){.size_mib = 1024, .max_mib = 2048, .swap_mib = 1024});
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_STEP, .limit_mib = 300});
    memory_run_steps(&o.run, 4);
    before = size_of(&o);
    assert_true(before < 1024);
    /* All that it lets go is wanted again in the interval after a cut. */
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_STEP, .limit_mib = 520});
    after_cut = size_of(&o);
    memory_run_step(&o.run);
    memory_sim_run(o.sim, 0.5);
    assert_true(size_of(&o) > after_cut);
    lowest_then = size_of(&o);
    memory_sim_load(o.sim, o.g, &(struct memory_load){.kind = MEMORY_RELEASE, .limit_mib = 300});
    memory_run_steps(&o.run, 3);
    assert_true(size_of(&o) >= lowest_then);
    end(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_balloon),
        cmocka_unit_test(without_a_driver),
        cmocka_unit_test(without_statistics),
        cmocka_unit_test(with_huge_pages),
        cmocka_unit_test(locked_excluded_or_by_metadata),
        cmocka_unit_test(starting_until_its_driver_reports),
        cmocka_unit_test(paused_migrating_or_stopping),
        cmocka_unit_test(with_statistics_that_stand_still),
        cmocka_unit_test(that_swaps_while_its_statistics_stand_still),
        cmocka_unit_test(bound_to_a_node_get_what_that_has),
        cmocka_unit_test(stuck),
        cmocka_unit_test(slow_balloons_get_no_second_request),
        cmocka_unit_test(without_usable),
        cmocka_unit_test(like_windows),
        cmocka_unit_test(without_a_total),
        cmocka_unit_test(with_deflate_on_oom),
        cmocka_unit_test(without_a_resident_set),
        cmocka_unit_test(that_gives_way_is_let_be),
        cmocka_unit_test(smaller_than_the_floor),
        cmocka_unit_test(with_memory_plugged_and_unplugged),
        cmocka_unit_test(with_a_maximum_that_changes),
        cmocka_unit_test(in_pressed_hosts_idle_ones_give_faster),
        cmocka_unit_test(on_a_silent_host_nobody_is_given_anything),
        cmocka_unit_test(that_a_cut_hurts_gets_it_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
