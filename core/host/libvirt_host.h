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
    const char *uri;       /* NULL: qemu:///system */
    const char *state_dir; /* where the ledger of what was found lies; NULL: /run/vmbalance. Made when first needed */
    const char *proc_dir;  /* NULL: /proc. Read on local connections only */
    const char *sys_dir;   /* NULL: /sys. Read on local connections only */
    double sample_s;       /* between samples: the statistics period of guests follows it */
    bool control_cpu;      /* the program may pin */
    bool control_memory;   /* the program may set sizes, so that it needs balloon statistics to be fresh */
    bool fresh_memory;     /* they are wanted fresh though it may not: to be looked at */
    bool keep_pins;        /* read the <vcpupin> of persistent definitions, too (snapshot_vcpu.pinned) */
    int *leaked;  /* NULL, or where to add the references that connections still had when they were closed: 0 */
    bool dry_run; /* nothing at all is changed, statistics periods neither; see host_ops.measure_only */
};

/*
 * Makes a host that isn't connected yet; strings are copied. NULL when memory is out. One per process, as libvirt knows
 * a single event loop; to be used by one thread (but for wake and interrupt), in which connect blocks SIGPIPE, and
 * ended by its close.
 */
struct host *libvirt_host_new(const struct libvirt_host_options *options);

#endif
