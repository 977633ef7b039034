#include "cpu/queue_wait.h"

#include <math.h>

/* Above so many vCPUs, how many want to run is taken for normal: nearer than a tenth of a point by then. */
enum { EXACT_MOST = 48 };
/* The fixed point is found to a hundredth of a point by then, also where all is overloaded. */
enum { ROUNDS = 16 };
/* Each round goes half of the way, so that it doesn't swing about an overloaded one. */
#define STEP 0.5

static double speed_beside(double others, double pcpus)
{
    return fmin(1.0, pcpus / (others + 1.0));
}

/* Leaves in odds[k] the probability that k of the vCPUs want to run at a moment. */
static void count_wanting(const struct queue_wait_vcpu *vcpus, int n, double *odds)
{
    odds[0] = 1.0;
    for (int i = 0; i < n; i++) {
        odds[i + 1] = 0.0;
        for (int k = i + 1; k > 0; k--)
            odds[k] += vcpus[i].wants * (odds[k - 1] - odds[k]);
        odds[0] *= 1.0 - vcpus[i].wants;
    }
}

/* The mean speed of a vCPU that wants to run for that share of the time, among n that it is one of. It is taken out of
 * odds again from the end where that loses no digits. */
static double speed_exactly(const double *odds, int n, double wants, double pcpus)
{
    double without = 0.0, speed = 0.0;

    if (wants <= 0.5) {
        for (int k = 0; k < n; k++) {
            without = (odds[k] - (k ? wants * without : 0.0)) / (1.0 - wants);
            speed += without * speed_beside(k, pcpus);
        }
        return speed;
    }
    for (int k = n - 1; k >= 0; k--) {
        without = (odds[k + 1] - (k < n - 1 ? (1.0 - wants) * without : 0.0)) / wants;
        speed += without * speed_beside(k, pcpus);
    }
    return speed;
}

/* The same where the others that want to run are so many on average, with that variance. */
static double speed_of_many(double mean, double variance, double pcpus)
{
    static const double most_off = 4.0, step = 0.25;
    double speed = 0.0, weights = 0.0;

    for (double off = -most_off; off <= most_off; off += step) {
        double weight = exp(-0.5 * off * off);

        speed += weight * speed_beside(fmax(mean + off * sqrt(fmax(variance, 0.0)), 0.0), pcpus);
        weights += weight;
    }
    return speed / weights;
}

/* Gauss and Legendre's five points on 0 to 1, and their weights. */
enum { POINTS = 5 };
static const double points[POINTS] = {0.046910077, 0.230765345, 0.5, 0.769234655, 0.953089923};
static const double weights[POINTS] = {0.118463443, 0.239314335, 0.284444444, 0.239314335, 0.118463443};

/* How much of the time one that wants to run for so much of it is on a certain one of the pCPUs and wants to. */
static double share_of(double wants, double pcpus)
{
    return fmin(wants / fmax(pcpus, 1.0), 1.0);
}

/* Of the number k of those on a pCPU, each there by itself, what the generating function of k is at points: the mean of
 * 1 / (k + 1) is its integral from 0 to 1. */
static void generate(const struct queue_wait_vcpu *vcpus, int n, double pcpus, double *at)
{
    for (int j = 0; j < POINTS; j++) {
        at[j] = 1.0;
        for (int i = 0; i < n; i++)
            at[j] *= 1.0 - share_of(vcpus[i].wants, pcpus) * (1.0 - points[j]);
    }
}

/* The mean speed of a vCPU that shares one of the pCPUs with whichever others are there by lot. */
static double speed_stuck(const double *at, double wants, double pcpus)
{
    double speed = 0.0;

    for (int j = 0; j < POINTS; j++)
        speed += weights[j] * at[j] / (1.0 - share_of(wants, pcpus) * (1.0 - points[j]));
    return speed * fmin(pcpus, 1.0);
}

/* For how much of the time it wants to run that gets on at this speed when it may. */
static double wants_at(const struct queue_wait_vcpu *v, double speed)
{
    double demand = fmin(v->demand_pct / 100.0, 1.0), open = fmin(demand / speed, 1.0);
    double closed = demand / (speed + demand * (1.0 - speed));

    return v->open * open + (1.0 - v->open) * closed;
}

void queue_wait_predict(struct queue_wait_vcpu *vcpus, int n, double pcpus, double stuck, double *room)
{
    for (int i = 0; i < n; i++)
        vcpus[i].wants = fmin(vcpus[i].demand_pct / 100.0, 1.0);
    for (int round = 0; round < ROUNDS; round++) {
        double mean = 0.0, variance = 0.0, at[POINTS];

        for (int i = 0; i < n; i++) {
            mean += vcpus[i].wants;
            variance += vcpus[i].wants * (1.0 - vcpus[i].wants);
        }
        generate(vcpus, n, pcpus, at);
        if (n <= EXACT_MOST)
            count_wanting(vcpus, n, room);
        for (int i = 0; i < n; i++) {
            double wants = vcpus[i].wants;
            double speed = n <= EXACT_MOST ? speed_exactly(room, n, wants, pcpus)
                                           : speed_of_many(mean - wants, variance - wants * (1.0 - wants), pcpus);

            speed += stuck * (speed_stuck(at, wants, pcpus) - speed);
            vcpus[i].wait_pct = 100.0 * wants * (1.0 - speed);
            vcpus[i].wants += STEP * (wants_at(&vcpus[i], fmax(speed, 1e-6)) - wants);
        }
    }
}
