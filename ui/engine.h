/*
 * The control loop, in a thread of its own: it owns the host and the policy, samples, decides each interval, applies,
 * and publishes reports. Faces take the latest report and send commands; neither side ever waits for the other.
 */
#ifndef UI_ENGINE_H
#define UI_ENGINE_H

#include "host/host.h"
#include "host/policy.h"
#include "ui/report.h"

enum engine_command_kind {
    ENGINE_PAUSE,    /* value: 1 pause, 0 run on, -1 toggle */
    ENGINE_STEP,     /* one decision now, applied; paused afterwards */
    ENGINE_FORCE,    /* the best there is, now; the clock of the interval isn't shifted */
    ENGINE_INTERVAL, /* value: seconds */
    ENGINE_DRY_RUN,  /* value: 1, 0, -1 toggle */
    ENGINE_LOCK,     /* uuid: toggle leaving that guest alone */
    ENGINE_UNDO,     /* take back the last decision's actions */
    ENGINE_SPEED,    /* replay: value is the factor, e.g. 10 */
};

struct engine_command {
    enum engine_command_kind kind;
    double value;
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
};

struct engine_config {
    enum report_program program;
    const struct policy_ops *policy;
    const void *policy_settings;
    struct host *host; /* the engine takes it over and closes it */
    double interval_s; /* between decisions */
    double sample_s;   /* between samples; 0: only at decisions */
    long iterations;   /* decisions to take; 0: no end */
    bool once;         /* one decision (after one interval of measuring), then end */
    bool dry_run;
    bool restore_on_exit;
    char *const *only; /* guest name patterns (fnmatch), NULL-ended, or NULL */
    char *const *exclude;
    bool replay; /* time comes from the host's snapshots, and decisions where they were recorded */
};

struct engine;

/* Starts the thread. NULL with the reason in error. */
struct engine *engine_start(const struct engine_config *config, char *error, size_t size);
/* Readable (poll) when there is a report that engine_take has not brought yet, or the engine has ended. */
int engine_fd(const struct engine *e);
/* Copies the latest report into r and clears the fd. 1: a new one; 0: none since the last call; -ENOMEM.
 * Reports with decision set are never lost between two calls: they are queued (a few), the others overwrite. */
int engine_take(struct engine *e, struct report *r);
/* Hands over a command and returns its number (see report.commands_taken). Never blocks. */
uint64_t engine_send(struct engine *e, const struct engine_command *command);
/* True when the loop has ended by itself (iterations, once, end of a recording, a fatal error); *status: exit status.
 */
bool engine_ended(const struct engine *e, int *status, char *error, size_t size);
/*
 * Asks the loop to end, waits up to grace_ms and frees all. Returns 0, or -ETIMEDOUT when a hypervisor call hangs: then
 * nothing is freed, the thread is left behind, and the program should leave by _exit.
 */
int engine_stop(struct engine *e, int grace_ms);

#endif
