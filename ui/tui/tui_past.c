#include "ui/tui/tui_past.h"

#include "ui/tui/tui.h"
#include "ui/tui/tui_actions.h"
#include "ui/tui/tui_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* So many decisions are kept, and fewer of a large host: some hours of work, or what fits into so much memory. */
enum { KEPT_MOST = 128, KEPT_LEAST = 8, KEPT_BYTES = 32 << 20 };

static const double shown_s = 3; /* how long an answer stays */

void tui_past_free(struct tui_past *p)
{
    for (int i = 0; i < p->cap; i++)
        report_free(&p->kept[i]);
    free(p->kept);
    report_free(&p->other);
    memset(p, 0, sizeof(*p));
}

const struct report *tui_latest(const struct tui *t)
{
    return t->past.chosen ? &t->past.other : &t->report;
}

/* About what a report without its log takes. */
static size_t bytes_of(const struct report *r)
{
    const struct snapshot *s = &r->snapshot;

    return sizeof(*r) + (size_t)s->n_pcpus * (sizeof(*s->pcpus) + 2 * sizeof(*r->live.pcpus)) +
           (size_t)s->n_guests * (sizeof(*s->guests) + 2 * sizeof(*r->live.guests) + sizeof(*r->guests)) +
           (size_t)s->n_vcpus * (sizeof(*s->vcpus) + 2 * sizeof(*r->live.vcpus) + sizeof(*r->plan.vcpus)) +
           (size_t)s->n_masks * (size_t)snapshot_words(s) * sizeof(*s->masks);
}

static int kept_at_most(const struct report *r)
{
    size_t fit = KEPT_BYTES / bytes_of(r);

    return fit > KEPT_MOST ? KEPT_MOST : fit < KEPT_LEAST ? KEPT_LEAST : (int)fit;
}

void tui_past_note(struct tui *t)
{
    const struct report *now = tui_latest(t);
    struct tui_past *p = &t->past;
    struct report *to;
    int most = kept_at_most(now);

    if (!now->decision || now->plan.decided_ns == p->decided_ns)
        return;
    if (!p->kept && !(p->kept = calloc(KEPT_MOST, sizeof(*p->kept))))
        return;
    p->cap = KEPT_MOST;
    /* The oldest make room; what one of them has allocated is used again. */
    while (p->n >= most) {
        struct report oldest = p->kept[0];

        memmove(&p->kept[0], &p->kept[1], (size_t)(p->n - 1) * sizeof(*p->kept));
        p->kept[--p->n] = oldest;
    }
    to = &p->kept[p->n];
    if (report_copy(to, now) < 0)
        return;
    free(to->log);
    to->log = NULL;
    to->n_log = to->cap_log = 0;
    p->decided_ns = now->plan.decided_ns;
    p->n++;
    if (p->chosen) /* the one that is shown stays the one that is shown */
        p->chosen = p->chosen < p->n ? p->chosen + 1 : p->n;
}

static void swap_reports(struct tui *t)
{
    struct report shown = t->report;

    t->report = t->past.other;
    t->past.other = shown;
}

void tui_past_choose(struct tui *t, int k)
{
    struct tui_past *p = &t->past;

    if (k > p->n)
        k = p->n;
    if (k < 0)
        k = 0;
    if (k == p->chosen)
        return;
    if (p->chosen == 0 || k == 0)
        swap_reports(t);
    p->chosen = k;
    if (k > 0 && report_copy(&t->report, &p->kept[p->n - k]) < 0) {
        swap_reports(t);
        p->chosen = 0;
    }
    t->log_scroll = 0;
    tui_state_follow(t, true);
}

void tui_past_choose_at(struct tui *t, uint64_t ns)
{
    const struct tui_past *p = &t->past;
    uint64_t nearest = UINT64_MAX;
    int k = 0;

    for (int i = 0; i < p->n; i++) {
        uint64_t taken = p->kept[i].snapshot.taken_ns, distance = taken > ns ? taken - ns : ns - taken;

        if (distance <= nearest) {
            nearest = distance;
            k = p->n - i;
        }
    }
    tui_past_choose(t, k);
}

void tui_do_past(struct tui *t, int step)
{
    int k = t->past.chosen + step;

    if (t->past.n == 0)
        tui_state_say(t, TUI_WARN, shown_s, "no decision is known yet");
    else if (k > t->past.n)
        tui_state_say(t, TUI_WARN, shown_s, "this is the oldest decision that is kept");
    else if (k < 0)
        tui_state_say(t, TUI_MESSAGE, shown_s, "this is now");
    else
        tui_past_choose(t, k);
}

const char *tui_past_clock(const struct tui *t, char *text, size_t size)
{
    time_t seconds = (time_t)(t->report.snapshot.wall_ms / 1000);
    struct tm when;

    text[0] = 0;
    if (localtime_r(&seconds, &when))
        strftime(text, size, "%H:%M:%S", &when);
    return text;
}

/* Lines written below each other, of which some are scrolled away. */
struct lines {
    struct tui *t;
    const struct layout_rect *r; /* NULL: they are only counted */
    int width, scroll, n;
};

static void write_line(struct lines *l, enum tui_role role, const char *mark, const char *text)
{
    enum { MARK = 4, LINE_BYTES = 512 };
    char line[LINE_BYTES];
    bool first = true;

    for (size_t taken; first || *text; text += taken, l->n++, first = false) {
        struct tui_pen p;

        taken = tui_text_break(text, l->width - MARK, l->t->term.unicode);
        tui_text_take(line, sizeof(line), text, taken);
        if (!l->r || l->n < l->scroll || l->n - l->scroll >= l->r->h)
            continue;
        p = tui_pen_at(&l->t->term, l->r, l->n - l->scroll);
        tui_pen_field(&p, role, MARK, TUI_LEFT, first ? mark : "");
        tui_pen_text(&p, role, line);
    }
}

static void write_action(struct lines *l, const struct plan *plan, const struct plan_action *a)
{
    char text[PLAN_REASON_BYTES + SNAPSHOT_NAME_BYTES + 256], what[96];
    bool failed = a->result == PLAN_FAILED;

    snprintf(text, sizeof(text), "%s  %s%s%s  %s", a->name, tui_history_action(what, sizeof(what), plan, a),
             a->result == PLAN_DONE ? "" : "  ", a->result == PLAN_DONE ? "" : plan_result_word(a->result),
             failed && a->error[0] ? a->error : a->reason);
    write_line(l, failed ? TUI_BAD : TUI_STRONG, failed ? " !" : " *", text);
}

int tui_past_draw(struct tui *t, const struct layout_rect *r, int width, int scroll)
{
    const struct plan *plan = &t->report.plan;
    struct lines l = {t, r, width, scroll, 0};
    char text[2 * PLAN_REASON_BYTES + 256];

    write_line(&l, TUI_PLAIN, "", plan->summary);
    if (plan->has_balance && plan->sd_now >= 0) {
        snprintf(text, sizeof(text), "sd %.1f, expected %.1f, best possible %.1f, tolerance %g", plan->sd_now,
                 plan->sd_expected, plan->sd_bound, plan->tolerance);
        write_line(&l, TUI_DIM, "", text);
    }
    for (int i = 0; i < plan->n_actions; i++)
        write_action(&l, plan, &plan->actions[i]);
    for (int i = 0; i < plan->n_notes; i++) {
        snprintf(text, sizeof(text), "%s: %s", plan->notes[i].subject, plan->notes[i].text);
        write_line(&l, TUI_DIM, "", text);
    }
    return l.n;
}
