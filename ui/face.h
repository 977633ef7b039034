/*
 * The two faces: each takes reports from the engine until the operator, a signal or the engine's own end stops it.
 */
#ifndef UI_FACE_H
#define UI_FACE_H

#include "core/engine/engine.h"
#include "ui/screen.h"

struct face_options {
    const char *program;          /* name for the header and the lines */
    bool json;                    /* headless: one object per decision instead of lines */
    bool samples;                 /* headless, JSON: one for each sample, too */
    struct engine *other;         /* TUI: one that shows how the other program is; NULL: it isn't looked at */
    bool attached;                /* the work is another process's: this one only shows it */
    const char *csv;              /* headless: a file that gets a line of values for each decision; NULL: none */
    const char *metrics;          /* headless: a file that gets metrics after each decision; NULL: none */
    bool verbose;                 /* headless: notes and a table of guests, too */
    unsigned watch;               /* enum host_watch: what the command line has measured beyond the usual */
    struct screen_options screen; /* TUI: what the command line says of it */
    int stop_fd;                  /* signalfd-like: readable when a signal asks to end */
    int reload_fd;                /* headless: an eventfd that asks for settings to be read anew; -1: none */
    void (*reload)(void *context, struct engine *e); /* what does that */
    void *reload_context;
};

/* Both return the exit status. face_tui returns 1 with one line on stderr when there is no usable terminal. */
int face_headless(struct engine *e, const struct face_options *options);
int face_tui(struct engine *e, const struct face_options *options);

#endif
