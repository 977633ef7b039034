/*
 * Damages the texts that come from outside on the hypervisor side (definitions of guests, capabilities, /proc, the
 * ledger of what was found) and reads them: whatever comes, what is read must make sense, and nothing is overrun or
 * leaked (run it under sanitizers). libvirt_texts_fuzz [TRIES [SEED]]
 */
#include "core/host/domain_xml.h"
#include "core/host/ledger.h"
#include "core/host/local_cpu.h"
#include "core/host/local_memory.h"
#include "core/host/topology.h"
#include "core/model/cpumask.h"
#include "tests/sim/damage_text.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CPU_LIMIT = 70 };

static const char domain[] =
    "<domain type='kvm' id='7'><name>db</name><metadata><policy xmlns='urn:vmbalance:policy:1' dedicated='yes' "
    "leave-alone='no' weight='2.5'/></metadata><memory unit='KiB'>2097152</memory><currentMemory unit='MiB'>512"
    "</currentMemory><memoryBacking><hugepages/></memoryBacking><vcpu placement='static' cpuset='0-3,^2,65'>3</vcpu>"
    "<cputune><period>50000</period><quota>20000</quota><global_quota>150000</global_quota><vcpupin vcpu='0' "
    "cpuset='1'/><vcpupin vcpu='2' cpuset='0-1,69'/><vcpusched vcpus='0' scheduler='fifo'/></cputune><numatune>"
    "<memory mode='strict' nodeset='0-1'/></numatune><devices><hostdev type='pci'/><memballoon model='virtio' "
    "autodeflate='on'><stats period='5'/></memballoon></devices></domain>";

static const char capabilities[] =
    "<capabilities><host><topology><cells num='2'><cell id='0'><cpus num='2'><cpu id='0' socket_id='0' die_id='0' "
    "core_id='0' siblings='0,2'/><cpu id='2' socket_id='0' die_id='0' core_id='0' siblings='0,2'/></cpus></cell>"
    "<cell id='1'><cpus num='2'><cpu id='1' socket_id='1' core_id='0' siblings='1'/><cpu id='65'/></cpus></cell>"
    "</cells></topology><cache><bank id='0' level='3' type='both' cpus='0,2'/><bank id='1' level='3' cpus='1,65'/>"
    "</cache></host></capabilities>";

static const char proc_stat[] = "cpu  1000 20 300 40000 500 6 7 8 900 1\ncpu0 500 10 150 20000 250 3 3 4 400 0\n"
                                "cpu1 500 10 150 20000 250 3 4 4 500 1\ncpu65 1 2 3 4\nintr 123 4 5\n";

static const char meminfo[] = "MemTotal: 24684092 kB\nMemFree: 23868516 kB\nMemAvailable: 24003100 kB\n"
                              "Buffers: 2004 kB\nCached: 396084 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n";

static const char pressure[] = "some avg10=1.53 avg60=0.87 avg300=0.73 total=1220634\n"
                               "full avg10=0.22 avg60=0.13 avg300=0.10 total=1150000\n";

static const char ledger[] = "vmbalance found 1\n"
                             "affinity fb310bad0102030405060708090a0bff 3 0 0-3 1\n"
                             "affinity fb310bad0102030405060708090a0bff 3 1 0-3,65 2\n"
                             "size fb310bad0102030405060708090a0bff 3 0 524288 700000\n"
                             "period 01310bad0102030405060708090a0bff 4 0 0 2\n"
                             "forget affinity fb310bad0102030405060708090a0bff 3 1\n";

static bool within(const uint64_t *mask, int words, int limit)
{
    return !mask || cpumask_next(mask, words, limit) < 0;
}

static bool try_domain(const char *text)
{
    struct domain_xml x;
    bool good = true;

    if (domain_xml_read(&x, text, CPU_LIMIT) == 0) {
        good = within(x.cpuset, x.words, CPU_LIMIT) && isfinite(x.weight) && x.weight > 0 && x.stats_period_s >= 0 &&
               x.vcpu_quota_pct >= 0 && x.guest_quota_pct >= 0;
        for (int i = 0; i < x.n_pins; i++)
            good = good && x.pins[i].vcpu >= 0 && x.pins[i].mask && within(x.pins[i].mask, x.words, CPU_LIMIT);
    }
    domain_xml_free(&x);
    return good;
}

