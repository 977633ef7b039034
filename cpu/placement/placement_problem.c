#include "cpu/placement/placement_inside.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Masks that are looked through for one like a vCPU's before another is made: hosts have few distinct ones. */
enum { MASKS_SHARED = 64 };

struct placement_scratch *placement_scratch_create(void)
{
    return calloc(1, sizeof(struct placement_scratch));
}

void placement_scratch_free(struct placement_scratch *scratch)
{
    if (!scratch)
        return;
    placement_scratch_free(scratch->inner);
    free(scratch->block);
    free(scratch);
}

/* Hands out parts of the block; with no block it only counts what they need. */
struct carver {
    char *block;
    size_t used;
};

static void *carve(struct carver *c, size_t count, size_t size)
{
    size_t at = c->used;

    c->used += (count * size + 63) / 64 * 64; /* each part begins with a cache line */
    return c->block ? c->block + at : NULL;
}

#define CARVE(part, count) (part) = carve(c, (count), sizeof(*(part)))

static void carve_board(struct placement_board *b, struct carver *c, size_t pcpus, size_t vcpus, size_t masks)
{
    size_t most = pcpus > vcpus ? pcpus : vcpus, words = (size_t)b->words;

    CARVE(b->weight, pcpus);
    CARVE(b->per_demand, pcpus);
    CARVE(b->base, pcpus);
    CARVE(b->demand, vcpus);
    CARVE(b->pinned_to, vcpus);
    CARVE(b->runs_on, vcpus);
    CARVE(b->mask, vcpus);
    CARVE(b->masks, masks * words);
    CARVE(b->at, vcpus);
    CARVE(b->load, pcpus);
    CARVE(b->costless, pcpus);
    CARVE(b->stuck, pcpus);
    CARVE(b->reach, pcpus * words);
    CARVE(b->head, pcpus);
    CARVE(b->tail, pcpus);
    CARVE(b->next, vcpus);
    CARVE(b->prev, vcpus);
    CARVE(b->order, pcpus);
    CARVE(b->rank, pcpus);
    CARVE(b->keys, most);
    CARVE(b->spare, most);
}

static void carve_all(struct placement_scratch *s, struct carver *c)
{
    size_t pcpus = (size_t)s->problem.n_pcpus, vcpus = (size_t)s->problem.n_vcpus;
    size_t masks = 2 * vcpus + 1; /* each vCPU's, with and without its home */
    struct placement_bound_area *area = &s->area;

    carve_board(&s->board, c, pcpus, vcpus, masks);
    CARVE(area->floor, pcpus + 1);
    CARVE(area->largest, vcpus + 1);
    CARVE(area->sorted, pcpus);
    CARVE(area->level, pcpus);
    CARVE(area->joined, masks);
    CARVE(area->group, pcpus);
    CARVE(area->count, pcpus + 1);
    CARVE(s->mask_home, masks);
    CARVE(s->mask_sample, masks);
    CARVE(s->mask_size, masks);
    CARVE(s->number, vcpus);
    CARVE(s->index, vcpus);
    CARVE(s->wide, vcpus);
    CARVE(s->narrow, vcpus);
    CARVE(s->start, vcpus);
    CARVE(s->best, vcpus);
    CARVE(s->at_home, vcpus);
    CARVE(s->kept, vcpus);
    CARVE(s->list, vcpus);
    CARVE(s->core, pcpus);
    CARVE(s->hot_on, pcpus);
    CARVE(s->stays, pcpus);
    CARVE(s->next_stays, vcpus);
    CARVE(s->before, pcpus);
    CARVE(s->after, pcpus);
    CARVE(s->to, vcpus);
    CARVE(s->moves, vcpus);
    if (!(s->problem.core_capacity > 0))
        return;
    CARVE(s->core_vcpus, vcpus);
    CARVE(s->core_masks, vcpus * (size_t)s->board.words);
    CARVE(s->core_capacity, pcpus);
    CARVE(s->core_load, pcpus);
    CARVE(s->core_llc, pcpus);
    CARVE(s->core_node, pcpus);
}

