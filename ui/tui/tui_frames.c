#include "ui/tui/tui_frames.h"

#include "core/model/array.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t no_guest[SNAPSHOT_UUID_BYTES];
static const uint64_t forget_after_ns = 600ULL * 1000000000ULL;
static const double load_step_pct = 2;

static void free_track(struct tui_track *track)
{
    for (int i = 0; i < TUI_FRAME_FIGURES; i++)
        free(track->figures[i]);
    free(track->moved);
    memset(track, 0, sizeof(*track));
}

void tui_frames_free(struct tui_frames *f)
{
    for (int i = 0; i < f->n_tracks; i++)
        free_track(&f->tracks[i]);
    free(f->tracks);
    memset(f, 0, sizeof(*f));
}

static int find(const struct tui_frames *f, const uint8_t *uuid, int number, int hint)
{
    for (int k = 0; k < f->n_tracks; k++) {
        int i = (hint + k) % f->n_tracks;

        if (f->tracks[i].number == number && memcmp(f->tracks[i].uuid, uuid, SNAPSHOT_UUID_BYTES) == 0)
            return i;
    }
    return -1;
}

const struct tui_track *tui_frames_pcpu(const struct tui_frames *f, int number)
{
    int i = find(f, no_guest, number, number < f->n_tracks ? number : 0);

    return i < 0 ? NULL : &f->tracks[i];
}

const struct tui_track *tui_frames_vcpu(const struct tui_frames *f, const uint8_t *uuid, int number)
{
    int i = find(f, uuid, number, 0);

    return i < 0 ? NULL : &f->tracks[i];
}

static int make_track(struct tui_track *track, const uint8_t *uuid, int number)
{
    memset(track, 0, sizeof(*track));
    memcpy(track->uuid, uuid, SNAPSHOT_UUID_BYTES);
    track->number = number;
    track->moved = calloc(TUI_FRAMES, 1);
    for (int i = 0; i < TUI_FRAME_FIGURES; i++) {
        track->figures[i] = malloc(TUI_FRAMES);
        if (track->figures[i])
            memset(track->figures[i], TUI_FRAME_UNKNOWN, TUI_FRAMES);
    }
    if (track->moved && track->figures[0] && track->figures[1] && track->figures[2])
        return 0;
    free_track(track);
    return -ENOMEM;
}

/* Brings the thing's track to place at, where it is looked for first the next time; makes it where it is new. */
static struct tui_track *track_at(struct tui_frames *f, int at, const uint8_t *uuid, int number)
{
    int i = at < f->n_tracks ? find(f, uuid, number, at) : -1;
    struct tui_track moved;

    if (i < 0) {
        if (array_reserve(&f->tracks, &f->cap, f->n_tracks + 1, sizeof(*f->tracks)) ||
            make_track(&f->tracks[f->n_tracks], uuid, number))
            return NULL;
        i = f->n_tracks++;
    }
    moved = f->tracks[i];
    f->tracks[i] = f->tracks[at];
    f->tracks[at] = moved;
    return &f->tracks[at];
}

static void forget_gone(struct tui_frames *f, int from, uint64_t now_ns)
{
    int kept = from;

    for (int i = from; i < f->n_tracks; i++) {
        if (now_ns > f->tracks[i].seen_ns + forget_after_ns)
            free_track(&f->tracks[i]);
        else
            f->tracks[kept++] = f->tracks[i];
    }
    f->n_tracks = kept;
}

static uint8_t byte_of(double pct)
{
    return (uint8_t)fmin(fmax(pct, 0) + 0.5, TUI_FRAME_MOST);
}

static void put(struct tui_track *track, int slot, uint64_t now_ns, double first, double run, double wait)
{
    track->seen_ns = now_ns;
    track->figures[0][slot] = byte_of(first);
    track->figures[TUI_FRAME_RUN][slot] = byte_of(run);
    track->figures[TUI_FRAME_WAIT][slot] = byte_of(wait);
}

int tui_frames_note(struct tui_frames *f, const struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    int slot = f->next, at = 0;

    f->ns[slot] = s->taken_ns;
    f->next = (slot + 1) % TUI_FRAMES;
    f->n += f->n < TUI_FRAMES;
    for (int i = 0; i < f->n_tracks; i++) {
        for (int k = 0; k < TUI_FRAME_FIGURES; k++)
            f->tracks[i].figures[k][slot] = TUI_FRAME_UNKNOWN;
        f->tracks[i].moved[slot] = 0;
    }
    for (int i = 0; i < s->n_pcpus && i < r->live.n_pcpus; i++, at++) {
        const struct rates_pcpu *rate = &r->live.pcpus[i];
        struct tui_track *track = track_at(f, at, no_guest, s->pcpus[i].number);

        if (!track)
            return -ENOMEM;
        track->seen_ns = s->taken_ns;
        if (rate->known || rate->load_pct > 0)
            put(track, slot, s->taken_ns, rate->load_pct / load_step_pct, rate->guest_pct, rate->unmet_pct);
    }
    for (int i = 0; i < s->n_vcpus && i < r->live.n_vcpus; i++, at++) {
        const struct rates_vcpu *rate = &r->live.vcpus[i];
        struct tui_track *track = track_at(f, at, s->guests[s->vcpus[i].guest].uuid, s->vcpus[i].number);

        if (!track)
            return -ENOMEM;
        track->seen_ns = s->taken_ns;
        if (rate->known)
            put(track, slot, s->taken_ns, rate->demand_pct, rate->run_pct, rate->wait_pct);
    }
    forget_gone(f, at, s->taken_ns);
    return 0;
}

static void mark(struct tui_frames *f, const uint8_t *uuid, int number, int slot)
{
    int i = number < 0 ? -1 : find(f, uuid, number, 0);

    if (i >= 0)
        f->tracks[i].moved[slot] = 1;
}

void tui_frames_mark(struct tui_frames *f, const struct plan *p)
{
    int slot = tui_frames_slot(f, 0);

    for (int i = 0; i < p->n_actions && slot >= 0; i++) {
        const struct plan_action *a = &p->actions[i];

        if (a->kind != PLAN_PIN || a->result != PLAN_DONE)
            continue;
        mark(f, a->uuid, a->vcpu, slot);
        mark(f, no_guest, a->from_cpu, slot);
        mark(f, no_guest, a->to_cpu, slot);
    }
}

int tui_frames_slot(const struct tui_frames *f, int i)
{
    return i < 0 || i >= f->n ? -1 : (f->next - 1 - i + 2 * TUI_FRAMES) % TUI_FRAMES;
}

double tui_frames_pct(const struct tui_track *track, enum tui_frame_figure figure, int slot)
{
    uint8_t byte = track && slot >= 0 ? track->figures[figure][slot] : TUI_FRAME_UNKNOWN;
    bool load = track && figure == TUI_FRAME_LOAD && memcmp(track->uuid, no_guest, SNAPSHOT_UUID_BYTES) == 0;

    return byte == TUI_FRAME_UNKNOWN ? -1 : load ? load_step_pct * byte : byte;
}
