/* What each role looks like: its colour and attributes in a theme, for as many colours as the terminal has. */
#ifndef UI_TUI_TUI_THEME_H
#define UI_TUI_TUI_THEME_H

#include "ui/tui/tui_role.h"

struct tui_look {
    short color;         /* -1: the terminal's own */
    unsigned attributes; /* of curses */
};

/* theme: index in screen_themes; colors: 256, 16, 8, or 0 for none. */
struct tui_look tui_theme_look(int theme, enum tui_role role, int colors);

#endif
