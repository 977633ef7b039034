#include "core/advise/advise.h"

#include "core/advise/risk.h"
#include "core/model/array.h"
#include "core/model/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const double advise_risks[ADVISE_RISKS] = {0.01, 0.001};

/* What is kept free on the host, as the memory coordinator does by default. */
#define RESERVE_MIB 200.0
#define RESERVE_SHARE 0.05

int advise_begin(struct advise *a, const struct policy_ops *policy, const void *settings, double sample_s)
{
    memset(a, 0, sizeof(*a));
    a->looks_at_pins = policy != NULL;
    a->step_s = sample_s;
    return policy ? pin_costs_begin(&a->pins, policy, settings, sample_s) : 0;
}

void advise_end(struct advise *a)
{
    for (int i = 0; i < a->n_guests; i++) {
        free(a->guests[i].memory.figures);
        free(a->guests[i].cpu.figures);
    }
    free(a->guests);
    free(a->memory.sums.figures);
    free(a->cpu.sums.figures);
    if (a->looks_at_pins)
        pin_costs_end(&a->pins);
    snapshot_free(&a->now);
    snapshot_free(&a->grid);
    rates_free(&a->rates);
}

static int add_figure(struct advise_series *s, double figure)
{
    if (array_reserve(&s->figures, &s->cap, s->n + 1, sizeof(*s->figures)))
        return -ENOMEM;
    s->figures[s->n++] = (float)figure;
    return 0;
}

/* A guest that starts again is the same one. */
static struct advise_guest *guest_of(struct advise *a, const struct snapshot_guest *g, int hint)
{
    struct advise_guest *guest;

    if (hint < a->n_guests && memcmp(a->guests[hint].uuid, g->uuid, SNAPSHOT_UUID_BYTES) == 0)
        return &a->guests[hint];
    for (int i = 0; i < a->n_guests; i++)
        if (memcmp(a->guests[i].uuid, g->uuid, SNAPSHOT_UUID_BYTES) == 0)
            return &a->guests[i];
    if (array_reserve(&a->guests, &a->cap_guests, a->n_guests + 1, sizeof(*a->guests)))
        return NULL;
    guest = &a->guests[a->n_guests++];
    *guest = (struct advise_guest){.peak_mib = -1};
    memcpy(guest->uuid, g->uuid, SNAPSHOT_UUID_BYTES);
    return guest;
}

static void see_guest(struct advise_guest *guest, const struct snapshot_guest *g, double seconds)
{
    const struct snapshot_memory *m = &g->memory;
    uint64_t used_kib;

    snprintf(guest->name, sizeof(guest->name), "%s", g->name);
    guest->n_vcpus = g->n_vcpus;
    guest->size_mib = m->has & SNAPSHOT_HAS_SIZE ? (double)m->size_kib / 1024 : 0;
    guest->max_mib = m->has & SNAPSHOT_HAS_MAX ? (double)m->max_kib / 1024 : 0;
    if (!rates_memory_used(m, &used_kib))
        return;
    guest->peak_mib = fmax(guest->peak_mib, (double)used_kib / 1024);
    guest->seconds += seconds;
    guest->short_s += (double)(m->size_kib - used_kib) / 1024 < WHAT_IF_UNUSED_MIB ? seconds : 0;
}

/* What guests could hold: what is free or can be dropped, and what they hold now, less what is kept. */
static void see_memory(struct advise_fit *fit, const struct snapshot *s)
{
    const struct snapshot_host *h = &s->host;
    double total = (double)h->total_kib / 1024, held = 0, capacity;
    double spare = h->has & SNAPSHOT_HOST_HAS_AVAILABLE ? (double)h->available_kib / 1024 : (double)h->free_kib / 1024;

    if (!(h->has & SNAPSHOT_HOST_HAS_TOTAL) || !(h->has & (SNAPSHOT_HOST_HAS_AVAILABLE | SNAPSHOT_HOST_HAS_FREE)))
        return;
    for (int i = 0; i < s->n_guests; i++) {
        const struct snapshot_memory *m = &s->guests[i].memory;

        held += (double)(m->has & SNAPSHOT_HAS_RSS ? m->rss_kib : m->size_kib) / 1024;
    }
    capacity = fmax(spare + held - fmax(RESERVE_MIB, RESERVE_SHARE * total), 0);
    if (!(fit->capacity > 0) || capacity < fit->capacity)
        fit->capacity = capacity;
}

static int see(struct advise *a, double seconds)
{
    const struct snapshot *s = &a->now;

    for (int i = 0; i < s->n_guests; i++) {
        struct advise_guest *guest = guest_of(a, &s->guests[i], i);

        if (!guest)
            return -ENOMEM;
        see_guest(guest, &s->guests[i], seconds);
    }
    see_memory(&a->memory, s);
    return 0;
}

