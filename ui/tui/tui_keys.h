/*
 * Every key of the TUI, once: what it is called in the footer, what help says of it, where it works and what it does.
 * The footer, the help, the keyboard and the mouse all read this table, so they can't disagree.
 */
#ifndef UI_TUI_TUI_KEYS_H
#define UI_TUI_TUI_KEYS_H

#include <stdbool.h>
#include <wchar.h>

enum tui_action {
    TUI_DO_NOTHING,
    TUI_DO_PAUSE,
    TUI_DO_STEP,
    TUI_DO_FORCE,
    TUI_DO_SLOWER, /* a longer interval */
    TUI_DO_FASTER,
    TUI_DO_DRY_RUN,
    TUI_DO_LOCK,
    TUI_DO_UNDO,
    TUI_DO_VIEW_OVERVIEW,
    TUI_DO_VIEW_MAP,
    TUI_DO_VIEW_GUESTS,
    TUI_DO_VIEW_MEMORY,
    TUI_DO_VIEW_LOG,
    TUI_DO_VIEW_NEXT,
    TUI_DO_VIEW_PREVIOUS,
    TUI_DO_DETAIL,
    TUI_DO_UP,
    TUI_DO_DOWN,
    TUI_DO_LEFT,
    TUI_DO_RIGHT,
    TUI_DO_PAGE_UP,
    TUI_DO_PAGE_DOWN,
    TUI_DO_FIRST,
    TUI_DO_LAST,
    TUI_DO_FILTER,
    TUI_DO_SORT_PREVIOUS,
    TUI_DO_SORT_NEXT,
    TUI_DO_SORT_INVERT,
    TUI_DO_FOLD,
    TUI_DO_FOLD_ALL,
    TUI_DO_REPLAY_FASTER,
    TUI_DO_REPLAY_SLOWER,
    TUI_DO_REDRAW,
    TUI_DO_HELP,
    TUI_DO_BACK,
    TUI_DO_QUIT,
};

/* Where keys go: the view shown, or what lies over it. */
enum tui_context {
    TUI_IN_OVERVIEW = 1 << 0,
    TUI_IN_MAP = 1 << 1,
    TUI_IN_GUESTS = 1 << 2,
    TUI_IN_MEMORY = 1 << 3,
    TUI_IN_LOG = 1 << 4,
    TUI_IN_DETAIL = 1 << 5,
    TUI_IN_HELP = 1 << 6,
    TUI_IN_FILTER = 1 << 7,
    TUI_IN_REPLAY = 1 << 8, /* added to a view's while a recording is played */
};

/* What the footer calls a key changes with the state it would end. */
enum tui_toggle { TUI_TOGGLE_NONE, TUI_TOGGLE_PAUSED, TUI_TOGGLE_DRY_RUN };

struct tui_key {
    enum tui_action action;
    int codes[7];      /* characters, or curses' KEY_ codes; ended by 0 */
    const char *keys;  /* as shown in help: "p Space" */
    const char *shown; /* as shown in the footer: "p"; NULL: not in the footer */
    const char *name;  /* in the footer: "pause" */
    enum tui_toggle toggle;
    const char *name_on; /* ... while the toggle is on: "run on" */
    const char *help;    /* one line, lower case, no full stop */
    unsigned contexts;   /* where it works */
    int rank;            /* the footer leaves out the highest first */
};

/* The table; *n: its rows. */
const struct tui_key *tui_keys_table(int *n);
/* The key with that code in a context (several bits: any of them), or NULL. */
const struct tui_key *tui_keys_find(unsigned context, int code);

struct tui_footer_item {
    const struct tui_key *key;
    const char *name;
    int x, width; /* columns, from the footer's left edge; no gap counted */
};

enum { TUI_FOOTER_MOST = 40 };

/* Lays the footer out in width columns: items has room for TUI_FOOTER_MOST. on: bits 1 << enum tui_toggle. Returns how
 * many items there are. */
int tui_keys_footer(struct tui_footer_item *items, unsigned context, unsigned on, int width);

#endif
