#include "cpu/placement/placement_lattice.h"

enum { PRICES = 20 }; /* that are tried */

static double squared(double x)
{
    return x * x;
}

/* What k items come to at least. */
static double least(const struct placement_lattice *l, int k)
{
    return l->sums[l->n_items] - l->sums[l->n_items - k];
}

/* How far k items leave a room from being just full, squared, at the least. Convex in k. */
static double off(const struct placement_lattice *l, double room, int k)
{
    if (least(l, k) > room)
        return squared(least(l, k) - room);
    return l->sums[k] < room ? squared(room - l->sums[k]) : 0;
}

/* The most items that may come to no more than the room. */
static int most_within(const struct placement_lattice *l, double room)
{
    int low = 0, high = l->n_items;

    while (low < high) {
        int middle = (low + high + 1) / 2;

        if (least(l, middle) <= room)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Lowest sum of what is off less the price of each item, the counts going on from where they are; *n: items in it. */
static double sum_at(const struct placement_lattice *l, double price, int *n)
{
    double sum = 0;

    *n = 0;
    for (int p = 0; p < l->n_pcpus; p++) {
        int k = l->count[p];
        double cost = off(l, l->room[p], k), next;

        for (; k < l->n_items && (next = off(l, l->room[p], k + 1)) - price < cost; k++)
            cost = next;
        for (; k > 0 && (next = off(l, l->room[p], k - 1)) + price < cost; k--)
            cost = next;
        l->count[p] = k;
        sum += cost - price * k;
        *n += k;
    }
    return sum;
}

double placement_lattice_square(const struct placement_lattice *l)
{
    double low, high, best;
    int n;

    for (int p = 0; p < l->n_pcpus; p++)
        l->count[p] = most_within(l, l->room[p]);
    best = sum_at(l, 0, &n);
    if (best <= 0 || n == l->n_items)
        return best;
    low = n < l->n_items ? 0 : -4 * squared(l->sums[1]);
    high = n < l->n_items ? 4 * squared(l->sums[1]) : 0;
    for (int k = 0; k < PRICES && n != l->n_items; k++) {
        double price = (low + high) / 2, sum = sum_at(l, price, &n) + price * l->n_items;

        if (sum > best)
            best = sum;
        if (n < l->n_items)
            low = price;
        else
            high = price;
    }
    return best;
}
