#include "core/advise/player.h"

#include <errno.h>
#include <string.h>

/* Of the usual time between two samples. */
#define LEAST_APART 0.5

int player_begin(struct player *p, const struct policy_ops *policy, const void *settings, double sample_s)
{
    memset(p, 0, sizeof(*p));
    p->policy = policy;
    p->least_apart_ns = LEAST_APART * sample_s * 1e9;
    p->state = policy->create(settings);
    return p->state ? 0 : -ENOMEM;
}

void player_end(struct player *p)
{
    if (p->state)
        p->policy->destroy(p->state);
    snapshot_free(&p->sampled);
    snapshot_free(&p->learned);
    rates_free(&p->rates);
    plan_free(&p->plan);
}

void player_forget(struct player *p)
{
    p->has_sampled = p->has_learned = false;
}

int player_sample(struct player *p, const struct snapshot *now)
{
    const struct snapshot *before = p->has_sampled ? &p->sampled : NULL;
    int error;

    if (before && (double)(now->taken_ns - before->taken_ns) < p->least_apart_ns)
        return 0;
    error = rates_between(&p->rates, before, now);
    if (!error && p->policy->sample)
        error = p->policy->sample(p->state, before, now, &p->rates);
    p->has_sampled = true;
    return error ? error : snapshot_copy(&p->sampled, now);
}

int player_learn(struct player *p, const struct snapshot *now)
{
    const struct snapshot *before = p->has_learned ? &p->learned : NULL;
    int error = rates_between(&p->rates, before, now);

    if (!error)
        error = p->policy->learn(p->state, before, now, &p->rates);
    p->has_learned = true;
    return error ? error : snapshot_copy(&p->learned, now);
}

static int begin_plan(struct player *p, const struct snapshot *now)
{
    plan_reset(&p->plan, now->cpu_limit);
    return plan_size_for(&p->plan, now);
}

int player_plan(struct player *p, const struct snapshot *now, const struct policy_request *request)
{
    int error = begin_plan(p, now);

    return error ? error : p->policy->plan(p->state, now, &p->rates, request, &p->plan);
}

int player_early(struct player *p, const struct snapshot *now, const struct policy_request *request)
{
    int error = begin_plan(p, now);

    if (error || !p->policy->early)
        return error;
    p->plan.early = true;
    return p->policy->early(p->state, now, &p->rates, request, &p->plan);
}
