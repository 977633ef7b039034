#include "tests/sim/memory_rivals.h"

#include "memory/coordinator.h"
#include "tests/sim/fixed_step.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 3 };                     /* figures of which a mean is taken */
static const double least_mib = 8;     /* changes by less aren't asked for */
static const double reserve_mib = 200; /* of the host, where settings don't say */
static const double use_of_host = 0.8; /* what is aimed at, and of each guest by the controller */

/* A guest as rivals see it. MiB. */
struct rival_guest {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    double min;        /* its size when it was first seen */
    double used[KEPT]; /* size less unused, the last one first */
    unsigned seen;
    double error, last_error; /* of the controller */
};

struct rival {
    struct coordinator_settings settings;
    struct rival_guest *guests;
    int n, cap;
};

/* One that may be moved now. */
struct candidate {
    int at; /* in the snapshot */
    const struct rival_guest *memory;
    double size, max, unused, weight, to;
};

static double mib(uint64_t kib)
{
    return (double)kib / 1024;
}

static void *create(const void *settings)
{
    struct rival *r = calloc(1, sizeof(*r));

    if (r)
        r->settings = *(const struct coordinator_settings *)settings;
    return r;
}

static void destroy(void *state)
{
    struct rival *r = state;

    free(r->guests);
    free(r);
}

static void applied(void *state, const struct snapshot *now, const struct plan *done)
{
    (void)state;
    (void)now;
    (void)done;
}

static double host_free(const struct snapshot *now)
{
    const struct snapshot_host *h = &now->host;

    return mib(h->has & SNAPSHOT_HOST_HAS_AVAILABLE ? h->available_kib : h->free_kib);
}

static double reserve_of(const struct rival *r)
{
    return r->settings.host_reserve_mib >= 0 ? r->settings.host_reserve_mib : reserve_mib;
}

static bool reports(const struct snapshot_guest *g)
{
    const struct snapshot_memory *m = &g->memory;

    return m->balloon && !m->inhibited && g->state == SNAPSHOT_GUEST_RUNNING && g->leave_alone == SNAPSHOT_LEAVE_NO &&
           m->has & SNAPSHOT_HAS_UNUSED && m->has & SNAPSHOT_HAS_MAX;
}

static struct rival_guest *find(const struct rival *r, const uint8_t *uuid)
{
    for (int i = 0; i < r->n; i++)
        if (memcmp(r->guests[i].uuid, uuid, SNAPSHOT_UUID_BYTES) == 0)
            return &r->guests[i];
    return NULL;
}

static struct rival_guest *add(struct rival *r, const struct snapshot_guest *g)
{
    struct rival_guest *new;

    if (r->n == r->cap) {
        int cap = r->cap ? 2 * r->cap : 16;
        struct rival_guest *grown = realloc(r->guests, (size_t)cap * sizeof(*grown));

        if (!grown)
            return NULL;
        r->guests = grown;
        r->cap = cap;
    }
    new = &r->guests[r->n++];
    memset(new, 0, sizeof(*new));
    memcpy(new->uuid, g->uuid, sizeof(new->uuid));
    new->min = mib(g->memory.size_kib);
    return new;
}

/* What a guest can't give back: its kernel's own account where it gives one. */
static double in_use(const struct snapshot_memory *m)
{
    return mib(m->size_kib) - mib(m->has & SNAPSHOT_HAS_USABLE ? m->usable_kib : m->unused_kib);
}

static int learn(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *rates)
{
    struct rival *r = state;

    (void)before;
    (void)rates;
    for (int i = 0; i < now->n_guests; i++) {
        const struct snapshot_guest *g = &now->guests[i];
        struct rival_guest *known = find(r, g->uuid);

        if (!known && !(known = add(r, g)))
            return -ENOMEM;
        if (!reports(g))
            continue;
        memmove(known->used + 1, known->used, sizeof(*known->used) * (KEPT - 1));
        known->used[0] = mib(g->memory.size_kib) - mib(g->memory.unused_kib);
        known->seen++;
        known->last_error = known->seen > 1 ? known->error : 0;
        known->error = in_use(&g->memory) / use_of_host - mib(g->memory.size_kib);
    }
    return 0;
}

static double mean_used(const struct rival_guest *g)
{
    unsigned n = g->seen < KEPT ? g->seen : KEPT;
    double sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += g->used[i];
    return n > 0 ? sum / n : 0;
}

