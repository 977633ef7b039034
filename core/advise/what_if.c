#include "core/advise/what_if.h"

#include "core/advise/what_if_tally.h"
#include "core/advise/what_if_world.h"

#include <errno.h>
#include <stdlib.h>

/* Samples nearer to the one before than this share of the usual time between two are passed over, as they are live. */
#define LEAST_APART 0.5

/* One side. The recorded one has no policy; its world is what really was. */
struct side {
    void *policy;
    struct what_if_world world;
    struct snapshot sampled, learned, grid; /* what the policy took in last, what it learned last, and where the last
                                               decision of the recording was */
    bool has_sampled, has_learned;
    struct rates rates, grid_rates;
    struct plan plan;
    double due_s; /* until its next decision, where it has an interval of its own */
    struct what_if_tally tally;
};

struct what_if {
    struct what_if_config config;
    struct side sides[WHAT_IF_SIDES];
    struct snapshot recorded; /* the sample, as it was */
    bool begun, gap;
    double seconds, step_s; /* in all; since the sample before */
    uint64_t decisions;
};

static void free_side(struct what_if *w, struct side *s)
{
    if (s->policy)
        w->config.policy->destroy(s->policy);
    what_if_world_free(&s->world);
    snapshot_free(&s->sampled);
    snapshot_free(&s->learned);
    snapshot_free(&s->grid);
    rates_free(&s->rates);
    rates_free(&s->grid_rates);
    plan_free(&s->plan);
}

void what_if_free(struct what_if *w)
{
    if (!w)
        return;
    for (int i = 0; i < WHAT_IF_SIDES; i++)
        free_side(w, &w->sides[i]);
    snapshot_free(&w->recorded);
    free(w);
}

struct what_if *what_if_new(const struct what_if_config *config)
{
    struct what_if *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->config = *config;
    for (int i = 0; i < WHAT_IF_SIDES; i++) {
        w->sides[i].tally.free_least_mib = -1;
        w->sides[i].due_s = config->interval_s[i];
        if (i == WHAT_IF_RECORDED)
            continue;
        w->sides[i].policy = config->policy->create(config->settings[i]);
        if (!w->sides[i].policy) {
            what_if_free(w);
            return NULL;
        }
    }
    return w;
}

/* What the side sees of its host. */
static const struct snapshot *seen(const struct what_if *w, const struct side *s)
{
    return s->policy ? &s->world.now : &w->recorded;
}

static int sample(const struct what_if *w, struct side *s)
{
    const struct policy_ops *policy = w->config.policy;
    const struct snapshot *now = seen(w, s);
    double least_ns = LEAST_APART * w->config.sample_s * 1e9;
    int error;

    if (s->has_sampled && (double)(now->taken_ns - s->sampled.taken_ns) < least_ns)
        return 0;
    error = rates_between(&s->rates, s->has_sampled ? &s->sampled : NULL, now);
    if (!error && policy->sample)
        error = policy->sample(s->policy, s->has_sampled ? &s->sampled : NULL, now, &s->rates);
    s->has_sampled = true;
    return error ? error : snapshot_copy(&s->sampled, now);
}

static int learn(const struct what_if *w, struct side *s, struct rates *r)
{
    const struct snapshot *now = seen(w, s), *before = s->has_learned ? &s->learned : NULL;
    int error = rates_between(r, before, now);

    if (!error)
        error = w->config.policy->learn(s->policy, before, now, r);
    s->has_learned = true;
    return error ? error : snapshot_copy(&s->learned, now);
}

static int begin_plan(struct side *s)
{
    plan_reset(&s->plan, s->world.now.cpu_limit);
    return plan_size_for(&s->plan, &s->world.now);
}

/* Carries out what the side has planned, and tells its policy. */
static int carry_out(const struct what_if *w, struct side *s)
{
    for (int i = 0; i < s->plan.n_actions; i++)
        s->plan.actions[i].result = PLAN_DONE;
    w->config.policy->applied(s->policy, &s->world.now, &s->plan);
    what_if_tally_plan(&s->tally, &s->plan);
    return what_if_world_apply(&s->world, &s->plan);
}

static int decide(const struct what_if *w, struct side *s, const struct policy_request *request)
{
    int error = learn(w, s, &s->rates);

    if (!error)
        error = begin_plan(s);
    if (!error)
        error = w->config.policy->plan(s->policy, &s->world.now, &s->rates, request, &s->plan);
    return error ? error : carry_out(w, s);
}

