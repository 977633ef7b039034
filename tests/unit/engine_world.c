#include "tests/unit/engine_world.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t world_clock(void *context)
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
    result = w->refused_guest == 0 || w->refused_guest == guest + 1 ? w->refuse_apply : 0;
    if (result == -ENOTCONN)
        w->connected = false;
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

static bool host_alarmed(struct host *h)
{
    struct world *w = world_of(h);
    bool alarmed;

    pthread_mutex_lock(&w->mutex);
    alarmed = w->alarmed;
    w->alarmed = false;
    pthread_mutex_unlock(&w->mutex);
    return alarmed;
}

static int host_reachable(const struct host *h)
{
    struct world *w = world_of((struct host *)(uintptr_t)h);
    int reachable;

    pthread_mutex_lock(&w->mutex);
    reachable = w->tells_reachable ? w->up : -1;
    pthread_mutex_unlock(&w->mutex);
    return reachable;
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

static void host_set_sampling(struct host *h, double seconds)
{
    struct world *w = world_of(h);

    pthread_mutex_lock(&w->mutex);
    w->sample_s = seconds;
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

static bool host_trouble(const struct host *h, char *text, size_t size)
{
    const struct world *w = world_of(h);

    if (w->trouble)
        snprintf(text, size, "%s", w->trouble);
    return w->trouble != NULL;
}

static bool host_remark(struct host *h, char *text, size_t size)
{
    struct world *w = world_of(h);
    bool has;

    pthread_mutex_lock(&w->mutex);
    has = w->remark != NULL;
    if (has)
        snprintf(text, size, "%s", w->remark);
    w->remark = NULL;
    pthread_mutex_unlock(&w->mutex);
    return has;
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
    .alarmed = host_alarmed,
    .reachable = host_reachable,
    .wake = host_wake,
    .interrupt = host_interrupt,
    .measure_only = host_measure_only,
    .set_sampling = host_set_sampling,
    .remark = host_remark,
    .trouble = host_trouble,
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

static int took_in(struct world *w, enum call_kind kind, const struct snapshot *before, const struct snapshot *now,
                   const struct rates *r)
{
    struct call *c;

    pthread_mutex_lock(&w->mutex);
    c = add_call(w, kind);
    c->before_ns = before ? before->taken_ns : 0;
    c->now_ns = now->taken_ns;
    c->rates_fit = !before || r->seconds == (double)(now->taken_ns - before->taken_ns) / 1e9;
    pthread_mutex_unlock(&w->mutex);
    return 0;
}

static int policy_sample(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    return took_in(state, SAMPLE, before, now, r);
}

static int policy_learn(void *state, const struct snapshot *before, const struct snapshot *now, const struct rates *r)
{
    return took_in(state, LEARN, before, now, r);
}

/* Moves the guest on by one pCPU, or gives it 1 MiB more. */
static void plan_for(const struct world *w, const struct snapshot *now, int guest, struct plan *out)
{
    struct plan_action *a = plan_add_action(out, w->memory ? PLAN_SET_MEMORY : PLAN_PIN, now, guest);
    const struct snapshot_vcpu *v = &now->vcpus[now->guests[guest].first_vcpu];
    uint64_t mask;

    a->from_cpu = v->cpu;
    a->to_cpu = (v->cpu + 1) % 4;
    mask = (uint64_t)1 << a->to_cpu;
    a->from_mask = plan_add_mask(out, snapshot_mask(now, v->affinity));
    a->to_mask = plan_add_mask(out, &mask);
    if (w->memory) {
        a->from_kib = now->guests[guest].memory.size_kib;
        a->to_kib = a->from_kib + 1024;
    }
    strcpy(a->reason, "because");
}

/* Does something for the first guest that may be touched, or for all of them. */
static int policy_plan(const void *state, const struct snapshot *now, const struct rates *r,
                       const struct policy_request *request, struct plan *out)
{
    struct world *w = (struct world *)state;
    struct call *c;
    int result;

    (void)r;
    pthread_mutex_lock(&w->mutex);
    c = add_call(w, PLAN);
    c->force = request->force;
    c->interval_s = request->interval_s;
    c->until_s = request->until_decision_s;
    for (int i = 0; i < now->n_guests; i++)
        out->guests[i].need_kib = (uint64_t)now->guests[i].id;
    for (int guest = 0; w->act && guest < now->n_guests && (w->act_all || out->n_actions == 0); guest++)
        if (now->guests[guest].leave_alone == SNAPSHOT_LEAVE_NO)
            plan_for(w, now, guest, out);
    snprintf(out->summary, sizeof(out->summary), "%s", out->n_actions > 0 ? "acts" : "rests");
    out->learning = false;
    out->has_balance = w->balance;
    out->sd_now = 30;
    out->sd_expected = 5;
    out->sd_observed = 7;
    if (w->note)
        assert_int_equal(plan_add_note(out, now, 0, now->guests[0].name, "cools down for %d %s", w->n_calls, w->note),
                         0);
    result = w->refuse_plan;
    pthread_mutex_unlock(&w->mutex);
    return result;
}

/* Gives the first guest 1 MiB more. */
static int policy_early(const void *state, const struct snapshot *now, const struct rates *r,
                        const struct policy_request *request, struct plan *out)
{
    struct world *w = (struct world *)state;
    struct call *c;
    int result;

    (void)r;
    pthread_mutex_lock(&w->mutex);
    c = add_call(w, EARLY);
    c->interval_s = request->interval_s;
    c->until_s = request->until_decision_s;
    if (w->urgent && now->guests[0].memory.size_kib < w->urgent_kib) {
        struct plan_action *a = plan_add_action(out, PLAN_SET_MEMORY, now, 0);

        a->from_kib = now->guests[0].memory.size_kib;
        a->to_kib = a->from_kib + 1024;
        strcpy(a->reason, "can't wait");
    }
    strcpy(out->summary, out->n_actions > 0 ? "grants" : "nothing is urgent");
    result = w->refuse_plan;
    pthread_mutex_unlock(&w->mutex);
    return result;
}

static void policy_applied(void *state, const struct snapshot *now, const struct plan *done)
{
    struct world *w = state;
    struct call *c;

    (void)now;
    pthread_mutex_lock(&w->mutex);
    c = add_call(w, APPLIED);
    c->changes = done->n_actions > 0;
    for (int i = 0; i < done->n_actions && i < 8; i++)
        c->results[i] = done->actions[i].result;
    pthread_mutex_unlock(&w->mutex);
}

static const struct policy_ops policy = {
    .create = policy_create,
    .destroy = policy_destroy,
    .sample = policy_sample,
    .learn = policy_learn,
    .plan = policy_plan,
    .early = policy_early,
    .applied = policy_applied,
};

/* ---- driving it ---- */

static void deadline(struct timespec *t)
{
    clock_gettime(CLOCK_REALTIME, t);
    t->tv_sec += WORLD_PATIENCE_S;
}

void world_settle(struct test *t)
{
    struct world *w = t->world;
    struct timespec until;

    deadline(&until);
    pthread_mutex_lock(&w->mutex);
    while (!w->closed && !w->hanging && (!w->idling || w->woken || w->budget_ns > 0))
        if (pthread_cond_timedwait(&w->changed, &w->mutex, &until) == ETIMEDOUT)
            fail_msg("the loop does not come to rest");
    pthread_mutex_unlock(&w->mutex);
}

void world_take(struct test *t)
{
    while (engine_take(t->engine, &t->report) == 1) {
        t->reports++;
        if (t->report.early) {
            t->earlies++;
            assert_int_equal(report_copy(&t->early, &t->report), 0);
        }
        if (!t->report.decision)
            continue;
        t->decisions++;
        assert_int_equal(report_copy(&t->decided, &t->report), 0);
    }
}

void world_pass(struct test *t, double seconds)
{
    struct world *w = t->world;

    pthread_mutex_lock(&w->mutex);
    w->budget_ns += (uint64_t)(seconds * 1e9);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    world_settle(t);
    world_take(t);
}

void world_jump(struct test *t, double seconds)
{
    struct world *w = t->world;

    pthread_mutex_lock(&w->mutex);
    w->now_ns += (uint64_t)(seconds * 1e9);
    w->woken = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    world_settle(t);
    world_take(t);
}

uint64_t world_send_value(struct test *t, enum engine_command_kind kind, double value)
{
    struct engine_command c = {.kind = kind, .value = value};
    uint64_t number = engine_send(t->engine, &c);

    world_settle(t);
    world_take(t);
    return number;
}

void world_send_lock(struct test *t, int guest)
{
    struct engine_command c = {.kind = ENGINE_LOCK, .value = -1};

    memset(c.uuid, guest + 1, sizeof(c.uuid));
    engine_send(t->engine, &c);
    world_settle(t);
    world_take(t);
}

/* All of them, to the program's end: tests also look at those whose loop is over. */
static struct world *worlds;

void world_prepare(struct test *t)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->next = worlds;
    worlds = w;
    memset(t, 0, sizeof(*t));
    t->world = w;
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

struct engine_config world_config_of(struct test *t)
{
    return (struct engine_config){
        .program = REPORT_VCPU_SCHEDULER,
        .policy = &policy,
        .policy_settings = &t->world,
        .host = &t->world->host,
        .interval_s = 12,
        .clock = world_clock,
        .clock_context = t->world,
    };
}

void world_start(struct test *t, const struct engine_config *config)
{
    char error[HOST_ERROR_BYTES] = "";

    t->engine = engine_start(config, error, sizeof(error));
    if (!t->engine)
        fail_msg("%s", error);
    world_settle(t);
    world_take(t);
}

void world_finish(struct test *t)
{
    if (t->engine) {
        assert_int_equal(engine_finish(t->engine, WORLD_PATIENCE_S * 1000), 0);
        engine_free(t->engine);
    }
    assert_int_equal(t->world->closes, 1);
    world_free(t);
}

void world_free(struct test *t)
{
    report_free(&t->report);
    report_free(&t->decided);
    report_free(&t->early);
    pthread_mutex_destroy(&t->world->mutex);
    pthread_cond_destroy(&t->world->changed);
}

void world_begin(struct test *t)
{
    struct engine_config config;

    world_prepare(t);
    config = world_config_of(t);
    world_start(t, &config);
}

int world_wait_for_end(struct test *t, char *error, size_t size)
{
    struct pollfd fd = {.fd = engine_fd(t->engine), .events = POLLIN};
    int status = -1;

    while (!engine_ended(t->engine, &status, error, size)) {
        if (poll(&fd, 1, WORLD_PATIENCE_S * 1000) != 1)
            fail_msg("the loop does not end");
        world_take(t);
    }
    world_take(t);
    return status;
}

bool world_log_has(const struct report *r, enum report_log_kind kind, const char *words)
{
    for (int i = 0; i < r->n_log; i++)
        if (r->log[i].kind == kind && strstr(r->log[i].text, words))
            return true;
    return false;
}

int world_count_calls(struct test *t, enum call_kind kind)
{
    int n = 0;

    pthread_mutex_lock(&t->world->mutex);
    for (int i = 0; i < t->world->n_calls; i++)
        n += t->world->calls[i].kind == kind;
    pthread_mutex_unlock(&t->world->mutex);
    return n;
}

static struct call nth_call(struct test *t, enum call_kind kind, int nth)
{
    struct call found = {0};

    pthread_mutex_lock(&t->world->mutex);
    for (int i = 0; i < t->world->n_calls; i++)
        if (t->world->calls[i].kind == kind && nth-- == 0)
            found = t->world->calls[i];
    pthread_mutex_unlock(&t->world->mutex);
    return found;
}

struct call world_learned(struct test *t, int nth)
{
    struct call found = nth_call(t, LEARN, nth);

    assert_true(found.rates_fit);
    return found;
}

struct call world_sampled(struct test *t, int nth)
{
    struct call found = nth_call(t, SAMPLE, nth);

    assert_true(found.rates_fit);
    return found;
}

struct call world_last(struct test *t, enum call_kind kind)
{
    return nth_call(t, kind, world_count_calls(t, kind) - 1);
}
