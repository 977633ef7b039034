#include "core/engine/engine_internal.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool matches(char *const *patterns, const char *name)
{
    for (; *patterns; patterns++)
        if (fnmatch(*patterns, name, 0) == 0)
            return true;
    return false;
}

void engine_mark(const struct engine *e, struct snapshot *s)
{
    for (int i = 0; i < s->n_guests; i++) {
        struct snapshot_guest *g = &s->guests[i];

        /* The host's own reasons stand, and a recording's. */
        if (g->leave_alone == SNAPSHOT_LEAVE_METADATA || g->leave_alone == SNAPSHOT_LEAVE_STALE ||
            g->leave_alone == SNAPSHOT_LEAVE_UNREADABLE || (e->config.replay && g->leave_alone != SNAPSHOT_LEAVE_NO))
            continue;
        if (engine_is_locked(e, g->uuid))
            g->leave_alone = SNAPSHOT_LEAVE_LOCKED;
        else if ((e->config.only && !matches(e->config.only, g->name)) ||
                 (e->config.exclude && matches(e->config.exclude, g->name)))
            g->leave_alone = SNAPSHOT_LEAVE_EXCLUDED;
        else
            g->leave_alone = SNAPSHOT_LEAVE_NO;
    }
}

static void out_of_memory(struct engine *e)
{
    engine_end(e, 1, "out of memory");
}

static void swap_snapshots(struct snapshot *a, struct snapshot *b)
{
    struct snapshot held = *a;

    *a = *b;
    *b = held;
}

/* The least time over which figures between samples are measured: run times come in steps of 10 ms. */
static uint64_t apart_least_ns(const struct engine *e)
{
    return (e->sample_ns < 1000000000u ? e->sample_ns : 1000000000u) / 2;
}

/* In whole milliseconds, as what is decided by it must come out the same from a recording. */
static void set_until_decision(struct engine *e)
{
    uint64_t now = engine_now_ns(e);
    double s = e->next_decision_ns > now ? round((double)(e->next_decision_ns - now) / 1e6) / 1e3 : 0;

    e->until_decision_s = fmin(s, e->report.interval_s);
}

/* Live figures, and what the policy takes in: what happened since the sample before. One that comes too soon after it
 * is measured from the one before that, and the policy gets to know its time with the next one. */
static int measure(struct engine *e)
{
    struct report *r = &e->report;
    const struct policy_ops *policy = e->config.policy;
    const struct snapshot *before = e->has_sampled ? &e->sampled : NULL;

    if (before && r->snapshot.taken_ns < before->taken_ns + apart_least_ns(e))
        return rates_between(&r->live, e->has_base ? &e->base : NULL, &r->snapshot);
    if (rates_between(&r->live, before, &r->snapshot) ||
        (policy->sample && policy->sample(e->policy, before, &r->snapshot, &r->live)))
        return -ENOMEM;
    swap_snapshots(&e->base, &e->sampled);
    e->has_base = e->has_sampled;
    e->has_sampled = true;
    return snapshot_copy(&e->sampled, &r->snapshot);
}

/* The fresh snapshot becomes the report's; all that lies beside guests moves with them. */
static int take_in(struct engine *e)
{
    struct report *r = &e->report;
    const struct snapshot *old = &r->snapshot;

    if (r->snapshot.n_pcpus > 0 && !engine_same_layout(old, &e->fresh) &&
        (engine_align_rates(&r->interval, old, &e->fresh) || engine_align_plan(&r->plan, old, &e->fresh) ||
         (r->has_preview && engine_align_plan(&r->preview, old, &e->fresh))))
        return -ENOMEM;
    swap_snapshots(&r->snapshot, &e->fresh);
    return measure(e);
}

/* Calls so far; where the host doesn't count them, those that its samples told of. */
static void count_calls(struct engine *e)
{
    struct host *h = e->config.host;
    struct report *r = &e->report;
    uint64_t calls = h->ops->calls ? h->ops->calls(h) : r->counters.calls + r->snapshot.calls;

    r->counters.calls_interval += (unsigned)(calls - r->counters.calls);
    r->counters.calls = calls;
}

/* What the host has to tell of itself. */
static void log_remarks(struct engine *e)
{
    struct host *h = e->config.host;
    char text[HOST_ERROR_BYTES];

    while (h->ops->remark && h->ops->remark(h, text, sizeof(text)))
        engine_log(e, REPORT_LOG_EVENT, "%s", text);
}

