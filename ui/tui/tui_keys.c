#include "ui/tui/tui_keys.h"

#include "core/engine/commands.h"
#include "ui/tui/tui_actions.h"

#include <stddef.h>
#include <string.h>

const struct tui_key *tui_keys_find(unsigned context, int code)
{
    int n, n_codes;
    const struct tui_key *table = tui_keys_table(&n);

    n_codes = (int)(sizeof(table->codes) / sizeof(table->codes[0]));
    for (int i = 0; i < n && code != 0; i++) {
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
    if (key->run == tui_do_back && (context & (TUI_IN_DETAIL | TUI_IN_HELP | TUI_IN_PCPU | TUI_IN_MENU)) == 0)
        return false;
    return key->shown && (key->contexts & context) != 0;
}

int tui_keys_footer(struct tui_footer_item *items, unsigned context, unsigned on, int width)
{
    enum { RANKS = 20, GAP = 2 };
    int n_keys, left = width - 2, n = 0, x = 1, end_rank = RANKS, end = 0;
    const struct tui_key *table = tui_keys_table(&n_keys);

    /* The most important first, until there's no room. */
    for (int rank = 0; rank < end_rank; rank++)
        for (int i = 0; i < n_keys && rank < end_rank; i++) {
            int needed = shown_in(&table[i], context) && table[i].rank == rank ? width_of(&table[i], on) : 0;

            if (needed > left) {
                end_rank = rank;
                end = i;
            } else if (needed > 0) {
                left -= needed + GAP;
            }
        }
    for (int i = 0; i < n_keys && n < TUI_FOOTER_MOST; i++) {
        const struct tui_key *key = &table[i];

        if (!shown_in(key, context) || key->rank > end_rank || (key->rank == end_rank && i >= end))
            continue;
        items[n++] = (struct tui_footer_item){key, name_of(key, on), x, width_of(key, on)};
        x += width_of(key, on) + GAP;
    }
    return n;
}
