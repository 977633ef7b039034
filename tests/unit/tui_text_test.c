#include "ui/tui/tui_text.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

static void check_fit(const char *text, int width, bool unicode, const wchar_t *expected, int columns)
{
    wchar_t out[256];

    assert_int_equal(tui_text_fit(out, sizeof(out) / sizeof(out[0]), text, width, unicode), columns);
    if (wcscmp(out, expected) != 0)
        fail_msg("'%s' in %d columns: '%ls', not '%ls'", text, width, out, expected);
}

static void plain_text_fits_or_is_cut_with_an_ellipsis(void **state)
{
    (void)state;
    check_fit("guest", 5, true, L"guest", 5);
    check_fit("guest", 9, true, L"guest", 5);
    check_fit("guest", 4, true, L"gue\u2026", 4);
    check_fit("guest", 4, false, L"gue~", 4);
    check_fit("guest", 1, true, L"\u2026", 1);
    check_fit("guest", 0, true, L"", 0);
    check_fit("", 3, true, L"", 0);
}

static void wide_characters_are_never_cut_in_half(void **state)
{
    (void)state;
    check_fit("数据库", 6, true, L"数据库", 6);
    check_fit("数据库", 5, true, L"数据\u2026", 5);
    check_fit("数据库", 4, true, L"数\u2026", 3);
    check_fit("a数", 2, true, L"a\u2026", 2);
    assert_int_equal(tui_text_columns("数据库", true), 6);
}

static void combining_marks_stay_with_their_letter(void **state)
{
    (void)state;
    check_fit("e\u0301te\u0301", 3, true, L"e\u0301te\u0301", 3);
    check_fit("e\u0301te\u0301", 2, true, L"e\u0301\u2026", 2);
    /* alone at the start it has no letter */
    check_fit("\u0301a", 2, true, L"\uFFFDa", 2);
    /* more than a cell can hold are left out, not shown elsewhere */
    check_fit("a\u0301\u0302\u0303\u0304\u0305b", 2, true, L"a\u0301\u0302\u0303b", 2);
}

static void control_characters_become_replacements(void **state)
{
    (void)state;
    check_fit("a\033[31mb", 9, true, L"a\uFFFD[31mb", 7);
    check_fit("a\tb\nc\rd\177", 9, true, L"a\uFFFDb\uFFFDc\uFFFDd\uFFFD", 8);
    check_fit("\302\233"
              "2J",
              9, true, L"\uFFFD2J", 3);                       /* CSI as one C1 character */
    check_fit("\342\200\256evil", 9, true, L"\uFFFDevil", 5); /* right-to-left override */
    check_fit("zero\342\200\213width", 12, true, L"zero\uFFFDwidth", 10);
    check_fit("a\033b", 9, false, L"a?b", 3);
}

static void invalid_bytes_become_replacements_one_by_one(void **state)
{
    (void)state;
    check_fit("a\377b", 9, true, L"a\uFFFDb", 3);
    check_fit("\303(", 9, true, L"\uFFFD(", 2);                             /* broken off */
    check_fit("\300\257", 9, true, L"\uFFFD\uFFFD", 2);                     /* overlong slash */
    check_fit("\355\240\200", 9, true, L"\uFFFD\uFFFD\uFFFD", 3);           /* a surrogate */
    check_fit("\364\220\200\200", 9, true, L"\uFFFD\uFFFD\uFFFD\uFFFD", 4); /* beyond U+10FFFF */
    check_fit("\342\202", 9, true, L"\uFFFD\uFFFD", 2);                     /* ends too early */
}

static void without_unicode_signs_become_ascii(void **state)
{
    (void)state;
    check_fit("2\u21923", 9, false, L"2->3", 4);
    check_fit("\u2212100 MiB", 9, false, L"-100 MiB", 8);
    check_fit("a \u00B7 b\u2026", 9, false, L"a . b...", 8);
    check_fit("数据", 9, false, L"??", 2);
    check_fit("2\u21923", 2, false, L"2~", 2);
}

static void a_small_buffer_is_never_overrun(void **state)
{
    wchar_t out[6];

    (void)state;
    for (size_t size = 1; size <= 6; size++) {
        wmemset(out, L'X', 6);
        tui_text_fit(out, size, "e\u0301\u0302abcdef", 20, true);
        assert_true(wcsnlen(out, 6) < size);
        for (size_t i = size; i < 6; i++)
            assert_int_equal(out[i], L'X');
    }
}

static void columns_never_exceed_the_width(void **state)
{
    static const char *const texts[] = {"plain", "数据库服务器", "e\u0301\u0301x", "\xff\xfe\033", "mixed数e\u0301\t!"};
    wchar_t out[256];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (int width = 0; width < 20; width++)
            for (int unicode = 0; unicode < 2; unicode++) {
                int columns = tui_text_fit(out, 256, texts[i], width, unicode), sum = 0;

                for (const wchar_t *c = out; *c; c++)
                    sum += wcwidth(*c) > 0 ? wcwidth(*c) : 0;
                assert_true(columns <= width);
                assert_int_equal(sum, columns);
            }
}