static bool try_topology(const char *text)
{
    static const unsigned char online[] = {0x07};
    struct topology t = {0};
    struct snapshot s = {0};
    bool good;

    topology_read(&t, text, text[0] % 2 ? online : NULL, 3);
    topology_isolate(&t, text);
    snapshot_reset(&s, t.cpu_limit);
    good = t.cpu_limit > 0 && topology_fill(&t, &s) == 0;
    for (int i = 0; i < s.n_pcpus; i++)
        good = good && s.pcpus[i].number >= 0 && s.pcpus[i].number < s.cpu_limit && s.pcpus[i].node >= 0 &&
               s.pcpus[i].llc >= 0 && s.pcpus[i].core >= 0;
    snapshot_free(&s);
    topology_free(&t);
    return good;
}

static bool try_stat(const char *text)
{
    struct snapshot s = {0};

    snapshot_reset(&s, 3);
    for (int i = 0; i < 3; i++)
        snapshot_add_pcpu(&s)->number = i;
    local_cpu_parse(text, 100, &s);
    snapshot_free(&s);
    return true;
}

static bool try_memory(const char *text)
{
    struct snapshot_host h = {0};

    local_memory_parse(text, text, &h);
    return true;
}

static bool try_ledger(const char *text)
{
    /* A folder of its own: a ledger in one that others may write to, such as /tmp, is refused. */
    char folder[] = "/tmp/ledger-fuzz-XXXXXX", path[sizeof(folder) + 8], beside[sizeof(path) + 8];
    static const char *const others[] = {".bad", ".lock"};
    size_t length = strlen(text);
    static const uint8_t uuid[SNAPSHOT_UUID_BYTES] = {1};
    struct ledger *f;
    bool good;
    int fd;

    if (!mkdtemp(folder))
        return false;
    snprintf(path, sizeof(path), "%s/ledger", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    good = fd >= 0 && write(fd, text, length) == (ssize_t)length;
    close(fd);
    f = ledger_open(path);
    good = good && f;
    for (int i = 0; f && i < ledger_count(f); i++)
        good = good && ledger_at(f, i)->found && ledger_at(f, i)->written;
    /* Whatever was there, what is put now is there afterwards. */
    good = good && ledger_put(f, uuid, 9, LEDGER_SIZE, 0, "1", "2") == 0;
    ledger_close(f);
    f = ledger_open(path);
    good = good && f && ledger_get(f, uuid, 9, LEDGER_SIZE, 0) && !ledger_trouble(f);
    ledger_close(f);
    unlink(path);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(beside, sizeof(beside), "%s%s", path, others[i]);
        unlink(beside);
    }
    /* Fails where anything else was left. */
    return rmdir(folder) == 0 && good;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *text;
        bool (*try)(const char *text);
        int every; /* one in so many tries: those that write files take long */
    } rows[] = {
        {"definitions", domain, try_domain, 1}, {"capabilities", capabilities, try_topology, 1},
        {"stat", proc_stat, try_stat, 1},       {"meminfo", meminfo, try_memory, 1},
        {"pressure", pressure, try_memory, 1},  {"ledgers", ledger, try_ledger, 10},
    };
    long tries = argc > 1 ? atol(argv[1]) : 10000;
    struct random_source source = {argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    struct text t = {0};
    int failed = 0;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        bool good = true;

        for (long i = 0; i < tries / rows[row].every && good; i++) {
            text_set(&t, rows[row].text, strlen(rows[row].text));
            for (int n = 1 + random_below(&source, 4); n > 0; n--)
                text_damage(&source, &t);
            good = rows[row].try(t.bytes);
            if (!good)
                printf("not ok %s: try %ld:\n%s\n", rows[row].name, i, t.bytes);
        }
        if (good)
            printf("ok damaged %s\n", rows[row].name);
        failed += !good;
    }
    free(t.bytes);
    return failed > 0;
}
