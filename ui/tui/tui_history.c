#include "ui/tui/tui_history.h"

#include "core/model/cpumask.h"
#include "ui/tui/tui_text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t forget_after_ns = 600ULL * 1000000000ULL;
static const double calm_s = 5; /* time constant of the smoothed figures */

void tui_history_free(struct tui_history *h)
{
    for (int i = 0; i < h->n; i++) {
        free(h->guests[i].samples);
        free(h->guests[i].events);
    }
    free(h->guests);
    free(h->moments);
    tui_frames_free(&h->frames);
    memset(h, 0, sizeof(*h));
}

struct tui_guest_history *tui_history_find(const struct tui_history *h, const uint8_t *uuid, int hint)
{
    if (hint >= 0 && hint < h->n && memcmp(h->guests[hint].uuid, uuid, SNAPSHOT_UUID_BYTES) == 0)
        return &h->guests[hint];
    for (int i = 0; i < h->n; i++)
        if (memcmp(h->guests[i].uuid, uuid, SNAPSHOT_UUID_BYTES) == 0)
            return &h->guests[i];
    return NULL;
}

static struct tui_guest_history *find_or_add(struct tui_history *h, const uint8_t *uuid, int hint)
{
    struct tui_guest_history *g = tui_history_find(h, uuid, hint), *grown;

    if (g)
        return g;
    if (h->n == h->cap) {
        int cap = h->cap ? 2 * h->cap : 16;

        grown = realloc(h->guests, (size_t)cap * sizeof(*grown));
        if (!grown)
            return NULL;
        h->guests = grown;
        h->cap = cap;
    }
    g = &h->guests[h->n++];
    memset(g, 0, sizeof(*g));
    memcpy(g->uuid, uuid, SNAPSHOT_UUID_BYTES);
    return g;
}

static void forget_old(struct tui_history *h, uint64_t now_ns)
{
    int kept = 0;

    for (int i = 0; i < h->n; i++) {
        if (now_ns > h->guests[i].seen_ns + forget_after_ns) {
            free(h->guests[i].samples);
            free(h->guests[i].events);
            continue;
        }
        if (kept != i)
            h->guests[kept] = h->guests[i];
        kept++;
    }
    h->n = kept;
}

const struct tui_sample *tui_history_sample(const struct tui_guest_history *g, int i)
{
    if (!g || i < 0 || i >= g->n_samples)
        return NULL;
    return &g->samples[(g->next_sample - 1 - i + 2 * TUI_HISTORY_SAMPLES) % TUI_HISTORY_SAMPLES];
}

const struct tui_event *tui_history_event(const struct tui_guest_history *g, int i)
{
    if (!g || i < 0 || i >= g->n_events)
        return NULL;
    return &g->events[(g->next_event - 1 - i + 2 * TUI_HISTORY_EVENTS) % TUI_HISTORY_EVENTS];
}

static void calm_down(struct tui_guest_history *g, const struct rates_guest *rate, double seconds)
{
    double share = g->n_samples == 0 || seconds <= 0 ? 1 : 1 - exp(-seconds / calm_s);

    if (!rate->known)
        return;
    g->calm_cpu_pct += share * (rate->run_pct - g->calm_cpu_pct);
    g->calm_wait_pct += share * (rate->wait_pct - g->calm_wait_pct);
}

/* Adds a sample, unless the last one is so young that the ring would not reach back over a good many intervals. */
static int add_sample(struct tui_guest_history *g, const struct report *r, int guest)
{
    const struct snapshot_memory *m = &r->snapshot.guests[guest].memory;
    const struct tui_sample *last = tui_history_sample(g, 0);
    uint64_t now_ns = r->snapshot.taken_ns, gap_ns = (uint64_t)(fmax(r->interval_s / 8, 0.1) * 0.9e9);
    const struct snapshot_guest *it = &r->snapshot.guests[guest];
    struct tui_sample s = {.ns = now_ns, .size_kib = m->size_kib, .unused_kib = m->unused_kib};

    if (last && now_ns < last->ns + gap_ns)
        return 0;
    if (!g->samples && !(g->samples = calloc(TUI_HISTORY_SAMPLES, sizeof(*g->samples))))
        return -ENOMEM;
    if (guest < r->live.n_guests && r->live.guests[guest].known) {
        s.run_pct = (float)r->live.guests[guest].run_pct;
        s.wait_pct = (float)r->live.guests[guest].wait_pct;
        for (int v = it->first_vcpu; v < it->first_vcpu + it->n_vcpus && v < r->live.n_vcpus; v++)
            s.demand_pct += (float)r->live.vcpus[v].demand_pct;
    }
    s.told = rates_memory_used(m, &s.used_kib);
    g->samples[g->next_sample] = s;
    g->next_sample = (g->next_sample + 1) % TUI_HISTORY_SAMPLES;
    if (g->n_samples < TUI_HISTORY_SAMPLES)
        g->n_samples++;
    return 0;
}

