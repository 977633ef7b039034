#include "memory/guest_history.h"

#include "memory/guest_history_host.h"
#include "memory/kib.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PROGRESS_KIB = 256,      /* less than this between two looks is no progress */
    NOISE_KIB = 4 * MIB_KIB, /* what a guest uses changes by this much for no reason */
    RISE_KIB = 16 * MIB_KIB, /* a rise by this much is one, even when seen once only */
    FELL_KIB = 32 * MIB_KIB, /* what it uses fell by this much: demand really fell */
    STUCK_LOOKS = 3,         /* looks without progress after which a balloon is stuck */
    FROZEN_LOOKS = 3,        /* samples, and periods of the statistics, after which they stand still */
    ASIDE_FIRST = 8,         /* intervals a stuck balloon is left alone at first; doubles */
    ASIDE_LONGEST = 256,
    ASIDE_IN_NEED = 3,         /* a guest that needs more is tried as soon as this */
    REFUSED_IN_NEED_MOST = 16, /* the same where calls were refused: at the next decision, then after 2, 4, and so on */
    COOLDOWN_FIRST = 4,        /* intervals without a calm cut after one that hurt or came back; doubles */
    COOLDOWN_LONGEST = 64,
    FORGET_COOLDOWNS = 8, /* so many cool-downs without harm, and the next is shorter again */
    JUDGED = 2,           /* intervals after a cut in which harm is put down to it */
    SEE_SAW = 3,          /* intervals after growth in which nothing is taken back unless demand fell */
    REGRET = 16,          /* demand that comes back this soon after a cut means the cut was for nothing */
};

static const double frozen_least_s = 5;       /* a busy guest was seen to answer 3 s late */
static const double stuck_least_s = 5;        /* a short interval must not make a slow balloon a stuck one */
static const double harmful_swap_kib_s = 256; /* swapping in faster than this after a cut is harm */
static const double harmful_faults_s = 20;    /* major faults a second above what is usual */

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

void guest_history_start(struct guest_history *g, const struct snapshot_guest *now, uint64_t interval)
{
    memset(g, 0, sizeof(*g));
    memcpy(g->uuid, now->uuid, sizeof(g->uuid));
    g->id = now->id;
    g->seen = interval;
    g->qemu_most_kib = g->kept_kib = UINT64_MAX;
    g->burst_learned_s = -1;
    g->start_kib = g->settled_kib = g->last_kib = now->memory.size_kib;
}

/* Cools down for longer each time. */
static void cool_down(struct guest_history *g, uint64_t interval)
{
    g->cooldown_length = g->cooldown_length ? g->cooldown_length * 2 : COOLDOWN_FIRST;
    if (g->cooldown_length > COOLDOWN_LONGEST)
        g->cooldown_length = COOLDOWN_LONGEST;
    g->cooldown_until = interval + g->cooldown_length;
}

/* True when new statistics have come in. */
static bool look_at_update(struct guest_history *g, const struct snapshot_memory *now, double now_s, double seconds)
{
    double period_s = now->stats_period_s > 0 ? now->stats_period_s : 1;
    uint64_t told = now->available_kib + 3 * now->unused_kib + 5 * now->usable_kib + 7 * now->disk_caches_kib;
    bool fresh;

    if (now->has & SNAPSHOT_HAS_LAST_UPDATE)
        fresh = g->looks > 1 && now->last_update_s != 0 && now->last_update_s != g->last_update_s;
    else
        fresh = now->has & (SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_USABLE) && (!g->reports || told != g->told);
    g->last_update_s = now->last_update_s;
    g->told = told;
    if (fresh) {
        g->reports = true;
        g->fresh_seen++;
        g->fresh_s = now_s;
        g->stand_still = 0;
        g->age_s = seconds > 0 && seconds < period_s ? seconds : period_s;
    } else {
        g->stand_still++;
        g->age_s += seconds;
        /* Without a time, new figures that are the same as the old ones can't be told from those. */
        if (!(now->has & SNAPSHOT_HAS_LAST_UPDATE))
            g->age_s = fmin(g->age_s, period_s);
    }
    return fresh;
}

