/*
 * The memory of a host on this very machine, which its /proc tells more cheaply, and in more detail, than libvirt: with
 * what is available and under which pressure (and under which its CPUs and its I/O are).
 */
#ifndef CORE_HOST_LOCAL_MEMORY_H
#define CORE_HOST_LOCAL_MEMORY_H

#include "core/host/local_file.h"
#include "core/model/snapshot.h"

/* Reads PROC/meminfo (total_kib is without the pools of huge pages) and, where the kernel has them, memory, cpu and io
 * of PROC/pressure into h. 0 or -errno (h->has says what came). */
int local_memory_read(struct local_file *f, const char *proc_dir, struct snapshot_host *h);
/* The same from the texts of meminfo and pressure/memory; either may be NULL. */
void local_memory_parse(const char *meminfo, const char *pressure, struct snapshot_host *h);

#endif
