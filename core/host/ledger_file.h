/*
 * Where the ledger lies: a file that is nobody else's to write, and one process's at a time. Whatever isn't as it
 * should be is refused with the reason in words.
 */
#ifndef CORE_HOST_LEDGER_FILE_H
#define CORE_HOST_LEDGER_FILE_H

#include <stddef.h>

enum { LEDGER_FILE_WORD_BYTES = 256 };

/*
 * Opens the file for reading. Its descriptor; -ENOENT where there is none; another -errno with the reason in why: it
 * can't be read, or is no plain file of our own (a FIFO, a link, a file that others may write).
 */
int ledger_file_read(const char *path, char *why, size_t size);
/*
 * Makes the folder (and those above it) where it's missing, and takes the lock on PATH.lock, which lasts until the
 * descriptor returned is closed or the process ends, however it ends. -EBUSY where another process has it, whose number
 * is in why; another -errno with the reason.
 */
int ledger_file_lock(const char *path, char *why, size_t size);
/* Opens PATH.new for writing, made anew: nobody else's file of that name is written to. Its descriptor or -errno. */
int ledger_file_begin(const char *path);
/* Has PATH.new take the place of PATH. 0 or -errno. */
int ledger_file_finish(const char *path);
/* Gives PATH another name, PATH.bad or with a number behind it, that wasn't there yet. 0 or -errno. */
int ledger_file_set_aside(const char *path, char *aside, size_t size);

#endif