int engine_sample(struct engine *e, bool full)
{
    struct host *h = e->config.host;
    struct report *r = &e->report;
    char error[HOST_ERROR_BYTES] = "";
    int result;

    engine_call(e, "reading the guests");
    result = h->ops->sample(h, &e->fresh, full, error, sizeof(error));
    engine_returned(e);
    if (result == -ENOTCONN) {
        engine_lost(e, error);
    } else if (result == -ENODATA) {
        engine_end(e, 0, "%s", "");
    } else if (result) {
        const struct report_log *last = r->n_log > 0 ? &r->log[r->n_log - 1] : NULL;
        char text[sizeof(last->text)];

        snprintf(text, sizeof(text), "the guests could not be read: %s", error);
        if (full || !last || strcmp(last->text, text) != 0)
            engine_log(e, REPORT_LOG_ERROR, "%s", text);
    }
    if (result)
        return result;
    if (e->config.replay)
        engine_replay_line(e);
    else
        set_until_decision(e);
    engine_mark(e, &e->fresh);
    if (take_in(e)) {
        out_of_memory(e);
        return -ENOMEM;
    }
    r->counters.samples++;
    count_calls(e);
    log_remarks(e);
    engine_guests(e);
    e->was_up = true;
    e->dirty = true;
    e->unrecorded = true;
    return 0;
}

void engine_begin_interval(struct engine *e)
{
    e->learned_ns = engine_now_ns(e);
    e->has_learned = true;
    if (snapshot_copy(&e->learned, &e->report.snapshot))
        out_of_memory(e);
}

bool engine_learn(struct engine *e)
{
    struct report *r = &e->report;
    const struct snapshot *before = e->has_learned ? &e->learned : NULL;

    if (rates_between(&r->interval, before, &r->snapshot) ||
        e->config.policy->learn(e->policy, before, &r->snapshot, &r->interval)) {
        out_of_memory(e);
        return false;
    }
    engine_begin_interval(e);
    return !e->over;
}

static bool make_plan(struct engine *e, const struct snapshot *s, bool force, struct plan *p)
{
    struct policy_request request = {
        .force = force, .interval_s = e->report.interval_s, .until_decision_s = e->until_decision_s};

    plan_reset(p, s->cpu_limit);
    if (plan_size_for(p, s) || e->config.policy->plan(e->policy, s, &e->report.interval, &request, p)) {
        out_of_memory(e);
        return false;
    }
    p->decided_ns = s->taken_ns;
    p->forced = force;
    return true;
}

static bool make_early_plan(struct engine *e, struct plan *p)
{
    const struct report *r = &e->report;
    struct policy_request request = {.interval_s = r->interval_s, .until_decision_s = e->until_decision_s};

    plan_reset(p, r->snapshot.cpu_limit);
    if (plan_size_for(p, &r->snapshot) || e->config.policy->early(e->policy, &r->snapshot, &r->live, &request, p)) {
        out_of_memory(e);
        return false;
    }
    p->decided_ns = r->snapshot.taken_ns;
    p->early = true;
    return true;
}

void engine_record(struct engine *e, enum record_kind kind, const struct plan *plan)
{
    const struct record_line line = {.kind = kind,
                                     .snapshot = &e->report.snapshot,
                                     .plan = plan,
                                     .interval_s = e->report.interval_s,
                                     .until_decision_s = e->until_decision_s};
    char error[HOST_ERROR_BYTES] = "";
    /* An undo stands for itself, whatever sample it came after. */
    bool wanted = e->unrecorded || kind == RECORD_UNDO;

    e->unrecorded = false;
    if (e->config.record && wanted && record_write(e->config.record, &line, error, sizeof(error)))
        engine_log(e, REPORT_LOG_ERROR, "recording stops: %s", error);
}

static void make_preview(struct engine *e)
{
    struct report *r = &e->report;

    e->dirty = true;
    r->has_preview = false;
    /* Guests have come or gone since: the figures learned last don't fit; the interval's end brings new ones. */
    if (e->has_learned && engine_same_layout(&e->learned, &r->snapshot))
        r->has_preview = make_plan(e, &e->learned, false, &r->preview);
}