static void follow_request(struct guest_history *g, uint64_t size_kib, double now_s)
{
    bool grows = g->target_kib > g->asked_kib;
    bool passed = grows ? size_kib >= g->target_kib : size_kib <= g->target_kib;

    if (passed || apart(size_kib, g->target_kib) <= GUEST_HISTORY_NEAR_KIB) {
        g->pending = false;
        g->settled_kib = apart(size_kib, g->target_kib) <= GUEST_HISTORY_NEAR_KIB ? size_kib : g->target_kib;
        g->aside_length = 0;
    } else if (grows ? size_kib >= g->last_kib + PROGRESS_KIB : size_kib + PROGRESS_KIB <= g->last_kib) {
        g->progressed = true;
        g->progress_s = now_s;
    }
}

/* Memory was plugged or unplugged, that is what changes a maximum: size and target have changed by as much. */
static void follow_plugging(struct guest_history *g, const struct snapshot_memory *now)
{
    uint64_t *sizes[] = {&g->target_kib, &g->asked_kib,    &g->settled_kib,
                         &g->last_kib,   &g->cut_from_kib, &g->gave_way_from_kib};
    uint64_t more = kib_less(now->max_kib, g->last_max_kib), fewer = kib_less(g->last_max_kib, now->max_kib);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        *sizes[i] = kib_less(*sizes[i] + more, fewer);
    g->fresh_then = g->fresh_seen;
}

/* How far the balloon has moved since the last look, as far as that makes statistics from before wrong: what it takes
 * may be what was held then, and where the total doesn't follow, what it gives looks held. */
static uint64_t slid_since(const struct guest_history *g, uint64_t size_kib)
{
    return g->frame.follows ? kib_less(g->last_kib, size_kib) : apart(g->last_kib, size_kib);
}

/* The size, and whether it is where it should be. Returns true when it stood still since the last look. fresh: new
 * statistics have come in since then, it isn't known whether before it moved or after. */
static bool look_at_size(struct guest_history *g, const struct snapshot_memory *now, bool fresh, uint64_t interval,
                         double now_s)
{
    uint64_t size = now->size_kib;
    bool plugged = g->last_max_kib && now->max_kib != g->last_max_kib, still;

    if (plugged)
        follow_plugging(g, now);
    if (plugged || size > g->reach_kib + GUEST_HISTORY_NEAR_KIB)
        g->reach_kib = 0;
    still = !plugged && apart(size, g->last_kib) <= GUEST_HISTORY_NEAR_KIB;
    g->slid_kib = (fresh ? 0 : g->slid_kib) + slid_since(g, size);
    g->last_max_kib = now->max_kib;
    if (g->pending)
        follow_request(g, size, now_s);
    if (!g->pending && apart(size, g->settled_kib) > GUEST_HISTORY_NEAR_KIB) {
        /* Somebody else has set it, or the balloon gave way in need. */
        if (now->deflate_on_oom && size > g->settled_kib) {
            if (!g->gave_way)
                g->gave_way_from_kib = g->settled_kib;
            g->gave_way = true;
            cool_down(g, interval);
        } else if (g->gave_way && size <= g->gave_way_from_kib + GUEST_HISTORY_NEAR_KIB) {
            g->gave_way = false;
        }
        g->settled_kib = size;
        g->cut_at = 0;
        g->grow_at = interval;
        g->peak_used_kib = g->figures.used_kib;
    }
    g->last_kib = size;
    return still;
}

static void look_at_memory(struct guest_history *g, const struct snapshot_memory *now, bool still, uint64_t interval,
                           double now_s)
{
    uint64_t used_before_kib = g->figures.used_kib, believed_kib = g->believed_kib;
    bool known_before = g->figures.known;

    need_frame_learn(&g->frame, now, still);
    g->figures = need_read(now, &g->frame);
    if (!g->figures.known)
        return;
    /* As it was when it was first seen: those were no old figures, so that these are the second ones. */
    if (g->fresh_seen == 1 && known_before && apart(g->figures.used_kib, used_before_kib) < RISE_KIB)
        g->fresh_seen = 2;
    /* Without a total of the same moment, a balloon that moved looks like growth, or like memory that was let go. */
    if (!g->frame.follows && !guest_history_sees_clearly(g))
        return;
    g->believed_kib = g->figures.used_kib;
    if (g->believed_kib + FELL_KIB <= believed_kib) {
        g->fell = true;
        g->fell_at = interval;
    }
    need_growth_add(&g->growth, g->figures.used_kib, now_s, NOISE_KIB);
    g->peak_used_kib = kib_higher(g->peak_used_kib, g->figures.used_kib);
}

