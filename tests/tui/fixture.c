/*
 * The TUI on a made-up host, without hypervisor, engine thread or chance: an engine of its own, with as many pCPUs,
 * guests and vCPUs as asked for, whose figures are a fixed function of time. For trying out screens, for what a real
 * host seldom does (hang, print, crash, guests with odd names) and for measuring what a refresh costs.
 *
 *     fixture [name=value]...
 *     program=cpu|memory pcpus=8 nodes=2 guests=9 vcpus=2 interval=12 sample=1 still=1 (reports come, all the same)
 *     swap=1 (guests tell of theirs) strain=0 (MiB of the host's swap that are used)
 *     groups=core|node|2 (vCPUs are pinned to those; but for every eleventh, that floats, and every thirteenth, that
 * others keep on pCPUs 0 and 1; pCPUs n and n + 4 are a core)
 *     burn=0 (threads that are busy all the time, as while a decision is made)
 *     offline=0 (of the pCPUs, the last ones) crowd=0 (% that is wanted of pCPU 0 alone)
 *     seed=1 names=odd|long log=0 (lines at the start) loads=mirror (each 20 samples) moves=1 (that a rebalance would
 * make) asks= (what it would do, in words) undo=segv|abort|exit|print|hang|lose (what the u key does to the program;
 * lose: the connection)
 */
#include "core/engine/engine.h"
#include "core/model/cpumask.h"
#include "core/model/pcpu_groups.h"
#include "ui/face.h"
#include "ui/signals.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const uint64_t second_ns = 1000000000ULL;
static const int64_t start_ms = 1700000000000LL;

struct engine {
    const char *program, *names, *undo, *loads, *asks;
    int pcpus, nodes, guests, vcpus, log, moves, offline, crowd, strain;
    unsigned watch;                          /* enum host_watch */
    double interval_s, sample_s, group_size; /* 0: a pCPU */
    bool still, swap, paused, dry_run, forced, lost;
    unsigned seed;
    int timer;
    uint64_t samples, commands, hangs_since;
    int *cpu_of;       /* of each vCPU */
    uint64_t *size_of; /* of each guest, KiB */
    bool *locked;
    struct report report;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A fixed "random" number of 0 to 1 for two others. */
static double chance(const struct engine *e, uint64_t a, uint64_t b)
{
    uint64_t x = (a + 1) * 0x9E3779B97F4A7C15ULL ^ (b + e->seed) * 0xC2B2AE3D27D4EB4FULL;

    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9ULL;
    x ^= x >> 32;
    return (double)(x % 100000) / 100000;
}

static void name_guest(const struct engine *e, int i, char *name, size_t size)
{
    static const char *const plain[] = {"batch", "db", "ci", "web", "cache", "mail", "dns", "build", "mon"};
    static const char *const odd[] = {"数据库服务器一号",
                                      "e\u0301te\u0301-combining",
                                      "tab\tnew\nline",
                                      "esc\033[31mred\033[2J",
                                      "bad\xff\xfeutf8",
                                      "\u202Eevil-rtl",
                                      "emoji\U0001F600\U0001F680x",
                                      "zero\u200Bwidth",
                                      "averyveryverylongname-that-has-to-be-cut-somewhere-for-sure"};

    if (strcmp(e->names, "odd") == 0)
        snprintf(name, size, "%s", odd[i % 9]);
    else if (strcmp(e->names, "long") == 0)
        snprintf(name, size, "production-europe-west-4-customer-database-cluster-%03d-replica-blue%s", i % 3,
                 i < 3   ? ""
                 : i % 2 ? "-b"
                         : "-a");
    else if (e->guests <= 9)
        snprintf(name, size, "%s", plain[i % 9]);
    else
        snprintf(name, size, "%s%d", plain[i % 9], i / 9 + 1);
}

static double demand(const struct engine *e, int vcpu, uint64_t tick)
{
    double base = chance(e, (uint64_t)vcpu, 7);
    int turn = tick / 20 % 2 ? vcpu : e->guests - 1 - vcpu;
    double swing = e->still ? 0 : (chance(e, (uint64_t)vcpu, tick) - 0.5) * 0.1;
    double pct = 100 * (base * base + swing);

    if (strcmp(e->loads, "mirror") == 0)
        return 5 + 3.5 * turn;
    return pct < 0 ? 0 : pct > 100 ? 100 : pct;
}

static int vcpus_of(const struct engine *e, int guest)
{
    if (strcmp(e->loads, "mirror") == 0)
        return 1;
    return 1 + (int)(chance(e, (uint64_t)guest, 3) * (2 * e->vcpus - 1));
}

static void make_host(struct engine *e, struct snapshot *s)
{
    snprintf(s->node_name, sizeof(s->node_name), "nova7");
    snprintf(s->uri, sizeof(s->uri), "qemu:///system");
    s->taken_ns = (uint64_t)((double)e->samples * e->sample_s * 1e9) + second_ns;
    s->wall_ms = start_ms + (int64_t)(s->taken_ns / 1000000);
    s->host.has = SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE | SNAPSHOT_HOST_HAS_AVAILABLE |
                  SNAPSHOT_HOST_HAS_CACHES | SNAPSHOT_HOST_HAS_SWAP | SNAPSHOT_HOST_HAS_PRESSURE |
                  SNAPSHOT_HOST_HAS_CPU_PRESSURE | SNAPSHOT_HOST_HAS_IO_PRESSURE;
    s->host.cpu_pressure_some_pct = 51.5;
    s->host.io_pressure_some_pct = 3.2;
    s->host.io_pressure_full_pct = 1.1;
    s->host.total_kib = (uint64_t)e->guests * 4 * 1048576;
    s->host.free_kib = s->host.total_kib / 4;
    s->host.caches_kib = s->host.total_kib / 9;
    s->host.available_kib = s->host.free_kib + s->host.caches_kib;
    s->host.swap_total_kib = s->host.swap_free_kib = 8 * 1048576;
    s->host.swap_free_kib -= (uint64_t)e->strain * 1024;
    for (int i = 0; i < e->pcpus; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);

        p->number = i;
        p->node = i * e->nodes / e->pcpus;
        p->core = e->group_size != 0 ? i % 4 + i / 8 * 4 : i;
        p->online = i < e->pcpus - e->offline;
        p->has_times = true;
    }
}

