/*
 * The host as the control loop sees it: something that yields snapshots and carries out actions. There is one behind
 * libvirt (libvirt_host.h) and one behind a recording (core/record/replay.h).
 */
#ifndef CORE_HOST_HOST_H
#define CORE_HOST_HOST_H

#include "core/model/plan.h"
#include "core/model/snapshot.h"

enum { HOST_ERROR_BYTES = 256 };

struct host;

/* What costs the hypervisor something to tell, and is only asked for while somebody looks at it. */
enum host_watch { HOST_WATCH_DISK = 1 << 0, HOST_WATCH_NET = 1 << 1 };

struct host_ops {
    /* Connects if not connected. 0, or -errno with the reason in error. Never blocks for longer than a few seconds. */
    int (*connect)(struct host *h, char *error, size_t size);
    bool (*connected)(const struct host *h);
    /*
     * Fills s. full: a decision will be made from it, so that everything matters; otherwise only what a screen shows.
     * 0; -ENOMEM; -EAGAIN with the reason where this sample failed but the connection stands; -ENOTCONN when it's gone;
     * -ENODATA where a recording is at its end.
     */
    int (*sample)(struct host *h, struct snapshot *s, bool full, char *error, size_t size);
    /*
     * Carries out one action and writes result and error into it. Re-reads first and skips what is already so.
     * 0 also when the hypervisor refused it; -ENOTCONN when the connection is gone (the action stays PLAN_PENDING).
     */
    int (*apply)(struct host *h, struct plan *p, struct plan_action *a);
    /* Lets events and keep-alive be handled for up to ms; returns early when woken by wake. */
    void (*idle)(struct host *h, int ms);
    /* May be NULL. Whether something on the host asks for a sample at once, for which idle returned early; once each
     * time that it does. */
    bool (*alarmed)(struct host *h);
    /* May be NULL. While there's no connection: whether the hypervisor could be reached, as far as that is told at no
     * cost. 1, 0; -1: can't be told. */
    int (*reachable)(const struct host *h);
    /* May be called from any thread: makes idle return. */
    void (*wake)(struct host *h);
    /*
     * May be called from any thread, and may be NULL: breaks off a hypervisor call that is under way, which then fails,
     * and every later one but those of close. For ending at once although a call hangs.
     */
    void (*interrupt)(struct host *h);
    /* May be NULL. on: from now on nothing is changed, not even what measuring needs (dry run); off: it may be. */
    void (*measure_only)(struct host *h, bool on);
    /* May be NULL. The time between two samples from now on; what is set for measuring follows it. */
    void (*set_sampling)(struct host *h, double seconds);
    /* May be NULL. what: enum host_watch; from now on that is measured, too, and nothing else beyond the usual. */
    void (*watch)(struct host *h, unsigned what);
    /* May be NULL. Hypervisor calls made so far, by whatever function here. */
    uint64_t (*calls)(const struct host *h);
    /* May be NULL. The next thing about the host that an operator should know and wasn't told yet, as a line in text;
     * false where there is none. */
    bool (*remark)(struct host *h, char *text, size_t size);
    /* May be NULL. Why no guest can be changed at all at present, in words; false where guests can be. */
    bool (*trouble)(const struct host *h, char *text, size_t size);
    /* Puts back what was found (see ledger.h): affinities where cpu, balloon sizes where memory. Returns how many
     * things were put back, or -errno. */
    int (*restore)(struct host *h, bool cpu, bool memory, char *error, size_t size);
    /* Undoes what was only set for measuring (statistics periods), closes, and frees h. */
    void (*close)(struct host *h);
};

/* Every host begins with this. */
struct host {
    const struct host_ops *ops;
};

#endif
