#include "cpu/scheduler.h"

#include "core/model/cpumask.h"
#include "core/model/pcpu_groups.h"
#include "core/model/statistics.h"
#include "cpu/capacity.h"
#include "cpu/dedicated.h"
#include "cpu/demand/demand.h"
#include "cpu/explain.h"
#include "cpu/floating.h"
#include "cpu/group_view.h"
#include "cpu/left_free.h"
#include "cpu/pins_plan.h"
#include "cpu/place_wait.h"
#include "cpu/placement/placement.h"
#include "cpu/problem.h"
#include "cpu/thread_pins.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Loads that are only known badly are adopted all the same when they have stood still for so many intervals. */
#define ADOPT_INTERVALS 2.0

/* What --pin-to auto chooses among; of those that are nearly as good the first, whose pCPUs share the most. */
static const double sizes[] = {PCPU_GROUPS_LLC, PCPU_GROUPS_NODE};
enum { N_SIZES = sizeof(sizes) / sizeof(sizes[0]) };
#define NEARLY 0.02
/* A single interval's waits aren't taken for those of a kernel that moves waiting vCPUs less often than this: seen were
 * 0.2 to 0.5 on two simulated hosts at rest. */
#define STUCK_MOST 0.5
/* More than any that is known. */
#define UNKNOWN_COST 1e12

const struct scheduler_settings scheduler_settings_default = {
    .tolerance = 4.0,
    .aim = 2.0,
    .pin_cost = 20.0,
    .cooldown = 2.0,
    .pin_to = PCPU_GROUPS_CPU,
    .smt_factor = PROBLEM_CORE_CAPACITY,
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
    double size;            /* of the groups that vCPUs are pinned to */
    struct group_view view; /* of the host, where those aren't pCPUs */
    struct problem_source source;
    struct problem problem;
    struct placement_scratch *scratch;
    struct floating_place *places; /* one per pCPU, to work in */
    struct placement placement;
    double bound;              /* no placement gets below, even if nothing cooled down; < 0: not known */
    enum problem_float floats; /* why vCPUs that could be adopted aren't */
    int making_way;
    struct place_wait_seen seen; /* what waits of the last interval tell; only for groups */
    double *wait_pct;            /* per vCPU, as predicted; only for groups */
    double mean_wait_pct;        /* of those that don't idle; < 0: not known */
    double *capacity;            /* per pCPU, where they differ; otherwise NULL */
    bool *is_free;               /* per vCPU: it is left to float; only for --pin-to auto */
    int *order;                  /* per vCPU, to work in */
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

/* The same vCPUs' waits, as expected and as they were. */
static void fill_waits(const struct decision *d, const struct rates *r, struct plan *out)
{
    struct statistics observed = {0};

    for (int i = 0; i < d->host->n_vcpus; i++) {
        out->vcpus[i].wait_pct = d->mean_wait_pct < 0.0 ? -1.0 : d->wait_pct[i];
        if (out->vcpus[i].wait_pct >= 0.0 && d->problem.vcpus[i].load_pct >= PLACEMENT_IDLE_PCT && r->vcpus[i].has_wait)
            statistics_add(&observed, r->vcpus[i].wait_pct);
    }
    out->pinned_to = d->size;
    out->wait_expected_pct = d->mean_wait_pct;
    out->wait_observed_pct = observed.n > 0 ? observed.mean : -1.0;
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
                                 .making_way = d->making_way,
                                 .size = d->size,
                                 .wait_pct = d->mean_wait_pct};
    int rc;

    pins_plan_fill(&words, r, out);
    if (d->source.host)
        fill_waits(d, r, out);
    if (d->host->n_guests == 0)
        return plan_nothing(out, "no running guests");
    if (out->learning)
        return plan_nothing(out, "learning: no full interval of figures yet");
    if (d->problem.n_pool == 0)
        return plan_nothing(out, "no pCPU may be used: all are offline, isolated or a guest's own");
    explain_pins_summary(&words, out->summary, sizeof(out->summary));
    rc = pins_plan_add_actions(&words, out);
    if (!rc)
        rc = pins_plan_let_go(&words, out);
    if (!rc && d->scheduler->settings.with_threads)
        rc = thread_pins_add(&words, out);
    if (!rc)
        rc = add_bindings(d, out);
    return rc ? rc : explain_pins_notes(&words, out);
}

/* Where vCPUs are pinned to groups, what follows decides on a view of the host whose pCPUs are those. */
static int look_at(struct decision *d, double size)
{
    const struct scheduler_settings *settings = &d->scheduler->settings;
    const struct demand *demand = d->scheduler->demand;
    int rc;

    d->size = size;
    d->floats = PROBLEM_FLOAT_NOT;
    memset(d->is_free, 0, (size_t)d->host->n_vcpus * sizeof(*d->is_free));
    d->source = (struct problem_source){
        .now = d->host, .demand = demand, .capacity = d->capacity, .differ = d->capacity != NULL};
    if (size == PCPU_GROUPS_CPU)
        return build(d, true);
    if (group_view_make(&d->view, d->host, demand, size, settings->keep_pins,
                        settings->no_smt ? 0.0 : settings->smt_factor))
        return -ENOMEM;
    d->source = (struct problem_source){.now = &d->view.now,
                                        .demand = &d->view.demand,
                                        .capacity = d->view.capacity,
                                        .differ = d->capacity != NULL,
                                        .loose = d->view.loose,
                                        .is_free = d->is_free,
                                        .host = d->host,
                                        .place_of = d->view.groups.of};
    rc = build(d, true);
    if (!rc && settings->pin_to == PCPU_GROUPS_AUTO && left_free_choose(&d->problem, d->is_free, d->order) > 0)
        rc = build(d, true);
    return rc;
}

