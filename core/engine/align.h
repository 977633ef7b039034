/*
 * Keeps figures beside the guests they belong to: guests come and go between two samples, and what stands in arrays
 * beside them (rates, a plan's opinions) moves along.
 */
#ifndef CORE_ENGINE_ALIGN_H
#define CORE_ENGINE_ALIGN_H

#include "core/model/plan.h"
#include "core/model/rates.h"
#include "core/model/snapshot.h"

/* Whether both have the same guests, vCPUs and pCPUs in the same places. */
bool align_same_layout(const struct snapshot *a, const struct snapshot *b);
/* Moves figures from the places they have in one snapshot to those of another; what was not there is unknown. 0 or
 * -ENOMEM. */
int align_rates(struct rates *r, const struct snapshot *from, const struct snapshot *to);
int align_plan(struct plan *p, const struct snapshot *from, const struct snapshot *to);

#endif
