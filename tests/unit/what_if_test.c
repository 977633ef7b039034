#include "core/advise/what_if.h"
#include "core/advise/what_if_world.h"
#include "core/model/cpumask.h"
#include "cpu/scheduler.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define MIB UINT64_C(1024)

enum { FLOATS = -1, MOST = 4 };

static void is_near(double value, double expected, double off)
{
    if (!(fabs(value - expected) <= off))
        fail_msg("%f is not %f", value, expected);
}

/* Guests of one vCPU each on a host of two pCPUs, of whose time the host's own work takes a share of its own. */
struct scene {
    struct snapshot s;
    int n;
    double run[MOST], wait[MOST], host;
    int at[MOST];
    uint64_t run_ns[MOST], wait_ns[MOST], busy_ns[2], second;
};

/* The next second, as the recording has it. */
static const struct snapshot *next(struct scene *c)
{
    c->second++;
    snapshot_reset(&c->s, 2);
    c->s.taken_ns = c->second * SECOND;
    for (int cpu = 0; cpu < 2; cpu++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(&c->s);

        c->busy_ns[cpu] += (uint64_t)(c->host * 1e9);
        for (int i = 0; i < c->n; i++)
            c->busy_ns[cpu] += c->at[i] == cpu ? (uint64_t)(c->run[i] * 1e9) : 0;
        p->number = p->core = cpu;
        p->online = p->has_times = true;
        p->busy_ns = c->busy_ns[cpu];
        p->idle_ns = c->second * SECOND - p->busy_ns;
    }
    for (int i = 0; i < c->n; i++) {
        uint64_t mask = c->at[i] == FLOATS ? 3 : UINT64_C(1) << c->at[i];
        struct snapshot_vcpu *v;

        snapshot_add_guest(&c->s)->uuid[0] = (uint8_t)(i + 1);
        v = snapshot_add_vcpu(&c->s);
        c->run_ns[i] += (uint64_t)(c->run[i] * 1e9);
        c->wait_ns[i] += (uint64_t)(c->wait[i] * 1e9);
        v->online = v->running = v->has_run = v->has_delay = true;
        v->run_ns = c->run_ns[i];
        v->delay_ns = c->wait_ns[i];
        v->affinity = snapshot_add_mask(&c->s, &mask);
    }
    return &c->s;
}

/* What the vCPU ran and waited in the world's last second. */
static void seen(struct what_if_world *w, struct scene *c, int vcpu, double run, double wait)
{
    uint64_t run_ns = w->now.vcpus[vcpu].run_ns, delay_ns = w->now.vcpus[vcpu].delay_ns;

    assert_int_equal(what_if_world_take(w, next(c), false), 0);
    is_near((double)(w->now.vcpus[vcpu].run_ns - run_ns) / 1e9, run, 0.001);
    is_near((double)(w->now.vcpus[vcpu].delay_ns - delay_ns) / 1e9, wait, 0.001);
}

static void begin(struct what_if_world *w, struct scene *c)
{
    assert_int_equal(what_if_world_take(w, next(c), true), 0);
    assert_int_equal(what_if_world_take(w, next(c), false), 0);
}

static void pin(struct plan *p, const struct snapshot *s, int guest, int cpu)
{
    uint64_t mask = UINT64_C(1) << cpu;
    struct plan_action *a;

    plan_reset(p, s->cpu_limit);
    a = plan_add_action(p, PLAN_PIN, s, guest);
    a->to_cpu = cpu;
    a->to_mask = plan_add_mask(p, &mask);
    a->result = PLAN_DONE;
}

static void end(struct what_if_world *w, struct scene *c, struct plan *p)
{
    what_if_world_free(w);
    snapshot_free(&c->s);
    plan_free(p);
}

/* Two that never rest shared pCPU 0; one of them on pCPU 1, and each has one of its own. */
static void a_moved_vcpu_takes_its_demand_along(void **state)
{
    struct scene c = {.n = 2, .run = {0.5, 0.5}, .wait = {0.5, 0.5}};
    struct what_if_world w = {0};
    struct plan p = {0};

    (void)state;
    begin(&w, &c);
    seen(&w, &c, 0, 0.5, 0.5);
    pin(&p, &w.now, 1, 1);
    assert_int_equal(what_if_world_apply(&w, &p), 0);
    seen(&w, &c, 0, 1, 0);
    seen(&w, &c, 1, 1, 0);
    assert_int_equal(snapshot_pinned_to(&w.now, &w.now.vcpus[1]), 1);
    end(&w, &c, &p);
}

/* The host takes a quarter of pCPU 0; what never rests has the other three, and waits for the rest of the time. */
static void the_hosts_work_goes_first(void **state)
{
    struct scene c = {.n = 1, .run = {0.75}, .wait = {0.25}, .host = 0.25};
    struct what_if_world w = {0};
    struct plan p = {0};

    (void)state;
    begin(&w, &c);
    seen(&w, &c, 0, 0.75, 0.25);
    end(&w, &c, &p);
}

