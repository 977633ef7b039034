#include "ui/tui/tui_groups.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"
#include "core/model/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tui_groups_free(struct tui_groups *g)
{
    pcpu_groups_free(&g->found);
    free(g->load_pct);
    free(g->capacity);
    free(g->alone);
    memset(g, 0, sizeof(*g));
}

/* Those that the plan balances; an older program doesn't tell. */
static bool find_alone(struct tui_groups *g, const struct report *r)
{
    bool any = false;

    for (int i = 0; i < r->snapshot.n_pcpus; i++) {
        const struct plan_pcpu *planned = report_plan_pcpu(r, i);

        g->alone[i] = !planned || !(planned->capacity > 0);
        any |= !g->alone[i];
    }
    return any;
}

static bool find(struct tui_groups *g, const struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    int several = 0, wide = 0;

    if (array_reserve(&g->alone, &g->cap_alone, s->n_pcpus, sizeof(*g->alone)) || !find_alone(g, r) ||
        pcpu_groups_find(&g->found, s, g->size, g->alone) ||
        array_reserve(&g->load_pct, &g->cap_load, g->found.n, sizeof(*g->load_pct)) ||
        array_reserve(&g->capacity, &g->cap_capacity, g->found.n, sizeof(*g->capacity)))
        return false;
    for (int i = 0; i < g->found.n; i++) {
        several += !g->alone[g->found.first[i]];
        wide += g->found.size[i] > 1;
    }
    return several > 1 && wide > 0;
}

static void find_loads(struct tui_groups *g, const struct report *r)
{
    for (int i = 0; i < g->found.n; i++) {
        const struct plan_pcpu *planned = report_plan_pcpu(r, g->found.first[i]);

        g->load_pct[i] = 0;
        g->capacity[i] = planned ? planned->capacity : 0;
    }
    for (int i = 0; i < r->snapshot.n_pcpus && i < r->live.n_pcpus; i++)
        g->load_pct[g->found.of[i]] += r->live.pcpus[i].load_pct;
    for (int i = 0; i < g->found.n; i++)
        if (g->capacity[i] > 0)
            g->load_pct[i] /= g->capacity[i];
}

void tui_groups_follow(struct tui_groups *g, struct report *r)
{
    struct statistics loads = {0};

    g->size = r->plan.pinned_to;
    g->shown = r->plan.has_balance && g->size != 0 && g->size != PCPU_GROUPS_CPU && g->size != PCPU_GROUPS_AUTO;
    g->shown = g->shown && find(g, r);
    if (!g->shown)
        return;
    find_loads(g, r);
    for (int i = 0; i < g->found.n; i++)
        if (g->capacity[i] > 0)
            statistics_add_weighted(&loads, g->load_pct[i], g->capacity[i]);
    g->mean_pct = loads.mean;
    if (r->live.sd_pct >= 0)
        r->live.sd_pct = statistics_sd(&loads);
}

int tui_groups_of(const struct tui_groups *g, int pcpu)
{
    return g->shown && !g->alone[pcpu] ? g->found.of[pcpu] : -1;
}

int tui_groups_of_mask(const struct tui_groups *g, const struct snapshot *s, const uint64_t *mask)
{
    int group = -1;

    for (int i = 0; g->shown && mask && i < s->n_pcpus; i++) {
        if (!cpumask_has(mask, snapshot_words(s), s->pcpus[i].number))
            continue;
        if (g->alone[i] || (group >= 0 && g->found.of[i] != group))
            return -1;
        group = g->found.of[i];
    }
    return group;
}

static bool is_everywhere(const struct snapshot *s, const uint64_t *mask)
{
    for (int i = 0; i < s->n_pcpus; i++)
        if (s->pcpus[i].online && !s->pcpus[i].isolated && !cpumask_has(mask, snapshot_words(s), s->pcpus[i].number))
            return false;
    return true;
}

enum tui_hold tui_groups_hold(const struct tui_groups *g, const struct snapshot *s, const struct snapshot_vcpu *v)
{
    const uint64_t *mask = snapshot_mask(s, v->affinity), *found = snapshot_mask(s, v->found);
    int words = snapshot_words(s);

    if (mask && cpumask_single(mask, words) >= 0)
        return TUI_HOLD_PINNED;
    if (!mask || is_everywhere(s, mask))
        return TUI_HOLD_FLOATS;
    /* What others set and the program left as it was is theirs, even where it is just a group. */
    if (tui_groups_of_mask(g, s, mask) >= 0 && !(found && cpumask_equal(mask, found, words)))
        return TUI_HOLD_GROUP;
    return TUI_HOLD_RULE;
}

const char *tui_groups_name(const struct tui_groups *g, int group, int width, char *text, size_t size)
{
    const uint64_t *mask = pcpu_groups_mask(&g->found, group);

    cpumask_format(mask, g->found.words, text, size);
    if ((int)strlen(text) > width)
        snprintf(text, size, "%d+%d", cpumask_next(mask, g->found.words, 0), cpumask_count(mask, g->found.words) - 1);
    return text;
}
