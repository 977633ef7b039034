/* What is chosen on the screen, in the words of its file of settings. */
#include "ui/tui/tui_choices.h"

#include "ui/tui/tui.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A byte more than a filter holds. */
#define TOO_LONG "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool takes(struct tui *t, const char *key, const char *value)
{
    char *copy = strdup(value);
    bool taken;

    assert_non_null(copy);
    taken = tui_choices_take(t, key, copy);
    free(copy);
    return taken;
}

static char *written(const struct tui *t)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    tui_choices_write(t, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Takes each line as the file's reader does. */
static void take_all(struct tui *t, char *text)
{
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');

        assert_non_null(equals);
        equals[-1] = 0;
        assert_true(tui_choices_take(t, line, equals + 1 + strspn(equals + 1, " ")));
    }
}

static void what_is_written_is_what_is_read(void **state)
{
    static const char *const chosen[][2] = {
        {"view", "memory"},
        {"sort", "-size"},
        {"filter", "web = 7"},
        {"columns", "name, last, cpu, unused"},
        {"refresh", "2.5"},
        {"color", "always"},
        {"theme", "contrast"},
        {"folding", "none"},
        {"folded", "000102030405060708090a0b0c0d0e0f, ffffffffffffffffffffffffffffffff"},
        {"window", "1800"},
        {"shade", "load"},
        {"ask", "0"}};
    struct tui a = {0}, b = {0};
    char *first, *second, *copy;

    (void)state;
    tui_state_init(&a);
    tui_state_init(&b);
    for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++)
        assert_true(takes(&a, chosen[i][0], chosen[i][1]));
    first = written(&a);
    for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++)
        assert_non_null(strstr(first, chosen[i][1]));
    copy = strdup(first);
    assert_non_null(copy);
    take_all(&b, copy);
    second = written(&b);
    assert_string_equal(first, second);
    free(copy);
    free(first);
    free(second);
    tui_state_free(&a);
    tui_state_free(&b);
}

static void what_is_not_understood_is_refused_and_changes_nothing(void **state)
{
    static const char *const wrong[][2] = {{"view", "detail"},
                                           {"view", ""},
                                           {"sort", "beauty"},
                                           {"sort", "--cpu"},
                                           {"columns", "name, cheese"},
                                           {"columns", "id"},
                                           {"columns", ""},
                                           {"columns", "name, name"},
                                           {"refresh", "fast"},
                                           {"refresh", "0.01"},
                                           {"refresh", "61"},
                                           {"refresh", "nan"},
                                           {"refresh", ""},
                                           {"color", "pink"},
                                           {"theme", "pink"},
                                           {"folding", "some"},
                                           {"filter", TOO_LONG},
                                           {"folded", "12"},
                                           {"folded", "zz0102030405060708090a0b0c0d0e0f"},
                                           {"folded", "ffffffffffffffffffffffffffffffff, 12"},
                                           {"window", "7"},
                                           {"window", ""},
                                           {"ask", "-1"},
                                           {"ask", "many"},
                                           {"ask", "1e3"},
                                           {"colour", "never"}};
    struct tui t = {0};
    char *before, *after;

    (void)state;
    tui_state_init(&t);
    assert_int_equal(sizeof(TOO_LONG) - 1, SCREEN_FILTER_BYTES);
    assert_true(takes(&t, "filter", "web"));
    assert_true(takes(&t, "folded", "000102030405060708090a0b0c0d0e0f"));
    before = written(&t);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (takes(&t, wrong[i][0], wrong[i][1]))
            fail_msg("%s = %s was taken", wrong[i][0], wrong[i][1]);
    after = written(&t);
    assert_string_equal(before, after);
    free(before);
    free(after);
    tui_state_free(&t);
}

static void the_words_of_views_and_columns_stand_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUT_DETAIL; i++)
        assert_non_null(screen_views[i]);
    assert_null(screen_views[LAYOUT_DETAIL]);
    for (int i = 0; i < TUI_COLUMNS; i++)
        assert_non_null(screen_columns[i]);
    assert_null(screen_columns[TUI_COLUMNS]);
    assert_int_equal(screen_find(screen_columns, "cpu"), TUI_COLUMN_CPU);
    assert_int_equal(screen_find(screen_columns, "last"), TUI_COLUMN_LAST);
    assert_int_equal(screen_find(screen_views, "log"), LAYOUT_LOG);
}

static void a_column_moves_within_the_ends(void **state)
{
    struct tui_columns_choice c = tui_columns_default();

    (void)state;
    assert_int_equal(tui_columns_move(&c, 0, -1), 0);
    assert_int_equal(tui_columns_move(&c, TUI_COLUMNS - 1, 1), TUI_COLUMNS - 1);
    assert_int_equal(tui_columns_move(&c, 0, 1), 1);
    assert_int_equal(c.order[0], 1);
    assert_int_equal(c.order[1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_what_is_read),
        cmocka_unit_test(what_is_not_understood_is_refused_and_changes_nothing),
        cmocka_unit_test(the_words_of_views_and_columns_stand_in_the_order_of_their_numbers),
        cmocka_unit_test(a_column_moves_within_the_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
