/*
 * A program's settings by their rows in its table, and those that a recording was made with.
 */
#ifndef UI_RECORDED_H
#define UI_RECORDED_H

#include "core/record/record.h"
#include "ui/program.h"

/* The setting's value in the program's settings struct; a flag's is 0 or 1. */
double recorded_value(const struct program_setting *s, const void *settings);
/* Makes settings, of program->settings_size bytes, those of the recording, but for the rows that given marks (NULL:
 * none). A recording of the other program has none of them. */
void recorded_take(const struct program *program, const struct record_header *header, void *settings,
                   const bool *given);

#endif
