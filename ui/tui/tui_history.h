/*
 * What the screen remembers of each guest beyond the latest report: its recent sizes and use (the stairs), and what was
 * done to it with the reasons. Keyed by uuid; guests that went are forgotten after a while.
 */
#ifndef UI_TUI_TUI_HISTORY_H
#define UI_TUI_TUI_HISTORY_H

#include "core/model/report.h"
#include "ui/tui/tui_frames.h"

enum { TUI_HISTORY_SAMPLES = 512, TUI_HISTORY_EVENTS = 64 };

struct tui_sample {
    uint64_t ns; /* taken_ns of its snapshot */
    uint64_t size_kib, used_kib, unused_kib;
    bool told;                           /* the guest reports; otherwise only its size is known */
    float run_pct, wait_pct, demand_pct; /* over its vCPUs */
    bool moved;                          /* a vCPU of it was moved since the sample before */
};

struct tui_event {
    uint64_t ns;
    int64_t wall_ms;
    enum plan_result result;
    char what[64];
    char why[PLAN_REASON_BYTES];
};

struct tui_guest_history {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    uint64_t seen_ns;
    int row;                            /* where it last stood in the table, from 1; 0: nowhere yet */
    double calm_cpu_pct, calm_wait_pct; /* smoothed over some seconds: what rows are sorted by */
    struct tui_sample *samples;         /* a ring */
    int n_samples, next_sample;
    struct tui_event *events; /* a ring */
    int n_events, next_event;
};

/* How balanced the host was at a moment, and what memory it had. */
struct tui_moment {
    uint64_t ns;
    float sd_pct;         /* < 0: unknown */
    uint64_t free_kib;    /* what it could hand out: available, or free where that isn't known */
    uint64_t missing_kib; /* of the last decision */
    bool moved;           /* a decision moved something since the moment before */
};

enum { TUI_HISTORY_MOMENTS = 2048 }; /* half an hour of seconds */

struct tui_history {
    struct tui_moment *moments; /* a ring */
    int n_moments, next_moment;
    struct tui_frames frames;
    struct tui_guest_history *guests;
    int n, cap;
    uint64_t last_ns;
    uint64_t decided_ns; /* of the plan noted last */
};

void tui_history_free(struct tui_history *h);
/* Takes in a new report. 0 or -ENOMEM (something isn't remembered then). */
int tui_history_note(struct tui_history *h, const struct report *r);
/* A guest's history, or NULL; hint: where to look first. */
struct tui_guest_history *tui_history_find(const struct tui_history *h, const uint8_t *uuid, int hint);
/* The i-th sample or event, 0 the youngest; NULL where there is none. */
const struct tui_sample *tui_history_sample(const struct tui_guest_history *g, int i);
const struct tui_event *tui_history_event(const struct tui_guest_history *g, int i);
/* The i-th moment, 0 the youngest; NULL where there is none. */
const struct tui_moment *tui_history_moment(const struct tui_history *h, int i);
/* What an action does in few words: "vCPU 0: 2 → 3", "1.0G → 1.1G (+120 MiB)". Returns text. */
const char *tui_history_action(char *text, size_t size, const struct plan *p, const struct plan_action *a);

#endif
