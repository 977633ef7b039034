#include "cpu/thread_pins.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each vCPU's affinity after the plan: a row of the plan's masks, or, below 0, as it is. */
static int *planned_rows(const struct explain_pins *w, const struct plan *out)
{
    int *rows = malloc(((size_t)w->host->n_vcpus + 1) * sizeof(*rows)), hint = 0;

    for (int i = 0; rows && i < w->host->n_vcpus; i++)
        rows[i] = -1;
    for (int i = 0; rows && i < out->n_actions; i++) {
        const struct plan_action *a = &out->actions[i];
        int guest = snapshot_find_guest(w->host, a->uuid, a->id, hint);
        int vcpu = guest < 0 ? -1 : snapshot_find_vcpu(w->host, guest, a->vcpu);

        hint = guest;
        if (vcpu >= 0)
            rows[vcpu] = a->to_mask;
    }
    return rows;
}

/* Leaves in row all pCPUs that the guest's vCPUs may use after the plan; false where they aren't all ours to place. */
static bool guest_mask(const struct explain_pins *w, const struct plan *out, const int *rows, int guest, uint64_t *row)
{
    const struct snapshot_guest *g = &w->host->guests[guest];
    int words = snapshot_words(w->host);

    cpumask_clear(row, words);
    for (int i = g->first_vcpu; i < g->first_vcpu + g->n_vcpus; i++) {
        const uint64_t *mask =
            rows[i] >= 0 ? plan_mask(out, rows[i]) : snapshot_mask(w->host, w->host->vcpus[i].affinity);
        enum problem_role role = w->problem->vcpus[i].role;

        if (!mask || (role != PROBLEM_MANAGED && role != PROBLEM_FLOATS))
            return false;
        for (int at = 0; at < words; at++)
            row[at] |= mask[at];
    }
    return g->n_vcpus > 0;
}

static int add_action(const struct explain_pins *w, const struct snapshot_thread *t, const uint64_t *to,
                      struct plan *out)
{
    const uint64_t *from = snapshot_mask(w->host, t->affinity);
    struct plan_action *a = plan_add_action(out, PLAN_PIN, w->host, t->guest);
    bool floats = snapshot_is_everywhere(w->host, to);
    int words = snapshot_words(w->host);

    if (!a)
        return -ENOMEM;
    a->vcpu = t->number;
    a->from_cpu = cpumask_single(from, words);
    a->from_group = a->from_cpu < 0 && !snapshot_is_everywhere(w->host, from);
    a->from_mask = plan_add_mask(out, from);
    a->to_mask = plan_add_mask(out, to);
    a->to_cpu = cpumask_single(to, words);
    snprintf(a->reason, sizeof(a->reason), floats ? "its guest's vCPUs float" : "goes where its guest's vCPUs are");
    return a->from_mask < 0 || a->to_mask < 0 ? -ENOMEM : 0;
}

static int add_thread(const struct explain_pins *w, const struct snapshot_thread *t, const uint64_t *row,
                      struct plan *out)
{
    const uint64_t *found = snapshot_mask(w->host, t->found), *now = snapshot_mask(w->host, t->affinity);

    /* Others' rules are kept. */
    if (!now || !found || !snapshot_is_everywhere(w->host, found))
        return 0;
    if (snapshot_is_everywhere(w->host, row))
        row = found;
    return cpumask_equal(now, row, snapshot_words(w->host)) ? 0 : add_action(w, t, row, out);
}

int thread_pins_add(const struct explain_pins *w, struct plan *out)
{
    uint64_t *row;
    int *rows, rc = 0;

    if (w->host->n_threads == 0)
        return 0;
    rows = planned_rows(w, out);
    row = calloc((size_t)snapshot_words(w->host), sizeof(*row));
    if (!rows || !row)
        rc = -ENOMEM;
    for (int i = 0; i < w->host->n_guests && !rc; i++) {
        const struct snapshot_guest *g = &w->host->guests[i];

        if (g->n_threads == 0 || !guest_mask(w, out, rows, i, row) ||
            demand_cooldown_left(&w->demand->vcpus[g->first_vcpu].refused, w->demand->decisions) > 0)
            continue;
        for (int t = g->first_thread; t < g->first_thread + g->n_threads && !rc; t++)
            rc = add_thread(w, &w->host->threads[t], row, out);
    }
    free(rows);
    free(row);
    return rc;
}
