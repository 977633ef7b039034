/*
 * What the scheduler tells the operator: the status of each guest, the reason of each move, notes on what was left
 * alone, and the one line that sums a decision up.
 */
#ifndef CPU_EXPLAIN_H
#define CPU_EXPLAIN_H

#include "core/model/plan.h"
#include "core/model/policy.h"
#include "cpu/group_view.h"
#include "cpu/placement/placement.h"
#include "cpu/problem.h"

struct explain_pins {
    const struct scheduler_settings *settings;
    const struct demand *demand;
    const struct problem *problem;
    const struct placement *placement;
    const struct snapshot *host; /* vCPUs and guests have the same indices in both */
    const struct snapshot *now;  /* what the problem was made from: the host, or view->now */
    struct group_view *view;     /* NULL: pCPUs are places, not groups of them */
    const struct policy_request *request;
    double bound;              /* the best that is possible, if nothing cooled down; < 0: not known */
    enum problem_float floats; /* why those that could be pinned float on */
    double size;               /* of groups, where there is a view; */
    double wait_pct;           /* how long vCPUs are expected to wait then, on average; < 0: not known */
    int making_way;            /* PROBLEM_FLOAT_MAKING_WAY: others that would have to move */
};

/* The status of a guest, empty where there is nothing to say. */
void explain_pins_status(const struct explain_pins *w, int guest, char *text, size_t size);
/* Why move number index of the placement is made. */
void explain_pins_reason(const struct explain_pins *w, int index, char *text, size_t size);
/* The line that sums up. */
void explain_pins_summary(const struct explain_pins *w, char *text, size_t size);
/* Adds notes on what was considered and not done. 0 or -ENOMEM. */
int explain_pins_notes(const struct explain_pins *w, struct plan *out);

#endif
