/*
 * What the host finds out about a hypervisor that doesn't tell, refuses, or hangs.
 */
#include "tests/unit/host_world.h"

#include <libvirt/virterror.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000u;

/* Four guests of one vCPU, each pinned to a pCPU of its own. */
static void four_guests(struct host_world *w)
{
    static const char *const names[] = {"a", "b", "c", "d"};

    for (int i = 0; i < 4; i++)
        hypervisor_add(names[i])->affinity[0] = UINT64_C(1) << i;
    host_world_open(w, false);
    host_world_sample(w);
}

static void affinities_changed_behind_libvirts_back_show_in_times(void **state)
{
    struct host_world *w = *state;

    four_guests(w);
    assert_int_equal(host_world_cpu(w, "d"), 3);
    /* Somebody moves the thread: it runs for a second while the pCPU that it's thought to be on is idle. */
    hypervisor.guests[3].affinity[0] = 1;
    hypervisor.guests[3].run_ns[0] += second_ns;
    hypervisor.busy_ns[0] += second_ns;
    host_world_sample(w);
    assert_int_equal(host_world_cpu(w, "d"), 0);
}

static void one_that_waits_beside_an_idle_pcpu_is_elsewhere(void **state)
{
    struct host_world *w = *state;

    four_guests(w);
    hypervisor.guests[3].affinity[0] = 1;
    hypervisor.guests[3].delay_ns[0] += second_ns;
    hypervisor.busy_ns[0] += second_ns;
    host_world_sample(w);
    assert_int_equal(host_world_cpu(w, "d"), 0);
}

/* Times that fit cost no call, but for one guest that's looked at in turn; and so each is looked at sooner or later. */
static void a_few_guests_are_looked_at_in_turn(void **state)
{
    struct host_world *w = *state;
    int before;

    four_guests(w);
    for (int i = 0; i < 4; i++)
        hypervisor.guests[i].affinity[0] = 4;
    before = hypervisor_called("virDomainGetVcpus");
    for (int i = 0; i < 4; i++)
        host_world_sample(w);
    assert_int_equal(hypervisor_called("virDomainGetVcpus"), before + 4);
    assert_int_equal(host_world_cpu(w, "a"), 2);
    assert_int_equal(host_world_cpu(w, "b"), 2);
    assert_int_equal(host_world_cpu(w, "c"), 2);
    assert_int_equal(host_world_cpu(w, "d"), 2);
}

/* Where the kernel lets a vCPU that it may move run isn't asked for by the way: a guest that hangs would hold it up. */
static void nobody_is_asked_where_what_floats_runs(void **state)
{
    struct host_world *w = *state;
    int before;

    four_guests(w);
    hypervisor.guests[1].affinity[0] = 6;
    hypervisor.guests[3].affinity[0] = 6;
    for (int i = 0; i < 4; i++) /* that is found in turn */
        host_world_sample(w);
    before = hypervisor_called("virDomainGetVcpus");
    for (int i = 0; i < 8; i++)
        host_world_sample(w);
    /* No more than the one whose turn it is. */
    assert_in_range(hypervisor_called("virDomainGetVcpus") - before, 0, 8);
}

static void doubts_that_prove_wrong_become_rarer(void **state)
{
    struct host_world *w = *state;
    int before;

    four_guests(w);
    before = hypervisor_called("virDomainGetVcpus");
    for (int i = 0; i < 100; i++) {
        hypervisor.guests[3].run_ns[0] += second_ns;
        host_world_sample(w);
    }
    /* A hundred of the turn, and a few out of doubt. */
    assert_in_range(hypervisor_called("virDomainGetVcpus") - before, 101, 110);
}

static void affinities_are_read_again_when_pcpus_come_and_go(void **state)
{
    struct host_world *w = *state;

    four_guests(w);
    /* The kernel widens the affinity of what was pinned to a pCPU that went. */
    hypervisor.online = 0x7;
    hypervisor.guests[3].affinity[0] = 0x7;
    host_world_sample(w);
    assert_false(w->s.pcpus[3].online);
    assert_int_equal(host_world_cpu(w, "d"), -1);
}

