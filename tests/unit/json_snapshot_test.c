#include "core/record/json_snapshot.h"

#include "core/model/cpumask.h"
#include "core/record/snapshot_figures.h"
#include "tests/sim/random_snapshot.h"
#include "tests/sim/snapshot_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_same(const struct snapshot *a, const struct snapshot *b)
{
    assert_true(snapshot_same_facts(a, b));
    assert_true(snapshot_text_same_figures(a, b));
}

/* Bytes that are no UTF-8 by RFC 3629, told by turning each character back from its number. */
static void assert_utf8(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    while (*p) {
        int more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
        static const unsigned long least[] = {0, 0x80, 0x800, 0x10000};
        unsigned long number = more == 0 ? *p : *p & (0x3fU >> more);

        assert_false(*p >= 0x80 && *p < 0xc0);
        assert_true(*p < 0xf8);
        assert_true(*p >= 0x20); /* a line has no control characters */
        p++;
        for (int i = 0; i < more; i++, p++) {
            assert_int_equal(*p & 0xc0, 0x80);
            number = number << 6 | (*p & 0x3fU);
        }
        assert_true(number >= least[more] && number <= 0x10ffff && (number < 0xd800 || number > 0xdfff));
    }
}

static void read_back(const char *text, struct snapshot *s)
{
    char error[256] = "";

    if (snapshot_text_parse(s, text, strlen(text), error, sizeof(error)))
        fail_msg("%s: %s", error, text);
}

static void round_trip_is_identity(void **state)
{
    struct random_source source = {1};
    struct snapshot s = {0}, back = {0};

    (void)state;
    for (int round = 0; round < 400; round++) {
        char *text;

        random_snapshot(&source, &s, 1 + round % 30);
        text = snapshot_text(&s);
        assert_non_null(text);
        assert_utf8(text);
        read_back(text, &back);
        assert_same(&s, &back);
        free(text);
    }
    snapshot_free(&s);
    snapshot_free(&back);
}

static void figures_round_trip(void **state)
{
    struct random_source source = {2};
    struct snapshot s = {0}, before = {0}, back = {0};

    (void)state;
    for (int round = 0; round < 100; round++) {
        random_snapshot(&source, &s, 1 + round % 20);
        assert_int_equal(snapshot_copy(&back, &s), 0);
        for (int step = 0; step < 5; step++) {
            struct json_reading reading = {0};
            struct json_object *object;
            char *text;

            assert_int_equal(snapshot_copy(&before, &s), 0);
            random_figures(&source, &s);
            text = json_take_text(snapshot_figures_json(&before, &s));
            assert_non_null(text);
            object = json_parse(&reading, text, strlen(text));
            assert_non_null(object);
            snapshot_figures_read(&reading, &back, object);
            if (reading.failed)
                fail_msg("%s", reading.error);
            assert_same(&s, &back);
            json_object_put(object);
            free(text);
        }
    }
    snapshot_free(&s);
    snapshot_free(&before);
    snapshot_free(&back);
}

static void one_of_each(struct snapshot *s)
{
    uint64_t mask[2] = {0};
    struct snapshot_guest *g;
    struct snapshot_vcpu *v;

    snapshot_reset(s, 100);
    s->taken_ns = UINT64_MAX;
    s->wall_ms = -1;
    s->calls = 3;
    strcpy(s->node_name, "host");
    strcpy(s->uri, "qemu:///system");
    s->host.has = SNAPSHOT_HOST_HAS_FREE;
    s->host.free_kib = 7;
    snapshot_add_pcpu(s)->number = 4;
    s->pcpus[0].has_times = true;
    s->pcpus[0].busy_ns = 11;
    s->pcpus[0].idle_ns = 12;
    g = snapshot_add_guest(s);
    for (int i = 0; i < SNAPSHOT_UUID_BYTES; i++)
        g->uuid[i] = (uint8_t)(i * 17);
    strcpy(g->name, "db");
    g->id = 5;
    g->memory.has = SNAPSHOT_HAS_UNUSED;
    g->memory.unused_kib = 1024;
    v = snapshot_add_vcpu(s);
    v->number = 2;
    v->has_run = true;
    v->run_ns = 99;
    cpumask_set(mask, 0);
    cpumask_set(mask, 1);
    cpumask_set(mask, 99);
    v->affinity = snapshot_add_mask(s, mask);
    v->defined = snapshot_add_mask(s, NULL);
}

