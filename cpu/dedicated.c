#include "cpu/dedicated.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void dedicated_owners(const struct snapshot *s, int *owner)
{
    int words = snapshot_words(s);

    for (int i = 0; i < s->n_pcpus; i++)
        owner[i] = -1;
    for (int i = 0; i < s->n_vcpus; i++) {
        int at = snapshot_pinned_to(s, &s->vcpus[i]);

        if (at >= 0 && s->guests[s->vcpus[i].guest].dedicated && s->guests[s->vcpus[i].guest].allowed < 0)
            owner[at] = s->vcpus[i].guest;
    }
    for (int g = s->n_guests - 1; g >= 0; g--) {
        const uint64_t *list = s->guests[g].dedicated ? snapshot_mask(s, s->guests[g].allowed) : NULL;

        for (int i = 0; list && i < s->n_pcpus; i++)
            if (cpumask_has(list, words, s->pcpus[i].number))
                owner[i] = g;
    }
}

/* What the vCPU is to be kept on: of its guest's list what the definition allows and the kernel may use. False where
 * that is nothing. */
static bool place_of(const struct snapshot *s, const struct snapshot_vcpu *v, uint64_t *row)
{
    const uint64_t *list = snapshot_mask(s, s->guests[v->guest].allowed), *defined = snapshot_mask(s, v->defined);
    int words = snapshot_words(s);

    cpumask_clear(row, words);
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct snapshot_pcpu *c = &s->pcpus[i];

        if (c->online && !c->refuses && cpumask_has(list, words, c->number) &&
            (!defined || cpumask_has(defined, words, c->number)))
            cpumask_set(row, c->number);
    }
    return cpumask_count(row, words) > 0;
}

static int add_bind(const struct snapshot *s, int vcpu, int row, struct plan *out)
{
    const struct snapshot_vcpu *v = &s->vcpus[vcpu];
    struct plan_action *a = plan_add_action(out, PLAN_PIN, s, v->guest);
    int at = snapshot_pinned_to(s, v);

    if (!a)
        return -ENOMEM;
    a->vcpu = v->number;
    a->from_cpu = at >= 0 ? s->pcpus[at].number : -1;
    a->to_mask = row;
    a->to_cpu = cpumask_single(plan_mask(out, row), cpumask_words(out->cpu_limit));
    a->from_mask = plan_add_mask(out, snapshot_mask(s, v->affinity));
    snprintf(a->reason, sizeof(a->reason), "its metadata give it pCPUs of its own, and it may run beyond them");
    return a->from_mask < 0 ? -ENOMEM : 0;
}

static bool is_bound(const struct snapshot_guest *g)
{
    return g->dedicated && g->allowed >= 0 && !g->realtime && g->leave_alone == SNAPSHOT_LEAVE_NO &&
           g->state == SNAPSHOT_GUEST_RUNNING;
}

int dedicated_bind(const struct snapshot *s, const struct demand *d, struct plan *out)
{
    int words = snapshot_words(s), bound = 0;

    for (int i = 0; i < s->n_vcpus; i++) {
        const struct snapshot_vcpu *v = &s->vcpus[i];
        const uint64_t *list = snapshot_mask(s, s->guests[v->guest].allowed);
        int row;

        if (!is_bound(&s->guests[v->guest]) || v->affinity < 0 || demand_cooldown_left_of(d, i) > 0 ||
            cpumask_within(snapshot_mask(s, v->affinity), list, words))
            continue;
        row = plan_add_mask(out, NULL);
        if (row < 0)
            return row;
        if (!place_of(s, v, out->masks + (size_t)row * (size_t)words))
            continue;
        if (add_bind(s, i, row, out))
            return -ENOMEM;
        bound++;
    }
    return bound;
}
