/*
 * What advise.h has concluded, as one JSON object on one line; docs/json.md documents its fields.
 */
#ifndef CORE_ADVISE_ADVISE_JSON_H
#define CORE_ADVISE_ADVISE_JSON_H

#include "core/advise/advise.h"
#include "core/model/report.h"

/* Goes up when a field changes its meaning or goes away. */
enum { ADVISE_FORMAT = 1 };

/* The text, without a line feed, to be freed by the caller; NULL when memory is out. */
char *advise_json(const struct advise *a, enum report_program program);

#endif