/* The step's figures of one guest; what it adds to those of all. */
static int close_guest(struct advise *a, int i, double *memory, double *cpu, int *n_memory)
{
    const struct snapshot_guest *g = &a->now.guests[i];
    struct advise_guest *guest = guest_of(a, g, i);
    double demand = 0;
    bool known = false;
    int error = 0;

    if (!guest)
        return -ENOMEM;
    for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++) {
        known = known || a->rates.vcpus[v].known;
        demand += a->rates.vcpus[v].known ? a->rates.vcpus[v].demand_pct : 0;
    }
    *cpu += demand;
    if (known)
        error = add_figure(&guest->cpu, demand);
    if (guest->peak_mib >= 0) {
        *memory += guest->peak_mib + WHAT_IF_UNUSED_MIB;
        (*n_memory)++;
        if (!error)
            error = add_figure(&guest->memory, guest->peak_mib + WHAT_IF_UNUSED_MIB);
    }
    guest->peak_mib = -1;
    return error;
}

static int close_step(struct advise *a)
{
    double memory = 0, cpu = 0, pcpus = 0;
    int n_memory = 0, error = rates_between(&a->rates, &a->grid, &a->now);

    for (int i = 0; i < a->now.n_guests && !error; i++)
        error = close_guest(a, i, &memory, &cpu, &n_memory);
    for (int i = 0; i < a->now.n_pcpus && !error; i++) {
        const struct snapshot_pcpu *c = &a->now.pcpus[i];

        if (!c->online || c->isolated)
            continue;
        pcpus += 100;
        cpu += a->rates.pcpus[i].known ? a->rates.pcpus[i].host_pct : 0;
    }
    if (error || a->now.n_guests == 0)
        return error;
    if (!(a->cpu.capacity > 0) || pcpus < a->cpu.capacity)
        a->cpu.capacity = pcpus;
    a->cpu.guests += a->now.n_guests;
    a->memory.guests += n_memory;
    error = add_figure(&a->cpu.sums, cpu);
    return error || n_memory == 0 ? error : add_figure(&a->memory.sums, memory);
}

static void halve(struct advise_series *s, bool peaks)
{
    for (int i = 0; i < s->n / 2; i++) {
        float a = s->figures[2 * i], b = s->figures[2 * i + 1];

        s->figures[i] = peaks ? fmaxf(a, b) : (a + b) / 2;
    }
    s->n /= 2;
}

/* Steps become twice as long. */
static void lengthen_steps(struct advise *a)
{
    a->step_s *= 2;
    a->memory.guests /= 2;
    a->cpu.guests /= 2;
    halve(&a->memory.sums, true);
    halve(&a->cpu.sums, false);
    for (int i = 0; i < a->n_guests; i++) {
        halve(&a->guests[i].memory, true);
        halve(&a->guests[i].cpu, false);
    }
}

/* Samples don't come to the millisecond: what is nearer to a step's end than a quarter of it ends it. */
static bool step_is_over(const struct advise *a)
{
    return (double)(a->now.taken_ns - a->grid.taken_ns) / 1e9 >= 0.75 * a->step_s;
}

int advise_take(struct advise *a, const struct record_line *line)
{
    bool begins = !a->begun || a->gap || line->kind == RECORD_BEGIN, ends;
    double seconds;
    int error;

    /* What was undone, or comes again, shows nothing new. */
    if (a->begun && (line->snapshot->taken_ns <= a->now.taken_ns || line->kind == RECORD_UNDO))
        return 0;
    seconds = a->begun ? (double)(line->snapshot->taken_ns - a->now.taken_ns) / 1e9 : 0;
    error = snapshot_copy(&a->now, line->snapshot);
    if (error)
        return error;
    snapshot_clamp(&a->now);
    a->seconds += seconds;
    error = see(a, begins ? 0 : seconds);
    a->decisions += line->kind == RECORD_DECISION;
    ends = !begins && step_is_over(a);
    if (!error && ends)
        error = close_step(a);
    if (!error && (begins || ends))
        error = snapshot_copy(&a->grid, &a->now);
    if (a->cpu.sums.n >= ADVISE_FIGURES)
        lengthen_steps(a);
    if (!error && a->looks_at_pins)
        error = pin_costs_take(&a->pins, line, &a->now, begins);
    a->begun = true;
    a->gap = false;
    return error;
}

void advise_gap(struct advise *a)
{
    a->gap = a->begun;
}

