#include "core/host/remarks.h"

#include <stdio.h>
#include <string.h>

void remarks_add(struct remarks *r, const char *format, va_list arguments)
{
    if (r->n == REMARKS_KEPT) {
        r->lost++;
        return;
    }
    vsnprintf(r->lines[r->n++], HOST_ERROR_BYTES, format, arguments);
}

bool remarks_take(struct remarks *r, char *text, size_t size)
{
    if (r->n == 0 && r->lost > 0) {
        snprintf(text, size, "%u more remarks of the host found no place", r->lost);
        r->lost = 0;
        return true;
    }
    if (r->n == 0)
        return false;
    snprintf(text, size, "%s", r->lines[0]);
    memmove(r->lines[0], r->lines[1], (size_t)(--r->n) * sizeof(r->lines[0]));
    return true;
}
