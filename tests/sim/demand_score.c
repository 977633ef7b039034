#include "tests/sim/demand_score.h"

#include "cpu/demand/demand_level.h"

#include <math.h>
#include <stddef.h>

#define STANDS_INTERVALS 50.0
#define STEP_PCT 0.41 /* deviation of a second's figure by steps of 10 ms */
enum { WARM_UP = 5, AVERAGES = 4 };

static const double weights[AVERAGES] = {1.0, 0.2, 0.5, 0.8};
static const double ratios[DEMAND_SCORE_RATIOS] = {0.001, 0.01, 0.1, 1.0, 10.0};

/* Rivals learn the variance of their errors with this weight of the last one, and never believe in less. */
#define ERROR_WEIGHT 0.05
#define ERROR_FIRST 25.0
#define ERROR_LEAST 0.05

/* One Normal distribution of a mixture. */
struct part {
    double weight, mean, variance;
};

enum { PARTS = DEMAND_LEVEL_RUNS + 1 };

/* The distribution of the mean over the next seconds: each run goes on, or the level jumps to what is usual. */
static int forecast(const struct demand_level *l, double seconds, struct part *parts)
{
    double stays = exp(-demand_level_hazard(l, STANDS_INTERVALS * seconds, NULL) * seconds);
    int n = 0;

    for (int i = 0; i < l->n; i++)
        parts[n++] = (struct part){stays * l->runs[i].probability, l->runs[i].mean,
                                   l->runs[i].variance * (1.0 / l->runs[i].seconds + 1.0 / seconds)};
    parts[n++] = (struct part){1.0 - stays, demand_level_usual(l).mean, l->usual_variance + 1.0};
    return n;
}

/* The mean distance of a Normal variable from 0. */
static double distance(double mean, double variance)
{
    double deviation = sqrt(fmax(variance, 1e-12)), z = mean / deviation;

    return deviation * sqrt(2.0 / 3.14159265358979) * exp(-0.5 * z * z) + mean * erf(z / sqrt(2.0));
}

static double score_of(const struct part *parts, int n, double came)
{
    double off = 0.0, width = 0.0;

    for (int i = 0; i < n; i++) {
        off += parts[i].weight * distance(came - parts[i].mean, parts[i].variance);
        for (int j = 0; j < n; j++)
            width += parts[i].weight * parts[j].weight *
                     distance(parts[i].mean - parts[j].mean, parts[i].variance + parts[j].variance);
    }
    return off - width / 2.0;
}

static double normal_score(double mean, double variance, double came)
{
    struct part part = {1.0, mean, variance};

    return score_of(&part, 1, came);
}

/* A row of values as they pass by. */
struct player {
    const double *values;
    int n;
    double value_s, now_s;
    double left_over; /* of a step of the counter */
};

/* Plays a time and returns its mean; *seen_pct is what the counter shows. */
static double play(struct player *p, double seconds, double *seen_pct)
{
    double done = 0.0, sum = 0.0, steps;

    while (done < seconds - 1e-9) {
        int at = (int)((p->now_s + done) / p->value_s + 1e-9);
        double part = fmin(seconds - done, (at + 1) * p->value_s - p->now_s - done);

        sum += p->values[at < p->n ? at : p->n - 1] * part;
        done += part;
    }
    p->now_s += seconds;
    steps = floor(sum + p->left_over);
    p->left_over += sum - steps;
    *seen_pct = steps / seconds;
    return sum / seconds;
}

struct rivals {
    double mean[AVERAGES], error[AVERAGES];
    double level[DEMAND_SCORE_RATIOS], known[DEMAND_SCORE_RATIOS], noise[DEMAND_SCORE_RATIOS];
};

static void rivals_start(struct rivals *r, double seen)
{
    for (int i = 0; i < AVERAGES; i++) {
        r->mean[i] = seen;
        r->error[i] = ERROR_FIRST;
    }
    for (int i = 0; i < DEMAND_SCORE_RATIOS; i++) {
        r->level[i] = seen;
        r->noise[i] = r->known[i] = ERROR_FIRST / 2.0;
    }
}

static void rivals_learn(struct rivals *r, double seen)
{
    for (int i = 0; i < AVERAGES; i++) {
        double off = seen - r->mean[i];

        r->error[i] = fmax(r->error[i] + ERROR_WEIGHT * (off * off - r->error[i]), ERROR_LEAST);
        r->mean[i] += weights[i] * off;
    }
    for (int i = 0; i < DEMAND_SCORE_RATIOS; i++) {
        double off = seen - r->level[i], variance = r->known[i] + r->noise[i];
        double scale = fmax(variance + ERROR_WEIGHT * (off * off - variance), ERROR_LEAST) / variance;
        double gain = r->known[i] / variance;

        r->noise[i] *= scale;
        r->level[i] += gain * off;
        r->known[i] = r->known[i] * scale * (1.0 - gain) + ratios[i] * r->noise[i];
    }
}

static void rivals_score(const struct rivals *r, struct demand_score *score, double came)
{
    for (int i = 0; i < AVERAGES; i++)
        score->sum[DEMAND_SCORE_LAST + i] += normal_score(r->mean[i], r->error[i], came);
    for (int i = 0; i < DEMAND_SCORE_RATIOS; i++)
        score->kalman[i] += normal_score(r->level[i], r->known[i] + r->noise[i], came);
}

void demand_score_add(struct demand_score *score, const double *values, int n, double value_s, double interval_s,
                      double phase)
{
    struct player player = {.values = values, .n = n, .value_s = value_s, .now_s = phase * value_s};
    struct demand_level level = {0};
    struct part parts[PARTS];
    struct rivals rivals = {0};
    double samples = fmax(round(interval_s), 1.0), sample_s = interval_s / samples;
    int n_parts = 0;

    for (int k = 0; player.now_s + interval_s <= n * value_s; k++) {
        double came = 0.0, seen = 0.0;

        for (int i = 0; i < (int)samples; i++) {
            double seen_pct;

            came += play(&player, sample_s, &seen_pct) / samples;
            seen += seen_pct / samples;
            demand_level_add(&level, seen_pct, sample_s, STEP_PCT / sample_s, sample_s, STANDS_INTERVALS * interval_s,
                             NULL);
        }
        if (k >= WARM_UP) {
            score->n++;
            score->sum[DEMAND_SCORE_OURS] += score_of(parts, n_parts, came);
            rivals_score(&rivals, score, came);
        }
        if (k == 0)
            rivals_start(&rivals, seen);
        else
            rivals_learn(&rivals, seen);
        n_parts = forecast(&level, interval_s, parts);
    }
}

double demand_score_mean(const struct demand_score *score, enum demand_score_of of)
{
    double sum = score->sum[of];

    if (of == DEMAND_SCORE_KALMAN) {
        sum = score->kalman[0];
        for (int i = 1; i < DEMAND_SCORE_RATIOS; i++)
            sum = fmin(sum, score->kalman[i]);
    }
    return score->n ? sum / (double)score->n : 0.0;
}
