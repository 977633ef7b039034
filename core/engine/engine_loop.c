#include "core/engine/engine_internal.h"

#include "core/engine/watchers.h"
#include "core/model/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* How long to wait after a sample that failed before there is another try. */
static const uint64_t again_ns = 1000000000u;

uint64_t engine_now_ns(const struct engine *e)
{
    return e->config.clock ? e->config.clock(e->config.clock_context) : clock_monotonic_ns();
}

void engine_end(struct engine *e, int status, const char *format, ...)
{
    va_list arguments;

    e->over = true;
    va_start(arguments, format);
    mailbox_outcome(&e->mailbox, true, status, format, arguments);
    va_end(arguments);
}

void engine_remark(struct engine *e, int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    mailbox_outcome(&e->mailbox, false, status, format, arguments);
    va_end(arguments);
}

void engine_fail(struct engine *e, int code)
{
    engine_end(e, 1, "%s", code == -ENOMEM ? "out of memory" : strerror(-code));
}

void engine_set_state(struct engine *e)
{
    struct report *r = &e->report;

    r->paused = e->intent.paused;
    if (r->state == REPORT_RUNNING || r->state == REPORT_PAUSED || e->link.up)
        r->state = e->intent.paused ? REPORT_PAUSED : REPORT_RUNNING;
    e->dirty = true;
}

static double next_in_s(const struct engine *e)
{
    const struct report *r = &e->report;
    double s;

    if (r->state == REPORT_ENDED || r->state == REPORT_DISCONNECTED || !e->link.ever_up)
        return -1;
    if (e->config.replay)
        s = r->speed > 0
                ? (r->interval_s - (double)(r->snapshot.taken_ns - e->learned.snapshot.taken_ns) / 1e9) / r->speed
                : 0;
    else
        s = ((double)e->schedule.next_decision_ns - (double)engine_now_ns(e)) / 1e9;
    return s > 0 ? s : 0;
}

double engine_retry_in_s(const struct engine *e)
{
    double s = ((double)e->link.retry.at_ns - (double)engine_now_ns(e)) / 1e9;

    return e->report.state != REPORT_DISCONNECTED ? -1 : s > 0 ? s : 0;
}

/* Reports of plans in a row that memory may be too short for before it counts as out. */
enum { UNSHOWN_MOST = 2 };

/* Memory is short. What is lost of a sample is no loss; of a plan it is told with the next one. */
static void not_shown(struct engine *e, enum engine_news news)
{
    if (news == ENGINE_SAMPLE)
        return;
    if (++e->unshown >= UNSHOWN_MOST)
        engine_fail(e, -ENOMEM);
}

void engine_publish(struct engine *e, enum engine_news news)
{
    struct report *r = &e->report;
    bool queued = news != ENGINE_SAMPLE || e->config.replay;

    if (e->unshown > 0 && news != ENGINE_SAMPLE)
        engine_log(e, REPORT_LOG_ERROR, "the plan before this one could not be shown: out of memory");
    e->dirty = false;
    r->decision = news == ENGINE_DECISION;
    r->early = news == ENGINE_EARLY;
    r->next_in_s = next_in_s(e);
    r->retry_in_s = engine_retry_in_s(e);
    if (e->config.watchers)
        watchers_show(e->config.watchers, r);
    if (report_copy(&e->spare, r)) {
        not_shown(e, news);
    } else {
        mailbox_publish(&e->mailbox, &e->spare, queued, e->config.replay);
        if (news != ENGINE_SAMPLE)
            e->unshown = 0;
    }
    r->decision = r->early = false;
}

void engine_divide_interval(struct engine *e, double seconds)
{
    struct host *h = e->config.host;

    e->report.interval_s = seconds;
    e->report.sample_s = schedule_divide(&e->schedule, seconds, e->config.sample_s);
    if (h->ops->set_sampling)
        h->ops->set_sampling(h, e->report.sample_s);
}

void engine_set_interval(struct engine *e, double seconds)
{
    uint64_t now = engine_now_ns(e);

    engine_divide_interval(e, seconds);
    schedule_refit(&e->schedule, now);
    if (e->link.up)
        schedule_sample(&e->schedule, now, now);
}

/* What went on while nobody looked is no ground for a decision; nor is a moment. */
static void begin_anew(struct engine *e, uint64_t now)
{
    engine_begin_interval(e);
    engine_record(e, RECORD_BEGIN, NULL);
    schedule_advance(&e->schedule, now + e->schedule.interval_ns / 2);
}

/* The first sample after connecting: an interval begins. */
static void begin(struct engine *e)
{
    uint64_t now = engine_now_ns(e);

    if (now < e->schedule.next_sample_ns)
        return;
    if (engine_sample(e, true)) {
        e->schedule.next_sample_ns = engine_now_ns(e) + again_ns;
        return;
    }
    if (!e->link.ever_up) {
        e->link.ever_up = true;
        schedule_start(&e->schedule, now);
        if (!engine_learn(e))
            return;
    } else {
        begin_anew(e, now);
    }
    engine_set_state(e);
    schedule_sample(&e->schedule, now, now);
}

/* Answers who wanted a decision. */
static void answer_wish(struct engine *e, const struct engine_wish *w, enum engine_command_kind kind, bool decided)
{
    if (w->wanted && decided)
        engine_answer(e, w->command, false, "%s%s", kind == ENGINE_STEP ? "one step: " : "", e->report.plan.summary);
    else if (w->wanted)
        engine_answer(e, w->command, true, "%s: the guests could not be read", commands_row(kind)->refused);
}

