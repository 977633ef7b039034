/* Groups of pCPUs, of a host whose siblings have numbers far apart, with two caches on each of two nodes. */
#include "core/model/pcpu_groups.h"

#include "core/model/cpumask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PCPUS = 16 };

/* Core n has the threads n and n + 8; cores 0, 1 share a cache, 2, 3 the next; cores 4 to 7 are the other node's. */
static void make_host(struct snapshot *s)
{
    memset(s, 0, sizeof(*s));
    snapshot_reset(s, PCPUS);
    for (int i = 0; i < PCPUS; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);

        p->number = i;
        p->core = i % 8;
        p->llc = i % 8 / 2 * 2;
        p->node = i % 8 / 4;
        p->online = true;
    }
}

/* The groups as lists, in their order, with blanks between. */
static const char *lists(const struct pcpu_groups *g)
{
    static char text[512];
    char list[64];

    text[0] = '\0';
    for (int i = 0; i < g->n; i++) {
        cpumask_format(pcpu_groups_mask(g, i), g->words, list, sizeof(list));
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", list);
    }
    return text;
}

static void check(const struct snapshot *s, double size, const bool *alone, const char *expected)
{
    struct pcpu_groups g = {0};
    int pcpus = 0;

    assert_int_equal(pcpu_groups_find(&g, s, size, alone), 0);
    assert_string_equal(lists(&g), expected);
    for (int i = 0; i < g.n; i++) {
        assert_int_equal(g.size[i], cpumask_count(pcpu_groups_mask(&g, i), g.words));
        assert_int_equal(s->pcpus[g.first[i]].number, cpumask_next(pcpu_groups_mask(&g, i), g.words, 0));
        pcpus += g.size[i];
    }
    assert_int_equal(pcpus, s->n_pcpus);
    for (int i = 0; i < s->n_pcpus; i++)
        assert_true(cpumask_has(pcpu_groups_mask(&g, g.of[i]), g.words, s->pcpus[i].number));
    pcpu_groups_free(&g);
}

static void groups_follow_the_topology(void **state)
{
    struct snapshot s;

    (void)state;
    make_host(&s);
    check(&s, PCPU_GROUPS_CPU, NULL, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
    check(&s, PCPU_GROUPS_CORE, NULL, "0,8 1,9 2,10 3,11 4,12 5,13 6,14 7,15");
    check(&s, PCPU_GROUPS_LLC, NULL, "0-1,8-9 2-3,10-11 4-5,12-13 6-7,14-15");
    check(&s, PCPU_GROUPS_NODE, NULL, "0-3,8-11 4-7,12-15");
    snapshot_free(&s);
}

/* Of one cache only, the threads of a core together, and as equal as can be: 4 in groups of at most 3 are 2 and 2. */
static void so_many_are_of_one_cache(void **state)
{
    struct snapshot s;

    (void)state;
    make_host(&s);
    check(&s, 2, NULL, "0,8 1,9 2,10 3,11 4,12 5,13 6,14 7,15");
    check(&s, 3, NULL, "0,8 1,9 2,10 3,11 4,12 5,13 6,14 7,15");
    check(&s, 4, NULL, "0-1,8-9 2-3,10-11 4-5,12-13 6-7,14-15");
    check(&s, 4096, NULL, "0-1,8-9 2-3,10-11 4-5,12-13 6-7,14-15");
    snapshot_free(&s);
}

/* A cache that reaches over two nodes is two groups: no group is of two nodes. */
static void no_group_is_of_two_nodes(void **state)
{
    struct snapshot s;

    (void)state;
    make_host(&s);
    for (int i = 0; i < PCPUS; i++)
        s.pcpus[i].llc = 0;
    check(&s, PCPU_GROUPS_LLC, NULL, "0-3,8-11 4-7,12-15");
    snapshot_free(&s);
}

static void what_is_not_to_be_used_is_in_no_group_of_others(void **state)
{
    struct snapshot s;
    bool alone[PCPUS] = {[13] = true};

    (void)state;
    make_host(&s);
    s.pcpus[1].online = false;
    s.pcpus[2].isolated = true;
    s.pcpus[3].refuses = true;
    check(&s, PCPU_GROUPS_NODE, alone, "0,8-11 1 2 3 4-7,12,14-15 13");
    check(&s, PCPU_GROUPS_CORE, alone, "0,8 1 2 3 4,12 5 6,14 7,15 9 10 11 13");
    snapshot_free(&s);
}

static void cores_are_counted(void **state)
{
    struct snapshot s;
    struct pcpu_groups g = {0};

    (void)state;
    make_host(&s);
    s.pcpus[9].online = false; /* core 1 has one thread left */
    assert_int_equal(pcpu_groups_find(&g, &s, PCPU_GROUPS_LLC, NULL), 0);
    assert_string_equal(lists(&g), "0-1,8 2-3,10-11 4-5,12-13 6-7,14-15 9");
    assert_int_equal(g.cores[0], 2);
    assert_int_equal(g.size[0], 3);
    assert_int_equal(g.cores[1], 2);
    assert_int_equal(g.cores[4], 1);
    pcpu_groups_free(&g);
    snapshot_free(&s);
}

static void numbers_may_have_holes(void **state)
{
    struct snapshot s = {0};

    (void)state;
    snapshot_reset(&s, 100);
    for (int i = 0; i < 4; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(&s);

        p->number = i * 33;
        p->core = i / 2;
        p->online = true;
    }
    check(&s, PCPU_GROUPS_CORE, NULL, "0,33 66,99");
    snapshot_free(&s);
}

static void sizes_have_words(void **state)
{
    static const char *const good[] = {"cpu", "core", "llc", "node", "2", "17", "4096"};
    static const char *const bad[] = {"", "0", "-1", "4097", "2.5", "1e3", " 2", "2 ", "nodes", "CORE", "0x2"};
    char word[PCPU_GROUPS_WORD_BYTES];
    double size;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(pcpu_groups_read(good[i], &size));
        assert_string_equal(pcpu_groups_word(size, word), good[i]);
    }
    assert_true(pcpu_groups_read("1", &size) && size == PCPU_GROUPS_CPU);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(pcpu_groups_read(bad[i], &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_follow_the_topology), cmocka_unit_test(so_many_are_of_one_cache),
        cmocka_unit_test(no_group_is_of_two_nodes),   cmocka_unit_test(what_is_not_to_be_used_is_in_no_group_of_others),
        cmocka_unit_test(cores_are_counted),          cmocka_unit_test(numbers_may_have_holes),
        cmocka_unit_test(sizes_have_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
