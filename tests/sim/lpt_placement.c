#include "tests/sim/lpt_placement.h"

#include "core/model/statistics.h"

#include <errno.h>
#include <stdlib.h>

static bool allows(const struct placement_problem *problem, const struct placement_vcpu *v, int p)
{
    int number = problem->cpu ? problem->cpu[p] : p;

    return !v->allowed || (v->allowed[number / 64] >> (number % 64) & 1);
}

static bool is_movable(const struct placement_problem *problem, const struct placement_vcpu *v)
{
    bool anywhere = false;

    for (int p = 0; p < problem->n_pcpus; p++)
        anywhere = anywhere || allows(problem, v, p);
    return anywhere && !v->fixed && v->demand_pct >= PLACEMENT_IDLE_PCT;
}

static int by_falling_demand(const void *a, const void *b)
{
    const struct placement_vcpu *one = *(const struct placement_vcpu *const *)a;
    const struct placement_vcpu *other = *(const struct placement_vcpu *const *)b;

    if (one->demand_pct != other->demand_pct)
        return one->demand_pct < other->demand_pct ? 1 : -1;
    return one < other ? -1 : one > other;
}

static int least_loaded(const struct placement_problem *problem, const struct placement_vcpu *v, const double *load)
{
    int best = -1;

    for (int p = 0; p < problem->n_pcpus; p++)
        if (allows(problem, v, p) && (best < 0 || load[p] < load[best] || (load[p] <= load[best] && p == v->where)))
            best = p;
    return best;
}

static double sd_of(const double *load, int n)
{
    struct statistics loads = {0};

    for (int p = 0; p < n; p++)
        statistics_add(&loads, load[p]);
    return statistics_sd(&loads);
}

int lpt_placement_solve(const struct placement_problem *problem, struct lpt_placement *out)
{
    const struct placement_vcpu **dealt = calloc((size_t)problem->n_vcpus + 1, sizeof(struct placement_vcpu *));
    double *load = calloc((size_t)problem->n_pcpus + 1, sizeof(*load));
    int n = 0;

    if (!dealt || !load) {
        free(dealt);
        free(load);
        return -ENOMEM;
    }
    for (int p = 0; p < problem->n_pcpus; p++)
        load[p] = problem->background_pct ? problem->background_pct[p] : 0;
    for (int v = 0; v < problem->n_vcpus; v++) {
        if (is_movable(problem, &problem->vcpus[v]))
            dealt[n++] = &problem->vcpus[v];
        else if (problem->vcpus[v].where >= 0)
            load[problem->vcpus[v].where] += problem->vcpus[v].demand_pct;
    }
    qsort(dealt, (size_t)n, sizeof(struct placement_vcpu *), by_falling_demand);
    out->moves = 0;
    for (int k = 0; k < n; k++) {
        int p = least_loaded(problem, dealt[k], load);

        load[p] += dealt[k]->demand_pct;
        out->moves += !dealt[k]->floating && p != dealt[k]->where;
    }
    out->sd = sd_of(load, problem->n_pcpus);
    free(dealt);
    free(load);
    return 0;
}
