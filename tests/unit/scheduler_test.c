/* The deciding part of vcpu_scheduler, on snapshots made by hand. */
#include "cpu/scheduler.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 16, FLOATS = -1 };

/* A host whose vCPUs run and wait for so much of every interval, and all that decides about it. */
struct scene {
    int n_pcpus, n_vcpus;
    struct snapshot_pcpu pcpus[MOST];
    struct snapshot_guest guests[MOST]; /* one a vCPU; only what a test sets of it counts */
    struct scene_vcpu {
        int at; /* pCPU number, FLOATS */
        double run_pct, wait_pct;
        bool no_delay;
        const char *found, *defined; /* NULL: as it is pinned; none */
    } vcpus[MOST];
    const char *allowed[MOST]; /* per guest: by its metadata; NULL: any */
    struct snapshot snapshots[2];
    struct rates rates;
    struct plan plan;
    void *policy;
    int now, intervals;
};

static void begin(struct scene *s, int n_pcpus, const struct scheduler_settings *settings)
{
    memset(s, 0, sizeof(*s));
    s->n_pcpus = n_pcpus;
    for (int p = 0; p < n_pcpus; p++)
        s->pcpus[p] = (struct snapshot_pcpu){.number = p, .core = p, .online = true};
    s->policy = scheduler_policy.create(settings);
    assert_non_null(s->policy);
}

static void end(struct scene *s)
{
    scheduler_policy.destroy(s->policy);
    snapshot_free(&s->snapshots[0]);
    snapshot_free(&s->snapshots[1]);
    rates_free(&s->rates);
    plan_free(&s->plan);
}

static struct scene_vcpu *add(struct scene *s, int at, double run_pct, double wait_pct)
{
    struct scene_vcpu *v = &s->vcpus[s->n_vcpus++];

    *v = (struct scene_vcpu){.at = at, .run_pct = run_pct, .wait_pct = wait_pct};
    return v;
}

static int mask_row(struct snapshot *s, const char *list)
{
    uint64_t mask[4] = {0};

    assert_int_equal(cpumask_parse(mask, s->cpu_limit, list), 0);
    return snapshot_add_mask(s, mask);
}

static int placed_row(struct snapshot *s, int at)
{
    uint64_t mask[4] = {0};

    for (int p = 0; p < s->n_pcpus; p++)
        if (at == FLOATS || at == s->pcpus[p].number)
            cpumask_set(mask, s->pcpus[p].number);
    return snapshot_add_mask(s, mask);
}

static void fill(struct scene *scene, struct snapshot *s)
{
    uint64_t second = 1000000000;

    snapshot_reset(s, scene->pcpus[scene->n_pcpus - 1].number + 1);
    s->taken_ns = (uint64_t)(1 + 10 * scene->intervals) * second;
    for (int p = 0; p < scene->n_pcpus; p++)
        *snapshot_add_pcpu(s) = scene->pcpus[p];
    for (int i = 0; i < scene->n_vcpus; i++) {
        const struct scene_vcpu *from = &scene->vcpus[i];
        struct snapshot_guest *g = snapshot_add_guest(s);
        struct snapshot_vcpu *v;

        g->id = i + 1;
        g->name[0] = (char)('a' + i);
        memset(g->uuid, i + 1, sizeof(g->uuid));
        g->state = scene->guests[i].state;
        g->leave_alone = scene->guests[i].leave_alone;
        g->realtime = scene->guests[i].realtime;
        g->dedicated = scene->guests[i].dedicated;
        g->allowed = scene->allowed[i] ? mask_row(s, scene->allowed[i]) : -1;
        v = snapshot_add_vcpu(s);
        v->online = v->running = v->has_run = true;
        v->has_delay = !from->no_delay;
        v->run_ns = (uint64_t)(from->run_pct * scene->intervals * 1e8);
        v->delay_ns = (uint64_t)(from->wait_pct * scene->intervals * 1e8);
        v->cpu = from->at == FLOATS ? i % scene->n_pcpus : from->at;
        v->affinity = placed_row(s, from->at);
        v->found = from->found ? mask_row(s, from->found) : v->affinity;
        v->defined = from->defined ? mask_row(s, from->defined) : -1;
    }
}

