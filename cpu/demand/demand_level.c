#include "cpu/demand/demand_level.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Density of a level that nothing is known of: any from 0 to 100 points, all alike. */
#define ANY_LEVEL (1.0 / 100.0)
/* A hypothesis below this probability is forgotten; ten times as much overlooks slight changes, a tenth only costs. */
#define LEAST_PROBABILITY 1e-4
/* Degrees of freedom that the scatter of a new run is assumed with, and the most that a run remembers. */
#define NEW_FREEDOM 1.5
#define MOST_FREEDOM 60.0
/* No load is steadier than this over a second; in points. */
#define LEAST_SCATTER 0.3
/* Figures that peers' scatter, and what is assumed of anyone's, count as much as. */
#define PEERS_WEIGHT 4.0
#define ASSUMED_WEIGHT 1.0
/* Own scatter forgets what is much older than this many figures. */
#define NOISE_MEMORY 60.0
/* A residual counts for at most so many deviations in what is learned of the scatter: it may have been a jump. */
#define MOST_DEVIATIONS 3.0
/* Learned scatter is at most so many times what is assumed, or that part of it. */
#define MOST_NOISE 9.0
/* Jumps that the assumption of how long levels stand still is worth for a whole host, and what the host's loads showed
 * together is worth for each. */
#define HOST_WEIGHT 0.1
#define STANDS_WEIGHT 2.0
/* What a level comes back to is a mean over about this many jumps. */
#define USUAL_JUMPS 30.0

/* Squared scatter of a second's figure that is assumed for a level: pieces of work come and go, so that it's largest
 * in the middle and none at 0 and 100. */
static double assumed_variance(double level)
{
    double p = fmax(fmin(level, 100.0), 0.0);

    return LEAST_SCATTER * LEAST_SCATTER + 0.0008 * p * (100.0 - p);
}

/* Squared scatter as a multiple of what is assumed: own figures, then peers', then the assumption. */
static double noise_of(const struct demand_level *l, const struct demand_level_peers *peers)
{
    double common = 1.0, noise;

    if (peers)
        common = (peers->noise * peers->noise_n + ASSUMED_WEIGHT) / (peers->noise_n + ASSUMED_WEIGHT);
    noise = (l->noise * l->noise_n + common * PEERS_WEIGHT) / (l->noise_n + PEERS_WEIGHT);
    return fmax(fmin(noise, MOST_NOISE), 1.0 / MOST_NOISE);
}

/* Shape and rate of the Gamma distribution of jumps per second. */
static void hazard_of(const struct demand_level *l, double stands_s, const struct demand_level_peers *peers,
                      double *shape, double *rate)
{
    double common = 1.0 / stands_s;

    if (peers)
        common = (HOST_WEIGHT + peers->shares * peers->independent) /
                 (HOST_WEIGHT * stands_s + peers->watched_s * peers->independent);
    *shape = STANDS_WEIGHT + l->changes;
    *rate = STANDS_WEIGHT / common + l->watched_s;
}

double demand_level_hazard(const struct demand_level *l, double stands_s, const struct demand_level_peers *peers)
{
    double shape, rate;

    hazard_of(l, stands_s, peers, &shape, &rate);
    return shape / rate;
}

/* Source: E. B. Wilson, M. M. Hilferty, The distribution of chi-square, 1931. */
double demand_level_lasts(const struct demand_level *l, double seconds, double stands_s,
                          const struct demand_level_peers *peers)
{
    double shape, rate, part, normal;

    hazard_of(l, stands_s, peers, &shape, &rate);
    part = 1.0 / (9.0 * shape);
    normal = (cbrt(rate / seconds / shape) - 1.0 + part) / sqrt(part);
    return 0.5 * erfc(-normal / sqrt(2.0));
}

/* Seconds of exposure that a figure is worth beside steps of its counter. */
static double worth_of(double variance, double exposure_s, double resolution)
{
    return 1.0 / (1.0 / exposure_s + resolution * resolution / variance);
}

/* Student's t density; its constant by the first terms of Stirling's series. */
static double density_of(double off, double variance, double freedom)
{
    double constant = 1.0 - 1.0 / (4.0 * freedom) + 1.0 / (32.0 * freedom * freedom);

    return constant / sqrt(2.0 * 3.14159265358979 * variance) *
           exp(-0.5 * (freedom + 1.0) * log1p(off * off / (freedom * variance)));
}

static double variance_of_mean(const struct demand_level_run *run)
{
    return run->variance / run->seconds + run->jumped * run->jumped;
}

/*
 * The second figure of a run: the first one was of the new level alone, or of both; then the level lies farther out.
 * Returns how likely the figure was; what is less likely of the two is dropped.
 */
