/*
 * The last plan that changed anything, and the plan that takes it back.
 */
#ifndef CORE_ENGINE_UNDO_H
#define CORE_ENGINE_UNDO_H

#include "core/model/plan.h"

struct undo {
    struct plan plan; /* with results */
    bool possible;
};

void undo_free(struct undo *u);
/* Keeps the plan, which was carried out. 0 or -ENOMEM. */
int undo_keep(struct undo *u, const struct plan *done);
/* Makes p the plan that takes back what was done, in reverse order, so that a size or place that was set twice ends
 * where it began; s: what p is sized for. Afterwards nothing is left to undo. 0 or -ENOMEM. */
int undo_plan(struct undo *u, const struct snapshot *s, struct plan *p);

#endif