/* lowest, highest: what can't be fallen below or exceeded. */
static void find_levels(const struct advise_series *s, double lowest, double highest, float *work,
                        struct advise_levels *levels)
{
    levels->known = true;
    for (int i = 0; i < ADVISE_RISKS && levels->known; i++)
        levels->known = risk_most(s->figures, s->n, advise_risks[i], work, &levels->most[i]) &&
                        risk_least(s->figures, s->n, advise_risks[i], work, &levels->least[i]);
    for (int i = 0; i < ADVISE_RISKS; i++) {
        levels->most[i] = fmin(levels->most[i], highest);
        levels->least[i] = fmax(levels->least[i], lowest);
        if (i > 0) { /* each is an estimate of its own */
            levels->most[i] = fmax(levels->most[i], levels->most[i - 1]);
            levels->least[i] = fmin(levels->least[i], levels->least[i - 1]);
        }
    }
}

/* What k more guests may want, by the mean and the deviation of n. */
static double wanted_by_more(double k, const struct statistics *each)
{
    double deviation = each->n > 1 ? sqrt(each->squares / (each->n - 1)) : each->mean;

    return k * each->mean + risk_t95(each->n > 4 ? each->n - 1 : 3) * deviation * sqrt(k + k * k / each->n);
}

/* How many more fit into room; below zero, how many are too many. */
static int count_more(double room, const struct statistics *each)
{
    enum { MOST = 1 << 20 };
    int fits = 0, step = MOST / 2;

    if (room < 0)
        return each->mean > 0 ? (int)fmax(floor(room / each->mean), -MOST) : -1;
    for (; step > 0; step /= 2)
        if (wanted_by_more(fits + step, each) <= room)
            fits += step;
    return fits;
}

void advise_find_fit(struct advise_fit *fit, const float *means, int n, float *work)
{
    double mean = 0;

    fit->guests = fit->sums.n > 0 ? fit->guests / fit->sums.n : 0;
    for (int i = 0; i < fit->sums.n; i++)
        mean += (double)fit->sums.figures[i] / fit->sums.n;
    fit->known = fit->capacity > 0 && fit->guests > 0 && mean > 0 && n > 0;
    for (int i = 0; i < ADVISE_RISKS && fit->known; i++) {
        struct statistics each = {0};

        fit->known = risk_most(fit->sums.figures, fit->sums.n, advise_risks[i], work, &fit->needs[i]);
        if (i > 0)
            fit->needs[i] = fmax(fit->needs[i], fit->needs[i - 1]);
        for (int j = 0; j < n; j++)
            statistics_add(&each, means[j] * fit->needs[i] / mean);
        fit->more[i] = count_more(fit->capacity - fit->needs[i], &each);
    }
}

static double mean_of(const struct advise_series *s)
{
    double mean = 0;

    for (int i = 0; i < s->n; i++)
        mean += (double)s->figures[i] / s->n;
    return mean;
}

static int most_figures(const struct advise *a)
{
    int n = a->memory.sums.n > a->cpu.sums.n ? a->memory.sums.n : a->cpu.sums.n;

    for (int i = 0; i < a->n_guests; i++) {
        n = a->guests[i].memory.n > n ? a->guests[i].memory.n : n;
        n = a->guests[i].cpu.n > n ? a->guests[i].cpu.n : n;
    }
    return n;
}

static void find_fits(struct advise *a, float *means, float *work)
{
    int n = 0;

    for (int i = 0; i < a->n_guests; i++)
        if (a->guests[i].memory.n > 0)
            means[n++] = (float)mean_of(&a->guests[i].memory);
    advise_find_fit(&a->memory, means, n, work);
    n = 0;
    for (int i = 0; i < a->n_guests; i++)
        if (a->guests[i].cpu.n > 0)
            means[n++] = (float)mean_of(&a->guests[i].cpu);
    advise_find_fit(&a->cpu, means, n, work);
}

int advise_conclude(struct advise *a)
{
    float *work = malloc(2 * ((size_t)most_figures(a) + 1) * sizeof(*work));
    float *means = malloc(((size_t)a->n_guests + 1) * sizeof(*means));

    if (!work || !means) {
        free(work);
        free(means);
        return -ENOMEM;
    }
    for (int i = 0; i < a->n_guests; i++) {
        find_levels(&a->guests[i].memory, WHAT_IF_UNUSED_MIB, INFINITY, work, &a->guests[i].memory_levels);
        find_levels(&a->guests[i].cpu, 0, 100.0 * a->guests[i].n_vcpus, work, &a->guests[i].cpu_levels);
    }
    find_fits(a, means, work);
    free(work);
    free(means);
    pin_costs_conclude(&a->pins);
    return 0;
}
