/* The pCPU pane: a bar for each pCPU with the vCPUs on it, or one character each where there are too many. */
#include "ui/tui/tui.h"

#include "core/model/cpumask.h"
#include "ui/tui/tui_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tui_role tui_heat_role(double load_pct)
{
    return load_pct > 100.5 ? TUI_HEAT_OVER
           : load_pct >= 85 ? TUI_HEAT_HOT
           : load_pct >= 60 ? TUI_HEAT_WARM
           : load_pct >= 25 ? TUI_HEAT_MILD
                            : TUI_HEAT_COOL;
}

/* What isn't farther from the mean than the tolerance is balanced; three times as far is far. */
static enum tui_role distance_role(const struct tui *t, double load_pct, double mean_pct)
{
    double tolerance = t->report.plan.tolerance > 0 ? t->report.plan.tolerance : 4;
    double far = (load_pct - mean_pct) / tolerance;

    return far > 3     ? TUI_HEAT_OVER
           : far > 1   ? TUI_HEAT_WARM
           : far >= -1 ? TUI_GOOD
           : far >= -3 ? TUI_HEAT_COOL
                       : TUI_HEAT_MILD;
}

enum tui_role tui_group_role(const struct tui *t, int group)
{
    double load_pct = t->groups.load_pct[group];

    return t->by_load ? tui_heat_role(load_pct) : distance_role(t, load_pct, t->groups.mean_pct);
}

/* Groups are what is balanced: inside, the kernel moves who waits. */
enum tui_role tui_pcpu_role(const struct tui *t, int pcpu, double load_pct)
{
    int group = tui_groups_of(&t->groups, pcpu);

    if (t->by_load)
        return tui_heat_role(load_pct);
    return group >= 0 ? tui_group_role(t, group) : distance_role(t, load_pct, t->mean_pct);
}

wchar_t tui_load_level(const struct tui *t, double load_pct)
{
    if (load_pct >= 950)
        return L'+';
    if (load_pct >= 150)
        return (wchar_t)(L'0' + (int)(load_pct / 100 + 0.5));
    return tui_bar_level(load_pct / 100, t->term.glyphs);
}

static const struct rates_pcpu *rate_of(const struct report *r, int pcpu)
{
    static const struct rates_pcpu unknown = {0};

    return pcpu < r->live.n_pcpus ? &r->live.pcpus[pcpu] : &unknown;
}

/*
 * The bar's full width is one pCPU. Where more is wanted than there is, it stands for all that is wanted: run, host
 * work and what goes unmet, each with its share.
 */
static void draw_bar(struct tui_pen *p, const struct rates_pcpu *rate, int width)
{
    double full = rate->guest_pct + rate->host_pct + rate->unmet_pct;
    double scale = full > 100 ? 1 / full : 0.01;
    struct tui_bar_segment segments[] = {{TUI_BAR_SOLID, TUI_RUN, rate->guest_pct * scale},
                                         {TUI_BAR_SHADE, TUI_HOST, rate->host_pct * scale},
                                         {TUI_BAR_SPARSE, TUI_UNMET, rate->unmet_pct * scale}};
    struct tui_bar_segment rest = {TUI_BAR_DOTS, TUI_DIM, 0};

    tui_pen_bar(p, width, segments, 3, &rest, -1);
}

/* What stands before the name of a vCPU that isn't held by the program. */
static const char *hold_sign(const struct tui *t, const struct snapshot_vcpu *v)
{
    enum tui_hold hold = tui_groups_hold(&t->groups, &t->report.snapshot, v);

    return hold == TUI_HOLD_FLOATS ? "~" : hold == TUI_HOLD_RULE ? "=" : "";
}

/* A vCPU's name in width columns: that of its guest, cut where it must be, with the vCPU's number whole. */
static void vcpu_name(struct tui *t, const struct snapshot_vcpu *v, int width, char *text, size_t size)
{
    char name[TUI_NAME_BYTES], number[16];

    snprintf(number, sizeof(number), "/%d", v->number);
    tui_name(t, v->guest, width - (int)strlen(number) - 1, name, sizeof(name));
    snprintf(text, size, "%s%s%s", hold_sign(t, v), name, number);
}

