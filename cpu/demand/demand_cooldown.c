#include "cpu/demand/demand_cooldown.h"

#include <math.h>

/* The longest cool-down, in intervals, unless the operator's first one is longer: after 64 intervals of 12 s, a quarter
 * of an hour, a vCPU is planned with again, however often it was moved. */
#define COOLDOWN_MOST 64
/* A cool-down is forgotten step by step: it is halved for each time that so many of it passed quietly. */
#define QUIET_COOLDOWNS 4
/* Decisions for which a vCPU doesn't go back to where it came from: what goes to and fro within so many shows that its
 * load isn't known well enough. */
#define BARRED 10

void demand_cooldown_begin(struct demand_cooldown *c, int decision, int from_cpu, double cooldown)
{
    int first = (int)ceil(cooldown);

    if (c->length > 0) {
        int quiet = decision - c->last_moved;

        for (c->length *= 2; c->length > first && quiet > QUIET_COOLDOWNS * c->length / 2;) {
            quiet -= QUIET_COOLDOWNS * c->length / 2;
            c->length /= 2;
        }
    }
    if (c->length < first)
        c->length = first;
    if (c->length > COOLDOWN_MOST && COOLDOWN_MOST > first)
        c->length = COOLDOWN_MOST;
    c->left_before = c->last_moved;
    c->came_from_before = c->came_from;
    c->until = decision + c->length;
    c->last_moved = decision;
    c->came_from = from_cpu;
}

int demand_cooldown_left(const struct demand_cooldown *c, int decision)
{
    int left = c->until - decision;

    return left > 0 ? left : 0;
}

int demand_cooldown_barred(const struct demand_cooldown *c, int decision, int which)
{
    int from = which ? c->came_from_before : c->came_from;

    return from >= 0 && decision - (which ? c->left_before : c->last_moved) < BARRED ? from : -1;
}
