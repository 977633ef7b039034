#include "ui/tui/tui_theme.h"

#include <curses.h>

/*
 * The looks of each role in the default theme. The colours are middling ones that stand out from a dark background and
 * from a light one, and from each other for the colour-blind (blue, grey, teal, ochre, vermilion: after Okabe and Ito's
 * palette). -1: the terminal's own.
 */
static const struct {
    short c256, c16, c8;
    attr_t with_color, without;
} looks[TUI_ROLES] = {
    [TUI_PLAIN] = {-1, -1, -1, A_NORMAL, A_NORMAL},
    [TUI_DIM] = {245, -1, -1, A_NORMAL, A_NORMAL},
    [TUI_STRONG] = {-1, -1, -1, A_BOLD, A_BOLD},
    [TUI_HEADING] = {67, 6, 6, A_NORMAL, A_NORMAL},
    [TUI_COLUMN] = {-1, -1, -1, A_BOLD, A_BOLD},
    [TUI_SORTED] = {-1, -1, -1, A_BOLD | A_REVERSE, A_BOLD | A_REVERSE},
    [TUI_CURSOR] = {-1, -1, -1, A_REVERSE, A_REVERSE},
    [TUI_PROGRAM] = {-1, -1, -1, A_BOLD, A_BOLD},
    [TUI_RUNNING] = {29, 2, 2, A_REVERSE | A_BOLD, A_REVERSE},
    [TUI_PAUSED] = {136, 3, 3, A_REVERSE | A_BOLD, A_REVERSE | A_BOLD},
    [TUI_DRY_RUN] = {133, 5, 5, A_REVERSE | A_BOLD, A_REVERSE | A_BOLD},
    [TUI_BROKEN] = {160, 1, 1, A_REVERSE | A_BOLD, A_REVERSE | A_BOLD},
    [TUI_ENDED] = {-1, -1, -1, A_REVERSE | A_BOLD, A_REVERSE | A_BOLD},
    [TUI_KEY] = {-1, -1, -1, A_BOLD, A_BOLD},
    [TUI_KEY_NAME] = {245, -1, -1, A_NORMAL, A_NORMAL},
    [TUI_RUN] = {32, 12, 4, A_NORMAL, A_NORMAL},
    [TUI_HOST] = {245, -1, -1, A_NORMAL, A_NORMAL},
    [TUI_UNMET] = {166, 9, 1, A_BOLD, A_NORMAL},
    [TUI_USED] = {32, 12, 4, A_NORMAL, A_NORMAL},
    [TUI_CACHE] = {30, 6, 6, A_NORMAL, A_NORMAL},
    [TUI_FREE] = {245, -1, -1, A_NORMAL, A_NORMAL},
    [TUI_AWAY] = {245, -1, -1, A_NORMAL, A_NORMAL},
    [TUI_MARK] = {166, 9, 1, A_BOLD, A_BOLD},
    [TUI_GOOD] = {29, 2, 2, A_NORMAL, A_NORMAL},
    [TUI_WARN] = {136, 3, 3, A_BOLD, A_BOLD},
    [TUI_BAD] = {196, 9, 1, A_BOLD, A_BOLD},
    [TUI_HEAT_COOL] = {67, 6, 6, A_NORMAL, A_NORMAL},
    [TUI_HEAT_MILD] = {32, 12, 4, A_NORMAL, A_NORMAL},
    [TUI_HEAT_WARM] = {136, 3, 3, A_NORMAL, A_NORMAL},
    [TUI_HEAT_HOT] = {166, 9, 1, A_NORMAL, A_NORMAL},
    [TUI_HEAT_OVER] = {196, 1, 1, A_BOLD, A_BOLD},
    [TUI_MESSAGE] = {-1, -1, -1, A_BOLD, A_BOLD},
};

/*
 * The other themes change colours alone, and only where a terminal has enough of them to choose from: brighter ones for
 * dark backgrounds, darker ones for light backgrounds, and the ends of the range, with nothing greyed, for weak eyes
 * and projectors. Hues are those of the default theme, for the same reason.
 */
