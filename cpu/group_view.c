#include "cpu/group_view.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"
#include "cpu/capacity.h"
#include "cpu/dedicated.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void group_view_free(struct group_view *v)
{
    pcpu_groups_free(&v->groups);
    snapshot_free(&v->now);
    free(v->demand.pcpus);
    free(v->capacity);
    free(v->loose);
    free(v->alone);
    free(v->owner);
    free(v->row);
    memset(v, 0, sizeof(*v));
}

static int reserve(struct group_view *v)
{
    const struct snapshot *host = v->host;

    if (array_reserve(&v->capacity, &v->cap_capacity, host->n_pcpus, sizeof(*v->capacity)) ||
        array_reserve(&v->loose, &v->cap_loose, host->n_vcpus, sizeof(*v->loose)) ||
        array_reserve(&v->alone, &v->cap_alone, host->n_pcpus, sizeof(*v->alone)) ||
        array_reserve(&v->owner, &v->cap_owner, host->n_pcpus, sizeof(*v->owner)) ||
        array_reserve(&v->row, &v->cap_row, snapshot_words(host), sizeof(*v->row)))
        return -ENOMEM;
    return 0;
}

static void find_alone(struct group_view *v)
{
    dedicated_owners(v->host, v->owner);
    for (int i = 0; i < v->host->n_pcpus; i++)
        v->alone[i] = v->owner[i] >= 0;
}

static bool narrow(uint64_t *row, const uint64_t *mask, int words)
{
    if (mask)
        cpumask_and(row, mask, words);
    return mask != NULL;
}

/* Leaves in v->row the pCPUs that others' rules leave to the vCPU; false where there are no rules. */
static bool find_rule(struct group_view *v, int vcpu)
{
    const struct snapshot *s = v->host;
    const struct snapshot_vcpu *of = &s->vcpus[vcpu];
    const uint64_t *found = snapshot_mask(s, of->found);
    int words = snapshot_words(s);
    bool ruled = false;

    memset(v->row, 0xff, (size_t)words * sizeof(*v->row));
    if (found && cpumask_count(found, words) > 1 && !snapshot_is_everywhere(s, found))
        ruled |= narrow(v->row, found, words);
    ruled |= narrow(v->row, snapshot_mask(s, of->defined), words);
    ruled |= narrow(v->row, snapshot_mask(s, s->guests[of->guest].allowed), words);
    if (v->keep_pins)
        ruled |= narrow(v->row, snapshot_mask(s, of->pinned), words);
    return ruled;
}

const uint64_t *group_view_mask(struct group_view *v, int vcpu, int group)
{
    find_rule(v, vcpu);
    cpumask_and(v->row, pcpu_groups_mask(&v->groups, group), v->groups.words);
    return v->row;
}

/* Adds a row to the view that holds, of each group that mask has a pCPU of, its number. < 0: -ENOMEM. */
static int add_reduced(struct group_view *v, const uint64_t *mask)
{
    int row = snapshot_add_mask(&v->now, NULL);
    uint64_t *reduced;

    if (row < 0)
        return row;
    reduced = v->now.masks + (size_t)row * (size_t)v->groups.words;
    for (int i = 0; i < v->host->n_pcpus; i++)
        if (cpumask_has(mask, v->groups.words, v->host->pcpus[i].number))
            cpumask_set(reduced, v->now.pcpus[v->groups.of[i]].number);
    return row;
}

/* Says where the vCPU is in terms of groups. */
static int reduce_affinity(struct group_view *v, int vcpu)
{
    struct snapshot_vcpu *to = &v->now.vcpus[vcpu];
    const uint64_t *affinity = snapshot_mask(v->host, to->affinity);
    int last = snapshot_pcpu_index(v->host, to->cpu), at;

    v->loose[vcpu] = false;
    if (last >= 0)
        to->cpu = v->now.pcpus[v->groups.of[last]].number;
    if (!affinity)
        return 0;
    to->affinity = add_reduced(v, affinity);
    if (to->affinity < 0)
        return -ENOMEM;
    at = snapshot_pinned_to(&v->now, to);
    if (at < 0)
        return 0;
    to->cpu = v->now.pcpus[at].number;
    v->loose[vcpu] = !cpumask_equal(affinity, group_view_mask(v, vcpu, at), v->groups.words);
    return 0;
}

