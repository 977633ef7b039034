#include "core/host/bulk_stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct record {
    virTypedParameterPtr params;
    int n, cap;
};

static void add_number(struct record *r, const char *name, unsigned long long value)
{
    assert_int_equal(virTypedParamsAddULLong(&r->params, &r->n, &r->cap, name, value), 0);
}

static void add_state(struct record *r, const char *name, int value)
{
    assert_int_equal(virTypedParamsAddInt(&r->params, &r->n, &r->cap, name, value), 0);
}

static void read_record(struct record *r, struct snapshot *s, struct bulk_stats *bulk)
{
    snapshot_reset(s, 8);
    assert_non_null(snapshot_add_guest(s));
    assert_int_equal(bulk_stats_read(s, r->params, r->n, bulk), 0);
    virTypedParamsFree(r->params, r->n);
    memset(r, 0, sizeof(*r));
}

/* As a QEMU guest of three vCPUs reports after its vCPU 1 was unplugged. */
static void vcpu_numbers_may_have_holes(void **state)
{
    struct record r = {0};
    struct snapshot s = {0};
    struct bulk_stats bulk;

    (void)state;
    add_state(&r, "state.state", VIR_DOMAIN_RUNNING);
    add_state(&r, "state.reason", VIR_DOMAIN_RUNNING_BOOTED);
    add_number(&r, "cpu.time", 5);
    add_number(&r, "vcpu.current", 2);
    add_number(&r, "vcpu.maximum", 3);
    add_state(&r, "vcpu.0.state", VIR_VCPU_RUNNING);
    add_number(&r, "vcpu.0.time", 10000000);
    add_number(&r, "vcpu.0.wait", 77);
    add_number(&r, "vcpu.0.delay", 1234567);
    add_state(&r, "vcpu.2.state", VIR_VCPU_BLOCKED);
    add_number(&r, "vcpu.2.time", 20000000);
    read_record(&r, &s, &bulk);
    assert_int_equal(bulk.state, VIR_DOMAIN_RUNNING);
    assert_true(bulk.has_vcpus);
    assert_false(bulk.has_balloon);
    assert_false(bulk.answered);
    assert_int_equal(s.n_vcpus, 2);
    assert_int_equal(s.guests[0].n_vcpus, 2);
    assert_int_equal(s.vcpus[0].number, 0);
    assert_true(s.vcpus[0].running);
    assert_int_equal(s.vcpus[0].run_ns, 10000000);
    assert_true(s.vcpus[0].has_delay);
    assert_int_equal(s.vcpus[0].delay_ns, 1234567);
    assert_int_equal(s.vcpus[1].number, 2);
    assert_true(s.vcpus[1].online);
    assert_false(s.vcpus[1].running);
    assert_true(s.vcpus[1].has_run);
    assert_false(s.vcpus[1].has_delay);
    snapshot_free(&s);
}

/* libvirt has all of one vCPU before the next; nothing says that another version, or driver, does. */
static void figures_of_vcpus_may_come_mixed(void **state)
{
    struct record r = {0};
    struct snapshot s = {0};
    struct bulk_stats bulk;

    (void)state;
    add_number(&r, "vcpu.0.time", 10000000);
    add_number(&r, "vcpu.1.time", 20000000);
    add_number(&r, "vcpu.0.delay", 3);
    add_number(&r, "vcpu.1.delay", 4);
    add_number(&r, "vcpu.1.halt_poll_success_ns.sum", UINT64_MAX);
    add_number(&r, "vcpu.1.halt_poll_fail_ns.sum", 9);
    read_record(&r, &s, &bulk);
    assert_int_equal(s.n_vcpus, 2);
    assert_int_equal(s.guests[0].n_vcpus, 2);
    assert_int_equal(s.vcpus[0].run_ns, 10000000);
    assert_int_equal(s.vcpus[0].delay_ns, 3);
    assert_int_equal(s.vcpus[1].run_ns, 20000000);
    assert_int_equal(s.vcpus[1].delay_ns, 4);
    assert_true(s.vcpus[1].poll_ns == UINT64_MAX);
    snapshot_free(&s);
}

