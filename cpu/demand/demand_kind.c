#include "cpu/demand/demand_kind.h"

#include <math.h>

/* It has room where it waits for less than this; in per cent of the time. */
#define ROOM_PCT 4.0
/* It hardly ever sleeps, where it runs or waits for more than this. */
#define SATURATED_PCT 95.0
/* It never does, for all that counters tell: behind seven others a point of error makes a demand of 100 look like 92.
 */
#define NEVER_SLEEPS_PCT 97.0
/* Figures are compared across so many intervals at most: later, the load may be another. */
#define COMPARED_INTERVALS 2
/* One kind must be off by so many times as much as the other, to be ruled out. */
#define CLEARLY 3.0
/* The same work takes more or less time, by about this share, when caches, clocks and sibling threads change hands. */
#define SPEED_CHANGES 0.15
/* How much the last figure counts in what it wants when it has room. */
#define LAST_WEIGHT 0.4

static double closed_demand(double run_pct, double wait_pct)
{
    return run_pct + wait_pct > NEVER_SLEEPS_PCT ? 100.0 : fmin(100.0 * run_pct / (100.0 - wait_pct), 100.0);
}

/* Compares what it wants with room to what the two kinds would want when crowded, and decides where exactly one of the
 * two agrees. */
static void compare(struct demand_kind *k, double alone_pct, double run_pct, double wait_pct, double tolerance)
{
    double closed_off = fabs(closed_demand(run_pct, wait_pct) - alone_pct), open_off = fabs(run_pct - alone_pct);

    tolerance = fmax(tolerance, SPEED_CHANGES * alone_pct);
    if (open_off <= tolerance && closed_off >= fmax(CLEARLY * open_off, tolerance))
        k->open = true;
    else if (closed_off <= tolerance && open_off >= fmax(CLEARLY * closed_off, tolerance))
        k->open = false;
}

static double with_room(struct demand_kind *k, double figure_pct, double tolerance)
{
    if (k->crowded_age > 0 && k->crowded_age <= COMPARED_INTERVALS)
        compare(k, figure_pct, k->run_pct, k->wait_pct, tolerance);
    if (k->alone_age == 2 && fabs(figure_pct - k->alone_pct) <= 2.0 * tolerance)
        k->alone_pct += LAST_WEIGHT * (figure_pct - k->alone_pct);
    else
        k->alone_pct = figure_pct;
    k->alone_age = 1;
    k->crowded_age = 0;
    k->held = false;
    return figure_pct;
}

static double crowded(struct demand_kind *k, double run_pct, double wait_pct, double tolerance)
{
    bool fresh = k->held || (k->alone_age > 0 && k->alone_age <= COMPARED_INTERVALS + 1);
    double closed_pct = closed_demand(run_pct, wait_pct);

    if (run_pct + wait_pct > SATURATED_PCT) {
        k->held = fresh && run_pct <= k->alone_pct + tolerance && k->alone_pct < SATURATED_PCT;
        if (k->held || (k->open && k->alone_age > 0))
            return fmax(fmin(k->alone_pct, closed_pct), run_pct);
        return closed_pct;
    }
    if (fresh)
        compare(k, k->alone_pct, run_pct, wait_pct, tolerance);
    k->held = false;
    k->run_pct = run_pct;
    k->wait_pct = wait_pct;
    k->crowded_age = 1;
    return k->open ? run_pct : closed_pct;
}

void demand_kind_miss(struct demand_kind *k)
{
    k->crowded_age += k->crowded_age > 0;
    k->alone_age += k->alone_age > 0;
}

double demand_kind_figure(struct demand_kind *k, double run_pct, double wait_pct, double tolerance)
{
    demand_kind_miss(k);
    if (wait_pct < ROOM_PCT)
        return with_room(k, closed_demand(run_pct, wait_pct), tolerance);
    return crowded(k, run_pct, wait_pct, tolerance);
}
