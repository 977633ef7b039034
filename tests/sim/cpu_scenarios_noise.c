#include "tests/sim/cpu_scenarios.h"

/* 20 guests on 4 pCPUs, on and off at random around the same mean, balanced by that mean. Phases of on and off together
 * take period intervals on average. */
static struct cpu_sim *bursts(uint64_t seed, double period, double on_share, double mean)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);
    double cycle_s = period * cpu_scenario_interval_s;
    double duty = mean / on_share;

    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 5, 1, p, cpu_burst(on_share, duty * cycle_s, (1.0 - duty) * cycle_s));
    return sim;
}

static struct cpu_sim *make_bursts_fifth(uint64_t seed)
{
    return bursts(seed, 0.2, 0.5, 0.15);
}

static struct cpu_sim *make_bursts_half(uint64_t seed)
{
    return bursts(seed, 0.5, 0.5, 0.15);
}

static struct cpu_sim *make_bursts_one(uint64_t seed)
{
    return bursts(seed, 1.0, 0.5, 0.15);
}

static struct cpu_sim *make_bursts_two(uint64_t seed)
{
    return bursts(seed, 2.0, 0.5, 0.15);
}

static struct cpu_sim *make_bursts_full(uint64_t seed)
{
    return bursts(seed, 2.0, 1.0, 0.15);
}

/* Every guest has a mean and a period of its own: 5 to 35 %, a fifth of an interval to two; pinned as a plan for the
 * means would: the sums of the pCPUs are equal. */
static struct cpu_sim *make_bursts_mixed(uint64_t seed)
{
    static const double means[5] = {0.05, 0.10, 0.15, 0.20, 0.25};
    static const double periods[4] = {0.2, 0.5, 1.0, 2.0};
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int i = 0; i < 20; i++) {
        double cycle_s = periods[(i + i / 4) % 4] * cpu_scenario_interval_s;
        double duty = means[i / 4] / 0.6;

        cpu_add_guests(sim, 1, 1, i % 4, cpu_burst(0.6, duty * cycle_s, (1.0 - duty) * cycle_s));
    }
    return sim;
}

/* Unbalanced by their means, with all that noise: 15 % on pCPUs 0 and 1, 30 % on 2 and 3, five guests each. */
static struct cpu_sim *make_bursts_uneven(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int p = 0; p < 4; p++) {
        double duty = p < 2 ? 0.1 / 0.5 : 0.3 / 0.5;
        double cycle_s = cpu_scenario_interval_s;

        cpu_add_guests(sim, 5, 1, p, cpu_burst(0.5, duty * cycle_s, (1.0 - duty) * cycle_s));
    }
    return sim;
}

/* As emulated guests show it: every figure is off by some points. */
static struct cpu_sim *make_inexact(uint64_t seed)
{
    struct cpu_sim *sim = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 4, .seed = seed, .noise_pct = 6.0});

    cpu_add_guests(sim, 8, 1, 0, cpu_closed(0.3));
    return sim;
}

const struct cpu_scenario cpu_scenarios_noise[] = {
    {"bursts-0.2", "20 guests of 15 %, on (50 %) and off at random, period 0.2 intervals", make_bursts_fifth, NULL,
     500},
    {"bursts-0.5", "the same, period half an interval", make_bursts_half, NULL, 500},
    {"bursts-1", "the same, period one interval", make_bursts_one, NULL, 500},
    {"bursts-2", "the same, period two intervals", make_bursts_two, NULL, 500},
    {"bursts-full", "the same, period two intervals, on means 100 %", make_bursts_full, NULL, 500},
    {"bursts-mixed", "20 guests of 5 to 25 %, periods 0.2 to 2", make_bursts_mixed, NULL, 500},
    {"bursts-uneven", "20 guests, period one interval, pCPUs at 50 50 150 150 %", make_bursts_uneven, NULL, 500},
    {"inexact", "8 guests of 30 % on pCPU 0, figures off by 3 points", make_inexact, NULL, 500},
    {0},
};
