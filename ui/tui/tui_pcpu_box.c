/*
 * The box over a view that shows who is on one pCPU: its load in parts, and its vCPUs, the hungriest first. Where it is
 * one of a group, the vCPUs of the group: those seen on this one first, with where each ran last.
 */
#include "ui/tui/tui.h"

#include "ui/tui/tui_text.h"

#include <stdio.h>
#include <stdlib.h>

enum { AFTER_NAME = 31 }; /* columns behind a vCPU's name */

struct tenant {
    int vcpu;  /* index in snapshot.vcpus */
    bool here; /* it was last seen on this pCPU, otherwise on another of its group */
    double demand_pct;
};

static int by_demand(const void *a, const void *b)
{
    const struct tenant *x = a, *y = b;

    if (x->here != y->here)
        return x->here ? -1 : 1;
    return x->demand_pct < y->demand_pct ? 1 : x->demand_pct > y->demand_pct ? -1 : x->vcpu - y->vcpu;
}

/* The vCPUs seen on the pCPU with that number, and those pinned to its group; NULL where memory is out. */
static struct tenant *find_tenants(const struct tui *t, int number, int group, int *n)
{
    const struct report *r = &t->report;
    const struct snapshot *s = &r->snapshot;
    struct tenant *tenants = calloc((size_t)s->n_vcpus + 1, sizeof(*tenants));

    *n = 0;
    for (int i = 0; tenants && i < s->n_vcpus; i++) {
        const struct snapshot_vcpu *v = &s->vcpus[i];
        bool here = v->cpu == number;

        if (v->online &&
            (here || (group >= 0 && tui_groups_of_mask(&t->groups, s, snapshot_mask(s, v->affinity)) == group)))
            tenants[(*n)++] = (struct tenant){i, here, tui_demand(r, i)};
    }
    if (tenants)
        qsort(tenants, (size_t)*n, sizeof(*tenants), by_demand);
    return tenants;
}

static void draw_load(struct tui *t, const struct layout_rect *r, int pcpu)
{
    const struct rates_pcpu *rate = pcpu < t->report.live.n_pcpus ? &t->report.live.pcpus[pcpu] : NULL;
    struct tui_pen p = tui_pen_at(&t->term, r, 0);

    if (!t->report.snapshot.pcpus[pcpu].online)
        tui_pen_text(&p, TUI_DIM, "offline");
    else if (!rate || !rate->known)
        tui_pen_text(&p, TUI_DIM, "load not known yet");
    else
        tui_pen_print(&p, TUI_PLAIN, "load %.0f%% = guests %.0f + host's own %.0f + unmet %.0f", rate->load_pct,
                      rate->guest_pct, rate->host_pct, rate->unmet_pct);
}

/* What is asked of its group, of what that gets done. */
static void draw_group(struct tui *t, const struct layout_rect *r, int group)
{
    struct tui_pen p = tui_pen_at(&t->term, r, 2);
    char name[64];

    tui_pen_print(&p, tui_group_role(t, group), "group %s: %.0f%% asked of it",
                  tui_groups_name(&t->groups, group, 24, name, sizeof(name)), t->groups.load_pct[group]);
    tui_pen_print(&p, TUI_DIM, ", where 100%% is %.3g pCPU%s", t->groups.capacity[group],
                  t->groups.capacity[group] > 1 ? "s" : "");
}

/* What was wanted of it and what went unmet over the window. */
static void draw_past(struct tui *t, const struct layout_rect *r, int row)
{
    const struct tui_track *track = tui_frames_pcpu(&t->history.frames, t->pcpu_shown);
    struct tui_pen p = tui_pen_at(&t->term, r, row);
    char length[24];

    tui_pen_print(&p, TUI_DIM, "last %-7s", tui_text_seconds(length, sizeof(length), tui_window_s(t)));
    tui_track_graph(t, &p, tui_pen_left(&p), track, TUI_FRAME_LOAD, TUI_RUN);
}

