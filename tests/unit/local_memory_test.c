#include "core/host/local_memory.h"

#include "core/host/local_cpu.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Of a kernel 6.1, shortened. */
static const char meminfo[] = "MemTotal:       24684092 kB\n"
                              "MemFree:        23868516 kB\n"
                              "MemAvailable:   24003100 kB\n"
                              "Buffers:            2004 kB\n"
                              "Cached:           396084 kB\n"
                              "SwapCached:         7000 kB\n"
                              "SwapTotal:       1048572 kB\n"
                              "SwapFree:        1040000 kB\n"
                              "HugePages_Total:       0\n"
                              "DirectMap4k:      100000 kB\n";

static const char pressure[] = "some avg10=1.53 avg60=0.87 avg300=0.73 total=1220634\n"
                               "full avg10=0.22 avg60=0.13 avg300=0.10 total=1150000\n";

static void reads_memory(void **state)
{
    struct snapshot_host h = {0};

    (void)state;
    local_memory_parse(meminfo, pressure, &h);
    assert_int_equal(h.has, SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE | SNAPSHOT_HOST_HAS_AVAILABLE |
                                SNAPSHOT_HOST_HAS_CACHES | SNAPSHOT_HOST_HAS_SWAP | SNAPSHOT_HOST_HAS_PRESSURE);
    assert_int_equal(h.total_kib, 24684092);
    assert_int_equal(h.free_kib, 23868516);
    assert_int_equal(h.available_kib, 24003100);
    assert_int_equal(h.caches_kib, 2004 + 396084);
    assert_int_equal(h.swap_total_kib, 1048572);
    assert_int_equal(h.swap_free_kib, 1040000);
    assert_float_equal(h.pressure_some_pct, 1.53, 1e-9);
    assert_float_equal(h.pressure_full_pct, 0.22, 1e-9);
}

/* 20 of 24 GiB stand in a pool of huge pages, of which a balloon can give nothing. */
static void pools_of_huge_pages_do_not_count(void **state)
{
    struct snapshot_host h = {0};

    (void)state;
    local_memory_parse("MemTotal:       25165824 kB\nMemFree:         3000000 kB\nHugePages_Total:   10240\n"
                       "Hugepagesize:       2048 kB\nHugetlb:        20971520 kB\n",
                       NULL, &h);
    assert_int_equal(h.total_kib, 25165824 - 20971520);
    assert_int_equal(h.free_kib, 3000000);
    assert_int_equal(h.has, SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE);
}

static void what_is_missing_is_not_zero(void **state)
{
    struct snapshot_host h = {0};

    (void)state;
    local_memory_parse("MemTotal: 1000 kB\nMemFree: kB\nMemAvailable\nnonsense", "some avg20=1\n", &h);
    assert_int_equal(h.has, SNAPSHOT_HOST_HAS_TOTAL);
    assert_int_equal(h.total_kib, 1000);
    memset(&h, 0, sizeof(h));
    local_memory_parse("", NULL, &h);
    assert_int_equal(h.has, 0);
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void take_away(const char *dir, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    remove(path);
}

static void reads_files_of_a_folder(void **state)
{
    const unsigned pressures =
        SNAPSHOT_HOST_HAS_PRESSURE | SNAPSHOT_HOST_HAS_CPU_PRESSURE | SNAPSHOT_HOST_HAS_IO_PRESSURE;
    char dir[] = "/tmp/local-memory-XXXXXX", sub[64];
    struct snapshot_host h = {0};
    struct local_file f = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(local_memory_read(&f, dir, &h), -ENOENT);
    put(dir, "meminfo", meminfo);
    assert_int_equal(local_memory_read(&f, dir, &h), 0);
    assert_int_equal(h.free_kib, 23868516);
    assert_int_equal(h.has & pressures, 0);
    assert_int_equal(h.caches_kib, 398088);
    snprintf(sub, sizeof(sub), "%s/pressure", dir);
    assert_int_equal(mkdir(sub, 0700), 0);
    put(dir, "pressure/memory", pressure);
    assert_int_equal(local_memory_read(&f, dir, &h), 0);
    assert_int_equal(h.has & pressures, SNAPSHOT_HOST_HAS_PRESSURE);
    assert_int_equal(h.caches_kib, 398088);
    put(dir, "pressure/cpu", "some avg10=51.46 avg60=49.42 avg300=38.24 total=9895633400\n");
    put(dir, "pressure/io",
        "some avg10=3.25 avg60=1.00 avg300=0.50 total=44059144\nfull avg10=1.75 avg60=0.50 avg300=0.25 "
        "total=12264587\n");
    assert_int_equal(local_memory_read(&f, dir, &h), 0);
    assert_int_equal(h.has & pressures, pressures);
    assert_float_equal(h.pressure_some_pct, 1.53, 1e-9);
    assert_float_equal(h.pressure_full_pct, 0.22, 1e-9);
    assert_float_equal(h.cpu_pressure_some_pct, 51.46, 1e-9);
    assert_float_equal(h.io_pressure_some_pct, 3.25, 1e-9);
    assert_float_equal(h.io_pressure_full_pct, 1.75, 1e-9);
    put(dir, "pressure/io", "");
    h = (struct snapshot_host){0};
    assert_int_equal(local_memory_read(&f, dir, &h), 0);
    assert_int_equal(h.has & pressures, SNAPSHOT_HOST_HAS_PRESSURE | SNAPSHOT_HOST_HAS_CPU_PRESSURE);
    take_away(dir, "pressure/io");
    take_away(dir, "pressure/cpu");
    take_away(dir, "pressure/memory");
    take_away(dir, "pressure");
    take_away(dir, "meminfo");
    rmdir(dir);
    local_file_free(&f);
}

static void reads_files_of_any_length(void **state)
{
    enum { LENGTH = 100000 };
    char dir[] = "/tmp/local-memory-XXXXXX", *text = malloc(LENGTH + 1);
    struct local_file f = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    memset(text, 'x', LENGTH);
    text[LENGTH] = '\0';
    put(dir, "long", text);
    put(dir, "empty", "");
    assert_int_equal(local_file_read(&f, dir, "long"), LENGTH);
    assert_string_equal(f.text, text);
    assert_int_equal(local_file_read(&f, dir, "empty"), 0);
    assert_string_equal(f.text, "");
    assert_int_equal(local_file_read(&f, dir, "none"), -ENOENT);
    take_away(dir, "long");
    take_away(dir, "empty");
    rmdir(dir);
    local_file_free(&f);
    free(text);
}

/* pCPUs 0, 1 and 3 of which 1 is offline; the kernel also lists a 9 that the snapshot doesn't have. */
static const char stat_text[] = "cpu  100 0 0 0 0 0 0 0 0 0\n"
                                "cpu0 1000 20 300 40000 500 6 7 8 900 1\n"
                                "cpu3 1 0 2 3 0 0 0 0 0 0\n"
                                "cpu9 1 0 2 3 0 0 0 0 0 0\n"
                                "intr 123 cpu0 9 9 9\n"
                                "cpu1 1 1 1 1\n";

static void make_pcpus(struct snapshot *s)
{
    static const int numbers[] = {0, 1, 3};

    snapshot_reset(s, 4);
    for (int i = 0; i < 3; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);

        assert_non_null(p);
        p->number = numbers[i];
        p->online = true;
    }
}

