/*
 * The keys that change what the engine does. Each is answered at once in the status line ("pausing…"), then confirmed
 * or refused when the engine has carried it out; while the hypervisor hangs the line says what is waited for.
 */
#include "ui/tui/tui.h"

#include "ui/tui/tui_actions.h"
#include "ui/tui/tui_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double shown_s = 5;       /* how long an answer stays */
static const double patience_s = 0.75; /* after which one is told what is waited for */

/* The next longer or shorter interval in steps that suit its length. */
static double next_interval(double now_s, bool longer)
{
    static const double steps[][2] = {{1, 0.1}, {20, 1}, {60, 5}, {300, 30}, {3600, 300}, {86400, 3600}};
    size_t last = sizeof(steps) / sizeof(steps[0]) - 1;
    double next;

    for (size_t i = 0; i <= last; i++) {
        /* At a limit, longer takes the next row's step, shorter this one's. */
        if (i < last && (longer ? now_s >= steps[i][0] - 1e-6 : now_s > steps[i][0] + 1e-6))
            continue;
        next = (longer ? floor(now_s / steps[i][1] + 1e-6) + 1 : ceil(now_s / steps[i][1] - 1e-6) - 1) * steps[i][1];
        return fmin(fmax(next, 0.1), 86400);
    }
    return now_s;
}

static uint64_t youngest_line(const struct tui *t)
{
    return t->report.n_log ? t->report.log[t->report.n_log - 1].serial : 0;
}

static void send(struct tui *t, const struct engine_command *command, const char *doing)
{
    struct tui_pending *p = &t->words.pending;

    p->log_serial = youngest_line(t);
    p->number = engine_send(t->engine, command);
    p->since_s = tui_now();
    p->kind = command->kind;
    p->value = command->value;
    p->decisions = t->report.counters.decisions;
    snprintf(p->doing, sizeof(p->doing), "%s", doing);
    tui_state_say(t, TUI_MESSAGE, shown_s, "%s…", doing);
}

/* The value that a key starts from: what was asked for last, where that isn't confirmed yet. */
static double base_value(const struct tui *t, enum engine_command_kind kind, double confirmed)
{
    bool asked = t->words.pending.number && t->words.pending.kind == kind;

    return asked ? t->words.pending.value : confirmed;
}

void tui_do_interval(struct tui *t, int step)
{
    double now_s = base_value(t, ENGINE_INTERVAL, t->report.interval_s);
    struct engine_command c = {.kind = ENGINE_INTERVAL, .value = next_interval(now_s, step > 0)};
    char doing[64], length[24];

    if (fabs(c.value - now_s) < 1e-9) {
        tui_state_say(t, TUI_WARN, shown_s, "the interval can't be %s than %s", step > 0 ? "longer" : "shorter",
                      tui_text_seconds(length, sizeof(length), now_s));
        return;
    }
    snprintf(doing, sizeof(doing), "interval %s", tui_text_seconds(length, sizeof(length), c.value));
    send(t, &c, doing);
}

void tui_do_speed(struct tui *t, int step)
{
    double now = base_value(t, ENGINE_SPEED, t->report.speed > 0 ? t->report.speed : 1);
    struct engine_command c = {.kind = ENGINE_SPEED, .value = step > 0 ? now * 2 : now / 2};
    char doing[64];

    if (c.value > 4096 || c.value < 1.0 / 16) {
        tui_state_say(t, TUI_WARN, shown_s, "the replay can't go %s than x%g", step > 0 ? "faster" : "slower", now);
        return;
    }
    snprintf(doing, sizeof(doing), "replay speed x%g", c.value);
    send(t, &c, doing);
}

void tui_do_pause(struct tui *t, int unused)
{
    /* Pressed again before the first is confirmed, it means the other way round from that. */
    bool paused = base_value(t, ENGINE_PAUSE, t->report.state == REPORT_PAUSED ? 1 : 0) > 0;
    struct engine_command c = {.kind = ENGINE_PAUSE, .value = paused ? 0 : 1};

    (void)unused;
    send(t, &c, paused ? "running on" : "pausing");
}

void tui_do_dry_run(struct tui *t, int unused)
{
    bool on = base_value(t, ENGINE_DRY_RUN, t->report.dry_run ? 1 : 0) > 0;
    struct engine_command c = {.kind = ENGINE_DRY_RUN, .value = on ? 0 : 1};

    (void)unused;
    send(t, &c, on ? "ending the dry run" : "dry run");
}

void tui_do_lock(struct tui *t, int unused)
{
    struct engine_command c = {.kind = ENGINE_LOCK};
    int guest = tui_state_guest(t);
    char doing[64];
    bool locked;

    (void)unused;
    if (guest < 0) {
        tui_state_say(t, TUI_WARN, shown_s, "no guest is chosen: nothing to lock");
        return;
    }
    t->list.cursor_chosen = true;
    locked = guest < t->report.n_guests && t->report.guests[guest].locked;
    memcpy(c.uuid, t->report.snapshot.guests[guest].uuid, SNAPSHOT_UUID_BYTES);
    snprintf(doing, sizeof(doing), "%s %.40s", locked ? "unlocking" : "locking", t->report.snapshot.guests[guest].name);
    send(t, &c, doing);
}

