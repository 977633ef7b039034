#include "memory/need.h"

#include "memory/kib.h"

#include <math.h>

static const double longest_halt_s = 30; /* growth that halts for longer is over, however long it went on */

enum {
    MARGIN_KIB = 32 * MIB_KIB, /* between what makes us give and what is given, at the least */
    CUSHION_KIB = 8 * MIB_KIB, /* kept above the unused floor, for what a guest uses is never quite still */
    QUIET_UPDATES = 5,         /* over how many updates small changes may add up */
};

void need_frame_learn(struct need_frame *f, const struct snapshot_memory *m, bool still)
{
    bool moved = f->seen_kib != m->available_kib;

    if (!(m->has & SNAPSHOT_HAS_AVAILABLE) || !(m->has & SNAPSHOT_HAS_SIZE))
        return;
    f->seen_kib = m->available_kib;
    /* The size is told later than what the guest sees: while that moves, the two aren't of one moment. */
    if (f->known && (!still || moved))
        return;
    f->known = true;
    /* Whether the driver agreed to deflate-on-oom isn't known; where it may have, the total says nothing. */
    f->follows = !m->deflate_on_oom && m->available_kib <= m->size_kib;
    f->overhead_kib = kib_less(m->size_kib, m->available_kib);
}

struct need_figures need_read(const struct snapshot_memory *m, const struct need_frame *f)
{
    struct need_figures out = {.size_kib = m->size_kib, .max_kib = kib_higher(m->max_kib, 1)};
    uint64_t total = m->size_kib, overhead = 0, free_kib, spare_kib;

    if (!(m->has & SNAPSHOT_HAS_MAX))
        out.max_kib = m->size_kib;
    if (m->most_kib > 0)
        out.max_kib = kib_lower(out.max_kib, m->most_kib);
    if (!(m->has & SNAPSHOT_HAS_SIZE) || !snapshot_memory_spare(m, &spare_kib))
        return out;
    out.known = true;
    if (m->has & SNAPSHOT_HAS_AVAILABLE && f->known && f->follows) {
        total = m->available_kib;
        overhead = f->overhead_kib;
    }
    free_kib = m->has & SNAPSHOT_HAS_UNUSED ? m->unused_kib : m->usable_kib;
    out.held_kib = kib_less(total, free_kib) + overhead;
    out.used_kib = kib_less(total, spare_kib) + overhead;
    out.unused_kib = kib_less(out.size_kib, out.held_kib);
    out.spare_kib = kib_less(out.size_kib, out.used_kib);
    return out;
}

void need_growth_rebase(struct need_growth *g, uint64_t used_kib, double at_s)
{
    g->started = true;
    g->used_kib = g->last_used_kib = used_kib;
    g->at_s = g->last_s = at_s;
    g->quiet = 0;
}

/* seconds: since it used from_kib. Of what is seen at the end of the onset and beyond, as much as falls into it counts.
 */
static void look_at_episode(struct need_growth *g, uint64_t used_kib, double at_s, uint64_t from_kib, double seconds)
{
    double since_s, part;

    if (!g->in_episode) {
        g->in_episode = true;
        g->began_s = at_s - seconds;
        g->began_kib = from_kib;
        g->onset_kib = 0;
        g->onset_s = 0;
    }
    g->grew_s = at_s;
    since_s = at_s - g->began_s;
    if (g->onset_s >= NEED_ONSET_S)
        return;
    part = fmin(1, (NEED_ONSET_S - g->onset_s) / (since_s - g->onset_s));
    g->onset_kib += (uint64_t)((double)kib_less(used_kib, g->began_kib + g->onset_kib) * part);
    g->onset_s = since_s;
}

/* What began at the last update alone is as fast as it looks from there; what adds up over several is slow. */
static void grew(struct need_growth *g, uint64_t used_kib, double at_s, uint64_t noise_kib)
{
    bool sudden = used_kib > g->last_used_kib + noise_kib && at_s > g->last_s;
    uint64_t from_kib = sudden ? g->last_used_kib : g->used_kib;
    double seconds = at_s - (sudden ? g->last_s : g->at_s), rate = (double)(used_kib - from_kib) / seconds;

    look_at_episode(g, used_kib, at_s, from_kib, seconds);
    g->rate_kib_s = rate > g->rate_kib_s ? rate : (g->rate_kib_s + rate) / 2;
    g->streak++;
    g->grown_s += seconds;
    g->rise_kib = used_kib - from_kib;
    need_growth_rebase(g, used_kib, at_s);
}

static void no_growth(struct need_growth *g, double at_s, uint64_t noise_kib)
{
    double seconds = at_s - g->at_s;

    if (at_s - g->grew_s >= fmin(g->grew_s - g->began_s, longest_halt_s) ||
        g->last_used_kib < g->began_kib + kib_less(g->used_kib, g->began_kib) / 2)
        g->in_episode = false;
    /* One rise that nothing followed was a step. */
    g->rate_kib_s = g->streak == 1 ? 0 : g->rate_kib_s / 2;
    if (g->rate_kib_s * seconds < (double)noise_kib)
        g->rate_kib_s = 0;
    g->streak = 0;
    g->grown_s = 0;
}

void need_growth_add(struct need_growth *g, uint64_t used_kib, double at_s, uint64_t noise_kib)
{
    double seconds = at_s - g->at_s;

    if (!g->started || seconds <= 0) {
        need_growth_rebase(g, used_kib, at_s);
        return;
    }
    if (used_kib > g->used_kib + noise_kib) {
        grew(g, used_kib, at_s, noise_kib);
        return;
    }
    g->last_used_kib = used_kib;
    g->last_s = at_s;
    no_growth(g, at_s, noise_kib);
    if (used_kib + noise_kib < g->used_kib) {
        g->rate_kib_s = 0;
        need_growth_rebase(g, used_kib, at_s);
    } else if (++g->quiet >= QUIET_UPDATES) {
        need_growth_rebase(g, used_kib, at_s);
    }
}

