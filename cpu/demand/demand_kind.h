/*
 * What kind of load a vCPU carries, as a probability. One that does a piece of work, pauses, and goes on (closed) is
 * slowed down behind a crowd: it wants run / (time - wait). One whose work arrives from outside (open) is served later
 * but as much: it wants run / time. While the crowding stays the same nothing tells them apart; when it changes, by a
 * move of its own or of a neighbour, the figure of the right kind goes on where the other one jumps.
 */
#ifndef CPU_DEMAND_DEMAND_KIND_H
#define CPU_DEMAND_DEMAND_KIND_H

#include <stdbool.h>

/* Both kinds' figures over a time in which the crowding stayed the same, in per cent of a pCPU. */
struct demand_kind_window {
    double closed_pct, open_pct; /* means */
    double wait_per_run;
    double off_pct;         /* how far the time between two samples was off, in per cent of it */
    double seconds, seen_s; /* seen_s: of them it didn't wait */
    int samples;
    bool saturated; /* it never slept: what an open load wants can't be seen, but it's no less than open_pct */
};

struct demand_kind {
    double evidence; /* logarithm of the odds for open, beside what is common on the host */
    struct demand_kind_window before, now;
    double told;      /* of evidence, what these two say */
    double backlog_s; /* work that may have piled up while it was saturated */
    double slack_pct; /* of the time, in which it neither ran nor waited, of late */
};

struct demand_kind_figures {
    double closed_pct, open_pct;
    bool saturated; /* what an open load wants isn't seen, only that it is no less */
    bool hidden;    /* nor where it hardly sleeps: it may be saturated, for all that counters tell */
    bool draining;  /* nor while what piled up is done: it would run all the time whatever it wants */
};

/* What each kind would have wanted in a sample of so many seconds; off_pct: how far these may be off; wants_pct: what
 * it wants if it's open, as far as is known; < 0: not at all. */
struct demand_kind_figures demand_kind_add(struct demand_kind *k, double run_pct, double wait_pct, double off_pct,
                                           double seconds, double wants_pct);
/* Compares the two kinds where the crowding has changed since the window before, and takes what that says for
 * evidence. closed, open: squared scatter of a second's figure of each. */
void demand_kind_compare(struct demand_kind *k, double closed, double open);
/* The load has jumped: it may be another kind now. */
void demand_kind_jumped(struct demand_kind *k);

/* How many loads were seen to be of each kind on this host, which is what is expected of one that wasn't. */
struct demand_kind_peers {
    double open, closed;
};

void demand_kind_peers_add(struct demand_kind_peers *peers, const struct demand_kind *k);
/* Probability that the load is open. */
double demand_kind_open(const struct demand_kind *k, const struct demand_kind_peers *peers);

#endif
