/* The coordinator on snapshots made by hand: what it decides, in which words, and what it keeps in mind. */
#include "memory/coordinator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MIB(mib) ((uint64_t)(mib)*1024)

enum { GUESTS = 3 };

/* What the guests of the next snapshot are like; MiB. */
struct facts {
    double size, max, unused, cache, rss, weight;
    int id;
};

struct bench {
    void *state;
    struct snapshot before, now;
    struct rates rates;
    struct plan plan;
    struct facts guests[GUESTS];
    int order[GUESTS];
    double host_free_mib;
    unsigned taken;
    bool first;
};

static void begin(struct bench *b, const struct coordinator_settings *settings)
{
    *b = (struct bench){.first = true, .host_free_mib = 8000};
    for (int i = 0; i < GUESTS; i++) {
        b->guests[i] = (struct facts){.size = 1000, .max = 2000, .unused = 200, .rss = 1064, .weight = 1, .id = i + 1};
        b->order[i] = i;
    }
    b->state = coordinator_policy.create(settings ? settings : &coordinator_settings_default);
    assert_non_null(b->state);
}

static void end(struct bench *b)
{
    coordinator_policy.destroy(b->state);
    snapshot_free(&b->before);
    snapshot_free(&b->now);
    rates_free(&b->rates);
    plan_free(&b->plan);
}

static void add_guest(struct snapshot *s, const struct facts *f, int number, unsigned taken)
{
    struct snapshot_guest *g = snapshot_add_guest(s);
    struct snapshot_memory *m;

    assert_non_null(g);
    g->uuid[0] = (uint8_t)(number + 1);
    g->id = f->id;
    snprintf(g->name, sizeof(g->name), "g%d", number);
    m = &g->memory;
    m->has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_AVAILABLE | SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_USABLE |
             SNAPSHOT_HAS_DISK_CACHES | SNAPSHOT_HAS_RSS | SNAPSHOT_HAS_LAST_UPDATE;
    m->size_kib = MIB(f->size);
    m->max_kib = MIB(f->max);
    m->available_kib = MIB(f->size - 50);
    m->unused_kib = MIB(f->unused);
    m->usable_kib = MIB(f->unused + f->cache);
    m->disk_caches_kib = MIB(f->cache);
    m->rss_kib = MIB(f->rss);
    m->last_update_s = 1000 + 2 * taken;
    m->stats_period_s = 1;
    m->balloon = true;
    m->weight = f->weight;
}

/* Takes a snapshot 2 s after the last one, learns and plans. */
static const struct plan *decide_forced(struct bench *b, bool force)
{
    struct policy_request request = {.force = force, .interval_s = 2};
    struct snapshot held = b->before;

    b->before = b->now;
    b->now = held;
    b->taken++;
    snapshot_reset(&b->now, 1);
    b->now.taken_ns = b->taken * 2000000000ULL;
    assert_non_null(snapshot_add_pcpu(&b->now));
    for (int i = 0; i < GUESTS; i++)
        if (b->order[i] >= 0)
            add_guest(&b->now, &b->guests[b->order[i]], b->order[i], b->taken);
    b->now.host.has = SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE | SNAPSHOT_HOST_HAS_AVAILABLE;
    b->now.host.total_kib = MIB(16000);
    b->now.host.free_kib = b->now.host.available_kib = MIB(b->host_free_mib);
    assert_int_equal(rates_between(&b->rates, b->first ? NULL : &b->before, &b->now), 0);
    assert_int_equal(coordinator_policy.learn(b->state, b->first ? NULL : &b->before, &b->now, &b->rates), 0);
    b->first = false;
    assert_int_equal(coordinator_policy.plan(b->state, &b->now, &b->rates, &request, &b->plan), 0);
    return &b->plan;
}

static const struct plan *decide(struct bench *b)
{
    return decide_forced(b, false);
}

/* Carries the plan out: sizes follow at once, what is taken is taken from what is unused. */
static void carry_out(struct bench *b, enum plan_result result)
{
    for (int i = 0; i < b->plan.n_actions; i++) {
        struct plan_action *a = &b->plan.actions[i];
        struct facts *f = &b->guests[a->uuid[0] - 1];

        a->result = result;
        if (result != PLAN_DONE)
            continue;
        f->unused += ((double)a->to_kib - (double)a->from_kib) / 1024;
        f->size = (double)a->to_kib / 1024;
    }
    coordinator_policy.applied(b->state, &b->now, &b->plan);
}

