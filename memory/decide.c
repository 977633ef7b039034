#include "memory/coordinator_inside.h"

enum {
    LEAST_MOVE_KIB = 2 * MIB_KIB,       /* a balloon can't be told to have moved by less */
    LEAST_CHANGE_KIB = 8 * MIB_KIB,     /* smaller ones aren't worth a call, or their share of noise */
    LEAST_SHORTFALL_KIB = 16 * MIB_KIB, /* of what lacks, less than this is the host's own ups and downs */
    LEAST_BAND_KIB = 32 * MIB_KIB,
};

static uint64_t whole_mib(uint64_t kib)
{
    return kib - kib % MIB_KIB;
}

/* A size may be this far from what it should be before that is worth anything in calm. */
static uint64_t band_of(const struct view *v)
{
    return kib_higher(LEAST_BAND_KIB, v->guest->figures.used_kib / 20);
}

static bool asked_less(const struct view *v)
{
    return v->guest->pending && v->guest->target_kib < v->guest->asked_kib;
}

static bool asked_more(const struct view *v)
{
    return v->guest->pending && v->guest->target_kib > v->guest->asked_kib;
}

static void withdraw(struct view *v, enum view_why why)
{
    v->move = VIEW_WITHDRAW;
    v->why = why;
}

/*
 * Requests that are out and should not be: the balloon doesn't follow, or what was right when it was asked isn't any
 * more. What is withdrawn leaves the guest as large as it is now.
 */
static void decide_withdrawals(struct coordinator *c, int n, const struct budget *room)
{
    for (int i = 0; i < n; i++) {
        struct view *v = &c->views[i];

        if (v->block == VIEW_FREE && v->guest->gave_way)
            withdraw(v, VIEW_WHY_GAVE_WAY);
        else if (!v->may_withdraw)
            continue;
        else if (guest_history_stuck(v->guest, c->now_s))
            withdraw(v, VIEW_WHY_STUCK);
        else if (v->block == VIEW_FROZEN && asked_less(v))
            withdraw(v, VIEW_WHY_BLIND);
        else if (v->block == VIEW_FREE && asked_less(v) &&
                 v->guest->target_kib < kib_lower(v->need.need_kib, v->fair_kib))
            withdraw(v, VIEW_WHY_RISING);
        else if (asked_more(v) && room->known && room->budget_kib < 0)
            withdraw(v, VIEW_WHY_DANGER);
    }
}

/* It is short, or soon will be. What only its page cache would like counts when it can be had whole. */
static bool below_trigger(const struct view *v)
{
    return v->size_kib < v->need.need_kib || (v->size_kib < v->need.trigger_kib && v->fair_kib >= v->need.trigger_kib);
}

/* Watched for too short a time for its growth to be known, and without the memory to outlast it, should it be growing.
 */
static bool may_be_growing(const struct view *v)
{
    return v->guest->fresh_seen < 2 && v->guest->figures.unused_kib < v->need.burst_kib;
}

/* How far it should grow, were there no limit to what can be handed out at once. */
static uint64_t wanted_growth(const struct view *v, bool forced)
{
    uint64_t growth = kib_less(v->fair_kib, v->size_kib);

    if (v->block != VIEW_FREE || v->move == VIEW_WITHDRAW || asked_more(v) || !guest_history_sees_clearly(v->guest))
        return 0;
    if (below_trigger(v) || forced)
        return growth;
    /* Ahead of its need only what grows: others keep what they have to be ready, but aren't given it. */
    if (growth < band_of(v) || asked_less(v))
        return 0;
    return v->guest->growth.rate_kib_s > 0 || may_be_growing(v) ? growth : 0;
}

/*
 * Needs that what is free now can't meet, and what the host itself lacks: to be taken back from those who have more.
 * What is taken now can be given at the next decision only, so this looks one decision further.
 */
static uint64_t shortfall_of(const struct coordinator *c, int n, const struct budget *room)
{
    int64_t lacking = -room->budget_kib;

    for (int i = 0; i < n; i++) {
        const struct view *v = &c->views[i];

        if (v->block == VIEW_FREE && v->move != VIEW_WITHDRAW)
            lacking += (int64_t)kib_less(v->need.soon_kib, v->size_kib);
    }
    lacking -= (int64_t)room->pending_kib;
    return room->known && lacking > 0 ? (uint64_t)lacking : 0;
}

