/*
 * The file of settings: which one is read, and what is read of it.
 */
#ifndef UI_CONFIG_H
#define UI_CONFIG_H

#include "ui/options.h"

/*
 * Reads the command line, the file of settings and checks both together: all that options.h offers, in its order. The
 * file is the one that --config names, which must be there, or the program's own (program->config), which needn't be. A
 * recording is played without the latter: its settings are its own. Returns as options_parse does.
 */
int config_read_options(const struct program *program, int argc, char *const *argv, struct options *o, char *error,
                        size_t size);

#endif
