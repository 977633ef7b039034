/*
 * Memory load inside a lab guest: a worker process that grows anonymous memory at a rate by
 * writing to every page, lets it go, and fills the page cache by reading a disk.
 *
 * It never drives its own guest into the OOM killer: growth pauses while little memory is
 * available and goes on when there is room again.
 */
#ifndef LAB_GUEST_MEMLOAD_H
#define LAB_GUEST_MEMLOAD_H

#include <stdbool.h>

struct memload_status {
    long allocated_mib; /* anonymous memory held */
    long cached_mib;    /* read into the page cache by the last order to do so */
    long cache_goal_mib;
    bool growing; /* growth is ordered and its limit isn't reached */
    bool paused;  /* growth waits for available memory */
    bool cache_error;
    int oom_kills; /* how often the worker was killed: 0 in a sound test */
};

/* Limit of growth that stands for "none". */
#define MEMLOAD_NO_LIMIT 0
/* Rate that stands for "as fast as it goes". */
#define MEMLOAD_AT_ONCE 0

/* Starts the worker. Returns 0, or a negative errno code. Call once, before any thread is started. */
int memload_init(void);

/*
 * Orders. Each returns once the worker has taken it (releases are complete then), 0 or a
 * negative errno code; -ETIMEDOUT when the worker does not come round to it.
 *
 * grow: from what is held now to `limit_mib` in all, at `rate_mib_s`. hold: stops growth and reading.
 * release: gives back `mib`, or everything when 0. cache: reads the first `mib` of the disk.
 * drop: empties the page cache.
 */
int memload_grow(long rate_mib_s, long limit_mib);
int memload_hold(void);
int memload_release(long mib);
int memload_cache(long mib);
int memload_drop(void);

void memload_status(struct memload_status *status);

/* A figure of /proc/meminfo ("MemAvailable") in MiB, rounded down; -1 when it isn't there. */
long memload_meminfo_mib(const char *name);

#endif
