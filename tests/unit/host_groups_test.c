/*
 * vCPUs pinned to groups of pCPUs, from what the hypervisor reports to the masks that it is given: the host and the
 * scheduler, over a made-up hypervisor of two nodes of two cores of two threads.
 */
#include "core/model/pcpu_groups.h"
#include "tests/unit/decider.h"

#include <libvirt/virterror.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ALL = DECIDER_ALL };

static void begin(struct decider *d, struct host_world *w, double size)
{
    struct scheduler_settings settings = scheduler_settings_default;

    settings.pin_to = size;
    decider_begin(d, w, &settings);
}

static int guests_with(uint64_t affinity)
{
    int n = 0;

    for (int i = 0; i < hypervisor.n_guests; i++)
        n += hypervisor.guests[i].affinity[0] == affinity;
    return n;
}

static void masks_are_the_groups(void **state)
{
    static const struct {
        double size;
        int groups, guests; /* of each */
        uint64_t masks[4];
    } cases[] = {
        {PCPU_GROUPS_CORE, 4, 2, {0x03, 0x0c, 0x30, 0xc0}},
        {PCPU_GROUPS_LLC, 2, 4, {0x0f, 0xf0}},
        {PCPU_GROUPS_NODE, 2, 4, {0x0f, 0xf0}},
        {2, 4, 2, {0x03, 0x0c, 0x30, 0xc0}},
        {8, 2, 4, {0x0f, 0xf0}},
    };
    struct host_world *w = *state;

    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        struct decider d;

        hypervisor_reset();
        decider_make_host(w);
        decider_add_guests(8, ALL, 40);
        begin(&d, w, cases[c].size);
        decide_often(&d, 8);
        for (int m = 0; m < cases[c].groups; m++)
            assert_int_equal(guests_with(cases[c].masks[m]), cases[c].guests);
        assert_int_equal(d.pins, 0); /* and they stay */
        decider_end(&d);
        host_world_close(w);
    }
}

/* The kernel moves vCPUs about in their groups: of a few guests it is asked at each sample where they are. */
static void it_is_known_where_in_its_group_a_vcpu_runs(void **state)
{
    struct host_world *w = *state;
    struct decider d;
    int before;

    decider_make_host(w);
    decider_add_guests(8, ALL, 40);
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 8);
    for (int i = 0; i < 8; i++)
        hypervisor.guests[i].runs_on[0] = hypervisor.guests[i].affinity[0] == 0x0f ? 1 + i % 3 : 5 + i % 3;
    before = hypervisor_called("virDomainGetVcpus");
    for (int i = 0; i < 8; i++) /* for a decision, one guest is read anyhow */
        host_world_sample_light(w);
    for (int i = 0; i < 8; i++)
        assert_int_equal(w->s.vcpus[w->s.guests[i].first_vcpu].cpu, hypervisor.guests[i].runs_on[0]);
    assert_int_equal(hypervisor_called("virDomainGetVcpus") - before, 8);
    decider_end(&d);
}

/* Started again, it takes its own masks for what they are, though a mask of several pCPUs set by others is a rule. */
static void own_masks_are_no_rules(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    decider_make_host(w);
    decider_add_guests(8, ALL, 40);
    begin(&d, w, PCPU_GROUPS_CORE);
    decide_often(&d, 6);
    assert_int_equal(guests_with(0x03), 2);
    decider_end(&d);
    host_world_close(w);
    host_world_open(w, false);
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 6);
    assert_int_equal(guests_with(0x0f), 4);
    assert_int_equal(guests_with(0xf0), 4);
    decider_end(&d);
    /* As found, at last. */
    assert_int_equal(host_world_restore(w, true, false), 8);
    assert_int_equal(guests_with(ALL), 8);
}

static void others_masks_are_rules_though_they_are_groups(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    decider_make_host(w);
    decider_add_guests(4, 0x03, 90);
    decider_add_guests(2, ALL, 10);
    begin(&d, w, PCPU_GROUPS_CORE);
    decide_often(&d, 8);
    assert_int_equal(guests_with(0x03), 4);
    for (int i = 4; i < 6; i++) /* they are pinned, to other cores */
        assert_true(hypervisor.guests[i].affinity[0] != ALL && hypervisor.guests[i].affinity[0] != 0x03);
    decider_end(&d);
}

static void pins_to_one_pcpu_become_pins_to_its_group(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    decider_make_host(w);
    for (int i = 0; i < 8; i++)
        decider_add_guests(1, (uint64_t)1 << i, 50);
    begin(&d, w, PCPU_GROUPS_CORE);
    decide_often(&d, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(hypervisor.guests[i].affinity[0], 0x03 << i / 2 * 2);
    decider_end(&d);
}

static void set_policy(struct hypervisor_guest *g, const char *attributes)
{
    snprintf(g->definition, sizeof(g->definition), "<metadata><policy xmlns='urn:vmbalance:policy:1' %s/></metadata>",
             attributes);
}

/* A guest that may use a part of a group only is pinned to that part; a dedicated guest's pCPU is in no group. */
static void a_mask_is_the_group_as_far_as_it_may_be_used(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    decider_make_host(w);
    decider_add_guests(1, ALL, 40);
    set_policy(&hypervisor.guests[0], "pcpus='1-2'");
    decider_add_guests(1, 0x40, 20);
    set_policy(&hypervisor.guests[1], "dedicated='yes'");
    decider_add_guests(6, ALL, 40);
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 8);
    assert_int_equal(hypervisor.guests[0].affinity[0], 0x06);
    assert_int_equal(hypervisor.guests[1].affinity[0], 0x40);
    assert_int_equal(guests_with(0x0f), 3);
    assert_int_equal(guests_with(0xb0), 3);
    decider_end(&d);
}

