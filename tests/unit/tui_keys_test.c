#include "core/engine/commands.h"
#include "ui/tui/layout.h"
#include "ui/tui/tui_actions.h"
#include "ui/tui/tui_columns.h"
#include "ui/tui/tui_keys.h"

#include <curses.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const unsigned contexts[] = {TUI_IN_OVERVIEW, TUI_IN_MAP,    TUI_IN_GUESTS, TUI_IN_MEMORY,
                                    TUI_IN_LOG,      TUI_IN_DETAIL, TUI_IN_HELP};

enum { CONTEXTS = sizeof(contexts) / sizeof(contexts[0]), VIEWS = 6 };

static void one_key_does_one_thing_in_each_context(void **state)
{
    int n;
    const struct tui_key *table = tui_keys_table(&n);

    (void)state;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            for (const int *a = table[i].codes; *a; a++)
                for (const int *b = table[k].codes; *b; b++)
                    if (*a == *b && (table[i].contexts & table[k].contexts))
                        fail_msg("code %d is both '%s' and '%s'", *a, table[i].keys, table[k].keys);
}

static void every_code_is_found_where_it_works_and_nowhere_else(void **state)
{
    int n;
    const struct tui_key *table = tui_keys_table(&n);

    (void)state;
    for (int i = 0; i < n; i++) {
        assert_int_not_equal(table[i].codes[0], 0);
        for (const int *code = table[i].codes; *code; code++)
            for (int c = 0; c < CONTEXTS; c++) {
                const struct tui_key *found = tui_keys_find(contexts[c], *code);

                if (table[i].contexts & contexts[c])
                    assert_ptr_equal(found, &table[i]);
                else
                    assert_ptr_not_equal(found, &table[i]);
            }
    }
    assert_null(tui_keys_find(TUI_IN_OVERVIEW, 'Y'));
    assert_null(tui_keys_find(TUI_IN_OVERVIEW, 0));
}

static void the_keys_that_control_work_in_every_view(void **state)
{
    static const struct {
        int code;
        void (*run)(struct tui *t, int argument);
        int argument;
    } keys[] = {{'p', tui_do_command, ENGINE_PAUSE},
                {'Z', tui_do_command, ENGINE_PAUSE},
                {'s', tui_do_command, ENGINE_STEP},
                {'r', tui_do_command, ENGINE_FORCE},
                {'+', tui_do_interval, 1},
                {'-', tui_do_interval, -1},
                {'d', tui_do_command, ENGINE_DRY_RUN},
                {'D', tui_do_refresh, 0},
                {'u', tui_do_command, ENGINE_UNDO},
                {'1', tui_do_view, LAYOUT_OVERVIEW},
                {'2', tui_do_view, LAYOUT_MAP},
                {'3', tui_do_view, LAYOUT_GUESTS},
                {'4', tui_do_view, LAYOUT_MEMORY},
                {'5', tui_do_view, LAYOUT_LOG},
                {'\t', tui_do_next_view, 1},
                {'q', tui_do_quit, 0},
                {KEY_F(10), tui_do_quit, 0},
                {'h', tui_do_help, 0},
                {'?', tui_do_help, 0},
                {KEY_F(1), tui_do_help, 0},
                {KEY_UP, tui_do_move, -1},
                {'k', tui_do_move, -1},
                {KEY_DOWN, tui_do_move, 1},
                {'j', tui_do_move, 1},
                {KEY_PPAGE, tui_do_page, -1},
                {KEY_NPAGE, tui_do_page, 1},
                {KEY_HOME, tui_do_end, 0},
                {KEY_END, tui_do_end, 1},
                {12, tui_do_redraw, 0}};

    (void)state;
    for (int c = 0; c < VIEWS; c++)
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            const struct tui_key *found = tui_keys_find(contexts[c], keys[i].code);

            assert_non_null(found);
            assert_ptr_equal(found->run, keys[i].run);
            assert_int_equal(found->argument, keys[i].argument);
        }
}

static void each_key_but_the_helps_own_has_a_line_of_help(void **state)
{
    int n;
    const struct tui_key *table = tui_keys_table(&n);

    (void)state;
    for (int i = 0; i < n; i++) {
        assert_non_null(table[i].keys);
        if (table[i].contexts & ~(unsigned)(TUI_IN_HELP | TUI_IN_PCPU | TUI_IN_MENU))
            assert_non_null(tui_keys_help(&table[i]));
        if (table[i].shown)
            assert_non_null(table[i].name);
        if (table[i].toggle)
            assert_non_null(table[i].name_on);
    }
}

static void every_command_of_the_engine_has_its_key(void **state)
{
    int n;
    const struct tui_key *table = tui_keys_table(&n);

    (void)state;
    for (int i = 0; i < ENGINE_COMMANDS; i++)
        for (const char *key = commands_row((enum engine_command_kind)i)->key; *key; key++) {
            bool found = false;

            for (int k = 0; k < n; k++)
                for (const int *code = table[k].codes; *code; code++)
                    found |= *code == *key && (table[k].run == tui_do_command
                                                   ? table[k].argument == i
                                                   : table[k].run == tui_do_interval || table[k].run == tui_do_speed);
            assert_true(found);
        }
}

static void the_footer_fits_and_keeps_the_most_important(void **state)
{
    struct tui_footer_item items[TUI_FOOTER_MOST];

    (void)state;
    for (int width = 40; width <= 300; width++)
        for (int c = 0; c < CONTEXTS; c++) {
            int n = tui_keys_footer(items, contexts[c], 0, width), end = 0;
            bool quit = false, help = false;

            for (int i = 0; i < n; i++) {
                assert_true(items[i].x > end || i == 0);
                end = items[i].x + items[i].width;
                assert_true(end <= width);
                assert_int_equal(items[i].width, strlen(items[i].key->shown) + 1 + strlen(items[i].name));
                quit |= items[i].key->run == tui_do_quit || items[i].key->run == tui_do_back;
                help |= items[i].key->run == tui_do_help || items[i].key->run == tui_do_back;
            }
            assert_true(quit && help);
        }
}

static void the_footer_names_what_a_toggle_would_do(void **state)
{
    struct tui_footer_item items[TUI_FOOTER_MOST];

    (void)state;
    tui_keys_footer(items, TUI_IN_OVERVIEW, 0, 200);
    assert_string_equal(items[0].name, "pause");
    tui_keys_footer(items, TUI_IN_OVERVIEW, 1U << TUI_TOGGLE_PAUSED, 200);
    assert_string_equal(items[0].name, "run on");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_does_one_thing_in_each_context),
        cmocka_unit_test(every_code_is_found_where_it_works_and_nowhere_else),
        cmocka_unit_test(the_keys_that_control_work_in_every_view),
        cmocka_unit_test(each_key_but_the_helps_own_has_a_line_of_help),
        cmocka_unit_test(every_command_of_the_engine_has_its_key),
        cmocka_unit_test(the_footer_fits_and_keeps_the_most_important),
        cmocka_unit_test(the_footer_names_what_a_toggle_would_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
