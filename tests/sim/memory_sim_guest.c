#include "tests/sim/memory_sim_inside.h"

#include <math.h>

static const double pages_per_mib = 256, other_faults_s = 1000; /* of processes that come and go */
static const double low_mark_mib = 6;    /* the kernel of a guest keeps so much free for itself */
static const double move_mib_s = 4000;   /* memory can be touched, dropped or moved at this rate */
static const double swap_mib_s = 100;    /* of its disk */
static const double droppable = 0.95;    /* of page cache */
static const double faults_per_mib = 32; /* major faults, reading ahead 8 pages each */
static const double restart_s = 10;      /* until programs that were killed begin again */
static const double regrow_mib_s = 50;   /* and how fast they are back where they were */
static const double epoch_s = 1700000000;

/* Takes from what is free, resident pages and others alike. */
static void use_free(struct memory_guest *g, double mib)
{
    if (g->free > 0)
        g->free_touched -= mib * g->free_touched / g->free;
    g->free -= mib;
    if (g->free < 1e-9)
        g->free = 0;
    g->free_touched = fmin(fmax(g->free_touched, 0), g->free);
}

static void make_free(struct memory_guest *g, double mib)
{
    g->free += mib;
    g->free_touched += mib;
}

/* Makes room by dropping cache and then by swapping out, until so much is free above the low mark. */
static void reclaim(struct memory_guest *g, double wanted, double seconds)
{
    double drop = fmin(fmax(wanted + low_mark_mib - g->free, 0), g->cache * droppable), out;

    g->cache -= drop;
    make_free(g, drop);
    out = fmin(fmax(wanted + low_mark_mib - g->free, 0), swap_mib_s * seconds);
    out = fmin(fmin(out, g->facts.swap_mib - g->swapped), g->anon);
    if (out <= 0)
        return;
    g->anon -= out;
    g->swapped += out;
    g->swap_out += out;
    make_free(g, out);
}

static double above_mark(const struct memory_guest *g)
{
    return fmax(g->free - low_mark_mib, 0);
}

/* Gets up to mib for programs. Returns how much there was. */
static double allocate(struct memory_guest *g, double mib, double seconds)
{
    double got;

    if (above_mark(g) < mib)
        reclaim(g, mib, seconds);
    got = fmin(mib, above_mark(g));
    if (got < mib && g->facts.deflate_on_oom && g->size < g->max) {
        double back = fmin(mib - got, g->max - g->size);

        g->size += back;
        g->free += back;
        got += back;
    }
    use_free(g, got);
    return got;
}

static void let_go(struct memory_guest *g, double mib)
{
    double resident = fmin(mib, g->anon), swapped = fmin(mib - resident, g->swapped);

    g->anon -= resident;
    make_free(g, resident);
    g->swapped -= swapped;
}

static void move_goal(struct memory_sim *sim, struct memory_guest *g, double seconds)
{
    const struct memory_load *l = &g->load;
    double since = sim->now_s - g->load_since_s;

    switch (l->kind) {
    case MEMORY_GROW:
    case MEMORY_GROW_ALL:
        if (l->limit_mib <= 0 || g->goal < l->limit_mib)
            g->goal += l->rate_mib_s * seconds * (0.9 + 0.2 * memory_random(&sim->random));
        if (l->limit_mib > 0)
            g->goal = fmin(g->goal, l->limit_mib);
        /* A program doesn't run ahead of the memory it gets. */
        g->goal = fmin(g->goal, g->anon + g->swapped + 2 * l->rate_mib_s * seconds + 1);
        break;
    case MEMORY_OSCILLATE:
        g->goal = fmod(since, 2 * l->period_s) < l->period_s ? l->limit_mib : l->low_mib;
        break;
    case MEMORY_WANDER:
        if (memory_random(&sim->random) < seconds / 20)
            g->low = l->limit_mib * memory_random(&sim->random);
        if (g->goal < g->low)
            g->goal = fmin(g->low, g->goal + l->rate_mib_s * seconds);
        else if (memory_random(&sim->random) < seconds)
            g->goal = g->low;
        break;
    case MEMORY_HOLD:
    case MEMORY_RELEASE:
    case MEMORY_STEP:
        break;
    }
}

static void run_programs(struct memory_sim *sim, struct memory_guest *g, double seconds)
{
    double lacking, got;
    bool starved;

    move_goal(sim, g, seconds);
    if (sim->now_s < g->stopped_until_s)
        return;
    if (g->anon + g->swapped > g->goal)
        let_go(g, g->anon + g->swapped - g->goal);
    g->regrows = g->regrows && g->goal - g->anon - g->swapped > 1;
    lacking = fmin(g->goal - g->anon - g->swapped, (g->regrows ? regrow_mib_s : move_mib_s) * seconds);
    got = lacking > 0 ? allocate(g, lacking, seconds) : 0;
    g->anon += got;
    g->minor += got * pages_per_mib + other_faults_s * seconds;
    starved = lacking > 0 && got < lacking * 0.5;
    /* Without swap, a kernel that finds nothing kills somebody: counted once for each time it comes to that. Growth
     * that has used up all there will ever be isn't anybody's fault. */
    if (starved && !g->starving && g->swapped >= g->facts.swap_mib && g->size < g->max) {
        g->ooms++;
        if (sim->host.kills) {
            let_go(g, g->anon + g->swapped);
            g->stopped_until_s = sim->now_s + restart_s;
            g->regrows = true;
            starved = false;
        }
    }
    g->starving = starved;
    g->refused_s = starved ? g->refused_s + seconds : 0;
    if (g->load.kind == MEMORY_GROW_ALL && g->refused_s >= 5) {
        g->load = (struct memory_load){.kind = MEMORY_HOLD};
        g->goal = 0;
    }
}

