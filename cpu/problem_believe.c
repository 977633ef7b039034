#include "cpu/problem_believe.h"

#include "cpu/demand/demand_prior.h"

#include <math.h>

struct statistics problem_spread(const struct problem *p, double *variance)
{
    struct statistics loads = {0};

    *variance = 0.0;
    for (int i = 0; i < p->n_pool; i++)
        statistics_add_weighted(&loads, p->load_pct[p->pool[i]], p->capacity[i]);
    for (int i = 0; i < p->n_pool; i++)
        *variance +=
            p->uncertainty[p->pool[i]] * (loads.weight - p->capacity[i]) / loads.weight / loads.weight * p->capacity[i];
    return loads;
}

/* What is taken off a demand of that variance on the pCPU: its part of what isn't believed of the pCPU's deviation. */
static double believed_less(const struct problem *p, const struct demand_prior *prior, int pcpu, double variance,
                            double load_pct)
{
    double off = p->load_pct[pcpu] - prior->mean;

    if (p->uncertainty[pcpu] <= 0.0)
        return 0.0;
    return fmin((1.0 - demand_prior_share(prior, p->uncertainty[pcpu])) * off * variance / p->uncertainty[pcpu] /
                    problem_capacity(p, pcpu),
                load_pct);
}

void problem_shrink(struct problem *p)
{
    const struct demand *d = p->source->demand;
    const struct snapshot *now = p->source->now;
    struct demand_prior prior = {.n = p->n_pool};

    for (int i = 0; i < p->n_pool; i++)
        p->spare[i] = (struct demand_level_belief){p->load_pct[p->pool[i]], p->uncertainty[p->pool[i]]};
    if (p->n_pool < 2)
        return;
    demand_prior_find(&prior, p->spare);
    for (int i = 0; i < p->n_pool; i++) {
        double taken = believed_less(p, &prior, p->pool[i], d->pcpus[p->pool[i]].variance, p->background_pct[i]);

        p->background_pct[i] -= taken;
        p->shrunk_pct[p->pool[i]] += taken / p->capacity[i];
    }
    for (int i = 0; i < now->n_vcpus; i++) {
        int at = snapshot_pinned_to(now, &now->vcpus[i]);
        struct problem_vcpu *entry = &p->vcpus[i];
        double taken;

        if (at < 0 || p->place[at] < 0 || entry->load_pct <= 0.0)
            continue;
        taken = believed_less(p, &prior, at, d->vcpus[i].measuring, entry->load_pct);
        entry->load_pct -= taken;
        if (entry->index >= 0)
            p->placement_vcpus[entry->index].demand_pct = entry->load_pct;
        else
            p->background_pct[p->place[at]] -= fmin(taken, p->background_pct[p->place[at]]);
        p->shrunk_pct[at] += taken / problem_capacity(p, at);
    }
    for (int i = 0; i < p->n_pool; i++)
        p->load_pct[p->pool[i]] -= p->shrunk_pct[p->pool[i]];
}
