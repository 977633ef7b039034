/*
 * What the tests of the host share: a host over the made-up hypervisor, and the few things that are done with it.
 */
#ifndef TESTS_UNIT_HOST_WORLD_H
#define TESTS_UNIT_HOST_WORLD_H

#include "core/host/libvirt_host.h"
#include "tests/unit/hypervisor/hypervisor.h"

struct host_world {
    char dir[64];
    struct host *host;
    bool with_threads; /* whether hosts read where guests' other threads may run */
    struct snapshot s;
    struct plan plan;
    char remarks[4096]; /* what the host has told so far, a line each */
    char error[HOST_ERROR_BYTES];
};

/* Setup and teardown of a test: an empty hypervisor, and no host yet. */
int host_world_make(void **state);
int host_world_free(void **state);

/* A host that controls memory, or else pins; not connected yet. */
void host_world_new(struct host_world *w, bool memory);
/* The same, connected. */
void host_world_open(struct host_world *w, bool memory);
/* Ends it as a program ends. */
void host_world_close(struct host_world *w);
/* A sample for a decision, which has to succeed. */
void host_world_sample(struct host_world *w);
/* One between two decisions, which has to succeed, too. */
void host_world_sample_light(struct host_world *w);
/* The same, connecting again as the control loop would; returns how many tries it took, of ten at most. */
int host_world_sample_at_last(struct host_world *w);
/* Has one action carried out: what that returned; the action itself is the only one of w->plan. */
int host_world_apply(struct host_world *w, enum plan_kind kind, const char *name, int cpu, uint64_t kib);
/* What came of it, where the connection stands. */
enum plan_result host_world_pin(struct host_world *w, const char *name, int cpu);
enum plan_result host_world_size(struct host_world *w, const char *name, uint64_t kib);
int host_world_restore(struct host_world *w, bool cpu, bool memory);
/* How many lines told have these words in them. */
int host_world_told(struct host_world *w, const char *words);
const struct snapshot_guest *host_world_guest(struct host_world *w, const char *name);
/* The pCPU that the first vCPU of the guest is pinned to, or -1. */
int host_world_cpu(struct host_world *w, const char *name);

#endif
