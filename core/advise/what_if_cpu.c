#include "core/advise/what_if_world.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Turns in which ready shares settle: each brings them nearer by half or more but where four or more that never rest
 * share a pCPU, and there they begin where they end. */
enum { TURNS = 30 };

static int want(struct what_if_world *w, int pcpu, int vcpu, double share, bool floats)
{
    if (!(share > 0))
        return 0;
    if (array_reserve(&w->shares, &w->cap_shares, w->n_shares + 1, sizeof(*w->shares)))
        return -ENOMEM;
    w->shares[w->n_shares++] = (struct what_if_share){pcpu, vcpu, floats, share, share};
    w->load[pcpu] += share;
    return 0;
}

static bool may_use(const struct snapshot *s, const uint64_t *mask, int pcpu)
{
    const struct snapshot_pcpu *c = &s->pcpus[pcpu];

    return c->online && !c->isolated && (!mask || cpumask_has(mask, snapshot_words(s), c->number));
}

/* The load up to which demand fills the pCPUs of the mask, the lowest first; -1 where there is none. Each turn leaves
 * out those that are above it already, which lowers it. */
static double level_of(const struct what_if_world *w, const struct snapshot *s, const uint64_t *mask, double demand)
{
    double level = INFINITY, before;

    do {
        double sum = demand;
        int n = 0;

        before = level;
        for (int i = 0; i < s->n_pcpus; i++) {
            if (!may_use(s, mask, i) || w->load[i] >= before)
                continue;
            sum += w->load[i];
            n++;
        }
        if (n == 0)
            return -1;
        level = sum / n;
    } while (level < before);
    return level;
}

/* A vCPU that may run on several pCPUs: its demand flows to where there is room. */
static int flow(struct what_if_world *w, struct snapshot *s, int vcpu, double demand)
{
    struct snapshot_vcpu *v = &s->vcpus[vcpu];
    const uint64_t *mask = snapshot_mask(s, v->affinity);
    double level = level_of(w, s, mask, demand), most = 0;
    int error = 0;

    for (int i = 0; i < s->n_pcpus && !error && level >= 0; i++) {
        double share = may_use(s, mask, i) ? level - w->load[i] : 0;

        if (share > most) {
            most = share;
            v->cpu = s->pcpus[i].number;
        }
        error = want(w, i, vcpu, share, true);
    }
    return error;
}

static double host_share(const struct rates *r, int pcpu)
{
    return pcpu < r->n_pcpus && r->pcpus[pcpu].known ? fmin(fmax(r->pcpus[pcpu].host_pct / 100, 0), 1) : 0;
}

static double demand_of(const struct rates *r, int vcpu)
{
    return vcpu < r->n_vcpus && r->vcpus[vcpu].known ? fmin(fmax(r->vcpus[vcpu].demand_pct / 100, 0), 1) : 0;
}

static int by_pcpu(const void *a, const void *b)
{
    const struct what_if_share *left = a, *right = b;

    return left->pcpu != right->pcpu ? (left->pcpu > right->pcpu) - (left->pcpu < right->pcpu)
                                     : (left->vcpu > right->vcpu) - (left->vcpu < right->vcpu);
}

/* Who wants what where: first those that have one place, then those that have several. */
static int spread(struct what_if_world *w, struct snapshot *s)
{
    int error = 0;

    w->n_shares = 0;
    for (int i = 0; i < s->n_pcpus; i++)
        w->load[i] = host_share(&w->rates, i);
    for (int i = 0; i < s->n_vcpus && !error; i++) {
        int at = snapshot_pinned_to(s, &s->vcpus[i]);

        if (at < 0)
            continue;
        s->vcpus[i].cpu = s->pcpus[at].number;
        error = want(w, at, i, demand_of(&w->rates, i), false);
    }
    for (int i = 0; i < s->n_vcpus && !error; i++)
        if (snapshot_pinned_to(s, &s->vcpus[i]) < 0)
            error = flow(w, s, i, demand_of(&w->rates, i));
    if (!error && w->n_shares > 0)
        qsort(w->shares, (size_t)w->n_shares, sizeof(*w->shares), by_pcpu);
    return error;
}

/* The share of time in which one of demand d is ready (runs or waits) when its work takes so many times as long. */
static double ready_share(double demand, double slowdown)
{
    return demand * slowdown / (demand * slowdown + 1 - demand);
}

static double slowdown_of(const struct what_if_share *share, double ready, double load, double host)
{
    if (share->floats)
        return fmax(load, 1);
    return (1 + ready - share->ready) / fmax(1 - host, 1e-6);
}

