/*
 * The cool-down of a vCPU after a move: it isn't moved, for twice as long when it has to move again soon, and doesn't
 * go back to where it came from for a while. Times are counted in decisions.
 */
#ifndef CPU_DEMAND_DEMAND_COOLDOWN_H
#define CPU_DEMAND_DEMAND_COOLDOWN_H

struct demand_cooldown {
    int until;                         /* decision at which it may move again */
    int length;                        /* intervals of the last cool-down; 0: none yet, or long ago */
    int last_moved;                    /* decision of the last move */
    int came_from;                     /* number of the pCPU that it was moved away from, -1 */
    int left_before, came_from_before; /* the same two of the move before that */
};

/* Cool-downs double, so that no third move lies within the time for which a place is barred. */
enum { DEMAND_COOLDOWN_BARRED = 2 };

/* It moved away from pCPU number from_cpu (-1: it floated, or the pin was refused) at this decision and cools down
 * for that many intervals, twice as long as the last time when that was lately, and half as long for every four such
 * cool-downs that it kept still. */
void demand_cooldown_begin(struct demand_cooldown *c, int decision, int from_cpu, double cooldown);
/* Intervals that it still cools down; 0: it may move. */
int demand_cooldown_left(const struct demand_cooldown *c, int decision);
/* The pCPU number that it was moved away from so lately that it must not go back, or -1; by the last move (0), and by
 * the one before (1). */
int demand_cooldown_barred(const struct demand_cooldown *c, int decision, int which);

#endif
