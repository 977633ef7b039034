#include "memory/coordinator.h"

#include "core/model/array.h"
#include "memory/coordinator_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FORGET_INTERVALS = 5 }; /* a guest that wasn't seen for longer is gone */

static const uint64_t swapping_kib = 16 * MIB_KIB; /* the host swapped out this much in an interval */

const struct coordinator_settings coordinator_settings_default = {
    .host_reserve_mib = -1,
    .guest_floor_mib = 200,
    .unused_floor_mib = 100,
    .step_mib = -1,
    .headroom_pct = 10,
    .safety = 1.5,
    .burst_mib_s = 20,
    .cache_pct = 25,
};

static void *create(const void *settings)
{
    struct coordinator *c = calloc(1, sizeof(*c));

    if (c)
        c->settings = *(const struct coordinator_settings *)settings;
    return c;
}

static void destroy(void *state)
{
    struct coordinator *c = state;

    if (!c)
        return;
    free(c->guests);
    free(c->views);
    free(c->claims);
    free(c->claimants);
    free(c);
}

static bool is_guest(const struct guest_history *g, const struct snapshot_guest *s)
{
    return g->id == s->id && memcmp(g->uuid, s->uuid, sizeof(g->uuid)) == 0;
}

/* Puts what is remembered of the snapshot's guest i at index i; a guest not known yet starts there. */
static int place_guest(struct coordinator *c, const struct snapshot *now, int i)
{
    int at = i;
    struct guest_history held;

    while (at < c->n_guests && !is_guest(&c->guests[at], &now->guests[i]))
        at++;
    if (at == c->n_guests) {
        if (array_reserve(&c->guests, &c->cap_guests, c->n_guests + 1, sizeof(*c->guests)))
            return -ENOMEM;
        guest_history_start(&c->guests[c->n_guests++], &now->guests[i], c->interval);
    }
    if (at != i) {
        held = c->guests[i];
        c->guests[i] = c->guests[at];
        c->guests[at] = held;
    }
    return 0;
}

/* Those that aren't in the snapshot lie behind the others; some come back (a connection lost, a guest that hung). */
static void forget_gone(struct coordinator *c)
{
    int kept = c->n_now;

    for (int i = c->n_now; i < c->n_guests; i++)
        if (c->interval - c->guests[i].seen <= FORGET_INTERVALS)
            c->guests[kept++] = c->guests[i];
    c->n_guests = kept;
}

static bool host_swaps_out(const struct snapshot *before, const struct snapshot *now)
{
    return before && before->host.has & SNAPSHOT_HOST_HAS_SWAP && now->host.has & SNAPSHOT_HOST_HAS_SWAP &&
           now->host.swap_total_kib == before->host.swap_total_kib &&
           kib_less(before->host.swap_free_kib, now->host.swap_free_kib) > swapping_kib;
}

static int learn(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    static const struct rates_guest nothing = {0};
    struct coordinator *c = state;
    double before_s = c->now_s;

    if (array_reserve(&c->views, &c->cap_views, now->n_guests, sizeof(*c->views)) ||
        array_reserve(&c->claims, &c->cap_claims, now->n_guests, sizeof(*c->claims)) ||
        array_reserve(&c->claimants, &c->cap_claimants, now->n_guests, sizeof(*c->claimants)))
        return -ENOMEM;
    c->n_now = 0;
    c->interval++;
    c->now_s = (double)now->taken_ns / 1e9;
    c->host_swaps = host_swaps_out(before, now);
    for (int i = 0; i < now->n_guests; i++)
        if (place_guest(c, now, i))
            return -ENOMEM;
    for (int i = 0; i < now->n_guests; i++)
        guest_history_learn(&c->guests[i], &now->guests[i].memory, before ? &r->guests[i] : &nothing, c->interval,
                            c->now_s, c->interval > 1 ? c->now_s - before_s : 0, &c->settings);
    c->n_now = now->n_guests;
    forget_gone(c);
    return 0;
}

