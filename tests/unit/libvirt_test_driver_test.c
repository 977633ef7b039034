/*
 * The whole hypervisor side against the driver that libvirt has for tests: in this process, without a daemon. It has no
 * figures in bulk but the state, so this is also the test of drivers that are asked guest by guest.
 */
#include "core/host/libvirt_host.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char dir[64];
    char uri[128];
    struct host *host;
    struct snapshot s;
    struct plan plan;
    int leaked;
};

static struct host *open_host(struct fixture *f, const char *uri, bool memory, bool dry_run)
{
    const struct libvirt_host_options options = {
        .uri = uri,
        .state_dir = f->dir,
        .sample_s = 2,
        .control_cpu = !memory,
        .control_memory = memory,
        .keep_pins = true,
        .dry_run = dry_run,
        .leaked = &f->leaked,
    };
    struct host *host = libvirt_host_new(&options);
    char error[HOST_ERROR_BYTES] = "";

    assert_non_null(host);
    assert_false(host->ops->connected(host));
    if (host->ops->connect(host, error, sizeof(error)))
        fail_msg("connect: %s", error);
    assert_true(host->ops->connected(host));
    return host;
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    snprintf(f->dir, sizeof(f->dir), "/tmp/test-driver-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    char command[128];
    int leaked;

    if (f->host)
        f->host->ops->close(f->host);
    leaked = f->leaked;
    snapshot_free(&f->s);
    plan_free(&f->plan);
    snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
    free(f);
    return system(command) || leaked;
}

static void sample(struct fixture *f, struct host *host)
{
    char error[HOST_ERROR_BYTES] = "";
    int result = host->ops->sample(host, &f->s, true, error, sizeof(error));

    if (result)
        fail_msg("sample: %d %s", result, error);
}

static const char *list(const struct snapshot *s, int row)
{
    static char text[4][128];
    static int next;
    char *to = text[next++ % 4];

    if (row < 0)
        return "-";
    cpumask_format(snapshot_mask(s, row), snapshot_words(s), to, sizeof(text[0]));
    return to;
}

static int domain_of(const struct snapshot *s, const char *name)
{
    for (int i = 0; i < s->n_guests; i++)
        if (strcmp(s->guests[i].name, name) == 0)
            return i;
    fail_msg("no guest %s", name);
    return -1;
}

static const struct snapshot_vcpu *vcpu_of(const struct snapshot *s, const char *name, int number)
{
    int index = snapshot_find_vcpu(s, domain_of(s, name), number);

    if (index < 0)
        fail_msg("no vCPU %s/%d", name, number);
    return &s->vcpus[index];
}

static struct plan_action *apply(struct fixture *f, struct host *host, enum plan_kind kind, const char *name, int vcpu,
                                 const char *pcpus, uint64_t kib)
{
    uint64_t *mask = calloc((size_t)snapshot_words(&f->s), sizeof(*mask));
    int guest = domain_of(&f->s, name);
    struct plan_action *a;

    plan_reset(&f->plan, f->s.cpu_limit);
    a = plan_add_action(&f->plan, kind, &f->s, guest);
    a->vcpu = vcpu;
    a->to_kib = kib;
    if (kind == PLAN_PIN) {
        int index = snapshot_find_vcpu(&f->s, guest, vcpu);

        assert_int_equal(cpumask_parse(mask, f->s.cpu_limit, pcpus), 0);
        a->to_mask = plan_add_mask(&f->plan, mask);
        if (index >= 0)
            a->from_mask = plan_add_mask(&f->plan, snapshot_mask(&f->s, f->s.vcpus[index].affinity));
    }
    free(mask);
    assert_int_equal(host->ops->apply(host, &f->plan, a), 0);
    return a;
}

static void pin(struct fixture *f, struct host *host, const char *name, int vcpu, const char *pcpus,
                enum plan_result expected)
{
    const struct plan_action *a = apply(f, host, PLAN_PIN, name, vcpu, pcpus, 0);

