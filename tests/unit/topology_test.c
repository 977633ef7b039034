#include "core/host/topology.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two packages of two cores of two threads, numbered the way firmware often does it: siblings lie 4 apart, core numbers
 * repeat in each package. pCPU 6 is offline: it has a place in no package. Each package has two caches of one core. */
static const char two_packages[] =
    "<capabilities><host><cpu><arch>x86_64</arch></cpu><topology><cells num='2'>\n"
    "<cell id='0'><memory unit='KiB'>1</memory><cpus num='4'>\n"
    "<cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0,4'/>\n"
    "<cpu id='2' socket_id='0' die_id='0' core_id='1' siblings='2'/>\n"
    "<cpu id='4' socket_id='0' die_id='0' core_id='0' siblings='0,4'/>\n"
    "<cpu id='6'/>\n"
    "</cpus></cell>\n"
    "<cell id='1'><cpus num='4'>\n"
    "<cpu id='1' socket_id='1' die_id='0' core_id='0' siblings='1,5'/>\n"
    "<cpu id='3' socket_id='1' die_id='0' core_id='1' siblings='3,7'/>\n"
    "<cpu id='5' socket_id='1' die_id='0' core_id='0' siblings='1,5'/>\n"
    "<cpu id='7' socket_id='1' die_id='0' core_id='1' siblings='3,7'/>\n"
    "</cpus></cell></cells></topology>\n"
    "<cache><bank id='9' level='2' type='both' size='1' unit='MiB' cpus='0-7'/>\n"
    "<bank id='0' level='3' type='both' size='16' unit='MiB' cpus='0,4'/>\n"
    "<bank id='1' level='3' type='both' size='16' unit='MiB' cpus='1,5'/>\n"
    "<bank id='2' level='3' type='both' size='16' unit='MiB' cpus='3,7'/></cache></host></capabilities>";

static void reads_nodes_cores_and_caches(void **state)
{
    static const int node[] = {0, 1, 0, 1, 0, 1, 0, 1};
    static const int core[] = {0, 1, 2, 3, 0, 1, 6, 3};
    /* pCPUs 2 and 6 are in no bank: there the package stands in, which for an offline one is taken to be the first. */
    static const int llc[] = {0, 1, 2, 3, 0, 1, 2, 3};
    static const unsigned char online[] = {0xbf};
    struct topology t = {0};

    (void)state;
    assert_int_equal(topology_read(&t, two_packages, online, 8), 0);
    assert_int_equal(t.cpu_limit, 8);
    for (int n = 0; n < 8; n++) {
        assert_int_equal(t.cpus[n].node, node[n]);
        assert_int_equal(t.cpus[n].core, core[n]);
        assert_int_equal(t.cpus[n].llc, llc[n]);
        assert_int_equal(t.cpus[n].online, n != 6);
        assert_false(t.cpus[n].isolated);
    }
    topology_free(&t);
}

static void without_caches_the_package_counts(void **state)
{
    static const char text[] = "<capabilities><host><topology><cells num='1'><cell id='0'><cpus num='3'>"
                               "<cpu id='1' socket_id='3' core_id='0' siblings='1'/>"
                               "<cpu id='2' socket_id='3' core_id='1' siblings='2'/>"
                               "<cpu id='5' socket_id='36' core_id='0' siblings='5'/>"
                               "</cpus></cell></cells></topology></host></capabilities>";
    struct topology t = {0};
    struct snapshot s = {0};

    (void)state;
    assert_int_equal(topology_read(&t, text, NULL, 0), 0);
    assert_int_equal(t.cpu_limit, 6);
    assert_int_equal(t.cpus[1].llc, 1);
    assert_int_equal(t.cpus[2].llc, 1);
    assert_int_equal(t.cpus[5].llc, 5);
    snapshot_reset(&s, t.cpu_limit);
    assert_int_equal(topology_fill(&t, &s), 0);
    /* 0, 3 and 4 are holes. */
    assert_int_equal(s.n_pcpus, 3);
    assert_int_equal(s.pcpus[0].number, 1);
    assert_int_equal(s.pcpus[2].number, 5);
    assert_true(s.pcpus[2].online);
    snapshot_free(&s);
    topology_free(&t);
}

static void without_capabilities_all_are_alike(void **state)
{
    static const unsigned char online[] = {0xff, 0x0b};
    struct topology t = {0};
    struct snapshot s = {0};

    (void)state;
    assert_int_equal(topology_read(&t, NULL, online, 12), -EINVAL);
    assert_int_equal(t.cpu_limit, 12);
    assert_true(t.cpus[11].online);
    assert_false(t.cpus[10].online);
    assert_int_equal(t.cpus[11].core, 11);
    assert_int_equal(t.cpus[11].llc, 0);
    snapshot_reset(&s, t.cpu_limit);
    assert_int_equal(topology_fill(&t, &s), 0);
    assert_int_equal(s.n_pcpus, 11);
    snapshot_free(&s);
    topology_free(&t);
}

