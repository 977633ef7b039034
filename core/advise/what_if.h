/*
 * What would have been different: plays a recording with the settings that it was made with and with others, each on a
 * host of its own (what_if_world.h), and adds up what came of it. Beside them stands what really was, so that it shows
 * how near the played host is to the real one: settings are to be compared on two played hosts, not on a played and a
 * real one.
 *
 * Nothing here reads or writes: who reads the recording hands over its lines.
 */
#ifndef CORE_ADVISE_WHAT_IF_H
#define CORE_ADVISE_WHAT_IF_H

#include "core/engine/guest_choice.h"
#include "core/model/policy.h"
#include "core/record/json_value.h"
#include "core/record/record.h"

/* What a guest is to have unused at the least: as much as the memory coordinator's default. It is the measure of what
 * guests lacked, whatever the settings. */
#define WHAT_IF_UNUSED_MIB 100.0
/* The deviation up to which pCPUs count as balanced, in points. */
#define WHAT_IF_BALANCED_SD 5.0

enum what_if_side { WHAT_IF_RECORDED, WHAT_IF_PLAYED, WHAT_IF_OTHER, WHAT_IF_SIDES };

/* What came of one side. Of pCPUs and vCPUs over the intervals of the recording, of memory over its samples; means are
 * over time. */
struct what_if_tally {
    uint64_t actions; /* pins or balloon sizes that were set */
    double cpu_s;     /* seconds that the three below cover */
    double sd_sum;    /* standard deviation of pCPU load in points, x seconds */
    double sd_most;
    double balanced_s;            /* of them, within WHAT_IF_BALANCED_SD */
    double wait_sum;              /* that vCPUs waited for a pCPU: pCPU seconds x 100 */
    double memory_s;              /* seconds that those below cover */
    double size_sum, slack_sum;   /* MiB x seconds, over all guests: sizes, and what of them wasn't in use */
    double unmet_sum, unmet_most; /* MiB that guests had less than in use and WHAT_IF_UNUSED_MIB */
    double unmet_s;               /* seconds in which that was so for any */
    double moved_mib;             /* by all changes of balloon sizes */
    double free_least_mib;        /* that the host had free; < 0: not known */
};

struct what_if_config {
    const struct policy_ops *policy;
    const void *settings[WHAT_IF_SIDES]; /* of the two sides that are played */
    double interval_s[WHAT_IF_SIDES];    /* 0: decisions come when they came then */
    const struct guest_choice *choice;   /* guests that the other side leaves alone; may be NULL */
    double sample_s;                     /* of the recording */
};

struct what_if;

/* NULL when memory is out. The settings are copied, choice has to outlive it. */
struct what_if *what_if_new(const struct what_if_config *config);
void what_if_free(struct what_if *w);
/* Takes in the next line of the recording. 0 or -errno. */
int what_if_take(struct what_if *w, const struct record_line *line);
/* A line was damaged and left out: what was in between isn't known. */
void what_if_gap(struct what_if *w);
const struct what_if_tally *what_if_tally(const struct what_if *w, enum what_if_side side);
/* Decisions of the recording, and the seconds between its first and last sample. */
uint64_t what_if_decisions(const struct what_if *w);
double what_if_seconds(const struct what_if *w);

/* sum over seconds; -1 where there were none. */
double what_if_mean(double sum, double seconds);

#endif
