#include "core/engine/engine_internal.h"

#include <errno.h>
#include <math.h>

/* How long to wait after a sample that failed before there is another try. */
static const uint64_t again_ns = 1000000000u;

/* The next multiple of the interval that lies ahead: what was missed isn't made up for. */
static void advance(struct engine *e, uint64_t now)
{
    if (now >= e->next_decision_ns)
        e->next_decision_ns += ((now - e->next_decision_ns) / e->interval_ns + 1) * e->interval_ns;
}

/* Finer samples count from the decision, and none is taken shortly before the next. */
static void plan_sample(struct engine *e, uint64_t from, uint64_t now)
{
    uint64_t step = e->sample_ns;

    e->next_sample_ns = from + step;
    if (e->next_sample_ns <= now)
        e->next_sample_ns = now + step;
    if (e->next_sample_ns + step / 2 > e->next_decision_ns)
        e->next_sample_ns = UINT64_MAX;
}

/* Samples divide the interval evenly, about as often as is wanted. */
static uint64_t samples_of_interval(double interval_s, double sample_s)
{
    return sample_s > 0 && interval_s > sample_s ? (uint64_t)llround(interval_s / sample_s) : 1;
}

void engine_divide_interval(struct engine *e, double seconds)
{
    uint64_t n = samples_of_interval(seconds, e->config.sample_s);

    e->report.interval_s = seconds;
    e->report.sample_s = seconds / (double)n;
    e->interval_ns = (uint64_t)llround(seconds * 1e9);
    if (e->interval_ns == 0)
        e->interval_ns = 1;
    e->sample_ns = (e->interval_ns + n - 1) / n; /* rounded up: none is due just before the interval's end */
    if (e->config.host->ops->set_sampling)
        e->config.host->ops->set_sampling(e->config.host, e->report.sample_s);
}

void engine_set_interval(struct engine *e, double seconds)
{
    uint64_t now = engine_now_ns(e);

    engine_divide_interval(e, seconds);
    e->next_decision_ns = e->scheduled_ns + e->interval_ns;
    if (e->next_decision_ns < now)
        e->next_decision_ns = now;
    if (e->was_up)
        plan_sample(e, now, now);
}

/* The least that must be measured before there's something to learn from it. */
static uint64_t least_window_ns(const struct engine *e)
{
    return e->interval_ns / 4 < 1000000000u ? e->interval_ns / 4 : 1000000000u;
}

/* The first sample after connecting: an interval begins. */
static void begin(struct engine *e)
{
    uint64_t now = engine_now_ns(e);

    if (now < e->next_sample_ns)
        return;
    if (engine_sample(e, true)) {
        e->next_sample_ns = engine_now_ns(e) + again_ns;
        return;
    }
    if (!e->ever_up) {
        e->ever_up = true;
        e->scheduled_ns = now;
        e->next_decision_ns = now + e->interval_ns;
        if (!engine_learn(e))
            return;
    } else {
        /* What went on while nobody looked is no ground for a decision; nor is a moment. */
        engine_begin_interval(e);
        engine_record(e, RECORD_BEGIN, NULL);
        advance(e, now + e->interval_ns / 2);
    }
    e->report.state = e->paused ? REPORT_PAUSED : REPORT_RUNNING;
    plan_sample(e, now, now);
}

/* The policy learns from the interval that ends now; then it decides, or previews while paused. */
static void end_interval(struct engine *e, bool step, bool force)
{
    uint64_t now = engine_now_ns(e);
    int result = engine_sample(e, true);

    if (!result && engine_learn(e)) {
        if (step)
            e->paused = true;
        if (e->was_up)
            e->report.state = e->paused ? REPORT_PAUSED : REPORT_RUNNING;
        if (!e->paused || step || force)
            engine_decide(e, force);
        else
            engine_preview(e);
    }
    plan_sample(e, now, engine_now_ns(e));
}

/* One thing that is due; false where there is none. */
static bool turn(struct engine *e)
{
    struct host *h = e->config.host;
    uint64_t now = engine_now_ns(e);
    bool wanted = e->want_step || e->want_force;

    if (!h->ops->connected(h)) {
        if (e->was_up)
            engine_lost(e, "");
        if (now < e->retry_at_ns)
            return false;
        engine_connect(e);
        e->next_sample_ns = 0;
        return true;
    }
    if (!e->was_up) {
        if (now < e->next_sample_ns)
            return false;
        begin(e);
        return true;
    }
    if (wanted && now - e->learned_ns >= least_window_ns(e)) {
        bool step = e->want_step, force = e->want_force;

        e->want_step = e->want_force = false;
        end_interval(e, step, force);
        return true;
    }
    if (now >= e->next_decision_ns) {
        e->scheduled_ns = e->next_decision_ns;
        advance(e, now);
        if (now - e->learned_ns >= least_window_ns(e))
            end_interval(e, false, false);
        else
            plan_sample(e, now, now);
        return true;
    }
    if (now >= e->next_sample_ns) {
        uint64_t due = e->next_sample_ns;

        if (!engine_sample(e, false))
            engine_early(e);
        plan_sample(e, due, engine_now_ns(e));
        return true;
    }
    return false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_due(const struct engine *e)
{
    struct host *h = e->config.host;
    uint64_t due;

    if (!h->ops->connected(h))
        return e->was_up ? 0 : e->retry_at_ns;
    if (!e->was_up)
        return e->next_sample_ns;
    due = earlier(e->next_decision_ns, e->next_sample_ns);
    if (e->want_step || e->want_force)
        due = earlier(due, e->learned_ns + least_window_ns(e));
    return due;
}

void engine_idle(struct engine *e, uint64_t ns)
{
    uint64_t ms = (ns + 999999u) / 1000000u;

    e->config.host->ops->idle(e->config.host, ms < 1000 ? (int)ms : 1000);
}

void engine_run_live(struct engine *e)
{
    engine_publish(e, ENGINE_SAMPLE);
    while (!e->over && !engine_stopping(e)) {
        bool did;
        uint64_t now, due;

        engine_obey(e);
        did = !e->over && turn(e);
        engine_record(e, RECORD_SAMPLE, NULL);
        if (e->dirty && !e->over)
            engine_publish(e, ENGINE_SAMPLE);
        now = engine_now_ns(e);
        due = e->over ? 0 : next_due(e);
        if (!did && due > now)
            engine_idle(e, due - now);
    }
}
