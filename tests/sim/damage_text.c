#include "tests/sim/damage_text.h"

#include <stdlib.h>
#include <string.h>

void text_set(struct text *t, const char *bytes, size_t length)
{
    if (length + 1 > t->room) {
        t->room = 2 * length + 4096;
        t->bytes = realloc(t->bytes, t->room);
        if (!t->bytes)
            abort();
    }
    memmove(t->bytes, bytes, length);
    t->bytes[length] = '\0';
    t->length = length;
}

/* Replaces some bytes by others. */
static void splice(struct text *t, size_t at, size_t gone, const char *bytes, size_t n)
{
    char *old = malloc(t->length + n + 1);

    if (!old)
        abort();
    memcpy(old, t->bytes, at);
    memcpy(old + at, bytes, n);
    memcpy(old + at + n, t->bytes + at + gone, t->length - at - gone);
    text_set(t, old, t->length - gone + n);
    free(old);
}

/* Where a number begins at or behind from; *n: its length. */
static size_t find_number(const struct text *t, size_t from, size_t *n)
{
    for (size_t i = from; i < t->length; i++) {
        *n = strspn(t->bytes + i, "-0123456789.e");
        if (*n > 0 && i > 0 && strchr(":,[", t->bytes[i - 1]))
            return i;
    }
    *n = 0;
    return from;
}

void text_damage(struct random_source *source, struct text *t)
{
    static const char *const values[] = {"0",
                                         "-1",
                                         "1",
                                         "65535",
                                         "65536",
                                         "2147483647",
                                         "2147483648",
                                         "4294967296",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "-9223372036854775808",
                                         "1e308",
                                         "1e999",
                                         "-0.0",
                                         "null",
                                         "true",
                                         "\"\"",
                                         "{}",
                                         "[]",
                                         "[[[[[[[[[[[[[[[[[[[[",
                                         "\"0-65535\"",
                                         "\"\\ud800\"",
                                         "\"\\u0000\"",
                                         "NaN"};
    static const char bytes[] = "{}[]\",:0123456789-+eE.\\ntf\xff\x80\x01 ";
    size_t at, n;
    const char *value;

    if (t->length == 0)
        return;
    at = (size_t)random_below(source, (int)t->length);
    switch (random_below(source, 7)) {
    case 0: /* one bit */
        t->bytes[at] = (char)(t->bytes[at] ^ (1 << random_below(source, 8)));
        break;
    case 1: /* one byte */
        t->bytes[at] = bytes[random_below(source, (int)sizeof(bytes) - 1)];
        break;
    case 2: /* cut off */
        text_set(t, t->bytes, at);
        break;
    case 3: /* a piece is gone */
        n = 1 + (size_t)random_below(source, 40);
        splice(t, at, n < t->length - at ? n : t->length - at, "", 0);
        break;
    case 4: /* a piece is there twice */
        n = 1 + (size_t)random_below(source, 200);
        if (n > t->length - at)
            n = t->length - at;
        value = t->bytes + (size_t)random_below(source, (int)(t->length - n + 1));
        splice(t, at, 0, value, n);
        break;
    default: /* another value */
        at = find_number(t, at, &n);
        value = values[random_below(source, sizeof(values) / sizeof(*values))];
        splice(t, at, n, value, strlen(value));
        break;
    }
}
