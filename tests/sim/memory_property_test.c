/*
 * Whatever guests and hosts do, no hard limit is ever broken: thousands of intervals with random hosts, guests of every
 * kind that come, go, grow, pause and change, at random intervals. Which limits: see memory_run.c. And whatever they
 * have done, once they let go and nothing more happens, what they don't need comes back from all whose balloons work.
 *
 *     memory_property_test [FIRST_SEED COUNT]    with one seed: traces it
 */
#include "tests/sim/memory_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DEFAULT_SEEDS = 150, INTERVALS = 150, QUIET_INTERVALS = 250, MOST_GUESTS = 24 };

static uint64_t first_seed = 1;
static unsigned seeds = DEFAULT_SEEDS;

static double between(uint64_t *random, double low, double high)
{
    return low + (high - low) * memory_random(random);
}

static bool chance(uint64_t *random, double part)
{
    return memory_random(random) < part;
}

static int pick(uint64_t *random, int count)
{
    return (int)(memory_random(random) * count);
}

static void add_guest(struct memory_sim *sim, uint64_t *random)
{
    static const enum memory_balloon balloons[] = {MEMORY_BALLOON_IDEAL,     MEMORY_BALLOON_IDEAL, MEMORY_BALLOON_IDEAL,
                                                   MEMORY_BALLOON_SLOW,      MEMORY_BALLOON_MOODY, MEMORY_BALLOON_STUCK,
                                                   MEMORY_BALLOON_NO_DRIVER, MEMORY_BALLOON_NONE};
    double max = between(random, 128, 4096);
    struct memory_sim_guest guest = {
        .name = "vm",
        .size_mib = between(random, 96, max),
        .max_mib = max,
        .swap_mib = chance(random, 0.5) ? 1024 : 0,
        .qemu_mib = between(random, 5, 96),
        .noise_mib = between(random, 0, 5),
        .weight = chance(random, 0.8) ? 1 : between(random, 0.2, 5),
        .balloon = balloons[pick(random, (int)(sizeof(balloons) / sizeof(balloons[0])))],
        .balloon_mib_s = between(random, 1, 200),
        .period_s = chance(random, 0.05) ? -1 : 1 + pick(random, 5),
        .driver_after_s = chance(random, 0.2) ? between(random, 0, 60) : 0,
        .untouched = chance(random, 0.5),
        .no_usable = chance(random, 0.1),
        .no_caches = chance(random, 0.1),
        .no_rss = chance(random, 0.05),
        .no_update = chance(random, 0.05),
        .deflate_on_oom = chance(random, 0.1),
        .inhibited = chance(random, 0.05),
        .leave_alone = chance(random, 0.05) ? SNAPSHOT_LEAVE_LOCKED : SNAPSHOT_LEAVE_NO,
    };

    /* Whole pages, as they are reported. */
    guest.size_mib = (double)(int)(guest.size_mib * 256) / 256;
    guest.max_mib = (double)(int)(guest.max_mib * 256) / 256 + 1;
    memory_sim_add(sim, &guest);
}

static void describe(const struct memory_sim *sim, int guest, FILE *to)
{
    const struct memory_sim_guest *g = memory_sim_config(sim, guest);

    fprintf(to, "vm%d: %.1f of %.1f MiB, balloon %d, statistics every %g s after %g s, swap %g,%s%s%s%s%s%s%s\n", guest,
            g->size_mib, g->max_mib, (int)g->balloon, g->period_s, g->driver_after_s, g->swap_mib,
            g->no_usable ? " no usable" : "", g->no_caches ? " no caches" : "", g->no_rss ? " no rss" : "",
            g->no_update ? " no update" : "", g->deflate_on_oom ? " deflates" : "", g->inhibited ? " inhibited" : "",
            g->untouched ? " untouched" : "");
}

static void change_load(struct memory_sim *sim, int guest, uint64_t *random)
{
    double max = memory_sim_truth(sim, guest).max;

    memory_sim_load(sim, guest,
                    &(struct memory_load){
                        .kind = (enum memory_load_kind)pick(random, MEMORY_WANDER + 1),
                        .rate_mib_s = between(random, 1, chance(random, 0.2) ? 400 : 40),
                        .low_mib = between(random, 0, max / 3),
                        .limit_mib = between(random, 0, max),
                        .period_s = between(random, 1, 100),
                        .cache_rate_mib_s = chance(random, 0.4) ? between(random, 1, 100) : 0,
                        .cache_limit_mib = between(random, 0, max),
                    });
}

static void something_happens(struct memory_sim *sim, double own_mib, uint64_t *random)
{
    int guest = pick(random, memory_sim_count(sim));

    switch (pick(random, 16)) {
    case 0:
        memory_sim_set_host(sim, own_mib * between(random, 0.5, 1.5));
        break;
    case 1:
        memory_sim_set_state(sim, guest, (enum snapshot_guest_state)pick(random, SNAPSHOT_GUEST_STOPPING + 1));
        break;
    case 2:
    case 3:
        memory_sim_set_state(sim, guest, SNAPSHOT_GUEST_RUNNING);
        break;
    case 4:
        memory_sim_set_frozen(sim, guest, chance(random, 0.5));
        break;
    case 5:
        memory_sim_plug(sim, guest, chance(random, 0.5) ? 128 : -128);
        break;
    case 6:
        if (memory_sim_count(sim) < MOST_GUESTS)
            add_guest(sim, random);
        break;
    case 7:
        if (chance(random, 0.2))
            memory_sim_remove(sim, guest);
        break;
    case 8:
        memory_sim_set_pressure(sim, chance(random, 0.3) ? between(random, 0, 60) : 0);
        break;
    default:
        change_load(sim, guest, random);
        break;
    }
}

