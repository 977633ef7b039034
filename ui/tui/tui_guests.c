/* The guests' table: one row a guest, the columns that fit. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MARGIN = 3 }; /* the cursor's sign, the guest's flag and a gap */

const char *tui_left_alone(const struct snapshot_guest *g)
{
    switch (g->leave_alone) {
    case SNAPSHOT_LEAVE_LOCKED:
        return "locked";
    case SNAPSHOT_LEAVE_EXCLUDED:
        return "excluded";
    case SNAPSHOT_LEAVE_METADATA:
        return "leave-alone set";
    case SNAPSHOT_LEAVE_STALE:
        return "hangs: old figures";
    case SNAPSHOT_LEAVE_UNREADABLE:
        return "unreadable definition";
    case SNAPSHOT_LEAVE_NO:
    default:
        break;
    }
    switch (g->state) {
    case SNAPSHOT_GUEST_PAUSED:
        return "paused";
    case SNAPSHOT_GUEST_MIGRATING:
        return "busy with a job";
    case SNAPSHOT_GUEST_STOPPING:
        return "stopping";
    case SNAPSHOT_GUEST_RUNNING:
    default:
        return NULL;
    }
}

bool tui_memory_is_old(const struct report *r, int guest)
{
    const struct snapshot_memory *m = &r->snapshot.guests[guest].memory;
    double age_s = (double)r->snapshot.wall_ms / 1000 - (double)m->last_update_s;
    double limit_s = fmax(60, 5 * fmax(m->stats_period_s, 0));

    /* More unused than there is was told before the balloon took it. */
    if ((m->has & SNAPSHOT_HAS_UNUSED) && (m->has & SNAPSHOT_HAS_SIZE) && m->unused_kib > m->size_kib)
        return true;
    return (m->has & SNAPSHOT_HAS_LAST_UPDATE) && age_s > limit_s;
}

static wchar_t flag_of(const struct report *r, int guest)
{
    const struct snapshot_guest *g = &r->snapshot.guests[guest];

    if (guest < r->n_guests && r->guests[guest].locked)
        return L'L';
    if (g->leave_alone == SNAPSHOT_LEAVE_STALE)
        return L'?';
    if (g->leave_alone != SNAPSHOT_LEAVE_NO)
        return L'x';
    return g->state == SNAPSHOT_GUEST_PAUSED      ? L'P'
           : g->state == SNAPSHOT_GUEST_MIGRATING ? L'M'
           : g->state == SNAPSHOT_GUEST_STOPPING  ? L'S'
                                                  : L' ';
}

static const struct rates_guest *rate_of(const struct report *r, int guest)
{
    static const struct rates_guest unknown = {0};

    return guest < r->live.n_guests ? &r->live.guests[guest] : &unknown;
}

double tui_demand(const struct report *r, int vcpu)
{
    const struct plan_vcpu *planned = report_plan_vcpu(r, vcpu);

    if (planned && planned->demand_pct > 0)
        return planned->demand_pct;
    return vcpu < r->live.n_vcpus && r->live.vcpus[vcpu].known ? r->live.vcpus[vcpu].demand_pct : -1;
}

/* One vCPU in the map's words: "0→2 100", "0→2", or "2"; pinned to a group, that is what it is on: "0→2-3". */
static void vcpu_words(const struct tui *t, int vcpu, int form, char *text, size_t size)
{
    enum { GROUP_WIDTH = 7 };
    const struct report *r = &t->report;
    const struct snapshot_vcpu *v = &r->snapshot.vcpus[vcpu];
    double demand = tui_demand(r, vcpu);
    char cpu[24] = "?";

    if (tui_groups_hold(&t->groups, &r->snapshot, v) == TUI_HOLD_GROUP)
        tui_groups_name(&t->groups,
                        tui_groups_of_mask(&t->groups, &r->snapshot, snapshot_mask(&r->snapshot, v->affinity)),
                        GROUP_WIDTH, cpu, sizeof(cpu));
    else if (v->cpu >= 0)
        snprintf(cpu, sizeof(cpu), "%d", v->cpu);
    if (form == 0 && demand >= 0)
        snprintf(text, size, "%d→%s %.0f", v->number, cpu, demand);
    else if (form <= 1)
        snprintf(text, size, "%d→%s", v->number, cpu);
    else
        snprintf(text, size, "%s", cpu);
}

