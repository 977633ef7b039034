#include "ui/face.h"

#include <stdio.h>

/* Stands in until there is a screen. */
__attribute__((weak)) int face_tui(struct engine *e, const struct face_options *options)
{
    (void)e;
    fprintf(stderr, "%s: --tui isn't there yet; use headless\n", options->program);
    return 1;
}
