#include "memory/decision.h"

enum {
    LEAST_MOVE_KIB = 2 * MIB_KIB,       /* a balloon can't be told to have moved by less */
    LEAST_CHANGE_KIB = 8 * MIB_KIB,     /* smaller ones aren't worth a call, or their share of noise */
    LEAST_SHORTFALL_KIB = 16 * MIB_KIB, /* of what lacks, less than this is the host's own ups and downs */
    LEAST_BAND_KIB = 32 * MIB_KIB,
    EARLY_MOST_KIB = 512 * MIB_KIB, /* a single sample that is wrong costs no more; the next one is a second away */
};

static uint64_t whole_mib(uint64_t kib)
{
    return kib - kib % MIB_KIB;
}

/* A size may be this far from what it should be before that is worth anything in calm. */
static uint64_t band_of(const struct decision_guest *v)
{
    return kib_higher(LEAST_BAND_KIB, v->history->figures.used_kib / 20);
}

static bool asked_less(const struct decision_guest *v)
{
    return v->history->pending && v->history->target_kib < v->history->asked_kib;
}

static bool asked_more(const struct decision_guest *v)
{
    return v->history->pending && v->history->target_kib > v->history->asked_kib;
}

static void withdraw(struct decision_guest *v, enum decision_why why)
{
    v->move = DECISION_WITHDRAW;
    v->why = why;
}

/* What there is for guests of that binding; -1: for all. */
static const struct budget *budget_of(const struct decision *d, int binding)
{
    return binding < 0 ? &d->budget : &d->bindings[binding].budget;
}

static bool overdrawn(const struct budget *b)
{
    return b->known && b->to_give_kib < 0;
}

/*
 * Requests that are out and should not be: the balloon doesn't follow, or what was right when it was asked isn't any
 * more. What is withdrawn leaves the guest as large as it is now.
 */
static void decide_withdrawals(struct decision *d)
{
    for (int i = 0; i < d->n; i++) {
        struct decision_guest *v = &d->guests[i];

        if (v->block == DECISION_BLOCK_NONE && v->history->gave_way)
            withdraw(v, DECISION_WHY_GAVE_WAY);
        else if (!v->may_withdraw)
            continue;
        else if (guest_history_stuck(v->history, d->c->now_s))
            withdraw(v, DECISION_WHY_STUCK);
        else if (v->block == DECISION_BLOCK_FROZEN && asked_less(v))
            withdraw(v, DECISION_WHY_BLIND);
        else if (v->block == DECISION_BLOCK_NONE && asked_less(v) &&
                 v->history->target_kib < kib_lower(v->need.need_kib, v->fair_kib))
            withdraw(v, DECISION_WHY_RISING);
        else if (asked_more(v) && (overdrawn(&d->budget) || overdrawn(budget_of(d, v->binding))))
            withdraw(v, DECISION_WHY_DANGER);
    }
}

/* It is short, or soon will be. What only its page cache would like counts when it can be had whole. */
static bool below_trigger(const struct decision_guest *v)
{
    return v->size_kib < v->need.need_kib || (v->size_kib < v->need.trigger_kib && v->fair_kib >= v->need.trigger_kib);
}

/* Watched for too short a time for its growth to be known, and without the memory to outlast it, should it be growing.
 */
static bool may_be_growing(const struct decision_guest *v)
{
    return v->history->fresh_seen < 2 && v->history->figures.unused_kib < v->need.burst_kib;
}

/* It grows, swaps or has run dry, and would be below its floor before what is given at the next sample could reach it.
 */
static bool can_not_wait(const struct decision *d, const struct decision_guest *v)
{
    return v->size_kib < v->need.urgent_kib && (v->history->growth.rate_kib_s > 0 || v->flashed_kib > 0 ||
                                                guest_history_suffers(v->history, &d->c->settings));
}

/* Growth was seen to begin with far more than this guest is ready for, and there is enough for all to be ready for
 * that. It is as much as may be taken from a guest at once: for less, nothing goes to and fro. */
static bool may_be_given_spare(const struct decision *d, const struct decision_guest *v)
{
    return v->fair_kib >= v->need.spare_kib &&
           v->size_kib + need_step(&d->c->settings, v->history->figures.max_kib) <= v->need.worst_kib;
}