static void applied(void *state, const struct snapshot *now, const struct plan *done)
{
    struct coordinator *c = state;
    int at = 0;

    (void)now;
    for (int i = 0; i < done->n_actions; i++) {
        const struct plan_action *a = &done->actions[i];

        /* Actions come in up to three sweeps over the guests, each in their order. */
        for (int looked = 0; a->kind == PLAN_SET_MEMORY && looked < c->n_guests; looked++, at++) {
            struct guest_history *g = &c->guests[at < c->n_guests ? at : (at = 0)];

            if (g->id == a->id && memcmp(g->uuid, a->uuid, sizeof(g->uuid)) == 0) {
                guest_history_applied(g, a, c->interval, c->now_s);
                break;
            }
        }
    }
}

static enum view_block block_of(const struct guest_history *g, const struct snapshot_guest *now, uint64_t interval,
                                double now_s)
{
    const struct snapshot_memory *m = &now->memory;

    if (now->leave_alone != SNAPSHOT_LEAVE_NO)
        return VIEW_LEFT_ALONE;
    if (now->state != SNAPSHOT_GUEST_RUNNING)
        return VIEW_STATE;
    if (!m->balloon)
        return VIEW_NO_BALLOON;
    if (m->inhibited)
        return VIEW_INHIBITED;
    if (!(m->has & SNAPSHOT_HAS_SIZE) || !(m->has & SNAPSHOT_HAS_MAX) || m->max_kib == 0)
        return VIEW_NO_SIZE;
    if (m->size_kib > m->max_kib)
        return VIEW_ABOVE_MAX;
    if (!g->reports || !g->figures.known)
        return VIEW_NEVER_REPORTED;
    if (guest_history_frozen(g, m, now_s))
        return VIEW_FROZEN;
    if (g->aside != GUEST_HISTORY_ASIDE_NO && interval < g->aside_until)
        return VIEW_ASIDE;
    return VIEW_FREE;
}

/* A request that is out mustn't take effect at some later time, so it may be withdrawn from a guest that is left alone
 * for its state. */
static bool may_withdraw(const struct view *v)
{
    return v->guest->pending && (v->block == VIEW_FREE || v->block == VIEW_FROZEN || v->block == VIEW_ASIDE ||
                                 (v->block == VIEW_STATE && v->now->state == SNAPSHOT_GUEST_PAUSED));
}

/* How long a balloon may take to begin: seconds in a busy guest (measured: 3 s). One that took longer than an interval
 * would be seen to be on its way. */
static double balloon_lag_s(double interval_s)
{
    return interval_s < 4 ? 1 : interval_s < 12 ? interval_s / 4 : 3;
}

static void look_at_guest(const struct coordinator *c, const struct snapshot *now, int i,
                          const struct policy_request *request, bool pressed)
{
    struct view *v = &c->views[i];
    const struct guest_history *g = &c->guests[i];
    const struct snapshot_memory *m = &now->guests[i].memory;
    struct need_circumstances around = {
        .start_kib = g->start_kib,
        .interval_s = request->interval_s,
        .horizon_s = request->interval_s + g->age_s + balloon_lag_s(request->interval_s),
        .swap_in_kib_s = g->swap_in_kib_s,
        .swap_out_kib_s = g->swap_out_kib_s,
        .pressed = pressed,
    };

    memset(v, 0, sizeof(*v));
    v->now = &now->guests[i];
    v->guest = g;
    v->size_kib = m->size_kib;
    v->weight = m->weight > 0 ? m->weight : 1;
    v->block = block_of(g, v->now, c->interval, c->now_s);
    v->may_withdraw = may_withdraw(v);
    if (v->block != VIEW_FREE && v->block != VIEW_ASIDE)
        return;
    v->need = need_estimate(&c->settings, &g->figures, &g->growth, &around);
    if (g->hurt) {
        /* It is given back what was taken. */
        uint64_t before = kib_lower(g->cut_from_kib, m->max_kib);

        v->need.need_kib = kib_higher(v->need.need_kib, before);
        v->need.soon_kib = kib_higher(v->need.soon_kib, v->need.need_kib);
    }
    if (v->block == VIEW_ASIDE && v->size_kib < v->need.need_kib && c->interval >= g->aside_soon)
        v->block = VIEW_FREE;
    v->low_kib = kib_lower(v->size_kib, kib_higher(v->need.keep_kib, g->hurt_floor_kib));
    v->fair_kib = v->size_kib;
}

