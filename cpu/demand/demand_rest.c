#include "cpu/demand/demand_rest.h"

#include <math.h>

/* No rest is longer than this many intervals, unless the operator's first one is. */
#define REST_MAX 64
/* A rest is forgotten step by step: one halving for each time this many of it passed quietly. */
#define QUIET_RESTS 4
/* Decisions for which a vCPU doesn't go back to where it came from. */
#define BARRED 10

void demand_rest_begin(struct demand_rest *rest, int decision, int from_cpu, double cooldown)
{
    int first = (int)ceil(cooldown);

    if (rest->length > 0) {
        int quiet = decision - rest->last_moved;

        for (rest->length *= 2; rest->length > first && quiet > QUIET_RESTS * rest->length / 2;) {
            quiet -= QUIET_RESTS * rest->length / 2;
            rest->length /= 2;
        }
    }
    if (rest->length < first)
        rest->length = first;
    if (rest->length > REST_MAX && REST_MAX > first)
        rest->length = REST_MAX;
    rest->left_before = rest->last_moved;
    rest->came_from_before = rest->came_from;
    rest->until = decision + rest->length;
    rest->last_moved = decision;
    rest->came_from = from_cpu;
}

int demand_rest_left(const struct demand_rest *rest, int decision)
{
    int left = rest->until - decision;

    return left > 0 ? left : 0;
}

int demand_rest_barred(const struct demand_rest *rest, int decision, int which)
{
    int from = which ? rest->came_from_before : rest->came_from;

    return from >= 0 && decision - (which ? rest->left_before : rest->last_moved) < BARRED ? from : -1;
}