static void a_pcpu_that_refuses_pins_is_left_out(void **state)
{
    struct host_world *w = *state;

    four_guests(w);
    hypervisor_refuse_pins(3);
    assert_int_equal(host_world_pin(w, "a", 3), PLAN_FAILED);
    host_world_sample(w);
    for (int i = 0; i < 4; i++)
        assert_int_equal(w->s.pcpus[i].refuses, i == 3);
    assert_int_equal(host_world_told(w, "pCPU 3 refuses pins"), 1);
    /* It is taken back as soon as a pin shows better. */
    hypervisor.n_faults = 0;
    assert_int_equal(host_world_pin(w, "b", 3), PLAN_DONE);
    host_world_sample(w);
    assert_false(w->s.pcpus[3].refuses);
    assert_int_equal(host_world_told(w, "pCPU 3 takes pins again"), 1);
}

static void a_guest_that_is_refused_everywhere_says_nothing_of_pcpus(void **state)
{
    struct host_world *w = *state;

    four_guests(w);
    hypervisor_fail("virDomainPinVcpuFlags", "a", VIR_ERR_INTERNAL_ERROR, -1);
    for (int cpu = 1; cpu < 4; cpu++)
        assert_int_equal(host_world_pin(w, "a", cpu), PLAN_FAILED);
    host_world_sample(w);
    assert_true(w->s.pcpus[1].refuses); /* that could not be known yet */
    assert_false(w->s.pcpus[2].refuses);
    assert_false(w->s.pcpus[3].refuses);
}

static void a_job_in_the_way_says_nothing_of_pcpus(void **state)
{
    struct host_world *w = *state;

    four_guests(w);
    hypervisor_fail("virDomainPinVcpuFlags", NULL, VIR_ERR_OPERATION_TIMEOUT, -1);
    assert_int_equal(host_world_pin(w, "a", 1), PLAN_FAILED);
    host_world_sample(w);
    assert_false(w->s.pcpus[1].refuses);
}

static void a_refused_period_is_asked_for_again(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    hypervisor_fail("virDomainSetMemoryStatsPeriod", NULL, VIR_ERR_OPERATION_TIMEOUT, 2);
    host_world_open(w, true);
    host_world_sample(w);
    assert_true(host_world_guest(w, "a")->memory.stats_refused);
    /* By itself after a moment, but not at once each time. */
    host_world_sample(w);
    assert_int_equal(hypervisor_called("virDomainSetMemoryStatsPeriod"), 1);
    while (g->period_s == 0)
        host_world_sample(w);
    assert_int_equal(hypervisor_called("virDomainSetMemoryStatsPeriod"), 3);
    host_world_sample(w);
    assert_false(host_world_guest(w, "a")->memory.stats_refused);
    assert_int_equal(host_world_guest(w, "a")->memory.stats_period_s, 1);
    assert_int_equal(host_world_told(w, "a: asking it for statistics was refused"), 1);
}

/* What keeps the ledger from being written is the reason that is told, of measuring as of changing. */
static void a_folder_that_cannot_be_used_is_named(void **state)
{
    struct host_world *w = *state;
    char why[HOST_ERROR_BYTES];

    hypervisor_add("a");
    assert_int_equal(chmod(w->dir, 0777), 0);
    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(host_world_told(w, "may be written by others"), 1);
    assert_true(host_world_guest(w, "a")->memory.stats_refused);
    assert_int_equal(host_world_size(w, "a", 900 << 10), PLAN_FAILED);
    assert_non_null(strstr(w->error, "may be written by others"));
    assert_int_equal(hypervisor_called("virDomainSetMemoryFlags"), 0);
    assert_true(w->host->ops->trouble(w->host, why, sizeof(why)));
    assert_non_null(strstr(why, "no ledger: "));
    assert_non_null(strstr(why, "may be written by others"));
    /* As soon as it can be used, it is. */
    assert_int_equal(chmod(w->dir, 0700), 0);
    assert_int_equal(host_world_size(w, "a", 900 << 10), PLAN_DONE);
    assert_false(w->host->ops->trouble(w->host, why, sizeof(why)));
}

