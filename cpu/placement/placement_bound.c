/*
 * What no placement gets below. Both bounds leave out parts of the problem, and so hold for every placement.
 *
 * One: demand that could be divided would fill the lowest pCPUs like water. That level is the point of a convex set
 * nearest to the mean, so the squared distance of any placement from the mean is at least that of the level, and on top
 * of it its own squared distance from the level. The latter is at least what follows from whole vCPUs: k of them on a
 * pCPU come to no less than the k smallest and no more than the k largest, and there are only so many in all (a
 * constraint with a price, after Lagrange). Nearest where vCPUs want about the same.
 *
 * Two, where all pCPUs are full ones: the m highest loads together are at least as high as the m highest backgrounds;
 * as the j largest vCPUs on the j lowest backgrounds, with the other highest backgrounds beside; as the demand that
 * masks confine to m pCPUs. Of all loads that keep to these sums the flattest are the slopes of their concave hull
 * (Marshall, Olkin, Arnold, Inequalities: Theory of Majorization). Nearest where vCPUs want all sorts.
 */
#include "cpu/placement/placement_inside.h"

#include <math.h>

enum {
    MASKS_COMPARED = 64, /* masks that are looked at; leaving others out only lowers the bound */
    PRICES = 20,         /* that are tried: halving as often leaves a millionth */
};

/* The pCPUs and vCPUs of a group. */
struct group {
    const struct placement_board *b;
    struct placement_bound_area *area;
    const int *mask; /* per vCPU of the board */
    int id;          /* area->group of its pCPUs */
    int n_pcpus, n_vcpus;
    double demand; /* of its vCPUs */
};

static int root_of(int *group, int pcpu)
{
    while (group[pcpu] != pcpu)
        pcpu = group[pcpu] = group[group[pcpu]];
    return pcpu;
}

static void join(int *group, int a, int b)
{
    group[root_of(group, a)] = root_of(group, b);
}

static int first_of(const struct placement_board *b, int mask)
{
    const uint64_t *bits = placement_board_mask(b, mask);

    for (int w = 0; w < b->words; w++)
        if (bits[w])
            return w * 64 + __builtin_ctzll(bits[w]);
    return -1;
}

/* Joins pCPUs which some vCPU may be on, and leaves each pCPU's group in area->group. */
static void find_groups(const struct placement_board *b, const int *mask, struct placement_bound_area *area)
{
    for (int p = 0; p < b->n_pcpus; p++)
        area->group[p] = p;
    for (int v = 0; v < b->n_vcpus; v++)
        area->joined[mask[v]] = false;
    for (int v = 0; v < b->n_vcpus; v++) {
        int first = first_of(b, mask[v]);

        if (first >= 0 && !area->joined[mask[v]]) {
            area->joined[mask[v]] = true;
            for (int p = first; p < b->n_pcpus; p++)
                if (placement_mask_has(placement_board_mask(b, mask[v]), p))
                    join(area->group, p, first);
        }
        if (first >= 0 && b->pinned_to[v] >= 0)
            join(area->group, b->pinned_to[v], first);
    }
    for (int p = 0; p < b->n_pcpus; p++)
        area->group[p] = root_of(area->group, p);
}

static bool has_vcpu(const struct group *g, int vcpu)
{
    int first = first_of(g->b, g->mask[vcpu]);

    return g->area->group[first >= 0 ? first : g->b->pinned_to[vcpu]] == g->id;
}

static void list_vcpus(struct group *g)
{
    double *largest = g->area->largest;

    largest[0] = 0;
    g->demand = 0;
    for (int v = 0; v < g->b->n_vcpus; v++)
        if (has_vcpu(g, v)) {
            largest[g->n_vcpus + 1] = largest[g->n_vcpus] + g->b->demand[v];
            g->n_vcpus++;
            g->demand += g->b->demand[v];
        }
}

/* Leaves in area->level the loads that were best if demand could be divided. Returns their share of ssd. */
static double pour(struct group *g)
{
    const struct placement_board *b = g->b;
    double work = g->demand, capacity = 0, level = 0, ssd = 0;
    int n = 0;

    for (int p = 0; p < b->n_pcpus; p++)
        if (g->area->group[p] == g->id)
            b->keys[n++] = (struct placement_key){-b->base[p], p};
    placement_sort(b->keys, b->spare, n);
    for (int k = 0; k < n && g->demand > 0 && (k == 0 || -b->keys[k].key < level); k++) {
        work += b->base[b->keys[k].id] * b->weight[b->keys[k].id];
        capacity += b->weight[b->keys[k].id];
        level = work / capacity;
    }
    for (int k = 0; k < n; k++) {
        int p = b->keys[k].id;

        g->area->level[p] = fmax(b->base[p], level);
        ssd += (g->area->level[p] - b->mean) * (g->area->level[p] - b->mean) * b->weight[p];
    }
    g->n_pcpus = n;
    return ssd;
}

