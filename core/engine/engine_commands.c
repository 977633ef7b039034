#include "core/engine/engine_internal.h"

#include "core/model/array.h"
#include "core/record/replay.h"
#include "ui/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool engine_is_locked(const struct engine *e, const uint8_t *uuid)
{
    for (int i = 0; i < e->n_locked; i++)
        if (memcmp(e->locked[i].bytes, uuid, SNAPSHOT_UUID_BYTES) == 0)
            return true;
    return false;
}

/* 1, 0 or -1 for the other way round. */
static bool switched(bool now, double value)
{
    return value < 0 ? !now : value > 0;
}

static bool is_up(const struct engine *e)
{
    return e->was_up;
}

/* Whether a plan made now would be the next one: the figures learned last are not from before a change. */
static bool can_preview(const struct engine *e)
{
    const struct plan *p = &e->report.plan;

    if (e->config.replay)
        return e->pending != NULL;
    for (int i = 0; i < p->n_actions; i++)
        if (p->actions[i].result == PLAN_DONE)
            return false;
    return e->was_up && e->report.interval.seconds > 0;
}

static void obey_pause(struct engine *e, double value)
{
    struct report *r = &e->report;
    bool paused = switched(e->paused, value);

    if (paused == e->paused)
        return;
    e->paused = paused;
    e->want_step = false;
    r->has_preview = false;
    if (r->state == REPORT_RUNNING || r->state == REPORT_PAUSED)
        r->state = paused ? REPORT_PAUSED : REPORT_RUNNING;
    engine_log(e, REPORT_LOG_EVENT, paused ? "paused by the operator" : "running on");
    if (paused && can_preview(e))
        engine_preview(e);
}

static void obey_dry_run(struct engine *e, double value)
{
    struct host *h = e->config.host;
    bool dry_run = switched(e->report.dry_run, value);

    if (dry_run == e->report.dry_run)
        return;
    if (e->config.replay) {
        engine_log(e, REPORT_LOG_EVENT, "no dry run: a recording is played, and nothing is changed anyway");
        return;
    }
    e->report.dry_run = dry_run;
    if (h->ops->measure_only)
        h->ops->measure_only(h, dry_run);
    engine_log(e, REPORT_LOG_EVENT,
               dry_run ? "dry run: nothing is changed from now on" : "dry run is over: decisions are carried out");
}

static void obey_interval(struct engine *e, double seconds)
{
    double before = e->report.interval_s;

    if (e->config.replay) {
        engine_log(e, REPORT_LOG_EVENT, "the interval stays: in a recording decisions come where they were made");
        return;
    }
    if (!(seconds >= OPTIONS_INTERVAL_LEAST))
        seconds = OPTIONS_INTERVAL_LEAST;
    if (seconds > OPTIONS_INTERVAL_MOST)
        seconds = OPTIONS_INTERVAL_MOST;
    engine_set_interval(e, seconds);
    engine_log(e, REPORT_LOG_EVENT, "interval %g s, was %g s", seconds, before);
}

static void name_of(const struct engine *e, const uint8_t *uuid, char *name, size_t size)
{
    const struct snapshot *s = &e->report.snapshot;

    snprintf(name, size, "a guest that is gone");
    for (int i = 0; i < s->n_guests; i++)
        if (memcmp(s->guests[i].uuid, uuid, SNAPSHOT_UUID_BYTES) == 0)
            snprintf(name, size, "%s", s->guests[i].name);
}

static void obey_lock(struct engine *e, const uint8_t *uuid)
{
    char name[SNAPSHOT_NAME_BYTES];
    bool locked = engine_is_locked(e, uuid);

    name_of(e, uuid, name, sizeof(name));
    if (locked) {
        for (int i = 0; i < e->n_locked; i++)
            if (memcmp(e->locked[i].bytes, uuid, SNAPSHOT_UUID_BYTES) == 0)
                e->locked[i--] = e->locked[--e->n_locked];
    } else {
        if (array_reserve(&e->locked, &e->cap_locked, e->n_locked + 1, sizeof(*e->locked))) {
            engine_log(e, REPORT_LOG_ERROR, "%.200s is not locked: out of memory", name);
            return;
        }
        memcpy(e->locked[e->n_locked++].bytes, uuid, SNAPSHOT_UUID_BYTES);
    }
    engine_log(e, REPORT_LOG_EVENT, "%.200s %s", name, locked ? "unlocked" : "locked: left alone");
    engine_mark(e, &e->report.snapshot);
    engine_mark(e, &e->learned);
    engine_guests(e);
    if (e->report.has_preview)
        engine_preview(e);
}

static void obey_undo(struct engine *e)
{
    const char *why = NULL;

    if (e->config.replay)
        why = "this is a recording";
    else if (!e->has_undo)
        why = "nothing was changed yet, or it was undone already";
    else if (e->report.dry_run)
        why = "dry run";
    else if (!is_up(e))
        why = "not connected";
    if (why)
        engine_log(e, REPORT_LOG_EVENT, "nothing is undone: %s", why);
    else
        engine_undo(e);
}

static void obey_decision(struct engine *e, bool *want, const char *what)
{
    if (is_up(e))
        *want = true;
    else
        engine_log(e, REPORT_LOG_EVENT, "%s: not possible while there is no connection", what);
}

static void obey_speed(struct engine *e, double factor)
{
    if (!e->config.replay || !(factor >= 0))
        return;
    replay_set_speed(e->config.host, factor);
    e->report.speed = factor;
}

static void obey(struct engine *e, const struct engine_command *c)
{
    switch (c->kind) {
    case ENGINE_PAUSE:
        obey_pause(e, c->value);
        break;
    case ENGINE_STEP:
        obey_decision(e, &e->want_step, "step");
        break;
    case ENGINE_FORCE:
        obey_decision(e, &e->want_force, "rebalance now");
        break;
    case ENGINE_INTERVAL:
        obey_interval(e, c->value);
        break;
    case ENGINE_DRY_RUN:
        obey_dry_run(e, c->value);
        break;
    case ENGINE_LOCK:
        obey_lock(e, c->uuid);
        break;
    case ENGINE_UNDO:
        obey_undo(e);
        break;
    case ENGINE_SPEED:
        obey_speed(e, c->value);
        break;
    }
}

void engine_obey(struct engine *e)
{
    struct engine_command *commands = NULL;
    int cap = 0, n = engine_take_commands(e, &commands, &cap);

    for (int i = 0; i < n && !e->over; i++) {
        obey(e, &commands[i]);
        e->report.commands_taken++;
        e->dirty = true;
    }
    free(commands);
}
