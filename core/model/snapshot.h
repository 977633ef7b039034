/*
 * What was measured on the host at one moment: plain data, no libvirt type, nothing derived. Everything the programs
 * decide follows from snapshots, so a recorded or simulated one is as good as a real one.
 *
 * A snapshot owns all it points to. It is filled again and again without allocating once its arrays have grown to the
 * host's size. vCPUs of all guests lie in one array, each guest knowing its range; masks lie in one block, each vCPU
 * knowing the index of its rows.
 */
#ifndef CORE_MODEL_SNAPSHOT_H
#define CORE_MODEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SNAPSHOT_UUID_BYTES = 16, SNAPSHOT_NAME_BYTES = 256 };

struct snapshot_pcpu {
    int number;        /* the kernel's CPU number; numbers may have holes */
    int node;          /* NUMA node, 0 where unknown */
    int llc;           /* id of the last-level cache it shares; equal ids share; the package where unknown */
    int core;          /* id of the physical core, unique in the host; SMT siblings have the same */
    bool online;       /* the scheduler of the kernel may use it */
    bool isolated;     /* isolcpus or a cpuset partition keeps it from the kernel's scheduler */
    bool refuses;      /* it was seen to refuse pins, so that it isn't to be planned with for the present */
    double capacity;   /* what it gets done, 1 for the host's largest; 0: not told, all are alike */
    bool has_times;    /* busy_ns and idle_ns were reported */
    bool has_taken;    /* taken_ns was */
    uint64_t busy_ns;  /* all but idle and iowait, guests included, since some fixed moment */
    uint64_t idle_ns;  /* idle and iowait */
    uint64_t taken_ns; /* of busy_ns: interrupts, and what an outer hypervisor took (steal) */
};

/* What a NUMA node has, for guests whose memory is bound to some nodes; only nodes that they are bound to are listed.
 */
struct snapshot_node {
    int number;
    uint64_t free_kib; /* free, and of its caches what can be dropped, as far as that is known */
};

enum snapshot_guest_state {
    SNAPSHOT_GUEST_RUNNING,
    SNAPSHOT_GUEST_PAUSED,    /* its vCPUs don't run */
    SNAPSHOT_GUEST_MIGRATING, /* a migration or another job that owns the guest is under way */
    SNAPSHOT_GUEST_STOPPING,  /* shutting down, crashed or dying */
};

/* Why the programs leave a guest alone whatever its figures say. Filled by the engine (locked, excluded) and the host.
 */
enum snapshot_leave_alone {
    SNAPSHOT_LEAVE_NO,
    SNAPSHOT_LEAVE_LOCKED,     /* by the operator, in the TUI */
    SNAPSHOT_LEAVE_EXCLUDED,   /* by --only / --exclude */
    SNAPSHOT_LEAVE_METADATA,   /* by the guest's own metadata: <policy leave-alone='yes'/> */
    SNAPSHOT_LEAVE_STALE,      /* a hung guest: its figures are old */
    SNAPSHOT_LEAVE_UNREADABLE, /* its definition can't be read, and so what it allows isn't known */
};

/* Which memory statistics were reported: presence is kept apart from value, as a missing figure is not zero. */
enum snapshot_memory_has {
    SNAPSHOT_HAS_SIZE = 1 << 0,
    SNAPSHOT_HAS_MAX = 1 << 1,
    SNAPSHOT_HAS_AVAILABLE = 1 << 2,
    SNAPSHOT_HAS_UNUSED = 1 << 3,
    SNAPSHOT_HAS_USABLE = 1 << 4,
    SNAPSHOT_HAS_RSS = 1 << 5,
    SNAPSHOT_HAS_SWAP_IN = 1 << 6,
    SNAPSHOT_HAS_SWAP_OUT = 1 << 7,
    SNAPSHOT_HAS_MAJOR_FAULTS = 1 << 8,
    SNAPSHOT_HAS_MINOR_FAULTS = 1 << 9,
    SNAPSHOT_HAS_DISK_CACHES = 1 << 10,
    SNAPSHOT_HAS_LAST_UPDATE = 1 << 11,
};

