#include "memory/coordinator.h"

#include "core/model/array.h"
#include "memory/decision.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORGET_INTERVALS = 5,       /* a guest that wasn't seen for longer is gone */
    REMEMBERED_SURPRISES = 200, /* intervals over which the dispersion is measured */
};

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

    if (c) {
        c->dispersion = 1;
        c->settings = *(const struct coordinator_settings *)settings;
    }
    return c;
}

static void configure(void *state, const void *settings)
{
    ((struct coordinator *)state)->settings = *(const struct coordinator_settings *)settings;
}

static void destroy(void *state)
{
    struct coordinator *c = state;

    if (!c)
        return;
    free(c->guests);
    free(c);
}

static bool is_guest(const struct guest_history *g, const struct snapshot_guest *s)
{
    return snapshot_same_guest(g->uuid, g->id, s->uuid, s->id);
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

/* Growth that begins, of whom it may be, tells something of all. */
static void look_at_bursts(struct coordinator *c)
{
    uint64_t usual_kib = kib_of_mib(NEED_ONSET_S * c->settings.burst_mib_s), most_kib;
    int begun = 0;

    for (int i = 0; i < c->n_now; i++) {
        uint64_t began_kib = guest_history_begins(&c->guests[i], c->now_s);

        if (began_kib > 0)
            burst_learn(&c->bursts, began_kib, c->now_s);
        begun += c->guests[i].bursts.n > 0;
    }
    most_kib = burst_most(&c->bursts, begun, usual_kib, c->now_s);
    for (int i = 0; i < c->n_now; i++) {
        c->guests[i].burst_kib = burst_expected(&c->guests[i].bursts, &c->bursts, usual_kib, c->now_s);
        c->guests[i].most_burst_kib = most_kib;
    }
}

static int sample(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    static const struct rates_guest nothing = {0};
    struct coordinator *c = state;
    double seconds = c->sampled_ns ? (double)(now->taken_ns - c->sampled_ns) / 1e9 : 0;

    c->n_now = 0;
    c->sampled_ns = now->taken_ns;
    c->now_s = (double)now->taken_ns / 1e9;
    if (before)
        c->sample_s = seconds;
    for (int i = 0; i < now->n_guests; i++)
        if (place_guest(c, now, i))
            return -ENOMEM;
    for (int i = 0; i < now->n_guests; i++)
        guest_history_sample(&c->guests[i], &now->guests[i].memory, before ? &r->guests[i] : &nothing, c->interval,
                             c->now_s, seconds, &c->settings);
    c->n_now = now->n_guests;
    look_at_bursts(c);
    return 0;
}

/* How far what all touched together in the last interval was from what was expected, in terms of its variance. */
static void look_at_surprise(struct coordinator *c, const struct snapshot *now)
{
    struct touch_sum expected = {0};
    double touched = 0;

    for (int i = 0; i < c->n_now; i++) {
        const struct guest_history *g = &c->guests[i];

        touch_add(&expected, g->could_kib, touch_share(&g->touch, g->could_kib, now->guests[i].memory.max_kib), 0);
        touched += (double)guest_history_touched(g, &now->guests[i].memory);
    }
    if (expected.variance <= 0)
        return;
    c->surprises += c->surprises < REMEMBERED_SURPRISES;
    c->dispersion += ((touched - expected.mean) * (touched - expected.mean) / expected.variance - c->dispersion) /
                     (c->surprises + 1);
}

static int learn(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    struct coordinator *c = state;

    c->interval++;
    c->host_swaps = host_swaps_out(before, now);
    /* Who doesn't sample between decisions has one sample for each. */
    if (c->sampled_ns != now->taken_ns && sample(c, before, now, r))
        return -ENOMEM;
    look_at_surprise(c, now);
    for (int i = 0; i < c->n_now; i++)
        guest_history_begin_interval(&c->guests[i], &now->guests[i].memory, c->interval);
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

            if (snapshot_same_guest(g->uuid, g->id, a->uuid, a->id)) {
                guest_history_applied(g, a, c->interval, c->now_s);
                break;
            }
        }
    }
}

static int decide(const void *state, const struct snapshot *now, const struct policy_request *request, bool early,
                  struct plan *out)
{
    const struct coordinator *c = state;
    int rc;

    plan_reset(out, now->cpu_limit);
    rc = plan_size_for(out, now);
    if (rc || now->n_guests > c->n_now)
        return rc ? rc : -EINVAL;
    return decision_make(c, now, request, early, out);
}

static int plan(const void *state, const struct snapshot *now, const struct rates *r,
                const struct policy_request *request, struct plan *out)
{
    (void)r;
    return decide(state, now, request, false, out);
}

static int early(const void *state, const struct snapshot *now, const struct rates *r,
                 const struct policy_request *request, struct plan *out)
{
    (void)r;
    return decide(state, now, request, true, out);
}

const struct policy_ops coordinator_policy = {
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .sample = sample,
    .learn = learn,
    .plan = plan,
    .early = early,
    .applied = applied,
};
