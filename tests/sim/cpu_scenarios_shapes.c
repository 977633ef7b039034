#include "tests/sim/cpu_scenarios.h"

#include <stdio.h>

static struct cpu_sim *make_fewer(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    cpu_add_guests(sim, 3, 1, 1, cpu_busy());
    return sim;
}

static struct cpu_sim *make_as_many(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    cpu_add_guests(sim, 4, 1, 2, cpu_closed(0.8));
    return sim;
}

static struct cpu_sim *make_more(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int i = 0; i < 11; i++)
        cpu_add_guests(sim, 1, 1, i % 2, cpu_closed(0.1 + 0.05 * (i % 5)));
    return sim;
}

static struct cpu_sim *make_different(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int i = 1; i <= 8; i++)
        cpu_add_guests(sim, 1, 1, 0, cpu_closed(0.08 * i));
    return sim;
}

static struct cpu_sim *make_use_equal(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(2, seed);

    cpu_add_guests(sim, 1, 1, 0, cpu_busy());
    cpu_add_guests(sim, 3, 1, 1, cpu_busy());
    return sim;
}

/* 60 + 40 and 45 + 25: no single move lowers the deviation; 40 for 25 makes it 85 and 85. */
static struct cpu_sim *make_exchange(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(2, seed);

    cpu_add_guests(sim, 1, 1, 0, cpu_closed(0.60));
    cpu_add_guests(sim, 1, 1, 0, cpu_closed(0.40));
    cpu_add_guests(sim, 1, 1, 1, cpu_closed(0.45));
    cpu_add_guests(sim, 1, 1, 1, cpu_closed(0.25));
    return sim;
}

static struct cpu_sim *make_wide_guests(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(8, seed);

    cpu_add_guests(sim, 1, 16, 0, cpu_closed(0.15));
    cpu_add_guests(sim, 2, 4, 1, cpu_closed(0.3));
    cpu_add_guests(sim, 4, 2, 2, cpu_closed(0.2));
    return sim;
}

/* Two for each pCPU, of four vCPUs that are alike: one of each guest belongs on each pCPU. */
static struct cpu_sim *make_apart(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    cpu_add_guests(sim, 2, 4, CPU_SIM_FLOAT, cpu_closed(0.4));
    return sim;
}

static struct cpu_sim *make_overload(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(4, seed);

    for (int i = 0; i < 24; i++)
        cpu_add_guests(sim, 1, 1, i % 3, cpu_busy());
    return sim;
}

static struct cpu_sim *make_two_pcpus(uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(2, seed);

    cpu_add_guests(sim, 8, 1, 0, cpu_busy());
    return sim;
}

/* 64 pCPUs: two nodes, two threads a core, a last-level cache for eight cores. */
static struct cpu_sim *large_host(uint64_t seed)
{
    struct snapshot_pcpu pcpus[64];

    for (int p = 0; p < 64; p++)
        pcpus[p] = (struct snapshot_pcpu){.number = p, .node = p / 32, .llc = p / 16, .core = p / 2, .online = true};
    return cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 64, .pcpus = pcpus, .seed = seed, .noise_pct = 2.0});
}

/* 200 vCPUs in guests of 1, 2, 4 and 8, of mixed loads, stacked on a third of the pCPUs of the node of their memory;
 * both nodes have as much to do. */
static struct cpu_sim *make_large(uint64_t seed)
{
    static const int sizes[] = {8, 4, 4, 2, 2, 1, 1, 1, 1, 1};
    static const double shares[] = {0.1, 0.4, 0.2, 0.6, 0.05, 0.3, 0.25};
    struct cpu_sim *sim = large_host(seed);

    for (int node = 0; node < 2; node++)
        for (int vcpus = 0, i = 0; vcpus < 100; vcpus += sizes[i % 10], i++)
            cpu_sim_add_guest(sim, &(struct cpu_sim_guest){
                                       .name = "vm",
                                       .n_vcpus = sizes[i % 10],
                                       .pin = node * 32 + i % 10,
                                       .memory_nodes = node ? "1" : "0",
                                       .load = cpu_closed(shares[i % 7]),
                                   });
    return sim;
}