static void make_memory(struct engine *e, struct snapshot_memory *m, int guest)
{
    double wave = e->still ? 0.4 : 0.5 + 0.4 * sin((double)e->samples * e->sample_s / 23 + guest);

    m->has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_AVAILABLE |
             SNAPSHOT_HAS_DISK_CACHES | SNAPSHOT_HAS_LAST_UPDATE | SNAPSHOT_HAS_SWAP_IN | SNAPSHOT_HAS_SWAP_OUT;
    m->max_kib = (uint64_t)1048576 << (guest % 4);
    if (e->size_of[guest] == 0)
        e->size_of[guest] = m->max_kib / 2;
    m->size_kib = e->size_of[guest];
    m->available_kib = m->size_kib - 40000;
    m->usable_kib = (uint64_t)((double)m->size_kib * (0.6 - 0.4 * wave));
    m->unused_kib = m->usable_kib / 2;
    m->disk_caches_kib = m->usable_kib / 2;
    m->last_update_s = (uint64_t)(start_ms / 1000) + (uint64_t)((double)e->samples * e->sample_s);
    m->stats_period_s = 1;
    m->balloon = true;
}

/* Its pCPU, or its group, among whose pCPUs the kernel moves it. */
static void pin(struct engine *e, const struct snapshot *s, const struct pcpu_groups *groups, struct snapshot_vcpu *v,
                int n, uint64_t *mask)
{
    int words = snapshot_words(s);

    v->cpu = e->cpu_of[n];
    if (n % 11 == 10) {
        for (int c = 0; c < e->pcpus; c++)
            cpumask_set(mask, c);
    } else if (e->group_size == 0) {
        cpumask_set(mask, v->cpu);
    } else if (n % 13 == 12) {
        cpumask_set(mask, 0);
        cpumask_set(mask, 1);
        v->cpu = 0;
    } else {
        memcpy(mask, pcpu_groups_mask(groups, groups->of[v->cpu]), (size_t)words * sizeof(*mask));
        for (uint64_t k = e->still ? 0 : e->samples % 3; k > 0; k--)
            v->cpu = cpumask_next(mask, words, v->cpu + 1) < 0 ? cpumask_next(mask, words, 0)
                                                               : cpumask_next(mask, words, v->cpu + 1);
    }
}

