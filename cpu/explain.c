#include "cpu/explain.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* More notes of one kind than these tell an operator nothing. */
enum { NOTES_OF_A_KIND = 4 };

enum { PLACE_BYTES = 40 };

static const char *const role_status[] = {
    [PROBLEM_MANAGED] = "",
    [PROBLEM_LEARNING] = "learning: no full interval of figures yet",
    [PROBLEM_LOCKED] = "locked: left alone",
    [PROBLEM_EXCLUDED] = "not selected: left alone",
    [PROBLEM_METADATA] = "left alone as its metadata asks",
    [PROBLEM_STALE] = "doesn't answer: left alone",
    [PROBLEM_REFUSED] = "on a pCPU that refuses pins: left alone",
    [PROBLEM_UNREADABLE] = "its definition can't be read: left alone",
    [PROBLEM_REALTIME] = "real-time: left alone",
    [PROBLEM_DEDICATED] = "dedicated: left alone on its own pCPUs",
    [PROBLEM_PAUSED] = "paused",
    [PROBLEM_STOPPING] = "stopping",
    [PROBLEM_BUSY] = "busy with a migration or another job",
    [PROBLEM_OUTSIDE] = "on an isolated pCPU: left alone",
    [PROBLEM_UNKNOWN] = "its affinity is not known: left alone",
    [PROBLEM_NOWHERE] = "its constraints leave no pCPU to move to",
    [PROBLEM_FLOATS] = "",
};

static const char *const float_status[] = {
    [PROBLEM_FLOAT_NOT] = "",
    [PROBLEM_FLOAT_MAKING_WAY] = "floats: others would have to make way for it",
    [PROBLEM_FLOAT_UNKNOWN] = "floats: its load isn't known well enough yet",
    [PROBLEM_FLOAT_BETTER] = "floats: pinned, some would wait more than now",
};

static bool is_free(const struct explain_pins *w, int vcpu)
{
    return w->problem->source->is_free && w->problem->source->is_free[vcpu];
}

void explain_pins_status(const struct explain_pins *w, int guest, char *text, size_t size)
{
    const struct snapshot_guest *g = &w->now->guests[guest];
    int cooling = 0, longest = 0;

    text[0] = '\0';
    for (int i = g->first_vcpu; i < g->first_vcpu + g->n_vcpus; i++) {
        int left = demand_cooldown_left_of(w->demand, i);

        if (w->problem->vcpus[i].role != PROBLEM_MANAGED) {
            enum problem_role role = w->problem->vcpus[i].role;

            snprintf(text, size, "%s",
                     is_free(w, i)            ? "floats: leaves groups room to spare"
                     : role == PROBLEM_FLOATS ? float_status[w->floats]
                                              : role_status[role]);
            return;
        }
        cooling += left > 0;
        longest = left > longest ? left : longest;
    }
    if (cooling > 0)
        snprintf(text, size, "cools down %.0f s after a move", ceil(longest * w->request->interval_s));
}

/* "pCPU 3" or "pCPUs 4-7"; returns text. */
static const char *place_words(const struct explain_pins *w, int pool_index, char text[PLACE_BYTES])
{
    int place = w->problem->pool[pool_index];
    int used;

    if (!w->view || w->view->groups.size[place] == 1) {
        snprintf(text, PLACE_BYTES, "pCPU %d", w->now->pcpus[place].number);
    } else {
        used = snprintf(text, PLACE_BYTES, "pCPUs ");
        cpumask_format(pcpu_groups_mask(&w->view->groups, place), w->view->groups.words, text + used,
                       (size_t)(PLACE_BYTES - used));
    }
    return text;
}

static int reason_to_leave(const struct explain_pins *w, int vcpu, char *text, size_t size)
{
    const struct snapshot_vcpu *v = &w->now->vcpus[vcpu];
    int at = snapshot_pinned_to(w->now, v);
    int owner = at < 0 ? -1 : w->problem->owner[at];

    if (owner >= 0)
        return snprintf(text, size, "pCPU %d is %s's own", v->cpu, w->now->guests[owner].name);
    if (at >= 0 && w->now->pcpus[at].online)
        return snprintf(text, size, "its metadata keep it off pCPU %d", v->cpu);
    return snprintf(text, size, "its pCPU is offline");
}

