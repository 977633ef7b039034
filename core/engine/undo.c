#include "core/engine/undo.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void undo_free(struct undo *u)
{
    plan_free(&u->plan);
}

int undo_keep(struct undo *u, const struct plan *done)
{
    u->possible = plan_copy(&u->plan, done) == 0;
    return u->possible ? 0 : -ENOMEM;
}

/* The action that takes back `done`, into p; false where that can't be told. */
static bool invert(struct plan *p, const struct plan *old, const struct plan_action *done)
{
    const struct snapshot *s = NULL;
    struct snapshot_guest guest = {.id = done->id};
    struct snapshot one = {.guests = &guest, .n_guests = 1};
    struct plan_action *a;

    if (done->result != PLAN_DONE || (done->kind == PLAN_PIN && done->from_mask < 0))
        return false;
    memcpy(guest.uuid, done->uuid, sizeof(guest.uuid));
    memcpy(guest.name, done->name, sizeof(guest.name));
    s = &one;
    a = plan_add_action(p, done->kind, s, 0);
    if (!a)
        return false;
    a->vcpu = done->vcpu;
    a->from_cpu = done->to_cpu;
    a->to_cpu = done->from_cpu;
    a->from_group = done->kind == PLAN_PIN && done->to_cpu < 0;
    a->from_kib = done->to_kib;
    a->to_kib = done->from_kib;
    a->gain = -done->gain;
    snprintf(a->reason, sizeof(a->reason), "taken back by the operator");
    if (done->kind == PLAN_PIN) {
        a->from_mask = plan_add_mask(p, plan_mask(old, done->to_mask));
        a->to_mask = plan_add_mask(p, plan_mask(old, done->from_mask));
        a->to_cpu = cpumask_single(plan_mask(old, done->from_mask), cpumask_words(old->cpu_limit));
    }
    return true;
}

/* Empties p but for what it thinks of the guests, which still holds; masks of another width go with it. */
static int clear_actions(struct plan *p, const struct snapshot *s, int cpu_limit)
{
    p->n_actions = p->n_notes = p->n_masks = 0;
    p->forced = p->early = p->learning = false;
    if (p->cpu_limit == cpu_limit)
        return 0;
    plan_reset(p, cpu_limit);
    return plan_size_for(p, s);
}

int undo_plan(struct undo *u, const struct snapshot *s, struct plan *p)
{
    const struct plan *old = &u->plan;
    int n = 0, asked = 0;

    if (clear_actions(p, s, old->cpu_limit))
        return -ENOMEM;
    p->decided_ns = s->taken_ns;
    p->has_balance = old->has_balance;
    p->sd_now = old->sd_expected;
    p->sd_expected = old->sd_now;
    for (int i = old->n_actions - 1; i >= 0; i--) {
        asked += old->actions[i].result == PLAN_DONE;
        n += invert(p, old, &old->actions[i]);
    }
    snprintf(p->summary, sizeof(p->summary), "undo: takes back %d of the last %s's %d action%s; paused", n,
             old->early ? "early plan" : "decision", asked, asked == 1 ? "" : "s");
    u->possible = false;
    return 0;
}
