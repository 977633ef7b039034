/*
 * Each call that the programs make to libvirt fails: once, for ten seconds and always, with each error that libvirt's
 * drivers give for it, from the start and while all is well. Both programs' control loops run whole over the made-up
 * hypervisor, on a clock that idling moves on. Whatever fails: the loop doesn't end, what fails for a while is done
 * later, what fails always is told and not told again at each decision, guests that the fault doesn't touch are served,
 * and what was found can be put back afterwards.
 *
 *   host_faults_test            a few errors of each kind
 *   host_faults_test all        each error
 *
 * CASE=FUNCTION keeps to one function, SHOW=1 shows the log.
 */
#include "core/engine/engine.h"
#include "cpu/scheduler.h"
#include "memory/coordinator.h"
#include "tests/unit/host_world.h"
#include "tests/unit/hypervisor/hurry/hurry.h"
#include "tests/unit/hypervisor/moved_clock.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    INTERVAL_S = 4,
    MIDDLE_S = 3,   /* after the first samples, before the first change */
    WHILE_S = 10,   /* how long a fault lasts that doesn't last always */
    RUN_S = 160,    /* a pCPU that was refused for a moment is tried again after a minute */
    SETTLED_S = 60, /* from here on a fault that lasts is no news any more */
    /* From then to the end there are 25 decisions, and two tries at what is tried ever more seldom, each of which may
     * be told in two lines. */
    LINES_MOST = 4,
    GUESTS = 4,
};

/* ---- the clock ---- */

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- one run ---- */

enum duration { ONCE, FOR_A_WHILE, ALWAYS };

struct fault {
    const char *function, *guest;
    int code;
    enum duration duration;
    double from_s;
};

static struct run {
    struct host_ops ops; /* the host's own, but for idling */
    void (*serve)(struct host *, int);
    struct engine *engine;
    bool engine_runs; /* and is known by engine */
    struct report report;
    int passed[2]; /* a byte is written here when RUN_S have passed */
    bool has_passed;
    bool memory;
    const struct fault *fault;
    bool begun, over;
    double start_s;
    uint64_t told; /* the serial of the log's last line that was seen */
    int lines;     /* of the log, when settled, that aren't decisions' own */
    char last[512];
} run;

static double passed_s(void)
{
    return now_s() - run.start_s;
}

static void order_fault(void)
{
    const struct fault *f = run.fault;

    if (!run.begun && passed_s() >= f->from_s) {
        run.begun = true;
        hypervisor_fail(f->function, f->guest, f->code, f->duration == ONCE ? 1 : -1);
    }
    if (run.begun && f->duration == FOR_A_WHILE && passed_s() >= f->from_s + WHILE_S)
        hypervisor.n_faults = 0;
}

static void listen_to_log(void)
{
    while (engine_take(run.engine, &run.report))
        for (int i = 0; i < run.report.n_log; i++) {
            const struct report_log *line = &run.report.log[i];

            if (line->serial <= run.told)
                continue;
            run.told = line->serial;
            if (line->kind == REPORT_LOG_DECISION)
                continue;
            if (getenv("SHOW"))
                print_message("#     %6.1f %s\n", passed_s(), line->text);
            if (passed_s() >= SETTLED_S && passed_s() < RUN_S) {
                run.lines++;
                snprintf(run.last, sizeof(run.last), "%s", line->text);
            }
        }
}

/* In the loop's own thread. */
static void idle(struct host *host, int ms)
{
    while (!__atomic_load_n(&run.engine_runs, __ATOMIC_SEQ_CST))
        sched_yield();
    run.serve(host, 0);
    hypervisor_work(ms);
    moved_clock_by_ms(ms);
    order_fault();
    listen_to_log();
    if (passed_s() >= RUN_S && !run.has_passed)
        run.has_passed = write(run.passed[1], "", 1) == 1;
}

static void add_guests(bool memory)
{
    static const char *const names[GUESTS] = {"a", "b", "c", "d"};

    for (int i = 0; i < GUESTS; i++) {
        struct hypervisor_guest *g = hypervisor_add(names[i]);

        g->affinity[0] = 1;
        /* The first two need more than they have. */
        if (memory && i < 2)
            g->used_kib = 950u << 10;
    }
}

/* Waits for the loop to have run for RUN_S. Returns NULL, or what is wrong. */
static const char *wait_for_loop(struct host_world *w)
{
    enum { LOOK_MS = 20, STUCK_MS = 60000 };
    struct pollfd p = {.fd = run.passed[0], .events = POLLIN};
    int status;

    for (int ms = 0; poll(&p, 1, LOOK_MS) == 0; ms += LOOK_MS) {
        if (engine_ended(run.engine, &status, w->error, sizeof(w->error)))
            return w->error[0] ? w->error : "the loop ended";
        /* A machine that does nothing else for so long: the loop is. */
        if (ms > STUCK_MS)
            return "the loop is stuck";
    }
    return NULL;
}

