#include "core/engine/engine_internal.h"

#include "core/model/clock.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Where nothing can be changed, each decision says so before what it would have been. */
static void tell_trouble(const struct engine *e, struct plan *p)
{
    const struct host *h = e->config.host;
    char rest[sizeof(p->summary)], why[HOST_ERROR_BYTES];

    if (!h->ops->trouble || !h->ops->trouble(h, why, sizeof(why)))
        return;
    snprintf(rest, sizeof(rest), "%s", p->summary);
    rest[strcspn(rest, ";")] = '\0'; /* without its figures, which the line has, too */
    snprintf(p->summary, sizeof(p->summary), "nothing can be changed: %.120s; %.90s", why, rest);
}

bool engine_plan(struct engine *e, const struct snapshot *s, enum engine_plan_kind kind, struct plan *p)
{
    const struct policy_ops *policy = e->config.policy;
    const struct report *r = &e->report;
    bool early = kind == ENGINE_PLAN_EARLY, force = kind == ENGINE_PLAN_FORCED;
    struct policy_request request = {
        .force = force, .interval_s = r->interval_s, .until_decision_s = e->samples.until_decision_s};
    int error;

    plan_reset(p, s->cpu_limit);
    error = plan_size_for(p, s);
    if (!error)
        error = early ? policy->early(e->policy, s, &r->live, &request, p)
                      : policy->plan(e->policy, s, &r->interval, &request, p);
    if (error && error != -ENOMEM) {
        plan_reset(p, s->cpu_limit);
        snprintf(p->summary, sizeof(p->summary), "nothing decided: these figures can't be planned with (%s)",
                 strerror(-error));
        error = plan_size_for(p, s);
    }
    if (error) {
        engine_fail(e, error);
        return false;
    }
    p->decided_ns = s->taken_ns;
    p->forced = force;
    p->early = early;
    tell_trouble(e, p);
    return true;
}

void engine_preview(struct engine *e, bool record)
{
    struct report *r = &e->report;

    e->dirty = true;
    r->has_preview = false;
    /* Guests have come or gone since: the figures learned last don't fit; the interval's end brings new ones. */
    if (e->learned.any && align_same_layout(&e->learned.snapshot, &r->snapshot))
        r->has_preview = engine_plan(e, &e->learned.snapshot, ENGINE_PLAN_USUAL, &r->preview);
    if (r->has_preview && record && !e->config.replay)
        engine_record(e, RECORD_DECISION, &r->preview);
}

bool engine_ask(struct engine *e, struct plan *out)
{
    return e->learned.any && align_same_layout(&e->learned.snapshot, &e->report.snapshot) &&
           engine_plan(e, &e->learned.snapshot, ENGINE_PLAN_FORCED, out);
}

static void count_result(struct report_counters *c, enum plan_result result)
{
    if (result == PLAN_DONE)
        c->actions_done++;
    else if (result == PLAN_FAILED)
        c->actions_failed++;
    else if (result == PLAN_SKIPPED)
        c->actions_skipped++;
}

/* Was the action recorded, its result is what came of it then. */
static void replay_result(const struct plan *p, struct plan_action *a, const struct plan *recorded)
{
    a->result = PLAN_DRY_RUN;
    for (int i = 0; recorded && i < recorded->n_actions; i++) {
        const struct plan_action *old = &recorded->actions[i];

        if (old->kind != a->kind || !snapshot_same_guest(old->uuid, old->id, a->uuid, a->id) || old->vcpu != a->vcpu ||
            old->to_kib != a->to_kib || (a->to_mask < 0) != (old->to_mask < 0) ||
            (a->to_mask >= 0 && (p->cpu_limit != recorded->cpu_limit ||
                                 !cpumask_equal(plan_mask(p, a->to_mask), plan_mask(recorded, old->to_mask),
                                                cpumask_words(p->cpu_limit)))))
            continue;
        a->result = old->result;
        memcpy(a->error, old->error, sizeof(a->error));
    }
}

/* 0, or -ENOTCONN: the connection is gone. Everything else is in the action's result. */
static int carry_out(struct engine *e, struct plan *p, struct plan_action *a)
{
    struct host *h = e->config.host;
    int error;

    if (e->config.replay) {
        replay_result(p, a, e->replayed.recorded);
        return 0;
    }
    if (e->report.dry_run) {
        a->result = PLAN_DRY_RUN;
        return 0;
    }
    mailbox_call(&e->mailbox, a->kind == PLAN_PIN ? "pinning a vCPU" : "setting a balloon");
    error = h->ops->apply(h, p, a);
    mailbox_returned(&e->mailbox);
    if (error == -ENOTCONN)
        return error;
    if (error) {
        a->result = PLAN_FAILED;
        if (a->error[0] == '\0')
            snprintf(a->error, sizeof(a->error), "%s", strerror(-error));
    }
    return 0;
}

