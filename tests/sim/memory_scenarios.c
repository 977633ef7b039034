#include "tests/sim/memory_scenarios.h"

#include <string.h>

static const double warm_up_s = 10; /* guests have been there for a while when the program starts */

/* As real ones: most of their memory was never touched, and their QEMUs hold some for themselves. */
static void add_without_swap(struct memory_sim *sim, int count, double size_mib, double max_mib)
{
    for (int i = 0; i < count; i++)
        memory_sim_add(sim, &(struct memory_sim_guest){.name = "vm",
                                                       .size_mib = size_mib,
                                                       .max_mib = max_mib,
                                                       .qemu_mib = 90,
                                                       .untouched = true,
                                                       .noise_mib = 3});
}

static void add(struct memory_sim *sim, int count, double size_mib, double max_mib)
{
    for (int i = 0; i < count; i++)
        memory_sim_add(sim,
                       &(struct memory_sim_guest){
                           .name = "vm", .size_mib = size_mib, .max_mib = max_mib, .swap_mib = 1024, .noise_mib = 3});
}

static void grow(struct memory_sim *sim, int guest, double rate_mib_s, double limit_mib)
{
    memory_sim_load(sim, guest,
                    &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = rate_mib_s, .limit_mib = limit_mib});
}

static void grow_all(struct memory_sim *sim, int guest, double rate_mib_s)
{
    memory_sim_load(sim, guest, &(struct memory_load){.kind = MEMORY_GROW_ALL, .rate_mib_s = rate_mib_s});
}

static void release(struct memory_sim *sim, int guest, double left_mib)
{
    memory_sim_load(sim, guest, &(struct memory_load){.kind = MEMORY_RELEASE, .limit_mib = left_mib});
}

static void step(struct memory_sim *sim, int guest, double mib)
{
    memory_sim_load(sim, guest, &(struct memory_load){.kind = MEMORY_STEP, .limit_mib = mib});
}

static void four_guests(struct memory_sim *sim)
{
    add_without_swap(sim, 4, 512, 2048);
}

/* 1: one grows until it can get no more, then it lets go. */
static void one_grows(struct memory_sim *sim, unsigned interval)
{
    if (interval == 5)
        grow_all(sim, 0, 20);
}

/* 2: all do. */
static void all_grow(struct memory_sim *sim, unsigned interval)
{
    for (int g = 0; g < 4 && interval == 5; g++)
        grow_all(sim, g, 20);
}

/* 3: all grow; two let go when they have 512 MiB, two go on. */
static void two_let_go(struct memory_sim *sim, unsigned interval)
{
    for (int g = 0; g < 4; g++) {
        if (interval == 5)
            grow_all(sim, g, 20);
        if (g < 2 && interval > 5 && memory_sim_truth(sim, g).anon >= 512)
            release(sim, g, 0);
    }
}

/* 4: two grow; one of them lets go when it has 512 MiB, the other goes on. */
static void one_lets_go(struct memory_sim *sim, unsigned interval)
{
    for (int g = 0; g < 2; g++) {
        if (interval == 5)
            grow_all(sim, g, 20);
        if (g < 1 && interval > 5 && memory_sim_truth(sim, g).anon >= 512)
            release(sim, g, 0);
    }
}

static void one_fast(struct memory_sim *sim, unsigned interval)
{
    if (interval == 5)
        grow(sim, 0, 200, 6000);
}

static void four_that_swap(struct memory_sim *sim)
{
    add(sim, 4, 512, 2048);
}

static void one_big_of_four(struct memory_sim *sim)
{
    add(sim, 1, 1024, 8192);
    add(sim, 3, 512, 2048);
}

static void sudden_step(struct memory_sim *sim, unsigned interval)
{
    if (interval == 20)
        step(sim, 0, 500);
    if (interval == 60)
        release(sim, 0, 0);
}

/* All let go of 800 MiB in the moment in which the host comes to need 2.6 GiB more; later it doesn't any more. */
static void busy_guests(struct memory_sim *sim)
{
    add(sim, 6, 1536, 2048);
    for (int g = 0; g < 6; g++)
        step(sim, g, 1100);
}