/* All rules together stand in the view as one, so that none is taken for a placement because it is a group. */
static int reduce_vcpu(struct group_view *v, int vcpu)
{
    struct snapshot_vcpu *to = &v->now.vcpus[vcpu];

    if (reduce_affinity(v, vcpu))
        return -ENOMEM;
    to->found = to->pinned = to->defined = -1;
    if (!find_rule(v, vcpu))
        return 0;
    to->defined = add_reduced(v, v->row);
    return to->defined < 0 ? -ENOMEM : 0;
}

static int reduce_thread(struct group_view *v, int thread)
{
    struct snapshot_thread *to = &v->now.threads[thread];

    if (to->affinity < 0)
        return 0;
    to->affinity = add_reduced(v, snapshot_mask(v->host, to->affinity));
    return to->affinity < 0 ? -ENOMEM : 0;
}

static int reduce_guest(struct group_view *v, int guest)
{
    struct snapshot_guest *to = &v->now.guests[guest];

    if (to->allowed < 0)
        return 0;
    to->allowed = add_reduced(v, snapshot_mask(v->host, to->allowed));
    return to->allowed < 0 ? -ENOMEM : 0;
}

/* What the groups' cores get done: the largest of a core's threads, and more where several may be used. */
static void find_capacities(struct group_view *v, double core_capacity)
{
    const struct snapshot *s = v->host;

    array_clear(v->capacity, v->groups.n, sizeof(*v->capacity));
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct pcpu_groups_key *key = &v->groups.keys[i], *before = key - 1, *after = key + 1;
        int group = v->groups.of[key->pcpu];
        double capacity = capacity_of(&s->pcpus[key->pcpu]);
        bool first = i == 0 || before->core != key->core || v->groups.of[before->pcpu] != group;
        bool only = first && (i + 1 == s->n_pcpus || after->core != key->core || v->groups.of[after->pcpu] != group);

        if (core_capacity <= 0.0)
            v->capacity[group] += capacity;
        else if (first)
            v->capacity[group] += capacity * (only ? 1.0 : core_capacity);
    }
}

static void reduce_pcpus(struct group_view *v, double core_capacity)
{
    for (int i = 0; i < v->groups.n; i++) {
        struct snapshot_pcpu *p = &v->now.pcpus[i];

        *p = v->host->pcpus[v->groups.first[i]];
        if (v->groups.size[i] > 1)
            p->core = p->number;
    }
    find_capacities(v, core_capacity);
    v->now.n_pcpus = v->groups.n;
}

static int reduce_demand(struct group_view *v, const struct demand *d)
{
    struct demand_pcpu *pcpus = v->demand.pcpus;

    if (array_reserve(&pcpus, &v->cap_pcpus, v->groups.n, sizeof(*pcpus)))
        return -ENOMEM;
    v->demand = *d;
    v->demand.pcpus = pcpus;
    v->demand.n_pcpus = v->groups.n;
    for (int i = 0; i < v->groups.n; i++)
        pcpus[i] = (struct demand_pcpu){.number = v->now.pcpus[i].number};
    for (int i = 0; i < v->host->n_pcpus; i++) {
        pcpus[v->groups.of[i]].fixed_pct += d->pcpus[i].fixed_pct * capacity_of(&v->host->pcpus[i]);
        pcpus[v->groups.of[i]].variance += d->pcpus[i].variance;
    }
    return 0;
}

int group_view_make(struct group_view *v, const struct snapshot *host, const struct demand *d, double size,
                    bool keep_pins, double core_capacity)
{
    v->host = host;
    v->keep_pins = keep_pins;
    if (reserve(v))
        return -ENOMEM;
    find_alone(v);
    if (pcpu_groups_find(&v->groups, host, size, v->alone) || snapshot_copy(&v->now, host))
        return -ENOMEM;
    reduce_pcpus(v, core_capacity);
    for (int i = 0; i < host->n_guests; i++)
        if (reduce_guest(v, i))
            return -ENOMEM;
    for (int i = 0; i < host->n_threads; i++)
        if (reduce_thread(v, i))
            return -ENOMEM;
    for (int i = 0; i < host->n_vcpus; i++)
        if (reduce_vcpu(v, i))
            return -ENOMEM;
    return reduce_demand(v, d);
}
