#include "ui/tui/tui_keys.h"

#include "core/engine/commands.h"
#include "ui/tui/layout.h"
#include "ui/tui/tui_actions.h"
#include "ui/tui/tui_columns.h"

#include <curses.h>
#include <string.h>

enum {
    ROWS = TUI_IN_OVERVIEW | TUI_IN_GUESTS | TUI_IN_MEMORY | TUI_IN_MAP, /* views with guests to choose from */
    TEXTS = TUI_IN_LOG | TUI_IN_DETAIL,                                  /* views of lines to read */
    VIEWS = ROWS | TEXTS,
    OVERLAYS = TUI_IN_HELP | TUI_IN_PCPU,
    PAGES = VIEWS | OVERLAYS,
    TABLES = TUI_IN_OVERVIEW | TUI_IN_GUESTS | TUI_IN_MEMORY,
};

#define CTRL(letter) ((letter)&0x1F)

static const struct tui_key table[] = {
    {.run = tui_do_command,
     .argument = ENGINE_PAUSE,
     .codes = {'p', 'Z'},
     .keys = "p Z",
     .shown = "p",
     .name = "pause",
     .toggle = TUI_TOGGLE_PAUSED,
     .name_on = "run on",
     .help = "pause, or run on; sampling goes on and the next plan is shown",
     .contexts = VIEWS,
     .rank = 1},
    {.run = tui_do_command,
     .argument = ENGINE_STEP,
     .codes = {'s'},
     .keys = "s",
     .shown = "s",
     .name = "step",
     .help = "take one decision, carry it out, and stay paused",
     .contexts = VIEWS,
     .rank = 3},
    {.run = tui_do_command,
     .argument = ENGINE_FORCE,
     .codes = {'r'},
     .keys = "r",
     .shown = "r",
     .name = "rebalance",
     .help = "go to the best there is now, whatever the tolerances",
     .contexts = VIEWS,
     .rank = 4},
    {.run = tui_do_command,
     .argument = ENGINE_DRY_RUN,
     .codes = {'d'},
     .keys = "d",
     .shown = "d",
     .name = "dry run",
     .toggle = TUI_TOGGLE_DRY_RUN,
     .name_on = "end dry run",
     .help = "decide and show, but change nothing; or end that",
     .contexts = VIEWS,
     .rank = 9},
    {.run = tui_do_command,
     .argument = ENGINE_LOCK,
     .codes = {'l'},
     .keys = "l",
     .shown = "l",
     .name = "lock",
     .help = "leave this guest alone, or manage it again",
     .contexts = ROWS | TUI_IN_DETAIL,
     .rank = 10},
    {.run = tui_do_command,
     .argument = ENGINE_UNDO,
     .codes = {'u'},
     .keys = "u",
     .shown = "u",
     .name = "undo",
     .help = "take back what the last decision did",
     .contexts = VIEWS,
     .rank = 11},
    {.run = tui_do_command,
     .argument = ENGINE_CONNECT,
     .codes = {'c'},
     .keys = "c",
     .shown = "c",
     .name = "connect now",
     .contexts = TUI_IN_DISCONNECTED,
     .rank = 1},
    {.run = tui_do_command, .argument = ENGINE_ASK, .codes = {'R'}, .keys = "R", .contexts = VIEWS},
    {.run = tui_do_interval,
     .argument = 1,
     .codes = {'+', '='},
     .keys = "+",
     .shown = "+/-",
     .name = "interval",
     .help = "longer interval between decisions",
     .contexts = VIEWS,
     .rank = 12},
    {.run = tui_do_interval,
     .argument = -1,
     .codes = {'-', '_'},
     .keys = "-",
     .help = "shorter interval between decisions",
     .contexts = VIEWS},
    {.run = tui_do_speed,
     .argument = 1,
     .codes = {']'},
     .keys = "]",
     .shown = "[ ]",
     .name = "speed",
     .help = "replay: play faster",
     .contexts = TUI_IN_REPLAY,
     .rank = 8},
    {.run = tui_do_speed,
     .argument = -1,
     .codes = {'['},
     .keys = "[",
     .help = "replay: play slower",
     .contexts = TUI_IN_REPLAY},
    {.run = tui_do_view,
     .argument = LAYOUT_OVERVIEW,
     .codes = {'1'},
     .keys = "1",
     .shown = "1-5",
     .name = "views",
     .help = "view: overview",
     .contexts = VIEWS,
     .rank = 5},
    {.run = tui_do_view,
     .argument = LAYOUT_MAP,
     .codes = {'2'},
     .keys = "2",
     .help = "view: map of vCPUs and pCPUs",
     .contexts = VIEWS},
    {.run = tui_do_view,
     .argument = LAYOUT_GUESTS,
     .codes = {'3'},
     .keys = "3",
     .help = "view: guests",
     .contexts = VIEWS},
    {.run = tui_do_view,
     .argument = LAYOUT_MEMORY,
     .codes = {'4'},
     .keys = "4",
     .help = "view: memory",
     .contexts = VIEWS},
    {.run = tui_do_view, .argument = LAYOUT_LOG, .codes = {'5'}, .keys = "5", .help = "view: log", .contexts = VIEWS},
    {.run = tui_do_next_view, .argument = 1, .codes = {'\t'}, .keys = "Tab", .help = "next view", .contexts = VIEWS},
    {.run = tui_do_next_view,
     .argument = -1,
     .codes = {KEY_BTAB},
     .keys = "Shift-Tab",
     .help = "previous view",
     .contexts = VIEWS},
    {.run = tui_do_detail,
     .codes = {'\n', '\r', KEY_ENTER},
     .keys = "Enter",
     .shown = "Enter",
     .name = "detail",
     .help = "everything about this guest",
     .contexts = ROWS,
     .rank = 7},
    {.run = tui_do_filter,
     .codes = {'/', '\\', KEY_F(4)},
     .keys = "/ F4",
     .shown = "/",
     .name = "filter",
     .help = "show only guests with these letters in their name",
     .contexts = ROWS,
     .rank = 13},
    {.run = tui_do_search,
     .codes = {'/', KEY_F(3)},
     .keys = "/ F3",
     .shown = "/",
     .name = "search",
     .help = "log, detail: find these letters",
     .contexts = TEXTS,
     .rank = 13},
    {.run = tui_do_search_on,
     .argument = 1,
     .codes = {'n'},
     .keys = "n",
     .shown = "n N",
     .name = "next",
     .help = "log, detail: the next place with them",
     .contexts = TEXTS,
     .rank = 14},
    {.run = tui_do_search_on,
     .argument = -1,
     .codes = {'N'},
     .keys = "N",
     .help = "log, detail: the one before",
     .contexts = TEXTS},
    {.run = tui_do_sort_step,
     .argument = -1,
     .codes = {'<', ','},
     .keys = "<",
     .shown = "< >",
     .name = "sort",
     .help = "sort by the column to the left",
     .contexts = TABLES,
     .rank = 14},
    {.run = tui_do_sort_step,
     .argument = 1,
     .codes = {'>', '.'},
     .keys = ">",
     .help = "sort by the column to the right",
     .contexts = TABLES},
    {.run = tui_do_sort,
     .argument = TUI_COLUMN_CPU,
     .codes = {'P'},
     .keys = "P",
     .help = "sort by CPU",
     .contexts = TABLES},
    {.run = tui_do_sort,
     .argument = TUI_COLUMN_SIZE,
     .codes = {'M'},
     .keys = "M",
     .help = "sort by memory",
     .contexts = TABLES},
    {.run = tui_do_sort,
     .argument = TUI_COLUMN_NAME,
     .codes = {'N'},
     .keys = "N",
     .help = "sort by name",
     .contexts = TABLES},
    {.run = tui_do_sort,
     .argument = TUI_COLUMN_WAIT,
     .codes = {'W'},
     .keys = "W",
     .help = "sort by the time waited for a pCPU",
     .contexts = TABLES},
    {.run = tui_do_sort_invert,
     .codes = {'I', 'i'},
     .keys = "I i",
     .help = "sort the other way round",
     .contexts = TABLES},
    {.run = tui_do_follow,
     .codes = {'F'},
     .keys = "F",
     .shown = "F",
     .name = "follow",
     .help = "follow the guest under the cursor when rows are sorted anew, or stop following",
     .contexts = ROWS,
     .rank = 15},
    {.run = tui_do_tag,
     .codes = {' '},
     .keys = "Space",
     .shown = "Space",
     .name = "tag",
     .help = "tag this guest, or take its tag away; lock acts on all that are tagged",
     .contexts = ROWS,
     .rank = 16},
    {.run = tui_do_untag, .codes = {'U'}, .keys = "U", .help = "take all tags away", .contexts = ROWS},
    {.run = tui_do_tagged_only,
     .codes = {'T'},
     .keys = "T",
     .help = "show only tagged guests, or all again",
     .contexts = ROWS},
    {.run = tui_do_write,
     .codes = {'w'},
     .keys = "w",
     .help = "write what the view shows to a CSV file in the present folder",
     .contexts = VIEWS},
    {.run = tui_do_menu,
     .codes = {KEY_F(6)},
     .keys = "F6",
     .help = "menu of columns: Enter sorts, Space shows or hides",
     .contexts = TABLES},
    {.run = tui_do_menu_move, .argument = -1, .codes = {KEY_UP, 'k'}, .keys = "Up", .contexts = TUI_IN_MENU},
    {.run = tui_do_menu_move, .argument = 1, .codes = {KEY_DOWN, 'j'}, .keys = "Down", .contexts = TUI_IN_MENU},
    {.run = tui_do_menu_sort,
     .codes = {'\n', '\r', KEY_ENTER},
     .keys = "Enter",
     .shown = "Enter",
     .name = "sort",
     .contexts = TUI_IN_MENU,
     .rank = 1},
    {.run = tui_do_menu_toggle,
     .codes = {' '},
     .keys = "Space",
     .shown = "Space",
     .name = "show or hide",
     .contexts = TUI_IN_MENU,
     .rank = 2},
    {.run = tui_do_back,
     .codes = {27, 'q', KEY_F(6)},
     .keys = "Esc",
     .shown = "Esc",
     .name = "close",
     .contexts = TUI_IN_MENU,
     .rank = 0},
    {.run = tui_do_setup,
     .codes = {KEY_F(2), 'S'},
     .keys = "F2 S",
     .help = "keep view, sort, filter and columns for the next time",
     .contexts = VIEWS},
    {.run = tui_do_window,
     .codes = {'t'},
     .keys = "t",
     .help = "graphs over the last minute, five or thirty",
     .contexts = VIEWS},
    {.run = tui_do_fold,
     .codes = {'f'},
     .keys = "f",
     .shown = "f",
     .name = "fold",
     .help = "map: fold this guest's vCPUs into one row, or unfold",
     .contexts = TUI_IN_MAP,
     .rank = 6},
    {.run = tui_do_fold,
     .argument = 1,
     .codes = {'*'},
     .keys = "*",
     .shown = "*",
     .name = "fold all",
     .help = "map: fold or unfold all guests",
     .contexts = TUI_IN_MAP,
     .rank = 6},
    {.run = tui_do_move, .argument = -1, .codes = {KEY_UP, 'k'}, .keys = "Up k", .help = "up", .contexts = PAGES},
    {.run = tui_do_move, .argument = 1, .codes = {KEY_DOWN, 'j'}, .keys = "Down j", .help = "down", .contexts = PAGES},
    {.run = tui_do_aside,
     .argument = -1,
     .codes = {KEY_LEFT},
     .keys = "Left",
     .help = "map: pCPUs further left; memory: the guest to the left",
     .contexts = TUI_IN_MAP | TUI_IN_MEMORY},
    {.run = tui_do_aside,
     .argument = 1,
     .codes = {KEY_RIGHT},
     .keys = "Right",
     .help = "map: pCPUs further right; memory: the guest to the right",
     .contexts = TUI_IN_MAP | TUI_IN_MEMORY},
    {.run = tui_do_page,
     .argument = -1,
     .codes = {KEY_PPAGE, CTRL('B')},
     .keys = "PgUp",
     .help = "one page up",
     .contexts = PAGES},
    {.run = tui_do_page,
     .argument = 1,
     .codes = {KEY_NPAGE, CTRL('F')},
     .keys = "PgDn",
     .help = "one page down",
     .contexts = PAGES},
    {.run = tui_do_end, .codes = {KEY_HOME, 'g'}, .keys = "Home g", .help = "to the first", .contexts = PAGES},
    {.run = tui_do_end,
     .argument = 1,
     .codes = {KEY_END, 'G'},
     .keys = "End G",
     .help = "to the last",
     .contexts = PAGES},
    {.run = tui_do_redraw,
     .codes = {CTRL('L')},
     .keys = "Ctrl-L",
     .help = "draw the screen anew",
     .contexts = PAGES | TUI_IN_FIELD},
    {.run = tui_do_back,
     .codes = {27},
     .keys = "Esc",
     .shown = "Esc",
     .name = "back",
     .help = "back to where you were; ends a filter",
     .contexts = TUI_IN_DETAIL | ROWS,
     .rank = 6},
    {.run = tui_do_back, .codes = {27}, .keys = "Esc", .help = "ends a search", .contexts = TUI_IN_LOG},
    {.run = tui_do_back,
     .codes = {27, 'q', 'h', '?', '\n', '\r'},
     .keys = "Esc q",
     .shown = "Esc",
     .name = "close",
     .contexts = OVERLAYS,
     .rank = 1},
    {.run = tui_do_help,
     .codes = {'h', '?', KEY_F(1)},
     .keys = "h ? F1",
     .shown = "?",
     .name = "help",
     .help = "this help",
     .contexts = VIEWS,
     .rank = 2},
    {.run = tui_do_quit,
     .codes = {'q', KEY_F(10)},
     .keys = "q F10",
     .shown = "q",
     .name = "quit",
     .help = "end the program; what was done stays as it is",
     .contexts = VIEWS},
};

