#include "tests/sim/memory_hosts.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_GUESTS = 24, RECORDED_GUESTS = 20, MOST_VALUES = 4096 };

static const double warm_up_s = 30;
static const double reserve_mib = 200, own_mib = 512;
static const double change_s = 60; /* a guest does something else after so long, on average */
static const double value_s = 30;  /* of recorded loads */

/* A guest's peak is the most that its programs ever want. MiB and seconds. */
struct guest {
    double peak, next_s;
    double *values; /* recorded ones, in per cent */
    int n_values, at;
};

struct world {
    struct guest guests[MOST_GUESTS];
    int n;
    uint64_t random;
    bool recorded;
};

static double between(uint64_t *random, double low, double high)
{
    return low + (high - low) * memory_random(random);
}

/* As often small as large. */
static double between_log(uint64_t *random, double low, double high)
{
    return low * pow(high / low, memory_random(random));
}

static double after(uint64_t *random, double mean_s)
{
    return -mean_s * log(1 - memory_random(random));
}

/* Growth of 5 to 100 MiB/s, steps, waves, letting go, page cache. */
static void change(struct memory_sim *sim, int guest, struct guest *g, uint64_t *random)
{
    double level = between(random, 0.2, 1) * g->peak, goal = memory_sim_truth(sim, guest).goal;
    struct memory_load load = {.kind = MEMORY_HOLD, .rate_mib_s = between_log(random, 5, 100), .limit_mib = level};

    switch ((int)(memory_random(random) * 8)) {
    case 0:
    case 1:
        load.kind = MEMORY_GROW;
        break;
    case 2:
    case 3:
        load.kind = MEMORY_WANDER;
        break;
    case 4:
        load.kind = MEMORY_STEP;
        load.limit_mib = fmax(fmin(between(random, 50, 500), g->peak - goal), 0);
        break;
    case 5:
    case 6:
        load.kind = MEMORY_RELEASE;
        load.limit_mib = between(random, 0, 0.5) * g->peak;
        break;
    default:
        load.cache_rate_mib_s = between_log(random, 5, 100);
        load.cache_limit_mib = g->peak;
        break;
    }
    memory_sim_load(sim, guest, &load);
}

/* To the next recorded value: down at once, up within 2 to 15 s. */
static void follow(struct memory_sim *sim, int guest, struct guest *g, uint64_t *random)
{
    double level = g->values[g->at++ % g->n_values] / 100 * g->peak, goal = memory_sim_truth(sim, guest).goal;
    struct memory_load load = {.kind = MEMORY_RELEASE, .limit_mib = level};

    if (level > goal) {
        load.kind = MEMORY_GROW;
        load.rate_mib_s = (level - goal) / between(random, 2, 15);
    }
    memory_sim_load(sim, guest, &load);
}

static double happens(struct memory_sim *sim, void *user)
{
    struct world *w = user;
    double now = memory_sim_now(sim), next = INFINITY;

    for (int i = 0; i < w->n; i++) {
        struct guest *g = &w->guests[i];

        if (g->next_s <= now + 1e-9) {
            if (w->recorded)
                follow(sim, i, g, &w->random);
            else
                change(sim, i, g, &w->random);
            g->next_s = now + (w->recorded ? value_s : 0.1 + after(&w->random, change_s));
        }
        next = fmin(next, g->next_s);
    }
    return next;
}

static void play(struct memory_score *score, const struct memory_rival *rival, struct memory_sim *sim, struct world *w,
                 double interval_s, double seconds)
{
    struct coordinator_settings settings = coordinator_settings_default;
    struct memory_run run = {.lenient = true, .happens = happens, .happens_user = w};

    settings.host_reserve_mib = reserve_mib;
    if (rival->burst_mib_s > 0)
        settings.burst_mib_s = rival->burst_mib_s;
    memory_sim_run(sim, warm_up_s);
    memory_run_start(&run, sim, rival->ops, &settings, interval_s);
    memory_run_steps(&run, (unsigned)(seconds / interval_s));
    score->unmet_gib_s += run.unmet_mib_s / 1024;
    score->unavoidable_gib_s += run.unavoidable_mib_s / 1024;
    score->swapped_gib += run.swapped_in / 1024;
    score->below_reserve_s += run.below_reserve_s;
    score->slack_gib += run.slack_mib_s / seconds / 1024;
    score->seconds += seconds;
    score->kills += run.ooms;
    score->kills_spared += run.ooms_spared;
    score->touches += run.touches;
    score->killed += memory_sim_host_truth(sim).killed;
    score->calls += run.set_calls;
    score->hosts++;
    memory_run_end(&run);
}

