#include "tests/sim/memory_sim.h"

#include "tests/sim/memory_sim_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double step_s = 0.1;
static const double down_s = 30; /* a guest that was killed takes so long to come back */

/* xorshift64*: the same everywhere. */
double memory_random(uint64_t *state)
{
    uint64_t x = *state ? *state : 88172645463325252ULL;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (double)((x * 2685821657736338717ULL) >> 11) / 9007199254740992.0;
}

struct memory_sim *memory_sim_new(const struct memory_sim_host *host)
{
    struct memory_sim *sim = calloc(1, sizeof(*sim));

    if (!sim)
        abort();
    sim->host = *host;
    sim->random = host->seed * 0x9E3779B97F4A7C15ULL + 1;
    sim->own = host->own_mib;
    sim->host_cache = host->cache_mib;
    return sim;
}

void memory_sim_free(struct memory_sim *sim)
{
    if (!sim)
        return;
    free(sim->guests);
    free(sim);
}

double memory_sim_now(const struct memory_sim *sim)
{
    return sim->now_s;
}

static double or_default(double value, double otherwise)
{
    return value != 0 ? value : otherwise;
}

int memory_sim_add(struct memory_sim *sim, const struct memory_sim_guest *guest)
{
    struct memory_guest *g;

    if (sim->n_guests == sim->cap_guests) {
        sim->cap_guests = sim->cap_guests ? sim->cap_guests * 2 : 8;
        sim->guests = realloc(sim->guests, (size_t)sim->cap_guests * sizeof(*sim->guests));
        if (!sim->guests)
            abort();
    }
    g = &sim->guests[sim->n_guests];
    memset(g, 0, sizeof(*g));
    g->facts = *guest;
    g->facts.kernel_mib = or_default(guest->kernel_mib, 20);
    g->facts.base_mib = or_default(guest->base_mib, 40);
    g->facts.qemu_mib = or_default(guest->qemu_mib, 30);
    g->facts.period_s = or_default(guest->period_s, 1);
    g->facts.weight = or_default(guest->weight, 1);
    snprintf(g->name, sizeof(g->name), "%s%d", guest->name ? guest->name : "guest", sim->n_guests);
    g->uuid[0] = 0x5a;
    memcpy(g->uuid + 8, &sim->n_guests, sizeof(sim->n_guests));
    g->id = sim->n_guests + 1;
    g->there = true;
    g->state = SNAPSHOT_GUEST_RUNNING;
    g->started_s = sim->now_s;
    g->max = guest->max_mib;
    g->size = g->target = guest->size_mib;
    g->base = g->facts.base_mib;
    g->free = g->size - g->facts.kernel_mib - g->base;
    if (g->free < 0)
        abort();
    /* Huge pages and locked memory are taken whole from the start. */
    g->free_touched = guest->untouched && !guest->inhibited ? 0 : g->free;
    g->next_stats_s = sim->now_s + g->facts.period_s * memory_random(&sim->random);
    return sim->n_guests++;
}

void memory_sim_remove(struct memory_sim *sim, int guest)
{
    sim->guests[guest].there = false;
}

int memory_sim_count(const struct memory_sim *sim)
{
    return sim->n_guests;
}

void memory_sim_load(struct memory_sim *sim, int guest, const struct memory_load *load)
{
    struct memory_guest *g = &sim->guests[guest];

    g->load = *load;
    g->load_since_s = sim->now_s;
    g->refused_s = 0;
    if (load->kind == MEMORY_RELEASE)
        g->goal = fmin(g->goal, load->limit_mib);
    else if (load->kind == MEMORY_STEP)
        g->goal += load->limit_mib;
}

void memory_sim_set_state(struct memory_sim *sim, int guest, enum snapshot_guest_state state)
{
    sim->guests[guest].state = state;
}

void memory_sim_set_frozen(struct memory_sim *sim, int guest, bool frozen)
{
    sim->guests[guest].frozen = frozen;
    sim->guests[guest].next_stats_s = sim->now_s;
}

void memory_sim_set_balloon(struct memory_sim *sim, int guest, enum memory_balloon balloon)
{
    sim->guests[guest].facts.balloon = balloon;
}

void memory_sim_plug(struct memory_sim *sim, int guest, double mib)
{
    struct memory_guest *g = &sim->guests[guest];

    if (mib < 0 && g->free < 16 - mib)
        return;
    g->max += mib;
    g->size += mib;
    g->target += mib;
    g->free += mib;
    g->free_touched = g->facts.inhibited ? g->free : fmin(g->free_touched, g->free);
}

void memory_sim_set_max(struct memory_sim *sim, int guest, double max_mib)
{
    sim->guests[guest].max = max_mib;
}

void memory_sim_set_host(struct memory_sim *sim, double own_mib)
{
    sim->own = own_mib;
}

