#include "cpu/problem.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"
#include "core/model/statistics.h"
#include "cpu/capacity.h"
#include "cpu/dedicated.h"
#include "cpu/problem_believe.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A vCPU of this demand is hot: two of them want a core each. */
#define HOT_PCT 50.0
/* Points of standard deviation that leaving the node of its memory must gain. */
#define LEAVE_HOME_GAIN 5.0
/* Gains are meant for a host of this many pCPUs: among more, a move changes the deviation of all by less, while it
 * helps the two pCPUs that it concerns just as much. */
#define GAIN_PCPUS 4.0
/* No load is expected to stand still for longer than this. */
#define MOST_INTERVALS 50.0
/* Plans don't aim at less than this share of what the deviation may be off by; where the aim is out of reach, they
 * needn't come nearer to the best than by that other share. */
#define NOISE_AIM 0.25
#define NOISE_NEAR 0.5
/* Where vCPUs are adopted, deviations within half a point are equal, so that vCPUs of one guest come to lie apart. With
 * a tenth of a point two of them shared a pCPU in one of five runs of eight equal ones on four pCPUs. */
#define ADOPTION_EQUAL_SD 0.5

void problem_free(struct problem *p)
{
    free(p->pool);
    free(p->place);
    free(p->owner);
    free(p->vcpu_of);
    free(p->vcpus);
    free(p->load_pct);
    free(p->uncertainty);
    free(p->shrunk_pct);
    free(p->spare);
    free(p->placement_vcpus);
    free(p->background_pct);
    free(p->capacity);
    free(p->cpu);
    free(p->core);
    free(p->llc);
    free(p->node);
    free(p->masks);
    free(p->usual);
    memset(p, 0, sizeof(*p));
}

static int reserve(struct problem *p, const struct snapshot *now)
{
    int n = now->n_pcpus;

    p->words = snapshot_words(now);
    if (array_reserve(&p->pool, &p->cap_pool, n, sizeof(*p->pool)) ||
        array_reserve(&p->place, &p->cap_place, n, sizeof(*p->place)) ||
        array_reserve(&p->owner, &p->cap_owner, n, sizeof(*p->owner)) ||
        array_reserve(&p->load_pct, &p->cap_load, n, sizeof(*p->load_pct)) ||
        array_reserve(&p->uncertainty, &p->cap_uncertainty, n, sizeof(*p->uncertainty)) ||
        array_reserve(&p->spare, &p->cap_spare, n, sizeof(*p->spare)) ||
        array_reserve(&p->shrunk_pct, &p->cap_shrunk, n, sizeof(*p->shrunk_pct)) ||
        array_reserve(&p->background_pct, &p->cap_background, n, sizeof(*p->background_pct)) ||
        array_reserve(&p->capacity, &p->cap_capacity, n, sizeof(*p->capacity)) ||
        array_reserve(&p->cpu, &p->cap_cpu, n, sizeof(*p->cpu)) ||
        array_reserve(&p->core, &p->cap_core, n, sizeof(*p->core)) ||
        array_reserve(&p->llc, &p->cap_llc, n, sizeof(*p->llc)) ||
        array_reserve(&p->node, &p->cap_node, n, sizeof(*p->node)) ||
        array_reserve(&p->vcpus, &p->cap_vcpus, now->n_vcpus, sizeof(*p->vcpus)) ||
        array_reserve(&p->vcpu_of, &p->cap_vcpu_of, now->n_vcpus, sizeof(*p->vcpu_of)) ||
        array_reserve(&p->placement_vcpus, &p->cap_placement_vcpus, now->n_vcpus, sizeof(*p->placement_vcpus)) ||
        array_reserve(&p->masks, &p->cap_masks, now->n_vcpus * p->words, sizeof(*p->masks)) ||
        array_reserve(&p->usual, &p->cap_usual, p->words, sizeof(*p->usual)))
        return -ENOMEM;
    return 0;
}

