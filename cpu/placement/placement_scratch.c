#include "cpu/placement/placement_scratch.h"

#include <errno.h>
#include <stdlib.h>

struct placement_scratch *placement_scratch_create(void)
{
    struct placement_scratch *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->search.improve.window = placement_window_create();
    s->search.memory = calloc(PLACEMENT_DESCENT_MEMORY, sizeof(*s->search.memory));
    if (!s->search.improve.window || !s->search.memory) {
        placement_scratch_free(s);
        return NULL;
    }
    return s;
}

void placement_scratch_free(struct placement_scratch *scratch)
{
    if (!scratch)
        return;
    placement_window_free(scratch->search.improve.window);
    free(scratch->search.memory);
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

    c->used += (count * size + 63) / 64 * 64;
    return c->block ? c->block + at : NULL;
}

static void carve_all(struct placement_scratch *s, struct carver *c)
{
    size_t pcpus = (size_t)s->problem.n_pcpus, vcpus = (size_t)s->problem.n_vcpus;
    size_t most = pcpus > vcpus ? pcpus : vcpus, rows = 2 * vcpus + 1;
    struct placement_board *b = &s->board;
    struct placement_bound_room *room = &s->room;
    struct placement_ties *t = &s->ties;

    s->rows.bits = carve(c, rows * (size_t)s->rows.words, sizeof(*s->rows.bits));
    s->rows.home = carve(c, rows, sizeof(*s->rows.home));
    s->rows.sample = carve(c, rows, sizeof(*s->rows.sample));
    s->rows.size = carve(c, rows, sizeof(*s->rows.size));
    s->rows.buckets = carve(c, (size_t)s->rows.n_buckets, sizeof(*s->rows.buckets));
    b->base = carve(c, pcpus, sizeof(*b->base));
    b->demand = carve(c, vcpus, sizeof(*b->demand));
    b->origin = carve(c, vcpus, sizeof(*b->origin));
    b->hint = carve(c, vcpus, sizeof(*b->hint));
    b->row = carve(c, vcpus, sizeof(*b->row));
    b->at = carve(c, vcpus, sizeof(*b->at));
    b->load = carve(c, pcpus, sizeof(*b->load));
    b->count = carve(c, pcpus, sizeof(*b->count));
    b->loose = carve(c, pcpus, sizeof(*b->loose));
    b->stuck = carve(c, pcpus, sizeof(*b->stuck));
    b->version = carve(c, pcpus, sizeof(*b->version));
    b->reach = carve(c, pcpus * (size_t)s->rows.words, sizeof(*b->reach));
    b->head = carve(c, pcpus, sizeof(*b->head));
    b->tail = carve(c, pcpus, sizeof(*b->tail));
    b->next = carve(c, vcpus, sizeof(*b->next));
    b->prev = carve(c, vcpus, sizeof(*b->prev));
    b->skip = carve(c, vcpus, sizeof(*b->skip));
    b->skip_grown = carve(c, vcpus, sizeof(*b->skip_grown));
    b->grown = carve(c, pcpus, sizeof(*b->grown));
    b->gone_from = carve(c, vcpus, sizeof(*b->gone_from));
    b->gone_next = carve(c, vcpus, sizeof(*b->gone_next));
    b->lows = carve(c, PLACEMENT_BOARD_LOWS * pcpus, sizeof(*b->lows));
    b->order = carve(c, pcpus, sizeof(*b->order));
    b->rank = carve(c, pcpus, sizeof(*b->rank));
    b->keys = carve(c, most, sizeof(*b->keys));
    b->spare = carve(c, most, sizeof(*b->spare));
    room->floor = carve(c, pcpus + 1, sizeof(*room->floor));
    room->sums = carve(c, vcpus + 1, sizeof(*room->sums));
    room->bases = carve(c, pcpus, sizeof(*room->bases));
    room->excess = carve(c, pcpus, sizeof(*room->excess));
    room->inner = carve(c, rows, sizeof(*room->inner));
    room->place = carve(c, rows, sizeof(*room->place));
    room->level = carve(c, pcpus, sizeof(*room->level));
    room->poured = carve(c, pcpus, sizeof(*room->poured));
    room->group = carve(c, pcpus, sizeof(*room->group));
    room->hull = carve(c, pcpus + 1, sizeof(*room->hull));
    room->next = carve(c, pcpus, sizeof(*room->next));
    s->search.start = carve(c, vcpus, sizeof(*s->search.start));
    s->search.best = carve(c, vcpus, sizeof(*s->search.best));
    s->search.probed = carve(c, 2 * vcpus, sizeof(*s->search.probed));
    s->search.improve.moved = carve(c, vcpus, sizeof(*s->search.improve.moved));
    t->core = carve(c, pcpus, sizeof(*t->core));
    t->hot_on = carve(c, pcpus, sizeof(*t->hot_on));
    t->stays = carve(c, pcpus, sizeof(*t->stays));
    t->next_stays = carve(c, vcpus, sizeof(*t->next_stays));
    t->free_items = carve(c, vcpus, sizeof(*t->free_items));
    s->item_of = carve(c, vcpus, sizeof(*s->item_of));
    s->vcpu_of = carve(c, vcpus, sizeof(*s->vcpu_of));
    s->wide = carve(c, vcpus, sizeof(*s->wide));
    s->narrow = carve(c, vcpus, sizeof(*s->narrow));
    s->kept = carve(c, vcpus, sizeof(*s->kept));
    s->spare_at = carve(c, vcpus, sizeof(*s->spare_at));
    s->spare_row = carve(c, vcpus, sizeof(*s->spare_row));
    s->before = carve(c, pcpus, sizeof(*s->before));
    s->after = carve(c, pcpus, sizeof(*s->after));
    s->to = carve(c, vcpus, sizeof(*s->to));
    s->moves = carve(c, vcpus, sizeof(*s->moves));
    s->spare_moves = carve(c, vcpus, sizeof(*s->spare_moves));
}

