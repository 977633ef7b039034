#include "core/engine/engine_internal.h"

#include "core/model/array.h"
#include "core/model/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Notes that one decision may add to the log: a crowd of guests must not push everything else out of it. */
enum { NOTES_LOGGED = 24 };

static int64_t wall_ms(const struct engine *e)
{
    return e->config.replay ? e->report.snapshot.wall_ms : clock_wall_ms();
}

struct report_log *engine_log_line(struct engine *e)
{
    struct report *r = &e->report;
    uint64_t serial = r->n_log > 0 ? r->log[r->n_log - 1].serial + 1 : 1;

    if (array_reserve(&r->log, &r->cap_log, REPORT_LOG_KEPT, sizeof(*r->log)))
        return NULL;
    if (r->n_log == REPORT_LOG_KEPT) {
        memmove(&r->log[0], &r->log[1], (size_t)(REPORT_LOG_KEPT - 1) * sizeof(*r->log));
        r->n_log--;
    }
    r->log[r->n_log].serial = serial;
    e->dirty = true;
    return &r->log[r->n_log++];
}

void engine_log(struct engine *e, enum report_log_kind kind, const char *format, ...)
{
    struct report_log *line = engine_log_line(e);
    struct report *r = &e->report;
    va_list arguments;

    if (!line)
        return; /* what can't be kept can't be told */
    r->counters.errors += kind == REPORT_LOG_ERROR;
    line->wall_ms = wall_ms(e);
    line->kind = kind;
    va_start(arguments, format);
    vsnprintf(line->text, sizeof(line->text), format, arguments);
    va_end(arguments);
}

static void log_action(struct engine *e, const struct plan *p, const struct plan_action *a)
{
    char what[96], came[PLAN_REASON_BYTES + 32] = "", number[SNAPSHOT_WORD_BYTES];

    if (a->result != PLAN_DONE)
        snprintf(came, sizeof(came), " [%s%s%s]", plan_result_word(a->result), a->error[0] ? ": " : "", a->error);
    if (a->kind == PLAN_PIN) {
        last_actions_format(p, a, what, sizeof(what));
        engine_log(e, REPORT_LOG_ACTION, "%.200s/%s %s: %s%s", a->name, snapshot_number_word(a->vcpu, number), what,
                   a->reason, came);
    } else {
        engine_log(e, REPORT_LOG_ACTION, "%.200s %" PRIu64 "→%" PRIu64 " MiB: %s%s", a->name, a->from_kib / 1024,
                   a->to_kib / 1024, a->reason, came);
    }
}

/* What differs in figures only ("tried again in 9 intervals") is no news. */
static bool same_but_for_figures(const char *a, const char *b)
{
    static const char figures[] = "0123456789.";

    do {
        a += strspn(a, figures);
        b += strspn(b, figures);
        if (*a != *b)
            return false;
    } while (*a++ && *b++);
    return true;
}

static bool was_noted(const struct engine *e, const struct plan_note *note)
{
    for (int i = 0; i < e->noted.n_notes; i++) {
        const struct plan_note *old = &e->noted.notes[i];

        if (old->id == note->id && strcmp(old->subject, note->subject) == 0 &&
            same_but_for_figures(old->text, note->text))
            return true;
    }
    return false;
}

void engine_log_plan(struct engine *e, const struct plan *p)
{
    int n_notes = 0;

    engine_log(e, REPORT_LOG_DECISION, "%s%s%s", e->report.dry_run ? "dry run: " : "",
               p->early    ? "early: "
               : p->forced ? "forced: "
                           : "",
               p->summary);
    for (int i = 0; i < p->n_actions; i++)
        log_action(e, p, &p->actions[i]);
    if (p->early)
        return; /* what is left alone is told by decisions */
    for (int i = 0; i < p->n_notes && n_notes < NOTES_LOGGED; i++) {
        const struct plan_note *note = &p->notes[i];

        if (was_noted(e, note))
            continue;
        engine_log(e, REPORT_LOG_NOTE, "%s%s%s", note->subject, note->subject[0] ? ": " : "", note->text);
        n_notes++;
    }
    if (plan_copy(&e->noted, p))
        plan_reset(&e->noted, 1); /* then all count as new next time */
}

void engine_guests(struct engine *e)
{
    struct report *r = &e->report;

    r->n_guests = 0;
    if (array_reserve(&r->guests, &r->cap_guests, r->snapshot.n_guests, sizeof(*r->guests)))
        return;
    r->n_guests = r->snapshot.n_guests;
    array_clear(r->guests, r->n_guests, sizeof(*r->guests));
    for (int i = 0; i < r->n_guests; i++) {
        const struct snapshot_guest *g = &r->snapshot.guests[i];
        const struct last_action *done = last_actions_find(&e->last_actions, g->uuid, g->id);

        r->guests[i].locked = guest_choice_is_locked(&e->choice, g->uuid);
        if (!done)
            continue;
        snprintf(r->guests[i].last, sizeof(r->guests[i].last), "%s", done->last);
        r->guests[i].last_ns = done->last_ns;
        r->guests[i].actions = done->actions;
    }
}