static void as_documented(void **state)
{
    struct snapshot s = {0};
    char *text;

    (void)state;
    one_of_each(&s);
    text = snapshot_text(&s);
    assert_string_equal(
        text,
        "{\"taken_ns\":18446744073709551615,\"wall_ms\":-1,\"node_name\":\"host\",\"uri\":\"qemu:///"
        "system\",\"calls\":3,"
        "\"cpu_limit\":100,\"host\":{\"free_kib\":7},"
        "\"pcpus\":[{\"number\":4,\"node\":0,\"llc\":0,\"core\":0,\"online\":false,\"isolated\":false,\"busy_ns\":11,"
        "\"idle_ns\":12}],"
        "\"guests\":[{\"uuid\":\"00112233-4455-6677-8899-aabbccddeeff\",\"id\":5,\"name\":\"db\",\"state\":\"running\","
        "\"leave_alone\":\"no\",\"realtime\":false,\"dedicated\":false,\"vcpu_quota_pct\":0,\"guest_quota_pct\":0,"
        "\"memory\":{\"unused_kib\":1024,\"stats_period_s\":0,\"balloon\":false,\"inhibited\":false,"
        "\"deflate_on_oom\":false,\"weight\":1},"
        "\"vcpus\":[{\"number\":2,\"online\":false,\"running\":false,\"run_ns\":99,\"affinity_cpus\":\"0-1,99\","
        "\"defined_cpus\":\"\"}]}]}");
    free(text);
    snapshot_free(&s);
}

static void names_that_are_no_utf8(void **state)
{
    static const struct {
        const char *name, *member, *hex_member;
    } cases[] = {
        {"plain", "\"name\":\"plain\"", NULL},
        {"50%\\\"", "\"name\":\"50%\\\\\\\"\"", NULL},
        {"a\nb\x1b", "\"name\":\"a\\nb\\u001b\"", NULL},
        {"grün 漢🙂", "\"name\":\"grün 漢🙂\"", NULL},
        {"x\xff", "\"name\":\"x\xef\xbf\xbd\"", "\"name_hex\":\"78ff\""},
        {"\xc3", "\"name\":\"\xef\xbf\xbd\"", "\"name_hex\":\"c3\""},
        {"\xc0\xaf", "\"name\":\"\xef\xbf\xbd\xef\xbf\xbd\"", "\"name_hex\":\"c0af\""},
        {"\xed\xa0\x80", "\"name\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "\"name_hex\":\"eda080\""},
        {"\xf4\x90\x80\x80", "\"name_hex\":\"f4908080\"", NULL},
        {"a/b", "\"name\":\"a/b\"", NULL},
        {"\xf0\x9f\x99", "\"name_hex\":\"f09f99\"", NULL},
    };
    struct snapshot s = {0}, back = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text;

        one_of_each(&s);
        strcpy(s.guests[0].name, cases[i].name);
        text = snapshot_text(&s);
        assert_utf8(text);
        if (!strstr(text, cases[i].member))
            fail_msg("no %s in %s", cases[i].member, text);
        if (cases[i].hex_member)
            assert_non_null(strstr(text, cases[i].hex_member));
        read_back(text, &back);
        assert_string_equal(back.guests[0].name, cases[i].name);
        free(text);
    }
    snapshot_free(&s);
    snapshot_free(&back);
}