/* The vCPUs of a guest with pCPU and demand, in the longest words that fit. */
static void draw_vcpus(struct tui *t, struct tui_pen *p, int guest)
{
    const struct report *r = &t->report;
    const struct snapshot_guest *g = &r->snapshot.guests[guest];
    char text[48];
    int form = 0, gap = 2, shown = 0;

    for (; form < 3; form++) {
        int columns = 0;

        gap = form == 0 ? 2 : 1;
        for (int i = 0; i < g->n_vcpus; i++) {
            vcpu_words(t, g->first_vcpu + i, form, text, sizeof(text));
            columns += tui_text_columns(text, p->term->unicode) + (i ? gap : 0);
        }
        if (columns <= tui_pen_left(p))
            break;
    }
    for (int i = 0; i < g->n_vcpus; i++) {
        int more = g->n_vcpus - i > 1 && form == 3 ? 4 : 0;

        vcpu_words(t, g->first_vcpu + i, form > 2 ? 2 : form, text, sizeof(text));
        if (tui_text_columns(text, p->term->unicode) + more > tui_pen_left(p))
            break;
        tui_pen_text(p, r->snapshot.vcpus[g->first_vcpu + i].online ? TUI_PLAIN : TUI_DIM, text);
        tui_pen_skip(p, gap);
        shown++;
    }
    if (shown < g->n_vcpus)
        tui_pen_print(p, TUI_DIM, "+%d", g->n_vcpus - shown);
}

/* used | what it could drop | unused | ballooned away: shares of the most it could have. */
void tui_balloon_draw(struct tui *t, struct tui_pen *p, int guest)
{
    const struct snapshot_memory *m = &t->report.snapshot.guests[guest].memory;
    struct tui_bar_segment segments[3], rest = {TUI_BAR_BLANK, TUI_AWAY, 0};
    double most = (double)(m->max_kib > m->size_kib ? m->max_kib : m->size_kib);
    double unused = m->has & SNAPSHOT_HAS_UNUSED ? (double)m->unused_kib : 0, cache = 0;
    int width = tui_pen_left(p) - 1;
    uint64_t used;

    if (most <= 0 || width < 2) {
        tui_pen_text(p, TUI_DIM, "-");
        return;
    }
    if (tui_memory_is_old(&t->report, guest) || !rates_memory_used(m, &used)) {
        segments[0] = (struct tui_bar_segment){TUI_BAR_SPARSE, TUI_DIM, (double)m->size_kib / most};
        tui_pen_bar(p, width, segments, 1, &rest, -1);
    } else {
        cache = (double)m->size_kib - (double)used - unused;
        segments[0] = (struct tui_bar_segment){TUI_BAR_SOLID, TUI_USED, (double)used / most};
        segments[1] = (struct tui_bar_segment){TUI_BAR_SHADE, TUI_CACHE, cache > 0 ? cache / most : 0};
        segments[2] = (struct tui_bar_segment){TUI_BAR_DOTS, TUI_FREE, unused / most};
        tui_pen_bar(p, width, segments, 3, &rest, -1);
    }
    tui_pen_char(p, TUI_DIM, t->term.unicode ? L'\u2502' : L'|');
}

static void draw_last(struct tui *t, struct tui_pen *p, int guest)
{
    const struct report *r = &t->report;
    const char *alone = tui_left_alone(&r->snapshot.guests[guest]);
    const struct plan_guest *planned = report_plan_guest(r, guest);
    const struct report_guest *done = guest < r->n_guests ? &r->guests[guest] : NULL;
    double age_s = done && done->last[0] && r->snapshot.taken_ns >= done->last_ns
                       ? (double)(r->snapshot.taken_ns - done->last_ns) / 1e9
                       : -1;
    char age[24];

    if (done && done->locked) {
        tui_pen_text(p, TUI_WARN, "locked");
    } else if (alone) {
        tui_pen_text(p, TUI_DIM, alone);
    } else if (age_s >= 0 && age_s < 600) {
        tui_pen_text(p, TUI_STRONG, done->last);
        /* Coarse, so that not every row changes each second. */
        age_s = age_s < 5 ? 0 : age_s < 60 ? floor(age_s / 5) * 5 : age_s;
        if (age_s > 0)
            tui_pen_piece(p, TUI_DIM, " %s", tui_text_seconds(age, sizeof(age), age_s));
        if (planned && planned->status[0])
            tui_pen_piece(p, TUI_DIM, "  %s", planned->status);
    } else if (planned && planned->status[0]) {
        tui_pen_text(p, TUI_DIM, planned->status);
    }
}

