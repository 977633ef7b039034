/*
 * Damages the text of snapshots in all sorts of ways and reads it: whatever comes, the reader refuses it in words or
 * gives a snapshot that can be written, read back and looked up. The first argument is the number of tries, the second
 * a seed.
 */
#include "core/record/json_snapshot.h"
#include "core/record/snapshot_figures.h"
#include "tests/sim/damage_text.h"
#include "tests/sim/random_snapshot.h"
#include "tests/sim/snapshot_text.h"

#include "core/model/rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was read must be fit for use. */
static bool usable(struct snapshot *s, struct snapshot *back, struct rates *r)
{
    char error[256];
    char *text = snapshot_text(s);
    bool good = text && snapshot_text_parse(back, text, strlen(text), error, sizeof(error)) == 0 &&
                snapshot_same_facts(s, back) && snapshot_text_same_figures(s, back) && rates_between(r, back, s) == 0;

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
            text = snapshot_text(&s);
            text_set(&original, text, strlen(text));
            free(text);
        }
        text_set(&t, original.bytes, original.length);
        for (int n = 1 + random_below(&source, 3); n > 0; n--)
            text_damage(&source, &t);
        failed = snapshot_text_parse(&s, t.bytes, t.length, error, sizeof(error));
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
