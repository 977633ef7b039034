/*
 * Those who look at a running program from other processes, through its socket, and give it commands: a thread that
 * passes reports on to them. The control loop only leaves a copy of each report here and never waits, however slow a
 * watcher is, and whether it is stopped or dead: what it doesn't take in time is left out for it, whole reports at a
 * time.
 */
#ifndef CORE_ENGINE_WATCHERS_H
#define CORE_ENGINE_WATCHERS_H

#include "core/engine/engine.h"

#include <stddef.h>

/* Watchers at the same time; one more takes the place of the one that has taken nothing for the longest time. */
enum { WATCHERS_MOST = 16 };

struct watchers;

/* Listens at that path (core/attach/attach_socket.h); nobody is let in yet. NULL with the reason in why, and *error: a
 * negative errno value, -EBUSY where another program listens there. uri: for the hello. */
struct watchers *watchers_open(enum report_program program, const char *version, const char *uri, const char *path,
                               int *error, char *why, size_t size);
/* Lets them in; e carries out their commands. 0 or -errno. */
int watchers_start(struct watchers *w, struct engine *e);
/* Called by the control loop: the next report that they see. Returns at once. */
void watchers_show(struct watchers *w, const struct report *r);
/* Sends what they take of the last reports, sends them away and ends. The engine must not have been freed yet, and must
 * have ended: nobody may call watchers_show any more. NULL is fine. */
void watchers_close(struct watchers *w);
/* Only takes the socket's name away, for a process that is about to end by _exit. NULL is fine. */
void watchers_leave(struct watchers *w);

#endif