static void figure(struct tui_pen *p, enum tui_role role, int width, bool known, const char *format, double value)
{
    char text[32];

    snprintf(text, sizeof(text), format, value);
    tui_pen_field(p, known ? role : TUI_DIM, width, TUI_RIGHT, known ? text : "-");
}

/* One unit for each column, so that figures one below the other can be compared at a glance. */
struct units {
    char size, told, swap, disk, net; /* 'K', 'M' or 'G' */
};

static struct units choose_units(const struct report *r)
{
    enum { WIDEST_MIB = 99999 }; /* what six columns hold, unit included */
    uint64_t largest_kib = 0;
    double swap_kib_s = 0, disk_kib_s = 0, net_kib_s = 0;

    for (int i = 0; i < r->snapshot.n_guests; i++) {
        const struct snapshot_memory *m = &r->snapshot.guests[i].memory;
        const struct rates_guest *rate = rate_of(r, i);

        if (m->max_kib > largest_kib)
            largest_kib = m->max_kib;
        swap_kib_s = fmax(swap_kib_s, rate->swap_in_kib_s + rate->swap_out_kib_s);
        disk_kib_s = fmax(disk_kib_s, rate->disk_read_kib_s + rate->disk_written_kib_s);
        net_kib_s = fmax(net_kib_s, rate->net_received_kib_s + rate->net_sent_kib_s);
    }
    return (struct units){largest_kib >= 2 * 1048576 ? 'G' : 'M', largest_kib / 1024 > WIDEST_MIB ? 'G' : 'M',
                          swap_kib_s > WIDEST_MIB ? 'M' : 'K', disk_kib_s > WIDEST_MIB ? 'M' : 'K',
                          net_kib_s > WIDEST_MIB ? 'M' : 'K'};
}

static void size_figure(struct tui_pen *p, enum tui_role role, int width, bool known, double kib, char unit)
{
    char text[32];

    tui_pen_field(p, known ? role : TUI_DIM, width, TUI_RIGHT,
                  !known    ? "-"
                  : kib < 1 ? "0"
                            : tui_text_in(text, sizeof(text), (uint64_t)kib, unit));
}

/* A figure that the guest told; where that was long ago it is put in question. */
static void told_figure(struct tui_pen *p, enum tui_role role, int width, bool known, double kib, bool old, char unit)
{
    char text[32], question[36];

    if (!known || !old) {
        size_figure(p, role, width, known, kib, unit);
        return;
    }
    snprintf(question, sizeof(question), "%s?", tui_text_in(text, sizeof(text), kib > 0 ? (uint64_t)kib : 0, unit));
    tui_pen_field(p, TUI_DIM, width, TUI_RIGHT, question);
}

/* "0.50/4.0G", or "512/1024M". */
static void size_of_max(char *text, size_t size, const struct snapshot_memory *m, char unit)
{
    double now = (double)m->size_kib / 1024, most = (double)m->max_kib / 1024;

    if (unit == 'G')
        snprintf(text, size, "%.*f/%.*fG", most < 9.95 * 1024 ? 2 : 1, now / 1024, most < 99.95 * 1024 ? 1 : 0,
                 most / 1024);
    else
        snprintf(text, size, "%.0f/%.0fM", now, most);
}

