/*
 * Text of others (guests' names, messages) made fit to be shown: decoded as UTF-8, cut to columns of the screen, with
 * nothing in it that could steer the terminal. Control characters, invisible direction marks and invalid bytes become
 * a replacement; without Unicode, arrows and the like become plain ASCII. Pure; widths are those of wcwidth(3) in the
 * present locale.
 */
#ifndef UI_TUI_TUI_TEXT_H
#define UI_TUI_TUI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* Columns that the whole text takes as it would be shown. */
int tui_text_columns(const char *text, bool unicode);
/*
 * Writes what fits of text into width columns to out, ended by a 0; where it doesn't fit the last column is an
 * ellipsis. Returns the columns written (never more than width; one less where a wide character had no room). What
 * out cannot hold is left out: 6 * width + 1 characters are always enough.
 */
int tui_text_fit(wchar_t *out, size_t size, const char *text, int width, bool unicode);
/* Copies text to out in at most width columns: where it is longer its middle is left out, and an ellipsis stands there.
 * What could steer the terminal is replaced already. 4 * SNAPSHOT_NAME_BYTES hold any name. */
void tui_text_shorten(char *out, size_t size, const char *text, int width, bool unicode);
/* Copies text, and where it is wider than width columns as many of its clauses as fit, with an ellipsis in place of the
 * others; where they are too few, as many words. */
void tui_text_clauses(char *out, size_t size, const char *text, int width, bool unicode);
/* The bytes of the longest beginning of text that fits into width columns, broken between words where it can be (the
 * blank belongs to it); at least one character, all of a text that fits. */
size_t tui_text_break(const char *text, int width, bool unicode);
/* Copies n bytes of text, as tui_text_break gave them, without the blanks at their end. */
void tui_text_take(char *out, size_t size, const char *text, size_t n);
/* True where name contains part, letters compared without their case; an empty part is in every name. */
bool tui_text_contains(const char *name, const char *part);
/* True where name begins with part, likewise. */
bool tui_text_begins(const char *name, const char *part);

/* Figures in few columns, always with a point. size: at least 16. Each returns text. */
const char *tui_text_size(char *text, size_t size, uint64_t kib); /* "212M", "1.3G", "12.0T" */
/* Whole MiB, rounded as the engine's words round them. */
long long tui_text_round_mib(uint64_t kib);
/* A size in a unit of one's choice, for columns: "1234M" or "1.2G". */
const char *tui_text_in(char *text, size_t size, uint64_t kib, char unit);
const char *tui_text_of(char *text, size_t size, uint64_t kib, uint64_t whole); /* "1.3/4.0G": one unit for both */
const char *tui_text_seconds(char *text, size_t size, double seconds);          /* "7 s", "12 min", "3 h" */

#endif
