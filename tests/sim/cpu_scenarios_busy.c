#include "tests/sim/cpu_scenarios.h"

/* The seven cases, on 4 pCPUs and on 2, beside processes of the host that take 30 to 60 % of each pCPU. */

enum { GUESTS = 8 };

static struct cpu_sim *spread_guests(uint64_t seed, int n_pcpus, struct cpu_load load, int on)
{
    struct cpu_sim *sim = cpu_plain_host(n_pcpus, seed);

    for (int i = 0; i < GUESTS; i++)
        cpu_add_guests(sim, 1, 1, on ? i % on : CPU_SIM_FLOAT, load);
    return sim;
}

static struct cpu_sim *floating_pairs(uint64_t seed, int n_pcpus)
{
    struct cpu_sim *sim = cpu_plain_host(n_pcpus, seed);

    cpu_add_guests(sim, GUESTS / 2, 1, CPU_SIM_FLOAT, cpu_closed(0.3));
    cpu_add_guests(sim, GUESTS / 2, 1, CPU_SIM_FLOAT, cpu_closed(0.1));
    return sim;
}

/* A function for each of them on a host of n pCPUs. */
#define CASES_ON(n)                                                                                                    \
    static struct cpu_sim *case_1_on_##n(uint64_t seed)                                                                \
    {                                                                                                                  \
        return spread_guests(seed, n, cpu_busy(), 1);                                                                  \
    }                                                                                                                  \
    static struct cpu_sim *case_1_third_on_##n(uint64_t seed)                                                          \
    {                                                                                                                  \
        return spread_guests(seed, n, cpu_closed(0.06 * n), 1);                                                        \
    }                                                                                                                  \
    static struct cpu_sim *case_2_on_##n(uint64_t seed)                                                                \
    {                                                                                                                  \
        return spread_guests(seed, n, cpu_closed(0.06 * n), n / 2);                                                    \
    }                                                                                                                  \
    static struct cpu_sim *case_3_on_##n(uint64_t seed)                                                                \
    {                                                                                                                  \
        return spread_guests(seed, n, cpu_closed(0.06 * n), n);                                                        \
    }                                                                                                                  \
    static struct cpu_sim *case_4_on_##n(uint64_t seed)                                                                \
    {                                                                                                                  \
        return spread_guests(seed, n, cpu_closed(0.06 * n), 0);                                                        \
    }                                                                                                                  \
    static struct cpu_sim *case_5_on_##n(uint64_t seed)                                                                \
    {                                                                                                                  \
        return floating_pairs(seed, n);                                                                                \
    }                                                                                                                  \
    static struct cpu_sim *case_6_on_##n(uint64_t seed)                                                                \
    {                                                                                                                  \
        return spread_guests(seed, n, cpu_closed(0.004), n);                                                           \
    }                                                                                                                  \
    static struct cpu_sim *case_7_on_##n(uint64_t seed)                                                                \
    {                                                                                                                  \
        return spread_guests(seed, n, cpu_closed(0.05), 0);                                                            \
    }

CASES_ON(2)
CASES_ON(4)

/* Each pCPU's process takes another share in every interval: even in 30 to 60 %. */
static void script_wander(struct cpu_sim *sim, int interval)
{
    struct cpu_random random = {.state = cpu_sim_config_of(sim)->seed * 1000003u + (uint64_t)interval};
    struct cpu_load load = cpu_open(0.0);

    load.period_s = 0.01;
    for (int p = 0; p < cpu_sim_config_of(sim)->n_pcpus; p++) {
        load.share = 0.3 + 0.3 * cpu_random_unit(&random);
        cpu_sim_set_background(sim, p, &load);
    }
}

/* Half of the processes take 60 %, half 30 %, and who takes which is drawn in every interval: as much in all. */
static void script_hop(struct cpu_sim *sim, int interval)
{
    struct cpu_random random = {.state = cpu_sim_config_of(sim)->seed * 1000003u + (uint64_t)interval};
    int n = cpu_sim_config_of(sim)->n_pcpus, left = n / 2;
    struct cpu_load load = cpu_open(0.0);

    load.period_s = 0.01;
    for (int p = 0; p < n; p++) {
        bool heavy = cpu_random_unit(&random) * (n - p) < left;

        left -= heavy;
        load.share = heavy ? 0.6 : 0.3;
        cpu_sim_set_background(sim, p, &load);
    }
}

/* Full speed for 3 s, nothing for 4 s, on average: 43 %, as of one compiler after the other. */
static void script_jobs(struct cpu_sim *sim, int interval)
{
    const struct cpu_load job = cpu_burst(1.0, 3.0, 4.0);

    for (int p = 0; interval == 1 && p < cpu_sim_config_of(sim)->n_pcpus; p++)
        cpu_sim_set_background(sim, p, &job);
}

/* Those on the first half of the pCPUs turn heavy. */
static void turn_heavy(struct cpu_sim *sim, int interval)
{
    const struct cpu_load heavy = cpu_closed(0.3);

    for (int guest = 0; interval == 15 && guest < GUESTS; guest++)
        if (cpu_sim_where(sim, guest, 0) < cpu_sim_config_of(sim)->n_pcpus / 2)
            cpu_sim_set_load(sim, guest, -1, &heavy);
}

static void script_wander_7(struct cpu_sim *sim, int interval)
{
    script_wander(sim, interval);
    turn_heavy(sim, interval);
}

static void script_hop_7(struct cpu_sim *sim, int interval)
{
    script_hop(sim, interval);
    turn_heavy(sim, interval);
}

static void script_jobs_7(struct cpu_sim *sim, int interval)
{
    script_jobs(sim, interval);
    turn_heavy(sim, interval);
}

#define SEVEN(n, kind)                                                                                                 \
    {#kind "-" #n "-1", "8 busy guests on pCPU 0 of " #n ", " #kind, case_1_on_##n, script_##kind, 100},               \
        {#kind "-" #n "-1-third", "8 guests of 6 % a pCPU, on pCPU 0", case_1_third_on_##n, script_##kind, 100},       \
        {#kind "-" #n "-2", "on half of the pCPUs", case_2_on_##n, script_##kind, 100},                                \
        {#kind "-" #n "-3", "balanced already", case_3_on_##n, script_##kind, 100},                                    \
        {#kind "-" #n "-4", "floating", case_4_on_##n, script_##kind, 100},                                            \
        {#kind "-" #n "-5", "floating, half 30 %, half 10 %", case_5_on_##n, script_##kind, 100},                      \
        {#kind "-" #n "-6", "balanced and idle", case_6_on_##n, script_##kind, 100},                                   \
    {                                                                                                                  \
#kind "-" #n "-7", "floating at 5 %, half turn to 30 % later", case_7_on_##n, script_##kind##_7, 100           \
    }

const struct cpu_scenario cpu_scenarios_busy[] = {
    SEVEN(2, wander), SEVEN(2, hop), SEVEN(2, jobs), SEVEN(4, wander), SEVEN(4, hop), SEVEN(4, jobs), {0},
};