static double second_likely(struct demand_level_run *run, double off, double scatter)
{
    double pure = density_of(off, run->variance / run->seconds + scatter, run->freedom);
    double mixed = off * run->jumped > 0.0 ? 2.0 * density_of(off, variance_of_mean(run) + scatter, run->freedom) : 0.0;

    if (pure > mixed)
        run->jumped = 0.0;
    return (pure + mixed) / 2.0;
}

/*
 * Takes the figure into the run and returns how likely it was. What it is off tells of the scatter in that part in
 * which scatter, and not a mixed first figure, is what it was expected to be off by.
 */
static double take_in(struct demand_level_run *run, double figure, double exposure_s, double resolution, double seconds)
{
    double scatter = run->variance / worth_of(run->variance, exposure_s, resolution), off = figure - run->mean;
    double likely = second_likely(run, off, scatter), known = variance_of_mean(run), expected = known + scatter;
    double part = 1.0 - run->jumped * run->jumped / expected;

    run->mean += off * known / expected;
    run->seconds = run->variance / known + run->variance / scatter;
    run->jumped = 0.0;
    run->variance *= (run->freedom + part * off * off / expected) / (run->freedom + part);
    run->variance = fmax(run->variance, LEAST_SCATTER * LEAST_SCATTER);
    run->freedom = fmin(run->freedom + part, MOST_FREEDOM);
    run->age_s += seconds;
    return likely;
}

/*
 * A jump falls anywhere within a sample, so that the first figure of a run is a mix of both levels in which each has
 * any share alike: on average it is as far from the level to come as from the one before (less what that is uncertain
 * by).
 */
static double jump_of(const struct demand_level *l, double figure)
{
    double off = figure - l->runs[0].mean, square;

    if (l->n == 0)
        return 0.0;
    square = off * off - variance_of_mean(&l->runs[0]);
    return square > 0.0 ? copysign(sqrt(square), off) : 0.0;
}

static struct demand_level_run new_run(const struct demand_level *l, double figure, double exposure_s,
                                       double resolution, double seconds, const struct demand_level_peers *peers)
{
    double variance = fmax(assumed_variance(figure) * noise_of(l, peers), LEAST_SCATTER * LEAST_SCATTER);

    return (struct demand_level_run){.age_s = seconds,
                                     .mean = figure,
                                     .seconds = worth_of(variance, exposure_s, resolution),
                                     .jumped = jump_of(l, figure),
                                     .freedom = NEW_FREEDOM,
                                     .variance = variance};
}

/* How far the figure is off a run, squared, beside what is assumed of a second's figure. */
static double residual(const struct demand_level *l, const struct demand_level_run *run, double figure,
                       double exposure_s, double resolution, const struct demand_level_peers *peers)
{
    double worth = worth_of(run->variance, exposure_s, resolution), off = figure - run->mean;
    double expected = (variance_of_mean(run) + run->variance / worth) / run->variance;

    return fmin(off * off / expected / assumed_variance(run->mean),
                MOST_DEVIATIONS * MOST_DEVIATIONS * noise_of(l, peers));
}

/* residuals: their sum over the runs that went on, of which each counts by its probability; together they have went_on.
 */
static void learn_noise(struct demand_level *l, double residuals, double went_on)
{
    if (went_on < LEAST_PROBABILITY)
        return;
    l->noise_n = fmin(l->noise_n, NOISE_MEMORY - went_on) + went_on;
    l->noise += (residuals - went_on * l->noise) / l->noise_n;
}

static void learn_usual(struct demand_level *l, double figure, double seconds, double hazard)
{
    double off = figure - l->usual;

    l->usual_s = l->usual_s * exp(-hazard * seconds / USUAL_JUMPS) + seconds;
    l->usual += off * seconds / l->usual_s;
    l->usual_variance += (off * off - l->usual_variance) * seconds / l->usual_s;
}

/* Gives the probabilities the sum 1, forgets the least likely, and puts the likeliest first. */
static void settle(struct demand_level *l)
{
    double sum = 0.0;
    int best = 0, kept = 0;

    for (int i = 0; i < l->n; i++)
        sum += l->runs[i].probability;
    for (int i = 0; i < l->n; i++) {
        l->runs[i].probability /= sum;
        if (l->runs[i].probability < LEAST_PROBABILITY && l->n > 1)
            continue;
        l->runs[kept] = l->runs[i];
        if (l->runs[kept].probability > l->runs[best].probability)
            best = kept;
        kept++;
    }
    l->n = kept;
    if (best > 0) {
        struct demand_level_run first = l->runs[0];

        l->runs[0] = l->runs[best];
        l->runs[best] = first;
    }
}

static void add_run(struct demand_level *l, const struct demand_level_run *run)
{
    int least = 0;

    if (l->n < DEMAND_LEVEL_RUNS) {
        l->runs[l->n++] = *run;
        return;
    }
    for (int i = 1; i < l->n; i++)
        if (l->runs[i].probability < l->runs[least].probability)
            least = i;
    if (run->probability > l->runs[least].probability)
        l->runs[least] = *run;
}

