/*
 * What the loop's thread and the face's share, behind one lock: reports one way, commands the other, the end, and which
 * call is under way. Neither side waits for the other, but for a recording that is played faster than its face can show
 * it. No lock is held while anything of size is copied.
 */
#ifndef CORE_ENGINE_MAILBOX_H
#define CORE_ENGINE_MAILBOX_H

#include "core/engine/commands.h"
#include "core/host/host.h"
#include "core/model/report.h"

#include <pthread.h>
#include <stdarg.h>

/* Reports with a plan that a face has not taken yet: enough for one that stalls for a while. */
enum { MAILBOX_QUEUED = 16 };

struct mailbox {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* something of the end, or (a waiting publisher) a report was taken */
    int event_fd;           /* readable while there is something for the face */
    struct host *host;      /* woken for commands and the end; NULL once it is closed */
    bool stopping;          /* the face wants the end */
    bool ended;             /* the loop is over */
    int status;             /* the exit status, and why */
    char error[HOST_ERROR_BYTES];
    struct engine_command *commands;
    int n_commands, cap_commands;
    uint64_t commands_sent;
    struct report queue[MAILBOX_QUEUED];
    int queue_first, n_queue;
    struct report latest;
    bool has_latest;
    const char *call; /* the call under way, NULL: none */
    uint64_t call_since_ns;
    uint64_t turned_ns; /* when the loop last turned */
};

/* 0, or -errno: no descriptor is left. */
int mailbox_init(struct mailbox *m, struct host *host);
void mailbox_free(struct mailbox *m);

/* ---- the loop's side ---- */

bool mailbox_stopping(struct mailbox *m);
/* Hands r over: what it holds is swapped for something older. queued: it is not to be lost (the oldest of too many
 * goes); waits: not even that, so that this returns only when there's room, or the face wants the end. */
void mailbox_publish(struct mailbox *m, struct report *r, bool queued, bool waits);
/* Moves the commands sent so far into *taken (an array of *cap); returns how many. */
int mailbox_take_commands(struct mailbox *m, struct engine_command **taken, int *cap);
/* One that began at since_ns, on the monotonic clock, is under way; what stays as it is until it has returned. */
void mailbox_call_since(struct mailbox *m, const char *what, uint64_t since_ns);
/* Around each call that may take long, so that a face can say what is being waited for. */
void mailbox_call(struct mailbox *m, const char *what);
void mailbox_returned(struct mailbox *m);
/* The loop turns once more: it isn't stuck. */
void mailbox_turned(struct mailbox *m);
/* Exit status and words. keep: only where none was set yet. */
void mailbox_outcome(struct mailbox *m, bool keep, int status, const char *format, va_list arguments);
/* The host is about to be closed: nobody may wake it any more. */
void mailbox_forget_host(struct mailbox *m);
void mailbox_end(struct mailbox *m);

/* ---- the face's side: see the functions of engine.h that have the same names ---- */

int mailbox_take(struct mailbox *m, struct report *r);
uint64_t mailbox_send(struct mailbox *m, const struct engine_command *command);
double mailbox_busy(const struct mailbox *m, char *text, size_t size);
double mailbox_stuck(const struct mailbox *m);
bool mailbox_ended(const struct mailbox *m, int *status, char *error, size_t size);
void mailbox_ask_end(struct mailbox *m);
int mailbox_finish(struct mailbox *m, int grace_ms);

#endif
