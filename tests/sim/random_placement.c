#include "tests/sim/random_placement.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t random_placement_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

double random_placement_fraction(uint64_t *state)
{
    return (double)(random_placement_next(state) >> 11) / 9007199254740992.0;
}

static int below(uint64_t *state, int limit)
{
    return (int)(random_placement_next(state) % (uint64_t)limit);
}

static double draw_demand(const struct random_placement_spec *spec, double scale, uint64_t *state)
{
    double u = random_placement_fraction(state);

    switch (spec->demand) {
    case RANDOM_DEMAND_EQUAL:
        return scale;
    case RANDOM_DEMAND_TWO_VALUED:
        return u < 0.5 ? scale * 0.4 : scale * 1.6;
    case RANDOM_DEMAND_HEAVY_TAIL:
        return fmin(100, scale * 0.4 / pow(1 - u, 0.8));
    case RANDOM_DEMAND_NEAR_EQUAL:
        return scale * (0.95 + 0.1 * u);
    default:
        return scale * (0.1 + 1.8 * u);
    }
}

/* pCPUs get their vCPUs one by one, the least loaded first. */
static int least_loaded(const double *load, int n)
{
    int best = 0;

    for (int p = 1; p < n; p++)
        if (load[p] < load[best])
            best = p;
    return best;
}

static int draw_start(const struct random_placement_spec *spec, const double *load, uint64_t *state)
{
    switch (spec->start) {
    case RANDOM_START_ONE_PCPU:
        return 0;
    case RANDOM_START_HALF:
        return below(state, (spec->n_pcpus + 1) / 2);
    case RANDOM_START_DRIFTED:
        return least_loaded(load, spec->n_pcpus);
    default:
        return below(state, spec->n_pcpus);
    }
}

static void draw_mask(uint64_t *mask, int n_pcpus, int where, uint64_t *state)
{
    for (int p = 0; p < n_pcpus; p++)
        if (p == where || random_placement_fraction(state) < 0.5)
            mask[p / 64] |= UINT64_C(1) << p % 64;
}

/* The half or the quarter of the pCPUs in which `where` lies. */
static void draw_nested_mask(uint64_t *mask, int n_pcpus, int where, uint64_t *state)
{
    int width = n_pcpus / (below(state, 2) ? 2 : 4);

    if (width < 1)
        width = 1;
    for (int p = 0; p < n_pcpus; p++)
        if (p / width == where / width)
            mask[p / 64] |= UINT64_C(1) << p % 64;
}

/* A full CPU, a thread of a core whose two are busy, a small core, or anything; or a group of CPUs or cores. */
static double draw_capacity(enum random_placement_capacity kinds, uint64_t *state)
{
    static const double usual[] = {1, 0.65, 0.5}, groups[] = {1, 1.3, 2, 2.6, 4, 5.2};
    int kind = below(state, kinds == RANDOM_CAPACITY_GROUPS ? 6 : 4);

    if (kinds == RANDOM_CAPACITY_GROUPS)
        return groups[kind];

    return kind < 3 ? usual[kind] : 0.2 + 1.8 * random_placement_fraction(state);
}

int random_placement_make(struct random_placement *r, const struct random_placement_spec *spec, uint64_t seed)
{
    size_t pcpus = (size_t)spec->n_pcpus, vcpus = (size_t)spec->n_vcpus, words = pcpus / 64 + 1;
    uint64_t state = seed;
    double scale = spec->n_pcpus * (30 + 50 * random_placement_fraction(&state)) / (spec->n_vcpus + 1);
    double leave_gain = 1 + 5 * random_placement_fraction(&state);
    double *load = calloc(pcpus + 1, sizeof(*load)), capacity = 0;

    r->vcpus = calloc(vcpus + 1, sizeof(*r->vcpus));
    r->background_pct = calloc(pcpus + 1, sizeof(*r->background_pct));
    r->capacity = calloc(pcpus + 1, sizeof(*r->capacity));
    r->masks = calloc((vcpus + 1) * words, sizeof(*r->masks));
    r->node = calloc(pcpus + 1, sizeof(*r->node));
    if (!load || !r->vcpus || !r->background_pct || !r->capacity || !r->masks || !r->node) {
        free(load);
        random_placement_free(r);
        return -ENOMEM;
    }
    for (int p = 0; p < spec->n_pcpus; p++) {
        r->node[p] = p * 2 / spec->n_pcpus;
        if (spec->capacities)
            r->capacity[p] = draw_capacity(spec->capacities, &state);
        if (spec->background && random_placement_fraction(&state) < 0.4)
            r->background_pct[p] = 70 * random_placement_fraction(&state);
        load[p] = r->background_pct[p];
        capacity += r->capacity[p];
    }
    if (spec->capacities == RANDOM_CAPACITY_GROUPS)
        scale *= capacity / spec->n_pcpus;
    for (int i = 0; i < spec->n_vcpus; i++) {
        struct placement_vcpu *v = &r->vcpus[i];

        v->demand_pct = draw_demand(spec, fmin(scale, 100), &state);
        v->where = draw_start(spec, load, &state);
        load[v->where] += v->demand_pct;
        v->guest = i / 2;
        v->home = -1;
        if (spec->start == RANDOM_START_DRIFTED && below(&state, 4) == 0)
            v->demand_pct = draw_demand(spec, fmin(scale, 100), &state);
        if (spec->masks && below(&state, 3) == 0) {
            v->allowed = r->masks + (size_t)i * words;
            (spec->nested ? draw_nested_mask : draw_mask)(r->masks + (size_t)i * words, spec->n_pcpus, v->where,
                                                          &state);
        }
        if (spec->floats && below(&state, 3) == 0) {
            v->floating = true;
            v->where = below(&state, 4) ? v->where : -1;
        }
        if (spec->some_fixed && v->where >= 0 && below(&state, 5) == 0)
            v->fixed = true;
        else if (spec->some_fixed && below(&state, 5) == 0)
            v->demand_pct *= 0.001;
        if (spec->nodes) {
            v->home = below(&state, 4) ? (v->where >= 0 ? r->node[v->where] : below(&state, 2)) : -1;
            v->leave_gain = leave_gain;
        }
    }
    free(load);
    r->problem = (struct placement_problem){
        .n_pcpus = spec->n_pcpus,
        .background_pct = r->background_pct,
        .capacity = spec->capacities ? r->capacity : NULL,
        .node = spec->nodes ? r->node : NULL,
        .n_vcpus = spec->n_vcpus,
        .vcpus = r->vcpus,
        .mask_words = (int)words,
        .trigger = 4,
        .aim = 2,
    };
    return 0;
}

void random_placement_free(struct random_placement *r)
{
    free(r->vcpus);
    free(r->background_pct);
    free(r->capacity);
    free(r->masks);
    free(r->node);
    *r = (struct random_placement){0};
}
