#include "tests/sim/least_sd.h"

#include "tests/sim/cpu_run.h"
#include "tests/sim/cpu_task.h"

#include <math.h>
#include <stdlib.h>

enum { STARTS = 16 };

/* An exchange or move that gains less than this (square points) is none. */
#define GAIN_LEAST 1e-9

struct spread {
    const double *loads;
    int n_pcpus, n_loads;
    double *sums; /* per pCPU */
    int *at;      /* per load */
};

static void deal(struct spread *s, const double *background, double disorder, struct cpu_random *random)
{
    double *weight = calloc((size_t)s->n_loads + 1, sizeof(*weight));

    if (!weight)
        abort();
    for (int p = 0; p < s->n_pcpus; p++)
        s->sums[p] = background[p];
    for (int i = 0; i < s->n_loads; i++)
        weight[i] = s->loads[i] * (1.0 + disorder * cpu_random_unit(random)) + GAIN_LEAST;
    for (int k = 0; k < s->n_loads; k++) {
        int next = 0, least = 0;

        for (int i = 1; i < s->n_loads; i++)
            if (weight[i] > weight[next])
                next = i;
        for (int p = 1; p < s->n_pcpus; p++)
            if (s->sums[p] < s->sums[least])
                least = p;
        weight[next] = -1.0;
        s->at[next] = least;
        s->sums[least] += s->loads[next];
    }
    free(weight);
}

/* Carries amount from one pCPU to another if that makes the sum of squares less. */
static bool carry(struct spread *s, int from, int to, double amount)
{
    double gain = 2.0 * amount * (s->sums[from] - s->sums[to] - amount);

    if (from == to || gain < GAIN_LEAST)
        return false;
    s->sums[from] -= amount;
    s->sums[to] += amount;
    return true;
}

static bool mend_one(struct spread *s, int i)
{
    bool better = false;

    for (int p = 0; p < s->n_pcpus; p++) {
        if (carry(s, s->at[i], p, s->loads[i])) {
            s->at[i] = p;
            better = true;
        }
    }
    for (int j = 0; j < s->n_loads; j++) {
        if (carry(s, s->at[i], s->at[j], s->loads[i] - s->loads[j])) {
            int p = s->at[i];

            s->at[i] = s->at[j];
            s->at[j] = p;
            better = true;
        }
    }
    return better;
}

double least_sd(const double *background, int n_pcpus, const double *loads, int n_loads)
{
    struct spread s = {.loads = loads,
                       .n_pcpus = n_pcpus,
                       .n_loads = n_loads,
                       .sums = calloc((size_t)n_pcpus, sizeof(double)),
                       .at = calloc((size_t)n_loads + 1, sizeof(int))};
    struct cpu_random random = {.state = 1};
    double least = INFINITY;

    if (!s.sums || !s.at)
        abort();
    for (int start = 0; start < STARTS; start++) {
        bool better = true;

        deal(&s, background, start ? 0.8 : 0.0, &random);
        while (better) {
            better = false;
            for (int i = 0; i < n_loads; i++)
                better = mend_one(&s, i) || better;
        }
        least = fmin(least, cpu_run_sd(s.sums, n_pcpus));
    }
    free(s.sums);
    free(s.at);
    return least;
}
