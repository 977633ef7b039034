#include "core/advise/what_if_world.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void what_if_world_free(struct what_if_world *w)
{
    snapshot_free(&w->recorded);
    snapshot_free(&w->now);
    snapshot_free(&w->next);
    rates_free(&w->rates);
    plan_free(&w->done);
    free(w->resized);
    free(w->shares);
    free(w->load);
    free(w->slowdown);
    memset(w, 0, sizeof(*w));
}

static bool is_resized(const struct what_if_world *w, const uint8_t *uuid)
{
    for (int i = 0; i < w->n_resized; i++)
        if (memcmp(w->resized[i], uuid, SNAPSHOT_UUID_BYTES) == 0)
            return true;
    return false;
}

static int note_resized(struct what_if_world *w, const uint8_t *uuid)
{
    if (is_resized(w, uuid))
        return 0;
    if (array_reserve(&w->resized, &w->cap_resized, w->n_resized + 1, sizeof(*w->resized)))
        return -ENOMEM;
    memcpy(w->resized[w->n_resized++], uuid, SNAPSHOT_UUID_BYTES);
    return 0;
}

static bool was_pinned_then(const struct what_if_world *w, const struct snapshot_guest *g, int vcpu)
{
    for (int i = 0; i < w->done.n_actions; i++) {
        const struct plan_action *a = &w->done.actions[i];

        if (a->kind == PLAN_PIN && a->result == PLAN_DONE && a->vcpu == vcpu &&
            snapshot_same_guest(a->uuid, a->id, g->uuid, g->id))
            return true;
    }
    return false;
}

static bool same_mask(const struct snapshot *a, int a_row, const struct snapshot *b, int b_row)
{
    if (a_row < 0 || b_row < 0 || a->cpu_limit != b->cpu_limit)
        return a_row < 0 && b_row < 0;
    return cpumask_equal(snapshot_mask(a, a_row), snapshot_mask(b, b_row), snapshot_words(a));
}

/* Where the vCPU may run: as it was pinned here, unless it is new, or others than the recorded program moved it. */
static int keep_pin(struct what_if_world *w, const struct snapshot *recorded, int vcpu)
{
    struct snapshot_vcpu *v = &w->next.vcpus[vcpu];
    const struct snapshot_guest *g = &w->next.guests[v->guest];
    int then = snapshot_find_guest(&w->recorded, g->uuid, g->id, v->guest);
    int here = snapshot_find_guest(&w->now, g->uuid, g->id, v->guest);
    int old_then = then >= 0 ? snapshot_find_vcpu(&w->recorded, then, v->number) : -1;
    int old_here = here >= 0 ? snapshot_find_vcpu(&w->now, here, v->number) : -1;
    int row;

    if (old_then < 0 || old_here < 0 || w->now.vcpus[old_here].affinity < 0 || w->now.cpu_limit != w->next.cpu_limit)
        return 0;
    if (!same_mask(&w->recorded, w->recorded.vcpus[old_then].affinity, recorded, recorded->vcpus[vcpu].affinity) &&
        !was_pinned_then(w, g, v->number))
        return 0;
    row = snapshot_add_mask(&w->next, snapshot_mask(&w->now, w->now.vcpus[old_here].affinity));
    if (row < 0)
        return row;
    v->affinity = row;
    return 0;
}

static void keep_size(struct what_if_world *w, int guest)
{
    struct snapshot_guest *g = &w->next.guests[guest];
    int here = snapshot_find_guest(&w->now, g->uuid, g->id, guest);

    if (here >= 0 && is_resized(w, g->uuid) && w->now.guests[here].memory.has & SNAPSHOT_HAS_SIZE)
        what_if_resize(&w->next, &g->memory, w->now.guests[here].memory.size_kib);
}

static int make_next(struct what_if_world *w, const struct snapshot *recorded, bool after_gap)
{
    int error = snapshot_copy(&w->next, recorded);

    for (int i = 0; i < recorded->n_vcpus && !error; i++)
        error = keep_pin(w, recorded, i);
    for (int i = 0; i < recorded->n_guests && !error; i++)
        keep_size(w, i);
    if (!error)
        error = rates_between(&w->rates, after_gap ? NULL : &w->recorded, recorded);
    return error ? error : what_if_cpu(w);
}

int what_if_world_take(struct what_if_world *w, const struct snapshot *recorded, bool after_gap)
{
    struct snapshot held;

    if (make_next(w, recorded, after_gap) || snapshot_copy(&w->recorded, recorded))
        return -ENOMEM;
    held = w->now;
    w->now = w->next;
    w->next = held;
    plan_reset(&w->done, recorded->cpu_limit);
    return 0;
}

int what_if_world_recorded(struct what_if_world *w, const struct plan *plan)
{
    int error = plan_copy(&w->done, plan);

    for (int i = 0; i < plan->n_actions && !error; i++)
        if (plan->actions[i].kind == PLAN_SET_MEMORY && plan->actions[i].result == PLAN_DONE)
            error = note_resized(w, plan->actions[i].uuid);
    return error;
}

static int pin(struct what_if_world *w, const struct plan *plan, const struct plan_action *a, int guest)
{
    int vcpu = snapshot_find_vcpu(&w->now, guest, a->vcpu), row;

    if (vcpu < 0 || a->to_mask < 0 || plan->cpu_limit != w->now.cpu_limit)
        return 0;
    row = snapshot_add_mask(&w->now, plan_mask(plan, a->to_mask));
    if (row < 0)
        return row;
    w->now.vcpus[vcpu].affinity = row;
    return 0;
}

int what_if_world_apply(struct what_if_world *w, const struct plan *plan)
{
    int error = 0;

    for (int i = 0; i < plan->n_actions && !error; i++) {
        const struct plan_action *a = &plan->actions[i];
        int guest = snapshot_find_guest(&w->now, a->uuid, a->id, 0);

        if (guest >= 0 && a->kind == PLAN_PIN) {
            error = pin(w, plan, a, guest);
        } else if (guest >= 0) {
            struct snapshot_memory *m = &w->now.guests[guest].memory;

            error = note_resized(w, a->uuid);
            what_if_resize(&w->now, m, m->has & SNAPSHOT_HAS_MAX && a->to_kib > m->max_kib ? m->max_kib : a->to_kib);
        }
    }
    return error;
}
