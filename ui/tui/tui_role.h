/* What something on the screen means; tui_term.c gives each its colour and attributes for the terminal at hand. */
#ifndef UI_TUI_TUI_ROLE_H
#define UI_TUI_TUI_ROLE_H

enum tui_role {
    TUI_PLAIN,
    TUI_DIM,
    TUI_STRONG,
    TUI_HEADING, /* a pane's rule and title */
    TUI_COLUMN,  /* column heads */
    TUI_SORTED,  /* the column head that rows are sorted by */
    TUI_CURSOR,  /* the row under the cursor */
    TUI_PROGRAM, /* the program's name */
    TUI_RUNNING, /* states, loud */
    TUI_PAUSED,
    TUI_DRY_RUN,
    TUI_BROKEN,
    TUI_ENDED,
    TUI_KEY,      /* footer: the key */
    TUI_KEY_NAME, /* footer: what it does */
    TUI_RUN,      /* bars: guests' run */
    TUI_HOST,     /* the host's own work */
    TUI_UNMET,    /* wanted, not served */
    TUI_USED,     /* memory used */
    TUI_CACHE,    /* page cache */
    TUI_FREE,     /* free, in guest or host */
    TUI_AWAY,     /* ballooned away */
    TUI_MARK,     /* the reserve's mark, the maximum's end */
    TUI_GOOD,
    TUI_WARN,
    TUI_BAD,
    TUI_HEAT_COOL, /* levels of a heat map, low to high */
    TUI_HEAT_MILD,
    TUI_HEAT_WARM,
    TUI_HEAT_HOT,
    TUI_HEAT_OVER,
    TUI_MESSAGE, /* status line */
    TUI_ROLES,
};

#endif
