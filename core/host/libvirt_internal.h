/*
 * What the files behind libvirt_host.h share; not for anybody else. libvirt_host.c has the operations, and below it are
 * libvirt_sample.c (a snapshot: libvirt_listing.c brings the guests, libvirt_node.c the host), libvirt_apply.c (one
 * action), libvirt_restore.c (puts back what was found), libvirt_period.c (what measuring needs) and, under them all,
 * libvirt_connect.c.
 */
#ifndef CORE_HOST_LIBVIRT_INTERNAL_H
#define CORE_HOST_LIBVIRT_INTERNAL_H

#include "core/host/connection.h"
#include "core/host/domain_table.h"
#include "core/host/host.h"
#include "core/host/ledger.h"
#include "core/host/local_file.h"
#include "core/host/remarks.h"
#include "core/host/topology.h"

struct libvirt_host {
    struct host base; /* first */
    struct connection connection;
    struct domain_table guests;
    struct topology topology;
    bool topology_due;
    uint64_t listed_hash; /* of the pCPUs that /proc/stat listed last; 0: not read yet */
    char isolated[96];    /* lists of isolated pCPUs, as read last and cut: to tell when they change */
    struct remarks remarks;
    struct ledger *ledger;
    struct local_file file;
    char *proc_dir, *sys_dir;
    int pressure_fd; /* the kernel's alarm for memory; -1: none */
    int *leaked;
    double sample_s;
    bool control_cpu, control_memory, fresh_memory, keep_pins, with_threads, measure_only;
    char node_name[SNAPSHOT_NAME_BYTES];
    char uri[SNAPSHOT_NAME_BYTES];
    bool sampled;         /* there was a sample: guests that come now start while we run */
    bool suspicious;      /* a call was cut off: find out whose QEMU hangs */
    int patience_ms;      /* how long a bulk call may take, beyond a share per guest */
    unsigned groups;      /* of bulk statistics that are asked for */
    bool no_bulk;         /* the driver has no bulk statistics at all */
    bool bulk_vcpus;      /* they have brought vCPU figures */
    bool bulk_balloon;    /* they have brought balloon figures */
    bool bulk_answers;    /* they have brought what a QEMU must be asked for */
    unsigned pin_flags;   /* for virDomainPinVcpuFlags */
    bool no_period;       /* the driver has no statistics period */
    bool no_node_stats;   /* the driver has no memory statistics of the host */
    int n_cpu_stats;      /* how many figures it has of a pCPU; -1: none, 0: not asked yet */
    bool anew;            /* guests went since the ledger was looked through */
    struct libvirt_pcpu { /* index: pCPU number */
        bool has_busy;
        uint64_t busy_ns;    /* when a decision was last made */
        int refusals;        /* pins refused since one was last taken */
        uint64_t refused_ns; /* it's left out until then; 0: it isn't */
    } * pcpus;
    int n_pcpus, cap_pcpus;
    uint64_t kept_ns; /* when those busy times, and vCPUs' own, were kept; 0: they weren't yet */
    int next_run;     /* the guest of which it is read again next where its vCPUs run */
    int next_look;    /* the guest whose affinities are read again next, though nothing says that they changed */
    /* libvirt's error of the last change that failed, and what it said. */
    int last_code;
    char last_word[CONNECTION_WORD_BYTES];
};

static inline struct libvirt_host *libvirt_host_of(struct host *h)
{
    return (struct libvirt_host *)h;
}

/*
 * For a bulk call, at first: it takes some 10 ms for 50 guests in health. A guest that hangs keeps the others waiting
 * for as long; where nobody hangs, libvirt itself is slow, and gets twice as long each time.
 */
enum { LIBVIRT_PATIENCE_MS = 1000 };

