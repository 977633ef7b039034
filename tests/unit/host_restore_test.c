/*
 * Putting back what was found: as far as guests can spare it, of those that can be reached, and nothing that is
 * others'.
 */
#include "tests/unit/host_world.h"
#include "tests/unit/hypervisor/hurry/hurry.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t mib = 1024;

/* A guest found at 256 MiB, grown to 900 since, of which it uses used_mib now. */
static struct hypervisor_guest *grown_guest(struct host_world *w, uint64_t used_mib)
{
    struct hypervisor_guest *g = hypervisor_add("a");

    g->size_kib = g->target_kib = 256 * mib;
    g->used_kib = 100 * mib;
    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(host_world_size(w, "a", 900 * mib), PLAN_DONE);
    host_world_sample(w);
    assert_int_equal(g->size_kib, 900 * mib);
    g->used_kib = used_mib * mib;
    return g;
}

static void a_size_is_put_back_where_the_guest_can_spare_it(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = grown_guest(w, 100);

    g->step_kib = 150 * mib;
    assert_int_equal(host_world_restore(w, false, true), 1);
    assert_int_equal(g->target_kib, 256 * mib);
    assert_int_equal(g->size_kib, 256 * mib);
    assert_int_equal(host_world_restore(w, false, true), 0);
    /* Step by step: more than one was asked for after the one that made it grow. */
    assert_true(hypervisor_called("virDomainSetMemoryFlags") > 2);
}

/* Its reports are timed by the wall clock, which is set back all the while: they are reports all the same. */
static void a_clock_set_back_does_not_keep_a_size(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = grown_guest(w, 700);

    g->clock_set_back = true;
    assert_int_equal(host_world_restore(w, false, true), -EIO);
    assert_int_equal(g->size_kib, 800 * mib);
    assert_int_equal(host_world_told(w, "it uses 700 MiB"), 1);
}

static void a_guest_is_never_squeezed(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = grown_guest(w, 400);

    assert_int_equal(host_world_restore(w, false, true), -EIO);
    assert_int_equal(g->target_kib, 500 * mib);
    assert_int_equal(host_world_told(w, "a: stays at 500 MiB instead of the 256 MiB found: it uses 400 MiB"), 1);
    assert_non_null(strstr(w->error, "0 put back, 1 kept"));
    /* The rest isn't forgotten: a later run finishes it. */
    host_world_close(w);
    g->used_kib = 50 * mib;
    host_world_open(w, true);
    assert_int_equal(host_world_restore(w, false, true), 1);
    assert_int_equal(g->target_kib, 256 * mib);
}

static void a_guest_that_does_not_report_is_not_cut(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = grown_guest(w, 100);

    g->silent = true;
    assert_int_equal(host_world_restore(w, false, true), -EIO);
    assert_int_equal(g->target_kib, 900 * mib);
    assert_int_equal(host_world_told(w, "a: stays at 900 MiB"), 1);
}

static void a_guest_that_was_cut_gets_all_of_it_back(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(host_world_size(w, "a", 500 * mib), PLAN_DONE);
    host_world_sample(w);
    g->silent = true; /* which is no reason not to give */
    assert_int_equal(host_world_restore(w, false, true), 1);
    assert_int_equal(g->target_kib, 1024 * mib);
}

static void a_size_that_others_set_since_is_left(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = grown_guest(w, 100);

    /* As after a crash. */
    host_world_close(w);
    g->target_kib = g->size_kib = 700 * mib;
    host_world_open(w, true);
    assert_int_equal(host_world_restore(w, false, true), 0);
    assert_int_equal(g->target_kib, 700 * mib);
    assert_int_equal(host_world_told(w, "a: its size is left as others set it, at 700 MiB"), 1);
}

static void what_others_set_later_is_what_is_put_back(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = grown_guest(w, 100);

    g->target_kib = g->size_kib = 700 * mib;
    host_world_sample(w);
    assert_int_equal(host_world_size(w, "a", 600 * mib), PLAN_DONE);
    host_world_sample(w);
    assert_int_equal(host_world_restore(w, false, true), 1);
    assert_int_equal(g->target_kib, 700 * mib);
}

static void an_affinity_that_others_set_later_is_what_is_put_back(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    host_world_open(w, false);
    host_world_sample(w);
    assert_int_equal(host_world_pin(w, "a", 1), PLAN_DONE);
    g->affinity[0] = 0xc;
    host_world_sample(w);
    host_world_sample(w);
    assert_int_equal(host_world_pin(w, "a", 2), PLAN_DONE);
    host_world_close(w);
    host_world_open(w, false);
    assert_int_equal(host_world_restore(w, true, false), 1);
    assert_int_equal(g->affinity[0], 0xc);
}

