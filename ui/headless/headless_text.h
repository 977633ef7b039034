/*
 * The words and columns of headless lines: pure functions from a report to text, so that they can be tested without a
 * terminal, a clock or an engine.
 */
#ifndef UI_HEADLESS_HEADLESS_TEXT_H
#define UI_HEADLESS_HEADLESS_TEXT_H

#include "core/model/report.h"
#include "ui/headless/headless_put.h"

#include <stdio.h>

/* One line on what the program has found, for its start. */
void headless_start(FILE *out, const struct headless_style *style, const struct report *r);
/* The lines of a decision, or of what was done early between two: figures and summary first, then one for each action;
 * with verbose, notes and guests. */
void headless_decision(FILE *out, const struct headless_style *style, const struct report *r);
/* A line of the log that belongs to no decision. */
void headless_log(FILE *out, const struct headless_style *style, const struct report_log *line);

#endif
