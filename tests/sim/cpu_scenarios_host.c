#include "tests/sim/cpu_scenarios.h"

#include <stdio.h>

static void add_ruled(struct cpu_sim *sim, const struct cpu_sim_guest *like, int count)
{
    for (int i = 0; i < count; i++)
        cpu_sim_add_guest(sim, like);
}

static struct cpu_sim *make_background(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);
    struct cpu_load load = cpu_open(0.7);

    load.period_s = 0.01;
    cpu_sim_set_background(sim, 3, &load);
    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 4, 1, p, cpu_closed(0.15));
    return sim;
}

/* The same, with the 70 % on another pCPU every so many intervals. */
static void wander(struct cpu_sim *sim, int interval, int stay)
{
    struct cpu_load load = cpu_open(0.7);
    const struct cpu_load idle = cpu_idle();

    load.period_s = 0.01;
    for (int p = 0; (interval - 1) % stay == 0 && p < 4; p++)
        cpu_sim_set_background(sim, p, p == (interval - 1) / stay * 3 % 4 ? &load : &idle);
}

static void script_wander_1(struct cpu_sim *sim, int interval)
{
    wander(sim, interval, 1);
}

static void script_wander_20(struct cpu_sim *sim, int interval)
{
    wander(sim, interval, 20);
}

static struct cpu_sim *make_quiet(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 4, 1, p, cpu_closed(0.15));
    return sim;
}

/* 50 % for one interval in ten, on one pCPU after the other. */
static void script_spikes(struct cpu_sim *sim, int interval)
{
    const struct cpu_load spike = cpu_open(0.5), idle = cpu_idle();

    for (int p = 0; p < 4; p++)
        cpu_sim_set_background(sim, p, interval % 10 == 0 && interval / 10 % 4 == p ? &spike : &idle);
}

static struct cpu_sim *make_holes(uint64_t seed)
{
    static const int numbers[] = {1, 6, 67, 200};
    struct snapshot_pcpu pcpus[4];
    struct cpu_sim *sim;

    for (int p = 0; p < 4; p++)
        pcpus[p] = (struct snapshot_pcpu){.number = numbers[p], .core = p, .online = true};
    sim = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 4, .pcpus = pcpus, .seed = seed, .noise_pct = 2.0});
    cpu_add_guests(sim, 8, 1, 67, cpu_closed(0.3));
    return sim;
}

/* 2 is offline, 5 isolated with a guest that sits there. */
static struct cpu_sim *make_offline(uint64_t seed)
{
    struct snapshot_pcpu pcpus[6];
    struct cpu_sim *sim;

    for (int p = 0; p < 6; p++)
        pcpus[p] = (struct snapshot_pcpu){.number = p, .core = p, .online = p != 2, .isolated = p == 5};
    sim = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 6, .pcpus = pcpus, .seed = seed, .noise_pct = 2.0});
    cpu_add_guests(sim, 8, 1, 0, cpu_closed(0.3));
    cpu_add_guests(sim, 1, 1, 5, cpu_busy());
    return sim;
}

static void script_offline(struct cpu_sim *sim, int interval)
{
    if (interval == 15)
        cpu_sim_set_online(sim, 1, false);
    if (interval == 30)
        cpu_sim_set_online(sim, 2, true);
}

/* Four may use 0-1 only, by affinity; two 1-2 only, by cpuset; four anything: 30 % each. */
static struct cpu_sim *make_rules(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    add_ruled(sim, &(struct cpu_sim_guest){.name = "low", .n_vcpus = 1, .affinity = "0-1", .load = cpu_closed(0.3)}, 4);
    add_ruled(sim,
              &(struct cpu_sim_guest){.name = "mid", .n_vcpus = 1, .pin = 1, .defined = "1-2", .load = cpu_closed(0.3)},
              2);
    cpu_add_guests(sim, 4, 1, 0, cpu_closed(0.3));
    return sim;
}

/* All may use 0-1 only: sd stays high, whatever is done. */
static struct cpu_sim *make_narrow(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    add_ruled(sim, &(struct cpu_sim_guest){.name = "vm", .n_vcpus = 1, .pin = 0, .defined = "0-1", .load = cpu_busy()},
              6);
    return sim;
}

/* One on pCPU 0 for itself, one real-time on 1, one locked on 2, and eight others, all on 0 to 2. */
static struct cpu_sim *make_alone(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(5, seed);

    cpu_sim_add_guest(sim, &(struct cpu_sim_guest){
                               .name = "own", .n_vcpus = 1, .pin = 0, .dedicated = true, .load = cpu_closed(0.2)});
    cpu_sim_add_guest(
        sim, &(struct cpu_sim_guest){.name = "rt", .n_vcpus = 1, .pin = 1, .realtime = true, .load = cpu_closed(0.6)});
    cpu_sim_add_guest(
        sim,
        &(struct cpu_sim_guest){
            .name = "locked", .n_vcpus = 1, .pin = 2, .leave_alone = SNAPSHOT_LEAVE_LOCKED, .load = cpu_closed(0.6)});
    for (int p = 0; p < 4; p++)
        cpu_add_guests(sim, 2, 1, p % 3, cpu_closed(0.3));
    return sim;
}

static struct cpu_sim *make_no_delay(uint64_t seed)
{
    struct cpu_sim *sim =
        cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 4, .seed = seed, .noise_pct = 2.0, .no_delay = true});

    cpu_add_guests(sim, 8, 1, 0, cpu_closed(0.3));
    return sim;
}

/* Half of them may run 25 % only: they count as 25 %, however much they ask for. */
static struct cpu_sim *make_quota(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    add_ruled(
        sim,
        &(struct cpu_sim_guest){.name = "capped", .n_vcpus = 1, .pin = 0, .vcpu_quota_pct = 25.0, .load = cpu_busy()},
        4);
    add_ruled(sim, &(struct cpu_sim_guest){.name = "free", .n_vcpus = 1, .pin = 1, .load = cpu_closed(0.5)}, 4);
    return sim;
}

const struct cpu_scenario cpu_scenarios_host[] = {
    {"background", "16 guests of 15 %, four a pCPU; 70 % of host work on pCPU 3", make_background, NULL, 40},
    {"background-20", "the same, the host work moves on every 20 intervals", make_quiet, script_wander_20, 120},
    {"background-1", "the same, it moves on every interval", make_quiet, script_wander_1, 120},
    {"spikes", "the same, 50 % of host work in one interval of ten", make_quiet, script_spikes, 120},
    {"holes", "pCPUs 1, 6, 67 and 200; 8 guests of 30 % on 67", make_holes, NULL, 40},
    {"offline", "one pCPU offline, one isolated; later 1 goes and 2 comes", make_offline, script_offline, 50},
    {"rules", "affinity 0-1, cpuset 1-2 and free guests of 30 %, stacked", make_rules, NULL, 40},
    {"narrow", "6 busy guests that may use 2 of 4 pCPUs only", make_narrow, NULL, 40},
    {"alone", "a dedicated, a real-time, a locked and 8 other guests on 5 pCPUs", make_alone, NULL, 40},
    {"no-delay", "8 guests of 30 % on one of 4 pCPUs, no run-queue delay reported", make_no_delay, NULL, 40},
    {"quota", "4 busy guests capped to 25 %, 4 of 50 %, on 2 of 4 pCPUs", make_quota, NULL, 40},
    {0},
};
