#include "tests/sim/cpu_scenarios.h"

#include <stdio.h>

static struct cpu_sim *make_balanced(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 2, 1, p, cpu_closed(0.3));
    return sim;
}

/* One comes onto pCPU 0: it belongs nowhere else but may be moved once, others need not. */
static void script_one_comes(struct cpu_sim *sim, int interval)
{
    if (interval == 10)
        cpu_add_guests(sim, 1, 1, 0, cpu_closed(0.3));
}

static void script_four_come(struct cpu_sim *sim, int interval)
{
    if (interval == 10)
        cpu_add_guests(sim, 4, 1, 0, cpu_closed(0.2));
}

static void script_four_float_in(struct cpu_sim *sim, int interval)
{
    if (interval == 10)
        cpu_add_guests(sim, 4, 1, CPU_SIM_FLOAT, cpu_closed(0.2));
}

/* Four vCPUs of 50 % come floating to 16 pCPUs of 48 % in parts of 12: pinned, each would drive others away. */
static void script_large_float_in(struct cpu_sim *sim, int interval)
{
    if (interval == 10)
        cpu_add_guests(sim, 1, 4, CPU_SIM_FLOAT, cpu_closed(0.5));
}

static void script_small_float_in(struct cpu_sim *sim, int interval)
{
    if (interval == 10)
        cpu_add_guests(sim, 1, 4, CPU_SIM_FLOAT, cpu_closed(0.1));
}

/* Both on pCPU 2 leave: one other has to move there, no more. */
static void script_two_leave(struct cpu_sim *sim, int interval)
{
    if (interval == 10) {
        cpu_sim_remove_guest(sim, 4);
        cpu_sim_remove_guest(sim, 5);
    }
}

/* One of each pCPU leaves: balanced as before. */
static void script_even_leave(struct cpu_sim *sim, int interval)
{
    for (int guest = 0; interval == 10 && guest < 8; guest += 2)
        cpu_sim_remove_guest(sim, guest);
}

static void script_pause(struct cpu_sim *sim, int interval)
{
    if (interval == 10 || interval == 14) {
        cpu_sim_set_paused(sim, 0, interval == 10);
        cpu_sim_set_paused(sim, 3, interval == 10);
        cpu_sim_set_paused(sim, 5, interval == 10);
        cpu_sim_set_paused(sim, 6, interval == 10);
    }
}

static void script_counters_back(struct cpu_sim *sim, int interval)
{
    for (int guest = 0; interval % 7 == 0 && guest < 8; guest++)
        cpu_sim_reset_counters(sim, guest);
}

static struct cpu_sim *make_plugged(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);
    int guest = cpu_add_guests(sim, 1, 4, 0, cpu_closed(0.5));

    for (int v = 1; v < 4; v++)
        cpu_sim_set_vcpu_online(sim, guest, v, false);
    cpu_add_guests(sim, 1, 1, 1, cpu_closed(0.5));
    cpu_add_guests(sim, 1, 1, 2, cpu_closed(0.5));
    cpu_add_guests(sim, 1, 1, 3, cpu_closed(0.5));
    return sim;
}

/* vCPUs 1 to 3 are plugged in, all pinned to pCPU 0; then 1 is unplugged. */
static void script_plugged(struct cpu_sim *sim, int interval)
{
    for (int v = 1; interval == 10 && v < 4; v++)
        cpu_sim_set_vcpu_online(sim, 0, v, true);
    if (interval == 25)
        cpu_sim_set_vcpu_online(sim, 0, 1, false);
}

static struct cpu_sim *make_many(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(16, seed);

    for (int i = 0; i < 64; i++)
        cpu_add_guests(sim, 1, 1, i % 16, cpu_closed(0.12));
    return sim;
}

/* In the middle of an interval, as changes do, half of them turn heavy: those of every other pCPU. */
static void script_many_heavy(struct cpu_sim *sim, int interval)
{
    const struct cpu_load heavy = cpu_closed(0.32);

    for (int guest = 0; interval == 10 && guest < 64; guest++)
        if (guest % 16 < 8)
            cpu_sim_set_load(sim, guest, -1, &heavy);
}

/* Every fifth interval somebody comes, somebody goes. */
static void script_churn(struct cpu_sim *sim, int interval)
{
    if (interval % 5 != 0)
        return;
    cpu_sim_remove_guest(sim, interval / 5 - 1);
    cpu_add_guests(sim, 1, 1, CPU_SIM_FLOAT, cpu_closed(0.12));
}

const struct cpu_scenario cpu_scenarios_life[] = {
    {"one-comes", "8 balanced guests of 30 %, a ninth comes onto pCPU 0", make_balanced, script_one_comes, 40},
    {"four-come", "8 balanced guests of 30 %, 4 of 20 % come onto pCPU 0", make_balanced, script_four_come, 40},
    {"four-float-in", "8 balanced guests of 30 %, 4 of 20 % come floating", make_balanced, script_four_float_in, 40},
    {"float-in-large", "64 balanced guests of 12 % on 16 pCPUs, one of 4 x 50 % comes floating", make_many,
     script_large_float_in, 40},
    {"float-in-small", "the same, one of 4 x 10 % comes floating", make_many, script_small_float_in, 40},
    {"two-leave", "8 balanced guests of 30 %, both of pCPU 2 leave", make_balanced, script_two_leave, 40},
    {"even-leave", "8 balanced guests of 30 %, one of each pCPU leaves", make_balanced, script_even_leave, 40},
    {"pause", "8 balanced guests, one of each pCPU is paused for 4 intervals", make_balanced, script_pause, 40},
    {"counters-back", "8 balanced guests whose counters begin again every 7 intervals", make_balanced,
     script_counters_back, 60},
    {"plugged", "3 vCPUs of 50 % plugged into a guest on pCPU 0, one out again", make_plugged, script_plugged, 40},
    {"half-heavy", "64 guests of 12 % on 16 pCPUs, half turn to 32 %", make_many, script_many_heavy, 40},
    {"churn", "64 guests of 12 %: every fifth interval one comes floating, one goes", make_many, script_churn, 199},
    {0},
};
