/*
 * What an operator learns from a recording without playing it at its pace: what other settings would have changed
 * (--what-if), and what it advises (--advise). Reads the file, has core/advise work it out, and prints.
 */
#ifndef UI_ANALYSE_H
#define UI_ANALYSE_H

#include "core/record/record.h"
#include "ui/options.h"
#include "ui/program.h"

/* Whether settings are given beside --replay that differ from those of its recording, which header is of. */
bool analyse_differs(const struct program *program, const struct options *o, const struct record_header *header);
/* Prints what o's settings would have changed in o->replay. The exit status, after a complaint where it isn't 0. */
int analyse_what_if(const struct program *program, const struct options *o);
/* Prints what the recording o->advise advises; likewise. */
int analyse_advise(const struct program *program, const struct options *o);

#endif
