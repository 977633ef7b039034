/*
 * Choosing among plans of equal worth, and the order of a plan's moves.
 */
#include "cpu/placement/placement_inside.h"

#include <math.h>

/* What is worth how much; only the proportions matter. A move within a core keeps its caches, one within a last-level
 * cache that; two vCPUs of a guest on one pCPU wait for each other; two hot ones on a core get 1.3 cores' work done
 * where they could have two. */
enum {
    COST_SAME_CORE = 1,
    COST_SAME_LLC = 2,
    COST_SAME_NODE = 3,
    COST_OTHER_NODE = 5,
    COST_AWAY = 3,    /* not on its memory's node */
    COST_STACKED = 8, /* each pair of vCPUs of one guest on one pCPU */
    COST_HOT = 12,    /* each pair of hot vCPUs on one core */
};

enum {
    WORK = 100000, /* pairs of vCPUs and places looked at: some 2 ms; of more than MANY vCPUs in proportion fewer, as
                      all else costs more, too */
    MANY = 1000,
    WORK_OF_CHANGE = 50, /* of one that is tried, in such pairs */
    PASSES = 4,          /* rounds over all moves; hardly any plan changes in the third */
    PICKED = 256, /* moves from which the next isn't picked each time, but all are sorted by what they gain first */
};

static const struct placement_vcpu *vcpu_at(const struct placement_scratch *s, int vcpu)
{
    return &s->problem.vcpus[s->number[vcpu]];
}

static bool is_hot(const struct placement_scratch *s, const struct placement_vcpu *v)
{
    return s->problem.smt && v->demand_pct >= s->problem.hot_pct;
}

/* Numbers cores from 0. */
static void number_cores(struct placement_scratch *s)
{
    struct placement_board *b = &s->board;
    int n = 0;

    for (int p = 0; p < b->n_pcpus; p++)
        b->keys[p] = (struct placement_key){s->problem.core ? s->problem.core[p] : p, p};
    placement_sort(b->keys, b->spare, b->n_pcpus);
    for (int k = 0; k < b->n_pcpus; k++) {
        if (k > 0 && b->keys[k].key < b->keys[k - 1].key)
            n++;
        s->core[b->keys[k].id] = n;
    }
}

/* Takes in which vCPUs stay where, and how many hot ones each core has. */
static void start(struct placement_scratch *s)
{
    const struct placement_problem *problem = &s->problem;

    number_cores(s);
    for (int p = 0; p < problem->n_pcpus; p++) {
        s->hot_on[p] = 0;
        s->stays[p] = -1;
    }
    for (int v = 0; v < problem->n_vcpus; v++) {
        int i = s->index[v], p = i >= 0 ? s->board.at[i] : problem->vcpus[v].where;

        if (p >= 0 && is_hot(s, &problem->vcpus[v]))
            s->hot_on[s->core[p]]++;
        if (p < 0 || i >= 0)
            continue;
        s->next_stays[v] = s->stays[p];
        s->stays[p] = v;
    }
}

static void move(struct placement_scratch *s, int vcpu, int to)
{
    if (is_hot(s, vcpu_at(s, vcpu))) {
        s->hot_on[s->core[s->board.at[vcpu]]]--;
        s->hot_on[s->core[to]]++;
    }
    placement_board_shift(&s->board, vcpu, to); /* nobody asks for the order of pCPUs any more */
}

static int distance(const struct placement_scratch *s, int a, int b)
{
    const int *llc = s->problem.llc, *node = s->problem.node;

    if (a < 0 || a == b)
        return 0;
    if (s->core[a] == s->core[b])
        return COST_SAME_CORE;
    if (node && node[a] != node[b])
        return COST_OTHER_NODE;
    return !llc || llc[a] == llc[b] ? COST_SAME_LLC : COST_SAME_NODE;
}

static int mates_on(const struct placement_scratch *s, int vcpu, int pcpu)
{
    const struct placement_board *b = &s->board;
    int guest = vcpu_at(s, vcpu)->guest, n = 0;

    if (guest < 0)
        return 0;
    for (int i = b->head[pcpu]; i >= 0; i = b->next[i])
        n += i != vcpu && vcpu_at(s, i)->guest == guest;
    for (int v = s->stays[pcpu]; v >= 0; v = s->next_stays[v])
        n += s->problem.vcpus[v].guest == guest && s->problem.vcpus[v].demand_pct >= s->problem.idle_pct;
    return n;
}

