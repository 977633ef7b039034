#include "core/engine/watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void watcher_open(struct watcher *w, int fd, uint64_t now_ns)
{
    *w = (struct watcher){.fd = fd, .taken_ns = now_ns};
}

void watcher_close(struct watcher *w)
{
    if (w->fd >= 0)
        close(w->fd);
    free(w->status);
    attach_input_free(&w->in);
    attach_output_free(&w->out);
    *w = (struct watcher){.fd = -1};
}

struct watcher_command *watcher_place(struct watcher *w)
{
    for (int i = 0; i < WATCHER_PENDING; i++)
        if (w->pending[i].number == 0)
            return &w->pending[i];
    return NULL;
}

static int pending(const struct watcher *w)
{
    int n = 0;

    for (int i = 0; i < WATCHER_PENDING; i++)
        n += w->pending[i].number != 0;
    return n;
}

bool watcher_is_heard(const struct watcher *w)
{
    return attach_output_waiting(&w->out) <= ATTACH_WAITING_BYTES && pending(w) < WATCHER_PENDING;
}

bool watcher_is_done(const struct watcher *w)
{
    return w->silent && w->want == ATTACH_WANTS_NOTHING && pending(w) == 0 && attach_output_waiting(&w->out) == 0;
}

void watcher_flush(struct watcher *w, uint64_t now_ns)
{
    size_t waited = attach_output_waiting(&w->out);

    if (w->fd < 0)
        return;
    if (attach_output_send(&w->out, w->fd))
        watcher_close(w);
    else if (waited == 0 || attach_output_waiting(&w->out) < waited)
        w->taken_ns = now_ns;
}

void watcher_tell(struct watcher *w, char *text)
{
    if (w->fd >= 0 && (!text || !attach_output_add(&w->out, text, strlen(text))))
        watcher_close(w);
    free(text);
}

void watcher_answer(struct watcher *w, const struct watcher_command *c, bool refused, int actions, const char *text)
{
    struct attach_answer answer = {.has_id = c->has_id, .id = c->id, .refused = refused, .actions = actions};

    snprintf(answer.text, sizeof(answer.text), "%s", text);
    watcher_tell(w, attach_answer_text(&answer));
}
