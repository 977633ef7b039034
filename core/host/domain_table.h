/*
 * All running guests that are known, in the order in which they were first seen.
 */
#ifndef CORE_HOST_DOMAIN_TABLE_H
#define CORE_HOST_DOMAIN_TABLE_H

#include "core/host/domain.h"

struct domain_table {
    struct domain **guests;
    int n, cap;
    int cpu_limit;
};

void domain_table_free(struct domain_table *t);
/* Sets the width of masks; what was known stays known. 0 or -ENOMEM. */
int domain_table_widen(struct domain_table *t, int cpu_limit);
/* The guest's facts, or NULL; hint: the index to look at first. *index (may be NULL): where it was found. */
struct domain *domain_table_find(struct domain_table *t, const uint8_t *uuid, int id, int hint, int *index);
/* Adds a guest of which nothing is known yet. NULL when memory is out. */
struct domain *domain_table_add(struct domain_table *t, const uint8_t *uuid, int id);
/* Forgets those that were not seen. */
void domain_table_drop_unseen(struct domain_table *t);
/* Frees all domain objects, and has everything read again: events may have been missed. */
void domain_table_disconnect(struct domain_table *t);
/* Has the affinities of all guests read again. */
void domain_table_suspect_affinities(struct domain_table *t);
/* Takes in an event. */
void domain_table_event(struct domain_table *t, enum connection_event event, virDomainPtr domain,
                        const virTypedParameter *params, int n_params);

#endif
