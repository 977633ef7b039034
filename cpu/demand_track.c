#include "cpu/demand_track.h"

#include <math.h>
#include <stdbool.h>

/* The deviation that is assumed before any was seen, and how many figures that assumption is worth. */
#define PRIOR_DEVIATION 15.0
#define PRIOR_WEIGHT 0.3
/* No load is steadier than this; in points. */
#define LEAST_DEVIATION 1.0
/* The level and the scatter forget what is much older than this many figures. */
#define LEVEL_MEMORY 40.0
#define SCATTER_MEMORY 40.0
/* A single figure counts for at most this many deviations; so two are needed to show a change, and two suffice. */
#define CLIP 3.0
#define SLACK 0.5
#define CHANGED 4.5

static double scatter_of(const struct demand_track *t)
{
    return fmax(t->scatter, LEAST_DEVIATION * LEAST_DEVIATION);
}

double demand_track_uncertainty(const struct demand_track *t)
{
    return t->n == 0 ? 0.0 : scatter_of(t) * t->weights + t->measuring;
}

/* A level that is the plain mean of n figures. */
static void set_level(struct demand_track *t, double level, int n, double variance)
{
    t->level = level;
    t->n = n;
    t->weights = 1.0 / n;
    t->measuring = variance / n;
    for (int side = 0; side < 2; side++) {
        t->evidence[side] = 0.0;
        t->sum[side] = 0.0;
        t->run[side] = 0;
    }
}

/* Gathers evidence for one side; true when it suffices. */
static bool gather(struct demand_track *t, int side, double figure, double excess)
{
    t->evidence[side] += fmin(excess, CLIP) - SLACK;
    if (t->evidence[side] <= 0.0) {
        t->evidence[side] = 0.0;
        t->sum[side] = 0.0;
        t->run[side] = 0;
        return false;
    }
    t->sum[side] += figure;
    t->run[side]++;
    return t->evidence[side] >= CHANGED;
}

/*
 * The level is what was seen since the change began. Where that contradicts the last two figures, the evidence began to
 * gather before the change did; where those two contradict each other, the first one's interval saw only part of it.
 */
static void take_new_level(struct demand_track *t, int side, double figure, double deviation, double variance)
{
    double mean = t->sum[side] / t->run[side], pair = (figure + t->last) / 2.0;

    if (t->run[side] > 1 && fabs(figure - t->last) > CLIP * deviation)
        set_level(t, figure, 1, variance);
    else if (t->run[side] > 2 && fabs(pair - mean) > deviation)
        set_level(t, pair, 2, variance);
    else
        set_level(t, mean, t->run[side], variance);
}

static void average(struct demand_track *t, double residual, double variance)
{
    double known = demand_track_uncertainty(t);
    double weight = fmax(known / (known + scatter_of(t) + variance), 1.0 / LEVEL_MEMORY);

    t->level += weight * residual;
    t->weights = (1.0 - weight) * (1.0 - weight) * t->weights + weight * weight;
    t->measuring = (1.0 - weight) * (1.0 - weight) * t->measuring + weight * weight * variance;
    t->n++;
}

/* What a residual is expected to be, squared, is scatter x (1 + weights) + measuring + variance. */
static void learn_scatter(struct demand_track *t, double residual, double variance)
{
    double scatter = (residual * residual - t->measuring - variance) / (1.0 + t->weights);

    t->n_scatter = fmin(t->n_scatter + 1.0, SCATTER_MEMORY);
    t->scatter += (scatter - t->scatter) / t->n_scatter;
}

void demand_track_add(struct demand_track *t, double figure, double resolution)
{
    double variance = resolution * resolution;
    double residual = figure - t->level;
    double deviation, clipped;

    if (t->n == 0) {
        t->scatter = PRIOR_DEVIATION * PRIOR_DEVIATION;
        t->n_scatter = PRIOR_WEIGHT;
        set_level(t, figure, 1, variance);
        t->last = figure;
        return;
    }
    deviation = sqrt(scatter_of(t) + demand_track_uncertainty(t) + variance);
    clipped = fmax(fmin(residual, CLIP * deviation), -CLIP * deviation);
    learn_scatter(t, clipped, variance);
    if (gather(t, 0, figure, residual / deviation))
        take_new_level(t, 0, figure, deviation, variance);
    else if (gather(t, 1, figure, -residual / deviation))
        take_new_level(t, 1, figure, deviation, variance);
    else
        average(t, clipped, variance);
    t->last = figure;
}
