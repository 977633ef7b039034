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

struct cpu_sim *cpu_plain_host(int n_pcpus, uint64_t seed)
{
    return cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = n_pcpus, .seed = seed, .noise_pct = 2.0});
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
    for (int set = 0; cpu_scenario_sets[set]; set++)
        for (const struct cpu_scenario *s = cpu_scenario_sets[set]; s->name; s++)
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
    run->happens = scenario->script;
    while (run->intervals < interval)
        cpu_run_step(run);
    run->happens = NULL;
}

const struct cpu_scenario *const cpu_scenario_sets[] = {
    cpu_scenarios_seven,
    cpu_scenarios_shapes,
    cpu_scenarios_host,
    cpu_scenarios_life,
    cpu_scenarios_noise,
    cpu_scenarios_busy,
    NULL,
};
