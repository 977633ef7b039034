/*
 * What the host tells of a guest besides its own statistics: how much of its memory is resident. Parts of
 * guest_history.c; nobody else includes this.
 */
#ifndef MEMORY_GUEST_HISTORY_HOST_H
#define MEMORY_GUEST_HISTORY_HOST_H

#include "memory/guest_history.h"

enum { GUEST_HISTORY_NEAR_KIB = 1024 }; /* a balloon this near to its target has reached it */

/* Its resident set, KiB, or what it holds by its own account where that isn't told. */
uint64_t guest_history_resident(const struct guest_history *g, const struct snapshot_memory *now);
/* A new sample: learns what of the resident set is QEMU's own. */
void guest_history_look_at_host(struct guest_history *g, const struct snapshot_memory *now);
/* New statistics: where more has become resident than what the guest holds grew by, it held more for a moment. before
 * and resident_before_kib: as of the last ones. Where the balloon shrinks, pages go that may have been of that kind,
 * and nothing is concluded. */
void guest_history_look_for_flash(struct guest_history *g, const struct snapshot_memory *now,
                                  const struct need_figures *before, uint64_t resident_before_kib,
                                  uint64_t unused_floor_kib, double now_s);

#endif
