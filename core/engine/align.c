#include "core/engine/align.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool align_same_layout(const struct snapshot *a, const struct snapshot *b)
{
    if (a->n_guests != b->n_guests || a->n_vcpus != b->n_vcpus || a->n_pcpus != b->n_pcpus)
        return false;
    for (int i = 0; i < a->n_guests; i++)
        if (!snapshot_same_guest(a->guests[i].uuid, a->guests[i].id, b->guests[i].uuid, b->guests[i].id) ||
            a->guests[i].n_vcpus != b->guests[i].n_vcpus)
            return false;
    for (int i = 0; i < a->n_vcpus; i++)
        if (a->vcpus[i].number != b->vcpus[i].number)
            return false;
    for (int i = 0; i < a->n_pcpus; i++)
        if (a->pcpus[i].number != b->pcpus[i].number)
            return false;
    return true;
}

/* For each entry of to, where it was in from, or -1. */
struct places {
    int *guests, *vcpus, *pcpus;
};

static void places_free(struct places *p)
{
    free(p->guests);
    free(p->vcpus);
    free(p->pcpus);
}

/* n times -1 (and once more, as nothing is no array). */
static int *nowhere(int n)
{
    int *places = malloc(((size_t)n + 1) * sizeof(*places));

    for (int i = 0; places && i <= n; i++)
        places[i] = -1;
    return places;
}

static int places_find(struct places *p, const struct snapshot *from, const struct snapshot *to)
{
    int hint = 0;

    p->guests = nowhere(to->n_guests);
    p->vcpus = nowhere(to->n_vcpus);
    p->pcpus = nowhere(to->n_pcpus);
    if (!p->guests || !p->vcpus || !p->pcpus)
        return -ENOMEM;
    for (int i = 0; i < to->n_guests; i++) {
        const struct snapshot_guest *g = &to->guests[i];
        int place = snapshot_find_guest(from, g->uuid, g->id, hint);

        p->guests[i] = place;
        for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++)
            p->vcpus[v] = place < 0 ? -1 : snapshot_find_vcpu(from, place, to->vcpus[v].number);
        hint = place + 1;
    }
    for (int i = 0; i < to->n_pcpus; i++)
        p->pcpus[i] = snapshot_pcpu_index(from, to->pcpus[i].number);
    return 0;
}

/* Replaces *entries (n_from of them, in their old places) by n_to entries in their new ones. */
static int move(void *entries, int *cap, int n_from, const int *places, int n_to, size_t bytes)
{
    unsigned char **old = entries;
    unsigned char *new = calloc((size_t)n_to + 1, bytes);

    if (!new)
        return -ENOMEM;
    for (int i = 0; i < n_to; i++)
        if (*old && places[i] >= 0 && places[i] < n_from)
            memcpy(new + (size_t)i *bytes, *old + (size_t)places[i] * bytes, bytes);
    free(*old);
    *old = new;
    *cap = n_to + 1;
    return 0;
}

int align_rates(struct rates *r, const struct snapshot *from, const struct snapshot *to)
{
    struct places p = {0};
    int error = places_find(&p, from, to);

    if (!error)
        error = move(&r->guests, &r->cap_guests, r->n_guests, p.guests, to->n_guests, sizeof(*r->guests));
    if (!error)
        error = move(&r->vcpus, &r->cap_vcpus, r->n_vcpus, p.vcpus, to->n_vcpus, sizeof(*r->vcpus));
    if (!error)
        error = move(&r->pcpus, &r->cap_pcpus, r->n_pcpus, p.pcpus, to->n_pcpus, sizeof(*r->pcpus));
    if (!error) {
        r->n_guests = to->n_guests;
        r->n_vcpus = to->n_vcpus;
        r->n_pcpus = to->n_pcpus;
    }
    places_free(&p);
    return error;
}

/* Those who were not there get the identity of nobody, so that they are not taken for planned. */
static void name_entries(struct plan *plan, const struct places *p, const struct snapshot *to)
{
    for (int i = 0; i < to->n_guests; i++) {
        if (p->guests[i] < 0)
            plan->guests[i].id = -1;
        plan->guests[i].first_vcpu = to->guests[i].first_vcpu;
        plan->guests[i].n_vcpus = to->guests[i].n_vcpus;
    }
    for (int i = 0; i < to->n_vcpus; i++)
        if (p->vcpus[i] < 0)
            plan->vcpus[i].number = -1;
    for (int i = 0; i < to->n_pcpus; i++)
        if (p->pcpus[i] < 0)
            plan->pcpus[i].number = -1;
}

int align_plan(struct plan *plan, const struct snapshot *from, const struct snapshot *to)
{
    struct places p = {0};
    int error = places_find(&p, from, to);

    if (!error)
        error = move(&plan->guests, &plan->cap_guests, plan->n_guests, p.guests, to->n_guests, sizeof(*plan->guests));
    if (!error)
        error = move(&plan->vcpus, &plan->cap_vcpus, plan->n_vcpus, p.vcpus, to->n_vcpus, sizeof(*plan->vcpus));
    if (!error)
        error = move(&plan->pcpus, &plan->cap_pcpus, plan->n_pcpus, p.pcpus, to->n_pcpus, sizeof(*plan->pcpus));
    if (!error) {
        plan->n_guests = to->n_guests;
        plan->n_vcpus = to->n_vcpus;
        plan->n_pcpus = to->n_pcpus;
        name_entries(plan, &p, to);
    }
    places_free(&p);
    return error;
}
