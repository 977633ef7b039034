/*
 * A comparison of what_if.h as one JSON object on one line; docs/json.md documents its fields.
 */
#ifndef CORE_ADVISE_WHAT_IF_JSON_H
#define CORE_ADVISE_WHAT_IF_JSON_H

#include "core/advise/what_if.h"

/* Goes up when a field changes its meaning or goes away. */
enum { WHAT_IF_FORMAT = 1 };

/* A setting that differs, by the name of its option. Flags are 0 or 1. */
struct what_if_change {
    const char *name;
    double recorded, other;
    bool groups; /* sizes of groups of pCPUs (core/model/pcpu_groups.h): told in words */
};

/* The text, without a line feed, to be freed by the caller; NULL when memory is out. */
char *what_if_json(const struct what_if *w, enum report_program program, const struct what_if_change *changes,
                   int n_changes);

#endif