/* 0 or -ENOMEM. */
static int make_room(struct placement_scratch *s, const struct placement_problem *problem)
{
    struct carver c = {0};

    s->problem = *problem;
    if (!(s->problem.idle_pct > 0))
        s->problem.idle_pct = PLACEMENT_IDLE_PCT;
    s->board.n_pcpus = problem->n_pcpus;
    s->board.words = problem->n_pcpus / 64 + 1;
    carve_all(s, &c);
    if (c.used > s->block_bytes) {
        free(s->block);
        s->block_bytes = c.used + c.used / 4; /* so that guests that come one by one don't make it grow each time */
        s->block = malloc(s->block_bytes);
        if (!s->block) {
            s->block_bytes = 0;
            return -ENOMEM;
        }
    }
    c = (struct carver){.block = s->block};
    carve_all(s, &c);
    return 0;
}

static bool is_load(double pct)
{
    return pct >= 0 && pct < 1e9;
}

static bool is_sound(const struct placement_problem *problem)
{
    if (problem->n_pcpus < 0 || problem->n_vcpus < 0 || problem->mask_words < 0 ||
        !(problem->aim <= problem->trigger) || !(problem->aim >= 0) || !(problem->core_capacity >= 0) ||
        (problem->core_capacity > 0 && !problem->core))
        return false;
    for (int p = 0; p < problem->n_pcpus; p++)
        if ((problem->background_pct && !is_load(problem->background_pct[p])) ||
            (problem->cpu && problem->cpu[p] < 0) ||
            (problem->capacity && !(problem->capacity[p] >= 1e-3 && problem->capacity[p] <= 1e3)))
            return false;
    for (int v = 0; v < problem->n_vcpus; v++) {
        const struct placement_vcpu *vcpu = &problem->vcpus[v];

        if (!is_load(vcpu->demand_pct) || vcpu->where < -1 || vcpu->where >= problem->n_pcpus)
            return false;
        if (vcpu->where < 0 && (!vcpu->floating || vcpu->fixed))
            return false;
    }
    return true;
}

static bool same_mask(const uint64_t *a, const uint64_t *b, int words)
{
    return a == b || (a && b && memcmp(a, b, (size_t)words * sizeof(*a)) == 0);
}

static bool allows(const struct placement_problem *problem, const uint64_t *mask, int pcpu)
{
    int bit = problem->cpu ? problem->cpu[pcpu] : pcpu;

    return !mask || (bit / 64 < problem->mask_words && mask[bit / 64] >> (bit % 64) & 1);
}

static int make_mask(struct placement_scratch *s, int vcpu, int home)
{
    const struct placement_problem *problem = &s->problem;
    int made = s->board.n_masks++;
    uint64_t *bits = s->board.masks + (size_t)made * (size_t)s->board.words;

    memset(bits, 0, (size_t)s->board.words * sizeof(*bits));
    s->mask_home[made] = home;
    s->mask_sample[made] = vcpu;
    s->mask_size[made] = 0;
    for (int p = 0; p < problem->n_pcpus; p++)
        if (allows(problem, problem->vcpus[vcpu].allowed, p) && (home < 0 || problem->node[p] == home)) {
            bits[p / 64] |= (uint64_t)1 << (p % 64);
            s->mask_size[made]++;
        }
    return made;
}

/* The mask of the pCPUs that a vCPU may go to and that, unless home is -1, lie on that node. */
static int mask_of(struct placement_scratch *s, int vcpu, int home)
{
    const struct placement_problem *problem = &s->problem;
    const uint64_t *allowed = problem->vcpus[vcpu].allowed;

    for (int m = 0; m < s->board.n_masks && m < MASKS_SHARED; m++)
        if (s->mask_home[m] == home &&
            same_mask(problem->vcpus[s->mask_sample[m]].allowed, allowed, problem->mask_words))
            return m;
    return make_mask(s, vcpu, home);
}

bool placement_problem_allows(const struct placement_scratch *s, int mask, int pcpu)
{
    return placement_mask_has(placement_board_mask(&s->board, mask), pcpu);
}

