/*
 * What is remembered of one guest from sample to sample and from decision to decision: how its statistics hang
 * together, its growth, what was asked of its balloon and how that goes, cuts that hurt and for how long it cools down
 * from them, requests that got stuck. Changed only by learning and by what came of a plan.
 */
#ifndef MEMORY_GUEST_HISTORY_H
#define MEMORY_GUEST_HISTORY_H

#include "core/model/plan.h"
#include "core/model/rates.h"
#include "core/model/snapshot.h"
#include "memory/burst.h"
#include "memory/need.h"
#include "memory/touch.h"

enum guest_history_aside {
    GUEST_HISTORY_ASIDE_NO,
    GUEST_HISTORY_ASIDE_STUCK,   /* its balloon made no progress */
    GUEST_HISTORY_ASIDE_REFUSED, /* the hypervisor refused to set it */
};

struct guest_history {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    uint64_t seen; /* the interval in which it was last seen; intervals are counted by decisions, from 1 */

    /* statistics */
    uint64_t last_update_s;
    double first_s;       /* when it was first seen */
    uint64_t looks;       /* samples it was seen in */
    bool reports;         /* new statistics have come in while we watched */
    double fresh_s;       /* when new ones were last seen */
    double age_s;         /* at most so old are they now */
    unsigned fresh_seen;  /* how many times new ones have come in */
    unsigned fresh_then;  /* fresh_seen at the last move */
    uint64_t told;        /* sum of what they say, to tell new ones by where no time comes with them */
    uint64_t stand_still; /* samples without new ones */
    uint64_t slid_kib;    /* how far the balloon may have moved since they were taken, where that makes them wrong */
    struct need_frame frame;
    struct need_figures figures;
    struct need_growth growth;
    struct burst_record bursts;
    double burst_learned_s;     /* when the last growth that is in that record began */
    uint64_t burst_kib;         /* what the next growth will hardly begin with more than; see burst_expected */
    uint64_t most_burst_kib;    /* see burst_most */
    uint64_t believed_kib;      /* used, as of the last statistics that no move made wrong */
    uint64_t start_kib;         /* size when first seen */
    uint64_t kept_kib;          /* unused memory that it won't use even while it swaps out; UINT64_MAX: not seen */
    uint64_t reported_size_kib; /* its size when it last reported */
    uint64_t qemu_least_kib, qemu_most_kib; /* bounds on what QEMU itself has resident; 0, UINT64_MAX: none yet */

    /* what it touched; as of the last decision */
    struct touch_record touch;
    uint64_t could_kib, resident_then_kib, size_then_kib;

    /* The last flash: memory that it took and let go again between two reports, of which the resident set tells. */
    double flash_s;          /* when; 0: none was seen */
    uint64_t flash_kib;      /* what it used then, at the least */
    uint64_t flash_rise_kib; /* what it had risen by */
    bool faults_known;       /* the three below are of its last report */
    uint64_t minor_faults, caches_kib;
    double faults_s;
    double usual_faults_kib_s; /* what it touches by minor faults as a rule */
    double burst_faults_s;     /* when it last touched far more than that, nearly all it had; 0: never */

    /* balloon */
    uint64_t settled_kib; /* size when it was last seen where it should be */
    bool pending;
    bool gave_way; /* it grew of its own accord: deflate-on-oom */
    enum guest_history_aside aside;
    uint64_t gave_way_from_kib;
    uint64_t target_kib;
    uint64_t asked_kib; /* size when it was asked */
    uint64_t last_kib;  /* size at the last look */
    uint64_t last_max_kib;
    bool progressed;     /* since the last decision */
    uint64_t idle_looks; /* decisions without progress since */
    double progress_s;
    uint64_t aside_until; /* interval */
    uint64_t aside_soon;  /* interval from which it is tried for a guest in need */
    uint64_t aside_length;
    uint64_t reach_kib;   /* its balloon came so far and no further, whatever its maximum is told to be; 0: not seen */
    uint64_t refusals;    /* decisions to wait for after a call was refused, for one in need */
    uint64_t witness_kib; /* resident set when statistics last came in; 0: not reported */

