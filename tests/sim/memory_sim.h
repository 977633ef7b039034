/*
 * A simulated host's memory in virtual time: guests whose programs grow, hold and let go, their page cache and swap,
 * balloons of every temper, statistics that are late or stand still, the host's own use that jumps. What a guest gives
 * back becomes free on the host only if it had been touched, as on a real one. It yields snapshots and takes plans.
 *
 *     struct memory_sim *sim = memory_sim_new(&(struct memory_sim_host){.total_mib = 8192, .own_mib = 1024, .seed =
 * 1}); int g = memory_sim_add(sim, &(struct memory_sim_guest){.name = "db", .size_mib = 512, .max_mib = 2048});
 *     memory_sim_load(sim, g, &(struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20});
 *     memory_sim_run(sim, 12);
 *     memory_sim_snapshot(sim, &snapshot);
 *     ... plan ...
 *     memory_sim_apply(sim, &plan);
 *
 * Everything is a function of the seed. Memory running out ends the program: this is for tests. All sizes in MiB.
 */
#ifndef SIM_MEMORY_SIM_H
#define SIM_MEMORY_SIM_H

#include "core/model/plan.h"
#include "core/model/snapshot.h"

struct memory_sim_host {
    double total_mib;
    double own_mib;   /* what the host itself uses, caches not counted */
    double cache_mib; /* of its page cache; dropped as needed, and refilled when there is room */
    double noise_mib; /* its own use wobbles by this much either way */
    int nodes;        /* NUMA nodes, each with as much of it all [1]; what isn't bound is spread evenly */
    bool remote;      /* no MemAvailable and no pressure are reported */
    bool silent;      /* nothing is reported at all */
    bool kills;       /* Who runs out of memory kills: the host the QEMU that holds most, which is back half a minute
                         later; a guest its programs, which begin again with nothing ten seconds later and
                         grow to where they were by 50 MiB/s. */
    uint64_t seed;
};

enum memory_balloon {
    MEMORY_BALLOON_IDEAL, /* as fast as memory can be moved */
    MEMORY_BALLOON_SLOW,  /* balloon_mib_s at most */
    MEMORY_BALLOON_STUCK, /* accepts requests and does nothing */
    MEMORY_BALLOON_MOODY, /* stuck now and then */
    MEMORY_BALLOON_NO_DRIVER,
    MEMORY_BALLOON_NONE, /* no such device */
};

/* What a guest is. Fields left 0 take the default in brackets. */
struct memory_sim_guest {
    const char *name; /* a number is appended */
    double size_mib, max_mib;
    double kernel_mib;          /* not seen by the guest as memory [20] */
    double base_mib;            /* used by its system, always [40] */
    double swap_mib;            /* room to swap */
    double qemu_mib;            /* QEMU's own, resident [30] */
    double noise_mib;           /* what it uses wobbles by this much either way */
    double weight;              /* [1] */
    double least_mib, most_mib; /* by its metadata; 0: not said */
    enum memory_balloon balloon;
    double balloon_mib_s;  /* MEMORY_BALLOON_SLOW */
    double period_s;       /* of its statistics [1]; < 0: none */
    double driver_after_s; /* its driver loads so long after it was added */
    int node;              /* its memory is bound to that node, counted from 1; 0: to none */
    bool untouched;        /* its memory isn't resident yet but for what it uses; otherwise all of it is */
    bool no_usable, no_caches, no_available, no_rss, no_update; /* not reported */
    bool counts_on; /* while its statistics stand still, its counters of swap and faults still come */
    bool deflate_on_oom, inhibited;
    enum snapshot_leave_alone leave_alone;
};

enum memory_load_kind {
    MEMORY_HOLD,      /* keeps what it has */
    MEMORY_GROW,      /* rate_mib_s, up to limit_mib if that is set */
    MEMORY_GROW_ALL,  /* the same until it can get no more for a while; then it lets everything go */
    MEMORY_RELEASE,   /* lets go down to limit_mib at once */
    MEMORY_STEP,      /* limit_mib more, at once */
    MEMORY_OSCILLATE, /* between low_mib and limit_mib, changing every period_s */
    MEMORY_WANDER,    /* up to limit_mib, at random, at up to rate_mib_s */
};

struct memory_load {
    enum memory_load_kind kind;
    double rate_mib_s, low_mib, limit_mib, period_s;
    double cache_rate_mib_s, cache_limit_mib; /* page cache that fills beside it */
};

struct memory_sim;

struct memory_sim *memory_sim_new(const struct memory_sim_host *host);
void memory_sim_free(struct memory_sim *sim);
double memory_sim_now(const struct memory_sim *sim);

/* Adds a guest that starts now; returns its handle. */
int memory_sim_add(struct memory_sim *sim, const struct memory_sim_guest *guest);
void memory_sim_remove(struct memory_sim *sim, int guest);
int memory_sim_count(const struct memory_sim *sim); /* handles given out, removed ones included */
void memory_sim_load(struct memory_sim *sim, int guest, const struct memory_load *load);
void memory_sim_set_state(struct memory_sim *sim, int guest, enum snapshot_guest_state state);
void memory_sim_set_frozen(struct memory_sim *sim, int guest, bool frozen); /* its statistics */
void memory_sim_set_balloon(struct memory_sim *sim, int guest, enum memory_balloon balloon);
/* Memory is plugged (or unplugged, where the guest has so much to spare): size and maximum change together. */
void memory_sim_plug(struct memory_sim *sim, int guest, double mib);
void memory_sim_set_max(struct memory_sim *sim, int guest, double max_mib);
void memory_sim_set_host(struct memory_sim *sim, double own_mib);
void memory_sim_set_pressure(struct memory_sim *sim, double some_pct);

void memory_sim_run(struct memory_sim *sim, double seconds);

/* Fills s as a hypervisor would report it: one pCPU, and one vCPU a guest. */
void memory_sim_snapshot(struct memory_sim *sim, struct snapshot *s);
/* Adds memory figures to a snapshot made by others: to the guests of the same names, and to the host. */
void memory_sim_fill(struct memory_sim *sim, struct snapshot *s);
/* Carries out what is pending in plan, as host_ops.apply does, and writes the results into it. */
void memory_sim_apply(struct memory_sim *sim, struct plan *plan);

/* What is true now, for judging. MiB, but for counts. */
struct memory_truth {
    bool there;
    double size, max, target, start;
    double anon, goal, swapped; /* goal: what its programs want to hold */
    double cache, unused, used; /* used: size less what is free or can be dropped */
    double usable;
    double rate;        /* at which what it wants may grow, MiB/s */
    double resident;    /* of its own memory, QEMU's not counted */
    double least;       /* what it takes of the host to have what its programs want, QEMU's own included */
    double swapped_in;  /* since it started */
    double unmet_mib_s; /* wanted and not had, over time */
    unsigned ooms;
};
struct memory_truth memory_sim_truth(const struct memory_sim *sim, int guest);
const struct memory_sim_guest *memory_sim_config(const struct memory_sim *sim, int guest);
int memory_sim_by_uuid(const struct memory_sim *sim, const uint8_t *uuid);

struct memory_host_truth {
    double free, available; /* as in meminfo */
    double for_guests;      /* all but what it uses itself */
    double worst;           /* what would be available if every guest touched all it has or was promised */
    unsigned broken;        /* moments at which the host ran out */
    unsigned killed;        /* guests that were killed for it */
};
struct memory_host_truth memory_sim_host_truth(const struct memory_sim *sim);

/* Even in [0, 1). */
double memory_random(uint64_t *state);

#endif
