/*
 * The control loop as it is, in its own thread, with a host and a policy that are made up. Time is made up, too: it
 * moves on only where a test lets it, in the host's idle, so that nothing here depends on how fast the machine is.
 */
#include "ui/engine.h"

#include "host/array.h"
#include "host/cpumask.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000u;

enum { EVENTS = 256 };

/* What the policy was asked, in order. */
enum call_kind { LEARN, PLAN, APPLIED };

struct call {
    enum call_kind kind;
    uint64_t before_ns, now_ns; /* LEARN; before 0: there was none */
    bool rates_fit;             /* LEARN: the rates are of that time */
    bool force;                 /* PLAN */
    bool changes;               /* APPLIED: the plan had actions */
};

/* Everything the two made-up parts know. One mutex for all. */
struct world {
    struct host host; /* first, as every host begins so */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t now_ns, budget_ns;
    bool woken, idling, closed;

    bool up; /* connect works, and the connection stands */
    bool connected;
    int refuse_sample;               /* -errno of the next samples, 0: they work */
    bool hang;                       /* the next sample does not return until hang is false or it is interrupted */
    bool hanging, interrupted, deaf; /* deaf: interrupt does nothing */
    uint64_t sample_takes_ns;
    int first_guest, n_guests;
    int connects, samples, full_samples, applies, restores, closes, measure_only;
    int refuse_apply; /* -errno */
    int cpu[8];       /* where guest i's vCPU is pinned; -1: it floats over 0-3 */
    uint64_t kib[8];

    bool act;    /* the policy plans something */
    bool memory; /* a size instead of a pin */
    struct call calls[EVENTS];
    int n_calls;
};

static uint64_t read_clock(void *context)
{
    struct world *w = context;
    uint64_t now;

    pthread_mutex_lock(&w->mutex);
    now = w->now_ns;
    pthread_mutex_unlock(&w->mutex);
    return now;
}

/* ---- the host ---- */

static struct world *world_of(const struct host *h)
{
    return (struct world *)h;
}

static int host_connect(struct host *h, char *error, size_t size)
{
    struct world *w = world_of(h);
    bool up;

    pthread_mutex_lock(&w->mutex);
    w->connects++;
    up = w->connected = w->up;
    pthread_mutex_unlock(&w->mutex);
    if (!up)
        snprintf(error, size, "nobody there");
    return up ? 0 : -ECONNREFUSED;
}

static bool host_connected(const struct host *h)
{
    struct world *w = world_of(h);
    bool connected;

    pthread_mutex_lock(&w->mutex);
    connected = w->connected = w->connected && w->up;
    pthread_mutex_unlock(&w->mutex);
    return connected;
}

static void fill(const struct world *w, struct snapshot *s)
{
    snapshot_reset(s, 4);
    s->taken_ns = w->now_ns;
    s->calls = 1;
    strcpy(s->node_name, "made-up");
    for (int i = 0; i < 4; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);

        p->number = p->core = i;
        p->online = true;
    }
    for (int i = w->first_guest; i < w->first_guest + w->n_guests; i++) {
        struct snapshot_guest *g = snapshot_add_guest(s);
        struct snapshot_vcpu *v;
        uint64_t mask = w->cpu[i] < 0 ? 0xf : (uint64_t)1 << w->cpu[i];

        g->id = i + 1;
        memset(g->uuid, i + 1, sizeof(g->uuid));
        snprintf(g->name, sizeof(g->name), "guest%d", i);
        g->memory.has = SNAPSHOT_HAS_SIZE;
        g->memory.size_kib = w->kib[i];
        v = snapshot_add_vcpu(s);
        v->online = v->has_run = true;
        v->run_ns = w->now_ns / 2;
        v->cpu = w->cpu[i];
        v->affinity = snapshot_add_mask(s, &mask);
    }
}

static int host_sample(struct host *h, struct snapshot *s, bool full, char *error, size_t size)
{
    struct world *w = world_of(h);
    int result;

    pthread_mutex_lock(&w->mutex);
    w->samples++;
    w->full_samples += full;
    w->hanging = w->hang;
    pthread_cond_broadcast(&w->changed);
    while (w->hang && !w->interrupted)
        pthread_cond_wait(&w->changed, &w->mutex);
    w->hanging = false;
    result = w->interrupted || !w->up ? -ENOTCONN : w->refuse_sample;
    if (w->interrupted)
        w->connected = false;
    w->now_ns += w->sample_takes_ns;
    w->sample_takes_ns = 0;
    if (!result)
        fill(w, s);
    else
        snprintf(error, size, "made to fail");
    pthread_mutex_unlock(&w->mutex);
    return result;
}

static int host_apply(struct host *h, struct plan *p, struct plan_action *a)
{
    struct world *w = world_of(h);
    int result, guest = a->uuid[0] - 1;

    pthread_mutex_lock(&w->mutex);
    w->applies++;
    result = w->refuse_apply;
    if (result == -EPERM) {
        a->result = PLAN_FAILED;
        strcpy(a->error, "not allowed");
        result = 0;
    } else if (!result) {
        a->result = PLAN_DONE;
        if (a->kind == PLAN_PIN)
            w->cpu[guest] = cpumask_single(plan_mask(p, a->to_mask), cpumask_words(p->cpu_limit));
        else
            w->kib[guest] = a->to_kib;
    }
    pthread_mutex_unlock(&w->mutex);
    return result;
}

