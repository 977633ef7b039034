#include "memory/guest_history_host.h"

#include "memory/kib.h"

enum {
    QEMU_KIB = 96 * MIB_KIB,    /* resident for QEMU itself, unless it is seen to be otherwise (measured: 76 MiB) */
    CACHES_KIB = 8 * MIB_KIB,   /* of a cache that was no larger than twice this, nothing can be told */
    FAULTED_KIB = 32 * MIB_KIB, /* the same where minor faults tell of it, and a second sign */
    FLASH_KIB = 64 * MIB_KIB,   /* touched and let go again between two reports: less may be pages of huge size */
};

static const double flash_remembered_s = 30; /* services that died are started again within it */
static const double burst_remembered_s =
    60;                           /* two bursts of faults within it are a program that dies again and again */
static const double page_kib = 4; /* what a minor fault brings, at the least */

/* What isn't unused has been touched, unless a balloon that was asked since has taken it already: it may be further
 * than reported. */
static bool tells_what_is_touched(const struct guest_history *g)
{
    return g->reports && g->figures.known && guest_history_sees_clearly(g);
}

/* What it has surely touched and still holds. */
static uint64_t touched_of(const struct guest_history *g)
{
    return kib_less(g->figures.held_kib, g->slid_kib);
}

/*
 * The resident set holds QEMU's own memory, too. It is at least what exceeds the guest's size (as long as that is
 * known: a balloon on its way may be further than reported), and at most what exceeds what the guest uses, as that has
 * surely been touched. Both bounds are forgotten slowly, as QEMU's use may change.
 */
void guest_history_look_at_host(struct guest_history *g, const struct snapshot_memory *now)
{
    uint64_t least, most;

    if (!(now->has & SNAPSHOT_HAS_RSS))
        return;
    least = g->pending ? 0 : kib_less(now->rss_kib, now->size_kib);
    g->qemu_least_kib = kib_higher(least, g->qemu_least_kib - g->qemu_least_kib / 64);
    if (!tells_what_is_touched(g) || !g->frame.follows)
        return;
    most = kib_less(now->rss_kib, touched_of(g));
    if (g->qemu_most_kib < UINT64_MAX / 2)
        g->qemu_most_kib += g->qemu_most_kib / 64;
    g->qemu_most_kib = kib_lower(most, g->qemu_most_kib);
}

/* What QEMU itself is taken to have resident. */
static uint64_t qemu_of(const struct guest_history *g)
{
    return kib_higher(g->qemu_least_kib, kib_lower(QEMU_KIB, g->qemu_most_kib));
}

uint64_t guest_history_resident(const struct guest_history *g, const struct snapshot_memory *now)
{
    return now->has & SNAPSHOT_HAS_RSS ? now->rss_kib : g->figures.held_kib;
}

uint64_t guest_history_touched(const struct guest_history *g, const struct snapshot_memory *now)
{
    uint64_t more = kib_less(guest_history_resident(g, now), g->resident_then_kib), granted;

    granted = kib_less(now->size_kib, g->size_then_kib);
    return kib_lower(kib_less(more, granted), g->could_kib);
}

uint64_t guest_history_could_touch(const struct guest_history *g, const struct snapshot_memory *now)
{
    bool reported = tells_what_is_touched(g);
    uint64_t unused = reported ? kib_less(now->size_kib, touched_of(g)) : UINT64_MAX, qemu;
    uint64_t kept = g->kept_kib == UINT64_MAX ? 0 : g->kept_kib;

    /* Huge pages and locked memory are its own already. */
    if (!(now->has & SNAPSHOT_HAS_SIZE) || now->inhibited)
        return 0;
    if (!(now->has & SNAPSHOT_HAS_RSS))
        return reported ? kib_less(unused, kept) : now->size_kib;
    qemu = qemu_of(g);
    return kib_less(kib_lower(unused, kib_less(now->size_kib, kib_less(now->rss_kib, qemu))), kept);
}

static void flashed(struct guest_history *g, uint64_t peak_kib, uint64_t rise_kib, double now_s)
{
    g->flash_s = now_s;
    g->flash_kib = peak_kib;
    g->flash_rise_kib = rise_kib;
}