static void look(struct scene *s)
{
    const struct snapshot *before = s->intervals ? &s->snapshots[s->now] : NULL;

    s->now = !s->now;
    s->intervals++;
    fill(s, &s->snapshots[s->now]);
    assert_int_equal(rates_between(&s->rates, before, &s->snapshots[s->now]), 0);
    assert_int_equal(scheduler_policy.learn(s->policy, before, &s->snapshots[s->now], &s->rates), 0);
}

static void decide(struct scene *s, bool force)
{
    const struct policy_request request = {.force = force, .interval_s = 10.0};

    assert_int_equal(scheduler_policy.plan(s->policy, &s->snapshots[s->now], &s->rates, &request, &s->plan), 0);
}

static void carry_out(struct scene *s, enum plan_result result)
{
    for (int i = 0; i < s->plan.n_actions; i++) {
        s->plan.actions[i].result = result;
        if (result == PLAN_DONE)
            s->vcpus[s->plan.actions[i].id - 1].at = s->plan.actions[i].to_cpu;
    }
    scheduler_policy.applied(s->policy, &s->snapshots[s->now], &s->plan);
}

/* So many intervals of watching, and then a decision. */
static void watch(struct scene *s, int intervals)
{
    for (int i = 0; i < intervals; i++)
        look(s);
    decide(s, false);
}

static void four_on_one(struct scene *s)
{
    begin(s, 2, NULL);
    for (int i = 0; i < 4; i++)
        add(s, 0, 25.0, 75.0);
}

static void first_sample_decides_nothing(void **state)
{
    struct scene s;

    (void)state;
    four_on_one(&s);
    watch(&s, 1);
    assert_int_equal(s.plan.n_actions, 0);
    assert_true(s.plan.learning);
    assert_non_null(strstr(s.plan.summary, "learning"));
    end(&s);
}

static void crowded_pcpu_is_relieved(void **state)
{
    struct scene s;
    uint64_t one = 1 << 1;

    (void)state;
    four_on_one(&s);
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 2);
    for (int i = 0; i < 2; i++) {
        const struct plan_action *a = &s.plan.actions[i];

        assert_int_equal(a->kind, PLAN_PIN);
        assert_int_equal(a->from_cpu, 0);
        assert_int_equal(a->to_cpu, 1);
        assert_memory_equal(plan_mask(&s.plan, a->to_mask), &one, sizeof(one));
        assert_true(a->gain > 0.0);
        assert_non_null(strstr(a->reason, "demand 100 %, waits 75 % on pCPU 0"));
    }
    assert_true(fabs(s.plan.sd_now - 200.0) < 4.0);
    assert_true(fabs(s.plan.sd_expected) < 1e-6 && s.plan.sd_bound <= s.plan.sd_expected + 1e-9);
    assert_true(fabs(s.plan.sd_observed - 200.0) < 1e-6);
    assert_true(fabs(s.plan.vcpus[0].demand_pct - 100.0) < 2.0);
    assert_true(fabs(s.plan.pcpus[0].load_pct - 400.0) < 8.0 && s.plan.pcpus[1].load_pct < 1e-6);
    assert_true(fabs(s.plan.pcpus[0].expected_pct - 200.0) < 4.0);
    assert_non_null(strstr(s.plan.summary, "2 moves: sd "));
    end(&s);
}

/* Four equal ones go from one pCPU to four others: each has the same part in it, and all together add up. */
static void equal_moves_show_equal_gains_that_add_up(void **state)
{
    struct scene s;
    double sum = 0.0;

    (void)state;
    begin(&s, 4, NULL);
    for (int i = 0; i < 4; i++)
        add(&s, 0, 20.0, 10.0);
    watch(&s, 4);
    assert_int_equal(s.plan.n_actions, 3);
    for (int i = 0; i < 3; i++) {
        sum += s.plan.actions[i].gain;
        assert_true(fabs(s.plan.actions[i].gain - s.plan.actions[0].gain) < 0.5);
    }
    assert_true(fabs(sum - (s.plan.sd_now - s.plan.sd_expected)) < 0.01);
    end(&s);
}

/* Three that never rest share two pCPUs by thirds while they float; pinned, two of them would get half. */
static void what_floats_better_floats_on(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    for (int i = 0; i < 3; i++)
        add(&s, FLOATS, 66.0, 34.0);
    watch(&s, 6);
    assert_int_equal(s.plan.n_actions, 0);
    assert_string_equal(s.plan.guests[0].status, "floats: pinned, some would wait more than now");
    assert_non_null(strstr(s.plan.notes[0].text, "3 vCPUs go on floating"));
    end(&s);
}

