#include "core/host/domain_xml.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As libvirt 9.0 writes the live definition of a running guest. */
static const char live[] =
    "<domain type='kvm' id='7'>\n"
    "  <name>db</name>\n"
    "  <uuid>fb310bad-9707-4e8a-9c71-87c3726da5f8</uuid>\n"
    "  <metadata>\n"
    "    <other:thing xmlns:other='urn:example:other'><policy leave-alone='yes' weight='9'/></other:thing>\n"
    "    <policy xmlns=\"urn:vmbalance:policy:1\" dedicated=\"yes\" weight=\"2.5\"/>\n"
    "  </metadata>\n"
    "  <memory unit='KiB'>2097152</memory>\n"
    "  <currentMemory unit='KiB'>524288</currentMemory>\n"
    "  <memoryBacking><nosharepages/></memoryBacking>\n"
    "  <vcpu placement='static' cpuset='0-3,^2,70' current='2'>3</vcpu>\n"
    "  <cputune>\n"
    "    <period>50000</period>\n"
    "    <quota>20000</quota>\n"
    "    <global_period>100000</global_period>\n"
    "    <global_quota>150000</global_quota>\n"
    "    <emulator_quota>1000</emulator_quota>\n"
    "    <vcpupin vcpu='0' cpuset='1'/>\n"
    "    <vcpupin vcpu='2' cpuset='0-1,70'/>\n"
    "    <emulatorpin cpuset='0'/>\n"
    "    <vcpusched vcpus='0' scheduler='batch'/>\n"
    "  </cputune>\n"
    "  <numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='0' mode='strict' nodeset='3'/></numatune>\n"
    "  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
    "  <devices>\n"
    "    <hostdev mode='subsystem' type='usb' managed='yes'/>\n"
    "    <memballoon model='virtio' autodeflate='on'>\n"
    "      <stats period='5'/>\n"
    "      <alias name='balloon0'/>\n"
    "    </memballoon>\n"
    "  </devices>\n"
    "</domain>\n";

static const char *list(const uint64_t *mask, int words)
{
    static char text[256];

    if (!mask)
        return "(none)";
    cpumask_format(mask, words, text, sizeof(text));
    return text;
}

static void reads_a_live_definition(void **state)
{
    struct domain_xml x;

    (void)state;
    assert_int_equal(domain_xml_read(&x, live, 80), 0);
    assert_int_equal(x.words, 2);
    assert_string_equal(list(x.cpuset, x.words), "0-1,3,70");
    assert_string_equal(list(x.memory_nodes, x.words), "0-1,3");
    assert_int_equal(x.n_pins, 2);
    assert_int_equal(x.pins[0].vcpu, 0);
    assert_string_equal(list(x.pins[0].mask, x.words), "1");
    assert_int_equal(x.pins[1].vcpu, 2);
    assert_string_equal(list(x.pins[1].mask, x.words), "0-1,70");
    assert_false(x.realtime);
    assert_float_equal(x.vcpu_quota_pct, 40, 1e-9);
    assert_float_equal(x.guest_quota_pct, 150, 1e-9);
    assert_true(x.balloon);
    assert_true(x.deflate_on_oom);
    assert_false(x.inhibited);
    assert_int_equal(x.stats_period_s, 5);
    assert_int_equal(x.size_kib, 524288);
    assert_int_equal(x.max_kib, 2097152);
    assert_true(x.dedicated);
    assert_false(x.leave_alone);
    assert_float_equal(x.weight, 2.5, 1e-9);
    domain_xml_free(&x);
}

static void drops_pcpus_that_the_host_does_not_have(void **state)
{
    struct domain_xml x;

    (void)state;
    assert_int_equal(domain_xml_read(&x, live, 2), 0);
    assert_int_equal(x.words, 1);
    assert_string_equal(list(x.cpuset, x.words), "0-1");
    assert_string_equal(list(x.pins[1].mask, x.words), "0-1");
    domain_xml_free(&x);
}