/* How far it should grow, were there no limit to what can be handed out at once. */
static uint64_t wanted_growth(const struct decision *d, const struct decision_guest *v)
{
    uint64_t growth = kib_less(v->fair_kib, v->size_kib);

    if (v->block != DECISION_BLOCK_NONE || v->move == DECISION_WITHDRAW || asked_more(v) ||
        !guest_history_sees_clearly(v->history))
        return 0;
    if (d->early)
        return can_not_wait(d, v) ? growth : 0;
    if (below_trigger(v) || d->request->force)
        return growth;
    /* Ahead of its need only what grows: others keep what they have to be ready, but aren't given it, unless there is
     * enough for what nobody else would have a use for. */
    if (growth < band_of(v) || asked_less(v))
        return 0;
    return v->history->growth.rate_kib_s > 0 || may_be_growing(v) || may_be_given_spare(d, v) ? growth : 0;
}

/* Whether what is taken from that guest helps those of that binding; -1: it helps all. */
static bool helps(const struct decision *d, const struct decision_guest *v, int binding)
{
    return binding < 0 || binding_overlaps(d, v->binding, binding);
}

/*
 * Needs that what is free now can't meet, and what the host itself, or some of its nodes, lack: to be taken back from
 * those who have more. What is taken now can be given at the next decision only, so this looks one decision further.
 */
static uint64_t shortfall_of(const struct decision *d, int binding)
{
    const struct budget *b = budget_of(d, binding);
    int64_t lacking = -b->to_give_kib;

    for (int i = 0; i < d->n; i++) {
        const struct decision_guest *v = &d->guests[i];

        if (v->block == DECISION_BLOCK_NONE && v->move != DECISION_WITHDRAW && (binding < 0 || v->binding == binding))
            lacking += (int64_t)kib_less(v->need.soon_kib, v->size_kib);
        if (helps(d, v, binding))
            lacking -= (int64_t)v->take_kib;
    }
    lacking -= (int64_t)b->pending_kib;
    return b->known && lacking > 0 ? (uint64_t)lacking : 0;
}

static bool may_be_cut(const struct decision *d, const struct decision_guest *v)
{
    return v->block == DECISION_BLOCK_NONE && v->move == DECISION_STAY && !v->history->pending && !v->history->hurt &&
           guest_history_sees_clearly(v->history) && !guest_history_outdated(v->history, &v->now->memory, d->c->now_s);
}

/* With free page reporting, what lies unused in the guest is the host's already, unless the resident set says that the
 * guest's driver doesn't do it. */
static bool gives_back_by_itself(const struct decision_guest *v)
{
    return v->now->memory.reports_free &&
           guest_history_could_touch(v->history, &v->now->memory) >= v->history->figures.unused_kib / 2;
}

/* In calm: a quarter of what lies unused, no more than the step, and only from a guest that is at rest. */
static uint64_t calm_cut(const struct decision *d, const struct decision_guest *v)
{
    uint64_t unused_floor = kib_of_mib(d->c->settings.unused_floor_mib) + LEAST_BAND_KIB;
    uint64_t excess = kib_less(v->size_kib, kib_higher(v->fair_kib, v->low_kib)), cut;

    if (excess < band_of(v) || gives_back_by_itself(v) || !guest_history_may_cut(v->history, d->c->interval))
        return 0;
    cut = kib_lower(excess, v->history->figures.unused_kib / 4);
    cut = kib_lower(cut, need_step(&d->c->settings, guest_history_max(v->history, &v->now->memory)));
    cut = kib_lower(cut, kib_less(v->history->figures.unused_kib, unused_floor));
    return whole_mib(cut) >= LEAST_CHANGE_KIB ? whole_mib(cut) : 0;
}

/*
 * What may be taken at once when others or the host need it: half of what lies free beyond the guest's own need, which
 * counts its expected growth, so that the other half is left should that be wrong. For what the host itself lacks of
 * its reserve, half of all the guest can spare.
 */
static uint64_t urgent_cut(const struct budget *b, const struct decision_guest *v)
{
    uint64_t excess = kib_less(v->size_kib, kib_higher(v->fair_kib, v->low_kib));
    uint64_t lacks = kib_less(b->reserve_kib, b->free_kib);
    uint64_t most = kib_less(v->size_kib, v->need.need_kib) / 2;

    most = kib_higher(most, kib_lower(lacks, v->history->figures.spare_kib / 2));
    return whole_mib(kib_lower(excess, most));
}

/* The part of it that lies unused, above the unused floor. */
static uint64_t free_part(const struct decision *d, const struct decision_guest *v, uint64_t cut_kib)
{
    uint64_t unused_floor = kib_of_mib(d->c->settings.unused_floor_mib);

    return whole_mib(kib_lower(cut_kib, kib_less(v->history->figures.unused_kib, unused_floor)));
}

