/*
 * Damages recordings in all sorts of ways and plays them to the end: each sample comes out fit for use or is refused in
 * words, and the end is always reached. The first argument is the number of tries, the second a seed.
 */
#include "core/model/rates.h"
#include "core/record/json_snapshot.h"
#include "core/record/replay.h"
#include "tests/sim/damage_text.h"
#include "tests/sim/random_snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SAMPLES = 6 };

struct player {
    struct snapshot s, before;
    struct rates r;
    long samples, damaged;
};

/* Records a few samples of a made-up host, two of them with plans, into the file behind path. */
static bool make_recording(struct random_source *source, const char *path)
{
    static const struct record_setting setting = {"tolerance", 4};
    const struct record_header header = {.uri = "x", .version = "1", .settings = &setting, .n_settings = 1};
    char error[256];
    struct record *r = record_open(path, &header, error, sizeof(error));
    struct snapshot s = {0};
    struct plan p = {0};
    struct record_line line = {.snapshot = &s};
    bool good = r != NULL;

    random_snapshot(source, &s, 1 + random_below(source, 4));
    for (int i = 0; i < SAMPLES && good; i++) {
        random_figures(source, &s);
        plan_reset(&p, s.cpu_limit);
        good = plan_size_for(&p, &s) == 0;
        for (int g = 0; g < s.n_guests && good; g++) {
            struct plan_action *a = plan_add_action(&p, g % 2 ? PLAN_PIN : PLAN_SET_MEMORY, &s, g);

            good = a && plan_add_note(&p, &s, g, "x", "y") == 0;
            if (good && g % 2)
                a->to_mask = plan_add_mask(&p, NULL);
        }
        line.kind = (enum record_kind)(i % 4);
        line.plan = line.kind != RECORD_SAMPLE && line.kind != RECORD_BEGIN ? &p : NULL;
        line.interval_s = 12 + i % 3;
        good = good && record_write(r, &line, error, sizeof(error)) == 0;
    }
    snapshot_free(&s);
    plan_free(&p);
    return record_close(r, error, sizeof(error)) == 0 && good;
}

/* Plays a recording; false where something comes out that can't be. */
static bool play(struct player *player, const char *path, size_t length)
{
    char error[HOST_ERROR_BYTES] = "";
    struct host *h = replay_open(path, error, sizeof(error));
    bool good = h || error[0] != '\0';
    int failed = h ? 0 : -ENODATA;

    if (h)
        replay_set_speed(h, 0);
    /* There can't be more samples than bytes: an end that isn't reached shows. */
    for (size_t steps = 0; failed != -ENODATA && good; steps++) {
        const struct plan *recorded;

        error[0] = '\0';
        failed = h->ops->sample(h, &player->s, true, error, sizeof(error));
        if (failed) {
            good = (failed == -EAGAIN || failed == -ENODATA) && error[0] != '\0' && steps <= length;
            player->damaged += failed == -EAGAIN;
            continue;
        }
        player->samples++;
        good = rates_between(&player->r, &player->before, &player->s) == 0 &&
               snapshot_copy(&player->before, &player->s) == 0;
        recorded = replay_line(h)->plan;
        if (recorded)
            good = good && replay_compare(recorded, recorded, NULL, NULL) == 0;
    }
    if (h)
        h->ops->close(h);
    return good;
}

static bool write_text(int fd, const struct text *t)
{
    return ftruncate(fd, 0) == 0 && pwrite(fd, t->bytes, t->length, 0) == (ssize_t)t->length;
}

static bool read_text(int fd, struct text *t)
{
    off_t length = lseek(fd, 0, SEEK_END);
    char *bytes = length > 0 ? malloc((size_t)length) : NULL;
    bool good = bytes && pread(fd, bytes, (size_t)length, 0) == length;

    if (good)
        text_set(t, bytes, (size_t)length);
    free(bytes);
    return good;
}

int main(int argc, char **argv)
{
    long tries = argc > 1 ? atol(argv[1]) : 10000;
    struct random_source source = {argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    struct text original = {0}, t = {0};
    struct player player = {0};
    char path[64];
    int fd = memfd_create("recording", MFD_CLOEXEC);
    bool good = fd >= 0;
    long i;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    for (i = 0; i < tries && good; i++) {
        if (i % 50 == 0)
            good = make_recording(&source, path) && read_text(fd, &original);
        text_set(&t, original.bytes, original.length);
        for (int n = 1 + random_below(&source, 3); n > 0; n--)
            text_damage(&source, &t);
        good = good && write_text(fd, &t) && play(&player, path, t.length);
    }
    if (good)
        printf("ok replay: %ld damaged recordings, %ld samples, %ld refusals\n", tries, player.samples, player.damaged);
    else
        printf("not ok replay: try %ld\n%s\n", i, t.bytes ? t.bytes : "");
    close(fd);
    snapshot_free(&player.s);
    snapshot_free(&player.before);
    rates_free(&player.r);
    free(original.bytes);
    free(t.bytes);
    return good ? 0 : 1;
}
