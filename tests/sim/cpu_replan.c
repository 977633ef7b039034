#include "tests/sim/cpu_run.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"
#include "cpu/placement/placement.h"

#include <errno.h>
#include <stdlib.h>

struct replan {
    struct placement_scratch *scratch;
    struct placement_vcpu *vcpus;
    double *background_pct;
    int cap_vcpus, cap_background;
};

static void *replan_create(const void *settings)
{
    struct replan *r = calloc(1, sizeof(*r));

    (void)settings;
    if (r)
        r->scratch = placement_scratch_create();
    return r;
}

static void replan_destroy(void *state)
{
    struct replan *r = state;

    placement_scratch_free(r->scratch);
    free(r->vcpus);
    free(r->background_pct);
    free(r);
}

static int replan_learn(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    struct replan *s = state;

    (void)before;
    (void)r;
    return array_reserve(&s->vcpus, &s->cap_vcpus, now->n_vcpus, sizeof(*s->vcpus)) ||
                   array_reserve(&s->background_pct, &s->cap_background, now->n_pcpus, sizeof(*s->background_pct))
               ? -ENOMEM
               : 0;
}

/* Knows neither constraints nor offline pCPUs: it is meant for hosts that have none. */
static int replan_plan(const void *state, const struct snapshot *now, const struct rates *r,
                       const struct policy_request *request, struct plan *out)
{
    const struct replan *s = state;
    struct placement_problem problem = {.n_pcpus = now->n_pcpus,
                                        .n_vcpus = now->n_vcpus,
                                        .vcpus = s->vcpus,
                                        .background_pct = s->background_pct,
                                        .mask_words = snapshot_words(now),
                                        .force = true};
    struct placement placement;

    (void)request;
    plan_reset(out, now->cpu_limit);
    plan_add_note(out, now, -1, "replan", "each interval");
    out->summary[0] = '-';
    for (int p = 0; p < now->n_pcpus; p++)
        s->background_pct[p] = r->pcpus[p].host_pct;
    for (int v = 0; v < now->n_vcpus; v++) {
        int at =
            snapshot_pcpu_index(now, cpumask_single(snapshot_mask(now, now->vcpus[v].affinity), snapshot_words(now)));

        s->vcpus[v] = (struct placement_vcpu){
            .demand_pct = r->vcpus[v].demand_pct, .where = at, .floating = at < 0, .guest = -1, .home = -1};
    }
    if (placement_plan(&problem, s->scratch, &placement))
        return -ENOMEM;
    for (int i = 0; i < placement.n_moves; i++) {
        const struct placement_move *m = &placement.moves[i];
        struct plan_action *a = plan_add_action(out, PLAN_PIN, now, now->vcpus[m->vcpu].guest);

        a->vcpu = now->vcpus[m->vcpu].number;
        if (!s->vcpus[m->vcpu].floating)
            a->from_cpu = now->vcpus[m->vcpu].cpu;
        a->to_cpu = now->pcpus[m->to].number;
        a->to_mask = plan_add_mask(out, NULL);
        cpumask_set(out->masks + (size_t)a->to_mask * (size_t)snapshot_words(now), a->to_cpu);
    }
    return 0;
}

static void replan_applied(void *state, const struct snapshot *now, const struct plan *done)
{
    (void)state;
    (void)now;
    (void)done;
}

const struct policy_ops cpu_replan_policy = {
    .create = replan_create,
    .destroy = replan_destroy,
    .learn = replan_learn,
    .plan = replan_plan,
    .applied = replan_applied,
};
