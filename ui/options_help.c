#include "ui/options_table.h"

#include "core/engine/engine.h"

static void help_row(FILE *out, char letter, const char *name, const char *arg, const char *help)
{
    char option[64];

    snprintf(option, sizeof(option), "%s%s%s", name, arg ? " " : "", arg ? arg : "");
    if (letter)
        fprintf(out, "  -%c, --%-22s %s\n", letter, option, help);
    else
        fprintf(out, "      --%-22s %s\n", option, help);
}

void options_help(const struct program *program, FILE *out)
{
    fprintf(out, "Usage: %s INTERVAL [headless|tui] [OPTION...]\n", program->name);
    fprintf(out, "%s %s.\n", program->name, program->purpose);
    fprintf(out, "INTERVAL: seconds between decisions, %g to %g; fractions are fine.\n", ENGINE_INTERVAL_LEAST_S,
            ENGINE_INTERVAL_MOST_S);
    for (const struct options_row *row = options_rows; row->kind != ROW_END; row++) {
        if (row->kind == ROW_HEADING)
            fprintf(out, "\n%s:\n", row->name);
        else if (row->kind == ROW_SETTINGS)
            for (const struct program_setting *s = program->settings; s->name; s++)
                help_row(out, 0, s->name, s->arg, s->help);
        else
            help_row(out, row->letter, row->name, row->arg, row->help);
    }
    fprintf(out, "\nExit status: 0 done, 1 failed, 2 bad usage. More: man %s\n", program->name);
}