static void begin_with_siblings(struct scene *s)
{
    begin(s, 4, NULL);
    for (int p = 0; p < 4; p++)
        s->pcpus[p].core = p / 2;
}

/* Three of 80 % on two cores of two hyperthreads, each of which does 130 %: floating they share 240 of 260, pinned two
 * of them have one core for 160. */
static void what_floats_better_on_cores_floats_on(void **state)
{
    struct scene s;

    (void)state;
    begin_with_siblings(&s);
    for (int i = 0; i < 3; i++)
        add(&s, FLOATS, 80.0, 2.0);
    watch(&s, 6);
    assert_int_equal(s.plan.n_actions, 0);
    assert_non_null(strstr(s.plan.notes[0].text, "3 vCPUs go on floating"));
    end(&s);
}

/* 100 100 | 40 40 on two cores: one of each kind changes places, so that the cores are alike. The threads aren't,
 * before or after; what is gained is the cores' deviation. */
static void moves_between_cores_gain_what_the_cores_do(void **state)
{
    struct scene s;
    double sum = 0.0;

    (void)state;
    begin_with_siblings(&s);
    for (int i = 0; i < 4; i++)
        add(&s, i, i < 2 ? 100.0 : 40.0, 0.0);
    watch(&s, 6);
    assert_int_equal(s.plan.n_actions, 2);
    for (int i = 0; i < 2; i++)
        sum += s.plan.actions[i].gain;
    assert_true(fabs(sum - 60.0 / 1.3) < 2.0);
    end(&s);
}

/* What cools down binds this plan, not what is the best possible. */
static void best_possible_is_meant_without_rests(void **state)
{
    struct scene s;

    (void)state;
    four_on_one(&s);
    watch(&s, 2);
    carry_out(&s, PLAN_DONE);
    /* Those that moved turn out to want next to nothing. */
    for (int i = 0; i < 4; i++) {
        s.vcpus[i].run_pct = s.vcpus[i].at ? 10.0 : 50.0;
        s.vcpus[i].wait_pct = s.vcpus[i].at ? 0.0 : 45.0;
    }
    watch(&s, 1);
    assert_true(s.plan.sd_bound <= s.plan.sd_expected + 1e-9);
    end(&s);
}

static void balanced_and_idle_stay(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    add(&s, 0, 40.0, 1.0);
    add(&s, 1, 42.0, 1.0);
    watch(&s, 6);
    assert_int_equal(s.plan.n_actions, 0);
    assert_string_equal(s.plan.summary, "balanced: sd 1.0 <= 4.0");
    end(&s);
    begin(&s, 2, NULL);
    for (int i = 0; i < 4; i++)
        add(&s, 0, 0.4, 0.0);
    watch(&s, 6);
    assert_int_equal(s.plan.n_actions, 0);
    end(&s);
}

