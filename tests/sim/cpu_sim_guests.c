#include "tests/sim/cpu_sim_inside.h"

#include "core/model/cpumask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_guest *guest_of(struct cpu_sim *sim, int guest)
{
    if (guest < 0 || guest >= sim->n_guests) {
        fprintf(stderr, "no guest %d in the simulator\n", guest);
        abort();
    }
    return &sim->guests[guest];
}

static uint64_t *first_affinity(const struct cpu_sim *sim, const struct cpu_sim_guest *facts)
{
    uint64_t *mask;

    if (facts->affinity)
        return sim_mask(sim, facts->affinity);
    mask = sim_mask(sim, NULL);
    for (int p = 0; p < sim->config.n_pcpus; p++)
        if (facts->pin == CPU_SIM_FLOAT || facts->pin == sim->pcpus[p].facts.number)
            cpumask_set(mask, sim->pcpus[p].facts.number);
    return mask;
}

static double quota_of(const struct cpu_sim_guest *facts)
{
    double quota = facts->vcpu_quota_pct / 100.0;
    double part = facts->guest_quota_pct / 100.0 / facts->n_vcpus;

    if (quota <= 0.0 || (part > 0.0 && part < quota))
        return part;
    return quota;
}

int cpu_sim_add_guest(struct cpu_sim *sim, const struct cpu_sim_guest *facts)
{
    struct sim_guest *g;
    int handle = sim->n_guests;

    /* vCPUs are held by address, so each guest's lie in a block of their own, while guests may move. */
    sim->guests = realloc(sim->guests, (size_t)(handle + 1) * sizeof(*sim->guests));
    if (!sim->guests)
        abort();
    sim->n_guests++;
    g = &sim->guests[handle];
    memset(g, 0, sizeof(*g));
    g->facts = *facts;
    g->id = ++sim->next_id;
    snprintf(g->name, sizeof(g->name), "%s%d", facts->name ? facts->name : "g", g->id);
    memcpy(g->uuid, &g->id, sizeof(g->id));
    g->uuid[SNAPSHOT_UUID_BYTES - 1] = 0x42;
    g->defined = facts->defined ? sim_mask(sim, facts->defined) : NULL;
    g->pinned = facts->pinned ? sim_mask(sim, facts->pinned) : NULL;
    g->memory_nodes = facts->memory_nodes ? sim_mask(sim, facts->memory_nodes) : NULL;
    g->vcpus = sim_alloc((size_t)facts->n_vcpus, sizeof(*g->vcpus));
    for (int v = 0; v < facts->n_vcpus; v++) {
        struct sim_thread *t = &g->vcpus[v];

        t->affinity = first_affinity(sim, facts);
        t->found = first_affinity(sim, facts);
        t->online = true;
        t->task.random.state = sim->config.seed * 1000003 + (uint64_t)g->id * 1009 + (uint64_t)v;
        cpu_task_set_load(&t->task, &facts->load, sim->now_s);
        cpu_task_set_quota(&t->task, quota_of(facts), sim->now_s);
        sim_place(sim, t);
    }
    return handle;
}

void cpu_sim_remove_guest(struct cpu_sim *sim, int guest)
{
    struct sim_guest *g = guest_of(sim, guest);

    g->gone = true;
    for (int v = 0; v < g->facts.n_vcpus; v++)
        sim_detach(&g->vcpus[v]);
}

void cpu_sim_set_load(struct cpu_sim *sim, int guest, int vcpu, const struct cpu_load *load)
{
    struct sim_guest *g = guest_of(sim, guest);

    for (int v = 0; v < g->facts.n_vcpus; v++)
        if (vcpu < 0 || v == vcpu)
            cpu_task_set_load(&g->vcpus[v].task, load, sim->now_s);
}

void cpu_sim_set_load_at(struct cpu_sim *sim, double at_s, int guest, int vcpu, const struct cpu_load *load)
{
    sim->turns = realloc(sim->turns, (size_t)(sim->n_turns + 1) * sizeof(*sim->turns));
    if (!sim->turns)
        abort();
    sim->turns[sim->n_turns++] = (struct sim_turn){.at_s = at_s, .guest = guest, .vcpu = vcpu, .load = *load};
}

void cpu_sim_begin_at(struct cpu_sim *sim, double at_s, double over_s)
{
    /* A guest's own kernel does a little all the time. */
    const struct cpu_load idle = {.kind = CPU_LOAD_CLOSED, .share = 0.003, .jitter = 0.2};

    for (int g = 0; g < sim->n_guests; g++) {
        for (int v = 0; v < sim->guests[g].facts.n_vcpus; v++) {
            struct cpu_load load = sim->guests[g].vcpus[v].task.load;

            cpu_sim_set_load(sim, g, v, &idle);
            cpu_sim_set_load_at(sim, at_s + over_s * cpu_random_unit(&sim->random), g, v, &load);
        }
    }
}

