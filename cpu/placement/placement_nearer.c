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
    LOOKED_AT = 32,      /* moves, largest demand first, that the next one is picked from */
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
            for (int p = 0; p < b->n_pcpus && s->work > 0; p++) /* it goes somewhere else instead */
                changed |= try_change(s, v, p, -1, limit);
            for (int stays = b->pinned_to[v] >= 0 ? b->head[b->pinned_to[v]] : -1, next; stays >= 0; stays = next) {
                next = b->next[stays]; /* another leaves where it came from instead */
                if (b->pinned_to[stays] == b->pinned_to[v] && b->at[v] != b->pinned_to[v])
                    changed |= try_change(s, v, b->pinned_to[v], stays, limit);
            }
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

/* The mean of the loads in s->after, and their ssd about it. */
struct spread {
    double mean, ssd;
};

/* Adds demand to a pCPU, and so to the mean: the sum of squares about the new one is the least. */
static void add(struct placement_scratch *s, struct spread *spread, int pcpu, double demand)
{
    const struct placement_board *b = &s->board;
    double more = demand * b->per_demand[pcpu], mean_more = demand / b->capacity;

    spread->ssd += demand * (2 * (s->after[pcpu] - spread->mean) + more - mean_more);
    spread->mean += mean_more;
    s->after[pcpu] += more;
}

/* By how much ssd falls by the move, given the loads in s->after; one from nowhere comes first. */
static double fall_by(const struct placement_scratch *s, const struct placement_move *m)
{
    const double *load = s->after, *per_demand = s->board.per_demand, demand = s->problem.vcpus[m->vcpu].demand_pct;

    if (m->from < 0)
        return INFINITY;
    return m->from == m->to
               ? 0
               : demand * (2 * (load[m->from] - load[m->to]) - demand * (per_demand[m->from] + per_demand[m->to]));
}

void placement_nearer_order(struct placement_scratch *s, int n)
{
    const struct placement_board *b = &s->board;
    struct spread spread = {.ssd = placement_board_ssd(b, placement_board_sd_of(b, s->after))};

    for (int p = 0; p < b->n_pcpus; p++)
        spread.mean += s->after[p] * b->weight[p] / b->capacity;
    for (int done = 0; done < n; done++) {
        double demand, before = placement_board_sd(b, spread.ssd);
        struct placement_move move;
        int next = done;

        for (int k = done + 1; k < n && k < done + LOOKED_AT; k++)
            if (fall_by(s, &s->moves[k]) > fall_by(s, &s->moves[next]))
                next = k;
        move = s->moves[next];
        s->moves[next] = s->moves[done];
        demand = s->problem.vcpus[move.vcpu].demand_pct;
        if (move.from >= 0)
            add(s, &spread, move.from, -demand);
        add(s, &spread, move.to, demand);
        move.gain = before - placement_board_sd(b, spread.ssd);
        s->moves[done] = move;
    }
}
