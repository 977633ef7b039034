#include "core/engine/engine_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void swap_snapshots(struct snapshot *a, struct snapshot *b)
{
    struct snapshot held = *a;

    *a = *b;
    *b = held;
}

/* Live figures, and what the policy takes in: what happened since the sample before. One that comes too soon after it
 * is measured from the one before that, and the policy gets to know its time with the next one. */
static int measure(struct engine *e)
{
    struct report *r = &e->report;
    const struct policy_ops *policy = e->config.policy;
    const struct snapshot *before = e->samples.has_sampled ? &e->samples.sampled : NULL;
    int error;

    if (before && r->snapshot.taken_ns < before->taken_ns + schedule_least_apart(&e->schedule))
        return rates_between(&r->live, e->samples.has_base ? &e->samples.base : NULL, &r->snapshot);
    error = rates_between(&r->live, before, &r->snapshot);
    if (!error && policy->sample)
        error = policy->sample(e->policy, before, &r->snapshot, &r->live);
    if (error)
        return error;
    swap_snapshots(&e->samples.base, &e->samples.sampled);
    e->samples.has_base = e->samples.has_sampled;
    e->samples.has_sampled = true;
    return snapshot_copy(&e->samples.sampled, &r->snapshot);
}

/* The fresh snapshot becomes the report's; all that lies beside guests moves with them. */
static int take_in(struct engine *e)
{
    struct report *r = &e->report;
    const struct snapshot *old = &r->snapshot;

    if (r->snapshot.n_pcpus > 0 && !align_same_layout(old, &e->samples.fresh) &&
        (align_rates(&r->interval, old, &e->samples.fresh) || align_plan(&r->plan, old, &e->samples.fresh) ||
         (r->has_preview && align_plan(&r->preview, old, &e->samples.fresh))))
        return -ENOMEM;
    swap_snapshots(&r->snapshot, &e->samples.fresh);
    return measure(e);
}

void engine_count_calls(struct engine *e)
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

/* Memory that was too short once may be there at the next try; a second time in a row it's out. */
enum { STARVED_MOST = 2 };

/* What lasts is told once, and again every ten minutes. */
static void tell_failure(struct engine *e, const char *why)
{
    static const uint64_t again_ns = 600 * UINT64_C(1000000000);
    uint64_t now = engine_now_ns(e);

    if (e->samples.told_ns > 0 && now - e->samples.told_ns < again_ns &&
        strncmp(e->samples.told, why, sizeof(e->samples.told) - 1) == 0)
        return;
    engine_log(e, REPORT_LOG_ERROR, "the guests could not be read: %s", why);
    snprintf(e->samples.told, sizeof(e->samples.told), "%.*s", (int)sizeof(e->samples.told) - 1, why);
    e->samples.told_ns = now;
}

static void sample_failed(struct engine *e, int result, const char *error)
{
    if (result == -ENOTCONN) {
        engine_lost(e, error);
    } else if (result == -ENODATA) {
        engine_end(e, 0, "%s", "");
    } else if (result == -ENOMEM && ++e->samples.starved >= STARVED_MOST) {
        engine_fail(e, result);
    } else {
        tell_failure(e, error);
    }
}

bool engine_has_gap(const struct engine *e, uint64_t now)
{
    return !e->config.replay && e->link.up && now - e->samples.at_ns > schedule_longest_apart(&e->schedule);
}

/* Rates over a gap would be means of what nobody saw: the sample after it is like the first one. */
static void look_for_gap(struct engine *e, uint64_t began)
{
    e->samples.after_gap = engine_has_gap(e, began);
    if (!e->samples.after_gap)
        return;
    e->samples.has_base = e->samples.has_sampled = false;
    engine_log(e, REPORT_LOG_EVENT, "nobody looked at the guests for %.0f s: an interval begins anew",
               (double)(began - e->samples.at_ns) / 1e9);
}

/* Where the program was held up in the middle of reading, nobody knows when the figures are from: then there are none.
 */
static int refuse_late(const struct engine *e, uint64_t began, char *error, size_t size)
{
    uint64_t took = engine_now_ns(e) - began;

    if (e->config.replay || took <= schedule_longest_apart(&e->schedule))
        return 0;
    snprintf(error, size, "reading them took %.0f s", (double)took / 1e9);
    return -EAGAIN;
}

int engine_sample(struct engine *e, bool full)
{
    struct host *h = e->config.host;
    struct report *r = &e->report;
    char error[HOST_ERROR_BYTES] = "";
    uint64_t began = engine_now_ns(e);
    int result;

    mailbox_call(&e->mailbox, "reading the guests");
    result = h->ops->sample(h, &e->samples.fresh, full, error, sizeof(error));
    mailbox_returned(&e->mailbox);
    if (!result)
        result = refuse_late(e, began, error, sizeof(error));
    if (result) {
        sample_failed(e, result, error);
        return result;
    }
    e->samples.starved = 0;
    if (e->samples.told_ns > 0)
        engine_log(e, REPORT_LOG_EVENT, "the guests can be read again");
    e->samples.told_ns = 0;
    if (e->config.replay)
        engine_replay_line(e);
    else
        e->samples.until_decision_s = schedule_until_decision(&e->schedule, engine_now_ns(e));
    look_for_gap(e, began);
    snapshot_clamp(&e->samples.fresh);
    guest_choice_mark(&e->choice, &e->samples.fresh, e->config.replay);
    result = take_in(e);
    if (result) {
        engine_fail(e, result);
        return result;
    }
    e->samples.at_ns = engine_now_ns(e);
    r->counters.samples++;
    engine_count_calls(e);
    log_remarks(e);
    engine_guests(e);
    e->link.up = true;
    e->dirty = true;
    e->samples.unrecorded = true;
    return 0;
}

void engine_begin_interval(struct engine *e)
{
    e->learned.at_ns = engine_now_ns(e);
    e->learned.any = true;
    if (snapshot_copy(&e->learned.snapshot, &e->report.snapshot))
        engine_fail(e, -ENOMEM);
}

bool engine_learn(struct engine *e)
{
    struct report *r = &e->report;
    const struct snapshot *before = e->learned.any ? &e->learned.snapshot : NULL;
    int error;

    error = rates_between(&r->interval, before, &r->snapshot);
    if (!error)
        error = e->config.policy->learn(e->policy, before, &r->snapshot, &r->interval);
    if (error) {
        engine_fail(e, error);
        return false;
    }
    engine_begin_interval(e);
    return !e->over;
}

void engine_record(struct engine *e, enum record_kind kind, const struct plan *plan)
{
    const struct record_line line = {.kind = kind,
                                     .snapshot = &e->report.snapshot,
                                     .plan = plan,
                                     .interval_s = e->report.interval_s,
                                     .until_decision_s = e->samples.until_decision_s};
    char error[HOST_ERROR_BYTES] = "";
    /* An undo stands for itself, whatever sample it came after. */
    bool wanted = e->samples.unrecorded || kind == RECORD_UNDO;

    e->samples.unrecorded = false;
    if (e->config.record && wanted && record_write(e->config.record, &line, error, sizeof(error)))
        engine_log(e, REPORT_LOG_ERROR, "recording stops: %s", error);
}
