#include "cpu/demand/demand.h"

#include "core/model/array.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Counters come in steps of 10 ms and are not read in the same instant. */
#define STEP_S 0.004 /* deviation of the difference of two counters with such steps */
#define INEXACT_PCT 0.7
#define INEXACT_MAX_PCT 30.0
#define WATCHED 3
#define KIND_TOLERANCE 3.0
#define CAPPED 1.0
#define IDLE_PCT 1.0
#define REST_MAX 64
/* A rest is forgotten step by step: one halving for each time this many of it passed quietly. */
#define QUIET_RESTS 4
/* Decisions for which a vCPU doesn't go back to where it came from. */
#define BARRED 10

struct demand_guest {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    int first_vcpu, n_vcpus;
};

struct demand_side {
    struct demand_guest *guests;
    struct demand_vcpu *vcpus;
    struct demand_pcpu *pcpus;
    int n_guests, n_vcpus, n_pcpus;
    int cap_guests, cap_vcpus, cap_pcpus;
};

struct demand *demand_create(void)
{
    struct demand *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    for (int i = 0; i < 2; i++) {
        d->kept[i] = calloc(1, sizeof(*d->kept[i]));
        if (!d->kept[i]) {
            demand_free(d);
            return NULL;
        }
    }
    return d;
}

void demand_free(struct demand *d)
{
    if (!d)
        return;
    for (int i = 0; i < 2; i++) {
        if (!d->kept[i])
            continue;
        free(d->kept[i]->guests);
        free(d->kept[i]->vcpus);
        free(d->kept[i]->pcpus);
        free(d->kept[i]);
    }
    free(d);
}

static bool is_guest(const struct demand_guest *known, const struct snapshot_guest *g)
{
    return snapshot_same_guest(known->uuid, known->id, g->uuid, g->id);
}

/* Looks outwards from hint, as guests that stay keep their order but for those that came and went. */
static const struct demand_guest *find_guest(const struct demand_side *side, const struct snapshot_guest *g, int hint)
{
    int n = side->n_guests;

    for (int distance = 0; distance < n + hint; distance++) {
        if (hint - distance >= 0 && hint - distance < n && is_guest(&side->guests[hint - distance], g))
            return &side->guests[hint - distance];
        if (hint + distance < n && is_guest(&side->guests[hint + distance], g))
            return &side->guests[hint + distance];
    }
    return NULL;
}

static const struct demand_vcpu *find_vcpu(const struct demand_side *side, const struct demand_guest *g, int number)
{
    const struct demand_vcpu *vcpus;

    if (!g)
        return NULL;
    vcpus = side->vcpus + g->first_vcpu;
    if (number >= 0 && number < g->n_vcpus && vcpus[number].number == number)
        return &vcpus[number];
    for (int i = 0; i < g->n_vcpus; i++)
        if (vcpus[i].number == number)
            return &vcpus[i];
    return NULL;
}

static const struct demand_pcpu *find_pcpu(const struct demand_side *side, int number, int hint)
{
    if (hint < side->n_pcpus && side->pcpus[hint].number == number)
        return &side->pcpus[hint];
    for (int i = 0; i < side->n_pcpus; i++)
        if (side->pcpus[i].number == number)
            return &side->pcpus[i];
    return NULL;
}

/*
 * How exact the figure of an interval is. Demand is run / (time - wait): where a vCPU waited for most of the time,
 * little is left to tell by, and an error counts that much more.
 */
static double resolution_of(double seconds, double wait_pct)
{
    double left = fmax(1.0 - wait_pct / 100.0, 0.0);
    double exact = INEXACT_PCT + 100.0 * STEP_S / seconds;

    return fmin(exact / fmax(left, 0.01), INEXACT_MAX_PCT);
}

/* The mean scatter of all vCPUs that have been watched for a while. */
static double typical_scatter(const struct demand_side *side)
{
    double sum = 0.0;
    int n = 0;

    for (int i = 0; i < side->n_vcpus; i++) {
        if (side->vcpus[i].track.n >= WATCHED) {
            sum += fmax(side->vcpus[i].track.scatter, 0.0);
            n++;
        }
    }
    return n ? sum / n : 0.0;
}

/* Quotas cap demand, whatever kind it is of: seen by the demand reported being less than run and wait make. */
static double figure_of(struct demand_vcpu *v, const struct rates_vcpu *figures)
{
    double tolerance = fmax(KIND_TOLERANCE, sqrt(fmax(v->track.scatter, 0.0)));
    double figure_pct;

    if (!figures->has_wait)
        return figures->demand_pct;
    figure_pct = demand_kind_figure(&v->kind, figures->run_pct, figures->wait_pct, tolerance);
    if (figures->demand_pct * (100.0 - figures->wait_pct) < 100.0 * figures->run_pct - CAPPED)
        return fmin(figure_pct, figures->demand_pct);
    return figure_pct;
}