static void moved_vcpus_cool_down(void **state)
{
    struct scene s;

    (void)state;
    four_on_one(&s);
    watch(&s, 2);
    carry_out(&s, PLAN_DONE);
    /* What was moved turns out to idle: moving the others would be next, and those back. */
    for (int i = 0; i < 4; i++)
        s.vcpus[i].wait_pct = s.vcpus[i].at ? 0.0 : 70.0;
    watch(&s, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(s.plan.vcpus[i].cooldown_s, s.vcpus[i].at ? 10 : 0);
    for (int i = 0; i < s.plan.n_actions; i++)
        assert_int_equal(s.plan.actions[i].from_cpu, 0);
    for (int i = 0; i < 4; i++)
        assert_string_equal(s.plan.guests[i].status, s.vcpus[i].at ? "cools down 10 s after a move" : "");
    end(&s);
}

static void nothing_cools_down_after_a_dry_run(void **state)
{
    struct scene s;

    (void)state;
    four_on_one(&s);
    watch(&s, 2);
    carry_out(&s, PLAN_DRY_RUN);
    watch(&s, 1);
    assert_int_equal(s.plan.n_actions, 2);
    end(&s);
}

static void refused_pins_cool_down(void **state)
{
    struct scene s;

    (void)state;
    four_on_one(&s);
    watch(&s, 2);
    carry_out(&s, PLAN_FAILED);
    watch(&s, 1);
    for (int i = 0; i < s.plan.n_actions; i++)
        assert_int_equal(s.plan.vcpus[s.plan.actions[i].id - 1].cooldown_s, 0);
    end(&s);
}

/* Of a plan that was carried out in part, what was moved cools down, and what was refused; what wasn't tried
 * doesn't. */
static void only_what_was_tried_cools_down(void **state)
{
    static const enum plan_result second[] = {PLAN_FAILED, PLAN_SKIPPED, PLAN_PENDING};

    (void)state;
    for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
        struct scene s;
        int moved, other;

        four_on_one(&s);
        watch(&s, 2);
        assert_int_equal(s.plan.n_actions, 2);
        s.plan.actions[0].result = PLAN_DONE;
        s.plan.actions[1].result = second[i];
        moved = s.plan.actions[0].id - 1;
        other = s.plan.actions[1].id - 1;
        s.vcpus[moved].at = s.plan.actions[0].to_cpu;
        scheduler_policy.applied(s.policy, &s.snapshots[s.now], &s.plan);
        watch(&s, 1);
        assert_int_equal(s.plan.vcpus[moved].cooldown_s, 10);
        assert_int_equal(s.plan.vcpus[other].cooldown_s, second[i] == PLAN_FAILED ? 10 : 0);
        /* It goes on from what is really there: one more has to leave. */
        assert_int_equal(s.plan.n_actions, 1);
        assert_int_not_equal(s.plan.actions[0].id - 1, moved);
        assert_int_equal(s.plan.actions[0].from_cpu, 0);
        end(&s);
    }
}

static void force_goes_to_the_best(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    add(&s, 0, 20.0, 0.0);
    add(&s, 0, 23.0, 0.0);
    add(&s, 1, 20.0, 0.0);
    add(&s, 1, 17.0, 0.0);
    watch(&s, 6);
    assert_int_equal(s.plan.n_actions, 0);
    decide(&s, true);
    assert_true(s.plan.forced);
    assert_int_equal(s.plan.n_actions, 2);
    assert_true(s.plan.sd_expected < 0.1);
    end(&s);
}

static void planning_changes_nothing(void **state)
{
    struct scene s;
    struct plan first = {0};

    (void)state;
    four_on_one(&s);
    watch(&s, 2);
    assert_int_equal(plan_copy(&first, &s.plan), 0);
    decide(&s, true);
    decide(&s, false);
    assert_int_equal(s.plan.n_actions, first.n_actions);
    assert_memory_equal(s.plan.actions, first.actions, (size_t)first.n_actions * sizeof(*first.actions));
    assert_string_equal(s.plan.summary, first.summary);
    plan_free(&first);
    end(&s);
}

static void floating_vcpus_are_adopted(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    add(&s, FLOATS, 50.0, 0.0);
    add(&s, FLOATS, 50.0, 0.0);
    add(&s, FLOATS, 0.2, 0.0);
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 2);
    assert_int_equal(s.plan.actions[0].from_cpu, -1);
    assert_int_not_equal(s.plan.actions[0].to_cpu, s.plan.actions[1].to_cpu);
    assert_non_null(strstr(s.plan.actions[0].reason, "floated"));
    assert_non_null(strstr(s.plan.summary, "2 vCPUs adopted: sd 0.0 -> 0.1"));
    end(&s);
}

/* 60 % float onto two pCPUs of 60 %: in parts of 20, one part makes way for it; in parts of 10, three would have to. */
static void nobody_is_moved_about_for_one_that_floats(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    for (int i = 0; i < 6; i++)
        add(&s, i % 2, 20.0, 0.0);
    add(&s, FLOATS, 60.0, 0.0);
    watch(&s, 4);
    assert_int_equal(s.plan.n_actions, 2);
    end(&s);
    begin(&s, 2, NULL);
    for (int i = 0; i < 12; i++)
        add(&s, i % 2, 10.0, 0.0);
    add(&s, FLOATS, 60.0, 0.0);
    watch(&s, 4);
    assert_int_equal(s.plan.n_actions, 0);
    assert_true(s.plan.guests[12].managed);
    assert_non_null(strstr(s.plan.guests[12].status, "floats"));
    assert_int_equal(s.plan.n_notes, 1);
    assert_string_equal(s.plan.notes[0].text, "1 vCPU goes on floating: with it pinned, 3 others would move");
    assert_true(s.plan.sd_now < 0.1 && fabs(s.plan.pcpus[0].load_pct - 90.0) < 0.1);
    decide(&s, true);
    assert_int_equal(s.plan.n_actions, 4);
    end(&s);
}