/* The policy learns from the interval that ends now; then it decides, or previews while paused. */
static void end_interval(struct engine *e, const struct engine_intent *wishes)
{
    uint64_t now = engine_now_ns(e);
    bool wished = wishes->step.wanted || wishes->force.wanted;
    bool sampled = !engine_sample(e, true), decided;

    if (sampled && e->samples.after_gap) {
        begin_anew(e, now);
        schedule_sample(&e->schedule, now, engine_now_ns(e));
        if (wishes->step.wanted) /* it can wait until there is something to decide by */
            e->intent.step = wishes->step;
        if (wishes->force.wanted)
            e->intent.force = wishes->force;
        return;
    }
    decided = sampled && engine_learn(e);
    if (decided) {
        if (wishes->step.wanted)
            e->intent.paused = true;
        engine_set_state(e);
        if (wished || !e->intent.paused)
            engine_decide(e, wishes->force.wanted);
        else
            engine_preview(e, true);
    }
    answer_wish(e, &wishes->step, ENGINE_STEP, decided);
    answer_wish(e, &wishes->force, ENGINE_FORCE, decided);
    schedule_sample(&e->schedule, now, engine_now_ns(e));
}

/* A hypervisor that takes connections again needn't wait for the next try. */
static void look_for_host(struct engine *e)
{
    struct host *h = e->config.host;
    int reachable = h->ops->reachable ? h->ops->reachable(h) : -1;

    if (e->link.reachable == 0 && reachable == 1)
        retry_now(&e->link.retry);
    e->link.reachable = reachable;
}

/* When the next sample is due: at once, where the host wants one, but never too soon after the last. */
static uint64_t next_sample(const struct engine *e)
{
    return e->samples.alarmed ? e->samples.at_ns + schedule_least_apart(&e->schedule) : e->schedule.next_sample_ns;
}

/* A decision that begins less than LATE_S after it was due is in time; one that is a good part of an interval late, and
 * no less than TOLD_S, is worth a line: an operator may want to know what stood still. */
enum { LATE_S = 1, TOLD_S = 5 };

static void note_lateness(struct engine *e, uint64_t now)
{
    struct report *r = &e->report;
    double late_s = (double)(now - e->schedule.next_decision_ns) / 1e9;
    bool was_late = r->late_s > 0;

    r->late_s = late_s > LATE_S ? late_s : 0;
    if (r->late_s <= 0)
        return;
    r->counters.late++;
    if (!was_late && late_s >= TOLD_S && late_s >= r->interval_s / 2)
        engine_log(e, REPORT_LOG_EVENT, "this decision comes %.1f s late: something took too long", late_s);
}

/* One thing that is due; false where there is none. */
static bool iterate(struct engine *e)
{
    struct host *h = e->config.host;
    uint64_t now = engine_now_ns(e);
    bool wanted = e->intent.step.wanted || e->intent.force.wanted;

    if (!h->ops->connected(h)) {
        if (e->link.up)
            engine_lost(e, "");
        look_for_host(e);
        if (now < e->link.retry.at_ns)
            return false;
        engine_connect(e);
        e->schedule.next_sample_ns = 0;
        return true;
    }
    if (!e->link.up) {
        if (now < e->schedule.next_sample_ns)
            return false;
        begin(e);
        return true;
    }
    if (wanted && now - e->learned.at_ns >= schedule_least_window(&e->schedule)) {
        struct engine_intent wishes = e->intent;

        e->intent.step.wanted = e->intent.force.wanted = false;
        end_interval(e, &wishes);
        return true;
    }
    if (now >= e->schedule.next_decision_ns) {
        if (!engine_has_gap(e, now))
            note_lateness(e, now);
        schedule_decided(&e->schedule, now);
        if (now - e->learned.at_ns >= schedule_least_window(&e->schedule))
            end_interval(e, &(struct engine_intent){0});
        else
            schedule_sample(&e->schedule, now, now);
        return true;
    }
    e->samples.alarmed = e->samples.alarmed || (h->ops->alarmed && h->ops->alarmed(h));
    if (now >= next_sample(e)) {
        /* How late it comes isn't how long it took; and those that were missed are. */
        bool missed = now >= e->schedule.next_sample_ns + e->schedule.sample_ns;
        uint64_t due = e->samples.alarmed || missed ? now : e->schedule.next_sample_ns;

        e->samples.alarmed = false;
        if (!engine_sample(e, false)) {
            if (e->samples.after_gap)
                begin_anew(e, now);
            else
                engine_early(e);
        }
        schedule_sample(&e->schedule, due, engine_now_ns(e));
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
        return e->link.up ? 0 : e->link.retry.at_ns;
    if (!e->link.up)
        return e->schedule.next_sample_ns;
    due = earlier(e->schedule.next_decision_ns, next_sample(e));
    if (e->intent.step.wanted || e->intent.force.wanted)
        due = earlier(due, e->learned.at_ns + schedule_least_window(&e->schedule));
    return due;
}

/* Sleeps until the loop has something to do, at the latest after ns; while there's a host, that handles its events. */
static void idle(struct engine *e, uint64_t ns)
{
    uint64_t ms = (ns + 999999u) / 1000000u;

    e->config.host->ops->idle(e->config.host, ms < 1000 ? (int)ms : 1000);
}

void engine_run_live(struct engine *e)
{
    engine_publish(e, ENGINE_SAMPLE);
    while (!e->over && !mailbox_stopping(&e->mailbox)) {
        bool did;
        uint64_t now, due;

        mailbox_turned(&e->mailbox);
        engine_take_commands(e);
        did = !e->over && iterate(e);
        engine_record(e, RECORD_SAMPLE, NULL);
        if (e->dirty && !e->over)
            engine_publish(e, ENGINE_SAMPLE);
        now = engine_now_ns(e);
        due = e->over ? 0 : next_due(e);
        if (!did && due > now)
            idle(e, due - now);
    }
}
