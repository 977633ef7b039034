/* What the operator chooses of the screen, as words: the same for the file of settings and the command line. */
#ifndef UI_TUI_TUI_CHOICES_H
#define UI_TUI_TUI_CHOICES_H

#include "ui/screen.h"

#include <stdbool.h>
#include <stdio.h>

struct tui;

/* Takes one setting over; value may be changed. False where the setting isn't known, or its value isn't. */
bool tui_choices_take(struct tui *t, const char *key, char *value);
/* What the command line says goes before what was taken earlier. */
void tui_choices_take_options(struct tui *t, const struct screen_options *options);
/* Writes all of them, a line each, as tui_choices_take reads them. */
void tui_choices_write(const struct tui *t, FILE *out);

#endif