static void a_new_reading_replaces_the_old(void **state)
{
    static const unsigned char all[] = {0xff}, first[] = {0x01};
    struct topology t = {0};

    (void)state;
    assert_int_equal(topology_read(&t, two_packages, all, 8), 0);
    topology_isolate(&t, "2-3");
    assert_true(t.cpus[3].isolated);
    assert_int_equal(topology_read(&t, "<capabilities/>", first, 1), 0);
    assert_int_equal(t.cpu_limit, 1);
    assert_int_equal(topology_read(&t, two_packages, all, 8), 0);
    assert_false(t.cpus[3].isolated);
    topology_free(&t);
}

/* Only where pCPUs differ, and all that are online are told. */
static void capacities_of_hybrid_processors(void **state)
{
    static const unsigned char all[] = {0xff};
    struct topology t = {0};
    struct snapshot s = {0};

    (void)state;
    assert_int_equal(topology_read(&t, two_packages, all, 8), 0);
    for (int n = 0; n < 8; n++)
        topology_set_capacity(&t, n, n < 4 ? "1024\n" : "256\n");
    snapshot_reset(&s, t.cpu_limit);
    assert_int_equal(topology_fill(&t, &s), 0);
    assert_true(s.pcpus[0].capacity == 1.0 && s.pcpus[7].capacity == 0.25);
    topology_set_capacity(&t, 2, "nonsense");
    snapshot_reset(&s, t.cpu_limit);
    assert_int_equal(topology_fill(&t, &s), 0);
    assert_true(s.pcpus[0].capacity == 0.0 && s.pcpus[7].capacity == 0.0);
    for (int n = 0; n < 8; n++)
        topology_set_capacity(&t, n, "512\n");
    snapshot_reset(&s, t.cpu_limit);
    assert_int_equal(topology_fill(&t, &s), 0);
    assert_true(s.pcpus[0].capacity == 0.0);
    snapshot_free(&s);
    topology_free(&t);
}

static void isolated_lists(void **state)
{
    static const unsigned char all[] = {0xff};
    struct topology t = {0};

    (void)state;
    assert_int_equal(topology_read(&t, two_packages, all, 8), 0);
    topology_isolate(&t, "");
    topology_isolate(&t, "nonsense");
    for (int n = 0; n < 8; n++)
        assert_false(t.cpus[n].isolated);
    topology_isolate(&t, "1,3-4,900");
    for (int n = 0; n < 8; n++)
        assert_int_equal(t.cpus[n].isolated, n == 1 || n == 3 || n == 4);
    /* A partition that is dissolved, and another one made. */
    topology_join(&t);
    topology_isolate(&t, "2");
    for (int n = 0; n < 8; n++)
        assert_int_equal(t.cpus[n].isolated, n == 2);
    topology_free(&t);
}

/* 100 pages of 2 MiB and two of 1 GiB on the first node, one of 2 MiB on the second; the smallest size isn't a pool. */
static void pools_of_huge_pages(void **state)
{
    static const char text[] =
        "<capabilities><host><topology><cells><cell id='0'><memory unit='KiB'>8000000</memory>"
        "<pages unit='KiB' size='4'>1400000</pages><pages unit='KiB' size='2048'>100</pages>"
        "<pages unit='KiB' size='1048576'>2</pages><cpus><cpu id='0' socket_id='0'/></cpus></cell>"
        "<cell id='1'><pages unit='KiB' size='2048'>1</pages><pages unit='KiB' size='4'>100</pages>"
        "<pages unit='KiB' size='x'>7</pages><pages unit='KiB' size='2048'>-7</pages></cell>"
        "</cells></topology></host></capabilities>";
    struct topology t = {0};

    (void)state;
    for (int again = 0; again < 2; again++) {
        assert_int_equal(topology_read(&t, text, NULL, 0), 0);
        assert_int_equal(t.huge_kib, 101 * 2048 + 2 * 1048576);
    }
    topology_free(&t);
}

static void numbers_beyond_reason_cost_nothing(void **state)
{
    static const char text[] = "<capabilities><host><topology><cells><cell id='0'><cpus>"
                               "<cpu id='0' socket_id='2000000000' siblings='0'/><cpu id='2000000000' socket_id='0'/>"
                               "<cpu id='-1' socket_id='0'/><cpu socket_id='0'/>"
                               "<cpu id='1' socket_id='-9' siblings='none'/>"
                               "</cpus></cell></cells></topology><cache><bank level='x' cpus='0'/><bank level='3'/>"
                               "<bank level='3' cpus='5-6'/></cache></host></capabilities>";
    struct topology t = {0};

    (void)state;
    assert_int_equal(topology_read(&t, text, NULL, 0), 0);
    assert_int_equal(t.cpu_limit, 2);
    assert_in_range(t.cpus[0].llc, 0, 1);
    assert_in_range(t.cpus[1].llc, 0, 1);
    topology_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_nodes_cores_and_caches),
        cmocka_unit_test(without_caches_the_package_counts),
        cmocka_unit_test(without_capabilities_all_are_alike),
        cmocka_unit_test(a_new_reading_replaces_the_old),
        cmocka_unit_test(capacities_of_hybrid_processors),
        cmocka_unit_test(isolated_lists),
        cmocka_unit_test(pools_of_huge_pages),
        cmocka_unit_test(numbers_beyond_reason_cost_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
