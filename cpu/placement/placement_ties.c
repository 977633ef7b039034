#include "cpu/placement/placement_ties.h"

/* What is worth how much; only the proportions matter. */
enum {
    COST_SAME_CORE = 1,
    COST_SAME_LLC = 2,
    COST_SAME_NODE = 3,
    COST_OTHER_NODE = 5,
    COST_AWAY = 3,    /* not on its memory's node */
    COST_STACKED = 8, /* each pair of vCPUs of one guest on one pCPU */
    COST_HOT = 12,    /* each pair of hot vCPUs on one core */
    WORK = 100000, /* what looking for cheaper places may cost, for MANY items at most, and less the more there are */
    MANY = 1000,
    WORK_OF_CHANGE = 50,
    PASSES = 4,
};

static const struct placement_vcpu *vcpu_at(const struct placement_ties *t, int item)
{
    return &t->problem->vcpus[t->vcpu_of[item]];
}

static bool is_hot(const struct placement_problem *problem, const struct placement_vcpu *v)
{
    return problem->smt && v->demand_pct >= problem->hot_pct;
}

static int stays_on(const struct placement_ties *t, int vcpu)
{
    return t->item_of[vcpu] < 0 ? t->problem->vcpus[vcpu].where : -1;
}

/* Numbers cores from 0. */
static void number_cores(struct placement_ties *t)
{
    struct placement_board *b = t->board;
    int n = 0;

    for (int p = 0; p < b->n_pcpus; p++)
        b->keys[p] = (struct placement_key){t->problem->core ? t->problem->core[p] : p, p};
    placement_sort(b->keys, b->spare, b->n_pcpus);
    for (int k = 0; k < b->n_pcpus; k++) {
        if (k > 0 && b->keys[k].key < b->keys[k - 1].key)
            n++;
        t->core[b->keys[k].id] = n;
    }
}

void placement_ties_start(struct placement_ties *t)
{
    const struct placement_problem *problem = t->problem;

    number_cores(t);
    for (int p = 0; p < problem->n_pcpus; p++) {
        t->hot_on[p] = 0;
        t->stays[p] = -1;
    }
    for (int v = 0; v < problem->n_vcpus; v++) {
        int p = stays_on(t, v);

        if (p < 0)
            continue;
        t->next_stays[v] = t->stays[p];
        t->stays[p] = v;
        if (is_hot(problem, &problem->vcpus[v]))
            t->hot_on[t->core[p]]++;
    }
    for (int i = 0; i < t->board->n_items; i++)
        if (is_hot(problem, vcpu_at(t, i)))
            t->hot_on[t->core[t->board->at[i]]]++;
}

static void move(struct placement_ties *t, int item, int to)
{
    if (is_hot(t->problem, vcpu_at(t, item))) {
        t->hot_on[t->core[t->board->at[item]]]--;
        t->hot_on[t->core[to]]++;
    }
    placement_board_shift(t->board, item, to); /* nobody asks for the order of pCPUs any more */
}

static int same(const int *of, int a, int b)
{
    return !of || of[a] == of[b];
}

static int distance(const struct placement_ties *t, int a, int b)
{
    const struct placement_problem *problem = t->problem;

    if (a < 0 || a == b)
        return 0;
    if (t->core[a] == t->core[b])
        return COST_SAME_CORE;
    if (!same(problem->node, a, b))
        return COST_OTHER_NODE;
    return same(problem->llc, a, b) ? COST_SAME_LLC : COST_SAME_NODE;
}

static int mates_on(const struct placement_ties *t, int item, int pcpu)
{
    int guest = vcpu_at(t, item)->guest, n = 0;

    if (guest < 0)
        return 0;
    for (int i = t->board->head[pcpu]; i >= 0; i = t->board->next[i])
        n += i != item && vcpu_at(t, i)->guest == guest;
    for (int v = t->stays[pcpu]; v >= 0; v = t->next_stays[v])
        n += t->problem->vcpus[v].guest == guest && t->problem->vcpus[v].demand_pct >= t->problem->idle_pct;
    return n;
}

/* What it costs that the item is where it is. */
static int cost_of(const struct placement_ties *t, int item)
{
    const struct placement_vcpu *v = vcpu_at(t, item);
    const struct placement_board *b = t->board;
    int p = b->at[item], cost = distance(t, b->origin[item] >= 0 ? b->origin[item] : b->hint[item], p);

    if (v->home >= 0 && t->problem->node && t->problem->node[p] != v->home)
        cost += COST_AWAY;
    cost += COST_STACKED * mates_on(t, item, p);
    if (is_hot(t->problem, v))
        cost += COST_HOT * (t->hot_on[t->core[p]] - 1);
    return cost;
}