/* All that is in use is touched now and then, what was swapped out, too. */
static void touch_swapped(struct memory_guest *g, double seconds)
{
    double in = fmin(g->swapped, 20 * seconds), got;

    if (in <= 0)
        return;
    got = fmin(in, above_mark(g) + g->cache * droppable);
    if (got > above_mark(g))
        reclaim(g, got, 0);
    got = fmin(got, above_mark(g));
    use_free(g, got);
    g->swapped -= got;
    g->anon += got;
    /* Where there's no room, something else goes out for it. */
    g->swap_in += in;
    g->swap_out += in - got;
    g->major += in * faults_per_mib;
}

static void fill_cache(struct memory_guest *g, double seconds)
{
    double more = fmin(g->load.cache_rate_mib_s * seconds, g->load.cache_limit_mib - g->cache);

    more = fmin(more, fmax(g->free - 3 * low_mark_mib, 0));
    if (more <= 0)
        return;
    use_free(g, more);
    g->cache += more;
}

static void wobble(struct memory_sim *sim, struct memory_guest *g, double seconds)
{
    double to, by;

    if (g->facts.noise_mib <= 0 || memory_random(&sim->random) > seconds)
        return;
    to = g->facts.base_mib + g->facts.noise_mib * (2 * memory_random(&sim->random) - 1);
    by = to - g->base;
    if (by > 0) {
        by = fmin(by, above_mark(g));
        use_free(g, by);
    } else {
        make_free(g, -by);
    }
    g->base += by;
}

static bool balloon_works(struct memory_sim *sim, struct memory_guest *g)
{
    switch (g->facts.balloon) {
    case MEMORY_BALLOON_STUCK:
    case MEMORY_BALLOON_NO_DRIVER:
    case MEMORY_BALLOON_NONE:
        return false;
    case MEMORY_BALLOON_MOODY:
        if (sim->now_s >= g->mood_until_s) {
            g->moody_now = !g->moody_now;
            g->mood_until_s = sim->now_s + 60 * memory_random(&sim->random);
        }
        return !g->moody_now;
    case MEMORY_BALLOON_IDEAL:
    case MEMORY_BALLOON_SLOW:
        break;
    }
    return sim->now_s >= g->started_s + g->facts.driver_after_s;
}

static void move_balloon(struct memory_sim *sim, struct memory_guest *g, double seconds)
{
    double rate = g->facts.balloon == MEMORY_BALLOON_SLOW ? g->facts.balloon_mib_s : move_mib_s, by;

    if (!balloon_works(sim, g) || fabs(g->target - g->size) < 1e-9)
        return;
    by = fmin(fabs(g->target - g->size), rate * seconds);
    if (g->target > g->size) {
        g->free += by;
        g->size += by;
        return;
    }
    if (above_mark(g) < by)
        reclaim(g, by, seconds);
    by = fmin(by, above_mark(g));
    use_free(g, by);
    g->size -= by;
}

double memory_guest_usable(const struct memory_guest *g)
{
    return fmax(g->free - low_mark_mib / 2, 0) + g->cache * droppable;
}

double memory_guest_resident(const struct memory_guest *g)
{
    return g->facts.kernel_mib + g->base + g->anon + g->cache + g->free_touched;
}

static void report_counters(struct memory_guest *g)
{
    g->stats.swap_in = g->swap_in;
    g->stats.swap_out = g->swap_out;
    g->stats.major = g->major;
    g->stats.minor = g->minor;
}

void memory_guest_report(struct memory_sim *sim, struct memory_guest *g)
{
    struct memory_stats *s = &g->stats;

    if (g->frozen && g->facts.counts_on)
        report_counters(g);
    if (g->facts.period_s < 0 || g->frozen || g->state != SNAPSHOT_GUEST_RUNNING || sim->now_s < g->next_stats_s)
        return;
    g->next_stats_s += g->facts.period_s;
    if (g->facts.balloon == MEMORY_BALLOON_NO_DRIVER || g->facts.balloon == MEMORY_BALLOON_NONE ||
        sim->now_s < g->started_s + g->facts.driver_after_s)
        return;
    s->reported = true;
    /* With deflate-on-oom the guest's total doesn't follow the balloon: what is taken looks used. */
    s->available = (g->facts.deflate_on_oom ? g->max : g->size) - g->facts.kernel_mib;
    s->unused = g->free;
    s->usable = memory_guest_usable(g);
    s->caches = g->cache;
    report_counters(g);
    s->last_update_s = (uint64_t)(epoch_s + sim->now_s);
}

void memory_guest_step(struct memory_sim *sim, struct memory_guest *g, double seconds)
{
    if (!g->there || g->state == SNAPSHOT_GUEST_PAUSED)
        return;
    if (sim->now_s < g->down_until_s) {
        g->unmet += g->goal * seconds;
        return;
    }
    move_balloon(sim, g, seconds);
    wobble(sim, g, seconds);
    run_programs(sim, g, seconds);
    touch_swapped(g, seconds);
    fill_cache(g, seconds);
    g->unmet += fmax(g->goal - g->anon, 0) * seconds;
    memory_guest_report(sim, g);
}
