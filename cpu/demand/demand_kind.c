#include "cpu/demand/demand_kind.h"

#include <math.h>

/* It never sleeps where less than this share of the time is left beside running and waiting, over the last few samples;
 * a single one may miss it by steps of 10 ms and by counters that aren't read in the same instant. With single ones, of
 * changes of hosts with idle and busy loads, decided every 12 s, 84 % were balanced in time instead of all but a few.
 */
#define SLACK_PCT 3.0
#define SLACK_WEIGHT 0.4
#define SLACK_CHANGED 10.0
/* Work that piles up, in seconds of a pCPU: queues are bounded, requests time out. */
#define MOST_BACKLOG_S 2.0
/* The crowding has changed where the figures of the two kinds differ by so many points more or less than they did, and
 * a piece of work waits by that part longer or shorter. The figures alone would also differ where more pieces of work
 * came than usual. */
#define GAP_POINTS 3.0
#define CROWDING_PART 0.25
/* Samples that make a window: the first one is partly of the time before. */
#define WINDOW_SAMPLES 3
/* The same work takes more or less time, by about this share, when caches, clocks and siblings change hands. */
#define SPEED_CHANGES 0.05
/* The load itself may have changed at the same moment: in one case of twenty. */
#define CHANGES_TOO 0.05
/* No comparison is more certain than this (20 : 1), nor are all of them together (150 : 1), so that a load that becomes
 * one of the other kind shows after a few. */
#define MOST_EVIDENCE 3.0
#define MOST_SUM 5.0
/* What is expected of a load on a host where none was compared yet: closed ones are as common as open ones, and the
 * mean over both is never far off. Counts as so many comparisons. */
#define EXPECTED_OPEN 0.4
#define EXPECTED_WEIGHT 2.0

static bool crowding_changed(const struct demand_kind_window *w, const struct demand_kind_figures *f,
                             double wait_per_run)
{
    double gap = f->closed_pct - f->open_pct - (w->closed_pct - w->open_pct);
    double most = fmax(wait_per_run, w->wait_per_run);

    return f->saturated != w->saturated ||
           (fabs(gap) > GAP_POINTS && fabs(wait_per_run - w->wait_per_run) > CROWDING_PART * most);
}

static void add_to_window(struct demand_kind *k, const struct demand_kind_figures *f, double wait_pct, double off_pct,
                          double seconds)
{
    struct demand_kind_window *now = &k->now;
    double wait_per_run = wait_pct / fmax(f->open_pct, 1.0), share;

    if (now->samples == 0 || crowding_changed(now, f, wait_per_run)) {
        if (now->samples >= WINDOW_SAMPLES) {
            k->before = *now;
            k->told = 0.0;
        }
        k->evidence -= k->told;
        k->told = 0.0;
        *now = (struct demand_kind_window){.saturated = f->saturated};
    }
    now->samples++;
    now->seconds += seconds;
    now->seen_s += f->saturated ? seconds : seconds * (1.0 - wait_pct / 100.0);
    share = seconds / now->seconds;
    now->closed_pct += (f->closed_pct - now->closed_pct) * share;
    now->open_pct += (f->open_pct - now->open_pct) * share;
    now->wait_per_run += (wait_per_run - now->wait_per_run) * share;
    now->off_pct += (off_pct - now->off_pct) * share;
}

