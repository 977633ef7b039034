/*
 * Adds up, for what_if.h, how one side of a comparison did.
 */
#ifndef CORE_ADVISE_WHAT_IF_TALLY_H
#define CORE_ADVISE_WHAT_IF_TALLY_H

#include "core/advise/what_if.h"

/* What was between two decisions of the recording; r is rates_between of the side's snapshots. */
void what_if_tally_interval(struct what_if_tally *t, const struct rates *r);
/* What the sample shows of memory, as if it had been so for the seconds since the one before. recorded: the same guests
 * as they really were, which tells what each uses. */
void what_if_tally_sample(struct what_if_tally *t, const struct snapshot *s, const struct snapshot *recorded,
                          double seconds);
/* What was done of the plan. */
void what_if_tally_plan(struct what_if_tally *t, const struct plan *p);

#endif
