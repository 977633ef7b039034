/*
 * What one decision costs: learning and planning for 1,000 guests, in calm, with all growing and with memory short; and
 * whether it allocates once it has seen its host. Prints milliseconds; exits non-zero when it allocates.
 */
#include "memory/coordinator.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GUESTS = 1000, WARM = 20, ROUNDS = 200 };

struct bench {
    struct snapshot before, now;
    struct rates rates;
    struct plan plan;
    void *state;
    unsigned round;
    uint64_t unused_kib[GUESTS], size_kib[GUESTS];
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void take_snapshot(struct bench *b, uint64_t host_free_kib)
{
    struct snapshot held = b->before, *s = &b->now;

    b->before = b->now;
    b->now = held;
    b->round++;
    snapshot_reset(s, 1);
    s->taken_ns = b->round * 2000000000ULL;
    if (!snapshot_add_pcpu(s))
        abort();
    for (int i = 0; i < GUESTS; i++) {
        struct snapshot_guest *g = snapshot_add_guest(s);

        if (!g)
            abort();
        memcpy(g->uuid, &i, sizeof(i));
        g->id = i + 1;
        snprintf(g->name, sizeof(g->name), "guest-%d", i);
        g->memory = (struct snapshot_memory){
            .has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_AVAILABLE | SNAPSHOT_HAS_UNUSED |
                   SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_RSS | SNAPSHOT_HAS_LAST_UPDATE,
            .size_kib = b->size_kib[i],
            .max_kib = 8 << 20,
            .available_kib = b->size_kib[i] - 51200,
            .unused_kib = b->unused_kib[i],
            .usable_kib = b->unused_kib[i],
            .rss_kib = b->size_kib[i] + 65536,
            .last_update_s = 1000 + 2 * b->round,
            .stats_period_s = 1,
            .balloon = true,
            .weight = 1,
        };
    }
    s->host.has = SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_AVAILABLE;
    s->host.total_kib = 4ULL << 30;
    s->host.available_kib = host_free_kib;
}

static void run(const char *name, uint64_t idle_kib, uint64_t growth_kib, uint64_t host_free_kib, size_t *allocated)
{
    static double took[ROUNDS];
    struct policy_request request = {.interval_s = 2};
    struct bench *b = calloc(1, sizeof(*b));
    size_t before = 0;
    int actions = 0;

    if (!b)
        abort();
    b->state = coordinator_policy.create(&coordinator_settings_default);
    for (int i = 0; i < GUESTS; i++) {
        b->size_kib[i] = 1 << 20;
        b->unused_kib[i] = idle_kib;
    }
    for (int round = 0; round < WARM + ROUNDS; round++) {
        double start;

        take_snapshot(b, host_free_kib);
        if (rates_between(&b->rates, round ? &b->before : NULL, &b->now))
            abort();
        if (round == WARM)
            before = mallinfo2().uordblks;
        start = now_ms();
        if (coordinator_policy.learn(b->state, round ? &b->before : NULL, &b->now, &b->rates) ||
            coordinator_policy.plan(b->state, &b->now, &b->rates, &request, &b->plan))
            abort();
        if (round >= WARM)
            took[round - WARM] = now_ms() - start;
        actions += b->plan.n_actions;
        /* Nothing moves: every decision is as much work as the one before. */
        for (int i = 0; i < GUESTS; i++)
            b->unused_kib[i] -= b->unused_kib[i] > growth_kib ? growth_kib : 0;
    }
    *allocated += mallinfo2().uordblks - before;
    qsort(took, ROUNDS, sizeof(took[0]), by_value);
    printf("%-22s median %.3f ms, 99 of 100 below %.3f ms; %d actions a decision, %zu bytes allocated meanwhile\n",
           name, took[ROUNDS / 2], took[ROUNDS * 99 / 100], actions / (WARM + ROUNDS), mallinfo2().uordblks - before);
    coordinator_policy.destroy(b->state);
    snapshot_free(&b->before);
    snapshot_free(&b->now);
    rates_free(&b->rates);
    plan_free(&b->plan);
    free(b);
}

int main(void)
{
    size_t allocated = 0;

    printf("one decision for %d guests:\n", GUESTS);
    run("calm", 160 << 10, 0, 1ULL << 30, &allocated);
    run("all idle", 700 << 10, 0, 1ULL << 30, &allocated);
    run("all grow", 160 << 10, 1 << 10, 3ULL << 30, &allocated);
    run("all short", 50 << 10, 0, 1 << 20, &allocated);
    return allocated != 0;
}
