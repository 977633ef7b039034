#include "cpu/demand/demand_track.h"

#include <math.h>

/* The deviation that is assumed before any was seen, and how many figures that assumption is worth. */
#define PRIOR_DEVIATION 15.0
#define PRIOR_WEIGHT 0.3
#define PRIOR_SUM (PRIOR_WEIGHT * PRIOR_DEVIATION * PRIOR_DEVIATION)
/* What others of its kind scatter by counts as much as this many figures of its own. */
#define COMMON_WEIGHT 3.0
/* No load is steadier than this; in points. */
#define LEAST_DEVIATION 1.0
/* The level and the scatter forget what is much older than this many figures. */
#define LEVEL_MEMORY 40.0
#define SCATTER_MEMORY 40.0
/* Two figures in a row that are so many deviations off, on the same side, are a change; loads that scatter widely do so
 * in bursts, whose long ones are no change: with each point of deviation, so many deviations more are asked for. */
#define OUTLIER 3.5
#define OUTLIER_PER_POINT 0.15
/* What is typical of all figures counts half as soon as this many of its own were seen. */
#define OWN_FIGURES 40.0
/* ... unless a peak that passed was nearly as far off: so many times as far; it fades by so much at each figure. */
#define LIKE_PEAK 1.25
#define PEAK_FADING 0.995
/* A figure counts for at most so many deviations: as a passing peak, and as evidence of a slighter change. */
#define PEAK 6.0
#define CLIP 3.0
#define SLACK 0.75
#define CHANGED 8.0
/* A change of so many deviations is beyond doubt; one of no more than the other may as well have been a streak. */
#define CERTAIN 5.0
#define DOUBTFUL 2.0

static double scatter_of(const struct demand_track *t)
{
    return fmax(t->scatter, LEAST_DEVIATION * LEAST_DEVIATION);
}

/* How much larger the scatter of independent figures would have to be for their mean to be so uncertain. */
static double slowness_of(const struct demand_track *t)
{
    /* With a correlation of c from figure to figure, fading by c at each step, a mean's variance is (1 + c) / (1 - c)
     * times that of independent figures; in_pairs is 1 + c times. */
    double c = fmax(fmin(t->in_pairs / scatter_of(t) - 1.0, 0.6), 0.0);

    return (1.0 + c) / (1.0 - c);
}

static double slow_scatter_of(const struct demand_track *t)
{
    return scatter_of(t) * slowness_of(t);
}

/* As far as the track itself knows. */
static double own_uncertainty(const struct demand_track *t)
{
    return slow_scatter_of(t) * t->weights + t->measuring;
}

void demand_pool_add(struct demand_pool *pool, const struct demand_track *t)
{
    if (t->n_scatter <= PRIOR_WEIGHT)
        return;
    pool->sum += t->scatter * t->n_scatter - PRIOR_SUM;
    pool->n += t->n_scatter - PRIOR_WEIGHT;
}

