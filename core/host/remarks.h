/*
 * What the host has to tell its operator, until the control loop fetches it: lines in the order in which they were
 * made.
 */
#ifndef CORE_HOST_REMARKS_H
#define CORE_HOST_REMARKS_H

#include "core/host/host.h"

#include <stdarg.h>

/* More than a sample ever brings on hosts in order; where more is wrong at once, the first ones tell of it. */
enum { REMARKS_KEPT = 32 };

struct remarks {
    char lines[REMARKS_KEPT][HOST_ERROR_BYTES];
    int n;
    unsigned lost; /* for which there was no place */
};

void remarks_add(struct remarks *r, const char *format, va_list arguments);
/* Takes the oldest line into text. False where there is none. */
bool remarks_take(struct remarks *r, char *text, size_t size);

#endif
