#include "cpu/scheduler.h"

#include "core/model/statistics.h"
#include "cpu/demand/demand.h"
#include "cpu/explain.h"
#include "cpu/placement/placement.h"
#include "cpu/problem.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a plan gains must be more than this many times what the deviation would be off by. */
#define DOUBTFUL_GAIN 1.5

const struct scheduler_settings scheduler_settings_default = {
    .tolerance = 4.0,
    .aim = 2.0,
    .min_gain = 1.0,
    .cooldown = 2.0,
};

struct scheduler {
    struct scheduler_settings settings;
    struct demand *demand;
    /* Working memory of planning: its contents mean nothing between two calls. */
    struct problem *problem;
    struct placement_scratch *scratch;
};

static void scheduler_destroy(void *state)
{
    struct scheduler *s = state;

    if (!s)
        return;
    demand_free(s->demand);
    if (s->problem)
        problem_free(s->problem);
    free(s->problem);
    placement_scratch_free(s->scratch);
    free(s);
}

static void *scheduler_create(const void *settings)
{
    struct scheduler *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->settings = settings ? *(const struct scheduler_settings *)settings : scheduler_settings_default;
    s->demand = demand_create();
    s->problem = calloc(1, sizeof(*s->problem));
    s->scratch = placement_scratch_create();
    if (!s->demand || !s->problem || !s->scratch) {
        scheduler_destroy(s);
        return NULL;
    }
    return s;
}

static int scheduler_learn(void *state, const struct snapshot *before, const struct snapshot *now,
                           const struct rates *r)
{
    (void)before;
    return demand_learn(((struct scheduler *)state)->demand, now, r);
}

/* What the interval showed, over the pCPUs that take part. */
static double observed_sd(const struct problem *p, const struct rates *r)
{
    struct statistics loads = {0};

    if (r->seconds <= 0.0 || p->n_pool == 0)
        return -1.0;
    for (int i = 0; i < p->n_pool; i++)
        statistics_add(&loads, r->pcpus[p->pool[i]].load_pct);
    return statistics_sd(&loads);
}

/* Standing still: what placement.h says of a problem that it wasn't asked to solve. */
static void fill_figures(const struct explain_pins *w, const struct rates *r, struct plan *out)
{
    const struct problem *p = w->problem;

    out->has_balance = p->n_pool > 0;
    out->tolerance = w->settings->tolerance;
    out->sd_now = p->n_pool > 0 ? p->sd_now : -1.0;
    out->sd_observed = observed_sd(p, r);
    out->sd_expected = out->sd_now;
    out->sd_bound = w->placement->bound;
    for (int i = 0; i < w->now->n_pcpus; i++)
        out->pcpus[i].load_pct = out->pcpus[i].expected_pct = p->load_pct[i];
    for (int i = 0; i < w->now->n_vcpus; i++) {
        out->vcpus[i].demand_pct = p->vcpus[i].load_pct;
        out->vcpus[i].cooldown_s = (int)ceil(demand_resting(w->demand, i) * w->request->interval_s);
    }
    for (int i = 0; i < w->now->n_guests; i++) {
        const struct snapshot_guest *g = &w->now->guests[i];

        for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++)
            out->guests[i].managed |= p->vcpus[v].index >= 0 || p->vcpus[v].role == PROBLEM_FLOATS;
        explain_pins_status(w, i, out->guests[i].status, sizeof(out->guests[i].status));
    }
}

static int single_row(struct plan *out, int cpu)
{
    int row = plan_add_mask(out, NULL);

    if (row >= 0)
        out->masks[(size_t)row * (size_t)((out->cpu_limit + 63) / 64) + (size_t)cpu / 64] = (uint64_t)1 << (cpu % 64);
    return row;
}

static int add_action(const struct explain_pins *w, int index, struct plan *out)
{
    const struct placement_move *move = &w->placement->moves[index];
    const struct problem *p = w->problem;
    int vcpu = p->vcpu_of[move->vcpu];
    const struct snapshot_vcpu *v = &w->now->vcpus[vcpu];
    struct plan_action *a = plan_add_action(out, PLAN_PIN, w->now, v->guest);

    if (!a)
        return -ENOMEM;
    a->vcpu = v->number;
    a->to_cpu = w->now->pcpus[p->pool[move->to]].number;
    if (p->vcpus[vcpu].evicted)
        a->from_cpu = v->cpu;
    else if (!p->placement.vcpus[move->vcpu].floating)
        a->from_cpu = w->now->pcpus[p->pool[move->from]].number;
    a->from_mask = plan_add_mask(out, snapshot_mask(w->now, v->affinity));
    a->to_mask = single_row(out, a->to_cpu);
    a->gain = move->gain;
    explain_pins_reason(w, index, a->reason, sizeof(a->reason));
    return a->from_mask < 0 || a->to_mask < 0 ? -ENOMEM : 0;
}

static int add_actions(const struct explain_pins *w, struct plan *out)
{
    const struct problem *p = w->problem;

    for (int i = 0; i < w->placement->n_moves; i++) {
        int rc = add_action(w, i, out);

        if (rc)
            return rc;
    }
    if (w->placement->n_moves == 0)
        return 0;
    out->sd_expected = w->placement->sd_after;
    for (int i = 0; i < p->n_pool; i++)
        out->pcpus[p->pool[i]].expected_pct = w->placement->after_pct[i];
    return 0;
}

