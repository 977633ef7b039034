#include "cpu/place_wait.h"

#include "core/model/cpumask.h"
#include "cpu/queue_wait.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Where a vCPU is that may run in any place. */
enum { EVERYWHERE = -1, NOWHERE = -2 };

/* In the place of a vCPU: its guest's other threads, as far as they go with one. Their work comes from outside. */
enum { NO_VCPU = -1 };

/* How much vCPUs wait though another pCPU is free where nothing tells. */
#define STUCK_UNSEEN 0.5
/* Where the kernel makes less of a difference than so many points, over all vCPUs together, nothing tells. */
#define LEAST_TOLD 5.0

/* What is beyond that isn't of the model's making. */
#define FACTOR_MOST 2.0

/* What the prediction works in. */
struct work {
    const struct problem *problem;
    const int *size;
    struct place_wait_host host;
    int *place;                    /* per vCPU: of the pool, EVERYWHERE or NOWHERE */
    struct queue_wait_vcpu *vcpus; /* those that share a place */
    int *which;                    /* which vCPUs these are, or NO_VCPU */
    double *room;
    double *wait_pct;
    double pcpus;        /* of all places */
    double floating_pct; /* what floats wants */
};

static double pcpus_of(const struct work *w, int place)
{
    int at = w->problem->pool[place];
    double fixed_pct = w->problem->source->demand->pcpus[at].fixed_pct;

    return fmax((w->size[at]) - fixed_pct / 100.0, 0.0);
}

static int place_after(const struct problem *p, const struct placement *plan, int vcpu)
{
    const struct snapshot *now = p->source->now;
    int index = p->vcpus[vcpu].index, at = snapshot_pinned_to(now, &now->vcpus[vcpu]);

    if (p->vcpus[vcpu].role == PROBLEM_PAUSED || p->vcpus[vcpu].role == PROBLEM_LEARNING)
        return NOWHERE;
    if (index >= 0 && plan && plan->to[index] >= 0)
        return plan->to[index];
    if (at < 0 || (p->source->is_free && p->source->is_free[vcpu]))
        return EVERYWHERE;
    return p->place[at] >= 0 ? p->place[at] : NOWHERE;
}

/* Predicts for all that share so many pCPUs: those of a place, where each that floats is for that share of the time,
 * or, as EVERYWHERE, everybody, of whom those that float are told. */
static void predict_place(struct work *w, int place, double pcpus, double share)
{
    const struct problem *p = w->problem;
    const struct demand *d = p->source->demand;
    int n = 0;

    for (int i = 0; i < p->source->now->n_vcpus; i++) {
        double part = w->place[i] == place || place == EVERYWHERE ? 1.0 : share;

        if (w->place[i] == NOWHERE || (part < 1.0 && w->place[i] != EVERYWHERE))
            continue;
        w->which[n] = i;
        w->vcpus[n++] = (struct queue_wait_vcpu){.demand_pct = part * (p->vcpus[i].load_pct - p->vcpus[i].beside_pct),
                                                 .open = demand_kind_open(&d->vcpus[i].kind, &d->kinds)};
        if (p->vcpus[i].beside_pct <= 0.0)
            continue;
        w->which[n] = NO_VCPU;
        w->vcpus[n++] = (struct queue_wait_vcpu){.demand_pct = part * p->vcpus[i].beside_pct, .open = 1.0};
    }
    queue_wait_predict(w->vcpus, n, pcpus, w->host.stuck, w->room);
    for (int i = 0; i < n; i++)
        if (w->which[i] != NO_VCPU && w->place[w->which[i]] == place)
            w->wait_pct[w->which[i]] = fmin(w->host.factor * w->vcpus[i].wait_pct, 100.0);
}

static void predict_all(struct work *w, const struct placement *plan)
{
    const struct problem *p = w->problem;

    for (int i = 0; i < p->source->now->n_vcpus; i++) {
        w->wait_pct[i] = -1.0;
        w->place[i] = place_after(p, plan, i);
        w->floating_pct += w->place[i] == EVERYWHERE ? p->vcpus[i].load_pct : 0.0;
    }
    for (int i = 0; i < p->n_pool; i++)
        w->pcpus += pcpus_of(w, i);
    for (int i = 0; i < p->n_pool && w->pcpus > 0.0; i++)
        predict_place(w, i, pcpus_of(w, i), fmin(pcpus_of(w, i) / w->pcpus, 0.999));
    if (w->floating_pct > 0.0)
        predict_place(w, EVERYWHERE, w->pcpus, 1.0);
}

static double mean_wait(const struct problem *p, const double *wait_pct)
{
    double sum = 0.0;
    int n = 0;

    for (int i = 0; i < p->source->now->n_vcpus; i++) {
        if (wait_pct[i] < 0.0 || p->vcpus[i].load_pct < PLACEMENT_IDLE_PCT)
            continue;
        sum += wait_pct[i];
        n++;
    }
    return n > 0 ? sum / n : -1.0;
}

double place_wait_predict(const struct problem *p, const struct placement *plan, const int *size,
                          struct place_wait_host host, double *wait_pct, int *error)
{
    size_t n = 2 * (size_t)p->source->now->n_vcpus + 2; /* each with what goes with it */
    struct work w = {.problem = p,
                     .size = size,
                     .host = host,
                     .place = calloc(n, sizeof(*w.place)),
                     .vcpus = calloc(n, sizeof(*w.vcpus)),
                     .which = calloc(n, sizeof(*w.which)),
                     .room = calloc(n, sizeof(*w.room)),
                     .wait_pct = wait_pct};

    *error = w.place && w.vcpus && w.which && w.room ? 0 : -ENOMEM;
    if (!*error)
        predict_all(&w, plan);
    free(w.place);
    free(w.vcpus);
    free(w.which);
    free(w.room);
    return *error ? -1.0 : mean_wait(p, wait_pct);
}

/* True for a vCPU whose wait tells: its mask is a place, or all of them. */
static bool tells(const struct problem *p, int vcpu)
{
    const struct snapshot *now = p->source->now;
    const uint64_t *mask = snapshot_mask(now, now->vcpus[vcpu].affinity);

    if (snapshot_pinned_to(now, &now->vcpus[vcpu]) >= 0)
        return !p->source->loose[vcpu];
    for (int i = 0; i < p->n_pool; i++)
        if (!mask || !cpumask_has(mask, p->words, p->cpu[i]))
            return false;
    return true;
}

int place_wait_look(const struct problem *p, const int *size, const struct rates *r, double *wait_pct,
                    struct place_wait_seen *seen)
{
    int error;

    for (int stuck = 0; stuck <= 1; stuck++) {
        place_wait_predict(p, NULL, size, (struct place_wait_host){stuck, 1.0}, wait_pct, &error);
        for (int i = 0; i < p->source->now->n_vcpus && !error; i++) {
            if (wait_pct[i] < 0.0 || !r->vcpus[i].has_wait || !tells(p, i))
                continue;
            *(stuck ? &seen->most : &seen->least) += wait_pct[i];
            seen->waited += stuck ? r->vcpus[i].wait_pct : 0.0;
        }
    }
    return error;
}

struct place_wait_host place_wait_learn(const struct place_wait_seen *seen)
{
    struct place_wait_host host = {STUCK_UNSEEN, 1.0};

    if (seen->most - seen->least >= LEAST_TOLD)
        host.stuck = fmin(fmax((seen->waited - seen->least) / (seen->most - seen->least), 0.0), 1.0);
    if (seen->most >= LEAST_TOLD)
        host.factor = fmin(fmax(seen->waited / seen->most, 1.0), FACTOR_MOST);
    return host;
}
