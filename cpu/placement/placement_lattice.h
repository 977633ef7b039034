/*
 * Inside placement: how far any loads must lie from those that were best if demand could be divided, because each pCPU
 * carries whole vCPUs. Tells most where vCPUs want about the same, and nothing where they want all sorts.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_LATTICE_H
#define CPU_PLACEMENT_PLACEMENT_LATTICE_H

struct placement_lattice {
    int n_pcpus, n_items;
    const double *room; /* per pCPU: the load it had best, less what is there whatever is planned */
    const double *sums; /* n_items + 1: demand of the k largest items; the last is what all rooms come to */
    int *count;         /* room for one per pCPU */
};

/*
 * Lower bound on the sum over pCPUs of (what its items come to - its room)^2, all items being somewhere. k items come
 * to no less than the k smallest and no more than the k largest; that there are so many of them in all is a constraint
 * with a price (Lagrange), which is sought by bisection. n_pcpus x log n_items.
 */
double placement_lattice_square(const struct placement_lattice *l);

#endif