/* Lets as much time go by as the test has granted, and waits where there's none. */
static void host_idle(struct host *h, int ms)
{
    struct world *w = world_of(h);
    uint64_t wanted = (uint64_t)ms * 1000000u;

    pthread_mutex_lock(&w->mutex);
    while (wanted > 0 && !w->woken) {
        uint64_t step = wanted < w->budget_ns ? wanted : w->budget_ns;

        w->now_ns += step;
        w->budget_ns -= step;
        wanted -= step;
        if (wanted == 0)
            break;
        w->idling = true;
        pthread_cond_broadcast(&w->changed);
        pthread_cond_wait(&w->changed, &w->mutex);
        w->idling = false;
    }
    w->woken = false;
    pthread_mutex_unlock(&w->mutex);
}

static void host_wake(struct host *h)
{
    struct world *w = world_of(h);

    pthread_mutex_lock(&w->mutex);
    w->woken = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
}

static void host_interrupt(struct host *h)
{
    struct world *w = world_of(h);

    pthread_mutex_lock(&w->mutex);
    w->interrupted = !w->deaf;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
}

static void host_measure_only(struct host *h, bool on)
{
    struct world *w = world_of(h);

    pthread_mutex_lock(&w->mutex);
    w->measure_only = on;
    pthread_mutex_unlock(&w->mutex);
}

static int host_restore(struct host *h, bool cpu, bool memory, char *error, size_t size)
{
    struct world *w = world_of(h);

    (void)error, (void)size;
    pthread_mutex_lock(&w->mutex);
    w->restores += cpu && !memory;
    pthread_mutex_unlock(&w->mutex);
    return 3;
}

static void host_close(struct host *h)
{
    struct world *w = world_of(h);

    pthread_mutex_lock(&w->mutex);
    w->closed = true;
    w->closes++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
}

static const struct host_ops ops = {
    .connect = host_connect,
    .connected = host_connected,
    .sample = host_sample,
    .apply = host_apply,
    .idle = host_idle,
    .wake = host_wake,
    .interrupt = host_interrupt,
    .measure_only = host_measure_only,
    .restore = host_restore,
    .close = host_close,
};

/* ---- the policy ---- */

static struct call *add_call(struct world *w, enum call_kind kind)
{
    struct call *c = &w->calls[w->n_calls < EVENTS - 1 ? w->n_calls++ : EVENTS - 1];

    memset(c, 0, sizeof(*c));
    c->kind = kind;
    return c;
}

static void *policy_create(const void *settings)
{
    return *(struct world *const *)settings;
}

static void policy_destroy(void *state)
{
    (void)state;
}

static int policy_learn(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    struct world *w = state;
    struct call *c;

    pthread_mutex_lock(&w->mutex);
    c = add_call(w, LEARN);
    c->before_ns = before ? before->taken_ns : 0;
    c->now_ns = now->taken_ns;
    c->rates_fit = !before || r->seconds == (double)(now->taken_ns - before->taken_ns) / 1e9;
    pthread_mutex_unlock(&w->mutex);
    return 0;
}

/* Moves the first guest that may be touched on by one pCPU, or gives it 1 MiB more. */
static int policy_plan(const void *state, const struct snapshot *now, const struct rates *r,
                       const struct policy_request *request, struct plan *out)
{
    struct world *w = (struct world *)state;
    int guest = 0;

    (void)r;
    pthread_mutex_lock(&w->mutex);
    add_call(w, PLAN)->force = request->force;
    for (int i = 0; i < now->n_guests; i++)
        out->guests[i].need_kib = (uint64_t)now->guests[i].id;
    while (guest < now->n_guests && now->guests[guest].leave_alone != SNAPSHOT_LEAVE_NO)
        guest++;
    if (w->act && guest < now->n_guests) {
        struct plan_action *a = plan_add_action(out, w->memory ? PLAN_SET_MEMORY : PLAN_PIN, now, guest);
        const struct snapshot_vcpu *v = &now->vcpus[now->guests[guest].first_vcpu];
        uint64_t mask;

        a->from_cpu = v->cpu;
        a->to_cpu = (v->cpu + 1) % 4;
        mask = (uint64_t)1 << a->to_cpu;
        a->from_mask = plan_add_mask(out, snapshot_mask(now, v->affinity));
        a->to_mask = plan_add_mask(out, &mask);
        a->from_kib = now->guests[guest].memory.size_kib;
        a->to_kib = a->from_kib + 1024;
        strcpy(a->reason, "because");
    }
    snprintf(out->summary, sizeof(out->summary), out->n_actions > 0 ? "acts" : "rests");
    out->learning = false;
    pthread_mutex_unlock(&w->mutex);
    return 0;
}

static void policy_applied(void *state, const struct snapshot *now, const struct plan *done)
{
    struct world *w = state;

    (void)now;
    pthread_mutex_lock(&w->mutex);
    add_call(w, APPLIED)->changes = done->n_actions > 0;
    pthread_mutex_unlock(&w->mutex);
}

static const struct policy_ops policy = {
    .create = policy_create,
    .destroy = policy_destroy,
    .learn = policy_learn,
    .plan = policy_plan,
    .applied = policy_applied,
};

/* ---- driving it ---- */

struct test {
    struct world world, *pointer;
    struct engine *engine;
    struct report report;  /* the last one taken */
    struct report decided; /* the last decision taken */
    int decisions, reports;
};

static void deadline(struct timespec *t)
{
    clock_gettime(CLOCK_REALTIME, t);
    t->tv_sec += 60;
}

