#include "cpu/pins_plan.h"

#include "core/model/cpumask.h"
#include "core/model/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

/* What the interval showed, over the places that take part. */
static double observed_sd(const struct explain_pins *w, const struct rates *r)
{
    const struct problem *p = w->problem;
    struct statistics loads = {0};

    if (r->seconds <= 0.0 || p->n_pool == 0)
        return -1.0;
    for (int i = 0; i < p->n_pool; i++) {
        double load_pct = 0.0;

        if (!w->view)
            load_pct = r->pcpus[p->pool[i]].load_pct;
        for (int j = 0; w->view && j < w->host->n_pcpus; j++)
            load_pct += w->view->groups.of[j] == p->pool[i] ? r->pcpus[j].load_pct : 0.0;
        statistics_add_weighted(&loads, load_pct / p->capacity[i], p->capacity[i]);
    }
    return statistics_sd(&loads);
}

/* The place that a pCPU of the host belongs to, an index in the problem's snapshot. */
static int place_of(const struct explain_pins *w, int pcpu)
{
    return w->view ? w->view->groups.of[pcpu] : pcpu;
}

/* Standing still: what placement.h says of a problem that it wasn't asked to solve. */
void pins_plan_fill(const struct explain_pins *w, const struct rates *r, struct plan *out)
{
    const struct problem *p = w->problem;

    out->has_balance = p->n_pool > 0;
    out->tolerance = w->settings->tolerance;
    out->sd_now = p->n_pool > 0 ? p->sd_now : -1.0;
    out->sd_observed = observed_sd(w, r);
    out->sd_expected = out->sd_now;
    out->sd_bound = w->bound;
    for (int i = 0; i < w->host->n_pcpus; i++)
        out->pcpus[i].load_pct = out->pcpus[i].expected_pct = p->load_pct[place_of(w, i)];
    for (int i = 0; w->view && i < p->n_pool; i++)
        for (int j = 0; j < w->host->n_pcpus; j++)
            if (place_of(w, j) == p->pool[i])
                out->pcpus[j].capacity = p->capacity[i];
    for (int i = 0; i < w->host->n_vcpus; i++) {
        out->vcpus[i].demand_pct = p->vcpus[i].load_pct;
        out->vcpus[i].cooldown_s = (int)ceil(demand_cooldown_left_of(w->demand, i) * w->request->interval_s);
    }
    for (int i = 0; i < w->host->n_guests; i++) {
        const struct snapshot_guest *g = &w->host->guests[i];

        for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++)
            out->guests[i].managed |= p->vcpus[v].index >= 0 || p->vcpus[v].role == PROBLEM_FLOATS;
        explain_pins_status(w, i, out->guests[i].status, sizeof(out->guests[i].status));
    }
}

/* The mask that pins the vCPU to a place. */
static int place_row(const struct explain_pins *w, struct plan *out, int vcpu, int place)
{
    int row, cpu = w->now->pcpus[place].number;

    if (w->view)
        return plan_add_mask(out, group_view_mask(w->view, vcpu, place));
    row = plan_add_mask(out, NULL);
    if (row >= 0)
        out->masks[(size_t)row * (size_t)((out->cpu_limit + 63) / 64) + (size_t)cpu / 64] = (uint64_t)1 << (cpu % 64);
    return row;
}

/* The load of the pCPU, or of its core where it was cores that were balanced. */
static double load_at(const struct placement *p, const struct placement_problem *problem, const double *load_pct,
                      int pcpu)
{
    double sum = 0.0;

    if (p->cores_sd_before < 0.0)
        return load_pct[pcpu];
    for (int i = 0; i < problem->n_pcpus; i++)
        sum += problem->core[i] == problem->core[pcpu] ? load_pct[i] : 0.0;
    return sum;
}

/*
 * How much a move adds to the fall of the squared deviations: its mean over all orders in which the plan's moves could
 * be made, so that equal moves have equal shares and all together add up. Source: L. S. Shapley, A value for n-person
 * games, 1953; for a sum of squares it comes down to the mean of before and after.
 */
static double share_of(const struct placement *p, const struct placement_problem *problem, int index)
{
    const struct placement_move *move = &p->moves[index];
    double demand_pct = problem->vcpus[move->vcpu].demand_pct;

    if (move->from < 0 || move->from == move->to)
        return 0.0;
    return demand_pct *
           (load_at(p, problem, p->before_pct, move->from) + load_at(p, problem, p->after_pct, move->from) -
            load_at(p, problem, p->before_pct, move->to) - load_at(p, problem, p->after_pct, move->to));
}

/* What one unit of a move's share gains, in points of deviation. */
static double gain_per_share(const struct explain_pins *w)
{
    const struct placement *p = w->placement;
    double sum = 0.0;

    for (int i = 0; i < p->n_moves; i++)
        sum += share_of(p, &w->problem->placement, i);
    return sum > 0.0 ? placement_gain(p) / sum : 0.0;
}

