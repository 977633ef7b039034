#include "core/engine/commands.h"

#include "core/engine/engine_internal.h"
#include "core/record/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void engine_answer(struct engine *e, uint64_t command, bool refused, const char *format, ...)
{
    struct report_answer *a = &e->report.answers[command % REPORT_ANSWERS];
    va_list arguments;

    a->command = command;
    a->refused = refused;
    va_start(arguments, format);
    vsnprintf(a->text, sizeof(a->text), format, arguments);
    va_end(arguments);
    e->dirty = true;
}

/* Answers the present command and logs it. */
__attribute__((format(printf, 3, 4))) static void say(struct engine *e, bool refused, const char *format, ...)
{
    char text[sizeof(e->report.answers[0].text)];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    engine_answer(e, e->intent.command, refused, "%s", text);
    engine_log(e, REPORT_LOG_EVENT, "%s", text);
}

/* 1, 0 or -1 for the other way round. */
static bool switched(bool now, double value)
{
    return value < 0 ? !now : value > 0;
}

/* Whether a plan made now would be the next one: the figures learned last are not from before a change. */
static bool can_preview(const struct engine *e)
{
    const struct plan *p = &e->report.plan;

    if (e->config.replay)
        return e->replayed.pending != NULL;
    for (int i = 0; i < p->n_actions; i++)
        if (p->actions[i].result == PLAN_DONE)
            return false;
    return e->link.up && e->report.interval.seconds > 0;
}

static void pause_or_run(struct engine *e, const struct engine_command *c)
{
    bool paused = switched(e->intent.paused, c->value), up = e->report.state != REPORT_DISCONNECTED;

    if (paused == e->intent.paused) {
        engine_answer(e, e->intent.command, false, "%s already", paused ? "paused" : "running");
        return;
    }
    e->intent.paused = paused;
    e->intent.step.wanted = false;
    e->report.has_preview = false;
    engine_set_state(e);
    if (up)
        say(e, false, "%s", paused ? "paused by the operator" : "running on");
    else
        say(e, false, "%s",
            paused ? "paused by the operator: nothing will be changed when there is a connection again"
                   : "not paused any more: runs on when there is a connection again");
    if (paused && can_preview(e))
        engine_preview(e, true);
}

static void switch_dry_run(struct engine *e, const struct engine_command *c)
{
    struct host *h = e->config.host;
    bool dry_run = switched(e->report.dry_run, c->value);

    if (dry_run == e->report.dry_run) {
        engine_answer(e, e->intent.command, false, "%s", dry_run ? "it is a dry run already" : "it is no dry run");
        return;
    }
    e->report.dry_run = dry_run;
    if (h->ops->measure_only)
        h->ops->measure_only(h, dry_run);
    say(e, false, "%s",
        dry_run ? "dry run: nothing is changed from now on" : "dry run is over: decisions are carried out");
}

static void set_interval(struct engine *e, const struct engine_command *c)
{
    double before_s = e->report.interval_s, seconds = c->value;

    if (!(seconds >= ENGINE_INTERVAL_LEAST_S))
        seconds = ENGINE_INTERVAL_LEAST_S;
    if (seconds > ENGINE_INTERVAL_MOST_S)
        seconds = ENGINE_INTERVAL_MOST_S;
    engine_set_interval(e, seconds);
    say(e, false, "interval %g s, was %g s", seconds, before_s);
}

static void name_of(const struct engine *e, const uint8_t *uuid, char *name, size_t size)
{
    const struct snapshot *s = &e->report.snapshot;

    snprintf(name, size, "a guest that is gone");
    for (int i = 0; i < s->n_guests; i++)
        if (memcmp(s->guests[i].uuid, uuid, SNAPSHOT_UUID_BYTES) == 0)
            snprintf(name, size, "%s", s->guests[i].name);
}

