#include "tests/sim/cpu_sim.h"

#include "core/model/cpumask.h"
#include "tests/sim/cpu_sim_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SLICE_S 0.01
/* The kernel repairs an unevenness that it sees in a slice only now and then, and at times makes one. */
#define REPAIR_CHANCE 0.3
#define STRAY_CHANCE 0.001

void *sim_alloc(size_t count, size_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes);

    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

uint64_t *sim_mask(const struct cpu_sim *sim, const char *list)
{
    uint64_t *mask = sim_alloc((size_t)sim->words, sizeof(*mask));

    if (list && cpumask_parse(mask, sim->cpu_limit, list)) {
        fprintf(stderr, "no list of pCPUs: %s\n", list);
        abort();
    }
    return mask;
}

struct sim_pcpu *sim_pcpu(const struct cpu_sim *sim, int number)
{
    for (int p = 0; p < sim->config.n_pcpus; p++)
        if (sim->pcpus[p].facts.number == number)
            return &sim->pcpus[p];
    return NULL;
}

struct cpu_sim *cpu_sim_new(const struct cpu_sim_config *config)
{
    struct cpu_sim *sim = sim_alloc(1, sizeof(*sim));

    sim->config = *config;
    if (sim->config.slice_s <= 0.0)
        sim->config.slice_s = DEFAULT_SLICE_S;
    sim->random.state = config->seed * 0x9e3779b97f4a7c15ULL + 1;
    sim->pcpus = sim_alloc((size_t)config->n_pcpus, sizeof(*sim->pcpus));
    for (int p = 0; p < config->n_pcpus; p++) {
        struct sim_pcpu *pcpu = &sim->pcpus[p];

        if (config->pcpus)
            pcpu->facts = config->pcpus[p];
        else
            pcpu->facts = (struct snapshot_pcpu){.number = p, .core = p, .online = true};
        pcpu->index = p;
        pcpu->process.task.random.state = config->seed + (uint64_t)p * 7919;
        cpu_task_set_load(&pcpu->process.task, &(struct cpu_load){.kind = CPU_LOAD_IDLE}, 0.0);
        if (pcpu->facts.online)
            sim_attach(pcpu, &pcpu->process);
        if (pcpu->facts.number >= sim->cpu_limit)
            sim->cpu_limit = pcpu->facts.number + 1;
    }
    sim->config.pcpus = NULL; /* the caller's may be gone by now */
    sim->words = cpumask_words(sim->cpu_limit);
    return sim;
}

void cpu_sim_free(struct cpu_sim *sim)
{
    if (!sim)
        return;
    for (int g = 0; g < sim->n_guests; g++) {
        for (int v = 0; v < sim->guests[g].facts.n_vcpus; v++) {
            free(sim->guests[g].vcpus[v].affinity);
            free(sim->guests[g].vcpus[v].found);
        }
        free(sim->guests[g].vcpus);
        free(sim->guests[g].defined);
        free(sim->guests[g].pinned);
        free(sim->guests[g].memory_nodes);
    }
    while (sim->processes) {
        struct sim_process *process = sim->processes;

        sim->processes = process->next;
        free(process->thread.affinity);
        free(process);
    }
    free(sim->turns);
    free(sim->guests);
    free(sim->pcpus);
    free(sim);
}

double cpu_sim_now(const struct cpu_sim *sim)
{
    return sim->now_s;
}

const struct cpu_sim_config *cpu_sim_config_of(const struct cpu_sim *sim)
{
    return &sim->config;
}

void sim_attach(struct sim_pcpu *p, struct sim_thread *t)
{
    t->pcpu = p;
    t->next = p->first;
    p->first = t;
}

void sim_detach(struct sim_thread *t)
{
    struct sim_thread **link;

    if (!t->pcpu)
        return;
    for (link = &t->pcpu->first; *link != t; link = &(*link)->next)
        continue;
    *link = t->next;
    t->next = NULL;
    t->pcpu = NULL;
}

/* How many of the pCPUs that the thread's affinity allows are online and usual, or isolated. */
static int allowed_online(const struct cpu_sim *sim, const struct sim_thread *t, bool isolated)
{
    int n = 0;

    for (int i = 0; i < sim->config.n_pcpus; i++) {
        const struct snapshot_pcpu *facts = &sim->pcpus[i].facts;

        n += facts->online && facts->isolated == isolated && cpumask_has(t->affinity, sim->words, facts->number);
    }
    return n;
}

/* An affinity with no pCPU online lets the thread run anywhere, as the kernel does. Isolated pCPUs are only for threads
 * that were given nothing else. */
bool sim_may_use(const struct cpu_sim *sim, const struct sim_thread *t, const struct sim_pcpu *p)
{
    int usual = allowed_online(sim, t, false);

    if (!p->facts.online)
        return false;
    if (!cpumask_has(t->affinity, sim->words, p->facts.number))
        return usual == 0 && allowed_online(sim, t, true) == 0 && !p->facts.isolated;
    return !p->facts.isolated || usual == 0;
}

static int runnable_on(const struct sim_pcpu *p)
{
    int n = 0;

    for (const struct sim_thread *t = p->first; t; t = t->next)
        n += cpu_task_wants(&t->task);
    return n;
}

/* The least crowded pCPU that the thread may use, isolated ones last; ties by chance. */
static struct sim_pcpu *best_for(struct cpu_sim *sim, const struct sim_thread *t)
{
    struct sim_pcpu *best = NULL;
    double best_cost = INFINITY;

