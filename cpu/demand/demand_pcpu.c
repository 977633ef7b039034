#include "cpu/demand/demand_pcpu.h"

#include <math.h>

/* The host's own work is what is left of a busy time less vCPUs' run times, which aren't read in the same instant. */
#define HOST_STEP_S 0.01
/* Host work that stands still for less than so many intervals isn't followed: it comes and goes by itself. */
#define FOLLOW_HOST_INTERVALS 8.0
/* Host work has reason to leave a pCPU whose vCPUs wait for so much of the time (in points), and room to go to where
 * another pCPU is idle for so much. Less than two points of host work isn't judged. */
#define PRESSED_WAIT_PCT 2.0
#define ROOM_IDLE_PCT 20.0
#define LEAST_HOST_PCT 2.0
/* It shows that host work doesn't float where at least this part of it can't. */
#define LEAST_SHOWN (1.0 / 3.0)
/* A pCPU counts as taken for at least this share of the time, and as free for as much, when it's weighed where host
 * work that floats lies: keeps the odds finite. Half or twice of it changed no figure. */
#define LEAST_TAKEN 0.05

/* What a sample is taken in with. */
struct learning {
    double seconds, interval_s, stands_s;
    const struct demand_level_peers *peers;
};

struct demand_pcpu demand_pcpu_new(int number)
{
    return (struct demand_pcpu){.number = number, .last_pct = 100.0};
}

static bool has_room(const struct snapshot *now, const struct rates *r, int pcpu)
{
    const struct snapshot_pcpu *p = &now->pcpus[pcpu];

    return p->online && !p->isolated && r->pcpus[pcpu].known && r->pcpus[pcpu].busy_pct < 100.0 - ROOM_IDLE_PCT;
}

static void learn_figure(const struct learning *l, struct demand_level *level, double figure_pct)
{
    demand_level_add(level, figure_pct, l->seconds, 100.0 * HOST_STEP_S / l->seconds, l->seconds, l->stands_s,
                     l->peers);
}

static struct demand_level_belief believe(const struct learning *l, const struct demand_level *level, double most_pct)
{
    double lasts_s;

    return demand_level_believe(level, FOLLOW_HOST_INTERVALS * l->interval_s, most_pct, l->stands_s, l->peers,
                                &lasts_s);
}

/*
 * Host work that the kernel may move flows to where there is room as soon as it has to wait, within milliseconds. What
 * is still there while vCPUs wait for the same pCPU, and others have room, can't be moved, or is no more than its part
 * of what floats (see below). It counts from when it has been there for a whole interval, and until then is a burst.
 * What shows in a single sample is no more than a vCPU that has just left, or counters that weren't read in the same
 * instant.
 */
static void learn_host(const struct learning *l, struct demand_pcpu *p, const struct rates_pcpu *figures, bool pressed)
{
    double figure_pct = fmin(figures->host_pct, p->last_pct), least_pct;
    double weight = p->host.n ? -expm1(-l->seconds / l->interval_s) : 1.0;
    struct demand_level_belief all, stays = {0};

    p->guest_pct += weight * (figures->guest_pct - p->guest_pct);
    p->taken_pct += weight * (figures->taken_pct - p->taken_pct);
    p->last_pct = figures->host_pct;
    learn_figure(l, &p->host, figure_pct);
    if (pressed)
        learn_figure(l, &p->pressed, figure_pct);
    p->least_pct[0] = fmin(p->least_pct[0], demand_level_now(&p->host).mean);
    least_pct = fmin(p->least_pct[0], p->least_pct[1]);
    all = believe(l, &p->host, least_pct);
    if (p->pressed.n)
        stays = believe(l, &p->pressed, least_pct);
    p->host_pct = all.mean;
    p->stays_pct = fmin(all.mean, stays.mean);
    p->variance = p->pressed.n ? fmin(all.variance, stays.variance) : all.variance;
}

/*
 * How much of the host work that floats lies on the pCPU, beside what lies on others: what wakes up stays where it last
 * ran, unless that is taken and another pCPU isn't; it then goes to one of those. So between any two pCPUs as much goes
 * one way as the other when the work lies as the odds of finding them free are. (Detailed balance; on real guests, of
 * 28 points beside vCPUs that took 75 and 39 % it gave 18 and 82 %, seen were 16 and 84.)
 */
