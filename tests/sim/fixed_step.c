#include "tests/sim/fixed_step.h"

#include "memory/coordinator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEP_KIB = 100 * 1024, SPARE_KIB = 300 * 1024 };

static void *create(const void *settings)
{
    struct coordinator_settings *s = malloc(sizeof(*s));

    if (s)
        *s = *(const struct coordinator_settings *)settings;
    return s;
}

static int learn(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    (void)state;
    (void)before;
    (void)now;
    (void)r;
    return 0;
}

static void applied(void *state, const struct snapshot *now, const struct plan *done)
{
    (void)state;
    (void)now;
    (void)done;
}

static uint64_t free_of(const struct snapshot_host *h)
{
    return h->has & SNAPSHOT_HOST_HAS_AVAILABLE ? h->available_kib : h->free_kib;
}

static int set(struct plan *out, const struct snapshot *now, int guest, uint64_t to_kib)
{
    struct plan_action *a = plan_add_action(out, PLAN_SET_MEMORY, now, guest);

    if (!a)
        return -ENOMEM;
    a->from_kib = now->guests[guest].memory.size_kib;
    a->to_kib = to_kib;
    snprintf(a->reason, sizeof(a->reason), "%llu MiB unused",
             (unsigned long long)now->guests[guest].memory.unused_kib / 1024);
    return 0;
}

static int make_plan(const void *state, const struct snapshot *now, const struct rates *r,
                     const struct policy_request *request, struct plan *out)
{
    const struct coordinator_settings *s = state;
    double reserve = s->host_reserve_mib >= 0 ? s->host_reserve_mib : 200;
    uint64_t left = free_of(&now->host), reserve_kib = (uint64_t)(reserve * 1024);
    int rc;

    (void)r;
    (void)request;
    plan_reset(out, now->cpu_limit);
    rc = plan_size_for(out, now);
    for (int i = 0; i < now->n_guests && !rc; i++) {
        const struct snapshot_memory *m = &now->guests[i].memory;
        uint64_t low_kib = (uint64_t)(s->unused_floor_mib * 1024), floor_kib = (uint64_t)(s->guest_floor_mib * 1024);

        if (!m->balloon || !(m->has & SNAPSHOT_HAS_UNUSED))
            continue;
        if (m->unused_kib < low_kib && m->size_kib + STEP_KIB <= m->max_kib && left >= reserve_kib + STEP_KIB) {
            rc = set(out, now, i, m->size_kib + STEP_KIB);
            left -= STEP_KIB;
        } else if (m->unused_kib > SPARE_KIB && m->size_kib >= floor_kib + STEP_KIB) {
            rc = set(out, now, i, m->size_kib - STEP_KIB);
        }
    }
    return rc;
}

const struct policy_ops fixed_step_policy = {
    .create = create,
    .destroy = free,
    .learn = learn,
    .plan = make_plan,
    .applied = applied,
};
