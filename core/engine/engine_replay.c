#include "core/engine/engine_internal.h"

#include "core/record/replay.h"

#include <inttypes.h>

static void say_difference(void *context, const char *line)
{
    struct engine *e = context;

    engine_log(e, REPORT_LOG_EVENT, "decision %" PRIu64 " differs: %s", e->report.counters.decisions, line);
}

static void say_early_difference(void *context, const char *line)
{
    struct engine *e = context;

    engine_log(e, REPORT_LOG_EVENT, "early after decision %" PRIu64 " differs: %s", e->report.counters.decisions, line);
}

/* Decides where a decision was recorded, as it was made then: forced, if it was. */
static void decide_again(struct engine *e)
{
    const struct plan *recorded = e->replayed.pending;

    e->replayed.pending = NULL;
    e->replayed.recorded = recorded;
    e->report.has_preview = false;
    engine_decide(e, recorded->forced);
    e->replayed.recorded = NULL;
    if (e->intent.step.wanted) {
        e->intent.step.wanted = false;
        e->intent.paused = true;
        engine_set_state(e);
        engine_answer(e, e->intent.step.command, false, "one step: %s", e->report.plan.summary);
    }
    if (!e->config.compare)
        return;
    e->replayed.compared++;
    if (replay_compare(&e->report.plan, recorded, say_difference, e) > 0)
        e->replayed.differing++;
}

/* The operator of then changed the interval. */
static void follow_interval(struct engine *e, double seconds)
{
    double before = e->replayed.interval_s;

    e->replayed.interval_s = seconds;
    if (before <= 0 || (seconds >= before && seconds <= before))
        return;
    engine_divide_interval(e, seconds);
    engine_log(e, REPORT_LOG_EVENT, "interval %g s, was %g s", seconds, before);
}

void engine_replay_line(struct engine *e)
{
    const struct record_line *line = replay_line(e->config.host);
    double interval_s = line->interval_s, left_s;

    follow_interval(e, interval_s);
    left_s = interval_s - (double)(e->samples.fresh.taken_ns - e->learned.snapshot.taken_ns) / 1e9;
    if (line->until_decision_s > 0)
        left_s = line->until_decision_s;
    else if (line->kind == RECORD_DECISION)
        left_s = interval_s;
    e->samples.until_decision_s = left_s > 0 ? left_s : 0;
    if (line->kind == RECORD_BEGIN) /* after a gap that nobody saw */
        e->samples.has_base = e->samples.has_sampled = false;
}

/* Does early what today's policy would; where something was done early then, the policy is told of that. */
static void early_again(struct engine *e, const struct record_line *line)
{
    static const struct plan nothing = {.cpu_limit = 1};

    e->replayed.recorded = line->kind == RECORD_EARLY ? line->plan : NULL;
    engine_early(e);
    if (e->config.compare && (e->replayed.recorded || e->early.plan.n_actions > 0)) {
        e->replayed.compared++;
        if (replay_compare(&e->early.plan, e->replayed.recorded ? e->replayed.recorded : &nothing, say_early_difference,
                           e) > 0)
            e->replayed.differing++;
    }
    e->replayed.recorded = NULL;
}

/* One sample more, and what came of it then; a decision waits to be made. */
static void next_sample(struct engine *e)
{
    const struct record_line *line = replay_line(e->config.host);

    if (engine_sample(e, true))
        return;
    engine_set_state(e);
    if (!e->link.ever_up) {
        e->link.ever_up = true;
        engine_learn(e);
    } else if (line->kind == RECORD_DECISION && engine_learn(e)) {
        e->replayed.pending = line->plan;
        if (e->intent.paused && !e->intent.step.wanted)
            engine_preview(e, true);
    } else if (line->kind == RECORD_BEGIN) {
        engine_begin_interval(e);
    } else if (line->kind == RECORD_UNDO) {
        engine_replay_undo(e, line->plan);
    } else if (line->kind != RECORD_DECISION) {
        early_again(e, line);
    }
    if (!e->replayed.pending)
        engine_record(e, line->kind == RECORD_BEGIN ? RECORD_BEGIN : RECORD_SAMPLE, NULL);
}

/* The operator wants the best there is for the sample that is being shown. */
static void force(struct engine *e)
{
    e->intent.force.wanted = false;
    if (e->learned.snapshot.taken_ns != e->report.snapshot.taken_ns && !engine_learn(e))
        return;
    engine_decide(e, true);
    engine_answer(e, e->intent.force.command, false, "%s", e->report.plan.summary);
}

/*
 * One thing that is due; otherwise *wait_ms until something is. Paused, what was recorded up to the next decision goes
 * by at once; there time stands still, with that decision learned for and previewed, until it is taken.
 */
static bool iterate(struct engine *e, int *wait_ms)
{
    bool still = e->intent.paused && !e->intent.step.wanted;
    int due_ms = replay_due_ms(e->config.host);

    *wait_ms = 1000;
    if (e->intent.force.wanted && e->link.ever_up) {
        force(e);
    } else if (e->replayed.pending && !still) {
        decide_again(e);
    } else if (e->replayed.pending || (still && due_ms < 0)) {
        return false;
    } else if (e->intent.paused || e->intent.step.wanted || due_ms <= 0) {
        next_sample(e);
    } else {
        *wait_ms = due_ms < 1000 ? due_ms : 1000;
        return false;
    }
    return true;
}

void engine_run_replay(struct engine *e)
{
    struct host *h = e->config.host;

    engine_publish(e, ENGINE_SAMPLE);
    while (!e->over && !mailbox_stopping(&e->mailbox)) {
        int wait_ms = 0;
        bool did;

        mailbox_turned(&e->mailbox);
        engine_take_commands(e);
        did = !e->over && iterate(e, &wait_ms);
        if (e->dirty && !e->over)
            engine_publish(e, ENGINE_SAMPLE);
        if (!did && !e->over)
            h->ops->idle(h, wait_ms);
    }
    if (e->config.compare && e->replayed.differing > 0)
        engine_remark(e, 1, "%u of %u decisions differ from the recorded ones", e->replayed.differing,
                      e->replayed.compared);
    else if (e->config.compare)
        engine_remark(e, 0, "%u decisions, all as recorded", e->replayed.compared);
}
