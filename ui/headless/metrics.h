/*
 * A report as metrics in Prometheus's text format, and the file they are in for node_exporter's textfile collector,
 * which is replaced as a whole. docs/metrics.md lists them.
 */
#ifndef UI_HEADLESS_METRICS_H
#define UI_HEADLESS_METRICS_H

#include "core/model/report.h"

#include <stdio.h>

/* Writes the metrics of a report. What isn't known is left out. */
void metrics_text(FILE *out, const struct report *r);

/* All zeros at first. */
struct metrics_file {
    bool written;            /* once at least */
    enum report_state state; /* as it was written last */
    bool failed;             /* the last time */
};

/* Whether there is something new to write: a decision, or another state. */
bool metrics_are_due(const struct metrics_file *m, const struct report *r);
/*
 * Replaces the file at path by the report's metrics: readers see the old file or the new one, mode 0644. 0; or -errno
 * with the reason in error where that fails and it didn't fail the time before, so that it is told once.
 */
int metrics_write(struct metrics_file *m, const char *path, const struct report *r, char *error, size_t size);

#endif
