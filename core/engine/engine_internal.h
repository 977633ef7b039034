/*
 * What the engine's own files share: the loop's state, in parts by concern, and what each file does for the others.
 * engine.c is the side that faces see, engine_loop.c the clocks, engine_connection.c coming and going of the
 * hypervisor, engine_sample.c takes in what was measured, engine_decide.c does what is done at the end of an interval,
 * engine_early.c what can't wait for it, commands.c what the operator wants, engine_log.c the words, engine_replay.c
 * runs on a recording instead of a host, engine_attached.c shows another program's work instead of doing any. What
 * needs nothing of the loop is apart: mailbox, schedule, retry, undo, last_actions, guest_choice, align.
 */
#ifndef CORE_ENGINE_ENGINE_INTERNAL_H
#define CORE_ENGINE_ENGINE_INTERNAL_H

#include "core/engine/align.h"
#include "core/engine/engine.h"
#include "core/engine/guest_choice.h"
#include "core/engine/last_actions.h"
#include "core/engine/mailbox.h"
#include "core/engine/retry.h"
#include "core/engine/schedule.h"
#include "core/engine/undo.h"
#include "core/record/record.h"

/* Samples on their way to the policy; the last one is report.snapshot. */
struct engine_samples {
    struct snapshot fresh;   /* being filled */
    struct snapshot sampled; /* what the policy has sampled last */
    struct snapshot base;    /* and before that: what live rates are measured from where the next one comes too soon */
    bool has_sampled, has_base;
    double until_decision_s; /* from the last sample to the next regular decision */
    bool unrecorded;         /* the last sample is not in the recording yet */
    bool alarmed;            /* something on the host wants one at once */
    bool after_gap;          /* between the last one and the one before it lies a time that nobody saw */
    uint64_t at_ns;          /* when the last one was taken, on the engine's clock */
    unsigned starved;        /* in a row that memory was too short for */
    uint64_t told_ns;        /* when it was last told that none is to be had; 0: not since there was one */
    char told[160];          /* and why */
};

/* Where the last interval ended: what the policy has learned last. */
struct engine_learned {
    struct snapshot snapshot;
    bool any;
    uint64_t at_ns; /* when it was taken, on the engine's clock */
};

/* The connection: whether a sample was had in this run, and since the last connect; and when to try again. */
struct engine_link {
    bool ever_up, up;
    int reachable; /* as the host told last; -1: not known */
    struct retry retry;
    char why[192]; /* what is wrong while there is none */
};

/* A decision that the operator wants; command: its number, for the answer. */
struct engine_wish {
    bool wanted;
    uint64_t command;
};

/* What the operator wants. */
struct engine_intent {
    bool paused;
    struct engine_wish step;          /* one decision, then paused */
    struct engine_wish force;         /* the best there is, now */
    uint64_t command;                 /* number of the one being carried out */
    unsigned watched[ENGINE_SENDERS]; /* enum host_watch, by whose wish */
};

struct engine_early {
    struct plan plan; /* being made */
    struct plan told; /* those that were told but not carried out since the last decision */
};

/* A recording that is played. */
struct engine_replayed {
    const struct plan *recorded; /* the plan that was recorded, while today's is made; NULL: none */
    const struct plan *pending;  /* the recorded plan of a decision that is to be made anew; NULL: none */
    double interval_s;           /* as the last line says; 0: there was none */
    unsigned compared, differing;
};

/* A program that is looked at through its socket. */
struct engine_attached {
    struct report incoming; /* what came last, being read */
    long process;           /* the program's, and the last line of its log that was taken in */
    uint64_t serial;
    char busy[96];                 /* the call that it waits for */
    struct engine_command watched; /* what it was asked to measure, to be asked again when it is back */
};

struct engine {
    struct engine_config config;
    pthread_t thread;
    struct mailbox mailbox; /* shared with the face; all else is the loop's own */
    void *policy;
    struct report report; /* as it will be published next; its snapshot is the last sample */
    struct report spare;
    bool dirty;        /* something to publish */
    bool over;         /* the loop should end */
    unsigned unshown;  /* reports of plans that memory was too short for, since the last one that wasn't */
    struct plan noted; /* notes of the previous decision: only new ones are logged */
    struct engine_samples samples;
    struct engine_learned learned;
    struct engine_link link;
    struct engine_intent intent;
    struct engine_early early;
    struct engine_replayed replayed;
    struct engine_attached attached;
    struct schedule schedule;
    struct undo undo;
    struct last_actions last_actions;
    struct guest_choice choice;
};

