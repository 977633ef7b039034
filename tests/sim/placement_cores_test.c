/*
 * A host with hyperthreads, pCPU n and n + 4 being one core, and vCPUs of which two are busy: no placement makes all
 * threads alike, so cores are made alike.
 */
#include "tests/sim/cpu_run.h"
#include "tests/sim/cpu_scenarios.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { CORES = 4, BUSY = 2, SMALL = 12, SEEDS = 5 };

static struct cpu_sim *new_host(uint64_t seed)
{
    static struct snapshot_pcpu pcpus[2 * CORES];

    for (int p = 0; p < 2 * CORES; p++)
        pcpus[p] = (struct snapshot_pcpu){.number = p, .core = p % CORES, .online = true};
    return cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 2 * CORES, .pcpus = pcpus, .seed = seed});
}

/* Two busy guests, and twelve that want 20 %. */
static void add_guests(struct cpu_sim *sim)
{
    for (int g = 0; g < BUSY + SMALL; g++)
        cpu_sim_add_guest(sim, &(struct cpu_sim_guest){.name = g < BUSY ? "busy" : "small",
                                                       .n_vcpus = 1,
                                                       .pin = CPU_SIM_FLOAT,
                                                       .load = g < BUSY ? cpu_busy() : cpu_closed(0.2)});
}

/* 440 on four cores: no more than 120 on each. As alike as threads can be, 40 would lie beside each busy one. */
static void assert_cores_alike(struct cpu_sim *sim)
{
    int load_pct[CORES] = {0};

    for (int g = 0; g < BUSY + SMALL; g++)
        load_pct[cpu_sim_where(sim, g, 0) % CORES] += g < BUSY ? 100 : 20;
    for (int k = 0; k < CORES; k++)
        assert_true(load_pct[k] <= 120);
}

static void floating_ones_get_cores_that_are_alike(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct cpu_sim *sim = new_host(seed);
        struct cpu_run *run;

        add_guests(sim);
        run = cpu_run_new(sim, &scheduler_policy, NULL, 4);
        cpu_run_steps(run, 25);
        assert_int_equal(run->broken, 0);
        assert_cores_alike(sim);
        cpu_run_reset_counts(run);
        cpu_run_steps(run, 20);
        assert_int_equal(run->moves + run->adoptions, 0);
        cpu_run_free(run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floating_ones_get_cores_that_are_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
