/*
 * Guests' emulators and iothreads, placed where their vCPUs are (--with-iothreads), and given back: the host and the
 * scheduler over a made-up hypervisor.
 */
#include "core/engine/undo.h"
#include "core/model/pcpu_groups.h"
#include "tests/unit/decider.h"

#include <libvirt/virterror.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ALL = DECIDER_ALL };

static void begin(struct decider *d, struct host_world *w, double size)
{
    struct scheduler_settings settings = scheduler_settings_default;

    settings.pin_to = size;
    settings.with_threads = w->with_threads;
    decider_begin(d, w, &settings);
}

/* Eight guests of 40 %, whose other threads do 10 % more each; each has an iothread. */
static void make_guests(struct host_world *w)
{
    w->with_threads = true;
    decider_make_host(w);
    decider_add_guests(8, ALL, 40);
    for (int i = 0; i < 8; i++) {
        hypervisor.guests[i].n_iothreads = 1;
        hypervisor.guests[i].other_pct = 10;
    }
}

static void assert_together(void)
{
    for (int i = 0; i < 8; i++) {
        assert_int_equal(hypervisor.guests[i].threads[0], hypervisor.guests[i].affinity[0]);
        assert_int_equal(hypervisor.guests[i].threads[1], hypervisor.guests[i].affinity[0]);
    }
}

static void assert_as_found(void)
{
    for (int i = 0; i < hypervisor.n_guests; i++) {
        assert_int_equal(hypervisor.guests[i].affinity[0], ALL);
        assert_int_equal(hypervisor.guests[i].threads[0], ALL);
        assert_int_equal(hypervisor.guests[i].threads[1], ALL);
    }
}

static void threads_go_where_their_vcpus_are(void **state)
{
    static const double sizes[] = {PCPU_GROUPS_CPU, PCPU_GROUPS_CORE, PCPU_GROUPS_NODE};
    struct host_world *w = *state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct decider d;

        hypervisor_reset();
        make_guests(w);
        begin(&d, w, sizes[i]);
        decide_often(&d, 8);
        for (int g = 0; g < 8; g++)
            assert_int_not_equal(hypervisor.guests[g].affinity[0], ALL);
        assert_together();
        assert_int_equal(d.pins, 0); /* and they stay */
        assert_int_equal(host_world_restore(w, true, false), 24);
        assert_as_found();
        decider_end(&d);
        host_world_close(w);
    }
}

/* Who isn't asked to leaves them alone, and doesn't even ask where they are. */
static void without_the_option_they_are_left_alone(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    make_guests(w);
    host_world_close(w);
    w->with_threads = false;
    host_world_open(w, false);
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 8);
    assert_int_not_equal(hypervisor.guests[0].affinity[0], ALL);
    for (int i = 0; i < 8; i++)
        assert_true(hypervisor.guests[i].threads[0] == ALL && hypervisor.guests[i].threads[1] == ALL);
    assert_int_equal(hypervisor_called("virDomainGetEmulatorPinInfo") + hypervisor_called("virDomainPinEmulator"), 0);
    decider_end(&d);
}

/* A program that was killed left them pinned: the next one gives them back, whether or not it places such threads. */
static void what_a_killed_one_left_is_given_back(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    make_guests(w);
    begin(&d, w, PCPU_GROUPS_CORE);
    decide_often(&d, 8);
    assert_together();
    decider_end(&d);
    host_world_close(w);
    w->with_threads = false;
    host_world_open(w, false);
    assert_int_equal(host_world_restore(w, true, false), 24);
    assert_as_found();
}

/* Started again, it knows its own masks; those that others set since are theirs, and stay. */
static void others_masks_of_threads_are_rules(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    make_guests(w);
    hypervisor.guests[1].threads[0] = 0x01; /* a housekeeping pCPU, by its definition */
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 8);
    assert_int_equal(hypervisor.guests[1].threads[0], 0x01);
    assert_int_equal(hypervisor.guests[1].threads[1], hypervisor.guests[1].affinity[0]);
    decider_end(&d);
    host_world_close(w);
    hypervisor.guests[0].threads[0] = 0x03;
    host_world_open(w, false);
    begin(&d, w, PCPU_GROUPS_CORE);
    decide_often(&d, 8);
    assert_int_equal(hypervisor.guests[0].threads[0], 0x03);
    assert_int_equal(hypervisor.guests[2].threads[0], hypervisor.guests[2].affinity[0]);
    decider_end(&d);
    host_world_restore(w, true, false);
    assert_int_equal(hypervisor.guests[0].threads[0], 0x03);
    assert_int_equal(hypervisor.guests[1].threads[0], 0x01);
    assert_int_equal(hypervisor.guests[2].threads[0], ALL);
}

