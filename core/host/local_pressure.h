/*
 * The kernel's own alarm for memory on this machine: it tells when work stalls for want of memory, so that nobody has
 * to look for it all the time. Optional: where the kernel has none, or doesn't permit it, there is no alarm.
 */
#ifndef CORE_HOST_LOCAL_PRESSURE_H
#define CORE_HOST_LOCAL_PRESSURE_H

/*
 * Sets a trigger on PROC/pressure/memory. Returns a file descriptor that poll reports POLLPRI for, at most once in a
 * second or two, while work stalls; to be closed by the caller; or -errno. Source: the kernel's
 * Documentation/accounting/psi.rst.
 */
int local_pressure_open(const char *proc_dir);

#endif