static void a_bare_definition_says_nothing(void **state)
{
    struct domain_xml x;

    (void)state;
    assert_int_equal(domain_xml_read(&x, "<domain type='test'><name>t</name><vcpu>2</vcpu></domain>", 4), 0);
    assert_null(x.cpuset);
    assert_null(x.memory_nodes);
    assert_int_equal(x.n_pins, 0);
    assert_false(x.balloon);
    assert_false(x.inhibited);
    assert_int_equal(x.stats_period_s, 0);
    assert_float_equal(x.vcpu_quota_pct, 0, 0);
    assert_float_equal(x.guest_quota_pct, 0, 0);
    assert_float_equal(x.weight, 1, 0);
    assert_false(x.dedicated);
    assert_false(x.leave_alone);
    domain_xml_free(&x);
}

/* Reads a definition that has just body in it. */
static struct domain_xml with(const char *body)
{
    struct domain_xml x;
    char text[2048];

    snprintf(text, sizeof(text), "<domain>%s</domain>", body);
    assert_int_equal(domain_xml_read(&x, text, 8), 0);
    return x;
}

static void numad_s_advice_is_no_rule(void **state)
{
    struct domain_xml x = with("<vcpu placement='auto' cpuset='0-3'>2</vcpu>");

    (void)state;
    assert_null(x.cpuset);
    domain_xml_free(&x);
}

