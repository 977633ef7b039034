#include "cpu/scheduler.h"

#include "core/model/cpumask.h"
#include "core/model/pcpu_groups.h"
#include "core/model/statistics.h"
#include "cpu/dedicated.h"
#include "cpu/demand/demand.h"
#include "cpu/explain.h"
#include "cpu/floating.h"
#include "cpu/group_view.h"
#include "cpu/placement/placement.h"
#include "cpu/problem.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Loads that are only known badly are adopted all the same when they have stood still for so many intervals. */
#define ADOPT_INTERVALS 2.0

const struct scheduler_settings scheduler_settings_default = {
    .tolerance = 4.0,
    .aim = 2.0,
    .pin_cost = 20.0,
    .cooldown = 2.0,
    .pin_to = PCPU_GROUPS_CPU,
};

struct scheduler {
    struct scheduler_settings settings;
    struct demand *demand;
    struct placement_scratch *scratch; /* what a decision works in; nothing of one is left for the next */
    bool sampled;                      /* since the last decision */
};

static void scheduler_destroy(void *state)
{
    struct scheduler *s = state;

    if (!s)
        return;
    placement_scratch_free(s->scratch);
    demand_free(s->demand);
    free(s);
}

static void *scheduler_create(const void *settings)
{
    struct scheduler *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->settings = settings ? *(const struct scheduler_settings *)settings : scheduler_settings_default;
    s->demand = demand_create();
    s->scratch = placement_scratch_create();
    if (!s->demand || !s->scratch) {
        scheduler_destroy(s);
        return NULL;
    }
    return s;
}

static void scheduler_configure(void *state, const void *settings)
{
    ((struct scheduler *)state)->settings = *(const struct scheduler_settings *)settings;
}

static int scheduler_sample(void *state, const struct snapshot *before, const struct snapshot *now,
                            const struct rates *r)
{
    struct scheduler *s = state;

    (void)before;
    s->sampled = true;
    return demand_sample(s->demand, now, r);
}

/* Whoever doesn't sample more often than it decides takes in the interval as one sample. */
static int scheduler_learn(void *state, const struct snapshot *before, const struct snapshot *now,
                           const struct rates *r)
{
    struct scheduler *s = state;
    int rc = s->sampled ? 0 : scheduler_sample(state, before, now, r);

    s->sampled = false;
    if (!rc)
        demand_interval(s->demand, r->seconds);
    return rc;
}

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
static void fill_figures(const struct explain_pins *w, const struct rates *r, struct plan *out)
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

static int add_actions(const struct explain_pins *w, struct plan *out)
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

static int plan_nothing(struct plan *out, const char *why)
{
    snprintf(out->summary, sizeof(out->summary), "%s", why);
    return 0;
}

/* One decision: what it works with, and what came of it. */
struct decision {
    const struct scheduler *scheduler;
    const struct snapshot *host;
    bool force;
    struct group_view view; /* of the host, where vCPUs are pinned to groups */
    struct problem_source source;
    struct problem problem;
    struct placement_scratch *scratch;
    struct floating_place *places; /* one per pCPU, to work in */
    struct placement placement;
    double bound;              /* no placement gets below, even if nothing cooled down; < 0: not known */
    enum problem_float floats; /* why vCPUs that could be adopted aren't */
    int making_way;
};

static int build(struct decision *d, bool adopt)
{
    return problem_build(&d->problem, &d->scheduler->settings, &d->source, d->force, adopt);
}

/* Where the aim isn't worth its moves, being within the tolerance may still be. */
static int solve(struct decision *d)
{
    struct placement_problem *problem = &d->problem.placement;
    int rc;

    d->bound = -1.0;
    if (d->problem.n_cooling > 0) {
        problem_let_move(&d->problem, true);
        rc = placement_plan(problem, d->scratch, &d->placement);
        problem_let_move(&d->problem, false);
        if (rc)
            return rc;
        d->bound = d->placement.bound;
    }
    rc = placement_plan(problem, d->scratch, &d->placement);
    if (!rc && d->placement.outcome == PLACEMENT_NOT_WORTH && problem->aim < d->scheduler->settings.tolerance) {
        problem->aim = d->scheduler->settings.tolerance;
        rc = placement_plan(problem, d->scratch, &d->placement);
    }
    if (d->bound < 0.0)
        d->bound = d->placement.bound;
    return rc;
}

/* True when what is adopted is known too badly to know where it belongs, and may be known better soon. */
static bool is_unknown(const struct decision *d)
{
    const struct demand *demand = d->scheduler->demand;
    double variance = 0.0, age_s = 0.0, sum = 0.0;

    for (int i = 0; i < d->placement.n_moves; i++) {
        const struct placement_move *m = &d->placement.moves[i];
        const struct demand_vcpu *v = &demand->vcpus[d->problem.vcpu_of[m->vcpu]];

        if (!d->problem.placement.vcpus[m->vcpu].floating)
            continue;
        variance += v->variance / d->problem.n_pool;
        age_s += v->level_pct * v->closed.runs[0].age_s;
        sum += v->level_pct;
    }
    return sqrt(variance) > d->scheduler->settings.tolerance && age_s < ADOPT_INTERVALS * demand->interval_s * sum;
}

/*
 * Floating vCPUs aren't pinned at any price: for each that is, one other at the most makes way, beyond those that move
 * anyhow; and only once their loads are known, and where they don't wait more for it than floating. Otherwise they go
 * on floating.
 */