static void lock_or_unlock(struct engine *e, const struct engine_command *c)
{
    bool locked = guest_choice_is_locked(&e->choice, c->uuid);
    char name[SNAPSHOT_NAME_BYTES];

    name_of(e, c->uuid, name, sizeof(name));
    if (switched(locked, c->value) == locked) {
        engine_answer(e, e->intent.command, false, "%.200s is %slocked already", name, locked ? "" : "un");
        return;
    }
    if (guest_choice_toggle(&e->choice, c->uuid)) {
        engine_answer(e, e->intent.command, true, "%.200s is not locked: out of memory", name);
        engine_log(e, REPORT_LOG_ERROR, "%.200s is not locked: out of memory", name);
        return;
    }
    say(e, false, "%.200s %s", name, guest_choice_is_locked(&e->choice, c->uuid) ? "locked: left alone" : "unlocked");
    guest_choice_mark(&e->choice, &e->report.snapshot, e->config.replay);
    guest_choice_mark(&e->choice, &e->learned.snapshot, e->config.replay);
    engine_guests(e);
    if (e->report.has_preview)
        engine_preview(e, true);
}

static void undo(struct engine *e, const struct engine_command *c)
{
    const char *why = !e->undo.possible   ? "nothing was changed yet, or it was undone already"
                      : e->report.dry_run ? "dry run"
                                          : NULL;

    if (why) {
        say(e, true, "%s: %s", commands_row(c->kind)->refused, why);
        return;
    }
    engine_undo(e);
    engine_answer(e, e->intent.command, false, "%s", e->report.plan.summary);
}

static void wish(struct engine *e, struct engine_wish *w)
{
    w->wanted = true;
    w->command = e->intent.command;
}

static void step(struct engine *e, const struct engine_command *c)
{
    (void)c;
    wish(e, &e->intent.step);
}

static void force(struct engine *e, const struct engine_command *c)
{
    (void)c;
    wish(e, &e->intent.force);
}

static void ask(struct engine *e, const struct engine_command *c)
{
    struct plan plan = {0};

    if (engine_ask(e, &plan)) {
        engine_answer(e, e->intent.command, false, "%s", plan.summary);
        e->report.answers[e->intent.command % REPORT_ANSWERS].actions = plan.n_actions;
    } else {
        engine_answer(e, e->intent.command, true, "%s: not enough has been measured yet",
                      commands_row(c->kind)->refused);
    }
    plan_free(&plan);
}

static void set_speed(struct engine *e, const struct engine_command *c)
{
    if (!(c->value >= 0)) {
        engine_answer(e, e->intent.command, true, "the speed stays: it can't be less than 0");
        return;
    }
    replay_set_speed(e->config.host, c->value);
    e->report.speed = c->value;
    engine_answer(e, e->intent.command, false, "replay at x%g", c->value);
}

static void connect_now(struct engine *e, const struct engine_command *c)
{
    (void)c;
    retry_now(&e->link.retry);
    engine_answer(e, e->intent.command, false, "connecting");
}

/* What one sender wants is measured whatever another wants. */
static void measure(struct engine *e, enum engine_sender sender, unsigned what)
{
    struct host *h = e->config.host;
    unsigned all = 0;

    e->intent.watched[sender] = what;
    for (int i = 0; i < ENGINE_SENDERS; i++)
        all |= e->intent.watched[i];
    if (h->ops->watch)
        h->ops->watch(h, all);
}

/* Asked for by what a face shows, not by the operator, so that the log has nothing of it. */
static void watch(struct engine *e, const struct engine_command *c)
{
    measure(e, c->sender, c->value > 0 ? (unsigned)c->value : 0);
    engine_answer(e, e->intent.command, false, "measured from now on");
}

/* The patterns are the choice's own from then on. */
static void take_patterns(char *const **used, char ***own, char ***fresh)
{
    engine_settings_free_patterns(*own);
    *used = *own = *fresh;
    *fresh = NULL;
}

