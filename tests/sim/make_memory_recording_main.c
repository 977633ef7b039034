/*
 * Makes the recording of a small simulated host on which memory is moved: guests that grow, that let go, whose caches
 * fill, a host that runs short for a while, a balloon that is stuck, a guest without a driver. The real coordinator
 * decides. The same seed gives the same file.
 *
 *     make_memory_recording FILE
 *     memory_coordinator --replay FILE --tui
 */
#include "core/record/record.h"
#include "memory/coordinator.h"
#include "tests/sim/cpu_sim.h"
#include "tests/sim/memory_sim.h"
#include "tests/sim/policy_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PCPUS = 4, INTERVAL_S = 5, SECONDS = 240 };

static const struct guest {
    struct memory_sim_guest facts;
    int vcpus;
    double share; /* of a pCPU, that each vCPU wants */
    struct memory_load memory;
} guests[] = {
    {{.name = "db", .size_mib = 1024, .max_mib = 4096, .swap_mib = 512},
     2,
     0.35,
     {.kind = MEMORY_HOLD, .cache_rate_mib_s = 3, .cache_limit_mib = 400}},
    {{.name = "build", .size_mib = 768, .max_mib = 4096, .swap_mib = 512}, 2, 0.1, {.kind = MEMORY_HOLD}},
    {{.name = "web", .size_mib = 512, .max_mib = 1024},
     1,
     0.2,
     {.kind = MEMORY_WANDER, .rate_mib_s = 4, .limit_mib = 500}},
    {{.name = "web", .size_mib = 512, .max_mib = 1024},
     1,
     0.25,
     {.kind = MEMORY_WANDER, .rate_mib_s = 4, .limit_mib = 500}},
    {{.name = "idle", .size_mib = 1536, .max_mib = 2048}, 1, 0.01, {.kind = MEMORY_HOLD}},
    {{.name = "cache", .size_mib = 768, .max_mib = 2048, .swap_mib = 256},
     1,
     0.15,
     {.kind = MEMORY_HOLD, .cache_rate_mib_s = 12, .cache_limit_mib = 1200}},
    {{.name = "stuck", .size_mib = 512, .max_mib = 1024, .balloon = MEMORY_BALLOON_STUCK},
     1,
     0.05,
     {.kind = MEMORY_GROW, .rate_mib_s = 1, .limit_mib = 450}},
    {{.name = "legacy", .size_mib = 512, .max_mib = 512, .balloon = MEMORY_BALLOON_NO_DRIVER},
     1,
     0.02,
     {.kind = MEMORY_HOLD}},
};

enum { DB, BUILD, WEB, OTHER_WEB, IDLE, CACHE };

struct world {
    struct cpu_sim *cpu;
    struct memory_sim *memory;
    struct snapshot now, of_memory;
    struct policy_loop coordinator;
    struct record *record;
};

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "make_memory_recording: %s\n", what);
    exit(1);
}

static void begin(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->cpu = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = PCPUS, .seed = 7, .noise_pct = 0.3});
    w->memory = memory_sim_new(
        &(struct memory_sim_host){.total_mib = 8192, .own_mib = 700, .cache_mib = 300, .noise_mib = 8, .seed = 7});
    for (size_t i = 0; i < sizeof(guests) / sizeof(*guests); i++) {
        const struct guest *g = &guests[i];
        struct memory_sim_guest facts = g->facts;
        int handle;

        facts.noise_mib = 2;
        handle = memory_sim_add(w->memory, &facts);
        memory_sim_load(w->memory, handle, &g->memory);
        cpu_sim_add_guest(w->cpu,
                          &(struct cpu_sim_guest){
                              .name = facts.name,
                              .n_vcpus = g->vcpus,
                              .pin = handle % PCPUS,
                              .load = {.kind = CPU_LOAD_CLOSED, .share = g->share, .period_s = 0.05, .jitter = 0.5}});
    }
    policy_loop_begin(&w->coordinator, &coordinator_policy, &coordinator_settings_default, INTERVAL_S);
}

