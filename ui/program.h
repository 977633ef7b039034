/*
 * What the two programs have in common from main() on: command line, connection, engine, face. Each program describes
 * itself in a struct program and does nothing else in its main.
 */
#ifndef UI_PROGRAM_H
#define UI_PROGRAM_H

#include "core/model/policy.h"
#include "core/model/report.h"

#include <stdbool.h>
#include <stddef.h>

enum program_value {
    PROGRAM_PERCENT,
    PROGRAM_NUMBER,
    PROGRAM_MIB,
    PROGRAM_GROUPS, /* a size of groups of pCPUs, in the words of core/model/pcpu_groups.h */
    PROGRAM_FLAG
};

/* One setting of a policy: a row in the option table, in --help, in the man page's order. */
struct program_setting {
    const char *name; /* long option without dashes */
    enum program_value kind;
    const char *arg;  /* its argument's name in --help; NULL for a flag */
    const char *help; /* one line, with the default */
    double low, high; /* what is accepted, ends included */
    size_t offset;    /* of a double in the settings struct (bool for PROGRAM_FLAG) */
};

struct program {
    enum report_program id;
    const char *name;
    const char *purpose; /* one line for --help */
    const char *config;  /* its file of settings, where none is named; NULL: it has none */
    const struct policy_ops *policy;
    size_t settings_size;
    const void *settings_default;
    const struct program_setting *settings; /* ended by a row whose name is NULL */
    const char *const *fixed_settings;      /* those that can't be changed while the program runs, ended by NULL; NULL:
                                               none */
};

/* The whole of main(): returns the exit status: 0 done, 1 failed, 2 bad usage. */
int program_main(const struct program *program, int argc, char **argv);

#endif
