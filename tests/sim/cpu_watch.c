#include "tests/sim/cpu_watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double interval_s = 4.0;

static void must(bool fine)
{
    if (!fine) {
        fputs("out of memory\n", stderr);
        abort();
    }
}

static void sample(struct cpu_watch *w, double seconds)
{
    cpu_sim_run(w->sim, seconds);
    w->now = !w->now;
    cpu_sim_snapshot(w->sim, &w->snapshots[w->now]);
    must(rates_between(&w->rates, &w->snapshots[!w->now], &w->snapshots[w->now]) == 0);
    must(demand_sample(w->demand, &w->snapshots[w->now], &w->rates) == 0);
}

void cpu_watch_interval(struct cpu_watch *w, double seconds)
{
    double samples = fmax(round(seconds), 1.0);
    struct snapshot begin = {0};

    must(snapshot_copy(&begin, &w->snapshots[w->now]) == 0);
    for (int i = 0; i < (int)samples; i++)
        sample(w, seconds / samples);
    must(rates_between(&w->rates, &begin, &w->snapshots[w->now]) == 0);
    demand_interval(w->demand, seconds);
    snapshot_free(&begin);
}

struct cpu_watch cpu_watch_start(struct cpu_sim *sim)
{
    struct cpu_watch w = {.sim = sim, .demand = demand_create()};

    must(w.demand);
    cpu_watch_interval(&w, interval_s / 2.0);
    return w;
}

void cpu_watch_stop(struct cpu_watch *w)
{
    cpu_sim_free(w->sim);
    demand_free(w->demand);
    snapshot_free(&w->snapshots[0]);
    snapshot_free(&w->snapshots[1]);
    rates_free(&w->rates);
}

struct cpu_watch_shared cpu_watch_share(struct cpu_load load, struct cpu_load other, int others, uint64_t seed)
{
    enum { INTERVALS = 5 };
    struct cpu_sim *sim = cpu_plain_host(2, seed);
    struct cpu_watch_shared shared = {0};
    struct cpu_watch w;

    cpu_add_guests(sim, 1, 1, 0, load);
    cpu_add_guests(sim, others, 1, 1, other);
    w = cpu_watch_start(sim);
    for (int i = 0; i < INTERVALS; i++) {
        cpu_watch_interval(&w, interval_s);
        shared.alone_use += w.rates.vcpus[0].run_pct / INTERVALS;
    }
    for (int i = 1; i <= others; i++)
        cpu_sim_set_affinity(sim, i, 0, "0");
    for (int i = 0; i < INTERVALS; i++)
        cpu_watch_interval(&w, interval_s);
    shared.use = w.rates.vcpus[0].run_pct;
    shared.wait = w.rates.vcpus[0].wait_pct;
    shared.closed = w.rates.vcpus[0].demand_pct;
    shared.demand = w.demand->vcpus[0].level_pct;
    cpu_watch_stop(&w);
    return shared;
}