static double part_of(enum memory_supply supply)
{
    switch (supply) {
    case MEMORY_PLENTY:
        return 1.2;
    case MEMORY_TIGHT:
        return 0.8;
    case MEMORY_SHORT:
        break;
    }
    return 0.5;
}

void memory_hosts_random(struct memory_score *score, const struct memory_rival *rival, enum memory_supply supply,
                         uint64_t seed, double interval_s, double seconds)
{
    struct world w = {.random = seed * 0x9E3779B97F4A7C15ULL + 3};
    struct memory_sim_guest facts[MOST_GUESTS];
    double wanted = 0, total;
    struct memory_sim *sim;

    for (int i = 0; i < 8; i++)
        memory_random(&w.random);
    w.n = 3 + (int)(memory_random(&w.random) * 10);
    for (int i = 0; i < w.n; i++) {
        double max = 1024 * (1 + (int)(memory_random(&w.random) * 4));

        facts[i] = (struct memory_sim_guest){.name = "vm",
                                             .size_mib = between(&w.random, 256, 512),
                                             .max_mib = max,
                                             .swap_mib = memory_random(&w.random) < 0.5 ? 1024 : 0,
                                             .qemu_mib = 60,
                                             .noise_mib = 3,
                                             .untouched = true};
        w.guests[i].peak = (max - 200) * between(&w.random, 0.4, 1);
        w.guests[i].next_s = warm_up_s + after(&w.random, change_s / 2);
        wanted += w.guests[i].peak + 60 + 60 + 100;
    }
    /* All of what guests begin with fits. */
    total = own_mib + reserve_mib + fmax(part_of(supply) * wanted, w.n * 580);
    sim = memory_sim_new(&(struct memory_sim_host){
        .total_mib = total, .own_mib = own_mib, .cache_mib = 0.05 * total, .kills = true, .seed = seed});
    for (int i = 0; i < w.n; i++)
        memory_sim_add(sim, &facts[i]);
    play(score, rival, sim, &w, interval_s, seconds);
    memory_sim_free(sim);
}

static bool read_values(const char *folder, const char *name, struct guest *g)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "r");
    if (!file)
        return false;
    g->values = calloc(MOST_VALUES, sizeof(*g->values));
    if (!g->values)
        abort();
    while (g->n_values < MOST_VALUES && fscanf(file, "%lf", &g->values[g->n_values]) == 1)
        g->n_values++;
    fclose(file);
    return g->n_values > 0;
}

static int is_a_machine(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

bool memory_hosts_recorded(struct memory_score *score, const struct memory_rival *rival, const char *folder,
                           uint64_t seed, double interval_s, double seconds)
{
    struct world w = {.random = seed * 0x9E3779B97F4A7C15ULL + 5, .recorded = true};
    struct dirent **names;
    int n = scandir(folder, &names, is_a_machine, alphasort);
    struct memory_sim *sim;

    if (n <= 0)
        return false;
    for (int i = 0; i < 8; i++)
        memory_random(&w.random);
    sim = memory_sim_new(&(struct memory_sim_host){
        .total_mib = 16384, .own_mib = own_mib, .cache_mib = 512, .kills = true, .seed = seed});
    while (w.n < RECORDED_GUESTS) {
        struct guest *g = &w.guests[w.n];

        if (!read_values(folder, names[(int)(memory_random(&w.random) * n)]->d_name, g))
            break;
        g->peak = 2048 - 200;
        g->at = (int)(memory_random(&w.random) * g->n_values);
        g->next_s = warm_up_s + value_s * memory_random(&w.random);
        memory_sim_add(sim, &(struct memory_sim_guest){.name = "vm",
                                                       .size_mib = 512,
                                                       .max_mib = 2048,
                                                       .swap_mib = w.n % 2 ? 1024 : 0,
                                                       .qemu_mib = 60,
                                                       .noise_mib = 3,
                                                       .untouched = true});
        w.n++;
    }
    if (w.n == RECORDED_GUESTS)
        play(score, rival, sim, &w, interval_s, seconds);
    for (int i = 0; i < w.n; i++)
        free(w.guests[i].values);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    memory_sim_free(sim);
    return w.n == RECORDED_GUESTS;
}
