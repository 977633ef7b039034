/*
 * What a guest's definition says that figures don't: rules on where it may run, limits, what kind of balloon it has and
 * whether ballooning does anything, and the operator's own words about it (metadata of namespace
 * urn:vmbalance:policy:1, such as <policy xmlns='urn:vmbalance:policy:1' dedicated='yes' leave-alone='yes'
 * weight='2'/>).
 */
#ifndef CORE_HOST_DOMAIN_XML_H
#define CORE_HOST_DOMAIN_XML_H

#include <stdbool.h>
#include <stdint.h>

enum { DOMAIN_XML_TROUBLE_BYTES = 120 };

/* What a weight may be: one beyond is taken as the nearest bound. Guests' shares would otherwise differ by more than
 * what can be handed out in whole MiB. */
#define DOMAIN_XML_WEIGHT_LEAST 0.01
#define DOMAIN_XML_WEIGHT_MOST 100.0

/* The most MiB that metadata may say: more than any machine has, and no overflow in KiB. */
#define DOMAIN_XML_MIB_MOST 1000000000u

#define DOMAIN_XML_POLICY_NAMESPACE "urn:vmbalance:policy:1"

struct domain_xml {
    int words;              /* width of the masks */
    uint64_t *cpuset;       /* <vcpu cpuset>: pCPUs that every vCPU may use; NULL where none */
    uint64_t *memory_nodes; /* <numatune>: NUMA nodes that its memory comes from; NULL where none */
    bool memory_bound;      /* and never from others: mode='strict', which is what none means, or 'restrictive' */
    struct domain_xml_pin {
        int vcpu;
        uint64_t *mask;
    } * pins; /* <cputune><vcpupin> */
    int n_pins;
    bool realtime;          /* <vcpusched scheduler='fifo' or 'rr'> for any vCPU */
    double vcpu_quota_pct;  /* <quota> of <period>, in percent of one pCPU; 0: no limit */
    double guest_quota_pct; /* <global_quota> of <global_period>; 0: no limit */
    bool balloon;           /* a memory balloon that isn't model 'none' */
    bool deflate_on_oom;
    bool reports_free;       /* <memballoon freePageReporting='on'> */
    bool inhibited;          /* memory is locked, of huge pages, or pinned by an assigned device */
    int stats_period_s;      /* <memballoon><stats period>: 0 where none */
    uint64_t size_kib;       /* <currentMemory>; 0 where not said */
    uint64_t max_kib;        /* <memory>; 0 where not said */
    uint64_t hard_limit_kib; /* <memtune><hard_limit>: the most that its QEMU may use in all; 0: no limit */
    uint64_t apart_kib;      /* of <memory> in virtio-mem devices, which no balloon reaches */
    bool dedicated;          /* metadata */
    bool leave_alone;        /* metadata */
    uint64_t *allowed;       /* metadata: pCPUs that its vCPUs may use; NULL: any */
    uint64_t least_kib;      /* metadata: the least and the most memory that it is to have; 0: not said */
    uint64_t most_kib;
    double weight; /* metadata, within the bounds above; 1 where not said or not a positive number */
    char
        trouble[DOMAIN_XML_TROUBLE_BYTES]; /* what of it could not be understood, or is out of bounds; empty: nothing */
};

/*
 * Reads a <domain> document; masks get the width for cpu_limit pCPUs (memory_nodes too), and numbers beyond are
 * dropped. Returns 0, -EINVAL for text that is none, or -ENOMEM; then out is empty but for the reason (trouble). To be
 * freed by domain_xml_free either way.
 */
int domain_xml_read(struct domain_xml *out, const char *text, int cpu_limit);
void domain_xml_free(struct domain_xml *x);

#endif
