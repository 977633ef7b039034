#include "core/advise/advise.h"
#include "core/model/cpumask.h"
#include "cpu/scheduler.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define MIB UINT64_C(1024)

enum { GUESTS = 2, PCPUS = 2 };

static void is_near(double value, double expected, double off)
{
    if (!(fabs(value - expected) <= off))
        fail_msg("%f is not %f", value, expected);
}

/* Two guests of one vCPU, on a host of two pCPUs and 4000 MiB. */
struct scene {
    struct snapshot s;
    double run, wait;
    int at[GUESTS];   /* the pCPU that it is pinned to; both otherwise */
    uint64_t defined; /* its cpuset; 0: it has none */
    enum snapshot_leave_alone leave;
    double used_mib, size_mib;
    uint64_t second;
};

static void add_guest(struct scene *c, int i)
{
    struct snapshot_guest *g = snapshot_add_guest(&c->s);
    struct snapshot_vcpu *v;
    uint64_t mask = UINT64_C(1) << c->at[i];

    g->uuid[0] = (uint8_t)(i + 1);
    g->leave_alone = c->leave;
    snprintf(g->name, sizeof(g->name), "guest%d", i);
    g->memory = (struct snapshot_memory){.has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_UNUSED |
                                                SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_RSS,
                                         .size_kib = (uint64_t)(c->size_mib * 1024),
                                         .max_kib = 2000 * MIB,
                                         .unused_kib = (uint64_t)((c->size_mib - c->used_mib) * 1024),
                                         .usable_kib = (uint64_t)((c->size_mib - c->used_mib) * 1024),
                                         .rss_kib = 600 * MIB};
    v = snapshot_add_vcpu(&c->s);
    v->online = v->running = v->has_run = v->has_delay = true;
    v->run_ns = (uint64_t)(c->run * (double)(c->second * SECOND));
    v->delay_ns = (uint64_t)(c->wait * (double)(c->second * SECOND));
    v->affinity = snapshot_add_mask(&c->s, &mask);
    v->found = snapshot_add_mask(&c->s, &mask);
    v->defined = c->defined ? snapshot_add_mask(&c->s, &c->defined) : -1;
}

static const struct snapshot *next(struct scene *c)
{
    c->second++;
    snapshot_reset(&c->s, PCPUS);
    c->s.taken_ns = c->second * SECOND;
    c->s.host =
        (struct snapshot_host){.has = SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE | SNAPSHOT_HOST_HAS_AVAILABLE,
                               .total_kib = 4000 * MIB,
                               .free_kib = 900 * MIB,
                               .available_kib = 1050 * MIB};
    for (int cpu = 0; cpu < PCPUS; cpu++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(&c->s);

        p->number = p->core = cpu;
        p->online = p->has_times = true;
        for (int i = 0; i < GUESTS; i++)
            p->busy_ns += c->at[i] == cpu ? (uint64_t)(c->run * (double)(c->second * SECOND)) : 0;
        p->idle_ns = c->second * SECOND - p->busy_ns;
    }
    for (int i = 0; i < GUESTS; i++)
        add_guest(c, i);
    return &c->s;
}

/* Plays so many seconds more of the scene, decided every ten. */
static void play(struct advise *a, struct scene *c, int seconds)
{
    struct plan recorded = {0};

    for (int second = 0; second < seconds; second++) {
        struct record_line line = {.kind = second > 0 && second % 10 == 0 ? RECORD_DECISION : RECORD_SAMPLE,
                                   .snapshot = next(c),
                                   .interval_s = 10};

        plan_reset(&recorded, PCPUS);
        line.plan = line.kind == RECORD_DECISION ? &recorded : NULL;
        assert_int_equal(advise_take(a, &line), 0);
    }
    plan_free(&recorded);
}

static void end(struct advise *a, struct scene *c)
{
    advise_end(a);
    snapshot_free(&c->s);
}

/*
 * Each uses 300 MiB and is to have 100 unused; the guests may hold the 1050 MiB that are available and the 1200 that
 * they hold, less the 200 that are kept: 2050. The two need 800, so that three more of 400 each find room. Each wants
 * 24 % of a pCPU, of 200 % in all: six more.
 */
static void guests_that_never_change(void **state)
{
    struct scene c = {.run = 0.24, .at = {0, 1}, .used_mib = 300, .size_mib = 1000};
    struct advise a;

    (void)state;
    assert_int_equal(advise_begin(&a, NULL, NULL, 1), 0);
    play(&a, &c, 200);
    assert_int_equal(advise_conclude(&a), 0);
    assert_int_equal(a.n_guests, GUESTS);
    for (int i = 0; i < GUESTS; i++) {
        assert_true(a.guests[i].memory_levels.known && a.guests[i].cpu_levels.known);
        for (int r = 0; r < ADVISE_RISKS; r++) {
            is_near(a.guests[i].memory_levels.most[r], 400, 0.01);
            is_near(a.guests[i].memory_levels.least[r], 400, 0.01);
            is_near(a.guests[i].cpu_levels.most[r], 24, 0.01);
        }
        is_near(a.guests[i].short_s, 0, 0);
    }
    is_near(a.memory.capacity, 2050, 0.01);
    is_near(a.memory.needs[0], 800, 0.01);
    assert_int_equal(a.memory.more[0], 3);
    assert_int_equal(a.memory.more[1], 3);
    is_near(a.cpu.needs[1], 48, 0.01);
    assert_int_equal(a.cpu.more[0], 6);
    end(&a, &c);
}