static void each_memory_figure_is_there_or_not(void **state)
{
    struct record r = {0};
    struct snapshot s = {0};
    struct bulk_stats bulk;
    const struct snapshot_memory *m;

    (void)state;
    add_number(&r, "balloon.current", 1);
    add_number(&r, "balloon.maximum", 2);
    add_number(&r, "balloon.swap_in", 0);
    add_number(&r, "balloon.swap_out", 4);
    add_number(&r, "balloon.major_fault", 5);
    add_number(&r, "balloon.minor_fault", 6);
    add_number(&r, "balloon.unused", 7);
    add_number(&r, "balloon.available", 8);
    add_number(&r, "balloon.usable", 9);
    add_number(&r, "balloon.last-update", 10);
    add_number(&r, "balloon.disk_caches", 11);
    add_number(&r, "balloon.hugetlb_pgalloc", 12);
    add_number(&r, "balloon.rss", 13);
    read_record(&r, &s, &bulk);
    m = &s.guests[0].memory;
    assert_true(bulk.has_balloon);
    assert_true(bulk.answered);
    assert_int_equal(m->has, (1 << 12) - 1);
    assert_int_equal(m->size_kib, 1);
    assert_int_equal(m->max_kib, 2);
    assert_int_equal(m->swap_in_kib, 0);
    assert_int_equal(m->swap_out_kib, 4);
    assert_int_equal(m->major_faults, 5);
    assert_int_equal(m->minor_faults, 6);
    assert_int_equal(m->unused_kib, 7);
    assert_int_equal(m->available_kib, 8);
    assert_int_equal(m->usable_kib, 9);
    assert_int_equal(m->last_update_s, 10);
    assert_int_equal(m->disk_caches_kib, 11);
    assert_int_equal(m->rss_kib, 13);
    /* As of a guest whose QEMU could not be asked. */
    add_number(&r, "balloon.current", 1);
    add_number(&r, "balloon.maximum", 2);
    read_record(&r, &s, &bulk);
    assert_int_equal(s.guests[0].memory.has, SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX);
    assert_false(bulk.answered);
    snapshot_free(&s);
}

/* They would be taken for a guest to which a little must be given, where it has more. */
static void a_size_of_nothing_is_none(void **state)
{
    struct record r = {0};
    struct snapshot s = {0};
    struct bulk_stats bulk;

    (void)state;
    add_number(&r, "balloon.current", 0);
    add_number(&r, "balloon.maximum", 0);
    add_number(&r, "balloon.unused", 0);
    read_record(&r, &s, &bulk);
    assert_true(bulk.has_balloon);
    assert_int_equal(s.guests[0].memory.has, SNAPSHOT_HAS_UNUSED);
    snapshot_free(&s);
}

static void all_disks_and_interfaces_are_summed_up(void **state)
{
    struct record r = {0};
    struct snapshot s = {0};
    struct bulk_stats bulk;
    const struct snapshot_work *w;

    (void)state;
    add_number(&r, "cpu.time", 5000000000);
    add_number(&r, "cpu.user", 1);
    add_number(&r, "vcpu.0.time", 10000000);
    add_number(&r, "vcpu.0.halt_poll_success_ns.sum", 300);
    add_number(&r, "vcpu.0.halt_poll_fail_ns.sum", 70);
    add_number(&r, "vcpu.0.halt_poll_invalid.sum", 9);
    add_number(&r, "vcpu.1.time", 10000000);
    add_number(&r, "block.count", 2);
    add_number(&r, "block.0.rd.bytes", 1000);
    add_number(&r, "block.0.wr.bytes", 20);
    add_number(&r, "block.0.rd.reqs", 7);
    add_number(&r, "block.11.rd.bytes", 500);
    add_number(&r, "net.count", 2);
    add_number(&r, "net.0.rx.bytes", 3);
    add_number(&r, "net.1.rx.bytes", 4);
    add_number(&r, "net.1.tx.bytes", 60);
    add_number(&r, "net.1.tx.errs", 1);
    add_number(&r, "net..tx.bytes", 1);
    read_record(&r, &s, &bulk);
    w = &s.guests[0].work;
    assert_int_equal(w->has, SNAPSHOT_HAS_CPU | SNAPSHOT_HAS_DISK_READ | SNAPSHOT_HAS_DISK_WRITTEN |
                                 SNAPSHOT_HAS_NET_RECEIVED | SNAPSHOT_HAS_NET_SENT);
    assert_int_equal(w->cpu_ns, 5000000000);
    assert_int_equal(w->disk_read_bytes, 1500);
    assert_int_equal(w->disk_written_bytes, 20);
    assert_int_equal(w->net_received_bytes, 7);
    assert_int_equal(w->net_sent_bytes, 60);
    assert_true(s.vcpus[0].has_poll);
    assert_int_equal(s.vcpus[0].poll_ns, 370);
    assert_false(s.vcpus[1].has_poll);
    add_number(&r, "block.0.rd.bytes", UINT64_MAX);
    add_number(&r, "block.1.rd.bytes", 5);
    read_record(&r, &s, &bulk);
    assert_true(s.guests[0].work.disk_read_bytes == UINT64_MAX);
    assert_int_equal(s.guests[0].work.has, SNAPSHOT_HAS_DISK_READ);
    snapshot_free(&s);
}

