/*
 * Prints, as Markdown tables, what cpu/demand makes of loads that are measured alone and then share a pCPU; and
 * how far it is off for each kind of load, by whether it was first seen crowded or with room.
 */
#include "tests/sim/cpu_watch.h"

#include <math.h>
#include <stdio.h>

enum { LOADS = 3, SEEDS = 20, QUIET = 5, LAST = 10 };

static const double interval_s = 4.0;

/* Three loads on pCPU 0, and one that never rests: there from the start, or on pCPU 1 and coming after five intervals.
 * Adds up how far each of the three is off after so many intervals beside it. */
static void add_errors(const struct cpu_load *loads, bool crowded, uint64_t seed, double *off_pct)
{
    struct cpu_sim *sim = cpu_plain_host(2, seed);
    struct cpu_watch w;

    for (int i = 0; i < LOADS; i++)
        cpu_add_guests(sim, 1, 1, 0, loads[i]);
    cpu_add_guests(sim, 1, 1, crowded ? 0 : 1, cpu_busy());
    w = cpu_watch_start(sim);
    for (int k = 0; k < QUIET && !crowded; k++)
        cpu_watch_interval(&w, interval_s);
    cpu_sim_set_affinity(sim, LOADS, 0, "0");
    for (int k = 0; k < LAST; k++) {
        cpu_watch_interval(&w, interval_s);
        for (int i = 0; i < LOADS; i++)
            off_pct[k] += fabs(w.demand->vcpus[i].level_pct - 100.0 * cpu_sim_true_share(sim, i, 0)) / LOADS / SEEDS;
    }
    cpu_watch_stop(&w);
}

static void print_kind(const char *kind, struct cpu_load a, struct cpu_load b, struct cpu_load c)
{
    const struct cpu_load loads[LOADS] = {a, b, c};

    for (int crowded = 1; crowded >= 0; crowded--) {
        double off_pct[LAST] = {0};

        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            add_errors(loads, crowded, seed, off_pct);
        printf("| %s | %s | %.1f | %.1f | %.1f |\n", kind, crowded ? "crowded" : "with room", off_pct[0], off_pct[2],
               off_pct[LAST - 1]);
    }
}

static void print_kinds(void)
{
    printf("\n| loads | first seen | off after 1 interval | 3 | 10 |\n|---|---|---|---|---|\n");
    print_kind("closed", cpu_closed(0.1), cpu_closed(0.2), cpu_closed(0.3));
    print_kind("open", cpu_open(0.1), cpu_open(0.2), cpu_open(0.3));
    print_kind("busy", cpu_busy(), cpu_busy(), cpu_busy());
    print_kind("mixed", cpu_closed(0.2), cpu_open(0.2), cpu_closed(0.3));
}

static void print_row(const char *what, struct cpu_load load, const char *with, struct cpu_load other, int others)
{
    struct cpu_watch_shared s = cpu_watch_share(load, other, others, 1);

    printf("| %s, %.0f %% | %s | %.1f | %.1f | %.1f | %.1f | %.1f | %+.1f |\n", what, 100.0 * load.share, with,
           s.alone_use, s.use, s.wait, s.closed, s.demand, s.demand - s.alone_use);
}

int main(void)
{
    static const double shares[] = {0.1, 0.26, 0.4, 0.6, 0.8};

    printf("| load | shares with | use alone | use | wait | run / (time - wait) | estimated demand | off by |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < 5; i++) {
        print_row("closed", cpu_closed(shares[i]), "a busy one", cpu_busy(), 1);
        print_row("closed", cpu_closed(shares[i]), "3 closed of 50 %", cpu_closed(0.5), 3);
    }
    for (int i = 0; i < 5; i++) {
        print_row("open", cpu_open(shares[i]), "a busy one", cpu_busy(), 1);
        print_row("open", cpu_open(shares[i]), "a closed one of 50 %", cpu_closed(0.5), 1);
    }
    print_row("busy", cpu_busy(), "a busy one", cpu_busy(), 1);
    print_row("busy", cpu_busy(), "7 busy ones", cpu_busy(), 7);
    print_kinds();
    return 0;
}
