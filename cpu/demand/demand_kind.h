/*
 * What kind of load a vCPU carries, as far as its behaviour has shown it. Behind a crowded pCPU there are two: one that
 * does a piece of work, pauses, and goes on (closed) is slowed down, so that it wants run / (time - wait); one whose
 * work arrives from outside (open) is served later but as much, and wants run / time. They look alike until a vCPU
 * that had room is crowded, or the other way round: then one of the two figures goes on where the other jumps.
 */
#ifndef CPU_DEMAND_DEMAND_KIND_H
#define CPU_DEMAND_DEMAND_KIND_H

#include <stdbool.h>

struct demand_kind {
    bool open;        /* seen to be; until then a load counts as closed, which never asks for too little */
    double alone_pct; /* what it wanted when it last had room */
    int alone_age;    /* intervals ago; 0: never */
    bool held;        /* crowded ever since, and so much that nothing shows: it is taken to want what it wanted then */
    double run_pct, wait_pct; /* when it was last crowded, but not so much */
    int crowded_age;          /* intervals ago; 0: never */
};

/*
 * Takes in an interval's run and wait (per cent of the time) and returns what the vCPU wants, in per cent of a pCPU.
 * tolerance: how far two figures of a load that didn't change may lie apart, in points.
 */
double demand_kind_figure(struct demand_kind *k, double run_pct, double wait_pct, double tolerance);

/* An interval without figures: what was known grows older. */
void demand_kind_miss(struct demand_kind *k);

#endif