static bool may_be_cut(const struct view *v)
{
    return v->block == VIEW_FREE && v->move == VIEW_STAY && !v->guest->pending && !v->guest->hurt &&
           guest_history_sees_clearly(v->guest);
}

/* In calm: a quarter of what lies unused, no more than the step, and only from a guest that is at rest. */
static uint64_t calm_cut(const struct coordinator *c, const struct view *v)
{
    uint64_t unused_floor = kib_of_mib(c->settings.unused_floor_mib) + LEAST_BAND_KIB;
    uint64_t excess = kib_less(v->size_kib, kib_higher(v->fair_kib, v->low_kib)), cut;

    if (excess < band_of(v) || !guest_history_may_cut(v->guest, c->interval))
        return 0;
    cut = kib_lower(excess, v->guest->figures.unused_kib / 4);
    cut = kib_lower(cut, need_step(&c->settings, v->now->memory.max_kib));
    cut = kib_lower(cut, kib_less(v->guest->figures.unused_kib, unused_floor));
    return whole_mib(cut) >= LEAST_CHANGE_KIB ? whole_mib(cut) : 0;
}

/*
 * What may be taken at once when others need it: the step, or at long intervals one for each four seconds up to a
 * quarter of what the guest can spare, caches included; never more than a third of that. The host itself gets more: a
 * third when it is under pressure, and up to half as far as it is below its reserve.
 */
static uint64_t urgent_cut(const struct coordinator *c, const struct view *v, const struct budget *room,
                           const struct policy_request *request)
{
    uint64_t excess = kib_less(v->size_kib, kib_higher(v->fair_kib, v->low_kib));
    uint64_t spare = v->guest->figures.spare_kib, step = need_step(&c->settings, v->now->memory.max_kib);
    uint64_t paced = kib_lower((uint64_t)((double)step * request->interval_s / 4), spare / 4);
    uint64_t most = room->pressed ? spare / 3 : kib_lower(kib_higher(step, paced), spare / 3);

    most = kib_higher(most, kib_lower(kib_less(room->reserve_kib, room->free_kib), spare / 2));
    return whole_mib(kib_lower(excess, most));
}

/* The part of it that lies unused, above the unused floor. */
static uint64_t free_part(const struct coordinator *c, const struct view *v, uint64_t cut_kib)
{
    uint64_t unused_floor = kib_of_mib(c->settings.unused_floor_mib);

    return whole_mib(kib_lower(cut_kib, kib_less(v->guest->figures.unused_kib, unused_floor)));
}

static uint64_t forced_cut(const struct view *v)
{
    uint64_t excess = whole_mib(kib_less(v->size_kib, kib_higher(v->fair_kib, v->low_kib)));

    return excess >= LEAST_MOVE_KIB ? excess : 0;
}

static void cut(struct view *v, uint64_t take_kib, enum view_why why)
{
    v->move = VIEW_CUT;
    v->take_kib = take_kib;
    v->why = why;
}

/* Pressure alone, with nobody in need, takes nothing back that was given just now. */
static bool may_be_cut_urgently(const struct coordinator *c, const struct view *v, uint64_t shortfall_kib)
{
    return may_be_cut(v) && (shortfall_kib > 0 || !guest_history_would_see_saw(v->guest, c->interval));
}

/* Takes up to wanted of what the claims' highs allow, from the largest first, so that few are touched. Adds it to what
 * is taken already, and returns how much that was. */
static uint64_t take_from_largest(struct coordinator *c, int claims, uint64_t wanted_kib, enum view_why why)
{
    uint64_t most = 0, taken = 0;

    for (int k = 0; k < claims; k++)
        most += c->claims[k].high_kib;
    fair_share_fill(c->claims, claims, kib_less(most, wanted_kib));
    for (int k = 0; k < claims; k++) {
        struct view *v = &c->views[c->claimants[k]];
        uint64_t take = c->claims[k].high_kib - c->claims[k].got_kib;

        take = kib_lower(whole_mib(take + MIB_KIB - 1), c->claims[k].high_kib);
        if (v->take_kib + take < LEAST_CHANGE_KIB)
            continue;
        cut(v, v->take_kib + take, why);
        taken += take;
    }
    return taken;
}