static void clauses_that_do_not_fit_are_left_out(void **state)
{
    static const char plan[] = "14 vCPUs adopted, 6 moves: sd 13.6 -> 15.5 (best possible 0.0); of cores 65.1 -> 20.3";
    char out[128];

    (void)state;
    tui_text_clauses(out, sizeof(out), plan, (int)strlen(plan), true);
    assert_string_equal(out, plan);
    tui_text_clauses(out, sizeof(out), plan, (int)strlen(plan) - 1, true);
    assert_string_equal(out, "14 vCPUs adopted, 6 moves: sd 13.6 -> 15.5 (best possible 0.0) …");
    tui_text_clauses(out, sizeof(out), plan, 50, true);
    assert_string_equal(out, "14 vCPUs adopted, 6 moves: sd 13.6 -> 15.5 …");
    tui_text_clauses(out, sizeof(out), plan, 20, false);
    assert_string_equal(out, "14 vCPUs adopted ...");
    /* A clause that leaves most of the line empty isn't worth it: as many words as fit. */
    tui_text_clauses(out, sizeof(out), "web1/0: was pinned to a part of pCPUs 0-3,8-11", 40, true);
    assert_string_equal(out, "web1/0: was pinned to a part of pCPUs …");
}

static void lines_break_between_words(void **state)
{
    (void)state;
    assert_int_equal(tui_text_break("one two three", 20, true), 13);
    assert_int_equal(tui_text_break("one two three", 13, true), 13);
    assert_int_equal(tui_text_break("one two three", 12, true), 8);
    assert_int_equal(tui_text_break("one two three", 7, true), 8); /* the blank belongs to the line */
    assert_int_equal(tui_text_break("one two three", 6, true), 4);
    assert_int_equal(tui_text_break("unbreakable", 5, true), 5);
    assert_int_equal(tui_text_break("数据库", 5, true), 6);
    assert_int_equal(tui_text_break("数据库", 1, true), 3); /* at least one character */
    assert_int_equal(tui_text_break("", 5, true), 0);
}

static void names_are_searched_without_case(void **state)
{
    (void)state;
    assert_true(tui_text_contains("Web-Server", "web"));
    assert_true(tui_text_contains("Web-Server", "SERV"));
    assert_true(tui_text_contains("été", "TÉ"));
    assert_true(tui_text_contains("anything", ""));
    assert_false(tui_text_contains("web", "webs"));
    assert_false(tui_text_contains("", "a"));
    assert_true(tui_text_contains("aaab", "aab"));
}

static void sizes_have_few_digits(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(tui_text_size(text, sizeof(text), 0), "0");
    assert_string_equal(tui_text_size(text, sizeof(text), 999), "999K");
    assert_string_equal(tui_text_size(text, sizeof(text), 1000), "1M");
    assert_string_equal(tui_text_size(text, sizeof(text), 212 * 1024), "212M");
    assert_string_equal(tui_text_size(text, sizeof(text), 1024 * 1024), "1.0G");
    assert_string_equal(tui_text_size(text, sizeof(text), 1024 * 1536), "1.5G");
    assert_string_equal(tui_text_size(text, sizeof(text), 120ULL * 1024 * 1024), "120G");
    assert_string_equal(tui_text_of(text, sizeof(text), 1331 * 1024, 4096 * 1024), "1.30/4.0G");
    assert_string_equal(tui_text_of(text, sizeof(text), 100 * 1024, 512 * 1024), "100/512M");
    for (uint64_t kib = 0; kib < 1ULL << 60; kib = kib * 9 / 8 + 1)
        assert_true(strlen(tui_text_size(text, sizeof(text), kib)) <= 5);
}

static void times_have_a_unit(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(tui_text_seconds(text, sizeof(text), 0.25), "0.2 s");
    assert_string_equal(tui_text_seconds(text, sizeof(text), 7), "7 s");
    assert_string_equal(tui_text_seconds(text, sizeof(text), 90), "90 s");
    assert_string_equal(tui_text_seconds(text, sizeof(text), 600), "10 min");
    assert_string_equal(tui_text_seconds(text, sizeof(text), 7200), "2 h");
    assert_string_equal(tui_text_seconds(text, sizeof(text), 86400 * 3), "3 d");
    assert_string_equal(tui_text_seconds(text, sizeof(text), -1), "0 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_fits_or_is_cut_with_an_ellipsis),
        cmocka_unit_test(wide_characters_are_never_cut_in_half),
        cmocka_unit_test(combining_marks_stay_with_their_letter),
        cmocka_unit_test(control_characters_become_replacements),
        cmocka_unit_test(invalid_bytes_become_replacements_one_by_one),
        cmocka_unit_test(without_unicode_signs_become_ascii),
        cmocka_unit_test(a_small_buffer_is_never_overrun),
        cmocka_unit_test(columns_never_exceed_the_width),
        cmocka_unit_test(clauses_that_do_not_fit_are_left_out),
        cmocka_unit_test(lines_break_between_words),
        cmocka_unit_test(names_are_searched_without_case),
        cmocka_unit_test(sizes_have_few_digits),
        cmocka_unit_test(times_have_a_unit),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
