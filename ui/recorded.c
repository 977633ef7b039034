#include "ui/recorded.h"

#include <string.h>

double recorded_value(const struct program_setting *s, const void *settings)
{
    const char *field = (const char *)settings + s->offset;

    return s->kind == PROGRAM_FLAG ? *(const bool *)field : *(const double *)(const void *)field;
}

static void take(const struct program_setting *s, const struct record_setting *recorded, void *settings)
{
    char *field = (char *)settings + s->offset;

    if (s->kind == PROGRAM_FLAG)
        *(bool *)field = recorded->value != 0;
    else
        *(double *)(void *)field = recorded->value;
}

void recorded_take(const struct program *program, const struct record_header *header, void *settings, const bool *given)
{
    const struct program_setting *s = program->settings;

    if (header->program != program->id)
        return;
    for (int i = 0; s[i].name; i++)
        for (int j = 0; j < header->n_settings && !(given && given[i]); j++)
            if (strcmp(header->settings[j].name, s[i].name) == 0)
                take(&s[i], &header->settings[j], settings);
}