/* Everything is bound to node 0, which is asked for 150 % a pCPU: the gain of leaving is large. */
static struct cpu_sim *make_one_node(uint64_t seed)
{
    struct snapshot_pcpu pcpus[8];
    struct cpu_sim *sim;

    for (int p = 0; p < 8; p++)
        pcpus[p] = (struct snapshot_pcpu){.number = p, .node = p / 4, .llc = p / 4, .core = p, .online = true};
    sim = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 8, .pcpus = pcpus, .seed = seed, .noise_pct = 2.0});
    for (int i = 0; i < 12; i++)
        cpu_sim_add_guest(sim,
                          &(struct cpu_sim_guest){
                              .name = "vm", .n_vcpus = 1, .pin = i % 4, .memory_nodes = "0", .load = cpu_closed(0.5)});
    return sim;
}

/* Node 0 is asked for 44 % a pCPU, all on half of it, node 1 for 30 %: not worth leaving home for. */
static struct cpu_sim *make_near_nodes(uint64_t seed)
{
    struct snapshot_pcpu pcpus[8];
    struct cpu_sim *sim;

    for (int p = 0; p < 8; p++)
        pcpus[p] = (struct snapshot_pcpu){.number = p, .node = p / 4, .llc = p / 4, .core = p, .online = true};
    sim = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 8, .pcpus = pcpus, .seed = seed, .noise_pct = 2.0});
    for (int i = 0; i < 16; i++)
        cpu_sim_add_guest(sim, &(struct cpu_sim_guest){.name = "vm",
                                                       .n_vcpus = 1,
                                                       .pin = i < 8 ? i % 2 : 4 + i % 4,
                                                       .memory_nodes = i < 8 ? "0" : "1",
                                                       .load = cpu_closed(i < 8 ? 0.22 : 0.15)});
    return sim;
}

/* 16 busy vCPUs on 64 threads of 32 cores: one on each core that has any. */
static struct cpu_sim *make_siblings(uint64_t seed)
{
    struct cpu_sim *sim = large_host(seed);

    cpu_add_guests(sim, 16, 1, CPU_SIM_FLOAT, cpu_busy());
    return sim;
}

const struct cpu_scenario cpu_scenarios_shapes[] = {
    {"fewer", "3 busy guests on pCPU 1 of 4", make_fewer, NULL, 40},
    {"as-many", "4 guests of 80 % on pCPU 2 of 4", make_as_many, NULL, 40},
    {"more", "11 guests of 10 to 30 % on 2 of 4 pCPUs", make_more, NULL, 40},
    {"different", "8 different loads (8 to 64 %) on one of 4 pCPUs", make_different, NULL, 40},
    {"use-equal", "2 pCPUs, both used to 100 %, asked for 100 % and 300 %", make_use_equal, NULL, 40},
    {"exchange", "60 + 40 % and 45 + 25 %: no single move helps", make_exchange, NULL, 40},
    {"wide-guests", "a 16-vCPU, two 4-vCPU and four 2-vCPU guests on 3 of 8 pCPUs", make_wide_guests, NULL, 40},
    {"apart", "two floating 4-vCPU guests on 4 pCPUs", make_apart, NULL, 40},
    {"overload", "24 busy guests on 3 of 4 pCPUs", make_overload, NULL, 40},
    {"two-pcpus", "8 busy guests on one of 2 pCPUs", make_two_pcpus, NULL, 40},
    {"large", "200 mixed vCPUs on 64 pCPUs, 2 nodes, SMT, badly stacked", make_large, NULL, 40},
    {"one-node", "12 guests of 50 % bound to one node of two", make_one_node, NULL, 40},
    {"near-nodes", "44 and 30 % a pCPU on two nodes, half of one unused", make_near_nodes, NULL, 40},
    {"siblings", "16 busy floating vCPUs on 32 cores of 2 threads", make_siblings, NULL, 20},
    {0},
};
