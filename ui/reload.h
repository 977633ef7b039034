/*
 * Settings read anew while the program runs: the command line and the file as at the start, then what has changed goes
 * to the engine as a command. What can't be changed any more is told; of a file with an error nothing is taken.
 */
#ifndef UI_RELOAD_H
#define UI_RELOAD_H

#include "ui/options.h"

struct engine;

struct reload {
    const struct program *program;
    int argc;
    char **argv;
    const struct options *began; /* what the program began with */
    struct options options;      /* what was read last; all zeros: what it began with */
};

/* context: a struct reload. */
void reload_settings(void *context, struct engine *e);

#endif
