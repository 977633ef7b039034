/*
 * The policy that decides on pCPUs: whatever it is shown, it pins only vCPUs that are there, of guests that may be
 * touched, each at most once, and only to pCPUs that are online, take pins, aren't kept apart, and are allowed by the
 * guest's definition; and it says why.
 */
#include "tests/fuzz/targets/target.h"

#include "core/model/cpumask.h"
#include "core/model/pcpu_groups.h"
#include "cpu/placement/placement_inside.h"
#include "cpu/scheduler.h"
#include "tests/fuzz/made_up/made_up.h"

/* All of its pCPUs are there, on one node, and allowed by the definition. */
static void check_group(const struct snapshot *s, const struct plan *p, const struct plan_action *a,
                        const struct snapshot_vcpu *v)
{
    const uint64_t *mask = plan_mask(p, a->to_mask);
    int words = snapshot_words(s), node = -1, n = 0;

    HOLDS("there is a mask", mask);
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct snapshot_pcpu *pcpu = &s->pcpus[i];

        if (!cpumask_has(mask, words, pcpu->number))
            continue;
        HOLDS("they take pins and aren't kept apart", pcpu->online && !pcpu->isolated && !pcpu->refuses);
        HOLDS("they are of one node", node < 0 || node == pcpu->node);
        node = pcpu->node;
        n++;
    }
    HOLDS("they are several", n > 1 && n == cpumask_count(mask, words));
    HOLDS("the definition allows them", v->defined < 0 || cpumask_within(mask, snapshot_mask(s, v->defined), words));
}

static void check_pin(const struct snapshot *s, const struct plan *p, int index)
{
    const struct plan_action *a = &p->actions[index];
    int guest = snapshot_find_guest(s, a->uuid, a->id, 0), vcpu, to;
    const struct snapshot_vcpu *v;
    const struct snapshot_guest *g;

    HOLDS("it pins", a->kind == PLAN_PIN);
    HOLDS("the guest is there", guest >= 0);
    vcpu = snapshot_find_vcpu(s, guest, a->vcpu);
    HOLDS("the vCPU is there", vcpu >= 0);
    g = &s->guests[guest];
    v = &s->vcpus[vcpu];
    HOLDS("the guest may be touched",
          g->leave_alone == SNAPSHOT_LEAVE_NO && g->state == SNAPSHOT_GUEST_RUNNING && !g->realtime && v->online);
    HOLDS("there is a reason", a->reason[0] != '\0');
    for (int i = 0; i < index; i++)
        HOLDS("a vCPU is pinned once",
              memcmp(p->actions[i].uuid, a->uuid, sizeof(a->uuid)) != 0 || p->actions[i].vcpu != a->vcpu);
    if (a->to_cpu < 0) {
        check_group(s, p, a, v);
        return;
    }
    to = snapshot_pcpu_index(s, a->to_cpu);
    HOLDS("the pCPU is there", to >= 0 && s->pcpus[to].online);
    HOLDS("it takes pins and isn't kept apart", !s->pcpus[to].isolated && !s->pcpus[to].refuses);
    HOLDS("the definition allows it",
          v->defined < 0 || cpumask_has(snapshot_mask(s, v->defined), snapshot_words(s), a->to_cpu));
}

/*
 * A scratch is mostly tables of 4 MiB, of which nothing is left for the next decision: to be given them, and clear
 * them, would take longer than all decisions of an input. So there is one for all inputs (the linker puts these two in
 * the place of the room's own), whose block of memory, which has just the size of the problem, is new for each as it
 * would be.
 */
struct placement_scratch *__real_placement_scratch_create(void);
void __real_placement_scratch_free(struct placement_scratch *s);
struct placement_scratch *__wrap_placement_scratch_create(void);
void __wrap_placement_scratch_free(struct placement_scratch *s);

static struct placement_scratch *kept;

struct placement_scratch *__wrap_placement_scratch_create(void)
{
    struct placement_scratch *s = kept ? kept : __real_placement_scratch_create();

    kept = NULL;
    return s;
}

static void drop_block(struct placement_scratch *s)
{
    if (!s)
        return;
    free(s->block);
    s->block = NULL;
    s->block_bytes = 0;
    drop_block(s->inner);
}

void __wrap_placement_scratch_free(struct placement_scratch *s)
{
    if (kept || !s) {
        __real_placement_scratch_free(s);
        return;
    }
    drop_block(s);
    kept = s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes from = {data, size};
    struct scheduler_settings settings = scheduler_settings_default;
    struct snapshot s = {0}, before = {0};
    struct rates r = {0};
    struct plan p = {0};
    void *state;

    settings.no_smt = made_up_below(&from, 2);
    settings.pin_to =
        (double[]){PCPU_GROUPS_CPU, PCPU_GROUPS_CORE, PCPU_GROUPS_LLC, PCPU_GROUPS_AUTO, 3}[made_up_below(&from, 5)];
    state = scheduler_policy.create(&settings);
    HOLDS("there is memory", state);
    made_up_first(&from, &s);
    snapshot_clamp(&s);
    /* Once the bytes are used up, nothing happens any more. */
    for (int round = 0; round == 0 || (round < 4 && from.left > 0); round++) {
        const struct policy_request request = {
            .force = made_up_below(&from, 4) == 0, .interval_s = 4, .until_decision_s = 4};

        HOLDS("it learns", snapshot_copy(&before, &s) == 0);
        made_up_next(&from, &s);
        snapshot_clamp(&s);
        HOLDS("it learns", rates_between(&r, &before, &s) == 0);
        if (scheduler_policy.sample)
            HOLDS("it samples", scheduler_policy.sample(state, &before, &s, &r) == 0);
        HOLDS("it learns", scheduler_policy.learn(state, &before, &s, &r) == 0);
        plan_reset(&p, s.cpu_limit);
        HOLDS("it plans", plan_size_for(&p, &s) == 0 && scheduler_policy.plan(state, &s, &r, &request, &p) == 0);
        HOLDS("it says what it does", p.summary[0] != '\0');
        for (int i = 0; i < p.n_actions; i++) {
            check_pin(&s, &p, i);
            p.actions[i].result = made_up_below(&from, 4) ? PLAN_DONE : PLAN_FAILED;
        }
        scheduler_policy.applied(state, &s, &p);
    }
    scheduler_policy.destroy(state);
    snapshot_free(&s);
    snapshot_free(&before);
    rates_free(&r);
    plan_free(&p);
    return 0;
}
