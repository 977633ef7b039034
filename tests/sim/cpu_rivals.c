#include "tests/sim/cpu_rivals.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"
#include "tests/sim/cpu_run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A pCPU this much above or below the average, as a share of it, pushes or is pushed to (scx_rusty's default). */
#define IMBALANCE_RATIO 0.1
#define UNEVEN_SD_PCT 5.0

struct rival {
    int *at;      /* per vCPU: the pCPU (index) it is pinned to, then where it is to be; -1: it floats */
    int *order;   /* vCPUs */
    double *load; /* per pCPU */
    int cap_at, cap_order, cap_load;
};

static void *rival_create(const void *settings)
{
    (void)settings;
    return calloc(1, sizeof(struct rival));
}

static void rival_destroy(void *state)
{
    struct rival *rival = state;

    free(rival->at);
    free(rival->order);
    free(rival->load);
    free(rival);
}

static int rival_learn(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    struct rival *rival = state;

    (void)before;
    (void)r;
    return array_reserve(&rival->at, &rival->cap_at, now->n_vcpus, sizeof(*rival->at)) ||
                   array_reserve(&rival->order, &rival->cap_order, now->n_vcpus, sizeof(*rival->order)) ||
                   array_reserve(&rival->load, &rival->cap_load, now->n_pcpus, sizeof(*rival->load))
               ? -ENOMEM
               : 0;
}

static void rival_applied(void *state, const struct snapshot *now, const struct plan *done)
{
    (void)state;
    (void)now;
    (void)done;
}

static int pinned_to(const struct snapshot *now, int v)
{
    return snapshot_pcpu_index(now, cpumask_single(snapshot_mask(now, now->vcpus[v].affinity), snapshot_words(now)));
}

static void begin(const struct rival *rival, const struct snapshot *now, struct plan *out)
{
    plan_reset(out, now->cpu_limit);
    out->summary[0] = '-';
    for (int v = 0; v < now->n_vcpus; v++)
        rival->at[v] = pinned_to(now, v);
}

/* Pins every vCPU that isn't where it is to be. */
static int finish(const struct rival *rival, const struct snapshot *now, struct plan *out)
{
    for (int v = 0; v < now->n_vcpus; v++) {
        int was = pinned_to(now, v);
        struct plan_action *a;

        if (rival->at[v] == was)
            continue;
        a = plan_add_action(out, PLAN_PIN, now, now->vcpus[v].guest);
        if (!a)
            return -ENOMEM;
        a->vcpu = now->vcpus[v].number;
        a->reason[0] = '-';
        a->from_cpu = was < 0 ? -1 : now->pcpus[was].number;
        a->to_cpu = now->pcpus[rival->at[v]].number;
        a->to_mask = plan_add_mask(out, NULL);
        if (a->to_mask < 0)
            return -ENOMEM;
        cpumask_set(out->masks + (size_t)a->to_mask * (size_t)snapshot_words(now), a->to_cpu);
    }
    return 0;
}

static int least_of(const double *load, int n, int rather)
{
    int best = rather >= 0 ? rather : 0;

    for (int p = 0; p < n; p++)
        if (load[p] < load[best])
            best = p;
    return best;
}

static void sort_by_use(const struct rival *rival, const struct rates *r, int n_vcpus)
{
    for (int v = 0; v < n_vcpus; v++) {
        int k = v;

        for (; k > 0 && r->vcpus[rival->order[k - 1]].run_pct < r->vcpus[v].run_pct; k--)
            rival->order[k] = rival->order[k - 1];
        rival->order[k] = v;
    }
}

static int replan(const void *state, const struct snapshot *now, const struct rates *r,
                  const struct policy_request *request, struct plan *out)
{
    const struct rival *rival = state;

    (void)request;
    begin(rival, now, out);
    sort_by_use(rival, r, now->n_vcpus);
    for (int p = 0; p < now->n_pcpus; p++)
        rival->load[p] = r->pcpus[p].host_pct;
    for (int k = 0; k < now->n_vcpus; k++) {
        int v = rival->order[k], p = least_of(rival->load, now->n_pcpus, rival->at[v]);

        rival->at[v] = p;
        rival->load[p] += r->vcpus[v].run_pct;
    }
    return finish(rival, now, out);
}

static int replan_uneven(const void *state, const struct snapshot *now, const struct rates *r,
                         const struct policy_request *request, struct plan *out)
{
    const struct rival *rival = state;

    begin(rival, now, out);
    for (int p = 0; p < now->n_pcpus; p++)
        rival->load[p] = r->pcpus[p].busy_pct;
    return cpu_run_sd(rival->load, now->n_pcpus) > UNEVEN_SD_PCT ? replan(state, now, r, request, out) : 0;
}

