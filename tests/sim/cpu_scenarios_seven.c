#include "tests/sim/cpu_scenarios.h"

static struct cpu_sim *make_1(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    cpu_add_guests(sim, 8, 1, 0, cpu_busy());
    return sim;
}

static struct cpu_sim *make_1_third(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    cpu_add_guests(sim, 8, 1, 0, cpu_closed(0.3));
    return sim;
}

static struct cpu_sim *make_2(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    cpu_add_guests(sim, 4, 1, 0, cpu_busy());
    cpu_add_guests(sim, 4, 1, 2, cpu_busy());
    return sim;
}

static struct cpu_sim *make_3(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 2, 1, p, cpu_closed(0.4));
    return sim;
}

static struct cpu_sim *make_4(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    cpu_add_guests(sim, 8, 1, CPU_SIM_FLOAT, cpu_closed(0.4));
    return sim;
}

static struct cpu_sim *make_5(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    cpu_add_guests(sim, 4, 1, CPU_SIM_FLOAT, cpu_closed(0.6));
    cpu_add_guests(sim, 4, 1, CPU_SIM_FLOAT, cpu_closed(0.2));
    return sim;
}

static struct cpu_sim *make_6(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 2, 1, p, cpu_closed(0.004));
    return sim;
}

static struct cpu_sim *make_7(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

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

/* 8 guests of one vCPU on 4 pCPUs. */
const struct cpu_scenario cpu_scenarios_seven[] = {
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
