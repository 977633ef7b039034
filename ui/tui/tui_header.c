/* The rows at the top (who, where, state, balance, host memory, last decision or preview) and the two at the bottom. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* waits: the hypervisor hangs, so that nothing is running in truth. */
static const char *state_word(const struct report *r, bool waits, enum tui_role *role)
{
    switch (r->state) {
    case REPORT_RUNNING:
        *role = waits ? TUI_BROKEN : TUI_RUNNING;
        return waits ? "WAITING" : "RUNNING";
    case REPORT_PAUSED:
        *role = TUI_PAUSED;
        return "PAUSED";
    case REPORT_DISCONNECTED:
        *role = TUI_BROKEN;
        return "DISCONNECTED";
    case REPORT_ENDED:
        *role = TUI_ENDED;
        return "ENDED";
    case REPORT_STARTING:
    default:
        *role = TUI_ENDED;
        return "STARTING";
    }
}

static void clock_words(const struct tui *t, char *text, size_t size, bool narrow)
{
    char interval[24], next[24];
    double left = tui_state_countdown(t);
    int digits = t->report.interval_s > 9.5 ? 2 : 1;

    tui_text_seconds(interval, sizeof(interval), t->report.interval_s);
    if (t->past.chosen)
        snprintf(text, size, " %s · %s ago ", tui_past_clock(t, next, sizeof(next)),
                 tui_text_seconds(
                     interval, sizeof(interval),
                     floor(((double)tui_latest(t)->snapshot.taken_ns - (double)t->report.snapshot.taken_ns) / 1e9)));
    else if (t->report.state == REPORT_DISCONNECTED)
        snprintf(text, size, t->report.snapshot.taken_ns ? " figures %s old " : " ",
                 tui_text_seconds(interval, sizeof(interval), floor(tui_now() - t->measured_s)));
    else if (t->words.busy[0])
        snprintf(text, size, " libvirt hangs %.0f s ", floor(t->words.busy_s));
    else if (t->report.state == REPORT_PAUSED || t->report.state == REPORT_ENDED || left < 0)
        snprintf(text, size, " %s ", interval);
    else if (narrow)
        snprintf(text, size, " %s · %*.0f s ", interval, digits, ceil(left));
    else if (left < 120)
        snprintf(text, size, " %s · next in %*.0f s ", interval, digits, ceil(left));
    else
        snprintf(text, size, " %s · next in %s ", interval, tui_text_seconds(next, sizeof(next), left));
}

static void draw_title(struct tui *t)
{
    const struct report *r = &t->report;
    const struct snapshot *s = &r->snapshot;
    struct tui_pen p = tui_pen_at(&t->term, &t->layout.header, 0), right = p;
    const char *program = t->options->program ? t->options->program : "";
    enum tui_role role;
    const char *word = state_word(r, t->words.busy[0] != 0, &role);
    const struct report *now = tui_latest(t);
    char clock[64] = "", speed[32] = "";
    int width, paused = 0;

    if (t->past.chosen) {
        word = "PAST";
        role = TUI_DRY_RUN;
    }
    if (!t->has_report)
        word = "STARTING";
    else
        clock_words(t, clock, sizeof(clock), t->layout.width < 80);
    if (now->state == REPORT_DISCONNECTED && now->paused && !t->past.chosen)
        paused = 8;
    if (r->replay)
        snprintf(speed, sizeof(speed), r->speed > 0 ? " REPLAY x%g " : " REPLAY ", r->speed);
    width = (int)strlen(word) + 2 + paused + tui_text_columns(clock, t->term.unicode) + (r->dry_run ? 9 : 0) +
            (int)strlen(speed);
    right.x = right.right - width > right.x ? right.right - width : right.x;
    p.right = right.x;
    tui_pen_text(&right, TUI_ENDED, speed);
    if (r->dry_run)
        tui_pen_text(&right, TUI_DRY_RUN, " DRY RUN ");
    if (paused)
        tui_pen_text(&right, TUI_PAUSED, " PAUSED ");
    tui_pen_print(&right, role, " %s ", word);
    tui_pen_text(&right, TUI_PLAIN, clock);

    tui_pen_print(&p, TUI_PROGRAM, t->options->attached ? " %s attached " : " %s ", program);
    if (!t->has_report)
        return;
    if (t->layout.width >= 60 && s->uri[0])
        tui_pen_piece(&p, TUI_DIM, " %s ", s->uri);
    if (s->taken_ns == 0)
        return;
    if (s->node_name[0] && t->layout.width >= 150)
        tui_pen_piece(&p, TUI_STRONG, " %s ", s->node_name);
    if (t->layout.width < 72)
        return;
    if (t->n_nodes > 1)
        tui_pen_piece(&p, TUI_PLAIN, " %d pCPUs · %d nodes ", t->n_online, t->n_nodes);
    else
        tui_pen_piece(&p, TUI_PLAIN, " %d pCPUs ", t->n_online);
    if (!tui_pen_piece(&p, TUI_PLAIN, " %d guest%s · %d vCPU%s ", s->n_guests, s->n_guests == 1 ? "" : "s", s->n_vcpus,
                       s->n_vcpus == 1 ? "" : "s"))
        tui_pen_piece(&p, TUI_PLAIN, " %d guest%s ", s->n_guests, s->n_guests == 1 ? "" : "s");
}

