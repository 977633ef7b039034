/* What a vCPU wants, as estimated while it shares a pCPU, against what it used alone. */
#include "tests/sim/cpu_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What demand says must stay within 5 points of the use that was measured alone. */
static void check(struct cpu_load load, struct cpu_load other, int others, uint64_t seed)
{
    struct cpu_watch_shared s = cpu_watch_share(load, other, others, seed);

    if (s.demand < s.alone_use - 5.0 || s.demand > s.alone_use + 5.0)
        fail_msg("kind %d of %.0f %% with %d of %.0f %%: alone %.1f, shared %.1f", load.kind, 100.0 * load.share,
                 others, 100.0 * other.share, s.alone_use, s.demand);
}

static const double shares[] = {0.1, 0.26, 0.4, 0.6, 0.8};

static void closed_loads(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        for (int i = 0; i < 5; i++) {
            check(cpu_closed(shares[i]), cpu_busy(), 1, seed);
            check(cpu_closed(shares[i]), cpu_busy(), 3, seed);
            check(cpu_closed(shares[i]), cpu_closed(0.5), 3, seed);
        }
    }
}

static void open_loads(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        for (int i = 0; i < 5; i++) {
            check(cpu_open(shares[i]), cpu_busy(), 1, seed);
            check(cpu_open(shares[i]), cpu_closed(0.5), 1, seed);
        }
    }
}

static void busy_loads(void **state)
{
    (void)state;
    check(cpu_busy(), cpu_busy(), 1, 1);
    check(cpu_busy(), cpu_busy(), 7, 1);
    check(cpu_busy(), cpu_closed(0.3), 3, 1);
}

/* Never seen alone, it may be of either kind: at least half way from what it would want if it were open, which is what
 * it runs, to what it wants. Busy ones are read right from the start. */
static void crowded_from_the_start(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct cpu_sim *sim = cpu_plain_host(1, 3);
        struct cpu_watch w;

        cpu_add_guests(sim, 1, 1, 0, cpu_closed(shares[i]));
        cpu_add_guests(sim, 2, 1, 0, cpu_busy());
        w = cpu_watch_start(sim);
        for (int k = 0; k < 8; k++)
            cpu_watch_interval(&w, 4.0);
        assert_true(w.demand->vcpus[0].level_pct > (w.rates.vcpus[0].run_pct + 100.0 * shares[i]) / 2.0 - 1.0);
        assert_true(w.demand->vcpus[0].level_pct < 100.0 * shares[i] + 5.0);
        assert_true(w.demand->vcpus[1].level_pct > 95.0);
        cpu_watch_stop(&w);
    }
}

/* A lasting change is there after two whole intervals, and in the middle of an interval, too; on a crowded pCPU, of a
 * load that was never seen alone, at least half way from what it would want if it were open. */
static void changes_are_seen_within_two_intervals(void **state)
{
    (void)state;
    for (int crowded = 0; crowded < 2; crowded++) {
        for (int part = 0; part < 4; part++) {
            const struct cpu_load heavy = cpu_closed(0.7);
            struct cpu_sim *sim = cpu_plain_host(2, 9);
            struct cpu_watch w;
            double least;

            cpu_add_guests(sim, 1, 1, 0, cpu_closed(0.2));
            cpu_add_guests(sim, 1, 1, crowded ? 0 : 1, cpu_busy());
            w = cpu_watch_start(sim);
            for (int k = 0; k < 6; k++)
                cpu_watch_interval(&w, 4.0);
            cpu_sim_run(sim, part);
            cpu_sim_set_load(sim, 0, 0, &heavy);
            cpu_watch_interval(&w, 4.0 - part);
            cpu_watch_interval(&w, 4.0);
            if (part > 0)
                cpu_watch_interval(&w, 4.0);
            least = crowded ? (w.rates.vcpus[0].run_pct + 70.0) / 2.0 - 1.0 : 66.0;
            assert_true(w.demand->vcpus[0].level_pct > least && w.demand->vcpus[0].level_pct < 74.0);
            cpu_watch_stop(&w);
        }
    }
}

/* Four seconds at full speed are followed, as any level would be, and forgotten one interval later. */
static void a_passing_peak_is_forgotten(void **state)
{
    const struct cpu_load heavy = cpu_busy(), light = cpu_closed(0.2);
    struct cpu_sim *sim = cpu_plain_host(2, 9);
    struct cpu_watch w;

    (void)state;
    cpu_add_guests(sim, 1, 1, 0, light);
    w = cpu_watch_start(sim);
    for (int k = 0; k < 8; k++)
        cpu_watch_interval(&w, 4.0);
    cpu_sim_set_load(sim, 0, 0, &heavy);
    cpu_watch_interval(&w, 4.0);
    cpu_sim_set_load(sim, 0, 0, &light);
    cpu_watch_interval(&w, 4.0);
    assert_true(w.demand->vcpus[0].level_pct < 28.0);
    cpu_watch_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_loads),
        cmocka_unit_test(open_loads),
        cmocka_unit_test(busy_loads),
        cmocka_unit_test(crowded_from_the_start),
        cmocka_unit_test(changes_are_seen_within_two_intervals),
        cmocka_unit_test(a_passing_peak_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
