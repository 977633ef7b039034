/* Metrics of a report: what no hypervisor of the other tests brings. */
#include "ui/headless/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *text_of(const struct report *r)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(out);
    metrics_text(out, r);
    fclose(out);
    return text;
}

static void has(const struct report *r, const char *line)
{
    char *text = text_of(r);

    if (!strstr(text, line))
        fail_msg("no '%s' in:\n%s", line, text);
    free(text);
}

static void has_not(const struct report *r, const char *words)
{
    char *text = text_of(r);

    assert_null(strstr(text, words));
    free(text);
}

static void add_guest(struct report *r, const char *name)
{
    struct snapshot_guest *g;

    snapshot_reset(&r->snapshot, 2);
    g = snapshot_add_guest(&r->snapshot);
    assert_non_null(g);
    snprintf(g->name, sizeof(g->name), "%s", name);
    g->memory.has = SNAPSHOT_HAS_SIZE;
    g->memory.size_kib = (uint64_t)1 << 43; /* 8 PiB: more digits than six */
}

static void a_name_stays_one_line_of_utf8_in_quotes(void **state)
{
    static const char *const rows[][2] = {
        {"two\nlines", "guest=\"two\\nlines\"} 9007199254740992\n"},
        {"\"\\", "guest=\"\\\"\\\\\"} 9007199254740992\n"},
        {"a\xff", "guest=\"a\xEF\xBF\xBD\"} 9007199254740992\n"},
        {"日本", "guest=\"日本\"} 9007199254740992\n"},
    };
    struct report r = {.program = REPORT_MEMORY_COORDINATOR};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        add_guest(&r, rows[i][0]);
        has(&r, rows[i][1]);
    }
    report_free(&r);
}

static void what_is_not_known_has_no_sample(void **state)
{
    struct report r = {.program = REPORT_MEMORY_COORDINATOR};

    (void)state;
    add_guest(&r, "a");
    has_not(&r, "vmbalance_guest_memory_unused_bytes{");
    has_not(&r, "vmbalance_guest_memory_need_bytes{");
    has_not(&r, "vmbalance_host_memory_total_bytes");
    r.program = REPORT_VCPU_SCHEDULER;
    has_not(&r, "vmbalance_load_deviation_ratio");
    r.plan.has_balance = true;
    r.plan.sd_now = 12.5;
    r.plan.sd_bound = -1;
    has(&r, "\nvmbalance_load_deviation_ratio 0.125\n");
    has_not(&r, "vmbalance_load_deviation_bound_ratio");
    report_free(&r);
}

static void times_are_counted_up_to_each_bound(void **state)
{
    struct report r = {.program = REPORT_VCPU_SCHEDULER};

    (void)state;
    report_times_add(&r.times, 0.0001);
    report_times_add(&r.times, 0.03);
    report_times_add(&r.times, 60);
    has(&r, "_bucket{program=\"vcpu_scheduler\",le=\"0.0001\"} 1\n");
    has(&r, "_bucket{program=\"vcpu_scheduler\",le=\"0.01\"} 1\n");
    has(&r, "_bucket{program=\"vcpu_scheduler\",le=\"0.05\"} 2\n");
    has(&r, "_bucket{program=\"vcpu_scheduler\",le=\"5\"} 2\n");
    has(&r, "_bucket{program=\"vcpu_scheduler\",le=\"+Inf\"} 3\n");
    has(&r, "_sum{program=\"vcpu_scheduler\"} 60.0301\n");
    has(&r, "_count{program=\"vcpu_scheduler\"} 3\n");
}

static void a_failure_is_told_once_until_it_works_again(void **state)
{
    char folder[] = "/tmp/metrics_test.XXXXXX", path[64], error[128];
    struct report r = {.program = REPORT_VCPU_SCHEDULER};
    struct metrics_file m = {0};
    struct stat file;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/not/there.prom", folder);
    assert_true(metrics_are_due(&m, &r));
    assert_true(metrics_write(&m, path, &r, error, sizeof(error)) < 0);
    assert_string_equal(error, "No such file or directory");
    assert_int_equal(metrics_write(&m, path, &r, error, sizeof(error)), 0);
    assert_false(metrics_are_due(&m, &r)); /* a sample between two decisions */
    r.state = REPORT_DISCONNECTED;
    assert_true(metrics_are_due(&m, &r));
    snprintf(path, sizeof(path), "%s/there.prom", folder);
    umask(077);
    assert_int_equal(metrics_write(&m, path, &r, error, sizeof(error)), 0);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0644);
    unlink(path);
    mkdir(path, 0700); /* what stands there can't be replaced */
    assert_true(metrics_write(&m, path, &r, error, sizeof(error)) < 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0); /* and nothing is left beside it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_stays_one_line_of_utf8_in_quotes),
        cmocka_unit_test(what_is_not_known_has_no_sample),
        cmocka_unit_test(times_are_counted_up_to_each_bound),
        cmocka_unit_test(a_failure_is_told_once_until_it_works_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
