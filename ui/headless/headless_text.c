#include "ui/headless/headless_text.h"

#include "core/model/cpumask.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

enum {
    WIDEST_NAME = 24,      /* columns that names may take before the others are no longer aligned */
    LOADS_AS_NUMBERS = 12, /* pCPUs up to which each load is a number */
    LOADS_AS_DIGITS = 128, /* and up to which it is a digit */
    GUESTS_BY_NAME = 8,    /* guests up to which each is on the line */
};

/* Kinds of messages in the journal: any numbers, that stay. docs/journal.md has them. */
#define ID_START "6a6ee2f6078245879820de3f1ce3e14b"
#define ID_DECISION "87df351dedab4176b840e762137df887"
#define ID_PIN "28c1f6f8f99a4d9291a84e573bdd1939"
#define ID_SIZE "2b202bf098bb4b768084ec52dfbd7ee8"
#define ID_EVENT "e8cba13b49be41c3a292de4ccf642780"
#define ID_TROUBLE "e10ee34e26284723b3e96b7a8f4b978d"

static uint64_t mib(uint64_t kib)
{
    return kib / 1024;
}

void headless_start(FILE *out, const struct headless_style *style, const struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    int online = 0;
    char date[32] = "";
    time_t seconds = (time_t)(s->wall_ms / 1000);
    struct tm local;

    for (int i = 0; i < s->n_pcpus; i++)
        online += s->pcpus[i].online;
    if (localtime_r(&seconds, &local))
        strftime(date, sizeof(date), "%Y-%m-%d", &local);
    headless_begin_line(out, style, s->wall_ms, LOG_NOTICE);
    headless_put_word(out, style, "start", "");
    fprintf(out, "%s  %s on ", date, report_program_name(r->program));
    headless_put(out, style, s->node_name[0] ? s->node_name : "an unnamed host", 0);
    fputs(" (", out);
    headless_put(out, style, s->uri, 0);
    fprintf(out, "): %d pCPU%s, %d guest%s with %d vCPU%s", online, online == 1 ? "" : "s", s->n_guests,
            s->n_guests == 1 ? "" : "s", s->n_vcpus, s->n_vcpus == 1 ? "" : "s");
    if (s->host.has & SNAPSHOT_HOST_HAS_TOTAL)
        fprintf(out, ", %" PRIu64 " MiB", mib(s->host.total_kib));
    fprintf(out, "; decides every %g s%s%s\n", r->interval_s, r->dry_run ? "; dry run: changes nothing" : "",
            r->replay ? "; a recording" : "");
    headless_message_id(out, style, ID_START);
    headless_field(out, style, "INTERVAL_S", "%g", r->interval_s);
    headless_field(out, style, "URI", "%s", s->uri);
}

/* What the line is about. */
static const struct plan *told_plan(const struct report *r)
{
    return r->early ? &r->early_plan : &r->plan;
}

static double pcpu_load(const struct report *r, int i)
{
    const struct plan_pcpu *planned = report_plan_pcpu(r, i);
    const struct rates_pcpu *measured = report_interval_pcpu(r, i);

    return r->plan.has_balance && planned ? planned->load_pct : measured && measured->known ? measured->load_pct : -1;
}

/* Loads of the online pCPUs: as numbers, as digits (tenths; * from 100 %), or summed up, by how many there are. */
static void put_loads(FILE *out, const struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    int online = 0, node = -1, shown = 0;
    double least = INFINITY, most = -INFINITY, sum = 0;

    for (int i = 0; i < s->n_pcpus; i++)
        online += s->pcpus[i].online;
    fputs("load", out);
    for (int i = 0; i < s->n_pcpus; i++) {
        double load = pcpu_load(r, i);

        if (!s->pcpus[i].online)
            continue;
        if (online > LOADS_AS_NUMBERS && online <= LOADS_AS_DIGITS) {
            if (s->pcpus[i].node != node || shown % 16 == 0)
                fputc(' ', out);
            fputc(load < 0 ? '?' : load >= 99.5 ? '*' : '0' + (int)(load / 10), out);
        } else if (online <= LOADS_AS_NUMBERS) {
            if (load < 0)
                fputs("   ?", out);
            else
                fprintf(out, " %3.0f", load);
        }
        node = s->pcpus[i].node;
        shown++;
        least = fmin(least, load);
        most = fmax(most, load);
        sum += load;
    }
    if (online <= LOADS_AS_NUMBERS)
        fputs(" %", out);
    else if (online > 0 && least >= 0)
        fprintf(out, "  %.0f..%.0f %%, mean %.0f", least, most, sum / online);
}