static int make_guests(struct engine *e, struct snapshot *s)
{
    struct pcpu_groups groups = {0};
    int n = 0;

    if (e->group_size != 0 && pcpu_groups_find(&groups, s, e->group_size, NULL))
        abort();

    for (int i = 0; i < e->guests; i++) {
        struct snapshot_guest *g = snapshot_add_guest(s);

        memset(g->uuid, i + 1, sizeof(g->uuid));
        g->id = i + 1;
        name_guest(e, i, g->name, sizeof(g->name));
        g->leave_alone = e->locked[i] ? SNAPSHOT_LEAVE_LOCKED : SNAPSHOT_LEAVE_NO;
        make_memory(e, &g->memory, i);
        for (int k = 0; k < vcpus_of(e, i); k++, n++) {
            struct snapshot_vcpu *v = snapshot_add_vcpu(s);
            uint64_t mask[64] = {0};

            v->number = k;
            v->guest = i;
            v->online = v->running = v->has_run = v->has_delay = true;
            pin(e, s, &groups, v, n, mask);
            v->affinity = v->found = snapshot_add_mask(s, mask);
            if (e->group_size != 0 && n % 11 != 10 && n % 13 != 12) /* it floated before */
                v->found = -1;
        }
    }
    pcpu_groups_free(&groups);
    return n;
}

static int reserve_rates(struct rates *r, const struct snapshot *s)
{
    if (!r->pcpus) {
        r->pcpus = calloc((size_t)s->n_pcpus + 1, sizeof(*r->pcpus));
        r->guests = calloc((size_t)s->n_guests + 1, sizeof(*r->guests));
        r->vcpus = calloc((size_t)s->n_vcpus + 1, sizeof(*r->vcpus));
        r->cap_pcpus = s->n_pcpus;
        r->cap_guests = s->n_guests;
        r->cap_vcpus = s->n_vcpus;
    }
    return r->pcpus && r->guests && r->vcpus ? 0 : -1;
}

static void make_rates(struct engine *e, struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    double mean = 0, square = 0;

    if (reserve_rates(&r->live, s) < 0)
        abort();
    r->live.n_pcpus = s->n_pcpus;
    r->live.n_guests = s->n_guests;
    r->live.n_vcpus = s->n_vcpus;
    r->live.seconds = e->sample_s;
    memset(r->live.guests, 0, (size_t)s->n_guests * sizeof(*r->live.guests));
    for (int i = 0; i < s->n_pcpus; i++)
        r->live.pcpus[i] = (struct rates_pcpu){
            .known = true, .host_pct = 3 + (i % 5 == 0 ? 12 : 0), .load_pct = 3 + (i % 5 == 0 ? 12 : 0)};
    for (int i = 0; i < s->n_vcpus; i++)
        r->live.pcpus[e->cpu_of[i]].load_pct += demand(e, i, e->samples);
    for (int i = 0; i < s->n_vcpus; i++) {
        struct rates_pcpu *p = &r->live.pcpus[e->cpu_of[i]];
        struct rates_guest *g = &r->live.guests[s->vcpus[i].guest];
        double want = demand(e, i, e->samples), over = p->load_pct > 100 ? 100 / p->load_pct : 1;

        r->live.vcpus[i] = (struct rates_vcpu){
            .known = true, .has_wait = true, .run_pct = want * over, .wait_pct = want * (1 - over), .demand_pct = want};
        p->guest_pct += want * over;
        p->unmet_pct += want * (1 - over);
        g->known = true;
        g->has_swap = e->swap;
        g->has_other = g->has_poll = true;
        g->other_pct = 7;
        g->poll_pct = 3;
        g->has_disk = e->watch & HOST_WATCH_DISK;
        g->has_net = e->watch & HOST_WATCH_NET;
        g->disk_read_kib_s = 1500;
        g->net_sent_kib_s = 320;
        g->run_pct += want * over;
        g->wait_pct += want * (1 - over);
    }
    if (e->crowd) {
        r->live.pcpus[0].unmet_pct += e->crowd - r->live.pcpus[0].load_pct;
        r->live.pcpus[0].load_pct = e->crowd;
    }
    for (int i = 0; i < s->n_pcpus; i++)
        mean += r->live.pcpus[i].load_pct / s->n_pcpus;
    for (int i = 0; i < s->n_pcpus; i++)
        square += pow(r->live.pcpus[i].load_pct - mean, 2) / s->n_pcpus;
    r->live.sd_pct = sqrt(square);
}

