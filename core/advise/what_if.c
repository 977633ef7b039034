#include "core/advise/what_if.h"

#include "core/advise/player.h"
#include "core/advise/what_if_tally.h"
#include "core/advise/what_if_world.h"

#include <errno.h>
#include <stdlib.h>

/* A decision of a side's own clock is taken with the sample that is nearest to it: half of the time between two. */
#define NEAREST 0.5

/* One side. The recorded one has no player; its world is what really was. */
struct side {
    bool plays;
    struct player player;
    struct what_if_world world;
    struct snapshot grid; /* where the last decision of the recording was */
    struct rates grid_rates;
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

static void free_side(struct side *s)
{
    if (s->plays)
        player_end(&s->player);
    what_if_world_free(&s->world);
    snapshot_free(&s->grid);
    rates_free(&s->grid_rates);
}

void what_if_free(struct what_if *w)
{
    if (!w)
        return;
    for (int i = 0; i < WHAT_IF_SIDES; i++)
        free_side(&w->sides[i]);
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
        w->sides[i].plays = i != WHAT_IF_RECORDED;
        if (w->sides[i].plays &&
            player_begin(&w->sides[i].player, config->policy, config->settings[i], config->sample_s)) {
            what_if_free(w);
            return NULL;
        }
    }
    return w;
}

/* What the side sees of its host. */
static const struct snapshot *seen(const struct what_if *w, const struct side *s)
{
    return s->plays ? &s->world.now : &w->recorded;
}

/* Carries out what the side has planned, and tells its policy. */
static int carry_out(struct side *s)
{
    struct plan *plan = &s->player.plan;

    for (int i = 0; i < plan->n_actions; i++)
        plan->actions[i].result = PLAN_DONE;
    s->player.policy->applied(s->player.state, &s->world.now, plan);
    what_if_tally_plan(&s->tally, plan);
    return what_if_world_apply(&s->world, plan);
}

static int decide(struct side *s, const struct policy_request *request)
{
    int error = player_learn(&s->player, &s->world.now);

    if (!error)
        error = player_plan(&s->player, &s->world.now, request);
    return error ? error : carry_out(s);
}

static int decide_early(struct side *s, const struct policy_request *request)
{
    int error = player_early(&s->player, &s->world.now, request);

    return error || s->player.plan.n_actions == 0 ? error : carry_out(s);
}

/* Whether the side decides now; its own clock goes on from sample to sample. */
static bool decision_is_due(const struct what_if *w, struct side *s, const struct record_line *line, double own_s)
{
    if (!(own_s > 0))
        return line->kind == RECORD_DECISION;
    s->due_s -= w->step_s;
    if (s->due_s > w->config.sample_s * NEAREST)
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
        player_forget(&s->player);
    error = player_sample(&s->player, &s->world.now);
    if (begins)
        return error ? error : player_learn(&s->player, &s->world.now);
    request.until_decision_s = own_s > 0 ? s->due_s : line->until_decision_s;
    if (!(request.until_decision_s > 0))
        request.until_decision_s = due ? request.interval_s : 0;
    request.force = due && !(own_s > 0) && line->plan->forced;
    if (error)
        return error;
    return due ? decide(s, &request) : decide_early(s, &request);
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

    if (s->plays)
        error = what_if_world_take(&s->world, &w->recorded, begins);
    if (s->plays && i == WHAT_IF_OTHER && w->config.choice)
        guest_choice_mark(w->config.choice, &s->world.now, true);
    if (!error)
        error = count(w, s, line);
    if (error)
        return error;
    if (s->plays)
        error = play(w, s, line, w->config.interval_s[i]);
    else if (line->plan)
        what_if_tally_plan(&s->tally, line->plan);
    return !error && s->plays && line->plan ? what_if_world_recorded(&s->world, line->plan) : error;
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