static void look_at_resident(struct guest_history *g, const struct snapshot_memory *now,
                             const struct need_figures *before, uint64_t resident_before_kib, uint64_t unused_floor_kib,
                             double now_s)
{
    uint64_t risen_kib = kib_less(now->rss_kib, resident_before_kib), peak_kib;

    if (!(now->has & SNAPSHOT_HAS_RSS) || resident_before_kib == 0 ||
        kib_less(risen_kib, kib_less(g->figures.held_kib, before->held_kib)) < FLASH_KIB)
        return;
    peak_kib = kib_lower(kib_less(now->rss_kib, qemu_of(g)), before->size_kib);
    if (peak_kib > g->figures.used_kib)
        flashed(g, peak_kib, peak_kib + unused_floor_kib >= before->size_kib ? kib_less(peak_kib, before->used_kib) : 0,
                now_s);
}

/*
 * What was resident before leaves no trace there. But each page that is touched anew costs a minor fault; and where
 * nearly all that a guest had to spare was touched between two reports that don't show it, it may have run dry. Other
 * work brings faults as well (processes that come and go), so that there has to be a second sign: far more than usual,
 * and its page cache has collapsed, or it was seen to flash or to do just that not long ago.
 */
static void look_at_faults(struct guest_history *g, const struct snapshot_memory *now,
                           const struct need_figures *before, uint64_t unused_floor_kib, double now_s)
{
    double touched_kib = page_kib * (double)kib_less(now->minor_faults, g->minor_faults), seconds = now_s - g->faults_s;
    uint64_t unseen_kib = kib_less(kib_of(touched_kib), kib_less(g->figures.held_kib, before->held_kib)), peak_kib;
    bool unusual = touched_kib > 3 * g->usual_faults_kib_s * seconds;
    bool collapsed = g->caches_kib >= 2 * CACHES_KIB && now->disk_caches_kib < g->caches_kib / 2;
    bool again = (g->flash_s > 0 && now_s - g->flash_s < flash_remembered_s) ||
                 (g->burst_faults_s > 0 && now_s - g->burst_faults_s < burst_remembered_s);

    g->usual_faults_kib_s += (touched_kib / seconds - g->usual_faults_kib_s) / 16;
    if (!unusual || unseen_kib < FAULTED_KIB || unseen_kib + unused_floor_kib < before->spare_kib)
        return;
    g->burst_faults_s = now_s;
    peak_kib = kib_lower(before->used_kib + unseen_kib, before->size_kib);
    if ((collapsed || again) && peak_kib > g->figures.used_kib)
        flashed(g, peak_kib, peak_kib - kib_lower(before->used_kib, peak_kib), now_s);
}

static void keep_faults(struct guest_history *g, const struct snapshot_memory *now, double now_s)
{
    g->faults_known = now->has & SNAPSHOT_HAS_MINOR_FAULTS;
    g->minor_faults = now->minor_faults;
    g->caches_kib = now->has & SNAPSHOT_HAS_DISK_CACHES ? now->disk_caches_kib : 0;
    g->faults_s = now_s;
}

void guest_history_look_for_flash(struct guest_history *g, const struct snapshot_memory *now,
                                  const struct need_figures *before, uint64_t resident_before_kib,
                                  uint64_t unused_floor_kib, double now_s)
{
    bool comparable = before->known && g->figures.known && !now->inhibited && g->fresh_seen > 2 &&
                      now->size_kib + GUEST_HISTORY_NEAR_KIB >= before->size_kib;

    if (comparable)
        look_at_resident(g, now, before, resident_before_kib, unused_floor_kib, now_s);
    if (comparable && g->faults_known && now->has & SNAPSHOT_HAS_MINOR_FAULTS && now_s > g->faults_s)
        look_at_faults(g, now, before, unused_floor_kib, now_s);
    keep_faults(g, now, now_s);
}

uint64_t guest_history_flashed(const struct guest_history *g, double now_s)
{
    return g->flash_s > 0 && now_s - g->flash_s < flash_remembered_s ? g->flash_kib + g->flash_rise_kib : 0;
}

uint64_t guest_history_witnessed(const struct guest_history *g, const struct snapshot_memory *now)
{
    return now->has & SNAPSHOT_HAS_RSS && g->witness_kib > 0 ? kib_less(now->rss_kib, g->witness_kib) : 0;
}
