/*
 * A comparison of core/advise/what_if.h as a table for the operator.
 */
#ifndef UI_HEADLESS_WHAT_IF_TEXT_H
#define UI_HEADLESS_WHAT_IF_TEXT_H

#include "core/advise/what_if_json.h"

#include <stdio.h>

/* What differs, a line per figure for what was recorded, for that played again, and for the other settings, and what
 * a recording can't tell. */
void what_if_text(FILE *out, const struct what_if *w, enum report_program program, const struct what_if_change *changes,
                  int n_changes);

#endif