/* Of two with demand 1/2 each is ready for p = (1 + p) / (2 + p) of the time: p = 0.618, so it waits 0.236 of it. */
static void two_that_rest_half_of_the_time_meet_now_and_then(void **state)
{
    struct scene c = {.n = 2, .run = {0.5, 0.5}, .at = {0, 1}};
    struct what_if_world w = {0};
    struct plan p = {0};

    (void)state;
    begin(&w, &c);
    seen(&w, &c, 0, 0.5, 0);
    pin(&p, &w.now, 1, 0);
    assert_int_equal(what_if_world_apply(&w, &p), 0);
    seen(&w, &c, 0, 0.382, 0.236);
    end(&w, &c, &p);
}

/* Three that never rest and float have two pCPUs between them, as the kernel gives it to them. */
static void those_that_float_flow_to_where_there_is_room(void **state)
{
    struct scene c = {.n = 3, .run = {2.0 / 3, 2.0 / 3, 2.0 / 3}, .wait = {1.0 / 3, 1.0 / 3, 1.0 / 3}};
    struct what_if_world w = {0};
    struct plan p = {0};

    (void)state;
    c.at[0] = c.at[1] = c.at[2] = FLOATS;
    begin(&w, &c);
    for (int i = 0; i < 3; i++)
        seen(&w, &c, i, 2.0 / 3, 1.0 / 3);
    end(&w, &c, &p);
}

/* What the recorded program did isn't done here; what others did is. */
static void pins_of_others_are_followed(void **state)
{
    struct scene c = {.n = 2, .run = {0.2, 0.2}};
    struct what_if_world w = {0};
    struct plan p = {0};

    (void)state;
    begin(&w, &c);
    pin(&p, &w.recorded, 0, 1);
    assert_int_equal(what_if_world_recorded(&w, &p), 0);
    c.at[0] = c.at[1] = 1;
    assert_int_equal(what_if_world_take(&w, next(&c), false), 0);
    assert_int_equal(snapshot_pinned_to(&w.now, &w.now.vcpus[0]), 0);
    assert_int_equal(snapshot_pinned_to(&w.now, &w.now.vcpus[1]), 1);
    assert_int_equal(what_if_world_take(&w, next(&c), false), 0);
    assert_int_equal(snapshot_pinned_to(&w.now, &w.now.vcpus[0]), 0);
    end(&w, &c, &p);
}

/* Of 1000 MiB it uses 300, caches 200 and leaves 500; its process holds 600 and 50 of its own. */
static struct snapshot_guest *add_memory(struct snapshot *s)
{
    struct snapshot_guest *g;

    snapshot_reset(s, 1);
    s->host.has = SNAPSHOT_HOST_HAS_FREE | SNAPSHOT_HOST_HAS_TOTAL;
    s->host.total_kib = 4000 * MIB;
    s->host.free_kib = 1000 * MIB;
    g = snapshot_add_guest(s);
    g->memory = (struct snapshot_memory){.has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_UNUSED |
                                                SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_AVAILABLE | SNAPSHOT_HAS_RSS,
                                         .size_kib = 1000 * MIB,
                                         .max_kib = 2000 * MIB,
                                         .available_kib = 980 * MIB,
                                         .unused_kib = 500 * MIB,
                                         .usable_kib = 700 * MIB,
                                         .rss_kib = 600 * MIB};
    return g;
}

static void a_smaller_guest_loses_first_what_lies_unused(void **state)
{
    struct snapshot s = {0};
    struct snapshot_memory *m = &add_memory(&s)->memory;

    (void)state;
    what_if_resize(&s, m, 700 * MIB);
    assert_int_equal(m->size_kib, 700 * MIB);
    assert_int_equal(m->usable_kib, 400 * MIB);
    assert_int_equal(m->unused_kib, 200 * MIB);
    assert_int_equal(m->available_kib, 680 * MIB);
    assert_int_equal(m->rss_kib, 600 * MIB); /* it held less than that anyway */
    assert_int_equal(s.host.free_kib, 1000 * MIB);
    what_if_resize(&s, m, 400 * MIB);
    assert_int_equal(m->usable_kib, 100 * MIB);
    assert_int_equal(m->unused_kib, 0);
    assert_int_equal(m->rss_kib, 400 * MIB);
    assert_int_equal(s.host.free_kib, 1200 * MIB);
    snapshot_free(&s);
}

static void a_larger_guest_has_more_unused(void **state)
{
    struct snapshot s = {0};
    struct snapshot_memory *m = &add_memory(&s)->memory;

    (void)state;
    what_if_resize(&s, m, 1500 * MIB);
    assert_int_equal(m->unused_kib, 1000 * MIB);
    assert_int_equal(m->usable_kib, 1200 * MIB);
    assert_int_equal(m->rss_kib, 600 * MIB); /* what it doesn't touch costs nothing */
    m->has &= ~(unsigned)SNAPSHOT_HAS_RSS;
    what_if_resize(&s, m, 1600 * MIB);
    assert_int_equal(s.host.free_kib, 900 * MIB); /* not known: it may touch all */
    snapshot_free(&s);
}