/* What is refused isn't in the ledger, and isn't asked for again at each decision. */
static void refused_threads_are_let_be(void **state)
{
    struct host_world *w = *state;
    struct decider d;
    int asked;

    make_guests(w);
    hypervisor_fail("virDomainPinEmulator", "a", VIR_ERR_OPERATION_DENIED, -1);
    hypervisor_fail("virDomainPinIOThread", "b", VIR_ERR_INVALID_ARG, -1);
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 16);
    assert_int_equal(hypervisor.guests[0].threads[0], ALL);
    assert_int_equal(hypervisor.guests[1].threads[1], ALL);
    assert_int_equal(hypervisor.guests[2].threads[0], hypervisor.guests[2].affinity[0]);
    asked = hypervisor_called("virDomainPinEmulator");
    assert_in_range(asked, 9, 12); /* seven were taken; the eighth is asked for after 2, 4 and 8 intervals again */
    for (int i = 0; i < hypervisor.n_guests; i++) /* no pCPU is set aside for it */
        assert_false(w->s.pcpus[i].refuses);
    assert_int_equal(host_world_restore(w, true, false), 22);
    assert_as_found();
    decider_end(&d);
}

static void threads_of_guests_left_alone_stay(void **state)
{
    static const char dedicated[] = "<metadata><policy xmlns='urn:vmbalance:policy:1' dedicated='yes'/></metadata>";
    static const char alone[] = "<metadata><policy xmlns='urn:vmbalance:policy:1' leave-alone='yes'/></metadata>";
    static const char realtime[] = "<cputune><vcpusched vcpus='0' scheduler='fifo' priority='1'/></cputune>";
    struct host_world *w = *state;
    struct decider d;

    make_guests(w);
    memcpy(hypervisor.guests[0].definition, dedicated, sizeof(dedicated));
    memcpy(hypervisor.guests[1].definition, alone, sizeof(alone));
    memcpy(hypervisor.guests[2].definition, realtime, sizeof(realtime));
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 8);
    for (int i = 0; i < 8; i++)
        assert_true((hypervisor.guests[i].threads[0] == ALL) == (i < 3));
    decider_end(&d);
}

/* What other threads do counts as their guest's, where they are: not as the host's own work, and for the vCPUs that
 * they go with, so that guests with busy ones come to lie apart. */
static void their_load_goes_with_the_guest(void **state)
{
    struct host_world *w = *state;
    struct decider d;

    w->with_threads = true;
    decider_make_host(w);
    decider_add_guests(4, 0x01, 20);
    hypervisor.guests[0].other_pct = hypervisor.guests[1].other_pct = 70;
    begin(&d, w, PCPU_GROUPS_NODE);
    decide_often(&d, 10);
    assert_int_not_equal(hypervisor.guests[0].affinity[0], hypervisor.guests[1].affinity[0]);
    assert_int_equal(hypervisor.guests[0].threads[0], hypervisor.guests[0].affinity[0]);
    for (int i = 0; i < 2; i++) {
        const struct plan_vcpu *v = &d.plan.vcpus[w->s.guests[i].first_vcpu];

        assert_in_range((int)v->demand_pct, 85, 95);
    }
    for (int i = 0; i < d.rates.n_pcpus; i++)
        assert_true(d.rates.pcpus[i].host_pct < 5.0);
    decider_end(&d);
}

static void a_pin_of_a_thread_is_undone(void **state)
{
    struct host_world *w = *state;
    struct undo undo = {0};
    struct plan back = {0};
    struct decider d;

    make_guests(w);
    begin(&d, w, PCPU_GROUPS_NODE);
    do {
        decide(&d);
    } while (d.pins == 0);
    assert_int_equal(undo_keep(&undo, &d.plan), 0);
    assert_int_equal(plan_size_for(&back, &w->s), 0);
    assert_int_equal(undo_plan(&undo, &w->s, &back), 0);
    assert_int_equal(back.n_actions, d.plan.n_actions);
    for (int i = 0; i < back.n_actions; i++)
        assert_int_equal(w->host->ops->apply(w->host, &back, &back.actions[i]), 0);
    assert_as_found();
    undo_free(&undo);
    plan_free(&back);
    decider_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_go_where_their_vcpus_are, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(without_the_option_they_are_left_alone, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(what_a_killed_one_left_is_given_back, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(others_masks_of_threads_are_rules, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(refused_threads_are_let_be, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(threads_of_guests_left_alone_stay, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(their_load_goes_with_the_guest, host_world_make, host_world_free),
        cmocka_unit_test_setup_teardown(a_pin_of_a_thread_is_undone, host_world_make, host_world_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