static int plan_nothing(struct plan *out, const char *why)
{
    snprintf(out->summary, sizeof(out->summary), "%s", why);
    return 0;
}

/* Moves whose gain may as well be none, given how well the loads are known, are not made. */
static void drop_doubtful_moves(const struct problem *problem, struct placement *placement)
{
    double gain = placement_gain(placement);

    if (problem->placement.force || placement->n_moves == 0 || placement->n_adopted > 0 ||
        gain > DOUBTFUL_GAIN * problem->noise)
        return;
    placement->outcome = PLACEMENT_NOT_WORTH;
    placement->rejected_moves = placement->n_moves;
    placement->rejected_sd = placement->sd_after;
    placement->sd_after = placement->sd_before;
    placement->after_pct = placement->before_pct;
    placement->n_moves = 0;
}

/* Where the aim isn't worth its moves, being within the tolerance may still be. */
static int solve(const struct scheduler *s, struct placement *placement)
{
    struct placement_problem *problem = &s->problem->placement;
    int rc = placement_plan(problem, s->scratch, placement);

    if (!rc && placement->outcome == PLACEMENT_NOT_WORTH && problem->aim < s->settings.tolerance) {
        problem->aim = s->settings.tolerance;
        rc = placement_plan(problem, s->scratch, placement);
    }
    if (!rc)
        drop_doubtful_moves(s->problem, placement);
    return rc;
}

/*
 * Solves the problem that was built for w. Floating vCPUs aren't pinned at any price: for each that is, one other at
 * the most makes way, beyond those that move anyhow; otherwise they go on floating.
 */
static int find_plan(const struct scheduler *s, struct explain_pins *w, struct placement *placement)
{
    bool force = w->request->force;
    int rc = solve(s, placement), adopted = placement->n_adopted, moves = placement->n_moves - adopted;

    if (rc || force || adopted == 0 || moves <= adopted)
        return rc;
    rc = problem_build(s->problem, &s->settings, s->demand, w->now, force, false);
    if (!rc)
        rc = solve(s, placement);
    if (rc || moves - (placement->n_moves - placement->n_adopted) > adopted - placement->n_adopted) {
        w->making_way = moves;
        return rc;
    }
    rc = problem_build(s->problem, &s->settings, s->demand, w->now, force, true);
    return rc ? rc : solve(s, placement);
}

static int scheduler_plan(const void *state, const struct snapshot *now, const struct rates *r,
                          const struct policy_request *request, struct plan *out)
{
    const struct scheduler *s = state;
    struct placement placement = {.bound = -1.0};
    struct explain_pins words = {&s->settings, s->demand, s->problem, &placement, now, request, 0};
    int rc;

    plan_reset(out, now->cpu_limit);
    if (s->demand->n_vcpus != now->n_vcpus || s->demand->n_pcpus != now->n_pcpus)
        return -EINVAL;
    if (plan_size_for(out, now))
        return -ENOMEM;
    out->decided_ns = now->taken_ns;
    out->forced = request->force;
    rc = problem_build(s->problem, &s->settings, s->demand, now, request->force, true);
    if (rc)
        return rc;
    out->learning = r->seconds <= 0.0 || (now->n_vcpus > 0 && s->problem->n_learning == now->n_vcpus);
    if (!out->learning && s->problem->n_pool > 0)
        rc = find_plan(s, &words, &placement);
    if (rc)
        return rc;
    fill_figures(&words, r, out);
    if (now->n_guests == 0)
        return plan_nothing(out, "no running guests");
    if (out->learning)
        return plan_nothing(out, "learning: no full interval of figures yet");
    if (s->problem->n_pool == 0)
        return plan_nothing(out, "no pCPU may be used: all are offline, isolated or a guest's own");
    explain_pins_summary(&words, out->summary, sizeof(out->summary));
    rc = add_actions(&words, out);
    return rc ? rc : explain_pins_notes(&words, out);
}

static void scheduler_applied(void *state, const struct snapshot *now, const struct plan *done)
{
    struct scheduler *s = state;
    int hint = 0;

    for (int i = 0; i < done->n_actions; i++) {
        const struct plan_action *a = &done->actions[i];
        int guest = snapshot_find_guest(now, a->uuid, a->id, hint);
        int vcpu = guest < 0 ? -1 : snapshot_find_vcpu(now, guest, a->vcpu);

        if (vcpu < 0 || vcpu >= s->demand->n_vcpus)
            continue;
        hint = guest;
        /* What was refused is not asked for again at once, either. */
        if (a->result == PLAN_DONE)
            demand_moved(s->demand, vcpu, a->from_cpu, s->settings.cooldown);
        else if (a->result == PLAN_FAILED)
            demand_moved(s->demand, vcpu, -1, s->settings.cooldown);
    }
}

const struct policy_ops scheduler_policy = {
    .create = scheduler_create,
    .destroy = scheduler_destroy,
    .learn = scheduler_learn,
    .plan = scheduler_plan,
    .applied = scheduler_applied,
};
