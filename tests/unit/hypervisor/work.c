#include "tests/unit/hypervisor/hypervisor.h"

/* Where a vCPU runs: on the first pCPU that its affinity has, or, where it has several, on any of them. */
static int place_of(uint64_t affinity, int turn)
{
    uint64_t may = affinity & hypervisor.online;
    int skip = may ? turn % __builtin_popcountll(may) : 0;

    for (int cpu = 0; cpu < hypervisor.n_pcpus; cpu++)
        if (may >> cpu & 1 && skip-- == 0)
            return cpu;
    return 0;
}

void hypervisor_work(int ms)
{
    uint64_t ns = (uint64_t)ms * 1000000u;
    int wanted_pct[HYPERVISOR_PCPUS] = {0}, at[HYPERVISOR_GUESTS][HYPERVISOR_VCPUS];

    for (int i = 0; i < hypervisor.n_guests; i++) {
        wanted_pct[place_of(hypervisor.guests[i].threads[0], i)] += hypervisor.guests[i].other_pct;
        for (int v = 0; v < hypervisor.guests[i].n_vcpus; v++) {
            at[i][v] = place_of(hypervisor.guests[i].affinity[v], i + v);
            if (!hypervisor.guests[i].gone && !hypervisor.guests[i].paused)
                wanted_pct[at[i][v]] += hypervisor.guests[i].load_pct[v];
        }
    }
    for (int cpu = 0; cpu < hypervisor.n_pcpus; cpu++) {
        uint64_t busy_pct = (uint64_t)(wanted_pct[cpu] < 100 ? wanted_pct[cpu] : 100);

        hypervisor.busy_ns[cpu] += ns / 100 * busy_pct;
        hypervisor.idle_ns[cpu] += ns / 100 * (100 - busy_pct);
    }
    for (int i = 0; i < hypervisor.n_guests; i++) {
        struct hypervisor_guest *g = &hypervisor.guests[i];

        g->other_ns += ns / 100 * (uint64_t)g->other_pct;
        for (int v = 0; v < g->n_vcpus && !g->gone && !g->paused; v++) {
            uint64_t wants = ns / 100 * (uint64_t)g->load_pct[v];
            uint64_t gets = wanted_pct[at[i][v]] > 100 ? wants * 100 / (uint64_t)wanted_pct[at[i][v]] : wants;

            if (wanted_pct[at[i][v]] + g->poll_pct[v] <= 100) {
                g->poll_ns[v] += ns / 100 * (uint64_t)g->poll_pct[v];
                g->run_ns[v] += ns / 100 * (uint64_t)g->poll_pct[v];
                hypervisor.busy_ns[at[i][v]] += ns / 100 * (uint64_t)g->poll_pct[v];
                hypervisor.idle_ns[at[i][v]] -= ns / 100 * (uint64_t)g->poll_pct[v];
            }
            g->run_ns[v] += gets;
            g->delay_ns[v] += wants - gets;
        }
    }
}