/* A guest in somebody's hands keeps its entry, and it's said. */
static void guests_that_cannot_be_reached_keep_their_entries(void **state)
{
    struct host_world *w = *state;

    for (int memory = 0; memory < 2; memory++)
        for (int hung = 0; hung < 2; hung++) {
            struct hypervisor_guest *g;

            hypervisor_reset();
            w->remarks[0] = '\0';
            g = hypervisor_add("a");
            host_world_open(w, memory);
            host_world_sample(w);
            assert_int_equal(memory ? host_world_size(w, "a", 500 * mib) : host_world_pin(w, "a", 1), PLAN_DONE);
            host_world_sample(w);
            g->hangs = g->held = hung;
            g->job = hung ? VIR_DOMAIN_CONTROL_OK : VIR_DOMAIN_CONTROL_JOB;
            assert_int_equal(host_world_restore(w, !memory, memory), -EIO);
            assert_true(host_world_told(w, hung ? "not put back: its QEMU doesn't answer"
                                                : "not put back: it is busy with a job") > 0);
            assert_int_equal(memory ? g->target_kib : g->affinity[0], memory ? 500 * mib : 2);
            host_world_close(w);
            g->hangs = g->held = false;
            g->job = VIR_DOMAIN_CONTROL_OK;
            host_world_open(w, memory);
            assert_int_equal(host_world_restore(w, !memory, memory), 1);
            assert_int_equal(memory ? g->target_kib : g->affinity[0], memory ? 1024 * mib : 0xf);
            host_world_close(w);
        }
}

static void entries_of_guests_that_are_gone_go(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    hypervisor_add("b");
    host_world_open(w, false);
    host_world_sample(w);
    assert_int_equal(host_world_pin(w, "a", 1), PLAN_DONE);
    g->gone = true;
    assert_int_equal(host_world_restore(w, true, false), 0);
    g->gone = false;
    assert_int_equal(host_world_restore(w, true, false), 0);
    assert_int_equal(g->affinity[0], 2);
}

/* A program that was killed has left the period that it set for measuring. */
static void a_period_is_put_back(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a"), *others = hypervisor_add("b");

    others->period_s = 5;
    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(g->period_s, 1);
    assert_int_equal(host_world_restore(w, false, true), 0);
    assert_int_equal(g->period_s, 0);
    assert_int_equal(others->period_s, 5);
}

static void write_ledger(struct host_world *w, const char *text)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/found-memory-qemu___made-up_system", w->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_damaged_ledger_is_told(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    g->size_kib = g->target_kib = 900 * mib;
    write_ledger(w, "vmbalance found 1\n"
                    "size 01000000000000000000000000000000 1 0 1048576 921600\n"
                    "rubbish\n");
    host_world_open(w, true);
    assert_int_equal(host_world_restore(w, false, true), -EIO);
    assert_int_equal(g->target_kib, 1024 * mib); /* what could be read was put back */
    assert_non_null(strstr(w->error, "line 3 makes no sense"));
    assert_non_null(strstr(w->error, ".bad"));
}

static void a_second_instance_is_told_who_is_at_work(void **state)
{
    struct host_world *w = *state, second = {0};
    char error[HOST_ERROR_BYTES] = "";

    hypervisor_add("a");
    host_world_open(w, true);
    assert_int_equal(libvirt_host_own(w->host, error, sizeof(error)), 0);
    snprintf(second.dir, sizeof(second.dir), "%s", w->dir);
    host_world_open(&second, true);
    assert_int_equal(libvirt_host_own(second.host, error, sizeof(error)), -EBUSY);
    assert_non_null(strstr(error, "another instance"));
    assert_int_equal(host_world_restore(&second, false, true), -EBUSY);
    /* It may look on, and is told why it can't change anything. */
    host_world_sample(&second);
    assert_int_equal(host_world_size(&second, "a", 500 * mib), PLAN_FAILED);
    assert_non_null(strstr(second.error, "another instance"));
    host_world_close(&second);
    snapshot_free(&second.s);
    plan_free(&second.plan);
}

int main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, host_world_make, host_world_free)
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_size_is_put_back_where_the_guest_can_spare_it),
        IN_A_WORLD(a_clock_set_back_does_not_keep_a_size),
        IN_A_WORLD(a_guest_is_never_squeezed),
        IN_A_WORLD(a_guest_that_does_not_report_is_not_cut),
        IN_A_WORLD(a_guest_that_was_cut_gets_all_of_it_back),
        IN_A_WORLD(a_size_that_others_set_since_is_left),
        IN_A_WORLD(what_others_set_later_is_what_is_put_back),
        IN_A_WORLD(an_affinity_that_others_set_later_is_what_is_put_back),
        IN_A_WORLD(guests_that_cannot_be_reached_keep_their_entries),
        IN_A_WORLD(entries_of_guests_that_are_gone_go),
        IN_A_WORLD(a_period_is_put_back),
        IN_A_WORLD(a_damaged_ledger_is_told),
        IN_A_WORLD(a_second_instance_is_told_who_is_at_work),
    };

    hurry(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
