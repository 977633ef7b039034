/*
 * Writing headless lines: text of others made harmless, in characters that the locale has; colours, where wanted; the
 * time and the word that a line begins with.
 */
#ifndef UI_HEADLESS_HEADLESS_PUT_H
#define UI_HEADLESS_HEADLESS_PUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define HEADLESS_RED "\033[31m"
#define HEADLESS_BOLD "\033[1m"
#define HEADLESS_DIM "\033[2m"
#define HEADLESS_PLAIN "\033[0m"

struct headless_style {
    bool unicode; /* the locale can show more than ASCII */
    bool colour;  /* the output is a terminal that may be coloured */
    bool verbose; /* notes and a table of guests, too */
    bool journal; /* systemd's journal reads it: a priority instead of the time */
    bool fields;  /* and takes entries with fields (journal.h): each line is the message of one */
};

/* Writes text with nothing in it that could steer a terminal, padded to width columns (0: not padded). */
void headless_put(FILE *out, const struct headless_style *style, const char *text, int width);
/* Columns that headless_put takes for the text, not padded. */
int headless_columns(const struct headless_style *style, const char *text);
/* Begins one of the colours above, or ends it (HEADLESS_PLAIN), where the style has colours. */
void headless_paint(FILE *out, const struct headless_style *style, const char *colour);
/* Begins a line with the local time of the day, to the second, dimmed (dashes where it can't be told); for the journal,
 * which knows the time, with how much it matters (sd-daemon(3)). wall_ms: since the epoch. priority: syslog's. */
void headless_begin_line(FILE *out, const struct headless_style *style, int64_t wall_ms, int priority);
/* What the entry has beside the line that has just ended: VMBALANCE_name, its value made as by printf, and harmless.
 * And which kind of message it is: an id of 32 hexadecimal digits (systemd.journal-fields(7)). Nothing without fields.
 */
void headless_field(FILE *out, const struct headless_style *style, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void headless_message_id(FILE *out, const struct headless_style *style, const char *id);
/* The first word of a line, in a column of its own. */
void headless_put_word(FILE *out, const struct headless_style *style, const char *word, const char *colour);

#endif
