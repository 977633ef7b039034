#include "core/model/plan.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void plan_free(struct plan *p)
{
    free(p->actions);
    free(p->notes);
    free(p->masks);
    free(p->guests);
    free(p->vcpus);
    free(p->pcpus);
    memset(p, 0, sizeof(*p));
}

/* Gives p what held holds: the arrays and the room in them, as rows of masks of p's own width. */
static void take_arrays(struct plan *p, const struct plan *held)
{
    p->actions = held->actions;
    p->cap_actions = held->cap_actions;
    p->notes = held->notes;
    p->cap_notes = held->cap_notes;
    p->masks = held->masks;
    p->cap_masks = (int)((int64_t)held->cap_masks * cpumask_words(held->cpu_limit) / cpumask_words(p->cpu_limit));
    p->guests = held->guests;
    p->cap_guests = held->cap_guests;
    p->vcpus = held->vcpus;
    p->cap_vcpus = held->cap_vcpus;
    p->pcpus = held->pcpus;
    p->cap_pcpus = held->cap_pcpus;
}

void plan_reset(struct plan *p, int cpu_limit)
{
    struct plan held = *p;

    memset(p, 0, sizeof(*p));
    p->cpu_limit = cpu_limit < 1 ? 1 : cpu_limit;
    take_arrays(p, &held);
    p->sd_now = p->sd_expected = p->sd_bound = p->sd_observed = p->wait_expected_pct = p->wait_observed_pct = -1;
}

int plan_size_for(struct plan *p, const struct snapshot *s)
{
    if (array_reserve(&p->guests, &p->cap_guests, s->n_guests, sizeof(*p->guests)) ||
        array_reserve(&p->vcpus, &p->cap_vcpus, s->n_vcpus, sizeof(*p->vcpus)) ||
        array_reserve(&p->pcpus, &p->cap_pcpus, s->n_pcpus, sizeof(*p->pcpus)))
        return -ENOMEM;
    p->n_guests = s->n_guests;
    p->n_vcpus = s->n_vcpus;
    p->n_pcpus = s->n_pcpus;
    array_clear(p->guests, p->n_guests, sizeof(*p->guests));
    array_clear(p->vcpus, p->n_vcpus, sizeof(*p->vcpus));
    array_clear(p->pcpus, p->n_pcpus, sizeof(*p->pcpus));
    for (int i = 0; i < s->n_guests; i++) {
        memcpy(p->guests[i].uuid, s->guests[i].uuid, SNAPSHOT_UUID_BYTES);
        p->guests[i].id = s->guests[i].id;
        p->guests[i].first_vcpu = s->guests[i].first_vcpu;
        p->guests[i].n_vcpus = s->guests[i].n_vcpus;
    }
    for (int i = 0; i < s->n_vcpus; i++) {
        p->vcpus[i].number = s->vcpus[i].number;
        p->vcpus[i].wait_pct = -1;
    }
    for (int i = 0; i < s->n_pcpus; i++)
        p->pcpus[i].number = s->pcpus[i].number;
    return 0;
}

struct plan_action *plan_add_action(struct plan *p, enum plan_kind kind, const struct snapshot *s, int guest)
{
    const struct snapshot_guest *g = &s->guests[guest];
    struct plan_action *a;

    if (array_reserve(&p->actions, &p->cap_actions, p->n_actions + 1, sizeof(*p->actions)))
        return NULL;
    a = &p->actions[p->n_actions++];
    memset(a, 0, sizeof(*a));
    a->kind = kind;
    memcpy(a->uuid, g->uuid, sizeof(a->uuid));
    a->id = g->id;
    memcpy(a->name, g->name, sizeof(a->name));
    a->from_cpu = a->to_cpu = a->from_mask = a->to_mask = -1;
    return a;
}

int plan_add_note(struct plan *p, const struct snapshot *s, int guest, const char *subject, const char *format, ...)
{
    struct plan_note *n;
    va_list arguments;

    if (array_reserve(&p->notes, &p->cap_notes, p->n_notes + 1, sizeof(*p->notes)))
        return -ENOMEM;
    n = &p->notes[p->n_notes++];
    memset(n, 0, sizeof(*n));
    n->id = -1;
    if (guest >= 0) {
        memcpy(n->uuid, s->guests[guest].uuid, sizeof(n->uuid));
        n->id = s->guests[guest].id;
    }
    snprintf(n->subject, sizeof(n->subject), "%s", subject ? subject : "");
    va_start(arguments, format);
    vsnprintf(n->text, sizeof(n->text), format, arguments);
    va_end(arguments);
    return 0;
}

int plan_add_mask(struct plan *p, const uint64_t *mask)
{
    return array_add_row(&p->masks, &p->n_masks, &p->cap_masks, cpumask_words(p->cpu_limit), mask);
}

const uint64_t *plan_mask(const struct plan *p, int row)
{
    return row < 0 ? NULL : p->masks + (size_t)row * (size_t)cpumask_words(p->cpu_limit);
}

const char *plan_place_words(const struct plan *p, int cpu, int mask, const char *otherwise, char *text, size_t size)
{
    const uint64_t *row = plan_mask(p, mask);

    if (cpu >= 0)
        snprintf(text, size, "%d", cpu);
    else if (row)
        cpumask_format(row, cpumask_words(p->cpu_limit), text, size);
    else
        snprintf(text, size, "%s", otherwise);
    return text;
}

const char *plan_from_words(const struct plan *p, const struct plan_action *a, char *text, size_t size)
{
    return plan_place_words(p, a->from_cpu, a->from_group ? a->from_mask : -1, "any", text, size);
}

int plan_copy(struct plan *to, const struct plan *from)
{
    size_t row_bytes = (size_t)cpumask_words(from->cpu_limit) * sizeof(*from->masks);
    struct plan held;

    plan_reset(to, from->cpu_limit);
    if (array_reserve(&to->actions, &to->cap_actions, from->n_actions, sizeof(*to->actions)) ||
        array_reserve(&to->notes, &to->cap_notes, from->n_notes, sizeof(*to->notes)) ||
        array_reserve(&to->masks, &to->cap_masks, from->n_masks, row_bytes) ||
        array_reserve(&to->guests, &to->cap_guests, from->n_guests, sizeof(*to->guests)) ||
        array_reserve(&to->vcpus, &to->cap_vcpus, from->n_vcpus, sizeof(*to->vcpus)) ||
        array_reserve(&to->pcpus, &to->cap_pcpus, from->n_pcpus, sizeof(*to->pcpus)))
        return -ENOMEM;
    array_copy(to->actions, from->actions, from->n_actions, sizeof(*to->actions));
    array_copy(to->notes, from->notes, from->n_notes, sizeof(*to->notes));
    array_copy(to->masks, from->masks, from->n_masks, row_bytes);
    array_copy(to->guests, from->guests, from->n_guests, sizeof(*to->guests));
    array_copy(to->vcpus, from->vcpus, from->n_vcpus, sizeof(*to->vcpus));
    array_copy(to->pcpus, from->pcpus, from->n_pcpus, sizeof(*to->pcpus));
    held = *to;
    *to = *from;
    to->cpu_limit = held.cpu_limit;
    take_arrays(to, &held);
    return 0;
}

const char *plan_result_word(enum plan_result result)
{
    switch (result) {
    case PLAN_PENDING:
        return "pending";
    case PLAN_DONE:
        return "done";
    case PLAN_SKIPPED:
        return "skipped";
    case PLAN_FAILED:
        return "failed";
    case PLAN_DRY_RUN:
        return "dry run";
    }
    return "unknown";
}
