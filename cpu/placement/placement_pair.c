#include "cpu/placement/placement_pair.h"

enum {
    FEW = 24,            /* items on each of the two up to which every step is looked at */
    PARTNERS = 1,        /* see struct pair */
    PARTNERS_LOOSE = 3,  /* the same where some cost nothing */
    ITEMS_PAST_BEST = 8, /* items looked at below the demand that fits a pair of pCPUs best */
};

static const double square_eps = 1e-7; /* what counts as lower */

struct pair {
    struct placement_board *b;
    const struct placement_steps *steps;
    int from, to;
    double gap;        /* of their loads */
    double weight;     /* most that the gain of a step counts, by what it costs */
    double weights[5]; /* the same for a step of so many moves more than before: from -2 on */
    int enough;        /* partners looked at to either side of the demand that fits best */
    struct placement_step *best;
};

/* How much a fall of square counts for so many moves more than before; 0: not allowed. */
static double weight_of(const struct placement_steps *steps, int price)
{
    if (steps->free && price > 0)
        return 0;
    if (steps->greedy)
        return 1;
    return price > 0 ? 1.0 / price : PLACEMENT_FREE_WEIGHT;
}

/* A step by which `demand` more leaves `from` than comes back. */
static void consider(const struct pair *p, int item, int partner, double demand, int price)
{
    double score = 2 * demand * (p->gap - demand) * p->weights[price + 2];

    if (score > p->best->score) {
        p->best->score = score;
        p->best->item = item;
        p->best->partner = partner;
    }
}

/* Items of one pCPU that may go to the other. */
struct side {
    int n;
    int item[FEW], price[FEW]; /* price: moves more than before if it goes */
    double demand[FEW];        /* falling */
};

static void gather(const struct placement_board *b, int pcpu, int other, bool only_loose, struct side *side)
{
    int n = 0;

    for (int i = b->head[pcpu]; i >= 0; i = b->next[i]) {
        if (!placement_board_may(b, i, other) || (only_loose && b->origin[i] == pcpu))
            continue;
        side->item[n] = i;
        side->price[n] = placement_board_price_change(b, i, other);
        side->demand[n++] = b->demand[i];
    }
    side->n = n;
}

/* Every step there is. Those that lower square are the ones by which more than nothing and less than the gap goes. */
static void consider_all(const struct pair *p)
{
    struct side from, to;
    int first = 0;

    gather(p->b, p->from, p->to, p->steps->free, &from);
    gather(p->b, p->to, p->from, p->steps->free, &to);
    p->best->any = from.n > 0;
    for (int i = 0; i < from.n; i++) {
        double demand = from.demand[i];

        if (placement_pair_gain_limit(p->gap, demand) * p->weight <= p->best->score)
            break; /* nor can those below */
        if (demand < p->gap)
            consider(p, from.item[i], -1, demand, from.price[i]);
        while (first < to.n && to.demand[first] >= demand)
            first++;
        for (int k = first; k < to.n && demand - to.demand[k] < p->gap; k++)
            consider(p, from.item[i], to.item[k], demand - to.demand[k], from.price[i] + to.price[k]);
    }
}

static void consider_partner(const struct pair *p, int item, int partner)
{
    const struct placement_board *b = p->b;
    double demand = b->demand[item] - b->demand[partner];

    if (demand > 0 && demand < p->gap && placement_board_may(b, partner, p->from))
        consider(p, item, partner, demand,
                 placement_board_price_change(b, item, p->to) + placement_board_price_change(b, partner, p->from));
}

/* Exchanges of item with those on `to` whose demand is nearest to what fits best, from *near on, which moves down the
 * list. */
static void consider_partners(const struct pair *p, int item, int *near)
{
    const struct placement_board *b = p->b;
    double demand = b->demand[item], wanted = demand - p->gap / 2;
    int at = *near;

    while (b->demand[at] > wanted && b->next[at] >= 0)
        at = b->next[at];
    *near = at;
    for (int left = p->enough; at >= 0 && left > 0; at = b->next[at], left--)
        consider_partner(p, item, at);
    at = b->prev[*near];
    for (int left = p->enough; at >= 0 && left > 0 && b->demand[at] < demand; at = b->prev[at], left--)
        consider_partner(p, item, at);
}

/* Steps between pCPUs that hold many items. */
static void consider_nearest(const struct pair *p)
{
    struct placement_board *b = p->b;
    int near = b->head[p->to], past = 0, next;

    for (int item = b->head[p->from]; item >= 0 && past < ITEMS_PAST_BEST; item = next) {
        bool may = placement_board_may(b, item, p->to);

        next = may ? b->next[item] : placement_board_past_alike(b, item);
        if (!may || (p->steps->free && b->origin[item] == p->from))
            continue;
        p->best->any = true;
        if (placement_pair_gain_limit(p->gap, b->demand[item]) * p->weight <= p->best->score)
            break; /* nor can those below */
        if (b->demand[item] < p->gap)
            consider(p, item, -1, b->demand[item], placement_board_price_change(b, item, p->to));
        if (near >= 0)
            consider_partners(p, item, &near);
        if (b->demand[item] <= p->gap / 2)
            past++;
    }
}

void placement_pair_best(struct placement_board *b, const struct placement_steps *steps, int from, int to,
                         struct placement_step *best)
{
    int loose = b->loose[from] + b->loose[to];
    struct pair p = {
        .b = b,
        .steps = steps,
        .from = from,
        .to = to,
        .gap = b->load[from] - b->load[to],
        .weight = placement_pair_weight(steps, loose),
        .enough = loose ? PARTNERS_LOOSE : PARTNERS,
        .best = best,
    };

    for (int price = -2; price <= 2; price++)
        p.weights[price + 2] = weight_of(steps, price);
    *best = (struct placement_step){.to = to, .item = -1, .partner = -1, .score = 0};
    if (b->count[from] <= FEW && b->count[to] <= FEW)
        consider_all(&p);
    else
        consider_nearest(&p);
    if (best->score <= square_eps)
        best->score = 0;
}