/* A balanced host takes in what floats onto it by pinning that, and nothing else. */
static void adoption_moves_nobody_else(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 4, NULL);
    for (int i = 0; i < 8; i++)
        add(&s, i % 4, 30.0 + i % 3, 0.0);
    watch(&s, 4);
    assert_int_equal(s.plan.n_actions, 0);
    for (int i = 0; i < 4; i++)
        add(&s, FLOATS, 20.0 + i, 0.0);
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 4);
    for (int i = 0; i < 4; i++)
        assert_true(s.plan.actions[i].id > 8 && s.plan.actions[i].from_cpu == -1);
    end(&s);
}

/* c may use 0 and 1 only, and d's cpuset is 2: both are kept, though 3 is free. */
static void constraints_are_kept(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 4, NULL);
    for (int i = 0; i < 4; i++)
        add(&s, 0, 25.0, 75.0);
    s.vcpus[2].found = "0-1";
    s.vcpus[3].defined = "0,2";
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 3);
    for (int i = 0; i < 3; i++) {
        const struct plan_action *a = &s.plan.actions[i];

        if (a->id == 3)
            assert_int_equal(a->to_cpu, 1);
        if (a->id == 4)
            assert_int_equal(a->to_cpu, 2);
    }
    end(&s);
}

static void guests_left_alone_count(void **state)
{
    static const struct {
        struct snapshot_guest guest;
        const char *status;
    } cases[] = {
        {{.leave_alone = SNAPSHOT_LEAVE_LOCKED}, "locked: left alone"},
        {{.leave_alone = SNAPSHOT_LEAVE_EXCLUDED}, "not selected: left alone"},
        {{.realtime = true}, "real-time: left alone"},
        {{.state = SNAPSHOT_GUEST_STOPPING}, "stopping"},
        {{.state = SNAPSHOT_GUEST_MIGRATING}, "busy with a migration or another job"},
    };

    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
        struct scene s;

        begin(&s, 2, NULL);
        for (int i = 0; i < 3; i++)
            add(&s, 0, 33.3, 66.6);
        s.guests[0] = cases[c].guest;
        watch(&s, 2);
        assert_string_equal(s.plan.guests[0].status, cases[c].status);
        assert_false(s.plan.guests[0].managed);
        assert_true(s.plan.guests[1].managed);
        assert_int_equal(s.plan.n_actions, 1);
        assert_int_not_equal(s.plan.actions[0].id, 1);
        assert_true(fabs(s.plan.pcpus[0].load_pct - 300.0) < 1.0);
        end(&s);
    }
}

static void paused_guests_weigh_nothing(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    add(&s, 0, 50.0, 0.0);
    add(&s, 0, 50.0, 0.0);
    add(&s, 1, 50.0, 0.0);
    watch(&s, 3);
    s.guests[0].state = SNAPSHOT_GUEST_PAUSED;
    watch(&s, 1);
    assert_int_equal(s.plan.n_actions, 0);
    assert_string_equal(s.plan.guests[0].status, "paused");
    assert_true(s.plan.sd_now < 0.1);
    end(&s);
}

static void dedicated_guests_have_their_pcpu(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 3, NULL);
    add(&s, 0, 10.0, 0.0);
    add(&s, 0, 50.0, 10.0);
    add(&s, 1, 50.0, 0.0);
    s.guests[0].dedicated = true;
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 1);
    assert_int_equal(s.plan.actions[0].id, 2);
    assert_int_equal(s.plan.actions[0].to_cpu, 2);
    assert_string_equal(s.plan.actions[0].reason, "pCPU 0 is a's own");
    end(&s);
}