/* How far k vCPUs on a pCPU are at least from the demand wanted there, squared. Convex in k. */
static inline double off(const struct group *g, double wanted, int k)
{
    double least = g->demand - g->area->largest[g->n_vcpus - k], most = g->area->largest[k];
    double by = least > wanted ? least - wanted : most < wanted ? wanted - most : 0;

    return by * by;
}

/* Lowest sum of what is off less the price of each vCPU, the counts going on from where they are; *n: vCPUs in it. */
static double sum_at_price(const struct group *g, double price, int *n)
{
    double sum = 0;

    *n = 0;
    for (int p = 0; p < g->b->n_pcpus; p++) {
        double wanted = g->area->sorted[p], weight = g->b->per_demand[p], cost, next;
        int k = g->area->count[p];

        if (g->area->group[p] != g->id)
            continue;
        cost = off(g, wanted, k) * weight;
        for (; k < g->n_vcpus && (next = off(g, wanted, k + 1) * weight) - price < cost; k++)
            cost = next;
        for (; k > 0 && (next = off(g, wanted, k - 1) * weight) + price < cost; k--)
            cost = next;
        g->area->count[p] = k;
        sum += cost - price * k;
        *n += k;
    }
    return sum;
}

/* What all pCPUs together are at least off their levels, as they carry whole vCPUs; the price is sought by bisection.
 */
static double off_by_whole_vcpus(const struct group *g)
{
    double low, high, best, most = 0, largest = g->n_vcpus ? g->area->largest[1] : 0;
    int n;

    for (int p = 0; p < g->b->n_pcpus; p++) {
        g->area->count[p] = 0;
        g->area->sorted[p] = (g->area->level[p] - g->b->base[p]) * g->b->weight[p];
        most = fmax(most, 4 * largest * largest * g->b->per_demand[p]);
    }
    best = sum_at_price(g, 0, &n);
    low = n < g->n_vcpus ? 0 : -most;
    high = n < g->n_vcpus ? most : 0;
    for (int k = 0; best > 0 && k < PRICES && n != g->n_vcpus; k++) {
        double price = (low + high) / 2;

        best = fmax(best, sum_at_price(g, price, &n) + price * g->n_vcpus);
        if (n < g->n_vcpus)
            low = price;
        else
            high = price;
    }
    return best;
}

static void raise(const struct group *g, int m, double sum)
{
    if (m > 0 && m < g->n_pcpus && sum > g->area->floor[m])
        g->area->floor[m] = sum;
}

/* The j largest vCPUs lie on j pCPUs or fewer; l others are those of the highest background. */
static void bound_by_largest(const struct group *g)
{
    const double *rising = g->area->sorted, *largest = g->area->largest;
    double low = 0;

    for (int j = 0; j <= g->n_vcpus && j < g->n_pcpus; j++) {
        double high = 0;

        low += j > 0 ? rising[j - 1] : 0;
        raise(g, j, largest[j] + low);
        for (int l = 1; j + l < g->n_pcpus; l++) {
            high += rising[g->n_pcpus - l];
            raise(g, j + l, largest[j] + low + high);
        }
    }
}

static bool mask_within(const struct placement_board *b, int part, int whole)
{
    const uint64_t *a = placement_board_mask(b, part), *o = placement_board_mask(b, whole);

    for (int w = 0; w < b->words; w++)
        if (a[w] & ~o[w])
            return false;
    return true;
}

/* vCPUs whose masks lie within a mask stay there, with its background; who is outside of its mask may stay there. */
static void bound_by_masks(const struct group *g)
{
    const struct placement_board *b = g->b;

    for (int m = 0; m < b->n_masks && m < MASKS_COMPARED; m++) {
        double sum = 0;
        int pcpus = 0, outside = 0;

        for (int p = 0; p < b->n_pcpus; p++)
            if (placement_mask_has(placement_board_mask(b, m), p)) {
                sum += b->base[p];
                pcpus++;
                outside += g->area->group[p] != g->id;
            }
        if (outside || pcpus == g->n_pcpus)
            continue;
        for (int v = 0; v < b->n_vcpus; v++)
            if (mask_within(b, g->mask[v], m) &&
                (b->pinned_to[v] < 0 || placement_mask_has(placement_board_mask(b, m), b->pinned_to[v])))
                sum += b->demand[v];
        raise(g, pcpus, sum);
    }
}