static void draw_cell(struct tui *t, struct tui_pen *p, int guest, const struct tui_column_place *place,
                      const struct units *units)
{
    const struct report *r = &t->report;
    const struct snapshot_guest *g = &r->snapshot.guests[guest];
    const struct snapshot_memory *m = &g->memory;
    const struct rates_guest *rate = rate_of(r, guest);
    enum tui_role name_role = tui_uuids_has(&t->list.tagged, g->uuid) ? TUI_WARN
                              : tui_left_alone(g)                     ? TUI_DIM
                                                                      : TUI_STRONG;
    bool old = tui_memory_is_old(r, guest), known;
    bool small = (m->has & SNAPSHOT_HAS_UNUSED) && m->unused_kib < 100 * 1024;
    uint64_t used = 0;
    char text[40], name[TUI_NAME_BYTES];
    int width = place->width;

    switch (place->id) {
    case TUI_COLUMN_NAME:
        tui_pen_field(p, name_role, width, TUI_LEFT, tui_name(t, guest, width, name, sizeof(name)));
        break;
    case TUI_COLUMN_ID:
        figure(p, TUI_DIM, width, g->id >= 0, "%.0f", g->id);
        break;
    case TUI_COLUMN_CPU:
        figure(p, TUI_PLAIN, width, rate->known, "%.0f", rate->run_pct);
        break;
    case TUI_COLUMN_WAIT:
        figure(p, rate->wait_pct >= 20 * g->n_vcpus ? TUI_WARN : TUI_DIM, width, rate->known, "%.0f", rate->wait_pct);
        break;
    case TUI_COLUMN_VCPUS:
        draw_vcpus(t, p, guest);
        break;
    case TUI_COLUMN_BALLOON:
        tui_balloon_draw(t, p, guest);
        break;
    case TUI_COLUMN_SIZE:
        size_of_max(text, sizeof(text), m, units->size);
        tui_pen_field(p, TUI_PLAIN, width, TUI_RIGHT, m->has & SNAPSHOT_HAS_SIZE ? text : "-");
        break;
    case TUI_COLUMN_USED:
        known = rates_memory_used(m, &used);
        told_figure(p, TUI_PLAIN, width, known, (double)used, old, units->told);
        break;
    case TUI_COLUMN_UNUSED:
        told_figure(p, small ? TUI_WARN : TUI_PLAIN, width, m->has & SNAPSHOT_HAS_UNUSED, (double)m->unused_kib, old,
                    units->told);
        break;
    case TUI_COLUMN_SWAP:
        size_figure(p, rate->swap_in_kib_s > 0 ? TUI_WARN : TUI_DIM, width, rate->known && rate->has_swap,
                    rate->swap_in_kib_s + rate->swap_out_kib_s, units->swap);
        break;
    case TUI_COLUMN_DISK:
        size_figure(p, TUI_PLAIN, width, rate->known && rate->has_disk,
                    rate->disk_read_kib_s + rate->disk_written_kib_s, units->disk);
        break;
    case TUI_COLUMN_NET:
        size_figure(p, TUI_PLAIN, width, rate->known && rate->has_net, rate->net_received_kib_s + rate->net_sent_kib_s,
                    units->net);
        break;
    case TUI_COLUMN_OTHER:
        figure(p, TUI_PLAIN, width, rate->known && rate->has_other, "%.0f", rate->other_pct);
        break;
    case TUI_COLUMN_POLL:
        figure(p, TUI_DIM, width, rate->known && rate->has_poll, "%.0f", rate->poll_pct);
        break;
    case TUI_COLUMN_LAST:
    default:
        draw_last(t, p, guest);
        break;
    }
}

static int place_columns(const struct tui *t, struct tui_column_place *places)
{
    /* Nothing is known of rates before there were two samples; what sorts the rows, or was chosen anew, stays. */
    unsigned empty = t->report.live.seconds > 0 ? ~(t->list.filled | 1U << t->list.sorting.column) : 0;
    int most_vcpus = 0;

    for (int i = 0; i < t->report.snapshot.n_guests; i++)
        if (t->report.snapshot.guests[i].n_vcpus > most_vcpus)
            most_vcpus = t->report.snapshot.guests[i].n_vcpus;
    return tui_columns_place(places, t->layout.guests.w - MARGIN - 1, t->report.program == REPORT_MEMORY_COORDINATOR,
                             most_vcpus, &t->list.columns, empty);
}

int tui_guests_column_at(const struct tui *t, int x)
{
    struct tui_column_place places[TUI_COLUMNS];
    int n = place_columns(t, places), left = t->layout.columns.x + MARGIN;

    for (int i = 0; i < n; i++)
        if (x >= left + places[i].x && x < left + places[i].x + places[i].width)
            return (int)places[i].id;
    return -1;
}

