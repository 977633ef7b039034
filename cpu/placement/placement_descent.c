/*
 * Steepest descent. Each step is the single move, or the exchange of two vCPUs, that lowers ssd most for what it costs.
 * Pairs of pCPUs are looked at from the largest difference of load down; what a pair can give at most follows from its
 * two loads, so that as soon as no remaining pair can beat what was found, the step is known.
 */
#include "cpu/placement/placement_inside.h"

#include <math.h>
#include <string.h>

enum {
    /* A step that costs no move counts as so many times as steep. Without it (and without dividing by moves) forced
     * plans of 500 vCPUs take 5 % more moves. */
    COSTLESS_WEIGHT = 8,
    /* pCPUs from the top, and for each of them from the bottom, that are looked at for one step where it isn't known
     * sooner: with 12 forced plans take half as long again, and no fewer moves. */
    WIDTH = 4,
    /* vCPUs of a pCPU looked at below the demand that fits best; and those that may not go where it is asked for. With
     * no end of the first, forced plans of 2,000 vCPUs take four to seven times as long, and no fewer moves. */
    PAST_BEST = 8,
    PAST_BEST_BARRED = 64,
};

/* The part of what the outermost pair could give that a step must give to be taken at once. */
static const double accept = 0.95;

struct step {
    double score;          /* fall of ssd for what it costs; 0: nothing lowers it */
    int vcpu, to, partner; /* partner: vCPU that goes the other way, -1 none */
};

/* The search for one step. */
struct search {
    struct placement_board *b;
    const struct placement_descent *d;
    double weights[5]; /* how much a fall of ssd counts for so many moves more: from -2 on; 0: not allowed */
    double enough;     /* a score that will do; < 0: not known yet */
    struct step best;
};

/* A pair of pCPUs that a step may lie between. */
struct pair {
    struct search *s;
    int from, to;
    double gap;    /* of their loads */
    double fit;    /* the demand that lowers ssd most if so much goes over; twice as much lowers nothing */
    double weight; /* most that a fall can count */
    bool any;      /* some vCPU may go, whether it helps or not */
    struct step best;
};

static void weigh(struct search *s)
{
    for (int cost = -2; cost <= 2; cost++) {
        double *weight = &s->weights[cost + 2];

        if (s->d->only_costless && cost > 0)
            *weight = 0;
        else if (s->d->greedy)
            *weight = 1;
        else
            *weight = cost > 0 ? 1.0 / cost : COSTLESS_WEIGHT;
    }
}

static double most_weight(const struct search *s, int costless)
{
    return s->d->greedy || !costless ? 1 : COSTLESS_WEIGHT;
}

/* The most by which ssd can fall when no more than `demand` leaves the higher of two pCPUs whose loads differ by gap;
 * per_demand is the sum of what a point of demand makes on either. */
static double gain_limit(double gap, double per_demand, double demand)
{
    return demand * per_demand < gap ? demand * (2 * gap - demand * per_demand) : gap * gap / per_demand;
}

/* The same, known without looking at more than the largest and the least of their vCPUs; 0 where nothing helps. `from`
 * must have vCPUs. */
static double pair_limit(const struct placement_board *b, int from, int to)
{
    double gap = b->load[from] - b->load[to], per_demand = b->per_demand[from] + b->per_demand[to];
    double demand = b->demand[b->head[from]];

    if (b->demand[b->tail[from]] * per_demand >= 2 * gap) /* nothing can go without something coming back */
        demand -= b->tail[to] >= 0 ? b->demand[b->tail[to]] : demand;
    return gap > 0 && demand > 0 ? gain_limit(gap, per_demand, demand) : 0;
}

/* A step by which `demand` more leaves `from` than comes back. */
static void consider(struct pair *p, int vcpu, int partner, double demand)
{
    const struct placement_board *b = p->s->b;
    int cost = placement_board_more_cost(b, vcpu, p->to);
    double score;

    if (partner >= 0)
        cost += placement_board_more_cost(b, partner, p->from);
    score = placement_board_gain(b, demand, p->from, p->to) * p->s->weights[cost + 2];
    if (score > p->best.score && score > PLACEMENT_SSD_EPS)
        p->best = (struct step){score, vcpu, p->to, partner};
}

static void consider_partner(struct pair *p, int vcpu, int partner)
{
    const struct placement_board *b = p->s->b;
    double demand = partner >= 0 ? b->demand[vcpu] - b->demand[partner] : 0;

    if (demand > 0 && demand < 2 * p->fit && placement_board_may(b, partner, p->from))
        consider(p, vcpu, partner, demand);
}

/* Exchanges of the vCPU with the two on `to` whose demands are on either side of what fits best; searched from *near
 * on, which moves down the list. */
static void consider_partners(struct pair *p, int vcpu, int *near)
{
    const struct placement_board *b = p->s->b;
    double wanted = b->demand[vcpu] - p->fit;

    while (b->demand[*near] > wanted && b->next[*near] >= 0)
        *near = b->next[*near];
    consider_partner(p, vcpu, *near);
    consider_partner(p, vcpu, b->prev[*near]);
}