    /* what was done to it last, and what came of it */
    uint64_t grow_at, cut_at; /* intervals; 0: never */
    bool fell;                /* it let much go at once since the last decision */
    uint64_t fell_at;         /* interval in which it last did */
    uint64_t peak_used_kib;   /* highest since it was given more */
    uint64_t cut_from_kib, cut_used_kib, cut_unused_kib;
    double calm_faults_s;                     /* major faults as they are when nobody cuts */
    bool hurt;                                /* the last cut hurt, and isn't given back yet */
    char hurt_by[64];                         /* how that showed */
    uint64_t hurt_floor_kib;                  /* not cut below this while it cools down */
    uint64_t cooldown_until, cooldown_length; /* no cuts in calm; intervals */
    bool cut_let_go;                          /* what the last cut took is what it had let go */
    uint64_t returns_length; /* what it lets go it comes back for: it is left that for so many intervals */
    double swap_in_kib_s, swap_out_kib_s, major_faults_s;
};

void guest_history_start(struct guest_history *g, const struct snapshot_guest *now, uint64_t interval);
/* A new sample. r: its rates since the last one; interval: the decision that it follows; now_s: when, on a steady
 * clock; seconds: since the last sample, 0 at the first. */
void guest_history_sample(struct guest_history *g, const struct snapshot_memory *now, const struct rates_guest *r,
                          uint64_t interval, double now_s, double seconds, const struct coordinator_settings *settings);
/* Once, when new growth has begun: what it began with, KiB; 0 otherwise. What began with less than 16 MiB is noise. */
uint64_t guest_history_begins(struct guest_history *g, double now_s);
/* A new interval, whose decision rests on the last sample, now. */
void guest_history_begin_interval(struct guest_history *g, const struct snapshot_memory *now, uint64_t interval);
/* What it has touched since the last decision of what it could have touched then, KiB. What it was granted in between
 * isn't counted: that was insured in full. */
uint64_t guest_history_touched(const struct guest_history *g, const struct snapshot_memory *now);
/* Takes in what came of an action on it. */
void guest_history_applied(struct guest_history *g, const struct plan_action *action, uint64_t interval, double now_s);

/* What it could still touch on the host without asking anybody, KiB: what of its size isn't resident, as far as that
 * can be told from its resident set and from what it reports to be unused; all of it where neither is known. */
uint64_t guest_history_could_touch(const struct guest_history *g, const struct snapshot_memory *now);
/* Its statistics are too old to take anything from it: perhaps nobody looked since, or it had no time to report. */
bool guest_history_outdated(const struct guest_history *g, const struct snapshot_memory *now, double now_s);
/* Its statistics stand still: they were fresh once, and at several looks haven't been for far too long. */
bool guest_history_frozen(const struct guest_history *g, const struct snapshot_memory *now, double now_s);
/* It has next to nothing left to spare, and swaps or takes more major faults than in calm. */
bool guest_history_suffers(const struct guest_history *g, const struct coordinator_settings *settings);
/* It swaps, or takes more major faults than in calm, by counters alone: they may come though the rest stands still. */
bool guest_history_strains(const struct guest_history *g);
/* What its resident set grew by since its statistics stopped, KiB: a witness of what it touches that doesn't stop. */
uint64_t guest_history_witnessed(const struct guest_history *g, const struct snapshot_memory *now);
/* What it used for a moment within the last minute, between two reports, and may any moment use again, KiB: where it
 * had all but the unused floor, what it wanted is taken to be as much again as it had risen by. 0: nothing of the kind
 * was seen.
 */
uint64_t guest_history_flashed(const struct guest_history *g, double now_s);
/* The most that its balloon can give it: its maximum, or as far as it was seen to come. KiB. */
uint64_t guest_history_max(const struct guest_history *g, const struct snapshot_memory *now);
/* A request is out that the balloon doesn't follow. */
bool guest_history_stuck(const struct guest_history *g, double now_s);
/* Statistics have come in that show what came of the last move. */
bool guest_history_sees_clearly(const struct guest_history *g);
/* It was given more lately, and what it uses hasn't fallen since: to take from it now would be to and fro. */
bool guest_history_would_see_saw(const struct guest_history *g, uint64_t interval);
/* The interval with which its cool-down after a cut is over. */
uint64_t guest_history_cooldown_until(const struct guest_history *g);
/* It may be cut in calm: its cool-down is over, it is not growing, and wasn't given more lately unless it has let go
 * since. */
bool guest_history_may_cut(const struct guest_history *g, uint64_t interval);

#endif
