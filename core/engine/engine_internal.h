/*
 * What the engine's own files share: its state, and what each of them does for the others. engine.c is the side that
 * faces see, engine_loop.c the clocks, engine_connection.c coming and going of the hypervisor, engine_decide.c what is
 * done at the end of an interval, engine_commands.c what the operator wants, engine_log.c the words, engine_align.c
 * keeps figures beside the guests they belong to, engine_replay.c runs on a recording instead of a host.
 */
#ifndef CORE_ENGINE_ENGINE_INTERNAL_H
#define CORE_ENGINE_ENGINE_INTERNAL_H

#include "core/engine/engine.h"
#include "core/record/record.h"

#include <pthread.h>

/* Decisions that a face has not taken yet: enough for one that stalls for a while. */
enum { ENGINE_QUEUED = 16 };

/* What was last done to a guest; report.guests is made from these. */
struct engine_memo {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    char last[PLAN_REASON_BYTES];
    uint64_t last_ns;
};

struct engine_uuid {
    uint8_t bytes[SNAPSHOT_UUID_BYTES];
};

struct engine {
    struct engine_config config;
    pthread_t thread;

    /* Shared by the loop and the face: under mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* ended, or (replay) a report was taken */
    int event_fd;
    bool stopping; /* the face wants the end */
    bool ended;    /* the loop is over and the host closed */
    bool host_open;
    int status;
    char error[HOST_ERROR_BYTES];
    struct engine_command *commands;
    int n_commands, cap_commands;
    uint64_t commands_sent;
    struct report queue[ENGINE_QUEUED];
    int queue_first, n_queue;
    struct report latest;
    bool has_latest;
    bool lost_report; /* memory was out when one was to be published */
    const char *call; /* the call under way, NULL: none */
    uint64_t call_since_ns;

    /* The loop's own from here on. */
    void *policy;
    struct report report; /* as it will be published next; its snapshot is the last sample */
    struct report spare;
    struct snapshot fresh;   /* being filled */
    struct snapshot sampled; /* what the policy has sampled last */
    struct snapshot base;    /* and before that: what live rates are measured from where the next one comes too soon */
    struct snapshot learned; /* where the last interval ended: what the policy has learned last */
    bool has_sampled, has_base, has_learned;
    uint64_t learned_ns; /* when it was taken, on the engine's clock */

    bool dirty;      /* something to publish */
    bool unrecorded; /* the last sample is not in the recording yet */
    bool paused;
    bool over;            /* the loop should end */
    bool want_step;       /* one decision, then paused */
    bool want_force;      /* the best there is, now */
    bool ever_up, was_up; /* a sample was had in this run; since the last connect */
    uint64_t interval_ns;
    uint64_t sample_ns;        /* an even part of it */
    uint64_t scheduled_ns;     /* the last moment a decision was due, or the first sample */
    uint64_t next_decision_ns; /* multiples of the interval from there */
    uint64_t next_sample_ns;
    double until_decision_s; /* from the last sample to the next regular decision */
    uint64_t retry_at_ns;
    double retry_s;    /* the present pause, without jitter */
    unsigned attempts; /* in vain since the connection was lost, or the start */
    uint64_t jitter;

    struct plan early;      /* being made */
    struct plan early_told; /* the early plans that were told but not carried out since the last decision */

    const struct plan *recorded; /* replay: the plan that was recorded, while today's is made; NULL: none */
    const struct plan *pending;  /* replay: the recorded plan of a decision that is to be made anew; NULL: none */
    double recorded_interval_s;  /* replay: as the last line says; 0: there was none */
    unsigned compared, differing;

    struct plan undo; /* the last plan that changed anything, with results */
    bool has_undo;
    struct plan noted; /* notes of the previous decision: only new ones are logged */
    struct engine_memo *memos;
    int n_memos, cap_memos;
    struct engine_uuid *locked;
    int n_locked, cap_locked;
};

uint64_t engine_now_ns(const struct engine *e); /* the clock that decisions follow */

/* engine.c */
bool engine_stopping(struct engine *e);
/* Around each call that may take long, so that a face can say what is being waited for. */
void engine_call(struct engine *e, const char *what);
void engine_returned(struct engine *e);
/* What a report carries. */
enum engine_news { ENGINE_SAMPLE, ENGINE_DECISION, ENGINE_EARLY };
void engine_publish(struct engine *e, enum engine_news news);
/* The loop ends with that status; the first reason given stays. */
void engine_end(struct engine *e, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What is said of an end that has come: replaces what engine_end said. */
void engine_remark(struct engine *e, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Moves the commands sent so far into *taken (an array of *cap); returns how many. */
int engine_take_commands(struct engine *e, struct engine_command **taken, int *cap);

/* engine_loop.c, engine_replay.c: until the end is near */
void engine_run_live(struct engine *e);
/* Sleeps until the loop has something to do, at the latest after ns; while there's a host, that handles its events. */
void engine_idle(struct engine *e, uint64_t ns);
void engine_run_replay(struct engine *e);
/* A line of the recording was read: what it says beside the sample itself. */
void engine_replay_line(struct engine *e);
void engine_set_interval(struct engine *e, double seconds);
/* Sets how long an interval is, and its samples, without touching the clock. */
void engine_divide_interval(struct engine *e, double seconds);

/* engine_connection.c */
void engine_connect(struct engine *e);
/* The connection is gone. why may be empty. */
void engine_lost(struct engine *e, const char *why);

/* engine_decide.c */
/* Takes a sample into e->report; 0, or the host's error, which has been dealt with. */
int engine_sample(struct engine *e, bool full);
/* The interval that ends with the last sample becomes known to the policy. False: the loop is over. */
bool engine_learn(struct engine *e);
/* Starts an interval with the last sample, without learning what was before. */
void engine_begin_interval(struct engine *e);
/* Writes the last sample to the recording, if it isn't there yet; plan: of a decision or an undo. */
void engine_record(struct engine *e, enum record_kind kind, const struct plan *plan);
void engine_decide(struct engine *e, bool force);
/* After a sample between two decisions: does at once what can't wait for the next one. */
void engine_early(struct engine *e);
/* Shows an undo that was recorded, and tells the policy of it. */
void engine_replay_undo(struct engine *e, const struct plan *undo);
void engine_preview(struct engine *e);
void engine_undo(struct engine *e);
/* Says in s which guests are locked or excluded. */
void engine_mark(const struct engine *e, struct snapshot *s);

/* engine_commands.c */
void engine_obey(struct engine *e);
bool engine_is_locked(const struct engine *e, const uint8_t *uuid);

/* engine_log.c */
void engine_log(struct engine *e, enum report_log_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void engine_log_plan(struct engine *e, const struct plan *p);
/* Keeps in mind what was done by the action of p, in short. */
void engine_remember(struct engine *e, const struct plan *p, const struct plan_action *a);
/* Fills report.guests for the last sample. */
void engine_guests(struct engine *e);

/* engine_align.c */
bool engine_same_layout(const struct snapshot *a, const struct snapshot *b);
/* Moves figures from the places they have in one snapshot to those of another; what was not there is unknown. 0 or
 * -ENOMEM. */
int engine_align_rates(struct rates *r, const struct snapshot *from, const struct snapshot *to);
int engine_align_plan(struct plan *p, const struct snapshot *from, const struct snapshot *to);

#endif
