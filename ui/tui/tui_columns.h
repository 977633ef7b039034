/*
 * The guests' table: which columns there are, which fit, how wide each is, and how rows are compared. Pure.
 */
#ifndef UI_TUI_TUI_COLUMNS_H
#define UI_TUI_TUI_COLUMNS_H

#include "core/model/report.h"
#include "ui/tui/tui_history.h"
#include "ui/tui/tui_uuids.h"

#include <stdbool.h>

enum tui_column_id {
    TUI_COLUMN_NAME,
    TUI_COLUMN_ID,
    TUI_COLUMN_CPU,
    TUI_COLUMN_WAIT,
    TUI_COLUMN_VCPUS,
    TUI_COLUMN_BALLOON,
    TUI_COLUMN_SIZE,
    TUI_COLUMN_USED,
    TUI_COLUMN_UNUSED,
    TUI_COLUMN_SWAP,
    TUI_COLUMN_DISK,
    TUI_COLUMN_NET,
    TUI_COLUMN_OTHER,
    TUI_COLUMN_POLL,
    TUI_COLUMN_LAST,
    TUI_COLUMNS,
};

struct tui_column {
    const char *head;
    const char *short_head; /* where the column is too narrow for head; NULL: none */
    int least, most;        /* columns of the screen; where they differ it takes a share of what is left over */
    int share[2];           /* weight of that share: vcpu_scheduler, memory_coordinator */
    int rank[2];            /* in which order columns get room: the same */
    bool right;             /* its figures are aligned to the right */
    bool descending;        /* how it is sorted at first */
};

struct tui_column_place {
    enum tui_column_id id;
    int x, width;
};

/* Which columns are shown, and in which order, as far as there is room. */
struct tui_columns_choice {
    unsigned hidden;                  /* bits 1 << id of those that are left out */
    unsigned char order[TUI_COLUMNS]; /* every enum tui_column_id once, from left to right */
};

/* Those that are shown unless somebody chooses: all but disk, net, other and poll, in their own order. */
struct tui_columns_choice tui_columns_default(void);
/* Moves the column at a place of the order by so many places (1 or -1), within its ends. Returns where it is then. */
int tui_columns_move(struct tui_columns_choice *choice, int place, int by);

const struct tui_column *tui_column(enum tui_column_id id);
/* Places the columns that fit into width, in order. most_vcpus: of any guest, so that their column isn't wider than
 * they need; empty: bits 1 << id of those with nothing in them, which leave their room to others. places has room for
 * TUI_COLUMNS. Returns how many there are. */
int tui_columns_place(struct tui_column_place *places, int width, bool memory_first, int most_vcpus,
                      const struct tui_columns_choice *choice, unsigned empty);
/* Bits 1 << id of the columns in which some guest has something, as far as that isn't always so. */
unsigned tui_columns_filled(const struct report *r);

struct tui_sorting {
    enum tui_column_id column;
    bool descending;
};

/* Which guests are in the table. */
struct tui_choice {
    const char *filter;           /* those whose name contains it */
    const struct tui_uuids *only; /* and, where this isn't NULL, that are in it */
};

/*
 * Fills order (room for r's guests) with the indices of the guests chosen, sorted. Rows keep the order of the last time
 * (which h keeps) while none of them stands against the direction by more than a figure's noise, so that they don't
 * jump about; otherwise, and where fresh, they are sorted exactly. Returns how many there are.
 */
int tui_columns_order(int *order, const struct report *r, struct tui_history *h, const struct tui_sorting *by,
                      const struct tui_choice *choice, bool fresh);

#endif
