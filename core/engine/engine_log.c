#include "core/engine/engine_internal.h"

#include "core/model/array.h"
#include "core/model/clock.h"
#include "core/model/cpumask.h"

#include <errno.h>
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

void engine_log(struct engine *e, enum report_log_kind kind, const char *format, ...)
{
    struct report *r = &e->report;
    uint64_t serial = r->n_log > 0 ? r->log[r->n_log - 1].serial + 1 : 1;
    struct report_log *line;
    va_list arguments;

    if (array_reserve(&r->log, &r->cap_log, REPORT_LOG_KEPT, sizeof(*r->log)))
        return; /* what can't be kept can't be told */
    if (r->n_log == REPORT_LOG_KEPT) {
        memmove(&r->log[0], &r->log[1], (size_t)(REPORT_LOG_KEPT - 1) * sizeof(*r->log));
        r->n_log--;
    }
    line = &r->log[r->n_log++];
    line->serial = serial;
    line->wall_ms = wall_ms(e);
    line->kind = kind;
    va_start(arguments, format);
    vsnprintf(line->text, sizeof(line->text), format, arguments);
    va_end(arguments);
    e->dirty = true;
}

/* "2", or for a mask of several "0-3,8"; "any" for what floats. */
static void format_place(const struct plan *p, int cpu, int mask, char *text, size_t size)
{
    if (cpu >= 0)
        snprintf(text, size, "%d", cpu);
    else if (mask >= 0)
        cpumask_format(plan_mask(p, mask), cpumask_words(p->cpu_limit), text, size);
    else
        snprintf(text, size, "any");
}

static void format_action(const struct plan *p, const struct plan_action *a, char *text, size_t size)
{
    char from[32], to[32];

    if (a->kind == PLAN_PIN) {
        if (a->from_cpu < 0)
            snprintf(from, sizeof(from), "any");
        else
            format_place(p, a->from_cpu, -1, from, sizeof(from));
        format_place(p, a->to_cpu, a->to_mask, to, sizeof(to));
        snprintf(text, size, "%s→%s", from, to);
    } else if (a->to_kib == a->from_kib) {
        snprintf(text, size, "stays"); /* a request is withdrawn */
    } else {
        snprintf(text, size, "%+" PRId64 " MiB", ((int64_t)a->to_kib - (int64_t)a->from_kib) / 1024);
    }
}

static void log_action(struct engine *e, const struct plan *p, const struct plan_action *a)
{
    char what[96], came[PLAN_REASON_BYTES + 32] = "";

    if (a->result != PLAN_DONE)
        snprintf(came, sizeof(came), " [%s%s%s]", plan_result_word(a->result), a->error[0] ? ": " : "", a->error);
    if (a->kind == PLAN_PIN) {
        format_action(p, a, what, sizeof(what));
        engine_log(e, REPORT_LOG_ACTION, "%.200s/%d %s: %s%s", a->name, a->vcpu, what, a->reason, came);
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

static struct engine_memo *find_memo(struct engine *e, const uint8_t *uuid, int id)
{
    for (int i = 0; i < e->n_memos; i++)
        if (snapshot_same_guest(e->memos[i].uuid, e->memos[i].id, uuid, id))
            return &e->memos[i];
    return NULL;
}

/* Forgets guests that are gone, so that the memos don't grow with every guest there ever was. */
static void drop_memos(struct engine *e)
{
    int kept = 0;

    for (int i = 0; i < e->n_memos; i++)
        if (snapshot_find_guest(&e->report.snapshot, e->memos[i].uuid, e->memos[i].id, i) >= 0)
            e->memos[kept++] = e->memos[i];
    e->n_memos = kept;
}

void engine_remember(struct engine *e, const struct plan *p, const struct plan_action *a)
{
    struct engine_memo *memo = find_memo(e, a->uuid, a->id);

    if (!memo) {
        drop_memos(e);
        if (array_reserve(&e->memos, &e->cap_memos, e->n_memos + 1, sizeof(*e->memos)))
            return;
        memo = &e->memos[e->n_memos++];
        memcpy(memo->uuid, a->uuid, sizeof(memo->uuid));
        memo->id = a->id;
    }
    format_action(p, a, memo->last, sizeof(memo->last));
    memo->last_ns = e->report.snapshot.taken_ns;
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
        const struct engine_memo *memo = find_memo(e, g->uuid, g->id);

        r->guests[i].locked = engine_is_locked(e, g->uuid);
        if (!memo)
            continue;
        snprintf(r->guests[i].last, sizeof(r->guests[i].last), "%s", memo->last);
        r->guests[i].last_ns = memo->last_ns;
    }
}