static bool lives_at_home(const struct placement_problem *problem, const struct placement_vcpu *vcpu)
{
    return vcpu->home >= 0 && problem->node && (vcpu->floating || problem->node[vcpu->where] == vcpu->home);
}

/* Finds a vCPU's masks; false when it has nowhere (else) to go. */
static bool find_masks(struct placement_scratch *s, int v, int *wide, int *narrow)
{
    const struct placement_vcpu *vcpu = &s->problem.vcpus[v];
    int elsewhere;

    *narrow = *wide = mask_of(s, v, -1);
    elsewhere = s->mask_size[*wide];
    if (elsewhere && lives_at_home(&s->problem, vcpu)) {
        int home = mask_of(s, v, vcpu->home);

        if (s->mask_size[home])
            *narrow = home;
    }
    if (!vcpu->floating && placement_problem_allows(s, *wide, vcpu->where))
        elsewhere--;
    return elsewhere > 0;
}

static void lay_out_pcpus(struct placement_scratch *s)
{
    const struct placement_problem *problem = &s->problem;
    struct placement_board *b = &s->board;

    b->capacity = 0;
    b->all_full = true;
    b->least_per_demand = 0;
    for (int p = 0; p < b->n_pcpus; p++) {
        b->weight[p] = problem->capacity ? problem->capacity[p] : 1;
        b->per_demand[p] = 1 / b->weight[p];
        b->capacity += b->weight[p];
        b->all_full = b->all_full && fabs(b->weight[p] - 1) < 1e-9;
        if (p == 0 || b->per_demand[p] < b->least_per_demand)
            b->least_per_demand = b->per_demand[p];
        b->base[p] = s->before[p] = (problem->background_pct ? problem->background_pct[p] : 0) * b->per_demand[p];
    }
}

/* Lists as keys the vCPUs that may move, by falling demand; the demand of all others stays where it is. */
static void sort_out_vcpus(struct placement_scratch *s)
{
    const struct placement_problem *problem = &s->problem;
    struct placement_board *b = &s->board;

    b->n_vcpus = 0;
    for (int v = 0; v < problem->n_vcpus; v++) {
        const struct placement_vcpu *vcpu = &problem->vcpus[v];
        int p = vcpu->where, wide, narrow;

        s->index[v] = -1;
        s->to[v] = vcpu->floating ? -1 : p;
        if (p >= 0)
            s->before[p] += vcpu->demand_pct * b->per_demand[p];
        if (!vcpu->fixed && vcpu->demand_pct >= problem->idle_pct && find_masks(s, v, &wide, &narrow)) {
            s->start[v] = wide;
            s->best[v] = narrow;
            b->keys[b->n_vcpus++] = (struct placement_key){vcpu->demand_pct, v};
        } else if (p >= 0) {
            b->base[p] += vcpu->demand_pct * b->per_demand[p];
        }
    }
    placement_sort(b->keys, b->spare, b->n_vcpus);
}

int placement_problem_lay_out(struct placement_scratch *s, const struct placement_problem *problem)
{
    struct placement_board *b = &s->board;
    double total = 0;

    if (!is_sound(problem))
        return -EINVAL;
    if (make_room(s, problem))
        return -ENOMEM;
    s->board.n_masks = 0;
    lay_out_pcpus(s);
    sort_out_vcpus(s);
    b->n_floating = 0;
    b->pinned_stay = false;
    for (int i = 0; i < b->n_vcpus; i++) {
        int v = b->keys[i].id;
        const struct placement_vcpu *vcpu = &problem->vcpus[v];

        s->number[i] = v;
        s->index[v] = i;
        b->demand[i] = vcpu->demand_pct;
        b->pinned_to[i] = vcpu->floating ? -1 : vcpu->where;
        b->runs_on[i] = vcpu->where;
        b->n_floating += vcpu->floating;
        s->wide[i] = s->start[v];
        b->mask[i] = s->narrow[i] = s->best[v];
        total += b->demand[i];
    }
    for (int p = 0; p < b->n_pcpus; p++)
        total += b->base[p] * b->weight[p];
    b->mean = b->n_pcpus ? total / b->capacity : 0;
    return 0;
}
