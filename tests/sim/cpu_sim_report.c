#include "tests/sim/cpu_sim_inside.h"

#include "core/model/cpumask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libvirt reports vcpu.N.time, and the kernel the times of pCPUs, in steps of 10 ms; run-queue delay comes in ns. */
#define STEP_NS 10000000U

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static uint64_t in_steps(double seconds)
{
    return (uint64_t)(seconds * SIM_NS_PER_S) / STEP_NS * STEP_NS;
}

static int row(struct snapshot *s, const uint64_t *mask)
{
    int index;

    if (!mask)
        return -1;
    index = snapshot_add_mask(s, mask);
    if (index < 0)
        abort();
    return index;
}

static void report_pcpus(const struct cpu_sim *sim, struct snapshot *s)
{
    for (int p = 0; p < sim->config.n_pcpus; p++) {
        const struct sim_pcpu *pcpu = &sim->pcpus[p];
        struct snapshot_pcpu *out = need(snapshot_add_pcpu(s));

        *out = pcpu->facts;
        out->has_times = pcpu->facts.online;
        out->busy_ns = in_steps(pcpu->busy_s);
        out->idle_ns = in_steps(pcpu->now_s - pcpu->busy_s);
    }
}

/* The more it ran, the more its figure is off; the counter never goes back, whatever the error. */
static uint64_t reported_run_ns(struct cpu_sim *sim, struct sim_thread *t)
{
    double ran_s = t->task.run_s - t->reported_s;
    double run_s;
    uint64_t run_ns;

    if (sim->config.noise_pct > 0.0 && ran_s > 0.0)
        t->error_s += sim->config.noise_pct / 100.0 * sqrt(ran_s) * cpu_random_normal(&sim->random);
    t->reported_s = t->task.run_s;
    run_s = fmax(t->task.run_s - t->run_base_s + t->error_s, 0.0);
    run_ns = in_steps(run_s);
    if (run_ns > t->reported_run_ns)
        t->reported_run_ns = run_ns;
    return t->reported_run_ns;
}

static void report_guest(struct cpu_sim *sim, struct sim_guest *g, struct snapshot *s)
{
    struct snapshot_guest *out = need(snapshot_add_guest(s));
    int defined = row(s, g->defined);
    int pinned = row(s, g->pinned);

    memcpy(out->uuid, g->uuid, sizeof(out->uuid));
    out->id = g->id;
    memcpy(out->name, g->name, sizeof(g->name));
    out->state = g->paused ? SNAPSHOT_GUEST_PAUSED : SNAPSHOT_GUEST_RUNNING;
    out->leave_alone = g->facts.leave_alone;
    out->realtime = g->facts.realtime;
    out->dedicated = g->facts.dedicated;
    out->vcpu_quota_pct = g->facts.vcpu_quota_pct;
    out->guest_quota_pct = g->facts.guest_quota_pct;
    out->memory_nodes = row(s, g->memory_nodes);
    for (int v = 0; v < g->facts.n_vcpus; v++) {
        struct sim_thread *t = &g->vcpus[v];
        struct snapshot_vcpu *vcpu;

        if (!t->online)
            continue;
        vcpu = need(snapshot_add_vcpu(s));
        vcpu->number = v;
        vcpu->online = true;
        vcpu->running = !g->paused;
        vcpu->has_run = true;
        vcpu->run_ns = reported_run_ns(sim, t);
        vcpu->has_delay = !sim->config.no_delay;
        if (vcpu->has_delay)
            vcpu->delay_ns = (uint64_t)((t->task.wait_s - t->wait_base_s) * SIM_NS_PER_S);
        vcpu->cpu = t->pcpu ? t->pcpu->facts.number : cpumask_single(t->affinity, sim->words);
        vcpu->affinity = row(s, t->affinity);
        vcpu->found = row(s, t->found);
        vcpu->defined = defined;
        vcpu->pinned = pinned;
    }
}

void cpu_sim_snapshot(struct cpu_sim *sim, struct snapshot *s)
{
    snapshot_reset(s, sim->cpu_limit);
    s->taken_ns = (uint64_t)((sim->now_s + 1.0) * SIM_NS_PER_S);
    s->wall_ms = (int64_t)(sim->now_s * 1e3) + 1700000000000;
    snprintf(s->node_name, sizeof(s->node_name), "simulated");
    snprintf(s->uri, sizeof(s->uri), "sim:///system");
    s->calls = 1;
    report_pcpus(sim, s);
    for (int g = 0; g < sim->n_guests; g++)
        if (!sim->guests[g].gone)
            report_guest(sim, &sim->guests[g], s);
}

static struct sim_thread *thread_of(struct cpu_sim *sim, const struct plan_action *a)
{
    for (int g = 0; g < sim->n_guests; g++) {
        struct sim_guest *guest = &sim->guests[g];

        if (guest->id == a->id && !guest->gone && memcmp(guest->uuid, a->uuid, sizeof(a->uuid)) == 0)
            return a->vcpu >= 0 && a->vcpu < guest->facts.n_vcpus ? &guest->vcpus[a->vcpu] : NULL;
    }
    return NULL;
}

static bool any_online(const struct cpu_sim *sim, const uint64_t *mask)
{
    for (int p = 0; p < sim->config.n_pcpus; p++)
        if (sim->pcpus[p].facts.online && cpumask_has(mask, sim->words, sim->pcpus[p].facts.number))
            return true;
    return false;
}

static void apply_pin(struct cpu_sim *sim, struct plan *plan, struct plan_action *a)
{
    struct sim_thread *t = thread_of(sim, a);
    const uint64_t *mask = plan_mask(plan, a->to_mask);

    if (!t) {
        a->result = PLAN_SKIPPED;
    } else if (!mask || !any_online(sim, mask)) {
        a->result = PLAN_FAILED;
        snprintf(a->error, sizeof(a->error), "Invalid argument: no pCPU of the mask is online");
    } else if (cpumask_equal(mask, t->affinity, sim->words)) {
        a->result = PLAN_SKIPPED;
    } else if (sim->refuse > 0) {
        sim->refuse--;
        a->result = PLAN_FAILED;
        snprintf(a->error, sizeof(a->error), "cannot acquire state change lock");
    } else {
        memcpy(t->affinity, mask, (size_t)sim->words * sizeof(*mask));
        if (t->pcpu && !sim_may_use(sim, t, t->pcpu))
            sim_place(sim, t);
        sim->pins++;
        a->result = PLAN_DONE;
    }
}

void cpu_sim_apply(struct cpu_sim *sim, struct plan *plan)
{
    for (int i = 0; i < plan->n_actions; i++)
        if (plan->actions[i].kind == PLAN_PIN && plan->actions[i].result == PLAN_PENDING)
            apply_pin(sim, plan, &plan->actions[i]);
}

void cpu_sim_refuse_pins(struct cpu_sim *sim, int count)
{
    sim->refuse = count;
}

int cpu_sim_pins(const struct cpu_sim *sim)
{
    return sim->pins;
}