void memory_sim_set_pressure(struct memory_sim *sim, double some_pct)
{
    sim->some_pct = some_pct;
}

double memory_host_free(const struct memory_sim *sim)
{
    double resident = 0;

    for (int i = 0; i < sim->n_guests; i++)
        if (sim->guests[i].there)
            resident += memory_guest_resident(&sim->guests[i]) + sim->guests[i].facts.qemu_mib;
    return sim->host.total_mib - sim->own - sim->own_noise - sim->host_cache - resident;
}

/* The one that holds most, as the kernel chooses. All that its programs had and wanted is lost until it is up again. */
static void kill_one(struct memory_sim *sim)
{
    struct memory_guest *g = NULL;

    for (int i = 0; i < sim->n_guests; i++)
        if (sim->guests[i].there && sim->now_s >= sim->guests[i].down_until_s &&
            (!g || memory_guest_resident(&sim->guests[i]) > memory_guest_resident(g)))
            g = &sim->guests[i];
    if (!g)
        return;
    g->anon = g->swapped = g->cache = g->free_touched = 0;
    g->base = g->facts.base_mib;
    g->free = g->size - g->facts.kernel_mib - g->base;
    g->down_until_s = sim->now_s + down_s;
    g->ooms++;
    sim->killed++;
}

static void host_step(struct memory_sim *sim, double seconds)
{
    double free_mib;

    if (memory_random(&sim->random) < seconds)
        sim->own_noise = sim->host.noise_mib * (2 * memory_random(&sim->random) - 1);
    free_mib = memory_host_free(sim);
    if (free_mib < 64)
        sim->host_cache = fmax(sim->host_cache - (64 - free_mib), 0);
    else if (free_mib > 512)
        sim->host_cache = fmin(sim->host_cache + 20 * seconds, sim->host.cache_mib);
    if (memory_host_free(sim) < 0) {
        sim->broken++;
        if (sim->host.kills)
            kill_one(sim);
    }
}

void memory_sim_run(struct memory_sim *sim, double seconds)
{
    double end = sim->now_s + seconds;

    while (sim->now_s < end - 1e-9) {
        double dt = fmin(step_s, end - sim->now_s);

        sim->now_s += dt;
        for (int i = 0; i < sim->n_guests; i++)
            memory_guest_step(sim, &sim->guests[i], dt);
        host_step(sim, dt);
    }
}

static double growth_rate(const struct memory_load *l)
{
    switch (l->kind) {
    case MEMORY_GROW:
    case MEMORY_GROW_ALL:
    case MEMORY_WANDER:
        return l->rate_mib_s;
    case MEMORY_OSCILLATE:
        return fmax(l->limit_mib - l->low_mib, 0);
    case MEMORY_HOLD:
    case MEMORY_RELEASE:
    case MEMORY_STEP:
        break;
    }
    return 0;
}

struct memory_truth memory_sim_truth(const struct memory_sim *sim, int guest)
{
    const struct memory_guest *g = &sim->guests[guest];

    return (struct memory_truth){
        .there = g->there,
        .size = g->size,
        .max = g->max,
        .target = g->target,
        .start = g->facts.size_mib,
        .anon = g->anon,
        .goal = g->goal,
        .swapped = g->swapped,
        .cache = g->cache,
        .unused = g->free,
        .used = g->size - memory_guest_usable(g),
        .usable = memory_guest_usable(g),
        .rate = growth_rate(&g->load),
        .resident = memory_guest_resident(g),
        .least = g->facts.qemu_mib + fmin(g->facts.kernel_mib + g->base + g->goal, g->max),
        .swapped_in = g->swap_in,
        .unmet_mib_s = g->unmet,
        .ooms = g->ooms,
    };
}

const struct memory_sim_guest *memory_sim_config(const struct memory_sim *sim, int guest)
{
    return &sim->guests[guest].facts;
}

int memory_sim_by_uuid(const struct memory_sim *sim, const uint8_t *uuid)
{
    for (int i = 0; i < sim->n_guests; i++)
        if (memcmp(sim->guests[i].uuid, uuid, SNAPSHOT_UUID_BYTES) == 0)
            return i;
    return -1;
}

struct memory_host_truth memory_sim_host_truth(const struct memory_sim *sim)
{
    struct memory_host_truth t = {.free = memory_host_free(sim), .broken = sim->broken, .killed = sim->killed};

    t.for_guests = sim->host.total_mib - sim->own - sim->own_noise;
    t.available = t.free + sim->host_cache * 0.9;
    t.worst = t.available;
    for (int i = 0; i < sim->n_guests; i++) {
        const struct memory_guest *g = &sim->guests[i];

        if (g->there)
            t.worst -= fmax(g->size, g->target) - memory_guest_resident(g);
    }
    return t;
}
