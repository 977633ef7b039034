#include "core/host/local_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The shares of the last 10 s in a file of PROC/pressure; false where it has none. Older kernels tell no full of CPUs.
 */
static bool parse_pressure(const char *text, double *some_pct, double *full_pct)
{
    const char *full = strstr(text, "\nfull ");

    *full_pct = 0;
    if (sscanf(text, "some avg10=%lf", some_pct) != 1)
        return false;
    if (full)
        sscanf(full, "\nfull avg10=%lf", full_pct);
    return true;
}

void local_memory_parse(const char *meminfo, const char *pressure, struct snapshot_host *h)
{
    uint64_t buffers = 0, cached = 0, pool_kib = 0;
    const struct {
        const char *name;
        unsigned has;
        uint64_t *value;
    } rows[] = {
        {"MemTotal", SNAPSHOT_HOST_HAS_TOTAL, &h->total_kib},
        {"Hugetlb", 0, &pool_kib},
        {"MemFree", SNAPSHOT_HOST_HAS_FREE, &h->free_kib},
        {"MemAvailable", SNAPSHOT_HOST_HAS_AVAILABLE, &h->available_kib},
        {"Buffers", SNAPSHOT_HOST_HAS_CACHES, &buffers},
        {"Cached", SNAPSHOT_HOST_HAS_CACHES, &cached},
        {"SwapTotal", SNAPSHOT_HOST_HAS_SWAP, &h->swap_total_kib},
        {"SwapFree", SNAPSHOT_HOST_HAS_SWAP, &h->swap_free_kib},
    };

    for (const char *line = meminfo; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        size_t length = strcspn(line, ":\n");
        uint64_t kib;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            if (strlen(rows[i].name) == length && strncmp(line, rows[i].name, length) == 0 &&
                sscanf(line + length, ": %" SCNu64 " kB", &kib) == 1) {
                *rows[i].value = kib;
                h->has |= rows[i].has;
            }
    }
    if (meminfo && *meminfo)
        h->caches_kib = buffers + cached;
    /* Pools of huge pages are for those alone who ask for such pages: no balloon frees or fills any of it. */
    if (h->total_kib > pool_kib)
        h->total_kib -= pool_kib;
    if (pressure && parse_pressure(pressure, &h->pressure_some_pct, &h->pressure_full_pct))
        h->has |= SNAPSHOT_HOST_HAS_PRESSURE;
}

static void read_pressure(struct local_file *f, const char *proc_dir, struct snapshot_host *h)
{
    double none;
    const struct {
        const char *name;
        unsigned has;
        double *some_pct, *full_pct;
    } rows[] = {
        {"pressure/memory", SNAPSHOT_HOST_HAS_PRESSURE, &h->pressure_some_pct, &h->pressure_full_pct},
        {"pressure/cpu", SNAPSHOT_HOST_HAS_CPU_PRESSURE, &h->cpu_pressure_some_pct, &none},
        {"pressure/io", SNAPSHOT_HOST_HAS_IO_PRESSURE, &h->io_pressure_some_pct, &h->io_pressure_full_pct},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (local_file_read(f, proc_dir, rows[i].name) >= 0 &&
            parse_pressure(f->text, rows[i].some_pct, rows[i].full_pct))
            h->has |= rows[i].has;
}

int local_memory_read(struct local_file *f, const char *proc_dir, struct snapshot_host *h)
{
    int result = local_file_read(f, proc_dir, "meminfo");

    if (result < 0)
        return result;
    local_memory_parse(f->text, NULL, h);
    read_pressure(f, proc_dir, h);
    return 0;
}

/* A line of a node's meminfo: "Node 0 MemFree:   23868516 kB". */
static bool node_figure(const char *text, const char *name, uint64_t *kib)
{
    const char *line = strstr(text, name);

    return line && sscanf(line + strlen(name), " %" SCNu64 " kB", kib) == 1;
}

int local_memory_read_node(struct local_file *f, const char *sys_dir, int node, uint64_t *free_kib)
{
    uint64_t unused, active, inactive;
    char name[64];
    int result;

    snprintf(name, sizeof(name), "devices/system/node/node%d/meminfo", node);
    result = local_file_read(f, sys_dir, name);
    if (result < 0)
        return result;
    if (!node_figure(f->text, " MemFree:", &unused))
        return -ENODATA;
    if (!node_figure(f->text, " Active(file):", &active) || !node_figure(f->text, " Inactive(file):", &inactive))
        active = inactive = 0;
    *free_kib = unused + (active + inactive) / 2;
    return 0;
}