/* Runs the loop for RUN_S. Returns NULL, or what is wrong. */
static const char *run_loop(struct host_world *w, bool memory, const struct fault *f)
{
    struct engine_config config = {
        .program = memory ? REPORT_MEMORY_COORDINATOR : REPORT_VCPU_SCHEDULER,
        .policy = memory ? &coordinator_policy : &scheduler_policy,
        .policy_settings =
            memory ? (const void *)&coordinator_settings_default : (const void *)&scheduler_settings_default,
        .interval_s = INTERVAL_S,
        .sample_s = ENGINE_SAMPLE_S,
    };
    const char *wrong;

    memset(&run, 0, sizeof(run));
    assert_int_equal(pipe(run.passed), 0);
    run.memory = memory;
    run.fault = f;
    run.start_s = now_s();
    hypervisor_reset();
    add_guests(memory);
    order_fault();
    host_world_new(w, memory);
    run.ops = *w->host->ops;
    run.serve = run.ops.idle;
    run.ops.idle = idle;
    w->host->ops = &run.ops;
    config.host = w->host;
    w->host = NULL;
    run.engine = engine_start(&config, w->error, sizeof(w->error));
    if (!run.engine)
        return w->error;
    __atomic_store_n(&run.engine_runs, true, __ATOMIC_SEQ_CST);
    wrong = wait_for_loop(w);
    engine_finish(run.engine, 20000);
    listen_to_log();
    engine_free(run.engine);
    close(run.passed[0]);
    close(run.passed[1]);
    return wrong;
}

/* ---- what has to hold ---- */

static bool is_served(const struct hypervisor_guest *g, bool memory)
{
    if (memory)
        return g->target_kib >= g->used_kib + (100u << 10);
    for (int i = 0; i < GUESTS; i++)
        if (&hypervisor.guests[i] != g && hypervisor.guests[i].affinity[0] == g->affinity[0])
            return false;
    return true;
}

/* Whether a sample has all that the hypervisor has of the host. */
static bool is_whole(const struct snapshot *s)
{
    const unsigned host = SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE;

    return s->n_pcpus == hypervisor.n_pcpus && s->pcpus[0].has_times && (s->host.has & host) == host &&
           s->n_guests == GUESTS;
}

/* Whether what was found can be put back, now that nothing fails. */
static const char *put_back(struct host_world *w, bool memory)
{
    int result;

    hypervisor.n_faults = 0;
    for (int i = 0; i < GUESTS; i++)
        hypervisor.guests[i].used_kib = 256u << 10;
    host_world_open(w, memory);
    host_world_sample_at_last(w);
    hurry(true);
    result = host_world_restore(w, !memory, memory);
    hurry(false);
    host_world_close(w);
    if (result < 0)
        return w->error;
    for (int i = 0; i < GUESTS; i++)
        if (memory ? hypervisor.guests[i].target_kib != 1024u << 10 : hypervisor.guests[i].affinity[0] != 1)
            return "what was found was not put back";
    return NULL;
}

static const char *judge(struct host_world *w, bool memory, const struct fault *f)
{
    const char *wrong = run_loop(w, memory, f), *back;

    for (int i = 0; i < GUESTS && !wrong; i++) {
        const struct hypervisor_guest *g = &hypervisor.guests[i];
        bool touched = !f->guest || strcmp(f->guest, g->name) == 0;

        if ((f->duration != ALWAYS || !touched) && !is_served(g, memory))
            wrong = touched ? "a guest is not served, though the fault is over" : "another guest is not served";
    }
    if (!wrong && f->duration != ALWAYS && !is_whole(&run.report.snapshot))
        wrong = "figures of the host are missing, though the fault is over";
    if (!wrong && run.lines > LINES_MOST)
        wrong = "it is told again and again";
    report_free(&run.report);
    back = put_back(w, memory);
    return wrong ? wrong : back;
}