static void host_jumps(struct memory_sim *sim, unsigned interval)
{
    if (interval == 30)
        memory_sim_set_host(sim, 1024 + 2688);
    for (int g = 0; g < 6 && interval == 30; g++)
        release(sim, g, 300);
    if (interval == 90)
        memory_sim_set_host(sim, 1024);
}

/* Two guests hold much and use little of it; two others come to need it. */
static void hoarders(struct memory_sim *sim)
{
    add(sim, 2, 2048, 2048);
    add(sim, 2, 512, 2048);
}

static void others_starve(struct memory_sim *sim, unsigned interval)
{
    if (interval == 3) {
        grow(sim, 2, 20, 1400);
        grow(sim, 3, 20, 1400);
    }
}

static void cache_heavy(struct memory_sim *sim)
{
    add(sim, 4, 512, 4096);
    for (int g = 0; g < 2; g++)
        memory_sim_load(sim, g,
                        &(struct memory_load){.kind = MEMORY_HOLD, .cache_rate_mib_s = 50, .cache_limit_mib = 3500});
}

static void cache_yields(struct memory_sim *sim, unsigned interval)
{
    if (interval == 60)
        for (int g = 2; g < 4; g++)
            grow(sim, g, 20, 2000);
}

static void eight_guests(struct memory_sim *sim)
{
    add(sim, 8, 512, 4096);
}

static void all_short(struct memory_sim *sim, unsigned interval)
{
    for (int g = 0; g < 8 && interval == 5; g++)
        grow(sim, g, 20, 3000);
}

/* One balloon never moves, one does so now and then, one is slow; all are asked to give and to take. */
static void bad_balloons(struct memory_sim *sim)
{
    static const enum memory_balloon kinds[] = {MEMORY_BALLOON_STUCK, MEMORY_BALLOON_MOODY, MEMORY_BALLOON_SLOW,
                                                MEMORY_BALLOON_IDEAL};

    for (int i = 0; i < 4; i++)
        memory_sim_add(sim, &(struct memory_sim_guest){.name = "vm",
                                                       .size_mib = 1024,
                                                       .max_mib = 2048,
                                                       .swap_mib = 1024,
                                                       .noise_mib = 3,
                                                       .balloon = kinds[i],
                                                       .balloon_mib_s = 25});
}

static void ups_and_downs(struct memory_sim *sim, unsigned interval)
{
    for (int g = 0; g < 4; g++) {
        if (interval % 60 == 20)
            grow(sim, g, 20, 1200);
        else if (interval % 60 == 50)
            release(sim, g, 200);
    }
}

static void oscillating(struct memory_sim *sim)
{
    add(sim, 4, 512, 2048);
    for (int g = 0; g < 4; g++)
        memory_sim_load(
            sim, g,
            &(struct memory_load){.kind = MEMORY_OSCILLATE, .low_mib = 100, .limit_mib = 500, .period_s = 10 + 5 * g});
}

static void fifty(struct memory_sim *sim)
{
    add(sim, 50, 512, 2048);
    for (int g = 0; g < 50; g++)
        memory_sim_load(sim, g,
                        &(struct memory_load){.kind = MEMORY_WANDER,
                                              .rate_mib_s = 5 + (g % 5) * 5,
                                              .limit_mib = 200 + (g % 7) * 200,
                                              .cache_rate_mib_s = g % 3 ? 0 : 5,
                                              .cache_limit_mib = 400});
}

static void quiet(struct memory_sim *sim)
{
    add(sim, 6, 512, 2048);
    for (int g = 0; g < 6; g++)
        step(sim, g, 50 + 40 * g);
}