/*
 * What becomes of n shares on one pCPU. While one is ready it shares the pCPU with the others that are: its work takes
 * 1 + (the mean number of others that are ready) times as long, and 1 / (1 - h) times as long again beside host work
 * h. That makes it ready for longer, and so on, until it fits. Source: P. Schweitzer, Approximate analysis of
 * multiclass closed networks of queues, 1979; for two of demand 1/2 each runs 0.38 of the time, 0.4 exactly; n that
 * never rest get 1/n each, exactly. One that floats goes where nobody runs, and waits only where there is too little.
 */
static void settle(struct what_if_world *w, struct what_if_share *shares, int n, double host)
{
    for (int turn = 0; turn < TURNS; turn++) {
        double ready = 0;

        for (int i = 0; i < n; i++)
            ready += shares[i].ready;
        for (int i = 0; i < n; i++)
            shares[i].ready =
                ready_share(shares[i].wanted, slowdown_of(&shares[i], ready, w->load[shares[i].pcpu], host));
    }
    for (int i = 0; i < n; i++) {
        double ready = 0;

        for (int j = 0; j < n; j++)
            ready += shares[j].ready;
        w->slowdown[shares[i].vcpu] += shares[i].wanted * slowdown_of(&shares[i], ready, w->load[shares[i].pcpu], host);
    }
}

/* The share of time that the vCPU runs; *waits: that it waits. Its slowdown is the mean over its shares. */
static double run_of(const struct what_if_world *w, int vcpu, double *waits)
{
    double demand = demand_of(&w->rates, vcpu), slowdown, run;

    *waits = 0;
    if (!(demand > 0))
        return 0;
    slowdown = fmax(w->slowdown[vcpu] / demand, 1);
    run = demand / (demand * slowdown + 1 - demand);
    *waits = run * (slowdown - 1);
    return run;
}

/* The counters go on from where they were. */
static void count_pcpu(struct what_if_world *w, struct snapshot *s, int pcpu, double guests, double ns)
{
    struct snapshot_pcpu *c = &s->pcpus[pcpu];
    int old = snapshot_pcpu_index(&w->now, c->number);
    double busy = fmin(host_share(&w->rates, pcpu) + guests, 1);

    if (old < 0 || !w->now.pcpus[old].has_times)
        return;
    c->busy_ns = w->now.pcpus[old].busy_ns + (uint64_t)(busy * ns);
    c->idle_ns = w->now.pcpus[old].idle_ns + (uint64_t)((1 - busy) * ns);
}

static void count_vcpu(struct what_if_world *w, struct snapshot *s, int vcpu, double ns)
{
    struct snapshot_vcpu *v = &s->vcpus[vcpu];
    const struct snapshot_guest *g = &s->guests[v->guest];
    int guest = snapshot_find_guest(&w->now, g->uuid, g->id, v->guest);
    int old = guest >= 0 ? snapshot_find_vcpu(&w->now, guest, v->number) : -1;
    double waits, run = run_of(w, vcpu, &waits);

    if (old < 0 || vcpu >= w->rates.n_vcpus || !w->rates.vcpus[vcpu].known)
        return;
    v->run_ns = w->now.vcpus[old].run_ns + (uint64_t)(run * ns);
    v->delay_ns = w->now.vcpus[old].delay_ns + (uint64_t)(waits * ns);
}

/* What the vCPUs of n shares run on their pCPU: each of its shares as large a part as of what it wants. */
static double run_there(const struct what_if_world *w, const struct what_if_share *shares, int n)
{
    double sum = 0, waits;

    for (int i = 0; i < n; i++)
        sum += shares[i].wanted / demand_of(&w->rates, shares[i].vcpu) * run_of(w, shares[i].vcpu, &waits);
    return sum;
}

/* The shares of the pCPU, from *next on, which goes behind them. */
static int shares_of(const struct what_if_world *w, int pcpu, int *next)
{
    int first = *next;

    while (*next < w->n_shares && w->shares[*next].pcpu == pcpu)
        (*next)++;
    return first;
}

int what_if_cpu(struct what_if_world *w)
{
    struct snapshot *s = &w->next;
    double ns = (double)(s->taken_ns - w->now.taken_ns);

    if (array_reserve(&w->load, &w->cap_load, s->n_pcpus, sizeof(*w->load)) ||
        array_reserve(&w->slowdown, &w->cap_slowdown, s->n_vcpus, sizeof(*w->slowdown)) || spread(w, s))
        return -ENOMEM;
    array_clear(w->slowdown, s->n_vcpus, sizeof(*w->slowdown));
    for (int i = 0, next = 0; i < s->n_pcpus; i++) {
        int first = shares_of(w, i, &next);

        settle(w, w->shares + first, next - first, host_share(&w->rates, i));
    }
    for (int i = 0, next = 0; i < s->n_pcpus; i++) {
        int first = shares_of(w, i, &next);

        count_pcpu(w, s, i, run_there(w, w->shares + first, next - first), ns);
    }
    for (int i = 0; i < s->n_vcpus; i++)
        count_vcpu(w, s, i, ns);
    return 0;
}
