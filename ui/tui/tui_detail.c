/* Everything about one guest: its figures with their age, its vCPUs, what binds it, what was done to it and why. */
#include "ui/tui/tui.h"

#include "core/model/cpumask.h"
#include "ui/tui/tui_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LABEL = 16, TWO_COLUMNS_FROM = 116, CHART_ROWS = 6 };

/* Lines that are written one below the other into a rectangle, of which the first are scrolled away. */
struct page {
    struct tui *t;
    struct layout_rect r;
    int line, scroll;
};

static struct tui_pen next_line(struct page *g)
{
    struct tui_pen p = tui_pen_at(&g->t->term, &g->r, g->line - g->scroll);

    if (g->line < g->scroll)
        p.right = p.x;
    g->line++;
    tui_pen_skip(&p, 1);
    return p;
}

static void title(struct page *g, const char *text)
{
    struct tui_pen p;

    if (g->line > 0)
        g->line++;
    p = next_line(g);
    tui_pen_text(&p, TUI_STRONG, text);
}

static void pair(struct page *g, const char *label, enum tui_role role, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void pair(struct page *g, const char *label, enum tui_role role, const char *format, ...)
{
    struct tui_pen p = next_line(g);
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tui_pen_field(&p, TUI_DIM, LABEL, TUI_LEFT, label);
    tui_pen_text(&p, role, text);
}

static void uuid_words(const uint8_t *u, char *text, size_t size)
{
    snprintf(text, size, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3],
             u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static void mask_words(const struct snapshot *s, int row, char *text, size_t size)
{
    const uint64_t *mask = snapshot_mask(s, row);

    if (!mask)
        snprintf(text, size, "-");
    else if (cpumask_count(mask, snapshot_words(s)) >= s->n_pcpus)
        snprintf(text, size, "all");
    else
        cpumask_format(mask, snapshot_words(s), text, size);
}

static void draw_guest(struct page *g, int guest)
{
    const struct report *r = &g->t->report;
    const struct snapshot_guest *it = &r->snapshot.guests[guest];
    const struct plan_guest *planned = report_plan_guest(r, guest);
    const char *alone = tui_left_alone(it), *why = planned ? planned->status : "";
    static const char said[] = "left alone: ";
    char uuid[40];
    int before;

    uuid_words(it->uuid, uuid, sizeof(uuid));
    title(g, "guest");
    pair(g, "name", TUI_STRONG, "%s", it->name);
    pair(g, "uuid, id", TUI_PLAIN, "%s  %d", uuid, it->id);
    pair(g, "state", alone ? TUI_WARN : TUI_PLAIN, "%s", alone ? alone : "running");
    if (planned && !planned->managed && strncmp(why, said, sizeof(said) - 1) == 0)
        why += sizeof(said) - 1;
    if (planned)
        pair(g, "the program", TUI_PLAIN, "%s%s%s", planned->managed ? "manages it" : "leaves it alone",
             why[0] ? ": " : "", why);
    title(g, "what binds it");
    before = g->line;
    if (it->dedicated)
        pair(g, "dedicated", TUI_PLAIN, "its pCPUs are its own");
    if (it->realtime)
        pair(g, "real-time", TUI_PLAIN, "a vCPU runs under SCHED_FIFO or SCHED_RR");
    if (it->vcpu_quota_pct > 0)
        pair(g, "vCPU quota", TUI_PLAIN, "%.0f %% of a pCPU each", it->vcpu_quota_pct);
    if (it->guest_quota_pct > 0)
        pair(g, "quota", TUI_PLAIN, "%.0f %% in all", it->guest_quota_pct);
    if (it->memory.weight > 0 && (it->memory.weight > 1 || it->memory.weight < 1))
        pair(g, "weight", TUI_PLAIN, "%g when memory is short", it->memory.weight);
    if (!it->memory.balloon)
        pair(g, "balloon", TUI_WARN, "has no balloon device");
    if (it->memory.inhibited)
        pair(g, "balloon", TUI_WARN, "huge pages, locked memory or VFIO: ballooning frees nothing");
    if (planned && planned->floor_kib)
        pair(g, "floor", TUI_PLAIN, "%.0f MiB", (double)planned->floor_kib / 1024);
    if (g->line == before)
        pair(g, "nothing", TUI_DIM, "but the masks of its vCPUs");
}

enum { MAY, FOUND, CPUSET, PINNED, MASKS, MASK_BYTES = 48 };

/* Where a vCPU may run: now, as it was found, and by its guest's definition. What holds it now is said beside it,
 * unless it is a single pCPU or nothing. */
static void vcpu_masks(const struct tui *t, const struct snapshot_vcpu *v, char masks[MASKS][MASK_BYTES])
{
    const struct snapshot *s = &t->report.snapshot;
    enum tui_hold hold = tui_groups_hold(&t->groups, s, v);
    const char *by = hold == TUI_HOLD_GROUP ? "group " : hold == TUI_HOLD_RULE ? "rule " : "";
    size_t n = strlen(by);

    memcpy(masks[MAY], by, n + 1);
    mask_words(s, v->affinity, masks[MAY] + n, MASK_BYTES - n);
    mask_words(s, v->found, masks[FOUND], MASK_BYTES);
    mask_words(s, v->defined, masks[CPUSET], MASK_BYTES);
    mask_words(s, v->pinned, masks[PINNED], MASK_BYTES);
}

/* The columns that the masks of the guest's vCPUs take. */
static void mask_widths(const struct tui *t, const struct snapshot_guest *g, int widths[MASKS])
{
    char masks[MASKS][MASK_BYTES];

    for (int k = 0; k < MASKS; k++)
        widths[k] = 6;
    for (int i = g->first_vcpu; i < g->first_vcpu + g->n_vcpus; i++) {
        vcpu_masks(t, &t->report.snapshot.vcpus[i], masks);
        for (int k = 0; k < MASKS; k++)
            widths[k] = (int)strlen(masks[k]) > widths[k] ? (int)strlen(masks[k]) : widths[k];
    }
}

static void draw_vcpu(struct page *g, int vcpu, const int widths[MASKS])
{
    const struct report *r = &g->t->report;
    const struct snapshot_vcpu *v = &r->snapshot.vcpus[vcpu];
    const struct plan_vcpu *planned = report_plan_vcpu(r, vcpu);
    const struct rates_vcpu *rate = vcpu < r->live.n_vcpus ? &r->live.vcpus[vcpu] : NULL;
    char cpu[12] = "?", run[12] = "-", wait[12] = "-", cools[24] = "", masks[MASKS][MASK_BYTES];
    enum tui_role role = v->online ? TUI_PLAIN : TUI_DIM;
    double demand = tui_demand(r, vcpu);
    struct tui_pen p = next_line(g);

    if (v->cpu >= 0)
        snprintf(cpu, sizeof(cpu), "%d", v->cpu);
    if (rate && rate->known)
        snprintf(run, sizeof(run), "%.0f%%", rate->run_pct);
    if (rate && rate->known && rate->has_wait)
        snprintf(wait, sizeof(wait), "%.0f%%", rate->wait_pct);
    if (planned && planned->cooldown_s > 0)
        snprintf(cools, sizeof(cools), "%d s", planned->cooldown_s);
    vcpu_masks(g->t, v, masks);
    tui_pen_print(&p, role, "%4d %4s %3.0f%% %4s %4s %5s", v->number, cpu, demand > 0 ? demand : 0, run, wait, cools);
    for (int k = 0; k < MASKS; k++)
        tui_pen_print(&p, role, " %-*s", widths[k], masks[k]);
    if (!v->online)
        tui_pen_text(&p, role, " offline");
}

static void draw_vcpus(struct page *g, int guest)
{
    static const char *const heads[MASKS] = {
        [MAY] = "may", [FOUND] = "found", [CPUSET] = "cpuset", [PINNED] = "pinned"};
    const struct snapshot_guest *it = &g->t->report.snapshot.guests[guest];
    int widths[MASKS];
    struct tui_pen p;

    title(g, "vCPUs");
    mask_widths(g->t, it, widths);
    p = next_line(g);
    tui_pen_print(&p, TUI_COLUMN, "%4s %4s %4s %4s %4s %5s", "vCPU", "pCPU", "want", "run", "wait", "cools");
    for (int k = 0; k < MASKS; k++)
        tui_pen_print(&p, TUI_COLUMN, " %-*s", widths[k], heads[k]);
    for (int i = it->first_vcpu; i < it->first_vcpu + it->n_vcpus; i++)
        draw_vcpu(g, i, widths);
}

/* A statistic with its age. */
static void statistic(struct page *g, const char *name, bool known, uint64_t kib, const char *age)
{
    if (!known)
        pair(g, name, TUI_DIM, "%10s", "-");
    else
        pair(g, name, TUI_PLAIN, "%6.0f MiB   %s", (double)kib / 1024, age);
}

static void count(struct page *g, const char *name, bool known, uint64_t value, bool has_rate, double rate,
                  const char *unit, const char *age)
{
    if (!known)
        pair(g, name, TUI_DIM, "%10s", "-");
    else if (has_rate)
        pair(g, name, rate > 0 ? TUI_WARN : TUI_PLAIN, "%10llu   %.0f%s/s now   %s", (unsigned long long)value, rate,
             unit, age);
    else
        pair(g, name, TUI_PLAIN, "%10llu   %s", (unsigned long long)value, age);
}

static void draw_memory(struct page *g, int guest)
{
    static const struct rates_guest unknown = {0};
    const struct report *r = &g->t->report;
    const struct snapshot_memory *m = &r->snapshot.guests[guest].memory;
    const struct rates_guest *rate = guest < r->live.n_guests ? &r->live.guests[guest] : &unknown;
    const struct plan_guest *planned = report_plan_guest(r, guest);
    char told[40] = "age unknown", measured[40] = "now", length[24];
    bool used_known;
    uint64_t used = 0;

    if (m->has & SNAPSHOT_HAS_LAST_UPDATE)
        snprintf(told, sizeof(told), "%s old",
                 tui_text_seconds(length, sizeof(length),
                                  floor((double)r->snapshot.wall_ms / 1000) - (double)m->last_update_s));
    used_known = rates_memory_used(m, &used);
    title(g, "memory");
    statistic(g, "size", m->has & SNAPSHOT_HAS_SIZE, m->size_kib, measured);
    statistic(g, "maximum", m->has & SNAPSHOT_HAS_MAX, m->max_kib, measured);
    statistic(g, "used", used_known, used, told);
    statistic(g, "unused", m->has & SNAPSHOT_HAS_UNUSED, m->unused_kib, told);
    statistic(g, "usable", m->has & SNAPSHOT_HAS_USABLE, m->usable_kib, told);
    statistic(g, "disk caches", m->has & SNAPSHOT_HAS_DISK_CACHES, m->disk_caches_kib, told);
    statistic(g, "seen by guest", m->has & SNAPSHOT_HAS_AVAILABLE, m->available_kib, told);
    statistic(g, "resident", m->has & SNAPSHOT_HAS_RSS, m->rss_kib, measured);
    count(g, "swapped in", m->has & SNAPSHOT_HAS_SWAP_IN, m->swap_in_kib, rate->has_swap, rate->swap_in_kib_s, " KiB",
          told);
    count(g, "swapped out", m->has & SNAPSHOT_HAS_SWAP_OUT, m->swap_out_kib, rate->has_swap, rate->swap_out_kib_s,
          " KiB", told);
    count(g, "major faults", m->has & SNAPSHOT_HAS_MAJOR_FAULTS, m->major_faults, rate->has_faults,
          rate->major_faults_s, "", told);
    count(g, "minor faults", m->has & SNAPSHOT_HAS_MINOR_FAULTS, m->minor_faults, false, 0, "", told);
    if (m->stats_period_s > 0)
        pair(g, "reports each", TUI_PLAIN, "%d s", m->stats_period_s);
    if (planned && planned->target_kib)
        pair(g, "decided", TUI_PLAIN, "need %.0f MiB, target %.0f MiB", (double)planned->need_kib / 1024,
             (double)planned->target_kib / 1024);
}

static void rate_pair(struct page *g, const char *name, bool known, double in_kib_s, const char *in, double out_kib_s,
                      const char *out)
{
    char text[2][24];

    if (known)
        pair(g, name, TUI_PLAIN, "%s/s %s, %s/s %s", tui_text_size(text[0], sizeof(text[0]), (uint64_t)in_kib_s), in,
             tui_text_size(text[1], sizeof(text[1]), (uint64_t)out_kib_s), out);
    else
        pair(g, name, TUI_DIM, "not reported");
}

/* What its QEMU does beside the vCPUs. */
static void draw_work(struct page *g, int guest)
{
    static const struct rates_guest unknown = {0};
    const struct report *r = &g->t->report;
    const struct rates_guest *rate = guest < r->live.n_guests ? &r->live.guests[guest] : &unknown;

    title(g, "beside its vCPUs");
    if (rate->has_other)
        pair(g, "other CPU", TUI_PLAIN, "%.0f %% emulator and iothreads", rate->other_pct);
    else
        pair(g, "other CPU", TUI_DIM, "not reported");
    if (rate->has_poll)
        pair(g, "halt polling", TUI_PLAIN, "%.0f %% of its run time",
             rate->poll_pct > 0 ? 100 * rate->poll_pct / (rate->run_pct + rate->poll_pct) : 0);
    rate_pair(g, "disk", rate->has_disk, rate->disk_read_kib_s, "read", rate->disk_written_kib_s, "written");
    rate_pair(g, "network", rate->has_net, rate->net_received_kib_s, "in", rate->net_sent_kib_s, "out");
}

static void draw_chart(struct page *g, int guest)
{
    title(g, "size (the line), used, page cache and unused lately");
    for (int row = 0; row < CHART_ROWS; row++) {
        struct tui_pen p = next_line(g);

        p.right -= 1;
        if (tui_pen_left(&p) > 0)
            tui_stairs_row(g->t, &p, guest, row, CHART_ROWS);
    }
}

static const char *const figure_names[] = {
    [TUI_FRAME_DEMAND] = "want", [TUI_FRAME_RUN] = "run", [TUI_FRAME_WAIT] = "wait"};

static void draw_graphs(struct page *g, int guest)
{
    char length[24], text[64];
    struct tui_pen p;

    snprintf(text, sizeof(text), "CPU over the last %s", tui_text_seconds(length, sizeof(length), tui_window_s(g->t)));
    title(g, text);
    for (int row = 0; row < TUI_FRAME_FIGURES; row++) {
        p = next_line(g);
        tui_pen_field(&p, TUI_DIM, 6, TUI_LEFT, figure_names[row]);
        if (tui_pen_left(&p) > 0)
            tui_guest_graph(g->t, &p, guest, (enum tui_frame_figure)row);
    }
    p = next_line(g);
    tui_pen_field(&p, TUI_DIM, 6, TUI_LEFT, "moved");
    if (tui_pen_left(&p) > 0)
        tui_moves_graph(g->t, &p, guest);
}

/* The same of each vCPU: all three figures of a few, of many what they want. */
static void draw_vcpu_graphs(struct page *g, int guest)
{
    enum { FEW = 4 };
    static const enum tui_role roles[] = {
        [TUI_FRAME_DEMAND] = TUI_HEAT_COOL, [TUI_FRAME_RUN] = TUI_RUN, [TUI_FRAME_WAIT] = TUI_UNMET};
    const struct snapshot *s = &g->t->report.snapshot;
    const struct snapshot_guest *it = &s->guests[guest];

    title(g, "each vCPU, of one pCPU; coloured where it moved");
    for (int v = it->first_vcpu; v < it->first_vcpu + it->n_vcpus; v++) {
        const struct tui_track *track = tui_frames_vcpu(&g->t->history.frames, it->uuid, s->vcpus[v].number);

        for (int row = 0; row < (it->n_vcpus > FEW ? 1 : TUI_FRAME_FIGURES); row++) {
            struct tui_pen p = next_line(g);
            char name[24];

            snprintf(name, sizeof(name), "/%d %s", s->vcpus[v].number, figure_names[row]);
            tui_pen_field(&p, TUI_DIM, 9, TUI_LEFT, name);
            tui_track_graph(g->t, &p, tui_pen_left(&p) - 8, track, (enum tui_frame_figure)row, roles[row]);
        }
    }
}

static void draw_events(struct page *g, int guest)
{
    const struct report *r = &g->t->report;
    const struct tui_guest_history *past = tui_history_find(&g->t->history, r->snapshot.guests[guest].uuid, guest);
    const struct tui_event *e;

    title(g, r->program == REPORT_VCPU_SCHEDULER ? "moves, the latest first" : "sizes set, the latest first");
    if (!tui_history_event(past, 0))
        pair(g, "none yet", TUI_DIM, "since this screen was opened");
    for (int i = 0; (e = tui_history_event(past, i)) != NULL; i++) {
        struct tui_pen p = next_line(g);
        time_t seconds = (time_t)(e->wall_ms / 1000);
        char when[16] = "";
        struct tm broken;

        if (localtime_r(&seconds, &broken))
            strftime(when, sizeof(when), "%H:%M:%S", &broken);
        tui_pen_print(&p, TUI_DIM, "%s  ", when);
        tui_pen_text(&p, TUI_STRONG, e->what);
        if (e->result != PLAN_DONE)
            tui_pen_print(&p, e->result == PLAN_FAILED ? TUI_BAD : TUI_WARN, "  %s", plan_result_word(e->result));
        tui_pen_print(&p, TUI_PLAIN, "  %s", e->why);
    }
}

void tui_detail_draw(struct tui *t)
{
    const struct layout_rect *r = &t->layout.main;
    int guest = tui_state_guest(t), lines;
    struct page left = {t, *r, 0, t->detail_scroll}, right = left, below = left;
    char where[64];

    if (guest < 0) {
        struct tui_pen p = next_line(&left);

        tui_pen_text(&p, TUI_DIM, "the guest is gone: Esc goes back");
        return;
    }
    if (r->w >= TWO_COLUMNS_FROM) {
        left.r.w = r->w / 2 - 1;
        right.r.x = r->x + r->w / 2;
        right.r.w = r->w - r->w / 2;
    }
    draw_guest(&left, guest);
    draw_vcpus(&left, guest);
    draw_graphs(&left, guest);
    draw_vcpu_graphs(&left, guest);
    if (r->w < TWO_COLUMNS_FROM)
        right.line = left.line;
    draw_memory(&right, guest);
    draw_work(&right, guest);
    draw_chart(&right, guest);
    below.line = left.line > right.line ? left.line : right.line;
    draw_events(&below, guest);
    t->detail_lines = lines = below.line;
    if (t->detail_scroll > 0 && t->detail_scroll > lines - r->h)
        t->detail_scroll = lines > r->h ? lines - r->h : 0;
    snprintf(where, sizeof(where), "lines %d-%d of %d", t->detail_scroll + 1,
             t->detail_scroll + r->h < lines ? t->detail_scroll + r->h : lines, lines);
    if (t->layout.headings)
        tui_pen_heading(&t->term, r, t->report.snapshot.guests[guest].name, where);
}