double sim_take_turns(struct cpu_sim *sim)
{
    double next_s = INFINITY;

    for (int i = 0; i < sim->n_turns; i++) {
        struct sim_turn turn = sim->turns[i];

        if (turn.at_s > sim->now_s) {
            next_s = fmin(next_s, turn.at_s);
            continue;
        }
        sim->turns[i--] = sim->turns[--sim->n_turns];
        cpu_sim_set_load(sim, turn.guest, turn.vcpu, &turn.load);
    }
    return next_s;
}

void cpu_sim_set_affinity(struct cpu_sim *sim, int guest, int vcpu, const char *list)
{
    struct sim_guest *g = guest_of(sim, guest);

    for (int v = 0; v < g->facts.n_vcpus; v++) {
        struct sim_thread *t = &g->vcpus[v];

        if (vcpu >= 0 && v != vcpu)
            continue;
        cpumask_parse(t->affinity, sim->cpu_limit, list);
        cpumask_parse(t->found, sim->cpu_limit, list);
        if (t->pcpu && !sim_may_use(sim, t, t->pcpu))
            sim_place(sim, t);
    }
}

/* A thread that comes back starts its load afresh: it did nothing in between, and missed nothing. */
static void show(struct cpu_sim *sim, struct sim_guest *g, int v)
{
    struct sim_thread *t = &g->vcpus[v];
    bool present = t->online && !g->paused && !g->gone;

    if (!present) {
        sim_detach(t);
    } else if (!t->pcpu) {
        struct cpu_load load = t->task.load;

        cpu_task_set_load(&t->task, &load, sim->now_s);
        cpu_task_set_quota(&t->task, t->task.quota, sim->now_s);
        sim_place(sim, t);
    }
}

void cpu_sim_set_vcpu_online(struct cpu_sim *sim, int guest, int vcpu, bool online)
{
    struct sim_guest *g = guest_of(sim, guest);

    g->vcpus[vcpu].online = online;
    show(sim, g, vcpu);
}

void cpu_sim_set_paused(struct cpu_sim *sim, int guest, bool paused)
{
    struct sim_guest *g = guest_of(sim, guest);

    g->paused = paused;
    for (int v = 0; v < g->facts.n_vcpus; v++)
        show(sim, g, v);
}

void cpu_sim_set_leave_alone(struct cpu_sim *sim, int guest, enum snapshot_leave_alone leave_alone)
{
    guest_of(sim, guest)->facts.leave_alone = leave_alone;
}

void cpu_sim_reset_counters(struct cpu_sim *sim, int guest)
{
    struct sim_guest *g = guest_of(sim, guest);

    for (int v = 0; v < g->facts.n_vcpus; v++) {
        g->vcpus[v].run_base_s = g->vcpus[v].task.run_s;
        g->vcpus[v].wait_base_s = g->vcpus[v].task.wait_s;
        g->vcpus[v].error_s = 0.0;
        g->vcpus[v].reported_run_ns = 0;
    }
}

static double true_share(const struct cpu_task *t)
{
    double share = 0.0;

    switch (t->load.kind) {
    case CPU_LOAD_IDLE:
        break;
    case CPU_LOAD_BUSY:
        share = 1.0;
        break;
    case CPU_LOAD_CLOSED:
    case CPU_LOAD_OPEN:
        share = t->load.share;
        break;
    case CPU_LOAD_BURST:
        share = t->load.share * t->load.on_s / (t->load.on_s + t->load.off_s);
        break;
    }
    return t->quota > 0.0 && t->quota < share ? t->quota : share;
}

double cpu_sim_true_share(const struct cpu_sim *sim, int guest, int vcpu)
{
    const struct sim_guest *g = &sim->guests[guest];

    return g->gone || g->paused || !g->vcpus[vcpu].online ? 0.0 : true_share(&g->vcpus[vcpu].task);
}

double cpu_sim_true_load_pct(const struct cpu_sim *sim, int cpu)
{
    double share = 0.0;

    for (int p = 0; p < sim->config.n_pcpus; p++)
        for (const struct sim_thread *t = sim->pcpus[p].facts.number == cpu ? sim->pcpus[p].first : NULL; t;
             t = t->next)
            share += true_share(&t->task);
    return 100.0 * share;
}

double cpu_sim_true_guests_pct(const struct cpu_sim *sim, int cpu)
{
    double load_pct = cpu_sim_true_load_pct(sim, cpu);

    for (int p = 0; p < sim->config.n_pcpus; p++)
        if (sim->pcpus[p].facts.number == cpu && sim->pcpus[p].facts.online)
            load_pct -= 100.0 * true_share(&sim->pcpus[p].process.task);
    return load_pct;
}

double cpu_sim_work_s(const struct cpu_sim *sim)
{
    double work_s = 0.0;

    for (int g = 0; g < sim->n_guests; g++)
        for (int v = 0; v < sim->guests[g].facts.n_vcpus; v++)
            work_s += sim->guests[g].vcpus[v].task.run_s;
    return work_s;
}

int cpu_sim_where(const struct cpu_sim *sim, int guest, int vcpu)
{
    const struct sim_pcpu *p = sim->guests[guest].vcpus[vcpu].pcpu;

    return p ? p->facts.number : -1;
}