/* engine_loop.c: what all use */
uint64_t engine_now_ns(const struct engine *e); /* the clock that decisions follow */
/* What a report carries. */
enum engine_news { ENGINE_SAMPLE, ENGINE_DECISION, ENGINE_EARLY };
void engine_publish(struct engine *e, enum engine_news news);
/* Until the next attempt to connect; < 0 where there is a connection. */
double engine_retry_in_s(const struct engine *e);
/* The loop ends with that status; the first reason given stays. */
void engine_end(struct engine *e, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What is said of an end that has come: replaces what engine_end said. */
void engine_remark(struct engine *e, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Something that can't fail but for want of memory has failed with that code: the loop ends. */
void engine_fail(struct engine *e, int code);
/* Running, paused, ... as things are, while there is a connection. */
void engine_set_state(struct engine *e);
void engine_run_live(struct engine *e);
void engine_set_interval(struct engine *e, double seconds);
/* Sets how long an interval is, and its samples, without touching when something is due. */
void engine_divide_interval(struct engine *e, double seconds);

/* engine_replay.c */
void engine_run_replay(struct engine *e);
/* A line of the recording was read: what it says beside the sample itself. */
void engine_replay_line(struct engine *e);

/* engine_attached.c */
void engine_run_attached(struct engine *e);

/* engine_connection.c */
void engine_connect(struct engine *e);
/* The connection is gone. why may be empty. */
void engine_lost(struct engine *e, const char *why);

/* engine_sample.c */
/* Takes a sample into e->report; 0, or the host's error, which has been dealt with. */
int engine_sample(struct engine *e, bool full);
/* Nothing was sampled for so long before now, on the engine's clock, that nothing is to be learned from it. */
bool engine_has_gap(const struct engine *e, uint64_t now);
/* Calls so far; where the host doesn't count them, those that its samples told of. */
void engine_count_calls(struct engine *e);
/* The interval that ends with the last sample becomes known to the policy. False: the loop is over. */
bool engine_learn(struct engine *e);
/* Starts an interval with the last sample, without learning what was before. */
void engine_begin_interval(struct engine *e);
/* Writes the last sample to the recording, if it isn't there yet; plan: of a decision, an undo or what was early. */
void engine_record(struct engine *e, enum record_kind kind, const struct plan *plan);

/* engine_decide.c */
void engine_decide(struct engine *e, bool force);
enum engine_plan_kind { ENGINE_PLAN_USUAL, ENGINE_PLAN_FORCED, ENGINE_PLAN_EARLY };
/* Asks the policy for a plan. Where it fails for anything but want of memory the plan does nothing, and its summary
 * says why. False: memory is out, and the engine ends. */
bool engine_plan(struct engine *e, const struct snapshot *s, enum engine_plan_kind kind, struct plan *p);
/* Shows an undo that was recorded, and tells the policy of it. */
void engine_replay_undo(struct engine *e, const struct plan *undo);
/* Shows what would be decided now; record: as a decision that wasn't carried out, so that a replay learns at the same
 * moments. */
void engine_preview(struct engine *e, bool record);
/* Fills out with what a forced decision would do by the figures learned last. False where that isn't known yet. */
bool engine_ask(struct engine *e, struct plan *out);
void engine_undo(struct engine *e);
/* Carries the plan out, or as much of it as the connection and the operator let it, and keeps it for an undo. Returns
 * how many actions were done. */
int engine_apply(struct engine *e, struct plan *p);
/* The policy is told what came of the plan; in a replay, what came of the recorded one, as its effects are there. */
void engine_tell_policy(struct engine *e, const struct plan *p);

/* engine_early.c: after a sample between two decisions: does at once what can't wait for the next one */
void engine_early(struct engine *e);

/* commands.c */
void engine_take_commands(struct engine *e);
/* What came of a command, for the face that sent it. */
void engine_answer(struct engine *e, uint64_t command, bool refused, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* engine_log.c */
/* A new line of the log, to be filled in but for its serial number; NULL: memory is out. */
struct report_log *engine_log_line(struct engine *e);
void engine_log(struct engine *e, enum report_log_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void engine_log_plan(struct engine *e, const struct plan *p);
/* Fills report.guests for the last sample. */
void engine_guests(struct engine *e);

#endif