/* Waits until the loop has nothing left to do but to let time go by that it hasn't got. */
static void settle(struct test *t)
{
    struct world *w = &t->world;
    struct timespec until;

    deadline(&until);
    pthread_mutex_lock(&w->mutex);
    while (!w->closed && !w->hanging && (!w->idling || w->woken || w->budget_ns > 0))
        if (pthread_cond_timedwait(&w->changed, &w->mutex, &until) == ETIMEDOUT)
            fail_msg("the loop does not come to rest");
    pthread_mutex_unlock(&w->mutex);
}

/* Takes all there is. */
static void take(struct test *t)
{
    while (engine_take(t->engine, &t->report) == 1) {
        t->reports++;
        if (!t->report.decision)
            continue;
        t->decisions++;
        assert_int_equal(report_copy(&t->decided, &t->report), 0);
    }
}

static void pass(struct test *t, double seconds)
{
    struct world *w = &t->world;

    pthread_mutex_lock(&w->mutex);
    w->budget_ns += (uint64_t)(seconds * 1e9);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    settle(t);
    take(t);
}

static uint64_t send_value(struct test *t, enum engine_command_kind kind, double value)
{
    struct engine_command c = {.kind = kind, .value = value};
    uint64_t number = engine_send(t->engine, &c);

    settle(t);
    take(t);
    return number;
}

static void send_lock(struct test *t, int guest)
{
    struct engine_command c = {.kind = ENGINE_LOCK};

    memset(c.uuid, guest + 1, sizeof(c.uuid));
    engine_send(t->engine, &c);
    settle(t);
    take(t);
}

static void prepare(struct test *t)
{
    struct world *w = &t->world;

    memset(t, 0, sizeof(*t));
    t->pointer = w;
    w->host.ops = &ops;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->changed, NULL);
    w->now_ns = 1000 * second_ns;
    w->up = w->act = true;
    w->n_guests = 3;
    for (int i = 0; i < 8; i++) {
        w->cpu[i] = 0;
        w->kib[i] = 512 * 1024;
    }
}

static struct engine_config config_of(struct test *t)
{
    return (struct engine_config){
        .program = REPORT_VCPU_SCHEDULER,
        .policy = &policy,
        .policy_settings = &t->pointer,
        .host = &t->world.host,
        .interval_s = 12,
        .clock = read_clock,
        .clock_context = &t->world,
    };
}

static void start(struct test *t, const struct engine_config *config)
{
    char error[HOST_ERROR_BYTES] = "";

    t->engine = engine_start(config, error, sizeof(error));
    if (!t->engine)
        fail_msg("%s", error);
    settle(t);
    take(t);
}

static void finish(struct test *t)
{
    if (t->engine)
        assert_int_equal(engine_stop(t->engine, 60000), 0);
    assert_int_equal(t->world.closes, 1);
    report_free(&t->report);
    report_free(&t->decided);
    pthread_mutex_destroy(&t->world.mutex);
    pthread_cond_destroy(&t->world.changed);
}

static void begin(struct test *t)
{
    struct engine_config config;

    prepare(t);
    config = config_of(t);
    start(t, &config);
}

/* Waits for the loop's own end, which it tells by its fd. */
static int wait_for_end(struct test *t, char *error, size_t size)
{
    struct pollfd fd = {.fd = engine_fd(t->engine), .events = POLLIN};
    int status = -1;

    while (!engine_ended(t->engine, &status, error, size)) {
        assert_int_equal(poll(&fd, 1, 60000), 1);
        take(t);
    }
    take(t);
    return status;
}

static bool log_has(const struct report *r, enum report_log_kind kind, const char *words)
{
    for (int i = 0; i < r->n_log; i++)
        if (r->log[i].kind == kind && strstr(r->log[i].text, words))
            return true;
    return false;
}

static int count_calls(struct test *t, enum call_kind kind)
{
    int n = 0;

    pthread_mutex_lock(&t->world.mutex);
    for (int i = 0; i < t->world.n_calls; i++)
        n += t->world.calls[i].kind == kind;
    pthread_mutex_unlock(&t->world.mutex);
    return n;
}

/* The nth time the policy learned. */
static struct call learned(struct test *t, int nth)
{
    struct call found = {0};

    pthread_mutex_lock(&t->world.mutex);
    for (int i = 0; i < t->world.n_calls; i++)
        if (t->world.calls[i].kind == LEARN && nth-- == 0)
            found = t->world.calls[i];
    pthread_mutex_unlock(&t->world.mutex);
    assert_true(found.rates_fit);
    return found;
}

/* ---- what is shown ---- */

static void the_first_decision_comes_one_interval_after_the_first_sample(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    assert_int_equal(t.decisions, 0);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_true(t.report.next_in_s == 12);
    assert_int_equal(count_calls(&t, LEARN), 1);
    assert_true(learned(&t, 0).before_ns == 0);
    pass(&t, 11.5);
    assert_int_equal(t.decisions, 0);
    pass(&t, 0.5);
    assert_int_equal(t.decisions, 1);
    assert_int_equal(t.decided.plan.n_actions, 1);
    assert_int_equal(t.decided.plan.actions[0].result, PLAN_DONE);
    assert_int_equal(t.world.cpu[0], 1);
    assert_int_equal(t.decided.counters.actions_done, 1);
    assert_true(t.decided.next_in_s == 12);
    assert_true(learned(&t, 1).before_ns == 1000 * second_ns);
    assert_true(learned(&t, 1).now_ns == 1012 * second_ns);
    assert_int_equal(count_calls(&t, APPLIED), 1);
    finish(&t);
}