static int most_of(const double *load, int n)
{
    int best = 0;

    for (int p = 0; p < n; p++)
        if (load[p] > load[best])
            best = p;
    return best;
}

static int count(const void *state, const struct snapshot *now, const struct rates *r,
                 const struct policy_request *request, struct plan *out)
{
    const struct rival *rival = state;
    int n = now->n_pcpus;

    (void)r;
    (void)request;
    begin(rival, now, out);
    for (int p = 0; p < n; p++)
        rival->load[p] = 0.0;
    for (int v = 0; v < now->n_vcpus; v++)
        if (rival->at[v] >= 0)
            rival->load[rival->at[v]]++;
    for (int v = 0; v < now->n_vcpus; v++) {
        int least = least_of(rival->load, n, -1);

        if (rival->at[v] >= 0 && rival->load[rival->at[v]] < rival->load[least] + 2.0)
            continue;
        if (rival->at[v] >= 0)
            rival->load[rival->at[v]]--;
        rival->at[v] = least;
        rival->load[least]++;
    }
    return finish(rival, now, out);
}

static double runnable_pct(const struct rates *r, int v)
{
    return fmin(r->vcpus[v].run_pct + r->vcpus[v].wait_pct, 100.0);
}

/* The vCPU on pCPU from that is nearest to what is to be carried over; -1 if none of them would make it better. */
static int best_fit(const struct rival *rival, const struct rates *r, int from, double over_pct, double under_pct)
{
    double carry_pct = fmin(over_pct, under_pct), best_gap = INFINITY;
    int best = -1;

    for (int v = 0; v < r->n_vcpus; v++) {
        double pct = runnable_pct(r, v), gap = fabs(pct - carry_pct);

        if (rival->at[v] != from || gap >= best_gap)
            continue;
        if (fabs(over_pct - pct) + fabs(under_pct - pct) >= (over_pct + under_pct) * (1.0 - IMBALANCE_RATIO))
            continue;
        best = v;
        best_gap = gap;
    }
    return best;
}

static void place_floating(const struct rival *rival, const struct rates *r)
{
    for (int v = 0; v < r->n_vcpus; v++) {
        if (rival->at[v] < 0)
            rival->at[v] = least_of(rival->load, r->n_pcpus, -1);
        else
            continue;
        rival->load[rival->at[v]] += runnable_pct(r, v);
    }
}

static int push(const void *state, const struct snapshot *now, const struct rates *r,
                const struct policy_request *request, struct plan *out)
{
    const struct rival *rival = state;
    int n = now->n_pcpus;
    double mean_pct = 0.0;

    (void)request;
    begin(rival, now, out);
    for (int p = 0; p < n; p++)
        rival->load[p] = r->pcpus[p].host_pct;
    for (int v = 0; v < now->n_vcpus; v++)
        if (rival->at[v] >= 0)
            rival->load[rival->at[v]] += runnable_pct(r, v);
    place_floating(rival, r);
    for (int p = 0; p < n; p++)
        mean_pct += rival->load[p] / n;
    for (int turn = 0; turn < now->n_vcpus; turn++) {
        int from = most_of(rival->load, n), to = least_of(rival->load, n, -1);
        double over_pct = rival->load[from] - mean_pct, under_pct = mean_pct - rival->load[to];
        int v = over_pct > IMBALANCE_RATIO * mean_pct ? best_fit(rival, r, from, over_pct, under_pct) : -1;

        if (v < 0)
            break;
        rival->at[v] = to;
        rival->load[from] -= runnable_pct(r, v);
        rival->load[to] += runnable_pct(r, v);
    }
    return finish(rival, now, out);
}

static int none(const void *state, const struct snapshot *now, const struct rates *r,
                const struct policy_request *request, struct plan *out)
{
    (void)r;
    (void)request;
    begin(state, now, out);
    return 0;
}

#define RIVAL(which)                                                                                                   \
    {                                                                                                                  \
        .create = rival_create, .destroy = rival_destroy, .learn = rival_learn, .plan = which,                         \
        .applied = rival_applied                                                                                       \
    }

const struct policy_ops cpu_rival_replan = RIVAL(replan);
const struct policy_ops cpu_rival_replan_uneven = RIVAL(replan_uneven);
const struct policy_ops cpu_rival_count = RIVAL(count);
const struct policy_ops cpu_rival_push = RIVAL(push);
const struct policy_ops cpu_rival_none = RIVAL(none);