/* All that may be moved, each with its size as what it is to have. NULL when memory is out. */
static struct candidate *candidates(const struct rival *r, const struct snapshot *now, int *n)
{
    struct candidate *list = calloc((size_t)now->n_guests + 1, sizeof(*list));

    *n = 0;
    for (int i = 0; list && i < now->n_guests; i++) {
        const struct snapshot_guest *g = &now->guests[i];
        const struct rival_guest *known = find(r, g->uuid);

        if (!reports(g) || !known)
            continue;
        list[(*n)++] = (struct candidate){.at = i,
                                          .memory = known,
                                          .size = mib(g->memory.size_kib),
                                          .max = mib(g->memory.max_kib),
                                          .unused = mib(g->memory.unused_kib),
                                          .weight = g->memory.weight > 0 ? g->memory.weight : 1,
                                          .to = mib(g->memory.size_kib)};
    }
    return list;
}

/* Writes down all that changed by enough, within floor and maximum. */
static int write_plan(const struct rival *r, const struct snapshot *now, const struct candidate *list, int n,
                      struct plan *out)
{
    for (int i = 0; i < n; i++) {
        double to = fmin(fmax(list[i].to, fmin(r->settings.guest_floor_mib, list[i].size)), list[i].max);
        struct plan_action *a;

        if (fabs(to - list[i].size) < least_mib)
            continue;
        a = plan_add_action(out, PLAN_SET_MEMORY, now, list[i].at);
        if (!a)
            return -ENOMEM;
        a->from_kib = now->guests[list[i].at].memory.size_kib;
        a->to_kib = (uint64_t)(to * 1024);
        snprintf(a->reason, sizeof(a->reason), "%.0f MiB unused", list[i].unused);
    }
    return 0;
}

/* What all that grow are given together is cut down to what the host has above its reserve. */
static void keep_reserve(const struct rival *r, const struct snapshot *now, struct candidate *list, int n)
{
    double wanted = 0, there = fmax(host_free(now) - reserve_of(r), 0);

    for (int i = 0; i < n; i++)
        wanted += fmax(list[i].to - list[i].size, 0);
    for (int i = 0; i < n && wanted > there; i++)
        if (list[i].to > list[i].size)
            list[i].to = list[i].size + (list[i].to - list[i].size) * there / wanted;
}

typedef void chooser(const struct rival *r, const struct snapshot *now, struct candidate *list, int n);

static int plan_with(const void *state, const struct snapshot *now, struct plan *out, chooser *choose)
{
    struct candidate *list;
    int n, rc;

    plan_reset(out, now->cpu_limit);
    rc = plan_size_for(out, now);
    list = candidates(state, now, &n);
    if (rc || !list) {
        free(list);
        return -ENOMEM;
    }
    choose(state, now, list, n);
    rc = write_plan(state, now, list, n, out);
    free(list);
    return rc;
}

/* oVirt's MOM. */
static const double mom_pressure = 0.20, mom_critical = 0.05, mom_guest_free = 0.20, mom_most = 0.05,
                    mom_least = 0.0025;

static void mom_shrink(struct candidate *c, double host_part)
{
    double free_part = host_part <= mom_critical ? host_part - 0.05 : mom_guest_free * host_part / mom_pressure;
    double to = fmax(c->size * (1 - mom_most), mean_used(c->memory) + free_part * c->size);

    if (to <= c->size && c->size - to > mom_least * c->size)
        c->to = to;
}

static void mom_grow(struct candidate *c)
{
    double to = fmin(c->size * (1 + mom_most), c->max);

    to = fmax(to, mean_used(c->memory) + mom_guest_free * c->max);
    if (to >= c->size && to - c->size > mom_least * c->size)
        c->to = fmin(to, c->max);
}

static void mom(const struct rival *r, const struct snapshot *now, struct candidate *list, int n)
{
    double part = host_free(now) / fmax(mib(now->host.total_kib), 1);

    (void)r;
    for (int i = 0; i < n; i++)
        if (part < mom_pressure)
            mom_shrink(&list[i], part);
        else
            mom_grow(&list[i]);
}

/* Proxmox VE. */
static const double proxmox_most_mib = 100, proxmox_least_mib = 10, proxmox_enough = 0.25;