struct demand_kind_figures demand_kind_add(struct demand_kind *k, double run_pct, double wait_pct, double off_pct,
                                           double seconds, double wants_pct)
{
    struct demand_kind_figures f = {.open_pct = run_pct};
    double slack_pct = 100.0 - run_pct - wait_pct; /* where the counters ran for longer, less than none */
    bool never_sleeps;

    if (k->now.samples == 0 || fabs(slack_pct - k->slack_pct) > SLACK_CHANGED)
        k->slack_pct = slack_pct;
    else
        k->slack_pct += SLACK_WEIGHT * (slack_pct - k->slack_pct);
    never_sleeps = k->slack_pct < SLACK_PCT + off_pct && slack_pct < 3.0 * (SLACK_PCT + off_pct);
    f.saturated = never_sleeps && wait_pct >= SLACK_PCT;
    f.hidden = k->slack_pct < 2.0 * (SLACK_PCT + off_pct) && wait_pct >= SLACK_PCT;
    f.closed_pct = never_sleeps ? 100.0 : fmin(100.0 * run_pct / fmax(100.0 - wait_pct, 1.0), 100.0);
    if (f.saturated) {
        k->backlog_s = fmin(k->backlog_s + seconds * (100.0 - run_pct) / 100.0, MOST_BACKLOG_S);
    } else if (slack_pct < SLACK_PCT && k->backlog_s > 0.0) {
        f.draining = true;
        k->backlog_s -= seconds * (1.0 - fmin(fmax(wants_pct, 0.0), 90.0) / 100.0);
        return f;
    } else {
        k->backlog_s = 0.0;
    }
    add_to_window(k, &f, wait_pct, off_pct, seconds);
    return f;
}

/* How likely a figure is off by so much though the load is of that kind. */
static double likelihood(double off, double variance)
{
    return (1.0 - CHANGES_TOO) * exp(-0.5 * off * off / variance) / sqrt(2.0 * 3.14159265358979 * variance) +
           CHANGES_TOO / 100.0;
}

/* Squared: how far the closed figure is off for the time between samples being off, by which it is divided and of which
 * waits are taken. */
static double time_error(const struct demand_kind_window *w)
{
    double wait_pct = fmin(w->wait_per_run * fmax(w->open_pct, 1.0), 99.0);

    return w->saturated ? 0.0 : pow(w->off_pct * w->closed_pct / (100.0 - wait_pct), 2.0) / w->samples;
}

void demand_kind_compare(struct demand_kind *k, double closed, double open)
{
    const struct demand_kind_window *a = &k->before, *b = &k->now;
    double closed_off = b->closed_pct - a->closed_pct, open_off = b->open_pct - a->open_pct, told;

    if (a->samples < WINDOW_SAMPLES || b->samples < WINDOW_SAMPLES || (a->saturated && b->saturated))
        return;
    if (a->saturated)
        open_off = fmin(open_off, 0.0);
    if (b->saturated)
        open_off = fmax(open_off, 0.0);
    closed = closed * (1.0 / a->seen_s + 1.0 / b->seen_s) + 1.0 + pow(SPEED_CHANGES * b->closed_pct, 2.0) +
             time_error(a) + time_error(b);
    open = open * (1.0 / a->seconds + 1.0 / b->seconds) + 1.0 + pow(SPEED_CHANGES * b->open_pct, 2.0);
    told = log(likelihood(open_off, open) / likelihood(closed_off, closed));
    told = fmax(fmin(told, MOST_EVIDENCE), -MOST_EVIDENCE);
    k->evidence = fmax(fmin(k->evidence - k->told + told, MOST_SUM), -MOST_SUM);
    k->told = told;
}

void demand_kind_jumped(struct demand_kind *k)
{
    k->evidence -= k->told;
    k->evidence /= 2.0;
    k->told = 0.0;
    k->before.samples = k->now.samples = 0;
}

void demand_kind_peers_add(struct demand_kind_peers *peers, const struct demand_kind *k)
{
    double open = 1.0 / (1.0 + exp(-k->evidence)), told = fmin(fabs(k->evidence) / MOST_EVIDENCE, 1.0);

    peers->open += told * open;
    peers->closed += told * (1.0 - open);
}

double demand_kind_open(const struct demand_kind *k, const struct demand_kind_peers *peers)
{
    double open = EXPECTED_OPEN * EXPECTED_WEIGHT, closed = (1.0 - EXPECTED_OPEN) * EXPECTED_WEIGHT;

    if (peers) {
        open += peers->open;
        closed += peers->closed;
    }
    return 1.0 / (1.0 + exp(-k->evidence) * closed / open);
}
