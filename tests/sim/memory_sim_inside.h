/* What the files of the memory simulator share. */
#ifndef SIM_MEMORY_SIM_INSIDE_H
#define SIM_MEMORY_SIM_INSIDE_H

#include "tests/sim/memory_sim.h"

struct memory_stats {
    double available, unused, usable, caches, swap_in, swap_out, major, minor;
    uint64_t last_update_s;
    bool reported;
};

struct memory_guest {
    struct memory_sim_guest facts;
    char name[64];
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    bool there, frozen;
    enum snapshot_guest_state state;
    double started_s;
    double max, size, target;
    bool asked; /* the target was set by somebody, so that the balloon works towards it */
    /* inside */
    double base, anon, swapped, cache, free;
    double free_touched;                    /* the part of free that is resident on the host */
    double swap_in, swap_out, major, minor; /* minor: pages that its programs touched anew */
    struct memory_load load;
    double goal, low, cache_goal;
    double load_since_s, refused_s;
    double unmet;
    unsigned ooms;
    bool starving;
    bool moody_now;
    double mood_until_s;
    struct memory_stats stats;
    double next_stats_s;
    double down_until_s;    /* killed by the host, and not up again yet */
    double stopped_until_s; /* its programs were killed by the guest, and haven't begun again, */
    bool regrows;           /* or haven't grown to where they were */
};

struct memory_sim {
    struct memory_sim_host host;
    double now_s;
    uint64_t random;
    double own, own_noise, host_cache, some_pct;
    unsigned broken, killed;
    struct memory_guest *guests;
    int n_guests, cap_guests;
};

/* Of a guest: what it could drop from its cache, and what its kernel would call available. */
double memory_guest_usable(const struct memory_guest *g);
double memory_guest_resident(const struct memory_guest *g);
/* One short step of what goes on in the guest. */
void memory_guest_step(struct memory_sim *sim, struct memory_guest *g, double seconds);
void memory_guest_report(struct memory_sim *sim, struct memory_guest *g);
double memory_host_free(const struct memory_sim *sim);

#endif
