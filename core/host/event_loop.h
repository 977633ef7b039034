/*
 * libvirt's event loop: sockets and timers of connections (keep-alive, events) are served by a plain poll loop that
 * another thread can wake. libvirt's registration has no context to hand over and lasts as long as the process, so that
 * there is one loop, and one thread that runs it and makes all libvirt calls.
 */
#ifndef CORE_HOST_EVENT_LOOP_H
#define CORE_HOST_EVENT_LOOP_H

#include <stdbool.h>

/* Makes the loop and hands it to libvirt, the first time it's called. 0 or -errno. */
int event_loop_init(void);

/* Serves what is due for up to ms milliseconds; returns early when woken. */
void event_loop_run(int ms);
/* Serves what is due now. A wake that came meanwhile stays for event_loop_run. */
void event_loop_serve(void);

/* Makes event_loop_run return, or the next one not wait. From any thread, after event_loop_init. */
void event_loop_wake(void);

/* Has event_loop_run return, too, when poll reports POLLPRI for fd; -1: for none any more. */
void event_loop_on_alarm(int fd);
/* Whether that happened since the last call. */
bool event_loop_alarmed(void);

/* Has hook called with each socket that libvirt wants watched from now on: while connecting, that is the connection's,
 * before anything is said on it. NULL: no longer. */
void event_loop_on_socket(void (*hook)(int socket, void *context), void *context);

#endif
