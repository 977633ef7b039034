/*
 * The times of this machine's pCPUs, all in one read of /proc/stat: what takes a libvirt call per pCPU on a remote
 * host.
 */
#ifndef CORE_HOST_LOCAL_CPU_H
#define CORE_HOST_LOCAL_CPU_H

#include "core/host/local_file.h"
#include "core/model/snapshot.h"

/*
 * Fills the times of the pCPUs in s; those that the kernel doesn't list, as it does with none that is offline, have
 * none (has_times). ticks_per_s: as of sysconf(_SC_CLK_TCK). Time stolen by an outer hypervisor counts as busy: it
 * can't be had. Returns how many of the pCPUs listed s doesn't have.
 */
int local_cpu_parse(const char *stat, long ticks_per_s, struct snapshot *s);
/* Does so from PROC/stat. The number as above, or -errno. */
int local_cpu_read(struct local_file *f, const char *proc_dir, struct snapshot *s);

#endif
