/*
 * Our policy beside others on the same random hosts: none leaves less unmet, and ours pays for that neither with memory
 * that lies idle nor with the host's reserve.
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

enum { HOSTS = 24, KINDS = MEMORY_SHORT + 1, MOST_RIVALS = 8 };

static const double interval_s = 4, seconds = 600;
static double hours = 300;
static const char *const kinds[] = {"plenty", "tight", "short"};
static struct memory_score scores[KINDS][MOST_RIVALS]; /* ours first */
static int rivals;

static int compare_all(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (rivals = 0; memory_rivals[rivals].name; rivals++)
            for (unsigned i = 0; i < HOSTS; i++)
                memory_hosts_random(&scores[kind][rivals], memory_rivals[rivals].ops, (enum memory_supply)kind, 1 + i,
                                    interval_s, seconds);
    return 0;
}

static void unmet_is_least(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 1; i < rivals; i++) {
            print_message("# %s, %s: %.0f GiB x s unmet, ours %.0f\n", kinds[kind], memory_rivals[i].name,
                          scores[kind][i].unmet_gib_s, scores[kind][0].unmet_gib_s);
            assert_true(scores[kind][0].unmet_gib_s < scores[kind][i].unmet_gib_s);
        }
}

/*
 * Guests run dry where what they want grows faster than anyone can notice. Where memory is plenty, those that always
 * leave a fifth of each guest's maximum unused have fewer of these; no more than so many are due to that.
 */
static void few_run_dry(void **state)
{
    static const unsigned most[KINDS] = {30, 35, 250};

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int i = 1; i < rivals; i++) {
            print_message("# %s, %s: %u times dry, ours %u\n", kinds[kind], memory_rivals[i].name,
                          scores[kind][i].kills, scores[kind][0].kills);
            if (kind == MEMORY_TIGHT)
                assert_true(scores[kind][0].kills < scores[kind][i].kills);
        }
        assert_in_range(scores[kind][0].kills, 0, most[kind]);
    }
}

/* The best of the others is the one that leaves least unmet; where memory is short, the controller, which leaves each
 * guest a fifth of its size and twice as much unmet as ours. */
static void slack_is_within_limits(void **state)
{
    static const double most[KINDS] = {2, 2, 2.5};

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        int best = 1;

        for (int i = 2; i < rivals; i++)
            if (scores[kind][i].unmet_gib_s < scores[kind][best].unmet_gib_s)
                best = i;
        print_message("# %s, %s: %.1f GiB of slack, ours %.1f\n", kinds[kind], memory_rivals[best].name,
                      scores[kind][best].slack_gib / HOSTS, scores[kind][0].slack_gib / HOSTS);
        assert_true(scores[kind][0].slack_gib <= most[kind] * scores[kind][best].slack_gib);
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
            memory_hosts_random(&score, &coordinator_policy, (enum memory_supply)kind, seed++, interval_s, seconds);
    print_message("# %.0f hosts' hours: below the reserve %u times, for %.0f s\n", score.seconds / 3600, score.touches,
                  score.below_reserve_s);
    assert_true(score.touches <= floor(score.seconds / 3600 / 1000));
    assert_int_equal(score.killed, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unmet_is_least),
        cmocka_unit_test(few_run_dry),
        cmocka_unit_test(slack_is_within_limits),
        cmocka_unit_test(the_reserve_is_kept),
    };

    if (argc > 1)
        hours = strtod(argv[1], NULL);
    return cmocka_run_group_tests_name("memory, beside others", tests, compare_all, NULL);
}
