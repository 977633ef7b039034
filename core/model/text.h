/*
 * Text of others (guests' names, messages of the hypervisor): how it is read, and which of its characters must not
 * reach a terminal.
 */
#ifndef CORE_MODEL_TEXT_H
#define CORE_MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands in place of bytes that are no UTF-8. */
enum { TEXT_REPLACEMENT = 0xFFFD };

/* Decodes the character of UTF-8 at text (not at its end); an invalid byte gives TEXT_REPLACEMENT. Returns the bytes it
 * takes, >= 1. */
size_t text_decode(const char *text, uint32_t *scalar);

/*
 * Whether the character has no shape of its own but steers: controls, marks that turn the direction of writing, joiners
 * and other invisible formats (Unicode's general categories Cc, Cf, Zl and Zp), and tags. Such a one is shown as
 * something else.
 */
bool text_steers(uint32_t scalar);

#endif
