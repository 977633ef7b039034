#include "tests/sim/exact_placement.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const double hair = 1e-6;

struct enumeration {
    const struct placement_problem *problem;
    struct exact_placement *out;
    bool stay_home;
    int vcpu[EXACT_PLACEMENT_VCPUS];
    double *demand; /* per pCPU: on it */
    double *each;   /* per pCPU: its capacity */
    double total, capacity, left_gain;
};

static bool mask_allows(const struct placement_problem *problem, int vcpu, int p)
{
    const uint64_t *mask = problem->vcpus[vcpu].allowed;
    int number = problem->cpu ? problem->cpu[p] : p;

    return !mask || (number < 64 * problem->mask_words && (mask[number / 64] & (UINT64_C(1) << number % 64)));
}

static bool may_be_on(const struct placement_problem *problem, int vcpu, int p)
{
    const struct placement_vcpu *v = &problem->vcpus[vcpu];

    return (!v->floating && p == v->where) || mask_allows(problem, vcpu, p);
}

/* A home that the vCPU may be on at all, and is on or is free to choose. */
static bool has_home(const struct placement_problem *problem, int vcpu)
{
    const struct placement_vcpu *v = &problem->vcpus[vcpu];

    if (v->home < 0 || !problem->node || (!v->floating && problem->node[v->where] != v->home))
        return false;
    for (int p = 0; p < problem->n_pcpus; p++)
        if (problem->node[p] == v->home && mask_allows(problem, vcpu, p))
            return true;
    return false;
}

bool exact_placement_leaves(const struct placement_problem *problem, int vcpu, int p)
{
    return has_home(problem, vcpu) && problem->node[p] != problem->vcpus[vcpu].home;
}

static double capacity_of(const struct placement_problem *problem, int p)
{
    return problem->capacity ? problem->capacity[p] : 1;
}

double exact_placement_sd(const struct placement_problem *problem, const double *demand_pct)
{
    double capacity = 0, total = 0, squares = 0;

    for (int p = 0; p < problem->n_pcpus; p++) {
        capacity += capacity_of(problem, p);
        total += demand_pct[p];
    }
    for (int p = 0; p < problem->n_pcpus; p++)
        squares += capacity_of(problem, p) * pow(demand_pct[p] / capacity_of(problem, p) - total / capacity, 2);
    return sqrt(squares / capacity);
}

static void note(const struct enumeration *e, int moves)
{
    double square = 0, sd;

    for (int p = 0; p < e->problem->n_pcpus; p++) {
        double off = e->demand[p] - e->total / e->capacity * e->each[p];

        square += off * off / e->each[p];
    }
    sd = sqrt(square / e->capacity);
    e->out->placements++;
    e->out->sd[moves] = fmin(e->out->sd[moves], sd);
    e->out->best_sd = fmin(e->out->best_sd, sd);
    e->out->best_traded = fmin(e->out->best_traded, sd + e->left_gain);
}

static void enumerate(struct enumeration *e, int n, int moves)
{
    if (n == e->out->n_movable) {
        note(e, moves);
        return;
    }
    int vcpu = e->vcpu[n];
    const struct placement_vcpu *v = &e->problem->vcpus[vcpu];

    for (int p = 0; p < e->problem->n_pcpus; p++) {
        bool leaves = exact_placement_leaves(e->problem, vcpu, p);

        if (!may_be_on(e->problem, vcpu, p) || (leaves && e->stay_home))
            continue;
        e->demand[p] += v->demand_pct;
        e->left_gain += leaves ? v->leave_gain : 0;
        enumerate(e, n + 1, moves + (!v->floating && p != v->where));
        e->demand[p] -= v->demand_pct;
        e->left_gain -= leaves ? v->leave_gain : 0;
    }
}

static bool is_movable(const struct placement_problem *problem, int vcpu)
{
    const struct placement_vcpu *v = &problem->vcpus[vcpu];
    int places = 0;

    for (int p = 0; p < problem->n_pcpus; p++)
        places += mask_allows(problem, vcpu, p);
    return !v->fixed && v->demand_pct >= (problem->idle_pct > 0 ? problem->idle_pct : PLACEMENT_IDLE_PCT) && places > 0;
}

int exact_placement_solve(const struct placement_problem *problem, bool stay_home, struct exact_placement *out)
{
    struct enumeration e = {.problem = problem, .out = out, .stay_home = stay_home};

    *out = (struct exact_placement){.best_sd = INFINITY, .best_traded = INFINITY};
    for (int k = 0; k <= EXACT_PLACEMENT_VCPUS; k++)
        out->sd[k] = INFINITY;
    e.demand = calloc(2 * (size_t)problem->n_pcpus + 1, sizeof(*e.demand));
    if (!e.demand)
        return -ENOMEM;
    e.each = e.demand + problem->n_pcpus;
    for (int p = 0; p < problem->n_pcpus; p++)
        e.demand[p] = problem->background_pct ? problem->background_pct[p] : 0;
    for (int v = 0; v < problem->n_vcpus; v++) {
        if (is_movable(problem, v)) {
            if (out->n_movable == EXACT_PLACEMENT_VCPUS) {
                free(e.demand);
                return -E2BIG;
            }
            e.vcpu[out->n_movable++] = v;
            e.total += problem->vcpus[v].demand_pct;
        } else if (problem->vcpus[v].where >= 0) {
            e.demand[problem->vcpus[v].where] += problem->vcpus[v].demand_pct;
        }
    }
    for (int p = 0; p < problem->n_pcpus; p++) {
        e.total += e.demand[p];
        e.each[p] = capacity_of(problem, p);
        e.capacity += e.each[p];
    }
    enumerate(&e, 0, 0);
    free(e.demand);
    return 0;
}

int exact_placement_moves(const struct exact_placement *exact, double limit)
{
    for (int k = 0; k <= exact->n_movable; k++)
        if (exact->sd[k] <= limit + hair)
            return k;
    return -1;
}
