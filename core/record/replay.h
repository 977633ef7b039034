/*
 * A recording (record.h) as a host: yields the recorded snapshots one after the other, tells where decisions were made
 * and which, and touches nothing. Decisions are made anew from the recorded facts: what today's policy would do at that
 * moment. As the facts go on as they went then, a decision of today that differs has no consequences.
 *
 * How a loop drives it:
 *
 *     while (sample(h, &s, ...) == 0) {                  // never waits; -ENODATA at the end
 *         if (replay_line(h)->kind == RECORD_DECISION)   // learn and plan here, and only here
 *             ... plan (forced where its plan->forced), replay_compare ...
 *         for (; (ms = replay_due_ms(h)) > 0;)           // pace
 *             idle(h, ms);
 *     }
 *
 * To let the policy's state (cool-downs, ...) follow what happened then, hand the recorded plan to its applied
 * function: its actions carry the results of then.
 */
#ifndef CORE_RECORD_REPLAY_H
#define CORE_RECORD_REPLAY_H

#include "core/host/host.h"
#include "core/record/record.h"

/*
 * Opens a recording and reads its header and first sample. NULL with the reason in error, also where the file is no
 * recording, or one of a later format. connect is then without effect and connected always true; apply gives each
 * action the result PLAN_DRY_RUN with the error "replayed"; restore puts back nothing; idle and wake work.
 *
 * sample yields the next snapshot; -ENODATA at the end, where a last line that was cut off (a recording that was
 * interrupted) does not count as damage. For a damaged line it gives -EAGAIN with the line's number and what is wrong
 * with it in error; the next call goes on behind it (at the next line that repeats all facts).
 */
struct host *replay_open(const char *path, char *error, size_t size);

/* What the header says; valid until close. */
const struct record_header *replay_header(const struct host *h);

/* What the line of the sample yielded last says besides, without the snapshot; valid until the next sample. */
const struct record_line *replay_line(const struct host *h);

/* How fast recorded time goes by, 1 as it was; 0 (or less): as fast as can be. Takes effect at once. */
void replay_set_speed(struct host *h, double factor);
double replay_speed(const struct host *h);

/* Milliseconds until the next sample is due at that speed; 0 when it's due; -1 at the end. A loop that took no sample
 * for long (paused) need not catch up. */
int replay_due_ms(struct host *h);

/*
 * Compares two plans by their actions (which guest, vCPU, pCPUs, size; not the words): returns the number of
 * differences, and says each in words ("db/0: recorded 2→5, now 2→7"), where say isn't NULL.
 */
int replay_compare(const struct plan *now, const struct plan *recorded, void (*say)(void *context, const char *line),
                   void *context);

#endif