const struct memory_scenario memory_scenarios[] = {
    {"case1", "1: one grows, then lets go", {6400, 512, 512, 16, .seed = 1}, 2, 200, four_guests, one_grows, false},
    {"case1-12s", "1, every 12 s", {6400, 512, 512, 16, .seed = 1}, 12, 60, four_guests, one_grows, false},
    {"case2", "2: all grow, then let go", {6400, 512, 512, 16, .seed = 2}, 2, 250, four_guests, all_grow, false},
    {"case2-12s", "2, every 12 s", {6400, 512, 512, 16, .seed = 2}, 12, 60, four_guests, all_grow, false},
    {"case3", "3: all grow, two let go", {6400, 512, 512, 16, .seed = 3}, 2, 200, four_guests, two_let_go, false},
    {"case3-12s", "3, every 12 s", {6400, 512, 512, 16, .seed = 3}, 12, 60, four_guests, two_let_go, false},
    {"case4", "4: two grow, one lets go", {6400, 512, 512, 16, .seed = 4}, 2, 200, four_guests, one_lets_go, false},
    {"case4-12s", "4, every 12 s", {6400, 512, 512, 16, .seed = 4}, 12, 60, four_guests, one_lets_go, false},
    {"fast", "one grows 200 MiB/s", {16384, 1024, 1024, 16, .seed = 5}, 2, 60, one_big_of_four, one_fast, false},
    {"step", "sudden step of 500 MiB", {16384, 1024, 1024, 16, .seed = 6}, 2, 120, four_that_swap, sudden_step, false},
    {"host", "host pressure", {12288, 1024, 512, 16, .seed = 7}, 2, 120, busy_guests, host_jumps, true},
    {"hoard", "hoarding", {6400, 512, 256, 16, .seed = 8}, 2, 120, hoarders, others_starve, false},
    {"cache", "cache-heavy", {6144, 512, 256, 16, .seed = 9}, 2, 200, cache_heavy, cache_yields, false},
    {"short", "all short", {8192, 1024, 256, 16, .seed = 10}, 2, 150, eight_guests, all_short, false},
    {"stuck", "stuck balloons", {8192, 1024, 256, 16, .seed = 11}, 2, 300, bad_balloons, ups_and_downs, false},
    {"oscillate", "oscillating demand", {8192, 1024, 256, 16, .seed = 12}, 2, 400, oscillating, NULL, false},
    {"fifty", "50 guests", {49152, 2048, 1024, 32, .seed = 13}, 5, 200, fifty, NULL, false},
    {"quiet", "nothing happens", {8192, 1024, 256, 16, .seed = 14}, 2, 200, quiet, NULL, false},
    {.name = NULL},
};

const struct memory_scenario *memory_scenario_find(const char *name)
{
    for (const struct memory_scenario *s = memory_scenarios; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

struct player {
    const struct memory_scenario *scenario;
    double begin_s;
    unsigned interval; /* whose turn is next, from 1; 0: nothing has been drawn yet */
    uint64_t random;
};

static double play(struct memory_sim *sim, void *user)
{
    struct player *p = user;

    if (p->interval > 0)
        p->scenario->during(sim, p->interval);
    p->interval++;
    return p->begin_s + (p->interval - 1 + memory_random(&p->random)) * p->scenario->interval_s;
}

void memory_scenario_run(const struct memory_scenario *scenario, const struct policy_ops *policy,
                         const struct coordinator_settings *settings, struct memory_sim **sim, struct memory_run *run,
                         void (*each)(struct memory_run *run, void *user), void *user)
{
    struct player player = {.scenario = scenario, .random = scenario->host.seed * 77 + 1};

    *sim = memory_sim_new(&scenario->host);
    scenario->begin(*sim);
    memory_sim_run(*sim, warm_up_s);
    /* Wobbles both ways: between two moments it may differ by twice as much. */
    run->host_noise_mib = scenario->host_jumps ? 0 : 2 * scenario->host.noise_mib;
    player.begin_s = memory_sim_now(*sim);
    run->happens = scenario->during ? play : NULL;
    run->happens_user = &player;
    memory_run_start(run, *sim, policy, settings, scenario->interval_s);
    for (unsigned i = 1; i <= scenario->intervals; i++) {
        memory_run_step(run);
        if (each)
            each(run, user);
    }
    run->happens = NULL; /* the player goes with this call */
}