static void put_sd(FILE *out, const struct plan *p)
{
    if (p->sd_now < 0)
        fputs("sd    ?         ", out);
    else if (p->n_actions > 0 && p->sd_expected >= 0)
        fprintf(out, "sd %5.1f -> %-5.1f", p->sd_now, p->sd_expected);
    else
        fprintf(out, "sd %5.1f         ", p->sd_now);
    if (p->sd_bound >= 0)
        fprintf(out, "  bound %4.1f", p->sd_bound);
}

static void count_actions(const struct plan *p, int *done, int *failed)
{
    *done = *failed = 0;
    for (int i = 0; i < p->n_actions; i++) {
        *done += p->actions[i].result == PLAN_DONE || p->actions[i].result == PLAN_DRY_RUN;
        *failed += p->actions[i].result == PLAN_FAILED;
    }
}

static void put_cpu_figures(FILE *out, const struct report *r)
{
    int done, failed;

    count_actions(told_plan(r), &done, &failed);
    put_sd(out, told_plan(r));
    fprintf(out, "  pins %2d", done);
    if (failed > 0)
        fprintf(out, " (%d failed)", failed);
    fputs("  ", out);
    put_loads(out, r);
}

static void put_guest_sizes(FILE *out, const struct headless_style *style, const struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    uint64_t size = 0, used = 0, of_guest;

    for (int i = 0; i < s->n_guests; i++) {
        const struct snapshot_memory *m = &s->guests[i].memory;
        bool known = rates_memory_used(m, &of_guest);

        size += m->has & SNAPSHOT_HAS_SIZE ? m->size_kib : 0;
        used += known ? of_guest : 0;
        if (s->n_guests > GUESTS_BY_NAME)
            continue;
        fputs(i > 0 ? "  " : "", out);
        headless_put(out, style, s->guests[i].name, 0);
        if (m->has & SNAPSHOT_HAS_SIZE)
            fprintf(out, " %" PRIu64, mib(m->size_kib));
        else
            fputs(" ?", out);
        if (known)
            fprintf(out, "/%" PRIu64, mib(of_guest));
    }
    if (s->n_guests > GUESTS_BY_NAME)
        fprintf(out, "%d guests hold %" PRIu64 ", use %" PRIu64, s->n_guests, mib(size), mib(used));
}

static void put_memory_figures(FILE *out, const struct headless_style *style, const struct report *r)
{
    const struct plan *p = told_plan(r);

    if (p->has_memory)
        fprintf(out, "free %6" PRIu64 "  reserve %5" PRIu64 "  to give %6" PRIu64 " MiB  ", mib(p->host_free_kib),
                mib(p->host_reserve_kib), mib(p->budget_kib));
    else if (r->snapshot.host.has & SNAPSHOT_HOST_HAS_FREE)
        fprintf(out, "free %6" PRIu64 " MiB  ", mib(r->snapshot.host.free_kib));
    else
        fputs("free      ? MiB  ", out);
    if (p->pending_kib > 0)
        fprintf(out, "awaited %" PRIu64 "  ", mib(p->pending_kib));
    if (p->missing_kib > 0) {
        headless_paint(out, style, HEADLESS_RED);
        fprintf(out, "MISSING %" PRIu64, mib(p->missing_kib));
        headless_paint(out, style, HEADLESS_PLAIN);
        fputs("  ", out);
    }
    put_guest_sizes(out, style, r);
}