    if (a->result != expected)
        fail_msg("pin %s/%d to %s: %s, %s", name, vcpu, pcpus, plan_result_word(a->result), a->error);
}

static void set_size(struct fixture *f, struct host *host, const char *name, uint64_t kib, enum plan_result expected)
{
    const struct plan_action *a = apply(f, host, PLAN_SET_MEMORY, name, 0, NULL, kib);

    if (a->result != expected)
        fail_msg("size %s to %ju: %s, %s", name, (uintmax_t)kib, plan_result_word(a->result), a->error);
}

static void samples_the_default_host(void **state)
{
    struct fixture *f = *state;
    const struct snapshot_guest *g;
    const struct snapshot *s = &f->s;
    uint64_t before, taken;

    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    assert_string_equal(s->uri, "test:///default");
    assert_int_equal(s->n_guests, 1);
    g = &s->guests[0];
    assert_string_equal(g->name, "test");
    assert_int_equal(g->id, 1);
    assert_int_equal(g->state, SNAPSHOT_GUEST_RUNNING);
    assert_int_equal(g->n_vcpus, 2);
    assert_true(g->memory.has & SNAPSHOT_HAS_SIZE);
    assert_int_equal(g->memory.size_kib, 2097152);
    assert_int_equal(g->memory.max_kib, 8388608);
    assert_true(g->memory.has & SNAPSHOT_HAS_UNUSED);
    assert_true(g->memory.balloon);
    /* Its moment of the last report is a constant: not passed on, lest the guest look stuck. */
    assert_false(g->memory.has & SNAPSHOT_HAS_LAST_UPDATE);
    /* Made up: of this machine's own files nothing must be in it. */
    assert_int_equal(s->host.has, SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE);
    assert_int_equal(s->host.total_kib, 3145728);
    assert_in_range(s->host.free_kib, 1048576, 3145728);
    /* 16 pCPUs on two nodes, of which 0, 2 and 4 are online. */
    assert_int_equal(s->cpu_limit, 16);
    assert_int_equal(s->n_pcpus, 16);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(s->pcpus[i].online, i == 0 || i == 2 || i == 4);
        assert_int_equal(s->pcpus[i].has_times, s->pcpus[i].online);
        assert_int_equal(s->pcpus[i].node, i / 8);
    }
    assert_true(s->vcpus[0].has_run);
    assert_false(s->vcpus[0].has_delay);
    before = s->vcpus[0].run_ns;
    taken = s->taken_ns;
    usleep(20000);
    sample(f, f->host);
    assert_true(s->taken_ns > taken);
    assert_true(s->read_ns > 0 && s->read_ns / 2 < s->taken_ns - taken);
    assert_true(s->vcpus[0].run_ns > before);
}

static void pins_and_reads_back(void **state)
{
    struct fixture *f = *state;

    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "0-15");
    pin(f, f->host, "test", 0, "2", PLAN_DONE);
    pin(f, f->host, "test", 1, "9", PLAN_DONE);
    sample(f, f->host);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "2");
    assert_int_equal(vcpu_of(&f->s, "test", 0)->cpu, 2);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->found), "0-15");
    /* The second byte of a mask, too. */
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 1)->affinity), "9");
    pin(f, f->host, "test", 0, "2", PLAN_SKIPPED);
    pin(f, f->host, "test", 5, "2", PLAN_SKIPPED);
    assert_string_equal(f->plan.actions[0].error, "the vCPU is gone");
}

static void a_guest_of_another_id_is_another_guest(void **state)
{
    struct fixture *f = *state;
    struct plan_action *a;

    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    f->s.guests[0].id = 77;
    a = apply(f, f->host, PLAN_PIN, "test", 0, "2", 0);
    assert_int_equal(a->result, PLAN_SKIPPED);
    assert_string_equal(a->error, "the guest is gone");
}