/* A kernel that swaps out keeps some memory free for itself: what is unused then stays so. Not so where it swapped
 * first and was given memory before it reported, nor where it let go of some: what was unused before counts as well. */
static void look_at_kept(struct guest_history *g, uint64_t unused_before_kib)
{
    uint64_t unused_kib = kib_lower(unused_before_kib, g->figures.unused_kib);
    bool still = apart(g->figures.size_kib, g->reported_size_kib) <= GUEST_HISTORY_NEAR_KIB;

    if ((still && g->swap_out_kib_s > harmful_swap_kib_s) || g->kept_kib != UINT64_MAX)
        g->kept_kib = kib_lower(g->kept_kib, unused_kib);
    g->reported_size_kib = g->figures.size_kib;
}

static bool faults_more_than_usual(const struct guest_history *g)
{
    return g->major_faults_s > 3 * g->calm_faults_s + harmful_faults_s;
}

/* Whether the last cut did harm; judged for a short while after it. */
static void judge_cut(struct guest_history *g, const struct rates_guest *r, uint64_t interval,
                      const struct coordinator_settings *settings)
{
    uint64_t unused_floor = kib_of_mib(settings->unused_floor_mib);
    uint64_t taken = kib_less(g->cut_from_kib, g->figures.size_kib);
    uint64_t expected = kib_less(g->cut_unused_kib, taken);
    bool tight = g->figures.unused_kib < 2 * unused_floor;

    if (g->cut_at == 0 || interval > g->cut_at + JUDGED || g->hurt || taken == 0)
        return;
    if (r->has_swap && r->swap_in_kib_s > harmful_swap_kib_s && tight)
        snprintf(g->hurt_by, sizeof(g->hurt_by), "swaps in %.1f MiB/s", r->swap_in_kib_s / MIB_KIB);
    else if (faults_more_than_usual(g) && tight)
        snprintf(g->hurt_by, sizeof(g->hurt_by), "%.0f major faults/s", r->major_faults_s);
    else if (g->figures.unused_kib < unused_floor / 2 && g->figures.unused_kib < expected / 2 &&
             g->figures.unused_kib + taken >= unused_floor / 2)
        snprintf(g->hurt_by, sizeof(g->hurt_by), "unused fell to %llu MiB",
                 (unsigned long long)g->figures.unused_kib / MIB_KIB);
    else
        return;
    g->hurt = true;
    g->hurt_floor_kib = g->cut_from_kib;
    cool_down(g, interval);
}

/* What hurt is over when it has let go since, or has come through its cool-down without what it could not be given
 * back. Cool-downs get shorter again when it is let be for long enough. */
static void forget_cooldown(struct guest_history *g, uint64_t interval)
{
    if (interval >= g->cooldown_until || g->fell) {
        g->hurt = false;
        g->hurt_floor_kib = 0;
    }
    /* It cools down from having been cut to where it was in use; now it uses less. */
    if (g->fell && g->figures.used_kib + FELL_KIB <= g->cut_used_kib)
        g->cooldown_until = kib_lower(g->cooldown_until, interval);
    if (g->cooldown_length && interval >= g->cooldown_until + FORGET_COOLDOWNS * g->cooldown_length) {
        g->cooldown_length = g->cooldown_length / 2 < COOLDOWN_FIRST ? 0 : g->cooldown_length / 2;
        g->returns_length = kib_lower(g->returns_length, g->cooldown_length);
        g->cooldown_until = interval;
    }
}