static void draw_heads(struct tui *t, const struct tui_column_place *places, int n)
{
    for (int i = 0; i < n; i++) {
        const struct tui_column *c = tui_column(places[i].id);
        bool sorted = places[i].id == t->list.sorting.column;
        struct tui_pen p = tui_pen_at(&t->term, &t->layout.columns, 0);
        bool narrow = c->short_head && tui_text_columns(c->head, t->term.unicode) > places[i].width;

        p.x += MARGIN + places[i].x;
        if (p.x + places[i].width < p.right)
            p.right = p.x + places[i].width;
        tui_pen_field(&p, sorted ? TUI_SORTED : TUI_COLUMN, places[i].width, c->right ? TUI_RIGHT : TUI_LEFT,
                      narrow ? c->short_head : c->head);
    }
}

/* The cursor's row in reverse from end to end, but for the balloon, whose parts wouldn't be told apart any more. */
static void draw_cursor_bar(struct tui *t, int row, const struct tui_column_place *places, int n)
{
    int x = MARGIN - 1, end = t->layout.guests.w;

    for (int i = 0; i < n; i++) {
        if (places[i].id != TUI_COLUMN_BALLOON)
            continue;
        tui_pen_reverse(&t->term, &t->layout.guests, row, x, MARGIN + places[i].x);
        x = MARGIN + places[i].x + places[i].width;
    }
    tui_pen_reverse(&t->term, &t->layout.guests, row, x, end);
}

static void draw_row(struct tui *t, int row, int guest, const struct tui_column_place *places, int n,
                     const struct units *units)
{
    struct tui_pen p = tui_pen_at(&t->term, &t->layout.guests, row);
    bool cursor = guest == tui_state_guest(t);
    wchar_t flag = flag_of(&t->report, guest);

    tui_pen_char(&p, TUI_STRONG, !cursor ? L' ' : t->term.unicode ? L'\u25B8' : L'>');
    if (flag == L' ' && tui_uuids_has(&t->list.tagged, t->report.snapshot.guests[guest].uuid))
        flag = L'*';
    tui_pen_char(&p, flag == L'L' || flag == L'*' ? TUI_WARN : TUI_DIM, flag);
    for (int i = 0; i < n; i++) {
        struct tui_pen cell = tui_pen_at(&t->term, &t->layout.guests, row);

        cell.x += MARGIN + places[i].x;
        if (cell.x + places[i].width < cell.right)
            cell.right = cell.x + places[i].width;
        draw_cell(t, &cell, guest, &places[i], units);
    }
    if (cursor)
        draw_cursor_bar(t, row, places, n);
}

void tui_guests_draw(struct tui *t)
{
    struct tui_column_place places[TUI_COLUMNS];
    struct units units = choose_units(&t->report);
    int n = place_columns(t, places), page = t->layout.guests.h;
    int last = t->list.scroll + page < t->list.n_order ? t->list.scroll + page : t->list.n_order;
    char right[160], filter[96] = "";

    if (t->layout.guests.h == 0)
        return;
    if (t->list.filter[0])
        snprintf(filter, sizeof(filter), "filter \"%s\" · ", t->list.filter);
    snprintf(right, sizeof(right), "%s%ssort %s %s · %d-%d of %d", t->list.tagged_only ? "tagged · " : "", filter,
             tui_column(t->list.sorting.column)->head,
             t->list.sorting.descending ? (t->term.unicode ? "▾" : "down") : (t->term.unicode ? "▴" : "up"),
             t->list.n_order ? t->list.scroll + 1 : 0, last, t->list.n_order);
    if (t->layout.headings) {
        struct layout_rect below = t->layout.columns;

        tui_pen_heading(&t->term, &below, "guests", right);
    }
    draw_heads(t, places, n);
    for (int row = 0; row < page && t->list.scroll + row < t->list.n_order; row++)
        draw_row(t, row, t->list.order[t->list.scroll + row], places, n, &units);
    if (t->list.n_order == 0) {
        struct tui_pen p = tui_pen_at(&t->term, &t->layout.guests, 0);

        tui_pen_text(&p, TUI_DIM,
                     t->report.snapshot.n_guests   ? "  no guest has these letters in its name"
                     : t->report.snapshot.taken_ns ? "  no guests are running"
                                                   : "  nothing is known of guests yet");
    }
}