static void choose_guests(struct engine *e, struct engine_settings *s)
{
    if (s->changed & ENGINE_CHANGED_ONLY)
        take_patterns(&e->choice.only, &e->choice.own_only, &s->only);
    if (s->changed & ENGINE_CHANGED_EXCLUDE)
        take_patterns(&e->choice.exclude, &e->choice.own_exclude, &s->exclude);
    guest_choice_mark(&e->choice, &e->report.snapshot, false);
    guest_choice_mark(&e->choice, &e->learned.snapshot, false);
    engine_guests(e);
}

static void take_settings(struct engine *e, const struct engine_command *c)
{
    struct engine_settings *s = c->settings;
    struct host *h = e->config.host;

    if (s->refused) {
        engine_answer(e, e->intent.command, true, "%s", s->text);
        engine_log(e, REPORT_LOG_ERROR, "%s", s->text);
        return;
    }
    if ((s->changed & ENGINE_CHANGED_POLICY) && e->config.policy->configure)
        e->config.policy->configure(e->policy, s->policy);
    if (s->changed & ENGINE_CHANGED_INTERVAL)
        engine_set_interval(e, s->interval_s);
    if ((s->changed & ENGINE_CHANGED_DRY_RUN) && s->dry_run != e->report.dry_run) {
        e->report.dry_run = s->dry_run;
        if (h->ops->measure_only)
            h->ops->measure_only(h, s->dry_run);
    }
    if (s->changed & ENGINE_CHANGED_WATCH)
        measure(e, ENGINE_FACE, s->watch);
    if (s->changed & (ENGINE_CHANGED_ONLY | ENGINE_CHANGED_EXCLUDE))
        choose_guests(e, s);
    say(e, false, "%s", s->text);
    if (e->config.record && (s->changed & ENGINE_CHANGED_POLICY))
        engine_log(e, REPORT_LOG_EVENT, "the recording keeps the settings that it began with: a replay uses those");
    if (e->report.has_preview)
        engine_preview(e, true);
}

