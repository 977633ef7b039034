#include "cpu/demand_track.h"

#include <math.h>
#include <stdbool.h>

/* What is assumed of the scatter before it was seen, and how many figures that assumption is worth. */
#define PRIOR_DEVIATION 15.0
#define PRIOR_WEIGHT 0.3
/* The level and the scatter forget what is much older than this many intervals. */
#define LEVEL_MEMORY 40.0
#define SCATTER_MEMORY 40.0
/* A single figure counts for at most this many deviations; so two are needed to show a change, and two suffice. */
#define CLIP 3.0
#define SLACK 0.5
#define CHANGED 4.5

static void forget_evidence(struct demand_track *t)
{
    for (int side = 0; side < 2; side++) {
        t->evidence[side] = 0.0;
        t->sum[side] = 0.0;
        t->run[side] = 0;
    }
}

static double deviation_of(const struct demand_track *t, double resolution)
{
    return sqrt(t->variance + resolution * resolution);
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
static void take_new_level(struct demand_track *t, int side, double figure, double deviation)
{
    double pair = (figure + t->last) / 2.0;

    t->level = t->sum[side] / t->run[side];
    t->n = t->run[side];
    if (t->run[side] > 2 && fabs(pair - t->level) > deviation) {
        t->level = pair;
        t->n = 2.0;
    }
    if (t->run[side] > 1 && fabs(figure - t->last) > CLIP * deviation) {
        t->level = figure;
        t->n = 1.0;
    }
    forget_evidence(t);
}

static void take_scatter(struct demand_track *t, double residual)
{
    t->n_scatter = fmin(t->n_scatter + 1.0, SCATTER_MEMORY);
    t->variance += (residual * residual - t->variance) / t->n_scatter;
}

void demand_track_add(struct demand_track *t, double figure, double resolution)
{
    double residual = figure - t->level;
    double deviation, clipped;

    if (t->n < 1.0) {
        *t = (struct demand_track){.level = figure, .n = 1.0, .last = figure};
        t->variance = PRIOR_DEVIATION * PRIOR_DEVIATION;
        t->n_scatter = PRIOR_WEIGHT;
        return;
    }
    deviation = deviation_of(t, resolution);
    clipped = fmax(fmin(residual, CLIP * deviation), -CLIP * deviation);
    take_scatter(t, clipped);
    if (gather(t, 0, figure, residual / deviation)) {
        take_new_level(t, 0, figure, deviation);
    } else if (gather(t, 1, figure, -residual / deviation)) {
        take_new_level(t, 1, figure, deviation);
    } else {
        t->n = fmin(t->n + 1.0, LEVEL_MEMORY);
        t->level += clipped / t->n;
    }
    t->last = figure;
}

double demand_track_uncertainty(const struct demand_track *t)
{
    return t->n < 1.0 ? 0.0 : t->variance / t->n;
}