/* Somebody else on the same hypervisor. */
static void others_pin(const char *uri, const char *name, unsigned vcpu, unsigned char mask)
{
    virConnectPtr conn = virConnectOpen(uri);
    virDomainPtr domain = virDomainLookupByName(conn, name);

    assert_int_equal(virDomainPinVcpu(domain, vcpu, &mask, 1), 0);
    virDomainFree(domain);
    virConnectClose(conn);
}

static void what_others_set_counts_as_found(void **state)
{
    struct fixture *f = *state;

    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    pin(f, f->host, "test", 0, "2", PLAN_DONE);
    others_pin("test:///default", "test", 0, 0x11);
    /* Between the sample and the change: left as it is. */
    pin(f, f->host, "test", 0, "4", PLAN_SKIPPED);
    assert_string_equal(f->plan.actions[0].error, "its affinity was changed meanwhile");
    sample(f, f->host);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "0,4");
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->found), "0,4");
}

static void sizes_are_set_and_never_above_the_maximum(void **state)
{
    struct fixture *f = *state;

    f->host = open_host(f, "test:///default", true, false);
    sample(f, f->host);
    set_size(f, f->host, "test", 1500000, PLAN_DONE);
    set_size(f, f->host, "test", 1500000, PLAN_SKIPPED);
    sample(f, f->host);
    assert_int_equal(f->s.guests[0].memory.size_kib, 1500000);
    set_size(f, f->host, "test", 99999999, PLAN_DONE);
    assert_int_equal(f->plan.actions[0].to_kib, 8388608);
    sample(f, f->host);
    assert_int_equal(f->s.guests[0].memory.size_kib, 8388608);
}

static void puts_back_what_was_found(void **state)
{
    struct fixture *f = *state;
    char error[HOST_ERROR_BYTES];

    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    pin(f, f->host, "test", 0, "2", PLAN_DONE);
    sample(f, f->host);
    pin(f, f->host, "test", 0, "4", PLAN_DONE);
    assert_int_equal(f->host->ops->restore(f->host, false, true, error, sizeof(error)), 0);
    assert_int_equal(f->host->ops->restore(f->host, true, false, error, sizeof(error)), 1);
    sample(f, f->host);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "0-15");
    assert_int_equal(f->host->ops->restore(f->host, true, false, error, sizeof(error)), 0);
}

static void sizes_are_put_back(void **state)
{
    struct fixture *f = *state;
    char error[HOST_ERROR_BYTES];

    f->host = open_host(f, "test:///default", true, false);
    sample(f, f->host);
    set_size(f, f->host, "test", 1500000, PLAN_DONE);
    set_size(f, f->host, "test", 1600000, PLAN_DONE);
    assert_int_equal(f->host->ops->restore(f->host, true, true, error, sizeof(error)), 1);
    sample(f, f->host);
    assert_int_equal(f->s.guests[0].memory.size_kib, 2097152);
}

/* A first program that ends without putting anything back, and a second one on the same hypervisor. */
static void another_run_knows_what_the_first_found(void **state)
{
    struct fixture *f = *state;
    virConnectPtr stays = virConnectOpen("test:///default"); /* the driver's guests last as long as a connection */
    struct host *first = open_host(f, "test:///default", false, false);
    char error[HOST_ERROR_BYTES];

    sample(f, first);
    pin(f, first, "test", 0, "2", PLAN_DONE);
    pin(f, first, "test", 1, "4", PLAN_DONE);
    others_pin("test:///default", "test", 1, 0x05);
    first->ops->close(first);
    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    /* Its own pin: found is what the first one found. The other was since replaced by somebody: that's found now. */
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "2");
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->found), "0-15");
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 1)->found), "0,2");
    assert_int_equal(f->host->ops->restore(f->host, true, true, error, sizeof(error)), 1);
    sample(f, f->host);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "0-15");
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 1)->affinity), "0,2");
    virConnectClose(stays);
}

