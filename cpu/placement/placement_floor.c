#include "cpu/placement/placement_floor.h"

enum { PIGEONHOLE_WORK = 20000 }; /* items x pCPUs up to which every number of items is looked at */

void placement_floor_raise(struct placement_floor *f, int m, double sum)
{
    if (m > 0 && m < f->n_pcpus && sum > f->floor[m])
        f->floor[m] = sum;
}

/* The j largest items lie on j pCPUs or fewer; l others are those of the highest background. */
static void bound_by_largest(struct placement_floor *f)
{
    double low = 0;

    for (int j = 0; j <= f->n_items && j < f->n_pcpus; j++) {
        double high = 0;

        if (j > 0)
            low += f->bases[j - 1];
        placement_floor_raise(f, j, f->sums[j] + low);
        for (int l = 1; j + l < f->n_pcpus; l++) {
            high += f->bases[f->n_pcpus - l];
            placement_floor_raise(f, j + l, f->sums[j] + low + high);
        }
    }
}

/* Of the n largest items, the m pCPUs that hold most hold at least so many, each no smaller than the smallest. */
static void bound_by_pigeonhole(struct placement_floor *f, int n, int m_limit)
{
    int each = n / f->n_pcpus, more = n % f->n_pcpus;
    double low = 0;

    for (int m = 1; m < f->n_pcpus && m <= m_limit; m++) {
        int held = m * each + (m < more ? m : more);

        low += f->bases[m - 1];
        placement_floor_raise(f, m, f->sums[n] - f->sums[n - held] + low);
    }
}

/* The m pCPUs that hold fewest items hold at most so many, each no larger than the largest. */
static void bound_by_emptiest(struct placement_floor *f)
{
    int each = f->n_items / f->n_pcpus, less = f->n_pcpus - f->n_items % f->n_pcpus;
    double high = 0;

    for (int m = 1; m < f->n_pcpus; m++) {
        int held = m * each + (m > less ? m - less : 0);

        high += f->bases[f->n_pcpus - m];
        placement_floor_raise(f, f->n_pcpus - m, f->floor[f->n_pcpus] - f->sums[held] - high);
    }
}

void placement_floor_by_items(struct placement_floor *f)
{
    bound_by_largest(f);
    bound_by_emptiest(f);
    bound_by_pigeonhole(f, f->n_items, f->n_pcpus);
    if ((long)f->n_items * f->n_pcpus <= PIGEONHOLE_WORK)
        for (int n = f->n_pcpus + 1; n < f->n_items; n++)
            bound_by_pigeonhole(f, n, f->n_pcpus);
    else
        for (int n = f->n_pcpus + 1; n < f->n_items; n += f->n_pcpus)
            bound_by_pigeonhole(f, n, 1);
}

void placement_floor_flattest(const struct placement_floor *f, int *hull, double *loads)
{
    int n = 0;

    for (int m = 0; m <= f->n_pcpus; m++) {
        while (n >= 2) {
            int o = hull[n - 2], q = hull[n - 1];

            if ((f->floor[q] - f->floor[o]) * (m - o) > (f->floor[m] - f->floor[o]) * (q - o))
                break;
            n--;
        }
        hull[n++] = m;
    }
    for (int s = 1; s < n; s++)
        for (int m = hull[s - 1]; m < hull[s]; m++)
            loads[m] = (f->floor[hull[s]] - f->floor[hull[s - 1]]) / (hull[s] - hull[s - 1]);
}
