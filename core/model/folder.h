/*
 * Folders in which we keep what others must not touch: ours or root's, no symbolic link, and not for others to write.
 */
#ifndef CORE_MODEL_FOLDER_H
#define CORE_MODEL_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

struct stat;

/* Nobody but us and root may change what it describes: anybody who may write to what we read could have us change
 * guests. */
bool folder_is_ours(const struct stat *s);
/* Whether the folder that the file PATH lies in is such a one. 0; -ENOENT: there is none; another -errno with the
 * reason in why. */
int folder_check(const char *path, char *why, size_t size);
/* The same, but the folder, and those above it, are made where they are missing. */
int folder_make(const char *path, char *why, size_t size);
/* Puts "PATH what" into why, and returns result. */
int folder_refuse(int result, char *why, size_t size, const char *path, const char *what);

#endif