/* True when item may go to that pCPU, partner (unless -1) coming from there in its place, at no move more and within
 * the limit on square. */
static bool is_open(const struct placement_ties *t, int item, int to, int partner, double limit)
{
    const struct placement_board *b = t->board;
    int from = b->at[item], price;
    double demand = b->demand[item];

    if (to == from || !placement_board_may(b, item, to))
        return false;
    price = placement_board_price_change(b, item, to);
    if (partner >= 0) {
        demand -= b->demand[partner];
        price += placement_board_price_change(b, partner, from);
    }
    return price <= 0 && b->square - placement_board_gain(b, demand, from, to) <= limit &&
           (partner < 0 || placement_board_may(b, partner, from));
}

/* Moves item to another pCPU, for partner unless that is -1, if that costs less and is open. */
static bool try_change(struct placement_ties *t, int item, int to, int partner, double limit)
{
    struct placement_board *b = t->board;
    int from = b->at[item], before, after;
    double square = b->square;

    t->work--;
    if (!is_open(t, item, to, partner, limit))
        return false;
    t->work -= WORK_OF_CHANGE;
    before = cost_of(t, item) + (partner >= 0 ? cost_of(t, partner) : 0);
    move(t, item, to);
    if (partner >= 0)
        move(t, partner, from);
    after = cost_of(t, item) + (partner >= 0 ? cost_of(t, partner) : 0);
    if (after < before || (after == before && b->square < square - 1e-6))
        return true;
    if (partner >= 0)
        move(t, partner, to);
    move(t, item, from);
    return false;
}

static int list_free(struct placement_ties *t)
{
    const struct placement_board *b = t->board;
    int n = 0;

    for (int i = 0; i < b->n_items; i++)
        if (b->at[i] != b->origin[i])
            t->free_items[n++] = i;
    return n;
}

/* An item that moved goes somewhere else instead. */
static bool try_places(struct placement_ties *t, int item, double limit)
{
    bool changed = false;

    for (int p = 0; p < t->board->n_pcpus && t->work > 0; p++)
        changed |= try_change(t, item, p, -1, limit);
    return changed;
}

/* Another item leaves the place it came from instead. */
static bool try_stand_ins(struct placement_ties *t, int item, double limit)
{
    struct placement_board *b = t->board;
    int origin = b->origin[item];

    if (origin < 0 || origin == b->at[item])
        return false;
    for (int i = b->head[origin]; i >= 0 && t->work > 0; i = b->next[i])
        if (b->origin[i] == origin && try_change(t, item, origin, i, limit))
            return true;
    return false;
}

void placement_ties_settle(struct placement_ties *t, double limit)
{
    bool changed = true;

    t->work = t->board->n_items > MANY ? WORK / t->board->n_items * MANY : WORK;
    for (int pass = 0; pass < PASSES && changed && t->work > 0; pass++) {
        int n = list_free(t);

        changed = false;
        for (int k = 0; k < n && t->work > 0; k++) {
            int item = t->free_items[k];

            if (cost_of(t, item) == 0)
                continue;
            changed |= try_places(t, item, limit);
            changed |= try_stand_ins(t, item, limit);
            for (int o = 0; o < n && t->work > 0; o++)
                if (o != k)
                    changed |= try_change(t, item, t->board->at[t->free_items[o]], t->free_items[o], limit);
        }
    }
}

void placement_ties_part(struct placement_ties *t, double limit)
{
    struct placement_board *b = t->board;

    for (int i = 0; i < b->n_items && t->problem->smt; i++) {
        double least = limit;
        int to = -1;

        if (!is_hot(t->problem, vcpu_at(t, i)) || t->hot_on[t->core[b->at[i]]] < 2)
            continue;
        for (int p = 0; p < b->n_pcpus; p++) {
            double square = b->square - placement_board_gain(b, b->demand[i], b->at[i], p);

            if (t->hot_on[t->core[p]] == 0 && placement_board_may(b, i, p) &&
                (square < least - 1e-6 || (to < 0 && square <= least))) {
                least = square;
                to = p;
            }
        }
        if (to >= 0)
            move(t, i, to);
    }
}
