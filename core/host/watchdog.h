/*
 * Ends libvirt calls that take too long. A call can't be cancelled, and one to a QEMU that hangs would last as long as
 * the QEMU hangs; but its connection can be cut, as a broken network would cut it: the call fails, and a new connection
 * is made. A thread of the watchdog's own does the cutting, on a duplicate of the socket, so that it can never hit a
 * descriptor that has meanwhile been closed and used anew.
 */
#ifndef CORE_HOST_WATCHDOG_H
#define CORE_HOST_WATCHDOG_H

#include <stdbool.h>

struct watchdog;

/* Starts the thread. NULL when that fails. */
struct watchdog *watchdog_start(void);
/* Ends the thread and frees w (NULL: does nothing). */
void watchdog_stop(struct watchdog *w);

/* From now on, a call that isn't over in ms is cut off: when that moment comes, or the socket is attached after it. */
void watchdog_begin(struct watchdog *w, int ms);
/* The call is over. True when it was cut off. */
bool watchdog_end(struct watchdog *w);

/* Names the connection's socket, of which a duplicate is kept (also within a call, that of connecting). */
void watchdog_attach(struct watchdog *w, int socket);
/* The connection is closed: the duplicate, too. */
void watchdog_detach(struct watchdog *w);

/* From any thread: cuts off the present call and every later one, until allowed again. */
void watchdog_interrupt(struct watchdog *w);
void watchdog_allow(struct watchdog *w);

#endif
