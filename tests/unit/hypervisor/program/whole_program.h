/*
 * Either program, whole, over the made-up hypervisor: command line, loop and lines of JSON, on a clock that waiting
 * moves on. It is for a process of its own, as a program is: a test makes one by fork.
 */
#ifndef TESTS_UNIT_WHOLE_PROGRAM_H
#define TESTS_UNIT_WHOLE_PROGRAM_H

#include "core/model/report.h"

struct whole_program {
    enum report_program which;
    int interval_s;
    long decisions; /* after which it ends */
    const char *state_dir;
    int output_fd;        /* of all that it says, unless SHOW is set; -1: nowhere */
    void (*live)(int ms); /* in the loop's thread, each time that so much time has gone by; NULL: none */
};

const char *whole_program_name(enum report_program which);
/* Returns the exit status. */
int whole_program_run(const struct whole_program *p);

#endif