static const struct {
    const char *function;
    bool of_guest, memory, cpu;
} calls[] = {
    {"virConnectOpen", false, true, true},
    {"virConnectGetHostname", false, true, true},
    {"virConnectGetURI", false, true, true},
    {"virConnectSetKeepAlive", false, true, true},
    {"virConnectRegisterCloseCallback", false, true, true},
    {"virConnectDomainEventRegisterAny", false, true, true},
    {"virConnectGetCapabilities", false, true, true},
    {"virConnectGetAllDomainStats", false, true, true},
    {"virConnectListAllDomains", false, true, true},
    {"virDomainListGetStats", false, true, true},
    {"virNodeGetCPUMap", false, true, true},
    {"virNodeGetCPUStats", false, true, true},
    {"virNodeGetMemoryStats", false, true, true},
    {"virNodeGetInfo", false, true, true},
    {"virNodeGetFreeMemory", false, true, true},
    {"virDomainLookupByUUID", true, true, true},
    {"virDomainGetXMLDesc", true, true, true},
    {"virDomainIsPersistent", true, true, true},
    {"virDomainGetInfo", true, true, true},
    {"virDomainGetControlInfo", true, true, true},
    {"virDomainGetVcpus", true, true, true},
    {"virDomainGetVcpusFlags", true, true, true},
    {"virDomainGetVcpuPinInfo", true, true, true},
    {"virDomainPinVcpuFlags", true, false, true},
    {"virDomainSetMemoryFlags", true, true, false},
    {"virDomainSetMemoryStatsPeriod", true, true, false},
};

/* What libvirt's remote and QEMU drivers give: what passes, what stays, the memory of others, and none. */
static const int codes[] = {
    VIR_ERR_OPERATION_TIMEOUT,
    VIR_ERR_NO_SUPPORT,
    VIR_ERR_NO_MEMORY,
    VIR_ERR_NO_DOMAIN,
    HYPERVISOR_SAYS_NOTHING,
    VIR_ERR_ACCESS_DENIED,
    VIR_ERR_OPERATION_INVALID,
    VIR_ERR_INTERNAL_ERROR,
    VIR_ERR_OPERATION_FAILED,
    VIR_ERR_RPC,
    VIR_ERR_SYSTEM_ERROR,
    VIR_ERR_RESOURCE_BUSY,
    VIR_ERR_OPERATION_ABORTED,
    VIR_ERR_OPERATION_DENIED,
    VIR_ERR_AUTH_FAILED,
    VIR_ERR_INVALID_ARG,
    VIR_ERR_ARGUMENT_UNSUPPORTED,
    VIR_ERR_CONFIG_UNSUPPORTED,
    VIR_ERR_OPERATION_UNSUPPORTED,
    VIR_ERR_NO_CONNECT,
    VIR_ERR_INVALID_CONN,
    VIR_ERR_INVALID_DOMAIN,
    VIR_ERR_AGENT_UNRESPONSIVE,
    VIR_ERR_MIGRATE_UNSAFE,
    VIR_ERR_XML_ERROR,
};

/* Of these the first are tried always, each from one of the two moments. */
enum { CODES = sizeof(codes) / sizeof(codes[0]), CODES_CHECKED = 5 };
static int codes_tried = CODES_CHECKED;

static void each_call_fails(bool memory)
{
    static const char *const words[] = {"once", "for ten seconds", "always"};
    int cases = 0, wrong_cases = 0;

    for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++)
        for (int code = 0; code < codes_tried && (memory ? calls[c].memory : calls[c].cpu); code++)
            for (int kind = 0; kind < 6; kind++) {
                bool skipped = codes_tried < CODES && kind / 3 != (int)(c + (size_t)code) % 2;

                const struct fault f = {calls[c].function, calls[c].of_guest ? "a" : NULL, codes[code],
                                        (enum duration)(kind % 3), kind < 3 ? 0 : MIDDLE_S};
                struct host_world *w;
                const char *wrong;

                if (skipped || (getenv("CASE") && strcmp(getenv("CASE"), f.function) != 0))
                    continue;
                assert_int_equal(host_world_make((void **)&w), 0);
                wrong = judge(w, memory, &f);
                if (wrong)
                    print_message("# %s fails with %d %s from %.0f s on: %s%s%s\n", f.function, f.code,
                                  words[f.duration], f.from_s, wrong, run.lines > LINES_MOST ? ": " : "",
                                  run.lines > LINES_MOST ? run.last : "");
                cases++;
                wrong_cases += wrong != NULL;
                host_world_free((void **)&w);
            }
    print_message("# %d cases\n", cases);
    assert_int_equal(wrong_cases, 0);
}

static void each_call_of_the_scheduler_fails(void **state)
{
    (void)state;
    each_call_fails(false);
}

static void each_call_of_the_coordinator_fails(void **state)
{
    (void)state;
    each_call_fails(true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_of_the_scheduler_fails),
        cmocka_unit_test(each_call_of_the_coordinator_fails),
    };

    if (argc > 1 && strcmp(argv[1], "all") == 0)
        codes_tried = CODES;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