static void real_time_is_fifo_and_rr(void **state)
{
    static const struct {
        const char *scheduler;
        bool realtime;
    } rows[] = {{"fifo", true}, {"rr", true}, {"idle", false}, {"batch", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[256];
        struct domain_xml x;

        snprintf(body, sizeof(body),
                 "<cputune><vcpusched vcpus='0' scheduler='batch'/><vcpusched vcpus='1' scheduler='%s' "
                 "priority='1'/></cputune>",
                 rows[i].scheduler);
        x = with(body);
        assert_int_equal(x.realtime, rows[i].realtime);
        domain_xml_free(&x);
    }
}

static void what_keeps_a_balloon_from_giving_memory_back(void **state)
{
    static const struct {
        const char *body;
        bool inhibited;
    } rows[] = {
        {"<memoryBacking><hugepages/></memoryBacking>", true},
        {"<memoryBacking><locked/></memoryBacking>", true},
        {"<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>", false},
        {"<devices><hostdev mode='subsystem' type='pci' managed='yes'/></devices>", true},
        {"<devices><hostdev mode='subsystem' type='mdev' model='vfio-pci'/></devices>", true},
        {"<devices><hostdev mode='subsystem' type='usb'/></devices>", false},
        {"<devices><hostdev mode='subsystem' type='scsi'/></devices>", false},
        {"<devices><interface type='hostdev'/></devices>", true},
        {"<devices><interface type='vdpa'/></devices>", true},
        {"<devices><interface type='network'/></devices>", false},
        {"<devices><disk type='nvme' device='disk'/></devices>", true},
        {"<devices><disk type='vhostvdpa' device='disk'/></devices>", true},
        {"<devices><disk type='file' device='disk'/></devices>", false},
        {"<launchSecurity type='sev'/>", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct domain_xml x = with(rows[i].body);

        if (x.inhibited != rows[i].inhibited)
            print_error("wrong for %s\n", rows[i].body);
        assert_int_equal(x.inhibited, rows[i].inhibited);
        domain_xml_free(&x);
    }
}

static void balloon_models(void **state)
{
    struct domain_xml none = with("<devices><memballoon model='none'/></devices>");
    struct domain_xml old = with("<devices><memballoon model='virtio-transitional'/></devices>");
    struct domain_xml off = with("<devices><memballoon model='virtio' autodeflate='off' freePageReporting='on'>"
                                 "<stats period='0'/>"
                                 "</memballoon></devices>");

    (void)state;
    assert_false(none.balloon);
    assert_true(old.balloon);
    assert_false(old.deflate_on_oom);
    assert_false(old.reports_free);
    assert_true(off.reports_free);
    assert_true(off.balloon);
    assert_false(off.deflate_on_oom);
    assert_int_equal(off.stats_period_s, 0);
    domain_xml_free(&none);
    domain_xml_free(&old);
    domain_xml_free(&off);
}

static void quotas(void **state)
{
    struct domain_xml none = with("<cputune><period>100000</period><quota>-1</quota></cputune>");
    struct domain_xml implied = with("<cputune><quota>25000</quota></cputune>");

    (void)state;
    assert_float_equal(none.vcpu_quota_pct, 0, 0);
    assert_float_equal(implied.vcpu_quota_pct, 25, 1e-9);
    domain_xml_free(&none);
    domain_xml_free(&implied);
}

static void sizes_in_other_units(void **state)
{
    struct domain_xml x = with("<memory unit='GiB'>2</memory><currentMemory unit='MB'>500</currentMemory>");
    struct domain_xml y = with("<memory>2048</memory><currentMemory unit='nonsense'>1</currentMemory>");

    (void)state;
    assert_int_equal(x.max_kib, 2 * 1024 * 1024);
    assert_int_equal(x.size_kib, 500 * 1000 * 1000 / 1024);
    assert_int_equal(y.max_kib, 2048);
    assert_int_equal(y.size_kib, 0);
    domain_xml_free(&x);
    domain_xml_free(&y);
}

static void metadata_words(void **state)
{
    struct domain_xml x = with("<metadata><p:policy xmlns:p='urn:vmbalance:policy:1' leave-alone='true' dedicated='no' "
                               "weight='-3'/></metadata>");
    struct domain_xml y = with("<metadata><policy xmlns='urn:vmbalance:policy:2' leave-alone='yes'/></metadata>");
    struct domain_xml z = with("<metadata><p:policy xmlns:p='urn:vmbalance:policy:1' weight='nan'/></metadata>");
    struct domain_xml w = with("<metadata><p:policy xmlns:p='urn:vmbalance:policy:1' weight='2 apples'/></metadata>");

    (void)state;
    assert_true(x.leave_alone);
    assert_false(x.dedicated);
    assert_float_equal(x.weight, 1, 0);
    assert_false(y.leave_alone);
    assert_float_equal(z.weight, 1, 0);
    assert_float_equal(w.weight, 1, 0);
    domain_xml_free(&x);
    domain_xml_free(&y);
    domain_xml_free(&z);
    domain_xml_free(&w);
}

static struct domain_xml with_policy(const char *attributes)
{
    char text[256];

    snprintf(text, sizeof(text), "<metadata><policy xmlns='urn:vmbalance:policy:1' %s/></metadata>", attributes);
    return with(text);
}

static void yes_and_no_in_any_case(void **state)
{
    static const char *const yes[] = {"yes", "Yes", "YES", "true", "True", "on", "1"};
    static const char *const no[] = {"no", "No", "FALSE", "off", "0"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        struct domain_xml x;

        snprintf(text, sizeof(text), "leave-alone='%s' dedicated='%s'", yes[i], yes[i]);
        x = with_policy(text);
        assert_true(x.leave_alone);
        assert_true(x.dedicated);
        assert_string_equal(x.trouble, "");
        domain_xml_free(&x);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        struct domain_xml x;

        snprintf(text, sizeof(text), "leave-alone='%s' dedicated='%s'", no[i], no[i]);
        x = with_policy(text);
        assert_false(x.leave_alone);
        assert_false(x.dedicated);
        assert_string_equal(x.trouble, "");
        domain_xml_free(&x);
    }
}

/* Who wrote the word at all wants the guest left alone; and it's said. */
static void words_that_are_neither_yes_nor_no(void **state)
{
    struct domain_xml x = with_policy("leave-alone='please'"), y = with_policy("dedicated='perhaps'");

    (void)state;
    assert_true(x.leave_alone);
    assert_non_null(strstr(x.trouble, "leave-alone='please'"));
    assert_false(y.dedicated);
    assert_non_null(strstr(y.trouble, "dedicated='perhaps'"));
    domain_xml_free(&x);
    domain_xml_free(&y);
}

static void weights_have_bounds(void **state)
{
    static const struct {
        const char *text;
        double weight;
        bool said;
    } rows[] = {
        {"weight='1e-300'", 0.01, true}, {"weight='0.01'", 0.01, false}, {"weight='100'", 100, false},
        {"weight='1e9'", 100, true},     {"weight='inf'", 100, true},    {"weight='nan'", 1, true},
        {"weight='0'", 1, true},         {"weight='-3'", 1, true},       {"weight='2 apples'", 1, true},
        {"weight=''", 1, true},          {"weight='2.5'", 2.5, false},   {"", 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct domain_xml x = with_policy(rows[i].text);

        if (fabs(x.weight - rows[i].weight) > 1e-12 || (x.trouble[0] != '\0') != rows[i].said)
            fail_msg("%s: %g, '%s'", rows[i].text, x.weight, x.trouble);
        domain_xml_free(&x);
    }
}

static void sizes_and_pcpus_of_metadata(void **state)
{
    static const struct {
        const char *text;
        uint64_t least_mib, most_mib;
        const char *pcpus, *said; /* NULL: any; nothing */
    } rows[] = {
        {"", 0, 0, NULL, NULL},
        {"memory-least='512' memory-most='4096' pcpus='0-3,^2,9'", 512, 4096, "0-1,3,9", NULL},
        {"memory-least='512'", 512, 0, NULL, NULL},
        {"memory-least='512' memory-most='256'", 256, 256, NULL, "more than memory-most"},
        {"memory-least='0'", 0, 0, NULL, "memory-least='0', which is taken as not said"},
        {"memory-most='-5'", 0, 0, NULL, "memory-most='-5'"},
        {"memory-most='4 GiB'", 0, 0, NULL, "memory-most='4 GiB'"},
        {"memory-most='1e3'", 0, 0, NULL, "memory-most='1e3'"},
        {"memory-most='99999999999999999999999'", 0, 0, NULL, "memory-most='999"},
        {"memory-most='1000000000'", 0, 1000000000, NULL, NULL},
        {"pcpus='1,300-500'", 0, 0, "1", NULL}, /* of a larger host */
        {"pcpus='300'", 0, 0, NULL, "pcpus='300', which is taken as any"},
        {"pcpus='all'", 0, 0, NULL, "pcpus='all', which is taken as any"},
        {"pcpus=''", 0, 0, NULL, "pcpus=''"},
        {"wieght='3'", 0, 0, NULL, "its metadata say wieght, which isn't known: left out"},
        {"xmlns:o='urn:others' o:size='3'", 0, 0, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct domain_xml x = with_policy(rows[i].text);

        if (x.least_kib != rows[i].least_mib * 1024 || x.most_kib != rows[i].most_mib * 1024)
            fail_msg("%s: %llu to %llu", rows[i].text, (unsigned long long)x.least_kib, (unsigned long long)x.most_kib);
        assert_string_equal(x.allowed ? list(x.allowed, x.words) : "", rows[i].pcpus ? rows[i].pcpus : "");
        if (rows[i].said ? !strstr(x.trouble, rows[i].said) : x.trouble[0] != '\0')
            fail_msg("%s: '%s'", rows[i].text, x.trouble);
        domain_xml_free(&x);
    }
}

static void later_versions_of_metadata_are_told(void **state)
{
    struct domain_xml later = with("<metadata><policy xmlns='urn:vmbalance:policy:2' weight='3'/></metadata>");
    struct domain_xml others = with("<metadata><policy xmlns='urn:vmbalancing' weight='3'/><policy/></metadata>");

    (void)state;
    assert_string_equal(later.trouble,
                        "its metadata have a policy of urn:vmbalance:policy:2, which isn't known: left out");
    assert_float_equal(later.weight, 1, 0);
    assert_string_equal(others.trouble, "");
    domain_xml_free(&later);
    domain_xml_free(&others);
}

static void memory_is_bound_by_mode(void **state)
{
    static const struct {
        const char *numatune;
        bool bound;
    } cases[] = {
        {"<memory mode='strict' nodeset='0'/>", true},
        {"<memory nodeset='0'/>", true},
        {"<memory mode='restrictive' nodeset='0'/>", true},
        {"<memory mode='preferred' nodeset='0'/>", false},
        {"<memory mode='interleave' nodeset='0'/>", false},
        {"<memory mode='strict' placement='auto'/>", false},
        {"<memnode cellid='0' mode='strict' nodeset='1'/>", true},
        {"<memory mode='strict' nodeset='0-1'/><memnode cellid='0' mode='preferred' nodeset='1'/>", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        struct domain_xml x;

        snprintf(text, sizeof(text), "<numatune>%s</numatune>", cases[i].numatune);
        x = with(text);
        assert_int_equal(x.memory_bound, cases[i].bound);
        domain_xml_free(&x);
    }
}

static void hard_limits(void **state)
{
    struct domain_xml x = with("<memory unit='GiB'>4</memory><memtune><hard_limit unit='GiB'>2</hard_limit></memtune>");
    struct domain_xml none = with("<memtune><hard_limit unit='KiB'>9007199254740988</hard_limit></memtune>");

    (void)state;
    assert_int_equal(x.hard_limit_kib, 2 * 1024 * 1024);
    assert_int_equal(none.hard_limit_kib, 0);
    domain_xml_free(&x);
    domain_xml_free(&none);
}

/* The letters of a document type are text like any other in comments, CDATA and attributes, before the root and in it.
 */
static void only_real_document_types_are_refused(void **state)
{
    static const char *const good[] = {
        "<domain><metadata><n:note xmlns:n='urn:n'><![CDATA[<!DOCTYPE html>]]></n:note>%s</metadata></domain>",
        "<domain><metadata><!-- <!DOCTYPE html> -->%s</metadata></domain>",
        "<?xml version='1.0'?>\n<!-- <!DOCTYPE a> -->\n<?note <!DOCTYPE b> ?><domain><metadata>%s</metadata></domain>",
        "\xef\xbb\xbf<domain><metadata><n:a xmlns:n='urn:n' b='&lt;!DOCTYPE'/>%s</metadata></domain>",
    };
    static const char *const bad[] = {
        "<!DOCTYPE domain><domain/>",
        "<?xml version='1.0'?>\n<!-- a --> <!DOCTYPE domain [<!ENTITY a 'b'>]><domain/>",
        "<!-- --><?a?><!DOCTYPE domain><domain/>",
        "<domain><!DOCTYPE domain></domain>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char text[512];
        struct domain_xml x;

        snprintf(text, sizeof(text), good[i], "<policy xmlns='urn:vmbalance:policy:1' leave-alone='yes'/>");
        if (domain_xml_read(&x, text, 4))
            fail_msg("refused: %s: %s", text, x.trouble);
        assert_true(x.leave_alone);
        domain_xml_free(&x);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct domain_xml x;

        assert_int_equal(domain_xml_read(&x, bad[i], 4), -EINVAL);
        assert_true(x.trouble[0] != '\0');
        domain_xml_free(&x);
    }
}

static void values_that_make_no_sense_are_passed_over(void **state)
{
    struct domain_xml x = with("<vcpu cpuset='all of them'>2</vcpu><memory unit='KiB'>-5</memory>"
                               "<cputune><vcpupin vcpu='x' cpuset='1'/><vcpupin vcpu='-1' cpuset='1'/>"
                               "<vcpupin vcpu='1'/><vcpupin vcpu='99999999999' cpuset='1'/>"
                               "<vcpupin vcpu='1' cpuset='2'/><quota>lots</quota></cputune>"
                               "<devices><memballoon model='virtio'><stats period='-7'/></memballoon></devices>");

    (void)state;
    assert_null(x.cpuset);
    assert_int_equal(x.max_kib, 0);
    assert_int_equal(x.n_pins, 1);
    assert_int_equal(x.pins[0].vcpu, 1);
    assert_float_equal(x.vcpu_quota_pct, 0, 0);
    assert_int_equal(x.stats_period_s, 0);
    domain_xml_free(&x);
}

/* Texts that would cost memory, read a file or ask the network if entities were expanded. */
static void hostile_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "not xml",
        "<domain>",
        "<domain><name></domain>",
        "<network><name>n</name></network>",
        ("<?xml version='1.0'?><!DOCTYPE domain [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
         "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]><domain><name>&c;</name></domain>"),
        "<!DOCTYPE domain [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><domain><name>&f;</name></domain>",
        "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x.dtd'><domain/>",
        "<domain>&undefined;</domain>",
        "\xff\xfe<\0d\0o\0m\0a\0i\0n\0/\0>\0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct domain_xml x;

        if (domain_xml_read(&x, texts[i], 4) != -EINVAL)
            fail_msg("taken: %s", texts[i]);
        domain_xml_free(&x);
    }
}

static void deep_nesting_is_refused(void **state)
{
    enum { DEPTH = 100000 };
    char *text = malloc(DEPTH * 7 + 64), *end = text;
    struct domain_xml x;

    (void)state;
    end += sprintf(end, "<domain>");
    for (int i = 0; i < DEPTH; i++)
        end += sprintf(end, "<a>");
    for (int i = 0; i < DEPTH; i++)
        end += sprintf(end, "</a>");
    sprintf(end, "</domain>");
    assert_int_equal(domain_xml_read(&x, text, 4), -EINVAL);
    domain_xml_free(&x);
    free(text);
}

/* Any beginning of a good text is read or refused, without harm (for sanitizers and valgrind to see). */
static void cut_texts_do_no_harm(void **state)
{
    char text[sizeof(live)];

    (void)state;
    for (size_t length = 0; length < sizeof(live) - 1; length++) {
        struct domain_xml x;
        int result;

        memcpy(text, live, length);
        text[length] = '\0';
        result = domain_xml_read(&x, text, 80);
        assert_true(result == -EINVAL || length >= sizeof(live) - 2);
        domain_xml_free(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_live_definition),
        cmocka_unit_test(drops_pcpus_that_the_host_does_not_have),
        cmocka_unit_test(a_bare_definition_says_nothing),
        cmocka_unit_test(numad_s_advice_is_no_rule),
        cmocka_unit_test(real_time_is_fifo_and_rr),
        cmocka_unit_test(what_keeps_a_balloon_from_giving_memory_back),
        cmocka_unit_test(balloon_models),
        cmocka_unit_test(quotas),
        cmocka_unit_test(sizes_in_other_units),
        cmocka_unit_test(metadata_words),
        cmocka_unit_test(yes_and_no_in_any_case),
        cmocka_unit_test(words_that_are_neither_yes_nor_no),
        cmocka_unit_test(weights_have_bounds),
        cmocka_unit_test(sizes_and_pcpus_of_metadata),
        cmocka_unit_test(later_versions_of_metadata_are_told),
        cmocka_unit_test(memory_is_bound_by_mode),
        cmocka_unit_test(hard_limits),
        cmocka_unit_test(only_real_document_types_are_refused),
        cmocka_unit_test(values_that_make_no_sense_are_passed_over),
        cmocka_unit_test(hostile_texts_are_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(cut_texts_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
