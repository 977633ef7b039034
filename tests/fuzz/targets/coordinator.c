/*
 * The policy that decides on memory: whatever it is shown, it sets only sizes of guests that may be touched, each once,
 * none above its maximum; it takes nothing below the floor and nothing between decisions; and it gives nothing where
 * the host has no more than its reserve.
 */
#include "tests/fuzz/targets/target.h"

#include "memory/coordinator.h"
#include "tests/fuzz/made_up/made_up.h"

enum { FLOOR_KIB = 200 << 10, RESERVE_KIB = 200 << 10 };

/* The sizes that guests began with, by their index: a floor is never above that, nor above the maximum. */
static uint64_t began_kib[16];

static uint64_t floor_of(const struct snapshot_memory *m, int guest)
{
    uint64_t floor_kib = began_kib[guest] < FLOOR_KIB ? began_kib[guest] : FLOOR_KIB;

    return m->max_kib < floor_kib ? m->max_kib : floor_kib;
}

/* Whether what is free is known to be no more than the reserve. How much of its caches a distant host can drop isn't
 * known: half counts. */
static bool has_nothing(const struct snapshot_host *h)
{
    uint64_t caches_kib = h->has & SNAPSHOT_HOST_HAS_CACHES ? h->caches_kib : 0;

    if (h->has & SNAPSHOT_HOST_HAS_AVAILABLE)
        return h->available_kib <= RESERVE_KIB;
    return h->has & SNAPSHOT_HOST_HAS_FREE && h->free_kib + caches_kib / 2 <= RESERVE_KIB;
}

static void check_size(const struct snapshot *s, const struct plan *p, int index, bool early)
{
    const struct plan_action *a = &p->actions[index];
    int guest = snapshot_find_guest(s, a->uuid, a->id, 0);
    const struct snapshot_guest *g;
    const struct snapshot_memory *m;

    HOLDS("it sets a size", a->kind == PLAN_SET_MEMORY);
    HOLDS("the guest is there", guest >= 0);
    g = &s->guests[guest];
    m = &g->memory;
    HOLDS("it may be touched", g->leave_alone == SNAPSHOT_LEAVE_NO && m->balloon && !m->inhibited);
    HOLDS("its size is known", m->has & SNAPSHOT_HAS_SIZE && m->size_kib == a->from_kib);
    HOLDS("there is a reason", a->reason[0] != '\0');
    HOLDS("it stays below the maximum",
          a->to_kib <= a->from_kib || (m->has & SNAPSHOT_HAS_MAX && a->to_kib <= m->max_kib));
    HOLDS("nothing is taken below the floor", a->to_kib >= a->from_kib || a->to_kib >= floor_of(m, guest));
    HOLDS("nothing is taken between two decisions", !early || a->to_kib > a->from_kib);
    HOLDS("nothing is given where the host has nothing", a->to_kib <= a->from_kib || !has_nothing(&s->host));
    for (int i = 0; i < index; i++)
        HOLDS("a size is set once", memcmp(p->actions[i].uuid, a->uuid, sizeof(a->uuid)) != 0);
}

static void plan(void *state, const struct snapshot *s, const struct rates *r, struct plan *p, bool force, bool early)
{
    const struct policy_request request = {.force = force, .interval_s = 4, .until_decision_s = early ? 2 : 4};

    plan_reset(p, s->cpu_limit);
    HOLDS("it plans", plan_size_for(p, s) == 0 &&
                          (early ? coordinator_policy.early : coordinator_policy.plan)(state, s, r, &request, p) == 0);
    HOLDS("it says what it does", early || p->summary[0] != '\0');
    for (int i = 0; i < p->n_actions; i++)
        check_size(s, p, i, early);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes from = {data, size};
    struct snapshot s = {0}, before = {0};
    struct rates r = {0};
    struct plan p = {0};
    void *state = coordinator_policy.create(&coordinator_settings_default);

    HOLDS("there is memory", state);
    made_up_first(&from, &s);
    snapshot_clamp(&s);
    for (int i = 0; i < s.n_guests; i++)
        began_kib[i] = s.guests[i].memory.size_kib;
    /* Once the bytes are used up, nothing happens any more. */
    for (int round = 0; round == 0 || (round < 4 && from.left > 0); round++) {
        bool early = made_up_below(&from, 2);

        HOLDS("it learns", snapshot_copy(&before, &s) == 0);
        made_up_next(&from, &s);
        snapshot_clamp(&s);
        HOLDS("it learns", rates_between(&r, &before, &s) == 0);
        if (coordinator_policy.sample)
            HOLDS("it samples", coordinator_policy.sample(state, &before, &s, &r) == 0);
        if (!early)
            HOLDS("it learns", coordinator_policy.learn(state, &before, &s, &r) == 0);
        plan(state, &s, &r, &p, made_up_below(&from, 4) == 0, early);
        for (int i = 0; i < p.n_actions; i++) {
            int guest = snapshot_find_guest(&s, p.actions[i].uuid, p.actions[i].id, 0);

            p.actions[i].result = made_up_below(&from, 4) ? PLAN_DONE : PLAN_FAILED;
            if (p.actions[i].result == PLAN_DONE && made_up_below(&from, 4))
                s.guests[guest].memory.size_kib = p.actions[i].to_kib;
        }
        coordinator_policy.applied(state, &s, &p);
    }
    coordinator_policy.destroy(state);
    snapshot_free(&s);
    snapshot_free(&before);
    rates_free(&r);
    plan_free(&p);
    return 0;
}
