#include "core/model/cpumask.h"
#include "memory/decision.h"

#include <math.h>
#include <stdio.h>

static const double pressed_some_pct = 20; /* part of the time some task waited for memory: the host is pressed */
static const double pressed_full_pct = 5;  /* part of the time all of them did */

static uint64_t host_free(const struct snapshot_host *h)
{
    if (h->has & SNAPSHOT_HOST_HAS_AVAILABLE)
        return h->available_kib;
    /* How much of its caches a distant host can drop isn't known: half is a careful guess. */
    return h->free_kib + (h->has & SNAPSHOT_HOST_HAS_CACHES ? h->caches_kib / 2 : 0);
}

/* What a guest holds of the host's memory. Of huge pages and locked memory, only what is resident besides counts. */
static uint64_t held_by(const struct snapshot_memory *m)
{
    if (m->has & SNAPSHOT_HAS_RSS)
        return m->rss_kib;
    return m->inhibited ? 0 : m->size_kib;
}

/* What the host has for its guests: what is free and what they hold. The rest (pools of huge pages, what other
 * programs and the kernel hold) may be most of its memory, and a part of that would be more than there is to keep. */
static uint64_t host_usable(const struct snapshot *now, uint64_t free_kib)
{
    uint64_t usable = free_kib;

    for (int i = 0; i < now->n_guests; i++)
        usable += held_by(&now->guests[i].memory);
    return now->host.has & SNAPSHOT_HOST_HAS_TOTAL ? kib_lower(usable, now->host.total_kib) : usable;
}

static uint64_t host_reserve(const struct coordinator_settings *settings, const struct snapshot *now, uint64_t free_kib)
{
    if (settings->host_reserve_mib >= 0)
        return kib_of_mib(settings->host_reserve_mib);
    return kib_higher(200 * MIB_KIB, host_usable(now, free_kib) / 20);
}

static void look_for_pressure(const struct coordinator *c, const struct snapshot_host *h, struct budget *b)
{
    if (h->has & SNAPSHOT_HOST_HAS_PRESSURE &&
        (h->pressure_some_pct >= pressed_some_pct || h->pressure_full_pct >= pressed_full_pct)) {
        b->pressed = true;
        snprintf(b->pressed_by, sizeof(b->pressed_by), "tasks wait for memory %.0f %% of the time",
                 h->pressure_some_pct);
    } else if (c->host_swaps) {
        b->pressed = true;
        snprintf(b->pressed_by, sizeof(b->pressed_by), "it swaps out");
    }
}

/* What guests may touch of it, and what is on the way, from free and reserve on. nodes NULL: of the whole host. */
static void count_guests(const struct coordinator *c, const struct snapshot *now, double interval_s,
                         const uint64_t *nodes, struct budget *b)
{
    struct touch_sum sum = {0};

    for (int i = 0; i < now->n_guests; i++) {
        const struct guest_history *g = &c->guests[i];
        const struct snapshot_memory *m = &now->guests[i].memory;
        double part = binding_part(now, i, nodes);
        uint64_t could_kib = guest_history_could_touch(g, m);

        if (part <= 0)
            continue;
        touch_add(&sum, kib_of(part * (double)could_kib), touch_share(&g->touch, could_kib, m->max_kib),
                  kib_of(part * g->growth.rate_kib_s * interval_s));
        if (g->pending && !m->inhibited) {
            b->granted_kib += kib_of(part * (double)kib_less(g->target_kib, m->size_kib));
            b->pending_kib += kib_of(part * (double)kib_less(m->size_kib, g->target_kib));
        }
    }
    /* The reserve holds against what is likely; and all that could be touched at once, against all there is. */
    b->touchable_kib = (uint64_t)sum.all;
    b->likely_kib = touch_likely(&sum, fmax(c->dispersion, touch_dispersion_prior(sum.guests)));
    b->touched_kib = kib_higher(b->likely_kib, kib_less(b->touchable_kib, b->reserve_kib));
    if (b->known)
        b->to_give_kib =
            (int64_t)b->free_kib - (int64_t)b->reserve_kib - (int64_t)b->touched_kib - (int64_t)b->granted_kib;
}

struct budget budget_measure(const struct coordinator *c, const struct snapshot *now, double interval_s)
{
    const struct snapshot_host *h = &now->host;
    struct budget b = {.known = h->has & (SNAPSHOT_HOST_HAS_AVAILABLE | SNAPSHOT_HOST_HAS_FREE)};

    b.free_kib = b.known ? host_free(h) : 0;
    b.reserve_kib = host_reserve(&c->settings, now, b.free_kib);
    look_for_pressure(c, h, &b);
    count_guests(c, now, interval_s, NULL, &b);
    return b;
}

struct budget budget_measure_nodes(const struct decision *d, double interval_s, const uint64_t *nodes)
{
    const struct snapshot *now = d->now;
    struct budget b = {.pressed = d->budget.pressed};
    int found = 0;