struct snapshot_memory {
    unsigned has;             /* SNAPSHOT_HAS_... */
    uint64_t size_kib;        /* balloon.current: what the guest has now */
    uint64_t max_kib;         /* the most the balloon can give it */
    uint64_t available_kib;   /* the total the guest's kernel sees; less than size_kib */
    uint64_t unused_kib;      /* MemFree in the guest */
    uint64_t usable_kib;      /* MemAvailable in the guest: unused and what it can drop without swapping */
    uint64_t disk_caches_kib; /* page cache and tmpfs together */
    uint64_t rss_kib;         /* resident set of its QEMU on the host */
    uint64_t swap_in_kib;     /* since its boot, as are the three below */
    uint64_t swap_out_kib;
    uint64_t major_faults;
    uint64_t minor_faults;
    uint64_t last_update_s; /* wall-clock second at which the guest last reported */
    int stats_period_s;     /* how often the guest is asked to report; 0: never, -1: unknown */
    bool stats_refused;     /* asking it to report was refused, and is tried again */
    bool balloon;           /* the guest has a memory balloon device */
    bool inhibited;         /* huge pages, locked memory or a VFIO device: ballooning frees nothing on the host */
    bool deflate_on_oom;    /* the balloon gives way by itself when the guest runs out */
    bool reports_free;      /* free page reporting: the host gets its free pages back without the balloon */
    uint64_t least_kib;     /* from metadata: what it is to have at the least and at the most; 0: not said */
    uint64_t most_kib;
    double weight; /* share when memory is short, from metadata; 1 where not set */
};

enum snapshot_work_has {
    SNAPSHOT_HAS_CPU = 1 << 0,
    SNAPSHOT_HAS_DISK_READ = 1 << 1, /* this and the three below only where they are asked for (host_ops.watch) */
    SNAPSHOT_HAS_DISK_WRITTEN = 1 << 2,
    SNAPSHOT_HAS_NET_RECEIVED = 1 << 3,
    SNAPSHOT_HAS_NET_SENT = 1 << 4,
};

/* What the guest's QEMU does beside its vCPUs: only to be looked at, no decision rests on it. Counters since it
 * started. */
struct snapshot_work {
    unsigned has;                                 /* SNAPSHOT_HAS_... */
    uint64_t cpu_ns;                              /* CPU time of all its threads: vCPUs, emulator and iothreads */
    uint64_t disk_read_bytes, disk_written_bytes; /* over all its disks */
    uint64_t net_received_bytes, net_sent_bytes;  /* over all its interfaces, as the guest sees it */
};

struct snapshot_guest {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id; /* of this run of the guest: uuid and id together name a guest */
    char name[SNAPSHOT_NAME_BYTES];
    enum snapshot_guest_state state;
    enum snapshot_leave_alone leave_alone;
    int first_vcpu, n_vcpus;     /* its range in snapshot.vcpus */
    int first_thread, n_threads; /* its range in snapshot.threads */
    bool realtime;               /* a vCPU runs under SCHED_FIFO or SCHED_RR (vcpusched) */
    bool dedicated;              /* metadata <policy dedicated='yes'/>: its pCPUs are its own */
    double vcpu_quota_pct;       /* most that each vCPU may run, from vcpu_quota/vcpu_period; 0: no limit */
    double guest_quota_pct;      /* most that the guest may run in all, from global_quota/global_period; 0: no limit */
    int memory_nodes;            /* index of a mask row whose bits are NUMA nodes its memory is to come from; -1: any */
    bool memory_bound;           /* it never comes from others, whatever those have (strict) */
    int allowed;                 /* mask row: pCPUs that its vCPUs may use, from metadata; -1: any */
    struct snapshot_memory memory;
    struct snapshot_work work;
};

