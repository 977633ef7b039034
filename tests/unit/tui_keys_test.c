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

enum { CONTEXTS = sizeof contexts / sizeof contexts[0], VIEWS = 6 };

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
                        fail_msg("code %d is both '%s' and '%s'", *a, table[i].help, table[k].help);
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
    assert_null(tui_keys_find(TUI_IN_OVERVIEW, 'Z'));
    assert_null(tui_keys_find(TUI_IN_OVERVIEW, 0));
}

static void the_keys_that_control_work_in_every_view(void **state)
{
    static const struct {
        int code;
        enum tui_action action;
    } keys[] = {{'p', TUI_DO_PAUSE},         {' ', TUI_DO_PAUSE},
                {'s', TUI_DO_STEP},          {'r', TUI_DO_FORCE},
                {'+', TUI_DO_SLOWER},        {'-', TUI_DO_FASTER},
                {'d', TUI_DO_DRY_RUN},       {'u', TUI_DO_UNDO},
                {'1', TUI_DO_VIEW_OVERVIEW}, {'2', TUI_DO_VIEW_MAP},
                {'3', TUI_DO_VIEW_GUESTS},   {'4', TUI_DO_VIEW_MEMORY},
                {'\t', TUI_DO_VIEW_NEXT},    {'q', TUI_DO_QUIT},
                {KEY_F(10), TUI_DO_QUIT},    {'h', TUI_DO_HELP},
                {'?', TUI_DO_HELP},          {KEY_F(1), TUI_DO_HELP},
                {KEY_UP, TUI_DO_UP},         {'k', TUI_DO_UP},
                {KEY_DOWN, TUI_DO_DOWN},     {'j', TUI_DO_DOWN},
                {KEY_PPAGE, TUI_DO_PAGE_UP}, {KEY_NPAGE, TUI_DO_PAGE_DOWN},
                {KEY_HOME, TUI_DO_FIRST},    {KEY_END, TUI_DO_LAST},
                {12, TUI_DO_REDRAW}};

    (void)state;
    for (int c = 0; c < VIEWS; c++)
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            const struct tui_key *found = tui_keys_find(contexts[c], keys[i].code);

            assert_non_null(found);
            assert_int_equal(found->action, keys[i].action);
        }
}

static void each_key_but_the_helps_own_has_a_line_of_help(void **state)
{
    int n;
    const struct tui_key *table = tui_keys_table(&n);

    (void)state;
    for (int i = 0; i < n; i++) {
        assert_non_null(table[i].keys);
        if (table[i].contexts & ~(unsigned)TUI_IN_HELP)
            assert_non_null(table[i].help);
        if (table[i].shown)
            assert_non_null(table[i].name);
        if (table[i].toggle)
            assert_non_null(table[i].name_on);
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
                quit |= items[i].key->action == TUI_DO_QUIT || items[i].key->action == TUI_DO_BACK;
                help |= items[i].key->action == TUI_DO_HELP || items[i].key->contexts == TUI_IN_HELP;
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
        cmocka_unit_test(the_footer_fits_and_keeps_the_most_important),
        cmocka_unit_test(the_footer_names_what_a_toggle_would_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