static void learn_vcpu(struct demand_vcpu *v, const struct snapshot_guest *g, const struct rates_vcpu *figures,
                       double seconds, double typical)
{
    double wait_pct = figures->has_wait ? figures->wait_pct : 0.0;

    v->measured = figures->known && g->state != SNAPSHOT_GUEST_PAUSED && g->leave_alone != SNAPSHOT_LEAVE_STALE;
    v->has_wait = figures->has_wait;
    v->run_pct = figures->run_pct;
    v->wait_pct = figures->wait_pct;
    if (!v->measured) {
        demand_kind_miss(&v->kind);
        return;
    }
    demand_track_add(&v->track, figure_of(v, figures), resolution_of(seconds, v->kind.open ? 0.0 : wait_pct), typical);
}

static void learn_guest(struct demand_side *to, const struct demand_side *from, const struct snapshot *now, int guest,
                        const struct rates *r, double typical)
{
    const struct snapshot_guest *g = &now->guests[guest];
    const struct demand_guest *known = find_guest(from, g, guest);
    struct demand_guest *kept = &to->guests[guest];

    memcpy(kept->uuid, g->uuid, sizeof(kept->uuid));
    kept->id = g->id;
    kept->first_vcpu = g->first_vcpu;
    kept->n_vcpus = g->n_vcpus;
    for (int i = g->first_vcpu; i < g->first_vcpu + g->n_vcpus; i++) {
        const struct demand_vcpu *before = find_vcpu(from, known, now->vcpus[i].number);

        if (before)
            to->vcpus[i] = *before;
        else
            to->vcpus[i] = (struct demand_vcpu){.number = now->vcpus[i].number, .rest.came_from = -1};
        if (r->seconds > 0.0)
            learn_vcpu(&to->vcpus[i], g, &r->vcpus[i], r->seconds, typical);
        else
            to->vcpus[i].measured = false;
    }
}

static void learn_pcpu(struct demand_side *to, const struct demand_side *from, const struct snapshot *now, int index,
                       const struct rates *r)
{
    const struct demand_pcpu *before = find_pcpu(from, now->pcpus[index].number, index);

    if (before)
        to->pcpus[index] = *before;
    else
        to->pcpus[index] = (struct demand_pcpu){.number = now->pcpus[index].number};
    if (r->seconds > 0.0 && r->pcpus[index].known)
        demand_track_add(&to->pcpus[index].track, r->pcpus[index].host_pct, resolution_of(r->seconds, 0.0), 0.0);
}

/* Those that idle tell nothing of those that don't. */
static void pool_scatter(struct demand *d)
{
    d->pool = (struct demand_pool){0};
    for (int i = 0; i < d->n_vcpus; i++)
        if (d->vcpus[i].track.level >= IDLE_PCT)
            demand_pool_add(&d->pool, &d->vcpus[i].track);
}

int demand_learn(struct demand *d, const struct snapshot *now, const struct rates *r)
{
    struct demand_side *from = d->kept[0], *to = d->kept[1];
    double typical = typical_scatter(from);

    if (array_reserve(&to->guests, &to->cap_guests, now->n_guests, sizeof(*to->guests)) ||
        array_reserve(&to->vcpus, &to->cap_vcpus, now->n_vcpus, sizeof(*to->vcpus)) ||
        array_reserve(&to->pcpus, &to->cap_pcpus, now->n_pcpus, sizeof(*to->pcpus)))
        return -ENOMEM;
    to->n_guests = now->n_guests;
    to->n_vcpus = now->n_vcpus;
    to->n_pcpus = now->n_pcpus;
    for (int g = 0; g < now->n_guests; g++)
        learn_guest(to, from, now, g, r, typical);
    for (int p = 0; p < now->n_pcpus; p++)
        learn_pcpu(to, from, now, p, r);
    d->kept[0] = to;
    d->kept[1] = from;
    d->vcpus = to->vcpus;
    d->pcpus = to->pcpus;
    d->n_vcpus = to->n_vcpus;
    d->n_pcpus = to->n_pcpus;
    d->decisions++;
    pool_scatter(d);
    return 0;
}

void demand_moved(struct demand *d, int vcpu, int from_cpu, double cooldown)
{
    struct demand_rest *rest = &d->vcpus[vcpu].rest;
    int first = (int)ceil(cooldown);

    if (rest->length > 0) {
        int quiet = d->decisions - rest->last_moved;

        for (rest->length *= 2; rest->length > first && quiet > QUIET_RESTS * rest->length / 2;) {
            quiet -= QUIET_RESTS * rest->length / 2;
            rest->length /= 2;
        }
    }
    if (rest->length < first)
        rest->length = first;
    if (rest->length > REST_MAX && REST_MAX > first)
        rest->length = REST_MAX;
    rest->until = d->decisions + rest->length;
    rest->last_moved = d->decisions;
    rest->came_from = from_cpu;
}

int demand_resting(const struct demand *d, int vcpu)
{
    int left = d->vcpus[vcpu].rest.until - d->decisions;

    return left > 0 ? left : 0;
}

int demand_barred(const struct demand *d, int vcpu)
{
    const struct demand_rest *rest = &d->vcpus[vcpu].rest;

    return rest->came_from >= 0 && d->decisions - rest->last_moved < BARRED ? rest->came_from : -1;
}
