/*
 * One guest and its statistics, made by hand, for tests of what is remembered of a guest. It has 1000 of 2000 MiB, of
 * which its kernel sees 50 less, uses 600, has touched all of it, and its QEMU holds 62; looked at every 2 s, with new
 * statistics each time.
 */
#ifndef TESTS_UNIT_GUEST_HISTORY_WORLD_H
#define TESTS_UNIT_GUEST_HISTORY_WORLD_H

#include "memory/guest_history.h"

#define MIB(mib) ((uint64_t)(mib)*1024)

struct guest_history_world {
    struct guest_history g;
    struct snapshot_memory m;
    struct rates_guest r;
    uint64_t interval;
    double now_s, seconds;
    bool silent; /* no new statistics */
};

/* The guest is seen for the first time. */
void guest_history_world_begin(struct guest_history_world *w);
/* The same, and has been looked at often enough for all to be known of it. */
void guest_history_world_begin_known(struct guest_history_world *w);
void guest_history_world_look(struct guest_history_world *w);
void guest_history_world_looks(struct guest_history_world *w, int count);
/* What it uses, and its size; both are in its next statistics. MiB. */
void guest_history_world_use(struct guest_history_world *w, double used_mib);
void guest_history_world_resize(struct guest_history_world *w, double size_mib);
/* It was asked for that size, MiB, and that came of it. */
void guest_history_world_ask(struct guest_history_world *w, double to_mib, enum plan_result result);
/* It was asked for that size and has it at the next look. */
void guest_history_world_move(struct guest_history_world *w, double to_mib);

#endif
