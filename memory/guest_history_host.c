#include "memory/guest_history_host.h"

#include "memory/kib.h"

enum {
    QEMU_KIB = 96 * MIB_KIB,  /* resident for QEMU itself, unless it is seen to be otherwise (measured: 76 MiB) */
    FLASH_KIB = 64 * MIB_KIB, /* touched and let go again between two reports: less may be pages of huge size */
};

static const double flash_remembered_s = 30; /* services that died are started again within it */

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

void guest_history_look_for_flash(struct guest_history *g, const struct snapshot_memory *now,
                                  const struct need_figures *before, uint64_t resident_before_kib,
                                  uint64_t unused_floor_kib, double now_s)
{
    uint64_t risen_kib, qemu_kib, peak_kib;

    if (!(now->has & SNAPSHOT_HAS_RSS) || resident_before_kib == 0 || !before->known || !g->figures.known ||
        now->inhibited || now->size_kib + GUEST_HISTORY_NEAR_KIB < before->size_kib)
        return;
    risen_kib = kib_less(now->rss_kib, resident_before_kib);
    if (kib_less(risen_kib, kib_less(g->figures.held_kib, before->held_kib)) < FLASH_KIB)
        return;
    qemu_kib = qemu_of(g);
    peak_kib = kib_lower(kib_less(now->rss_kib, qemu_kib), before->size_kib);
    if (peak_kib <= g->figures.used_kib)
        return;
    g->flash_s = now_s;
    g->flash_kib = peak_kib;
    g->flash_rise_kib = peak_kib + unused_floor_kib >= before->size_kib ? kib_less(peak_kib, before->used_kib) : 0;
}

uint64_t guest_history_flashed(const struct guest_history *g, double now_s)
{
    return g->flash_s > 0 && now_s - g->flash_s < flash_remembered_s ? g->flash_kib + g->flash_rise_kib : 0;
}

uint64_t guest_history_witnessed(const struct guest_history *g, const struct snapshot_memory *now)
{
    return now->has & SNAPSHOT_HAS_RSS && g->witness_kib > 0 ? kib_less(now->rss_kib, g->witness_kib) : 0;
}
