#include "core/host/event_loop.h"
#include "core/host/libvirt_internal.h"
#include "core/model/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Sizes are put back as far as each guest can spare it: what it uses stays, and room beside it, as it would while the
 * program runs. A guest that has to give does so in steps, each of which has to arrive, and to be reported of, before
 * the next; all guests take theirs side by side.
 */
enum {
    KEPT_UNUSED_KIB = 100 * 1024, /* the least that the coordinator itself leaves a guest unused */
    SLACK_KIB = 1024,
    ROUND_MS = 500,
    /* All of it, and one step. A step arrives within a second, and the report about it within two. */
    LIMIT_S = 16,
    STEP_S = 8,
};

struct size {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    uint64_t found_kib, asked_kib;
    bool asked;
    uint64_t since_ns; /* when it was asked for that, or looked at first */
    uint64_t update_s; /* the guest's last report then */
    bool over;
};

static const struct snapshot_guest *guest_of(const struct snapshot *s, const struct size *z)
{
    int i = snapshot_find_guest(s, z->uuid, z->id, 0);

    return i < 0 ? NULL : &s->guests[i];
}

static void keep(struct libvirt_host *h, struct libvirt_restored *r, struct size *z, const struct snapshot_guest *g,
                 const char *why)
{
    z->over = true;
    libvirt_restore_keep(h, r, "%s: stays at %" PRIu64 " MiB instead of the %" PRIu64 " MiB found: %s", g->name,
                         g->memory.size_kib / 1024, z->found_kib / 1024, why);
}

/* The least size that leaves the guest what it uses, and room; false where its figures don't say. */
static bool floor_of(const struct snapshot_memory *m, uint64_t *floor_kib)
{
    uint64_t spare, used;

    if (!(m->has & SNAPSHOT_HAS_SIZE) || !(m->has & (SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_UNUSED)))
        return false;
    spare = m->has & SNAPSHOT_HAS_USABLE ? m->usable_kib : m->unused_kib;
    used = m->size_kib > spare ? m->size_kib - spare : 0;
    *floor_kib = used + KEPT_UNUSED_KIB;
    return true;
}

static void ask(struct libvirt_host *h, struct libvirt_restored *r, struct size *z, const struct snapshot_guest *now,
                uint64_t kib)
{
    struct domain *g = domain_table_find(&h->guests, z->uuid, z->id, 0, NULL);
    int result = g ? libvirt_apply_size(h, g, now->memory.size_kib, kib) : 0;

    if (result) {
        keep(h, r, z, now, result < 0 ? strerror(-result) : h->last_word);
        return;
    }
    z->asked_kib = kib;
    z->asked = true;
    z->since_ns = clock_monotonic_ns();
    z->update_s = now->memory.last_update_s;
}

/* Whether the last step has arrived and the guest has reported since; before the first, just that it reports. */
static bool has_arrived(const struct size *z, const struct snapshot_memory *m)
{
    uint64_t off = m->size_kib > z->asked_kib ? m->size_kib - z->asked_kib : z->asked_kib - m->size_kib;

    /* Another time is news: the clock that it is told by may be set back meanwhile. */
    return off <= SLACK_KIB && m->last_update_s != 0 && m->last_update_s != z->update_s;
}

static bool is_late(const struct size *z)
{
    return clock_monotonic_ns() - z->since_ns > (uint64_t)STEP_S * 1000000000u;
}

/* The next step of a guest that has more than was found. */
static void shrink(struct libvirt_host *h, struct libvirt_restored *r, struct size *z, const struct snapshot_guest *g)
{
    const struct snapshot_memory *m = &g->memory;
    uint64_t floor_kib, goal_kib, step_kib;
    char why[96];

    if (!has_arrived(z, m)) {
        if (is_late(z))
            keep(h, r, z, g, "its balloon, or its report, makes no progress");
        return;
    }
    if (!floor_of(m, &floor_kib)) {
        keep(h, r, z, g, "it doesn't report what it uses");
        return;
    }
    goal_kib = z->found_kib > floor_kib ? z->found_kib : floor_kib;
    if (m->size_kib <= goal_kib + SLACK_KIB) {
        snprintf(why, sizeof(why), "it uses %" PRIu64 " MiB", (floor_kib - KEPT_UNUSED_KIB) / 1024);
        keep(h, r, z, g, why);
        return;
    }
    /* Half of what is to go, and no less than 100 MiB: so that what it begins to use meanwhile is seen in time. */
    step_kib = (m->size_kib - goal_kib) / 2;
    if (step_kib < KEPT_UNUSED_KIB)
        step_kib = KEPT_UNUSED_KIB;
    ask(h, r, z, g, m->size_kib > goal_kib + step_kib ? m->size_kib - step_kib : goal_kib);
}

