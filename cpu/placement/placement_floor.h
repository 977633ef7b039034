/*
 * Inside placement: what the highest loads of some pCPUs come to at least, however items are placed on them, and the
 * flattest loads that allow for it. See placement_bound.h.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_FLOOR_H
#define CPU_PLACEMENT_PLACEMENT_FLOOR_H

/* Some pCPUs, and the items that can be nowhere else. */
struct placement_floor {
    int n_pcpus, n_items;
    const double *bases; /* per pCPU, rising: load that stays */
    const double *sums;  /* n_items + 1: demand of the k largest items */
    double *floor;       /* n_pcpus + 1: least sum of the m highest loads; the last is that of all */
};

/* No lower than before, nor than `sum`. */
void placement_floor_raise(struct placement_floor *f, int m, double sum);
/* By what items come to that can't be divided. */
void placement_floor_by_items(struct placement_floor *f);
/* Writes the flattest loads whose m highest come to no less than floor[m] for each m, falling: the slopes of its
 * concave hull. hull is room for n_pcpus + 1. */
void placement_floor_flattest(const struct placement_floor *f, int *hull, double *loads);

#endif