/* What happens at certain seconds: one grows and lets go, then two grow more than there is. */
static void happen(struct world *w, int second)
{
    static const struct {
        int second, guest;
        struct memory_load load;
    } events[] = {
        {15, DB, {.kind = MEMORY_GROW, .rate_mib_s = 20, .limit_mib = 1700}},
        {95, DB, {.kind = MEMORY_RELEASE, .limit_mib = 500}},
        {110, BUILD, {.kind = MEMORY_GROW, .rate_mib_s = 40, .limit_mib = 2400}},
        {120, DB, {.kind = MEMORY_GROW, .rate_mib_s = 30, .limit_mib = 2100}},
        {190, BUILD, {.kind = MEMORY_RELEASE, .limit_mib = 200}},
    };

    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        if (events[i].second == second)
            memory_sim_load(w->memory, events[i].guest, &events[i].load);
}

/* Both simulators' figures in one snapshot, in which guests are the memory's. */
static void look(struct world *w)
{
    const struct snapshot *memory = &w->of_memory;

    cpu_sim_snapshot(w->cpu, &w->now);
    memory_sim_snapshot(w->memory, &w->of_memory);
    check(w->now.n_guests == memory->n_guests, "guests differ");
    w->now.host = memory->host;
    for (int i = 0; i < memory->n_guests; i++) {
        memcpy(w->now.guests[i].uuid, memory->guests[i].uuid, sizeof(w->now.guests[i].uuid));
        w->now.guests[i].id = memory->guests[i].id;
        w->now.guests[i].memory = memory->guests[i].memory;
    }
    snprintf(w->now.node_name, sizeof(w->now.node_name), "small");
    snprintf(w->now.uri, sizeof(w->now.uri), "simulated");
}

static void write_line(struct world *w, enum record_kind kind)
{
    const struct record_line line = {.kind = kind,
                                     .snapshot = &w->now,
                                     .plan = kind == RECORD_SAMPLE ? NULL : &w->coordinator.plan,
                                     .interval_s = INTERVAL_S};
    char error[256];

    check(record_write(w->record, &line, error, sizeof(error)) == 0, error);
}

static void pass(struct world *w, double seconds)
{
    cpu_sim_run(w->cpu, seconds);
    memory_sim_run(w->memory, seconds);
    look(w);
}

/* What is decided at this sample, or can't wait; recorded in any case. */
static void decide(struct world *w, int second)
{
    const struct plan *p = &w->coordinator.plan;
    int since = second % INTERVAL_S;

    if (!policy_loop_sample(&w->coordinator, &w->now, since ? INTERVAL_S - since : 0)) {
        write_line(w, RECORD_SAMPLE);
        return;
    }
    memory_sim_apply(w->memory, &w->coordinator.plan);
    policy_loop_applied(&w->coordinator, &w->now);
    printf("%4d s: %2d balloons%s, %llu MiB free, %llu missing; %s\n", second, p->n_actions, p->early ? " early" : "",
           (unsigned long long)w->now.host.free_kib / 1024, (unsigned long long)p->missing_kib / 1024, p->summary);
    write_line(w, p->early ? RECORD_EARLY : RECORD_DECISION);
}

static void run(struct world *w)
{
    pass(w, 5); /* counters that aren't all zero */
    decide(w, 0);
    for (int second = 1; second <= SECONDS; second++) {
        happen(w, second);
        pass(w, 1);
        decide(w, second);
    }
}

static void end(struct world *w)
{
    char error[256] = "";

    check(record_close(w->record, error, sizeof(error)) == 0, error);
    policy_loop_end(&w->coordinator);
    cpu_sim_free(w->cpu);
    memory_sim_free(w->memory);
    snapshot_free(&w->now);
    snapshot_free(&w->of_memory);
}

int main(int argc, char **argv)
{
    const struct record_header header = {.program = REPORT_MEMORY_COORDINATOR,
                                         .version = PROGRAM_VERSION,
                                         .uri = "simulated",
                                         .interval_s = INTERVAL_S,
                                         .sample_s = 1};
    struct world w;
    char error[256] = "";

    check(argc == 2, "usage: make_memory_recording FILE");
    begin(&w);
    w.record = record_open(argv[1], &header, error, sizeof(error));
    check(w.record != NULL, error);
    run(&w);
    end(&w);
    return 0;
}