/* Given a list of its own, it is kept there whatever it floats on, the others leave it, and then all stay. */
static void dedicated_guests_have_their_list(void **state)
{
    const uint64_t *mask;
    struct scene s;

    (void)state;
    begin(&s, 4, NULL);
    add(&s, FLOATS, 50.0, 0.0);
    add(&s, 2, 20.0, 0.0);
    add(&s, 0, 20.0, 0.0);
    s.guests[0].dedicated = true;
    s.allowed[0] = "2-3";
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 2);
    assert_int_equal(s.plan.actions[0].id, 2); /* the second guest, to pCPU 1 */
    assert_int_equal(s.plan.actions[0].to_cpu, 1);
    assert_string_equal(s.plan.actions[0].reason, "pCPU 2 is a's own");
    assert_int_equal(s.plan.actions[1].id, 1);
    assert_int_equal(s.plan.actions[1].to_cpu, -1);
    mask = plan_mask(&s.plan, s.plan.actions[1].to_mask);
    assert_int_equal(mask[0], 12);
    assert_non_null(strstr(s.plan.summary, "1 bound to pCPUs of their own"));
    end(&s);
    begin(&s, 4, NULL);
    add(&s, 2, 50.0, 0.0);
    add(&s, 1, 20.0, 0.0);
    add(&s, 0, 20.0, 0.0);
    s.guests[0].dedicated = true;
    s.allowed[0] = "2-3";
    watch(&s, 3);
    assert_int_equal(s.plan.n_actions, 0);
    end(&s);
}

/* Where it is pinned beside its list is nobody's own: it is brought to the list, and whoever is there leaves. */
static void dedicated_guests_are_brought_to_their_list(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    add(&s, 0, 50.0, 0.0);
    add(&s, 0, 50.0, 0.0);
    add(&s, 1, 50.0, 0.0);
    s.guests[0].dedicated = true;
    s.allowed[0] = "1";
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 2);
    assert_int_equal(s.plan.actions[0].id, 3);
    assert_int_equal(s.plan.actions[0].to_cpu, 0);
    assert_string_equal(s.plan.actions[0].reason, "pCPU 1 is a's own");
    assert_int_equal(s.plan.actions[1].id, 1);
    assert_int_equal(s.plan.actions[1].to_cpu, 1);
    end(&s);
}

/* As where nobody is moved about for it, but it may run on a pCPU that is another guest's own: it is pinned. */
static void floating_ones_leave_a_dedicated_pcpu(void **state)
{
    struct scene s;
    int adopted = 0;

    (void)state;
    begin(&s, 3, NULL);
    add(&s, 2, 10.0, 0.0);
    s.guests[0].dedicated = true;
    for (int i = 0; i < 12; i++)
        add(&s, i % 2, 10.0, 0.0);
    add(&s, FLOATS, 60.0, 0.0);
    watch(&s, 4);
    for (int i = 0; i < s.plan.n_actions; i++)
        adopted += s.plan.actions[i].id == 14 && s.plan.actions[i].to_cpu < 2;
    assert_int_equal(adopted, 1);
    end(&s);
}

/* Metadata that keep a guest off the pCPU it is on move it, as balanced as all may be; then it stays. */
static void guests_are_where_their_metadata_allow(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 4, NULL);
    add(&s, 0, 50.0, 0.0);
    add(&s, 1, 50.0, 0.0);
    add(&s, 2, 50.0, 0.0);
    add(&s, 3, 50.0, 0.0);
    s.allowed[0] = "2-3";
    watch(&s, 3);
    assert_true(s.plan.n_actions >= 1);
    for (int i = 0; i < s.plan.n_actions; i++)
        if (s.plan.actions[i].id == 1) {
            assert_true(s.plan.actions[i].to_cpu == 2 || s.plan.actions[i].to_cpu == 3);
            assert_string_equal(s.plan.actions[i].reason, "its metadata keep it off pCPU 0");
            end(&s);
            return;
        }
    fail_msg("it was left where it must not be");
}

static void metadata_keep_guests_where_they_are_allowed(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 4, NULL);
    for (int i = 0; i < 4; i++) {
        add(&s, 0, 25.0, 0.0);
        s.allowed[i] = "0-1";
    }
    watch(&s, 3);
    assert_true(s.plan.n_actions > 0);
    for (int i = 0; i < s.plan.n_actions; i++)
        assert_int_equal(s.plan.actions[i].to_cpu, 1);
    end(&s);
}