static const char *state_word(const struct report *r)
{
    if (r->early)
        return "early";
    if (r->plan.learning)
        return "learning";
    if (r->dry_run)
        return "dry run";
    if (r->plan.forced)
        return "forced";
    return r->state == REPORT_ENDED || r->state == REPORT_STARTING ? "running" : report_state_word(r->state);
}

static void format_subject(const struct plan_action *a, char *text, size_t size)
{
    char number[SNAPSHOT_WORD_BYTES];

    if (a->kind == PLAN_PIN)
        snprintf(text, size, "%s/%s", a->name, snapshot_number_word(a->vcpu, number));
    else
        snprintf(text, size, "%s", a->name);
}

static void format_places(const struct plan *p, const struct plan_action *a, char *text, size_t size)
{
    char from[24], to[24];
    double change = fabs(a->gain) < 0.05 ? 0 : -a->gain; /* never -0.0 */

    if (a->kind == PLAN_SET_MEMORY) {
        snprintf(text, size, "%5" PRIu64 " -> %-5" PRIu64 " MiB %+6" PRId64, mib(a->from_kib), mib(a->to_kib),
                 ((int64_t)a->to_kib - (int64_t)a->from_kib) / 1024);
        return;
    }
    plan_from_words(p, a, from, sizeof(from));
    plan_place_words(p, a->to_cpu, a->to_mask, "any", to, sizeof(to));
    snprintf(text, size, "%3s -> %-3s  sd %+5.1f", from, to, change);
}

static void put_guest_fields(FILE *out, const struct headless_style *style, const uint8_t *uuid, const char *name)
{
    char text[2 * SNAPSHOT_UUID_BYTES + 5], *at = text;

    for (int i = 0; i < SNAPSHOT_UUID_BYTES; i++)
        at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    headless_field(out, style, "GUEST", "%s", name);
    headless_field(out, style, "GUEST_UUID", "%s", text);
}

static void put_action_fields(FILE *out, const struct headless_style *style, const struct plan_action *a)
{
    bool pin = a->kind == PLAN_PIN;
    char number[SNAPSHOT_WORD_BYTES];

    headless_message_id(out, style, pin ? ID_PIN : ID_SIZE);
    put_guest_fields(out, style, a->uuid, a->name);
    if (pin)
        headless_field(out, style, a->vcpu < 0 ? "THREAD" : "VCPU", "%s", snapshot_number_word(a->vcpu, number));
    if (pin && a->from_cpu >= 0)
        headless_field(out, style, "FROM_PCPU", "%d", a->from_cpu);
    if (pin && a->to_cpu >= 0)
        headless_field(out, style, "PCPU", "%d", a->to_cpu);
    if (!pin) {
        headless_field(out, style, "FROM_KIB", "%" PRIu64, a->from_kib);
        headless_field(out, style, "TO_KIB", "%" PRIu64, a->to_kib);
    }
    headless_field(out, style, "RESULT", "%s", plan_result_word(a->result));
    headless_field(out, style, "REASON", "%s", a->reason);
    if (a->error[0])
        headless_field(out, style, "ERROR", "%s", a->error);
}

static void put_decision_fields(FILE *out, const struct headless_style *style, const struct report *r)
{
    const struct plan *p = told_plan(r);

    headless_message_id(out, style, ID_DECISION);
    headless_field(out, style, "DECISION", "%" PRIu64, r->counters.decisions);
    headless_field(out, style, "ACTIONS", "%d", p->n_actions);
    if (p->has_balance && p->sd_now >= 0)
        headless_field(out, style, "SD_POINTS", "%.2f", p->sd_now);
    if (p->has_balance && p->sd_expected >= 0)
        headless_field(out, style, "SD_EXPECTED_POINTS", "%.2f", p->sd_expected);
    if (p->has_memory) {
        headless_field(out, style, "HOST_FREE_KIB", "%" PRIu64, p->host_free_kib);
        headless_field(out, style, "MISSING_KIB", "%" PRIu64, p->missing_kib);
    }
}

