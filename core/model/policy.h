/*
 * What the control loop asks of a program that decides. A policy keeps explicit state (smoothed figures, cool-downs)
 * which only learn and applied change; planning itself changes nothing, so the next plan can be previewed at will.
 */
#ifndef CORE_MODEL_POLICY_H
#define CORE_MODEL_POLICY_H

#include "core/model/plan.h"
#include "core/model/rates.h"
#include "core/model/snapshot.h"

struct policy_request {
    bool force;        /* the operator wants the best there is, whatever tolerances and cool-downs say */
    double interval_s; /* the present interval: how long until the next decision */
};

struct policy_ops {
    /* settings: the program's own struct, copied. NULL when memory is out. */
    void *(*create)(const void *settings);
    void (*destroy)(void *state);
    /*
     * Takes in what happened between the last decision (or start) and now; r is rates_between of the two. Called once
     * per interval, also while paused. before is NULL at the first. 0 or -ENOMEM.
     */
    int (*learn)(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r);
    /* Decides for the snapshot learned last. Fills out (sized for the snapshot) and changes nothing in state, so that
     * the same state and snapshot always give the same plan. 0 or -ENOMEM. */
    int (*plan)(const void *state, const struct snapshot *now, const struct rates *r,
                const struct policy_request *request, struct plan *out);
    /* Takes in what came of the plan's actions (result of each); not called for dry runs or previews. */
    void (*applied)(void *state, const struct snapshot *now, const struct plan *done);
};

#endif