static uint64_t forced_cut(const struct decision_guest *v)
{
    uint64_t excess = whole_mib(kib_less(v->size_kib, kib_higher(v->fair_kib, v->low_kib)));

    return excess >= LEAST_MOVE_KIB ? excess : 0;
}

static void cut(struct decision_guest *v, uint64_t take_kib, enum decision_why why)
{
    v->move = DECISION_CUT;
    v->take_kib = take_kib;
    v->why = why;
}

/* Pressure alone, with nobody in need, takes nothing back that was given just now. */
static bool may_be_cut_urgently(const struct decision *d, const struct decision_guest *v, uint64_t shortfall_kib)
{
    return may_be_cut(d, v) && (shortfall_kib > 0 || !guest_history_would_see_saw(v->history, d->c->interval));
}

/* Takes up to wanted of what the claims' highs allow, from the largest first, so that few are touched. Adds it to what
 * is taken already, and returns how much that was. */
static uint64_t take_from_largest(struct decision *d, int claims, uint64_t wanted_kib, enum decision_why why)
{
    uint64_t most = 0, taken = 0;

    for (int k = 0; k < claims; k++)
        most += d->claims[k].high_kib;
    fair_share_fill(d->claims, claims, kib_less(most, wanted_kib));
    for (int k = 0; k < claims; k++) {
        struct decision_guest *v = &d->guests[d->claimants[k]];
        uint64_t take = d->claims[k].high_kib - d->claims[k].got_kib;

        take = kib_lower(whole_mib(take + MIB_KIB - 1), d->claims[k].high_kib);
        if (v->take_kib + take < LEAST_CHANGE_KIB)
            continue;
        cut(v, v->take_kib + take, why);
        taken += take;
    }
    return taken;
}

/* Free memory first, wherever it is, then page cache. binding: of whom it helps; -1: of anybody. */
static void take_urgently(struct decision *d, uint64_t shortfall_kib, int binding)
{
    enum decision_why why = shortfall_kib > 0 ? DECISION_WHY_SHORT : DECISION_WHY_PRESSED;

    for (int caches = 0; caches < 2; caches++) {
        int claims = 0;
        uint64_t taken;

        for (int i = 0; i < d->n; i++) {
            struct decision_guest *v = &d->guests[i];
            uint64_t most;

            if (!helps(d, v, binding) ||
                (!(caches && v->move == DECISION_CUT) && !may_be_cut_urgently(d, v, shortfall_kib)))
                continue;
            most = urgent_cut(budget_of(d, binding), v);
            most = caches ? kib_less(most, v->take_kib) : free_part(d, v, most);
            if (most < LEAST_CHANGE_KIB)
                continue;
            d->claims[claims] = (struct fair_share_claim){.weight = 1, .high_kib = most};
            d->claimants[claims++] = i;
        }
        taken = take_from_largest(d, claims, d->budget.pressed ? UINT64_MAX : shortfall_kib, why);
        shortfall_kib = kib_less(shortfall_kib, taken);
        if (!d->budget.pressed && shortfall_kib < LEAST_SHORTFALL_KIB)
            return;
    }
}

static void decide_cuts(struct decision *d)
{
    uint64_t shortfall = shortfall_of(d, -1);

    if (shortfall >= LEAST_SHORTFALL_KIB || d->budget.pressed)
        take_urgently(d, shortfall, -1);
    for (int b = 0; b < d->n_bindings && !d->budget.pressed; b++) {
        shortfall = shortfall_of(d, b);
        if (shortfall >= LEAST_SHORTFALL_KIB)
            take_urgently(d, shortfall, b);
    }
    for (int i = 0; i < d->n; i++) {
        struct decision_guest *v = &d->guests[i];
        uint64_t take;

        if (v->move != DECISION_CUT && !may_be_cut(d, v))
            continue;
        take = d->request->force ? forced_cut(v) : calm_cut(d, v);
        if (take > v->take_kib)
            cut(v, take, d->request->force ? DECISION_WHY_FORCED : DECISION_WHY_IDLE);
    }
}

/* Raises what the growers get to the sizes that targets holds, as far as the budget goes: those with least first. */
static void hand_out(struct decision *d, int claims, int64_t budget_kib)
{
    int64_t pool = budget_kib > 0 ? budget_kib : 0;

    for (int k = 0; k < claims; k++)
        pool += (int64_t)d->guests[d->claimants[k]].size_kib;
    binding_limit_claims(d, claims);
    fair_share_fill(d->claims, claims, (uint64_t)pool);
}

/* Its fair size; or early, as far there as is given at once: the larger of EARLY_MOST_KIB and a quarter of its maximum.
 */