static void log_line(struct report *r, enum report_log_kind kind, const char *text)
{
    struct report_log *l;

    if (!r->log)
        r->log = calloc(REPORT_LOG_KEPT, sizeof(*r->log));
    if (!r->log)
        abort();
    r->cap_log = REPORT_LOG_KEPT;
    if (r->n_log == REPORT_LOG_KEPT)
        memmove(r->log, r->log + 1, (size_t)--r->n_log * sizeof(*r->log));
    l = &r->log[r->n_log];
    l->serial = r->n_log ? r->log[r->n_log - 1].serial + 1 : 1;
    l->wall_ms = r->snapshot.wall_ms;
    l->kind = kind;
    snprintf(l->text, sizeof(l->text), "%s", text);
    r->n_log++;
}

static void plan_move(struct engine *e, struct report *r, struct plan *p)
{
    const struct snapshot *s = &r->snapshot;
    int high = 0, low = 0;

    for (int i = 0; i < s->n_pcpus; i++) {
        high = r->live.pcpus[i].load_pct > r->live.pcpus[high].load_pct ? i : high;
        low = r->live.pcpus[i].load_pct < r->live.pcpus[low].load_pct ? i : low;
    }
    for (int v = 0; v < s->n_vcpus; v++) {
        struct plan_action *a;

        if (e->cpu_of[v] != high || demand(e, v, e->samples) < 10)
            continue;
        a = plan_add_action(p, PLAN_PIN, s, s->vcpus[v].guest);
        a->vcpu = s->vcpus[v].number;
        a->from_cpu = high;
        a->to_cpu = low;
        snprintf(a->reason, sizeof(a->reason), "demand %.0f %%, pCPU %d carries %.0f %%, pCPU %d %.0f %%",
                 demand(e, v, e->samples), high, r->live.pcpus[high].load_pct, low, r->live.pcpus[low].load_pct);
        break;
    }
    p->forced = e->forced;
    snprintf(p->summary, sizeof(p->summary), p->n_actions ? "1 move: sd %.1f to %.1f" : "balanced: sd %.1f within 4",
             r->live.sd_pct, r->live.sd_pct * 0.8);
}

static void plan_size(struct engine *e, struct report *r, struct plan *p)
{
    const struct snapshot *s = &r->snapshot;
    int guest = (int)(chance(e, r->counters.decisions, 17) * s->n_guests);
    const struct snapshot_memory *m = &s->guests[guest].memory;
    struct plan_action *a = plan_add_action(p, PLAN_SET_MEMORY, s, guest);
    bool up = chance(e, r->counters.decisions, 19) > 0.5;

    a->from_kib = m->size_kib;
    a->to_kib = up ? m->size_kib + m->max_kib / 12 : m->size_kib - m->size_kib / 12;
    if (a->to_kib > m->max_kib)
        a->to_kib = m->max_kib;
    snprintf(a->reason, sizeof(a->reason), up ? "grows 9 MiB/s, unused would last 11 s" : "idle: takes a little back");
    snprintf(p->summary, sizeof(p->summary), "1 size set");
    p->has_memory = true;
    p->host_free_kib = s->host.free_kib;
    p->host_reserve_kib = s->host.total_kib / 20;
    p->budget_kib = p->host_free_kib - p->host_reserve_kib;
}

