/*
 * Steepest descent. Each step is the single move, or the exchange of two vCPUs, that lowers ssd most for what it costs.
 * Pairs of pCPUs are looked at from the largest difference of load down; what a pair can give at most follows from its
 * two loads, so that as soon as no remaining pair can beat what was found, the step is known.
 */
#include "cpu/placement/placement_inside.h"

#include <string.h>

enum {
    /* A step that costs no move counts as so many times as steep as one that costs one. With 2, forced plans of 2,000
     * vCPUs take 3 % more moves. */
    COSTLESS_WEIGHT = 8,
    /* pCPUs from the top, and for each of them from the bottom, that are looked at for one step where it isn't known
     * sooner: with 12 forced plans take half as long again, and no fewer moves. */
    WIDTH = 4,
    /* vCPUs of a pCPU looked at below the demand that fits best; and those that may not go where it is asked for. With
     * no end of the first, forced plans of 2,000 vCPUs take four to seven times as long, and no fewer moves. */
    PAST_BEST = 8,
    PAST_BEST_BARRED = 64,
};

struct step {
    double score;          /* fall of ssd for what it costs; 0: nothing lowers it */
    int vcpu, to, partner; /* partner: vCPU that goes the other way, -1 none */
};

/* The part of what the outermost pair of pCPUs could give at most that a step must give to be taken at once. */
static const double accept = 0.98;

/* A pair of pCPUs that a step may lie between. */
struct pair {
    const struct placement_board *b;
    int from, to;
    double fit; /* the demand that lowers ssd most if so much goes over; twice as much lowers nothing */
    bool any;   /* some vCPU may go, whether it helps or not */
    struct step best;
};

/* The most that a fall of ssd can count, where some vCPUs may go at no cost. */
static double most_weight(int costless)
{
    return costless ? COSTLESS_WEIGHT : 1;
}

/* The most by which ssd can fall when no more than `demand` leaves the higher of two pCPUs whose loads differ by gap;
 * per_demand is the sum of what a point of demand makes on either. */
static double gain_limit(double gap, double per_demand, double demand)
{
    return demand * per_demand < gap ? demand * (2 * gap - demand * per_demand) : gap * gap / per_demand;
}

/* The step by which the vCPU goes over, and its partner, unless that is -1, comes back. */
static void consider(struct pair *p, int vcpu, int partner)
{
    const struct placement_board *b = p->b;
    double demand = b->demand[vcpu], score;
    int cost = placement_board_more_cost(b, vcpu, p->to);

    if (partner >= 0) {
        demand -= b->demand[partner];
        cost += placement_board_more_cost(b, partner, p->from);
    }
    if (demand <= 0 || demand >= 2 * p->fit || (cost > 0 && b->pinned_stay) ||
        (partner >= 0 && !placement_board_may(b, partner, p->from)))
        return;
    score = placement_board_gain(b, demand, p->from, p->to) * (cost > 0 ? 1.0 / cost : COSTLESS_WEIGHT);
    if (score > p->best.score && score > PLACEMENT_SSD_EPS)
        p->best = (struct step){score, vcpu, p->to, partner};
}

/* Exchanges of the vCPU with the two on `to` whose demands are on either side of what fits best; searched from *near
 * on, which moves down the list. */
static void consider_partners(struct pair *p, int vcpu, int *near)
{
    const struct placement_board *b = p->b;
    double wanted = b->demand[vcpu] - p->fit;

    while (b->demand[*near] > wanted && b->next[*near] >= 0)
        *near = b->next[*near];
    consider(p, vcpu, *near);
    if (b->prev[*near] >= 0)
        consider(p, vcpu, b->prev[*near]);
}

