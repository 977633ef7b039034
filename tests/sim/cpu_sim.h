/*
 * A simulated host in virtual time, of any width: pCPUs that runnable threads share fairly, guests whose vCPUs carry
 * loads, host processes (bound to a pCPU, or floating), a kernel that balances what floats (not perfectly), quotas, and
 * the counters that a real hypervisor reports, at its resolution. It yields snapshots and takes plans, as a host does.
 *
 *     struct cpu_sim *sim = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = 4, .seed = 1});
 *     struct cpu_load load = {.kind = CPU_LOAD_CLOSED, .share = 0.3};
 *     for (int i = 0; i < 8; i++)
 *         cpu_sim_add_guest(sim, &(struct cpu_sim_guest){.name = "g", .n_vcpus = 1, .pin = 0, .load = load});
 *     cpu_sim_run(sim, 5.0);
 *     cpu_sim_snapshot(sim, &snapshot);
 *     ... plan ...
 *     cpu_sim_apply(sim, &plan);
 *
 * Between two events (work done, an arrival, a wake-up) every runnable thread of a pCPU gets the same share of it,
 * which is solved exactly; only threads that float are looked at in small slices. Everything is a function of the seed.
 * Memory running out ends the program: this is for tests.
 */
#ifndef SIM_CPU_SIM_H
#define SIM_CPU_SIM_H

#include "core/model/plan.h"
#include "core/model/snapshot.h"
#include "tests/sim/cpu_task.h"

struct cpu_sim_config {
    int n_pcpus;
    /* One per pCPU: number, node, llc, core, online, isolated; NULL: 0 to n-1, all online, one node, a core each. */
    const struct snapshot_pcpu *pcpus;
    uint64_t seed;
    bool no_delay;    /* the driver reports no run-queue delay */
    double noise_pct; /* deviation of the error of reported run times, in points, over a second of running */
    double slice_s;   /* how often the kernel looks after threads that float; 0: 10 ms */
};

enum { CPU_SIM_FLOAT = -1 };

struct cpu_sim_guest {
    const char *name; /* a number is appended to make it unique */
    int n_vcpus;
    int pin;                  /* pCPU number that its vCPUs are pinned to; CPU_SIM_FLOAT: all of them may be used */
    const char *affinity;     /* a list ("4-7") instead of pin; NULL: see pin */
    const char *defined;      /* <vcpu cpuset>; NULL: none */
    const char *pinned;       /* persistent <vcpupin>; NULL: none */
    const char *memory_nodes; /* NUMA nodes its memory is bound to; NULL: not bound */
    struct cpu_load load;     /* of each vCPU */
    double vcpu_quota_pct, guest_quota_pct; /* 0: none */
    bool realtime, dedicated;
    enum snapshot_leave_alone leave_alone;
};

struct cpu_sim;

struct cpu_sim *cpu_sim_new(const struct cpu_sim_config *config);
void cpu_sim_free(struct cpu_sim *sim);
double cpu_sim_now(const struct cpu_sim *sim);
const struct cpu_sim_config *cpu_sim_config_of(const struct cpu_sim *sim);

/* Adds a guest that starts now and returns its handle. */
int cpu_sim_add_guest(struct cpu_sim *sim, const struct cpu_sim_guest *guest);
void cpu_sim_remove_guest(struct cpu_sim *sim, int guest);
/* vcpu -1: all of the guest's. */
void cpu_sim_set_load(struct cpu_sim *sim, int guest, int vcpu, const struct cpu_load *load);
/* Pins as somebody else would: found follows. */
void cpu_sim_set_affinity(struct cpu_sim *sim, int guest, int vcpu, const char *list);
void cpu_sim_set_vcpu_online(struct cpu_sim *sim, int guest, int vcpu, bool online);
void cpu_sim_set_paused(struct cpu_sim *sim, int guest, bool paused);
void cpu_sim_set_leave_alone(struct cpu_sim *sim, int guest, enum snapshot_leave_alone leave_alone);
/* Its counters begin again at 0. */
void cpu_sim_reset_counters(struct cpu_sim *sim, int guest);

/* The same, once the time is at_s: what a vCPU does changes when it will, not when somebody looks. */
void cpu_sim_set_load_at(struct cpu_sim *sim, double at_s, int guest, int vcpu, const struct cpu_load *load);
/* All vCPUs are idle for now; each takes up its load at a moment of its own, at_s or up to over_s later. */
void cpu_sim_begin_at(struct cpu_sim *sim, double at_s, double over_s);

/* The one process of the host that is bound to the pCPU with that number; idle at first. */
void cpu_sim_set_background(struct cpu_sim *sim, int cpu, const struct cpu_load *load);
/* One more process of the host, which the kernel may put on any pCPU. */
void cpu_sim_add_process(struct cpu_sim *sim, const struct cpu_load *load);
void cpu_sim_set_online(struct cpu_sim *sim, int cpu, bool online);
/* The next pins that a plan asks for are refused. */
void cpu_sim_refuse_pins(struct cpu_sim *sim, int count);

void cpu_sim_run(struct cpu_sim *sim, double seconds);
/* Fills s as a hypervisor would report it. */
void cpu_sim_snapshot(struct cpu_sim *sim, struct snapshot *s);
/* Carries out what is pending in plan, as host_ops.apply does, and writes the results into it. */
void cpu_sim_apply(struct cpu_sim *sim, struct plan *plan);

/* What is true, for judging: the share of a pCPU of its own that the load takes on average (quota considered). */
double cpu_sim_true_share(const struct cpu_sim *sim, int guest, int vcpu);
/* The sum of those over all that is on the pCPU with that number now, its own process included; in per cent. */
double cpu_sim_true_load_pct(const struct cpu_sim *sim, int cpu);
/* The part of it that is the guests'. */
double cpu_sim_true_guests_pct(const struct cpu_sim *sim, int cpu);
/* Work that all vCPUs have done so far, in seconds of a pCPU. */
double cpu_sim_work_s(const struct cpu_sim *sim);
/* Pins carried out so far. */
int cpu_sim_pins(const struct cpu_sim *sim);
/* The pCPU number that the vCPU is on now. */
int cpu_sim_where(const struct cpu_sim *sim, int guest, int vcpu);

#endif