static void put_action(FILE *out, const struct headless_style *style, const struct report *r,
                       const struct plan_action *a, int width)
{
    char subject[SNAPSHOT_NAME_BYTES + SNAPSHOT_WORD_BYTES], places[64];
    const char *word = a->kind == PLAN_PIN ? "  pin" : "  size", *colour = HEADLESS_BOLD;

    if (a->result == PLAN_DRY_RUN)
        word = "  would";
    else if (a->result == PLAN_SKIPPED)
        word = "  skip";
    else if (a->result == PLAN_FAILED)
        word = "  FAILED", colour = HEADLESS_RED;
    else if (a->result == PLAN_PENDING)
        word = "  not yet";
    format_subject(a, subject, sizeof(subject));
    format_places(told_plan(r), a, places, sizeof(places));
    headless_begin_line(out, style, r->snapshot.wall_ms, a->result == PLAN_FAILED ? LOG_WARNING : LOG_NOTICE);
    headless_put_word(out, style, word, colour);
    headless_put(out, style, subject, width);
    fprintf(out, "  %s  ", places);
    headless_put(out, style, a->reason, 0);
    if (a->error[0]) {
        fputs(" [", out);
        headless_put(out, style, a->error, 0);
        fputc(']', out);
    }
    fputc('\n', out);
    put_action_fields(out, style, a);
}

static int name_width(const struct headless_style *style, int width, const char *name)
{
    int columns = headless_columns(style, name);

    return columns > width && columns <= WIDEST_NAME ? columns : width;
}

static void put_notes(FILE *out, const struct headless_style *style, const struct report *r)
{
    for (int i = 0; i < r->plan.n_notes; i++) {
        const struct plan_note *note = &r->plan.notes[i];

        headless_begin_line(out, style, r->snapshot.wall_ms, LOG_DEBUG);
        headless_put_word(out, style, "  note", "");
        if (note->subject[0]) {
            headless_put(out, style, note->subject, 0);
            fputs(": ", out);
        }
        headless_put(out, style, note->text, 0);
        fputc('\n', out);
    }
}

static const char *leave_word(enum snapshot_leave_alone leave)
{
    switch (leave) {
    case SNAPSHOT_LEAVE_NO:
        break;
    case SNAPSHOT_LEAVE_LOCKED:
        return "locked";
    case SNAPSHOT_LEAVE_EXCLUDED:
        return "excluded";
    case SNAPSHOT_LEAVE_METADATA:
        return "left alone by its metadata";
    case SNAPSHOT_LEAVE_STALE:
        return "does not answer";
    case SNAPSHOT_LEAVE_UNREADABLE:
        return "its definition can't be read";
    }
    return "";
}

/* What the guest's vCPUs want and where they may run: "26%@2 91%@5", shortened where there are many. */
static void put_vcpus(FILE *out, const struct report *r, const struct snapshot_guest *g)
{
    const struct snapshot *s = &r->snapshot;
    char place[16];

    for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++) {
        const struct rates_vcpu *rate = report_interval_vcpu(r, v);

        if (v - g->first_vcpu == 8 && g->n_vcpus > 9) {
            fprintf(out, " and %d more", g->n_vcpus - 8);
            return;
        }
        snprintf(place, sizeof(place), "any");
        if (s->vcpus[v].affinity >= 0)
            cpumask_format(snapshot_mask(s, s->vcpus[v].affinity), snapshot_words(s), place, sizeof(place));
        if (rate && rate->known)
            fprintf(out, " %.0f%%@%s", rate->demand_pct, place);
        else
            fprintf(out, " ?@%s", place);
    }
}

static void put_kib(FILE *out, const struct snapshot_memory *m, unsigned has, uint64_t kib)
{
    if (m->has & has)
        fprintf(out, " %7" PRIu64, mib(kib));
    else
        fputs("       ?", out);
}

