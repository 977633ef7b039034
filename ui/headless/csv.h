/*
 * A decision as a line of comma-separated values, for scripts and spreadsheets. Columns that mean what they mean in
 * virt-top's --csv have its names; the guests' are repeated for each guest.
 */
#ifndef UI_HEADLESS_CSV_H
#define UI_HEADLESS_CSV_H

#include "core/model/report.h"

#include <stdio.h>

/* The line of names. */
void csv_header(FILE *out);
/* The line of a report that carries a decision. What isn't known is left empty. */
void csv_row(FILE *out, const struct report *r);

#endif