/* Makes room for the problem and ties the parts together. 0 or -ENOMEM. */
static int make_room(struct placement_scratch *s, const struct placement_problem *problem)
{
    struct carver c = {0};

    s->problem = *problem;
    if (!(s->problem.idle_pct > 0))
        s->problem.idle_pct = PLACEMENT_IDLE_PCT;
    s->rows.problem = &s->problem;
    s->rows.words = problem->n_pcpus / 64 + 1;
    for (s->rows.n_buckets = 4; s->rows.n_buckets < 4 * problem->n_vcpus + 2;)
        s->rows.n_buckets *= 2;
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
    s->board.n_pcpus = problem->n_pcpus;
    s->board.words = s->rows.words;
    s->board.rows = s->rows.bits;
    s->search.board = s->search.improve.board = s->ties.board = &s->board;
    s->search.room = &s->room;
    s->ties.problem = &s->problem;
    s->ties.vcpu_of = s->vcpu_of;
    s->ties.item_of = s->item_of;
    placement_rows_start(&s->rows);
    return 0;
}

static bool is_load(double pct)
{
    return pct >= 0 && pct < 1e9;
}

static bool is_sound(const struct placement_problem *problem)
{
    if (problem->n_pcpus < 0 || problem->n_vcpus < 0 || problem->mask_words < 0 ||
        !(problem->aim <= problem->trigger) || !(problem->aim >= 0))
        return false;
    for (int p = 0; problem->background_pct && p < problem->n_pcpus; p++)
        if (!is_load(problem->background_pct[p]))
            return false;
    for (int p = 0; problem->cpu && p < problem->n_pcpus; p++)
        if (problem->cpu[p] < 0)
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

static bool lives_at_home(const struct placement_problem *problem, const struct placement_vcpu *vcpu)
{
    return vcpu->home >= 0 && problem->node && (vcpu->floating || problem->node[vcpu->where] == vcpu->home);
}

/* Finds a vCPU's rows; false when it has nowhere (else) to go. */
static bool find_rows(struct placement_scratch *s, int v, int *wide, int *narrow)
{
    const struct placement_vcpu *vcpu = &s->problem.vcpus[v];
    int elsewhere;

    *narrow = *wide = placement_rows_of(&s->rows, v, -1);
    elsewhere = s->rows.size[*wide];
    if (elsewhere && lives_at_home(&s->problem, vcpu)) {
        int row = placement_rows_of(&s->rows, v, vcpu->home);

        if (s->rows.size[row])
            *narrow = row;
    }
    if (!vcpu->floating && placement_rows_have(&s->rows, *wide, vcpu->where))
        elsewhere--;
    return elsewhere > 0;
}

/* Makes items of the vCPUs that may move, by falling demand, and base load of all the rest. */
static void make_items(struct placement_scratch *s)
{
    const struct placement_problem *problem = &s->problem;
    struct placement_board *b = &s->board;
    double total = 0;

    b->n_items = b->n_floating = 0;
    for (int p = 0; p < problem->n_pcpus; p++)
        b->base[p] = s->before[p] = problem->background_pct ? problem->background_pct[p] : 0;
    for (int v = 0; v < problem->n_vcpus; v++) {
        const struct placement_vcpu *vcpu = &problem->vcpus[v];
        int wide, narrow;

        s->item_of[v] = -1;
        s->to[v] = vcpu->floating ? -1 : vcpu->where;
        if (vcpu->where >= 0)
            s->before[vcpu->where] += vcpu->demand_pct;
        if (!vcpu->fixed && vcpu->demand_pct >= problem->idle_pct && find_rows(s, v, &wide, &narrow)) {
            s->spare_at[v] = wide;
            s->spare_row[v] = narrow;
            b->keys[b->n_items++] = (struct placement_key){vcpu->demand_pct, v};
        } else if (vcpu->where >= 0)
            b->base[vcpu->where] += vcpu->demand_pct;
    }
    placement_sort(b->keys, b->spare, b->n_items);
    for (int i = 0; i < b->n_items; i++) {
        const struct placement_vcpu *vcpu = &problem->vcpus[b->keys[i].id];

        s->vcpu_of[i] = b->keys[i].id;
        s->item_of[b->keys[i].id] = i;
        b->demand[i] = vcpu->demand_pct;
        b->origin[i] = vcpu->floating ? -1 : vcpu->where;
        b->hint[i] = vcpu->where;
        b->n_floating += vcpu->floating;
        s->wide[i] = s->spare_at[s->vcpu_of[i]];
        b->row[i] = s->narrow[i] = s->spare_row[s->vcpu_of[i]];
        total += b->demand[i];
    }
    for (int p = 0; p < b->n_pcpus; p++)
        total += b->base[p];
    b->mean = b->n_pcpus ? total / b->n_pcpus : 0;
}

int placement_scratch_prepare(struct placement_scratch *s, const struct placement_problem *problem)
{
    int failure = is_sound(problem) ? make_room(s, problem) : -EINVAL;

    if (!failure)
        make_items(s);
    return failure;
}