static double weight_of(const struct demand_pcpu *p)
{
    double taken = fmax(fmin((p->guest_pct + p->fixed_pct) / 100.0, 1.0 - LEAST_TAKEN), LEAST_TAKEN);

    return (1.0 - taken) / taken;
}

/* The most host work per weight that may float, as each pCPU must have its part of it. */
static double most_floating(const struct demand_pcpu *pcpus, const struct snapshot *now)
{
    double most_pct = HUGE_VAL;

    for (int i = 0; i < now->n_pcpus; i++)
        if (now->pcpus[i].online && !now->pcpus[i].isolated && pcpus[i].host.n)
            most_pct = fmin(most_pct, demand_level_now(&pcpus[i].host).mean / weight_of(&pcpus[i]));
    return most_pct;
}

static bool shows_fixed(const struct demand_pcpu *p)
{
    return p->stays_pct > 0.0 && p->fixed_pct >= LEAST_SHOWN * p->stays_pct;
}

/*
 * What stayed under pressure is fixed, but for its part of what floats. Host work is of one kind on the whole host, as
 * far as is known: of that of which it doesn't show, as much stays as did elsewhere.
 */
static void find_fixed(struct demand_pcpu *pcpus, const struct snapshot *now)
{
    double most_pct = most_floating(pcpus, now), fixed_pct = 0.0, host_pct = LEAST_HOST_PCT, share;

    for (int i = 0; i < now->n_pcpus; i++) {
        struct demand_pcpu *p = &pcpus[i];

        p->fixed_pct = fmax(p->stays_pct - most_pct * weight_of(p), 0.0);
        if (!shows_fixed(p))
            continue;
        fixed_pct += p->fixed_pct;
        host_pct += p->host_pct;
    }
    share = fixed_pct / host_pct;
    for (int i = 0; i < now->n_pcpus; i++) {
        struct demand_pcpu *p = &pcpus[i];

        if (!shows_fixed(p)) {
            p->fixed_pct = share * p->host_pct;
            p->variance *= share * share;
        }
        p->fixed_pct = fmax(p->fixed_pct, p->taken_pct); /* that it stays is known */
        if (p->fixed_pct < LEAST_HOST_PCT)
            p->fixed_pct = p->variance = 0.0;
    }
}

/* Adds up how long the vCPUs pinned to each pCPU wait; returns how many pCPUs have room for host work. */
static int find_waits(struct demand_pcpu *pcpus, const struct snapshot *now, const struct rates *r)
{
    int with_room = 0;

    for (int i = 0; i < now->n_pcpus; i++) {
        pcpus[i].wait_pct = 0.0;
        with_room += has_room(now, r, i);
    }
    for (int i = 0; i < now->n_vcpus; i++) {
        int at = snapshot_pinned_to(now, &now->vcpus[i]);

        if (at >= 0 && r->vcpus[i].has_wait)
            pcpus[at].wait_pct += r->vcpus[i].wait_pct;
    }
    return with_room;
}

void demand_pcpu_learn(struct demand_pcpu *pcpus, const struct snapshot *now, const struct rates *r, double interval_s,
                       double stands_s, struct demand_level_peers *peers)
{
    const struct learning l = {r->seconds, interval_s, stands_s, peers};
    int with_room = find_waits(pcpus, now, r), jumps = 0;

    if (r->seconds <= 0.0)
        return;
    for (int i = 0; i < now->n_pcpus; i++) {
        struct demand_pcpu *p = &pcpus[i];
        double jumped = p->host.changes;
        bool pressed = p->wait_pct >= PRESSED_WAIT_PCT && with_room > has_room(now, r, i);

        if (r->pcpus[i].known)
            learn_host(&l, p, &r->pcpus[i], pressed);
        jumps += p->host.changes > jumped;
    }
    find_fixed(pcpus, now);
    demand_level_peers_jumped(peers, jumps, now->n_pcpus, r->seconds);
}

void demand_pcpu_interval(struct demand_pcpu *pcpu)
{
    pcpu->least_pct[1] = pcpu->least_pct[0];
    pcpu->least_pct[0] = 100.0;
}
