#include "cpu/floating.h"

#include <math.h>

/* Halvings of the level: from thousands of points down to less than a millionth of one. */
enum { HALVINGS = 40 };

/* Root mean square of what is asked for beyond what there is, in per cent of that. What floats is poured up to level,
 * a share of each place's capacity. */
static double overload(const struct floating_place *places, int n, double level, bool planned)
{
    double squares = 0.0;

    for (int i = 0; i < n; i++) {
        const struct floating_place *p = &places[i];
        double load = planned ? p->plan_pct / p->capacity_pct : fmax(p->base_pct / p->capacity_pct, level);

        squares += pow(100.0 * fmax(load - 1.0, 0.0), 2.0);
    }
    return sqrt(squares / n);
}

/* The share of its capacity up to which each place is filled when so much is poured onto what is there. */
static double level_of(const struct floating_place *places, int n, double floating_pct)
{
    double low = 0.0, high = 0.0;

    for (int i = 0; i < n; i++)
        high = fmax(high, (places[i].base_pct + floating_pct) / places[i].capacity_pct);
    for (int step = 0; step < HALVINGS; step++) {
        double level = (low + high) / 2.0, poured_pct = 0.0;

        for (int i = 0; i < n; i++)
            poured_pct += fmax(level * places[i].capacity_pct - places[i].base_pct, 0.0);
        if (poured_pct < floating_pct)
            low = level;
        else
            high = level;
    }
    return high;
}

/* The first pCPU of the same core, which stands for all of them. */
static int core_of(const struct placement_problem *problem, int pcpu)
{
    for (int i = 0; i < pcpu; i++)
        if (problem->core[i] == problem->core[pcpu])
            return i;
    return pcpu;
}

/* Makes a place of each core, and returns how many there are. */
static int join_cores(const struct placement_problem *problem, struct floating_place *places)
{
    int n = 0;

    for (int i = 0; i < problem->n_pcpus; i++) {
        int first = core_of(problem, i);

        if (first == i)
            continue;
        places[first].base_pct += places[i].base_pct;
        places[first].plan_pct += places[i].plan_pct;
        places[first].capacity_pct = problem->core_capacity * places[i].capacity_pct;
    }
    for (int i = 0; i < problem->n_pcpus; i++)
        if (core_of(problem, i) == i)
            places[n++] = places[i];
    return n;
}

bool floating_waits_less(const struct problem *problem, const struct placement *plan, double tolerance,
                         struct floating_place *places)
{
    const struct placement_problem *p = &problem->placement;
    double floating_pct = 0.0;
    int n = p->n_pcpus;

    for (int i = 0; i < n; i++) {
        double capacity = p->capacity ? p->capacity[i] : 1.0, demand_pct = plan->after_pct[i] * capacity;

        places[i] = (struct floating_place){100.0 * capacity, demand_pct, demand_pct};
    }
    for (int i = 0; i < plan->n_moves; i++) {
        const struct placement_vcpu *v = &p->vcpus[plan->moves[i].vcpu];

        if (!v->floating)
            continue;
        places[plan->moves[i].to].base_pct -= v->demand_pct;
        floating_pct += v->demand_pct;
    }
    if (overload(places, n, 0.0, true) > overload(places, n, level_of(places, n, floating_pct), false) + tolerance)
        return true;
    if (!p->smt)
        return false;
    n = join_cores(p, places);
    return overload(places, n, 0.0, true) > overload(places, n, level_of(places, n, floating_pct), false) + tolerance;
}
