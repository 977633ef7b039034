/*
 * What a guest lets go comes back by steady stairs, also where the machine is busy: growth halts for seconds at a time
 * and then catches up, what is let go comes free bit by bit, and balloons take their time.
 */
#include "tests/sim/memory_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RUNS = 40, LONGEST_PAUSE = 2 /* decisions that bring nothing, on the way down */ };

static const double start_mib = 512, max_mib = 1024, rate_mib_s = 30;
static const double let_go_s = 8; /* until all of it is free */

/* What a starved guest does: it stands still, catches up with what is due, and grows as it should, by turns. */
struct starved {
    uint64_t random;
    double behind_mib, lets_go_at_s; /* 0: it still grows */
};

static double grow_by_fits(struct memory_sim *sim, void *user)
{
    struct starved *s = user;
    double seconds = 1 + 3 * memory_random(&s->random);
    struct memory_load load = {.kind = MEMORY_GROW, .rate_mib_s = rate_mib_s};

    if (s->lets_go_at_s > 0) {
        double left = fmax(1 - (memory_sim_now(sim) - s->lets_go_at_s) / let_go_s, 0);

        load = (struct memory_load){.kind = MEMORY_RELEASE, .limit_mib = left * max_mib};
        memory_sim_load(sim, 0, &load);
        return left > 0 ? memory_sim_now(sim) + 1 : INFINITY;
    }
    if (s->behind_mib > 0) {
        load.rate_mib_s = rate_mib_s * 2;
        seconds = s->behind_mib / rate_mib_s;
        s->behind_mib = 0;
    } else if (memory_random(&s->random) < 0.4) {
        load.kind = MEMORY_HOLD;
        s->behind_mib = rate_mib_s; /* more than a second isn't caught up with */
    }
    memory_sim_load(sim, 0, &load);
    return memory_sim_now(sim) + seconds;
}

/* 120 MiB that an idle guest uses at the most, 132 unused, 32 of a dead band, and growth of 20 MiB/s for an interval
 * and half of one more. */
static double idle_size_mib(double interval_s)
{
    return 120 + 132 + 32 + 20 * (interval_s * 3 / 2 + 1);
}

static bool on_its_way(const struct memory_run *run)
{
    struct memory_truth t = memory_sim_truth(run->sim, 0);

    return fabs(t.target - t.size) > 1;
}

static void comes_back_by_steady_stairs(double interval_s, uint64_t seed)
{
    struct memory_sim *sim = memory_sim_new(&(struct memory_sim_host){
        .total_mib = 24576, .own_mib = 1024, .cache_mib = 512, .noise_mib = 16, .seed = seed});
    struct starved starved = {.random = seed * 0x9E3779B97F4A7C15ULL};
    struct memory_run run = {.host_noise_mib = 64, .happens = grow_by_fits, .happens_user = &starved};
    unsigned pause = 0, longest = 0, decisions = 0;
    double size;

    memory_sim_add(sim, &(struct memory_sim_guest){.name = "vm",
                                                   .size_mib = start_mib,
                                                   .max_mib = max_mib,
                                                   .noise_mib = 2,
                                                   .qemu_mib = 76,
                                                   .balloon = MEMORY_BALLOON_SLOW,
                                                   .balloon_mib_s = 25,
                                                   .untouched = true});
    memory_sim_run(sim, 10);
    memory_run_start(&run, sim, &coordinator_policy, NULL, interval_s);
    while (memory_sim_truth(sim, 0).size < max_mib - 4) {
        memory_run_step(&run);
        assert_true(run.intervals < 400);
    }
    starved.lets_go_at_s = run.happens_next_s = memory_sim_now(sim);
    memory_run_steps(&run, (unsigned)ceil(let_go_s / interval_s));
    for (size = memory_sim_truth(sim, 0).size; size > idle_size_mib(interval_s); size = memory_sim_truth(sim, 0).size) {
        pause = on_its_way(&run) ? 0 : pause + 1;
        longest = pause > longest ? pause : longest;
        if (++decisions > max_mib / 100 + 10 + 2 * let_go_s || pause > 100)
            break;
        memory_run_step(&run);
    }
    if (longest > LONGEST_PAUSE || size > idle_size_mib(interval_s))
        print_message("# every %g s, run %d: %.0f MiB after %u decisions, up to %u of them without any taken\n",
                      interval_s, (int)seed, size, decisions, longest);
    if (run.broken)
        print_message("# %s\n", run.first_broken);
    assert_true(longest <= LONGEST_PAUSE);
    assert_true(size <= idle_size_mib(interval_s));
    memory_run_end(&run);
    memory_sim_free(sim);
}

static void every_2_s(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        comes_back_by_steady_stairs(2, seed);
}

static void every_12_s(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        comes_back_by_steady_stairs(12, seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_2_s),
        cmocka_unit_test(every_12_s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