/* The plan, and for groups how long vCPUs are expected to wait after it on such a host. */
static int find_plan_and_waits(struct decision *d, struct place_wait_host host)
{
    int rc = find_plan(d);

    if (!rc && d->source.host)
        d->mean_wait_pct = place_wait_predict(&d->problem, &d->placement, d->view.groups.size, host, d->wait_pct, &rc);
    return rc;
}

/* vCPUs that aren't in their places, as these groups are. */
static int out_of_place(const struct problem *p)
{
    int n = p->n_floating;

    for (int i = 0; i < p->placement.n_vcpus; i++)
        n += p->placement_vcpus[i].floating;
    return n;
}

/* Who floats must be pinned once, so that it costs nothing; who is pinned already needs a reason to be pinned to
 * something else, or let go. */
static int pins_that_cost(const struct decision *d)
{
    const struct snapshot *now = d->source.now;
    int n = 0;

    for (int i = 0; i < d->placement.n_moves; i++) {
        int vcpu = d->problem.vcpu_of[d->placement.moves[i].vcpu];

        n += snapshot_pinned_to(now, &now->vcpus[vcpu]) >= 0;
    }
    for (int i = 0; i < now->n_vcpus; i++)
        n += d->is_free[i] && snapshot_pinned_to(now, &now->vcpus[i]) >= 0;
    return n;
}

/*
 * What groups of this size cost: the points that all vCPUs wait, over the time that loads are expected to stand still,
 * and the pins. So those that vCPUs are pinned to stay, unless others are worth a pin for each vCPU. A size for which
 * it floats on what would be pinned isn't known to be any good: of those, the one that most are pinned to already.
 */
static double cost_of(const struct decision *d)
{
    double waits_pct = 0.0;

    if (d->floats)
        return UNKNOWN_COST * (1 + out_of_place(&d->problem));
    for (int i = 0; i < d->host->n_vcpus; i++)
        waits_pct += fmax(d->wait_pct[i], 0.0);
    return waits_pct * d->problem.stands_intervals + pins_that_cost(d) * d->scheduler->settings.pin_cost;
}

/* Looks at the host by groups of that size, and at what it tells of waits. */
static int look_at_waits(struct decision *d, double size, const struct rates *r)
{
    int rc = look_at(d, size);

    return rc || !d->source.host ? rc : place_wait_look(&d->problem, d->view.groups.size, r, d->wait_pct, &d->seen);
}

/* Leaves in d what was seen of waits, and returns the size that costs least. rc: 0 or -ENOMEM. */
static double choose_size(struct decision *d, const struct rates *r, int *rc)
{
    double costs[N_SIZES], stuck;
    int best = 0;

    for (int i = 0; i < N_SIZES && !*rc; i++)
        *rc = look_at_waits(d, sizes[i], r);
    stuck = fmin(place_wait_learn(&d->seen).stuck, STUCK_MOST);
    for (int i = 0; i < N_SIZES && !*rc; i++) {
        *rc = look_at(d, sizes[i]);
        if (!*rc)
            *rc = find_plan_and_waits(d, (struct place_wait_host){stuck, 1.0});
        costs[i] = cost_of(d);
        best = costs[i] < costs[best] * (1.0 - NEARLY) ? i : best;
    }
    return sizes[best];
}

static int decide(struct decision *d, const struct rates *r, const struct policy_request *request, struct plan *out)
{
    double size = d->scheduler->settings.pin_to;
    int rc = look_at(d, size == PCPU_GROUPS_AUTO ? sizes[0] : size);

    out->learning = r->seconds <= 0.0 || (d->host->n_vcpus > 0 && d->problem.n_learning == d->host->n_vcpus);
    if (rc || out->learning || d->problem.n_pool == 0)
        return rc ? rc : write_plan(d, r, request, out);
    if (size == PCPU_GROUPS_AUTO)
        size = choose_size(d, r, &rc);
    else
        rc = look_at_waits(d, size, r);
    if (!rc && size != d->size)
        rc = look_at(d, size);
    if (!rc)
        rc = find_plan_and_waits(d, place_wait_learn(&d->seen));
    return rc ? rc : write_plan(d, r, request, out);
}

static int scheduler_plan(const void *state, const struct snapshot *now, const struct rates *r,
                          const struct policy_request *request, struct plan *out)
{
    const struct scheduler *s = state;
    struct decision d = {.scheduler = s,
                         .host = now,
                         .force = request->force,
                         .placement.bound = -1.0,
                         .bound = -1.0,
                         .mean_wait_pct = -1.0};
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
    d.wait_pct = calloc((size_t)now->n_vcpus + 1, sizeof(*d.wait_pct));
    d.is_free = calloc((size_t)now->n_vcpus + 1, sizeof(*d.is_free));
    d.order = calloc((size_t)now->n_vcpus + 1, sizeof(*d.order));
    rc = capacity_find(now, &d.capacity);
    if (!rc)
        rc = d.places && d.wait_pct && d.is_free && d.order ? decide(&d, r, request, out) : -ENOMEM;
    free(d.places);
    free(d.wait_pct);
    free(d.capacity);
    free(d.is_free);
    free(d.order);
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

        if (guest >= 0 && a->vcpu < 0 && a->result == PLAN_FAILED && now->guests[guest].n_vcpus > 0)
            demand_thread_refused(s->demand, now->guests[guest].first_vcpu, s->settings.cooldown);
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
