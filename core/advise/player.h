/*
 * A policy that is led through a recording as the control loop led it: it takes in each sample and what each interval
 * brought. Who leads it says which snapshots it sees, when an interval ends, and what is done with its plans.
 */
#ifndef CORE_ADVISE_PLAYER_H
#define CORE_ADVISE_PLAYER_H

#include "core/model/policy.h"

struct player {
    const struct policy_ops *policy;
    void *state;
    double least_apart_ns;            /* samples nearer to the one before are passed over, as they are live */
    struct snapshot sampled, learned; /* what it took in last, and learned from last */
    bool has_sampled, has_learned;
    struct rates rates; /* up to the snapshot of the last call below */
    struct plan plan;   /* the last one made */
};

/* sample_s: the usual time between two samples. 0 or -ENOMEM; player_end frees it in either case. */
int player_begin(struct player *p, const struct policy_ops *policy, const void *settings, double sample_s);
void player_end(struct player *p);
/* What was before isn't known: an interval begins with the next sample. */
void player_forget(struct player *p);
/* Each 0 or -ENOMEM. */
int player_sample(struct player *p, const struct snapshot *now);
int player_learn(struct player *p, const struct snapshot *now);
/* Makes p->plan for the snapshot learned last, or the early one for the sample taken in last: none where the policy
 * knows nothing early. */
int player_plan(struct player *p, const struct snapshot *now, const struct policy_request *request);
int player_early(struct player *p, const struct snapshot *now, const struct policy_request *request);

#endif
