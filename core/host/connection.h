/*
 * The connection itself: opening, losing and reopening it, keep-alive, events, and the guard around each call. It knows
 * nothing of guests; whoever owns it is told of events by a callback.
 */
#ifndef CORE_HOST_CONNECTION_H
#define CORE_HOST_CONNECTION_H

#include "core/host/watchdog.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stddef.h>

enum connection_event {
    CONNECTION_CHANGED,  /* the guest's definition, state, devices or metadata */
    CONNECTION_TUNED,    /* an affinity or quota was set, by us or by others; params say what */
    CONNECTION_JOB,      /* a migration goes on */
    CONNECTION_JOB_ENDED /* a job of the guest is over */
};

typedef void connection_on_event(void *context, enum connection_event event, virDomainPtr domain,
                                 const virTypedParameter *params, int n_params);

enum {
    CONNECTION_EVENTS = 10,
    CONNECTION_WORD_BYTES = 160,
    /* For a call about one guest or about the host: libvirt answers such within milliseconds, and waits for a guest's
       QEMU no longer than a second in health. */
    CONNECTION_CALL_MS = 5000,
};

struct connection {
    char *uri;                       /* as asked for */
    virConnectPtr conn;              /* NULL: none */
    bool broken;                     /* closed by the other side, or cut off by us: to be closed */
    bool cut;                        /* broken by us: a call took too long */
    bool local;                      /* the hypervisor runs on this very machine, under this kernel */
    bool qemu;                       /* the driver */
    bool made_up;                    /* libvirt's own test driver: its figures are constants */
    char why[CONNECTION_WORD_BYTES]; /* the reason for broken */
    unsigned calls;                  /* made so far */
    struct watchdog *dog;
    connection_on_event *on_event;
    void *context;
    int events[CONNECTION_EVENTS]; /* callback numbers, -1: none */
};

/* Prepares c; nothing is connected yet. 0 or -ENOMEM. */
int connection_init(struct connection *c, const char *uri, connection_on_event *on_event, void *context);
void connection_free(struct connection *c);

/* Connects, registers events, and blocks SIGPIPE in the calling thread. 0 or -ENOTCONN with the reason in error. */
int connection_open(struct connection *c, char *error, size_t size);
/* Closes what there is; every domain object must have been freed before. Returns how many references were left: 0, or
 * some were leaked. */
int connection_close(struct connection *c);
/* True while calls can be expected to work. */
bool connection_alive(struct connection *c);

/* Before and after each libvirt call (or several quick ones, n of them): counts them, and has them cut off after ms.
 * connection_end returns true when that happened; the connection is then broken. */
void connection_begin(struct connection *c, int ms, unsigned n);
bool connection_end(struct connection *c);

/* What the last failed libvirt call said, in one line. Returns its error number (VIR_ERR_...), never
 * VIR_ERR_OK: that of an internal error where the call failed and told none. */
int connection_last_error(char *text, size_t size);

#endif
