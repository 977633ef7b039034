/*
 * One figure that stands still, jumps, and stands still again: what it is now, how far off that may be, and how long it
 * is expected to last. The model is Bayesian online change-point detection: at every moment the level may have stood
 * still since any earlier moment; each such run is a hypothesis with a probability, a mean and a scatter of its own,
 * and what is known of the level is the mixture of all of them. Source: R. P. Adams, D. J. C. MacKay, Bayesian Online
 * Changepoint Detection, 2007; a run's mean and variance have a Normal-inverse-gamma distribution.
 */
#ifndef CPU_DEMAND_DEMAND_LEVEL_H
#define CPU_DEMAND_DEMAND_LEVEL_H

#include <stdbool.h>

/* Hypotheses kept at once; the least likely one makes room. More than eight changed no figure of the tests. */
enum { DEMAND_LEVEL_RUNS = 8 };

/* "The level has stood still for age_s." Figures are points; the scatter is that of a figure taken over one second. */
struct demand_level_run {
    double probability;
    double age_s;
    double mean, seconds;     /* the mean of the figures since then, and how many seconds of them it is worth */
    double jumped;            /* where it has but one figure, which may be partly of before: how far it jumped */
    double freedom, variance; /* of the scatter: degrees of freedom that it is known with, and its square */
};

/* What levels of one kind have in common, learned from all of them together; zeros: nothing is known yet. */
struct demand_level_peers {
    double noise, noise_n; /* squared scatter as a multiple of what is assumed, and figures that it rests on */
    double samples, watched_s, shares, squares; /* the shares of them that jumped, sample by sample, summed up */
    double independent;                         /* as how many that are independent they tell of jumps */
};

struct demand_level {
    struct demand_level_run runs[DEMAND_LEVEL_RUNS]; /* the likeliest first */
    int n;                                           /* runs; 0: there never was a figure */
    double changes, watched_s;                       /* jumps seen, in so many seconds */
    bool began;                                      /* it has jumped at least once */
    double noise, noise_n;                           /* as in demand_level_peers, of its own */
    double usual, usual_s;                           /* mean over many jumps, and the seconds that it rests on */
    double usual_variance;                           /* of the levels about it */
};

/* What is known: a distribution given by its mean and variance. */
struct demand_level_belief {
    double mean, variance;
};

/*
 * Takes in the mean of the figure over seconds; exposure_s is how much of that time it could be seen (less behind a
 * crowd), resolution the standard deviation that counters' steps give it, in points. stands_s: how long levels stand
 * still as far as is known beforehand. Allocates nothing, never fails.
 */
void demand_level_add(struct demand_level *l, double figure, double exposure_s, double resolution, double seconds,
                      double stands_s, const struct demand_level_peers *peers);

/* The level now. Zeros where there never was a figure. */
struct demand_level_belief demand_level_now(const struct demand_level *l);
/* The mean that it comes back to over many jumps. */
struct demand_level_belief demand_level_usual(const struct demand_level *l);
/* Jumps per second that are to be expected. */
double demand_level_hazard(const struct demand_level *l, double stands_s, const struct demand_level_peers *peers);
/* The probability that levels stand still for so long on average: jumps are rarer than one in seconds. */
double demand_level_lasts(const struct demand_level *l, double seconds, double stands_s,
                          const struct demand_level_peers *peers);
/*
 * What the level counts as for who acts on it only if it lasts for follow_s: what it is now, but no more than most, as
 * far as it can be expected to stand still for so long, otherwise what it comes back to. *lasts_s: for how long.
 */
struct demand_level_belief demand_level_believe(const struct demand_level *l, double follow_s, double most,
                                                double stands_s, const struct demand_level_peers *peers,
                                                double *lasts_s);

/* Forgets the scatter, and adds up what each level knows of it. */
void demand_level_peers_begin(struct demand_level_peers *peers);
void demand_level_peers_add(struct demand_level_peers *peers, const struct demand_level *l);
/* So many of n levels jumped in a sample. */
void demand_level_peers_jumped(struct demand_level_peers *peers, int jumps, int n, double seconds);

#endif
