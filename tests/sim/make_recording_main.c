/*
 * Makes the recording that shows the programs without a hypervisor: a simulated host of 64 pCPUs on two nodes with SMT,
 * some 60 guests with about 200 vCPUs that were placed without care and whose loads and memory change all the time. The
 * real policies decide, and the recording has the scheduler's decisions. The same seed gives the same file. GROUP: what
 * vCPUs are pinned to (--pin-to).
 *
 *     make_recording FILE [SECONDS [SEED [GROUP]]]
 *     vcpu_scheduler --replay FILE --tui
 */
#include "core/model/pcpu_groups.h"
#include "core/record/record.h"
#include "cpu/scheduler.h"
#include "memory/coordinator.h"
#include "tests/sim/cpu_sim.h"
#include "tests/sim/memory_sim.h"
#include "tests/sim/policy_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PCPUS = 64, CORES = PCPUS / 2, INTERVAL_S = 12, SAMPLE_S = 1, CALM_S = 50, MOST_GUESTS = 100 };

/* What guests of a kind have and do. */
struct role {
    const char *name;
    int count, vcpus;
    const char *affinity; /* NULL: each vCPU pinned, too many of them to the first pCPUs */
    const char *memory_nodes;
    struct cpu_load load;
    double spread;  /* loads of the kind's guests differ by up to this share */
    double other_s; /* how long it keeps to its load before it changes to other_share, and back; 0: always */
    double other_share;
    double size_mib, max_mib;
    enum memory_balloon balloon;
    struct memory_load memory;
};

#define ALL "0-63"
#define NODE_0 "0-15,32-47"
#define NODE_1 "16-31,48-63"
/* One guest's row takes two lines. */
/* clang-format off */
#define CLOSED(part, piece_s) {.kind = CPU_LOAD_CLOSED, .share = part, .period_s = piece_s, .jitter = 0.5}
#define OPEN(part, piece_s) {.kind = CPU_LOAD_OPEN, .share = part, .period_s = piece_s, .jitter = 0.5}

static const struct role roles[] = {
    {"web", 14, 2, ALL, NULL, CLOSED(0.17, 0.02), 0.6, 0, 0, 2048, 4096, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_WANDER, .rate_mib_s = 12, .limit_mib = 2200, .cache_rate_mib_s = 1, .cache_limit_mib = 500}},
    {"api", 9, 4, NULL, NULL, CLOSED(0.16, 0.05), 0.6, 0, 0, 3072, 8192, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_WANDER, .rate_mib_s = 20, .limit_mib = 4500}},
    {"db", 2, 8, NODE_0, "0", CLOSED(0.33, 0.05), 0.2, 0, 0, 8192, 16384, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_HOLD, .cache_rate_mib_s = 40, .cache_limit_mib = 5000}},
    {"warehouse", 2, 8, NODE_1, "1", CLOSED(0.28, 0.1), 0.2, 0, 0, 8192, 16384, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_GROW, .rate_mib_s = 15, .limit_mib = 11000, .cache_rate_mib_s = 30, .cache_limit_mib = 3000}},
    {"k8s-node", 2, 8, NULL, NULL, CLOSED(0.24, 0.03), 0.3, 0, 0, 8192, 16384, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_WANDER, .rate_mib_s = 40, .limit_mib = 10000}},
    {"cache", 4, 2, NULL, NULL, OPEN(0.16, 0.01), 0.4, 0, 0, 4096, 12288, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_GROW, .rate_mib_s = 10, .limit_mib = 7000}},
    {"ci", 5, 4, NULL, NULL, CLOSED(0.42, 0.1), 0.2, 450, 0.05, 3072, 12288, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_WANDER, .rate_mib_s = 50, .limit_mib = 5200}},
    {"batch", 4, 4, NULL, NULL, CLOSED(0.4, 0.2), 0.2, 0, 0, 2048, 8192, MEMORY_BALLOON_SLOW,
     {.kind = MEMORY_WANDER, .rate_mib_s = 15, .limit_mib = 3500}},
    {"mail", 3, 2, NULL, NULL, OPEN(0.1, 0.2), 0.5, 0, 0, 2048, 4096, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_WANDER, .rate_mib_s = 4, .limit_mib = 1200}},
    {"dns", 4, 1, NULL, NULL, OPEN(0.04, 0.02), 0.5, 0, 0, 512, 1024, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_HOLD}},
    {"monitor", 2, 2, NULL, NULL, OPEN(0.15, 0.5), 0.2, 0, 0, 2048, 4096, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_GROW, .rate_mib_s = 2, .limit_mib = 2600}},
    {"desktop", 8, 2, NULL, NULL, CLOSED(0.18, 0.05), 0.7, 0, 0, 2048, 6144, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_WANDER, .rate_mib_s = 25, .limit_mib = 3000}},
    {"legacy", 3, 1, ALL, NULL, {.kind = CPU_LOAD_IDLE}, 0, 0, 0, 1024, 1024, MEMORY_BALLOON_NO_DRIVER,
     {.kind = MEMORY_HOLD}},
};