static void make_plan(struct engine *e, struct report *r, struct plan *p)
{
    plan_reset(p, r->snapshot.cpu_limit);
    if (plan_size_for(p, &r->snapshot) < 0)
        abort();
    p->decided_ns = r->snapshot.taken_ns;
    for (int i = 0; i < r->snapshot.n_vcpus; i++)
        p->vcpus[i].demand_pct = demand(e, i, r->counters.decisions);
    for (int i = 0; i < r->snapshot.n_guests; i++)
        p->guests[i].managed = true;
    if (strcmp(e->program, "memory") == 0) {
        plan_size(e, r, p);
        return;
    }
    p->has_balance = true;
    p->sd_now = r->live.sd_pct;
    p->sd_expected = r->live.sd_pct * 0.8;
    p->sd_bound = 1.7;
    p->tolerance = 4;
    p->pinned_to = e->group_size;
    for (int i = 0; i < r->snapshot.n_pcpus && e->group_size != 0; i++)
        p->pcpus[i].capacity = e->group_size == PCPU_GROUPS_CORE   ? 1.3
                               : e->group_size == PCPU_GROUPS_NODE ? 1.3 * e->pcpus / e->nodes / 2
                                                                   : e->group_size;
    plan_move(e, r, p);
}

static void carry_out(struct engine *e, struct report *r)
{
    log_line(r, REPORT_LOG_DECISION, r->plan.summary);
    for (int i = 0; i < r->plan.n_actions; i++) {
        struct plan_action *a = &r->plan.actions[i];
        int guest = a->id - 1, n = r->snapshot.guests[guest].first_vcpu + a->vcpu;
        char text[512];

        a->result = e->dry_run ? PLAN_DRY_RUN : PLAN_DONE;
        if (a->kind == PLAN_PIN)
            snprintf(text, sizeof(text), "%s/%d %d → %d  %s", a->name, a->vcpu, a->from_cpu, a->to_cpu, a->reason);
        else
            snprintf(text, sizeof(text), "%s %+.0f MiB  %s", a->name, ((double)a->to_kib - (double)a->from_kib) / 1024,
                     a->reason);
        log_line(r, REPORT_LOG_ACTION, text);
        if (e->dry_run)
            continue;
        r->counters.actions_done++;
        r->guests[guest].last_ns = r->snapshot.taken_ns;
        if (a->kind == PLAN_PIN) {
            e->cpu_of[n] = a->to_cpu;
            snprintf(r->guests[guest].last, sizeof(r->guests[guest].last), "%d→%d", a->from_cpu, a->to_cpu);
        } else {
            e->size_of[guest] = a->to_kib;
            snprintf(r->guests[guest].last, sizeof(r->guests[guest].last), "%+.0f MiB",
                     ((double)a->to_kib - (double)a->from_kib) / 1024);
        }
    }
    r->counters.decisions++;
}

static void make_report(struct engine *e, bool decide)
{
    struct report *r = &e->report;
    uint64_t per = (uint64_t)fmax(e->interval_s / e->sample_s, 1);

    snapshot_reset(&r->snapshot, e->pcpus);
    make_host(e, &r->snapshot);
    make_guests(e, &r->snapshot);
    make_rates(e, r);
    if (!r->guests)
        r->guests = calloc((size_t)e->guests + 1, sizeof(*r->guests));
    r->n_guests = r->cap_guests = e->guests;
    for (int i = 0; i < e->guests; i++)
        r->guests[i].locked = e->locked[i];
    for (; e->log > 0; e->log--) {
        char text[32];

        snprintf(text, sizeof(text), "line %d", (int)r->n_log + 1);
        log_line(r, REPORT_LOG_EVENT, text);
        r->log[r->n_log - 1].wall_ms -= e->log * 1000;
    }
    r->program = strcmp(e->program, "memory") == 0 ? REPORT_MEMORY_COORDINATOR : REPORT_VCPU_SCHEDULER;
    r->state = e->lost ? REPORT_DISCONNECTED : e->paused ? REPORT_PAUSED : REPORT_RUNNING;
    r->paused = e->paused;
    r->retry_in_s = e->lost ? 30 - (double)(e->samples % 30) : 0;
    snprintf(r->connection, sizeof(r->connection), "%s", e->lost ? "lost the connection: gone; next try in 30 s" : "");
    r->dry_run = e->dry_run;
    r->interval_s = e->interval_s;
    r->speed = 1;
    r->next_in_s = e->still ? -1 : (double)(per - e->samples % per) * e->sample_s;
    r->decision = !e->lost && (decide || (e->samples % per == 0 && !e->paused));
    if (r->decision) {
        make_plan(e, r, &r->plan);
        carry_out(e, r);
    }
    r->has_preview = e->paused;
    if (e->paused)
        make_plan(e, r, &r->preview);
    r->commands_taken = e->commands;
    r->counters.samples++;
}

