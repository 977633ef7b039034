/*
 * Damages the text of snapshots in all sorts of ways and reads it: whatever comes, the reader refuses it in words or
 * gives a snapshot that can be written, read back and looked up. The first argument is the number of tries, the second
 * a seed.
 */
#include "tests/sim/random_snapshot.h"
#include "ui/json_snapshot.h"
#include "ui/snapshot_figures.h"

#include "host/rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *bytes;
    size_t length, room;
};

static void set(struct text *t, const char *bytes, size_t length)
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
    set(t, old, t->length - gone + n);
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

static void damage(struct random_source *source, struct text *t)
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
        set(t, t->bytes, at);
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

/* What was read must be fit for use. */
static bool usable(struct snapshot *s, struct snapshot *back, struct rates *r)
{
    char error[256];
    char *text = json_snapshot_text(s);
    bool good = text && json_snapshot_parse(back, text, strlen(text), error, sizeof(error)) == 0 &&
                snapshot_same_facts(s, back) && snapshot_same_figures(s, back) && rates_between(r, back, s) == 0;

    back->taken_ns = s->taken_ns - 1000000000;
    good = good && rates_between(r, back, s) == 0;
    free(text);
    return good;
}

int main(int argc, char **argv)
{
    long tries = argc > 1 ? atol(argv[1]) : 20000, accepted = 0;
    struct random_source source = {argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    struct snapshot s = {0}, back = {0};
    struct rates r = {0};
    struct text original = {0}, t = {0};

    for (long i = 0; i < tries; i++) {
        char error[256] = "";
        int failed;

        if (i % 50 == 0) {
            char *text;

            random_snapshot(&source, &s, 1 + random_below(&source, 6));
            text = json_snapshot_text(&s);
            set(&original, text, strlen(text));
            free(text);
        }
        set(&t, original.bytes, original.length);
        for (int n = 1 + random_below(&source, 3); n > 0; n--)
            damage(&source, &t);
        failed = json_snapshot_parse(&s, t.bytes, t.length, error, sizeof(error));
        accepted += !failed;
        if (failed ? error[0] == '\0' || s.n_guests > 0 : !usable(&s, &back, &r)) {
            printf("not ok json_snapshot: try %ld: %s\n%.*s\n", i, error, (int)t.length, t.bytes);
            return 1;
        }
    }
    printf("ok json_snapshot: %ld damaged texts, %ld of them readable\n", tries, accepted);
    snapshot_free(&s);
    snapshot_free(&back);
    rates_free(&r);
    free(original.bytes);
    free(t.bytes);
    return 0;
}