/* Two that use 1100 MiB need 2400 of the 2050 there are: by 350, that is one of them. */
static void too_many_are_said_to_be(void **state)
{
    struct scene c = {.run = 0.24, .at = {0, 1}, .used_mib = 1100, .size_mib = 1150};
    struct advise a;

    (void)state;
    assert_int_equal(advise_begin(&a, NULL, NULL, 1), 0);
    play(&a, &c, 200);
    assert_int_equal(advise_conclude(&a), 0);
    assert_int_equal(a.memory.more[0], -1);
    is_near(a.guests[0].short_s / a.guests[0].seconds, 1, 0); /* 50 MiB are less than 100 */
    end(&a, &c);
}

static void a_short_recording_says_so(void **state)
{
    struct scene c = {.run = 0.24, .at = {0, 1}, .used_mib = 300, .size_mib = 1000};
    struct advise a;

    (void)state;
    assert_int_equal(advise_begin(&a, NULL, NULL, 1), 0);
    play(&a, &c, 50);
    assert_int_equal(advise_conclude(&a), 0);
    assert_false(a.guests[0].memory_levels.known || a.guests[0].cpu_levels.known || a.memory.known || a.cpu.known);
    end(&a, &c);
}

/* However long it is, it is told in as many steps at the most, with its peaks. */
static void a_long_recording_is_told_in_longer_steps(void **state)
{
    struct scene c = {.run = 0.24, .at = {0, 1}, .used_mib = 300, .size_mib = 1000};
    struct advise a;

    (void)state;
    assert_int_equal(advise_begin(&a, NULL, NULL, 1), 0);
    play(&a, &c, ADVISE_FIGURES / 2);
    c.used_mib = 500; /* for one sample */
    play(&a, &c, 1);
    c.used_mib = 300;
    play(&a, &c, ADVISE_FIGURES);
    assert_true(a.guests[0].memory.n < ADVISE_FIGURES && a.guests[0].memory.n >= ADVISE_FIGURES / 2);
    is_near(a.step_s, 2, 0);
    is_near(a.guests[0].cpu.figures[10], 24, 0.01);
    is_near(a.guests[0].memory.figures[ADVISE_FIGURES / 4 - 1], 600, 0.01);
    is_near(a.guests[0].memory.figures[ADVISE_FIGURES / 4 + 1], 400, 0.01);
    assert_int_equal(advise_conclude(&a), 0);
    is_near(a.memory.guests, GUESTS, 0.01);
    end(&a, &c);
}

static const struct pin_cost *cost_of(const struct advise *a, enum pin_cost_kind kind)
{
    for (int i = 0; i < a->pins.n_costs; i++)
        if (a->pins.costs[i].kind == kind)
            return &a->pins.costs[i];
    return NULL;
}

/* Two that never rest on one pCPU of two: moved apart, the deviation falls from 100 points to none. */
static void a_bad_pin_costs_what_moving_it_gains(void **state)
{
    struct scene c = {.run = 0.5, .wait = 0.5, .used_mib = 300, .size_mib = 1000};
    const struct pin_cost *cost;
    struct advise a;

    (void)state;
    assert_int_equal(advise_begin(&a, &scheduler_policy, &scheduler_settings_default, 1), 0);
    play(&a, &c, 300);
    assert_int_equal(advise_conclude(&a), 0);
    cost = cost_of(&a, PIN_COST_PIN);
    assert_non_null(cost);
    is_near(a.pins.now_sd, 100, 5);
    is_near(a.pins.best_sd, 0, 5);
    is_near(cost->points, 100, 5);
    assert_int_equal(cost->cpu, 0);
    assert_null(cost_of(&a, PIN_COST_RULE));
    end(&a, &c);
}

/* Where both are left alone, or may not leave the pCPU, freeing either of them gains as much. */
static void a_rule_costs_what_could_be_gained_without_it(void **state)
{
    struct scene scenes[] = {
        {.run = 0.5, .wait = 0.5, .used_mib = 300, .size_mib = 1000, .leave = SNAPSHOT_LEAVE_LOCKED},
        {.run = 0.5, .wait = 0.5, .used_mib = 300, .size_mib = 1000, .defined = 1},
    };
    const char *const words[] = {"locked", "cpuset"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct pin_cost *cost;
        struct advise a;

        assert_int_equal(advise_begin(&a, &scheduler_policy, &scheduler_settings_default, 1), 0);
        play(&a, &scenes[i], 300);
        assert_int_equal(advise_conclude(&a), 0);
        cost = cost_of(&a, PIN_COST_RULE);
        assert_non_null(cost);
        assert_string_equal(cost->what, words[i]);
        is_near(cost->points, 100, 5);
        is_near(a.pins.best_sd, 100, 5);
        assert_null(cost_of(&a, PIN_COST_PIN));
        end(&a, &scenes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_that_never_change),
        cmocka_unit_test(too_many_are_said_to_be),
        cmocka_unit_test(a_short_recording_says_so),
        cmocka_unit_test(a_long_recording_is_told_in_longer_steps),
        cmocka_unit_test(a_bad_pin_costs_what_moving_it_gains),
        cmocka_unit_test(a_rule_costs_what_could_be_gained_without_it),
    };

    return cmocka_run_group_tests_name("advise", tests, NULL, NULL);
}