/* Lets time go by up to so many seconds after the start. */
static void pass_until(struct test *t, uint64_t seconds)
{
    pass(t, (double)((1000 + seconds) * second_ns - read_clock(&t->world)) / 1e9);
}

static void next_sample_takes(struct test *t, uint64_t ns)
{
    pthread_mutex_lock(&t->world.mutex);
    t->world.sample_takes_ns = ns;
    pthread_mutex_unlock(&t->world.mutex);
}

static void decisions_keep_to_multiples_of_the_interval(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    /* Reading takes 0.7 s each time: no drift may come of it. */
    for (int i = 1; i <= 20; i++) {
        next_sample_takes(&t, 700000000u);
        pass_until(&t, (uint64_t)(12 * i - 1));
        assert_int_equal(t.decisions, i - 1);
        pass_until(&t, (uint64_t)(12 * i));
        assert_int_equal(t.decisions, i);
        assert_true(learned(&t, i).now_ns == (uint64_t)(1000 + 12 * i) * second_ns + 700000000u);
    }
    finish(&t);
}

static void a_late_decision_causes_no_burst(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    next_sample_takes(&t, 40 * second_ns); /* over the moments at 24, 36 and 48 s */
    pass_until(&t, 12);
    assert_int_equal(t.decisions, 1);
    assert_true(learned(&t, 1).now_ns == 1052 * second_ns);
    pass_until(&t, 59);
    assert_int_equal(t.decisions, 1);
    pass_until(&t, 60);
    assert_int_equal(t.decisions, 2);
    pass_until(&t, 72);
    assert_int_equal(t.decisions, 3);
    finish(&t);
}

static void finer_samples_do_not_change_what_is_decided(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    prepare(&t);
    config = config_of(&t);
    config.sample_s = 1;
    start(&t, &config);
    pass(&t, 36);
    assert_int_equal(t.decisions, 3);
    assert_int_equal(t.world.full_samples, 1 + 3);
    assert_int_equal(t.world.samples, 1 + 36);
    assert_int_equal(count_calls(&t, LEARN), 1 + 3);
    for (int i = 1; i <= 3; i++) {
        assert_true(learned(&t, i).before_ns == (uint64_t)(1000 + 12 * (i - 1)) * second_ns);
        assert_true(learned(&t, i).now_ns == (uint64_t)(1000 + 12 * i) * second_ns);
    }
    assert_true(t.report.live.seconds == 1);
    assert_true(t.decided.interval.seconds == 12);
    assert_int_equal(t.report.counters.samples, 37);
    assert_int_equal(t.report.counters.calls, 37);
    assert_int_equal(t.decided.counters.calls_interval, 12);
    finish(&t);
}

static void a_pause_goes_on_measuring_and_previews(void **state)
{
    struct test t;
    uint64_t number;

    (void)state;
    begin(&t);
    number = send_value(&t, ENGINE_PAUSE, 1);
    assert_true(t.report.commands_taken == number);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    assert_false(t.report.has_preview);
    pass(&t, 24);
    assert_int_equal(t.decisions, 0);
    assert_int_equal(t.world.applies, 0);
    assert_int_equal(count_calls(&t, LEARN), 1 + 2);
    assert_int_equal(count_calls(&t, PLAN), 2);
    assert_int_equal(count_calls(&t, APPLIED), 0);
    assert_true(t.report.has_preview);
    assert_int_equal(t.report.preview.n_actions, 1);
    assert_int_equal(t.report.preview.actions[0].result, PLAN_PENDING);
    send_value(&t, ENGINE_PAUSE, -1);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_false(t.report.has_preview);
    pass(&t, 12);
    assert_int_equal(t.decisions, 1);
    assert_true(t.decided.plan.decided_ns == 1036 * second_ns);
    finish(&t);
}

static void a_step_decides_once_and_stays_paused(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    send_value(&t, ENGINE_PAUSE, 1);
    pass(&t, 5);
    send_value(&t, ENGINE_STEP, 0);
    assert_int_equal(t.decisions, 1);
    assert_int_equal(t.world.applies, 1);
    assert_false(t.decided.plan.forced);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    pass(&t, 30);
    assert_int_equal(t.decisions, 1);
    /* From running, too: then it is paused. */
    send_value(&t, ENGINE_PAUSE, 0);
    send_value(&t, ENGINE_STEP, 0);
    pass(&t, 1);
    assert_int_equal(t.decisions, 2);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    finish(&t);
}

static void a_step_waits_until_something_was_measured(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    send_value(&t, ENGINE_STEP, 0);
    assert_int_equal(t.decisions, 0);
    pass(&t, 1);
    assert_int_equal(t.decisions, 1);
    finish(&t);
}

static void forcing_does_not_shift_the_clock(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    pass(&t, 5);
    send_value(&t, ENGINE_FORCE, 0);
    assert_int_equal(t.decisions, 1);
    assert_true(t.decided.plan.forced);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_true(t.decided.next_in_s == 7);
    pass(&t, 7);
    assert_int_equal(t.decisions, 2);
    assert_false(t.decided.plan.forced);
    assert_true(t.decided.plan.decided_ns == 1012 * second_ns);
    assert_true(learned(&t, 2).before_ns == 1005 * second_ns);
    /* Paused it decides, too, and stays paused. */
    send_value(&t, ENGINE_PAUSE, 1);
    pass(&t, 2);
    send_value(&t, ENGINE_FORCE, 0);
    assert_int_equal(t.decisions, 3);
    assert_int_equal(t.report.state, REPORT_PAUSED);
    finish(&t);
}