static void restores_without_a_sample(void **state)
{
    struct fixture *f = *state;
    virConnectPtr stays = virConnectOpen("test:///default");
    struct host *first = open_host(f, "test:///default", false, false);
    char error[HOST_ERROR_BYTES];

    sample(f, first);
    pin(f, first, "test", 1, "4", PLAN_DONE);
    first->ops->close(first);
    f->host = open_host(f, "test:///default", false, false);
    assert_int_equal(f->host->ops->restore(f->host, true, true, error, sizeof(error)), 1);
    sample(f, f->host);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 1)->affinity), "0-15");
    virConnectClose(stays);
}

static void a_dry_run_changes_nothing(void **state)
{
    struct fixture *f = *state;
    char error[HOST_ERROR_BYTES], path[128];

    f->host = open_host(f, "test:///default", false, true);
    sample(f, f->host);
    pin(f, f->host, "test", 0, "2", PLAN_DRY_RUN);
    sample(f, f->host);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "0-15");
    assert_int_equal(f->host->ops->restore(f->host, true, true, error, sizeof(error)), 0);
    snprintf(path, sizeof(path), "%s/found-cpu-test____default", f->dir);
    assert_int_not_equal(access(path, F_OK), 0);
    f->host->ops->measure_only(f->host, false);
    pin(f, f->host, "test", 0, "2", PLAN_DONE);
    assert_int_equal(access(path, F_OK), 0);
}

static void each_program_changes_only_its_own(void **state)
{
    struct fixture *f = *state;

    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    set_size(f, f->host, "test", 1500000, PLAN_FAILED);
    f->host->ops->close(f->host);
    f->host = open_host(f, "test:///default", true, false);
    pin(f, f->host, "test", 0, "2", PLAN_FAILED);
    sample(f, f->host);
    assert_int_equal(f->s.guests[0].memory.size_kib, 2097152);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "0-15");
}

static void a_ledger_that_cannot_be_written_stops_changes(void **state)
{
    struct fixture *f = *state;
    char path[64];
    FILE *file;

    /* A file where the folder should be. */
    snprintf(path, sizeof(path), "%s", f->dir);
    snprintf(f->dir + strlen(f->dir), sizeof(f->dir) - strlen(f->dir), "/file");
    file = fopen(f->dir, "w");
    fclose(file);
    f->host = open_host(f, "test:///default", false, false);
    snprintf(f->dir, sizeof(f->dir), "%s", path);
    sample(f, f->host);
    pin(f, f->host, "test", 0, "2", PLAN_FAILED);
    sample(f, f->host);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->affinity), "0-15");
}

/* A host of three guests made for these tests. */
static void write_node(struct fixture *f)
{
    char path[96];
    FILE *file;

    snprintf(path, sizeof(path), "%s/node.xml", f->dir);
    snprintf(f->uri, sizeof(f->uri), "test://%s", path);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "<node>\n"
                  "<cpu><mhz>2000</mhz><model>i686</model><active>12</active><nodes>1</nodes><sockets>1</sockets>"
                  "<cores>12</cores><threads>1</threads></cpu><memory>8000000</memory>\n"
                  "<domain type='test'><name>plain</name><uuid>00000000-0000-0000-0000-000000000001</uuid>"
                  "<memory>1048576</memory><currentMemory>524288</currentMemory><vcpu>3</vcpu>"
                  "<os><type>hvm</type></os></domain>\n"
                  "<domain type='test'><name>ruled</name><uuid>00000000-0000-0000-0000-000000000002</uuid>"
                  "<metadata><v:policy xmlns:v='urn:vmbalance:policy:1' leave-alone='yes' weight='3' dedicated='yes'/>"
                  "</metadata><memory>1048576</memory><vcpu cpuset='0,2'>2</vcpu>"
                  "<cputune><vcpupin vcpu='1' cpuset='2'/><period>100000</period><quota>30000</quota></cputune>"
                  "<os><type>hvm</type></os><devices><memballoon model='none'/></devices></domain>\n"
                  "<domain type='test'><name>third</name><uuid>00000000-0000-0000-0000-000000000003</uuid>"
                  "<memory>1048576</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>\n"
                  "</node>\n");
    fclose(file);
}

