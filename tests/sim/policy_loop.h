/*
 * Asks a policy as the engine does, for makers of recordings: it takes in every sample, does early what can't wait, and
 * learns and decides at the end of each interval. So what it decided comes out again when the recording is played. The
 * caller takes snapshots, carries out plans and records them.
 */
#ifndef TESTS_SIM_POLICY_LOOP_H
#define TESTS_SIM_POLICY_LOOP_H

#include "core/model/policy.h"

struct policy_loop {
    const struct policy_ops *policy;
    void *state;
    double interval_s;
    bool begun;
    struct snapshot sampled, learned; /* the last sample, and the last that ended an interval */
    struct rates live, interval;
    struct plan plan; /* the last one made */
};

/* policy with its default settings (never NULL). Memory that is out ends the process, here and in what follows. */
void policy_loop_begin(struct policy_loop *loop, const struct policy_ops *policy, const void *settings,
                       double interval_s);
/* Takes in a sample after which the next decision comes in until_s; 0: it ends the interval itself (or is the first,
 * which is only learned). Leaves what is to be done in loop->plan, and returns whether there is a plan to record:
 * always at an interval's end, else only where something can't wait. */
bool policy_loop_sample(struct policy_loop *loop, const struct snapshot *now, double until_s);
/* What came of loop->plan, made at now. */
void policy_loop_applied(struct policy_loop *loop, const struct snapshot *now);
void policy_loop_end(struct policy_loop *loop);

#endif