void engine_preview(struct engine *e)
{
    struct report *r = &e->report;

    make_preview(e);
    /* A recording has it as a decision that wasn't carried out, so that a replay learns at the same moments. */
    if (r->has_preview && !e->config.replay)
        engine_record(e, RECORD_DECISION, &r->preview);
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
        replay_result(p, a, e->recorded);
        return 0;
    }
    if (e->report.dry_run) {
        a->result = PLAN_DRY_RUN;
        return 0;
    }
    engine_call(e, a->kind == PLAN_PIN ? "pinning a vCPU" : "setting a balloon");
    error = h->ops->apply(h, p, a);
    engine_returned(e);
    if (error == -ENOTCONN)
        return error;
    if (error) {
        a->result = PLAN_FAILED;
        if (a->error[0] == '\0')
            snprintf(a->error, sizeof(a->error), "%s", strerror(-error));
    }
    return 0;
}

/* Carries the plan out, or as much of it as the connection and the operator let it. Returns how many were done. */
static int apply(struct engine *e, struct plan *p)
{
    int done = 0;

    for (int i = 0; i < p->n_actions && !engine_stopping(e); i++) {
        struct plan_action *a = &p->actions[i];

        if (carry_out(e, p, a)) {
            engine_lost(e, a->error);
            break;
        }
        count_result(&e->report.counters, a->result);
        if (a->result != PLAN_DONE)
            continue;
        engine_remember(e, p, a);
        done++;
    }
    return done;
}

/* The policy is told what came of the plan; in a replay, what came of the recorded one, as its effects are there. */
static void tell_policy(struct engine *e, const struct plan *plan)
{
    struct report *r = &e->report;
    const struct plan *done = e->config.replay ? e->recorded : plan;
    bool tried = false;

    if (!done || (r->dry_run && !e->config.replay))
        return;
    for (int i = 0; i < done->n_actions; i++)
        if (done->actions[i].result != PLAN_PENDING && done->actions[i].result != PLAN_DRY_RUN)
            tried = true;
    if (tried || done->n_actions == 0)
        e->config.policy->applied(e->policy, &r->snapshot, done);
}