static virDomainPtr lookup(virConnectPtr conn, const char *name)
{
    virDomainPtr domain = virDomainLookupByName(conn, name);

    assert_non_null(domain);
    return domain;
}

static void reads_definitions_of_guests(void **state)
{
    struct fixture *f = *state;
    const struct snapshot *s = &f->s;
    const struct snapshot_guest *plain, *ruled;

    write_node(f);
    f->host = open_host(f, f->uri, false, false);
    sample(f, f->host);
    assert_int_equal(s->n_guests, 3);
    plain = &s->guests[domain_of(s, "plain")];
    ruled = &s->guests[domain_of(s, "ruled")];
    assert_int_equal(plain->leave_alone, SNAPSHOT_LEAVE_NO);
    assert_int_equal(plain->n_vcpus, 3);
    assert_int_equal(plain->memory.size_kib, 524288);
    assert_int_equal(plain->memory.max_kib, 1048576);
    assert_float_equal(plain->memory.weight, 1, 0);
    assert_int_equal(ruled->leave_alone, SNAPSHOT_LEAVE_METADATA);
    assert_true(ruled->dedicated);
    assert_float_equal(ruled->memory.weight, 3, 0);
    assert_float_equal(ruled->vcpu_quota_pct, 30, 1e-9);
    assert_false(ruled->memory.balloon);
    assert_string_equal(list(s, vcpu_of(s, "ruled", 0)->defined), "0,2");
    assert_string_equal(list(s, vcpu_of(s, "ruled", 0)->pinned), "-");
    assert_string_equal(list(s, vcpu_of(s, "ruled", 1)->pinned), "2");
    assert_string_equal(list(s, vcpu_of(s, "plain", 0)->defined), "-");
    /* In the order of their ids, however the driver lists them. */
    for (int i = 1; i < s->n_guests; i++)
        assert_true(s->guests[i - 1].id < s->guests[i].id);
}

/* Others act by a connection of their own; that of the default host shares its guests. */
static void states_and_restarts_are_followed(void **state)
{
    struct fixture *f = *state;
    virConnectPtr conn = virConnectOpen("test:///default");
    virDomainPtr domain = lookup(conn, "test");

    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    pin(f, f->host, "test", 0, "2", PLAN_DONE);
    assert_int_equal(virDomainSuspend(domain), 0);
    sample(f, f->host);
    assert_int_equal(f->s.guests[0].state, SNAPSHOT_GUEST_PAUSED);
    assert_int_equal(virDomainResume(domain), 0);
    sample(f, f->host);
    assert_int_equal(f->s.guests[0].state, SNAPSHOT_GUEST_RUNNING);
    assert_string_equal(list(&f->s, vcpu_of(&f->s, "test", 0)->found), "0-15");
    /* Started again, it is another guest, of which nothing is known. */
    assert_int_equal(virDomainDestroy(domain), 0);
    sample(f, f->host);
    assert_int_equal(f->s.n_guests, 0);
    assert_int_equal(virDomainCreate(domain), 0);
    sample(f, f->host);
    assert_int_equal(f->s.n_guests, 1);
    assert_int_not_equal(f->s.guests[0].id, 1);
    virDomainFree(domain);
    virConnectClose(conn);
}