void explain_pins_reason(const struct explain_pins *w, int index, char *text, size_t size)
{
    const struct placement_move *move = &w->placement->moves[index];
    int vcpu = w->problem->vcpu_of[move->vcpu];
    const struct demand_vcpu *figures = &w->demand->vcpus[vcpu];
    double demand_pct = w->problem->vcpus[vcpu].load_pct;
    char from[PLACE_BYTES], to[PLACE_BYTES];

    if (w->problem->vcpus[vcpu].evicted) {
        reason_to_leave(w, vcpu, text, size);
    } else if (w->view && w->view->loose[vcpu]) {
        snprintf(text, size, "was pinned to a part of %s; demand %.0f %%", place_words(w, move->from, from),
                 demand_pct);
    } else if (move->why == PLACEMENT_FOR_ADOPTION) {
        snprintf(text, size, "floated; demand %.0f %%", demand_pct);
    } else if (move->why == PLACEMENT_FOR_CORES) {
        snprintf(text, size, "demand %.0f %%: a core of its own", demand_pct);
    } else if (move->why == PLACEMENT_FOR_CORE_LOAD) {
        snprintf(text, size, "demand %.0f %%: evens out the cores, as pCPUs can't be", demand_pct);
    } else if (move->gain <= 0.0) {
        snprintf(text, size, "demand %.0f %%: makes room, part of an exchange", demand_pct);
    } else if (figures->measured && figures->has_wait && figures->wait_pct >= 1.0) {
        snprintf(text, size, "demand %.0f %%, waits %.0f %% on %s (%.0f %% asked of it)", demand_pct, figures->wait_pct,
                 place_words(w, move->from, from), w->placement->before_pct[move->from]);
    } else {
        snprintf(text, size, "demand %.0f %%; %s carries %.0f %%, %s %.0f %%", demand_pct,
                 place_words(w, move->from, from), w->placement->before_pct[move->from], place_words(w, move->to, to),
                 w->placement->before_pct[move->to]);
    }
}

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

/* The best that is possible, and what is while some cool down, where that makes a difference. */
static void say_best(const struct explain_pins *w, char *text, size_t size)
{
    append(text, size, "best possible %.1f", w->bound);
    if (w->problem->n_cooling > 0 && w->placement->bound > w->bound + 0.1)
        append(text, size, ", %.1f while vCPUs rest", w->placement->bound);
}

static void sum_up_moves(const struct explain_pins *w, char *text, size_t size)
{
    const struct placement *p = w->placement;
    int moves = p->n_moves - p->n_adopted;
    char what[80];

    if (p->n_adopted == 0)
        snprintf(what, sizeof(what), "%d move%s", moves, plural(moves));
    else if (moves == 0)
        snprintf(what, sizeof(what), "%d vCPU%s adopted", p->n_adopted, plural(p->n_adopted));
    else
        snprintf(what, sizeof(what), "%d vCPU%s adopted, %d move%s", p->n_adopted, plural(p->n_adopted), moves,
                 plural(moves));
    snprintf(text, size, "%s: sd %.1f -> %.1f (", what, w->problem->sd_now, p->sd_after);
    say_best(w, text, size);
    append(text, size, ")");
}

/* Nothing moves although sd is above the tolerance. */
static void sum_up_imbalance(const struct explain_pins *w, char *text, size_t size)
{
    const struct placement *p = w->placement;
    double sd = w->problem->sd_now, tolerance = w->settings->tolerance;

    switch (p->outcome) {
    case PLACEMENT_NOT_WORTH:
        snprintf(text, size, "not worth it: sd %.1f > %.1f, but %d move%s would only bring it to %.1f", sd, tolerance,
                 p->rejected_moves, plural(p->rejected_moves), p->rejected_sd);
        break;
    case PLACEMENT_IMMOVABLE:
        snprintf(text, size, "sd %.1f > %.1f, but nothing may move%s", sd, tolerance,
                 w->problem->n_cooling ? ": vCPUs rest after a move" : "");
        break;
    default:
        snprintf(text, size, "sd %.1f > %.1f, and no move would be for the better (", sd, tolerance);
        say_best(w, text, size);
        append(text, size, ")");
        break;
    }
}

static void sum_up_stillness(const struct explain_pins *w, char *text, size_t size)
{
    double sd = w->problem->sd_now, tolerance = w->settings->tolerance;

    if (sd > tolerance) {
        sum_up_imbalance(w, text, size);
        return;
    }
    snprintf(text, size, "balanced: sd %.1f <= %.1f", sd, tolerance);
    if (w->problem->noise > tolerance)
        append(text, size, ", loads uncertain by %.0f points", w->problem->noise);
}

/* Where pCPUs can't be balanced and cores are, what their loads show. */
static void say_cores(const struct placement *p, char *text, size_t size)
{
    size_t used = strlen(text);

    if (p->cores_sd_before <= 0.0)
        return;
    if (p->n_moves > 0)
        snprintf(text + used, size - used, "; of cores %.1f -> %.1f", p->cores_sd_before, p->cores_sd_after);
    else
        snprintf(text + used, size - used, "; of cores %.1f", p->cores_sd_before);
}