static const struct role build_farm =
    {"build", 1, 8, ALL, NULL, CLOSED(0.55, 0.1), 0, 0, 0, 4096, 16384, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_GROW, .rate_mib_s = 60, .limit_mib = 9000}};

static const struct role trial =
    {"trial", 1, 4, ALL, NULL, CLOSED(0.5, 0.1), 0, 0, 0, 2048, 4096, MEMORY_BALLOON_IDEAL,
     {.kind = MEMORY_GROW, .rate_mib_s = 20, .limit_mib = 2500}};
/* clang-format on */

/* A guest's load changes now and then. */
struct change {
    double next_s, every_s;
    struct cpu_load loads[2];
    int now;
};

/* One simulator for pCPUs and one for memory, with the same guests in the same order. */
struct world {
    struct cpu_sim *cpu;
    struct memory_sim *memory;
    char names[MOST_GUESTS][SNAPSHOT_NAME_BYTES]; /* by handle */
    bool gone[MOST_GUESTS];
    struct change changes[MOST_GUESTS];
    int n_guests;
    int next_pin;
    uint64_t random;
    struct snapshot memory_snapshot;
    struct policy_loop coordinator;
};

/* The loop's side: what the engine keeps. */
struct loop {
    struct snapshot now;
    struct policy_loop scheduler;
    struct record *record;
};

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "make_recording: %s\n", what);
    exit(1);
}

/* 1 - spread to 1 + spread */
static double around_one(struct world *w, double spread)
{
    return 1 + spread * (2 * memory_random(&w->random) - 1);
}

/* Somebody numbered the vCPUs through and wrapped around too early: half of the host does most of the work. */
static void pin_carelessly(struct world *w, int guest, int vcpus)
{
    for (int v = 0; v < vcpus; v++) {
        char list[16];

        snprintf(list, sizeof(list), "%d", w->next_pin);
        cpu_sim_set_affinity(w->cpu, guest, v, list);
        w->next_pin = (w->next_pin + 1) % (PCPUS / 2 + 6);
    }
}

static void plan_changes(struct world *w, int guest, const struct role *role, const struct cpu_load *load)
{
    struct change *c = &w->changes[guest];

    if (role->other_s <= 0)
        return;
    c->loads[0] = c->loads[1] = *load;
    c->loads[1].share = role->other_share;
    c->every_s = role->other_s * around_one(w, 0.3);
    c->next_s = CALM_S + c->every_s * memory_random(&w->random);
    c->now = (int)(2 * memory_random(&w->random));
    cpu_sim_set_load(w->cpu, guest, -1, &c->loads[c->now]);
}

static void change_loads(struct world *w, int second)
{
    for (int g = 0; g < w->n_guests; g++) {
        struct change *c = &w->changes[g];

        if (w->gone[g] || c->every_s <= 0 || second < c->next_s)
            continue;
        c->next_s += c->every_s;
        c->now = !c->now;
        cpu_sim_set_load(w->cpu, g, -1, &c->loads[c->now]);
    }
}

/* number 0: the only one of its kind. Returns the handle. */
static int add_guest(struct world *w, const struct role *role, int number)
{
    double factor = around_one(w, role->spread);
    struct cpu_load load = role->load;
    struct memory_load memory = role->memory;
    int guest = w->n_guests;

    check(guest < MOST_GUESTS, "too many guests");
    load.share = load.share * factor > 0.98 ? 0.98 : load.share * factor;
    memory.limit_mib *= around_one(w, 0.2);
    snprintf(w->names[guest], sizeof(w->names[guest]), number ? "%s-%d" : "%s", role->name, number);
    check(cpu_sim_add_guest(w->cpu, &(struct cpu_sim_guest){.name = role->name,
                                                            .n_vcpus = role->vcpus,
                                                            .pin = CPU_SIM_FLOAT,
                                                            .affinity = role->affinity,
                                                            .defined = role->memory_nodes ? role->affinity : NULL,
                                                            .memory_nodes = role->memory_nodes,
                                                            .load = load}) == guest,
          "handles differ");
    check(memory_sim_add(w->memory, &(struct memory_sim_guest){.name = role->name,
                                                               .size_mib = role->size_mib,
                                                               .max_mib = role->max_mib,
                                                               .base_mib = 150,
                                                               .kernel_mib = 60,
                                                               .swap_mib = 1024,
                                                               .noise_mib = 4,
                                                               .balloon = role->balloon,
                                                               .balloon_mib_s = 40}) == guest,
          "handles differ");
    memory_sim_load(w->memory, guest, &memory);
    plan_changes(w, guest, role, &load);
    if (!role->affinity)
        pin_carelessly(w, guest, role->vcpus);
    w->n_guests++;
    return guest;
}

