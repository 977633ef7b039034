#include "cpu/placement/placement_order.h"

#include <math.h>

enum {
    PICKED = 256
}; /* moves from which the next isn't picked each time, but all are sorted by what they gain first */

/* Sums over pCPUs of (load - mean)^2 and of (load - mean), from which sd follows. */
struct sums {
    int n_pcpus;
    double square, off;
};

static double sd_of(const struct sums *s)
{
    double mean = s->off / s->n_pcpus, variance = s->square / s->n_pcpus - mean * mean;

    return variance > 0 ? sqrt(variance) : 0;
}

static void shift(struct sums *s, double load, double change, double mean)
{
    s->square += change * (2 * (load - mean) + change);
    s->off += change;
}

static struct sums sums_after(const struct sums *s, const struct placement_move *m, double demand, const double *load,
                              double mean)
{
    struct sums after = *s;

    if (m->from == m->to)
        return after;
    if (m->from >= 0)
        shift(&after, load[m->from], -demand, mean);
    shift(&after, load[m->to], demand, mean);
    return after;
}

static void carry_out(struct sums *s, struct placement_move *m, double demand, double *load, double mean)
{
    struct sums after = sums_after(s, m, demand, load, mean);

    m->gain = sd_of(s) - sd_of(&after);
    *s = after;
    if (m->from == m->to)
        return;
    if (m->from >= 0)
        load[m->from] -= demand;
    load[m->to] += demand;
}

void placement_order(const struct placement_problem *problem, struct placement_move *moves, int n, double *load_pct,
                     double mean, struct placement_key *keys, struct placement_key *spare, struct placement_move *room)
{
    struct sums sums = {.n_pcpus = problem->n_pcpus};

    for (int p = 0; p < problem->n_pcpus; p++)
        shift(&sums, mean, load_pct[p] - mean, mean);
    if (n > PICKED) {
        for (int k = 0; k < n; k++) {
            struct sums after = sums_after(&sums, &moves[k], problem->vcpus[moves[k].vcpu].demand_pct, load_pct, mean);

            keys[k] = (struct placement_key){-after.square, k};
            room[k] = moves[k];
        }
        placement_sort(keys, spare, n);
        for (int k = 0; k < n; k++)
            moves[k] = room[keys[k].id];
    }
    for (int done = 0; done < n; done++) {
        double least = INFINITY;
        int next = done;

        for (int k = done; k < n && n <= PICKED; k++) {
            struct sums after = sums_after(&sums, &moves[k], problem->vcpus[moves[k].vcpu].demand_pct, load_pct, mean);

            if (after.square < least) {
                least = after.square;
                next = k;
            }
        }
        struct placement_move move = moves[next];

        moves[next] = moves[done];
        moves[done] = move;
        carry_out(&sums, &moves[done], problem->vcpus[moves[done].vcpu].demand_pct, load_pct, mean);
    }
}