/* The pCPU that the vCPU comes from, -1 where it may have been on any or, with *group, on any of a group. */
static int comes_from(const struct explain_pins *w, const struct placement_move *move, bool *group)
{
    const struct problem *p = w->problem;
    int vcpu = p->vcpu_of[move->vcpu], at = snapshot_pinned_to(w->host, &w->host->vcpus[vcpu]);

    *group = false;
    if (p->vcpus[vcpu].evicted)
        return w->host->vcpus[vcpu].cpu;
    if (at >= 0)
        return w->host->pcpus[at].number;
    *group = w->view && (w->view->loose[vcpu] || !p->placement.vcpus[move->vcpu].floating);
    return -1;
}

static int add_action(const struct explain_pins *w, int index, double per_share, struct plan *out)
{
    const struct placement_move *move = &w->placement->moves[index];
    const struct problem *p = w->problem;
    int vcpu = p->vcpu_of[move->vcpu];
    const struct snapshot_vcpu *v = &w->host->vcpus[vcpu];
    struct plan_action *a = plan_add_action(out, PLAN_PIN, w->host, v->guest);

    if (!a)
        return -ENOMEM;
    a->vcpu = v->number;
    a->from_cpu = comes_from(w, move, &a->from_group);
    a->from_mask = plan_add_mask(out, snapshot_mask(w->host, v->affinity));
    a->to_mask = place_row(w, out, vcpu, p->pool[move->to]);
    if (a->from_mask < 0 || a->to_mask < 0)
        return -ENOMEM;
    a->to_cpu = cpumask_single(plan_mask(out, a->to_mask), cpumask_words(out->cpu_limit));
    a->gain = per_share * share_of(w->placement, &p->placement, index);
    explain_pins_reason(w, index, a->reason, sizeof(a->reason));
    return 0;
}

int pins_plan_add_actions(const struct explain_pins *w, struct plan *out)
{
    const struct problem *p = w->problem;
    double per_share = gain_per_share(w);

    for (int i = 0; i < w->placement->n_moves; i++) {
        int rc = add_action(w, i, per_share, out);

        if (rc)
            return rc;
    }
    if (w->placement->n_moves == 0)
        return 0;
    out->sd_expected = w->placement->sd_after;
    for (int i = 0; i < w->host->n_pcpus; i++)
        if (p->place[place_of(w, i)] >= 0)
            out->pcpus[i].expected_pct = w->placement->after_pct[p->place[place_of(w, i)]];
    return 0;
}

/* Whether a mask holds a pCPU that is a guest's own. */
static bool trespasses(const struct explain_pins *w, const uint64_t *mask)
{
    for (int i = 0; i < w->host->n_pcpus; i++)
        if (w->view->alone[i] && cpumask_has(mask, snapshot_words(w->host), w->host->pcpus[i].number))
            return true;
    return false;
}

/* Where a vCPU without rules may run when it floats: as it was found, or on all pCPUs that vCPUs are placed on. */
static int floating_row(const struct explain_pins *w, const struct snapshot_vcpu *v, struct plan *out)
{
    const uint64_t *found = snapshot_mask(w->host, v->found);
    int row;

    if (found && snapshot_is_everywhere(w->host, found) && !trespasses(w, found))
        return plan_add_mask(out, found);
    row = plan_add_mask(out, NULL);
    for (int i = 0; row >= 0 && i < w->host->n_pcpus; i++)
        if (w->problem->place[place_of(w, i)] >= 0)
            cpumask_set(out->masks + (size_t)row * (size_t)cpumask_words(out->cpu_limit), w->host->pcpus[i].number);
    return row;
}

static int let_go(const struct explain_pins *w, int vcpu, struct plan *out)
{
    const struct snapshot_vcpu *v = &w->host->vcpus[vcpu];
    struct plan_action *a = plan_add_action(out, PLAN_PIN, w->host, v->guest);
    int at = snapshot_pinned_to(w->host, v);

    if (!a)
        return -ENOMEM;
    a->vcpu = v->number;
    a->from_cpu = at >= 0 ? w->host->pcpus[at].number : -1;
    a->from_group = at < 0 && snapshot_pinned_to(w->now, &w->now->vcpus[vcpu]) >= 0;
    a->from_mask = plan_add_mask(out, snapshot_mask(w->host, v->affinity));
    a->to_mask = floating_row(w, v, out);
    snprintf(a->reason, sizeof(a->reason), "demand %.0f %%: floats, as groups would have no room to spare with it",
             w->problem->vcpus[vcpu].load_pct);
    return a->from_mask < 0 || a->to_mask < 0 ? -ENOMEM : 0;
}

int pins_plan_let_go(const struct explain_pins *w, struct plan *out)
{
    const bool *is_free = w->problem->source->is_free;
    int rc = 0;

    for (int i = 0; is_free && i < w->host->n_vcpus && !rc; i++)
        if (is_free[i] && (snapshot_pinned_to(w->now, &w->now->vcpus[i]) >= 0 ||
                           trespasses(w, snapshot_mask(w->host, w->host->vcpus[i].affinity))))
            rc = let_go(w, i, out);
    return rc;
}
