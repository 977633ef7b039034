/*
 * The host behind libvirt: any driver, local or remote. Snapshots come from one bulk call where the driver brings
 * figures in bulk, and from calls per guest where it doesn't; what seldom changes (affinities, definitions, metadata)
 * is read once and again when an event says so. Calls that hang are broken off, and the guest that hangs is shown as
 * such.
 */
#ifndef CORE_HOST_LIBVIRT_HOST_H
#define CORE_HOST_LIBVIRT_HOST_H

#include "core/host/host.h"

struct libvirt_host_options {
    const char *uri; /* NULL: qemu:///system */
    /* Where the ledger of what was found lies; made when first needed. NULL: /run/vmbalance for root, otherwise
     * vmbalance in $XDG_STATE_HOME or ~/.local/state. */
    const char *state_dir;
    bool no_ledger;       /* it's kept in memory only: nothing can be put back after this process */
    const char *proc_dir; /* NULL: /proc. Read on local connections only */
    const char *sys_dir;  /* NULL: /sys. Read on local connections only */
    double sample_s;      /* between samples: the statistics period of guests follows it */
    bool control_cpu;     /* the program may pin */
    bool control_memory;  /* the program may set sizes, so that it needs balloon statistics to be fresh */
    bool fresh_memory;    /* they are wanted fresh though it may not: to be looked at */
    bool keep_pins;       /* read the <vcpupin> of persistent definitions, too (snapshot_vcpu.pinned) */
    bool with_threads;    /* read where guests' other threads may run, too (snapshot_thread) */
    int *leaked;          /* NULL, or where to add the references that connections still had when they were closed: 0 */
    unsigned watch;       /* enum host_watch: what is measured beyond the usual; see host_ops.watch */
    bool dry_run;         /* nothing at all is changed, statistics periods neither; see host_ops.measure_only */
};

/*
 * Makes a host that isn't connected yet; strings are copied. NULL when memory is out. One per process, as libvirt knows
 * a single event loop; to be used by one thread (but for wake and interrupt), in which connect blocks SIGPIPE, and
 * ended by its close.
 */
struct host *libvirt_host_new(const struct libvirt_host_options *options);

/*
 * Makes this process the one that changes this host's guests, as far as its ledger goes. 0; -EBUSY with the reason in
 * error where another is at it; another -errno with the reason where the ledger can't be kept: then nothing will be
 * changed that would have to be noted there.
 */
int libvirt_host_own(struct host *host, char *error, size_t size);

#endif