int engine_fd(const struct engine *e)
{
    return e->timer;
}

static void arm(struct engine *e, double delay_s)
{
    struct itimerspec when = {.it_value = {(time_t)delay_s, (long)((delay_s - floor(delay_s)) * 1e9) + 1},
                              .it_interval = {(time_t)e->sample_s, (long)(fmod(e->sample_s, 1) * 1e9)}};

    if (e->hangs_since)
        memset(&when, 0, sizeof(when));
    timerfd_settime(e->timer, 0, &when, NULL);
}

int engine_take(struct engine *e, struct report *r)
{
    uint64_t expirations;

    if (read(e->timer, &expirations, sizeof(expirations)) < 0)
        return 0;
    if (!e->still || e->samples == 0)
        make_report(e, false);
    e->samples = e->still ? 1 : e->samples + expirations;
    e->report.decision = e->report.decision && !e->still;
    return report_copy(r, &e->report) < 0 ? -1 : 1;
}

static void misbehave(struct engine *e)
{
    if (strcmp(e->undo, "segv") == 0)
        raise(SIGSEGV);
    if (strcmp(e->undo, "abort") == 0) {
        fprintf(stderr, "last words\n");
        abort();
    }
    if (strcmp(e->undo, "exit") == 0)
        exit(7);
    if (strcmp(e->undo, "print") == 0) {
        fprintf(stderr, "a library complains: \033[31mred\033[0m\n");
        printf("and another prints\n");
        fflush(stdout);
    }
    if (strcmp(e->undo, "hang") == 0)
        e->hangs_since = (uint64_t)(now_s() * 1000);
    e->lost = strcmp(e->undo, "lose") == 0;
}

static void answer(struct engine *e, bool refused, const char *text)
{
    struct report_answer *a = &e->report.answers[e->commands % REPORT_ANSWERS];

    *a = (struct report_answer){.command = e->commands, .refused = refused};
    snprintf(a->text, sizeof(a->text), "%s", text);
}

uint64_t engine_send(struct engine *e, const struct engine_command *command)
{
    char text[160] = "done";

    e->commands++;
    if (e->hangs_since)
        return e->commands;
    switch (command->kind) {
    case ENGINE_PAUSE:
        e->paused = command->value < 0 ? !e->paused : command->value > 0;
        snprintf(text, sizeof(text), "%s", e->paused ? "paused by the operator" : "not paused any more");
        break;
    case ENGINE_STEP:
    case ENGINE_FORCE:
        e->paused |= command->kind == ENGINE_STEP;
        e->forced = command->kind == ENGINE_FORCE;
        make_report(e, true);
        e->forced = false;
        break;
    case ENGINE_INTERVAL:
        e->interval_s = command->value;
        break;
    case ENGINE_DRY_RUN:
        e->dry_run = command->value < 0 ? !e->dry_run : command->value > 0;
        snprintf(text, sizeof(text), "%s",
                 e->dry_run ? "dry run: nothing is changed from now on" : "decisions are carried out");
        break;
    case ENGINE_LOCK:
        e->locked[command->uuid[0] - 1] = command->value > 0;
        snprintf(text, sizeof(text), "%slocked", e->locked[command->uuid[0] - 1] ? "" : "un");
        break;
    case ENGINE_UNDO:
        snprintf(text, sizeof(text), "nothing to undo");
        misbehave(e);
        break;
    case ENGINE_WATCH:
        e->watch = (unsigned)command->value;
        break;
    case ENGINE_ASK:
        snprintf(text, sizeof(text), "%d moves: sd 9.9 to 0.1", e->moves);
        if (e->asks[0])
            snprintf(text, sizeof(text), "%s", e->asks);
        break;
    case ENGINE_CONNECT:
        e->lost = false;
        snprintf(text, sizeof(text), "connecting");
        break;
    case ENGINE_SPEED:
    default:
        break;
    }
    answer(e, false, text);
    e->report.answers[e->commands % REPORT_ANSWERS].actions = command->kind == ENGINE_ASK ? e->moves : 0;
    make_report(e, false);
    arm(e, 0);
    return e->commands;
}