/* What is defined live while we look: an event tells that the definition is to be read again. */
static void metadata_is_followed_by_its_event(void **state)
{
    struct fixture *f = *state;
    virConnectPtr conn = virConnectOpen("test:///default");
    virDomainPtr domain = lookup(conn, "test");

    f->host = open_host(f, "test:///default", false, false);
    sample(f, f->host);
    assert_int_equal(f->s.guests[0].leave_alone, SNAPSHOT_LEAVE_NO);
    assert_int_equal(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, "<policy leave-alone='yes'/>", "v",
                                          "urn:vmbalance:policy:1", VIR_DOMAIN_AFFECT_LIVE),
                     0);
    f->host->ops->idle(f->host, 0);
    sample(f, f->host);
    assert_int_equal(f->s.guests[0].leave_alone, SNAPSHOT_LEAVE_METADATA);
    assert_int_equal(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT,
                                          "<policy pcpus='0' memory-least='300' memory-most='600' wieght='2'/>", "v",
                                          "urn:vmbalance:policy:1", VIR_DOMAIN_AFFECT_LIVE),
                     0);
    for (int i = 0; i < 3; i++) {
        char text[256] = "";

        f->host->ops->idle(f->host, 0);
        sample(f, f->host);
        assert_int_equal(f->s.guests[0].leave_alone, SNAPSHOT_LEAVE_NO);
        assert_string_equal(list(&f->s, f->s.guests[0].allowed), "0");
        assert_int_equal(f->s.guests[0].memory.least_kib, 300 * 1024);
        assert_int_equal(f->s.guests[0].memory.most_kib, 600 * 1024);
        assert_true(f->host->ops->remark(f->host, text, sizeof(text)) == (i == 0));
        if (i == 0)
            assert_string_equal(text, "test: its metadata say wieght, which isn't known: left out");
    }
    virDomainFree(domain);
    virConnectClose(conn);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *wake_soon(void *argument)
{
    struct host *host = argument;

    usleep(50000);
    host->ops->wake(host);
    return NULL;
}

static void idle_ends_when_woken(void **state)
{
    struct fixture *f = *state;
    double start = now_s();
    pthread_t thread;

    f->host = open_host(f, "test:///default", false, false);
    assert_int_equal(pthread_create(&thread, NULL, wake_soon, f->host), 0);
    /* A minute, were it not woken. */
    f->host->ops->idle(f->host, 60000);
    assert_true(now_s() - start < 30);
    pthread_join(thread, NULL);
    /* A wake that comes while a sample is taken isn't lost either. */
    f->host->ops->wake(f->host);
    sample(f, f->host);
    f->host->ops->idle(f->host, 60000);
    assert_true(now_s() - start < 30);
}

static void refuses_with_a_reason(void **state)
{
    struct fixture *f = *state;
    const struct libvirt_host_options options = {.uri = "nonsense:///", .state_dir = f->dir, .leaked = &f->leaked};
    char error[HOST_ERROR_BYTES] = "";
    struct host *host = libvirt_host_new(&options);

    assert_int_equal(host->ops->connect(host, error, sizeof(error)), -ENOTCONN);
    assert_true(strlen(error) > 10);
    assert_false(host->ops->connected(host));
    assert_int_equal(host->ops->sample(host, &f->s, true, error, sizeof(error)), -ENOTCONN);
    assert_int_equal(host->ops->restore(host, true, true, error, sizeof(error)), -ENOTCONN);
    host->ops->idle(host, 0);
    host->ops->close(host);
}

int main(void)
{
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(samples_the_default_host),
        WITH_FIXTURE(pins_and_reads_back),
        WITH_FIXTURE(a_guest_of_another_id_is_another_guest),
        WITH_FIXTURE(what_others_set_counts_as_found),
        WITH_FIXTURE(sizes_are_set_and_never_above_the_maximum),
        WITH_FIXTURE(puts_back_what_was_found),
        WITH_FIXTURE(sizes_are_put_back),
        WITH_FIXTURE(another_run_knows_what_the_first_found),
        WITH_FIXTURE(restores_without_a_sample),
        WITH_FIXTURE(a_dry_run_changes_nothing),
        WITH_FIXTURE(each_program_changes_only_its_own),
        WITH_FIXTURE(a_ledger_that_cannot_be_written_stops_changes),
        WITH_FIXTURE(reads_definitions_of_guests),
        WITH_FIXTURE(states_and_restarts_are_followed),
        WITH_FIXTURE(metadata_is_followed_by_its_event),
        WITH_FIXTURE(idle_ends_when_woken),
        WITH_FIXTURE(refuses_with_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
