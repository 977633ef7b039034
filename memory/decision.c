#include "memory/decision.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum decision_block block_of(const struct guest_history *g, const struct snapshot_guest *now, uint64_t interval,
                                    double now_s)
{
    const struct snapshot_memory *m = &now->memory;

    if (now->leave_alone != SNAPSHOT_LEAVE_NO)
        return DECISION_BLOCK_LEFT_ALONE;
    if (now->state != SNAPSHOT_GUEST_RUNNING)
        return DECISION_BLOCK_STATE;
    if (!m->balloon)
        return DECISION_BLOCK_NO_BALLOON;
    if (m->inhibited)
        return DECISION_BLOCK_INHIBITED;
    if (!(m->has & SNAPSHOT_HAS_SIZE) || !(m->has & SNAPSHOT_HAS_MAX) || m->max_kib == 0)
        return DECISION_BLOCK_NO_SIZE;
    if (m->size_kib > m->max_kib)
        return DECISION_BLOCK_ABOVE_MAX;
    if (!g->reports || !g->figures.known)
        return DECISION_BLOCK_NEVER_REPORTED;
    if (guest_history_frozen(g, m, now_s))
        return DECISION_BLOCK_FROZEN;
    if (g->aside != GUEST_HISTORY_ASIDE_NO && interval < g->aside_until)
        return DECISION_BLOCK_ASIDE;
    return DECISION_BLOCK_NONE;
}

/* A request that is out mustn't take effect at some later time, so it may be withdrawn from a guest that is left alone
 * for its state. */
static bool may_withdraw(const struct decision_guest *v)
{
    return v->history->pending &&
           (v->block == DECISION_BLOCK_NONE || v->block == DECISION_BLOCK_FROZEN || v->block == DECISION_BLOCK_ASIDE ||
            (v->block == DECISION_BLOCK_STATE && v->now->state == SNAPSHOT_GUEST_PAUSED));
}

/* How long a balloon may take to begin: seconds in a busy guest (measured: 3 s). One that took longer than an interval
 * would be seen to be on its way. */
static double balloon_lag_s(double interval_s)
{
    return interval_s < 4 ? 1 : interval_s < 12 ? interval_s / 4 : 3;
}

static struct need_circumstances circumstances_of(const struct decision *d, const struct guest_history *g,
                                                  const struct snapshot_memory *m)
{
    double interval_s = d->request->interval_s, sample_s = d->c->sample_s > 0 ? d->c->sample_s : interval_s;
    double until_s = d->early ? fmax(d->request->until_decision_s, sample_s) : interval_s;
    double horizon_s = until_s + g->age_s + balloon_lag_s(interval_s);

    return (struct need_circumstances){
        .start_kib = g->start_kib,
        .least_kib = m->least_kib,
        .interval_s = until_s,
        .horizon_s = horizon_s,
        .reaction_s = fmin(horizon_s, sample_s + g->age_s + balloon_lag_s(sample_s)),
        .burst_kib = g->burst_kib,
        .most_burst_kib = g->most_burst_kib,
        .swap_in_kib_s = g->swap_in_kib_s,
        .swap_out_kib_s = g->swap_out_kib_s,
        .pressed = d->budget.pressed,
    };
}

/* What it used for a moment counts as if it used it still. */
static void expect_flash(const struct decision *d, struct decision_guest *v)
{
    struct need *n = &v->need;
    uint64_t *sizes[] = {&n->keep_kib, &n->urgent_kib, &n->need_kib, &n->trigger_kib, &n->soon_kib,
                         &n->near_kib, &n->ready_kib,  &n->want_kib, &n->spare_kib};
    uint64_t least_kib = v->flashed_kib + kib_of_mib(d->c->settings.unused_floor_mib);

    for (size_t i = 0; v->flashed_kib > 0 && i < sizeof(sizes) / sizeof(sizes[0]); i++)
        *sizes[i] = kib_higher(*sizes[i], kib_lower(least_kib, v->history->figures.max_kib));
}

static void look_at_guest(struct decision *d, int i)
{
    const struct coordinator *c = d->c;
    struct decision_guest *v = &d->guests[i];
    const struct guest_history *g = &c->guests[i];
    const struct snapshot_memory *m = &d->now->guests[i].memory;
    struct need_circumstances around = circumstances_of(d, g, m);

    memset(v, 0, sizeof(*v));
    v->now = &d->now->guests[i];
    v->history = g;
    v->size_kib = m->size_kib;
    v->weight = m->weight > 0 ? m->weight : 1;
    v->block = block_of(g, v->now, c->interval, c->now_s);
    v->may_withdraw = may_withdraw(v);
    if (v->block != DECISION_BLOCK_NONE && v->block != DECISION_BLOCK_ASIDE)
        return;
    v->need = need_estimate(&c->settings, &g->figures, &g->growth, &around);
    v->flashed_kib = guest_history_flashed(g, c->now_s);
    expect_flash(d, v);
    if (g->hurt) {
        /* It is given back what was taken. */
        uint64_t before = kib_lower(g->cut_from_kib, guest_history_max(g, m));

        v->need.need_kib = kib_higher(v->need.need_kib, before);
        v->need.soon_kib = kib_higher(v->need.soon_kib, v->need.need_kib);
    }
    if (v->block == DECISION_BLOCK_ASIDE && v->size_kib < v->need.need_kib && c->interval >= g->aside_soon)
        v->block = DECISION_BLOCK_NONE;
    v->low_kib = kib_lower(v->size_kib, kib_higher(v->need.keep_kib, g->hurt_floor_kib));
    v->fair_kib = v->size_kib;
}