struct snapshot_vcpu {
    int number; /* libvirt's vCPU number; numbers may have holes */
    int guest;  /* index in snapshot.guests */
    bool online;
    bool running;      /* false while it is halted for good, blocked by a pause and so on, as far as it's known */
    bool has_run;      /* run_ns was reported */
    bool has_delay;    /* delay_ns was reported */
    bool has_poll;     /* poll_ns was reported: with KVM only */
    uint64_t run_ns;   /* time its thread ran, since it started; 10 ms resolution */
    uint64_t delay_ns; /* time its thread was runnable and waited for a pCPU, since it started */
    uint64_t poll_ns;  /* of run_ns: time the host polled for its wake-up, instead of letting it sleep */
    int cpu;           /* pCPU it was last seen on, -1 unknown; where affinity is one pCPU, that one */
    int affinity;      /* mask row: where it may run now; -1 unknown */
    int found;         /* mask row: its affinity when it was first seen, or as others last set it; -1 unknown */
    int defined;       /* mask row: <vcpu cpuset> of the guest, a rule that is always kept; -1 none */
    int pinned;        /* mask row: <vcpupin> in the persistent definition; -1 none */
};

enum snapshot_host_has {
    SNAPSHOT_HOST_HAS_TOTAL = 1 << 0,
    SNAPSHOT_HOST_HAS_FREE = 1 << 1,
    SNAPSHOT_HOST_HAS_AVAILABLE = 1 << 2, /* only on a local connection */
    SNAPSHOT_HOST_HAS_CACHES = 1 << 3,
    SNAPSHOT_HOST_HAS_SWAP = 1 << 4,
    SNAPSHOT_HOST_HAS_PRESSURE = 1 << 5, /* of memory; only on a local connection, as are the two below */
    SNAPSHOT_HOST_HAS_CPU_PRESSURE = 1 << 6,
    SNAPSHOT_HOST_HAS_IO_PRESSURE = 1 << 7,
};

struct snapshot_host {
    unsigned has; /* SNAPSHOT_HOST_HAS_... */
    uint64_t total_kib;
    uint64_t free_kib;      /* MemFree */
    uint64_t available_kib; /* MemAvailable: free and what can be dropped without swapping */
    uint64_t caches_kib;    /* buffers and page cache */
    uint64_t swap_total_kib, swap_free_kib;
    double pressure_some_pct; /* memory PSI, some, avg10 */
    double pressure_full_pct; /* memory PSI, full, avg10 */
    /* The same of CPUs and of I/O, only to be looked at. There is no full of a whole host's CPUs: as long as they are
     * short, some task runs. */
    double cpu_pressure_some_pct, io_pressure_some_pct, io_pressure_full_pct;
};

/*
 * Another thread of a guest's QEMU that can be pinned: its emulator (with everything that is no vCPU and no iothread,
 * vhost workers among it) or an iothread. Only where these are asked for (--with-iothreads). Beside vCPUs such threads
 * go by numbers below 0, so that an action or a ledger's entry names either.
 */
enum { SNAPSHOT_EMULATOR = -1, SNAPSHOT_WORD_BYTES = 24 };

struct snapshot_thread {
    int guest;    /* index in snapshot.guests; threads of one guest lie side by side */
    int number;   /* SNAPSHOT_EMULATOR, or snapshot_iothread of its id */
    int affinity; /* mask row: where it may run now; -1 unknown */
    int found;    /* mask row: its affinity when it was first seen, or as others last set it; -1 unknown */
};

struct snapshot {
    uint64_t taken_ns; /* CLOCK_MONOTONIC (virtual in simulation and replay); all rates use this one */
    uint64_t read_ns;  /* how long reading the guests' counters took: each is of a moment up to half of it away */
    int64_t wall_ms;   /* wall clock in ms since 1970: for showing, and for what is told by that clock; 0: not known */
    char node_name[SNAPSHOT_NAME_BYTES];
    char uri[SNAPSHOT_NAME_BYTES];
    unsigned calls; /* hypervisor calls this snapshot cost */
    int cpu_limit;  /* one above the highest pCPU number of the host; masks are that wide */
    struct snapshot_pcpu *pcpus;
    int n_pcpus, cap_pcpus;
    struct snapshot_node *nodes; /* numbers go up */
    int n_nodes, cap_nodes;
    struct snapshot_guest *guests;
    int n_guests, cap_guests;
    struct snapshot_vcpu *vcpus;
    int n_vcpus, cap_vcpus;
    struct snapshot_thread *threads; /* that aren't vCPUs */
    int n_threads, cap_threads;
    uint64_t *masks; /* n_masks rows of cpumask_words(cpu_limit) words */
    int n_masks, cap_masks;
    struct snapshot_host host;
};

