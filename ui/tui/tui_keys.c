#include "ui/tui/tui_keys.h"

#include <curses.h>
#include <string.h>

enum {
    ROWS = TUI_IN_OVERVIEW | TUI_IN_GUESTS | TUI_IN_MEMORY | TUI_IN_MAP, /* views with guests to choose from */
    VIEWS = ROWS | TUI_IN_LOG | TUI_IN_DETAIL,
    PAGES = VIEWS | TUI_IN_HELP,
    TABLES = TUI_IN_OVERVIEW | TUI_IN_GUESTS | TUI_IN_MEMORY,
};

#define CTRL(letter) ((letter)&0x1F)

static const struct tui_key table[] = {
    {TUI_DO_PAUSE,
     {'p', ' '},
     "p Space",
     "p",
     "pause",
     TUI_TOGGLE_PAUSED,
     "run on",
     "pause, or run on; sampling goes on and the next plan is shown",
     VIEWS,
     1},
    {TUI_DO_STEP, {'s'}, "s", "s", "step", 0, NULL, "take one decision, carry it out, and stay paused", VIEWS, 3},
    {TUI_DO_FORCE,
     {'r'},
     "r",
     "r",
     "rebalance",
     0,
     NULL,
     "go to the best there is now, whatever the tolerances",
     VIEWS,
     4},
    {TUI_DO_DRY_RUN,
     {'d'},
     "d",
     "d",
     "dry run",
     TUI_TOGGLE_DRY_RUN,
     "end dry run",
     "decide and show, but change nothing; or end that",
     VIEWS,
     9},
    {TUI_DO_LOCK,
     {'l'},
     "l",
     "l",
     "lock",
     0,
     NULL,
     "leave this guest alone, or manage it again",
     ROWS | TUI_IN_DETAIL,
     10},
    {TUI_DO_UNDO, {'u'}, "u", "u", "undo", 0, NULL, "take back what the last decision did", VIEWS, 11},
    {TUI_DO_SLOWER, {'+', '='}, "+", "+/-", "interval", 0, NULL, "longer interval between decisions", VIEWS, 12},
    {TUI_DO_FASTER, {'-', '_'}, "-", NULL, NULL, 0, NULL, "shorter interval between decisions", VIEWS, 0},
    {TUI_DO_REPLAY_FASTER, {']'}, "]", "[ ]", "speed", 0, NULL, "replay: play faster", TUI_IN_REPLAY, 8},
    {TUI_DO_REPLAY_SLOWER, {'['}, "[", NULL, NULL, 0, NULL, "replay: play slower", TUI_IN_REPLAY, 0},
    {TUI_DO_VIEW_OVERVIEW, {'1'}, "1", "1-5", "views", 0, NULL, "view: overview", VIEWS, 5},
    {TUI_DO_VIEW_MAP, {'2'}, "2", NULL, NULL, 0, NULL, "view: map of vCPUs and pCPUs", VIEWS, 0},
    {TUI_DO_VIEW_GUESTS, {'3'}, "3", NULL, NULL, 0, NULL, "view: guests", VIEWS, 0},
    {TUI_DO_VIEW_MEMORY, {'4'}, "4", NULL, NULL, 0, NULL, "view: memory", VIEWS, 0},
    {TUI_DO_VIEW_LOG, {'5'}, "5", NULL, NULL, 0, NULL, "view: log", VIEWS, 0},
    {TUI_DO_VIEW_NEXT, {'\t'}, "Tab", NULL, NULL, 0, NULL, "next view", VIEWS, 0},
    {TUI_DO_VIEW_PREVIOUS, {KEY_BTAB}, "Shift-Tab", NULL, NULL, 0, NULL, "previous view", VIEWS, 0},
    {TUI_DO_DETAIL,
     {'\n', '\r', KEY_ENTER},
     "Enter",
     "Enter",
     "detail",
     0,
     NULL,
     "everything about this guest",
     ROWS,
     7},
    {TUI_DO_FILTER, {'/'}, "/", "/", "filter", 0, NULL, "show only guests with these letters in their name", ROWS, 13},
    {TUI_DO_SORT_PREVIOUS, {'<', ','}, "<", "< >", "sort", 0, NULL, "sort by the column to the left", TABLES, 14},
    {TUI_DO_SORT_NEXT, {'>', '.', KEY_F(6)}, "> F6", NULL, NULL, 0, NULL, "sort by the column to the right", TABLES, 0},
    {TUI_DO_SORT_INVERT, {'i', 'I'}, "i", NULL, NULL, 0, NULL, "sort the other way round", TABLES, 0},
    {TUI_DO_FOLD,
     {'f'},
     "f",
     "f",
     "fold",
     0,
     NULL,
     "map: fold this guest's vCPUs into one row, or unfold",
     TUI_IN_MAP,
     6},
    {TUI_DO_FOLD_ALL, {'F'}, "F", "F", "fold all", 0, NULL, "map: fold or unfold all guests", TUI_IN_MAP, 6},
    {TUI_DO_UP, {KEY_UP, 'k'}, "Up k", NULL, NULL, 0, NULL, "up", PAGES, 0},
    {TUI_DO_DOWN, {KEY_DOWN, 'j'}, "Down j", NULL, NULL, 0, NULL, "down", PAGES, 0},
    {TUI_DO_LEFT,
     {KEY_LEFT},
     "Left",
     NULL,
     NULL,
     0,
     NULL,
     "map: pCPUs further left; memory: the guest to the left",
     TUI_IN_MAP | TUI_IN_MEMORY,
     0},
    {TUI_DO_RIGHT,
     {KEY_RIGHT},
     "Right",
     NULL,
     NULL,
     0,
     NULL,
     "map: pCPUs further right; memory: the guest to the right",
     TUI_IN_MAP | TUI_IN_MEMORY,
     0},
    {TUI_DO_PAGE_UP, {KEY_PPAGE, CTRL('B')}, "PgUp", NULL, NULL, 0, NULL, "one page up", PAGES, 0},
    {TUI_DO_PAGE_DOWN, {KEY_NPAGE, CTRL('F')}, "PgDn", NULL, NULL, 0, NULL, "one page down", PAGES, 0},
    {TUI_DO_FIRST, {KEY_HOME, 'g'}, "Home g", NULL, NULL, 0, NULL, "to the first", PAGES, 0},
    {TUI_DO_LAST, {KEY_END, 'G'}, "End G", NULL, NULL, 0, NULL, "to the last", PAGES, 0},
    {TUI_DO_REDRAW, {CTRL('L')}, "Ctrl-L", NULL, NULL, 0, NULL, "draw the screen anew", PAGES | TUI_IN_FILTER, 0},
    {TUI_DO_BACK,
     {27},
     "Esc",
     "Esc",
     "back",
     0,
     NULL,
     "back to where you were; ends a filter",
     TUI_IN_DETAIL | ROWS,
     6},
    {TUI_DO_BACK,
     {
         27,
         'q',
         'h',
         '?',
         '\n',
         '\r',
     },
     "Esc q",
     "Esc",
     "close",
     0,
     NULL,
     NULL,
     TUI_IN_HELP,
     1},
    {TUI_DO_HELP, {'h', '?', KEY_F(1)}, "h ? F1", "?", "help", 0, NULL, "this help", VIEWS, 2},
    {TUI_DO_QUIT,
     {'q', KEY_F(10)},
     "q F10",
     "q",
     "quit",
     0,
     NULL,
     "end the program; what was done stays as it is",
     VIEWS,
     0},
};

const struct tui_key *tui_keys_table(int *n)
{
    *n = (int)(sizeof table / sizeof table[0]);
    return table;
}

const struct tui_key *tui_keys_find(unsigned context, int code)
{
    int n_codes = (int)(sizeof table[0].codes / sizeof table[0].codes[0]);

    for (size_t i = 0; i < sizeof table / sizeof table[0] && code != 0; i++) {
        if ((table[i].contexts & context) == 0)
            continue;
        for (int k = 0; k < n_codes && table[i].codes[k] != 0; k++)
            if (table[i].codes[k] == code)
                return &table[i];
    }
    return NULL;
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
    if (key->action == TUI_DO_BACK && (context & (TUI_IN_DETAIL | TUI_IN_HELP)) == 0)
        return false;
    return key->shown && (key->contexts & context) != 0;
}

int tui_keys_footer(struct tui_footer_item *items, unsigned context, unsigned on, int width)
{
    enum { KEYS = sizeof table / sizeof table[0], GAP = 2 };
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