    for (int p = 0; p < sim->config.n_pcpus; p++) {
        struct sim_pcpu *pcpu = &sim->pcpus[p];
        double cost = runnable_on(pcpu) + cpu_random_unit(&sim->random) + (pcpu->facts.isolated ? 1e6 : 0.0);

        if (sim_may_use(sim, t, pcpu) && cost < best_cost) {
            best = pcpu;
            best_cost = cost;
        }
    }
    return best;
}

void sim_place(struct cpu_sim *sim, struct sim_thread *t)
{
    struct sim_pcpu *best;

    sim_detach(t);
    best = best_for(sim, t);
    if (best)
        sim_attach(best, t);
}

/* Runs one pCPU up to until_s, from event to event: in between, all that can run get equal shares. */
static void run_pcpu(struct sim_pcpu *p, double until_s)
{
    while (p->now_s < until_s) {
        double next_s = until_s, rate, dt_s;
        int n = 0;

        for (struct sim_thread *t = p->first; t; t = t->next)
            n += cpu_task_wants(&t->task) && !cpu_task_throttled(&t->task);
        rate = n ? 1.0 / n : 0.0;
        for (struct sim_thread *t = p->first; t; t = t->next)
            next_s = fmin(next_s, cpu_task_next(&t->task, p->now_s, cpu_task_throttled(&t->task) ? 0.0 : rate));
        dt_s = fmax(next_s - p->now_s, 0.0);
        for (struct sim_thread *t = p->first; t; t = t->next)
            cpu_task_pass(&t->task, dt_s, cpu_task_throttled(&t->task) ? 0.0 : rate);
        if (n)
            p->busy_s += dt_s;
        p->now_s = next_s;
        for (struct sim_thread *t = p->first; t; t = t->next)
            cpu_task_fire(&t->task, next_s);
    }
}

/* What the kernel does for a thread that may run on several pCPUs: pulls it to a less crowded one, mostly. */
static void balance_thread(struct cpu_sim *sim, struct sim_thread *t)
{
    struct sim_pcpu *best;

    if (!t->pcpu || !cpu_task_wants(&t->task))
        return;
    best = best_for(sim, t);
    if (!best || best == t->pcpu)
        return;
    if ((runnable_on(t->pcpu) - runnable_on(best) >= 2 && cpu_random_unit(&sim->random) < REPAIR_CHANCE) ||
        cpu_random_unit(&sim->random) < STRAY_CHANCE) {
        sim_detach(t);
        sim_attach(best, t);
    }
}

static bool anything_floats(const struct cpu_sim *sim)
{
    for (int g = 0; g < sim->n_guests; g++)
        for (int v = 0; v < sim->guests[g].facts.n_vcpus; v++)
            if (sim->guests[g].vcpus[v].pcpu && cpumask_count(sim->guests[g].vcpus[v].affinity, sim->words) > 1)
                return true;
    return sim->processes != NULL;
}

static void balance(struct cpu_sim *sim)
{
    for (int g = 0; g < sim->n_guests; g++)
        for (int v = 0; v < sim->guests[g].facts.n_vcpus; v++)
            if (cpumask_count(sim->guests[g].vcpus[v].affinity, sim->words) > 1)
                balance_thread(sim, &sim->guests[g].vcpus[v]);
    for (struct sim_process *process = sim->processes; process; process = process->next)
        balance_thread(sim, &process->thread);
}

void cpu_sim_run(struct cpu_sim *sim, double seconds)
{
    double end_s = sim->now_s + seconds;
    bool floats = anything_floats(sim);

    while (sim->now_s < end_s) {
        double until_s = fmin(floats ? sim->now_s + sim->config.slice_s : end_s, end_s);

        until_s = fmin(until_s, sim_take_turns(sim));
        if (floats)
            balance(sim);
        for (int p = 0; p < sim->config.n_pcpus; p++)
            run_pcpu(&sim->pcpus[p], until_s);
        sim->now_s = until_s;
    }
}

void cpu_sim_set_background(struct cpu_sim *sim, int cpu, const struct cpu_load *load)
{
    struct sim_pcpu *p = sim_pcpu(sim, cpu);

    if (p)
        cpu_task_set_load(&p->process.task, load, sim->now_s);
}

void cpu_sim_add_process(struct cpu_sim *sim, const struct cpu_load *load)
{
    struct sim_process *process = sim_alloc(1, sizeof(*process));

    process->thread.affinity = sim_mask(sim, NULL);
    for (int p = 0; p < sim->config.n_pcpus; p++)
        cpumask_set(process->thread.affinity, sim->pcpus[p].facts.number);
    process->thread.task.random.state = cpu_random_next(&sim->random);
    cpu_task_set_load(&process->thread.task, load, sim->now_s);
    process->next = sim->processes;
    sim->processes = process;
    sim_place(sim, &process->thread);
}

void cpu_sim_set_online(struct cpu_sim *sim, int cpu, bool online)
{
    struct sim_pcpu *p = sim_pcpu(sim, cpu);

    if (!p || p->facts.online == online)
        return;
    p->facts.online = online;
    if (online) {
        sim_attach(p, &p->process);
        return;
    }
    sim_detach(&p->process);
    while (p->first)
        sim_place(sim, p->first);
}