/* Who leaves a crowded node does so in words of groups, and doesn't come back soon, though either of the two might. */
static void a_crowded_group_is_relieved(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    decider_make_host(w);
    decider_add_guests(8, ALL, 40);
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 6);
    for (int i = 0; i < 8; i++)
        hypervisor.guests[i].load_pct[0] = hypervisor.guests[i].affinity[0] == 0x0f ? 90 : 0;
    do {
        decide(&d);
    } while (d.pins == 0);
    assert_int_equal(d.pins, 2);
    for (int i = 0; i < d.plan.n_actions; i++) {
        const struct plan_action *a = &d.plan.actions[i];

        assert_true(a->from_group && a->from_cpu == -1 && a->to_cpu == -1);
        assert_int_equal(plan_mask(&d.plan, a->from_mask)[0], 0x0f);
        assert_int_equal(plan_mask(&d.plan, a->to_mask)[0], 0xf0);
        assert_non_null(strstr(a->reason, "pCPUs 0-3"));
    }
    for (int i = 0; i < 8; i++)
        if (hypervisor.guests[i].affinity[0] == 0x0f)
            hypervisor.guests[i].load_pct[0] = 0;
    decide_often(&d, 6);
    assert_int_equal(guests_with(0x0f), 2);
    decider_end(&d);
}

/* auto pins what groups have room for at nearly all times, and lets the kernel have the others; when loads grow, those
 * that there is no room for any more are let go, and when they shrink, pinned again. */
static void auto_leaves_groups_room_to_spare(void **state)
{
    struct host_world *w = *state;
    struct decider d;
    int pinned, pins = 0;

    decider_make_host(w);
    decider_add_guests(8, ALL, 5);
    begin(&d, w, PCPU_GROUPS_AUTO);
    decide_often(&d, 8);
    assert_int_equal(guests_with(0x0f), 4);
    assert_int_equal(guests_with(0xf0), 4);
    for (int i = 0; i < 8; i++)
        hypervisor.guests[i].load_pct[0] = 60;
    decide_often(&d, 20);
    pinned = 8 - guests_with(ALL);
    assert_in_range(pinned, 1, 4);
    assert_int_equal(guests_with(0x0f) + guests_with(0xf0), pinned);
    for (int i = 0; i < 10; i++) {
        decide(&d);
        pins += d.pins;
    }
    assert_int_equal(pins, 0);
    for (int i = 0; i < 8; i++)
        hypervisor.guests[i].load_pct[0] = 5;
    decide_often(&d, 20);
    assert_int_equal(guests_with(ALL), 0);
    decider_end(&d);
    host_world_restore(w, true, false);
    assert_int_equal(guests_with(ALL), 8);
}

/* What floats keeps off a dedicated guest's pCPUs all the same. */
static void what_is_left_floating_keeps_off_dedicated_pcpus(void **state)
{
    struct host_world *w = *state;
    struct decider d;
    int floating = 0;

    decider_make_host(w);
    decider_add_guests(1, 0x40, 20);
    set_policy(&hypervisor.guests[0], "dedicated='yes'");
    decider_add_guests(7, ALL, 60);
    begin(&d, w, PCPU_GROUPS_AUTO);
    decide_often(&d, 10);
    for (int i = 1; i < 8; i++) {
        assert_int_equal(hypervisor.guests[i].affinity[0] & 0x40, 0);
        floating += hypervisor.guests[i].affinity[0] == 0xbf;
    }
    assert_true(floating > 0);
    assert_int_equal(d.pins, 0);
    assert_int_equal(hypervisor.guests[0].affinity[0], 0x40);
    decider_end(&d);
}

/* Where the whole host is one cache, it is one group, and nobody is pinned to less. */
static void auto_leaves_a_host_of_one_cache_floating(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    decider_make_plain_host(w, 2);
    decider_add_guests(3, 0x03, 60);
    begin(&d, w, PCPU_GROUPS_AUTO);
    decide_often(&d, 8);
    assert_int_equal(guests_with(0x03), 3);
    assert_int_equal(hypervisor_called("virDomainPinVcpuFlags"), 0);
    decider_end(&d);
}

