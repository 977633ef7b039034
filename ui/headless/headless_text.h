/*
 * The words and columns of headless lines: pure functions from a report to text, so that they can be tested without a
 * terminal, a clock or an engine. Text of others (guests' names, messages) is made harmless on the way.
 */
#ifndef UI_HEADLESS_HEADLESS_TEXT_H
#define UI_HEADLESS_HEADLESS_TEXT_H

#include "core/model/report.h"

#include <stdio.h>

struct headless_style {
    bool unicode; /* the locale can show more than ASCII */
    bool colour;  /* the output is a terminal that may be coloured */
    bool verbose; /* notes and a table of guests, too */
    bool journal; /* systemd's journal reads it: a priority instead of the time */
};

/* One line on what the program has found, for its start. */
void headless_start(FILE *out, const struct headless_style *style, const struct report *r);
/* The lines of a decision, or of what was done early between two: figures and summary first, then one for each action;
 * with verbose, notes and guests. */
void headless_decision(FILE *out, const struct headless_style *style, const struct report *r);
/* A line of the log that belongs to no decision. */
void headless_log(FILE *out, const struct headless_style *style, const struct report_log *line);
/* Writes text with nothing in it that could steer a terminal, padded to width columns (0: not padded). */
void headless_put(FILE *out, const struct headless_style *style, const char *text, int width);

#endif
