/*
 * A plan of which the second action fails, by whatever there is: the others are carried out, and the ledger has what
 * was done, not what wasn't.
 */
#include "core/host/ledger.h"
#include "tests/unit/host_world.h"
#include "tests/unit/hypervisor/hurry/hurry.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t mib = 1024;

enum { REFUSED, GONE, HANGS, WAYS };

/* Three guests, the second of which is no longer as it was when the plan was made. */
static void begin(struct host_world *w, bool memory, int way)
{
    struct hypervisor_guest *second;

    hypervisor_add("a");
    second = hypervisor_add("b");
    hypervisor_add("c");
    host_world_open(w, memory);
    host_world_sample(w);
    host_world_sample(w);
    if (way == REFUSED)
        hypervisor_fail(memory ? "virDomainSetMemoryFlags" : "virDomainPinVcpuFlags", "b", VIR_ERR_OPERATION_FAILED, 1);
    second->gone = way == GONE;
    second->hangs = way == HANGS;
}

static enum plan_result act(struct host_world *w, bool memory, const char *guest)
{
    return memory ? host_world_size(w, guest, 1200 * mib) : host_world_pin(w, guest, 1);
}

/* Whether a later run would find an entry of that guest. */
static bool noted(struct host_world *w, bool memory, const struct hypervisor_guest *g)
{
    char path[128];
    struct ledger *f;
    bool found;

    snprintf(path, sizeof(path), "%s/found-%s-qemu___made-up_system", w->dir, memory ? "memory" : "cpu");
    f = ledger_open(path);
    assert_non_null(f);
    assert_true(ledger_count(f) > 0);
    found = ledger_get(f, g->uuid, g->id, memory ? LEDGER_SIZE : LEDGER_AFFINITY, 0) != NULL;
    ledger_close(f);
    return found;
}

static void fails_in_the_middle(struct host_world *w, bool memory, int way)
{
    enum plan_result second;

    begin(w, memory, way);
    assert_int_equal(act(w, memory, "a"), PLAN_DONE);
    second = act(w, memory, "b");
    assert_int_equal(second, way == GONE ? PLAN_SKIPPED : PLAN_FAILED);
    assert_true(strlen(w->error) > 0); /* with a reason */
    assert_int_equal(act(w, memory, "c"), PLAN_DONE);
    assert_true(noted(w, memory, &hypervisor.guests[0]));
    /* Of a call that was cut off nobody knows what came: it may have to be put back. */
    assert_int_equal(noted(w, memory, &hypervisor.guests[1]), way == HANGS);
    assert_true(noted(w, memory, &hypervisor.guests[2]));
}

#define FAILS(name, memory, way)                                                                                       \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        fails_in_the_middle(*state, memory, way);                                                                      \
    }
FAILS(a_pin_is_refused_in_the_middle, false, REFUSED)
FAILS(a_guest_to_pin_is_gone_in_the_middle, false, GONE)
FAILS(a_guest_to_pin_hangs_in_the_middle, false, HANGS)
FAILS(a_size_is_refused_in_the_middle, true, REFUSED)
FAILS(a_guest_to_size_is_gone_in_the_middle, true, GONE)
FAILS(a_guest_to_size_hangs_in_the_middle, true, HANGS)

/*
 * It was done, but the connection lost before that was told: nobody knows, so that the note has to stay. With the next
 * connection it shows, is taken for ours, and can be put back.
 */
static void is_lost_in_the_middle(struct host_world *w, bool memory)
{
    const char *call = memory ? "virDomainSetMemoryFlags" : "virDomainPinVcpuFlags";
    struct hypervisor_guest *g = hypervisor_add("a");

    host_world_open(w, memory);
    host_world_sample(w);
    hypervisor_cut_by(call, "a");
    assert_int_equal(host_world_apply(w, memory ? PLAN_SET_MEMORY : PLAN_PIN, "a", memory ? -1 : 1, 1200 * mib),
                     -ENOTCONN);
    assert_int_equal(w->plan.actions[0].result, PLAN_PENDING);
    assert_true(noted(w, memory, g));
    host_world_sample_at_last(w);
    host_world_sample(w);
    if (memory)
        assert_int_equal(host_world_guest(w, "a")->memory.size_kib, 1200 * mib);
    else
        assert_int_equal(host_world_cpu(w, "a"), 1);
    assert_true(noted(w, memory, g));
    assert_int_equal(host_world_restore(w, !memory, memory), 1);
    assert_int_equal(g->affinity[0], 0xf);
    assert_int_equal(g->target_kib, 1024 * mib);
}

static void a_pin_whose_answer_is_lost_is_put_back(void **state)
{
    is_lost_in_the_middle(*state, false);
}

static void a_size_whose_answer_is_lost_is_put_back(void **state)
{
    is_lost_in_the_middle(*state, true);
}

/* Its affinities are told all the same, without who is online: no vCPU is said to be gone for that. */
static void vcpus_that_cannot_be_listed_are_pinned(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    hypervisor_fail("virDomainGetVcpus", "a", VIR_ERR_INTERNAL_ERROR, -1);
    host_world_open(w, false);
    host_world_sample(w);
    assert_int_equal(host_world_pin(w, "a", 1), PLAN_DONE);
    assert_int_equal(g->affinity[0], 2);
}

/* One that worked before stays noted as it was, so that what others set next isn't taken for ours. */
static void a_refused_size_leaves_what_was_noted(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(host_world_size(w, "a", 1200 * mib), PLAN_DONE);
    host_world_sample(w);
    hypervisor_fail("virDomainSetMemoryFlags", "a", VIR_ERR_OPERATION_FAILED, 1);
    assert_int_equal(host_world_size(w, "a", 1600 * mib), PLAN_FAILED);
    assert_non_null(strstr(w->error, "made to fail"));
    assert_true(noted(w, true, g));
    host_world_close(w);
    g->target_kib = g->size_kib = 1400 * mib; /* by others: we never got there */
    host_world_open(w, true);
    assert_int_equal(host_world_restore(w, false, true), 0);
    assert_int_equal(g->target_kib, 1400 * mib);
    assert_int_equal(host_world_told(w, "a: its size is left as others set it, at 1400 MiB"), 1);
}

int main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, host_world_make, host_world_free)
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_pin_is_refused_in_the_middle),         IN_A_WORLD(a_guest_to_pin_is_gone_in_the_middle),
        IN_A_WORLD(a_guest_to_pin_hangs_in_the_middle),     IN_A_WORLD(a_size_is_refused_in_the_middle),
        IN_A_WORLD(a_guest_to_size_is_gone_in_the_middle),  IN_A_WORLD(a_guest_to_size_hangs_in_the_middle),
        IN_A_WORLD(a_pin_whose_answer_is_lost_is_put_back), IN_A_WORLD(a_size_whose_answer_is_lost_is_put_back),
        IN_A_WORLD(a_refused_size_leaves_what_was_noted),   IN_A_WORLD(vcpus_that_cannot_be_listed_are_pinned),
    };

    hurry(true);
    return cmocka_run_group_tests_name("a part of a plan, on the host", tests, NULL, NULL);
}