/* One look at one guest, and what follows. */
static void advance(struct libvirt_host *h, struct libvirt_restored *r, struct size *z, const struct snapshot *s)
{
    const struct snapshot_guest *g = guest_of(s, z);
    uint64_t found_kib = z->found_kib;

    if (!g) {
        z->over = true; /* it ended meanwhile */
        return;
    }
    if (g->leave_alone == SNAPSHOT_LEAVE_STALE || g->state == SNAPSHOT_GUEST_MIGRATING) {
        keep(h, r, z, g, g->state == SNAPSHOT_GUEST_MIGRATING ? "it is busy with a job" : "its QEMU doesn't answer");
        return;
    }
    if ((g->memory.has & SNAPSHOT_HAS_MAX) && found_kib > g->memory.max_kib)
        found_kib = g->memory.max_kib;
    if (g->memory.size_kib + SLACK_KIB >= found_kib && g->memory.size_kib <= found_kib + SLACK_KIB) {
        z->over = true;
        r->put_back++;
        ledger_drop(h->ledger, z->uuid, z->id, LEDGER_SIZE, 0);
    } else if (g->memory.size_kib > found_kib) {
        shrink(h, r, z, g);
    } else if (z->asked_kib != found_kib || !z->asked) {
        ask(h, r, z, g, found_kib);
    } else if (is_late(z)) {
        keep(h, r, z, g, "its balloon makes no progress");
    }
}

/* The sizes in the ledger that are to be put back; entries of what others have set since, or of nobody, go. -ENOMEM. */
static int collect(struct libvirt_host *h, struct libvirt_restored *r, const struct snapshot *s, struct size *sizes)
{
    int n = 0;

    for (int i = ledger_count(h->ledger) - 1; i >= 0; i--) {
        const struct ledger_entry *e = ledger_at(h->ledger, i);
        struct size z = {.id = e->id};
        const struct snapshot_guest *now;
        struct domain *g;

        if (e->kind != LEDGER_SIZE)
            continue;
        memcpy(z.uuid, e->uuid, sizeof(z.uuid));
        now = guest_of(s, &z);
        switch (libvirt_restore_reach(h, r, e, &g)) {
        case LIBVIRT_REACH_KEPT:
            continue;
        case LIBVIRT_REACH_READY:
            if (now && sscanf(e->found, "%" SCNu64, &z.found_kib) == 1 &&
                libvirt_apply_is_own_size(g, e, now->memory.size_kib)) {
                z.asked_kib = now->memory.size_kib;
                z.since_ns = clock_monotonic_ns();
                z.update_s = now->memory.last_update_s;
                sizes[n++] = z;
                continue;
            }
            if (now)
                libvirt_remark(h, "%s: its size is left as others set it, at %" PRIu64 " MiB", now->name,
                               now->memory.size_kib / 1024);
            break;
        case LIBVIRT_REACH_GONE:
            break;
        }
        ledger_drop(h->ledger, z.uuid, z.id, LEDGER_SIZE, 0);
    }
    return n;
}

static bool any_left(const struct size *sizes, int n)
{
    for (int i = 0; i < n; i++)
        if (!sizes[i].over)
            return true;
    return false;
}

void libvirt_restore_sizes(struct libvirt_host *h, struct libvirt_restored *r, struct snapshot *s)
{
    uint64_t end = clock_monotonic_ns() + (uint64_t)LIMIT_S * 1000000000u;
    struct size *sizes = calloc((size_t)ledger_count(h->ledger) + 1, sizeof(*sizes));
    char error[HOST_ERROR_BYTES];
    bool in_time = true;
    int n;

    if (!sizes) {
        libvirt_restore_keep(h, r, "sizes are not put back: out of memory");
        return;
    }
    n = collect(h, r, s, sizes);
    while (any_left(sizes, n) && in_time && !h->connection.broken) {
        for (int i = 0; i < n; i++)
            if (!sizes[i].over)
                advance(h, r, &sizes[i], s);
        if (any_left(sizes, n))
            event_loop_run(ROUND_MS);
        in_time = clock_monotonic_ns() < end;
        if (any_left(sizes, n) && libvirt_sample(h, s, false, error, sizeof(error)))
            break;
    }
    for (int i = 0; i < n; i++) {
        const struct snapshot_guest *g = guest_of(s, &sizes[i]);

        if (!sizes[i].over && g)
            keep(h, r, &sizes[i], g, in_time ? "the connection was lost" : "time is up");
    }
    free(sizes);
}