static uint64_t most_of(const struct decision *d, const struct decision_guest *v)
{
    if (!d->early)
        return v->fair_kib;
    return kib_lower(v->fair_kib,
                     v->size_kib + kib_higher(EARLY_MOST_KIB, guest_history_max(v->history, &v->now->memory) / 4));
}

/* Claims of those that are to grow, up to their needs. Returns how many. */
static int claim_growth(struct decision *d)
{
    int claims = 0;

    for (int i = 0; i < d->n; i++) {
        struct decision_guest *v = &d->guests[i];

        if (v->move != DECISION_STAY || wanted_growth(d, v) == 0)
            continue;
        d->claims[claims] = (struct fair_share_claim){.weight = v->weight,
                                                      .base_kib = v->need.floor_kib,
                                                      .low_kib = v->size_kib,
                                                      .high_kib = kib_lower(most_of(d, v), v->need.need_kib)};
        d->claimants[claims++] = i;
    }
    return claims;
}

static void decide_growth(struct decision *d)
{
    bool forced = d->request->force;
    int claims = claim_growth(d);

    if (claims == 0)
        return;
    hand_out(d, claims, d->budget.to_give_kib);
    for (int k = 0; k < claims; k++) {
        d->claims[k].low_kib = d->claims[k].base_kib = d->claims[k].got_kib;
        d->claims[k].high_kib = most_of(d, &d->guests[d->claimants[k]]);
    }
    hand_out(d, claims, d->budget.to_give_kib);
    for (int k = 0; k < claims; k++) {
        struct decision_guest *v = &d->guests[d->claimants[k]];
        uint64_t give = binding_take(d, v, d->claims[k].got_kib - v->size_kib),
                 left = kib_less(guest_history_max(v->history, &v->now->memory), v->size_kib);

        if (give < left)
            give = whole_mib(give);
        if (give < LEAST_MOVE_KIB || (!forced && give < kib_lower(left, LEAST_CHANGE_KIB)))
            continue;
        v->move = DECISION_GROW;
        v->give_kib = give;
        v->why = v->history->hurt ? DECISION_WHY_HURT : below_trigger(v) ? DECISION_WHY_NEED : DECISION_WHY_READY;
    }
}

/*
 * What one whose statistics stopped is to be given, KiB, up to a step: what it touches becomes resident on the host,
 * and where that has grown since so far that what it uses may be near its size, it lacks room; and where its counters
 * of swap or major faults still come and rise, it lacks it already, unless what it was given before lies untouched.
 */
static uint64_t witnessed_lack(const struct decision *d, const struct decision_guest *v)
{
    const struct guest_history *g = v->history;
    const struct snapshot_memory *m = &v->now->memory;
    uint64_t max = guest_history_max(g, m),
             step = kib_lower(need_step(&d->c->settings, max), kib_less(max, v->size_kib));
    uint64_t grown = guest_history_witnessed(g, m);
    uint64_t likely = g->believed_kib + grown + kib_of_mib(d->c->settings.unused_floor_mib) + LEAST_BAND_KIB;

    if (guest_history_strains(g) && (!(m->has & SNAPSHOT_HAS_RSS) || guest_history_could_touch(g, m) < step / 2))
        return step;
    return grown < LEAST_SHORTFALL_KIB ? 0 : kib_lower(step, kib_less(likely, v->size_kib));
}

/* Statistics that stopped leave witnesses, on whose word a guest is given a step at a time, out of what is left. */
static void decide_by_witness(struct decision *d)
{
    int64_t left = d->budget.to_give_kib;

    for (int i = 0; i < d->n; i++)
        left -= (int64_t)d->guests[i].give_kib;
    for (int i = 0; i < d->n; i++) {
        struct decision_guest *v = &d->guests[i];
        uint64_t give;

        if (v->block != DECISION_BLOCK_FROZEN || v->move != DECISION_STAY || v->history->pending)
            continue;
        give = whole_mib(witnessed_lack(d, v));
        if (give < LEAST_CHANGE_KIB || left < (int64_t)give)
            continue;
        give = whole_mib(binding_take(d, v, give));
        if (give < LEAST_CHANGE_KIB)
            continue;
        v->move = DECISION_GROW;
        v->give_kib = give;
        v->why = DECISION_WHY_WITNESS;
        left -= (int64_t)give;
    }
}

void decide_moves(struct decision *d)
{
    if (d->early) {
        decide_growth(d);
        decide_by_witness(d);
        return;
    }
    decide_withdrawals(d);
    decide_cuts(d);
    decide_growth(d);
    decide_by_witness(d);
}