/* Withdrawals and cuts come before what is given: free before giving. */
static int write_actions(const struct coordinator *c, const struct snapshot *now, enum view_move move, struct plan *out)
{
    for (int i = 0; i < now->n_guests; i++) {
        const struct view *v = &c->views[i];
        struct plan_action *a;

        if (v->move != move)
            continue;
        a = plan_add_action(out, PLAN_SET_MEMORY, now, i);
        if (!a)
            return -ENOMEM;
        a->from_kib = v->size_kib;
        a->to_kib = v->size_kib + v->give_kib - v->take_kib;
        explain_sizes_reason(v, c, a->reason, sizeof(a->reason));
    }
    return 0;
}

static void write_guests(const struct coordinator *c, const struct snapshot *now, struct plan *out)
{
    for (int i = 0; i < now->n_guests; i++) {
        const struct view *v = &c->views[i];
        struct plan_guest *p = &out->guests[i];

        p->managed = v->block == VIEW_FREE || v->block == VIEW_ASIDE;
        explain_sizes_status(v, c, p->status, sizeof(p->status));
        if (!p->managed)
            continue;
        p->used_kib = v->guest->figures.used_kib;
        p->need_kib = v->need.need_kib;
        p->floor_kib = v->need.floor_kib;
        p->target_kib = v->move != VIEW_STAY ? v->size_kib + v->give_kib - v->take_kib
                        : v->guest->pending  ? v->guest->target_kib
                                             : v->size_kib;
        if (v->block == VIEW_FREE)
            out->missing_kib += kib_less(v->need.need_kib, kib_higher(p->target_kib, v->size_kib));
    }
}

static int write_notes(const struct coordinator *c, const struct snapshot *now, const struct budget *room,
                       struct plan *out)
{
    if (!room->known && plan_add_note(out, now, -1, "host", "its free memory is not known: nothing is given to guests"))
        return -ENOMEM;
    if (room->pressed &&
        plan_add_note(out, now, -1, "host", "under memory pressure (%s): idle memory is taken back faster",
                      room->pressed_by))
        return -ENOMEM;
    for (int i = 0; i < now->n_guests; i++) {
        bool worth = c->views[i].block != VIEW_FREE || c->views[i].guest->pending;

        if (worth && out->guests[i].status[0] &&
            plan_add_note(out, now, i, now->guests[i].name, "%s", out->guests[i].status))
            return -ENOMEM;
    }
    return 0;
}

static int make_plan(const void *state, const struct snapshot *now, const struct rates *r,
                     const struct policy_request *request, struct plan *out)
{
    struct coordinator working = *(const struct coordinator *)state, *c = &working;
    struct budget room;
    int rc, waiting = 0, ready = 0, n = now->n_guests;

    (void)r;
    plan_reset(out, now->cpu_limit);
    rc = plan_size_for(out, now);
    if (rc || n > c->n_now)
        return rc ? rc : -EINVAL;
    out->decided_ns = now->taken_ns;
    out->forced = request->force;
    room = budget_measure(c, now);
    for (int i = 0; i < n; i++)
        look_at_guest(c, now, i, request, room.pressed);
    budget_share(c, n, &room);
    decide_moves(c, n, &room, request);
    rc = write_actions(c, now, VIEW_WITHDRAW, out);
    if (!rc)
        rc = write_actions(c, now, VIEW_CUT, out);
    if (!rc)
        rc = write_actions(c, now, VIEW_GROW, out);
    if (rc)
        return rc;
    out->has_memory = true;
    out->host_free_kib = room.free_kib;
    out->host_reserve_kib = room.reserve_kib;
    out->budget_kib = room.budget_kib > 0 ? (uint64_t)room.budget_kib : 0;
    out->pending_kib = room.pending_kib;
    write_guests(c, now, out);
    for (int i = 0; i < n; i++) {
        waiting += c->views[i].block == VIEW_NEVER_REPORTED;
        ready += c->views[i].block == VIEW_FREE;
    }
    out->learning = c->interval < 2 && waiting > 0 && ready == 0;
    explain_sizes_summary(c, n, &room, out, out->summary, sizeof(out->summary));
    return write_notes(c, now, &room, out);
}

const struct policy_ops coordinator_policy = {
    .create = create,
    .destroy = destroy,
    .learn = learn,
    .plan = make_plan,
    .applied = applied,
};