static void odd_records_do_no_harm(void **state)
{
    struct record r = {0};
    struct snapshot s = {0};
    struct bulk_stats bulk;

    (void)state;
    assert_int_equal(virTypedParamsAddString(&r.params, &r.n, &r.cap, "vcpu.0.time", "soon"), 0);
    assert_int_equal(virTypedParamsAddDouble(&r.params, &r.n, &r.cap, "balloon.current", 1.5), 0);
    add_state(&r, "balloon.unused", -4);
    add_number(&r, "vcpu.-1.time", 1);
    add_number(&r, "vcpu.99999999999999999999.time", 1);
    add_number(&r, "vcpu.", 1);
    add_number(&r, "vcpu.3", 1);
    add_number(&r, "vcpu.4x.time", 1);
    add_number(&r, "balloon.", 1);
    add_number(&r, "", 1);
    read_record(&r, &s, &bulk);
    assert_int_equal(s.n_vcpus, 0);
    assert_int_equal(s.guests[0].memory.has, 0);
    assert_int_equal(bulk.state, -1);
    assert_false(bulk.has_vcpus);
    snapshot_free(&s);
}

static void states(void **state)
{
    static const struct {
        int state, reason;
        enum snapshot_guest_state expected;
    } rows[] = {
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED, SNAPSHOT_GUEST_RUNNING},
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, SNAPSHOT_GUEST_RUNNING},
        {VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY, SNAPSHOT_GUEST_MIGRATING},
        {VIR_DOMAIN_BLOCKED, 0, SNAPSHOT_GUEST_RUNNING},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER, SNAPSHOT_GUEST_PAUSED},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, SNAPSHOT_GUEST_PAUSED},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, SNAPSHOT_GUEST_MIGRATING},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE, SNAPSHOT_GUEST_MIGRATING},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP, SNAPSHOT_GUEST_MIGRATING},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_CRASHED, SNAPSHOT_GUEST_STOPPING},
        {VIR_DOMAIN_PMSUSPENDED, 0, SNAPSHOT_GUEST_PAUSED},
        {VIR_DOMAIN_SHUTDOWN, 0, SNAPSHOT_GUEST_STOPPING},
        {VIR_DOMAIN_CRASHED, 0, SNAPSHOT_GUEST_STOPPING},
        {-1, -1, SNAPSHOT_GUEST_RUNNING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(bulk_stats_state(rows[i].state, rows[i].reason), rows[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vcpu_numbers_may_have_holes),
        cmocka_unit_test(figures_of_vcpus_may_come_mixed),
        cmocka_unit_test(each_memory_figure_is_there_or_not),
        cmocka_unit_test(a_size_of_nothing_is_none),
        cmocka_unit_test(all_disks_and_interfaces_are_summed_up),
        cmocka_unit_test(odd_records_do_no_harm),
        cmocka_unit_test(states),
    };

    /* Before it, libvirt's last error lies where another library's data may. */
    if (virInitialize() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