static enum problem_role role_of_guest(const struct snapshot_guest *g)
{
    switch (g->leave_alone) {
    case SNAPSHOT_LEAVE_LOCKED:
        return PROBLEM_LOCKED;
    case SNAPSHOT_LEAVE_EXCLUDED:
        return PROBLEM_EXCLUDED;
    case SNAPSHOT_LEAVE_METADATA:
        return PROBLEM_METADATA;
    case SNAPSHOT_LEAVE_STALE:
        return PROBLEM_STALE;
    case SNAPSHOT_LEAVE_UNREADABLE:
        return PROBLEM_UNREADABLE;
    case SNAPSHOT_LEAVE_NO:
        break;
    }
    switch (g->state) {
    case SNAPSHOT_GUEST_PAUSED:
        return PROBLEM_PAUSED;
    case SNAPSHOT_GUEST_STOPPING:
        return PROBLEM_STOPPING;
    case SNAPSHOT_GUEST_MIGRATING:
        return PROBLEM_BUSY;
    case SNAPSHOT_GUEST_RUNNING:
        break;
    }
    if (g->realtime)
        return PROBLEM_REALTIME;
    return g->dedicated ? PROBLEM_DEDICATED : PROBLEM_MANAGED;
}

static void find_pool(struct problem *p, const struct demand *d, const struct snapshot *now)
{
    p->n_pool = 0;
    for (int i = 0; i < now->n_pcpus; i++) {
        const struct snapshot_pcpu *pcpu = &now->pcpus[i];

        double capacity = problem_capacity(p, i);
        /* In full CPUs, as all that is counted; a view of groups has it so already. */
        double fixed_pct = d->pcpus[i].fixed_pct * (p->source->host ? 1.0 : capacity);

        p->load_pct[i] = pcpu->online ? fixed_pct / capacity : 0.0;
        p->uncertainty[i] = pcpu->online ? d->pcpus[i].variance / capacity / capacity : 0.0;
        p->place[i] = -1;
        if (!pcpu->online || pcpu->isolated || pcpu->refuses || p->owner[i] >= 0)
            continue;
        p->place[i] = p->n_pool;
        p->pool[p->n_pool] = i;
        p->cpu[p->n_pool] = pcpu->number;
        p->core[p->n_pool] = pcpu->core;
        p->llc[p->n_pool] = pcpu->llc;
        p->node[p->n_pool] = pcpu->node;
        p->background_pct[p->n_pool] = fixed_pct;
        p->capacity[p->n_pool] = capacity;
        p->n_pool++;
    }
}

/* The row of all pCPUs that the kernel may use: a mask that holds them all says neither where nor where not. */
static void find_usual(struct problem *p, const struct snapshot *now)
{
    cpumask_clear(p->usual, p->words);
    for (int i = 0; i < now->n_pcpus; i++)
        if (now->pcpus[i].online && !now->pcpus[i].isolated)
            cpumask_set(p->usual, now->pcpus[i].number);
}

static bool any_in_pool(const struct problem *p, const uint64_t *mask)
{
    for (int i = 0; i < p->n_pool; i++)
        if (cpumask_has(mask, p->words, p->cpu[i]))
            return true;
    return false;
}

static void narrow(uint64_t *row, bool *narrowed, const uint64_t *mask, int words)
{
    if (!mask)
        return;
    cpumask_and(row, mask, words);
    *narrowed = true;
}

/*
 * The row of pCPUs that the vCPU may be moved to, or NULL for all; *nowhere when there is none. An affinity of several
 * pCPUs, as others set it, is a rule; one of a single pCPU was only a placement.
 */
static const uint64_t *constraint_of(struct problem *p, const struct scheduler_settings *settings,
                                     const struct snapshot *now, const struct snapshot_vcpu *v, const int *barred,
                                     bool *nowhere)
{
    uint64_t *row = p->masks + (size_t)p->n_masks * (size_t)p->words;
    const uint64_t *found = snapshot_mask(now, v->found);
    bool narrowed = false;

    memset(row, 0xff, (size_t)p->words * sizeof(*row));
    if (found && cpumask_count(found, p->words) > 1 && !cpumask_within(p->usual, found, p->words))
        narrow(row, &narrowed, found, p->words);
    narrow(row, &narrowed, snapshot_mask(now, v->defined), p->words);
    narrow(row, &narrowed, snapshot_mask(now, now->guests[v->guest].allowed), p->words);
    if (settings->keep_pins)
        narrow(row, &narrowed, snapshot_mask(now, v->pinned), p->words);
    *nowhere = !any_in_pool(p, row);
    for (int i = 0; i < DEMAND_COOLDOWN_BARRED && barred; i++) {
        if (barred[i] < 0 || !cpumask_has(row, p->words, barred[i]))
            continue;
        row[barred[i] / 64] &= ~((uint64_t)1 << (barred[i] % 64));
        narrowed = true;
        if (!*nowhere && !any_in_pool(p, row)) /* the only place there is */
            cpumask_set(row, barred[i]);
    }
    if (!narrowed)
        return NULL;
    p->n_masks++;
    return row;
}

