/*
 * A report as one JSON object on one line: what --json prints each interval. Field names are stable and carry their
 * units; docs/json.md documents them. The text is always valid UTF-8 JSON, whatever guests are called.
 */
#ifndef UI_JSON_REPORT_H
#define UI_JSON_REPORT_H

#include "ui/report.h"

/* The text, without a line feed; to be freed by the caller. NULL when memory is out. */
char *json_report(const struct report *r);

#endif
