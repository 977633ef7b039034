/*
 * CPU load inside a lab guest: one burner thread per guest CPU, bound to it.
 *
 * Work is counted in units, a fixed number of turns of one integer loop, so that
 * throughput can be compared between guests. Nothing here measures how long a unit
 * takes: the host does that once (guests are alike) and orders units, not percents.
 */
#ifndef LAB_GUEST_LOAD_H
#define LAB_GUEST_LOAD_H

#include <stddef.h>
#include <stdint.h>

enum load_kind {
    LOAD_IDLE,   /* sleeps */
    LOAD_BUSY,   /* never stops */
    LOAD_CLOSED, /* does work_units, pauses for pause_us, and again */
    LOAD_OPEN,   /* work_units arrive every pause_us and queue up */
    LOAD_BURST   /* flat out for on_us, then pauses for pause_us */
};

struct load_order {
    enum load_kind kind;
    uint64_t work_units;
    uint64_t on_us;
    uint64_t pause_us;
};

/* The number of CPUs this guest may ever have, at least 1. */
unsigned load_cpu_count(void);

/*
 * Gives CPU `cpu` the load `order`, replacing the former one; brings the CPU online and
 * starts its burner when needed. Returns 0, or a negative errno code: -ENODEV for a CPU that is not plugged in.
 */
int load_set(unsigned cpu, const struct load_order *order);

/* Units of work done on CPU `cpu` since boot, under all its loads; 0 for a CPU that never had one. */
uint64_t load_work_units(unsigned cpu);

/* Units that have arrived under an open load and still wait. */
uint64_t load_backlog_units(unsigned cpu);

/* The kind of load CPU `cpu` has now. */
enum load_kind load_kind_now(unsigned cpu);

/* The kind's name as used in commands, and the other way round (-1 when there is no such kind). */
const char *load_kind_name(enum load_kind kind);
int load_kind_parse(const char *name);

#endif