static void put_guest(FILE *out, const struct headless_style *style, const struct report *r, int i, int width)
{
    const struct snapshot_guest *g = &r->snapshot.guests[i];
    const struct snapshot_memory *m = &g->memory;
    const struct plan_guest *planned = report_plan_guest(r, i);
    const char *leave = leave_word(g->leave_alone);

    headless_begin_line(out, style, r->snapshot.wall_ms, LOG_DEBUG);
    headless_put_word(out, style, "  guest", "");
    headless_put(out, style, g->name, width);
    put_kib(out, m, SNAPSHOT_HAS_SIZE, m->size_kib);
    put_kib(out, m, SNAPSHOT_HAS_UNUSED, m->unused_kib);
    put_kib(out, m, SNAPSHOT_HAS_MAX, m->max_kib);
    if (r->program == REPORT_MEMORY_COORDINATOR && planned && planned->need_kib > 0)
        fprintf(out, "  needs %" PRIu64 "  target %" PRIu64, mib(planned->need_kib), mib(planned->target_kib));
    if (r->program == REPORT_VCPU_SCHEDULER) {
        fputc(' ', out);
        put_vcpus(out, r, g);
    }
    if (leave[0] || (planned && planned->status[0])) {
        fputs("  ", out);
        headless_put(out, style, leave[0] ? leave : planned->status, 0);
    }
    fputc('\n', out);
    put_guest_fields(out, style, g->uuid, g->name);
}

static void put_guests(FILE *out, const struct headless_style *style, const struct report *r)
{
    int width = 8;

    for (int i = 0; i < r->snapshot.n_guests; i++)
        width = name_width(style, width, r->snapshot.guests[i].name);
    if (r->snapshot.n_guests > 0) {
        headless_begin_line(out, style, r->snapshot.wall_ms, LOG_DEBUG);
        headless_put_word(out, style, "  guests", "");
        fprintf(out, "%-*s %7s %7s %7s  %s\n", width, "name", "size", "unused", "max",
                r->program == REPORT_VCPU_SCHEDULER ? "MiB; demand@pCPU of each vCPU" : "MiB");
    }
    for (int i = 0; i < r->snapshot.n_guests; i++)
        put_guest(out, style, r, i, width);
}

void headless_decision(FILE *out, const struct headless_style *style, const struct report *r)
{
    const struct plan *p = told_plan(r);
    char subject[SNAPSHOT_NAME_BYTES + 16];
    int width = 8;

    headless_begin_line(out, style, r->snapshot.wall_ms, LOG_INFO);
    headless_put_word(out, style, state_word(r), r->state == REPORT_DISCONNECTED ? HEADLESS_RED : "");
    if (r->program == REPORT_VCPU_SCHEDULER)
        put_cpu_figures(out, r);
    else
        put_memory_figures(out, style, r);
    fputs(" | ", out);
    headless_put(out, style, p->summary, 0);
    fputc('\n', out);
    put_decision_fields(out, style, r);
    for (int i = 0; i < p->n_actions; i++) {
        format_subject(&p->actions[i], subject, sizeof(subject));
        width = name_width(style, width, subject);
    }
    for (int i = 0; i < p->n_actions; i++)
        put_action(out, style, r, &p->actions[i], width);
    if (style->verbose && !r->early) {
        put_notes(out, style, r);
        put_guests(out, style, r);
    }
}

void headless_log(FILE *out, const struct headless_style *style, const struct report_log *line)
{
    bool error = line->kind == REPORT_LOG_ERROR;

    headless_begin_line(out, style, line->wall_ms, error ? LOG_WARNING : LOG_NOTICE);
    headless_put_word(out, style, error ? "TROUBLE" : "event", error ? HEADLESS_RED : "");
    headless_put(out, style, line->text, 0);
    fputc('\n', out);
    headless_message_id(out, style, error ? ID_TROUBLE : ID_EVENT);
}
