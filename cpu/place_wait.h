/*
 * How long each vCPU of a host is expected to wait after a plan: those of a place (a pCPU, or a group of them) share it
 * as queue_wait.h says; those that float share all places with everybody, of which they take their part.
 */
#ifndef CPU_PLACE_WAIT_H
#define CPU_PLACE_WAIT_H

#include "core/model/rates.h"
#include "cpu/placement/placement.h"
#include "cpu/problem.h"

/* What vCPUs waited on several pCPUs each, beside what they would have if the kernel had moved them at once, and never;
 * sums over them, in points. All zeros: nothing was seen yet. */
struct place_wait_seen {
    double waited, least, most;
};

/* What was learned from that. */
struct place_wait_host {
    double stuck;  /* how much of the time vCPUs wait though another pCPU is free: see queue_wait.h */
    double factor; /* how many times as long they wait as by the model, which takes them for independent; from 1 */
};

/*
 * Fills wait_pct, one for each vCPU of the problem's snapshot: per cent of the time; < 0 for one of which nothing can
 * be said. plan NULL: as they are now. size: pCPUs of each place, an index of the problem's snapshot. Returns their
 * mean over those that don't idle, < 0 where there is none; *error: 0 or -ENOMEM.
 */
double place_wait_predict(const struct problem *p, const struct placement *plan, const int *size,
                          struct place_wait_host host, double *wait_pct, int *error);

/* Adds to seen those that float, and those that are in their places. r: of the last interval; wait_pct: one per vCPU to
 * work in. 0 or -ENOMEM. */
int place_wait_look(const struct problem *p, const int *size, const struct rates *r, double *wait_pct,
                    struct place_wait_seen *seen);
struct place_wait_host place_wait_learn(const struct place_wait_seen *seen);

#endif