/* Makes text with the first occurrence of from replaced. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    char *result = malloc(strlen(text) + strlen(to) + 1);

    assert_non_null(at);
    assert_non_null(result);
    memcpy(result, text, (size_t)(at - text));
    strcpy(result + (at - text), to);
    strcat(result, at + strlen(from));
    return result;
}

static void damage_is_told_in_words(void **state)
{
    static const struct {
        const char *from, *to, *words;
    } cases[] = {
        {"\"cpu_limit\":100", "\"cpu_limit\":0", "cpu_limit is not within 1 to 65536"},
        {"\"cpu_limit\":100", "\"cpu_limit\":1000000000", "cpu_limit is not within 1 to 65536"},
        {"\"cpu_limit\":100", "\"cpu_limit\":3", "number is not within 0 to 2"},
        {"\"cpu_limit\":100,", "", "cpu_limit is missing"},
        {"\"calls\":3", "\"calls\":-3", "calls is not within 0 to 4294967295"},
        {"\"calls\":3", "\"calls\":3.5", "calls is no int"},
        {"\"busy_ns\":11", "\"busy_ns\":-11", "busy_ns is negative"},
        {"\"idle_ns\":12", "\"idle\":12", "idle_ns is missing"},
        {"\"pcpus\":[{", "\"pcpus\":[7,{", "pcpus has something that is no object"},
        {"\"guests\":[{", "\"guests\":[null,{", "guests has something that is no object"},
        {"00112233-4455", "00112233x4455", "guest 0: uuid is no UUID"},
        {"00112233-4455", "0011223-44555", "guest 0: uuid is no UUID"},
        {"\"state\":\"running\"", "\"state\":\"ran\"", "guest 0: state is an unknown word"},
        {"\"name\":\"db\"", "\"name\":\"d\\u0000b\"", "guest 0: name has a zero byte"},
        {"\"name\":\"db\"", "\"name\":\"db\",\"name_hex\":\"6\"", "guest 0: name_hex is not hexadecimal"},
        {"\"name\":\"db\"", "\"name\":\"db\",\"name_hex\":\"6400\"", "guest 0: name has a zero byte"},
        {"\"affinity_cpus\":\"0-1,99\"", "\"affinity_cpus\":\"0-1,128\"", "guest 0: affinity_cpus is no list"},
        {"\"affinity_cpus\":\"0-1,99\"", "\"affinity_cpus\":7", "guest 0: affinity_cpus is no string"},
        {"\"weight\":1", "\"weight\":-1", "guest 0: weight is negative"},
        {"\"weight\":1", "\"weight\":1e999", "guest 0: weight is not finite"},
        {"\"vcpu_quota_pct\":0", "\"vcpu_quota_pct\":\"x\"", "guest 0: vcpu_quota_pct is no double"},
        {"\"run_ns\":99", "\"cpu\":100", "guest 0: cpu is not within 0 to 99"},
        {"\"memory\":{", "\"memory_\":{", "guest 0: memory is missing"},
        {"\"host\":{", "\"host\":{}}", "no JSON"},
        {"}]}]}", "}]}]", "ends in the middle"},
        {"}]}]}", "}]}]}{", "no JSON"},
    };
    struct snapshot s = {0}, back = {0};
    char *text;

    (void)state;
    one_of_each(&s);
    text = snapshot_text(&s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *damaged = replaced(text, cases[i].from, cases[i].to);
        char error[256] = "";

        assert_int_equal(snapshot_text_parse(&back, damaged, strlen(damaged), error, sizeof(error)), -EINVAL);
        if (strncmp(error, cases[i].words, strlen(cases[i].words)) != 0)
            fail_msg("'%s' rather than '%s'", error, cases[i].words);
        assert_int_equal(back.n_guests, 0);
        assert_int_equal(back.n_pcpus, 0);
        free(damaged);
    }
    free(text);
    snapshot_free(&s);
    snapshot_free(&back);
}

static void damaged_figures_are_told_in_words(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"{\"running\":[2]}", "running 0 is out of range"},
        {"{\"running\":[-1]}", "running 0 is out of range"},
        {"{\"cpu\":[101]}", "cpu 0 is out of range"},
        {"{\"cpu\":[-1]}", "cpu 0 is out of range"},
        {"{\"calls\":-4}", "calls 0 is out of range"},
        {"{\"calls\":[1]}", "calls has something that is no whole number"},
        {"{\"busy_ns\":5}", "busy_ns is no array"},
        {"{\"busy_ns\":[1,2]}", "busy_ns has 2 values for 1"},
        {"{\"run_ns\":[null]}", "run_ns has something that is no whole number"},
        {"{\"host_pressure_some_pct\":\"x\"}", "host_pressure_some_pct is no double"},
        {"{\"host_io_pressure_full_pct\":\"x\"}", "host_io_pressure_full_pct is no double"},
        {"{\"affinity_cpus\":{\"1\":\"0\"}}", "affinity_cpus has no such vCPU"},
        {"{\"affinity_cpus\":{\"-1\":\"0\"}}", "affinity_cpus has no such vCPU"},
        {"{\"affinity_cpus\":{\"0x\":\"0\"}}", "affinity_cpus has no such vCPU"},
        {"{\"affinity_cpus\":{\"0\":\"128\"}}", "0 is no list of CPUs below 128"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct snapshot s = {0};
        struct json_reading reading = {0};
        struct json_object *object = json_parse(&reading, cases[i].text, strlen(cases[i].text));

        one_of_each(&s); /* one vCPU, on no known pCPU */
        assert_non_null(object);
        snapshot_figures_read(&reading, &s, object);
        assert_true(reading.failed);
        assert_string_equal(reading.error, cases[i].words);
        json_object_put(object);
        snapshot_free(&s);
    }
}