/* A jump is counted when a younger run becomes the likeliest, and taken back when the older one does again. What a load
 * did before it first jumped isn't what it comes back to: it has only now begun. */
static void count_jump(struct demand_level *l, double stood_s, double seconds)
{
    const struct demand_level_run *run = &l->runs[0];

    if (run->age_s < stood_s - seconds / 2.0) {
        if (!l->began)
            l->usual_s = l->usual_variance = 0.0;
        l->began = true;
        l->changes += 1.0;
    } else if (run->age_s > stood_s + seconds / 2.0 && l->changes >= 1.0)
        l->changes -= 1.0;
}

void demand_level_add(struct demand_level *l, double figure, double exposure_s, double resolution, double seconds,
                      double stands_s, const struct demand_level_peers *peers)
{
    double hazard = demand_level_hazard(l, stands_s, peers), jumps = -expm1(-hazard * seconds);
    double stood_s = l->runs[0].age_s + seconds, residuals = 0.0, went_on = 0.0;
    struct demand_level_run run = new_run(l, figure, exposure_s, resolution, seconds, peers);
    bool first = l->n == 0;

    run.probability = first ? 1.0 : jumps * ANY_LEVEL;
    for (int i = 0; i < l->n; i++) {
        double off = residual(l, &l->runs[i], figure, exposure_s, resolution, peers);

        l->runs[i].probability *= (1.0 - jumps) * take_in(&l->runs[i], figure, exposure_s, resolution, seconds);
        went_on += l->runs[i].probability;
        residuals += l->runs[i].probability * off;
    }
    learn_noise(l, residuals / (went_on + run.probability), went_on / (went_on + run.probability));
    add_run(l, &run);
    settle(l);
    if (!first)
        count_jump(l, stood_s, seconds);
    l->watched_s += seconds;
    learn_usual(l, figure, seconds, hazard);
}

struct demand_level_belief demand_level_now(const struct demand_level *l)
{
    struct demand_level_belief b = {0};

    for (int i = 0; i < l->n; i++)
        b.mean += l->runs[i].probability * l->runs[i].mean;
    for (int i = 0; i < l->n; i++) {
        double off = l->runs[i].mean - b.mean;

        b.variance += l->runs[i].probability * (variance_of_mean(&l->runs[i]) + off * off);
    }
    return b;
}

struct demand_level_belief demand_level_usual(const struct demand_level *l)
{
    double jumps = l->watched_s > 0.0 ? l->changes * fmin(l->usual_s / l->watched_s, 1.0) : 0.0;

    return (struct demand_level_belief){l->usual, l->usual_variance / (1.0 + jumps / 2.0)};
}

struct demand_level_belief demand_level_believe(const struct demand_level *l, double follow_s, double most,
                                                double stands_s, const struct demand_level_peers *peers,
                                                double *lasts_s)
{
    struct demand_level_belief now = demand_level_now(l), usual = demand_level_usual(l);
    double lasts = demand_level_lasts(l, follow_s, stands_s, peers), off = fmin(now.mean, most) - usual.mean;

    *lasts_s = lasts / demand_level_hazard(l, stands_s, peers) + (1.0 - lasts) * stands_s;
    return (struct demand_level_belief){
        .mean = usual.mean + lasts * off,
        .variance = lasts * now.variance + (1.0 - lasts) * usual.variance + lasts * (1.0 - lasts) * off * off,
    };
}

void demand_level_peers_begin(struct demand_level_peers *peers)
{
    peers->noise = peers->noise_n = 0.0;
}

/*
 * Were they independent, the share of them that jumps in a sample would vary by share (1 - share) / n; where many jump
 * at the same moment it varies more, and they tell no more than fewer would. One sample counts as if all had jumped
 * together.
 */
void demand_level_peers_jumped(struct demand_level_peers *peers, int jumps, int n, double seconds)
{
    double share = n > 0 ? (double)jumps / n : 0.0, mean, variance;

    peers->samples += 1.0;
    peers->watched_s += seconds;
    peers->shares += share;
    peers->squares += share * share;
    mean = peers->shares / peers->samples;
    variance = peers->squares / peers->samples - mean * mean + mean * (1.0 - mean) / peers->samples;
    peers->independent = variance > 0.0 ? fmin(mean * (1.0 - mean) / variance, n) : 1.0;
}

void demand_level_peers_add(struct demand_level_peers *peers, const struct demand_level *l)
{
    if (l->noise_n <= 0.0)
        return;
    peers->noise =
        (peers->noise * peers->noise_n + fmin(l->noise, MOST_NOISE) * l->noise_n) / (peers->noise_n + l->noise_n);
    peers->noise_n += l->noise_n;
}
