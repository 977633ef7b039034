#include "cpu/demand/demand.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"
#include "cpu/demand/demand_prior.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Standard deviation of a difference of two counters with steps of 10 ms. */
#define STEP_S 0.0041
/* Loads are taken to stand still for so many intervals until they show otherwise: whoever sets the interval expects
 * loads to outlast it by far. */
#define STANDS_INTERVALS 30.0
/* A load that stands still for less than so many intervals isn't followed: it would change before its pins pay. */
#define FOLLOW_INTERVALS 4.0
#define FIRST_INTERVAL_S 4.0
/* Where a vCPU never slept in so many samples and got more than an open load was thought to want, that was wrong. */
#define BELIEVED_SAMPLES 3
/* Quotas cap demand: seen by the demand reported being less than run and wait make, by more than so many points. */
#define CAPPED_PCT 1.0
/* Below this demand a vCPU tells nothing of those that don't idle. */
#define IDLE_PCT 1.0
/* vCPUs that make a group from whose differences anything can be learned. */
#define LEAST_PEERS 3

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
    free(d->priors);
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

static double interval_s(const struct demand *d)
{
    return d->interval_s > 0.0 ? d->interval_s : FIRST_INTERVAL_S;
}

static double stands_s(const struct demand *d)
{
    return STANDS_INTERVALS * interval_s(d);
}

/* Counters that say nothing of the vCPU: it was paused, hung, or began again. */
static bool is_measured(const struct snapshot_guest *g, const struct rates_vcpu *figures)
{
    return figures->known && g->state != SNAPSHOT_GUEST_PAUSED && g->leave_alone != SNAPSHOT_LEAVE_STALE;
}

/* A figure over the time between two samples, of which it could be seen for seen_s. It's off by steps of its counters,
 * and as much as that time is off, by which run times are divided, of which waits are taken. */
static void add_figure(const struct demand *d, struct demand_level *l, double figure_pct, double seen_s,
                       const struct rates *r)
{
    double resolution = hypot(100.0 * STEP_S, figure_pct * r->seconds_off) / seen_s;

    demand_level_add(l, figure_pct, seen_s, resolution, r->seconds, stands_s(d), &d->peers);
}

static double capped(double figure_pct, double quota_pct)
{
    return quota_pct >= 0.0 ? fmin(figure_pct, quota_pct) : figure_pct;
}

/* What the vCPU may want at most by its quota; < 0: it has none that binds. */
static double quota_of(const struct rates_vcpu *figures)
{
    double wait_pct = figures->has_wait ? figures->wait_pct : 0.0;

    return figures->demand_pct * (100.0 - wait_pct) < 100.0 * (figures->run_pct - CAPPED_PCT) ? figures->demand_pct
                                                                                              : -1.0;
}

static void learn_kinds(struct demand *d, struct demand_vcpu *v, const struct rates_vcpu *figures,
                        const struct rates *r)
{
    double seconds = r->seconds, wait_pct = figures->has_wait ? figures->wait_pct : 0.0, quota_pct = quota_of(figures),
           jumps[2];
    double wants_pct = v->open.n ? demand_level_now(&v->open).mean : -1.0;
    struct demand_kind_figures f =
        demand_kind_add(&v->kind, figures->run_pct, wait_pct, 100.0 * r->seconds_off / seconds, seconds, wants_pct);

    v->most_pct = capped(100.0, quota_pct);
    jumps[0] = v->closed.changes;
    jumps[1] = v->open.changes;
    add_figure(d, &v->closed, capped(f.closed_pct, quota_pct),
               f.saturated ? seconds : fmax(seconds * (1.0 - wait_pct / 100.0), 0.01 * seconds), r);
    if (v->kind.now.saturated && v->kind.now.samples >= BELIEVED_SAMPLES && v->kind.now.open_pct > wants_pct + 1.0)
        v->open = (struct demand_level){0};
    else if (!f.draining && !(f.hidden && (wants_pct < 0.0 || f.open_pct <= wants_pct))) {
        if (v->open_hidden && !f.hidden)
            v->open = (struct demand_level){0};
        v->open_hidden = f.hidden;
        add_figure(d, &v->open, capped(f.open_pct, quota_pct), seconds, r);
    }
    if (v->closed.changes > jumps[0] && v->open.changes > jumps[1])
        demand_kind_jumped(&v->kind);
    demand_kind_compare(&v->kind, v->closed.runs[0].variance, v->open.n ? v->open.runs[0].variance : 0.0);
}

static bool jumped(const struct demand_vcpu *before, const struct demand_vcpu *now)
{
    return now->closed.changes > before->closed.changes && now->open.changes > before->open.changes;
}

