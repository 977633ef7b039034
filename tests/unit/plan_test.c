#include "core/model/plan.h"

#include "core/model/cpumask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void two_guests(struct snapshot *s)
{
    snapshot_reset(s, 70);
    for (int i = 0; i < 70; i++)
        snapshot_add_pcpu(s)->number = i;
    for (int i = 0; i < 2; i++) {
        struct snapshot_guest *g = snapshot_add_guest(s);

        g->id = 10 + i;
        memset(g->uuid, 0xa0 + i, sizeof(g->uuid));
        strcpy(g->name, i ? "web" : "db");
        snapshot_add_vcpu(s);
        snapshot_add_vcpu(s);
    }
}

static void reset_plan(void **state)
{
    struct plan p = {0};

    (void)state;
    p.sd_now = 3;
    p.forced = p.has_balance = true;
    strcpy(p.summary, "old");
    plan_reset(&p, 70);
    assert_int_equal(p.cpu_limit, 70);
    assert_true(p.sd_now == -1 && p.sd_expected == -1 && p.sd_bound == -1 && p.sd_observed == -1);
    assert_false(p.forced || p.has_balance || p.has_memory || p.learning);
    assert_string_equal(p.summary, "");
    plan_free(&p);
}

static void sized_for_a_snapshot(void **state)
{
    struct snapshot s = {0};
    struct plan p = {0};

    (void)state;
    two_guests(&s);
    plan_reset(&p, s.cpu_limit);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(plan_size_for(&p, &s), 0);
        assert_int_equal(p.n_guests, 2);
        assert_int_equal(p.n_vcpus, 4);
        assert_int_equal(p.n_pcpus, 70);
        for (int i = 0; i < 70; i++) {
            assert_true(p.pcpus[i].load_pct == 0);
            p.pcpus[i].load_pct = 1;
        }
        for (int i = 0; i < 2; i++) {
            assert_false(p.guests[i].managed);
            p.guests[i].managed = true;
        }
        for (int i = 0; i < 4; i++) {
            assert_int_equal(p.vcpus[i].cooldown_s, 0);
            p.vcpus[i].cooldown_s = 1;
        }
    }
    plan_free(&p);
    snapshot_free(&s);
}

static void actions_notes_masks(void **state)
{
    struct snapshot s = {0};
    struct plan p = {0};
    struct plan_action *a;
    uint64_t mask[2] = {0};
    char long_text[400];

    (void)state;
    two_guests(&s);
    plan_reset(&p, s.cpu_limit);
    a = plan_add_action(&p, PLAN_PIN, &s, 1);
    assert_non_null(a);
    assert_int_equal(a->kind, PLAN_PIN);
    assert_int_equal(a->result, PLAN_PENDING);
    assert_string_equal(a->name, "web");
    assert_int_equal(a->id, 11);
    assert_memory_equal(a->uuid, s.guests[1].uuid, sizeof(a->uuid));
    assert_int_equal(a->from_cpu, -1);
    assert_int_equal(a->to_cpu, -1);
    assert_int_equal(a->from_mask, -1);
    assert_int_equal(a->to_mask, -1);
    assert_string_equal(a->reason, "");
    for (int i = 0; i < 40; i++) {
        cpumask_clear(mask, 2);
        cpumask_set(mask, i + 30);
        assert_int_equal(plan_add_mask(&p, mask), i);
    }
    assert_int_equal(cpumask_single(plan_mask(&p, 39), 2), 69);
    assert_int_equal(cpumask_single(plan_mask(&p, 0), 2), 30);
    assert_null(plan_mask(&p, -1));

    assert_int_equal(plan_add_note(&p, &s, 0, "db/0", "gain %.1f < %d", 0.5, 1), 0);
    assert_string_equal(p.notes[0].subject, "db/0");
    assert_string_equal(p.notes[0].text, "gain 0.5 < 1");
    assert_int_equal(p.notes[0].id, 10);
    assert_memory_equal(p.notes[0].uuid, s.guests[0].uuid, SNAPSHOT_UUID_BYTES);
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(plan_add_note(&p, &s, -1, NULL, "%s", long_text), 0);
    assert_int_equal(strlen(p.notes[1].text), PLAN_REASON_BYTES - 1);
    assert_string_equal(p.notes[1].subject, "");
    assert_int_equal(p.notes[1].id, -1);
    plan_free(&p);
    snapshot_free(&s);
}

static void copies_are_equal_and_apart(void **state)
{
    struct snapshot s = {0};
    struct plan from = {0}, to = {0};
    struct plan_action *actions;

    (void)state;
    two_guests(&s);
    plan_reset(&from, s.cpu_limit);
    assert_int_equal(plan_size_for(&from, &s), 0);
    for (int i = 0; i < 20; i++) {
        struct plan_action *a = plan_add_action(&from, PLAN_SET_MEMORY, &s, i % 2);

        a->to_kib = (uint64_t)i << 40;
        a->to_mask = plan_add_mask(&from, NULL);
    }
    assert_int_equal(plan_add_note(&from, &s, 0, "db", "stays"), 0);
    from.vcpus[3].demand_pct = 33;
    from.sd_bound = 0.25;
    strcpy(from.summary, "20 balloons");
    plan_reset(&to, 500);
    assert_int_equal(plan_add_mask(&to, NULL), 0);
    assert_int_equal(plan_copy(&to, &from), 0);
    assert_int_equal(to.cpu_limit, 70);
    assert_int_equal(to.n_actions, 20);
    assert_int_equal(to.n_masks, 20);
    assert_memory_equal(to.actions, from.actions, 20 * sizeof(*to.actions));
    assert_string_equal(to.notes[0].text, "stays");
    assert_true(to.vcpus[3].demand_pct == 33 && to.sd_bound == 0.25);
    assert_string_equal(to.summary, "20 balloons");
    assert_int_equal(to.n_guests, 2);
    assert_int_equal(to.n_pcpus, 70);
    actions = to.actions;
    assert_ptr_not_equal(actions, from.actions);
    assert_int_equal(plan_copy(&to, &from), 0);
    assert_ptr_equal(to.actions, actions);
    plan_free(&from);
    plan_free(&to);
    snapshot_free(&s);
}

static void words_for_results(void **state)
{
    (void)state;
    assert_string_equal(plan_result_word(PLAN_PENDING), "pending");
    assert_string_equal(plan_result_word(PLAN_DONE), "done");
    assert_string_equal(plan_result_word(PLAN_SKIPPED), "skipped");
    assert_string_equal(plan_result_word(PLAN_FAILED), "failed");
    assert_string_equal(plan_result_word(PLAN_DRY_RUN), "dry run");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_plan),          cmocka_unit_test(sized_for_a_snapshot),
        cmocka_unit_test(actions_notes_masks), cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(words_for_results),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