static void remove_guest(struct world *w, int guest)
{
    cpu_sim_remove_guest(w->cpu, guest);
    memory_sim_remove(w->memory, guest);
    w->gone[guest] = true;
}

static int find_guest(const struct world *w, const char *name)
{
    for (int g = 0; g < w->n_guests; g++)
        if (!w->gone[g] && strcmp(w->names[g], name) == 0)
            return g;
    check(false, name);
    return -1;
}

static void make_world(struct world *w, uint64_t seed)
{
    struct snapshot_pcpu pcpus[PCPUS];

    memset(w, 0, sizeof(*w));
    w->random = seed;
    for (int i = 0; i < PCPUS; i++) /* as most machines number them: second siblings behind all cores */
        pcpus[i] = (struct snapshot_pcpu){.number = i,
                                          .core = i % CORES,
                                          .node = i % CORES / (CORES / 2),
                                          .llc = i % CORES / (CORES / 2) * (CORES / 2),
                                          .online = true};
    w->cpu = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = PCPUS, .pcpus = pcpus, .seed = seed, .noise_pct = 0.3});
    w->memory = memory_sim_new(&(struct memory_sim_host){
        .total_mib = 196608, .own_mib = 5000, .cache_mib = 4000, .noise_mib = 50, .seed = seed});
    for (size_t r = 0; r < sizeof(roles) / sizeof(*roles); r++)
        for (int i = 1; i <= roles[r].count; i++)
            add_guest(w, &roles[r], i);
    cpu_sim_set_leave_alone(w->cpu, find_guest(w, "legacy-1"), SNAPSHOT_LEAVE_METADATA);
    for (int cpu = 0; cpu < 3; cpu++)
        cpu_sim_set_background(w->cpu, cpu, &(struct cpu_load){.kind = CPU_LOAD_OPEN, .share = 0.06 + 0.06 * cpu});
    policy_loop_begin(&w->coordinator, &coordinator_policy, &coordinator_settings_default, INTERVAL_S);
}

/* What happens at certain seconds. */
static void happen(struct world *w, int second)
{
    static const struct cpu_load busy = CLOSED(0.8, 0.1), storm = CLOSED(0.5, 0.02);

    switch (second) {
    case 64:
        add_guest(w, &build_farm, 0);
        break;
    case 118:
        memory_sim_load(w->memory, find_guest(w, "db-1"),
                        &(struct memory_load){.kind = MEMORY_STEP, .limit_mib = 3500});
        remove_guest(w, find_guest(w, "desktop-3"));
        break;
    case 150:
        remove_guest(w, find_guest(w, "build"));
        break;
    case 190:
        cpu_sim_set_load(w->cpu, find_guest(w, "batch-2"), -1, &busy);
        break;
    case 232:
        add_guest(w, &trial, 0);
        cpu_sim_set_load(w->cpu, find_guest(w, "mail-1"), -1, &storm);
        break;
    default:
        break;
    }
}

static void pass(struct world *w, double seconds)
{
    cpu_sim_run(w->cpu, seconds);
    memory_sim_run(w->memory, seconds);
}

/* Both simulators' figures in one snapshot. */
static void look(struct world *w, struct snapshot *s)
{
    int i = 0;

    cpu_sim_snapshot(w->cpu, s);
    memory_sim_snapshot(w->memory, &w->memory_snapshot);
    check(s->n_guests == w->memory_snapshot.n_guests, "guests differ");
    snprintf(s->node_name, sizeof(s->node_name), "demo");
    snprintf(s->uri, sizeof(s->uri), "simulated");
    s->host = w->memory_snapshot.host;
    for (int g = 0; g < w->n_guests; g++) {
        if (w->gone[g])
            continue;
        s->guests[i].memory = w->memory_snapshot.guests[i].memory;
        memcpy(s->guests[i].name, w->names[g], sizeof(s->guests[i].name));
        i++;
    }
}