bool need_growth_steady(const struct need_growth *g)
{
    return g->streak != 1 && g->rate_kib_s > 0;
}

uint64_t need_growth_ahead(const struct need_growth *g, double least_s, double most_s)
{
    double begun = g->streak == 1 ? 2 : 1; /* seen once, it began within that update: in its middle, in the mean */

    return kib_of(begun * g->rate_kib_s * fmin(fmax(g->grown_s, least_s), most_s));
}

uint64_t need_step(const struct coordinator_settings *settings, uint64_t max_kib)
{
    if (settings->step_mib >= 0)
        return kib_of_mib(settings->step_mib);
    return kib_higher(kib_of_mib(100), max_kib / 20);
}

/* It has no room left to grow into. */
static bool ran_dry(const struct need_figures *figures, uint64_t unused_floor)
{
    return figures->spare_kib < unused_floor / 2;
}

/*
 * What the guest will come to use before it can be given more. What it swapped out (and not in again) was wanted, too;
 * and where it ran dry, all that was seen is only part of what was wanted.
 */
static uint64_t ahead_of(const struct need_figures *figures, const struct need_growth *growth,
                         const struct need_circumstances *c, double most_s, uint64_t unused_floor)
{
    uint64_t ahead = need_growth_ahead(growth, c->reaction_s, most_s);

    if (figures->spare_kib < 2 * unused_floor)
        ahead += kib_of((c->swap_out_kib_s - c->swap_in_kib_s) * c->interval_s);
    if (ran_dry(figures, unused_floor))
        ahead *= 2;
    if (figures->spare_kib < 2 * unused_floor)
        ahead = kib_higher(ahead, kib_lower(kib_of(c->swap_in_kib_s * c->interval_s), figures->size_kib / 4));
    return ahead;
}

/* The unused floor, a margin and what it may grow by; or a share of what it uses, where that is more. */
static uint64_t headroom(const struct coordinator_settings *settings, uint64_t used_kib, uint64_t growth_kib)
{
    return kib_higher(kib_of_mib(settings->unused_floor_mib) + MARGIN_KIB + growth_kib,
                      kib_of((double)used_kib * settings->headroom_pct / 100));
}

/* What growth begins with until it is answered, where that takes longer than NEED_ONSET_S. */
static uint64_t beginning(uint64_t onset_kib, const struct need_circumstances *c)
{
    return kib_of((double)onset_kib * fmax(1, c->reaction_s / NEED_ONSET_S));
}

struct need need_estimate(const struct coordinator_settings *settings, const struct need_figures *figures,
                          const struct need_growth *growth, const struct need_circumstances *c)
{
    uint64_t unused_floor = kib_of_mib(settings->unused_floor_mib), max = figures->max_kib;
    uint64_t allowance = c->pressed ? 0 : kib_of((double)max * settings->cache_pct / 100);
    uint64_t counted = kib_higher(figures->used_kib, kib_lower(figures->held_kib, figures->used_kib + allowance));
    uint64_t unused = unused_floor + CUSHION_KIB, ahead = ahead_of(figures, growth, c, c->horizon_s, unused_floor),
             more;
    struct need n;

    n.burst_kib =
        kib_higher(kib_of((double)kib_of_mib(settings->burst_mib_s) * c->reaction_s), beginning(c->burst_kib, c));
    n.later_kib = need_growth_steady(growth) ? kib_of(growth->rate_kib_s * 60) : 0;
    n.floor_kib = kib_lower(kib_of_mib(settings->guest_floor_mib), c->start_kib);
    n.floor_kib = kib_lower(kib_higher(n.floor_kib, c->least_kib), max);
    n.keep_kib = kib_lower(kib_higher(figures->used_kib + unused, n.floor_kib), max);
    n.urgent_kib = kib_lower(
        kib_higher(counted + unused + ahead_of(figures, growth, c, c->reaction_s, unused_floor), n.floor_kib), max);
    n.need_kib = kib_lower(kib_higher(figures->used_kib + unused + ahead, n.floor_kib), max);
    n.trigger_kib = kib_lower(kib_higher(counted + unused + ahead, n.floor_kib), max);

    n.soon_kib = n.need_kib;
    if (need_growth_steady(growth))
        n.soon_kib = kib_lower(n.need_kib + kib_of(growth->rate_kib_s * c->interval_s), max);
    more = need_growth_steady(growth) ? kib_of((double)ahead * settings->safety) : ahead;
    if (ran_dry(figures, unused_floor))
        more = c->swap_out_kib_s > 0 ? ahead : 2 * ahead; /* without swap, even less of what was wanted is seen */
    if (!c->pressed)
        more = kib_higher(more, kib_lower(n.burst_kib, max / 4));
    n.ready_kib =
        kib_higher(n.soon_kib, kib_lower(figures->used_kib + headroom(settings, figures->used_kib, more), max));
    n.near_kib = growth->rate_kib_s > 0 ? n.ready_kib : kib_lower(n.ready_kib, n.need_kib + MARGIN_KIB);
    n.want_kib = kib_higher(n.ready_kib, kib_lower(counted + headroom(settings, counted, more), max));
    n.worst_kib = 0;
    if (!c->pressed && c->most_burst_kib > 0)
        n.worst_kib = kib_lower(counted + unused_floor + MARGIN_KIB + beginning(c->most_burst_kib, c), max);
    n.spare_kib = kib_higher(n.want_kib, n.worst_kib);
    return n;
}