double demand_track_uncertainty(const struct demand_track *t, const struct demand_pool *common)
{
    struct demand_pool own = {0};
    double scatter;

    if (t->n == 0)
        return 0.0;
    if (!common)
        return own_uncertainty(t);
    demand_pool_add(&own, t);
    scatter = (PRIOR_SUM + common->sum) / (PRIOR_WEIGHT + common->n);
    scatter = (own.sum + COMMON_WEIGHT * scatter) / (own.n + COMMON_WEIGHT);
    return fmax(scatter, LEAST_DEVIATION * LEAST_DEVIATION) * slowness_of(t) * t->weights + t->measuring;
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
        t->peak[side] = 0.0;
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

/* A new level, the mean of n figures. The possibility that there was no change but a streak of chance adds a variance;
 * it fades as the change is confirmed, and makes the level give way quickly when it isn't. */
static void change_level(struct demand_track *t, double level, int n, double variance, double deviation)
{
    double change = level - t->level;
    double sure = fmax(fmin((fabs(change) / deviation - DOUBTFUL) / (CERTAIN - DOUBTFUL), 1.0), 0.0);
    double chance = 0.5 * (1.0 - sure);

    set_level(t, level, n, variance);
    t->measuring += chance * (1.0 - chance) * change * change;
}

static void average(struct demand_track *t, double residual, double variance)
{
    double known = own_uncertainty(t);
    double weight = fmax(known / (known + scatter_of(t) + variance), 1.0 / LEVEL_MEMORY);

    t->level += weight * residual;
    t->weights = (1.0 - weight) * (1.0 - weight) * t->weights + weight * weight;
    t->measuring = (1.0 - weight) * (1.0 - weight) * t->measuring + weight * weight * variance;
    t->n++;
}

/* What a residual is expected to be, squared, is scatter x (1 + weights) + measuring + variance. */
static void learn_scatter(struct demand_track *t, double residual, double variance)
{
    double measuring = t->measuring + variance, pair = residual + t->last_residual;

    t->n_scatter = fmin(t->n_scatter + 1.0, SCATTER_MEMORY);
    t->scatter += ((residual * residual - measuring) / (1.0 + t->weights) - t->scatter) / t->n_scatter;
    if (t->n > 2)
        t->in_pairs += ((pair * pair / 2.0 - measuring) / (1.0 + t->weights) - t->in_pairs) / t->n_scatter;
    t->last_residual = residual;
}

static double deviation_of(const struct demand_track *t, double variance)
{
    return sqrt(slow_scatter_of(t) + own_uncertainty(t) + variance);
}

static void take_in(struct demand_track *t, double figure, double variance)
{
    double residual = figure - t->level, deviation = deviation_of(t, variance);
    double bounded = fmax(fmin(residual, PEAK * deviation), -PEAK * deviation);

    t->peak[0] = fmax(t->peak[0] * PEAK_FADING, residual);
    t->peak[1] = fmax(t->peak[1] * PEAK_FADING, -residual);
    learn_scatter(t, bounded, variance);
    for (int side = 0; side < 2; side++) {
        if (gather(t, side, figure, (side ? -residual : residual) / deviation)) {
            change_level(t, t->sum[side] / t->run[side], t->run[side], variance, deviation);
            return;
        }
    }
    average(t, bounded, variance);
}

static bool far_off(const struct demand_track *t, double figure, double variance, double typical)
{
    double residual = figure - t->level;
    double common = typical / (1.0 + t->n / OWN_FIGURES);
    double deviation = sqrt(fmax(slow_scatter_of(t), common) + own_uncertainty(t) + variance);

    return fabs(residual) >
           fmax((OUTLIER + OUTLIER_PER_POINT * deviation) * deviation, LIKE_PEAK * t->peak[residual < 0.0]);
}

/* Two figures far off the same way are a change. Where they contradict each other, the first one's interval saw only
 * part of it. */
static void confirm_change(struct demand_track *t, double figure, double variance)
{
    double deviation = deviation_of(t, variance);
    bool agree = fabs(figure - t->aside_figure) <= OUTLIER * deviation;

    t->aside = false;
    change_level(t, agree ? (figure + t->aside_figure) / 2.0 : figure, agree ? 2 : 1, variance, deviation);
}

void demand_track_add(struct demand_track *t, double figure, double resolution, double typical)
{
    double variance = resolution * resolution;

    if (t->n == 0) {
        t->scatter = PRIOR_DEVIATION * PRIOR_DEVIATION;
        t->n_scatter = PRIOR_WEIGHT;
        set_level(t, figure, 1, variance);
        return;
    }
    if (t->aside && far_off(t, figure, variance, typical) && (figure > t->level) == (t->aside_figure > t->level)) {
        confirm_change(t, figure, variance);
        return;
    }
    if (t->aside) {
        t->aside = false;
        take_in(t, t->aside_figure, t->aside_variance);
    }
    if (far_off(t, figure, variance, typical)) {
        t->aside = true;
        t->aside_figure = figure;
        t->aside_variance = variance;
    } else {
        take_in(t, figure, variance);
    }
}