static void a_decision_right_after_a_forced_one_is_left_out(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    pass(&t, 11.5);
    send_value(&t, ENGINE_FORCE, 0);
    pass(&t, 2);
    assert_int_equal(t.decisions, 1); /* at 1012 there's half a second to learn from */
    pass(&t, 10.5);
    assert_int_equal(t.decisions, 2);
    assert_true(t.decided.plan.decided_ns == 1024 * second_ns);
    finish(&t);
}

static void the_interval_changes_at_once(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    pass(&t, 2);
    send_value(&t, ENGINE_INTERVAL, 5);
    assert_true(t.report.interval_s == 5);
    assert_true(t.report.next_in_s == 3);
    pass(&t, 3);
    assert_int_equal(t.decisions, 1);
    pass(&t, 5);
    assert_int_equal(t.decisions, 2);
    pass(&t, 3);
    send_value(&t, ENGINE_INTERVAL, 2); /* over already: now */
    assert_int_equal(t.decisions, 3);
    pass(&t, 2);
    assert_int_equal(t.decisions, 4);
    send_value(&t, ENGINE_INTERVAL, 1e9);
    assert_true(t.report.interval_s == 86400);
    send_value(&t, ENGINE_INTERVAL, 0.0 / 0.0);
    assert_true(t.report.interval_s == 0.01);
    finish(&t);
}

static void a_dry_run_changes_nothing(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    prepare(&t);
    config = config_of(&t);
    config.dry_run = true;
    start(&t, &config);
    pass(&t, 12);
    assert_int_equal(t.decisions, 1);
    assert_true(t.decided.dry_run);
    assert_int_equal(t.decided.plan.actions[0].result, PLAN_DRY_RUN);
    assert_int_equal(t.world.applies, 0);
    assert_int_equal(count_calls(&t, APPLIED), 0);
    send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.world.applies, 0);
    send_value(&t, ENGINE_DRY_RUN, -1);
    assert_false(t.report.dry_run);
    assert_int_equal(t.world.measure_only, 0);
    pass(&t, 12);
    assert_int_equal(t.world.applies, 1);
    send_value(&t, ENGINE_DRY_RUN, 1);
    assert_int_equal(t.world.measure_only, 1);
    finish(&t);
}

static void a_locked_guest_is_left_alone(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    send_lock(&t, 0);
    assert_true(t.report.guests[0].locked);
    assert_int_equal(t.report.snapshot.guests[0].leave_alone, SNAPSHOT_LEAVE_LOCKED);
    pass(&t, 12);
    assert_string_equal(t.decided.plan.actions[0].name, "guest1");
    /* While paused, the preview follows at once. */
    send_value(&t, ENGINE_PAUSE, 1);
    pass(&t, 12);
    assert_string_equal(t.report.preview.actions[0].name, "guest1");
    send_lock(&t, 0);
    assert_false(t.report.guests[0].locked);
    assert_string_equal(t.report.preview.actions[0].name, "guest0");
    finish(&t);
}

static void patterns_exclude_guests(void **state)
{
    char *only[] = {"guest[12]", NULL}, *exclude[] = {"*1", NULL};
    struct engine_config config;
    struct test t;

    (void)state;
    prepare(&t);
    config = config_of(&t);
    config.only = only;
    config.exclude = exclude;
    start(&t, &config);
    pass(&t, 12);
    assert_int_equal(t.report.snapshot.guests[0].leave_alone, SNAPSHOT_LEAVE_EXCLUDED);
    assert_int_equal(t.report.snapshot.guests[1].leave_alone, SNAPSHOT_LEAVE_EXCLUDED);
    assert_int_equal(t.report.snapshot.guests[2].leave_alone, SNAPSHOT_LEAVE_NO);
    assert_string_equal(t.decided.plan.actions[0].name, "guest2");
    finish(&t);
}

static void undo_puts_back_what_the_last_decision_did(void **state)
{
    struct test t;

    (void)state;
    prepare(&t);
    t.world.cpu[0] = -1; /* it floats: not only a number but a whole mask must come back */
    start(&t, &(struct engine_config[]){config_of(&t)}[0]);
    pass(&t, 12);
    assert_int_equal(t.world.cpu[0], 0);
    send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.decisions, 2);
    assert_int_equal(t.world.cpu[0], -1);
    assert_int_equal(t.decided.plan.actions[0].result, PLAN_DONE);
    assert_non_null(strstr(t.decided.plan.summary, "undo"));
    assert_int_equal(t.report.state, REPORT_PAUSED);
    assert_int_equal(count_calls(&t, APPLIED), 2);
    send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.decisions, 2);
    pass(&t, 30);
    assert_int_equal(t.decisions, 2); /* the next decision doesn't do it again at once */
    assert_true(log_has(&t.report, REPORT_LOG_EVENT, "nothing is undone"));
    finish(&t);
}

static void undo_puts_sizes_back(void **state)
{
    struct test t;

    (void)state;
    prepare(&t);
    t.world.memory = true;
    start(&t, &(struct engine_config[]){config_of(&t)}[0]);
    pass(&t, 12);
    assert_int_equal(t.world.kib[0], 513 * 1024);
    assert_string_equal(t.report.guests[0].last, "+1 MiB");
    send_value(&t, ENGINE_UNDO, 0);
    assert_int_equal(t.world.kib[0], 512 * 1024);
    assert_string_equal(t.report.guests[0].last, "-1 MiB");
    finish(&t);
}

