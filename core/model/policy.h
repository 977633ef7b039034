/*
 * What the control loop asks of a program that decides. A policy keeps explicit state (smoothed figures, cool-downs)
 * which only sample, learn and applied change; planning itself changes nothing, so the next plan can be previewed at
 * will. Samples come about each second, decisions each interval; what can't wait for a decision may be done early.
 */
#ifndef CORE_MODEL_POLICY_H
#define CORE_MODEL_POLICY_H

#include "core/model/plan.h"
#include "core/model/rates.h"
#include "core/model/snapshot.h"

struct policy_request {
    bool force;              /* the operator wants the best there is, whatever tolerances and cool-downs say */
    double interval_s;       /* between two regular decisions, at present */
    double until_decision_s; /* until the next regular decision after this plan; >= 0 */
};

struct policy_ops {
    /* settings: the program's own struct, copied. NULL when memory is out. */
    void *(*create)(const void *settings);
    void (*destroy)(void *state);
    /* Other settings from now on (the program's own struct, copied); what was learned stays. May be NULL: they can't be
     * changed. */
    void (*configure)(void *state, const void *settings);
    /*
     * Takes in one sample: what happened since the sample before; r is rates_between of the two. Called for every
     * sample (about each second), also while paused, before learn where a sample also ends an interval. before is NULL
     * at the first one and after a gap that nobody saw (reconnect). Samples that come too soon after the one before
     * (less than half the time between two) are passed over: the next one then covers their time, too. 0 or -ENOMEM.
     * May be NULL.
     */
    int (*sample)(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r);
    /*
     * Takes in what happened between the last decision (or start) and now; r is rates_between of the two. Called once
     * per interval, also while paused. before is NULL at the first. 0 or -ENOMEM.
     */
    int (*learn)(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r);
    /* Decides for the snapshot learned last. Fills out (sized for the snapshot) and changes nothing in state, so that
     * the same state and snapshot always give the same plan. 0 or -ENOMEM. */
    int (*plan)(const void *state, const struct snapshot *now, const struct rates *r,
                const struct policy_request *request, struct plan *out);
    /*
     * Between two decisions: what can't wait for the next one. Fills out as plan does, but only with what gives (never
     * takes); an empty plan (no action) means that nothing is urgent. Changes nothing in state. 0 or -ENOMEM.
     * May be NULL: nothing is ever urgent.
     */
    int (*early)(const void *state, const struct snapshot *now, const struct rates *r,
                 const struct policy_request *request, struct plan *out);
    /* Takes in what came of the plan's actions (result of each); not called for dry runs or previews. */
    void (*applied)(void *state, const struct snapshot *now, const struct plan *done);
};

#endif
