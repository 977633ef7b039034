/*
 * A decision as a line of comma-separated values, for scripts and spreadsheets. Columns that mean what they mean in
 * virt-top's --csv have its names; the guests' are repeated for each guest.
 */
#ifndef UI_HEADLESS_CSV_H
#define UI_HEADLESS_CSV_H

#include "core/model/report.h"

#include <stddef.h>
#include <stdio.h>

/*
 * Opens a file to append to; a new one is given the line of names, and where the last line was never ended (a full
 * disk), that is done. NULL with the reason in why (size bytes): it can't be opened, or it is not empty and its first
 * line is another than ours, so that the values would stand under the wrong names.
 */
FILE *csv_open(const char *path, char *why, size_t size);
/* The line of names. */
void csv_header(FILE *out);
/* The line of a report that carries a decision. What isn't known is left empty. */
void csv_row(FILE *out, const struct report *r);

#endif