static void what_was_done_to_a_guest_is_remembered(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    pass(&t, 12);
    assert_string_equal(t.report.guests[0].last, "0→1");
    assert_true(t.report.guests[0].last_ns == 1012 * second_ns);
    assert_string_equal(t.report.guests[1].last, "");
    assert_true(log_has(&t.report, REPORT_LOG_DECISION, "acts"));
    assert_true(log_has(&t.report, REPORT_LOG_ACTION, "guest0/0 0→1: because"));
    finish(&t);
}

static void a_refused_action_is_told(void **state)
{
    struct test t;

    (void)state;
    prepare(&t);
    t.world.refuse_apply = -EPERM;
    start(&t, &(struct engine_config[]){config_of(&t)}[0]);
    pass(&t, 12);
    assert_int_equal(t.decided.plan.actions[0].result, PLAN_FAILED);
    assert_int_equal(t.decided.counters.actions_failed, 1);
    assert_true(log_has(&t.report, REPORT_LOG_ACTION, "failed: not allowed"));
    assert_string_equal(t.report.guests[0].last, "");
    finish(&t);
}

static void a_failing_sample_is_told_and_the_loop_goes_on(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    t.world.refuse_sample = -EAGAIN; /* the loop is at rest: nobody reads it */
    pass(&t, 12);
    assert_int_equal(t.decisions, 0);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_true(log_has(&t.report, REPORT_LOG_ERROR, "made to fail"));
    t.world.refuse_sample = 0;
    pass(&t, 12);
    assert_int_equal(t.decisions, 1);
    assert_true(learned(&t, 1).before_ns == 1000 * second_ns); /* nothing of the time is lost */
    assert_true(learned(&t, 1).now_ns == 1024 * second_ns);
    finish(&t);
}

static void a_lost_connection_comes_back(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    pass(&t, 12);
    pthread_mutex_lock(&t.world.mutex);
    t.world.up = false;
    pthread_mutex_unlock(&t.world.mutex);
    pass(&t, 12);
    assert_int_equal(t.report.state, REPORT_DISCONNECTED);
    assert_non_null(strstr(t.report.connection, "next try in"));
    assert_true(t.report.next_in_s < 0);
    assert_int_equal(t.report.snapshot.n_guests, 3); /* what was known is still shown */
    assert_int_equal(t.decisions, 1);
    send_value(&t, ENGINE_STEP, 0);
    assert_true(log_has(&t.report, REPORT_LOG_EVENT, "no connection"));
    pass(&t, 600);
    pthread_mutex_lock(&t.world.mutex);
    t.world.up = true;
    pthread_mutex_unlock(&t.world.mutex);
    pass(&t, 60);
    assert_int_equal(t.report.state, REPORT_RUNNING);
    assert_string_equal(t.report.connection, "");
    assert_int_equal(t.report.counters.reconnects, 1);
    assert_true(log_has(&t.report, REPORT_LOG_EVENT, "connected again"));
    assert_true(t.decisions > 1);
    /* Decisions lie where they lay, and nothing was learned from the time that nobody saw. */
    assert_true((t.decided.plan.decided_ns / second_ns - 1000) % 12 == 0);
    for (int i = 2; i < count_calls(&t, LEARN); i++)
        assert_true(learned(&t, i).now_ns - learned(&t, i).before_ns <= 24 * second_ns);
    finish(&t);
}

/* The loop connects again at a moment that nobody knows beforehand, so this is tried many times. */
static void a_moment_after_an_outage_is_no_ground_for_a_decision(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 30; i++) {
        pthread_mutex_lock(&t.world.mutex);
        t.world.up = false;
        pthread_mutex_unlock(&t.world.mutex);
        pass(&t, 12.3 + i % 12);
        pthread_mutex_lock(&t.world.mutex);
        t.world.up = true;
        pthread_mutex_unlock(&t.world.mutex);
        pass(&t, 48);
    }
    assert_int_equal(t.report.counters.reconnects, 30);
    for (int i = 1; i < count_calls(&t, LEARN); i++)
        assert_true(learned(&t, i).now_ns - learned(&t, i).before_ns >= 6 * second_ns);
    finish(&t);
}

static void attempts_to_connect_become_rarer(void **state)
{
    struct test t;
    int connects, attempts;

    (void)state;
    prepare(&t);
    t.world.up = false;
    start(&t, &(struct engine_config[]){config_of(&t)}[0]);
    assert_int_equal(t.report.state, REPORT_DISCONNECTED);
    assert_int_equal(t.world.connects, 1);
    /* 1, 2, 4, 8, 16, 30, 30... s, a fifth more or less each: bounds of when the nth attempt has been made. */
    pass(&t, 0.7);
    assert_int_equal(t.world.connects, 1);
    pass(&t, 0.6); /* 1.3 */
    assert_int_equal(t.world.connects, 2);
    pass(&t, 36 + 1.2 * 31 - 1.3);
    connects = t.world.connects;
    assert_true(connects >= 6 && connects <= 7);
    pass(&t, 30 * 36.5); /* 30 s apart from now on, at most 36 */
    attempts = t.world.connects - connects;
    assert_true(attempts >= 30 && attempts <= 46);
    /* The log isn't filled with them. */
    assert_true(t.report.n_log >= 6 && t.report.n_log <= 10);
    finish(&t);
}

static void without_a_hypervisor_a_counted_run_fails(void **state)
{
    struct engine_config config;
    char error[HOST_ERROR_BYTES];
    struct test t;

    (void)state;
    for (int once = 0; once < 2; once++) {
        prepare(&t);
        t.world.up = false;
        config = config_of(&t);
        config.once = once;
        config.iterations = once ? 0 : 3;
        start(&t, &config);
        assert_int_equal(wait_for_end(&t, error, sizeof(error)), 1);
        assert_non_null(strstr(error, "nobody there"));
        finish(&t);
    }
}