static void consider_pair(struct pair *p)
{
    const struct placement_board *b = p->b;
    int near = b->head[p->to], past = 0, barred = 0;
    double gap = b->load[p->from] - b->load[p->to], per_demand = b->per_demand[p->from] + b->per_demand[p->to];
    double weight = most_weight(b->costless[p->from] + b->costless[p->to]);

    for (int v = b->head[p->from]; v >= 0 && past < PAST_BEST && barred < PAST_BEST_BARRED; v = b->next[v]) {
        bool small = b->demand[v] <= p->fit;

        if (!placement_board_may(b, v, p->to)) {
            barred += small;
            continue;
        }
        p->any = true;
        if (gain_limit(gap, per_demand, b->demand[v]) * weight <= p->best.score)
            break; /* nor can those below */
        consider(p, v, -1);
        if (near >= 0)
            consider_partners(p, v, &near);
        past += small;
    }
    p->any = p->any || barred == PAST_BEST_BARRED; /* there may be some further down */
}

/* Looks for steps from one pCPU to those with least load, until one gives enough. Returns false when there are none,
 * good or bad. enough: < 0 until it is known. */
static bool consider_from(struct placement_board *b, int from, double *enough, struct step *best)
{
    double per_demand = b->per_demand[from] + b->least_per_demand;
    bool found = false;

    for (int r = b->n_pcpus - 1, left = WIDTH; left > 0 && r > b->rank[from]; r--) {
        int to = b->order[r];
        double gap = b->load[from] - b->load[to], limit = gain_limit(gap, per_demand, b->demand[b->head[from]]);
        struct pair p = {.b = b, .from = from, .to = to, .fit = gap / (b->per_demand[from] + b->per_demand[to])};

        if (!placement_mask_has(placement_board_reach(b, from), to))
            continue;
        if (limit <= PLACEMENT_SSD_EPS)
            break; /* nor can those that follow */
        if (limit * most_weight(b->n_costless) <= best->score)
            return true;
        if (*enough < 0)
            *enough = limit * accept;
        consider_pair(&p);
        left -= p.any;
        if (!p.any)
            placement_board_renew_reach(b, from);
        found |= p.best.score > 0;
        if (p.best.score > best->score)
            *best = p.best;
        if (best->score >= *enough)
            return true;
    }
    return found;
}

/* Finds the next step; false when nothing lowers ssd. */
static bool find_step(struct placement_board *b, struct step *best)
{
    double enough = -1;
    int looked_at = 0;

    *best = (struct step){.score = 0};
    for (int high = 0; high < b->n_pcpus; high++) {
        int from = b->order[high];
        double gap = b->load[from] - b->load[b->order[b->n_pcpus - 1]];
        double most = gap * gap / (2 * b->least_per_demand) * most_weight(b->n_costless);

        if (best->score > 0 && (looked_at >= WIDTH || most <= best->score || best->score >= enough))
            break;
        if (b->stuck[from] || b->head[from] < 0)
            continue;
        looked_at++;
        b->stuck[from] = !consider_from(b, from, &enough, best);
    }
    return best->score > 0;
}

void placement_descend(struct placement_board *b, double target)
{
    struct step step;

    memset(b->stuck, 0, (size_t)b->n_pcpus * sizeof(*b->stuck));
    for (int p = 0; p < b->n_pcpus; p++)
        placement_board_renew_reach(b, p);
    while (b->ssd > target && find_step(b, &step)) {
        int from = b->at[step.vcpu];

        if (step.partner >= 0)
            placement_board_exchange(b, step.vcpu, step.partner);
        else
            placement_board_move(b, step.vcpu, step.to);
        b->stuck[from] = b->stuck[step.to] = false;
    }
}

bool placement_take_one_back(struct placement_board *b, double limit)
{
    double least = limit;
    int back = -1;

    for (int v = 0; v < b->n_vcpus; v++) {
        double ssd;

        if (!placement_board_cost(b, v, b->at[v]))
            continue;
        ssd = b->ssd - placement_board_gain(b, b->demand[v], b->at[v], b->pinned_to[v]);
        if (ssd <= least) {
            least = ssd;
            back = v;
        }
    }
    if (back >= 0)
        placement_board_move(b, back, b->pinned_to[back]);
    return back >= 0;
}