static void reads_pcpu_times(void **state)
{
    struct snapshot s = {0};

    (void)state;
    make_pcpus(&s);
    assert_int_equal(local_cpu_parse(stat_text, 100, &s), 1);
    assert_true(s.pcpus[0].has_times);
    /* user, nice, system, irq, softirq and steal; the guests' 900 are in user already. */
    assert_int_equal(s.pcpus[0].busy_ns, UINT64_C(1341) * 10000000);
    assert_int_equal(s.pcpus[0].idle_ns, UINT64_C(40500) * 10000000);
    assert_true(s.pcpus[0].has_taken);
    assert_int_equal(s.pcpus[0].taken_ns, UINT64_C(21) * 10000000); /* irq, softirq and steal */
    assert_false(s.pcpus[1].has_times || s.pcpus[1].has_taken);
    assert_true(s.pcpus[1].online); /* what is online isn't for this list to say */
    assert_true(s.pcpus[2].has_times);
    assert_int_equal(s.pcpus[2].busy_ns, UINT64_C(3) * 10000000);
    snapshot_free(&s);
}

static void pcpu_times_of_another_clock(void **state)
{
    struct snapshot s = {0};

    (void)state;
    make_pcpus(&s);
    assert_int_equal(local_cpu_parse("cpu0 250 0 0 0\n", 250, &s), 0);
    assert_int_equal(s.pcpus[0].busy_ns, UINT64_C(1000000000));
    assert_int_equal(local_cpu_parse("", 100, &s), 0);
    assert_false(s.pcpus[0].has_times);
    snapshot_free(&s);
}

static void reads_what_a_node_has(void **state)
{
    char dir[] = "/tmp/local-node-XXXXXX", name[128];
    static const char *const folders[] = {"devices", "devices/system", "devices/system/node",
                                          "devices/system/node/node1"};
    struct local_file f = {0};
    uint64_t kib = 0;

    (void)state;
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(name, sizeof(name), "%s/%s", dir, folders[i]);
        assert_int_equal(mkdir(name, 0700), 0);
    }
    assert_int_equal(local_memory_read_node(&f, dir, 1, &kib), -ENOENT);
    put(dir, "devices/system/node/node1/meminfo", "Node 1 MemTotal:       9000 kB\n");
    assert_int_equal(local_memory_read_node(&f, dir, 1, &kib), -ENODATA);
    put(dir, "devices/system/node/node1/meminfo",
        "\nNode 1 MemTotal:       9000 kB\nNode 1 MemFree:        5000 kB\nNode 1 MemUsed:        4000 kB\n"
        "Node 1 Active(anon):    700 kB\nNode 1 Inactive(anon):   10 kB\nNode 1 Active(file):   1000 kB\n"
        "Node 1 Inactive(file):   400 kB\n");
    assert_int_equal(local_memory_read_node(&f, dir, 1, &kib), 0);
    assert_int_equal(kib, 5700);
    put(dir, "devices/system/node/node1/meminfo", "Node 1 MemFree:  5000 kB\n");
    assert_int_equal(local_memory_read_node(&f, dir, 1, &kib), 0);
    assert_int_equal(kib, 5000);
    take_away(dir, "devices/system/node/node1/meminfo");
    for (int i = 3; i >= 0; i--)
        take_away(dir, folders[i]);
    take_away(dir, "");
    local_file_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_memory),
        cmocka_unit_test(pools_of_huge_pages_do_not_count),
        cmocka_unit_test(what_is_missing_is_not_zero),
        cmocka_unit_test(reads_files_of_a_folder),
        cmocka_unit_test(reads_what_a_node_has),
        cmocka_unit_test(reads_files_of_any_length),
        cmocka_unit_test(reads_pcpu_times),
        cmocka_unit_test(pcpu_times_of_another_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