static void metadata_that_leave_no_pcpu_leave_a_guest_alone(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 3, NULL);
    add(&s, 0, 50.0, 0.0);
    add(&s, 0, 50.0, 0.0);
    s.allowed[0] = "2";
    s.pcpus[2].online = false;
    watch(&s, 3);
    for (int i = 0; i < s.plan.n_actions; i++)
        assert_int_equal(s.plan.actions[i].id, 2);
    end(&s);
}

static void floating_ones_are_pinned_where_their_metadata_allow(void **state)
{
    struct scene s;
    int placed = 0;

    (void)state;
    begin(&s, 3, NULL);
    for (int i = 0; i < 12; i++)
        add(&s, i % 2, 10.0, 0.0);
    add(&s, FLOATS, 60.0, 0.0);
    s.allowed[12] = "1";
    watch(&s, 4);
    for (int i = 0; i < s.plan.n_actions; i++)
        placed += s.plan.actions[i].id == 13 && s.plan.actions[i].to_cpu == 1;
    assert_int_equal(placed, 1);
    end(&s);
}

static void offline_pcpus_are_left(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 4, NULL);
    s.pcpus[0].online = false;
    s.pcpus[1].isolated = true;
    add(&s, 0, 50.0, 0.0);
    add(&s, 1, 50.0, 0.0);
    add(&s, 3, 50.0, 0.0);
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 1);
    assert_int_equal(s.plan.actions[0].id, 1);
    assert_int_equal(s.plan.actions[0].to_cpu, 2);
    assert_string_equal(s.plan.actions[0].reason, "its pCPU is offline");
    assert_string_equal(s.plan.guests[1].status, "on an isolated pCPU: left alone");
    s.pcpus[2].online = s.pcpus[3].online = false;
    watch(&s, 1);
    assert_int_equal(s.plan.n_actions, 0);
    assert_non_null(strstr(s.plan.summary, "no pCPU may be used"));
    end(&s);
}

static void pcpus_that_refuse_pins_are_left(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 3, NULL);
    s.pcpus[1].refuses = true;
    for (int i = 0; i < 3; i++)
        add(&s, 0, 40.0, 0.0);
    add(&s, 1, 20.0, 0.0);
    watch(&s, 2);
    assert_true(s.plan.n_actions > 0);
    for (int i = 0; i < s.plan.n_actions; i++)
        assert_int_equal(s.plan.actions[i].to_cpu, 2);
    assert_string_equal(s.plan.guests[3].status, "on a pCPU that refuses pins: left alone");
    end(&s);
}

