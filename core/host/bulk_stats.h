/*
 * Turns one guest's record of libvirt's bulk statistics (named values such as "vcpu.3.time") into the snapshot's own
 * fields. What a record doesn't have stays marked as not reported.
 */
#ifndef CORE_HOST_BULK_STATS_H
#define CORE_HOST_BULK_STATS_H

#include "core/model/snapshot.h"

#include <libvirt/libvirt.h>

enum {
    BULK_STATS_GROUPS =
        VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_BALLOON,
    /* Only while somebody looks: each QEMU is asked for its disks, and each interface is looked up. */
    BULK_STATS_DISK_GROUP = VIR_DOMAIN_STATS_BLOCK,
    BULK_STATS_NET_GROUP = VIR_DOMAIN_STATS_INTERFACE
};

struct bulk_stats {
    int state, reason; /* virDomainState and its reason; -1: not said */
    bool has_vcpus;    /* there were vCPU figures */
    bool has_balloon;  /* there was the balloon's size */
    bool answered;     /* there were figures that libvirt must ask the QEMU for */
};

/*
 * Fills memory and appends vCPUs (online ones; numbers may have holes) to the guest appended last to s. Returns 0 or
 * -ENOMEM. A record is none of ours to trust: values of another type than they should have are taken as not there.
 */
int bulk_stats_read(struct snapshot *s, const virTypedParameter *params, int n, struct bulk_stats *out);

/* The guest's state by virDomainState and its reason; domain_state -1: running. */
enum snapshot_guest_state bulk_stats_state(int domain_state, int reason);

#endif
