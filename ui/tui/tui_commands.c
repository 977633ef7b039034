/*
 * The keys that change what the engine does. What each is called, when it can be given and what is said of it stands
 * in the engine's table of commands; here is what the screen adds: the value that a key asks for, and the asking before
 * much is moved. Each is answered at once in the status line ("pausing…"), then with the engine's answer; while the
 * hypervisor hangs the line says what is waited for.
 */
#include "ui/tui/tui_actions.h"

#include "ui/tui/tui.h"
#include "ui/tui/tui_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const double shown_s = 5;       /* how long an answer stays */
static const double patience_s = 0.75; /* after which one is told what is waited for */
static const double again_s = 5;       /* within which a key that moves much must be pressed again */

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

/* Gives the command to the engine, or says why it can't be given now. doing: what is said meanwhile. */
static void send(struct tui *t, const struct engine_command *command, const char *doing)
{
    const struct command *row = commands_row(command->kind);
    const char *why = t->has_report ? commands_refusal(row, tui_latest(t)) : "no figures have come yet";
    struct tui_pending *p = &t->words.pending;

    if (why) {
        tui_state_say(t, TUI_WARN, shown_s, "%s: %s", row->refused, why);
        return;
    }
    *p = (struct tui_pending){.number = engine_send(t->engine, command),
                              .since_s = tui_now(),
                              .kind = command->kind,
                              .value = command->value};
    snprintf(p->doing, sizeof(p->doing), "%s", doing);
    tui_state_say(t, TUI_MESSAGE, shown_s, p->number ? "%s…" : "%s: out of memory", doing);
}

/* The value that a key starts from: what was asked for last, where that isn't confirmed yet. */
static double base_value(const struct tui *t, enum engine_command_kind kind, double confirmed)
{
    bool asked = t->words.pending.number && t->words.pending.kind == kind;

    return asked ? t->words.pending.value : confirmed;
}

void tui_do_interval(struct tui *t, int step)
{
    double now_s = base_value(t, ENGINE_INTERVAL, tui_latest(t)->interval_s);
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
    double now = base_value(t, ENGINE_SPEED, tui_latest(t)->speed > 0 ? tui_latest(t)->speed : 1);
    struct engine_command c = {.kind = ENGINE_SPEED, .value = step > 0 ? now * 2 : now / 2};
    char doing[64];

    if (c.value > 4096 || c.value < 1.0 / 16) {
        tui_state_say(t, TUI_WARN, shown_s, "the replay can't go %s than x%g", step > 0 ? "faster" : "slower", now);
        return;
    }
    snprintf(doing, sizeof(doing), "replay speed x%g", c.value);
    send(t, &c, doing);
}

/* Pressed again before the first is confirmed, a switch means the other way round from that. */
static void toggle(struct tui *t, enum engine_command_kind kind, bool on, const char *begins, const char *ends)
{
    bool now = base_value(t, kind, on ? 1 : 0) > 0;

    send(t, &(struct engine_command){.kind = kind, .value = now ? 0 : 1}, now ? ends : begins);
}

static void lock_one(struct tui *t, int guest)
{
    const struct snapshot_guest *g = &tui_latest(t)->snapshot.guests[guest];
    struct engine_command c = {.kind = ENGINE_LOCK};
    bool locked = guest < tui_latest(t)->n_guests && tui_latest(t)->guests[guest].locked;
    char doing[64];

    c.value = locked ? 0 : 1;
    memcpy(c.uuid, g->uuid, SNAPSHOT_UUID_BYTES);
    snprintf(doing, sizeof(doing), "%s %.40s", locked ? "unlocking" : "locking", g->name);
    send(t, &c, doing);
}

/* All that are tagged get locked where one of them isn't, and unlocked otherwise. */
static void lock_tagged(struct tui *t)
{
    bool all_locked = true;
    int n = 0;

    for (int i = 0; i < tui_latest(t)->n_guests; i++)
        if (tui_uuids_has(&t->list.tagged, tui_latest(t)->snapshot.guests[i].uuid))
            all_locked &= tui_latest(t)->guests[i].locked;
    for (int i = 0; i < tui_latest(t)->n_guests; i++)
        if (tui_uuids_has(&t->list.tagged, tui_latest(t)->snapshot.guests[i].uuid) &&
            tui_latest(t)->guests[i].locked == all_locked) {
            lock_one(t, i);
            n++;
        }
    tui_state_say(t, TUI_MESSAGE, shown_s, "%s %d tagged guests", all_locked ? "unlocking" : "locking", n);
    t->words.pending.number = 0; /* that line says it for all of them */
}