/* Why a decision is out of the question now, or NULL. */
static const char *cannot_decide(const struct tui *t)
{
    switch (t->report.state) {
    case REPORT_DISCONNECTED:
        return "there is no connection to the hypervisor";
    case REPORT_ENDED:
        return "the program's work has ended";
    case REPORT_STARTING:
    case REPORT_RUNNING:
    case REPORT_PAUSED:
    default:
        return t->has_report ? NULL : "no figures have come yet";
    }
}

static void decide(struct tui *t, enum engine_command_kind kind, const char *what, const char *doing)
{
    struct engine_command c = {.kind = kind};
    const char *no = cannot_decide(t);

    if (no)
        tui_state_say(t, TUI_WARN, shown_s, "can't %s: %s", what, no);
    else
        send(t, &c, doing);
}

void tui_do_step(struct tui *t, int unused)
{
    (void)unused;
    decide(t, ENGINE_STEP, "step", "taking one step");
}

void tui_do_force(struct tui *t, int unused)
{
    (void)unused;
    decide(t, ENGINE_FORCE, "rebalance", "going to the best there is");
}

void tui_do_undo(struct tui *t, int unused)
{
    (void)unused;
    decide(t, ENGINE_UNDO, "undo", "taking back the last decision");
}

/* What the engine said since the command was given: its refusals are lines of the log. */
static const struct report_log *said_since(const struct tui *t, uint64_t serial)
{
    const struct report *r = &t->report;

    for (int i = r->n_log - 1; i >= 0 && r->log[i].serial > serial; i--)
        if (r->log[i].kind == REPORT_LOG_EVENT || r->log[i].kind == REPORT_LOG_ERROR)
            return &r->log[i];
    return NULL;
}

/* Whether what was asked for is so now; where the engine refused, its log says why. */
static bool is_granted(const struct report *r, const struct tui_pending *p)
{
    switch (p->kind) {
    case ENGINE_DRY_RUN:
        return r->dry_run == (p->value > 0);
    case ENGINE_INTERVAL:
        return fabs(r->interval_s - p->value) < 1e-9;
    default:
        return true;
    }
}

static void confirm(struct tui *t)
{
    const struct tui_pending *p = &t->words.pending;
    const struct report *r = &t->report;
    const struct report_log *said = said_since(t, p->log_serial);
    char length[24];

    if (said && (said->kind == REPORT_LOG_ERROR || !is_granted(r, p) || p->kind == ENGINE_UNDO ||
                 p->kind == ENGINE_STEP || p->kind == ENGINE_FORCE || p->kind == ENGINE_LOCK)) {
        tui_state_say(t, said->kind == REPORT_LOG_ERROR ? TUI_BAD : TUI_MESSAGE, shown_s, "%s", said->text);
        return;
    }
    switch (p->kind) {
    case ENGINE_PAUSE:
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s",
                      r->state == REPORT_PAUSED ? "paused: p runs on, s takes one step" : "running on");
        break;
    case ENGINE_STEP:
        tui_state_say(t, TUI_MESSAGE, shown_s, "one step: %s", r->plan.summary);
        break;
    case ENGINE_FORCE:
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s", r->plan.summary);
        break;
    case ENGINE_DRY_RUN:
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s",
                      r->dry_run ? "dry run: decisions are shown, nothing is changed" : "decisions are carried out");
        break;
    case ENGINE_INTERVAL:
        tui_state_say(t, TUI_MESSAGE, shown_s, "a decision every %s",
                      tui_text_seconds(length, sizeof(length), r->interval_s));
        break;
    case ENGINE_SPEED:
        tui_state_say(t, TUI_MESSAGE, shown_s, "replay at x%g", r->speed);
        break;
    default:
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s: done", p->doing);
        break;
    }
}

/* A decision that was asked for comes when enough has been measured for it; what stands in its way is told. */
static bool is_done(const struct tui *t, const struct tui_pending *p)
{
    bool decides = p->kind == ENGINE_STEP || p->kind == ENGINE_FORCE;

    return t->has_report && t->report.commands_taken >= p->number &&
           (!decides || t->report.counters.decisions > p->decisions || said_since(t, p->log_serial));
}

void tui_commands_follow(struct tui *t)
{
    struct tui_pending *p = &t->words.pending;
    double waited_s = tui_now() - p->since_s;

    if (p->number == 0)
        return;
    if (is_done(t, p)) {
        confirm(t);
        p->number = 0;
    } else if (t->has_report && t->report.state == REPORT_ENDED) {
        tui_state_say(t, TUI_WARN, shown_s, "%s: too late, the program's work has ended", p->doing);
        p->number = 0;
    } else if (waited_s > patience_s) {
        char words[TUI_MESSAGE_BYTES];

        if (t->words.busy[0])
            snprintf(words, sizeof(words), "%s… waits for libvirt, %.0f s: %s", p->doing, floor(t->words.busy_s),
                     t->words.busy);
        else
            snprintf(words, sizeof(words), "%s… waits for %.0f s", p->doing, floor(waited_s));
        if (strcmp(words, t->words.message) != 0)
            tui_state_say(t, TUI_WARN, shown_s, "%s", words);
        t->words.until_s = tui_now() + shown_s;
    }
}