static const struct plan_action *action_on(const struct plan *p, int guest)
{
    for (int i = 0; i < p->n_actions; i++)
        if (p->actions[i].uuid[0] == guest + 1)
            return &p->actions[i];
    return NULL;
}

static void guests_at_rest_are_left_so(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, NULL);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(decide(&b)->n_actions, 0);
        carry_out(&b, PLAN_DONE);
    }
    assert_true(b.plan.has_memory);
    assert_int_equal(b.plan.missing_kib, 0);
    assert_int_equal(b.plan.host_reserve_kib, MIB(800)); /* 5 % of 16000 */
    assert_non_null(strstr(b.plan.summary, "every need is met"));
    assert_true(b.plan.guests[0].managed);
    assert_int_equal(b.plan.guests[0].target_kib, MIB(1000));
    end(&b);
}

static void the_first_decision_waits_for_fresh_statistics(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, NULL);
    b.guests[0].unused = 20;
    assert_int_equal(decide(&b)->n_actions, 0);
    assert_true(b.plan.learning);
    assert_int_equal(decide(&b)->n_actions, 1);
    assert_false(b.plan.learning);
    end(&b);
}

static void idle_memory_goes_a_quarter_at_a_time(void **state)
{
    struct bench b;
    const struct plan_action *a;

    (void)state;
    begin(&b, NULL);
    b.guests[1].unused = 300;
    decide(&b);
    decide(&b);
    a = action_on(decide(&b), 1);
    assert_non_null(a);
    assert_int_equal(a->from_kib, MIB(1000));
    assert_int_equal(a->to_kib, MIB(925));
    assert_string_equal(a->reason, "idle 300 MiB: takes 75 MiB back");
    end(&b);
}

static void growth_is_told_with_its_figures(void **state)
{
    struct bench b;
    const struct plan_action *a;

    (void)state;
    begin(&b, NULL);
    decide(&b);
    b.guests[0].unused = 190;
    decide(&b);
    carry_out(&b, PLAN_DONE);
    b.guests[0].unused = 164;
    a = action_on(decide(&b), 0);
    assert_non_null(a);
    assert_true(a->to_kib > a->from_kib);
    assert_non_null(strstr(a->reason, "grows 13.0 MiB/s, unused 164 MiB would last 13 s"));
    end(&b);
}

/* Planning changes nothing: the same state and snapshot give the same plan. */
static void planning_has_no_effect(void **state)
{
    struct policy_request request = {.interval_s = 2}, forced = {.force = true, .interval_s = 2};
    struct plan again = {.n_actions = 0};
    struct bench b;

    (void)state;
    begin(&b, NULL);
    b.guests[1].unused = 700;
    b.guests[2].unused = 30;
    decide(&b);
    decide(&b);
    decide(&b);
    assert_int_equal(b.plan.n_actions, 2);
    assert_int_equal(coordinator_policy.plan(b.state, &b.now, &b.rates, &forced, &again), 0);
    assert_int_equal(coordinator_policy.plan(b.state, &b.now, &b.rates, &request, &again), 0);
    assert_int_equal(again.n_actions, b.plan.n_actions);
    for (int i = 0; i < again.n_actions; i++)
        assert_memory_equal(&again.actions[i], &b.plan.actions[i], sizeof(again.actions[i]));
    assert_string_equal(again.summary, b.plan.summary);
    plan_free(&again);
    end(&b);
}

/* Cuts come first in the plan: free before giving. And what is given is there already. */
static void what_is_given_is_there_now(void **state)
{
    struct bench b;
    uint64_t given = 0;

    (void)state;
    begin(&b, NULL);
    b.guests[0].unused = 700;
    b.guests[1].unused = b.guests[2].unused = 10;
    b.host_free_mib = 1100; /* 300 above the reserve; what each QEMU holds is known to be its own */
    decide(&b);
    decide(&b);
    decide(&b);
    assert_true(b.plan.n_actions >= 2);
    assert_true(b.plan.actions[0].to_kib < b.plan.actions[0].from_kib);
    for (int i = 1; i < b.plan.n_actions; i++) {
        assert_true(b.plan.actions[i].to_kib > b.plan.actions[i].from_kib);
        given += b.plan.actions[i].to_kib - b.plan.actions[i].from_kib;
    }
    assert_true(given > 0 && given <= MIB(300));
    end(&b);
}