static void an_event_has_a_refused_period_asked_for_at_once(void **state)
{
    static const int kinds[] = {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_ID_JOB_COMPLETED};
    struct host_world *w = *state;

    for (int i = 0; i < 2; i++) {
        struct hypervisor_guest *g;

        hypervisor_reset();
        g = hypervisor_add("a");
        hypervisor_fail("virDomainSetMemoryStatsPeriod", NULL, VIR_ERR_OPERATION_TIMEOUT, 1);
        host_world_open(w, true);
        host_world_sample(w);
        assert_int_equal(g->period_s, 0);
        hypervisor_tell(g, kinds[i]);
        host_world_sample(w);
        assert_int_equal(g->period_s, 1);
        host_world_close(w);
    }
}

static void a_definition_that_cannot_be_read_is_told_once(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");
    int before;

    hypervisor_add("b");
    snprintf(g->definition, sizeof(g->definition), "<metadata><broken></metadata>");
    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(host_world_guest(w, "a")->leave_alone, SNAPSHOT_LEAVE_UNREADABLE);
    assert_int_equal(host_world_guest(w, "b")->leave_alone, SNAPSHOT_LEAVE_NO);
    before = hypervisor_called("virDomainGetXMLDesc");
    for (int i = 0; i < 5; i++)
        host_world_sample(w);
    assert_int_equal(hypervisor_called("virDomainGetXMLDesc"), before);
    assert_int_equal(host_world_told(w, "a: left alone, its definition can't be read"), 1);
    g->definition[0] = '\0';
    hypervisor_tell(g, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
    host_world_sample(w);
    assert_int_equal(host_world_guest(w, "a")->leave_alone, SNAPSHOT_LEAVE_NO);
}

static void what_metadata_say_out_of_bounds_is_told_once(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    snprintf(g->definition, sizeof(g->definition),
             "<metadata><policy xmlns='urn:vmbalance:policy:1' weight='1e-300'/></metadata>");
    host_world_open(w, true);
    for (int i = 0; i < 3; i++) {
        host_world_sample(w);
        hypervisor_tell(g, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
    }
    assert_float_equal(host_world_guest(w, "a")->memory.weight, 0.01, 1e-9);
    assert_int_equal(host_world_told(w, "weight='1e-300', which is taken as 0.01"), 1);
}

/* 1 GiB for the QEMU in all: 200 MiB and a fiftieth of it are its own. */
static void a_hard_limit_caps_the_maximum(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    g->max_kib = 4096 << 10;
    snprintf(g->definition, sizeof(g->definition), "<memtune><hard_limit unit='KiB'>2097152</hard_limit></memtune>");
    host_world_open(w, true);
    host_world_sample(w);
    assert_in_range(host_world_guest(w, "a")->memory.max_kib, 1700 << 10, 1848 << 10);
}

static const char two_nodes[] =
    "<capabilities><host><topology><cells><cell id='0'><cpus><cpu id='0' socket_id='0'/></cpus></cell>"
    "<cell id='1'><cpus><cpu id='1' socket_id='1'/></cpus></cell></cells></topology></host></capabilities>";

/* One call for all nodes that guests are bound to, and none where nobody is, or where there is one node only. */
static void nodes_are_asked_for_those_that_are_bound(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    hypervisor_add("b");
    hypervisor.capabilities = two_nodes;
    hypervisor.node_free_kib[0] = 1000;
    hypervisor.node_free_kib[1] = 2000;
    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(w->s.n_nodes, 0);
    assert_int_equal(hypervisor_called("virNodeGetCellsFreeMemory"), 0);
    snprintf(g->definition, sizeof(g->definition), "<numatune><memory mode='strict' nodeset='1'/></numatune>");
    hypervisor_tell(g, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
    host_world_sample(w);
    host_world_sample(w);
    assert_true(host_world_guest(w, "a")->memory_bound);
    assert_false(host_world_guest(w, "b")->memory_bound);
    assert_int_equal(w->s.n_nodes, 1);
    assert_int_equal(w->s.nodes[0].number, 1);
    assert_int_equal(w->s.nodes[0].free_kib, 2000);
    assert_in_range(hypervisor_called("virNodeGetCellsFreeMemory"), 1, 2);
}

static void one_node_is_not_asked(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    snprintf(g->definition, sizeof(g->definition), "<numatune><memory mode='strict' nodeset='0'/></numatune>");
    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(w->s.n_nodes, 0);
    assert_int_equal(hypervisor_called("virNodeGetCellsFreeMemory"), 0);
}

/* Then nobody is limited by what isn't known. */
static void nodes_that_are_not_told_are_missing(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    hypervisor.capabilities = two_nodes;
    snprintf(g->definition, sizeof(g->definition), "<numatune><memory mode='strict' nodeset='1'/></numatune>");
    hypervisor_fail("virNodeGetCellsFreeMemory", NULL, VIR_ERR_NO_SUPPORT, -1);
    host_world_open(w, true);
    host_world_sample(w);
    assert_true(host_world_guest(w, "a")->memory_bound);
    assert_int_equal(w->s.n_nodes, 0);
}

/* 4 of its 6 GiB are in a device of which the guest has plugged what it likes: the balloon has 2. */
static void pluggable_memory_is_not_the_balloons(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *g = hypervisor_add("a");

    g->max_kib = 6 << 20;
    snprintf(g->definition, sizeof(g->definition),
             "<devices><memory model='virtio-mem'><target><size unit='KiB'>4194304</size>"
             "<requested unit='KiB'>0</requested></target></memory><memory model='dimm'><target>"
             "<size unit='KiB'>1048576</size></target></memory><memballoon model='virtio'/></devices>");
    host_world_open(w, true);
    host_world_sample(w);
    host_world_sample(w);
    assert_int_equal(host_world_guest(w, "a")->memory.max_kib, 2 << 20);
}

/* Writes a file of the made-up machine's /proc and /sys. */
static void write_file(const struct host_world *w, const char *name, const char *text)
{
    char command[256], path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"", path);
    assert_int_equal(system(command), 0);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void open_here(struct host_world *w)
{
    hypervisor.here = true;
    hypervisor_add("a");
    write_file(w, "stat", "cpu  9 0 0 9\ncpu0 1 0 0 1\ncpu1 1 0 0 1\ncpu2 1 0 0 1\ncpu3 1 0 0 1\nintr 0\n");
    write_file(w, "meminfo", "MemTotal: 16777216 kB\nMemFree: 1000000 kB\nHugetlb: 12582912 kB\n");
    host_world_open(w, false);
    host_world_sample(w);
}

static void isolation_is_read_again_while_it_runs(void **state)
{
    struct host_world *w = *state;

    open_here(w);
    for (int i = 0; i < 4; i++)
        assert_false(w->s.pcpus[i].isolated);
    write_file(w, "fs/cgroup/cpuset.cpus.isolated", "2-3\n");
    host_world_sample(w);
    for (int i = 0; i < 4; i++)
        assert_int_equal(w->s.pcpus[i].isolated, i >= 2);
    write_file(w, "fs/cgroup/cpuset.cpus.isolated", "\n");
    write_file(w, "devices/system/cpu/isolated", "1\n");
    host_world_sample(w);
    host_world_sample(w);
    for (int i = 0; i < 4; i++)
        assert_int_equal(w->s.pcpus[i].isolated, i == 1);
    assert_int_equal(host_world_told(w, "isolated pCPUs are another set now"), 2);
}

static void libvirt_is_believed_about_what_is_online(void **state)
{
    struct host_world *w = *state;
    int before;

    open_here(w);
    assert_int_equal(host_world_told(w, "disagree"), 0);
    /* As in a container that is shown fewer. */
    write_file(w, "stat", "cpu  9 0 0 9\ncpu0 1 0 0 1\ncpu1 1 0 0 1\nintr 0\n");
    host_world_sample(w);
    before = hypervisor_called("virConnectGetCapabilities");
    for (int i = 0; i < 5; i++)
        host_world_sample(w);
    for (int i = 0; i < 4; i++) {
        assert_true(w->s.pcpus[i].online);
        assert_int_equal(w->s.pcpus[i].has_times, i < 2);
    }
    assert_int_equal(host_world_told(w, "libvirt and /proc/stat disagree"), 1);
    assert_int_equal(hypervisor_called("virConnectGetCapabilities"), before);
}

static void a_pcpu_that_goes_is_seen_in_the_same_sample(void **state)
{
    struct host_world *w = *state;

    open_here(w);
    hypervisor.online = 0x7;
    write_file(w, "stat", "cpu  9 0 0 9\ncpu0 1 0 0 1\ncpu1 1 0 0 1\ncpu2 1 0 0 1\nintr 0\n");
    host_world_sample(w);
    assert_false(w->s.pcpus[3].online);
    assert_int_equal(host_world_told(w, "disagree"), 0);
}

/* 12 of 16 GiB. */
static void pools_of_huge_pages_do_not_count(void **state)
{
    struct host_world *w = *state;

    open_here(w);
    assert_int_equal(w->s.host.total_kib, 4u << 20);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a_guest_hung_before_the_start_keeps_nobody_waiting(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *hung = hypervisor_add("hung");
    int connects;

    hypervisor_add("b");
    hypervisor_add("c");
    hung->hangs = true;
    host_world_open(w, true);
    host_world_sample_at_last(w);
    assert_int_equal(host_world_guest(w, "hung")->leave_alone, SNAPSHOT_LEAVE_STALE);
    assert_int_equal(host_world_guest(w, "b")->leave_alone, SNAPSHOT_LEAVE_NO);
    assert_true(host_world_guest(w, "b")->memory.has & SNAPSHOT_HAS_UNUSED);
    assert_int_equal(host_world_told(w, "hung: its QEMU doesn't answer"), 1);
    /* From then on it costs nobody anything: no call is cut off any more, and it isn't asked for what could hang. */
    connects = hypervisor.connects;
    for (int i = 0; i < 5; i++) {
        host_world_sample(w);
        assert_int_equal(host_world_size(w, "b", (uint64_t)(900 + i) << 10), PLAN_DONE);
    }
    assert_int_equal(hypervisor.connects, connects);
    hung->hangs = hung->held = false;
    host_world_sample(w);
    assert_int_equal(host_world_guest(w, "hung")->leave_alone, SNAPSHOT_LEAVE_NO);
    assert_int_equal(host_world_told(w, "hung: its QEMU answers again"), 1);
}

/* As after a program that was ended while a call was held up: the guest is held from the start, and the first in the
 * list. */
static void a_guest_held_before_the_start_is_asked_nothing(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *hung = hypervisor_add("hung");

    hypervisor_add("b");
    hung->hangs = hung->held = true;
    host_world_open(w, true);
    host_world_sample(w);
    assert_int_equal(host_world_guest(w, "hung")->leave_alone, SNAPSHOT_LEAVE_STALE);
    assert_int_equal(hypervisor.connects, 1);
}

static void what_hangs_is_remembered_when_the_connection_is_made_again(void **state)
{
    struct host_world *w = *state;
    struct hypervisor_guest *hung = hypervisor_add("hung");

    hypervisor_add("b");
    hung->hangs = true;
    host_world_open(w, true);
    host_world_sample_at_last(w);
    for (int i = 0; i < 3; i++) {
        int connects = hypervisor.connects;

        /* The other side closes. */
        hypervisor_cut();
        assert_int_equal(host_world_sample_at_last(w), 1);
        assert_int_equal(hypervisor.connects, connects + 1);
        assert_int_equal(host_world_guest(w, "hung")->leave_alone, SNAPSHOT_LEAVE_STALE);
    }
}

/* One search finds all of them: two calls are cut off, whether one guest hangs or five. */
static void guests_that_hang_at_once_are_found_at_once(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
    struct host_world *w = *state;
    int connects;
    double before_s;

    for (int i = 0; i < 7; i++)
        hypervisor_add(names[i]);
    host_world_open(w, true);
    host_world_sample(w);
    connects = hypervisor.connects;
    for (int i = 1; i < 6; i++)
        hypervisor.guests[i].hangs = true;
    before_s = now_s();
    host_world_sample_at_last(w);
    print_message("# found in %.1f s\n", now_s() - before_s);
    assert_int_equal(hypervisor.connects, connects + 2);
    for (int i = 0; i < 7; i++)
        assert_int_equal(host_world_guest(w, names[i])->leave_alone,
                         i >= 1 && i < 6 ? SNAPSHOT_LEAVE_STALE : SNAPSHOT_LEAVE_NO);
    assert_int_equal(host_world_told(w, "its QEMU doesn't answer"), 5);
}

static void disks_and_networks_are_asked_for_while_somebody_looks(void **state)
{
    struct host_world *w = *state;
    const unsigned both = VIR_DOMAIN_STATS_BLOCK | VIR_DOMAIN_STATS_INTERFACE;
    int calls;

    four_guests(w);
    assert_int_equal(hypervisor.groups & both, 0);
    calls = hypervisor.calls;
    host_world_sample(w);
    calls = hypervisor.calls - calls;
    w->host->ops->watch(w->host, HOST_WATCH_DISK);
    host_world_sample(w);
    assert_int_equal(hypervisor.groups & both, VIR_DOMAIN_STATS_BLOCK);
    w->host->ops->watch(w->host, HOST_WATCH_DISK | HOST_WATCH_NET);
    hypervisor.calls = 0;
    host_world_sample(w);
    assert_int_equal(hypervisor.groups & both, both);
    assert_int_equal(hypervisor.calls, calls); /* they come with the rest, in the same call */
    w->host->ops->watch(w->host, 0);
    host_world_sample(w);
    assert_int_equal(hypervisor.groups & both, 0);
    assert_true(hypervisor.groups & VIR_DOMAIN_STATS_VCPU);
}

int main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, host_world_make, host_world_free)
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(affinities_changed_behind_libvirts_back_show_in_times),
        IN_A_WORLD(one_that_waits_beside_an_idle_pcpu_is_elsewhere),
        IN_A_WORLD(a_few_guests_are_looked_at_in_turn),
        IN_A_WORLD(nobody_is_asked_where_what_floats_runs),
        IN_A_WORLD(doubts_that_prove_wrong_become_rarer),
        IN_A_WORLD(affinities_are_read_again_when_pcpus_come_and_go),
        IN_A_WORLD(a_pcpu_that_refuses_pins_is_left_out),
        IN_A_WORLD(a_guest_that_is_refused_everywhere_says_nothing_of_pcpus),
        IN_A_WORLD(a_job_in_the_way_says_nothing_of_pcpus),
        IN_A_WORLD(a_refused_period_is_asked_for_again),
        IN_A_WORLD(a_folder_that_cannot_be_used_is_named),
        IN_A_WORLD(an_event_has_a_refused_period_asked_for_at_once),
        IN_A_WORLD(a_definition_that_cannot_be_read_is_told_once),
        IN_A_WORLD(what_metadata_say_out_of_bounds_is_told_once),
        IN_A_WORLD(a_hard_limit_caps_the_maximum),
        IN_A_WORLD(nodes_are_asked_for_those_that_are_bound),
        IN_A_WORLD(one_node_is_not_asked),
        IN_A_WORLD(nodes_that_are_not_told_are_missing),
        IN_A_WORLD(pluggable_memory_is_not_the_balloons),
        IN_A_WORLD(isolation_is_read_again_while_it_runs),
        IN_A_WORLD(libvirt_is_believed_about_what_is_online),
        IN_A_WORLD(a_pcpu_that_goes_is_seen_in_the_same_sample),
        IN_A_WORLD(pools_of_huge_pages_do_not_count),
        IN_A_WORLD(a_guest_hung_before_the_start_keeps_nobody_waiting),
        IN_A_WORLD(a_guest_held_before_the_start_is_asked_nothing),
        IN_A_WORLD(what_hangs_is_remembered_when_the_connection_is_made_again),
        IN_A_WORLD(guests_that_hang_at_once_are_found_at_once),
        IN_A_WORLD(disks_and_networks_are_asked_for_while_somebody_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