static const struct command table[] = {
    [ENGINE_PAUSE] = {.kind = ENGINE_PAUSE,
                      .name = "pause",
                      .key = "p",
                      .help = "pause, or run on; sampling goes on and the next plan is shown",
                      .argument = COMMAND_SWITCH,
                      .doing = "pausing or running on",
                      .refused = "nothing is paused",
                      .run = pause_or_run},
    [ENGINE_STEP] = {.kind = ENGINE_STEP,
                     .name = "step",
                     .key = "s",
                     .help = "take one decision, carry it out, and stay paused",
                     .when = COMMAND_CONNECTED,
                     .doing = "taking one step",
                     .refused = "no step",
                     .run = step},
    [ENGINE_FORCE] = {.kind = ENGINE_FORCE,
                      .name = "force",
                      .key = "r",
                      .help = "go to the best there is now, whatever the tolerances",
                      .when = COMMAND_CONNECTED,
                      .doing = "going to the best there is",
                      .refused = "nothing is forced",
                      .run = force},
    [ENGINE_INTERVAL] = {.kind = ENGINE_INTERVAL,
                         .name = "interval",
                         .key = "+-",
                         .help = "another interval between decisions, in seconds",
                         .argument = COMMAND_NUMBER,
                         .not_replay = "in a recording decisions come where they were made",
                         .doing = "changing the interval",
                         .refused = "the interval stays",
                         .run = set_interval},
    [ENGINE_DRY_RUN] = {.kind = ENGINE_DRY_RUN,
                        .name = "dry-run",
                        .key = "d",
                        .help = "decide and show, but change nothing; or end that",
                        .argument = COMMAND_SWITCH,
                        .not_replay = "a recording is played, and nothing is changed anyway",
                        .doing = "beginning or ending a dry run",
                        .refused = "no dry run",
                        .run = switch_dry_run},
    [ENGINE_LOCK] = {.kind = ENGINE_LOCK,
                     .name = "lock",
                     .key = "l",
                     .help = "leave this guest alone, or manage it again",
                     .argument = COMMAND_GUEST,
                     .doing = "locking or unlocking",
                     .refused = "nothing is locked",
                     .run = lock_or_unlock},
    [ENGINE_UNDO] = {.kind = ENGINE_UNDO,
                     .name = "undo",
                     .key = "u",
                     .help = "take back what the last decision did",
                     .when = COMMAND_CONNECTED,
                     .not_replay = "this is a recording",
                     .doing = "taking back what was done last",
                     .refused = "nothing is undone",
                     .run = undo},
    [ENGINE_SPEED] = {.kind = ENGINE_SPEED,
                      .name = "speed",
                      .key = "[]",
                      .help = "replay: play faster or slower",
                      .argument = COMMAND_NUMBER,
                      .when = COMMAND_REPLAY,
                      .doing = "changing the speed",
                      .refused = "the speed stays",
                      .run = set_speed},
    [ENGINE_CONNECT] = {.kind = ENGINE_CONNECT,
                        .name = "connect",
                        .key = "c",
                        .help = "try now to connect, instead of when it is due",
                        .when = COMMAND_DISCONNECTED,
                        .not_replay = "this is a recording",
                        .doing = "connecting",
                        .refused = "no new connection",
                        .run = connect_now},
    [ENGINE_ASK] = {.kind = ENGINE_ASK,
                    .name = "ask",
                    .key = "R",
                    .help = "say what a rebalance would do now, without doing it",
                    .when = COMMAND_CONNECTED,
                    .not_replay = "this is a recording",
                    .doing = "looking at what it would move",
                    .refused = "it isn't known what would move",
                    .run = ask},
    [ENGINE_WATCH] = {.kind = ENGINE_WATCH,
                      .name = "watch",
                      .key = "",
                      .help = "measure disks and networks, too, or not any more",
                      .argument = COMMAND_NUMBER,
                      .not_replay = "a recording has what was measured",
                      .doing = "choosing what is measured",
                      .refused = "what is measured stays",
                      .run = watch},
    [ENGINE_SETTINGS] = {.kind = ENGINE_SETTINGS,
                         .key = "",
                         .help = "read the file of settings anew",
                         .argument = COMMAND_SETTINGS,
                         .not_replay = "a recording is played with the settings it began with",
                         .doing = "reading the settings",
                         .refused = "settings stay as they are",
                         .run = take_settings},
};

const struct command *commands_row(enum engine_command_kind kind)
{
    return &table[kind];
}

const struct command *commands_find(const char *name)
{
    for (int kind = 0; kind < ENGINE_COMMANDS; kind++)
        if (table[kind].name && strcmp(table[kind].name, name) == 0)
            return &table[kind];
    return NULL;
}

const char *commands_refusal(const struct command *row, const struct report *r)
{
    if (r->state == REPORT_ENDED)
        return "the program's work has ended";
    if (r->replay && row->not_replay)
        return row->not_replay;
    if ((row->when & COMMAND_REPLAY) && !r->replay)
        return "this is no recording";
    if ((row->when & COMMAND_CONNECTED) && r->state == REPORT_DISCONNECTED)
        return "there is no connection to the hypervisor";
    if ((row->when & COMMAND_CONNECTED) && r->state == REPORT_STARTING)
        return "no figures have come yet";
    if ((row->when & COMMAND_DISCONNECTED) && r->state != REPORT_DISCONNECTED)
        return "there is a connection";
    return NULL;
}

void engine_take_commands(struct engine *e)
{
    struct engine_command *commands = NULL;
    int cap = 0, n = mailbox_take_commands(&e->mailbox, &commands, &cap);

    for (int i = 0; i < n && !e->over; i++) {
        const struct command *row = commands_row(commands[i].kind);
        const char *why = commands_refusal(row, &e->report);

        e->intent.command = e->report.commands_taken + 1;
        if (why)
            say(e, true, "%s: %s", row->refused, why);
        else
            row->run(e, &commands[i]);
        e->report.commands_taken++;
        e->dirty = true;
    }
    for (int i = 0; i < n; i++)
        engine_settings_free(commands[i].settings);
    free(commands);
}