/* libvirt_connect.c: notes what an operator should know. */
void libvirt_remark(struct libvirt_host *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Connects, and notes what is known from the connection on. As host_ops.connect. */
int libvirt_connect(struct libvirt_host *h, char *error, size_t size);
/* Closes the connection (not for good); what is known of guests stays. */
void libvirt_disconnect(struct libvirt_host *h);

/* libvirt_listing.c. The guests of one sample: from bulk statistics, or where a driver has none just a list of domains.
 */
struct libvirt_listing_entry {
    virDomainPtr domain;
    const virTypedParameter *params;
    int n_params;
    int id;
    uint8_t uuid[VIR_UUID_BUFLEN];
};

struct libvirt_listing {
    virDomainStatsRecordPtr *records;
    virDomainPtr *domains;
    struct libvirt_listing_entry *entries;
    int n;
    uint64_t taken_ns, read_ns; /* the middle of the call, and how long it took */
};

/*
 * Lists the guests that are active, in the order of their ids. 0; -ENOTCONN or -EAGAIN with the reason in error, or
 * -ENOMEM; then the listing is empty. May reconnect: no domain object from before is good afterwards.
 */
int libvirt_listing_fetch(struct libvirt_host *h, struct libvirt_listing *l, char *error, size_t size);
void libvirt_listing_free(struct libvirt_listing *l);

/*
 * libvirt_search.c: asks every guest for its statistics, side by side, and gives up on those that hang after a moment,
 * by cutting the connection: a new one is to be made then, over which calls leave them out.
 */
void libvirt_search(struct libvirt_host *h);

/* libvirt_sample.c: as host_ops.sample. */
int libvirt_sample(struct libvirt_host *h, struct snapshot *s, bool full, char *error, size_t size);
/* libvirt_node.c: the host itself. Reads its topology where that's due; resets s and fills in when it was taken, its
 * pCPUs, their times and its memory. Each 0 or -ENOMEM; what a driver doesn't have stays marked as not reported. */
int libvirt_node_topology(struct libvirt_host *h, bool full);
int libvirt_node_read(struct libvirt_host *h, struct snapshot *s, uint64_t taken_ns);
/* What the NUMA nodes have that memory of the guests in s is bound to, where the host has more than one: into s. */
int libvirt_node_read_nodes(struct libvirt_host *h, struct snapshot *s);

/*
 * libvirt_pcpu.c: what is learned of pCPUs that nobody tells.
 */
/* Marks in s the pCPUs that are left out because they refused pins. 0 or -ENOMEM. */
int libvirt_pcpu_mark(struct libvirt_host *h, struct snapshot *s);
/* Takes in what came of a pin to that pCPU: g's vCPU is there now, or was refused with a libvirt error of that number.
 */
void libvirt_pcpu_took(struct libvirt_host *h, struct domain *g, int cpu);
void libvirt_pcpu_refused(struct libvirt_host *h, struct domain *g, int cpu, int code, const char *why);
/*
 * Whether the vCPUs of the guest appended last to s can't be where their affinities say: a vCPU runs or waits on its
 * pCPU only while that is busy. Has the guest's affinities read again where they can't.
 */
void libvirt_pcpu_doubt(struct libvirt_host *h, struct domain *g, const struct snapshot *s);
/* Keeps the times of the guest appended last to s, and the busy times of pCPUs, for the next time. */
void libvirt_pcpu_keep_guest(struct domain *g, const struct snapshot *s);
void libvirt_pcpu_keep(struct libvirt_host *h, const struct snapshot *s);

/* libvirt_apply.c: as host_ops.apply. */
int libvirt_apply(struct libvirt_host *h, struct plan *p, struct plan_action *a);
/* Sets an affinity, or asks the balloon for a size (now_kib: the one it has). The ledger has it first: what can't be
 * put back isn't changed. 0, or -errno where the ledger can't be written, or 1 where libvirt refused, or 2 where the
 * call was cut off. What was refused isn't in the ledger any more; it stays there where nobody knows what came of it:
 * the call was cut off, or the connection lost meanwhile. After 1 and 2, last_word says why. */
int libvirt_apply_pin(struct libvirt_host *h, struct domain *g, struct domain_vcpu *v, const uint64_t *mask);
int libvirt_apply_size(struct libvirt_host *h, struct domain *g, uint64_t now_kib, uint64_t kib);
/* Whether the size that a guest has is what came of what we asked for, as the ledger has it; otherwise others set it.
 */
bool libvirt_apply_is_own_size(const struct domain *g, const struct ledger_entry *e, uint64_t now_kib);
/* Notes that the balloon has got to where we asked it to go, if it has: from then on any other size is others' doing.
 */
void libvirt_apply_arrived(struct libvirt_host *h, const struct domain *g, uint64_t now_kib);

/*
 * libvirt_period.c: sets the statistics period of a guest that has a balloon and none set, where figures are wanted
 * fresh, and has those that were set follow the interval; puts all back that were set.
 */
void libvirt_period_set(struct libvirt_host *h, struct domain *g);
/* Looks at a guest's memory as it was read at now_ns: one that has stopped reporting is asked for its definition again,
 * as somebody may have taken its period away. */
void libvirt_period_watch(struct domain *g, const struct snapshot_memory *m, uint64_t now_ns);
void libvirt_period_put_back(struct libvirt_host *h);

/* libvirt_restore.c, libvirt_restore_sizes.c: as host_ops.restore. */
struct libvirt_restored {
    int put_back;
    int kept;                         /* not put back, told, and still in the ledger */
    char first[HOST_ERROR_BYTES / 2]; /* what was told of the first of these */
};

enum libvirt_reach {
    LIBVIRT_REACH_READY, /* its guest can be changed now */
    LIBVIRT_REACH_GONE,
    LIBVIRT_REACH_KEPT, /* it's there, and hangs or is busy: counted and told */
};

/* Counts one that is kept, and tells why. */
void libvirt_restore_keep(struct libvirt_host *h, struct libvirt_restored *r, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum libvirt_reach libvirt_restore_reach(struct libvirt_host *h, struct libvirt_restored *r,
                                         const struct ledger_entry *e, struct domain **guest);
/* s: the last sample; replaced by later ones. */
void libvirt_restore_sizes(struct libvirt_host *h, struct libvirt_restored *r, struct snapshot *s);
int libvirt_restore(struct libvirt_host *h, bool cpu, bool memory, char *error, size_t size);

#endif