enum { DEFAULT, DARK, LIGHT, CONTRAST, THEMES };

struct shade {
    short c256, c16; /* 0: as in the default theme */
};

static const struct shade shades[THEMES][TUI_ROLES] = {
    [DARK] = {[TUI_DIM] = {249, 7},        [TUI_HEADING] = {110, 14},  [TUI_RUNNING] = {36, 10},
              [TUI_PAUSED] = {178, 11},    [TUI_DRY_RUN] = {176, 13},  [TUI_BROKEN] = {203, 9},
              [TUI_KEY_NAME] = {249, 7},   [TUI_RUN] = {75, 12},       [TUI_HOST] = {250, 7},
              [TUI_UNMET] = {208, 9},      [TUI_USED] = {75, 12},      [TUI_CACHE] = {37, 14},
              [TUI_FREE] = {249, 7},       [TUI_AWAY] = {249, 7},      [TUI_MARK] = {208, 9},
              [TUI_GOOD] = {36, 10},       [TUI_WARN] = {178, 11},     [TUI_BAD] = {203, 9},
              [TUI_HEAT_COOL] = {110, 14}, [TUI_HEAT_MILD] = {75, 12}, [TUI_HEAT_WARM] = {178, 11},
              [TUI_HEAT_HOT] = {208, 9},   [TUI_HEAT_OVER] = {203, 9}},
    [LIGHT] =
        {[TUI_DIM] = {240, 8},      [TUI_HEADING] = {24, 4},   [TUI_RUNNING] = {22, 2},   [TUI_PAUSED] = {94, 3},
         [TUI_DRY_RUN] = {90, 5},   [TUI_BROKEN] = {124, 1},   [TUI_KEY_NAME] = {240, 8}, [TUI_RUN] = {25, 4},
         [TUI_HOST] = {242, 8},     [TUI_UNMET] = {130, 1},    [TUI_USED] = {25, 4},      [TUI_CACHE] = {23, 6},
         [TUI_FREE] = {240, 8},     [TUI_AWAY] = {240, 8},     [TUI_MARK] = {130, 1},     [TUI_GOOD] = {22, 2},
         [TUI_WARN] = {94, 3},      [TUI_BAD] = {124, 1},      [TUI_HEAT_COOL] = {24, 6}, [TUI_HEAT_MILD] = {25, 4},
         [TUI_HEAT_WARM] = {94, 3}, [TUI_HEAT_HOT] = {130, 1}, [TUI_HEAT_OVER] = {124, 1}},
    [CONTRAST] = {[TUI_DIM] = {-1, -1},
                  [TUI_HEADING] = {-1, -1},
                  [TUI_KEY_NAME] = {-1, -1},
                  [TUI_RUN] = {33, 12},
                  [TUI_HOST] = {-1, -1},
                  [TUI_UNMET] = {202, 9},
                  [TUI_USED] = {33, 12},
                  [TUI_CACHE] = {37, 14},
                  [TUI_FREE] = {-1, -1},
                  [TUI_AWAY] = {-1, -1},
                  [TUI_HEAT_COOL] = {-1, -1},
                  [TUI_HEAT_MILD] = {33, 12},
                  [TUI_HEAT_WARM] = {178, 11},
                  [TUI_HEAT_HOT] = {202, 9},
                  [TUI_HEAT_OVER] = {196, 9}},
};

struct tui_look tui_theme_look(int theme, enum tui_role role, int colors)
{
    static const struct shade none[TUI_ROLES];
    const struct shade *shade = theme > DEFAULT && theme < THEMES ? &shades[theme][role] : &none[role];
    struct tui_look look = {-1, (unsigned)(colors ? looks[role].with_color : looks[role].without)};

    if (colors >= 256)
        look.color = shade->c256 ? shade->c256 : looks[role].c256;
    else if (colors >= 16)
        look.color = shade->c16 ? shade->c16 : looks[role].c16;
    else if (colors > 0)
        look.color = looks[role].c8;
    return look;
}
