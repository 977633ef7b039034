#include "tests/sim/policy_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool good)
{
    if (good)
        return;
    fputs("out of memory\n", stderr);
    exit(1);
}

void policy_loop_begin(struct policy_loop *loop, const struct policy_ops *policy, const void *settings,
                       double interval_s)
{
    memset(loop, 0, sizeof(*loop));
    loop->policy = policy;
    loop->interval_s = interval_s;
    loop->state = policy->create(settings);
    must(loop->state != NULL);
}

static void take_in(struct policy_loop *loop, const struct snapshot *now)
{
    const struct snapshot *before = loop->begun ? &loop->sampled : NULL;

    must(rates_between(&loop->live, before, now) == 0);
    must(!loop->policy->sample || loop->policy->sample(loop->state, before, now, &loop->live) == 0);
    must(snapshot_copy(&loop->sampled, now) == 0);
}

static void learn(struct policy_loop *loop, const struct snapshot *now)
{
    const struct snapshot *before = loop->begun ? &loop->learned : NULL;

    must(rates_between(&loop->interval, before, now) == 0 &&
         loop->policy->learn(loop->state, before, now, &loop->interval) == 0 &&
         snapshot_copy(&loop->learned, now) == 0);
}

bool policy_loop_sample(struct policy_loop *loop, const struct snapshot *now, double until_s)
{
    const struct policy_request request = {.interval_s = loop->interval_s,
                                           .until_decision_s = until_s > 0 ? until_s : loop->interval_s};
    bool ends = !(until_s > 0), first = !loop->begun;

    take_in(loop, now);
    if (first || ends)
        learn(loop, now);
    loop->begun = true;
    plan_reset(&loop->plan, now->cpu_limit);
    must(plan_size_for(&loop->plan, now) == 0);
    loop->plan.decided_ns = now->taken_ns;
    if (first)
        return false;
    if (ends) {
        must(loop->policy->plan(loop->state, now, &loop->interval, &request, &loop->plan) == 0);
    } else if (loop->policy->early) {
        must(loop->policy->early(loop->state, now, &loop->live, &request, &loop->plan) == 0);
        loop->plan.early = true;
    }
    return ends || loop->plan.n_actions > 0;
}

void policy_loop_applied(struct policy_loop *loop, const struct snapshot *now)
{
    loop->policy->applied(loop->state, now, &loop->plan);
}

void policy_loop_end(struct policy_loop *loop)
{
    loop->policy->destroy(loop->state);
    snapshot_free(&loop->sampled);
    snapshot_free(&loop->learned);
    rates_free(&loop->live);
    rates_free(&loop->interval);
    plan_free(&loop->plan);
}
