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
/*
 * What a NUMA node has, from SYS/devices/system/node/nodeN/meminfo: what is free, and half of its page cache, as the
 * kernel doesn't tell what of a node's is available. 0 or -errno; -ENODATA where the file doesn't tell.
 */
int local_memory_read_node(struct local_file *f, const char *sys_dir, int node, uint64_t *free_kib);
/* As local_memory_read, from the texts of meminfo and pressure/memory; either may be NULL. */
void local_memory_parse(const char *meminfo, const char *pressure, struct snapshot_host *h);

#endif
