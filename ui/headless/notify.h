/*
 * Tells the service manager that started the program how it is: ready, its state in a line, alive, stopping. This is
 * the plain protocol of sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names. Without that variable nothing
 * is done.
 */
#ifndef UI_HEADLESS_NOTIFY_H
#define UI_HEADLESS_NOTIFY_H

#include "core/model/report.h"

#include <sys/socket.h>
#include <sys/un.h>

struct notify {
    int fd; /* -1: nobody listens */
    struct sockaddr_un address;
    socklen_t size;
    bool ready;
    char status[160];     /* as it was told last */
    uint64_t watchdog_ns; /* the manager expects a sign of life within it; 0: it doesn't */
    uint64_t alive_ns;    /* when it was given last */
};

/* Whether the manager has connected fd to its journal, as JOURNAL_STREAM tells. */
bool notify_is_journal(int fd);
/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
void notify_open(struct notify *n);
/* Ready, at the first one; and the state that it tells of. */
void notify_report(struct notify *n, const struct report *r);
/* A sign of life, if one is due, unless the control loop has been stuck for as long as the manager would wait. */
void notify_alive(struct notify *n, double stuck_s);
/* The longest that a face may wait before it looks again: most_ms, or less where a sign of life is due. */
int notify_wait_ms(const struct notify *n, int most_ms);
/* Stopping. */
void notify_close(struct notify *n);

#endif
