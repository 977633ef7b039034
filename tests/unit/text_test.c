/* Text of others: how it is decoded, and what must not reach a terminal. */
#include "core/model/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void utf8_is_decoded_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        uint32_t scalar;
        size_t bytes;
    } cases[] = {
        {"a", 'a', 1},
        {"\xc3\xa9", 0xe9, 2},
        {"\xe2\x86\x92", 0x2192, 3},
        {"\xf0\x9f\x98\x80", 0x1f600, 4},
        {"\xc3", TEXT_REPLACEMENT, 1},             /* cut off */
        {"\x80", TEXT_REPLACEMENT, 1},             /* a continuation alone */
        {"\xc0\xaf", TEXT_REPLACEMENT, 1},         /* longer than need be */
        {"\xe0\x80\xaf", TEXT_REPLACEMENT, 1},     /* likewise */
        {"\xed\xa0\x80", TEXT_REPLACEMENT, 1},     /* half of a surrogate pair */
        {"\xf4\x90\x80\x80", TEXT_REPLACEMENT, 1}, /* behind the last character there is */
        {"\xff", TEXT_REPLACEMENT, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t scalar = 0;

        assert_int_equal(text_decode(cases[i].text, &scalar), cases[i].bytes);
        assert_int_equal(scalar, cases[i].scalar);
    }
}

static void what_steers_is_known(void **state)
{
    static const uint32_t steering[] = {0,      0x1b,    0x7f,    0x85,    0xad,    0x61c,   0x180e,
                                        0x200b, 0x200e,  0x2028,  0x202e,  0x2066,  0xfeff,  0xfff9,
                                        0xfffb, 0x1d173, 0xe0000, 0xe0001, 0xe007f, 0x110000};
    static const uint32_t harmless[] = {' ', 'a', '~', 0xa0, 0xe9, 0x300, 0x2010, 0x2192, 0x3042, 0xfffd, 0x1f600};

    (void)state;
    for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++)
        assert_true(text_steers(steering[i]));
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        assert_false(text_steers(harmless[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_decoded_and_nothing_else),
        cmocka_unit_test(what_steers_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