void guest_history_sample(struct guest_history *g, const struct snapshot_memory *now, const struct rates_guest *r,
                          uint64_t interval, double now_s, double seconds, const struct coordinator_settings *settings)
{
    uint64_t unused_before_kib = g->figures.known ? g->figures.unused_kib : 0;
    struct need_figures before = g->figures;
    uint64_t resident_before_kib = g->witness_kib;
    bool fresh, still;

    if (g->looks++ == 0)
        g->first_s = now_s;
    fresh = look_at_update(g, now, now_s, seconds);
    still = look_at_size(g, now, fresh, interval, now_s);
    if (fresh)
        g->witness_kib = now->has & SNAPSHOT_HAS_RSS ? now->rss_kib : 0;
    if (fresh)
        look_at_memory(g, now, still && g->fresh_seen > 1, interval, now_s);
    else
        g->figures = need_read(now, &g->frame);
    if (g->reach_kib)
        g->figures.max_kib = kib_lower(g->figures.max_kib, g->reach_kib);
    guest_history_look_at_host(g, now);
    if (fresh)
        guest_history_look_for_flash(g, now, &before, resident_before_kib, kib_of_mib(settings->unused_floor_mib),
                                     now_s);
    if (fresh || g->stand_still >= FROZEN_LOOKS) {
        g->swap_in_kib_s = r->known && r->has_swap ? r->swap_in_kib_s : 0;
        g->swap_out_kib_s = r->known && r->has_swap ? r->swap_out_kib_s : 0;
        g->major_faults_s = r->known && r->has_faults ? r->major_faults_s : 0;
        look_at_kept(g, unused_before_kib);
    }
    if (r->known && fresh) {
        judge_cut(g, r, interval, settings);
        if (r->has_faults && interval > g->cut_at + JUDGED)
            g->calm_faults_s += (r->major_faults_s - g->calm_faults_s) / 4;
    }
}

uint64_t guest_history_begins(struct guest_history *g, double now_s)
{
    bool told = !g->growth.in_episode || now_s - g->growth.began_s >= NEED_ONSET_S;

    if (g->growth.onset_kib < RISE_KIB || g->growth.began_s <= g->burst_learned_s || !told)
        return 0;
    g->burst_learned_s = g->growth.began_s;
    burst_learn(&g->bursts, g->growth.onset_kib, now_s);
    return g->growth.onset_kib;
}

void guest_history_begin_interval(struct guest_history *g, const struct snapshot_memory *now, uint64_t interval)
{
    touch_learn(&g->touch, g->could_kib, guest_history_touched(g, now));
    g->could_kib = guest_history_could_touch(g, now);
    g->resident_then_kib = guest_history_resident(g, now);
    g->size_then_kib = now->size_kib;
    g->seen = interval;
    g->idle_looks = g->pending && !g->progressed ? g->idle_looks + 1 : 0;
    g->progressed = false;
    forget_cooldown(g, interval);
    g->fell = false;
}

static void set_aside(struct guest_history *g, enum guest_history_aside why, uint64_t interval)
{
    g->aside_length = g->aside_length ? g->aside_length * 2 : ASIDE_FIRST;
    if (g->aside_length > ASIDE_LONGEST)
        g->aside_length = ASIDE_LONGEST;
    g->aside = why;
    g->aside_until = interval + g->aside_length;
    g->aside_soon = interval + ASIDE_IN_NEED;
    if (why != GUEST_HISTORY_ASIDE_REFUSED)
        return;
    g->refusals = g->refusals ? kib_lower(2 * g->refusals, REFUSED_IN_NEED_MOST) : 1;
    g->aside_soon = interval + g->refusals;
}

static void asked(struct guest_history *g, const struct plan_action *a, uint64_t interval, double now_s)
{
    uint64_t patience = kib_higher(REGRET, 2 * g->cooldown_length);
    bool came_back = g->figures.used_kib >= g->cut_used_kib + FELL_KIB;

    g->pending = true;
    g->refusals = 0;
    g->fresh_then = g->fresh_seen;
    g->target_kib = a->to_kib;
    g->asked_kib = a->from_kib;
    g->idle_looks = 0;
    g->progress_s = now_s;
    g->aside = GUEST_HISTORY_ASIDE_NO;
    if (a->to_kib < a->from_kib) {
        g->cut_at = interval;
        g->cut_from_kib = a->from_kib;
        g->cut_used_kib = g->figures.used_kib;
        g->cut_unused_kib = g->figures.unused_kib;
        g->cut_let_go = g->fell_at > g->grow_at;
        return;
    }
    /* What was taken comes back: it had better not been taken. */
    if (!g->hurt && g->cut_at && interval <= g->cut_at + patience && came_back) {
        cool_down(g, interval);
        if (g->cut_let_go)
            g->returns_length = g->cooldown_length;
    }
    if (g->hurt || came_back)
        g->cut_at = 0;
    g->hurt = false;
    g->grow_at = interval;
    g->peak_used_kib = g->figures.used_kib;
}