/* Just moved from 0 to 1, which goes offline: back is the only place there is. */
static void nobody_is_barred_from_the_only_place(void **state)
{
    struct scene s;

    (void)state;
    four_on_one(&s);
    watch(&s, 2);
    assert_int_equal(s.plan.n_actions, 2);
    carry_out(&s, PLAN_DONE);
    s.pcpus[1].online = false;
    watch(&s, 1);
    assert_int_equal(s.plan.n_actions, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(s.plan.actions[i].to_cpu, 0);
    end(&s);
}

static void missing_delay_is_noted(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    add(&s, 0, 40.0, 0.0)->no_delay = true;
    watch(&s, 2);
    assert_int_equal(s.plan.n_notes, 1);
    assert_non_null(strstr(s.plan.notes[0].text, "no run-queue delay reported for 1 vCPU:"));
    end(&s);
}

static void another_snapshot_is_refused(void **state)
{
    const struct policy_request request = {.interval_s = 10.0};
    struct scene s;

    (void)state;
    four_on_one(&s);
    watch(&s, 2);
    add(&s, 1, 1.0, 0.0);
    fill(&s, &s.snapshots[s.now]);
    assert_int_equal(scheduler_policy.plan(s.policy, &s.snapshots[s.now], &s.rates, &request, &s.plan), -EINVAL);
    end(&s);
}

/* A pCPU that gets half as much done takes half of the demand, and what a vCPU runs there is half as much of a full
 * one. */
static void pcpus_that_differ_take_what_they_can(void **state)
{
    struct scene s;
    int moved = 0;

    (void)state;
    begin(&s, 2, NULL);
    s.pcpus[0].capacity = 1.0;
    s.pcpus[1].capacity = 0.5;
    for (int i = 0; i < 4; i++)
        add(&s, 0, 20.0, 0.0);
    add(&s, 1, 20.0, 0.0);
    watch(&s, 4);
    assert_in_range((int)(s.plan.vcpus[0].demand_pct + 0.5), 19, 21);
    assert_in_range((int)(s.plan.vcpus[4].demand_pct + 0.5), 9, 11);
    for (int i = 0; i < s.plan.n_actions; i++)
        moved += s.plan.actions[i].to_cpu == 1;
    assert_int_equal(moved,
                     1); /* 60 of 100 and 30 of 50; were they alike, it would be 40 on the one and 60 on the other */
    assert_true(s.plan.sd_expected < 1.0);
    end(&s);
}

/* What interrupts and an outer hypervisor take can't be moved, and counts at once; other work of the host's floats. */
static void time_taken_from_a_pcpu_counts(void **state)
{
    for (int taken = 0; taken <= 1; taken++) {
        struct scene s;

        (void)state;
        begin(&s, 2, NULL);
        for (int i = 0; i < 4; i++)
            add(&s, i % 2, 20.0, 0.0);
        for (int interval = 1; interval <= 6; interval++) {
            for (int p = 0; p < 2; p++) {
                uint64_t busy_pct = p == 0 ? 80 : 40;

                s.pcpus[p].has_times = true;
                s.pcpus[p].busy_ns = busy_pct * (uint64_t)interval * 100000000u;
                s.pcpus[p].idle_ns = (100 - busy_pct) * (uint64_t)interval * 100000000u;
                s.pcpus[p].has_taken = taken;
                s.pcpus[p].taken_ns = p == 0 ? 40 * (uint64_t)interval * 100000000u : 0;
            }
            look(&s);
        }
        decide(&s, false);
        assert_int_equal(s.plan.n_actions, taken);
        if (taken)
            assert_int_equal(s.plan.actions[0].to_cpu, 1);
        end(&s);
    }
}

static void nobody_there(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, 2, NULL);
    watch(&s, 2);
    assert_string_equal(s.plan.summary, "no running guests");
    assert_int_equal(s.plan.n_actions, 0);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcpus_that_differ_take_what_they_can),
        cmocka_unit_test(time_taken_from_a_pcpu_counts),
        cmocka_unit_test(first_sample_decides_nothing),
        cmocka_unit_test(crowded_pcpu_is_relieved),
        cmocka_unit_test(equal_moves_show_equal_gains_that_add_up),
        cmocka_unit_test(what_floats_better_floats_on),
        cmocka_unit_test(what_floats_better_on_cores_floats_on),
        cmocka_unit_test(moves_between_cores_gain_what_the_cores_do),
        cmocka_unit_test(best_possible_is_meant_without_rests),
        cmocka_unit_test(balanced_and_idle_stay),
        cmocka_unit_test(moved_vcpus_cool_down),
        cmocka_unit_test(nothing_cools_down_after_a_dry_run),
        cmocka_unit_test(refused_pins_cool_down),
        cmocka_unit_test(only_what_was_tried_cools_down),
        cmocka_unit_test(force_goes_to_the_best),
        cmocka_unit_test(planning_changes_nothing),
        cmocka_unit_test(floating_vcpus_are_adopted),
        cmocka_unit_test(nobody_is_moved_about_for_one_that_floats),
        cmocka_unit_test(adoption_moves_nobody_else),
        cmocka_unit_test(constraints_are_kept),
        cmocka_unit_test(guests_left_alone_count),
        cmocka_unit_test(paused_guests_weigh_nothing),
        cmocka_unit_test(dedicated_guests_have_their_pcpu),
        cmocka_unit_test(dedicated_guests_have_their_list),
        cmocka_unit_test(dedicated_guests_are_brought_to_their_list),
        cmocka_unit_test(guests_are_where_their_metadata_allow),
        cmocka_unit_test(metadata_keep_guests_where_they_are_allowed),
        cmocka_unit_test(metadata_that_leave_no_pcpu_leave_a_guest_alone),
        cmocka_unit_test(floating_ones_are_pinned_where_their_metadata_allow),
        cmocka_unit_test(floating_ones_leave_a_dedicated_pcpu),
        cmocka_unit_test(offline_pcpus_are_left),
        cmocka_unit_test(pcpus_that_refuse_pins_are_left),
        cmocka_unit_test(nobody_is_barred_from_the_only_place),
        cmocka_unit_test(missing_delay_is_noted),
        cmocka_unit_test(another_snapshot_is_refused),
        cmocka_unit_test(nobody_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