/* From here on nobody wants anything, and nothing goes wrong. */
static void let_all_go(struct memory_run *run, double own_mib)
{
    memory_sim_set_host(run->sim, own_mib);
    memory_sim_set_pressure(run->sim, 0);
    for (int i = 0; i < memory_sim_count(run->sim); i++) {
        memory_sim_set_state(run->sim, i, SNAPSHOT_GUEST_RUNNING);
        memory_sim_set_frozen(run->sim, i, false);
        memory_sim_load(run->sim, i, &(struct memory_load){.kind = MEMORY_RELEASE});
    }
    /* Statistics may come less often than decisions. */
    for (double i = 0; i < QUIET_INTERVALS * fmax(1, 4 / run->interval_s); i++)
        memory_run_step(run);
}

/* What it uses as it reports it: without usable, its cache counts, or half of it where that is known. */
static double told_used(const struct memory_sim_guest *facts, const struct memory_truth *t)
{
    if (!facts->no_usable)
        return t->used;
    return t->size - t->unused - (facts->no_caches ? 0 : t->cache / 2);
}

/* The most that an idle guest is left unused: the floor, a margin, growth as it was seen to begin, up to a quarter of
 * the maximum, or a share of what it uses, cache included up to its allowance, and the dead band. */
static double most_idle(const struct memory_run *run, const struct memory_sim_guest *facts,
                        const struct memory_truth *t)
{
    double growth = t->max / 4;
    double used = told_used(facts, t), counted = fmin(t->size - t->unused, used + t->max / 4);

    return fmax(run->settings.unused_floor_mib + 32 + growth, 0.1 * counted) + fmax(32, used / 20) + 16;
}

static bool idle_memory_came_back(const struct memory_run *run)
{
    for (int i = 0; i < memory_sim_count(run->sim); i++) {
        const struct memory_sim_guest *facts = memory_sim_config(run->sim, i);
        struct memory_truth t = memory_sim_truth(run->sim, i);
        double floor = fmin(run->settings.guest_floor_mib, t.max);

        if (!t.there || facts->balloon != MEMORY_BALLOON_IDEAL || facts->period_s < 0 || facts->inhibited ||
            facts->leave_alone != SNAPSHOT_LEAVE_NO || t.size <= floor + 32)
            continue;
        if (t.unused > most_idle(run, facts, &t)) {
            print_message("# vm%d keeps %.0f of %.0f MiB unused\n", i, t.unused, t.size);
            return false;
        }
    }
    return true;
}

static bool live(uint64_t seed, FILE *trace)
{
    static const double interval_choices[] = {0.5, 1, 2, 2, 5, 12, 30};
    uint64_t random = seed * 0x9E3779B97F4A7C15ULL + 11;
    double total, guests_mib = 0;
    struct memory_sim_host host;
    struct memory_run run = {.trace = trace};
    struct coordinator_settings settings = coordinator_settings_default;
    struct memory_sim *sim;
    int n = 1 + pick(&random, 16);
    double interval_s = interval_choices[pick(&random, 7)];
    bool sound;

    for (int i = 0; i < 4; i++)
        memory_random(&random);
    total = between(&random, 2048, 4096 + 3000 * n);
    host = (struct memory_sim_host){.total_mib = total,
                                    .own_mib = between(&random, 200, 1000),
                                    .cache_mib = between(&random, 0, 1000),
                                    .noise_mib = between(&random, 0, 30),
                                    .remote = chance(&random, 0.3),
                                    .silent = chance(&random, 0.03),
                                    .seed = seed};
    if (chance(&random, 0.3))
        settings.host_reserve_mib = between(&random, 100, total / 3);
    if (chance(&random, 0.3))
        settings.unused_floor_mib = between(&random, 20, 300);
    if (chance(&random, 0.3))
        settings.guest_floor_mib = between(&random, 64, 512);
    sim = memory_sim_new(&host);
    for (int i = 0; i < n; i++) {
        add_guest(sim, &random);
        guests_mib += memory_sim_truth(sim, i).size + 64;
        change_load(sim, i, &random);
        /* The host isn't overcommitted to begin with; what it does by itself later isn't our doing. */
        if (guests_mib > total * 0.8)
            memory_sim_remove(sim, i);
    }
    run.broken_host_is_fine = true;
    memory_run_start(&run, sim, &coordinator_policy, &settings, interval_s);
    for (int i = 0; i < INTERVALS; i++) {
        if (chance(&random, 0.4))
            something_happens(sim, host.own_mib, &random);
        if (chance(&random, 0.02))
            memory_run_force(&run);
        else
            memory_run_step(&run);
    }
    for (int i = 0; trace && i < memory_sim_count(sim); i++)
        describe(sim, i, trace);
    let_all_go(&run, host.own_mib);
    sound = run.broken == 0 && idle_memory_came_back(&run);
    if (!sound)
        print_message("# seed %llu: limits broken %u times%s%s\n", (unsigned long long)seed, run.broken,
                      run.broken ? ", first: " : "", run.first_broken);
    memory_run_end(&run);
    memory_sim_free(sim);
    return sound;
}

static void no_limit_is_broken_by_any_seed(void **state)
{
    unsigned broken = 0;

    (void)state;
    for (unsigned i = 0; i < seeds; i++)
        broken += !live(first_seed + i, seeds == 1 ? stdout : NULL);
    assert_int_equal(broken, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_limit_is_broken_by_any_seed)};

    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        seeds = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