/* An empty snapshot is all zeros: struct snapshot s = {0}. */
void snapshot_free(struct snapshot *s);
/* Forgets everything but the memory held, and sets cpu_limit (at least 1). */
void snapshot_reset(struct snapshot *s, int cpu_limit);

/*
 * Brings figures that can't be to the nearest that can, whatever source they come from, so that nobody who reckons with
 * them has to look: sizes up to 2^50 KiB (an exbibyte) and counters up to 2^62, of which thousands add up without
 * overflow; no more free than there is; shares that are numbers within their bounds; nodes' numbers within Linux's.
 */
void snapshot_clamp(struct snapshot *s);

/* Each appends one zeroed entry (guests: quota 0, memory_nodes and allowed -1, weight 1; vCPUs: mask rows and cpu -1;
 * threads: mask rows -1) and returns it, or NULL when memory is out. The pointer is good until the next call of the
 * same function. vCPUs and threads belong to the guest appended last. */
struct snapshot_pcpu *snapshot_add_pcpu(struct snapshot *s);
struct snapshot_node *snapshot_add_node(struct snapshot *s);
struct snapshot_guest *snapshot_add_guest(struct snapshot *s);
struct snapshot_vcpu *snapshot_add_vcpu(struct snapshot *s);
struct snapshot_thread *snapshot_add_thread(struct snapshot *s);
/* Appends a copy of mask (NULL: an empty row), of the snapshot's width, and returns its row index, or -ENOMEM. */
int snapshot_add_mask(struct snapshot *s, const uint64_t *mask);

/* Makes to equal to from, reusing what to holds. Returns 0 or -ENOMEM (to is then empty). */
int snapshot_copy(struct snapshot *to, const struct snapshot *from);

/* The row with that index, or NULL for an index below 0. */
const uint64_t *snapshot_mask(const struct snapshot *s, int row);
/* The 64-bit words of each of its masks. */
int snapshot_words(const struct snapshot *s);
/* The index in s->pcpus of the pCPU with that number, or -1. Constant time where numbers have no holes. */
int snapshot_pcpu_index(const struct snapshot *s, int number);
/* Whether two guests are the same run of the same guest: uuid and id together name one. */
bool snapshot_same_guest(const uint8_t *uuid, int id, const uint8_t *other_uuid, int other_id);
/* The index of the guest with that uuid and id, or -1; hint is where to look first (any value will do). */
int snapshot_find_guest(const struct snapshot *s, const uint8_t *uuid, int id, int hint);
/* The index in s->vcpus of that vCPU number of guest (an index), or -1. */
int snapshot_find_vcpu(const struct snapshot *s, int guest, int number);
/* Whether a mask holds all pCPUs that the kernel may use: then it says neither where nor where not. */
bool snapshot_is_everywhere(const struct snapshot *s, const uint64_t *mask);
/* The number that the iothread of that id goes by. */
int snapshot_iothread(unsigned id);
/* What a vCPU or thread of that number is called after its guest: "3", "emulator", "iothread2". Returns text, of
 * SNAPSHOT_WORD_BYTES. */
const char *snapshot_number_word(int number, char *text);
/* The same the other way, for threads; false for any other text. */
bool snapshot_read_thread(const char *text, int *number);
/* The pCPU (an index in s->pcpus) that a vCPU is pinned to; -1 where it may use several, or it isn't known. */
int snapshot_pinned_to(const struct snapshot *s, const struct snapshot_vcpu *v);
/* What the guest could give back (KiB): usable; where that is missing, unused and half of the disk caches (none where
 * missing); false where unused is missing, too. Source: the guest's MemAvailable, see docs/memory_coordinator.md. */
bool snapshot_memory_spare(const struct snapshot_memory *m, uint64_t *spare_kib);

#endif