static bool has_enough(const struct candidate *c)
{
    return c->unused > c->memory->min * proxmox_enough && c->size >= c->memory->min;
}

/* Shares rest (negative: takes it) out among those that have enough, or haven't, or (NULL) all. Returns what is left of
 * it. */
static double share_out(struct candidate *list, int n, double rest, const bool *enough)
{
    for (int round = 0; round < n && fabs(rest) > 1; round++) {
        double shares = 0, above = 0, changed = 0;

        for (int i = 0; i < n; i++) {
            if (enough && has_enough(&list[i]) != *enough)
                continue;
            shares += list[i].weight;
            above += list[i].to - list[i].memory->min;
        }
        for (int i = 0; i < n && shares > 0; i++) {
            struct candidate *c = &list[i];
            double to;

            if (enough && has_enough(c) != *enough)
                continue;
            to = c->memory->min + (above + rest) * c->weight / shares;
            to = fmin(fmax(to, c->memory->min), c->max);
            to = fmin(fmax(to, c->size - proxmox_most_mib), c->size + proxmox_most_mib);
            if ((to - c->to) * rest <= 0)
                continue;
            changed += to - c->to;
            c->to = to;
        }
        if (fabs(changed) < 1)
            break;
        rest -= changed;
    }
    return rest;
}

static void proxmox(const struct rival *r, const struct snapshot *now, struct candidate *list, int n)
{
    double total = mib(now->host.total_kib), goal = use_of_host * total - (total - host_free(now)), rest;
    bool preferred = goal < 0; /* who shrinks first has enough, who grows first hasn't */

    (void)r;
    if (fabs(goal) <= proxmox_least_mib)
        return;
    rest = share_out(list, n, goal, &preferred);
    if (fabs(rest) >= fabs(goal) - 1)
        share_out(list, n, rest, NULL);
}

/* XAPI's squeezed. */
static void squeezed(const struct rival *r, const struct snapshot *now, struct candidate *list, int n)
{
    double pool = host_free(now) - reserve_of(r), least = 0, span = 0, part;

    for (int i = 0; i < n; i++) {
        pool += list[i].size;
        least += list[i].memory->min;
        span += list[i].max - list[i].memory->min;
    }
    part = span > 0 ? fmin(fmax((pool - least) / span, 0), 1) : 0;
    for (int i = 0; i < n; i++)
        list[i].to = list[i].memory->min + part * (list[i].max - list[i].memory->min);
    keep_reserve(r, now, list, n);
}

/* The controller, in its velocity form, so that what couldn't be given doesn't wind it up. */
static const double pi_proportional = 0.5, pi_integral = 0.5;

static void pi(const struct rival *r, const struct snapshot *now, struct candidate *list, int n)
{
    for (int i = 0; i < n; i++) {
        const struct rival_guest *g = list[i].memory;

        list[i].to = list[i].size + pi_proportional * (g->error - g->last_error) + pi_integral * g->error;
    }
    keep_reserve(r, now, list, n);
}

static void nothing(const struct rival *r, const struct snapshot *now, struct candidate *list, int n)
{
    (void)r;
    (void)now;
    (void)list;
    (void)n;
}

#define RIVAL(choose)                                                                                                  \
    static int choose##_plan(const void *state, const struct snapshot *now, const struct rates *rates,                 \
                             const struct policy_request *request, struct plan *out)                                   \
    {                                                                                                                  \
        (void)rates;                                                                                                   \
        (void)request;                                                                                                 \
        return plan_with(state, now, out, choose);                                                                     \
    }                                                                                                                  \
    const struct policy_ops memory_rival_##choose = {                                                                  \
        .create = create, .destroy = destroy, .learn = learn, .plan = choose##_plan, .applied = applied}

RIVAL(mom);
RIVAL(proxmox);
RIVAL(squeezed);
RIVAL(pi);
RIVAL(nothing);

const struct memory_rival memory_rivals[] = {
    {"coordinator", &coordinator_policy, 0},
    {"coordinator --burst 100", &coordinator_policy, 100},
    {"MOM", &memory_rival_mom, 0},
    {"Proxmox VE", &memory_rival_proxmox, 0},
    {"squeezed", &memory_rival_squeezed, 0},
    {"PI to 80 %", &memory_rival_pi, 0},
    {"fixed step", &fixed_step_policy, 0},
    {"nothing", &memory_rival_nothing, 0},
    {.name = NULL},
};
