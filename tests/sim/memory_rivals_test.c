/*
 * Our policy beside others on the same random hosts: where there's less than all would like, none leaves less unmet or
 * has fewer guests run dry; and ours pays for that neither with memory that lies idle nor with the host's reserve.
 *
 *     memory_rivals_test [HOURS]    of hosts, for the reserve (300); docs/measurements/memory_rivals.md has the tables
 */
#include "tests/sim/memory_hosts.h"
#include "tests/sim/memory_rivals.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { OTHERS = 2, HOSTS = 24, KINDS = MEMORY_SHORT + 1, MOST_RIVALS = 8 };

static const double interval_s = 4, seconds = 600;
static double hours = 300;
static const char *const kinds[] = {"plenty", "tight", "short"};
static struct memory_score scores[KINDS][MOST_RIVALS]; /* ours first, twice; then the others */
static int rivals;

static int compare_all(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (rivals = 0; memory_rivals[rivals].name; rivals++)
            for (unsigned i = 0; i < HOSTS; i++)
                memory_hosts_random(&scores[kind][rivals], &memory_rivals[rivals], (enum memory_supply)kind, 1 + i,
                                    interval_s, seconds);
    return 0;
}

static void tell(const char *kind, int i, const struct memory_score *s)
{
    print_message("# %s, %s: %.0f GiB x s unmet, %u times dry, %.1f GiB of slack\n", kind, memory_rivals[i].name,
                  s->unmet_gib_s, s->kills, s->slack_gib / HOSTS);
}

/* Where there's less than all would like, nobody leaves less unmet or has fewer guests run dry. */
static void ours_comes_first(void **state)
{
    (void)state;
    for (int kind = MEMORY_TIGHT; kind < KINDS; kind++)
        for (int i = OTHERS; i < rivals; i++) {
            tell(kinds[kind], i, &scores[kind][i]);
            for (int ours = 0; ours < OTHERS; ours++) {
                assert_true(scores[kind][ours].unmet_gib_s < scores[kind][i].unmet_gib_s);
                assert_true(scores[kind][ours].kills < scores[kind][i].kills);
            }
        }
}

/* Guests run dry where what they want grows faster than anyone can notice, and nothing like it was seen before. */
static void few_run_dry_with_plenty(void **state)
{
    static const double unmet[OTHERS] = {70, 70};
    static const unsigned dry[OTHERS] = {9, 9};

    (void)state;
    for (int i = 0; i < rivals; i++)
        tell(kinds[MEMORY_PLENTY], i, &scores[MEMORY_PLENTY][i]);
    for (int ours = 0; ours < OTHERS; ours++) {
        assert_true(scores[MEMORY_PLENTY][ours].unmet_gib_s <= unmet[ours]);
        assert_in_range(scores[MEMORY_PLENTY][ours].kills, 0, dry[ours]);
    }
}

/* The best of the others is the one that leaves least unmet. */
static void slack_is_within_twice_the_best(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        int best = OTHERS;

        for (int i = OTHERS + 1; i < rivals; i++)
            if (scores[kind][i].unmet_gib_s < scores[kind][best].unmet_gib_s)
                best = i;
        print_message("# %s, %s: %.1f GiB of slack, ours %.1f\n", kinds[kind], memory_rivals[best].name,
                      scores[kind][best].slack_gib / HOSTS, scores[kind][0].slack_gib / HOSTS);
        assert_true(scores[kind][0].slack_gib <= 2 * scores[kind][best].slack_gib);
    }
}

/* Nothing on these hosts takes memory but guests, so whatever is missing of the reserve is our doing. */
static void the_reserve_is_kept(void **state)
{
    struct memory_score score = {0};
    uint64_t seed = 1000;

    (void)state;
    while (score.seconds < hours * 3600)
        for (int kind = 0; kind < KINDS; kind++)
            memory_hosts_random(&score, &memory_rivals[0], (enum memory_supply)kind, seed++, interval_s, seconds);
    print_message("# %.0f hosts' hours: below the reserve %u times, for %.0f s\n", score.seconds / 3600, score.touches,
                  score.below_reserve_s);
    assert_true(score.touches <= floor(score.seconds / 3600 / 1000));
    assert_int_equal(score.killed, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_comes_first),
        cmocka_unit_test(few_run_dry_with_plenty),
        cmocka_unit_test(slack_is_within_twice_the_best),
        cmocka_unit_test(the_reserve_is_kept),
    };

    if (argc > 1)
        hours = strtod(argv[1], NULL);
    return cmocka_run_group_tests_name("memory, beside others", tests, compare_all, NULL);
}
