/*
 * The control loop, in a thread of its own: it owns the host and the policy, samples, decides each interval, applies,
 * and publishes reports. Faces take the latest report and send commands; neither side ever waits for the other.
 */
#ifndef CORE_ENGINE_ENGINE_H
#define CORE_ENGINE_ENGINE_H

#include "core/engine/commands.h"
#include "core/host/host.h"
#include "core/model/policy.h"
#include "core/model/report.h"

/* The time between two samples that is aimed at: short enough for bars to be live and for emergencies, long enough for
 * run times, which come in steps of 10 ms, to be good to a point or two. */
#define ENGINE_SAMPLE_S 1.0

/* What may be the interval between decisions, in seconds, ends included: a hypervisor needs some ms for its figures,
 * and run times come in steps of 10 ms; a day is as good as never. */
#define ENGINE_INTERVAL_LEAST_S 0.01
#define ENGINE_INTERVAL_MOST_S 86400.0

/* The first pause before connecting again. */
#define ENGINE_RETRY_S 1.0

struct engine_config {
    enum report_program program;
    const struct policy_ops *policy;
    const void *policy_settings;
    struct host *host; /* the engine takes it over and closes it */
    const char *uri;   /* for words, while nothing is connected yet; may be NULL */
    double interval_s; /* between decisions */
    /* About how long between samples (as a rule ENGINE_SAMPLE_S): an interval is divided evenly, so that a decision is
     * due with a sample. 0: only at decisions. */
    double sample_s;
    long iterations; /* decisions to take; 0: no end */
    bool once;       /* one decision (after one interval of measuring), then end */
    bool dry_run;
    bool restore_on_exit;
    unsigned watch;    /* enum host_watch: what the host measures beyond the usual from the start */
    char *const *only; /* guest name patterns (fnmatch), NULL-ended, or NULL; they must outlive the engine */
    char *const *exclude;
    /* First pause before connecting again (0: ENGINE_RETRY_S), doubled each time up to 30 times as much; the memory
     * coordinator's up to 5 times as much, as guests may starve meanwhile. */
    double retry_s;
    bool replay;  /* host is a recording (core/record/replay.h): time comes from its snapshots, decisions where it has
                     some */
    bool compare; /* replay: log where new decisions differ from the recorded ones; the exit status is then 1 */
    /* The clock that decisions follow, in ns; NULL: CLOCK_MONOTONIC. For simulations, whose host's idle moves it on. */
    uint64_t (*clock)(void *context);
    void *clock_context;
    /* host is another program, through its socket (core/attach/attach_host.h): it decides, and what it reports is
     * shown. It may be connected already. Then policy is not needed. */
    bool attached;
    struct watchers *watchers; /* who looks at it from other processes (watchers.h); NULL: nobody can */
    struct record *record;     /* every sample and decision is written there; NULL: nowhere. Not closed by the engine */
};

struct engine;

/* Starts the thread. NULL with the reason in error; the host is then closed, too. */
struct engine *engine_start(const struct engine_config *config, char *error, size_t size);
/* Readable (poll) when there is a report that engine_take has not brought yet, or the engine has ended. */
int engine_fd(const struct engine *e);
/* Swaps the latest report into r and clears the fd. 1: a new one; 0: none since the last call.
 * Reports with decision set are never lost between two calls: they are queued (a few), the others overwrite. Of a
 * recording all are queued, so that a face shows the same however slow it is. */
int engine_take(struct engine *e, struct report *r);
/* Hands over a command and returns its number (see report_answer_to); 0 where memory is out, and its settings are then
 * still the caller's. Never blocks. */
uint64_t engine_send(struct engine *e, const struct engine_command *command);
/*
 * The seconds that a call to the hypervisor has been under way, 0 where there is none; what it is for goes into text
 * ("reading the guests"). Reports stand still while a call hangs, so that a face asks this.
 */
double engine_busy(const struct engine *e, char *text, size_t size);
/* The seconds since the loop last turned, which it does at least once a second but while a call is under way: more than
 * calls may take means that it is stuck. 0 when it has ended. */
double engine_stuck(const struct engine *e);
/*
 * True when the loop has ended by itself (iterations, once, end of a recording, a fatal error) or has done what
 * engine_finish asks for; *status: exit status; error: what went wrong, or with status 0 a remark on the end, or empty.
 * Reports published before the end can still be taken.
 */
bool engine_ended(const struct engine *e, int *status, char *error, size_t size);
/*
 * Asks the loop to end and waits up to grace_ms for it. A call that hangs is broken off after half of that, where the
 * host can. Returns 0, or -ETIMEDOUT when it hangs on: then the thread is left behind, nothing may be freed, and the
 * program should leave by _exit.
 */
int engine_finish(struct engine *e, int grace_ms);
/* Frees an engine that has ended. */
void engine_free(struct engine *e);

#endif
