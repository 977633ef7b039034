#include "ui/tui/tui_bar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include <cmocka.h>

static const struct tui_bar_segment empty = {TUI_BAR_DOTS, TUI_DIM, 0};

static void check(const struct tui_bar_segment *segments, int n, int width, double mark, enum tui_glyphs glyphs,
                  const wchar_t *expected)
{
    struct tui_bar_cell cells[64];
    wchar_t text[65] = L"";

    tui_bar_draw(cells, width, segments, n, &empty, mark, glyphs);
    for (int i = 0; i < width; i++)
        text[i] = cells[i].c;
    text[width] = 0;
    if (wcscmp(text, expected) != 0)
        fail_msg("'%ls', not '%ls'", text, expected);
}

static void segments_follow_each_other_each_with_its_character(void **state)
{
    const struct tui_bar_segment s[] = {
        {TUI_BAR_SOLID, TUI_RUN, 0.5}, {TUI_BAR_SHADE, TUI_HOST, 0.2}, {TUI_BAR_SPARSE, TUI_UNMET, 0.1}};

    (void)state;
    check(s, 3, 10, -1, TUI_GLYPHS_ASCII, L"#####==!..");
    check(s, 3, 10, -1, TUI_GLYPHS_EIGHTHS, L"█████▒▒░··");
}

static void a_solid_edge_is_drawn_in_eighths(void **state)
{
    (void)state;
    for (int eighth = 0; eighth <= 8; eighth++) {
        const struct tui_bar_segment s = {TUI_BAR_SOLID, TUI_RUN, (4 + eighth / 8.0) / 10};
        static const wchar_t *const edges[] = {L"████······", L"████▏·····", L"████▎·····",
                                               L"████▍·····", L"████▌·····", L"████▋·····",
                                               L"████▊·····", L"████▉·····", L"█████·····"};

        check(&s, 1, 10, -1, TUI_GLYPHS_EIGHTHS, edges[eighth]);
    }
}

static void a_console_without_eighths_gets_halves(void **state)
{
    const struct tui_bar_segment more = {TUI_BAR_SOLID, TUI_RUN, 0.47}, less = {TUI_BAR_SOLID, TUI_RUN, 0.43};

    (void)state;
    check(&more, 1, 10, -1, TUI_GLYPHS_HALVES, L"████▌·····");
    check(&less, 1, 10, -1, TUI_GLYPHS_HALVES, L"████······");
}

static void ascii_rounds(void **state)
{
    const struct tui_bar_segment more = {TUI_BAR_SOLID, TUI_RUN, 0.46}, less = {TUI_BAR_SOLID, TUI_RUN, 0.44};

    (void)state;
    check(&more, 1, 10, -1, TUI_GLYPHS_ASCII, L"#####.....");
    check(&less, 1, 10, -1, TUI_GLYPHS_ASCII, L"####......");
}

static void nothing_and_too_much_are_cut(void **state)
{
    const struct tui_bar_segment s[] = {{TUI_BAR_SOLID, TUI_RUN, 0.8}, {TUI_BAR_SHADE, TUI_HOST, 0.9}};
    const struct tui_bar_segment odd[] = {{TUI_BAR_SOLID, TUI_RUN, -1}, {TUI_BAR_SHADE, TUI_HOST, 0.0 / 0.0}};

    (void)state;
    check(s, 2, 5, -1, TUI_GLYPHS_ASCII, L"####=");
    check(odd, 2, 5, -1, TUI_GLYPHS_ASCII, L".....");
    check(s, 0, 5, -1, TUI_GLYPHS_ASCII, L".....");
    check(s, 2, 0, -1, TUI_GLYPHS_ASCII, L"");
}

static void a_mark_stands_over_the_bar(void **state)
{
    const struct tui_bar_segment s = {TUI_BAR_SOLID, TUI_RUN, 0.3};

    (void)state;
    check(&s, 1, 10, 0.8, TUI_GLYPHS_ASCII, L"###.....|.");
    check(&s, 1, 10, 1, TUI_GLYPHS_ASCII, L"###......|");
    check(&s, 1, 10, 0, TUI_GLYPHS_EIGHTHS, L"│██·······");
}

static void every_fill_has_a_character_of_its_own_in_every_character_set(void **state)
{
    (void)state;
    for (int glyphs = TUI_GLYPHS_ASCII; glyphs <= TUI_GLYPHS_EIGHTHS; glyphs++)
        for (int a = TUI_BAR_SOLID; a <= TUI_BAR_BLANK; a++)
            for (int b = TUI_BAR_SOLID; b < a; b++)
                assert_int_not_equal(tui_bar_character((enum tui_bar_fill)a, (enum tui_glyphs)glyphs),
                                     tui_bar_character((enum tui_bar_fill)b, (enum tui_glyphs)glyphs));
}

static void levels_rise(void **state)
{
    (void)state;
    assert_int_equal(tui_bar_level(0, TUI_GLYPHS_EIGHTHS), L'·');
    assert_int_equal(tui_bar_level(0.1, TUI_GLYPHS_EIGHTHS), L'▁');
    assert_int_equal(tui_bar_level(0.5, TUI_GLYPHS_EIGHTHS), L'▄');
    assert_int_equal(tui_bar_level(1, TUI_GLYPHS_EIGHTHS), L'█');
    assert_int_equal(tui_bar_level(3, TUI_GLYPHS_EIGHTHS), L'█');
    assert_int_equal(tui_bar_level(0, TUI_GLYPHS_ASCII), L'0');
    assert_int_equal(tui_bar_level(0.55, TUI_GLYPHS_ASCII), L'5');
    assert_int_equal(tui_bar_level(1, TUI_GLYPHS_ASCII), L'9');
    assert_int_equal(tui_bar_level(1.3, TUI_GLYPHS_ASCII), L'+');
}

static void columns_grow_upwards(void **state)
{
    (void)state;
    /* 0.625 of four rows: two and a half */
    assert_int_equal(tui_bar_column(0.625, 0, 4, TUI_GLYPHS_EIGHTHS), L'█');
    assert_int_equal(tui_bar_column(0.625, 1, 4, TUI_GLYPHS_EIGHTHS), L'█');
    assert_int_equal(tui_bar_column(0.625, 2, 4, TUI_GLYPHS_EIGHTHS), L'▄');
    assert_int_equal(tui_bar_column(0.625, 3, 4, TUI_GLYPHS_EIGHTHS), L' ');
    assert_int_equal(tui_bar_column(0.625, 2, 4, TUI_GLYPHS_ASCII), L'#');
    assert_int_equal(tui_bar_column(0.6, 2, 4, TUI_GLYPHS_ASCII), L' ');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_follow_each_other_each_with_its_character),
        cmocka_unit_test(a_solid_edge_is_drawn_in_eighths),
        cmocka_unit_test(a_console_without_eighths_gets_halves),
        cmocka_unit_test(ascii_rounds),
        cmocka_unit_test(nothing_and_too_much_are_cut),
        cmocka_unit_test(a_mark_stands_over_the_bar),
        cmocka_unit_test(every_fill_has_a_character_of_its_own_in_every_character_set),
        cmocka_unit_test(levels_rise),
        cmocka_unit_test(columns_grow_upwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
