#include "cpu/demand/demand_pcpu.h"

#include "core/model/cpumask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PCPUS_MOST = 8, WAKEUPS = 400 };

#define INTERVAL_S 2.0
#define STANDS_S 60.0

/* A host whose pCPUs have a vCPU each that waits, samples of a second and two of them an interval. */
struct host {
    struct demand_pcpu pcpus[PCPUS_MOST];
    struct demand_level_peers peers;
    struct snapshot now;
    struct rates rates;
    int samples;
    uint64_t random;
};

static void start(struct host *h, int n)
{
    *h = (struct host){.random = 42};
    snapshot_reset(&h->now, n);
    for (int i = 0; i < n; i++) {
        uint64_t alone = (uint64_t)1 << i;
        struct snapshot_guest *g;
        struct snapshot_vcpu *v;

        *snapshot_add_pcpu(&h->now) = (struct snapshot_pcpu){.number = i, .online = true};
        g = snapshot_add_guest(&h->now);
        g->id = i + 1;
        v = snapshot_add_vcpu(&h->now);
        v->affinity = snapshot_add_mask(&h->now, &alone);
        h->pcpus[i] = demand_pcpu_new(i);
    }
    assert_int_equal(rates_between(&h->rates, NULL, &h->now), 0);
    h->rates.seconds = 1.0;
    for (int i = 0; i < n; i++)
        h->rates.vcpus[i] = (struct rates_vcpu){.known = true, .has_wait = true, .wait_pct = 10.0};
}

static void finish(struct host *h)
{
    snapshot_free(&h->now);
    rates_free(&h->rates);
}

static void sample(struct host *h, const double *guest_pct, const double *host_pct)
{
    for (int i = 0; i < h->now.n_pcpus; i++)
        h->rates.pcpus[i] = (struct rates_pcpu){
            .known = true, .busy_pct = guest_pct[i] + host_pct[i], .guest_pct = guest_pct[i], .host_pct = host_pct[i]};
    demand_pcpu_learn(h->pcpus, &h->now, &h->rates, INTERVAL_S, STANDS_S, &h->peers);
    if (++h->samples % 2 == 0)
        for (int i = 0; i < h->now.n_pcpus; i++)
            demand_pcpu_interval(&h->pcpus[i]);
}

static double chance(struct host *h)
{
    h->random = h->random * 6364136223846793005u + 1442695040888963407u;
    return (double)(h->random >> 11) / 9007199254740992.0;
}

/* Adds floats_pct of work in short pieces. A piece begins where the one before it ran, if that pCPU is free at the
 * moment, otherwise on one that is, if any is. */
static void add_floating(struct host *h, const double *guest_pct, double floats_pct, double *host_pct)
{
    int n = h->now.n_pcpus, at = 0;

    for (int piece = 0; piece < WAKEUPS; piece++) {
        int free[PCPUS_MOST], n_free = 0;
        bool stays = false;

        for (int i = 0; i < n; i++) {
            if (100.0 * chance(h) < guest_pct[i])
                continue;
            free[n_free++] = i;
            stays = stays || i == at;
        }
        if (!stays && n_free > 0)
            at = free[(int)(chance(h) * n_free)];
        host_pct[at] += floats_pct / WAKEUPS;
    }
}

static void floats(struct host *h, const double *guest_pct, double floats_pct)
{
    double host_pct[PCPUS_MOST] = {0.0};

    add_floating(h, guest_pct, floats_pct, host_pct);
    sample(h, guest_pct, host_pct);
}

/* Unequal pCPUs, all with waiting vCPUs and all but one with room: the most host work lies on the emptiest. */
static void work_that_floats_is_not_fixed(void **state)
{
    static const double loads[][4] = {
        {75.0, 40.0}, {60.0, 60.0}, {30.0, 75.0}, {70.0, 50.0, 60.0, 40.0}, {79.0, 30.0, 30.0, 79.0}};

    (void)state;
    for (size_t k = 0; k < sizeof(loads) / sizeof(*loads); k++) {
        struct host h;

        start(&h, loads[k][2] > 0.0 ? 4 : 2);
        for (int i = 0; i < 30; i++) {
            floats(&h, loads[k], 25.0);
            for (int p = 0; p < h.now.n_pcpus && i > 2; p++)
                assert_true(h.pcpus[p].fixed_pct == 0.0);
        }
        finish(&h);
    }
}

/* What was seen on two pCPUs with eight guests, interval by interval, while one after the other was moved. */
static void as_seen_on_real_guests(void **state)
{
    static const double seen[][4] = {
        {74.5, 39.3, 4.6, 23.5},  {61.9, 57.5, 13.9, 17.3}, {66.3, 52.9, 10.5, 17.0}, {70.7, 49.6, 9.0, 16.0},
        {65.1, 52.2, 8.0, 16.4},  {67.5, 52.9, 5.0, 16.1},  {65.5, 54.0, 7.0, 15.5},  {63.3, 52.3, 13.9, 15.9},
        {70.2, 54.2, 9.5, 18.9},  {69.0, 52.9, 6.5, 19.1},  {64.2, 49.7, 8.0, 18.6},  {64.2, 49.0, 11.3, 22.1},
        {65.9, 61.4, 10.6, 14.7}, {60.8, 59.3, 14.4, 13.4}, {61.9, 56.3, 15.2, 12.2}, {61.7, 61.7, 13.4, 13.4},
    };
    struct host h;

    (void)state;
    start(&h, 2);
    for (size_t i = 0; i < 2 * sizeof(seen) / sizeof(*seen); i++) {
        sample(&h, seen[i / 2], seen[i / 2] + 2);
        assert_true(h.pcpus[0].fixed_pct == 0.0);
        assert_true(h.pcpus[1].fixed_pct == 0.0);
    }
    finish(&h);
}

/* A thread that may run on pCPU 0 alone, beside equal vCPUs, and beside what is equal with it. */
static void work_that_is_pinned_is_fixed(void **state)
{
    static const double loads[][4] = {{50.0, 50.0, 50.0, 50.0}, {20.0, 60.0, 60.0, 60.0}, {40.0, 40.0}, {30.0, 70.0}};

    (void)state;
    for (size_t k = 0; k < sizeof(loads) / sizeof(*loads); k++) {
        static const double pinned[PCPUS_MOST] = {40.0};
        struct host h;

        start(&h, loads[k][2] > 0.0 ? 4 : 2);
        for (int i = 0; i < 4; i++)
            sample(&h, (const double[]){40.0, 40.0, 40.0, 40.0}, pinned);
        for (int i = 0; i < 20; i++) {
            sample(&h, loads[k], pinned);
            assert_true(h.pcpus[0].fixed_pct > 36.0 && h.pcpus[0].fixed_pct < 42.0);
            assert_true(h.pcpus[1].fixed_pct == 0.0);
        }
        finish(&h);
    }
}

/* Both: of what is pinned all counts, of what floats beside it a third at the most. */
static void some_of_each(void **state)
{
    static const double loads[4] = {50.0, 50.0, 50.0, 50.0};
    struct host h;

    (void)state;
    start(&h, 4);
    for (int i = 0; i < 20; i++) {
        double host_pct[PCPUS_MOST] = {30.0};

        add_floating(&h, loads, 40.0, host_pct);
        sample(&h, loads, host_pct);
    }
    assert_true(h.pcpus[0].fixed_pct > 25.0 && h.pcpus[0].fixed_pct < 44.0);
    finish(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_that_floats_is_not_fixed),
        cmocka_unit_test(as_seen_on_real_guests),
        cmocka_unit_test(work_that_is_pinned_is_fixed),
        cmocka_unit_test(some_of_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
