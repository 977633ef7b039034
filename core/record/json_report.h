/*
 * A report as one JSON object on one line: what --json prints each interval. Field names are stable and carry their
 * units; docs/json.md documents them. The text is always valid UTF-8 JSON, whatever guests are called.
 */
#ifndef CORE_RECORD_JSON_REPORT_H
#define CORE_RECORD_JSON_REPORT_H

#include "core/model/report.h"
#include "core/record/json_value.h"

/* Goes up when a field changes its meaning or goes away; new fields may come at any time. */
enum { JSON_REPORT_FORMAT = 1 };

/* The text, without a line feed; to be freed by the caller. NULL when memory is out. */
char *json_report(const struct report *r);
/* The same with only those lines of the log whose serial numbers are above log_after: who prints report after report
 * passes the serial number of the last line printed before. */
char *json_report_after(const struct report *r, uint64_t log_after);

/*
 * Fills r from a report's object, so that a face shows by it what it would show by the report itself; figures are as
 * they were rounded. The log has the lines that the object has, and no others; commands' answers are left as they are,
 * as they aren't part of it. On failure r is fit only to be freed or read into again.
 */
void json_report_read(struct json_reading *reading, struct report *r, struct json_object *object);

/* By enum report_log_kind; ended by NULL. */
extern const char *const json_report_log_words[];

#endif