static void at_the_reserve_nothing_is_given(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, NULL);
    for (int i = 0; i < GUESTS; i++)
        b.guests[i].unused = 10;
    b.host_free_mib = 800;
    decide(&b);
    decide(&b);
    assert_int_equal(decide(&b)->n_actions, 0);
    assert_true(b.plan.missing_kib >= GUESTS * MIB(90));
    assert_non_null(strstr(b.plan.summary, "missing"));
    assert_non_null(strstr(b.plan.guests[0].status, "short of its need"));
    end(&b);
}

/* What the guests haven't touched yet isn't the host's to give. */
static void untouched_memory_is_spoken_for(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, NULL);
    b.guests[0].unused = 10;
    b.guests[1].unused = 800;
    b.guests[1].rss = 264;
    b.guests[2].unused = 800;
    b.guests[2].rss = 264;
    b.host_free_mib = 800 + 1600;
    decide(&b);
    decide(&b);
    assert_null(action_on(&b.plan, 0));
    assert_int_equal(b.plan.budget_kib, 0);
    /* They are asked for it, so that there is some at the next decision. */
    assert_non_null(action_on(&b.plan, 1));
    end(&b);
}

/* What a QEMU was seen to hold beside the guest's memory isn't the guest's, however much it is. */
static void what_qemu_holds_is_learned(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, NULL);
    b.host_free_mib = 1600;
    b.guests[0].rss = 1140;
    b.guests[1].rss = b.guests[2].rss = 1100;
    decide(&b);
    decide(&b);
    assert_int_equal(b.plan.budget_kib, MIB(800));
    /* 140 MiB of the guest's aren't resident any more. */
    b.guests[0].unused = 300;
    b.guests[0].rss = 1000;
    decide(&b);
    assert_in_range(b.plan.budget_kib, MIB(800 - 140), MIB(800 - 135));
    end(&b);
}

/* A host with nothing to give, a guest that is cut for its sake, and then swaps in: it hurts. */
static void cut_until_it_hurts(struct bench *b)
{
    begin(b, NULL);
    b->guests[1].unused = 400;
    b->host_free_mib = 700;
    decide(b);
    decide(b);
    decide(b);
    assert_non_null(action_on(&b->plan, 1));
    carry_out(b, PLAN_DONE);
    assert_in_range((uint64_t)(b->guests[1].unused * 1024), MIB(200), MIB(300));
    b->guests[1].unused = 20;
    decide(b);
    assert_non_null(strstr(b->plan.guests[1].status, "short of its need"));
    assert_true(b->plan.guests[1].need_kib >= MIB(1000));
    carry_out(b, PLAN_DONE);
}

static void what_hurt_is_over_once_it_lets_go(void **state)
{
    struct bench b;
    bool cut = false;

    (void)state;
    cut_until_it_hurts(&b);
    b.guests[1].unused = b.guests[1].size - 100;
    for (int i = 0; i < 2 && !cut; i++) {
        cut = action_on(decide(&b), 1) != NULL;
        carry_out(&b, PLAN_DONE);
    }
    assert_true(cut);
    assert_true(b.plan.guests[1].need_kib < MIB(400));
    end(&b);
}

/* It can't be given back, but isn't asked for for ever. */
static void what_hurt_is_over_after_a_rest(void **state)
{
    struct bench b;

    (void)state;
    cut_until_it_hurts(&b);
    b.guests[1].unused = 45;
    for (int i = 0; i < 10; i++)
        decide(&b);
    assert_true(b.plan.guests[1].need_kib < MIB(1000));
    end(&b);
}

/* A small cut just before a guest grows into all it has did no harm: it had come to the same without it. */
static void growth_after_a_small_cut_is_no_harm(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, NULL);
    b.guests[0].unused = b.guests[2].unused = 108;
    b.guests[1].unused = 125;
    b.host_free_mib = 784; /* 16 below the reserve */
    decide(&b);
    decide(&b);
    decide(&b);
    assert_non_null(action_on(&b.plan, 1));
    carry_out(&b, PLAN_DONE);
    assert_true(b.guests[1].size >= 980);
    b.guests[1].unused = 30;
    decide(&b);
    assert_null(strstr(b.plan.guests[1].status, "rests"));
    b.host_free_mib = 2000;
    assert_null(strstr(action_on(decide(&b), 1)->reason, "the cut hurt"));
    end(&b);
}