const char *tui_history_action(char *text, size_t size, const struct plan *p, const struct plan_action *a)
{
    char from[40], to[40], number[SNAPSHOT_WORD_BYTES];

    if (a->kind == PLAN_PIN) {
        plan_place_words(p, a->from_cpu, a->from_mask, "floating", from, sizeof(from));
        plan_place_words(p, a->to_cpu, a->to_mask, "floating", to, sizeof(to));
        snprintf(text, size, "%s%s: %s → %s", a->vcpu < 0 ? "" : "vCPU ", snapshot_number_word(a->vcpu, number), from,
                 to);
    } else {
        double change_mib = ((double)a->to_kib - (double)a->from_kib) / 1024;

        snprintf(text, size, "%s → %s (%s%.0f MiB)", tui_text_size(from, sizeof(from), a->from_kib),
                 tui_text_size(to, sizeof(to), a->to_kib), change_mib < 0 ? "−" : "+", fabs(change_mib));
    }
    return text;
}

static int add_event(struct tui_history *h, const struct report *r, const struct plan_action *a)
{
    struct tui_guest_history *g = find_or_add(h, a->uuid, -1);
    struct tui_event *e;

    if (!g || (!g->events && !(g->events = calloc(TUI_HISTORY_EVENTS, sizeof(*g->events)))))
        return -ENOMEM;
    e = &g->events[g->next_event];
    e->ns = r->plan.decided_ns;
    e->wall_ms = r->snapshot.wall_ms;
    e->result = a->result;
    tui_history_action(e->what, sizeof(e->what), &r->plan, a);
    snprintf(e->why, sizeof(e->why), "%s", a->result == PLAN_FAILED && a->error[0] ? a->error : a->reason);
    if (g->n_samples > 0)
        g->samples[(g->next_sample + TUI_HISTORY_SAMPLES - 1) % TUI_HISTORY_SAMPLES].moved |= a->result == PLAN_DONE;
    g->next_event = (g->next_event + 1) % TUI_HISTORY_EVENTS;
    if (g->n_events < TUI_HISTORY_EVENTS)
        g->n_events++;
    g->seen_ns = r->snapshot.taken_ns;
    return 0;
}

const struct tui_moment *tui_history_moment(const struct tui_history *h, int i)
{
    if (i < 0 || i >= h->n_moments)
        return NULL;
    return &h->moments[(h->next_moment - 1 - i + 2 * TUI_HISTORY_MOMENTS) % TUI_HISTORY_MOMENTS];
}

static int add_moment(struct tui_history *h, const struct report *r)
{
    const struct snapshot_host *host = &r->snapshot.host;
    struct tui_moment *m;

    if (!h->moments && !(h->moments = calloc(TUI_HISTORY_MOMENTS, sizeof(*h->moments))))
        return -ENOMEM;
    m = &h->moments[h->next_moment];
    *m = (struct tui_moment){.ns = r->snapshot.taken_ns,
                             .sd_pct = (float)r->live.sd_pct,
                             .free_kib = host->has & SNAPSHOT_HOST_HAS_AVAILABLE ? host->available_kib : host->free_kib,
                             .missing_kib = r->plan.has_memory ? r->plan.missing_kib : 0};
    h->next_moment = (h->next_moment + 1) % TUI_HISTORY_MOMENTS;
    if (h->n_moments < TUI_HISTORY_MOMENTS)
        h->n_moments++;
    return 0;
}

/* Marks the last moment where the decision did something. */
static void mark_moved(struct tui_history *h, const struct plan *p)
{
    for (int i = 0; i < p->n_actions && h->n_moments > 0; i++)
        if (p->actions[i].result == PLAN_DONE)
            h->moments[(h->next_moment + TUI_HISTORY_MOMENTS - 1) % TUI_HISTORY_MOMENTS].moved = true;
}

int tui_history_note(struct tui_history *h, const struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    bool again = s->taken_ns == h->last_ns;
    double seconds = h->last_ns && s->taken_ns > h->last_ns ? (double)(s->taken_ns - h->last_ns) / 1e9 : 0;
    int error = 0;

    if (!again && s->taken_ns > 0 && (add_moment(h, r) < 0 || tui_frames_note(&h->frames, r) < 0))
        return -ENOMEM;
    for (int i = 0; i < s->n_guests && !again; i++) {
        struct tui_guest_history *g = find_or_add(h, s->guests[i].uuid, i);

        if (!g)
            return -ENOMEM;
        g->seen_ns = s->taken_ns;
        g->id = s->guests[i].id;
        if (i < r->live.n_guests)
            calm_down(g, &r->live.guests[i], seconds);
        if (add_sample(g, r, i) < 0)
            error = -ENOMEM;
    }
    if (r->decision && r->plan.decided_ns != h->decided_ns) {
        h->decided_ns = r->plan.decided_ns;
        mark_moved(h, &r->plan);
        tui_frames_mark(&h->frames, &r->plan);
        for (int i = 0; i < r->plan.n_actions; i++)
            if (add_event(h, r, &r->plan.actions[i]) < 0)
                error = -ENOMEM;
    }
    h->last_ns = s->taken_ns;
    forget_old(h, s->taken_ns);
    return error;
}