/* Withdrawals and cuts come before what is given: free before giving. */
static int write_actions(const struct decision *d, enum decision_move move, struct plan *out)
{
    for (int i = 0; i < d->n; i++) {
        const struct decision_guest *v = &d->guests[i];
        struct plan_action *a;

        if (v->move != move)
            continue;
        a = plan_add_action(out, PLAN_SET_MEMORY, d->now, i);
        if (!a)
            return -ENOMEM;
        a->from_kib = v->size_kib;
        a->to_kib = v->size_kib + v->give_kib - v->take_kib;
        explain_sizes_reason(d, v, a->reason, sizeof(a->reason));
    }
    return 0;
}

static void write_guests(const struct decision *d, struct plan *out)
{
    for (int i = 0; i < d->n; i++) {
        const struct decision_guest *v = &d->guests[i];
        struct plan_guest *p = &out->guests[i];

        p->managed = v->block == DECISION_BLOCK_NONE || v->block == DECISION_BLOCK_ASIDE;
        explain_sizes_status(d, v, p->status, sizeof(p->status));
        if (!p->managed)
            continue;
        p->used_kib = v->history->figures.used_kib;
        p->need_kib = v->need.need_kib;
        p->floor_kib = v->need.floor_kib;
        p->target_kib = v->move != DECISION_STAY ? v->size_kib + v->give_kib - v->take_kib
                        : v->history->pending    ? v->history->target_kib
                                                 : v->size_kib;
        if (v->block == DECISION_BLOCK_NONE)
            out->missing_kib += kib_less(v->need.need_kib, kib_higher(p->target_kib, v->size_kib));
    }
}

static int write_notes(const struct decision *d, struct plan *out)
{
    if (!d->budget.known &&
        plan_add_note(out, d->now, -1, "host", "its free memory is not known: nothing is given to guests"))
        return -ENOMEM;
    if (d->budget.pressed &&
        plan_add_note(out, d->now, -1, "host", "under memory pressure (%s): idle memory is taken back faster",
                      d->budget.pressed_by))
        return -ENOMEM;
    for (int i = 0; i < d->n; i++) {
        bool worth = d->guests[i].block != DECISION_BLOCK_NONE || d->guests[i].history->pending;

        if (worth && out->guests[i].status[0] &&
            plan_add_note(out, d->now, i, d->now->guests[i].name, "%s", out->guests[i].status))
            return -ENOMEM;
    }
    return 0;
}

static int write_plan(const struct decision *d, struct plan *out)
{
    static const enum decision_move order[] = {DECISION_WITHDRAW, DECISION_CUT, DECISION_GROW};
    int waiting = 0, ready = 0;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (write_actions(d, order[i], out))
            return -ENOMEM;
    out->has_memory = true;
    out->host_free_kib = d->budget.free_kib;
    out->host_reserve_kib = d->budget.reserve_kib;
    out->budget_kib = d->budget.to_give_kib > 0 ? (uint64_t)d->budget.to_give_kib : 0;
    out->pending_kib = d->budget.pending_kib;
    write_guests(d, out);
    for (int i = 0; i < d->n; i++) {
        waiting += d->guests[i].block == DECISION_BLOCK_NEVER_REPORTED;
        ready += d->guests[i].block == DECISION_BLOCK_NONE;
    }
    out->learning = d->c->interval < 2 && waiting > 0 && ready == 0;
    explain_sizes_summary(d, out, out->summary, sizeof(out->summary));
    return write_notes(d, out);
}

int decision_make(const struct coordinator *c, const struct snapshot *now, const struct policy_request *request,
                  bool early, struct plan *out)
{
    size_t n = (size_t)now->n_guests + 1;
    struct decision d = {
        .c = c,
        .now = now,
        .request = request,
        .early = early,
        .n = now->n_guests,
        .guests = calloc(n, sizeof(*d.guests)),
        .claims = calloc(n, sizeof(*d.claims)),
        .claimants = calloc(n, sizeof(*d.claimants)),
        .bindings = calloc(n, sizeof(*d.bindings)),
        .bound = calloc(n, sizeof(*d.bound)),
        .bound_claims = calloc(n, sizeof(*d.bound_claims)),
    };
    /* What is on the move is looked at anew, and can be taken back, at the next decision. */
    double ahead_s = early ? request->until_decision_s : request->interval_s;
    int rc = -ENOMEM;

    if (d.guests && d.claims && d.claimants && d.bindings && d.bound && d.bound_claims) {
        out->decided_ns = now->taken_ns;
        out->forced = request->force;
        out->early = early;
        d.budget = budget_measure(c, now, ahead_s);
        for (int i = 0; i < d.n; i++)
            look_at_guest(&d, i);
        binding_find(&d, ahead_s);
        budget_share(&d, -1);
        binding_share(&d);
        decide_moves(&d);
        rc = write_plan(&d, out);
    }
    free(d.guests);
    free(d.claims);
    free(d.claimants);
    free(d.bindings);
    free(d.bound);
    free(d.bound_claims);
    return rc;
}
