/*
 * What was decided, written as a plan: figures of the host's own pCPUs, vCPUs and guests, and pins to masks, whether
 * the decision was made on pCPUs or on groups of them.
 */
#ifndef CPU_PINS_PLAN_H
#define CPU_PINS_PLAN_H

#include "core/model/plan.h"
#include "core/model/rates.h"
#include "cpu/explain.h"

/* The figures of a plan in which nothing moves; r: of the interval that it was made after. */
void pins_plan_fill(const struct explain_pins *w, const struct rates *r, struct plan *out);
/* Adds the placement's moves, with their gains and reasons, and what is expected of them. 0 or -ENOMEM. */
int pins_plan_add_actions(const struct explain_pins *w, struct plan *out);

/* Adds the pins that let go of those who are to float (left_free.h) and are pinned, and keep them off pCPUs that are
 * guests' own. 0 or -ENOMEM. */
int pins_plan_let_go(const struct explain_pins *w, struct plan *out);

#endif