/* Free memory first, wherever it is, then page cache. */
static void take_urgently(struct coordinator *c, int n, uint64_t shortfall_kib, const struct budget *room,
                          const struct policy_request *request)
{
    enum view_why why = shortfall_kib > 0 ? VIEW_WHY_SHORT : VIEW_WHY_PRESSED;

    for (int caches = 0; caches < 2; caches++) {
        int claims = 0;
        uint64_t taken;

        for (int i = 0; i < n; i++) {
            struct view *v = &c->views[i];
            uint64_t most;

            if (!(caches && v->move == VIEW_CUT) && !may_be_cut_urgently(c, v, shortfall_kib))
                continue;
            most = urgent_cut(c, v, room, request);
            most = caches ? most - v->take_kib : free_part(c, v, most);
            if (most < LEAST_CHANGE_KIB)
                continue;
            c->claims[claims] = (struct fair_share_claim){.weight = 1, .high_kib = most};
            c->claimants[claims++] = i;
        }
        taken = take_from_largest(c, claims, room->pressed ? UINT64_MAX : shortfall_kib, why);
        shortfall_kib = kib_less(shortfall_kib, taken);
        if (!room->pressed && shortfall_kib < LEAST_SHORTFALL_KIB)
            return;
    }
}

static void decide_cuts(struct coordinator *c, int n, const struct budget *room, const struct policy_request *request)
{
    uint64_t shortfall = shortfall_of(c, n, room);

    if (shortfall >= LEAST_SHORTFALL_KIB || room->pressed)
        take_urgently(c, n, shortfall, room, request);
    for (int i = 0; i < n; i++) {
        struct view *v = &c->views[i];
        uint64_t take;

        if (v->move != VIEW_CUT && !may_be_cut(v))
            continue;
        take = request->force ? forced_cut(v) : calm_cut(c, v);
        if (take > v->take_kib)
            cut(v, take, request->force ? VIEW_WHY_FORCED : VIEW_WHY_IDLE);
    }
}

/* Raises what the growers get to the sizes that targets holds, as far as the budget goes: those with least first. */
static void hand_out(struct coordinator *c, int claims, int64_t budget_kib)
{
    int64_t pool = budget_kib > 0 ? budget_kib : 0;

    for (int k = 0; k < claims; k++)
        pool += (int64_t)c->views[c->claimants[k]].size_kib;
    fair_share_fill(c->claims, claims, (uint64_t)pool);
}

static void decide_growth(struct coordinator *c, int n, const struct budget *room, bool forced)
{
    int claims = 0;

    for (int i = 0; i < n; i++) {
        struct view *v = &c->views[i];

        if (v->move != VIEW_STAY || wanted_growth(v, forced) == 0)
            continue;
        c->claims[claims] = (struct fair_share_claim){.weight = v->weight,
                                                      .base_kib = v->need.floor_kib,
                                                      .low_kib = v->size_kib,
                                                      .high_kib = kib_lower(v->fair_kib, v->need.need_kib)};
        c->claimants[claims++] = i;
    }
    if (claims == 0)
        return;
    hand_out(c, claims, room->budget_kib);
    for (int k = 0; k < claims; k++) {
        c->claims[k].low_kib = c->claims[k].base_kib = c->claims[k].got_kib;
        c->claims[k].high_kib = c->views[c->claimants[k]].fair_kib;
    }
    hand_out(c, claims, room->budget_kib);
    for (int k = 0; k < claims; k++) {
        struct view *v = &c->views[c->claimants[k]];
        uint64_t give = c->claims[k].got_kib - v->size_kib, left = kib_less(v->now->memory.max_kib, v->size_kib);

        if (give < left)
            give = whole_mib(give);
        if (give < LEAST_MOVE_KIB || (!forced && give < kib_lower(left, LEAST_CHANGE_KIB)))
            continue;
        v->move = VIEW_GROW;
        v->give_kib = give;
        v->why = v->guest->hurt ? VIEW_WHY_HURT : below_trigger(v) ? VIEW_WHY_NEED : VIEW_WHY_READY;
    }
}

void decide_moves(struct coordinator *c, int n, const struct budget *room, const struct policy_request *request)
{
    decide_withdrawals(c, n, room);
    decide_cuts(c, n, room, request);
    decide_growth(c, n, room, request->force);
}
