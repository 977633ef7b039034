/*
 * What is known of each running guest beyond the figures of one sample: its definition, the affinities of its vCPUs,
 * how they were found and what we wrote, whether its QEMU hangs. It's read when the guest is first seen and again when
 * an event, or a figure that can't be otherwise, says that it has changed. Guests are named by UUID and id; their facts
 * outlive a lost connection.
 */
#ifndef CORE_HOST_DOMAIN_H
#define CORE_HOST_DOMAIN_H

#include "core/host/connection.h"
#include "core/host/domain_xml.h"
#include "core/host/ledger.h"
#include "core/model/snapshot.h"

/* The masks that are kept for each vCPU. */
enum domain_mask {
    DOMAIN_AFFINITY, /* as last read or written */
    DOMAIN_FOUND,    /* as found, or as last set by others */
    DOMAIN_WRITTEN,  /* as last set by us */
    DOMAIN_MASKS
};

/* Or another thread that can be pinned: numbers are as in snapshot_thread then, and of those below listed has a
 * meaning.
 */
struct domain_vcpu {
    int number;
    int cpu;                /* last seen on, or -1 */
    bool has[DOMAIN_MASKS]; /* which masks are known */
    bool unsure;            /* what came of our last pin isn't known: its answer was lost */
    bool has_run;
    uint64_t run_ns; /* at the last sample: one that goes back belongs to another thread */
    bool has_kept;   /* when a decision was last made: */
    uint64_t kept_run_ns, kept_delay_ns;
    /* From reading affinities, for drivers whose bulk statistics lack vCPUs: */
    bool listed; /* online when last read */
    bool listed_running;
    uint64_t listed_ns; /* run time */
};

struct domain {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    char name[SNAPSHOT_NAME_BYTES];
    virDomainPtr domain;        /* of the present connection, or NULL */
    bool seen;                  /* in the present sample */
    bool xml_due, affinity_due; /* to be read (again) */
    bool affinity_refused;      /* the driver can't tell affinities */
    bool threads_refused;       /* nor those of other threads */
    int refused_cpu;            /* the pCPU that a pin was refused for last, -1: the last one was taken */
    int doubts, doubt_left;     /* see libvirt_pcpu_doubt: how long to let it be next time, and now */
    bool has_xml;
    bool unreadable;                     /* its definition makes no sense: not read again before an event */
    char told[DOMAIN_XML_TROUBLE_BYTES]; /* what the operator was told last of what is wrong with it */
    struct domain_xml xml;
    struct domain_xml persistent; /* only <vcpupin> of it is of interest, and only where asked for */
    struct domain_vcpu *vcpus;
    int n_vcpus, cap_vcpus;
    int cpu_limit, words; /* width of masks */
    uint64_t *masks;      /* DOMAIN_MASKS rows a vCPU */
    int cap_masks;
    struct snapshot_memory memory; /* as last reported: kept while a guest can't report */
    int unanswered;                /* samples in a row without what its QEMU is asked for */
    bool hung;                     /* its QEMU doesn't answer */
    bool held;                     /* a call that asked it alone was cut off since it was last probed */
    bool told_hung;                /* and the operator knows */
    bool busy;                     /* a job owns it */
    bool lists_vcpus;              /* affinities came with who is online, when they were last read */
    bool said_gone;                /* libvirt said so when it was to be changed */
    bool has_asked;
    uint64_t asked_kib;          /* the size that we last asked for */
    bool period_refused;         /* setting the statistics period failed, and is tried again: */
    bool period_told;            /* the operator knows */
    uint64_t period_retry_ns;    /* not before; 0: at once */
    double period_wait_s;        /* and how long after the last try */
    bool period_set;             /* by us: */
    int period_was, period_ours; /* as found; as set */
    uint64_t update_s;           /* the moment of the last report, as the guest's QEMU tells it, */
    uint64_t update_ns;          /* and when that was seen to change, or looked into */
    double patience_s;           /* how long it may stand still; 0: the least */
};

/* Frees g and its domain object. */
void domain_free(struct domain *g);
/* Sets the width of its masks; what was known stays known. 0 or -ENOMEM. */
int domain_widen(struct domain *g, int cpu_limit);

/* The vCPU of that number, or NULL. */
struct domain_vcpu *domain_find_vcpu(const struct domain *g, int number);
/* The same, added where it's missing. NULL when memory is out. */
struct domain_vcpu *domain_need_vcpu(struct domain *g, int number);
uint64_t *domain_mask(const struct domain *g, const struct domain_vcpu *v, enum domain_mask kind);
/* The mask where it's known, otherwise NULL. */
const uint64_t *domain_known_mask(const struct domain *g, const struct domain_vcpu *v, enum domain_mask kind);
/* Where <vcpupin> of the persistent definition wants that vCPU, or NULL. */
const uint64_t *domain_persistent_pin(const struct domain *g, int vcpu);

/* Makes sure of a domain object of the present connection. 0 or a VIR_ERR_... number. */
int domain_find(struct domain *g, struct connection *c);
/*
 * Finds out whether its QEMU answers (g->hung) and whether a job owns it (g->busy), by one call that waits for neither.
 * 0 or a VIR_ERR_... number.
 */
int domain_probe(struct domain *g, struct connection *c);
/* What was refused may be tried again at once: the guest, or the hypervisor, is in another state. */
void domain_retry(struct domain *g);
/* Takes in an event that says which of its tunables were set: those that aren't our own pins are to be read again. */
void domain_take_tuning(struct domain *g, const virTypedParameter *params, int n);

/*
 * Reads what is due. expected: how many vCPUs are online, 0 where unknown. Affinities that differ from the last ones
 * known are other people's doing, and so become what was found; ledger (may be NULL) tells pins of an earlier run of
 * this program from theirs. Returns 0; a VIR_ERR_... number: VIR_ERR_NO_DOMAIN means that it's gone; -ENOMEM where our
 * own memory is out (libvirt has a number for that, too, which is the daemon's memory and passes). A definition that
 * libvirt refuses to tell is no failure: it's read again at the next sample.
 */
int domain_read_due(struct domain *g, struct connection *c, const struct ledger *ledger, int expected,
                    bool with_persistent, bool with_threads);
/* Reads affinities of vCPUs only, now. As above. */
int domain_read_affinities(struct domain *g, struct connection *c, const struct ledger *ledger, int expected);
/* Those of the emulator and of iothreads: what libvirt has them confined to. As above; those of a driver that has none,
 * or can't tell, aren't listed. */
int domain_read_threads(struct domain *g, struct connection *c, const struct ledger *ledger);

#endif