/* Whether the guest's emulator, and so what its vhost workers and helpers do, may be placed with its vCPUs. */
static bool threads_follow(const struct snapshot *now, const struct snapshot_guest *g)
{
    for (int i = g->first_thread; i < g->first_thread + g->n_threads; i++) {
        const uint64_t *found = snapshot_mask(now, now->threads[i].found);

        if (now->threads[i].number == SNAPSHOT_EMULATOR)
            return found && snapshot_is_everywhere(now, found);
    }
    return false;
}

/* What the guest's other threads do, over about an interval. */
static void learn_threads(const struct demand *d, const struct snapshot *now, int guest, const struct rates *r,
                          struct demand_vcpu *vcpus)
{
    const struct snapshot_guest *g = &now->guests[guest];
    bool follow = g->n_threads > 0 && threads_follow(now, g);
    double weight = -expm1(-r->seconds / interval_s(d));

    for (int i = g->first_vcpu; i < g->first_vcpu + g->n_vcpus; i++) {
        vcpus[i].follow = follow;
        if (g->n_threads == 0)
            vcpus[i].beside_pct = 0.0;
        else if (r->guests[guest].has_other)
            vcpus[i].beside_pct += weight * (r->guests[guest].other_pct / g->n_vcpus - vcpus[i].beside_pct);
    }
}

static void learn_guest(struct demand *d, const struct snapshot *now, int guest, const struct rates *r, int *jumps)
{
    struct demand_side *from = d->kept[0], *to = d->kept[1];
    const struct snapshot_guest *g = &now->guests[guest];
    const struct demand_guest *known = find_guest(from, g, guest);
    struct demand_guest *kept = &to->guests[guest];

    memcpy(kept->uuid, g->uuid, sizeof(kept->uuid));
    kept->id = g->id;
    kept->first_vcpu = g->first_vcpu;
    kept->n_vcpus = g->n_vcpus;
    for (int i = g->first_vcpu; i < g->first_vcpu + g->n_vcpus; i++) {
        const struct demand_vcpu *before = find_vcpu(from, known, now->vcpus[i].number);
        struct demand_vcpu *v = &to->vcpus[i];

        if (before)
            *v = *before;
        else
            *v = (struct demand_vcpu){.number = now->vcpus[i].number,
                                      .cooldown = {.came_from = -1, .came_from_before = -1}};
        v->measured = r->seconds > 0.0 && is_measured(g, &r->vcpus[i]);
        if (!v->measured)
            continue;
        v->known = true;
        v->seconds += r->seconds;
        v->has_wait = r->vcpus[i].has_wait;
        v->run_pct = r->vcpus[i].run_pct;
        v->wait_pct = v->has_wait ? r->vcpus[i].wait_pct : 0.0;
        learn_kinds(d, v, &r->vcpus[i], r);
        *jumps += before && jumped(before, v);
    }
    learn_threads(d, now, guest, r, to->vcpus);
}

static void list_pcpus(struct demand *d, const struct snapshot *now)
{
    const struct demand_side *from = d->kept[0];
    struct demand_side *to = d->kept[1];

    for (int i = 0; i < now->n_pcpus; i++) {
        const struct demand_pcpu *before = find_pcpu(from, now->pcpus[i].number, i);

        to->pcpus[i] = before ? *before : demand_pcpu_new(now->pcpus[i].number);
    }
}

static void learn_peers(struct demand *d)
{
    demand_level_peers_begin(&d->peers);
    d->kinds = (struct demand_kind_peers){0};
    for (int i = 0; i < d->n_vcpus; i++) {
        if (!d->vcpus[i].known || demand_level_now(&d->vcpus[i].closed).mean < IDLE_PCT)
            continue;
        demand_level_peers_add(&d->peers, &d->vcpus[i].closed);
        demand_kind_peers_add(&d->kinds, &d->vcpus[i].kind);
    }
}

/* What an open load wants that was never seen to sleep may be anything from what it gets on. It counts as all there is,
 * which never asks for too little. */
static struct demand_level_belief unseen(double run_pct, double most_pct)
{
    double width = fmax(most_pct - run_pct, 0.0);

    return (struct demand_level_belief){most_pct, width * width / 12.0};
}

static struct demand_level_belief believe_level(const struct demand *d, const struct demand_level *l, double *lasts_s)
{
    return demand_level_believe(l, FOLLOW_INTERVALS * interval_s(d), 100.0, stands_s(d), &d->peers, lasts_s);
}