/* What it costs that the vCPU is where it is. */
static int cost_of(const struct placement_scratch *s, int vcpu)
{
    const struct placement_vcpu *v = vcpu_at(s, vcpu);
    const struct placement_board *b = &s->board;
    int p = b->at[vcpu], cost = distance(s, b->runs_on[vcpu], p);

    if (v->home >= 0 && s->problem.node && s->problem.node[p] != v->home)
        cost += COST_AWAY;
    cost += COST_STACKED * mates_on(s, vcpu, p);
    if (is_hot(s, v))
        cost += COST_HOT * (s->hot_on[s->core[p]] - 1);
    return cost;
}

/* True when the vCPU may go to that pCPU, partner (unless -1) coming from there in its place, at no move more and
 * within the limit on ssd. */
static bool is_open(const struct placement_board *b, int vcpu, int to, int partner, double limit)
{
    int from = b->at[vcpu], cost;
    double demand = b->demand[vcpu];

    if (to == from || !placement_board_may(b, vcpu, to))
        return false;
    cost = placement_board_more_cost(b, vcpu, to);
    if (partner >= 0) {
        demand -= b->demand[partner];
        cost += placement_board_more_cost(b, partner, from);
    }
    return cost <= 0 && b->ssd - placement_board_gain(b, demand, from, to) <= limit &&
           (partner < 0 || placement_board_may(b, partner, from));
}

/* Moves the vCPU to another pCPU, for partner unless that is -1, if that costs less and is open. */
static bool try_change(struct placement_scratch *s, int vcpu, int to, int partner, double limit)
{
    struct placement_board *b = &s->board;
    int from = b->at[vcpu], before, after;
    double ssd = b->ssd;

    s->work--;
    if (!is_open(b, vcpu, to, partner, limit))
        return false;
    s->work -= WORK_OF_CHANGE;
    before = cost_of(s, vcpu) + (partner >= 0 ? cost_of(s, partner) : 0);
    move(s, vcpu, to);
    if (partner >= 0)
        move(s, partner, from);
    after = cost_of(s, vcpu) + (partner >= 0 ? cost_of(s, partner) : 0);
    if (after < before || (after == before && b->ssd < ssd - 1e-6))
        return true;
    if (partner >= 0)
        move(s, partner, to);
    move(s, vcpu, from);
    return false;
}

/* Lists the vCPUs that the plan pins anew. */
static int list_changed(struct placement_scratch *s)
{
    int n = 0;

    for (int v = 0; v < s->board.n_vcpus; v++)
        if (s->board.at[v] != s->board.pinned_to[v])
            s->list[n++] = v;
    return n;
}

/* The vCPU goes somewhere else instead. */
static bool try_places(struct placement_scratch *s, int vcpu, double limit)
{
    bool changed = false;

    for (int p = 0; p < s->board.n_pcpus && s->work > 0; p++)
        changed |= try_change(s, vcpu, p, -1, limit);
    return changed;
}

/* Another vCPU leaves the place it came from instead. */
static bool try_stand_ins(struct placement_scratch *s, int vcpu, double limit)
{
    struct placement_board *b = &s->board;
    int origin = b->pinned_to[vcpu];

    if (origin < 0 || origin == b->at[vcpu])
        return false;
    for (int v = b->head[origin]; v >= 0 && s->work > 0; v = b->next[v])
        if (b->pinned_to[v] == origin && try_change(s, vcpu, origin, v, limit))
            return true;
    return false;
}

void placement_nearer_settle(struct placement_scratch *s, double limit)
{
    const struct placement_board *b = &s->board;
    bool changed = true;

    start(s);
    s->work = b->n_vcpus > MANY ? WORK / b->n_vcpus * MANY : WORK;
    for (int pass = 0; pass < PASSES && changed && s->work > 0; pass++) {
        int n = list_changed(s);

        changed = false;
        for (int k = 0; k < n && s->work > 0; k++) {
            int v = s->list[k];

            if (cost_of(s, v) == 0)
                continue;
            changed |= try_places(s, v, limit);
            changed |= try_stand_ins(s, v, limit);
            for (int o = 0; o < n && s->work > 0; o++)
                if (o != k)
                    changed |= try_change(s, v, b->at[s->list[o]], s->list[o], limit);
        }
    }
}