/* What comes after a plan was carried out, whoever made it. */
static void finish_decision(struct engine *e, enum record_kind kind, int done)
{
    struct report *r = &e->report;

    tell_policy(e, &r->plan);
    if (e->config.host->ops->calls)
        count_calls(e);
    r->counters.decisions++;
    plan_reset(&e->early_told, 1);
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

/* What was done can be undone. False: the loop is over. */
static bool keep_for_undo(struct engine *e, const struct plan *p, int done)
{
    if (done == 0)
        return true;
    if (plan_copy(&e->undo, p)) {
        out_of_memory(e);
        return false;
    }
    return e->has_undo = true;
}

void engine_decide(struct engine *e, bool force)
{
    struct plan *p = &e->report.plan;
    int done;

    if (!make_plan(e, &e->report.snapshot, force, p))
        return;
    done = apply(e, p);
    if (keep_for_undo(e, p, done))
        finish_decision(e, RECORD_DECISION, done);
}

static bool has_action_for(const struct plan *p, const struct plan_action *a)
{
    for (int i = 0; i < p->n_actions; i++)
        if (snapshot_same_guest(p->actions[i].uuid, p->actions[i].id, a->uuid, a->id))
            return true;
    return false;
}

/* What isn't carried out would come again with each sample: once for each guest and interval is enough. */
static bool is_news(struct engine *e, const struct plan *p)
{
    bool news = false, carried_out = false;

    for (int i = 0; i < p->n_actions; i++) {
        carried_out = carried_out || p->actions[i].result != PLAN_DRY_RUN;
        news = news || !has_action_for(&e->early_told, &p->actions[i]);
    }
    if (carried_out || !news)
        return carried_out;
    if (plan_copy(&e->early_told, p))
        plan_reset(&e->early_told, 1); /* then it's told once more */
    return true;
}

/* What comes after an early plan was carried out, or would have been. */
static void finish_early(struct engine *e, int done)
{
    struct report *r = &e->report;

    tell_policy(e, &e->early);
    if (e->config.host->ops->calls)
        count_calls(e);
    if (!is_news(e, &e->early))
        return;
    if (plan_copy(&r->early_plan, &e->early)) {
        out_of_memory(e);
        return;
    }
    r->counters.early++;
    r->counters.balanced_for = 0;
    if (done > 0)
        r->has_preview = false;
    engine_guests(e);
    engine_log_plan(e, &r->early_plan);
    engine_record(e, RECORD_EARLY, &r->early_plan);
    engine_publish(e, ENGINE_EARLY);
}

/* Paused: what can't wait stands in the preview for as long as that is so. */
static void preview_early(struct engine *e)
{
    struct report *r = &e->report;
    bool shown = r->has_preview && r->preview.early;

    if (e->early.n_actions > 0) {
        if (plan_copy(&r->preview, &e->early))
            out_of_memory(e);
        r->has_preview = !e->over;
    } else if (shown) {
        make_preview(e);
    }
}

void engine_early(struct engine *e)
{
    int done;

    if (!e->config.policy->early || !e->has_learned || !make_early_plan(e, &e->early))
        return;
    if (e->paused && !e->config.replay) {
        preview_early(e);
        return;
    }
    if (e->early.n_actions == 0 && !e->recorded)
        return;
    done = apply(e, &e->early);
    if (keep_for_undo(e, &e->early, done))
        finish_early(e, done);
}

/* The action that takes back `done`, into p; false where that can't be told. */
static bool invert(struct plan *p, const struct plan *old, const struct plan_action *done)
{
    const struct snapshot *s = NULL;
    struct snapshot_guest guest = {.id = done->id};
    struct snapshot one = {.guests = &guest, .n_guests = 1};
    struct plan_action *a;

    if (done->result != PLAN_DONE || (done->kind == PLAN_PIN && done->from_mask < 0))
        return false;
    memcpy(guest.uuid, done->uuid, sizeof(guest.uuid));
    memcpy(guest.name, done->name, sizeof(guest.name));
    s = &one;
    a = plan_add_action(p, done->kind, s, 0);
    if (!a)
        return false;
    a->vcpu = done->vcpu;
    a->from_cpu = done->to_cpu;
    a->to_cpu = done->from_cpu;
    a->from_kib = done->to_kib;
    a->to_kib = done->from_kib;
    a->gain = -done->gain;
    snprintf(a->reason, sizeof(a->reason), "taken back by the operator");
    if (done->kind == PLAN_PIN) {
        a->from_mask = plan_add_mask(p, plan_mask(old, done->to_mask));
        a->to_mask = plan_add_mask(p, plan_mask(old, done->from_mask));
        a->to_cpu = cpumask_single(plan_mask(old, done->from_mask), cpumask_words(old->cpu_limit));
    }
    return true;
}

void engine_undo(struct engine *e)
{
    struct report *r = &e->report;
    struct plan *p = &r->plan;
    int done, n = 0, asked = 0;

    p->n_actions = p->n_notes = p->n_masks = 0;
    p->forced = p->learning = false;
    if (p->cpu_limit != e->undo.cpu_limit) { /* rows of the old width don't fit */
        plan_reset(p, e->undo.cpu_limit);
        if (plan_size_for(p, &r->snapshot)) {
            out_of_memory(e);
            return;
        }
    }
    p->decided_ns = r->snapshot.taken_ns;
    p->has_balance = e->undo.has_balance;
    p->sd_now = e->undo.sd_expected;
    p->sd_expected = e->undo.sd_now;
    /* Backwards, so that a size or place that was set twice ends where it began. */
    for (int i = e->undo.n_actions - 1; i >= 0; i--) {
        asked += e->undo.actions[i].result == PLAN_DONE;
        n += invert(p, &e->undo, &e->undo.actions[i]);
    }
    snprintf(p->summary, sizeof(p->summary), "undo: takes back %d of the last decision's %d action%s; paused", n, asked,
             asked == 1 ? "" : "s");
    e->has_undo = false;
    e->paused = true;
    r->state = REPORT_PAUSED;
    done = apply(e, p);
    finish_decision(e, RECORD_UNDO, done);
}

void engine_replay_undo(struct engine *e, const struct plan *undo)
{
    if (plan_copy(&e->report.plan, undo)) {
        out_of_memory(e);
        return;
    }
    e->recorded = undo;
    finish_decision(e, RECORD_UNDO, apply(e, &e->report.plan));
    e->recorded = NULL;
}