void explain_pins_summary(const struct explain_pins *w, char *text, size_t size)
{
    char group[PCPU_GROUPS_WORD_BYTES];

    if (w->placement->n_moves > 0)
        sum_up_moves(w, text, size);
    else
        sum_up_stillness(w, text, size);
    say_cores(w->placement, text, size);
    if (w->view)
        append(text, size, "; pinned to %s", pcpu_groups_word(w->size, group));
    if (w->view && w->wait_pct >= 0.0)
        append(text, size, ", waits of %.1f %% expected", w->wait_pct);
}

static void subject_of(const struct explain_pins *w, int vcpu, char *text, size_t size)
{
    const struct snapshot_vcpu *v = &w->now->vcpus[vcpu];

    snprintf(text, size, "%.*s/%d", (int)size - 16, w->now->guests[v->guest].name, v->number);
}

/* vCPUs that cool down matter only where something would be better elsewhere. */
static int note_resting(const struct explain_pins *w, struct plan *out)
{
    char subject[SNAPSHOT_NAME_BYTES];
    int noted = 0;

    for (int i = 0; i < w->now->n_vcpus && noted < NOTES_OF_A_KIND; i++) {
        int left = demand_cooldown_left_of(w->demand, i);
        int moved = w->demand->decisions - w->demand->vcpus[i].cooldown.last_moved;

        if (left == 0 || w->problem->vcpus[i].index < 0)
            continue;
        subject_of(w, i, subject, sizeof(subject));
        if (plan_add_note(out, w->now, w->now->vcpus[i].guest, subject, "moved %.0f s ago, cools down %.0f s",
                          ceil(moved * w->request->interval_s), ceil(left * w->request->interval_s)))
            return -ENOMEM;
        noted++;
    }
    return 0;
}

static int note_rejected(const struct explain_pins *w, struct plan *out)
{
    const struct placement *p = w->placement;
    double each;

    if (p->outcome != PLACEMENT_NOT_WORTH || p->rejected_moves <= 0)
        return 0;
    each = (p->sd_before - p->rejected_sd) / p->rejected_moves;
    return plan_add_note(out, w->now, -1, "plan",
                         "%d move%s not made: gain %.2f each < %.2f, for loads that stand %.0f s", p->rejected_moves,
                         plural(p->rejected_moves), each, w->problem->placement.min_gain,
                         w->problem->stands_intervals * w->request->interval_s);
}

static int note_free(const struct explain_pins *w, struct plan *out)
{
    double load_pct = 0.0;
    int n = 0;

    for (int i = 0; i < w->now->n_vcpus; i++) {
        load_pct += is_free(w, i) ? w->problem->vcpus[i].load_pct : 0.0;
        n += is_free(w, i);
    }
    return n == 0 ? 0
                  : plan_add_note(out, w->now, -1, "adoption",
                                  "%d vCPU%s float%s, of %.0f %% together: with %s groups would have no room to spare",
                                  n, plural(n), n == 1 ? "s" : "", load_pct, n == 1 ? "it" : "them");
}

static int note_floating(const struct explain_pins *w, struct plan *out)
{
    int n = w->problem->n_floating;
    const char *go = n == 1 ? "goes" : "go";

    switch (n > 0 ? w->floats : PROBLEM_FLOAT_NOT) {
    case PROBLEM_FLOAT_MAKING_WAY:
        return plan_add_note(out, w->now, -1, "adoption",
                             "%d vCPU%s %s on floating: with %s pinned, %d others would move", n, plural(n), go,
                             n == 1 ? "it" : "them", w->making_way);
    case PROBLEM_FLOAT_UNKNOWN:
        return plan_add_note(out, w->now, -1, "adoption", "%d vCPU%s %s on floating until better known", n, plural(n),
                             go);
    case PROBLEM_FLOAT_BETTER:
        return plan_add_note(out, w->now, -1, "adoption",
                             "%d vCPU%s %s on floating: pinned, some would wait more than the kernel lets them", n,
                             plural(n), go);
    case PROBLEM_FLOAT_NOT:
        break;
    }
    return 0;
}

int explain_pins_notes(const struct explain_pins *w, struct plan *out)
{
    int rc = note_rejected(w, out);

    if (rc == 0)
        rc = note_floating(w, out);
    if (rc == 0)
        rc = note_free(w, out);
    if (rc == 0 && !w->request->force && w->problem->sd_now > w->settings->tolerance)
        rc = note_resting(w, out);
    if (rc == 0 && w->problem->n_without_wait > 0)
        rc =
            plan_add_note(out, w->now, -1, "demand",
                          "no run-queue delay reported for %d vCPU%s: taken from run time alone, too low where crowded",
                          w->problem->n_without_wait, plural(w->problem->n_without_wait));
    if (rc == 0 && w->problem->n_learning > 0)
        rc = plan_add_note(out, w->now, -1, "learning", "%d vCPU%s without a full interval of figures stay%s",
                           w->problem->n_learning, plural(w->problem->n_learning),
                           w->problem->n_learning == 1 ? "s" : "");
    return rc;
}