/* The memory coordinator at work beside: how many balloons it set. */
static int coordinate(struct world *w, double until_s)
{
    if (!policy_loop_sample(&w->coordinator, &w->memory_snapshot, until_s))
        return 0;
    memory_sim_apply(w->memory, &w->coordinator.plan);
    policy_loop_applied(&w->coordinator, &w->memory_snapshot);
    return w->coordinator.plan.n_actions;
}

/* The scheduler, which does nothing early: whether it decided. */
static bool schedule(struct loop *l, struct world *w, double until_s)
{
    if (!policy_loop_sample(&l->scheduler, &l->now, until_s))
        return false;
    cpu_sim_apply(w->cpu, &l->scheduler.plan);
    policy_loop_applied(&l->scheduler, &l->now);
    return true;
}

static void record(struct loop *l, const struct plan *decision)
{
    char error[256];

    check(record_write(l->record,
                       &(struct record_line){.kind = decision ? RECORD_DECISION : RECORD_SAMPLE,
                                             .snapshot = &l->now,
                                             .plan = decision,
                                             .interval_s = INTERVAL_S},
                       error, sizeof(error)) == 0,
          error);
}

static void run(struct loop *l, struct world *w, int seconds)
{
    const struct plan *p = &l->scheduler.plan;
    int moves = 0, memory_moves = 0;

    pass(w, 5); /* counters that aren't all zero */
    look(w, &l->now);
    schedule(l, w, 0);
    coordinate(w, 0);
    record(l, NULL);
    for (int second = SAMPLE_S; second <= seconds; second += SAMPLE_S) {
        int since = second % INTERVAL_S, balloons;
        double until_s = since ? INTERVAL_S - since : 0;
        bool decision;

        happen(w, second);
        change_loads(w, second);
        pass(w, SAMPLE_S);
        look(w, &l->now);
        decision = schedule(l, w, until_s);
        balloons = coordinate(w, until_s);
        memory_moves += balloons;
        if (decision) {
            moves += p->n_actions;
            printf("%4d s: %d guests, %d vCPUs; %2d pins, sd %.1f; %2d balloons, %llu MiB free; %s\n", second,
                   l->now.n_guests, l->now.n_vcpus, p->n_actions, l->scheduler.interval.sd_pct, balloons,
                   (unsigned long long)l->now.host.free_kib / 1024, p->summary);
        }
        record(l, decision ? p : NULL);
    }
    printf("%d pins, %d balloon settings\n", moves, memory_moves);
}

static struct record *start_recording(const char *path, const struct scheduler_settings *s)
{
    const struct record_setting settings[] = {
        {"tolerance", s->tolerance}, {"aim", s->aim},       {"pin-cost", s->pin_cost}, {"cooldown", s->cooldown},
        {"keep-pins", s->keep_pins}, {"no-smt", s->no_smt}, {"pin-to", s->pin_to},
    };
    const struct record_header header = {
        .program = REPORT_VCPU_SCHEDULER,
        .version = PROGRAM_VERSION,
        .uri = "simulated",
        .interval_s = INTERVAL_S,
        .sample_s = SAMPLE_S,
        .settings = settings,
        .n_settings = (int)(sizeof(settings) / sizeof(*settings)) - (s->pin_to == PCPU_GROUPS_CPU),
    };
    char error[256] = "";
    struct record *r = record_open(path, &header, error, sizeof(error));

    check(r != NULL, error);
    return r;
}

int main(int argc, char **argv)
{
    struct scheduler_settings settings = scheduler_settings_default;
    struct world w;
    struct loop l = {0};
    char error[256] = "";

    check(argc >= 2 && argc <= 5 && (argc < 5 || pcpu_groups_read(argv[4], &settings.pin_to)),
          "usage: make_recording FILE [SECONDS [SEED [GROUP]]]");
    make_world(&w, argc > 3 ? strtoull(argv[3], NULL, 10) : 4);
    l.record = start_recording(argv[1], &settings);
    policy_loop_begin(&l.scheduler, &scheduler_policy, &settings, INTERVAL_S);
    run(&l, &w, argc > 2 ? atoi(argv[2]) : 288);
    check(record_close(l.record, error, sizeof(error)) == 0, error);
    policy_loop_end(&l.scheduler);
    policy_loop_end(&w.coordinator);
    cpu_sim_free(w.cpu);
    memory_sim_free(w.memory);
    snapshot_free(&l.now);
    snapshot_free(&w.memory_snapshot);
    return 0;
}