void guest_history_applied(struct guest_history *g, const struct plan_action *action, uint64_t interval, double now_s)
{
    if (action->result == PLAN_FAILED) {
        set_aside(g, GUEST_HISTORY_ASIDE_REFUSED, interval);
    } else if (action->result == PLAN_SKIPPED) {
        g->pending = false;
    } else if (action->result == PLAN_DONE && action->to_kib == action->from_kib) {
        /* One that moved up and then stopped for good has come as far as it can. */
        if (guest_history_stuck(g, now_s) && g->target_kib > action->to_kib &&
            action->to_kib > g->asked_kib + GUEST_HISTORY_NEAR_KIB)
            g->reach_kib = action->to_kib;
        else if (guest_history_stuck(g, now_s))
            set_aside(g, GUEST_HISTORY_ASIDE_STUCK, interval);
        g->pending = false;
        g->gave_way = false;
        g->settled_kib = action->to_kib;
    } else if (action->result == PLAN_DONE) {
        asked(g, action, interval, now_s);
    }
}

bool guest_history_sees_clearly(const struct guest_history *g)
{
    /* Where the guest's total doesn't tell, the first ones after a move may be from before it. */
    return (g->fresh_then == 0 || g->fresh_seen > g->fresh_then) && (g->frame.follows || g->slid_kib == 0);
}

bool guest_history_outdated(const struct guest_history *g, const struct snapshot_memory *now, double now_s)
{
    double period_s = now->stats_period_s > 0 ? now->stats_period_s : 1;

    return now->has & SNAPSHOT_HAS_LAST_UPDATE && now_s - g->fresh_s > fmax(FROZEN_LOOKS * period_s, frozen_least_s);
}

bool guest_history_frozen(const struct guest_history *g, const struct snapshot_memory *now, double now_s)
{
    return g->stand_still >= FROZEN_LOOKS && guest_history_outdated(g, now, now_s);
}

bool guest_history_suffers(const struct guest_history *g, const struct coordinator_settings *settings)
{
    uint64_t unused_floor = kib_of_mib(settings->unused_floor_mib);

    return g->figures.spare_kib < unused_floor / 2 ||
           (g->figures.spare_kib < 2 * unused_floor && guest_history_strains(g));
}

bool guest_history_strains(const struct guest_history *g)
{
    return g->swap_in_kib_s > harmful_swap_kib_s || g->swap_out_kib_s > harmful_swap_kib_s || faults_more_than_usual(g);
}

uint64_t guest_history_max(const struct guest_history *g, const struct snapshot_memory *now)
{
    uint64_t max_kib = now->most_kib ? kib_lower(now->most_kib, now->max_kib) : now->max_kib;

    return g->reach_kib ? kib_lower(g->reach_kib, max_kib) : max_kib;
}

bool guest_history_stuck(const struct guest_history *g, double now_s)
{
    return g->pending && g->idle_looks >= STUCK_LOOKS && now_s - g->progress_s >= stuck_least_s;
}

bool guest_history_would_see_saw(const struct guest_history *g, uint64_t interval)
{
    bool fell = g->figures.used_kib + FELL_KIB <= g->peak_used_kib;

    return g->grow_at && interval <= g->grow_at + SEE_SAW && !fell;
}

/* What went up and down before will do so again: it is left what it lets go for a while. */
uint64_t guest_history_cooldown_until(const struct guest_history *g)
{
    return kib_higher(g->cooldown_until, g->returns_length ? g->fell_at + g->returns_length : 0);
}

/* Growth that went on for several reports, and hasn't paused for long enough to be over. */
static bool halts(const struct guest_history *g)
{
    return g->growth.in_episode && g->growth.grew_s - g->growth.began_s >= NEED_ONSET_S;
}

bool guest_history_may_cut(const struct guest_history *g, uint64_t interval)
{
    bool rises = g->growth.streak > 1 || (g->growth.streak == 1 && g->growth.rise_kib >= RISE_KIB);

    if (interval < guest_history_cooldown_until(g) || rises || halts(g) || g->fresh_seen < 2 || g->hurt)
        return false;
    return !guest_history_would_see_saw(g, interval);
}