static int done_now(const struct plan *p)
{
    int done = 0;

    for (int i = 0; i < p->n_actions; i++)
        done += p->actions[i].result == PLAN_DONE;
    return done;
}

static bool is_wide(const struct tui *t)
{
    return t->layout.width >= 150;
}

/* Appends to text, where it has room. */
static void append(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

/* What the last plan that moved something started from, promised and brought; while paused, what the next would.
 * brief: 0 to 3 for ever fewer words. */
static void balance_words(const struct tui *t, const struct plan *plan, int brief, char *text, size_t size)
{
    const struct report *r = &t->report;
    const struct tui_balance *b = &t->balance;

    text[0] = 0;
    if (t->past.chosen && plan->n_actions > 0 && plan->sd_expected >= 0)
        append(text, size, brief ? "%.1f → %.1f" : "decided %.1f → %.1f", plan->sd_now, plan->sd_expected);
    else if (t->past.chosen)
        append(text, size, "nothing moved");
    else if (plan == &r->preview && plan->n_actions > 0 && plan->sd_expected >= 0)
        append(text, size, "next %.1f → %.1f", plan->sd_now, plan->sd_expected);
    else if (b->decided_ns && b->got >= 0)
        append(text, size, brief ? "last %.1f → %.1f got %.1f" : "last %.1f → %.1f, got %.1f", b->from, b->expected,
               b->got);
    else if (b->decided_ns)
        append(text, size, brief ? "last %.1f → %.1f" : "last %.1f → %.1f expected", b->from, b->expected);
    if (plan->sd_bound >= 0)
        append(text, size, brief ? "%sbest %.1f" : "%s%.1f best possible", text[0] ? " · " : "", plan->sd_bound);
    if (brief > 2)
        return;
    if (r->program == REPORT_VCPU_SCHEDULER && brief > 1)
        append(text, size, "  pins %d", done_now(&r->plan));
    else if (r->program == REPORT_VCPU_SCHEDULER)
        append(text, size, brief ? "  pins %d · %llu in all" : "   pins %d now · %llu in all", done_now(&r->plan),
               (unsigned long long)r->counters.actions_done);
}

static void draw_balance(struct tui *t, struct tui_pen *p)
{
    const struct report *r = &t->report;
    const struct plan *plan = r->state == REPORT_PAUSED && r->has_preview && !t->past.chosen ? &r->preview : &r->plan;
    double sd = r->snapshot.taken_ns ? r->live.sd_pct : -1;
    bool good = plan->tolerance <= 0 || sd <= plan->tolerance;
    char text[256];

    tui_pen_piece(p, TUI_STRONG, " balance ");
    if (sd >= 0)
        tui_pen_piece(p, good ? TUI_GOOD : TUI_WARN, t->past.chosen ? " sd %.1f then" : " sd %.1f now", sd);
    else
        tui_pen_piece(p, TUI_DIM, " sd not known yet");
    if (!plan->has_balance)
        return;
    if (plan->tolerance > 0)
        tui_pen_piece(p, TUI_PLAIN, is_wide(t) ? " (tolerance %g)" : " (%g)", plan->tolerance);
    tui_pen_text(p, TUI_PLAIN, "  ");
    for (int brief = 0; brief < 4; brief++) {
        balance_words(t, plan, brief, text, sizeof(text));
        if (tui_text_columns(text, t->term.unicode) <= tui_pen_left(p))
            break;
    }
    tui_pen_text(p, TUI_PLAIN, text);
}

static bool fits(const struct tui *t, const struct tui_pen *p, const char *sum, const char *result)
{
    return tui_text_columns(sum, t->term.unicode) + tui_text_columns(result, t->term.unicode) <= tui_pen_left(p);
}

/*
 * Where what may be given comes from: available - reserve - may be touched = to give, each rounded to MiB as the log
 * has them. What guests may touch of what they have, and what was granted and is on its way to them, is what the plan
 * kept beside the reserve: here it is what is left over, so that the sum adds up to the digit.
 */
void tui_budget_draw(struct tui *t, struct tui_pen *p)
{
    const struct plan *plan = &t->report.plan;
    long long available = tui_text_round_mib(plan->host_free_kib), reserve = tui_text_round_mib(plan->host_reserve_kib);
    long long give = tui_text_round_mib(plan->budget_kib), above = available > reserve ? available - reserve : 0;
    enum tui_role role = give > 0 ? TUI_GOOD : TUI_WARN;
    const char *least = give > 0 || above == 0 ? "" : "at least ";
    char sum[128], result[48];

    if (!plan->has_memory) {
        tui_pen_piece(p, TUI_DIM, " not decided yet");
        return;
    }
    if (plan->missing_kib)
        tui_pen_piece(p, TUI_BAD, " MISSING %lld", tui_text_round_mib(plan->missing_kib));
    snprintf(result, sizeof(result), " = %lld MiB to give", give);
    snprintf(sum, sizeof(sum), " %lld available − %lld reserve − %s%lld may be touched", available, reserve, least,
             above - (give < above ? give : above));
    if (!fits(t, p, sum, result)) {
        snprintf(result, sizeof(result), " = %lld to give", give);
        snprintf(sum, sizeof(sum), " %lld avail − %lld reserve − %s%lld may be touched", available, reserve, least,
                 above - (give < above ? give : above));
    }
    /* A sum that is cut doesn't add up: where it has no room, only what comes of it is told. */
    if (fits(t, p, sum, result))
        tui_pen_text(p, TUI_PLAIN, sum);
    else
        snprintf(result, sizeof(result), " = %lld MiB to give", give);
    tui_pen_piece(p, role, "%s", result);
    if (plan->pending_kib)
        tui_pen_piece(p, TUI_PLAIN, "  coming back %lld", tui_text_round_mib(plan->pending_kib));
}

static void draw_budget(struct tui *t, struct tui_pen *p)
{
    tui_pen_piece(p, TUI_STRONG, " memory ");
    tui_budget_draw(t, p);
    if (t->report.plan.has_memory)
        tui_pen_piece(p, TUI_PLAIN, "   set %d now · %llu in all", done_now(&t->report.plan),
                      (unsigned long long)t->report.counters.actions_done);
}

void tui_host_memory_draw(struct tui *t, struct tui_pen *p, int bar_width)
{
    const struct snapshot_host *h = &t->report.snapshot.host;
    const struct plan *plan = &t->report.plan;
    struct tui_bar_segment segments[2], rest = {TUI_BAR_DOTS, TUI_FREE, 0};
    double total = (double)h->total_kib, mark = -1, used, cache;
    char text[40];

    if (!(h->has & SNAPSHOT_HOST_HAS_TOTAL) || h->total_kib == 0) {
        tui_pen_text(p, TUI_DIM, "not reported");
        return;
    }
    cache = h->has & SNAPSHOT_HOST_HAS_AVAILABLE ? (double)h->available_kib - (double)h->free_kib : 0;
    if (cache < 0)
        cache = 0;
    used = total - (double)h->free_kib - cache;
    if (used < 0)
        used = 0;
    segments[0] = (struct tui_bar_segment){TUI_BAR_SOLID, TUI_USED, used / total};
    segments[1] = (struct tui_bar_segment){TUI_BAR_SHADE, TUI_CACHE, cache / total};
    if (plan->has_memory && plan->host_reserve_kib > 0 && plan->host_reserve_kib < h->total_kib)
        mark = 1 - (double)plan->host_reserve_kib / total;
    tui_pen_bar(p, bar_width, segments, 2, &rest, mark);
    tui_pen_skip(p, 1);
    tui_pen_text(p, TUI_PLAIN, tui_text_of(text, sizeof(text), (uint64_t)used, h->total_kib));
}

void tui_header_draw(struct tui *t)
{
    const struct layout_rect *h = &t->layout.header;
    struct tui_pen p = tui_pen_at(&t->term, h, 1), memory;
    bool beside = h->h < 3 && h->w >= 112 && t->view != LAYOUT_MEMORY;
    int bar = h->w >= 160 ? 40 : 20;

    draw_title(t);
    if (!t->has_report)
        return;
    memory = h->h >= 3 ? tui_pen_at(&t->term, h, 2) : p;
    if (beside) {
        memory.x = memory.right - bar - 23;
        p.right = memory.x - 1;
    } else {
        bar = h->w - 23 > 60 ? 60 : h->w - 23;
    }
    if (t->report.program == REPORT_MEMORY_COORDINATOR)
        draw_budget(t, &p);
    else
        draw_balance(t, &p);
    if (h->h < 3 && !beside)
        return;
    tui_pen_text(&memory, TUI_STRONG, " host mem ");
    tui_host_memory_draw(t, &memory, bar);
}

static void action_words(const struct plan *plan, const struct plan_action *a, char *text, size_t size)
{
    char what[96], number[SNAPSHOT_WORD_BYTES];

    if (a->kind == PLAN_PIN && a->from_cpu >= 0 && a->to_cpu >= 0)
        snprintf(text, size, "%s/%s %d → %d", a->name, snapshot_number_word(a->vcpu, number), a->from_cpu, a->to_cpu);
    else if (a->kind == PLAN_PIN && a->to_cpu >= 0) /* it floats */
        snprintf(text, size, "%s/%s → %d", a->name, snapshot_number_word(a->vcpu, number), a->to_cpu);
    else
        snprintf(text, size, "%s %s", a->name, tui_history_action(what, sizeof(what), plan, a));
}

/* What the previewed plan would do, in words: as many of its actions as there is room for in width columns. */
static void preview_words(const struct plan *plan, bool unicode, int width, char *text, size_t size)
{
    char action[SNAPSHOT_NAME_BYTES + 128], end[80] = "", more[32] = "";

    if (plan->n_actions == 0) {
        snprintf(text, size, "would do nothing: %s", plan->summary);
        return;
    }
    if (plan->has_balance && plan->sd_now >= 0 && plan->sd_expected >= 0)
        snprintf(end, sizeof(end), ", sd %.1f → %.1f", plan->sd_now, plan->sd_expected);
    snprintf(text, size, "would %s", plan->actions[0].kind == PLAN_PIN ? "move " : "set ");
    for (int i = 0; i < plan->n_actions; i++) {
        size_t used = strlen(text);
        int left = plan->n_actions - i, columns;

        action_words(plan, &plan->actions[i], action, sizeof(action));
        if (left > 1)
            snprintf(more, sizeof(more), " and %d more", left - 1);
        else
            more[0] = 0;
        columns = tui_text_columns(text, unicode) + tui_text_columns(action, unicode) +
                  tui_text_columns(more, unicode) + tui_text_columns(end, unicode) + 2;
        if (i > 0 && columns > width) {
            snprintf(text + used, size - used, " and %d more", left);
            break;
        }
        snprintf(text + used, size - used, "%s%s", i ? ", " : "", action);
    }
    snprintf(text + strlen(text), size - strlen(text), "%s", end);
}

char *tui_fit_summary(const struct tui *t, char *text, int width)
{
    char *sum = strstr(text, " MiB available - "), *begin = NULL;

    if (tui_text_columns(text, t->term.unicode) <= width || !sum)
        return text;
    for (char *at = text; (at = strstr(at, "; ")) != NULL && at < sum; at++)
        begin = at;
    if (begin)
        *begin = 0;
    return text;
}

/* What the row beside "next" says while paused. */
static void next_words(struct tui *t, int width, char *text, size_t size)
{
    const struct report *r = &t->report;
    double left_s = tui_state_countdown(t);
    char length[24];

    if (r->has_preview)
        preview_words(&r->preview, t->term.unicode, width, text, size);
    else if (r->replay)
        snprintf(text, size, "the recording has no further decision");
    else if (left_s > 0)
        snprintf(text, size, "known in %s, when the interval has been measured",
                 tui_text_seconds(length, sizeof(length), ceil(left_s)));
    else
        snprintf(text, size, "not known yet");
}

/* Why there is no connection, and when it is tried again: that counts down. */
static void retry_words(const struct tui *t, char *text, size_t size)
{
    const char *why = t->report.connection, *tail = strstr(why, "; next try in");
    int length = tail ? (int)(tail - why) : (int)strlen(why);
    double left_s = tui_state_countdown(t);

    if (left_s > 0)
        snprintf(text, size, "next try in %.0f s (c: now) · %.*s", ceil(left_s), length, why);
    else
        snprintf(text, size, "trying now · %.*s", length, why);
}

/* How the other program is, at the right, where there is room for it beside what was decided. */
static void draw_other(const struct tui *t, struct tui_pen *p)
{
    enum { OTHER_WIDTH = 100 };
    const struct report *r = &t->other;
    struct tui_pen right = *p;
    char text[96];

    if (!t->has_other || t->layout.width < OTHER_WIDTH)
        return;
    snprintf(text, sizeof(text), " %s %s%s ", report_program_name(r->program), report_state_word(r->state),
             r->dry_run ? ", dry run" : "");
    right.x = right.right - (int)strlen(text);
    p->right = right.x;
    tui_pen_text(&right,
                 r->state == REPORT_DISCONNECTED ? TUI_BROKEN
                 : r->state == REPORT_PAUSED     ? TUI_PAUSED
                                                 : TUI_DIM,
                 text);
}

void tui_plan_draw(struct tui *t)
{
    const struct report *r = &t->report;
    struct tui_pen p = tui_pen_at(&t->term, &t->layout.plan, 0);
    char text[1024];

    draw_other(t, &p);
    tui_strain_draw(t, &p);
    if (!t->has_report) {
        tui_pen_text(&p, TUI_DIM, " waiting for the first figures");
    } else if (t->past.chosen) {
        tui_pen_text(&p, TUI_DRY_RUN, " then ");
        snprintf(text, sizeof(text), " %s%s", r->plan.forced ? "forced: " : "", r->plan.summary);
        tui_pen_clauses(&p, TUI_STRONG, tui_fit_summary(t, text, tui_pen_left(&p)));
    } else if (r->state == REPORT_DISCONNECTED) {
        tui_pen_text(&p, TUI_BROKEN, " no connection ");
        retry_words(t, text, sizeof(text));
        tui_pen_print(&p, TUI_PLAIN, " %s", text);
    } else if (r->state == REPORT_PAUSED) {
        tui_pen_text(&p, TUI_PAUSED, " next ");
        next_words(t, tui_pen_left(&p) - 1, text, sizeof(text));
        tui_pen_skip(&p, 1);
        tui_pen_clauses(&p, TUI_STRONG, tui_fit_summary(t, text, tui_pen_left(&p)));
    } else {
        tui_pen_text(&p, TUI_DIM, " last ");
        snprintf(text, sizeof(text), " %s%s", r->plan.forced ? "forced: " : "",
                 r->plan.summary[0] ? r->plan.summary : "nothing decided yet");
        tui_pen_clauses(&p, TUI_PLAIN, tui_fit_summary(t, text, tui_pen_left(&p)));
    }
}

/* The line in which text is typed, with what comes of it. */
static void draw_field(struct tui *t, struct tui_pen *p)
{
    bool filter = t->field.purpose == TUI_FIELD_FILTER;

    tui_pen_text(p, TUI_STRONG, filter ? " filter: " : " find: ");
    tui_pen_text(p, TUI_PLAIN, tui_field_text(t));
    tui_pen_text(p, TUI_CURSOR, " ");
    if (filter)
        tui_pen_print(p, TUI_DIM, "  %d of %d guests   Enter keeps it, Esc ends it", t->list.n_order,
                      t->report.snapshot.n_guests);
    else
        tui_pen_text(p, TUI_DIM, "  Enter goes there, then n and N; Esc ends it");
}

static void draw_message(const struct tui *t, struct tui_pen *p)
{
    tui_pen_skip(p, 1);
    tui_pen_clauses(p, t->words.role, t->words.message);
}

void tui_footer_draw(struct tui *t)
{
    struct tui_pen status = tui_pen_at(&t->term, &t->layout.status, 0);
    struct tui_pen p = tui_pen_at(&t->term, &t->layout.footer, 0);
    bool shared = t->layout.status.y == t->layout.footer.y;
    bool busy = t->words.busy[0] != 0;
    unsigned on = (tui_latest(t)->state == REPORT_PAUSED ? 1U << TUI_TOGGLE_PAUSED : 0) |
                  (tui_latest(t)->dry_run ? 1U << TUI_TOGGLE_DRY_RUN : 0);
    char clock[24];

    t->n_footer = 0;
    if (t->field.open)
        draw_field(t, &status);
    else if (t->words.until_s > 0)
        draw_message(t, &status);
    else if (busy)
        tui_pen_print(&status, TUI_WARN, " waits for libvirt, %.0f s: %s", floor(t->words.busy_s), t->words.busy);
    else if (!shared && t->past.chosen)
        tui_pen_print(&status, TUI_WARN,
                      " PAST: decision of %s, %d of %d: ( goes back, ) forward, Esc comes back to now",
                      tui_past_clock(t, clock, sizeof(clock)), t->past.n - t->past.chosen + 1, t->past.n);
    else if (!shared && t->list.filter[0])
        tui_pen_print(&status, TUI_DIM, " only guests with \"%s\" in their name: / changes it, Esc ends it",
                      t->list.filter);
    if (shared && (t->field.open || t->words.until_s > 0 || busy))
        return;
    t->n_footer = tui_keys_footer(t->footer, tui_state_context(t), on, t->layout.footer.w);
    for (int i = 0; i < t->n_footer; i++) {
        p.x = t->layout.footer.x + t->footer[i].x;
        tui_pen_text(&p, TUI_KEY, t->footer[i].key->shown);
        tui_pen_text(&p, TUI_KEY_NAME, " ");
        tui_pen_text(&p, TUI_KEY_NAME, t->footer[i].name);
    }
}