static void believe(const struct demand *d, struct demand_vcpu *v)
{
    double p = demand_kind_open(&v->kind, &d->kinds), closed_stands_s, open_stands_s;
    struct demand_level_belief closed = believe_level(d, &v->closed, &closed_stands_s), open;
    double off;

    open_stands_s = closed_stands_s;
    open = v->open.n ? believe_level(d, &v->open, &open_stands_s) : unseen(v->run_pct, v->most_pct);
    off = open.mean - closed.mean;
    v->level_pct = (1.0 - p) * closed.mean + p * open.mean;
    v->measuring = (1.0 - p) * closed.variance + (v->open.n ? p * open.variance : 0.0);
    v->variance = (1.0 - p) * closed.variance + p * open.variance + p * (1.0 - p) * off * off;
    v->stands_s = (1.0 - p) * closed_stands_s + p * open_stands_s;
}

/*
 * Levels that are known badly lie nearer to what is typical than they look: each is believed only as far as levels
 * differ in truth.
 */
static void shrink(struct demand *d)
{
    struct demand_prior prior = {0};

    for (int i = 0; i < d->n_vcpus; i++)
        if (d->vcpus[i].known && d->vcpus[i].level_pct >= IDLE_PCT)
            d->priors[prior.n++] = (struct demand_level_belief){d->vcpus[i].level_pct, d->vcpus[i].measuring};
    if (prior.n < LEAST_PEERS)
        return;
    demand_prior_find(&prior, d->priors);
    for (int i = 0; i < d->n_vcpus; i++) {
        struct demand_vcpu *v = &d->vcpus[i];
        double share = demand_prior_share(&prior, v->measuring);

        if (!v->known || v->level_pct < IDLE_PCT)
            continue;
        v->level_pct = prior.mean + share * (v->level_pct - prior.mean);
        v->variance -= (1.0 - share) * (1.0 - 1.0 / prior.n) * v->measuring;
        v->measuring *= share + (1.0 - share) / prior.n;
    }
}

int demand_sample(struct demand *d, const struct snapshot *now, const struct rates *r)
{
    struct demand_side *to = d->kept[1];
    int jumps = 0;

    if (array_reserve(&to->guests, &to->cap_guests, now->n_guests, sizeof(*to->guests)) ||
        array_reserve(&to->vcpus, &to->cap_vcpus, now->n_vcpus, sizeof(*to->vcpus)) ||
        array_reserve(&d->priors, &d->cap_priors, now->n_vcpus, sizeof(*d->priors)) ||
        array_reserve(&to->pcpus, &to->cap_pcpus, now->n_pcpus, sizeof(*to->pcpus)))
        return -ENOMEM;
    to->n_guests = now->n_guests;
    to->n_vcpus = now->n_vcpus;
    to->n_pcpus = now->n_pcpus;
    for (int g = 0; g < now->n_guests; g++)
        learn_guest(d, now, g, r, &jumps);
    list_pcpus(d, now);
    demand_pcpu_learn(to->pcpus, now, r, interval_s(d), stands_s(d), &d->hosts);
    d->kept[1] = d->kept[0];
    d->kept[0] = to;
    d->vcpus = to->vcpus;
    d->pcpus = to->pcpus;
    d->n_vcpus = to->n_vcpus;
    d->n_pcpus = to->n_pcpus;
    if (r->seconds <= 0.0)
        return 0;
    demand_level_peers_jumped(&d->peers, jumps, now->n_vcpus, r->seconds);
    learn_peers(d);
    for (int i = 0; i < d->n_vcpus; i++)
        if (d->vcpus[i].known)
            believe(d, &d->vcpus[i]);
    shrink(d);
    return 0;
}

void demand_interval(struct demand *d, double seconds)
{
    d->decisions++;
    if (seconds > 0.0)
        d->interval_s = seconds;
    for (int i = 0; i < d->n_pcpus; i++)
        demand_pcpu_interval(&d->pcpus[i]);
}

void demand_moved(struct demand *d, int vcpu, int from_cpu, double cooldown)
{
    demand_cooldown_begin(&d->vcpus[vcpu].cooldown, d->decisions, from_cpu, cooldown);
}

void demand_thread_refused(struct demand *d, int first_vcpu, double cooldown)
{
    demand_cooldown_begin(&d->vcpus[first_vcpu].refused, d->decisions, -1, cooldown);
}

int demand_cooldown_left_of(const struct demand *d, int vcpu)
{
    return demand_cooldown_left(&d->vcpus[vcpu].cooldown, d->decisions);
}

int demand_barred(const struct demand *d, int vcpu, int which)
{
    return demand_cooldown_barred(&d->vcpus[vcpu].cooldown, d->decisions, which);
}
