/*
 * The one table of keys: what each does, where it works, how it is named in the footer and what help says of it.
 * Keyboard, mouse (on the footer), footer and help all read it, so that none of them can say what another doesn't do.
 */
#ifndef UI_TUI_TUI_KEYS_H
#define UI_TUI_TUI_KEYS_H

#include <stdbool.h>

struct tui;

/* Where keys go: the view shown, or what lies over it. */
enum tui_context {
    TUI_IN_OVERVIEW = 1 << 0,
    TUI_IN_MAP = 1 << 1,
    TUI_IN_GUESTS = 1 << 2,
    TUI_IN_MEMORY = 1 << 3,
    TUI_IN_LOG = 1 << 4,
    TUI_IN_DETAIL = 1 << 5,
    TUI_IN_HELP = 1 << 6,
    TUI_IN_FIELD = 1 << 7,        /* a line in which text is typed */
    TUI_IN_REPLAY = 1 << 8,       /* added to a view's while a recording is played */
    TUI_IN_DISCONNECTED = 1 << 9, /* added to a view's while there is no connection */
    TUI_IN_PCPU = 1 << 10,        /* the box that shows who is on a pCPU */
    TUI_IN_MENU = 1 << 11,        /* the menu of columns */
};

/* What the footer calls a key changes with the state it would end. */
enum tui_toggle { TUI_TOGGLE_NONE, TUI_TOGGLE_PAUSED, TUI_TOGGLE_DRY_RUN };

struct tui_key {
    void (*run)(struct tui *t, int argument); /* what it does */
    int argument;
    int codes[7];      /* characters, or curses' KEY_ codes; ended by 0 */
    const char *keys;  /* as shown in help: "p Z" */
    const char *shown; /* as shown in the footer: "p"; NULL: not in the footer */
    const char *name;  /* in the footer: "pause" */
    enum tui_toggle toggle;
    const char *name_on; /* ... while the toggle is on: "run on" */
    const char *help;    /* one line, lower case, no full stop; NULL: that of the engine's command, or none */
    unsigned contexts;   /* where it works */
    int rank;            /* the footer leaves out the highest first */
};

/* The table; *n: its rows. */
const struct tui_key *tui_keys_table(int *n);
/* The key with that code in a context (several bits: any of them), or NULL. */
const struct tui_key *tui_keys_find(unsigned context, int code);

/* What help says of it; NULL: nothing. */
const char *tui_keys_help(const struct tui_key *key);

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
