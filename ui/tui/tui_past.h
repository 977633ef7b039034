/*
 * Decisions of the past, each with the report it came with, so that one can be chosen and read while the program goes
 * on. While one is chosen, tui.report is that report, and tui_latest the one that is true now.
 */
#ifndef UI_TUI_TUI_PAST_H
#define UI_TUI_TUI_PAST_H

#include "core/model/report.h"

struct tui;
struct layout_rect;

struct tui_past {
    struct report *kept; /* reports of decisions, the oldest first, without their logs */
    int n, cap;
    uint64_t decided_ns; /* of the youngest */
    int chosen;          /* 0: now; otherwise which, 1 the youngest */
    struct report other; /* while one is chosen, the latest report; otherwise room for one */
};

void tui_past_free(struct tui_past *p);
/* Keeps the latest report where it is a decision's. */
void tui_past_note(struct tui *t);
/* Shows the k-th decision, 1 the youngest, as far as there are so many; 0: now. */
void tui_past_choose(struct tui *t, int k);
/* Shows the decision nearest to that moment (on the clock of snapshot.taken_ns). */
void tui_past_choose_at(struct tui *t, uint64_t ns);
/* The report that is true now, whatever is shown. */
const struct report *tui_latest(const struct tui *t);
/* The decision chosen at length: what was done, with its reasons, and what was left; from line scroll on. r NULL:
 * nothing is drawn. Returns how many lines there are in width columns. */
int tui_past_draw(struct tui *t, const struct layout_rect *r, int width, int scroll);
/* "20:17:52" of the report shown. Returns text. */
const char *tui_past_clock(const struct tui *t, char *text, size_t size);

#endif
