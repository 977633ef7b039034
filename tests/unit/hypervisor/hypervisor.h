/*
 * A hypervisor made up for tests, in the place of libvirt's library: the functions that the program calls, over guests
 * that are plain data, with faults to order. Linked before the library, so that nothing of it is used.
 *
 * A guest that hangs holds up the first call that asks it, until that call's connection is cut; from then on calls told
 * not to wait leave it out, as libvirt does.
 */
#ifndef TESTS_UNIT_HYPERVISOR_H
#define TESTS_UNIT_HYPERVISOR_H

#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    HYPERVISOR_GUESTS = 8,
    HYPERVISOR_VCPUS = 4,
    HYPERVISOR_PCPUS = 8,
    HYPERVISOR_FAULTS = 8,
    HYPERVISOR_NODES = 2,
    HYPERVISOR_THREADS = 3
};

enum { HYPERVISOR_SAYS_NOTHING = -1 }; /* in place of a code: the call fails, and sets no error */

enum hypervisor_maps {
    HYPERVISOR_MAPS,
    HYPERVISOR_MAPS_EMPTY,     /* no pCPU in any of them */
    HYPERVISOR_MAPS_BEYOND,    /* pCPUs that the host hasn't got, too, and a vCPU that is seen on one */
    HYPERVISOR_MAPS_MORE,      /* of more vCPUs than there are */
    HYPERVISOR_MAPS_UNNUMBERED /* all vCPUs have the same number */
};

struct hypervisor_guest {
    char name[512];
    unsigned char uuid[VIR_UUID_BUFLEN];
    int id;
    bool gone, paused;
    int n_vcpus;
    uint64_t affinity[HYPERVISOR_VCPUS]; /* bits of pCPUs */
    uint64_t run_ns[HYPERVISOR_VCPUS], delay_ns[HYPERVISOR_VCPUS];
    int runs_on[HYPERVISOR_VCPUS];      /* the pCPU that it was last on, where it may use several */
    uint64_t poll_ns[HYPERVISOR_VCPUS]; /* of run_ns; told only where there is something of it, as with KVM */
    int poll_pct[HYPERVISOR_VCPUS]; /* of a pCPU, that hypervisor_work has the host poll for it where there is room */
    int load_pct[HYPERVISOR_VCPUS]; /* of a pCPU, that hypervisor_work lets it run or wait for */
    /* Other threads: the emulator first, then as many iothreads, of the ids 1 and up. */
    uint64_t threads[HYPERVISOR_THREADS];
    int n_iothreads;
    uint64_t other_ns; /* what they ran; cpu.time is told only where there is something of it */
    int other_pct;     /* of a pCPU, that hypervisor_work lets the emulator run */
    uint64_t size_kib, target_kib, max_kib;
    uint64_t used_kib; /* what it can't give: the balloon stops there */
    uint64_t step_kib; /* how far the balloon moves between two looks; 0: all the way at once */
    bool silent;       /* it doesn't report */
    uint64_t reported_s;
    bool clock_set_back; /* between any two reports */
    int period_s;
    char definition[1024]; /* what stands between <domain> and </domain>, the balloon's device aside */
    const char *xml;       /* the whole definition instead; NULL: none */
    /* Figures of its statistics that are others, "NAME VALUE" each, with blanks between; a VALUE of "-": missing. */
    const char *figures;
    enum hypervisor_maps maps;        /* what virDomainGetVcpus tells */
    bool ignores_pins, ignores_sizes; /* they are taken, and nothing comes of them */
    bool hangs;
    bool held;         /* a call that asked it was cut off: it holds the guest still, */
    uint64_t asked_ns; /* and was made then (CLOCK_MONOTONIC; 0: long ago) */
    int job;           /* a virDomainControlState, VIR_DOMAIN_CONTROL_OK: none */
};

struct hypervisor_fault {
    const char *function; /* such as "virDomainPinVcpuFlags" */
    const char *guest;    /* its name; NULL: any */
    int cpu;              /* pins: to that pCPU alone; -1: any */
    int code;             /* VIR_ERR_... */
    int times;            /* that it fails; -1: always */
    bool cuts;            /* it's done, but the connection is lost before its answer is there */
};

struct hypervisor {
    struct hypervisor_guest guests[HYPERVISOR_GUESTS];
    int n_guests;
    bool here; /* it claims to be this very machine, so that its /proc and /sys are asked (host_world's folder) */
    int n_pcpus;
    uint64_t online; /* bits of pCPUs */
    uint64_t busy_ns[HYPERVISOR_PCPUS], idle_ns[HYPERVISOR_PCPUS];
    uint64_t total_kib, free_kib;
    uint64_t node_free_kib[HYPERVISOR_NODES];
    const char *capabilities; /* NULL: of all pCPUs there are */
    bool no_total;            /* the host's memory isn't told, only what of it is free */
    struct hypervisor_fault faults[HYPERVISOR_FAULTS];
    int n_faults;
    unsigned groups; /* of statistics that were asked for last, in one call for all guests */
    int connects;    /* connections opened so far */
    int calls;       /* of any function that a daemon would see */
    int references;  /* to guests, that the program holds */
    int leaked;      /* of these, how many it still held when it closed connections */
};

extern struct hypervisor hypervisor;

/* Four pCPUs, no guests, no faults. */
void hypervisor_reset(void);
/* A guest of one vCPU that may run anywhere, of 1024 MiB of at most 2048, using 256. */
struct hypervisor_guest *hypervisor_add(const char *name);
void hypervisor_fail(const char *function, const char *guest, int code, int times);
/* The next pin, or size, of the guest is carried out, but the connection lost before its answer is there. */
void hypervisor_cut_by(const char *function, const char *guest);
/* Pins to that pCPU alone are refused, always. */
void hypervisor_refuse_pins(int cpu);
/* Whether the calling thread has ever tried to connect. */
bool hypervisor_is_user(void);
/* How often a function was called. */
int hypervisor_called(const char *function);
/* Lets so much time go by for vCPUs: each runs, or waits where its pCPU is wanted by more than one. */
void hypervisor_work(int ms);
/* Closes the connection from the other side. */
void hypervisor_cut(void);
/* Has the program told of something that happened to the guest, as an event. */
void hypervisor_tell(struct hypervisor_guest *g, int event_id);

#endif