static void draw_tenant(struct tui *t, const struct layout_rect *r, int row, const struct tenant *tenant)
{
    const struct snapshot *s = &t->report.snapshot;
    const struct snapshot_vcpu *v = &s->vcpus[tenant->vcpu];
    const struct rates_vcpu *rate = tenant->vcpu < t->report.live.n_vcpus ? &t->report.live.vcpus[tenant->vcpu] : NULL;
    static const char *const holds[] = {[TUI_HOLD_PINNED] = "pinned",
                                        [TUI_HOLD_GROUP] = "group",
                                        [TUI_HOLD_RULE] = "rule",
                                        [TUI_HOLD_FLOATS] = "floats"};
    enum tui_role role = tenant->here ? TUI_PLAIN : TUI_DIM;
    struct tui_pen p = tui_pen_at(&t->term, r, row);
    char cpu[16] = "?", vcpu[24], run[16] = "-", wait[16] = "-", want[16] = "-";

    snprintf(vcpu, sizeof(vcpu), "/%d", v->number);
    if (tenant->demand_pct >= 0)
        snprintf(want, sizeof(want), "%.0f%%", tenant->demand_pct);
    if (rate && rate->known)
        snprintf(run, sizeof(run), "%.0f%%", rate->run_pct);
    if (rate && rate->known && rate->has_wait)
        snprintf(wait, sizeof(wait), "%.0f%%", rate->wait_pct);
    if (v->cpu >= 0)
        snprintf(cpu, sizeof(cpu), "%d", v->cpu);
    tui_pen_field(&p, tenant->here ? TUI_STRONG : TUI_DIM, r->w - AFTER_NAME - 5, TUI_LEFT, s->guests[v->guest].name);
    tui_pen_field(&p, role, 5, TUI_LEFT, vcpu);
    tui_pen_field(&p, role, 5, TUI_RIGHT, cpu);
    tui_pen_field(&p, role, 6, TUI_RIGHT, want);
    tui_pen_field(&p, role, 6, TUI_RIGHT, run);
    tui_pen_field(&p, role, 6, TUI_RIGHT, wait);
    tui_pen_print(&p, TUI_DIM, "  %s", holds[tui_groups_hold(&t->groups, s, v)]);
}

void tui_pcpu_box_draw(struct tui *t)
{
    int pcpu = snapshot_pcpu_index(&t->report.snapshot, t->pcpu_shown), n = 0, rows;
    int group = pcpu < 0 ? -1 : tui_groups_of(&t->groups, pcpu), above = group >= 0 ? 3 : 2;
    struct layout_rect box = t->layout.overlay, inside, head;
    struct tenant *tenants = pcpu < 0 ? NULL : find_tenants(t, t->pcpu_shown, group, &n);
    struct tui_pen p;
    char title[64];

    if (!tenants) {
        t->pcpu_shown = -1;
        return;
    }
    rows = n + above + 3 < box.h ? n : box.h - above - 4;
    rows = rows > 0 ? rows : 0;
    box.h = box.h < above + 5 ? box.h : (rows > 0 ? rows : 1) + above + (rows < n ? 4 : 3);
    snprintf(title, sizeof(title), "pCPU %d, node %d", t->pcpu_shown, t->report.snapshot.pcpus[pcpu].node);
    inside = tui_box_draw(t, &box, title, "Esc closes");
    draw_load(t, &inside, pcpu);
    draw_past(t, &inside, 1);
    if (group >= 0)
        draw_group(t, &inside, group);
    head = (struct layout_rect){inside.x, inside.y + above, inside.w, inside.h - above};
    p = tui_pen_at(&t->term, &head, 0);
    if (n == 0) {
        tui_pen_text(&p, TUI_DIM, "no guest's vCPU is on it");
    } else {
        tui_pen_field(&p, TUI_COLUMN, inside.w - AFTER_NAME, TUI_LEFT, "vCPU");
        tui_pen_print(&p, TUI_COLUMN, "%5s%6s%6s%6s", "pCPU", "want", "run", "wait");
    }
    for (int i = 0; i < rows; i++)
        draw_tenant(t, &head, i + 1, &tenants[i]);
    if (rows < n) {
        p = tui_pen_at(&t->term, &head, rows + 1);
        tui_pen_print(&p, TUI_DIM, "and %d more", n - rows);
    }
    free(tenants);
}