static double on_wide_host(double gain, int n_pcpus)
{
    return n_pcpus > GAIN_PCPUS ? gain * pow(GAIN_PCPUS / n_pcpus, 0.75) : gain;
}

/* The node that all of the guest's memory lies on, or -1. */
static int home_of(const struct snapshot *now, const struct snapshot_guest *g)
{
    const uint64_t *nodes = snapshot_mask(now, g->memory_nodes);

    return nodes ? cpumask_single(nodes, snapshot_words(now)) : -1;
}

static void count_share(struct problem *p, int pcpu, double load_pct, double uncertainty, bool unmovable)
{
    double capacity = problem_capacity(p, pcpu);

    p->load_pct[pcpu] += load_pct / capacity;
    p->uncertainty[pcpu] += uncertainty / capacity / capacity;
    if (unmovable && p->place[pcpu] >= 0)
        p->background_pct[p->place[pcpu]] += load_pct;
}

static bool is_free(const struct problem *p, int vcpu)
{
    return p->source->is_free && p->source->is_free[vcpu];
}

/* Counts the vCPU's load where it is, or, when it may run on several pCPUs, evenly on those. */
static void count_load(struct problem *p, const struct snapshot *now, int vcpu, double uncertainty, bool unmovable)
{
    const struct snapshot_vcpu *v = &now->vcpus[vcpu];
    const uint64_t *mask = snapshot_mask(now, v->affinity);
    double load_pct = p->vcpus[vcpu].load_pct;
    int at = snapshot_pinned_to(now, v), usable = 0;

    if (is_free(p, vcpu))
        mask = NULL;
    else if (at >= 0) {
        count_share(p, at, load_pct, uncertainty, unmovable);
        return;
    }
    for (int i = 0; i < p->n_pool; i++)
        usable += !mask || cpumask_has(mask, p->words, p->cpu[i]);
    for (int i = 0; i < p->n_pool && usable > 0; i++)
        if (!mask || cpumask_has(mask, p->words, p->cpu[i]))
            count_share(p, p->pool[i], load_pct / usable, uncertainty / usable / usable, unmovable);
}

/* True when the vCPU may run on a pCPU that is another guest's own, or that its own metadata keep it off. */
static bool may_trespass(const struct problem *p, const struct snapshot *now, const struct snapshot_vcpu *v)
{
    const uint64_t *mask = snapshot_mask(now, v->affinity),
                   *allowed = snapshot_mask(now, now->guests[v->guest].allowed);

    for (int i = 0; i < now->n_pcpus; i++)
        if (allowed && now->pcpus[i].online && cpumask_has(mask, p->words, now->pcpus[i].number) &&
            !cpumask_has(allowed, p->words, now->pcpus[i].number))
            return true;
    for (int i = 0; i < now->n_pcpus; i++)
        if (p->owner[i] >= 0 && p->owner[i] != v->guest && cpumask_has(mask, p->words, now->pcpus[i].number))
            return true;
    return false;
}

static enum problem_role role_of_vcpu(const struct problem *p, const struct demand *d, const struct snapshot *now,
                                      int vcpu, bool adopt)
{
    const struct snapshot_vcpu *v = &now->vcpus[vcpu];
    enum problem_role role = role_of_guest(&now->guests[v->guest]);
    int at = snapshot_pinned_to(now, v);

    if (role != PROBLEM_MANAGED)
        return role;
    if (!d->vcpus[vcpu].known)
        return PROBLEM_LEARNING;
    if (v->affinity < 0)
        return PROBLEM_UNKNOWN;
    if (at >= 0 && p->place[at] < 0 && now->pcpus[at].online && now->pcpus[at].isolated)
        return PROBLEM_OUTSIDE;
    if (at >= 0 && p->place[at] < 0 && now->pcpus[at].online && now->pcpus[at].refuses)
        return PROBLEM_REFUSED;
    if (is_free(p, vcpu))
        return PROBLEM_FLOATS;
    return at < 0 && !adopt && !may_trespass(p, now, v) ? PROBLEM_FLOATS : PROBLEM_MANAGED;
}

/* Its guest's metadata keep it off the pCPU that it is pinned to. */
static bool is_kept_off(const struct problem *p, const struct snapshot *now, const struct snapshot_vcpu *v, int at)
{
    const uint64_t *allowed = snapshot_mask(now, now->guests[v->guest].allowed);

    return allowed && at >= 0 && !cpumask_has(allowed, p->words, now->pcpus[at].number);
}

