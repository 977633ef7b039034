/*
 * What each pCPU and each vCPU did lately, sample by sample, for graphs: one ring of moments that all of them share, so
 * that what stands in one column of two graphs is of one time. Shares are kept in a byte each (per cent, up to 250).
 */
#ifndef UI_TUI_TUI_FRAMES_H
#define UI_TUI_TUI_FRAMES_H

#include "core/model/report.h"

enum { TUI_FRAMES = 2048, TUI_FRAME_UNKNOWN = 255, TUI_FRAME_MOST = 250 };

/* What is kept of a pCPU (LOAD in steps of 2 %, as it may be several times what there is) or a vCPU. */
enum tui_frame_figure { TUI_FRAME_LOAD, TUI_FRAME_DEMAND = 0, TUI_FRAME_RUN, TUI_FRAME_WAIT, TUI_FRAME_FIGURES };

/* One thing's ring: a byte for each moment and figure; moved: bit 1 of the marks. */
struct tui_track {
    uint8_t uuid[SNAPSHOT_UUID_BYTES]; /* of its guest; zeros: it is a pCPU */
    int number;                        /* of the vCPU or pCPU */
    uint64_t seen_ns;
    uint8_t *figures[TUI_FRAME_FIGURES];
    uint8_t *moved; /* something was moved from, to or (a vCPU) itself at that moment */
};

struct tui_frames {
    uint64_t ns[TUI_FRAMES]; /* when each moment was; 0: not yet */
    int n, next;
    struct tui_track *tracks; /* pCPUs first, as in the last snapshot, then vCPUs in its order, then those gone */
    int n_tracks, cap;
};

void tui_frames_free(struct tui_frames *f);
/* Takes in a report with new figures. 0 or -ENOMEM (something isn't remembered then). */
int tui_frames_note(struct tui_frames *f, const struct report *r);
/* Marks what a decision moved at the youngest moment. */
void tui_frames_mark(struct tui_frames *f, const struct plan *p);
/* The track of a pCPU by number, or of a vCPU by its guest and number; NULL where there is none. */
const struct tui_track *tui_frames_pcpu(const struct tui_frames *f, int number);
const struct tui_track *tui_frames_vcpu(const struct tui_frames *f, const uint8_t *uuid, int number);
/* The slot of the i-th moment, 0 the youngest; -1 where there is none. */
int tui_frames_slot(const struct tui_frames *f, int i);
/* A figure in % at a slot; < 0 where it isn't known. */
double tui_frames_pct(const struct tui_track *track, enum tui_frame_figure figure, int slot);

#endif