static void what_is_refused_is_set_aside(void **state)
{
    struct bench b;
    unsigned asked = 0;

    (void)state;
    begin(&b, NULL);
    b.guests[1].unused = 600;
    for (int i = 0; i < 30; i++) {
        decide(&b);
        asked += (unsigned)b.plan.n_actions;
        carry_out(&b, PLAN_FAILED);
    }
    assert_in_range(asked, 2, 4);
    assert_non_null(strstr(b.plan.guests[1].status, "can't be set"));
    end(&b);
}

/* Guests change places, one goes and comes back under another id: what is remembered stays with whom it belongs to. */
static void guests_are_told_apart_by_uuid_and_id(void **state)
{
    static const int orders[][GUESTS] = {{2, 0, 1}, {1, 2, 0}, {-1, 2, 0}, {0, 1, 2}};
    struct bench b;

    (void)state;
    begin(&b, NULL);
    decide(&b);
    decide(&b);
    for (int k = 0; k < 4; k++) {
        memcpy(b.order, orders[k], sizeof(b.order));
        assert_int_equal(decide(&b)->n_actions, 0);
        for (int i = 0; i < b.now.n_guests; i++)
            assert_true(b.plan.guests[i].managed);
    }
    /* Another run of the guest: nothing of it is known yet. */
    b.guests[1].id = 77;
    decide(&b);
    assert_true(b.plan.guests[0].managed && b.plan.guests[2].managed);
    assert_false(b.plan.guests[1].managed);
    assert_non_null(strstr(b.plan.guests[1].status, "starting"));
    end(&b);
}

static void force_ignores_the_step_but_not_the_floors(void **state)
{
    struct bench b;
    const struct plan_action *a;

    (void)state;
    begin(&b, NULL);
    b.guests[0].size = b.guests[0].max = 2000;
    b.guests[0].rss = 2064;
    b.guests[0].unused = 1800;
    decide(&b);
    decide(&b);
    a = action_on(decide_forced(&b, true), 0);
    assert_true(b.plan.forced);
    assert_non_null(a);
    assert_in_range(a->to_kib, MIB(300), MIB(500));
    assert_non_null(strstr(a->reason, "operator"));
    end(&b);
}

static void settings_are_kept(void **state)
{
    struct coordinator_settings s = coordinator_settings_default;
    struct bench b;
    const struct plan_action *a;

    (void)state;
    s.step_mib = 20;
    s.host_reserve_mib = 1234;
    s.guest_floor_mib = 990;
    begin(&b, &s);
    b.guests[0].unused = 600;
    b.guests[1].unused = 600;
    b.guests[1].size = 1500;
    b.guests[1].rss = 1564;
    decide(&b);
    decide(&b);
    decide(&b);
    assert_int_equal(b.plan.host_reserve_kib, MIB(1234));
    assert_null(action_on(&b.plan, 0)); /* 10 MiB above its floor: not worth it */
    a = action_on(&b.plan, 1);
    assert_non_null(a);
    assert_int_equal(a->from_kib - a->to_kib, MIB(20));
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_at_rest_are_left_so),
        cmocka_unit_test(the_first_decision_waits_for_fresh_statistics),
        cmocka_unit_test(idle_memory_goes_a_quarter_at_a_time),
        cmocka_unit_test(growth_is_told_with_its_figures),
        cmocka_unit_test(planning_has_no_effect),
        cmocka_unit_test(what_is_given_is_there_now),
        cmocka_unit_test(at_the_reserve_nothing_is_given),
        cmocka_unit_test(untouched_memory_is_spoken_for),
        cmocka_unit_test(what_qemu_holds_is_learned),
        cmocka_unit_test(what_hurt_is_over_once_it_lets_go),
        cmocka_unit_test(what_hurt_is_over_after_a_rest),
        cmocka_unit_test(growth_after_a_small_cut_is_no_harm),
        cmocka_unit_test(what_is_refused_is_set_aside),
        cmocka_unit_test(guests_are_told_apart_by_uuid_and_id),
        cmocka_unit_test(force_ignores_the_step_but_not_the_floors),
        cmocka_unit_test(settings_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