/* Plays two minutes in which two that never rest share pCPU 0, decided every ten seconds. */
static void play(struct what_if *w, struct scene *c)
{
    struct plan recorded = {0};

    for (int second = 0; second <= 120; second++) {
        struct record_line line = {.kind = second > 0 && second % 10 == 0 ? RECORD_DECISION : RECORD_SAMPLE,
                                   .snapshot = next(c),
                                   .interval_s = 10,
                                   .until_decision_s = 10 - second % 10};

        plan_reset(&recorded, 2);
        line.plan = line.kind == RECORD_DECISION ? &recorded : NULL;
        assert_int_equal(what_if_take(w, &line), 0);
    }
    plan_free(&recorded);
}

static void other_settings_show_what_they_change(void **state)
{
    struct scheduler_settings usual = scheduler_settings_default, lenient = scheduler_settings_default;
    struct scene c = {.n = 2, .run = {0.5, 0.5}, .wait = {0.5, 0.5}};
    struct what_if *w;

    (void)state;
    lenient.tolerance = 100; /* the deviation of 200 and 0 is 100 */
    w = what_if_new(
        &(struct what_if_config){.policy = &scheduler_policy, .settings = {NULL, &usual, &lenient}, .sample_s = 1});
    assert_non_null(w);
    play(w, &c);
    assert_int_equal(what_if_decisions(w), 12);
    is_near(what_if_seconds(w), 120, 1e-9);
    for (int side = WHAT_IF_RECORDED; side < WHAT_IF_SIDES; side++) {
        const struct what_if_tally *t = what_if_tally(w, (enum what_if_side)side);

        is_near(t->cpu_s, 120, 1e-9);
        is_near(t->sd_most, 100, 0.5);
        if (side == WHAT_IF_PLAYED) {
            assert_int_equal(t->actions, 1);
            assert_true(t->sd_sum / t->cpu_s < 50 && t->balanced_s >= 80);
            assert_true(t->wait_sum / t->cpu_s < 50);
        } else {
            assert_int_equal(t->actions, 0);
            is_near(t->sd_sum / t->cpu_s, 100, 0.5);
            is_near(t->wait_sum / t->cpu_s, 100, 0.5);
            is_near(t->balanced_s, 0, 1e-9);
        }
    }
    what_if_free(w);
    snapshot_free(&c.s);
}

/* Every 30 s instead of every 10: it acts later, so there is more imbalance. */
static void another_interval_has_a_clock_of_its_own(void **state)
{
    struct scene c = {.n = 2, .run = {0.5, 0.5}, .wait = {0.5, 0.5}};
    struct what_if *w = what_if_new(
        &(struct what_if_config){.policy = &scheduler_policy,
                                 .settings = {NULL, &scheduler_settings_default, &scheduler_settings_default},
                                 .interval_s = {[WHAT_IF_OTHER] = 30},
                                 .sample_s = 1});
    const struct what_if_tally *often, *seldom;

    (void)state;
    assert_non_null(w);
    play(w, &c);
    often = what_if_tally(w, WHAT_IF_PLAYED);
    seldom = what_if_tally(w, WHAT_IF_OTHER);
    assert_int_equal(often->actions, 1);
    assert_int_equal(seldom->actions, 1);
    assert_true(seldom->sd_sum > often->sd_sum + 15 * 100);
    what_if_free(w);
    snapshot_free(&c.s);
}

/* What nobody saw isn't counted, and what was known before it still is. */
static void a_gap_is_left_out(void **state)
{
    struct scene c = {.n = 2, .run = {0.5, 0.5}, .wait = {0.5, 0.5}};
    struct what_if *w = what_if_new(
        &(struct what_if_config){.policy = &scheduler_policy,
                                 .settings = {NULL, &scheduler_settings_default, &scheduler_settings_default},
                                 .sample_s = 1});

    (void)state;
    assert_non_null(w);
    play(w, &c);
    what_if_gap(w);
    c.second += 1000;
    play(w, &c);
    for (int side = WHAT_IF_RECORDED; side < WHAT_IF_SIDES; side++)
        is_near(what_if_tally(w, (enum what_if_side)side)->cpu_s, 240, 1e-9);
    assert_int_equal(what_if_tally(w, WHAT_IF_PLAYED)->actions, 1);
    what_if_free(w);
    snapshot_free(&c.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moved_vcpu_takes_its_demand_along),
        cmocka_unit_test(the_hosts_work_goes_first),
        cmocka_unit_test(two_that_rest_half_of_the_time_meet_now_and_then),
        cmocka_unit_test(those_that_float_flow_to_where_there_is_room),
        cmocka_unit_test(pins_of_others_are_followed),
        cmocka_unit_test(a_smaller_guest_loses_first_what_lies_unused),
        cmocka_unit_test(a_larger_guest_has_more_unused),
        cmocka_unit_test(other_settings_show_what_they_change),
        cmocka_unit_test(another_interval_has_a_clock_of_its_own),
        cmocka_unit_test(a_gap_is_left_out),
    };

    return cmocka_run_group_tests_name("what_if", tests, NULL, NULL);
}