/* The number of the pCPU of now from which the vCPU was moved away so lately that it must not go back, or -1. */
static int barred_from(const struct problem_source *source, int vcpu, int which)
{
    int number = demand_barred(source->demand, vcpu, which);
    int at = number < 0 || !source->host ? -1 : snapshot_pcpu_index(source->host, number);

    return at < 0 ? number : source->now->pcpus[source->place_of[at]].number;
}

static void add_vcpu(struct problem *p, const struct scheduler_settings *settings, int vcpu, bool force)
{
    const struct snapshot *now = p->source->now;
    const struct snapshot_vcpu *v = &now->vcpus[vcpu];
    struct problem_vcpu *entry = &p->vcpus[vcpu];
    struct placement_vcpu *out = &p->placement_vcpus[p->placement.n_vcpus];
    int at = snapshot_pinned_to(now, v), last = snapshot_pcpu_index(now, v->cpu);
    const int barred[DEMAND_COOLDOWN_BARRED] = {barred_from(p->source, vcpu, 0), barred_from(p->source, vcpu, 1)};
    bool nowhere;

    *out = (struct placement_vcpu){.demand_pct = entry->load_pct, .guest = v->guest, .where = -1};
    out->allowed = constraint_of(p, settings, now, v, force ? NULL : barred, &nowhere);
    out->home = home_of(now, &now->guests[v->guest]);
    out->leave_gain = on_wide_host(LEAVE_HOME_GAIN, p->n_pool);
    entry->evicted = at >= 0 && (p->place[at] < 0 || is_kept_off(p, now, v, at));
    out->floating = at < 0 || entry->evicted || (p->source->loose && p->source->loose[vcpu]);
    if (nowhere) {
        entry->role = PROBLEM_NOWHERE;
        return;
    }
    if (at >= 0 && !entry->evicted)
        out->where = p->place[at];
    else if (last >= 0 && !is_kept_off(p, now, v, last))
        out->where = p->place[last];
    out->fixed = entry->cooling = !force && !out->floating && demand_cooldown_left_of(p->source->demand, vcpu) > 0;
    p->n_cooling += out->fixed;
    entry->index = p->placement.n_vcpus++;
    p->vcpu_of[entry->index] = vcpu;
}

/* What the guest's other threads do counts where they may run, unless they go where its vCPUs go. */
static void count_threads(struct problem *p, const struct snapshot *now, const struct snapshot_guest *g,
                          double load_pct)
{
    int usable = 0;

    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < p->n_pool; i++) {
            bool may = false;

            for (int t = g->first_thread; t < g->first_thread + g->n_threads; t++) {
                const uint64_t *mask = snapshot_mask(now, now->threads[t].affinity);

                may |= !mask || cpumask_has(mask, p->words, p->cpu[i]);
            }
            usable += may && pass == 0;
            if (may && pass == 1)
                count_share(p, p->pool[i], load_pct / usable, 0.0, true);
        }
}

/* Adds to the vCPU's load its part of what its guest's other threads do, where these are placed with it; otherwise it
 * counts where they are. */
static void add_beside(struct problem *p, const struct snapshot *now, int vcpu)
{
    const struct demand_vcpu *known = &p->source->demand->vcpus[vcpu];
    struct problem_vcpu *entry = &p->vcpus[vcpu];

    if (known->beside_pct <= 0.0)
        return;
    if (known->follow && (entry->role == PROBLEM_MANAGED || entry->role == PROBLEM_FLOATS))
        entry->load_pct += entry->beside_pct = known->beside_pct;
    else
        count_threads(p, now, &now->guests[now->vcpus[vcpu].guest], known->beside_pct);
}

static void add_vcpus(struct problem *p, const struct scheduler_settings *settings, bool force, bool adopt)
{
    const struct snapshot *now = p->source->now;
    const struct demand *d = p->source->demand;

    for (int i = 0; i < now->n_vcpus; i++) {
        const struct demand_vcpu *known = &d->vcpus[i];
        struct problem_vcpu *entry = &p->vcpus[i];
        double where = p->source->differ ? capacity_where(p->source->host ? p->source->host : now, i) : 1.0;

        *entry = (struct problem_vcpu){.index = -1, .role = role_of_vcpu(p, d, now, i, adopt)};
        if (entry->role != PROBLEM_PAUSED)
            entry->load_pct = fmax(known->level_pct, 0.0) * where; /* a level may be rounded below nothing */
        add_beside(p, now, i);
        if (entry->role == PROBLEM_MANAGED)
            add_vcpu(p, settings, i, force);
        p->n_learning += entry->role == PROBLEM_LEARNING;
        p->n_floating += entry->role == PROBLEM_FLOATS && entry->load_pct >= PLACEMENT_IDLE_PCT;
        p->n_without_wait += known->measured && !known->has_wait;
        count_load(p, now, i, known->measuring, entry->index < 0);
    }
}