const struct tui_key *tui_keys_table(int *n)
{
    *n = (int)(sizeof(table) / sizeof(table[0]));
    return table;
}

const struct tui_key *tui_keys_find(unsigned context, int code)
{
    int n_codes = (int)(sizeof(table[0].codes) / sizeof(table[0].codes[0]));

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && code != 0; i++) {
        if ((table[i].contexts & context) == 0)
            continue;
        for (int k = 0; k < n_codes && table[i].codes[k] != 0; k++)
            if (table[i].codes[k] == code)
                return &table[i];
    }
    return NULL;
}

const char *tui_keys_help(const struct tui_key *key)
{
    return key->help                    ? key->help
           : key->run == tui_do_command ? commands_row((enum engine_command_kind)key->argument)->help
                                        : NULL;
}

static const char *name_of(const struct tui_key *key, unsigned on)
{
    return key->name_on && (on & 1U << key->toggle) ? key->name_on : key->name;
}

/* Columns of "p pause"; the table's names are ASCII. */
static int width_of(const struct tui_key *key, unsigned on)
{
    return (int)(strlen(key->shown) + 1 + strlen(name_of(key, on)));
}

static bool shown_in(const struct tui_key *key, unsigned context)
{
    /* Esc has something to go back to only in these. */
    if (key->run == tui_do_back && (context & (TUI_IN_DETAIL | OVERLAYS | TUI_IN_MENU)) == 0)
        return false;
    return key->shown && (key->contexts & context) != 0;
}

int tui_keys_footer(struct tui_footer_item *items, unsigned context, unsigned on, int width)
{
    enum { KEYS = sizeof(table) / sizeof(table[0]), GAP = 2 };
    bool chosen[KEYS] = {false};
    int left = width - 2, n = 0, x = 1;

    /* The most important first, until there's no room. */
    for (int rank = 0; rank < 20; rank++)
        for (int i = 0; i < KEYS; i++) {
            int needed = shown_in(&table[i], context) && table[i].rank == rank ? width_of(&table[i], on) : 0;

            if (needed == 0)
                continue;
            if (needed > left) {
                rank = 20;
                break;
            }
            chosen[i] = true;
            left -= needed + GAP;
        }
    for (int i = 0; i < KEYS && n < TUI_FOOTER_MOST; i++) {
        if (!chosen[i])
            continue;
        items[n++] = (struct tui_footer_item){&table[i], name_of(&table[i], on), x, width_of(&table[i], on)};
        x += width_of(&table[i], on) + GAP;
    }
    return n;
}
