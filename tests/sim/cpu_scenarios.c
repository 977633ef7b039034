#include "tests/sim/cpu_scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const double cpu_scenario_interval_s = 4.0;

struct cpu_load cpu_closed(double share)
{
    return (struct cpu_load){.kind = CPU_LOAD_CLOSED, .share = share, .jitter = 0.2};
}

struct cpu_load cpu_open(double share)
{
    return (struct cpu_load){.kind = CPU_LOAD_OPEN, .share = share, .jitter = 0.2};
}

struct cpu_load cpu_busy(void)
{
    return (struct cpu_load){.kind = CPU_LOAD_BUSY, .share = 1.0};
}

struct cpu_load cpu_idle(void)
{
    return (struct cpu_load){.kind = CPU_LOAD_IDLE};
}

struct cpu_load cpu_burst(double share, double on_s, double off_s)
{
    return (struct cpu_load){.kind = CPU_LOAD_BURST, .share = share, .on_s = on_s, .off_s = off_s, .jitter = 0.2};
}

int cpu_add_guests(struct cpu_sim *sim, int count, int n_vcpus, int pin, struct cpu_load load)
{
    int first = -1;

    for (int i = 0; i < count; i++) {
        int guest =
            cpu_sim_add_guest(sim, &(struct cpu_sim_guest){.name = "vm", .n_vcpus = n_vcpus, .pin = pin, .load = load});

        first = first < 0 ? guest : first;
    }
    return first;
}

const struct cpu_scenario *cpu_scenario_find(const char *name)
{
    for (const struct cpu_scenario *s = cpu_scenarios; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    fprintf(stderr, "no scenario %s\n", name);
    abort();
}

struct cpu_run *cpu_scenario_start(const struct cpu_scenario *scenario, const struct policy_ops *policy,
                                   const void *settings, uint64_t seed)
{
    return cpu_run_new(scenario->make(seed), policy, settings, cpu_scenario_interval_s);
}

void cpu_scenario_go(const struct cpu_scenario *scenario, struct cpu_run *run, int interval)
{
    while (run->intervals < interval) {
        if (scenario->script)
            scenario->script(run->sim, run->intervals + 1);
        cpu_run_step(run);
    }
}

static struct cpu_sim *four(uint64_t seed)
{
    return cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 4, .seed = seed, .noise_pct = 2.0});
}

/* The seven cases: 8 guests of one vCPU on 4 pCPUs. */

static struct cpu_sim *make_1(uint64_t seed)
{
    struct cpu_sim *sim = four(seed);

    cpu_add_guests(sim, 8, 1, 0, cpu_busy());
    return sim;
}

static struct cpu_sim *make_1_third(uint64_t seed)
{
    struct cpu_sim *sim = four(seed);

    cpu_add_guests(sim, 8, 1, 0, cpu_closed(0.3));
    return sim;
}

static struct cpu_sim *make_2(uint64_t seed)
{
    struct cpu_sim *sim = four(seed);

    cpu_add_guests(sim, 4, 1, 0, cpu_busy());
    cpu_add_guests(sim, 4, 1, 2, cpu_busy());
    return sim;
}

static struct cpu_sim *make_3(uint64_t seed)
{
    struct cpu_sim *sim = four(seed);

    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 2, 1, p, cpu_closed(0.4));
    return sim;
}

static struct cpu_sim *make_4(uint64_t seed)
{
    struct cpu_sim *sim = four(seed);

    cpu_add_guests(sim, 8, 1, CPU_SIM_FLOAT, cpu_closed(0.4));
    return sim;
}

static struct cpu_sim *make_5(uint64_t seed)
{
    struct cpu_sim *sim = four(seed);

    cpu_add_guests(sim, 4, 1, CPU_SIM_FLOAT, cpu_closed(0.6));
    cpu_add_guests(sim, 4, 1, CPU_SIM_FLOAT, cpu_closed(0.2));
    return sim;
}

static struct cpu_sim *make_6(uint64_t seed)
{
    struct cpu_sim *sim = four(seed);

    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 2, 1, p, cpu_closed(0.004));
    return sim;
}

static struct cpu_sim *make_7(uint64_t seed)
{
    struct cpu_sim *sim = four(seed);

    cpu_add_guests(sim, 8, 1, CPU_SIM_FLOAT, cpu_closed(0.15));
    return sim;
}

/* Those on pCPUs 0 and 1 turn heavy: wherever they were put, they then all have to share. */
static void script_7(struct cpu_sim *sim, int interval)
{
    const struct cpu_load heavy = cpu_closed(0.7);

    for (int guest = 0; interval == 15 && guest < 8; guest++)
        if (cpu_sim_where(sim, guest, 0) < 2)
            cpu_sim_set_load(sim, guest, -1, &heavy);
}

const struct cpu_scenario cpu_scenarios[] = {
    {"case-1", "8 busy guests, all pinned to pCPU 0 of 4", make_1, NULL, 40},
    {"case-1-third", "8 guests of 30 %, all pinned to pCPU 0 of 4", make_1_third, NULL, 40},
    {"case-2", "half pinned to pCPU 0, half to pCPU 2", make_2, NULL, 40},
    {"case-3", "balanced already", make_3, NULL, 40},
    {"case-4", "floating", make_4, NULL, 40},
    {"case-5", "floating, half 60 %, half 20 %", make_5, NULL, 40},
    {"case-6", "balanced and idle", make_6, NULL, 40},
    {"case-7", "floating at 15 %, half turn to 70 % later", make_7, script_7, 55},
    {0},
};
