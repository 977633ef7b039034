/*
 * What core/advise/advise.h has concluded, as tables for the operator.
 */
#ifndef UI_HEADLESS_ADVISE_TEXT_H
#define UI_HEADLESS_ADVISE_TEXT_H

#include "core/advise/advise.h"
#include "ui/headless/headless_put.h"

#include <stdio.h>

void advise_text(FILE *out, const struct headless_style *style, const struct advise *a);

#endif