/* SMT matters where two pCPUs of the pool share a core. */
static bool has_siblings(const struct problem *p)
{
    for (int i = 0; i < p->n_pool; i++)
        for (int j = i + 1; j < p->n_pool; j++)
            if (p->core[i] == p->core[j])
                return true;
    return false;
}

/* How many intervals the loads are expected to stand still, larger ones counting more. */
static double intervals_that_stand(const struct problem *p, const struct demand *d, const struct snapshot *now,
                                   double interval_s)
{
    double sum = 0.0, loads = 0.0;

    for (int i = 0; i < now->n_vcpus; i++) {
        if (!d->vcpus[i].known)
            continue;
        sum += p->vcpus[i].load_pct * fmin(d->vcpus[i].stands_s / interval_s, MOST_INTERVALS);
        loads += p->vcpus[i].load_pct;
    }
    return loads > 0.0 ? fmax(sum / loads, 1.0) : MOST_INTERVALS;
}

static bool adopts(const struct problem *p)
{
    for (int i = 0; i < p->placement.n_vcpus; i++)
        if (p->placement_vcpus[i].floating)
            return true;
    return false;
}

static void judge(struct problem *p, const struct scheduler_settings *settings, bool force)
{
    const struct demand *d = p->source->demand;
    double variance;
    struct statistics loads = problem_spread(p, &variance);
    struct placement_problem *out = &p->placement;

    p->noise = sqrt(variance);
    if (!force) {
        problem_shrink(p);
        loads = problem_spread(p, &variance);
    }
    p->sd_now = statistics_sd(&loads);
    p->stands_intervals = intervals_that_stand(p, d, p->source->now, d->interval_s > 0.0 ? d->interval_s : 1.0);
    out->trigger = settings->tolerance;
    out->aim = fmin(settings->aim, settings->tolerance);
    out->min_gain = on_wide_host(settings->pin_cost / p->stands_intervals, p->n_pool);
    out->equal_sd = fmin(fmax(adopts(p) ? ADOPTION_EQUAL_SD : PLACEMENT_EQUAL_SD, NOISE_AIM * p->noise), settings->aim);
    out->near_best = fmax(out->min_gain, NOISE_NEAR * p->noise);
    out->force = force;
    if (!force)
        out->aim = fmin(fmax(out->aim, NOISE_AIM * p->noise), out->trigger);
}

int problem_build(struct problem *p, const struct scheduler_settings *settings, const struct problem_source *source,
                  bool force, bool adopt)
{
    const struct snapshot *now = source->now;
    struct placement_problem *out = &p->placement;

    p->source = source;
    if (reserve(p, now))
        return -ENOMEM;
    memset(out, 0, sizeof(*out));
    p->n_masks = p->n_cooling = p->n_floating = p->n_learning = p->n_without_wait = 0;
    dedicated_owners(now, p->owner);
    find_usual(p, now);
    find_pool(p, source->demand, now);
    add_vcpus(p, settings, force, adopt);
    memset(p->shrunk_pct, 0, (size_t)now->n_pcpus * sizeof(*p->shrunk_pct));
    judge(p, settings, force);
    out->n_pcpus = p->n_pool;
    out->background_pct = p->background_pct;
    out->capacity = source->capacity ? p->capacity : NULL;
    out->cpu = p->cpu;
    out->core = p->core;
    out->llc = p->llc;
    out->node = p->node;
    out->smt = !settings->no_smt && has_siblings(p);
    out->hot_pct = HOT_PCT;
    out->core_capacity = out->smt ? settings->smt_factor : 0.0;
    out->vcpus = p->placement_vcpus;
    out->mask_words = p->words;
    return 0;
}

void problem_let_move(struct problem *p, bool cooling_too)
{
    for (int i = 0; i < p->placement.n_vcpus; i++)
        p->placement_vcpus[i].fixed = !cooling_too && p->vcpus[p->vcpu_of[i]].cooling;
}