static void hostile_sizes_are_refused(void **state)
{
    struct snapshot s = {0};
    char error[256];
    size_t size = JSON_TEXT_BYTES + 2;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', size);
    assert_int_equal(snapshot_text_parse(&s, text, size, error, sizeof(error)), -EINVAL);
    assert_string_equal(error, "too large to be ours");
    memset(text, '[', 500000);
    assert_int_equal(snapshot_text_parse(&s, text, 500000, error, sizeof(error)), -EINVAL);
    assert_string_equal(error, "too large to be ours");
    for (int i = 0; i < 2000001; i++)
        memcpy(text + 2 * i, "0,", 2);
    assert_int_equal(snapshot_text_parse(&s, text, 4000002, error, sizeof(error)), -EINVAL);
    assert_string_equal(error, "too large to be ours");
    memset(text, '[', 100);
    assert_int_equal(snapshot_text_parse(&s, text, 100, error, sizeof(error)), -EINVAL);
    free(text);
    snapshot_free(&s);
}

/* Many wide masks, each a few bytes of text. */
static void masks_are_bounded(void **state)
{
    struct snapshot s = {0}, back = {0};
    char error[256];
    char *text, *wide;
    size_t length;

    (void)state;
    one_of_each(&s);
    s.vcpus[0].affinity = s.vcpus[0].defined = -1;
    text = snapshot_text(&s);
    wide = replaced(text, "\"cpu_limit\":100", "\"cpu_limit\":65536");
    free(text);
    text = wide;
    length = strlen(text) - 4; /* up to the end of the vCPU */
    text = realloc(text, length + 9000 * 80 + 10);
    for (int i = 0; i < 9000; i++)
        length +=
            (size_t)sprintf(text + length, ",{\"number\":%d,\"online\":true,\"running\":true,\"found_cpus\":\"1\"}", i);
    strcpy(text + length, "]}]}");
    assert_int_equal(snapshot_text_parse(&back, text, strlen(text), error, sizeof(error)), -EINVAL);
    assert_string_equal(error, "guest 0: too many masks");
    free(text);
    snapshot_free(&s);
    snapshot_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_is_identity),
        cmocka_unit_test(figures_round_trip),
        cmocka_unit_test(as_documented),
        cmocka_unit_test(names_that_are_no_utf8),
        cmocka_unit_test(damage_is_told_in_words),
        cmocka_unit_test(damaged_figures_are_told_in_words),
        cmocka_unit_test(hostile_sizes_are_refused),
        cmocka_unit_test(masks_are_bounded),
    };

    return cmocka_run_group_tests_name("json_snapshot", tests, NULL, NULL);
}
