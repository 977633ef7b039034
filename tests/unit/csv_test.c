/* Lines of values: as many as there are names, and nothing that a reader would take for two lines or two values. */
#include "ui/headless/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 64, SUMMARY = 17, OF_GUEST = 12 };

/* Takes a line apart, as RFC 4180 has it; returns how many values there are. */
static int split(char *line, char *values[MOST])
{
    int n = 0;
    char *to;

    while (n < MOST) {
        bool quoted = *line == '"';

        line += quoted;
        to = values[n++] = line;
        while (*line && *line != '\n' && (quoted || *line != ',')) {
            if (quoted && *line == '"' && *++line != '"') {
                quoted = false;
                continue;
            }
            *to++ = *line++;
        }
        if (*line != ',') {
            *to = '\0';
            return n;
        }
        line++;
        *to = '\0';
    }
    return n;
}

static char *print(const struct report *r)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    if (r)
        csv_row(out, r);
    else
        csv_header(out);
    fclose(out);
    assert_ptr_equal(strchr(text, '\n'), text + size - 1);
    return text;
}

static int column(char *names[MOST], int n, int from, const char *name)
{
    for (int i = from; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    fail_msg("no column %s", name);
    return -1;
}

/* What the first guest's disks and interfaces carried in the 10 s. */
static const struct snapshot_work carried = {
    .disk_read_bytes = 123457, .disk_written_bytes = 1, .net_received_bytes = 9876543211, .net_sent_bytes = 0};

/* Two pCPUs; two guests, the first with a name that is hard to quote, of which one ran half of the 10 s. */
static void fill(struct report *r, unsigned measured)
{
    struct snapshot before = {0};

    for (int round = 0; round < 2; round++) {
        struct snapshot *s = &r->snapshot;

        snapshot_reset(s, 2);
        s->taken_ns = (uint64_t)(round + 1) * 10000000000u;
        strcpy(s->node_name, "node1");
        s->host.has = SNAPSHOT_HOST_HAS_TOTAL;
        s->host.total_kib = 4000;
        for (int i = 0; i < 2; i++) {
            struct snapshot_pcpu *p = snapshot_add_pcpu(s);

            p->number = i;
            p->online = true;
        }
        for (int i = 0; i < 2; i++) {
            struct snapshot_guest *g = snapshot_add_guest(s);
            struct snapshot_vcpu *v;

            g->id = i + 3;
            memset(g->uuid, i + 1, sizeof(g->uuid));
            strcpy(g->name, i ? "web" : "a,\"b\"\nc");
            g->memory.has = i ? 0 : SNAPSHOT_HAS_SIZE;
            g->memory.size_kib = 1000;
            g->work.has = i ? 0 : measured;
            g->work.disk_read_bytes = 5000 + (uint64_t)round * carried.disk_read_bytes;
            g->work.disk_written_bytes = 7 + (uint64_t)round * carried.disk_written_bytes;
            g->work.net_received_bytes = (uint64_t)round * carried.net_received_bytes;
            g->work.net_sent_bytes = 400 + (uint64_t)round * carried.net_sent_bytes;
            v = snapshot_add_vcpu(s);
            v->has_run = v->online = i == 0;
            v->run_ns = (uint64_t)round * 5000000000u;
        }
        if (round == 0)
            assert_int_equal(snapshot_copy(&before, s), 0);
    }
    assert_int_equal(rates_between(&r->interval, &before, &r->snapshot), 0);
    snapshot_free(&before);
    plan_reset(&r->plan, 2);
    assert_int_equal(plan_size_for(&r->plan, &r->snapshot), 0);
    r->plan.has_balance = true;
    r->plan.sd_now = 12.5;
    r->state = REPORT_RUNNING;
}

static void each_value_has_a_name(void **state)
{
    struct report r = {0};
    char *header = print(NULL), *row, *names[MOST], *values[MOST];
    int n = split(header, names);

    (void)state;
    assert_int_equal(n, SUMMARY + OF_GUEST);
    fill(&r, 0);
    row = print(&r);
    assert_int_equal(split(row, values), SUMMARY + 2 * OF_GUEST);
    assert_string_equal(values[column(names, n, 0, "Hostname")], "node1");
    assert_string_equal(values[column(names, n, 0, "Count")], "2");
    assert_string_equal(values[column(names, n, 0, "%CPU")], "25.000");
    assert_string_equal(values[column(names, n, 0, "Total CPU time (ns)")], "5000000000");
    assert_string_equal(values[column(names, n, 0, "Balance sd (points)")], "12.500");
    assert_string_equal(values[column(names, n, 0, "Expected sd (points)")], "");
    assert_string_equal(values[column(names, n, SUMMARY, "Domain ID")], "3");
    assert_string_equal(values[column(names, n, SUMMARY, "Domain name")], "a,\"b\" c");
    assert_string_equal(values[column(names, n, SUMMARY, "CPU (ns)")], "5000000000");
    assert_string_equal(values[column(names, n, SUMMARY, "Mem (bytes)")], "1024000");
    assert_string_equal(values[column(names, n, SUMMARY, "%Mem")], "25.000");
    assert_string_equal(values[OF_GUEST + column(names, n, SUMMARY, "Domain name")], "web");
    assert_string_equal(values[OF_GUEST + column(names, n, SUMMARY, "Mem (bytes)")], "");
    free(header);
    free(row);
    report_free(&r);
}

/* Bytes of the interval, in virt-top's columns and behind those of memory; empty where they aren't measured. */
static void disks_and_networks_stand_in_their_columns(void **state)
{
    static const char *const names_of[] = {"%Mem", "Block RDBY", "Block WRBY", "Net RXBY", "Net TXBY"};
    static const char *const expected[3][4] = {
        {"", "", "", ""}, {"123457", "1", "", ""}, {"123457", "1", "9876543211", "0"}};
    const unsigned disk = SNAPSHOT_HAS_DISK_READ | SNAPSHOT_HAS_DISK_WRITTEN;
    const unsigned measured[3] = {0, disk, disk | SNAPSHOT_HAS_NET_RECEIVED | SNAPSHOT_HAS_NET_SENT};
    char *header = print(NULL), *names[MOST];
    int n = split(header, names), at = column(names, n, SUMMARY, "%Mem");

    (void)state;
    for (int k = 0; k < 5; k++)
        assert_string_equal(names[at + k], names_of[k]);
    for (int i = 0; i < 3; i++) {
        struct report r = {0};
        char *row, *values[MOST];

        fill(&r, measured[i]);
        row = print(&r);
        assert_int_equal(split(row, values), SUMMARY + 2 * OF_GUEST);
        for (int k = 0; k < 4; k++) {
            assert_string_equal(values[at + 1 + k], expected[i][k]);
            assert_string_equal(values[OF_GUEST + at + 1 + k], "");
        }
        free(row);
        report_free(&r);
    }
    free(header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_has_a_name),
        cmocka_unit_test(disks_and_networks_stand_in_their_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