static void lock_chosen(struct tui *t)
{
    int guest = tui_state_guest(t);

    if (t->list.tagged.n > 0 && t->view != LAYOUT_DETAIL) {
        lock_tagged(t);
    } else if (guest < 0) {
        tui_state_say(t, TUI_WARN, shown_s, "no guest is chosen: nothing to lock");
    } else {
        t->list.cursor_chosen = true; /* from then on it is this guest that is meant, wherever its row goes */
        lock_one(t, guest);
    }
}

static void send_one(struct tui *t, enum engine_command_kind kind)
{
    t->asked.until_s = 0;
    send(t, &(struct engine_command){.kind = kind}, commands_row(kind)->doing);
}

static bool was_asked(const struct tui *t, enum engine_command_kind kind)
{
    return t->asked.kind == kind && t->asked.until_s > tui_now();
}

/* Says what the key would do, and that it does it when it is pressed again. */
static void ask_again(struct tui *t, enum engine_command_kind kind, const char *what, const char *would)
{
    char question[TUI_MESSAGE_BYTES], tail[48], words[TUI_MESSAGE_BYTES];

    t->asked.kind = kind;
    t->asked.until_s = tui_now() + again_s;
    snprintf(question, sizeof(question), "%s%s%.250s", what, what[0] ? " " : "", would);
    snprintf(tail, sizeof(tail), "? %s again within %.0f s", commands_row(kind)->key, again_s);
    /* What is asked for is told whole, whatever room there is for the rest. */
    tui_fit_summary(t, question, t->layout.status.w - 1 - (int)strlen(tail));
    tui_text_clauses(words, sizeof(words), question, t->layout.status.w - 1 - (int)strlen(tail), t->term.unicode);
    tui_state_say(t, TUI_WARN, again_s, "%.260s%s", words, tail);
}

/* Says what is taken back while it is. */
static void undo_now(struct tui *t)
{
    const char *doing = commands_row(ENGINE_UNDO)->doing;
    char words[TUI_MESSAGE_BYTES];

    snprintf(words, sizeof(words), t->undo[0] ? "%s: %.200s" : "%s", doing, t->undo);
    t->asked.until_s = 0;
    send(t, &(struct engine_command){.kind = ENGINE_UNDO}, words);
}

void tui_do_command(struct tui *t, int kind)
{
    tui_past_choose(t, 0); /* what acts, acts on what is now, and so that is shown */
    switch ((enum engine_command_kind)kind) {
    case ENGINE_PAUSE:
        toggle(t, ENGINE_PAUSE, tui_latest(t)->paused, "pausing", "running on");
        break;
    case ENGINE_DRY_RUN:
        toggle(t, ENGINE_DRY_RUN, tui_latest(t)->dry_run, "dry run", "ending the dry run");
        break;
    case ENGINE_LOCK:
        lock_chosen(t);
        break;
    case ENGINE_FORCE:
        /* A recording isn't moved by it, so nothing is asked. */
        t->asked.go_on = true;
        send_one(t, was_asked(t, ENGINE_FORCE) || tui_latest(t)->replay ? ENGINE_FORCE : ENGINE_ASK);
        break;
    case ENGINE_UNDO:
        if (was_asked(t, ENGINE_UNDO) || t->undo_actions <= t->asked.above || tui_latest(t)->replay)
            undo_now(t);
        else
            ask_again(t, ENGINE_UNDO, "undo", t->undo);
        break;
    case ENGINE_ASK:
        t->asked.go_on = false;
        send_one(t, ENGINE_ASK);
        break;
    case ENGINE_STEP:
    case ENGINE_CONNECT:
    case ENGINE_INTERVAL:
    case ENGINE_SPEED:
    default:
        send_one(t, (enum engine_command_kind)kind);
        break;
    }
}