int engine_apply(struct engine *e, struct plan *p)
{
    int done = 0;

    for (int i = 0; i < p->n_actions && !mailbox_stopping(&e->mailbox); i++) {
        struct plan_action *a = &p->actions[i];

        if (carry_out(e, p, a)) {
            engine_lost(e, a->error);
            break;
        }
        count_result(&e->report.counters, a->result);
        if (a->result != PLAN_DONE)
            continue;
        last_actions_keep(&e->last_actions, p, a, &e->report.snapshot);
        done++;
    }
    if (done > 0 && undo_keep(&e->undo, p))
        engine_fail(e, -ENOMEM);
    return done;
}

void engine_tell_policy(struct engine *e, const struct plan *plan)
{
    struct report *r = &e->report;
    const struct plan *done = e->config.replay ? e->replayed.recorded : plan;
    bool tried = false;

    if (!done || (r->dry_run && !e->config.replay))
        return;
    for (int i = 0; i < done->n_actions; i++)
        if (done->actions[i].result != PLAN_PENDING && done->actions[i].result != PLAN_DRY_RUN)
            tried = true;
    if (tried || done->n_actions == 0)
        e->config.policy->applied(e->policy, &r->snapshot, done);
}

/* Keeps apart what the last moves promised and what came of them: later plans speak of other figures. */
static void follow_moves(struct engine *e)
{
    struct report_moves *m = &e->report.moves;
    const struct plan *p = &e->report.plan;

    if (!p->has_balance)
        return;
    if (m->decided_ns > 0 && m->sd_got < 0)
        m->sd_got = p->sd_observed;
    for (int i = 0; i < p->n_actions; i++)
        if (p->actions[i].result == PLAN_DONE)
            *m = (struct report_moves){p->decided_ns, p->sd_now, p->sd_expected, -1};
}

/* What comes after a plan was carried out, whoever made it. */
static void finish_decision(struct engine *e, enum record_kind kind, int done)
{
    struct report *r = &e->report;

    engine_tell_policy(e, &r->plan);
    if (e->config.host->ops->calls)
        engine_count_calls(e);
    r->counters.decisions++;
    plan_reset(&e->early.told, 1);
    follow_moves(e);
    r->counters.balanced_for = r->plan.n_actions > 0 || r->plan.learning ? 0 : r->counters.balanced_for + 1;
    if (done > 0)
        r->has_preview = false; /* made for what was before */
    engine_guests(e);
    engine_log_plan(e, &r->plan);
    engine_record(e, kind, &r->plan);
    if (e->config.iterations > 0 && r->counters.decisions >= (uint64_t)e->config.iterations)
        engine_end(e, 0, "%s", "");
    engine_publish(e, ENGINE_DECISION);
    r->counters.calls_interval = 0;
}

void engine_decide(struct engine *e, bool force)
{
    struct plan *p = &e->report.plan;
    uint64_t began_ns = clock_monotonic_ns();
    bool made = engine_plan(e, &e->report.snapshot, force ? ENGINE_PLAN_FORCED : ENGINE_PLAN_USUAL, p);

    report_times_add(&e->report.times, (double)(clock_monotonic_ns() - began_ns) / 1e9);
    if (made)
        finish_decision(e, RECORD_DECISION, engine_apply(e, p));
}

void engine_undo(struct engine *e)
{
    struct plan *p = &e->report.plan;
    int done;

    if (undo_plan(&e->undo, &e->report.snapshot, p)) {
        engine_fail(e, -ENOMEM);
        return;
    }
    e->intent.paused = true;
    engine_set_state(e);
    done = engine_apply(e, p);
    e->undo.possible = false; /* an undo isn't undone */
    finish_decision(e, RECORD_UNDO, done);
}

void engine_replay_undo(struct engine *e, const struct plan *undo)
{
    if (plan_copy(&e->report.plan, undo)) {
        engine_fail(e, -ENOMEM);
        return;
    }
    e->replayed.recorded = undo;
    finish_decision(e, RECORD_UNDO, engine_apply(e, &e->report.plan));
    e->replayed.recorded = NULL;
}
