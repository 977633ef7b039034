/*
 * Writes what the control loop saw and decided into a file, so that it can be played back (replay.h), looked at with
 * any JSON tool, or handed in with a question: one JSON object per line, a header line first, then one line per sample.
 * docs/json.md documents the lines.
 */
#ifndef UI_RECORD_H
#define UI_RECORD_H

#include "host/plan.h"
#include "host/snapshot.h"
#include "ui/report.h"

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

struct record;

/* Creates the file (an existing one is overwritten) and writes the header line. NULL with the reason in error. */
struct record *record_open(const char *path, const struct record_header *header, char *error, size_t size);

/*
 * Appends a line for a snapshot; decision: the plan that was made from it, with its results, or NULL for a sample
 * between decisions. Each line is handed to the kernel before this returns.
 * 0; or -errno with the reason in error when the line could not be written (disk full, ...): recording then stops, the
 * file is closed, and all later calls do nothing and return 0, so that the loop needs to tell the operator only once.
 */
int record_sample(struct record *r, const struct snapshot *s, const struct plan *decision, char *error, size_t size);

/* Bytes written so far. */
uint64_t record_bytes(const struct record *r);

/* Closes the file and frees r (NULL: nothing). 0, or -errno with the reason in error when closing failed. */
int record_close(struct record *r, char *error, size_t size);

#endif