void placement_nearer_part(struct placement_scratch *s, double limit)
{
    struct placement_board *b = &s->board;

    for (int v = 0; v < b->n_vcpus && s->problem.smt; v++) {
        double least = limit;
        int to = -1;

        if (!is_hot(s, vcpu_at(s, v)) || s->hot_on[s->core[b->at[v]]] < 2)
            continue;
        for (int p = 0; p < b->n_pcpus; p++) {
            double ssd = b->ssd - placement_board_gain(b, b->demand[v], b->at[v], p);

            if (s->hot_on[s->core[p]] == 0 && placement_board_may(b, v, p) &&
                (ssd < least - 1e-6 || (to < 0 && ssd <= least))) {
                least = ssd;
                to = p;
            }
        }
        if (to >= 0)
            move(s, v, to);
    }
}

/* What sd follows from while moves are carried out; where an origin isn't known, the mean changes, too. */
struct sums {
    double ssd; /* about the mean after the plan */
    double off; /* sum over pCPUs of capacity x (load - that mean) */
};

static double sd_of(const struct placement_board *b, const struct sums *sums)
{
    double mean = sums->off / b->capacity, variance = sums->ssd / b->capacity - mean * mean;

    return variance > 0 ? sqrt(variance) : 0;
}

static void add(const struct placement_scratch *s, struct sums *sums, int pcpu, double demand)
{
    const struct placement_board *b = &s->board;

    sums->ssd += demand * (2 * (s->after[pcpu] - b->mean) + demand * b->per_demand[pcpu]);
    sums->off += demand;
}

static struct sums sums_after(const struct placement_scratch *s, const struct sums *sums,
                              const struct placement_move *m)
{
    double demand = s->problem.vcpus[m->vcpu].demand_pct;
    struct sums after = *sums;

    if (m->from == m->to)
        return after;
    if (m->from >= 0)
        add(s, &after, m->from, -demand);
    add(s, &after, m->to, demand);
    return after;
}

static void carry_out(struct placement_scratch *s, struct sums *sums, struct placement_move *m)
{
    double demand = s->problem.vcpus[m->vcpu].demand_pct;
    struct sums after = sums_after(s, sums, m);

    m->gain = sd_of(&s->board, sums) - sd_of(&s->board, &after);
    *sums = after;
    if (m->from == m->to)
        return;
    if (m->from >= 0)
        s->after[m->from] -= demand * s->board.per_demand[m->from];
    s->after[m->to] += demand * s->board.per_demand[m->to];
}

static void sort_by_gain(struct placement_scratch *s, int n, const struct sums *sums)
{
    struct placement_board *b = &s->board;

    for (int k = 0; k < n; k++) {
        b->keys[k] = (struct placement_key){-sums_after(s, sums, &s->moves[k]).ssd, k};
        s->spare_moves[k] = s->moves[k];
    }
    placement_sort(b->keys, b->spare, n);
    for (int k = 0; k < n; k++)
        s->moves[k] = s->spare_moves[b->keys[k].id];
}

void placement_nearer_order(struct placement_scratch *s, int n)
{
    const struct placement_board *b = &s->board;
    struct sums sums = {0};

    for (int p = 0; p < b->n_pcpus; p++) {
        double off = s->after[p] - b->mean;

        sums.ssd += off * off * b->weight[p];
        sums.off += off * b->weight[p];
    }
    if (n > PICKED)
        sort_by_gain(s, n, &sums);
    for (int done = 0; done < n; done++) {
        struct placement_move move;
        double least = INFINITY;
        int next = done;

        for (int k = done; k < n && n <= PICKED; k++) {
            double ssd = sums_after(s, &sums, &s->moves[k]).ssd;

            if (ssd < least) {
                least = ssd;
                next = k;
            }
        }
        move = s->moves[next];
        s->moves[next] = s->moves[done];
        s->moves[done] = move;
        carry_out(s, &sums, &s->moves[done]);
    }
}