double engine_busy(const struct engine *e, char *text, size_t size)
{
    snprintf(text, size, "%s", e->hangs_since ? "reading the guests" : "");
    return e->hangs_since ? now_s() - (double)e->hangs_since / 1000 : 0;
}

bool engine_ended(const struct engine *e, int *status, char *error, size_t size)
{
    (void)e;
    *status = 0;
    snprintf(error, size, "%s", "");
    return false;
}

/* The last value given for a name. */
static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    size_t n = strlen(name);

    for (int i = argc - 1; i > 0; i--)
        if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            return argv[i] + n + 1;
    return otherwise;
}

static void *burn(void *unused)
{
    volatile unsigned turns = 0;

    for (;;)
        turns++;
    return unused;
}

int main(int argc, char **argv)
{
    struct engine e = {.program = option(argc, argv, "program", "cpu"),
                       .names = option(argc, argv, "names", "plain"),
                       .undo = option(argc, argv, "undo", ""),
                       .asks = option(argc, argv, "asks", ""),
                       .loads = option(argc, argv, "loads", ""),
                       .pcpus = atoi(option(argc, argv, "pcpus", "8")),
                       .nodes = atoi(option(argc, argv, "nodes", "2")),
                       .guests = atoi(option(argc, argv, "guests", "9")),
                       .vcpus = atoi(option(argc, argv, "vcpus", "2")),
                       .interval_s = atof(option(argc, argv, "interval", "12")),
                       .sample_s = atof(option(argc, argv, "sample", "1")),
                       .moves = atoi(option(argc, argv, "moves", "1")),
                       .swap = atoi(option(argc, argv, "swap", "1")),
                       .offline = atoi(option(argc, argv, "offline", "0")),
                       .strain = atoi(option(argc, argv, "strain", "0")),
                       .crowd = atoi(option(argc, argv, "crowd", "0")),
                       .log = atoi(option(argc, argv, "log", "0")),
                       .still = atoi(option(argc, argv, "still", "0")),
                       .group_size = 0,
                       .seed = (unsigned)atoi(option(argc, argv, "seed", "1"))};
    struct face_options options = {.program = strcmp(e.program, "memory") ? "vcpu_scheduler" : "memory_coordinator"};
    const char *groups = option(argc, argv, "groups", NULL);
    int most = e.guests * 2 * e.vcpus + 1, status = 1;

    if (groups && !pcpu_groups_read(groups, &e.group_size))
        return 2;
    e.cpu_of = calloc((size_t)most, sizeof(*e.cpu_of));
    e.size_of = calloc((size_t)e.guests + 1, sizeof(*e.size_of));
    e.locked = calloc((size_t)e.guests + 1, sizeof(*e.locked));
    e.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    options.stop_fd = signals_open();
    for (int i = atoi(option(argc, argv, "burn", "0")); i > 0; i--) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, burn, NULL) == 0)
            pthread_detach(thread);
    }
    if (e.cpu_of && e.size_of && e.locked && e.timer >= 0 && options.stop_fd >= 0) {
        for (int i = 0; i < most; i++)
            e.cpu_of[i] = (int)(chance(&e, (uint64_t)i, 5) * (e.pcpus - e.offline));
        arm(&e, 0.01);
        status = face_tui(&e, &options);
    }
    report_free(&e.report);
    free(e.cpu_of);
    free(e.size_of);
    free(e.locked);
    close(e.timer);
    return status;
}
