/*
 * Hosts made up at random, and hosts whose guests follow recorded loads: needs that grow, jump, come and go and fill
 * caches at any moment. On these policies are compared.
 */
#ifndef SIM_MEMORY_HOSTS_H
#define SIM_MEMORY_HOSTS_H

#include "tests/sim/memory_rivals.h"
#include "tests/sim/memory_run.h"

/* How much the host has, of what its guests would want if all were at their peaks: 1.2, 0.8 or 0.5 times as much. */
enum memory_supply { MEMORY_PLENTY, MEMORY_TIGHT, MEMORY_SHORT };

/* What a policy made of one or more hosts. GiB and seconds. */
struct memory_score {
    double unmet_gib_s, unavoidable_gib_s, swapped_gib, below_reserve_s, slack_gib, seconds;
    unsigned kills, kills_spared; /* spared: although the host or another guest had memory to spare */
    unsigned touches;             /* times at which the host came below its reserve */
    unsigned killed;              /* guests that the host killed as it had nothing left; they are among the kills */
    unsigned calls;
    unsigned hosts;
};

/* Runs a policy every interval_s on a random host for so many seconds and adds to score. host_reserve 200 MiB. The same
 * seed makes the same host, and the same things happen there at the same moments. */
void memory_hosts_random(struct memory_score *score, const struct memory_rival *rival, enum memory_supply supply,
                         uint64_t seed, double interval_s, double seconds);

/* The same for 20 guests of 2 GiB on 16 GiB that follow recorded loads: files in folder, one value a line, in per cent
 * of what a machine has; each value counts for half a minute, and growth to the next one takes a few seconds. Which
 * machines: by seed. False: the folder has no such files. */
bool memory_hosts_recorded(struct memory_score *score, const struct memory_rival *rival, const char *folder,
                           uint64_t seed, double interval_s, double seconds);

#endif
