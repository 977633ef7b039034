#include "core/engine/engine.h"

#include "core/engine/engine_internal.h"
#include "core/model/clock.h"
#include "core/record/replay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int engine_fd(const struct engine *e)
{
    return e->mailbox.event_fd;
}

int engine_take(struct engine *e, struct report *r)
{
    return mailbox_take(&e->mailbox, r);
}

uint64_t engine_send(struct engine *e, const struct engine_command *command)
{
    return mailbox_send(&e->mailbox, command);
}

double engine_busy(const struct engine *e, char *text, size_t size)
{
    return mailbox_busy(&e->mailbox, text, size);
}

double engine_stuck(const struct engine *e)
{
    return mailbox_stuck(&e->mailbox);
}

bool engine_ended(const struct engine *e, int *status, char *error, size_t size)
{
    return mailbox_ended(&e->mailbox, status, error, size);
}

int engine_finish(struct engine *e, int grace_ms)
{
    return mailbox_finish(&e->mailbox, grace_ms);
}

/* Puts back what was found where that's wanted, and leaves the hypervisor. */
static void leave(struct engine *e)
{
    struct host *h = e->config.host;
    bool cpu = e->config.program == REPORT_VCPU_SCHEDULER;
    char error[HOST_ERROR_BYTES] = "no connection";
    int n = -ENOTCONN;

    if (e->config.restore_on_exit && !e->report.dry_run && !e->config.replay && e->link.ever_up) {
        mailbox_call(&e->mailbox, "putting back what was found");
        if (h->ops->connected(h))
            n = h->ops->restore(h, cpu, !cpu, error, sizeof(error));
        mailbox_returned(&e->mailbox);
        if (n < 0)
            engine_remark(e, 1, "what was found is not put back (--restore does it later): %.180s", error);
        else
            engine_end(e, 0, "%s put back as found: %d", cpu ? "affinities" : "balloon sizes", n);
    }
    mailbox_call(&e->mailbox, "leaving the hypervisor");
    mailbox_forget_host(&e->mailbox);
    h->ops->close(h);
    mailbox_returned(&e->mailbox);
}

static void *run(void *context)
{
    struct engine *e = context;

    if (e->config.attached)
        engine_run_attached(e);
    else if (e->config.replay)
        engine_run_replay(e);
    else
        engine_run_live(e);
    e->report.state = REPORT_ENDED;
    leave(e);
    engine_publish(e, ENGINE_SAMPLE);
    mailbox_end(&e->mailbox);
    return NULL;
}

static void free_all(struct engine *e)
{
    if (e->policy)
        e->config.policy->destroy(e->policy);
    report_free(&e->report);
    report_free(&e->spare);
    report_free(&e->attached.incoming);
    snapshot_free(&e->samples.fresh);
    snapshot_free(&e->samples.sampled);
    snapshot_free(&e->samples.base);
    snapshot_free(&e->learned.snapshot);
    plan_free(&e->early.plan);
    plan_free(&e->early.told);
    plan_free(&e->noted);
    undo_free(&e->undo);
    last_actions_free(&e->last_actions);
    guest_choice_free(&e->choice);
    mailbox_free(&e->mailbox);
    free(e);
}

/* The loop's thread takes no signals: those are the face's. */
static int start_thread(struct engine *e)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&e->thread, NULL, run, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* What is so before the loop begins. */
static void prepare(struct engine *e)
{
    const struct engine_config *c = &e->config;
    struct report *r = &e->report;
    double retry_s = c->retry_s > 0 ? c->retry_s : ENGINE_RETRY_S;
    double longest = c->attached || c->program == REPORT_MEMORY_COORDINATOR ? 5 : 30;

    r->program = c->program;
    r->replay = c->replay;
    r->speed = c->replay ? replay_speed(c->host) : 1;
    r->dry_run = c->dry_run;
    snprintf(r->snapshot.uri, sizeof(r->snapshot.uri), "%s", c->uri ? c->uri : "");
    retry_init(&e->link.retry, retry_s, longest * retry_s, clock_monotonic_ns());
    e->link.reachable = -1;
    e->intent.watched[ENGINE_FACE] = c->watch;
    e->choice.only = c->only;
    e->choice.exclude = c->exclude;
    if (c->once)
        e->config.iterations = 1;
    engine_set_interval(e, c->interval_s);
}

struct engine *engine_start(const struct engine_config *config, char *error, size_t size)
{
    struct host *h = config->host;
    struct engine *e = calloc(1, sizeof(*e));
    const char *why = "out of memory";
    int code;

    if (e) {
        e->config = *config;
        code = mailbox_init(&e->mailbox, h);
        if (code)
            why = strerror(-code); /* as a rule: no file descriptor is left */
        prepare(e);
        e->policy = config->attached ? NULL : config->policy->create(config->policy_settings);
        if ((e->policy || config->attached) && !code) {
            code = start_thread(e);
            if (!code)
                return e;
            why = strerror(code);
        }
        free_all(e);
    }
    snprintf(error, size, "cannot start: %s", why);
    h->ops->close(h);
    return NULL;
}

void engine_free(struct engine *e)
{
    pthread_join(e->thread, NULL);
    free_all(e);
}
