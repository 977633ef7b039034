/*
 * A program that runs and is looked at from another process: where it listens, and what the command line has done with
 * it.
 */
#ifndef UI_ATTACH_H
#define UI_ATTACH_H

#include "core/engine/watchers.h"
#include "core/host/host.h"
#include "ui/options.h"

/*
 * Has this program listen for those who look at it. It does its work without, too: where it can't, that is said, but
 * for a dry run beside the program that listens already, and where there is no folder for it; *watchers is then NULL. A
 * recording's replay listens only where it is told to. 0, or 1 after a complaint about a place that was asked for.
 */
int attach_listen(const struct program *program, const struct options *o, const char *uri, struct watchers **watchers);
/* Says on standard error how to look at the program that is at work already, where it listens. */
void attach_say_how(const struct program *program, const struct options *o);
/* Connects to the running program. NULL after a complaint. */
struct host *attach_open(const struct program *program, const struct options *o);
/* A loop that shows how the other program is that works on the same host, whenever it runs; ended by attach_forget.
 * NULL where it isn't looked for: beside a replay, and with --socket. */
struct engine *attach_other(const struct program *program, const struct options *o);
void attach_forget(struct engine *other);
/* Does what --ctl says: the exit status. */
int attach_control(const struct program *program, const struct options *o);

#endif