static void a_counted_run_ends_by_itself(void **state)
{
    struct engine_config config;
    char error[HOST_ERROR_BYTES];
    struct test t;

    (void)state;
    prepare(&t);
    config = config_of(&t);
    config.iterations = 3;
    start(&t, &config);
    pass(&t, 100);
    assert_int_equal(wait_for_end(&t, error, sizeof(error)), 0);
    assert_string_equal(error, "");
    assert_int_equal(t.decisions, 3);
    assert_int_equal(t.report.state, REPORT_ENDED);
    finish(&t);
    prepare(&t);
    config = config_of(&t);
    config.once = true;
    start(&t, &config);
    pass(&t, 100);
    assert_int_equal(wait_for_end(&t, error, sizeof(error)), 0);
    assert_int_equal(t.decisions, 1);
    finish(&t);
}

static void decisions_wait_in_line_and_samples_overwrite(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    prepare(&t);
    config = config_of(&t);
    config.sample_s = 1;
    start(&t, &config);
    /* Nobody takes anything for 5 intervals. */
    pthread_mutex_lock(&t.world.mutex);
    t.world.budget_ns = 63 * second_ns;
    pthread_cond_broadcast(&t.world.changed);
    pthread_mutex_unlock(&t.world.mutex);
    settle(&t);
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(engine_take(t.engine, &t.report), 1);
        assert_true(t.report.decision);
        assert_int_equal(t.report.counters.decisions, i);
    }
    assert_int_equal(engine_take(t.engine, &t.report), 1);
    assert_false(t.report.decision);
    assert_true(t.report.snapshot.taken_ns == 1063 * second_ns);
    assert_int_equal(engine_take(t.engine, &t.report), 0);
    finish(&t);
}

static void a_face_that_stalls_loses_the_oldest_decisions_only(void **state)
{
    struct test t;
    uint64_t last = 0;
    int n = 0;

    (void)state;
    begin(&t);
    pthread_mutex_lock(&t.world.mutex);
    t.world.budget_ns = 1200 * second_ns;
    pthread_cond_broadcast(&t.world.changed);
    pthread_mutex_unlock(&t.world.mutex);
    settle(&t);
    while (engine_take(t.engine, &t.report) == 1) {
        if (!t.report.decision)
            continue;
        assert_true(last == 0 || t.report.counters.decisions == last + 1);
        last = t.report.counters.decisions;
        n++;
    }
    assert_true(last == 100);
    assert_true(n >= 8 && n < 100);
    finish(&t);
}

