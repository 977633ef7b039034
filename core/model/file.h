/*
 * What is easily done wrong with file descriptors, once.
 */
#ifndef CORE_MODEL_FILE_H
#define CORE_MODEL_FILE_H

#include <stddef.h>

/* Writes all of it, however many calls that takes. 0; or -errno, with a part of it perhaps written. */
int file_write_all(int fd, const void *bytes, size_t n);

#endif
