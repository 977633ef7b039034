/*
 * Writes what the control loop saw and decided into a file, so that it can be played back (replay.h), looked at with
 * any JSON tool, or handed in with a question: one JSON object per line, a header line first, then one line per sample.
 * docs/json.md documents the lines.
 */
#ifndef CORE_RECORD_RECORD_H
#define CORE_RECORD_RECORD_H

#include "core/model/plan.h"
#include "core/model/report.h"
#include "core/model/snapshot.h"

/* One setting of the policy, by the name of its command line option; flags are 0 or 1. */
struct record_setting {
    const char *name;
    double value;
};

struct record_header {
    enum report_program program;
    const char *version; /* of the program */
    const char *uri;
    double interval_s;
    double sample_s;
    const struct record_setting *settings;
    int n_settings;
};

/* What came of a sample. A replay does the same with it. */
enum record_kind {
    RECORD_SAMPLE,   /* nothing */
    RECORD_DECISION, /* an interval ended: the policy learned from it, and plan was made */
    RECORD_BEGIN,    /* the first after an outage: an interval began, and the time before it was not learned from */
    RECORD_UNDO,     /* the operator took back what was done: plan says what came of that */
    RECORD_EARLY,    /* between two decisions: plan is what couldn't wait, and what came of it */
};

/* A line of a recording. */
struct record_line {
    enum record_kind kind;
    const struct snapshot *snapshot;
    const struct plan *plan; /* with its results; NULL for RECORD_SAMPLE and RECORD_BEGIN */
    double interval_s;       /* between decisions at that time; the header's until it changes */
    double until_decision_s; /* from this sample to the next regular decision after it; 0: not known */
};

struct record;

/* Creates the file (an existing one is overwritten) and writes the header line. NULL with the reason in error. */
struct record *record_open(const char *path, const struct record_header *header, char *error, size_t size);

/*
 * Appends a line, which is handed to the kernel before this returns.
 * 0; or -errno with the reason in error when the line could not be written (disk full, ...): recording then stops, the
 * file is closed, and all later calls do nothing and return 0, so that the loop needs to tell the operator only once.
 */
int record_write(struct record *r, const struct record_line *line, char *error, size_t size);

/* Closes the file and frees r (NULL: nothing). 0, or -errno with the reason in error when closing failed. */
int record_close(struct record *r, char *error, size_t size);

#endif