static int decide_early(const struct what_if *w, struct side *s, const struct policy_request *request)
{
    int error = w->config.policy->early ? begin_plan(s) : 0;

    if (error || !w->config.policy->early)
        return error;
    s->plan.early = true;
    error = w->config.policy->early(s->policy, &s->world.now, &s->rates, request, &s->plan);
    return error || s->plan.n_actions == 0 ? error : carry_out(w, s);
}

/* Whether the side decides now; its own clock goes on from sample to sample. */
static bool decision_is_due(const struct what_if *w, struct side *s, const struct record_line *line, double own_s)
{
    if (!(own_s > 0))
        return line->kind == RECORD_DECISION;
    s->due_s -= w->step_s;
    if (s->due_s > w->config.sample_s * LEAST_APART)
        return false;
    do {
        s->due_s += own_s;
    } while (s->due_s <= 0);
    return true;
}

static int play(struct what_if *w, struct side *s, const struct record_line *line, double own_s)
{
    struct policy_request request = {.interval_s = own_s > 0 ? own_s : line->interval_s};
    bool due = decision_is_due(w, s, line, own_s), begins = !w->begun || w->gap || line->kind == RECORD_BEGIN;
    int error;

    if (begins)
        s->has_sampled = s->has_learned = false;
    error = sample(w, s);
    if (begins)
        return error ? error : learn(w, s, &s->rates);
    request.until_decision_s = own_s > 0 ? s->due_s : line->until_decision_s;
    if (!(request.until_decision_s > 0))
        request.until_decision_s = due ? request.interval_s : 0;
    request.force = due && !(own_s > 0) && line->plan->forced;
    if (error)
        return error;
    return due ? decide(w, s, &request) : decide_early(w, s, &request);
}

/* At each decision of the recording all sides are measured in the same way. */
static int count(struct what_if *w, struct side *s, const struct record_line *line)
{
    const struct snapshot *now = seen(w, s);
    bool begins = !w->begun || w->gap || line->kind == RECORD_BEGIN;
    int error = 0;

    if (!begins)
        what_if_tally_sample(&s->tally, now, &w->recorded, w->step_s);
    if (!begins && line->kind == RECORD_DECISION) {
        error = rates_between(&s->grid_rates, &s->grid, now);
        if (!error)
            what_if_tally_interval(&s->tally, &s->grid_rates);
    }
    if (!error && (begins || line->kind == RECORD_DECISION))
        error = snapshot_copy(&s->grid, now);
    return error;
}

static int take_side(struct what_if *w, int i, const struct record_line *line)
{
    struct side *s = &w->sides[i];
    bool begins = !w->begun || w->gap || line->kind == RECORD_BEGIN;
    int error = 0;

    if (s->policy)
        error = what_if_world_take(&s->world, &w->recorded, begins);
    if (s->policy && i == WHAT_IF_OTHER && w->config.choice)
        guest_choice_mark(w->config.choice, &s->world.now, true);
    if (!error)
        error = count(w, s, line);
    if (error)
        return error;
    if (s->policy)
        error = play(w, s, line, w->config.interval_s[i]);
    else if (line->plan)
        what_if_tally_plan(&s->tally, line->plan);
    return !error && s->policy && line->plan ? what_if_world_recorded(&s->world, line->plan) : error;
}

int what_if_take(struct what_if *w, const struct record_line *line)
{
    bool later = !w->begun || line->snapshot->taken_ns > w->recorded.taken_ns;
    int error = 0;

    /* An undo may come with the sample before it, which is known already: only what was done counts. */
    if (!later || line->kind == RECORD_UNDO) {
        if (line->plan)
            what_if_tally_plan(&w->sides[WHAT_IF_RECORDED].tally, line->plan);
        for (int i = WHAT_IF_PLAYED; line->plan && i < WHAT_IF_SIDES && !error; i++)
            error = what_if_world_recorded(&w->sides[i].world, line->plan);
        return error;
    }
    w->step_s = w->begun ? (double)(line->snapshot->taken_ns - w->recorded.taken_ns) / 1e9 : 0;
    w->seconds += w->step_s;
    error = snapshot_copy(&w->recorded, line->snapshot);
    if (error)
        return error;
    snapshot_clamp(&w->recorded);
    for (int i = 0; i < WHAT_IF_SIDES && !error; i++)
        error = take_side(w, i, line);
    w->decisions += line->kind == RECORD_DECISION;
    w->begun = true;
    w->gap = false;
    return error;
}

void what_if_gap(struct what_if *w)
{
    w->gap = w->begun;
}

const struct what_if_tally *what_if_tally(const struct what_if *w, enum what_if_side side)
{
    return &w->sides[side].tally;
}

uint64_t what_if_decisions(const struct what_if *w)
{
    return w->decisions;
}

double what_if_seconds(const struct what_if *w)
{
    return w->seconds;
}