/* The columns for each name with which the names of all vCPUs on the pCPU fit in width, or the least. */
static int name_width(struct tui *t, int number, int width)
{
    enum { LEAST = 9, MOST = 64 };
    const struct snapshot *s = &t->report.snapshot;
    int low = LEAST, high = MOST;

    while (low < high) {
        int middle = (low + high + 1) / 2, columns = 0;

        for (int i = 0; i < s->n_vcpus && columns <= width; i++) {
            char text[TUI_NAME_BYTES + 24];

            if (s->vcpus[i].cpu != number || !s->vcpus[i].online)
                continue;
            vcpu_name(t, &s->vcpus[i], middle, text, sizeof(text));
            columns += tui_text_columns(text, t->term.unicode) + 1;
        }
        if (columns <= width)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* The vCPUs seen on a pCPU, their names cut so that all fit, or as many as do; then how many more. */
static void draw_names(struct tui *t, struct tui_pen *p, int pcpu)
{
    const struct snapshot *s = &t->report.snapshot;
    int number = s->pcpus[pcpu].number, left_out = 0, left = 0, cursor = tui_state_guest(t), width;

    if (s->pcpus[pcpu].isolated)
        tui_pen_text(p, TUI_DIM, "isolated ");
    if (s->pcpus[pcpu].refuses)
        tui_pen_text(p, TUI_DIM, "refuses pins ");
    for (int i = 0; i < s->n_vcpus; i++)
        left += s->vcpus[i].cpu == number && s->vcpus[i].online;
    width = left > 0 ? name_width(t, number, tui_pen_left(p)) : 0;
    for (int i = 0; i < s->n_vcpus && left > 0; i++) {
        const struct snapshot_vcpu *v = &s->vcpus[i];
        char text[TUI_NAME_BYTES + 24];

        if (v->cpu != number || !v->online)
            continue;
        left--;
        vcpu_name(t, v, width, text, sizeof(text));
        if (tui_text_columns(text, p->term->unicode) + (left + left_out > 0 ? 4 : 0) > tui_pen_left(p)) {
            left_out++;
            continue;
        }
        tui_pen_text(p, hold_sign(t, v)[0] ? TUI_DIM : v->guest == cursor ? TUI_STRONG : TUI_PLAIN, text);
        tui_pen_text(p, TUI_PLAIN, " ");
    }
    if (left_out)
        tui_pen_print(p, TUI_DIM, "+%d", left_out);
}

static int number_width(const struct snapshot *s)
{
    int width = 2;

    for (int limit = 100; s->cpu_limit > limit && width < 6; limit *= 10)
        width++;
    return width;
}

enum { GROUP_BRACKET = 1, GROUP_COLUMNS = 6, GROUP_LOAD_FROM = 21 };

/* Columns beside a pCPU's figure for its group: a bracket, and where there is room its load. */
static int group_columns(const struct tui *t, int width)
{
    return !t->groups.shown ? 0 : width >= GROUP_LOAD_FROM ? GROUP_COLUMNS : GROUP_BRACKET;
}

/* A bracket beside the pCPUs of a group, which stand one below the other, and at its first the group's load. place: of
 * by_node. */
static void draw_group(struct tui *t, struct tui_pen *p, int place, int columns)
{
    int group = tui_groups_of(&t->groups, t->by_node[place]), end = p->x + columns;
    bool first = place == 0 || tui_groups_of(&t->groups, t->by_node[place - 1]) != group;
    bool last = place + 1 == t->n_online || tui_groups_of(&t->groups, t->by_node[place + 1]) != group;

    if (columns > 0 && group >= 0) {
        wchar_t bracket = first && last ? L']' : first ? L'\u2510' : last ? L'\u2518' : L'\u2502';

        tui_pen_char(p, TUI_DIM, t->term.unicode ? bracket : first && last ? L']' : first ? L'\\' : last ? L'/' : L'|');
        if (first && columns > GROUP_BRACKET)
            tui_pen_print(p, tui_group_role(t, group), "%3.0f%%", t->groups.load_pct[group]);
    }
    p->x = end;
}

/* place: of by_node. */
static void draw_pcpu(struct tui *t, const struct layout_rect *r, int place)
{
    const struct snapshot *s = &t->report.snapshot;
    int pcpu = t->by_node[place], digits = number_width(s), beside = group_columns(t, r->w);
    const struct rates_pcpu *rate = rate_of(&t->report, pcpu);
    struct tui_pen p = tui_pen_at(&t->term, r, 0);
    bool names = t->layout.pcpu.form == LAYOUT_PCPU_FULL;
    int spare = r->w - digits - 8 - beside, bar = spare;

    p.right--; /* a gap between columns */
    if (names) {
        bar = r->w < 50 ? spare * 40 / 100 : spare * 46 / 100;
        bar = bar > 60 ? 60 : bar;
    }
    tui_pen_print(&p, TUI_PLAIN, " %*d ", digits, s->pcpus[pcpu].number);
    if (t->graphs)
        tui_track_graph(t, &p, bar, tui_frames_pcpu(&t->history.frames, s->pcpus[pcpu].number), TUI_FRAME_LOAD,
                        TUI_RUN);
    else
        draw_bar(&p, rate, bar);
    if (rate->known || rate->load_pct > 0)
        tui_pen_print(&p, tui_pcpu_role(t, pcpu, rate->load_pct), " %3.0f%%", rate->load_pct);
    else
        tui_pen_text(&p, TUI_DIM, "   - ");
    draw_group(t, &p, place, beside);
    tui_pen_skip(&p, 1);
    if (names)
        draw_names(t, &p, pcpu);
}

/* Groups are underlined in turn. */
static void draw_heat(struct tui *t, const struct layout_rect *r, int pcpu)
{
    int group = tui_groups_of(&t->groups, pcpu);
    const struct rates_pcpu *rate = rate_of(&t->report, pcpu);
    struct tui_pen p = tui_pen_at(&t->term, r, 0);

    p.underlined = group >= 0 && group % 2;
    if (!rate->known && !(rate->load_pct > 0))
        tui_pen_char(&p, TUI_DIM, L'-');
    else
        tui_pen_char(&p, tui_pcpu_role(t, pcpu, rate->load_pct), tui_load_level(t, rate->load_pct));
}

/* A node's mean load and its busiest pCPU, in words. */
static void print_node_load(struct tui *t, struct tui_pen *p, int node, int first)
{
    double sum = 0, most = -1, most_of_group = -1;
    int known = 0, busiest = 0, group, busiest_group = -1;
    char name[24];

    for (int i = first; i < first + t->nodes[node]; i++) {
        const struct rates_pcpu *rate = rate_of(&t->report, t->by_node[i]);

        if (!rate->known)
            continue;
        sum += rate->load_pct;
        known++;
        group = tui_groups_of(&t->groups, t->by_node[i]);
        if (group >= 0 && t->groups.load_pct[group] > most_of_group) {
            most_of_group = t->groups.load_pct[group];
            busiest_group = group;
        }
        if (rate->load_pct > most) {
            most = rate->load_pct;
            busiest = t->report.snapshot.pcpus[t->by_node[i]].number;
        }
    }
    if (known == 0)
        return;
    tui_pen_print(p, TUI_DIM, "  mean %3.0f%%", sum / known);
    if (t->layout.pcpu.form != LAYOUT_PCPU_HEAT || tui_pen_left(p) <= 22)
        return;
    if (busiest_group >= 0)
        tui_pen_print(p, TUI_DIM, "  most %3.0f%% in %s", most_of_group,
                      tui_groups_name(&t->groups, busiest_group, 8, name, sizeof(name)));
    else
        tui_pen_print(p, TUI_DIM, "  most %3.0f%% on pCPU %d", most, busiest);
}

/* How loaded the node was, behind how loaded it is. */
static void draw_node_graph(struct tui *t, struct tui_pen *p, int node, int first)
{
    enum { LEAST = 10, MOST = 40 };
    int width = tui_pen_left(p) - 3;

    if (width < LEAST || t->history.n_moments < 2)
        return;
    tui_pen_skip(p, 1);
    tui_node_graph(t, p, width < MOST ? width : MOST, first, t->nodes[node]);
}

static void draw_node(struct tui *t, const struct layout_rect *r, int node, int first)
{
    struct tui_pen p = tui_pen_at(&t->term, r, 0);
    int number = t->report.snapshot.pcpus[t->by_node[first]].node, after = t->layout.pcpu.label_width + t->nodes[node];

    if (t->layout.pcpu.form != LAYOUT_PCPU_HEAT) {
        tui_pen_print(&p, TUI_HEADING, " node %d", number);
        print_node_load(t, &p, node, first);
        draw_node_graph(t, &p, node, first);
        return;
    }
    if (t->layout.pcpu.across > 1) {
        tui_pen_print(&p, TUI_HEADING, t->layout.pcpu.label_width > 6 ? " node %d" : "n%d", number);
        return;
    }
    tui_pen_print(&p, TUI_HEADING, t->n_nodes > 1 ? " node %d" : " load", number);
    p.x = r->x + after;
    p.right = t->layout.pcpus.x + t->layout.pcpus.w;
    if (t->nodes[node] <= t->layout.pcpu.per_row && tui_pen_left(&p) > 12)
        print_node_load(t, &p, node, first);
}

/* "pCPUs", and those that are offline in one word, as they take no bars. */
static void title_words(const struct tui *t, char *text, size_t size)
{
    const struct snapshot *s = &t->report.snapshot;
    int row, words = snapshot_words(s);
    uint64_t *offline = s->n_pcpus > t->n_online ? calloc((size_t)words, sizeof(*offline)) : NULL;
    char list[32], groups[32] = "", word[PCPU_GROUPS_WORD_BYTES];

    if (t->groups.shown)
        snprintf(groups, sizeof(groups), t->groups.size > 0 ? " in groups of %s" : " in groups: %s",
                 pcpu_groups_word(t->groups.size, word));
    snprintf(text, size, "pCPUs%s", groups);
    if (!offline)
        return;
    for (row = 0; row < s->n_pcpus; row++)
        if (!s->pcpus[row].online)
            cpumask_set(offline, s->pcpus[row].number);
    cpumask_format(offline, words, list, sizeof(list));
    /* A list that is cut says nothing any more; how many they are does. */
    if (strlen(list) < sizeof(list) - 1)
        snprintf(text, size, "pCPUs%s · offline %s", groups, list);
    else
        snprintf(text, size, "pCPUs%s · %d offline", groups, s->n_pcpus - t->n_online);
    free(offline);
}

void tui_pcpus_draw(struct tui *t)
{
    const struct layout_rect *pane = &t->layout.pcpus;
    struct layout_content content = {.nodes = t->nodes, .n_nodes = t->n_nodes};
    static const struct tui_legend legend[] = {{TUI_BAR_SOLID, false, TUI_RUN, "guests"},
                                               {TUI_BAR_SHADE, false, TUI_HOST, "host's own"},
                                               {TUI_BAR_SPARSE, false, TUI_UNMET, "unmet"}};
    int first = 0;

    if (pane->h == 0)
        return;
    if (t->layout.headings) {
        enum { LEGEND = 44, WORDS = 20 };
        struct layout_rect rule = {pane->x, pane->y - 1, pane->w, 1};
        struct tui_pen p = tui_pen_at(&t->term, &rule, 0);
        char title[80];
        int columns;

        title_words(t, title, sizeof(title));
        tui_pen_heading(&t->term, pane, title, NULL);
        columns = tui_text_columns(title, t->term.unicode) + 5;
        tui_pen_skip(&p, columns);
        tui_balance_graph(t, &p, pane->w - columns - LEGEND - WORDS);
    }
    if (t->layout.headings && t->layout.pcpu.form != LAYOUT_PCPU_HEAT)
        tui_pen_legend(&t->term, pane, 12, legend, 3);
    for (int node = 0; node < t->n_nodes; node++) {
        struct layout_rect r = layout_pcpu(&t->layout, &content, node, -1);

        if (r.w > 0)
            draw_node(t, &r, node, first);
        for (int k = 0; k < t->nodes[node]; k++) {
            r = layout_pcpu(&t->layout, &content, node, k);
            if (r.w <= 0)
                continue;
            if (t->layout.pcpu.form == LAYOUT_PCPU_HEAT)
                draw_heat(t, &r, t->by_node[first + k]);
            else
                draw_pcpu(t, &r, first + k);
        }
        first += t->nodes[node];
    }
}

int tui_pcpus_at(const struct tui *t, int x, int y)
{
    struct layout_content content = {.nodes = t->nodes, .n_nodes = t->n_nodes};
    int first = 0;

    for (int node = 0; node < t->n_nodes; first += t->nodes[node++])
        for (int k = 0; k < t->nodes[node]; k++) {
            struct layout_rect r = layout_pcpu(&t->layout, &content, node, k);

            if (r.w > 0 && y == r.y && x >= r.x && x < r.x + r.w)
                return t->by_node[first + k];
        }
    return -1;
}
