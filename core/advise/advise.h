/*
 * What a recording advises: how much memory and pCPU each guest would have done with, at which risk (risk.h), how many
 * more guests like these fit, and what pins and rules cost (pin_costs.h).
 *
 * A guest's need of memory is the most it used in an interval and WHAT_IF_UNUSED_MIB; of pCPU, what all its vCPUs
 * wanted on the mean of an interval. What a guest that was kept short would have used isn't known: it is said how long
 * it was.
 *
 * Nothing here reads or writes: who reads the recording hands over its lines.
 */
#ifndef CORE_ADVISE_ADVISE_H
#define CORE_ADVISE_ADVISE_H

#include "core/advise/pin_costs.h"
#include "core/advise/what_if.h"

/* The risks that are spoken of: shares of the time. */
enum { ADVISE_RISKS = 2 };
extern const double advise_risks[ADVISE_RISKS];

enum { ADVISE_FIGURES = 8192 };

/* Figures in the order of time, one for each step. */
struct advise_series {
    float *figures;
    int n, cap;
};

/* By risk; only where known. */
struct advise_levels {
    bool known; /* there were figures enough */
    double most[ADVISE_RISKS], least[ADVISE_RISKS];
};

struct advise_guest {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    char name[SNAPSHOT_NAME_BYTES];
    int n_vcpus;
    double size_mib, max_mib; /* when it was seen last; 0: not known */
    double seconds, short_s;  /* that its memory was known, and that less than WHAT_IF_UNUSED_MIB was to be had in it */
    double peak_mib;          /* used in the step so far; < 0: not known */
    struct advise_series memory, cpu;               /* MiB needed, per cent of a pCPU */
    struct advise_levels memory_levels, cpu_levels; /* MiB that would have been enough; per cent of a pCPU */
};

/* What all guests need together, and what there is. */
struct advise_fit {
    struct advise_series sums; /* MiB, or per cent of a pCPU */
    double capacity;           /* what guests can have of it: the least of the recording; 0: not known */
    double guests;             /* mean number of them, x steps until the end */
    bool known;
    double needs[ADVISE_RISKS];
    int more[ADVISE_RISKS]; /* guests like the mean of these that fit besides; < 0: so many too many */
};

struct advise {
    struct advise_guest *guests;
    int n_guests, cap_guests;
    struct advise_fit memory, cpu;
    bool looks_at_pins;
    struct pin_costs pins;
    struct snapshot now, grid; /* the sample taken in last, and that with which the step began */
    double step_s;             /* that a step takes */
    struct rates rates;
    bool begun, gap;
    double seconds;
    uint64_t decisions;
};

/* policy, settings: whose pins are looked at (the scheduler's); NULL: nobody's. 0 or -ENOMEM; advise_end frees in
 * either case. */
int advise_begin(struct advise *a, const struct policy_ops *policy, const void *settings, double sample_s);
void advise_end(struct advise *a);
/* Takes in the next line of the recording. 0 or -errno. */
int advise_take(struct advise *a, const struct record_line *line);
/* A line was damaged and left out. */
void advise_gap(struct advise *a);
/* Works out what follows from all that was taken in. 0 or -ENOMEM. */
int advise_conclude(struct advise *a);

/*
 * The same for one sum, whose capacity and figures are there (guests: summed up over them): fills what follows. means:
 * what each of n guests wants on the mean, in the unit of the sum.
 *
 * More guests are taken to be drawn from where these came from, and to want most at the same moments. At those the sum
 * is so many times its mean, and a guest wants so many times its own: x on the mean of all, with deviation s. k more
 * then stay below k x + t s sqrt(k + k^2 / n) in nineteen of twenty cases (the sum of k that are drawn, and what the
 * mean of n isn't known by; source: G. Hahn and W. Meeker, Statistical intervals, 1991), which has to find room beside
 * the sum's own level. work: room for two figures for each of the sum's.
 */
void advise_find_fit(struct advise_fit *fit, const float *means, int n, float *work);

#endif