static void consider_pair(struct pair *p)
{
    const struct placement_board *b = p->s->b;
    int near = b->head[p->to], past = 0, barred = 0;
    double per_demand = b->per_demand[p->from] + b->per_demand[p->to];

    for (int v = b->head[p->from]; v >= 0 && past < PAST_BEST && barred < PAST_BEST_BARRED; v = b->next[v]) {
        bool small = b->demand[v] <= p->fit;

        if (!placement_board_may(b, v, p->to)) {
            barred += small;
            continue;
        }
        if (p->s->d->only_costless && b->pinned_to[v] == p->from)
            continue;
        p->any = true;
        if (gain_limit(p->gap, per_demand, b->demand[v]) * p->weight <= p->best.score)
            break; /* nor can those below */
        if (b->demand[v] < 2 * p->fit)
            consider(p, v, -1, b->demand[v]);
        if (near >= 0)
            consider_partners(p, v, &near);
        past += small;
    }
    p->any = p->any || barred == PAST_BEST_BARRED; /* there may be some further down */
}

static bool is_enough(const struct search *s)
{
    return s->enough >= 0 && s->best.score >= s->enough;
}

/* Looks for steps from one pCPU to those with least load. Returns false when there are none, good or bad. */
static bool consider_from(struct search *s, int from)
{
    struct placement_board *b = s->b;
    double per_demand = b->per_demand[from] + b->least_per_demand;
    bool found = false;

    for (int r = b->n_pcpus - 1, left = WIDTH; left > 0 && r > b->rank[from]; r--) {
        int to = b->order[r];
        struct pair p = {.s = s, .from = from, .to = to, .gap = b->load[from] - b->load[to]};
        double limit;

        if (!placement_mask_has(placement_board_reach(b, from), to))
            continue;
        limit = gain_limit(p.gap, per_demand, b->demand[b->head[from]]);
        if (limit <= PLACEMENT_SSD_EPS)
            break; /* nor can those that follow */
        if (limit * most_weight(s, b->n_costless) <= s->best.score)
            return true;
        limit = pair_limit(b, from, to);
        p.fit = p.gap / (b->per_demand[from] + b->per_demand[to]);
        p.weight = most_weight(s, b->costless[from] + b->costless[to]);
        if (limit <= PLACEMENT_SSD_EPS) {
            left--;
            continue;
        }
        if (limit * p.weight <= s->best.score)
            continue;
        if (s->enough < 0)
            s->enough = limit * accept;
        consider_pair(&p);
        left -= p.any;
        if (!p.any && !s->d->only_costless)
            placement_board_renew_reach(b, from);
        found |= p.best.score > 0;
        if (p.best.score > s->best.score)
            s->best = p.best;
        if (is_enough(s))
            return true;
    }
    return found;
}

/* Finds the next step; false when nothing lowers ssd. */
static bool find_step(struct search *s)
{
    struct placement_board *b = s->b;
    int looked_at = 0;

    s->enough = -1;
    s->best = (struct step){.score = 0};
    for (int high = 0; high < b->n_pcpus && !is_enough(s); high++) {
        int from = b->order[high];
        double gap = b->load[from] - b->load[b->order[b->n_pcpus - 1]];
        double most = gap * gap / (2 * b->least_per_demand) * most_weight(s, b->n_costless);

        if (s->best.score > 0 && (looked_at >= WIDTH || most <= s->best.score))
            break;
        if (b->stuck[from] || (s->d->only_costless ? !b->costless[from] : b->head[from] < 0))
            continue;
        looked_at++;
        if (!consider_from(s, from))
            b->stuck[from] = true;
    }
    return s->best.score > 0;
}

static void carry_out(struct placement_board *b, const struct step *step)
{
    int from = b->at[step->vcpu];

    if (step->partner >= 0)
        placement_board_exchange(b, step->vcpu, step->partner);
    else
        placement_board_move(b, step->vcpu, step->to);
    b->stuck[from] = b->stuck[step->to] = false;
}

void placement_descend(struct placement_board *b, const struct placement_descent *d)
{
    struct search s = {.b = b, .d = d};

    weigh(&s);
    memset(b->stuck, 0, (size_t)b->n_pcpus * sizeof(*b->stuck));
    for (int p = 0; p < b->n_pcpus; p++)
        placement_board_renew_reach(b, p);
    while (b->ssd > d->target && find_step(&s))
        carry_out(b, &s.best);
}

/* What ssd becomes when the vCPU goes back. */
static double ssd_without(const struct placement_board *b, int vcpu)
{
    return b->ssd - placement_board_gain(b, b->demand[vcpu], b->at[vcpu], b->pinned_to[vcpu]);
}

void placement_take_back(struct placement_board *b, double limit)
{
    int taken;

    do {
        int n = 0;

        taken = 0;
        for (int v = b->n_vcpus - 1; v >= 0; v--)
            if (placement_board_cost(b, v, b->at[v]) && ssd_without(b, v) <= limit)
                b->keys[n++] = (struct placement_key){-ssd_without(b, v), v};
        placement_sort(b->keys, b->spare, n);
        for (int k = 0; k < n; k++)
            if (ssd_without(b, b->keys[k].id) <= limit) {
                placement_board_move(b, b->keys[k].id, b->pinned_to[b->keys[k].id]);
                taken++;
            }
    } while (taken);
}