/* How much more a core gets done with two threads than with one is the operator's to say. */
static void a_core_of_two_threads_takes_more_than_one_of_one(void **state)
{
    static const struct {
        double factor;
        int on_both;
    } cases[] = {{1.3, 3}, {2.0, 4}};
    struct host_world *w = *state;

    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        struct scheduler_settings settings = scheduler_settings_default;
        struct decider d;

        hypervisor_reset();
        decider_make_host(w);
        hypervisor.online = 0x07; /* a core of two threads, and one thread of another */
        decider_add_guests(6, 0x07, 20);
        settings.pin_to = PCPU_GROUPS_CORE;
        settings.smt_factor = cases[c].factor;
        decider_begin(&d, w, &settings);
        decide_often(&d, 8);
        assert_int_equal(guests_with(0x03), cases[c].on_both);
        assert_int_equal(guests_with(0x04), 6 - cases[c].on_both);
        decider_end(&d);
        host_world_close(w);
    }
}

static void guests_left_alone_keep_their_masks(void **state)
{
    static const char realtime[] = "<cputune><vcpusched vcpus='0' scheduler='fifo' priority='1'/></cputune>";
    struct host_world *w = *state;
    struct decider d;

    decider_make_host(w);
    decider_add_guests(8, ALL, 40);
    memcpy(hypervisor.guests[0].definition, realtime, sizeof(realtime));
    begin(&d, w, PCPU_GROUPS_NODE);
    d.locked = "b";
    decide_often(&d, 8);
    for (int i = 0; i < 8; i++)
        assert_true((hypervisor.guests[i].affinity[0] == ALL) == (i < 2));
    decider_end(&d);
}

/* Whatever a pin to a group is refused for, its guest's mask stays as it was found and the others are pinned; it isn't
 * asked for at each decision, isn't in the ledger, and no pCPU is set aside for it. */
static void refused_pins_to_groups_are_let_be(void **state)
{
    static const int codes[] = {VIR_ERR_OPERATION_DENIED, VIR_ERR_SYSTEM_ERROR, VIR_ERR_INVALID_ARG};
    struct host_world *w = *state;

    for (size_t c = 0; c < sizeof(codes) / sizeof(codes[0]); c++) {
        struct decider d;

        hypervisor_reset();
        decider_make_host(w);
        decider_add_guests(8, ALL, 40);
        hypervisor_fail("virDomainPinVcpuFlags", "a", codes[c], -1);
        begin(&d, w, PCPU_GROUPS_NODE);
        decide_often(&d, 16);
        assert_int_equal(guests_with(ALL), 1);
        assert_int_equal(hypervisor.guests[0].affinity[0], ALL);
        for (int i = 0; i < w->s.n_pcpus; i++)
            assert_false(w->s.pcpus[i].refuses);
        assert_int_equal(d.plan.vcpus[0].cooldown_s > 0 || d.plan.n_actions > 0, 1);
        decider_end(&d);
        assert_int_equal(host_world_restore(w, true, false), 7);
        assert_int_equal(guests_with(ALL), 8);
        host_world_close(w);
    }
}

/* Who is pinned to a group of which a pCPU goes offline is pinned to what is left of it, and to all of it when that is
 * back. */
static void a_group_of_which_a_pcpu_goes_offline(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    decider_make_host(w);
    decider_add_guests(8, ALL, 40);
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 6);
    assert_int_equal(guests_with(0x0f), 4);
    hypervisor.online = ALL & ~0x08u;
    decide_often(&d, 12);
    assert_int_equal(guests_with(0x0f), 0);
    assert_int_equal(guests_with(0x07) + guests_with(0xf0), 8);
    hypervisor.online = ALL;
    decide_often(&d, 12);
    assert_int_equal(guests_with(0x0f) + guests_with(0xf0), 8);
    decider_end(&d);
    host_world_restore(w, true, false);
    assert_int_equal(guests_with(ALL), 8);
}

/* A guest whose affinity can't be told is left alone, and in nobody's way. */
static void an_unknown_affinity_is_left_alone(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    decider_make_host(w);
    decider_add_guests(1, ALL, 40);
    hypervisor.guests[0].maps = HYPERVISOR_MAPS_EMPTY;
    decider_add_guests(7, ALL, 40);
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 6);
    assert_int_equal(guests_with(ALL), 1);
    decider_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(masks_are_the_groups, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(own_masks_are_no_rules, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(others_masks_are_rules_though_they_are_groups, host_world_make,
                                        host_world_free),
        cmocka_unit_test_setup_teardown(a_mask_is_the_group_as_far_as_it_may_be_used, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(auto_leaves_groups_room_to_spare, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(auto_leaves_a_host_of_one_cache_floating, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(a_core_of_two_threads_takes_more_than_one_of_one, host_world_make,
                                        host_world_free),
        cmocka_unit_test_setup_teardown(guests_left_alone_keep_their_masks, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(it_is_known_where_in_its_group_a_vcpu_runs, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(refused_pins_to_groups_are_let_be, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(a_group_of_which_a_pcpu_goes_offline, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(what_is_left_floating_keeps_off_dedicated_pcpus, host_world_make,
                                        host_world_free),
        cmocka_unit_test_setup_teardown(an_unknown_affinity_is_left_alone, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(a_crowded_group_is_relieved, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(pins_to_one_pcpu_become_pins_to_its_group, host_world_make, host_world_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
