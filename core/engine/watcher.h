/*
 * One who looks at the program through its socket: what he wants to be told of, what is still on its way to him, and
 * which of his commands aren't answered yet.
 */
#ifndef CORE_ENGINE_WATCHER_H
#define CORE_ENGINE_WATCHER_H

#include "core/attach/attach_lines.h"
#include "core/attach/attach_protocol.h"

/* Commands of one watcher that wait for their answers; more are read when some are answered. */
enum { WATCHER_PENDING = 4 };

struct watcher_command {
    uint64_t number; /* the engine's; 0: this place is free */
    bool has_id;
    int64_t id; /* the watcher's own */
};

struct watcher {
    int fd; /* -1: nobody */
    enum attach_want want;
    bool greeted;      /* has been sent all that there is to begin with, since it wants something */
    uint64_t told;     /* serial of the last line of the log that it was sent */
    unsigned watch;    /* enum host_watch: what it wants measured */
    bool owed;         /* the last report was left out: it comes as soon as there is room */
    bool silent;       /* it has no more to say, but may be listening */
    bool busy;         /* it was told that a call hangs */
    char *status;      /* as it was told last; NULL: not yet */
    uint64_t taken_ns; /* when it last took something, or nothing waited for it */
    struct watcher_command pending[WATCHER_PENDING];
    struct attach_input in;
    struct attach_output out;
};

/* Begins with a connection, which is the watcher's from here on. */
void watcher_open(struct watcher *w, int fd, uint64_t now_ns);
void watcher_close(struct watcher *w);
/* Whether more of what it sends is to be read now: it takes its answers, and not too many are due. */
bool watcher_is_heard(const struct watcher *w);
/* Sends what it takes; it is closed where it is gone. */
void watcher_flush(struct watcher *w, uint64_t now_ns);
/* Puts a line on its way that isn't left out; text is freed, and may be NULL. Closes it where memory is out. */
void watcher_tell(struct watcher *w, char *text);
void watcher_answer(struct watcher *w, const struct watcher_command *c, bool refused, int actions, const char *text);
/* Whether it has no more to say, wants to be told of nothing, and has got all its answers. */
bool watcher_is_done(const struct watcher *w);
/* A place for a command that waits for its answer; NULL: there is none. */
struct watcher_command *watcher_place(struct watcher *w);

#endif