/* Few moves need no second press; and what isn't known yet the decision itself will tell. */
static bool goes_on(const struct tui *t, const struct report_answer *answer)
{
    return t->asked.go_on && (answer->refused || answer->actions <= t->asked.above);
}

/* What the screen says of an answer: the engine's words, and where they don't say it what is true now. */
static void confirm(struct tui *t, const struct report_answer *answer)
{
    const struct tui_pending *p = &t->words.pending;
    const struct report *r = tui_latest(t);
    char length[24];

    if (p->kind == ENGINE_ASK && !answer->refused && answer->actions > 0 && !goes_on(t, answer))
        ask_again(t, ENGINE_FORCE, "", answer->text);
    else if (answer->refused)
        tui_state_say(t, TUI_WARN, shown_s, "%s", answer->text);
    else if (p->kind == ENGINE_PAUSE && r->state != REPORT_DISCONNECTED)
        tui_state_say(t, TUI_MESSAGE, shown_s, r->paused ? "paused: p runs on, s takes one step" : "running on");
    else if (p->kind == ENGINE_STEP)
        tui_state_say(t, TUI_MESSAGE, shown_s, "one step: %s", r->plan.summary);
    else if (p->kind == ENGINE_FORCE)
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s", r->plan.summary);
    else if (p->kind == ENGINE_INTERVAL)
        tui_state_say(t, TUI_MESSAGE, shown_s, "a decision every %s",
                      tui_text_seconds(length, sizeof(length), r->interval_s));
    else
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s", answer->text);
}

void tui_commands_note(struct tui *t, const struct plan *plan)
{
    time_t seconds = (time_t)(tui_latest(t)->snapshot.wall_ms / 1000);
    struct tm when = {0};
    char clock[16] = "", what[96];
    int done = 0, told = 0;

    for (int i = 0; i < plan->n_actions; i++)
        done += plan->actions[i].result == PLAN_DONE;
    if (localtime_r(&seconds, &when))
        strftime(clock, sizeof(clock), "%H:%M:%S", &when);
    t->undo_actions = done;
    snprintf(t->undo, sizeof(t->undo), "%d change%s of %s", done, done == 1 ? "" : "s", clock);
    for (int i = 0; i < plan->n_actions && told < 2; i++) {
        const struct plan_action *a = &plan->actions[i];
        size_t used = strlen(t->undo);

        if (a->result != PLAN_DONE)
            continue;
        snprintf(t->undo + used, sizeof(t->undo) - used, "%s %.40s %s", told++ ? "," : ":", a->name,
                 tui_history_action(what, sizeof(what), plan, a));
    }
    if (done > told)
        snprintf(t->undo + strlen(t->undo), sizeof(t->undo) - strlen(t->undo), " and %d more", done - told);
}

void tui_commands_follow(struct tui *t)
{
    struct tui_pending *p = &t->words.pending;
    const struct report_answer *answer = p->number ? report_answer_to(tui_latest(t), p->number) : NULL;
    double waited_s = tui_now() - p->since_s;

    if (p->number == 0)
        return;
    if (answer) {
        bool go_on = p->kind == ENGINE_ASK && goes_on(t, answer);

        if (!go_on)
            confirm(t, answer);
        p->number = 0;
        if (go_on)
            send_one(t, ENGINE_FORCE);
    } else if (t->has_report && tui_latest(t)->state == REPORT_ENDED) {
        tui_state_say(t, TUI_WARN, shown_s, "%s: too late, the program's work has ended", p->doing);
        p->number = 0;
    } else if (waited_s > patience_s) {
        char words[TUI_MESSAGE_BYTES + 64];

        if (t->words.busy[0])
            snprintf(words, sizeof(words), "%.200s… waits for libvirt, %.0f s: %s", p->doing, floor(t->words.busy_s),
                     t->words.busy);
        else
            snprintf(words, sizeof(words), "%.200s… waits for %.0f s", p->doing, floor(waited_s));
        if (strcmp(words, t->words.message) != 0)
            tui_state_say(t, TUI_WARN, shown_s, "%s", words);
        t->words.until_s = tui_now() + shown_s;
    }
}
