/*
 * What one guest needs: how much of its memory is in use, how fast that grows, and from both the sizes that matter: the
 * floor it never falls below, what it needs before the next decision, and what it should have while there is plenty.
 * Pure arithmetic; see docs/memory_coordinator.md for the reasons.
 */
#ifndef MEMORY_NEED_H
#define MEMORY_NEED_H

#include "core/model/snapshot.h"
#include "memory/coordinator.h"

#include <stdbool.h>
#include <stdint.h>

/* Growth that begins is noticed, answered and served within about so many seconds, where statistics come each second.
 */
enum { NEED_ONSET_S = 3 };

/* A guest's figures at its present size, KiB. */
struct need_figures {
    bool known;        /* the guest reports what the others rest on */
    uint64_t size_kib; /* balloon.current */
    uint64_t max_kib;  /* what its balloon can give it at most */
    uint64_t used_kib; /* can't be given back without swapping; what its kernel keeps for itself included */
    uint64_t held_kib; /* all that isn't free; may be less than used, as a kernel counts some of what is free as used */
    uint64_t unused_kib; /* size - held */
    uint64_t spare_kib;  /* size - used: unused, and what it can drop */
};

/*
 * How a guest's statistics hang together with its size. They are taken at one moment, the size at another, and between
 * the two the balloon may have moved: so used is measured against the total that the guest saw in that same moment.
 * What the kernel keeps for itself from boot isn't in that total and is added (overhead_kib).
 */
struct need_frame {
    bool known;            /* the two below were measured, if need be while the balloon moved */
    bool follows;          /* the guest's total follows the balloon (not with deflate-on-oom) */
    uint64_t overhead_kib; /* size - total that the guest sees */
    uint64_t seen_kib;     /* the total that it saw at the last look */
};

/* Learns the frame from new statistics. still: the size hasn't changed since those before. Where it has, or the guest's
 * total has, what is learned holds until something better comes. */
void need_frame_learn(struct need_frame *f, const struct snapshot_memory *m, bool still);

/* The figures behind m. known is false where size or free memory aren't reported. usable missing: unused and half of
 * the disk caches stand for it (rates_memory_used has the same rule). */
struct need_figures need_read(const struct snapshot_memory *m, const struct need_frame *f);

/* Growth of used, from fresh statistics only. All zeros: nothing seen yet. */
struct need_growth {
    bool started;
    uint64_t used_kib; /* where the growth is measured from */
    double at_s;
    uint64_t last_used_kib; /* at the last update, which may have brought nothing much */
    double last_s;
    int streak;        /* growing updates in a row */
    uint64_t rise_kib; /* at the last growing update */
    int quiet;         /* updates since used_kib was taken in which nothing much happened */
    double grown_s;    /* for how long it has gone on, in this streak */
    double rate_kib_s; /* >= 0: rises at once, falls by half an update */
    /* An episode of growth is over when the guest has stood still for as long as it had lasted (30 s are enough), or
     * has let go of half of what it had grown by: one that halts for a moment, as its host is busy, hasn't come to
     * rest. */
    bool in_episode;
    double began_s, grew_s; /* when the last one began, and when it last grew */
    uint64_t began_kib;     /* used then */
    uint64_t onset_kib;     /* what it grew by in its first NEED_ONSET_S seconds, as far as they have passed */
    double onset_s;         /* how far that is */
};

/* Takes in used at that time (seconds on any steady clock). Changes of up to noise_kib are not growth by themselves,
 * but add up over a few updates. */
void need_growth_add(struct need_growth *g, uint64_t used_kib, double at_s, uint64_t noise_kib);
/* Measures from here on, without drawing conclusions from what was before: after a break in the figures. */
void need_growth_rebase(struct need_growth *g, uint64_t used_kib, double at_s);
/*
 * What it will have grown by, KiB, counted from its last statistics: growth is expected to go on for as long as it has
 * gone on so far (for what is known of nothing but its age, half lasts that long again), but not for less than least_s,
 * in which nothing can be done about it, and not for more than most_s, after which it can be looked at again. Seen
 * once, it is taken to be twice as fast as it looks, as it began within what was seen.
 */
uint64_t need_growth_ahead(const struct need_growth *g, double least_s, double most_s);
bool need_growth_steady(const struct need_growth *g);

struct need_circumstances {
    uint64_t start_kib; /* its size when it was first seen: floors don't exceed it */
    double interval_s;  /* until the next decision */
    double horizon_s;   /* the same, counted from when the statistics were taken to when a balloon has followed */
    double reaction_s;  /* the same to when it can be given more between decisions; no more than horizon_s */
    double swap_in_kib_s, swap_out_kib_s;
    uint64_t burst_kib; /* what it will hardly exceed in the first NEED_ONSET_S of its growth; see burst_expected */
    uint64_t most_burst_kib; /* the same, to be quite sure; see burst_most */
    uint64_t least_kib;      /* what it is to have at the least, whatever its start; 0: not said */
    bool pressed;            /* the host is under pressure: nobody keeps memory for bad days */
};

/* Sizes of the guest, KiB, none above its maximum; floor <= keep <= need <= trigger <= want but for the
 * maximum. */
struct need {
    uint64_t floor_kib;   /* never smaller than this */
    uint64_t keep_kib;    /* never cut below this: what is used, and the unused floor */
    uint64_t need_kib;    /* keep, and what it will grow by before the next decision */
    uint64_t trigger_kib; /* smaller than this and it is given more; counts page cache, up to an allowance, as used */
    uint64_t urgent_kib;  /* the same, where it grows only until an early grant can reach it */
    uint64_t soon_kib;    /* what it will need one decision later, should it go on growing */
    uint64_t near_kib;    /* need and a margin; for one that grows, ready */
    uint64_t ready_kib;   /* what it should have to be ready for growth */
    uint64_t want_kib;    /* what it is given then, while the host has plenty */
    uint64_t worst_kib;   /* what makes it ready for the worst beginning that was seen; 0: none was */
    uint64_t spare_kib;   /* want or worst: what it is given where nobody else has a use for it */
    uint64_t later_kib;   /* steady growth over the next minute */
    uint64_t burst_kib;   /* growth that may begin at any time, until it is answered */
};

struct need need_estimate(const struct coordinator_settings *settings, const struct need_figures *figures,
                          const struct need_growth *growth, const struct need_circumstances *circumstances);

/* The most that is taken from it at once in calm (the step), KiB. */
uint64_t need_step(const struct coordinator_settings *settings, uint64_t max_kib);

#endif
