#include "ui/engine_internal.h"

#include "ui/replay.h"

#include <inttypes.h>

static void say_difference(void *context, const char *line)
{
    struct engine *e = context;

    engine_log(e, REPORT_LOG_EVENT, "decision %" PRIu64 " differs: %s", e->report.counters.decisions, line);
}

/* Decides where a decision was recorded, as it was made then: forced, if it was. */
static void decide_again(struct engine *e, const struct plan *recorded)
{
    e->recorded = recorded;
    if (!engine_learn(e))
        return;
    engine_decide(e, recorded && recorded->forced);
    e->recorded = NULL;
    if (!e->config.compare || !recorded)
        return;
    e->compared++;
    if (replay_compare(&e->report.plan, recorded, say_difference, e) > 0)
        e->differing++;
}

/* One sample more. False: the end, or a damaged line. */
static bool next_sample(struct engine *e)
{
    struct report *r = &e->report;
    const struct plan *recorded = NULL;

    if (engine_sample(e, true))
        return false;
    r->state = e->paused ? REPORT_PAUSED : REPORT_RUNNING;
    if (!e->ever_up) {
        e->ever_up = true;
        engine_learn(e);
    } else if (replay_decision(e->config.host, &recorded)) {
        decide_again(e, recorded);
        if (e->want_step) {
            e->want_step = false;
            e->paused = true;
            r->state = REPORT_PAUSED;
            e->dirty = true;
        }
    }
    engine_record(e, NULL);
    return true;
}

/* The operator wants the best there is for the sample that is being shown. */
static void force(struct engine *e)
{
    e->want_force = false;
    if (e->learned.taken_ns != e->report.snapshot.taken_ns && !engine_learn(e))
        return;
    engine_decide(e, true);
}

/* Time stands still while paused; a step runs to the next decision at once. */
static bool stands_still(const struct engine *e)
{
    return e->paused && !e->want_step;
}

void engine_run_replay(struct engine *e)
{
    struct host *h = e->config.host;

    engine_publish(e, false);
    while (!e->over && !engine_stopping(e)) {
        int due_ms;

        engine_obey(e);
        if (e->want_force && e->ever_up && !e->over)
            force(e);
        due_ms = e->want_step ? 0 : replay_due_ms(h);
        if (!e->over && !stands_still(e) && due_ms <= 0)
            next_sample(e);
        if (e->dirty && !e->over)
            engine_publish(e, false);
        if (!e->over && (stands_still(e) || due_ms > 0))
            h->ops->idle(h, stands_still(e) || due_ms > 1000 ? 1000 : due_ms);
    }
    if (e->config.compare && e->differing > 0)
        engine_remark(e, 1, "%u of %u decisions differ from the recorded ones", e->differing, e->compared);
    else if (e->config.compare)
        engine_remark(e, 0, "%u decisions, all as recorded", e->compared);
}