static void the_fd_tells_whether_there_is_something(void **state)
{
    struct test t;
    struct pollfd fd;

    (void)state;
    begin(&t);
    fd = (struct pollfd){.fd = engine_fd(t.engine), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
    pthread_mutex_lock(&t.world.mutex);
    t.world.budget_ns = 24 * second_ns;
    pthread_cond_broadcast(&t.world.changed);
    pthread_mutex_unlock(&t.world.mutex);
    settle(&t);
    assert_int_equal(poll(&fd, 1, 0), 1);
    assert_int_equal(engine_take(t.engine, &t.report), 1);
    assert_int_equal(poll(&fd, 1, 0), 1);
    take(&t);
    assert_int_equal(poll(&fd, 1, 0), 0);
    finish(&t);
}

static void hang_now(struct test *t)
{
    pthread_mutex_lock(&t->world.mutex);
    t->world.hang = true;
    pthread_mutex_unlock(&t->world.mutex);
    pass(t, 12);
}

static void a_hung_call_is_named_and_commands_still_go_in(void **state)
{
    struct engine_command pause = {.kind = ENGINE_PAUSE, .value = 1};
    struct test t;
    char text[96];
    uint64_t number;

    (void)state;
    begin(&t);
    hang_now(&t);
    assert_true(engine_busy(t.engine, text, sizeof(text)) > 0);
    assert_string_equal(text, "reading the guests");
    number = engine_send(t.engine, &pause);
    assert_true(number > 0);
    assert_true(t.report.commands_taken < number);
    pthread_mutex_lock(&t.world.mutex);
    t.world.hang = false;
    pthread_cond_broadcast(&t.world.changed);
    pthread_mutex_unlock(&t.world.mutex);
    while (t.report.commands_taken < number) {
        struct pollfd fd = {.fd = engine_fd(t.engine), .events = POLLIN};

        assert_int_equal(poll(&fd, 1, 60000), 1);
        take(&t);
    }
    assert_int_equal(t.report.state, REPORT_PAUSED);
    settle(&t);
    assert_true(engine_busy(t.engine, text, sizeof(text)) == 0);
    assert_string_equal(text, "");
    finish(&t);
}

static void a_hung_call_is_broken_off_at_the_end(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    hang_now(&t);
    assert_int_equal(engine_stop(t.engine, 200), 0);
    t.engine = NULL;
    assert_true(t.world.interrupted);
    finish(&t);
}

static void a_call_that_hangs_on_is_left_behind(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    t.world.deaf = true;
    hang_now(&t);
    assert_int_equal(engine_finish(t.engine, 50), -ETIMEDOUT);
    assert_false(t.world.closed);
    /* Only so that the test leaves nothing behind. */
    pthread_mutex_lock(&t.world.mutex);
    t.world.hang = false;
    pthread_cond_broadcast(&t.world.changed);
    pthread_mutex_unlock(&t.world.mutex);
    finish(&t);
}

static void what_was_found_is_put_back_at_the_end_if_wanted(void **state)
{
    struct engine_config config;
    char text[HOST_ERROR_BYTES];
    struct test t;
    int status;

    (void)state;
    prepare(&t);
    config = config_of(&t);
    config.restore_on_exit = true;
    start(&t, &config);
    pass(&t, 12);
    assert_int_equal(engine_finish(t.engine, 60000), 0);
    assert_true(engine_ended(t.engine, &status, text, sizeof(text)));
    assert_int_equal(status, 0);
    assert_string_equal(text, "affinities put back as found: 3");
    assert_int_equal(t.world.restores, 1);
    finish(&t);
    begin(&t);
    pass(&t, 12);
    finish(&t);
    assert_int_equal(t.world.restores, 0);
}

static void figures_follow_guests_that_move_in_the_list(void **state)
{
    struct engine_config config;
    struct test t;

    (void)state;
    prepare(&t);
    config = config_of(&t);
    config.sample_s = 1;
    start(&t, &config);
    pass(&t, 12);
    assert_int_equal(t.report.plan.n_guests, 3);
    pthread_mutex_lock(&t.world.mutex);
    t.world.first_guest = 1; /* the first is gone, two are new, and all others have moved up */
    t.world.n_guests = 4;
    pthread_mutex_unlock(&t.world.mutex);
    pass(&t, 1);
    assert_false(t.report.decision);
    assert_int_equal(t.report.snapshot.n_guests, 4);
    assert_int_equal(t.report.n_guests, 4);
    for (int i = 0; i < 4; i++) {
        bool known = i < 2;

        assert_int_equal(report_plan_guest(&t.report, i) != NULL, known);
        assert_int_equal(report_plan_vcpu(&t.report, i) != NULL, known);
        assert_int_equal(report_interval_guest(&t.report, i) != NULL, known);
        assert_int_equal(t.report.interval.guests[i].known, known);
        assert_int_equal(t.report.interval.vcpus[i].known, known);
        assert_int_equal(t.report.plan.guests[i].need_kib, known ? i + 2 : 0);
        assert_true(!known || report_interval_vcpu(&t.report, i)->run_pct > 0);
    }
    pthread_mutex_lock(&t.world.mutex);
    t.world.n_guests = 1;
    pthread_mutex_unlock(&t.world.mutex);
    pass(&t, 1);
    assert_int_equal(t.report.snapshot.n_guests, 1);
    assert_non_null(report_plan_vcpu(&t.report, 0));
    finish(&t);
}

static void the_log_counts_on_and_keeps_the_last_lines(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    for (int i = 0; i < 30; i++)
        pass(&t, 120); /* two lines a decision: 600 in all */
    assert_int_equal(t.report.n_log, REPORT_LOG_KEPT);
    assert_int_equal(t.report.log[t.report.n_log - 1].serial, 600);
    for (int i = 1; i < t.report.n_log; i++)
        assert_true(t.report.log[i].serial == t.report.log[i - 1].serial + 1);
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_decision_comes_one_interval_after_the_first_sample),
        cmocka_unit_test(decisions_keep_to_multiples_of_the_interval),
        cmocka_unit_test(a_late_decision_causes_no_burst),
        cmocka_unit_test(finer_samples_do_not_change_what_is_decided),
        cmocka_unit_test(a_pause_goes_on_measuring_and_previews),
        cmocka_unit_test(a_step_decides_once_and_stays_paused),
        cmocka_unit_test(a_step_waits_until_something_was_measured),
        cmocka_unit_test(forcing_does_not_shift_the_clock),
        cmocka_unit_test(a_decision_right_after_a_forced_one_is_left_out),
        cmocka_unit_test(the_interval_changes_at_once),
        cmocka_unit_test(a_dry_run_changes_nothing),
        cmocka_unit_test(a_locked_guest_is_left_alone),
        cmocka_unit_test(patterns_exclude_guests),
        cmocka_unit_test(undo_puts_back_what_the_last_decision_did),
        cmocka_unit_test(undo_puts_sizes_back),
        cmocka_unit_test(what_was_done_to_a_guest_is_remembered),
        cmocka_unit_test(a_refused_action_is_told),
        cmocka_unit_test(a_failing_sample_is_told_and_the_loop_goes_on),
        cmocka_unit_test(a_lost_connection_comes_back),
        cmocka_unit_test(a_moment_after_an_outage_is_no_ground_for_a_decision),
        cmocka_unit_test(attempts_to_connect_become_rarer),
        cmocka_unit_test(without_a_hypervisor_a_counted_run_fails),
        cmocka_unit_test(a_counted_run_ends_by_itself),
        cmocka_unit_test(decisions_wait_in_line_and_samples_overwrite),
        cmocka_unit_test(a_face_that_stalls_loses_the_oldest_decisions_only),
        cmocka_unit_test(the_fd_tells_whether_there_is_something),
        cmocka_unit_test(a_hung_call_is_named_and_commands_still_go_in),
        cmocka_unit_test(a_hung_call_is_broken_off_at_the_end),
        cmocka_unit_test(a_call_that_hangs_on_is_left_behind),
        cmocka_unit_test(what_was_found_is_put_back_at_the_end_if_wanted),
        cmocka_unit_test(figures_follow_guests_that_move_in_the_list),
        cmocka_unit_test(the_log_counts_on_and_keeps_the_last_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