    for (int i = 0; i < now->n_nodes; i++)
        if (cpumask_has(nodes, snapshot_words(now), now->nodes[i].number)) {
            b.free_kib += now->nodes[i].free_kib;
            found++;
        }
    b.known = found > 0 && found == cpumask_count(nodes, snapshot_words(now));
    b.reserve_kib = kib_of((double)d->budget.reserve_kib * binding_part(now, -1, nodes));
    count_guests(d->c, now, interval_s, nodes, &b);
    return b;
}

/* Memory kept back from what isn't needed but nice to have, so that the host's own ups and downs set nothing in motion.
 */
static uint64_t slack_of(const struct budget *b)
{
    return kib_higher(kib_higher(32 * MIB_KIB, b->reserve_kib / 8), b->likely_kib);
}

/* Writes the claims of all guests that may be moved, or of those of one binding. Returns how many. */
static int claim(struct decision *d, int binding, int64_t *held_kib)
{
    int claims = 0;

    for (int i = 0; i < d->n; i++) {
        const struct decision_guest *v = &d->guests[i];
        bool growing = v->history->pending && v->history->target_kib > v->size_kib;

        if (v->block != DECISION_BLOCK_NONE || (binding >= 0 && v->binding != binding))
            continue;
        *held_kib += (int64_t)(growing ? v->history->target_kib : v->size_kib);
        d->claims[claims] = (struct fair_share_claim){.weight = v->weight, .base_kib = v->need.floor_kib};
        d->claimants[claims++] = i;
    }
    return claims;
}

/* What is claimed, in this order; each step keeps what the ones before have given. */
enum step {
    STEP_NEEDS,        /* needs, up to each one's share */
    STEP_NEAR,         /* room for growth that is under way, up to each one's share: greed mustn't eat it up */
    STEP_NEEDS_BEYOND, /* needs of those who have their share, one decision further */
    STEP_WANTS,        /* room for growth beyond the share, and page cache */
    STEP_SPARE,        /* room for the fastest growth that was seen to begin anywhere */
};

/* Fills up to what that step is about. Returns what was missing. */
static uint64_t fill(struct decision *d, int claims, enum step step, int64_t pool_kib)
{
    uint64_t missing;

    for (int k = 0; k < claims; k++) {
        struct fair_share_claim *claim = &d->claims[k];
        const struct decision_guest *v = &d->guests[d->claimants[k]];
        claim->low_kib = step == STEP_NEEDS ? v->low_kib : v->fair_kib;
        claim->high_kib = step == STEP_NEEDS          ? kib_lower(v->need.need_kib, v->share_kib)
                          : step == STEP_NEAR         ? kib_lower(v->need.near_kib, v->share_kib)
                          : step == STEP_NEEDS_BEYOND ? v->need.soon_kib
                          : step == STEP_WANTS        ? v->need.want_kib
                                                      : v->need.spare_kib;
    }
    missing = fair_share_fill(d->claims, claims, pool_kib > 0 ? (uint64_t)pool_kib : 0);
    for (int k = 0; k < claims; k++)
        d->guests[d->claimants[k]].fair_kib = d->claims[k].got_kib;
    return missing;
}

/* The share of each: what it would get if all wanted their maximum. */
static void find_shares(struct decision *d, int claims, int64_t pool_kib)
{
    for (int k = 0; k < claims; k++) {
        const struct decision_guest *v = &d->guests[d->claimants[k]];

        d->claims[k].low_kib = v->need.floor_kib;
        d->claims[k].high_kib = guest_history_max(v->history, &v->now->memory);
    }
    fair_share_fill(d->claims, claims, pool_kib > 0 ? (uint64_t)pool_kib : 0);
    for (int k = 0; k < claims; k++)
        d->guests[d->claimants[k]].share_kib = d->claims[k].got_kib;
}

/* Kept back from those who have their share already, for those who haven't and grow: a minute of growth. Whoever has
 * used all there is could not give it back unhurt. */
static int64_t held_back(const struct decision *d, int claims)
{
    uint64_t kept = 0;

    for (int k = 0; k < claims; k++) {
        const struct decision_guest *v = &d->guests[d->claimants[k]];

        kept += kib_lower(v->need.later_kib, kib_less(v->share_kib, v->fair_kib));
    }
    return (int64_t)kept;
}

void budget_share(struct decision *d, int binding)
{
    const struct budget *b = binding < 0 ? &d->budget : &d->bindings[binding].budget;
    int64_t pool = b->to_give_kib, slack = (int64_t)slack_of(b), kept;
    int claims = claim(d, binding, &pool);

    find_shares(d, claims, pool);
    if (fill(d, claims, STEP_NEEDS, pool) > 0)
        return;
    fill(d, claims, STEP_NEAR, pool - slack);
    kept = held_back(d, claims);
    if (fill(d, claims, STEP_NEEDS_BEYOND, pool - kept) == 0)
        if (fill(d, claims, STEP_WANTS, pool - kept - slack) == 0)
            fill(d, claims, STEP_SPARE, pool - kept - 2 * slack);
}
