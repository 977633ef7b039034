/*
 * What a host on this very machine tells more cheaply, and in more detail, by its /proc than by libvirt: memory with
 * what is available and under which pressure, and each pCPU's times in one read.
 */
#ifndef CORE_HOST_LOCAL_MEMORY_H
#define CORE_HOST_LOCAL_MEMORY_H

#include "core/model/snapshot.h"

/* A buffer that is read into again and again; all zeros at first. */
struct local_file {
    char *text;
    int cap;
};

void local_file_free(struct local_file *f);
/* Reads the whole file dir/name as text. Returns its length or -errno. */
int local_file_read(struct local_file *f, const char *dir, const char *name);

/* Reads PROC/meminfo and, where the kernel has it, PROC/pressure/memory into h. 0 or -errno (h->has says what came). */
int local_memory_read(struct local_file *f, const char *proc_dir, struct snapshot_host *h);
/* The same from the files' texts; either may be NULL. */
void local_memory_parse(const char *meminfo, const char *pressure, struct snapshot_host *h);

#endif