static int find_plan(struct decision *d)
{
    int rc = build(d, true), adopted, moves;

    if (!rc)
        rc = solve(d);
    adopted = d->placement.n_adopted;
    moves = d->placement.n_moves - adopted;
    if (rc || d->force || adopted == 0)
        return rc;
    if (is_unknown(d))
        d->floats = PROBLEM_FLOAT_UNKNOWN;
    else if (floating_waits_less(&d->problem, &d->placement, d->scheduler->settings.tolerance, d->places))
        d->floats = PROBLEM_FLOAT_BETTER;
    else if (moves <= adopted)
        return 0;
    rc = build(d, false);
    if (!rc)
        rc = solve(d);
    if (rc || d->floats)
        return rc;
    if (moves - (d->placement.n_moves - d->placement.n_adopted) > adopted - d->placement.n_adopted) {
        d->floats = PROBLEM_FLOAT_MAKING_WAY;
        d->making_way = moves;
        return 0;
    }
    rc = build(d, true);
    return rc ? rc : solve(d);
}

/* vCPUs that are kept on what is their guest's own are moved beside what is balanced. */
static int add_bindings(const struct decision *d, struct plan *out)
{
    int bound = dedicated_bind(d->host, d->scheduler->demand, out);
    size_t n = strlen(out->summary);

    if (bound > 0)
        snprintf(out->summary + n, sizeof(out->summary) - n, "; %d bound to pCPUs of their own", bound);
    return bound < 0 ? bound : 0;
}

static int write_plan(struct decision *d, const struct rates *r, const struct policy_request *request, struct plan *out)
{
    struct explain_pins words = {.settings = &d->scheduler->settings,
                                 .demand = d->scheduler->demand,
                                 .problem = &d->problem,
                                 .placement = &d->placement,
                                 .host = d->host,
                                 .now = d->source.now,
                                 .view = d->source.host ? &d->view : NULL,
                                 .request = request,
                                 .bound = d->bound,
                                 .floats = d->floats,
                                 .making_way = d->making_way};
    int rc;

    fill_figures(&words, r, out);
    if (d->host->n_guests == 0)
        return plan_nothing(out, "no running guests");
    if (out->learning)
        return plan_nothing(out, "learning: no full interval of figures yet");
    if (d->problem.n_pool == 0)
        return plan_nothing(out, "no pCPU may be used: all are offline, isolated or a guest's own");
    explain_pins_summary(&words, out->summary, sizeof(out->summary));
    rc = add_actions(&words, out);
    if (!rc)
        rc = add_bindings(d, out);
    return rc ? rc : explain_pins_notes(&words, out);
}

/* Where vCPUs are pinned to groups, what follows decides on a view of the host whose pCPUs are those. */
static int look_at(struct decision *d)
{
    const struct scheduler_settings *settings = &d->scheduler->settings;
    const struct demand *demand = d->scheduler->demand;

    d->source = (struct problem_source){.now = d->host, .demand = demand};
    if (settings->pin_to == PCPU_GROUPS_CPU)
        return 0;
    if (group_view_make(&d->view, d->host, demand, settings->pin_to, settings->keep_pins,
                        settings->no_smt ? 0.0 : PROBLEM_CORE_CAPACITY))
        return -ENOMEM;
    d->source = (struct problem_source){.now = &d->view.now,
                                        .demand = &d->view.demand,
                                        .capacity = d->view.capacity,
                                        .loose = d->view.loose,
                                        .host = d->host,
                                        .place_of = d->view.groups.of};
    return 0;
}

static int decide(struct decision *d, const struct rates *r, const struct policy_request *request, struct plan *out)
{
    int rc = look_at(d);

    if (!rc)
        rc = build(d, true);
    out->learning = r->seconds <= 0.0 || (d->host->n_vcpus > 0 && d->problem.n_learning == d->host->n_vcpus);
    if (!rc && !out->learning && d->problem.n_pool > 0)
        rc = find_plan(d);
    return rc ? rc : write_plan(d, r, request, out);
}

static int scheduler_plan(const void *state, const struct snapshot *now, const struct rates *r,
                          const struct policy_request *request, struct plan *out)
{
    const struct scheduler *s = state;
    struct decision d = {.scheduler = s, .host = now, .force = request->force, .placement.bound = -1.0, .bound = -1.0};
    int rc;

    plan_reset(out, now->cpu_limit);
    if (s->demand->n_vcpus != now->n_vcpus || s->demand->n_pcpus != now->n_pcpus)
        return -EINVAL;
    if (plan_size_for(out, now))
        return -ENOMEM;
    out->decided_ns = now->taken_ns;
    out->forced = request->force;
    d.scratch = s->scratch;
    d.places = calloc((size_t)now->n_pcpus + 1, sizeof(*d.places));
    rc = d.places ? decide(&d, r, request, out) : -ENOMEM;
    free(d.places);
    problem_free(&d.problem);
    group_view_free(&d.view);
    return rc;
}

/* The pCPU that a vCPU doesn't go back to soon; the first of a group stands for the group. -1: it floated. */
static int left_behind(const struct plan *done, const struct plan_action *a)
{
    if (a->from_group && a->from_mask >= 0)
        return cpumask_next(plan_mask(done, a->from_mask), cpumask_words(done->cpu_limit), 0);
    return a->to_cpu < 0 ? -1 : a->from_cpu;
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
            demand_moved(s->demand, vcpu, left_behind(done, a), s->settings.cooldown);
        else if (a->result == PLAN_FAILED)
            demand_moved(s->demand, vcpu, -1, s->settings.cooldown);
    }
}

const struct policy_ops scheduler_policy = {
    .create = scheduler_create,
    .destroy = scheduler_destroy,
    .configure = scheduler_configure,
    .sample = scheduler_sample,
    .learn = scheduler_learn,
    .plan = scheduler_plan,
    .applied = scheduler_applied,
};