/* The share of ssd of the flattest loads whose m highest come to no less than floor[m] for each m. */
static double ssd_of_flattest(const struct group *g)
{
    const double *floor = g->area->floor;
    int *hull = g->area->count, n = 0;
    double ssd = 0;

    for (int m = 0; m <= g->n_pcpus; m++) {
        while (n >= 2 && (floor[hull[n - 1]] - floor[hull[n - 2]]) * (m - hull[n - 2]) <=
                             (floor[m] - floor[hull[n - 2]]) * (hull[n - 1] - hull[n - 2]))
            n--;
        hull[n++] = m;
    }
    for (int s = 1; s < n; s++) {
        int width = hull[s] - hull[s - 1];
        double load = (floor[hull[s]] - floor[hull[s - 1]]) / width;

        ssd += width * (load - g->b->mean) * (load - g->b->mean);
    }
    return ssd;
}

/* The second way; the pCPUs are still listed as keys by rising background, and so by rising level. */
static double ssd_by_sums(const struct group *g)
{
    const struct placement_key *keys = g->b->keys;

    g->area->floor[0] = 0;
    for (int k = 0; k < g->n_pcpus; k++) {
        g->area->sorted[k] = g->b->base[keys[k].id];
        g->area->floor[k + 1] = g->area->floor[k] + g->area->level[keys[g->n_pcpus - 1 - k].id];
    }
    bound_by_largest(g);
    bound_by_masks(g);
    return ssd_of_flattest(g);
}

double placement_bound_sd(const struct placement_board *b, const int *mask, struct placement_bound_area *area)
{
    double ssd = 0, sd;

    find_groups(b, mask, area);
    for (int p = 0; p < b->n_pcpus; p++) {
        struct group g = {.b = b, .area = area, .mask = mask, .id = p};
        double poured;

        if (area->group[p] != p)
            continue;
        list_vcpus(&g);
        poured = pour(&g);
        poured += off_by_whole_vcpus(&g);
        ssd += b->all_full ? fmax(poured, ssd_by_sums(&g)) : poured;
    }
    sd = placement_board_sd(b, ssd);
    return sd > 1e-6 ? sd - 1e-6 : 0; /* lower by less than anybody shows, so that rounding doesn't make it untrue */
}

/* What ssd falls by, at most, when a vCPU leaves a pCPU whose load is so far above the mean. */
static double fall(const struct placement_board *b, int pcpu, double above, int vcpu)
{
    double left = fmax(above - b->demand[vcpu] * b->per_demand[pcpu], 0);

    return (above * above - left * left) * b->weight[pcpu];
}

static int next_pinned(const struct placement_board *b, int vcpu)
{
    while (vcpu >= 0 && b->pinned_to[vcpu] < 0)
        vcpu = b->next[vcpu];
    return vcpu;
}

/* Takes the vCPU that lowers ssd most off its pCPU, the largest of each pCPU, next[pcpu], first. Returns the fall. */
static double take_largest(const struct placement_board *b, double *above, int *next)
{
    double best = 0;
    int at = -1;

    for (int p = 0; p < b->n_pcpus; p++) {
        double gain = next[p] >= 0 && above[p] > 0 ? fall(b, p, above[p], next[p]) : 0;

        if (gain > best) {
            best = gain;
            at = p;
        }
    }
    if (at >= 0) {
        above[at] = fmax(above[at] - b->demand[next[at]] * b->per_demand[at], 0);
        next[at] = next_pinned(b, b->next[next[at]]);
    }
    return best;
}

int placement_bound_moves(const struct placement_board *b, double target, int limit, struct placement_bound_area *area)
{
    double *above = area->level, over = 0, taken = 1;
    int *next = area->group, moves = 0;

    for (int p = 0; p < b->n_pcpus; p++) {
        above[p] = b->load[p] - b->mean;
        for (int v = b->head[p]; v >= 0; v = b->next[v])
            above[p] -= b->pinned_to[v] < 0 ? b->demand[v] * b->per_demand[p] : 0;
        next[p] = next_pinned(b, b->head[p]);
        over += above[p] > 0 ? above[p] * above[p] * b->weight[p] : 0;
    }
    for (; moves < limit && taken > 0 && over > target; moves++) {
        taken = take_largest(b, above, next);
        over -= taken;
    }
    return taken > 0 ? moves : limit;
}
